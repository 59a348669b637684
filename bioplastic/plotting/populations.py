"""Spikes over time, one panel for each population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import COLUMN_WIDTH, PALETTE, new_figure, use_style
from bioplastic.validation import check_integer, check_real

__all__ = ["plot_raster", "stack_spikes"]

_SHADE = "#EDEDED"


@checked
def stack_spikes(
    spikes: Mapping[str, tuple[ArrayLike, ArrayLike]], populations: Mapping[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Join the spikes of several populations into one train with running indices.

    Parameters
    ----------
    spikes : mapping of str to (times, indices)
        Spike times in seconds and neuron indices inside each population.
    populations : mapping of str to int
        Number of neurons of each population. Its order gives the offsets.

    Returns
    -------
    times : ndarray, shape (n_spikes,)
        Spike times in seconds.
    indices : ndarray of int64, shape (n_spikes,)
        Neuron indices counted through all populations.

    Raises
    ------
    TypeError, ValueError
        If a population is missing or an index lies outside its population.

    Examples
    --------
    >>> times, indices = stack_spikes(
    ...     {"in": ([0.1], [2]), "out": ([0.2], [0])}, populations={"in": 5, "out": 3}
    ... )
    >>> indices
    array([2, 5])
    """
    if unknown := set(spikes) - set(populations):
        raise ValueError(f"stack_spikes.spikes: must name populations, got {sorted(unknown)}")
    all_times, all_indices, offset = [np.empty(0)], [np.empty(0, dtype=np.int64)], 0
    for name, size in populations.items():
        size = check_integer(f"stack_spikes.populations[{name!r}]", size, minimum=1)
        if name in spikes:
            times, indices = _check_train(f"stack_spikes.spikes[{name!r}]", *spikes[name], size)
            all_times.append(times)
            all_indices.append(indices + offset)
        offset += size
    return np.concatenate(all_times), np.concatenate(all_indices)


