"""Figures of accuracies: matrices, scores, forgetting, feedback and laterals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bioplastic.analysis.continual import score_continual
from bioplastic.plotting import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    PALETTE,
    new_figure,
    plot_bars,
    save_figure,
    use_style,
)
from bioplastic.study.framework import figure_path
from bioplastic.study.results import Results

from .subspace_drawing import draw_subspaces, draw_toy

__all__ = ["draw"]

LABELS = {
    "hlop": "HLOP",
    "hlop_both": "HLOP, spikes too",
    "sequential": "sequential",
    "replay": "replay",
    "ewc": "elastic weights",
    "hlop_replay": "HLOP + replay",
    "hlop_bptt": "HLOP, BPTT",
    "sequential_bptt": "sequential, BPTT",
    "joint": "joint",
}
_FEEDBACK = {"": "transpose (BP)", "_fa": "random (FA)", "_ss": "sign (SS)", "_direct": "direct"}
_MARKERS = ("o", "s", "^", "D")


def draw(results: Results, out: Path) -> list[Path]:
    """Write all figures for which there are results."""
    arms = [str(arm) for arm in results.arrays["arms"]]
    figures = {
        "accuracy_matrix": _draw_matrices(results, arms),
        "scores": _draw_scores(results, arms),
        "forgetting": _draw_forgetting(results, arms),
        "feedback": _draw_feedback(results, arms),
        "laterals": _draw_laterals(results, arms),
        "subspaces": draw_subspaces(results, arms),
        "toy": draw_toy(results),
    }
    return [
        save_figure(figure, figure_path(out, results.name, key))
        for key, figure in figures.items()
        if figure is not None
    ]


def collect_scores(results: Results, arm: str) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return mean accuracy and backward transfer of every seed of an arm, in percent."""
    matrices = results.arrays[f"accuracies_{arm}"]
    if matrices.shape[1] == 1:
        return 100 * matrices.mean(axis=(1, 2)), None
    scores = [score_continual(matrix) for matrix in matrices]
    return 100 * np.array([s.acc for s in scores]), 100 * np.array([s.bwt for s in scores])


def reference_label(results: Results) -> str:
    """Return what the diamonds in the figures are."""
    if results.data == "digits":
        return "prototype (BPTT, one seed)"
    return "published (DSR, secondary source)"


def _draw_matrices(results: Results, arms: list[str]) -> Figure | None:
    shown = [arm for arm in ("hlop", "sequential") if arm in arms]
    if not shown:
        return None
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 1.95)
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        matrices = [100 * results.arrays[f"accuracies_{arm}"].mean(axis=0) for arm in shown]
        n = len(matrices[0])
        low = 5 * np.floor(min(np.nanmin(matrix) for matrix in matrices) / 5)
        size = 6.0 if n <= 5 else 3.8
        for axes, matrix, arm in zip(panels, matrices, shown, strict=True):
            image = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=100)
            for row, column in zip(*np.tril_indices(n), strict=True):
                dark = matrix[row, column] < (low + 100) / 2
                axes.text(
                    column, row, f"{matrix[row, column]:.0f}", ha="center", va="center",
                    fontsize=size, color="white" if dark else "black",
                )  # fmt: skip
            ticks = range(0, n, 1 if n <= 5 else 3)
            axes.set_xticks(ticks, [str(tick + 1) for tick in ticks])
            axes.set_yticks(ticks, [str(tick + 1) for tick in ticks])
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_xlabel("task tested")
            axes.set_title(LABELS[arm])
        panels[0].set_ylabel("tasks learned")
        bar = figure.colorbar(image, ax=list(panels), shrink=0.8, pad=0.02)
        bar.set_label("test accuracy (%)")
        bar.outline.set_visible(False)
    return figure


def _draw_scores(results: Results, arms: list[str]) -> Figure | None:
    shown = [arm for arm in LABELS if arm in arms]
    scores = {arm: collect_scores(results, arm) for arm in shown}
    paper = {
        name: {
            LABELS[arm]: results.paper[f"{name}_{arm}"]
            for arm in shown
            if f"{name}_{arm}" in results.paper
        }
        for name in ("acc", "bwt")
    }
    with use_style():
        figure = new_figure(PAGE_WIDTH, 1.0 + 0.24 * len(shown))
        left, right = figure.subplots(1, 2)
        chance = {"linear, one task": results.baselines["linear"]}
        plot_bars(
            {LABELS[arm]: acc / 100 for arm, (acc, _) in scores.items()},
            paper=paper["acc"],
            paper_label=reference_label(results),
            baselines=chance,
            xlabel="mean accuracy at the end, ACC (%)",
            ax=left,
        )
        plot_bars(
            {LABELS[arm]: bwt / 100 for arm, (_, bwt) in scores.items() if bwt is not None},
            paper=paper["bwt"],
            paper_label=reference_label(results),
            xlabel="backward transfer, BWT (percentage points)",
            ax=right,
        )
        right.axvline(0, color="black", linewidth=0.6)
        right.xaxis.set_major_locator(MaxNLocator(5))
    return figure


