"""The figures of the experiment, drawn from its results."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bioplastic.experiments.what_when.parts import COUPLINGS, GRID_LATENCY, GRID_P
from bioplastic.plotting import (
    COLUMN_WIDTH,
    GREY,
    PALETTE,
    lines,
    panels,
    plot_network,
    raster,
)
from bioplastic.study.results import Results

__all__ = ["FIGURES"]

COLOURS = {"a": PALETTE[0], "b": PALETTE[1]}
NAMES = {"time": "timing", "probability": "probability", "both": "both", "back": "both, back"}
WAYS = dict(zip(NAMES, (PALETTE[3], PALETTE[4], PALETTE[2], "black"), strict=True))
EVENTS = {"a": "A", "b": "B"}
TIME = "time after the cue (ms)"


def draw_reservoir(results: Results) -> Figure:
    """Draw the architecture, and spikes and rates of a trial."""
    trial = results.measured["trial"]
    figure, axes = panels(
        [["scheme", "raster"], ["scheme", "rates"]], height=2.9, width_ratios=(1, 1.2),
        height_ratios=(2, 1),
    )  # fmt: skip
    n_exc, n = int(results.parameters["n_excitatory"]), trial.sizes["cell"]
    plot_network(
        {"cue": 1, "reservoir": n, "when": 2, "what": 2},
        [("cue", "reservoir", "excitatory"), ("when", "reservoir", "excitatory"),
         ("reservoir", "when", "plastic"), ("reservoir", "what", "plastic")],
        title="expected events: when × what", ax=axes["scheme"],
    )  # fmt: skip
    time, cell = trial.spike_time.values, trial.spike_cell.values.astype(int)
    rank = np.argsort(np.argsort(trial.recovery.values))
    groups = {"excitatory": np.arange(n_exc), "inhibitory": np.arange(n_exc, n)}
    raster(time, cell, axes["raster"], groups=groups, order=rank, window=(0, 1000),
           phases={"cue": (0, 50)}, colours=PALETTE, legend="above", xlabel="",
           ylabel="cells, by recovery,\nslowest below")  # fmt: skip
    edges = np.arange(0, 1001, 20)
    rates = {
        name: xr.DataArray(
            np.histogram(time[np.isin(cell, members)], edges)[0] / members.size / 0.02,
            {"time": edges[:-1] + 10}, ("time",),
        )
        for name, members in groups.items()
    }  # fmt: skip
    lines(rates, axes["rates"], markers=False, legend=None, xlim=(0, 1000), ylim=(0, None),
          ylabel="rate (Hz)", xlabel=TIME)  # fmt: skip
    return figure


def draw_traces(results: Results) -> Figure:
    """Draw what the network expects after training with several probabilities."""
    data = results.measured["courses"]
    wanted = [p for p in (0.1, 0.3, 0.5, 0.7, 0.9) if np.any(np.isclose(data.p, p))]
    data = data.sel(p=wanted or data.p.values, method="nearest")
    figure, axes = panels(2, 1, width=COLUMN_WIDTH, height=2.9, sharex=True, sharey=True)
    for ax, name, latency in zip(axes, EVENTS, (300, 600), strict=True):
        shades = {p: _blend(COLOURS[name], p if name == "a" else 1 - p) for p in data.p.values}
        for p, shade in shades.items():
            mean, spread = (data[n].sel(channel=name, p=p) for n in ("by_level", "spread"))
            ax.fill_between(data.time, mean - spread, mean + spread, color=shade, alpha=0.2, lw=0)
        lines(data.by_level.sel(channel=name), ax, x="time", hue="p", colours=shades, markers=False,
              legend=None, xlabel=TIME if name == "b" else "",
              ylabel=f"expectation of {EVENTS[name]}", xlim=(0, 1000))  # fmt: skip
        ax.axvline(latency, color=GREY, linewidth=0.7, linestyle=":")
        ax.legend(title="p(A)", loc="upper right" if name == "a" else "upper left",
                  ncols=1 if len(shades) < 6 else 2)  # fmt: skip
    top = max(float(np.max(line.get_ydata())) for ax in axes for line in ax.lines)
    axes[0].set_ylim(-0.15, max(1.05, 1.05 * top))
    return figure


def _blend(colour: str, share: float) -> str:
    strength = float(np.clip(0.25 + 0.75 * share, 0.2, 1.0))
    return to_hex([1 - strength * (1 - value) for value in to_rgb(colour)])


def draw_amplitude(results: Results) -> Figure:
    """Draw amplitude and predicted probability against the probability of A."""
    levels = results.measured["levels"]
    figure, (left, right) = panels(1, 2, height=2.5)
    for ax, name, label in (
        (left, "amplitude", "mean output around the event"),
        (right, "what", "predicted probability"),
    ):
        lines(levels[name], ax, x="p", hue="channel", show="bars", labels=EVENTS, colours=COLOURS,
              markers=False, legend=None, xlabel="probability of A", ylabel=label)  # fmt: skip
    top = float(max(0.9, 1.25 * levels.amplitude.max()))
    left.set_ylim(min(-0.05, float(levels.amplitude.min()) - 0.02), top)
    for row, name in enumerate(EVENTS):
        key = f"correlation_amplitude_probability_{name}"
        text = f"{EVENTS[name]}: r = {results.metrics[key]:.3f}"
        if key in results.paper:
            text += f"  (published {results.paper[key]:.3f})"
        left.text(0.5, 0.98 - 0.085 * row, text, color=COLOURS[name], transform=left.transAxes,
                  ha="center", va="top", fontsize=7)  # fmt: skip
        right.plot([0, 1], [row, 1 - row], color=GREY, linewidth=0.7, linestyle=":",
                   label="true" if row else None)  # fmt: skip
        right.plot(levels.p, levels.counter.sel(channel=name).mean("seed"), "x", color="black",
                   markersize=3.5, label="leaky counter" if row else None)  # fmt: skip
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_learning(results: Results) -> Figure:
    """Draw the learning curve beside the published one and the baselines."""
    first = results.measured["switches"].sel(block="first")
    untrained = first.start.expand_dims(test=[0])
    curves = {
        "local rules, seeds and mean": untrained.combine_first(first.error),
        "literal window gate": results.measured["arms"].error.sel(arm="window", block=1),
    }
    baselines = {"untrained, silent": "error_untrained", "times shuffled": "error_shuffled_time",
                 "best without time": "error_best_constant"}  # fmt: skip
    trials = [t for t in (1, 10, 50, 100) if f"error_trial_{t}" in results.paper]
    paper = [results.paper[f"error_trial_{t}"] for t in trials]
    figure, ax = panels(width=COLUMN_WIDTH, height=3.3)
    lines(curves, ax, x="test", show="each", legend="outside", xlabel="trials",
          ylabel="error of the expectation", ylim=(0, None),
          baselines={text: results.baselines[name] for text, name in baselines.items()},
          published=xr.DataArray(paper, {"test": trials}, ("test",)) if trials else None,
          published_label="published (from notes)")  # fmt: skip
    return figure


def draw_switches(results: Results) -> Figure:
    """Draw errors after each switch, and what is expected before and at the end."""
    data, courses = results.measured["switches"], results.measured["courses"].by_block
    figure, axes = panels(2, 4, height=3.7, sharey="row")
    for (name, title), upper, lower in zip(NAMES.items(), *axes, strict=True):
        before, block = "both" if name == "back" else "first", data.sel(block=name)
        old = float(data.error.sel(block=before).isel(test=-1).mean())
        errors = block.start.expand_dims(test=[0]).combine_first(block.error)
        lines(errors, upper, x="test", show="each", title=title, legend=None, ylim=(0, None),
              baselines={"before the switch": old, "150 % of it": 1.5 * old}, ylabel="",
              xlabel="trials after the switch")  # fmt: skip
        shown = {
            f"{EVENTS[channel]}, {moment}": courses.sel(block=where, channel=channel)
            for moment, where in (("at the switch", before), ("at the end", name))
            for channel in EVENTS
        }
        lines(shown, lower, markers=False, legend=None, xlim=(0, 1000), xlabel=TIME, ylabel="",
              colours=[_blend(colour, share) for share in (0, 1) for colour in COLOURS.values()],
              )  # fmt: skip
    axes[0, 0].set_ylabel("error")
    axes[1, 0].set_ylabel("expectation")
    handles = [*axes[0, 0].lines[-2:], *axes[1, 0].lines]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _explain(figure: Figure, columns: int, *entries: tuple[str, Any, str]) -> None:
    handles = []
    for text, colour, style in entries:
        look: dict[str, Any] = {"linestyle": style}
        if style not in ("-", "--", ":"):
            look = {"linestyle": "none", "marker": style, "markersize": 5}
        handles.append(Line2D([], [], color=colour, label=text, **look))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def draw_components(results: Results) -> Figure:
    """Draw the conditions in the plane of two components, and the way weights take."""
    data, metrics = results.measured["weights"], results.metrics
    figure, axes = panels(1, 3, height=2.9)
    marks = dict(zip(GRID_LATENCY, "os^", strict=True))
    shades = dict(zip(GRID_P, (PALETTE[5], PALETTE[0], "#00304f"), strict=True))
    conditions = [(p, latency) for p in GRID_P for latency in GRID_LATENCY]
    for ax, prefix, title in ((axes[0], "", "blocks normalised"), (axes[1], "raw_", "raw weights")):
        scores = data[f"{prefix}scores"].isel(seed=0).values
        for (p, latency), score in zip(conditions, scores, strict=True):
            ax.plot(*score[:2], marks[latency], color=shades[p], markersize=5)
        texts = []
        for k, axis in ((1, ax.xaxis), (2, ax.yaxis)):
            r = {n: metrics[f"{prefix}pc{k}_{n}"] for n in ("probability", "latency")}
            best = max(r, key=r.__getitem__)
            texts.append(f"{k} with {best} {r[best]:.2f}")
            share = 100 * metrics[f"{prefix}pc{k}_share"]
            axis.set_label_text(f"component {k} ({share:.0f} %)")
        ax.set_title(f"{title}, first seed\n|r|: {', '.join(texts)}", fontsize=7)
    for name, colour in WAYS.items():
        way = data.isel(seed=0).sel(switch=name)
        axes[0].plot(*way.path.transpose("axis", "test").values, "-", color=colour, linewidth=1.0)
        axes[0].plot(*way.end.values, "*", color=colour, markersize=7, markerfacecolor="white")
    lines(data.distance, axes[2], x="test", hue="switch", show="each", colours=WAYS, markers=False,
          legend=None, baselines={"": 1.0}, ylim=(0, None), xlabel="trials after the switch",
          ylabel="distance, relative to\nthe first trial", title="way to the matching condition",
          )  # fmt: skip
    _explain(figure, 6, *((f"p(A) = {p}", shade, "o") for p, shade in shades.items()),
             *((f"A at {t} ms", GREY, mark) for t, mark in marks.items()),
             *((NAMES[name], colour, "-") for name, colour in WAYS.items()),
             ("matching", "black", "*"))  # fmt: skip
    return figure


def draw_angles(results: Results) -> Figure:
    """Draw principal angles of the read-outs between what chance gives."""
    data = results.measured["weights"]
    titles = {"p80": "what and when,\np(A) = 0.8", "p50": "what and when,\np(A) = 0.5",
              "change": "changes by probability\nand by latency"}  # fmt: skip
    figure, axes = panels(1, 3, height=2.5, sharey=True)
    for ax, (pair, title) in zip(axes, titles.items(), strict=True):
        for k in data.k.values:
            here = data.sel(pair=pair, k=k)
            for offset, kind, colour in ((-0.22, "null", GREY), (0.22, "permuted", PALETTE[5])):
                low, middle, high = np.percentile(here[kind], [2.5, 50, 97.5])
                ax.plot([k + offset] * 2, [low, high], color=colour, linewidth=3, alpha=0.7)
                ax.plot(k + offset, middle, "_", color="black", markersize=6)
            ax.plot(np.full(here.seed.size, k), here.angle, "o", color=PALETTE[1], markersize=4)
        ax.set(title=title, xlabel="principal angle", xticks=data.k, xlim=(0.4, data.k.size + 0.6))
    axes[0].set_ylabel("angle (degrees)")
    _explain(figure, 3, ("measured, by seed", PALETTE[1], "o"),
             ("random subspaces (95 %)", GREY, "-"),
             ("cells permuted (95 %)", PALETTE[5], "-"))  # fmt: skip
    return figure


def draw_arms(results: Results) -> Figure:
    """Draw errors through three blocks for optimisers, read-outs, gates and loops."""
    data = results.measured["arms"].error
    groups = {
        "optimiser": {"local": "local", "rls": "RLS", "rls_forgetting": "RLS, forgetting (when)",
                      "rls_both": "RLS, forgetting (both)", "rls_reset": "RLS, reset at switches"},
        "read-outs": {"local": "split, local", "rls": "split, RLS", "merged": "merged, local",
                      "merged_rls": "merged, RLS"},
        "gate and loop": {"local": "union gate", "full": "full gate", "window": "window gate",
                          "no_feedback": "union, no feedback", "once": "union, local what"},
    }  # fmt: skip
    figure, axes = panels(1, 3, height=2.8, sharey=True)
    length = int(data.test[-1])
    for ax, (title, arms) in zip(axes, groups.items(), strict=True):
        for number, block in enumerate(data.block.values):
            part = data.sel(block=block, arm=list(arms))
            part = part.assign_coords(test=part.test + number * length)
            lines(part, ax, x="test", hue="arm", labels=arms, markers=False, legend=None,
                  title=title, xlabel="trials", ylabel="")  # fmt: skip
        handles = ax.get_lines()[: len(arms)]
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=6.5)
        for number, text in ((1, "timing"), (2, "probability")):
            ax.axvline(number * length, color=GREY, linewidth=0.8, linestyle=":")
            ax.text(number * length, 1.0, text, transform=ax.get_xaxis_transform(), fontsize=6.5,
                    color=GREY, ha="center", va="top",
                    bbox={"facecolor": "white", "linewidth": 0, "pad": 1})  # fmt: skip
        ax.set_xlim(0, 3 * length)
    axes[0].set(ylim=(0, 1.08 * float(data.mean("seed").max())), ylabel="error of the expectation")
    return figure


def draw_clock(results: Results) -> Figure:
    """Draw how recurrence and recovery of single cells carry the time."""
    data = results.measured["clock"]
    data = data.assign(decoding=data.decoding.mean("decoding_0"))
    ticks = ["{:g}/{:g}".format(*COUPLINGS[name]) for name in data.coupling.values]
    data = data.assign_coords(coupling=ticks)
    figure, axes = panels(1, 3, height=2.5)
    untrained = {"untrained": results.baselines["error_untrained"]}
    for ax, (name, label) in zip(
        axes,
        {
            "decoding": "time decoded, R²",
            "rate": "rate (Hz)",
            "error": "error after learning",
        }.items(),
        strict=True,
    ):
        lines(data[name], ax, x="coupling", hue="recovery", show="bars", ylabel=label,
              labels={"slow": "slow recovery in cells", "stock": "stock recovery"}, legend=None,
              baselines=untrained if name == "error" else None,
              xlabel="coupling, excitatory/inhibitory", ylim=(0, None))  # fmt: skip
    axes[0].set_ylim(min(-0.1, float(data.decoding.min())), 1.0)
    alone = float(data.decoding.sel(recovery="slow").isel(coupling=0).mean())
    stock = float(data.decoding.sel(recovery="stock").mean("seed")[1:].max())
    figure.suptitle(f"R² of the clock: slow cells without recurrence {alone:.2f}, recurrence of "
                    f"stock cells at most {stock:.2f}")  # fmt: skip
    handles, labels = axes[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


FIGURES = {
    "reservoir": draw_reservoir, "traces": draw_traces, "amplitude": draw_amplitude,
    "learning": draw_learning, "switches": draw_switches, "components": draw_components,
    "angles": draw_angles, "arms": draw_arms, "clock": draw_clock,
}  # fmt: skip
"""All figures by name."""
