"""Pictures of the rule gallery, from stored results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioplastic.plotting import GREY, PAGE_WIDTH, PALETTE, new_figure, save_figure, use_style
from bioplastic.study.framework import figure_path
from bioplastic.study.results import Results

__all__ = ["draw"]


def draw(results: Results, out: Path) -> list[Path]:
    """Draw windows and protocols."""
    figures = {
        "windows": draw_windows(results.arrays, results.parameters["windows"]),
        "protocols": draw_protocols(results.arrays, results.parameters["poisson"]),
    }
    return [
        save_figure(figure, figure_path(out, results.name, name))
        for name, figure in figures.items()
    ]


def draw_windows(arrays: Any, titles: list[str]) -> Figure:
    """Return all pairing windows over their closed forms, page-wide."""
    lags = arrays["window_lags"]
    with use_style():
        figure = new_figure(PAGE_WIDTH, 3.7)
        grid = figure.subplots(2, 4, sharex=True)
        for k, (title, axes) in enumerate(zip(titles, grid.flat, strict=True)):
            axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
            axes.axvline(0, color="0.75", linewidth=0.6, zorder=0)
            change, closed = arrays[f"window_{k}"], arrays[f"window_{k}_closed"]
            for part in (lags < 0, lags > 0):
                axes.plot(lags[part], 1e3 * closed[part], color=GREY, linewidth=2.6, alpha=0.35)
                sign = change[part][np.argmax(np.abs(change[part]))]
                colour = PALETTE[0] if sign > 0 else PALETTE[1]
                axes.plot(lags[part], 1e3 * change[part], color=colour, linewidth=1.1)
            axes.set_title(title)
            axes.set_xlim(-80, 80)
            axes.set_xticks([-50, 0, 50])
            axes.margins(y=0.12)
        handles = [
            grid[0, 0].plot([], [], color=GREY, linewidth=2.6, alpha=0.35, label="closed form")[0],
            grid[0, 0].plot([], [], color=PALETTE[0], label="interpreted, potentiation")[0],
            grid[0, 0].plot([], [], color=PALETTE[1], label="interpreted, depression")[0],
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
        for axes in grid[1]:
            axes.set_xlabel("Lag, post minus pre (ms)")
        for axes in grid[:, 0]:
            axes.set_ylabel(r"Change ($10^{-3}$)")
        return figure


def draw_protocols(arrays: Any, rules: list[str]) -> Figure:
    """Return the protocols, page-wide."""
    with use_style():
        figure = new_figure(PAGE_WIDTH, 5.9)
        grid = figure.subplots(3, 3)
        _draw_frequency(grid[0, 0], arrays, "triplet", "Triplet rule, 60 pairs")
        _draw_frequency(grid[0, 1], arrays, "pair", "Pair rule, 60 pairs")
        _draw_triplets(grid[0, 2], arrays)
        _draw_rates(grid[1, 0], arrays)
        _draw_clamp(grid[1, 1], arrays)
        _draw_delays(grid[1, 2], arrays)
        _draw_weights(grid[2, 0], arrays, rules)
        _draw_balance(grid[2, 1], arrays)
        _draw_short_term(grid[2, 2], arrays)
        for letter, axes in zip("abcdefghi", grid.flat, strict=True):
            axes.set_title(letter, loc="left", fontweight="bold")
        return figure


def _draw_frequency(axes: Axes, arrays: Any, rule: str, title: str) -> None:
    axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    frequencies = arrays["frequency"]
    for name, colour, text in (
        ("up", PALETTE[0], "pre before post"),
        ("down", PALETTE[1], "post before pre"),
    ):
        mean, error = arrays[f"data_{name}"]
        axes.errorbar(
            frequencies, mean, error, fmt="o", color=colour, markersize=3, linewidth=0.7,
            capsize=1.5, alpha=0.8,
        )  # fmt: skip
        axes.plot(frequencies, arrays[f"frequency_{rule}_{name}"], color=colour, label=text)
    axes.plot([], [], "o", color=GREY, markersize=3, label="Sjöström et al. 2001")
    axes.set_ylim(-1.7, 1.2)
    axes.set_xlabel("Pairing frequency (Hz)")
    axes.set_ylabel("Relative change")
    axes.set_title(title)
    axes.legend(loc="lower right", labelspacing=0.2)


def _draw_rates(axes: Axes, arrays: Any) -> None:
    axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    axes.plot(arrays["rate_post"], arrays["rate_closed"], color=GREY, label="closed form")
    axes.plot(arrays["rate_post"], arrays["rate_change"], "o", color=PALETTE[0], label="simulated")
    axes.set_xlabel("Postsynaptic rate (Hz)")
    axes.set_ylabel("Change per second")
    axes.set_title("Triplet rule, Poisson")
    axes.legend(loc="upper left")


def _draw_clamp(axes: Axes, arrays: Any) -> None:
    axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    axes.plot(arrays["clamp_v"], 1e3 * arrays["clamp_closed"], color=GREY, label="closed form")
    axes.plot(
        arrays["clamp_v"], 1e3 * arrays["clamp_change"], "o", color=PALETTE[0], label="simulated"
    )
    axes.set_xlabel("Clamped voltage (mV)")
    axes.set_ylabel(r"Change per spike ($10^{-3}$)")
    axes.set_title("Clopath rule")
    axes.legend(loc="upper left")


def _draw_delays(axes: Axes, arrays: Any) -> None:
    time = np.linspace(0, 3, 100)
    axes.plot(time, np.exp(-time), color=GREY, label=r"$e^{-D/\tau_c}$")
    axes.plot(arrays["delay"], arrays["delay_change"], "o", color=PALETTE[0], label="simulated")
    axes.set_ylim(0, 1.08)
    axes.set_xlabel("Delay $D$ of the reward (s)")
    axes.set_ylabel("Relative change")
    axes.set_title("Dopamine STDP")
    axes.legend(loc="upper right")


def _draw_weights(axes: Axes, arrays: Any, rules: list[str]) -> None:
    bins = np.linspace(0, 1, 26)
    for k, (name, colour) in enumerate(
        zip(rules, (PALETTE[0], PALETTE[4], PALETTE[2]), strict=True)
    ):
        share = np.histogram(arrays[f"poisson_{k}"], bins)[0] / arrays[f"poisson_{k}"].size
        axes.stairs(share, bins, color=colour, linewidth=1.2, label=name)
    axes.set_yscale("log")
    axes.set_ylim(8e-4, 90)
    axes.set_xlabel("Weight after learning")
    axes.set_ylabel("Share of inputs")
    axes.set_title("Poisson input")
    axes.minorticks_off()
    axes.set_yticks([1e-3, 1e-2, 1e-1, 1])
    axes.legend(loc="upper center", labelspacing=0.2)


def _draw_triplets(axes: Axes, arrays: Any) -> None:
    axes.axhline(0, color="0.75", linewidth=0.6, zorder=0)
    data = arrays["triplet_data"]
    places = np.arange(8) + np.repeat([0.0, 0.7], 4)
    axes.bar(
        places, arrays["triplet_change"], 0.7, color=PALETTE[0], alpha=0.85, label="triplet rule"
    )
    axes.errorbar(
        places, data[:, 2], data[:, 3], fmt="o", color=GREY, markersize=3, linewidth=0.7,
        capsize=1.5, label="Wang et al. 2005",
    )  # fmt: skip
    names = [f"{first:+.0f}, {second:+.0f}".replace("-", "−") for first, second in data[:, :2]]
    axes.set_xticks(places, names, rotation=60, ha="right", rotation_mode="anchor", fontsize=6)
    axes.set_ylim(-0.15, 0.62)
    axes.set_xlabel("Lags of the pairs (ms)")
    axes.set_ylabel("Relative change")
    axes.set_title("60 triplets of spikes")
    axes.legend(loc="upper left", labelspacing=0.2)


def _draw_balance(axes: Axes, arrays: Any) -> None:
    rate = arrays["balance_rate"]
    axes.axhline(float(arrays["balance_target"]), color=GREY, label="target")
    axes.plot(np.arange(1, rate.size + 1), rate, color=PALETTE[0], linewidth=0.9, label="simulated")
    axes.set_ylim(0, None)
    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Postsynaptic rate (Hz)")
    axes.set_title("Vogels rule")
    axes.legend(loc="upper right")


def _draw_short_term(axes: Axes, arrays: Any) -> None:
    for name, colour in (("depressing", PALETTE[1]), ("facilitating", PALETTE[0])):
        sent = arrays[f"short_{name}"]
        axes.axhline(float(arrays[f"short_{name}_closed"]), color=GREY, linewidth=0.8)
        axes.plot(np.arange(1, sent.size + 1), sent, "o-", color=colour, label=name, linewidth=0.8)
    axes.plot([], [], color=GREY, linewidth=0.8, label="steady state")
    axes.set_ylim(0, 0.62)
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.set_xlabel("Spike of a 20 Hz train")
    axes.set_ylabel("Transmitted share")
    axes.set_title("Short-term plasticity")
    axes.legend(loc="upper right", labelspacing=0.2)