def _draw_forgetting(results: Results, arms: list[str]) -> Figure | None:
    shown = [arm for arm in ("sequential", "replay", "ewc", "hlop") if arm in arms]
    if not shown:
        return None
    n = results.arrays[f"accuracies_{shown[0]}"].shape[1]
    steps = np.arange(1, n + 1)
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.1)
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, arm in zip(panels, shown, strict=True):
            matrices = 100 * results.arrays[f"accuracies_{arm}"]
            for task in range(n):
                values = matrices[:, task:, task]
                mean = values.mean(axis=0)
                shade = PALETTE[task] if n <= 5 else _graded(task, n)
                axes.plot(
                    steps[task:], mean, marker=_MARKERS[task % 4], color=shade,
                    markersize=2.5, label=f"task {task + 1}",
                )  # fmt: skip
                if len(values) > 1 and n <= 5:
                    spread = values.std(axis=0, ddof=1)
                    axes.fill_between(
                        steps[task:], mean - spread, mean + spread, color=shade, alpha=0.15,
                        linewidth=0,
                    )  # fmt: skip
            axes.set_title(LABELS[arm])
            axes.set_xlabel("tasks learned")
            axes.set_xticks(steps if n <= 5 else steps[::3])
            axes.set_xlim(0.7, n + 0.3)
        panels[0].set_ylabel("test accuracy (%)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5 if n <= 5 else 10,
                      columnspacing=1.0, handletextpad=0.4)  # fmt: skip
    return figure


def _graded(task: int, n: int) -> tuple[float, float, float]:
    red, green, blue, _ = mpl.colormaps["cividis"](0.9 * task / max(1, n - 1))
    return red, green, blue


def _draw_feedback(results: Results, arms: list[str]) -> Figure | None:
    kinds = [kind for kind in _FEEDBACK if f"hlop{kind}" in arms and f"sequential{kind}" in arms]
    if len(kinds) < 2:
        return None
    labels = ("mean accuracy at the end,\nACC (%)", "backward transfer,\nBWT (percentage points)")
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.3)
        panels = figure.subplots(1, 2)
        for number, (axes, label) in enumerate(zip(panels, labels, strict=True)):
            for shift, arm in ((-0.18, "sequential"), (0.18, "hlop")):
                colour = PALETTE[0] if arm == "hlop" else PALETTE[1]
                for place, kind in enumerate(kinds):
                    values = collect_scores(results, f"{arm}{kind}")[number]
                    assert values is not None
                    first = place == 0
                    axes.bar(
                        place + shift, values.mean(), width=0.34, color=colour, alpha=0.45,
                        label=LABELS[arm] if first else None,
                    )  # fmt: skip
                    if len(values) > 1:
                        axes.errorbar(
                            place + shift, values.mean(), values.std(ddof=1), color="black",
                            capsize=2, elinewidth=0.8,
                        )  # fmt: skip
                        offsets = np.linspace(-0.1, 0.1, len(values))
                        axes.plot(place + shift + offsets, values, "o", color=colour, markersize=2)
                    known = results.paper.get(f"{('acc', 'bwt')[number]}_{arm}{kind}")
                    if known is not None:
                        axes.plot(
                            place + shift, 100 * known, "D", markerfacecolor="white",
                            markeredgecolor="black", markersize=4.5,
                            label=reference_label(results) if first and arm == "hlop" else None,
                        )  # fmt: skip
            axes.set_xticks(range(len(kinds)), [_FEEDBACK[kind] for kind in kinds])
            axes.tick_params(axis="x", length=0)
            axes.set_ylabel(label)
            axes.axhline(0, color="black", linewidth=0.6)
            if number:
                axes.xaxis.tick_top()
                axes.spines["bottom"].set_visible(False)
        panels[0].set_ylim(0, 100)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def _draw_laterals(results: Results, arms: list[str]) -> Figure | None:
    spiking = sorted(
        (int(arm.rpartition("_")[2]), arm) for arm in arms if arm.startswith("hlop_spiking_")
    )
    if len(spiking) < 2 or "hlop" not in arms or "sequential" not in arms:
        return None
    steps = [number for number, _ in spiking]
    names = ("acc", "bwt")
    labels = ("mean accuracy at the end,\nACC (%)", "backward transfer,\nBWT (percentage points)")
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.3)
        panels = figure.subplots(1, 2)
        for number, (axes, label) in enumerate(zip(panels, labels, strict=True)):
            for arm, colour, dash, text in (
                ("hlop", PALETTE[0], "--", "HLOP, linear laterals"),
                ("sequential", GREY, ":", "no projection"),
            ):
                values = collect_scores(results, arm)[number]
                assert values is not None
                axes.axhline(values.mean(), color=colour, linestyle=dash, label=text)
                if len(values) > 1:
                    half = values.std(ddof=1)
                    axes.axhspan(
                        values.mean() - half, values.mean() + half, color=colour, alpha=0.12,
                        linewidth=0,
                    )  # fmt: skip
            found = [collect_scores(results, arm)[number] for _, arm in spiking]
            means = [values.mean() for values in found if values is not None]
            spread = [
                values.std(ddof=1) if len(values) > 1 else 0.0
                for values in found
                if values is not None
            ]
            axes.errorbar(
                steps, means, spread, fmt="o-", color=PALETTE[1], capsize=2, markersize=3.5,
                label="HLOP, spiking laterals",
            )  # fmt: skip
            known = [
                (step, 100 * results.paper[f"{names[number]}_{arm}"])
                for step, arm in spiking
                if f"{names[number]}_{arm}" in results.paper
            ]
            if known:
                axes.plot(
                    *zip(*known, strict=True), "D", markerfacecolor="white",
                    markeredgecolor="black", markersize=4.5, label=reference_label(results),
                )  # fmt: skip
            axes.set_xscale("log")
            axes.set_xticks(steps, [str(step) for step in steps])
            axes.minorticks_off()
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.set_xlabel("time steps of a lateral burst")
            axes.set_ylabel(label)
        handles, texts = panels[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=4, columnspacing=1.0)
    return figure
