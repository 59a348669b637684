"""Pictures of weights: receptive fields on a grid, and the map from neurons to classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked
from bioplastic.plotting._parts import add_colour_bar, name_classes
from bioplastic.plotting.style import COLUMN_WIDTH, drawing_axes, new_figure, use_style
from bioplastic.validation import check_integer, check_real

__all__ = ["plot_class_weights", "plot_weight_maps"]


@checked
def plot_weight_maps(
    weights: ArrayLike,
    image_shape: tuple[int, int],
    *,
    vmin: float | None = None,
    vmax: float | None = None,
    label: str = "synaptic weight",
    unit: str = "",
    title: str = "",
    cmap: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show the incoming weights of every neuron as an image, tiled on a near-square grid.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_neurons)
        The weights; neurons fill the grid row by row.
    image_shape : (int, int)
        Rows and columns of the input image; their product is ``n_inputs``.
    vmin, vmax : float, optional
        Limits of the colours. By default from zero to the largest weight, and symmetric about
        zero when there are negative weights.
    label : str, default "synaptic weight"
        What the colour bar shows.
    unit : str, optional
        Unit of the weights for the colour bar, for example ``"nS"``.
    title : str, optional
        Title above the maps.
    cmap : str, optional
        Matplotlib colour map.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes with the maps; the figure is ``axes.figure``.

    Raises
    ------
    TypeError, ValueError
        If the weights are no finite matrix that fits the image shape.

    Examples
    --------
    >>> import numpy as np
    >>> axes = plot_weight_maps(np.random.default_rng(0).random((16, 9)), (4, 4))
    >>> axes.images[0].get_array().shape
    (14, 14)
    """
    place = "plot_weight_maps"
    rows = check_integer(f"{place}.image_shape[0]", image_shape[0], minimum=1)
    columns = check_integer(f"{place}.image_shape[1]", image_shape[1], minimum=1)
    matrix = check_array(f"{place}.weights", weights, shape=(rows * columns, None))
    if matrix.shape[1] == 0:
        raise ValueError(f"{place}.weights: must hold at least one neuron, got none")
    low, high, signed = colour_limits(place, matrix, vmin, vmax)
    tiled = tile_images(matrix.T.reshape(-1, rows, columns))
    height = COLUMN_WIDTH * 0.82 * tiled.shape[0] / tiled.shape[1] + (0.2 if title else 0.05)
    with drawing_axes(ax, height=height) as axes:
        image = axes.imshow(
            tiled,
            cmap=cmap or ("RdBu_r" if signed else "inferno"),
            vmin=low,
            vmax=high,
            interpolation="antialiased",
        )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(title)
        axes.spines[:].set_visible(False)
        add_colour_bar(axes, image, f"{label} ({unit})" if unit else label)
    return axes


