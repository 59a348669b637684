"""The figures, from stored results alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bioplastic.analysis.avalanches import Avalanches, mean_size_by_duration
from bioplastic.analysis.spike_distance import filter_spikes
from bioplastic.plotting import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    PALETTE,
    new_figure,
    save_figure,
    use_style,
)
from bioplastic.plotting.avalanche_scaling import plot_avalanche_scaling
from bioplastic.plotting.avalanches import plot_avalanches
from bioplastic.plotting.trial_lines import plot_trial_lines
from bioplastic.study.framework import figure_path
from bioplastic.study.results import Results

from .protocol import NETWORKS, SHOWN, VARIANTS

__all__ = ["draw"]

_TITLES = {
    "uniform": "uniform",
    "gaussian": "gaussian",
    "sparse": "sparse",
    "half_max": "naive half max",
    "local_only": "local only",
    "homeostasis_only": "homeostasis only",
}
_LETTERS = {"naive": "N", "optimised": "O", "control": "C"}
_FOUR = ("reference", *NETWORKS)
_COLOURS = dict(zip(_FOUR, ("#000000", *PALETTE[:3]), strict=True))
_SHOWN_NEURONS, _SHOWN_STEPS = 100, 171
_DT = 0.003
_BLOCK = 8  # weights to a side: single ones are noise to the eye


def draw(results: Results, out: Path) -> list[Path]:
    """Write all figures for which there are results."""
    arrays = results.arrays
    figures = {
        "distances": _draw_distances(results),
        "statistics": _draw_statistics(arrays),
        "learning_curve": _draw_learning(arrays),
        "weights": _draw_weights(arrays),
        "chaos": _draw_chaos(arrays),
        **{f"raster_{name}": _draw_raster(arrays, name) for name in SHOWN},
        "activity": _draw_activity(arrays, results.parameters),
    }
    if "avalanches_sizes_reference" in arrays:
        figures["avalanches"] = _draw_avalanches(results)
        figures["pif_raster"] = _draw_pif(arrays)
    return [
        save_figure(figure, figure_path(out, results.name, name))
        for name, figure in figures.items()
    ]


def _draw_distances(results: Results) -> Figure:
    with use_style():
        figure = new_figure(PAGE_WIDTH, 3.1)
        panels = figure.subplots(2, len(VARIANTS))
        for row, (measure, name) in enumerate(
            [("train_distance", "$D_P$ (trains)"), ("activity_distance", "$D_A$ (activity)")]
        ):
            for column, variant in enumerate(VARIANTS):
                reference = {
                    _LETTERS[network]: results.paper[f"{variant}_{measure}_{network}"]
                    for network in NETWORKS
                    if f"{variant}_{measure}_{network}" in results.paper
                }
                axes = plot_trial_lines(
                    {
                        _LETTERS[network]: results.arrays[f"{variant}_{measure}_{network}"]
                        for network in NETWORKS
                    },
                    reference=reference,
                    ylabel=name if column == 0 else "",
                    title=_TITLES[variant] if row == 0 else "",
                    ax=panels[row, column],
                )
                axes.tick_params(axis="y", pad=1)
                axes.title.set_fontsize(7)
        handles = [
            _marker("o", colour, name) for name, colour in zip(NETWORKS, PALETTE, strict=False)
        ]
        handles += [
            Line2D([], [], color=GREY, linewidth=0.6, label="one trial"),
            _marker("D", "black", "authors' program", hollow=True),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _marker(marker: str, colour: str, label: str, *, hollow: bool = False) -> Line2D:
    face = "white" if hollow else colour
    return Line2D(
        [], [], marker=marker, color=colour, markerfacecolor=face, linestyle="none", label=label
    )


def _draw_statistics(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    rows = (
        ("interval_distance", "interval\ndistance", NETWORKS),
        ("count", "spikes per neuron,\nmean", _FOUR),
        ("count_spread", "spikes per neuron,\ns.d.", _FOUR),
    )
    letters = {"reference": "R", **_LETTERS}
    with use_style():
        figure = new_figure(PAGE_WIDTH, 4.0)
        panels = figure.subplots(len(rows), len(VARIANTS))
        for row, (measure, label, networks) in enumerate(rows):
            for column, variant in enumerate(VARIANTS):
                axes = plot_trial_lines(
                    {letters[name]: arrays[f"{variant}_{measure}_{name}"] for name in networks},
                    ylabel=label if column == 0 else "",
                    title=_TITLES[variant] if row == 0 else "",
                    ax=panels[row, column],
                )
                for line, name in zip(axes.get_lines()[-len(networks) :], networks, strict=True):
                    line.set_color(_COLOURS[name])
                axes.tick_params(axis="y", pad=1)
                axes.title.set_fontsize(7)
        handles = [_marker("o", _COLOURS[name], f"{letters[name]} {name}") for name in _FOUR]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw_learning(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 2.6)
        axes = figure.add_subplot()
        for number, variant in enumerate(VARIANTS):
            history = arrays[f"{variant}_history"].astype(float)
            unpaired = np.where(history.sum(axis=1) < 0, np.nan, history.sum(axis=1))
            iterations = np.arange(unpaired.shape[1])
            colour = PALETTE[number % len(PALETTE)]
            axes.plot(iterations, unpaired.T, color=colour, linewidth=0.3, alpha=0.35)
            filled = np.isfinite(unpaired).any(axis=0)
            mean = np.nanmean(unpaired[:, filled], axis=0)
            axes.plot(iterations[filled], mean, color=colour, label=_TITLES[variant])
        axes.set_yscale("log")
        axes.set_xlim(0, None)
        axes.set_xlabel("iteration")
        axes.set_ylabel("unpaired spikes")
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0)
    return figure


def _draw_weights(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    with use_style():
        figure = new_figure(PAGE_WIDTH, 3.9)
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.05, 1])
        panels = top.subplots(1, 3)
        order = np.argsort(arrays["uniform_inhibitory"], kind="stable")
        squares = [
            _mean_blocks((1e3 * arrays[f"uniform_error_{name}"][np.ix_(order, order)]) ** 2, _BLOCK)
            for name in NETWORKS
        ]
        end, edge = len(order) - 0.5, _BLOCK * len(squares[0]) - 0.5
        top_value = float(max(np.quantile(square, 0.999) for square in squares))
        image = None
        for axes, name, square in zip(panels, NETWORKS, squares, strict=True):
            image = axes.imshow(
                square,
                cmap="viridis",
                vmin=0,
                vmax=top_value,
                interpolation="none",
                extent=(-0.5, edge, edge, -0.5),
            )
            axes.set(xlim=(-0.5, end), ylim=(end, -0.5))
            axes.set_title(name)
            axes.set_xlabel("to neuron")
        panels[0].set_ylabel("from neuron\n(inhibitory last)")
        bar = top.colorbar(image, ax=panels, fraction=0.03, pad=0.01)
        bar.set_label(f"squared error (mV²),\nmean over {_BLOCK} × {_BLOCK} weights")
        lower = bottom.subplots(1, 2)
        for axes, measure, label in zip(
            lower,
            ("weight_error", "weight_correlation"),
            ("mean |weight error| (mV)", "correlation with\nreference (excitatory)"),
            strict=True,
        ):
            _draw_groups(axes, arrays, measure)
            axes.set_ylabel(label)
        lower[1].axhline(0.06, color=GREY, linestyle=(0, (4, 2)), linewidth=0.8)
        lower[1].text(5.45, 0.0608, "0.06", color=GREY, fontsize=6.5, ha="right", va="bottom")
        lower[0].set_ylim(0, 1.1 * lower[0].dataLim.y1)
        handles = [_marker("o", _COLOURS[name], name) for name in NETWORKS]
        bottom.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _mean_blocks(matrix: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the means over square blocks; those at the far edges may be smaller."""
    starts = np.arange(0, len(matrix), size)
    counts = np.diff([*starts, len(matrix)])
    sums = np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)
    return np.asarray(sums / np.outer(counts, counts))


