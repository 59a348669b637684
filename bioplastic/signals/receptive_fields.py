"""Receptive fields: which pixels a column of cells sees.

Where every cell sees the whole image and competes with all others, few cells answer to an image,
each with a prototype of all of it. With receptive fields a layer is a grid of columns. The cells of
a column see the same square window, through afferents of their own, and compete among themselves:
an image is described by one prototype per window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.fields import checked, param
from bioplastic.validation import check_integer

__all__ = ["ReceptiveFields", "place_fields"]


@dataclass(frozen=True)
class ReceptiveFields:
    """Windows of an image, one per column.

    ``pixels``, shape (n_columns, n_afferents), are those that each column sees, of ``n_features``.
    """

    pixels: NDArray[np.int64]
    n_features: int

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.pixels)

    @property
    def n_inputs(self) -> int:
        """Number of afferents of all columns."""
        return int(self.pixels.size)

    def view(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the afferents see, shape (n_samples, n_inputs), column after column."""
        if self.n_columns == 1:
            return images
        return np.ascontiguousarray(images[:, self.pixels.ravel()])

    def spread(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Return the weights of afferents, shape (n_inputs, n_hidden / n_columns), as of pixels.

        These have shape (n_features, n_hidden) and are 0 outside of the fields.
        """
        blocks = weights.reshape(*self.pixels.shape, -1)
        n_cells = blocks.shape[2]
        spread = np.zeros((self.n_features, self.n_columns * n_cells), dtype=weights.dtype)
        for column, (pixels, block) in enumerate(zip(self.pixels, blocks, strict=True)):
            spread[pixels, column * n_cells : (column + 1) * n_cells] = block
        return spread

    def middle(self, weights: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, int]]:
        """Return what the cells of the column in the middle get from its pixels, and their shape.

        Weights have shape (n_features, n_hidden); one column means all of them. The shape is that
        of a square window.
        """
        number = self.n_columns // 2
        cells = np.split(np.arange(weights.shape[1]), self.n_columns)[number]
        side = math.isqrt(len(self.pixels[number]))
        return weights[np.ix_(self.pixels[number], cells)], (side, side)


@checked(n_features=param(minimum=1), stride=param(minimum=1))
def place_fields(n_features: int, size: int | None, stride: int) -> ReceptiveFields:
    """Place windows on a square image, from edge to edge, in row-major order.

    Parameters
    ----------
    n_features : int
        Pixels of the image.
    size : int or None
        Side of the windows in pixels; None for one that is the whole image, of any shape.
    stride : int
        Pixels from one window to the next, across and down.

    Raises
    ------
    ValueError
        If the image is no square, or windows of this size and stride do not end at its edge.

    Examples
    --------
    >>> place_fields(16, 2, 2).pixels
    array([[ 0,  1,  4,  5],
           [ 2,  3,  6,  7],
           [ 8,  9, 12, 13],
           [10, 11, 14, 15]])
    """
    if size is None:
        return ReceptiveFields(np.arange(n_features)[None], n_features)
    side = math.isqrt(n_features)
    if side**2 != n_features:
        raise ValueError(
            f"place_fields.n_features: needs square images, got images of {n_features} pixels"
        )
    check_integer("place_fields.size", size, minimum=1)
    if size > side or (side - size) % stride:
        raise ValueError(
            f"place_fields.size: windows of {size} pixels in steps of {stride} do not "
            f"end at the edge of an image of {side} x {side}"
        )
    corners = range(0, side - size + 1, stride)
    image = np.arange(n_features).reshape(side, side)
    windows = [image[r : r + size, c : c + size].ravel() for r in corners for c in corners]
    return ReceptiveFields(np.stack(windows), n_features)