@checked
def plot_class_weights(
    weights: ArrayLike,
    assignment: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    vmax: float | None = None,
    label: str = "synaptic weight",
    unit: str = "",
    title: str = "",
) -> Figure:
    """Show the weights from hidden neurons to classes, neurons sorted by their preferred class.

    The preferred class of a neuron is the one it projects to most strongly; inside a class the
    strongest neuron comes first. Beyond 800 neurons, neighbours are averaged. With an
    `assignment` a second panel shows, in the same order, the class that each neuron was given
    from its responses, how often the two agree, and how many neurons were given none.

    Parameters
    ----------
    weights : array_like, shape (n_neurons, n_classes)
        The weights.
    assignment : array_like of int, shape (n_neurons,), optional
        Class of each neuron as from `bioplastic.analysis.assign_labels`, -1 for none.
    class_names : sequence of str, optional
        Names of the classes; their numbers by default.
    vmax : float, optional
        Upper limit of the colours; the largest weight by default.
    label : str, default "synaptic weight"
        What the colour bar shows.
    unit : str, optional
        Unit of the weights.
    title : str, optional
        Title above the weights.

    Returns
    -------
    Figure
        One panel, or two with an assignment.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite or do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> figure = plot_class_weights(np.eye(4), assignment=[0, 1, 2, -1])
    >>> figure.axes[1].get_title()
    'label assignment (100 % agree, 1 silent)'
    """
    place = "plot_class_weights"
    matrix = check_array(f"{place}.weights", weights, shape=(None, None))
    n_neurons, n_classes = matrix.shape
    if matrix.size == 0:
        raise ValueError(f"{place}.weights: must not be empty, got shape {matrix.shape}")
    names = name_classes(place, class_names, n_classes)
    preferred = matrix.argmax(axis=1)
    order = np.lexsort((-matrix.max(axis=1), preferred))
    low, high, signed = colour_limits(place, matrix, None, vmax)
    assigned = None
    if assignment is not None:
        assigned = check_labels(
            f"{place}.assignment", assignment, n_samples=n_neurons, n_classes=n_classes, minimum=-1
        )
    extent = (-0.5, n_neurons - 0.5, n_classes - 0.5, -0.5)
    panel = max(0.9, 0.11 * n_classes)
    with use_style():
        n_panels = 1 if assigned is None else 2
        figure = new_figure(height=0.45 + n_panels * (panel + 0.25))
        axes = figure.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0]
        image = axes[0].imshow(
            _pool_columns(matrix[order].T),
            aspect="auto",
            interpolation="nearest",
            extent=extent,
            cmap="RdBu_r" if signed else "inferno",
            vmin=low,
            vmax=high,
        )
        axes[0].set_title(title)
        add_colour_bar(axes[0], image, f"{label} ({unit})" if unit else label)
        if assigned is not None:
            one_hot = np.equal.outer(np.arange(n_classes), assigned[order])
            axes[1].imshow(
                _pool_columns(one_hot),
                aspect="auto",
                interpolation="nearest",
                extent=extent,
                cmap="Greys",
                vmin=0,
                vmax=1,
            )
            known = assigned >= 0
            agree = np.mean(preferred[known] == assigned[known]) if known.any() else 0.0
            axes[1].set_title(
                f"label assignment ({100 * agree:.0f} % agree, {n_neurons - known.sum()} silent)"
            )
        for panel_axes in axes:
            panel_axes.set_yticks(range(n_classes), names)
            panel_axes.set_ylabel("class")
            panel_axes.spines[:].set_visible(True)
            panel_axes.tick_params(axis="y", length=0)
            _thin_labels(panel_axes, n_classes)
        axes[-1].set_xlabel("hidden neuron, sorted by preferred class")
        axes[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    return figure


def tile_images(images: NDArray[Any]) -> NDArray[np.float64]:
    """Lay images on a near-square grid with a blank line of one pixel between them."""
    n, rows, columns = images.shape
    across = math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    tiled = np.full((down * (rows + 1) - 1, across * (columns + 1) - 1), np.nan)
    for index, image in enumerate(images):
        top, left = index // across * (rows + 1), index % across * (columns + 1)
        tiled[top : top + rows, left : left + columns] = image
    return tiled


def _pool_columns(image: NDArray[Any], most: int = 800) -> NDArray[np.float64]:
    """Average neighbouring columns when there are more than a printed column can resolve."""
    width = -(-image.shape[1] // most)
    starts = np.arange(0, image.shape[1], width)
    sizes = np.diff(np.append(starts, image.shape[1]))
    return np.asarray(np.add.reduceat(image.astype(np.float64), starts, axis=1) / sizes)


def colour_limits(
    place: str, matrix: NDArray[Any], vmin: float | None, vmax: float | None
) -> tuple[float, float, bool]:
    smallest, largest = float(matrix.min()), float(matrix.max())
    signed = smallest < 0
    high = check_real(f"{place}.vmax", largest if vmax is None else vmax)
    if signed and vmax is None:
        high = max(abs(smallest), abs(largest))
    low = check_real(f"{place}.vmin", (-high if signed else 0.0) if vmin is None else vmin)
    if high <= low:
        if vmin is not None or vmax is not None:
            raise ValueError(f"{place}.vmax: must be larger than vmin = {low:g}, got {high:g}")
        high = low + 1.0
    return low, high, signed


def _thin_labels(axes: Axes, n_classes: int) -> None:
    """Name only every k-th class when there is no room for all."""
    if n_classes > 20:
        step = math.ceil(n_classes / 10)
        for index, text in enumerate(axes.get_yticklabels()):
            text.set_visible(index % step == 0)
