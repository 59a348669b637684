"""Figures of the experiment on competition groups, from stored results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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

from .protocol import ABLATION_ROWS, RULE_ROWS, metric_name

__all__ = ["draw"]

_SIZES = (1, 3, 5, 7, 10, 15)
_FULL, _UNREGULATED, _SINGLE = "s2stdp_ncg", "s2stdp_ncg_no_cr", "s2stdp"


def draw(results: Results, out: Path) -> list[Path]:
    """Draw all figures for which there are results."""
    a = results.arrays
    figures: dict[str, Figure] = {}
    with use_style():
        if any(f"accuracy_{metric_name(name)}" in a for name in RULE_ROWS):
            figures["rules"] = draw_rules(results)
            figures["learning"] = draw_learning(results)
        if sum(f"accuracy_{metric_name(name)}" in a for name in ABLATION_ROWS) > 2:
            figures["ablation"] = draw_ablation(results)
        if all(f"target_updates_{key}" in a for key in (_UNREGULATED, _FULL)):
            figures["updates"] = draw_updates(results)
        if f"trace_{_FULL}" in a:
            figures["thresholds"] = draw_thresholds(results)
        if f"times_target_{_FULL}" in a:
            figures["spike_times"] = draw_spike_times(results)
        if "accuracy_s2stdp_ncg_m3" in a:
            figures["sizes"] = draw_sizes(results)
        if "filters" in a:
            figures["filters"] = draw_filters(a["filters"])
    return [
        save_figure(figure, figure_path(out, results.name, title))
        for title, figure in figures.items()
    ]


def draw_rules(results: Results) -> Figure:
    """Draw the test accuracies of the rules, on features and on pixels."""
    rows = {metric_name(name): label for name, label in RULE_ROWS.items()}
    rows |= {"pixels_s2stdp": "S2-STDP on pixels", "pixels_s2stdp_ncg": "S2-STDP + NCG on pixels"}
    return _draw_accuracies(results, rows)


def draw_ablation(results: Results) -> Figure:
    """Draw the test accuracies of the ablations."""
    return _draw_accuracies(
        results, {metric_name(name): label for name, label in ABLATION_ROWS.items()}
    )


def _draw_accuracies(results: Results, rows: dict[str, str]) -> Figure:
    a = results.arrays
    values = {label: a[f"accuracy_{key}"] for key, label in rows.items() if f"accuracy_{key}" in a}
    published = {
        label: results.paper[f"accuracy_{key}"]
        for key, label in rows.items()
        if label in values and f"accuracy_{key}" in results.paper
    }
    baselines = {"linear on features": results.baselines["linear_features"]}
    baselines["on pixels"] = results.baselines["linear_pixels"]
    everything = [v for array in values.values() for v in array] + [*baselines.values()]
    everything += [*published.values()]
    low = 100 * min(everything)
    margin = max(0.3, 0.06 * (100 - low))
    axes = plot_bars(
        values,
        paper=published,
        paper_label="published",
        baselines=baselines,
        xlim=(low - margin, min(100.0, 100 * max(everything) + 2.5 * margin)),
    )
    chance = 100 * results.baselines["chance"]
    axes.set_xlabel(f"Test accuracy (%; chance {chance:.1f} %)")
    return _figure_of(axes)


def draw_updates(results: Results) -> Figure:
    """Draw who learns the samples of the first class, without and with regulation."""
    a = results.arrays
    figure = new_figure(PAGE_WIDTH, 2.5)
    panels = figure.subplots(1, 2, sharey=True)
    titles = {_UNREGULATED: "without regulation", _FULL: "two-compartment thresholds"}
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        updates = a[f"target_updates_{key}"]
        size = updates.shape[1] // len(np.unique(_classes(results)))
        epochs = np.arange(1, len(updates) + 1)
        for cell in [*range(1, size), 0]:
            label = f"target n{cell}" if cell else f"non-target n{size}"
            axes.plot(
                epochs,
                updates[:, cell],
                color=PALETTE[cell - 1] if cell else GREY,
                linestyle="-" if cell else (0, (4, 2)),
                marker="o" if cell else None,
                markersize=2,
                label=label,
            )
        share = results.metrics[f"share_of_first_{key}"]
        axes.set_title(f"{title}\nbusiest target cell: {100 * share:.1f} % of the samples")
        axes.set_xlabel("Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0.5, len(updates) + 0.5)
        axes.set_ylim(bottom=0)
    panels[0].set_ylabel("Updates per epoch,\nsamples of class 0")
    panels[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.set_layout_engine("constrained")
    return figure


def _classes(results: Results) -> Any:
    size = results.arrays[f"target_updates_{_SINGLE}"].shape[1]
    return np.arange(size)


def draw_thresholds(results: Results) -> Figure:
    """Draw the training thresholds of the cells of the first class."""
    trace = results.arrays[f"trace_{_FULL}"]
    n_epochs, n_points, size = trace.shape
    shown = min(n_epochs, 8)
    figure = new_figure(COLUMN_WIDTH, 2.3)
    axes = figure.add_subplot()
    for epoch in range(shown):
        x = epoch + np.arange(n_points) / n_points
        for cell in [0, *range(1, size)]:
            axes.plot(
                x,
                trace[epoch, :, cell],
                color=PALETTE[cell - 1] if cell else GREY,
                linestyle="-" if cell else "--",
                linewidth=0.9,
                label=None if epoch else (f"target n{cell}" if cell else f"non-target n{size}"),
            )
    for epoch in range(1, shown):
        axes.axvline(epoch, color=GREY, linewidth=0.4, alpha=0.5, zorder=0)
    axes.set_xlim(0, shown)
    axes.set_xlabel("Epoch (samples of class 0)")
    axes.set_ylabel("Threshold in use")
    low, high = float(trace[:shown].min()), float(trace[:shown].max())
    axes.set_ylim(low - 0.04 * (high - low), high + 0.35 * max(high - low, 1e-3))
    axes.legend(loc="upper center", frameon=False, ncols=3)
    figure.set_layout_engine("constrained")
    return figure


def draw_spike_times(results: Results) -> Figure:
    """Draw the first spike times of target and other cells on held-out samples."""
    a = results.arrays
    titles = {_SINGLE: "S2-STDP", _UNREGULATED: "NCG, no regulation", _FULL: "S2-STDP + NCG"}
    keys = [key for key in titles if f"times_target_{key}" in a]
    figure = new_figure(PAGE_WIDTH, 2.2)
    panels = np.atleast_1d(figure.subplots(1, max(1, len(keys)), sharey=True))
    for axes, key in zip(panels, keys, strict=False):
        groups = {
            "target cells": (a[f"times_target_{key}"], PALETTE[0]),
            "cells of other classes": (a[f"times_other_{key}"], PALETTE[1]),
        }
        if f"times_labelled_{key}" in a:
            groups["labelled non-target"] = (a[f"times_labelled_{key}"], GREY)
        every = np.concatenate([times[times < 1] for times, _ in groups.values()])
        low, high = (np.quantile(every, [0.002, 0.998])) if every.size else (0.0, 1.0)
        bins = np.linspace(low, max(high, low + 1e-3), 41)
        for name, (times, colour) in groups.items():
            silent = 100 * float(np.mean(times >= 1))
            label = name if silent < 0.05 else f"{name} ({silent:.1f} % silent)"
            weights = np.full(times.shape, 100 / len(times))
            axes.hist(times, bins, weights=weights, histtype="step", color=colour, label=label)
        axes.set_title(titles[key])
        axes.set_xlabel("First spike time (of 1)")
        axes.legend(loc="upper left", frameon=False, fontsize=6, bbox_to_anchor=(0, -0.32))
    panels[0].set_ylabel("Held-out samples (%)")
    figure.set_layout_engine("constrained")
    return figure


def draw_learning(results: Results) -> Figure:
    """Draw validation accuracy and the error of spike times over epochs."""
    a = results.arrays
    figure = new_figure(PAGE_WIDTH, 2.4)
    panels = figure.subplots(1, 2)
    names = [name for name in RULE_ROWS if f"validation_accuracy_{metric_name(name)}" in a]
    for number, name in enumerate([*names, "s2stdp+ncg-no-cr"]):
        key = metric_name(name)
        if f"validation_accuracy_{key}" not in a:
            continue
        curve = 100 * a[f"validation_accuracy_{key}"]
        label = RULE_ROWS.get(name, "NCG, no regulation")
        colour = PALETTE[number % len(PALETTE)]
        style = {"color": colour, "label": label, "linewidth": 1.0}
        panels[0].plot(np.arange(1, len(curve) + 1), curve, **style)
        if not name.startswith("rstdp"):
            error = 1000 * a[f"error_{key}"]
            panels[1].plot(np.arange(1, len(error) + 1), error, **style)
    best = max(100 * a[f"validation_accuracy_{metric_name(n)}"].max() for n in names)
    lowest = min(100 * a[f"validation_accuracy_{metric_name(n)}"][1:].min() for n in names)
    panels[0].set_ylim(max(0.0, lowest - 1), min(100.0, best + 1))
    panels[0].set_ylabel("Validation accuracy (%)")
    panels[1].set_ylabel("Mean error of the winners'\nspike times (1/1000)")
    panels[1].set_ylim(bottom=0)
    for axes in panels:
        axes.set_xlabel("Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    figure.set_layout_engine("constrained")
    return figure


def draw_sizes(results: Results) -> Figure:
    """Draw the test accuracy against the number of cells per class."""
    a = results.arrays
    keys = {1: _SINGLE, 5: _FULL} | {m: f"{_FULL}_m{m}" for m in _SIZES if m not in (1, 5)}
    sizes = [m for m in _SIZES if f"accuracy_{keys[m]}" in a]
    values = [100 * a[f"accuracy_{keys[m]}"] for m in sizes]
    means = [float(v.mean()) for v in values]
    figure = new_figure(COLUMN_WIDTH, 2.2)
    axes = figure.add_subplot()
    if len(values[0]) > 1:
        spread = [float(v.std(ddof=1)) for v in values]
        axes.errorbar(sizes, means, spread, color=PALETTE[0], marker="o", markersize=3, capsize=2)
        for m, v in zip(sizes, values, strict=True):
            axes.plot(np.full(v.shape, m), v, ".", color=GREY, markersize=2, alpha=0.7)
    else:
        axes.plot(sizes, means, color=PALETTE[0], marker="o", markersize=3)
    linear = 100 * results.baselines["linear_features"]
    axes.axhline(linear, color=GREY, linestyle="--", linewidth=0.8)
    axes.annotate(
        "linear, features", (sizes[-1], linear), xytext=(0, 2), textcoords="offset points",
        ha="right", va="bottom", color=GREY, fontsize=6,
    )  # fmt: skip
    axes.set_xticks(sizes)
    axes.set_xlabel("Cells per class (1: plain S2-STDP)")
    axes.set_ylabel("Test accuracy (%)")
    figure.set_layout_engine("constrained")
    return figure


def draw_filters(filters: Any) -> Figure:
    """Draw the kernels of the extractor: weights of on minus those of off channels."""
    n, height, width, channels = filters.shape
    on, off = filters[..., : channels // 2 * 2 : 2], filters[..., 1 : channels // 2 * 2 : 2]
    maps = (on - off).mean(axis=-1)
    shown = min(n, 64)
    columns = 16
    rows = -(-shown // columns)
    sheet = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for k in range(shown):
        r, c = divmod(k, columns)
        top, left = r * (height + 1) + 1, c * (width + 1) + 1
        sheet[top : top + height, left : left + width] = maps[k]
    figure = new_figure(COLUMN_WIDTH, 0.35 + COLUMN_WIDTH * 0.86 * sheet.shape[0] / sheet.shape[1])
    axes = figure.add_subplot()
    limit = float(np.abs(maps).max())
    image = axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.axis("off")
    bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("on - off" if rows < 4 else "On minus off weight")
    figure.set_layout_engine("constrained")
    return figure


def _figure_of(axes: Axes) -> Figure:
    figure = axes.figure
    assert isinstance(figure, Figure)
    return figure
