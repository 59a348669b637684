"""Figures of the experiment: weight space, angles, optimisers and the origin of the clock."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bioplastic.plotting import GREY, PAGE_WIDTH, PALETTE, new_figure
from bioplastic.study.results import Results

from .protocol import COUPLINGS, GRID

__all__ = ["draw_angles", "draw_arms", "draw_clock", "draw_paths"]

_MARKS = {200: "o", 300: "s", 400: "^"}
_PATHS = (
    ("time0", "timing", PALETTE[3]),
    ("probability0", "probability", PALETTE[4]),
    ("both0", "both", PALETTE[2]),
    ("both1", "both, back", "black"),
)


def draw_paths(results: Results) -> Figure:
    """Draw the conditions in the plane of two components, and the way weights take."""
    arrays, metrics = results.arrays, results.metrics
    figure = new_figure(PAGE_WIDTH, 2.9)
    panels = figure.subplots(1, 3)
    for axes, prefix, title in (
        (panels[0], "", "blocks normalised, first seed"),
        (panels[1], "raw_", "raw weights, first seed"),
    ):
        _draw_conditions(axes, arrays[f"grid_{prefix}scores"][0])
        axes.set_title(title + _correlations(metrics, prefix), fontsize=7)
        for k, text in ((1, "x"), (2, "y")):
            share = 100 * metrics[f"{prefix}pc{k}_share"]
            getattr(axes, f"set_{text}label")(f"component {k} ({share:.0f} %)")
    for key, _, colour in _PATHS:
        path, end = arrays[f"grid_path_{key}"][0], arrays[f"grid_end_{key}"][0]
        panels[0].plot(*path.T, "-", color=colour, linewidth=1.0)
        panels[0].plot(*end, "*", color=colour, markersize=7, markerfacecolor="white")
        distance = arrays[f"grid_distance_{key}"]
        panels[2].plot(arrays["tests"], distance.T, color=colour, linewidth=0.5, alpha=0.35)
        panels[2].plot(arrays["tests"], distance.mean(axis=0), color=colour)
    panels[2].axhline(1, color=GREY, linewidth=0.8, linestyle=":")
    panels[2].set_ylim(0, None)
    panels[2].set_xlabel("trials after the switch")
    panels[2].set_ylabel("distance, relative to\nthe first trial")
    panels[2].set_title("way to the matching condition")
    handles = [
        *(Line2D([], [], linestyle="none", marker="o", color=_colour(p), label=f"p(A) = {p}")
          for p in (0.2, 0.5, 0.8)),
        *(Line2D([], [], linestyle="none", marker=mark, color=GREY, label=f"A at {t} ms")
          for t, mark in _MARKS.items()),
        *(Line2D([], [], color=colour, label=name) for _, name, colour in _PATHS),
        Line2D([], [], linestyle="none", marker="*", color="black", markerfacecolor="white",
               markersize=7, label="matching"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure


def _correlations(metrics: Any, prefix: str) -> str:
    """Return which of the two variables each component follows more, with the mean |r|."""
    parts = []
    for k in (1, 2):
        found = {name: metrics[f"{prefix}pc{k}_{name}"] for name in ("probability", "latency")}
        name = max(found, key=lambda key: found[key])
        parts.append(f"{k} with {name} {found[name]:.2f}")
    return "\n|r|: " + ", ".join(parts)


def _colour(p: float) -> str:
    return {0.2: PALETTE[5], 0.5: PALETTE[0], 0.8: "#00304f"}[p]


def _draw_conditions(axes: Axes, scores: NDArray[Any]) -> None:
    for (p, latency), score in zip(GRID, scores, strict=True):
        axes.plot(*score[:2], linestyle="none", marker=_MARKS[latency], color=_colour(p),
                  markersize=5)  # fmt: skip


def draw_angles(results: Results) -> Figure:
    """Draw principal angles of the read-outs between what chance gives."""
    arrays = results.arrays
    names = (
        ("p80", "what and when,\np(A) = 0.8"),
        ("p50", "what and when,\np(A) = 0.5"),
        ("change", "changes by probability\nand by latency"),
    )
    figure = new_figure(PAGE_WIDTH, 2.5)
    panels = figure.subplots(1, 3, sharey=True, width_ratios=(2, 2, 3))
    for axes, (name, title) in zip(panels, names, strict=True):
        angles = arrays[f"grid_angle_{name}"]
        for k in range(angles.shape[1]):
            for offset, kind, colour in ((-0.22, "null", GREY), (0.22, "permuted", PALETTE[5])):
                chance = arrays[f"grid_angle_{name}_{kind}"][:, :, k].ravel()
                low, middle, high = np.percentile(chance, [2.5, 50, 97.5])
                axes.plot([k + 1 + offset] * 2, [low, high], color=colour, linewidth=3, alpha=0.7)
                axes.plot(k + 1 + offset, middle, "_", color="black", markersize=6)
            axes.plot(np.full(len(angles), k + 1), angles[:, k], "o", color=PALETTE[1],
                      markersize=4)  # fmt: skip
        axes.set_title(title)
        axes.set_xlabel("principal angle")
        axes.set_xticks(range(1, angles.shape[1] + 1))
        axes.set_xlim(0.4, angles.shape[1] + 0.6)
    panels[0].set_ylabel("angle (degrees)")
    handles = [
        Line2D([], [], linestyle="none", marker="o", color=PALETTE[1], label="measured, by seed"),
        Line2D([], [], color=GREY, linewidth=3, label="random subspaces (95 %)"),
        Line2D([], [], color=PALETTE[5], linewidth=3, label="cells permuted (95 %)"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def draw_arms(results: Results) -> Figure:
    """Draw errors through three blocks for optimisers, read-outs, gates and loops."""
    figure = new_figure(PAGE_WIDTH, 2.8)
    panels = figure.subplots(1, 3, sharey=True)
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
        (
            "optimiser",
            (
                ("local", "local"),
                ("rls", "RLS"),
                ("rls_forgetting", "RLS, forgetting (when)"),
                ("rls_both", "RLS, forgetting (both)"),
                ("rls_reset", "RLS, reset at switches"),
            ),
        ),
        (
            "read-outs",
            (
                ("local", "split, local"),
                ("rls", "split, RLS"),
                ("merged", "merged, local"),
                ("merged_rls", "merged, RLS"),
            ),
        ),
        (
            "gate and loop",
            (
                ("local", "union gate"),
                ("full", "full gate"),
                ("window", "window gate"),
                ("no_feedback", "union, no feedback"),
                ("once", "union, local what"),
            ),
        ),
    )
    for axes, (title, arms) in zip(panels, groups, strict=True):
        _draw_blocks(axes, results.arrays, arms)
        axes.set_title(title)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=6.5)
    panels[0].set_ylim(
        0,
        1.08
        * max(
            line.get_ydata().max()
            for axes in panels
            for line in axes.get_lines()
            if line.get_gid() == "arm"
        ),
    )
    panels[0].set_ylabel("error of the expectation")
    return figure


def _draw_blocks(axes: Axes, arrays: Any, arms: Any) -> None:
    tests = arrays["arm_tests"]
    block = int(tests[-1])
    for k, (arm, label) in enumerate(arms):
        errors = arrays[f"arm_{arm}"]
        mean, spread = errors.mean(axis=0), errors.std(axis=0)
        for b in range(3):
            x = b * block + tests
            axes.fill_between(x, mean[b] - spread[b], mean[b] + spread[b], color=PALETTE[k],
                              alpha=0.15, linewidth=0)  # fmt: skip
            axes.plot(x, mean[b], color=PALETTE[k], linewidth=1.1, gid="arm",
                      linestyle="--" if arm == "once" else "-",
                      label=label if b == 0 else None)  # fmt: skip
    for b, text in ((1, "timing"), (2, "probability")):
        axes.axvline(b * block, color=GREY, linewidth=0.8, linestyle=":")
        axes.text(b * block, 1.0, text, transform=axes.get_xaxis_transform(), fontsize=6.5,
                  color=GREY, ha="center", va="top", bbox={"facecolor": "white", "linewidth": 0,
                                                           "pad": 1})  # fmt: skip
    axes.set_xlim(0, 3 * block)
    axes.set_xlabel("trials")


def draw_clock(results: Results) -> Figure:
    """Draw how recurrence and recovery of single cells carry the time."""
    arrays = results.arrays
    names = [str(name) for name in arrays["clock_couplings"]]
    ticks = [f"{COUPLINGS[name][0]:g}/{COUPLINGS[name][1]:g}" for name in names]
    figure = new_figure(PAGE_WIDTH, 2.5)
    panels = figure.subplots(1, 3)
    for k, (recovery, label) in enumerate(
        (("slow", "slow recovery in cells"), ("stock", "stock recovery"))
    ):
        colour = PALETTE[k]
        for axes, values in (
            (panels[0], arrays[f"clock_{recovery}_decoding"].mean(axis=2)),
            (panels[1], arrays[f"clock_{recovery}_error"]),
            (panels[2], arrays[f"clock_{recovery}_rate"]),
        ):
            x = np.arange(len(names))
            axes.plot(x, values, ".", color=colour, alpha=0.5, markersize=4)
            axes.plot(x, values.mean(axis=1), "o-", color=colour, label=label, markersize=3.5)
            axes.set_xticks(x, ticks)
            axes.set_xlabel("coupling, excitatory/inhibitory")
    panels[0].set_ylabel("time decoded, R²")
    alone = arrays["clock_slow_decoding"][names.index("none")].mean()
    recurrent = arrays["clock_stock_decoding"].mean(axis=(1, 2))[1:].max()
    figure.suptitle(
        f"R² of the clock: slow cells without recurrence {alone:.2f}, recurrence of stock cells at "
        f"most {recurrent:.2f}"
    )
    panels[0].axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    panels[0].set_ylim(min(-0.1, panels[0].get_ylim()[0]), 1.0)
    panels[1].set_ylabel("error after learning")
    untrained = results.baselines["error_untrained"]
    panels[1].axhline(untrained, color=GREY, linewidth=0.9)
    panels[1].text(0.02, untrained, "untrained", color=GREY, fontsize=6.5, va="bottom",
                   transform=panels[1].get_yaxis_transform())  # fmt: skip
    panels[1].set_ylim(0, 1.2 * untrained)
    panels[2].set_ylabel("rate (Hz)")
    panels[2].set_ylim(0, None)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure
