"""The figure: cost per image against network size, and cost per plastic synapse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.ticker import NullFormatter

from bioplastic.plotting import PALETTE, new_figure, save_figure, use_style
from bioplastic.plotting._labels import place_end_labels

from .protocol import plastic_synapses

__all__ = ["draw_speed"]

COLOURS = {
    "ours": PALETTE[1],
    "reference": PALETTE[6],
    "brian2_neuron_traces": PALETTE[0],
    "brian2_synapse_traces": PALETTE[5],
    "bindsnet": PALETTE[3],
    "nest": PALETTE[2],
    "genn": PALETTE[4],
}
MARKERS = {
    "ours": "o", "reference": "s", "brian2_neuron_traces": "^", "brian2_synapse_traces": "v",
    "bindsnet": "D", "nest": "P", "genn": "X",
}  # fmt: skip


def draw_speed(
    table: Mapping[str, Mapping[str, Mapping[str, Any]]], labels: Mapping[str, str], path: Path
) -> Path:
    """Draw the summary of a benchmark and save it as PNG.

    Parameters
    ----------
    table : mapping
        What :func:`benchmarks.summary.summarise` returned.
    labels : mapping
        Words for each contender.
    path : pathlib.Path
        Where to write.
    """
    names = list(dict.fromkeys(name for entries in table.values() for name in entries))
    panels: tuple[tuple[str, str, Callable[[int], int], str], ...] = (
        ("cpu_ms_per_image", "CPU time per image (ms)", lambda n: n, "hidden neurons $N$"),
        (
            "cpu_ns_per_plastic_synapse",
            "CPU time per image\nand plastic synapse (ns)",
            plastic_synapses,
            "plastic synapses",
        ),
    )
    with use_style():
        figure = new_figure(height=4.6)
        for axes, (key, ylabel, x_of, xlabel) in zip(figure.subplots(2, 1), panels, strict=True):
            ends = []
            for name in names:
                sizes = sorted(int(n) for n in table if name in table[n])
                xs = [x_of(n) for n in sizes]
                ys = [table[str(n)][name][key] for n in sizes]
                colour = COLOURS.get(name, PALETTE[4])
                axes.plot(xs, ys, color=colour, marker=MARKERS.get(name, "o"))
                ends.append((ys[-1], labels.get(name, name), colour))
            axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
            axes.margins(y=0.12)  # room for the words at the ends of the highest lines
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_minor_formatter(NullFormatter())
            if key == "cpu_ms_per_image":
                ticks = [int(n) for n in table]
                axes.set_xticks(ticks, [str(n) for n in ticks])
                axes.minorticks_off()
            place_end_labels(axes, ends)
        return save_figure(figure, path)
