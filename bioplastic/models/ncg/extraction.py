"""What the feature extractors share: shapes, names, and images handled in parallel parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from bioplastic.models.images import check_brightness, check_images
from bioplastic.validation import check_integer

__all__ = ["check_flat_images", "check_image_shape", "map_images", "name_features"]


def check_image_shape(place: str, image_shape: Any) -> tuple[int, int, int]:
    """Return rows, columns and channels.

    Parameters
    ----------
    place : str
        Where the shape was given, ``"Class.image_shape"``.
    image_shape : tuple of int
        Rows, columns and, if more than one, channels.

    Raises
    ------
    TypeError, ValueError
        If it is nothing of the kind.

    Examples
    --------
    >>> check_image_shape("Model.image_shape", (28, 28))
    (28, 28, 1)
    """
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) not in (2, 3):
        raise ValueError(
            f"{place}: must be (rows, columns) or (rows, columns, channels), got {image_shape!r}"
        )
    rows, columns, channels = (
        check_integer(place, size, minimum=1) for size in (*image_shape, 1)[:3]
    )
    return rows, columns, channels


def check_flat_images(place: str, X: ArrayLike, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return training images as uint8 grey values of the wanted shape.

    Parameters
    ----------
    place : str
        Name of the class.
    X : array_like, shape (n_samples, pixels)
        Grey values from 0 to 255.
    shape : (int, int, int)
        Rows, columns and channels.

    Raises
    ------
    ValueError
        If they do not fit.

    Examples
    --------
    >>> check_flat_images("Model", [[0, 255]], (1, 2, 1))
    array([[  0, 255]], dtype=uint8)
    """
    images = check_images(f"{place}.X", X)
    check_brightness(f"{place}.X", X)
    if images.shape[1] != np.prod(shape):
        raise ValueError(
            f"{place}.X: image_shape={shape} needs {np.prod(shape)} values per image, "
            f"got {images.shape[1]}"
        )
    return images


def name_features(output_shape: tuple[int, int, int]) -> NDArray[np.object_]:
    """Return names of the form ``window<row>_<column>_map<number>``.

    Examples
    --------
    >>> name_features((1, 2, 1)).tolist()
    ['window0_0_map0', 'window0_1_map0']
    """
    rows, columns, maps = output_shape
    names = [
        f"window{r}_{c}_map{z}"
        for r in range(rows) for c in range(columns) for z in range(maps)
    ]  # fmt: skip
    return np.array(names, dtype=object)


def map_images(
    function: Callable[[Any, NDArray[np.uint8]], Any],
    context: Any,
    images: NDArray[np.uint8],
    *,
    size: int,
    n_jobs: int,
    what: str = "",
) -> Iterator[Any]:
    """Apply a function to parts of the images in parallel processes, results in order.

    Parameters
    ----------
    function : callable
        Takes the context and a part of the images.
    context : object
        Sent to every process.
    images : array of uint8, shape (n_samples, pixels)
    size : int
        Images per part.
    n_jobs : int
        Processes, see `joblib.Parallel`.
    what : str, default ""
        Name of a progress bar; none by default.

    Examples
    --------
    >>> images = np.arange(6, dtype=np.uint8).reshape(3, 2)
    >>> [int(s) for s in map_images(lambda add, part: part.sum() + add, 100, images,
    ...                             size=2, n_jobs=1)]
    [106, 109]
    """
    starts = range(0, len(images), size)
    results = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
        joblib.delayed(function)(context, images[start : start + size]) for start in starts
    )
    yield from tqdm(results, total=len(starts), desc=what, disable=not what)