@checked
def plot_raster(
    times: ArrayLike,
    indices: ArrayLike,
    populations: Mapping[str, int],
    *,
    window: tuple[float, float] | None = None,
    phases: Sequence[tuple[float, float, str]] = (),
    image: ArrayLike | None = None,
    title: str = "",
    width: float = COLUMN_WIDTH,
) -> Figure:
    """Draw spikes in stacked panels, one per population, that share the time axis.

    Neuron 0 is at the bottom of its panel; the number under the name is that of the neurons.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Spike times in seconds, in any order.
    indices : array_like of int, shape (n_spikes,)
        Neuron of each spike, counted through all populations (see `stack_spikes`).
    populations : mapping of str to int
        Name and number of neurons of each population, top panel first.
    window : (float, float), optional
        Time shown, in seconds; by default all spikes and phases.
    phases : sequence of (start, stop, name), optional
        Named stretches of time in seconds; every second one is shaded.
    image : array_like, shape (rows, columns), optional
        The input image, drawn beside the first panel.
    title : str, optional
        Title.
    width : float, default one column
        Width of the figure in inches.

    Returns
    -------
    Figure
        One panel per population, and the image.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, an index belongs to no population, or a time span is empty.

    Examples
    --------
    >>> figure = plot_raster(
    ...     [0.01, 0.02, 0.03], [0, 4, 5], {"input": 4, "hidden": 2},
    ...     phases=[(0, 0.04, "image"), (0.04, 0.05, "rest")],
    ... )
    >>> len(figure.axes)
    2
    """
    place = "plot_raster"
    if not populations:
        raise ValueError(f"{place}.populations: must hold at least one population")
    sizes = {
        name: check_integer(f"{place}.populations[{name!r}]", size, minimum=1)
        for name, size in populations.items()
    }
    t, i = _check_train(place, times, indices, sum(sizes.values()))
    for phase in phases:
        if not isinstance(phase, tuple | list) or len(phase) != 3:
            raise TypeError(f"{place}.phases: must hold (start, stop, name), got {phase!r}")
        start, stop, name = phase
        _check_span(f"{place}.phases[{name!r}]", start, stop)
    if window is None:
        edges = [*t[:0], *(edge for phase in phases for edge in phase[:2])]
        edges += [float(t.min()), float(t.max())] if t.size else []
        begin, end = (min(edges), max(edges)) if edges else (0.0, 1.0)
        end = end if end > begin else begin + 1e-3
    else:
        begin, end = _check_span(f"{place}.window", *window)
    picture = None
    if image is not None:
        picture = check_array(f"{place}.image", image, shape=(None, None))
    factor, unit = (1e3, "ms") if end - begin <= 2.0 else (1.0, "s")
    heights = np.sqrt(list(sizes.values()))
    heights = np.maximum(heights / heights.max(), 0.28)
    with use_style():
        figure = new_figure(width, 0.75 + 0.95 * float(heights.sum()))
        ratios = [1.0] if picture is None else [1.0, 0.24]
        panels = figure.subplots(
            len(sizes),
            len(ratios),
            squeeze=False,
            sharex="col",
            gridspec_kw={"height_ratios": heights, "width_ratios": ratios},
        )
        if picture is not None:
            for axes in panels[:, 1]:
                axes.set_axis_off()
            panels[0, 1].imshow(picture, cmap="Greys", interpolation="nearest")
            panels[0, 1].set_title("image", fontsize=7)
        inside = (t >= begin) & (t <= end)
        offset = 0
        for number, (name, size) in enumerate(sizes.items()):
            axes = panels[number, 0]
            mine = inside & (i >= offset) & (i < offset + size)
            room = 0.95 * 72 * float(heights[number]) / size  # points per neuron
            sparse = room > 2.5 or np.count_nonzero(mine) < 500
            axes.plot(
                factor * t[mine],
                i[mine] - offset,
                linestyle="none",
                marker="|" if sparse else "o",
                markersize=float(np.clip(0.8 * room, 3.5 if sparse else 0.9, 5.0)),
                markeredgewidth=0.7 if sparse else 0.0,
                color=PALETTE[number % len(PALETTE)],
            )
            axes.set_ylim(-0.5, size - 0.5)
            axes.set_xlim(factor * begin, factor * end)
            axes.set_yticks([])
            axes.set_ylabel(
                f"{name}\n{size:,}",
                color=PALETTE[number % len(PALETTE)],
                rotation=0,
                ha="right",
                va="center",
            )
            for index, (start, stop, _) in enumerate(phases):
                if index % 2:
                    axes.axvspan(factor * start, factor * stop, color=_SHADE, linewidth=0, zorder=0)
            if number < len(sizes) - 1:
                axes.tick_params(axis="x", length=0)
                axes.spines["bottom"].set_visible(False)
            offset += size
        _name_phases(panels[0, 0], phases, begin, end, factor)
        panels[-1, 0].set_xlabel(f"time ({unit})")
        if title:
            figure.suptitle(title)
    return figure


def _name_phases(
    axes: Any, phases: Sequence[tuple[float, float, str]], begin: float, end: float, factor: float
) -> None:
    for start, stop, name in phases:
        left, right = max(start, begin), min(stop, end)
        if right > left:
            axes.text(
                factor * (left + right) / 2,
                1.03,
                name,
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=7,
            )


def _check_span(place: str, start: float, stop: float) -> tuple[float, float]:
    begin = check_real(f"{place} (start)", start)
    end = check_real(f"{place} (stop)", stop)
    if end <= begin:
        raise ValueError(f"{place}: must end after it starts, got {begin:g} s to {end:g} s")
    return begin, end


def _check_train(
    place: str, times: ArrayLike, indices: ArrayLike, size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    t = check_array(f"{place}.times", times, shape=(None,)).astype(np.float64)
    i = check_array(f"{place}.indices", indices, shape=(t.size,))
    if i.size and (i.dtype.kind == "f" or i.min() < 0 or i.max() >= size):
        raise ValueError(f"{place}.indices: must be neuron indices from 0 to {size - 1}")
    return t, i.astype(np.int64)
