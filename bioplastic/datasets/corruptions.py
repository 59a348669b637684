"""Images as they come in bad light, noise or out of place, to test classifiers on.

The kinds are those in use since Hendrycks & Dietterich (2019, ICLR), as simple functions of grey
values; strengths for 28 and for 8 pixels along a side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from sklearn.utils import check_random_state

from bioplastic.fields import Constants, checked, param
from bioplastic.validation import check_choice

__all__ = ["CORRUPTIONS", "Strengths", "corrupt"]

CORRUPTIONS: tuple[str, ...] = (
    "clean", "gaussian", "impulse", "blur", "contrast", "bright", "mid", "shift", "occlusion",
    "mixed",
)  # fmt: skip
"""Kinds that `corrupt` knows: ``mid`` squeezes values around middle grey, ``mixed`` draws one of
clean, contrast, bright and mid for each image."""

_MIXED = ("clean", "contrast", "bright", "mid")


class Strengths(Constants):
    """How strongly images are corrupted, on a scale of grey from 0 to 1.

    Examples
    --------
    >>> Strengths.of((8, 8)).occlusion, Strengths().occlusion
    (3, 10)
    """

    gaussian: float = param(0.4, minimum=0, doc="standard deviation of noise")
    impulse: float = param(0.1, minimum=0, maximum=0.5, doc="share of pixels set to each extreme")
    blur: float = param(2.0, minimum=0, doc="standard deviation of the filter in pixels")
    contrast: float = param(0.3, minimum=0, doc="factor of all values, also around middle grey")
    bright: float = param(0.4, minimum=0, doc="added to all values")
    shift: int = param(3, minimum=0, doc="pixels along both axes, in one of four directions")
    occlusion: int = param(10, minimum=1, doc="side of the square that is covered")
    border: int = param(4, minimum=0, doc="pixels along each edge that the square leaves free, "
                        "as digits do")  # fmt: skip

    @classmethod
    def of(cls, image_shape: tuple[int, int]) -> Strengths:
        """Return the strengths for images of this size: below 16 pixels the small ones."""
        small = {"gaussian": 0.3, "blur": 1.0, "shift": 1, "occlusion": 3, "border": 1}
        return cls(**(small if min(image_shape) < 16 else {}))


@checked
def corrupt(
    X: ArrayLike,
    kind: str,
    image_shape: tuple[int, int],
    *,
    strengths: Strengths | None = None,
    random_state: Any = None,
) -> NDArray[np.float64]:
    """Return corrupted images.

    Parameters
    ----------
    X : array_like, shape (n, rows * columns)
        Grey values from 0 to 255.
    kind : str
        One of `CORRUPTIONS`.
    image_shape : tuple of int
        Rows and columns.
    strengths : Strengths, optional
        By default those for images of this size.
    random_state : None, int or RandomState, default None
        Draws noise, places and directions.

    Returns
    -------
    ndarray, shape (n, rows * columns)
        Values from 0 to 255, not rounded.

    Raises
    ------
    ValueError
        For an unknown kind, or images of another shape or range.

    Examples
    --------
    >>> corrupt([[0, 100, 200, 255]], "contrast", (2, 2))
    array([[ 0. , 30. , 60. , 76.5]])
    """
    check_choice("corrupt.kind", kind, CORRUPTIONS)
    values = np.asarray(X)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"corrupt.X: must be numbers, got {values.dtype}")
    values = values.astype(float)
    if values.ndim != 2 or values.shape[1] != image_shape[0] * image_shape[1]:
        raise ValueError(
            f"corrupt.X: must have the shape (n, {image_shape[0]} * {image_shape[1]}), got "
            f"{values.shape}"
        )
    if values.size and not (np.isfinite(values).all() and 0 <= values.min() <= values.max() <= 255):
        raise ValueError("corrupt.X: must hold grey values from 0 to 255")
    s = Strengths.of(image_shape) if strengths is None else strengths
    rng = check_random_state(random_state)
    images = values.reshape(-1, *image_shape) / 255
    if kind == "mixed":
        chosen = rng.randint(len(_MIXED), size=len(images))
        for k, name in enumerate(_MIXED):
            images[chosen == k] = _apply(images[chosen == k], name, s, rng)
    else:
        images = _apply(images, kind, s, rng)
    return np.asarray(np.clip(images, 0, 1).reshape(values.shape) * 255)


def _apply(x: NDArray[Any], kind: str, s: Strengths, rng: np.random.RandomState) -> NDArray[Any]:
    if kind == "gaussian":
        return np.asarray(x + s.gaussian * rng.standard_normal(x.shape))
    if kind == "impulse":
        draw = rng.random_sample(x.shape)
        return np.where(draw < s.impulse, 0.0, np.where(draw > 1 - s.impulse, 1.0, x))
    if kind == "blur":
        return np.asarray(gaussian_filter(x, (0, s.blur, s.blur)))
    if kind == "contrast":
        return x * s.contrast
    if kind == "bright":
        return x + s.bright
    if kind == "mid":
        return 0.5 + s.contrast * (x - 0.5)
    out = x.copy()
    rows, columns = x.shape[1:]
    for k in range(len(x)):
        if kind == "shift":
            by = s.shift * rng.choice([-1, 1], 2)
            padded = np.pad(x[k], s.shift)
            top, left = s.shift - by
            out[k] = padded[top : top + rows, left : left + columns]
        elif kind == "occlusion":
            free = (n - s.occlusion - 2 * s.border for n in (rows, columns))
            top, left = (s.border + rng.randint(max(1, n + 1)) for n in free)
            out[k, top : top + s.occlusion, left : left + s.occlusion] = 0
    return out
