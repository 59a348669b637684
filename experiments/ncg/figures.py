"""Figures of the experiment on competition groups, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bioplastic.experiments.ncg.protocol import ABLATION_ROWS, RULE_ROWS
from bioplastic.plotting import COLUMN_WIDTH, GREY, PALETTE, plot_signed_filters
from bioplastic.plotting.grammar import bars, lines, panels
from bioplastic.study.results import Results

__all__ = ["FIGURES"]

_SIZES = {1: "s2stdp", 5: "s2stdp_ncg"} | {m: f"s2stdp_ncg_m{m}" for m in (3, 7, 10, 15)}
_PIXELS = {"pixels_s2stdp": "S2-STDP on pixels", "pixels_s2stdp_ncg": "S2-STDP + NCG on pixels"}
_FULL, _UNREGULATED = "s2stdp_ncg", "s2stdp_ncg_no_cr"


def _of(results: Results, key: str) -> xr.Dataset | None:
    """Return the curves of an entry in the first fold; None if it was not trained."""
    curves = results.measured["first_fold"]
    return curves.sel(entry=key) if key in curves.entry else None


def _draw_accuracies(results: Results, rows: Mapping[str, str], at_least: int) -> Figure | None:
    accuracy = results.measured["numbers"].accuracy
    known = {key: label for key, label in rows.items() if key in accuracy.entry}
    if len(known) < at_least:
        return None
    chosen = accuracy.sel(entry=list(known)).transpose("entry", "fold")
    paper = {key: results.paper.get(f"accuracy_{key}") for key in known}
    published = {key: value for key, value in paper.items() if value is not None}
    baselines = {"linear on features": results.baselines["linear_features"]}
    baselines["on pixels"] = results.baselines["linear_pixels"]
    every = 100 * np.array([*chosen.values.ravel(), *baselines.values(), *published.values()])
    margin = max(0.3, 0.06 * (100 - every.min()))
    axes: Any = bars(
        chosen, labels=known, published=published, published_label="published",
        baselines=baselines, xlim=(every.min() - margin, min(100.0, every.max() + 2.5 * margin)),
        xlabel=f"test accuracy (%; chance {100 * results.baselines['chance']:.1f} %)",
    )  # fmt: skip
    return axes.figure


def draw_rules(results: Results) -> Figure | None:
    """Draw the test accuracies of the rules, on features and on pixels."""
    return _draw_accuracies(results, {**RULE_ROWS, **_PIXELS}, 1)


def draw_ablation(results: Results) -> Figure | None:
    """Draw the test accuracies of the ablations."""
    return _draw_accuracies(results, ABLATION_ROWS, 3)


def _name_cells(size: int) -> dict[str, dict[Any, Any]]:
    """Return labels and colours of the cells of a class; the first is the labelled one."""
    labels = {cell: f"target n{cell}" for cell in range(1, size)} | {0: f"non-target n{size}"}
    colours = {cell: PALETTE[cell - 1] for cell in range(1, size)} | {0: GREY}
    return {"labels": labels, "colours": colours}


def draw_updates(results: Results) -> Figure | None:
    """Draw who learns the samples of the first class, without and with regulation."""
    titles = {_UNREGULATED: "without regulation", _FULL: "two-compartment thresholds"}
    if any(_of(results, key) is None for key in titles):
        return None
    figure, axes = panels(1, 2, height=2.5, sharey=True)
    for ax, (key, title) in zip(axes, titles.items(), strict=True):
        curves: Any = _of(results, key)
        updates = curves.target_updates.dropna("epoch", how="all").dropna("cell", how="all")
        share = results.metrics[f"share_of_first_{key}"]
        lines(
            _by_epoch(updates).transpose("epoch", "cell"), ax, x="epoch", hue="cell",
            **_name_cells(updates.sizes["cell"]), legend=None, xlabel="epoch",
            title=f"{title}\nbusiest target cell: {100 * share:.1f} % of the samples",
            ylabel="updates per epoch,\nsamples of class 0" if ax is axes[0] else "",
        )  # fmt: skip
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylim(bottom=0)
    axes[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _by_epoch(curve: xr.DataArray) -> xr.DataArray:
    return curve.assign_coords(epoch=np.arange(1, curve.sizes["epoch"] + 1))


def draw_thresholds(results: Results) -> Figure | None:
    """Draw the training thresholds of the cells of the first class."""
    curves = _of(results, _FULL)
    if curves is None:
        return None
    at = curves.trace_epoch.dropna("point")
    trace = curves.trace.isel(point=slice(at.size)).assign_coords(point=at.values)
    shown = min(8, int(np.ceil(float(at[-1]))))
    trace = trace.sel(point=slice(0, shown - 1e-9))
    figure, ax = panels(width=COLUMN_WIDTH, height=2.3)
    low, high = float(trace.min()), float(trace.max())
    lines(
        trace.assign_coords(member=np.arange(trace.sizes["member"])), ax, x="point", hue="member",
        **_name_cells(trace.sizes["member"]), markers=False,
        legend=None, xlim=(0, shown), ylim=(low - 0.04 * (high - low), high + 0.35 * (high - low)),
        xlabel="epoch", ylabel="threshold for samples of class 0",
    )  # fmt: skip
    for epoch in range(1, shown):
        ax.axvline(epoch, color=GREY, linewidth=0.4, alpha=0.5, zorder=0)
    ax.legend(loc="upper center", ncols=3)
    return figure


def draw_spike_times(results: Results) -> Figure | None:
    """Draw the first spike times of target and other cells on held-out samples."""
    titles = {"s2stdp": "S2-STDP", _UNREGULATED: "NCG, no regulation", _FULL: "S2-STDP + NCG"}
    known = {key: title for key, title in titles.items() if _of(results, key) is not None}
    if _FULL not in known:
        return None
    names = {"target_time": "target cells", "other_time": "cells of other classes",
             "labelled_time": "labelled non-target"}  # fmt: skip
    figure, axes = panels(1, len(known), height=2.4, sharey=True, squeeze=False)
    for ax, (key, title) in zip(axes[0], known.items(), strict=True):
        curves: Any = _of(results, key)
        times = {name: curves[name].dropna("sample").values for name in names if name in curves}
        times = {name: values for name, values in times.items() if values.size}
        every = np.concatenate([values[values < 1] for values in times.values()])
        low, high = np.quantile(every, [0.002, 0.998]) if every.size else (0.0, 1.0)
        edges = np.linspace(low, max(high, low + 1e-3), 41)
        labels = {}
        for name, values in times.items():
            silent = 100 * float(np.mean(values >= 1))
            labels[name] = names[name] + ("" if silent < 0.05 else f" ({silent:.1f} % silent)")
        shares = {
            name: xr.DataArray(
                100 * np.histogram(values, edges)[0] / values.size, dims="time",
                coords={"time": edges[:-1] + np.diff(edges) / 2},
            )
            for name, values in times.items()
        }  # fmt: skip
        lines(
            shares, ax, labels=labels, markers=False, title=title, legend=None,
            colours=dict(zip(names, (PALETTE[0], PALETTE[1], GREY), strict=True)),
            xlabel="first spike time (of 1)",
            ylabel="held-out samples (%)" if ax is axes[0, 0] else "",
        )  # fmt: skip
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), fontsize=6)
    axes[0, 0].set_ylim(bottom=0)
    return figure


def draw_learning(results: Results) -> Figure | None:
    """Draw validation accuracy and the error of spike times over epochs."""
    rows = {**RULE_ROWS, _UNREGULATED: "NCG, no regulation"}
    curves = {key: found for key in rows if (found := _of(results, key)) is not None}
    if not curves:
        return None
    figure, axes = panels(1, 2, height=2.4)
    texts = {"validation_accuracy": "validation accuracy (%)",
             "error": "mean error of the winners'\nspike times (1/1000)"}  # fmt: skip
    colours = dict(zip(curves, PALETTE, strict=False))
    for ax, (name, text) in zip(axes, texts.items(), strict=True):
        factor = 100.0 if name == "validation_accuracy" else 1000.0
        shown = {
            key: _by_epoch(found[name].dropna("epoch"))
            for key, found in curves.items()
            if name != "error" or not key.startswith("rstdp")
        }
        if shown:
            lines(shown, ax, labels=rows, colours=colours, factor=factor, markers=False,
                  legend=None, xlabel="epoch", ylabel=text)  # fmt: skip
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    low = 100 * min(float(found.validation_accuracy[1:].min()) for found in curves.values())
    axes[0].set_ylim(bottom=max(0.0, low - 1))
    axes[1].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    return figure


def draw_sizes(results: Results) -> Figure | None:
    """Draw the test accuracy against the number of cells per class."""
    accuracy = results.measured["numbers"].accuracy
    known = [m for m in sorted(_SIZES) if _SIZES[m] in accuracy.entry]
    if len(known) < 4:
        return None
    by_size = accuracy.sel(entry=[_SIZES[m] for m in known]).assign_coords(entry=known)
    axes: Any = lines(
        by_size, x="entry", show="bars", factor=100, legend="best",
        baselines={"linear, features": results.baselines["linear_features"]},
        labels={None: "S2-STDP"}, xticks=known, xlabel="cells per class (1: plain S2-STDP)",
        ylabel="test accuracy (%)",
    )  # fmt: skip
    return axes.figure


def draw_filters(results: Results) -> Any:
    """Draw the kernels of the extractor: weights of on minus those of off channels."""
    return plot_signed_filters(results.measured["extractor"].filters[:64]).figure


FIGURES: Mapping[str, Callable[[Results], Figure | None]] = {
    "rules": draw_rules, "learning": draw_learning, "ablation": draw_ablation,
    "updates": draw_updates, "thresholds": draw_thresholds, "spike_times": draw_spike_times,
    "sizes": draw_sizes, "filters": draw_filters,
}  # fmt: skip
