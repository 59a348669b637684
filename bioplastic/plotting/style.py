"""How every picture looks: sizes, fonts, colours, and files that come out the same each time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioplastic.fields import checked, param
from bioplastic.files import write_atomically

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "COLUMN_WIDTH",
    "GREY",
    "PAGE_WIDTH",
    "PALETTE",
    "STYLE",
    "new_figure",
    "save_figure",
    "use_style",
]

COLUMN_WIDTH = 3.5
"""Width of one journal column in inches."""

PAGE_WIDTH = 7.2
"""Width of a journal page in inches."""

PALETTE = (
    "#0072B2",  # blue
    "#D55E00",  # vermillion
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#E69F00",  # orange
    "#56B4E9",  # sky blue
    "#000000",
)
"""Colours of Okabe and Ito (2008), which colour-blind readers can tell apart; yellow is left out
because thin yellow lines vanish on white."""

GREY = "#6E6E6E"
"""For baselines, guides and everything else that is not a result."""

CLASS_COLOURS = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#222222",
)
"""Ten class colours: the "muted" scheme of Paul Tol (2021) and near-black."""

CLASS_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">")
"""Ten marker shapes that say the class a second time."""

STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 8,
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.facecolor": "white",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-2, 5),
    "axes.formatter.use_mathtext": True,
    "axes.titlepad": 4.0,
    "axes.labelpad": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "image.origin": "upper",
    "path.simplify": True,
    "svg.hashsalt": "bioplastic",  # names inside the file, the same every time
}
"""Matplotlib settings of the house style."""


_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""What each kind of file would say about when and by what it was written."""


@contextlib.contextmanager
def use_style() -> Iterator[None]:
    """Use the house style inside a ``with`` block and restore the settings after it.

    Every function of this package draws in the house style when it makes its own figure, and in
    the current settings when it is given axes. Enclose both the making of the axes and the
    drawing.

    Examples
    --------
    >>> from bioplastic.plotting import new_figure, use_style
    >>> with use_style():
    ...     figure = new_figure(height=2.0)
    ...     axes = figure.add_subplot()
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = STYLE  # the names of settings are typed in some releases only
        mpl.rcParams.update(settings)
        yield


@checked
def new_figure(width: float = COLUMN_WIDTH, height: float = 2.4) -> Figure:
    """Return an empty figure in the house style that belongs to no window.

    Parameters
    ----------
    width, height : float
        Size in inches; the width is one column by default.

    Returns
    -------
    Figure
        It is freed with its last reference, since pyplot does not know it.

    Examples
    --------
    >>> new_figure(height=2.0).get_size_inches().tolist()
    [3.5, 2.0]
    """
    with use_style():
        return Figure(figsize=(width, height))


@contextlib.contextmanager
def drawing_axes(
    ax: Axes | None, width: float = COLUMN_WIDTH, height: float = 2.4
) -> Iterator[Axes]:
    """Lend the given axes in the current style, or new ones in the house style."""
    if ax is not None:
        yield ax
        return
    with use_style():
        yield new_figure(width, height).add_subplot()


@checked(dpi=param(minimum=1))
def save_figure(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 300) -> Path:
    """Write a figure as PNG, SVG or PDF, all or nothing, the same bytes for the same picture.

    No date or program version goes into the file, the letters are those of the font that comes
    with matplotlib, and the file appears under its name only when it is complete.

    Parameters
    ----------
    figure : Figure
        The picture.
    path : path-like
        Where to write it, ending in ``.png``, ``.svg`` or ``.pdf``. Missing folders are made.
    dpi : int, default 300
        Dots per inch; in vector files those of rasterised parts only.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    ValueError
        If the name has another ending.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(new_figure(), f"{folder}/empty.png").name
    'empty.png'
    """
    target = Path(path)
    if target.suffix not in _METADATA:
        endings = ", ".join(repr(ending) for ending in _METADATA)
        raise ValueError(f"save_figure.path: must end in one of {endings}, got {str(target)!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(target) as file, use_style():
        figure.savefig(file, format=target.suffix[1:], dpi=dpi, metadata=_METADATA[target.suffix])
    return target
