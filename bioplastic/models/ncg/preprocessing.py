"""From images to spike times: contrast filters, scaling, latency code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from bioplastic.validation import check_integer, check_real

__all__ = [
    "all_patches",
    "difference_of_gaussians",
    "fit_scale",
    "latency_code",
    "split_signs",
    "whiten",
    "whitening_filters",
]

Images = NDArray[np.float64]


def split_signs(images: Images) -> Images:
    """Return positive and negative part as neighbouring channels, both non-negative.

    Parameters
    ----------
    images : array, shape (n, rows, columns, channels)

    Returns
    -------
    array, shape (n, rows, columns, 2 * channels)
        Channel ``2z`` is ``max(0, x_z)``, channel ``2z + 1`` is ``max(0, -x_z)``.

    Examples
    --------
    >>> split_signs(np.array([[[[0.5]], [[-0.25]]]])).tolist()
    [[[[0.5, 0.0]], [[0.0, 0.25]]]]
    """
    halves = np.stack([np.maximum(images, 0.0), np.maximum(-images, 0.0)], axis=-1)
    return halves.reshape(*images.shape[:-1], 2 * images.shape[-1])


def difference_of_gaussians(
    images: Images, *, size: int = 7, centre: float = 1.0, surround: float = 2.0
) -> Images:
    """Return on- and off-centre responses.

    Parameters
    ----------
    images : array, shape (n, rows, columns, channels)
    size : int, default 7
        Rows and columns of the filter (odd).
    centre, surround : float, default 1 and 2
        Standard deviations (pixels). Both Gaussians sum to one on the grid.

    Returns
    -------
    array, shape (n, rows, columns, 2 * channels)
        On-centre in even, off-centre in odd channels; the edge of the image is repeated outwards.

    Raises
    ------
    ValueError
        If the size is even.

    Examples
    --------
    >>> flat = difference_of_gaussians(np.ones((1, 9, 9, 1)))
    >>> flat.shape, bool(np.abs(flat).max() < 1e-12)
    ((1, 9, 9, 2), True)
    """
    check_integer("difference_of_gaussians.size", size, minimum=1)
    if size % 2 == 0:
        raise ValueError(f"difference_of_gaussians.size: must be odd, got {size}")
    _, rows, columns, _ = images.shape
    blurred = []
    for argument, sigma in (("centre", centre), ("surround", surround)):
        check_real(f"difference_of_gaussians.{argument}", sigma, minimum=0, exclusive=True)
        offsets = np.arange(size) - size // 2
        profile = np.exp(-(offsets**2) / (2 * sigma**2))
        profile /= profile.sum()  # the square Gaussian is the product of two of these
        over_rows, over_columns = (
            correlate1d(np.eye(length), profile, axis=0, mode="nearest")
            for length in (rows, columns)
        )
        first = np.moveaxis(images, 3, 1) @ over_columns.T
        blurred.append(np.moveaxis(over_rows @ first, 1, 3))
    return split_signs(blurred[0] - blurred[1])


def whitening_filters(
    images: Images, *, size: int = 9, stride: int = 2, eps: float = 0.01, n_patches: int = 10**6
) -> NDArray[np.float64]:
    """Return the centre columns of the ZCA matrix of image patches, one filter per channel.

    The matrix is ``U diag(1/sqrt(s + eps)) U'`` with the eigenvectors ``U`` and eigenvalues ``s``
    of the covariance of all patches. The filter of a channel is its response to a unit impulse at
    the centre of the patch in that channel, minus its mean.

    Parameters
    ----------
    images : array, shape (n, rows, columns, channels)
        Training images, 0 to 1.
    size : int, default 9
        Rows and columns of a patch (odd).
    stride : int, default 2
        Distance between patches.
    eps : float, default 0.01
        Keeps directions without variance bounded.
    n_patches : int, default 1,000,000
        At most so many patches; images are then taken at equal distances in the set.

    Returns
    -------
    array, shape (channels, size, size, channels)

    Raises
    ------
    ValueError
        If the images are smaller than a patch or the size is even.

    Examples
    --------
    >>> noise = np.random.default_rng(0).random((20, 8, 8, 1))
    >>> filters = whitening_filters(noise, size=3)
    >>> filters.shape, bool(filters[0, 1, 1, 0] == filters.max())
    ((1, 3, 3, 1), True)
    """
    n, rows, columns, channels = images.shape
    check_integer("whitening_filters.size", size, minimum=1, maximum=min(rows, columns))
    if size % 2 == 0:
        raise ValueError(f"whitening_filters.size: must be odd, got {size}")
    check_real("whitening_filters.eps", eps, minimum=0, exclusive=True)
    per_image = ((rows - size) // stride + 1) * ((columns - size) // stride + 1)
    used = min(n, max(1, n_patches // per_image))
    chosen = images[np.linspace(0, n - 1, used).astype(int)]
    length = size * size * channels
    total, products, count = np.zeros(length), np.zeros((length, length)), 0
    for start in range(0, used, 256):
        patches = all_patches(chosen[start : start + 256], size)[:, ::stride, ::stride]
        flat = patches.reshape(-1, length)
        total += flat.sum(axis=0)
        products += flat.T @ flat
        count += len(flat)
    mean = total / count
    values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    zca = (vectors / np.sqrt(np.maximum(values, 0.0) + eps)) @ vectors.T
    centre = (size // 2 * size + size // 2) * channels
    filters = zca[:, centre : centre + channels].T
    filters = filters - filters.mean(axis=1, keepdims=True)
    result: NDArray[np.float64] = filters.reshape(channels, size, size, channels)
    return result


def whiten(images: Images, filters: NDArray[np.float64]) -> Images:
    """Return the responses of whitening filters, split by sign.

    Parameters
    ----------
    images : array, shape (n, rows, columns, channels)
    filters : array, shape (n_filters, size, size, channels)
        See `whitening_filters`.

    Returns
    -------
    array, shape (n, rows, columns, 2 * n_filters)
        The edge of the image is repeated outwards.

    Examples
    --------
    >>> images = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> whiten(images, np.ones((1, 1, 1, 1)))[0, :, :, 0].tolist() == images[0, :, :, 0].tolist()
    True
    """
    size = filters.shape[1]
    edge = size // 2
    padded = np.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="edge")
    matrix = filters.reshape(len(filters), -1).T
    out = np.empty((*images.shape[:3], len(filters)))
    for start in range(0, len(images), 32):
        patches = all_patches(padded[start : start + 32], size)
        out[start : start + 32] = patches.reshape(*patches.shape[:3], -1) @ matrix
    return split_signs(out)


def all_patches(images: Any, size: int) -> Any:
    """Return all patches, of shape (n, rows, columns, size, size, channels)."""
    axes: Any = (1, 2)
    views = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=axes)
    return np.moveaxis(views, 3, -1)


def fit_scale(
    low: NDArray[np.float64] | None, high: NDArray[np.float64] | None, responses: Images
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return minimum and maximum of every feature, those of an earlier part included.

    Parameters
    ----------
    low, high : array, shape (rows, columns, channels), or None
        Limits so far.
    responses : array, shape (n, rows, columns, channels)

    Returns
    -------
    low, high : array, shape (rows, columns, channels)
    """
    least, most = responses.min(axis=0), responses.max(axis=0)
    if low is not None and high is not None:
        least, most = np.minimum(low, least), np.maximum(high, most)
    return least, most


def latency_code(
    responses: Images, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return spike times: the stronger, the earlier.

    Responses are scaled by the limits of the training set to ``v``, which may leave 0 to 1 on
    other images; the time is ``max(0, 1 - v)``. A feature that was constant in training has v = 0.

    Parameters
    ----------
    responses : array, shape (n, rows, columns, channels)
    low, high : array, shape (rows, columns, channels)
        See `fit_scale`.

    Returns
    -------
    array of float32, shape (n, rows, columns, channels)
        Times from 0; exactly 1 means no spike and becomes infinite. Values below the minimum
        of the training set give times above 1, which are spikes.

    Examples
    --------
    >>> v = np.array([-1.0, 0.0, 0.25, 2.0]).reshape(4, 1, 1, 1)
    >>> latency_code(v, np.zeros((1, 1, 1)), np.ones((1, 1, 1))).ravel().tolist()
    [2.0, inf, 0.75, 0.0]
    """
    spread = high - low
    gain = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    times: NDArray[np.float32] = np.maximum(0.0, 1.0 - (responses - low) * gain).astype(np.float32)
    times[times == 1.0] = np.inf
    return times
