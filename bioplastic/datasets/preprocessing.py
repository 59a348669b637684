"""Changes to images that a paper applies before it encodes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter, zoom

from bioplastic.fields import checked, param

__all__ = ["equalise_brightness", "normalise_patches", "preprocess_fashion", "resize_images"]


@checked
def resize_images(
    X: ArrayLike, image_shape: tuple[int, int], new_shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Resize flat images by linear interpolation.

    Parameters
    ----------
    X : array_like of numbers, shape (n, rows * columns)
        Grey values from 0 to 255.
    image_shape, new_shape : tuple of int
        Rows and columns before and after.

    Returns
    -------
    ndarray of uint8, shape (n, new rows * new columns)
        The resized images.

    Raises
    ------
    ValueError
        If the images do not have ``image_shape``.

    Examples
    --------
    >>> resize_images([[0, 0, 100, 100]], (2, 2), (2, 4))
    array([[  0,   0,   0,   0, 100, 100, 100, 100]], dtype=uint8)
    """
    square = _check_shape("resize_images.X", X, image_shape)
    factors = (1.0, *(new / old for new, old in zip(new_shape, image_shape, strict=True)))
    large = zoom(square, factors, order=1, mode="nearest", grid_mode=True)
    flat: NDArray[np.uint8] = np.clip(np.rint(large), 0, 255).astype(np.uint8)
    return flat.reshape(len(square), -1)


@checked
def preprocess_fashion(X: ArrayLike) -> NDArray[np.uint8]:
    """Scale each image to a mean of 30 and saturate at 255.

    Clothes fill far more of the image than digits do, so that raw Fashion-MNIST drives a network
    tuned to MNIST (mean pixel about 33) far too hard. Each image is multiplied by 30 over its own
    mean, rounded and cut at 255; because of the cut the mean of some images stays below 30. An
    image without any light stays as it is. Apply it to training and test images alike.

    Parameters
    ----------
    X : array_like of numbers, shape (n, ...)
        Images along the first axis, 0 to 255.

    Returns
    -------
    ndarray of uint8, shape (n, ...)
        The scaled images.

    Raises
    ------
    ValueError
        If there is no axis of pixels, or a value is not finite or outside 0 to 255.

    References
    ----------
    Y. Hao, X. Huang, M. Dong and B. Xu, A biologically plausible supervised learning method for
    spiking neural networks using the symmetric STDP rule, Neural Networks 121, 2020,
    https://doi.org/10.1016/j.neunet.2019.09.007 (preprocessing of the published program).

    Examples
    --------
    >>> import numpy as np
    >>> preprocess_fashion(np.array([[10, 20, 30], [0, 0, 200], [0, 0, 0]]))
    array([[15, 30, 45],
           [ 0,  0, 90],
           [ 0,  0,  0]], dtype=uint8)
    """
    return _scale_to_mean("preprocess_fashion.X", X, 30.0)


@checked(mean=param(maximum=255, positive=True))
def equalise_brightness(X: ArrayLike, mean: float) -> NDArray[np.uint8]:
    """Scale each image to a mean grey value and saturate at 255.

    Parameters
    ----------
    X : array_like of numbers, shape (n, ...)
        Images along the first axis, 0 to 255.
    mean : float
        Grey value wanted; where the cut at 255 acts, the mean of the result stays below it.

    Returns
    -------
    ndarray of uint8, shape (n, ...)
        The scaled images; an image without any light stays as it is.

    Raises
    ------
    ValueError
        If there is no axis of pixels, or a value is not finite or outside 0 to 255.

    Examples
    --------
    >>> equalise_brightness([[0, 0, 200], [0, 0, 0]], 20)
    array([[ 0,  0, 60],
           [ 0,  0,  0]], dtype=uint8)
    """
    return _scale_to_mean("equalise_brightness.X", X, mean)


@checked(size=param(minimum=2))
def normalise_patches(
    X: ArrayLike, image_shape: tuple[int, int], size: int = 7
) -> NDArray[np.uint8]:
    """Subtract from each pixel the mean of its surroundings and divide by their deviation.

    What is more than one standard deviation from the mean is cut; -1 to 1 become 0 to 255. Where
    all is equal, the result is the middle. Outside the image pixels are mirrored.

    Parameters
    ----------
    X : array_like of numbers, shape (n, rows * columns)
        Images.
    image_shape : tuple of int
        Rows and columns.
    size : int, default 7
        Pixels along each side of the surroundings.

    Returns
    -------
    ndarray of uint8, shape (n, rows * columns)
        The normalised images.

    Raises
    ------
    ValueError
        If the images do not have ``image_shape``.

    References
    ----------
    Hussaini, Milford & Fischer (2023), ICRA, arXiv 2209.08723 (their program).

    Examples
    --------
    >>> normalise_patches([[10, 10, 10, 200], [7, 7, 7, 7]], (2, 2), size=3)
    array([[ 82,  59,  59, 255],
           [128, 128, 128, 128]], dtype=uint8)
    """
    images, window = _check_shape("normalise_patches.X", X, image_shape), (1, size, size)
    mean, square = uniform_filter(images, window), uniform_filter(images**2, window)
    variance = square - mean**2
    plain = variance <= 1e-9 * square  # what rounding leaves of no variance
    scaled = np.where(plain, 0, (images - mean) / np.sqrt(np.where(plain, 1, variance)))
    grey: NDArray[np.uint8] = np.rint(127.5 * (1 + np.clip(scaled, -1, 1))).astype(np.uint8)
    return grey.reshape(len(images), -1)


def _check_shape(place: str, X: ArrayLike, image_shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return flat images as squares."""
    images, (rows, columns) = _check_numbers(place, X), image_shape
    if images.ndim != 2 or images.shape[1] != rows * columns:
        raise ValueError(f"{place}: must have shape (n, {rows * columns}), got {images.shape}")
    return images.reshape(-1, rows, columns)


def _check_numbers(place: str, X: ArrayLike) -> NDArray[np.float64]:
    images = np.asarray(X)
    if images.dtype.kind not in "biuf":
        raise TypeError(f"{place}: must hold grey values, got an array of {images.dtype}")
    images = images.astype(float)
    if not np.isfinite(images).all():
        raise ValueError(f"{place}: must be finite, got NaN or infinity")
    return images


def _scale_to_mean(place: str, X: ArrayLike, mean: float) -> NDArray[np.uint8]:
    images = _check_numbers(place, X)
    if images.ndim < 2:
        raise ValueError(
            f"{place}: must have shape (n, pixels) or (n, rows, columns), got {images.shape}"
        )
    if images.size and not (images.min() >= 0 and images.max() <= 255):
        raise ValueError(
            f"{place}: must lie from 0 to 255, got values from {images.min():g} to {images.max():g}"
        )
    means = images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    gain = np.divide(mean, means, out=np.zeros_like(means), where=means > 0)
    scaled: NDArray[np.uint8] = np.minimum(np.rint(images * gain), 255).astype(np.uint8)
    return scaled
