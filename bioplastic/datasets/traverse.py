"""A made-up journey through places that are seen again in other seasons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bioplastic.datasets.dataset import Dataset
from bioplastic.fields import checked, param

__all__ = ["synthetic_traverse"]


@checked(
    seed=param(minimum=0), n_places=param(minimum=2), side=param(minimum=4),
    n_references=param(minimum=1), n_queries=param(minimum=1), grain=param(positive=True),
    brightness=param(minimum=0), blur=param(minimum=0), shift=param(minimum=0),
    noise=param(minimum=0),
)  # fmt: skip
def synthetic_traverse(
    seed: int = 0,
    *,
    n_places: int = 100,
    side: int = 28,
    n_references: int = 2,
    n_queries: int = 1,
    grain: float = 1.5,
    brightness: float = 0.5,
    blur: float = 1.0,
    shift: int = 1,
    noise: float = 0.07,
) -> Dataset:
    """Draw images of places along a way, in several seasons.

    The landscape is a long strip of random patterns of two sizes, one twice the other; places are
    crops of it side by side. In every season light and sharpness differ, in every image where the
    camera points.

    Parameters
    ----------
    seed : int, default 0
        Fixes everything.
    n_places : int, default 100
        Places.
    side : int, default 28
        Pixels along each side of an image.
    n_references, n_queries : int, default 2 and 1
        Seasons to learn from, and seasons to recognise places in.
    grain : float, default 1.5
        Size of the finer patterns in pixels.
    brightness : float, default 0.5
        All values of a season are multiplied by the exponential of a number that is uniform up to
        this, of either sign, and clipped.
    blur : float, default 1
        Largest standard deviation of the filter of a season, in pixels; uniform from 0.
    shift : int, default 1
        Largest displacement of an image along each axis, in pixels.
    noise : float, default 0.07
        Standard deviation of the noise of an image, on a scale of grey from 0 to 1.

    Returns
    -------
    Dataset
        Places are the classes, in the order of the way. Seasons follow each other.

    Examples
    --------
    >>> way = synthetic_traverse(n_places=5, n_queries=3)
    >>> way.X.shape, way.X_test.shape, way.y
    ((10, 784), (15, 784), array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]))
    """
    rng = np.random.default_rng(seed)
    shape = (side + 2 * shift, n_places * side + 2 * shift)
    strip = np.zeros(shape)
    for size in (grain, 2 * grain):
        layer = gaussian_filter(rng.standard_normal(shape), size, mode="wrap")
        strip += layer / layer.std()
    strip = 0.4 + 0.15 * strip / strip.std()
    seasons = [
        _season(rng, strip, n_places, side, brightness, blur, shift, noise)
        for _ in range(n_references + n_queries)
    ]
    parts = seasons[:n_references], seasons[n_references:]
    X, X_test = (np.concatenate(part) for part in parts)
    y, y_test = (np.tile(np.arange(n_places, dtype=np.int64), len(part)) for part in parts)
    return Dataset("traverse", X, y, X_test, y_test, (side, side), n_places, source="synthetic")


def _season(
    rng: np.random.Generator, strip: NDArray[np.float64], n_places: int, side: int,
    brightness: float, blur: float, shift: int, noise: float,
) -> NDArray[np.uint8]:  # fmt: skip
    gain, sigma = np.exp(rng.uniform(-brightness, brightness)), rng.uniform(0, blur)
    seen = gain * gaussian_filter(strip, sigma, mode="wrap")
    rows, columns = rng.integers(0, 2 * shift + 1, (2, n_places))
    views = np.stack([
        seen[row : row + side, place * side + column : (place + 1) * side + column]
        for place, (row, column) in enumerate(zip(rows, columns, strict=True))
    ])  # fmt: skip
    views = views + noise * rng.standard_normal(views.shape)
    grey: NDArray[np.uint8] = np.rint(255 * np.clip(views, 0, 1)).astype(np.uint8)
    return grey.reshape(n_places, -1)