def _draw_groups(axes: Any, arrays: Mapping[str, NDArray[Any]], measure: str) -> None:
    for shift, name in zip((-0.25, 0.0, 0.25), NETWORKS, strict=True):
        for position, variant in enumerate(VARIANTS):
            values = arrays[f"{variant}_{measure}_{name}"]
            spots = np.full(values.size, position + shift)
            axes.plot(spots, values, ".", markersize=2.0, color=GREY, alpha=0.6)
            axes.plot(position + shift, values.mean(), "o", markersize=4, color=_COLOURS[name])
    axes.set_xticks(range(len(VARIANTS)), [_TITLES[v].replace(" ", "\n", 1) for v in VARIANTS])
    axes.set_xlim(-0.5, len(VARIANTS) - 0.5)


def _draw_chaos(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    sizes = 1e9 * arrays["perturbations"]
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 2.6)
        axes = figure.add_subplot()
        for kind, colour, marker in (("noise", PALETTE[3], "o"), ("shift", PALETTE[4], "s")):
            table = np.array([arrays[f"uniform_chaos_{kind}_{k}"] for k in range(sizes.size)])
            label = {"noise": "independent noise", "shift": "all by the same amount"}[kind]
            axes.plot(sizes, table, color=colour, linewidth=0.4, alpha=0.5)
            axes.plot(sizes, table.mean(axis=1), marker=marker, color=colour, label=label)
        for name in ("naive", "optimised"):
            level = arrays[f"uniform_train_distance_{name}"].mean()
            axes.axhline(level, color=_COLOURS[name], linestyle=(0, (4, 2)), linewidth=0.9)
            axes.text(
                sizes[0], level, f"{name}, distance from reference",
                color=_COLOURS[name], fontsize=6.5, va="bottom",
            )  # fmt: skip
        # a local change is 0 to 9 times epsilon, 3.6 uV on average
        axes.axvline(3600, color=GREY, linestyle=(0, (1, 1.5)), linewidth=0.9)
        axes.text(
            3300, 0.71, "one local change", color=GREY, fontsize=6.5, rotation=90, ha="right",
            va="center", transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        axes.set_xscale("log")
        axes.set_ylim(0, None)
        axes.set_xlabel("change of all weights of the optimised network (nV)")
        axes.set_ylabel("$D_P$ from its own spikes")
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _spikes(arrays: Mapping[str, NDArray[Any]], prefix: str, name: str) -> tuple[Any, Any]:
    return arrays[f"{prefix}_step_{name}"], arrays[f"{prefix}_cell_{name}"]


def _draw_raster(arrays: Mapping[str, NDArray[Any]], variant: str) -> Figure:
    last = max(int(arrays[f"{variant}_step_{name}"].max(initial=0)) for name in _FOUR)
    begin = max(0, min(1000, last - _SHOWN_STEPS))
    with use_style():
        figure = new_figure(COLUMN_WIDTH * 1.45, 3.4)
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for axes, name in zip(panels.ravel(), _FOUR, strict=True):
            step, cell = _spikes(arrays, variant, name)
            inside = (step >= begin) & (step < begin + _SHOWN_STEPS) & (cell < _SHOWN_NEURONS)
            axes.plot(
                (step[inside] - begin) * _DT, cell[inside], "|", markersize=2.2,
                markeredgewidth=0.6, color=_COLOURS[name],
            )  # fmt: skip
            axes.set_title(name, color=_COLOURS[name])
        panels[0, 0].set_xlim(0, _SHOWN_STEPS * _DT)
        panels[0, 0].set_ylim(-1, _SHOWN_NEURONS)
        for axes in panels[1]:
            axes.set_xlabel("time (s)")
        for axes in panels[:, 0]:
            axes.set_ylabel("neuron")
        figure.suptitle(f"{_TITLES[variant]}, first trial")
    return figure


def _draw_activity(arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> Figure:
    n, n_steps = int(parameters["n"]), int(parameters["n_steps"])
    with use_style():
        figure = new_figure(PAGE_WIDTH, 3.2)
        panels = figure.subplots(2, len(SHOWN), sharex=True)
        for column, variant in enumerate(SHOWN):
            rasters = {name: np.zeros((n_steps, n), dtype=np.int8) for name in _FOUR}
            for name, raster in rasters.items():
                step, cell = _spikes(arrays, variant, name)
                raster[step, cell] = 1
            typical = int(np.argsort(rasters["reference"].sum(axis=0))[n // 2])
            for row, choose in enumerate(
                (lambda r: r.mean(axis=1), lambda r, c=typical: r[:, c].astype(float))
            ):
                axes = panels[row, column]
                for name in ("naive", "control", "reference", "optimised"):
                    trace = filter_spikes(choose(rasters[name])[:, None])[50 : 50 + n_steps, 0]
                    axes.plot(
                        np.arange(n_steps) * _DT, trace, color=_COLOURS[name], label=name,
                        linewidth=1.6 if name == "reference" else 0.9,
                    )  # fmt: skip
                axes.set_ylim(0, None)
            panels[0, column].set_title(_TITLES[variant])
            panels[1, column].set_xlabel("time (s)")
        panels[0, 0].set_xlim(0, min(5.0, n_steps * _DT))
        panels[0, 0].set_ylabel("filtered activity\nper neuron")
        panels[1, 0].set_ylabel("filtered train of\none neuron")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _draw_avalanches(results: Results) -> Figure:
    arrays, metrics = results.arrays, results.metrics
    names = {"reference": "PIF", **{name: name for name in NETWORKS}}
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.6)
        panels = figure.subplots(1, 3)
        colours = dict(zip(PALETTE, _COLOURS.values(), strict=False))
        for axes, kind, symbol, label in (
            (panels[0], "size", r"\tau", "avalanche size (spikes)"),
            (panels[1], "duration", r"\alpha", "avalanche duration (steps)"),
        ):
            stored = {
                name: arrays[f"avalanches_{kind}_fit_{name}"]
                for name in names
                if f"avalanches_{kind}_fit_{name}" in arrays
            }
            good = {
                names[name]: (float(fit[0]), int(fit[1]), int(fit[2]))
                for name, fit in stored.items()
                if _is_power_law(fit, metrics[f"avalanches_{kind}_p_{name}"])
            }
            values = {title: arrays[f"avalanches_{kind}s_{name}"] for name, title in names.items()}
            plot_avalanches(values, exponents=good, xlabel=label, ax=axes)
            axes.get_legend().remove()
            for line in axes.get_lines():
                line.set_color(colours[line.get_color()])
            for row, name in enumerate(names):
                fit = good.get(names[name])
                axes.text(
                    0.99, 0.98 - 0.08 * row,
                    f"${symbol}$ = {fit[0]:.2f}" if fit else "no power law",
                    color=_COLOURS[name], transform=axes.transAxes, fontsize=6.5,
                    ha="right", va="top",
                )  # fmt: skip
        series, slopes = {}, {}
        for name, title in names.items():
            found = Avalanches(
                arrays[f"avalanches_sizes_{name}"], arrays[f"avalanches_durations_{name}"], 0.0
            )
            durations, sizes, _ = mean_size_by_duration(found)
            series[title] = (durations, sizes)
            both = [
                (arrays[f"avalanches_{kind}_fit_{name}"], metrics[f"avalanches_{kind}_p_{name}"])
                for kind in ("size", "duration")
                if f"avalanches_{kind}_fit_{name}" in arrays
            ]
            if len(both) == 2 and all(_is_power_law(*fit) for fit in both):
                slopes[title] = (
                    metrics[f"avalanches_scaling_{name}"],
                    metrics[f"avalanches_scaling_predicted_{name}"],
                )
        plot_avalanche_scaling(series, slopes, ax=panels[2])
        for line in panels[2].get_lines():
            line.set_color(colours[line.get_color()])
        panels[2].get_legend().remove()
        for row, (name, title) in enumerate(names.items()):
            measured = metrics.get(f"avalanches_scaling_{name}")
            text = "" if measured is None else f"slope {measured:.2f}"
            text += f" (predicted {slopes[title][1]:.2f})" if title in slopes else ""
            panels[2].text(
                0.02, 0.98 - 0.08 * row, text, color=_COLOURS[name], fontsize=6.5,
                transform=panels[2].transAxes, va="top",
            )  # fmt: skip
        handles = [
            _marker(marker, _COLOURS[name], title, hollow=True)
            for marker, (name, title) in zip("os^D", names.items(), strict=True)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _is_power_law(fit: NDArray[Any], p_value: float) -> bool:
    """Whether a fit is not refuted by the data and more than the flank of a peak."""
    exponent, lower, upper = fit[:3]
    return bool(p_value >= 0.05 and upper >= 5 * lower and exponent > 0)


def _draw_pif(arrays: Mapping[str, NDArray[Any]]) -> Figure:
    step, cell = _spikes(arrays, "avalanches", "reference")
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 2.4)
        axes = figure.add_subplot()
        axes.plot(step * _DT, cell, ",", color="black", alpha=0.6)
        axes.set_xlim(0, float(step.max(initial=1)) * _DT)
        axes.set_ylim(0, float(cell.max(initial=1)) + 1)
        axes.set_xlabel("time (s)")
        axes.set_ylabel("PIF neuron")
    return figure
