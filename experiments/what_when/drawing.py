"""Figures of the experiment: reservoir, expectations, learning and switches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from bioplastic.plotting import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    PALETTE,
    new_figure,
    save_figure,
    use_style,
)
from bioplastic.study.framework import figure_path
from bioplastic.study.results import Results

from .drawing_controls import draw_angles, draw_arms, draw_clock, draw_paths

__all__ = ["draw"]

_A, _B = PALETTE[0], PALETTE[1]
_SWITCHES = (
    ("time0", "timing"),
    ("probability0", "probability"),
    ("both0", "both"),
    ("both1", "both, back"),
)


def draw(results: Results, out: Path) -> list[Path]:
    """Draw all figures."""
    paths = []
    for name, make in (
        ("reservoir", draw_reservoir),
        ("traces", draw_traces),
        ("amplitude", draw_amplitude),
        ("learning", draw_learning),
        ("switches", draw_switches),
        ("components", draw_paths),
        ("angles", draw_angles),
        ("arms", draw_arms),
        ("clock", draw_clock),
    ):
        with use_style():
            paths.append(save_figure(make(results), figure_path(out, results.name, name), dpi=200))
    return paths


def draw_reservoir(results: Results) -> Figure:
    """Draw the architecture, and spikes and rates of a trial."""
    arrays = results.arrays
    figure = new_figure(PAGE_WIDTH, 2.9)
    panels = figure.subplot_mosaic(
        [["scheme", "raster"], ["scheme", "rates"]], width_ratios=(1, 1.2), height_ratios=(2, 1)
    )
    _draw_scheme(panels["scheme"])
    raster, rates = panels["raster"], panels["rates"]
    n_exc = int(results.parameters["n_excitatory"])
    time, cell = arrays["spike_time"], arrays["spike_cell"]
    rank = np.empty(arrays["recovery"].size)
    rank[np.argsort(arrays["recovery"])] = np.arange(rank.size)
    edges = np.arange(0, 1001, 20)
    for mask, size, colour, label in (
        (cell < n_exc, n_exc, _A, "excitatory"),
        (cell >= n_exc, rank.size - n_exc, _B, "inhibitory"),
    ):
        raster.plot(time[mask], rank[cell[mask]], ".", markersize=1.2, color=colour,
                    rasterized=True)  # fmt: skip
        counts, _ = np.histogram(time[mask], edges)
        rates.plot(edges[:-1] + 10, counts / size / 0.02, color=colour, label=label)
    raster.set_ylim(0, rank.size)
    raster.set_ylabel("cells, by recovery,\nslowest below")
    raster.tick_params(labelbottom=False)
    rates.set_ylim(0, None)
    rates.set_ylabel("rate (Hz)")
    rates.set_xlabel("time after the cue (ms)")
    for axes in (raster, rates):
        axes.set_xlim(0, 1000)
        axes.axvspan(0, 50, color=GREY, alpha=0.25, linewidth=0, label="cue")
    handles, labels = rates.get_legend_handles_labels()
    raster.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def _draw_scheme(axes: Axes) -> None:
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 7)
    axes.set_aspect("equal")
    axes.set_axis_off()

    def box(x: float, y: float, text: str, colour: str, width: float = 2.9) -> None:
        axes.add_patch(
            FancyBboxPatch((x, y), width, 1.1, boxstyle="round,pad=0.08", fill=False,
                           edgecolor=colour, linewidth=1.1)
        )  # fmt: skip
        axes.text(x + width / 2, y + 0.55, text, ha="center", va="center", color=colour,
                  fontsize=7)  # fmt: skip

    def arrow(start: Any, end: Any, colour: str = "black", bend: float = 0.0) -> None:
        axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=7, color=colour,
                            linewidth=1.0, connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0)
        )  # fmt: skip

    axes.text(0.0, 3.55, "cue", va="center")
    arrow((0.85, 3.55), (1.55, 3.55))
    axes.add_patch(Circle((2.9, 3.55), 1.35, fill=False, linewidth=1.1))
    axes.text(2.9, 3.55, "reservoir\nof spiking\ncells", ha="center", va="center")
    box(4.95, 4.6, "when, each ms", _A)
    box(4.95, 1.4, "what, per trial", PALETTE[2])
    arrow((4.05, 4.25), (4.8, 4.95), _A)
    arrow((4.05, 2.85), (4.8, 2.15), PALETTE[2])
    axes.add_patch(Circle((8.75, 3.55), 0.33, fill=False, linewidth=1.1))
    axes.text(8.75, 3.52, "×", ha="center", va="center", fontsize=9)
    arrow((8.0, 4.85), (8.62, 3.98))
    arrow((8.0, 2.15), (8.62, 3.12))
    arrow((9.1, 3.55), (9.9, 3.55))
    axes.text(10, 1.75, "expected\nevents", ha="right", va="top")
    arrow((6.3, 5.85), (3.0, 4.98), _A, 0.35)
    axes.text(4.3, 6.75, "feedback", ha="center", va="center", color=_A)
    axes.text(6.4, 4.1, "error × gate × activity", ha="center", color=_A, fontsize=6.5)
    axes.text(6.4, 0.85, "error × mean activity", ha="center", color=PALETTE[2], fontsize=6.5)


def draw_traces(results: Results) -> Figure:
    """Draw what the network expects after training with several probabilities."""
    arrays = results.arrays
    levels, output = arrays["levels"], arrays["levels_output"]
    spread = arrays["levels_output_spread"]
    wanted = [p for p in (0.1, 0.3, 0.5, 0.7, 0.9) if np.any(np.isclose(levels, p))]
    chosen = [int(np.argmin(abs(levels - p))) for p in wanted or levels]
    time = 5 * np.arange(output.shape[1])
    figure = new_figure(COLUMN_WIDTH, 2.9)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    for channel, (axes, name) in enumerate(zip(panels, "AB", strict=True)):
        for k in chosen:
            shade = 0.25 + 0.75 * levels[k]
            colour = _blend((_A, _B)[channel], shade if channel == 0 else 1.25 - shade)
            mean, width = output[k, :, channel], spread[k, :, channel]
            axes.fill_between(time, mean - width, mean + width, color=colour, alpha=0.2,
                              linewidth=0)  # fmt: skip
            axes.plot(time, mean, color=colour, label=f"{levels[k]:.1f}")
        latency = (300, 600)[channel]
        axes.axvline(latency, color=GREY, linewidth=0.7, linestyle=":")
        axes.set_ylabel(f"expectation of {name}")
        axes.legend(
            title="p(A)",
            loc="upper right" if channel == 0 else "upper left",
            ncols=1 if len(axes.get_legend_handles_labels()[0]) < 6 else 2,
        )
    panels[1].set_xlabel("time after the cue (ms)")
    panels[0].set_xlim(0, 1000)
    highest = max(np.max(line.get_ydata()) for axes in panels for line in axes.lines)
    panels[0].set_ylim(-0.15, max(1.05, 1.05 * highest))
    return figure


def _blend(colour: str, share: float) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    share = float(np.clip(share, 0.2, 1.0))
    return tuple(1 - share * (1 - value) for value in to_rgb(colour))


def draw_amplitude(results: Results) -> Figure:
    """Draw amplitude and predicted probability against the probability of A."""
    arrays, metrics = results.arrays, results.metrics
    levels = arrays["levels"]
    figure = new_figure(PAGE_WIDTH, 2.5)
    left, right = figure.subplots(1, 2)
    rng = np.random.default_rng(0)
    for axes, name, label in (
        (left, "amplitude", "mean output around the event"),
        (right, "what", "predicted probability"),
    ):
        values = arrays[f"levels_{name}"]
        for channel, (colour, event) in enumerate(((_A, "A"), (_B, "B"))):
            jitter = rng.uniform(-0.012, 0.012, values.shape[:2])
            axes.plot((levels + jitter).ravel(), values[:, :, channel].ravel(), ".",
                      color=colour, alpha=0.45, markersize=3.5)  # fmt: skip
            axes.plot(levels, values[:, :, channel].mean(axis=0), color=colour, label=event)
        axes.set_xlabel("probability of A")
        axes.set_ylabel(label)
        axes.set_xticks(np.linspace(0, 1, 6))
    top = float(max(0.9, 1.25 * arrays["levels_amplitude"].max()))
    left.set_ylim(min(-0.05, float(arrays["levels_amplitude"].min()) - 0.02), top)
    for row, (colour, event) in enumerate(((_A, "a"), (_B, "b"))):
        key = f"correlation_amplitude_probability_{event}"
        text = f"{event.upper()}: r = {metrics[key]:.3f}"
        if key in results.paper:
            text += f"  (published {results.paper[key]:.3f})"
        left.text(0.5, 0.98 - 0.085 * row, text, color=colour, transform=left.transAxes,
                  ha="center", va="top", fontsize=7)  # fmt: skip
    right.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":")
    right.plot([0, 1], [1, 0], color=GREY, linewidth=0.7, linestyle=":", label="true")
    counter = arrays["levels_counter"].mean(axis=0)
    right.plot(levels, counter[:, 0], "x", color="black", markersize=3.5, label="leaky counter")
    right.plot(levels, counter[:, 1], "x", color="black", markersize=3.5)
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_learning(results: Results) -> Figure:
    """Draw the learning curve beside the published one and the baselines."""
    arrays, baselines = results.arrays, results.baselines
    trials, errors = arrays["learning_trials"], arrays["learning_error"]
    figure = new_figure(COLUMN_WIDTH, 2.7)
    axes = figure.add_subplot()
    mean = errors.mean(axis=0)
    axes.plot(trials, errors.T, color=_A, linewidth=0.6, alpha=0.4)
    axes.plot(trials, mean, "o-", color=_A, label="local rules, seeds and mean")
    window = arrays["arm_window"][:, 0].mean(axis=0)
    axes.plot(arrays["arm_tests"], window, "s-", color=_B, linewidth=0.9, markersize=3,
              label="literal window gate")  # fmt: skip
    published = [(t, results.paper[f"error_trial_{t}"]) for t in (1, 10, 50, 100)
                 if f"error_trial_{t}" in results.paper]  # fmt: skip
    if published:
        axes.plot(*zip(*published, strict=True), "D", color="black", markerfacecolor="white",
                  markersize=4.5, label="published (from notes)")  # fmt: skip
    for name, text, style in (
        ("error_untrained", "untrained, silent", "-"),
        ("error_shuffled_time", "times shuffled", "--"),
        ("error_best_constant", "best without time", ":"),
    ):
        axes.axhline(baselines[name], color=GREY, linewidth=0.9, linestyle=style, label=text)
    axes.set_xlabel("trials")
    axes.set_ylabel("error of the expectation")
    axes.set_xlim(-2, trials[-1] * 1.04)
    axes.set_ylim(0, None)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_switches(results: Results) -> Figure:
    """Draw errors after each switch, and what is expected before and at the end."""
    arrays = results.arrays
    tests = arrays["tests"]
    before = {"both1": arrays["both0_error"][:, -1]}
    figure = new_figure(PAGE_WIDTH, 3.5)
    panels = figure.subplots(2, 4, sharey="row")
    outputs = {"both1": "both0_output"}
    for column, (key, title) in enumerate(_SWITCHES):
        old = before.get(key, arrays["learning_error"][:, -1])
        upper, lower = panels[:, column]
        curves = np.concatenate([arrays[f"{key}_start"][:, None], arrays[f"{key}_error"]], axis=1)
        trials = np.concatenate([[0], tests])
        upper.plot(trials, curves.T, color=_A, linewidth=0.6, alpha=0.4)
        upper.plot(trials, curves.mean(axis=0), "o-", color=_A, markersize=3)
        upper.axhline(old.mean(), color=GREY, linewidth=0.9)
        upper.axhline(1.5 * old.mean(), color=GREY, linewidth=0.9, linestyle="--")
        upper.set_title(title)
        upper.set_xlabel("trials after the switch")
        upper.set_ylim(0, None)
        time = 5 * np.arange(200)
        for channel, colour in enumerate((_A, _B)):
            lower.plot(time, arrays[outputs.get(key, "first_output")][:, channel], color=colour,
                       linestyle=":", linewidth=1.0)  # fmt: skip
            lower.plot(time, arrays[f"{key}_output"][:, channel], color=colour)
        lower.set_xlim(0, 1000)
        lower.set_xlabel("time after the cue (ms)")
    panels[0, 0].set_ylabel("error")
    panels[1, 0].set_ylabel("expectation")
    handles = [
        Line2D([], [], color=GREY, label="before the switch"),
        Line2D([], [], color=GREY, linestyle="--", label="150 % of it"),
        Line2D([], [], color=_A, label="A"),
        Line2D([], [], color=_B, label="B"),
        Line2D([], [], color="black", linestyle=":", label="at the switch"),
        Line2D([], [], color="black", label="100 trials later"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure
