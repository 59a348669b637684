"""The figures, from stored results alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

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

from .protocol import SHOWN_CELLS

__all__ = ["draw"]

_NAMES = {
    "sine": "sine",
    "sine_b0": "sine, cell with b = 0",
    "sine_lif": "sine, LIF cells",
    "sine_theta": "sine, theta cells",
    "sawtooth": "sawtooth",
    "product": "product of sines",
    "van_der_pol_harmonic": "Van der Pol, harmonic",
    "van_der_pol_relaxation": "Van der Pol, relaxation",
    "ode_to_joy": "Ode to Joy",
    "lorenz": "Lorenz, theta cells",
}
_OUTPUT, _TARGET = PALETTE[0], "black"
_DPI = {"lorenz": 200, "targets": 160}  # long traces make large files
_PHASES = {"before": "before learning", "during": "learning begins", "after": "free run"}


def draw(results: Results, out: Path) -> list[Path]:
    """Write all figures for which there are results."""
    arrays = results.arrays
    figures: dict[str, Figure] = {}
    if "sine_output_before" in arrays:
        figures["sine"] = _draw_sine(results)
    if "sine_eigenvalues_before" in arrays:
        figures["spectrum"] = _draw_spectrum(arrays)
    if "sine_lag_tolerant" in results.metrics:
        figures["controls"] = _draw_controls(results)
    names = [name for name in _NAMES if f"{name}_output" in arrays and name != "lorenz"]
    if names:
        figures["targets"] = _draw_targets(results, names)
    if "lorenz_output" in arrays:
        figures["lorenz"] = _draw_lorenz(results)
    return [
        save_figure(figure, figure_path(out, results.name, name), dpi=_DPI.get(name, 300))
        for name, figure in figures.items()
    ]


def _draw_sine(results: Results) -> Figure:
    arrays = results.arrays
    rates = (
        results.metrics["sine_rate_before"],
        None,
        results.metrics["sine_rate_after"],
    )
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.9)
        panels = figure.subplots(2, 3, sharex=True, sharey="row", height_ratios=(1, 1.2))
        for column, ((phase, title), rate) in enumerate(zip(_PHASES.items(), rates, strict=True)):
            top, bottom = panels[:, column]
            output = arrays[f"sine_output_{phase}"]
            time = np.arange(1, output.size + 1) / 1e3
            if phase != "before":
                top.plot(time, arrays[f"sine_target_{phase}"], color=_TARGET, linewidth=2.2,
                         alpha=0.25)  # fmt: skip
            top.plot(time, output, color=_OUTPUT, linewidth=1)
            top.set_title(title if rate is None else f"{title}: {rate:.1f} Hz per cell")
            bottom.scatter(
                arrays[f"sine_spike_time_{phase}"],
                arrays[f"sine_spike_cell_{phase}"],
                s=1.5,
                color="black",
                marker="|",
                linewidths=0.6,
            )
            bottom.set_xlabel("time (s)")
        panels[0, 0].set_ylabel("output")
        panels[0, 0].set_ylim(-1.7, 1.7)
        panels[1, 0].set_ylabel("cell")
        panels[1, 0].set_ylim(-1, SHOWN_CELLS)
        figure.legend(handles=_signal_handles(), loc="outside lower center", ncols=2)
    return figure


def _signal_handles() -> list[Line2D]:
    return [
        Line2D([], [], color=_TARGET, linewidth=2.2, alpha=0.25, label="target"),
        Line2D([], [], color=_OUTPUT, linewidth=1, label="output of the network"),
    ]


def _draw_spectrum(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    # Weights act on rates: eigenvalues have the unit of a charge, shown in pA s.
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 1.9)
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, phase in zip(panels, ("before", "after"), strict=True):
            real, imaginary = arrays[f"sine_eigenvalues_{phase}"] * 1e12
            radius = np.hypot(*arrays["sine_eigenvalues_before"]).max() * 1e12
            outside = np.hypot(real, imaginary) > 1.2 * radius
            axes.scatter(real, imaginary, s=0.8, color=PALETTE[0], linewidths=0)
            axes.scatter(real[outside], imaginary[outside], s=14, color=PALETTE[1], linewidths=0)
            axes.axhline(0, color=GREY, linewidth=0.4, zorder=0)
            axes.axvline(0, color=GREY, linewidth=0.4, zorder=0)
            axes.set_aspect("equal", "box")
            axes.set_title(f"{phase} learning")
            axes.set_xlabel("real part (pA s)")
        panels[0].set_ylabel("imaginary part (pA s)")
    return figure


def _draw_controls(results: Results) -> Figure:
    metrics, baselines = results.metrics, results.baselines
    rows = [
        ("FORCE (not local)", metrics, "sine_lag_tolerant"),
        ("delta rule (local)", baselines, "delta_sine_lag_tolerant"),
        ("FORCE, feedback cut\nafter learning", baselines, "feedback_cut_sine_lag_tolerant"),
        ("FORCE without\nfeedback", baselines, "no_feedback_sine_lag_tolerant"),
        ("no decoder", baselines, "untrained_sine_lag_tolerant"),
    ]
    rows = [row for row in rows if row[2] in row[1]]
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 2.4)
        axes = figure.subplots()
        for row, (_, source, key) in enumerate(rows):
            axes.errorbar(source[key], row, xerr=source.get(f"{key}_std", 0.0), fmt="o",
                          color=PALETTE[0], markersize=4, capsize=2)  # fmt: skip
        if "sine_lag_tolerant" in results.paper:
            axes.plot(results.paper["sine_lag_tolerant"], -0.28, "D", color="black",
                      markerfacecolor="white", markersize=4,
                      label="measured elsewhere")  # fmt: skip
        axes.axvline(0.2, color=GREY, linestyle=":", linewidth=0.8, label="reproduced below this")
        figure.legend(loc="outside upper center", ncols=2)
        axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.6)
        axes.set_xlim(0, None)
        axes.set_xlabel("error of the free run (s.d. of the target),\nbest lag within 100 ms")
    return figure


def _draw_targets(results: Results, names: list[str]) -> Figure:
    arrays = results.arrays
    slow = [name for name in names if name == "ode_to_joy"]
    quick = [name for name in names if name not in slow]
    rows = [quick[k : k + 2] for k in range(0, len(quick), 2)]
    if rows and len(rows[-1]) == 1:
        rows[-1] = rows[-1] * 2  # alone in its row: the whole width
    rows += [[name, name] for name in slow]
    heights = [1.6 if row[0] in slow else 1.0 for row in rows]
    with use_style():
        figure = new_figure(PAGE_WIDTH, 0.5 + 0.9 * sum(heights))
        layout = figure.subplot_mosaic(rows, height_ratios=heights)
        for name, axes in layout.items():
            _plot_target(axes, arrays, str(name))
            error = results.metrics[f"{name}_lag_tolerant"]
            axes.set_title(f"{_NAMES[str(name)]} (error {error:.2f})")
        for name in {*rows[-1], *(rows[-2] if slow and len(rows) > 1 else ())}:
            layout[name].set_xlabel("time since the end of learning (s)")
        figure.legend(handles=_signal_handles(), loc="outside lower center", ncols=2)
    return figure


def _plot_target(axes: Axes, arrays: Mapping[str, NDArray[Any]], name: str) -> None:
    """Draw the end of learning and the beginning of the free run; outputs are stacked."""
    time = arrays[f"{name}_time"] - arrays[f"{name}_trained_until"]
    slow = name == "ode_to_joy"
    inside = (time > (-1 if slow else -0.5)) & (time <= (4 if slow else 1.5))
    output, target = arrays[f"{name}_output"][inside], arrays[f"{name}_target"][inside]
    height = 1.15 * float(np.ptp(target, axis=0).max())
    for number in range(target.shape[1]):
        shift = number * height
        axes.plot(time[inside], target[:, number] + shift, color=_TARGET, linewidth=2, alpha=0.25)
        axes.plot(time[inside], output[:, number] + shift, color=_OUTPUT, linewidth=0.8)
    low = float(target.min())
    axes.set_ylim(low - 0.4 * height, low + (target.shape[1] + 0.3) * height)
    axes.axvspan(float(time[inside][0]), 0, color="#EDEDED", zorder=0)
    axes.set_xlim(float(time[inside][0]), float(time[inside][-1]))
    axes.set_yticks([])


def _draw_lorenz(results: Results) -> Figure:
    arrays = results.arrays
    time = arrays["lorenz_time"] - arrays["lorenz_trained_until"]
    free = time > 0
    output, target = arrays["lorenz_output"][free], arrays["lorenz_target"][free]
    with use_style():
        figure = new_figure(PAGE_WIDTH, 3.3)
        layout = figure.subplot_mosaic(
            [["true", "made", "x"], ["true", "made", "y"], ["true", "made", "z"]],
            width_ratios=(1, 1, 1.5),
        )
        for key, states, title, colour in (
            ("true", target, "Lorenz attractor", GREY),
            ("made", output, f"free run, seed {results.seed}", _OUTPUT),
        ):
            axes = layout[key]
            axes.plot(states[:, 0], states[:, 2], color=colour, linewidth=0.3)
            axes.set_title(title)
            axes.set_xlabel("$x$")
            axes.set_xlim(-0.36, 0.36)
            axes.set_ylim(-0.05, 0.8)
        layout["true"].set_ylabel("$z$")
        layout["made"].tick_params(labelleft=False)
        shown = (time > -2) & (time <= 8)
        for number, name in enumerate("xyz"):
            axes = layout[name]
            axes.axvspan(-2, 0, color="#EDEDED", zorder=0)
            axes.plot(time[shown], arrays["lorenz_target"][shown, number], color=_TARGET,
                      linewidth=2, alpha=0.25)  # fmt: skip
            axes.plot(time[shown], arrays["lorenz_output"][shown, number], color=_OUTPUT,
                      linewidth=0.8)  # fmt: skip
            axes.set_ylabel(f"${name}$")
            axes.set_xlim(-2, 8)
            axes.tick_params(labelbottom=name == "z")
        layout["z"].set_xlabel("time since the end of learning (s)")
        overlaps = ", ".join(f"{value:.2f}" for value in arrays["lorenz_overlap_each"])
        layout["x"].set_title(f"smallest overlap, seed by seed: {overlaps}")
        figure.legend(handles=_signal_handles(), loc="outside lower center", ncols=2)
    return figure
