"""What an event camera sees of a still image while it makes three saccades.

The movement is that of the recordings of N-MNIST (Orchard et al. 2015, Frontiers in Neuroscience
9:437): along a triangle, 105 ms for each side. A pixel answers to the logarithm of its brightness
(Lichtsteiner et al. 2008, IEEE JSSC 43:566): an event each time it has changed by a threshold.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from brian2 import Quantity, ms, second
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from bioplastic.events.events import Events
from bioplastic.fields import Constants, param

__all__ = ["Saccades", "simulate_saccades"]

_BATCH = 64  # images that move together


class Saccades(Constants):
    """A camera and its movement; defaults are fitted to recordings of N-MNIST.

    Examples
    --------
    >>> Saccades(threshold=0.3).threshold
    0.3
    """

    threshold: float = param(0.21, positive=True, doc="change of the logarithm for an event")
    mismatch: float = param(0.1, minimum=0, doc="spread of the threshold over pixels, relative")
    dark: bool = param(True, doc="whether strokes are shown dark on a bright screen")
    background: float = param(0.3, positive=True, doc="added to the brightness, full is 1")
    width: float = param(2.5, doc="columns that the first leg moves the image by")
    height: float = param(4.5, doc="rows that the first leg moves the image by")
    left: float = param(0.5, minimum=0, doc="column of the image at rest")
    top: float = param(1.5, minimum=0, doc="row of the image at rest")
    canvas: int = param(34, minimum=2, doc="pixels of the sensor along each axis")
    leg: Quantity = param(105 * ms, positive=True, doc="duration of a saccade")
    steps: int = param(20, minimum=1, doc="steps of the simulation for each saccade")
    noise: Quantity = param(0 / second, minimum=0, doc="rate of spontaneous events of a pixel")

    def path(self) -> NDArray[np.float64]:
        """Return column and row of the image after every step, shape (1 + 3*steps, 2).

        Each leg begins and ends slowly: ``s(u) = u - sin(2 pi u)/(2 pi)``.
        """
        u = np.arange(1, self.steps + 1) / self.steps
        s = u - np.sin(2 * math.pi * u) / (2 * math.pi)
        legs = ((self.width, self.height), (self.width, -self.height), (-2 * self.width, 0.0))
        points = [np.array([[self.left, self.top]])]
        for leg in legs:
            points.append(points[-1][-1:] + s[:, None] * np.array(leg))
        return np.concatenate(points)


def simulate_saccades(
    images: Any, camera: Saccades | None = None, random_state: Any = None
) -> list[Events]:
    """Return what a camera sees of each image during three saccades.

    Between two steps the logarithm is taken to change evenly, so several events of a pixel within a
    step are spread over it.

    Parameters
    ----------
    images : array-like, shape (n, height, width)
        Brightness from 0 (dark) to 255.
    camera : Saccades, optional
        Threshold, movement, size; by default those of N-MNIST.
    random_state : None, int or RandomState, default None
        Fixes the thresholds of the pixels and the noise.

    Returns
    -------
    list of Events
        One for each image.

    Raises
    ------
    ValueError
        If images are no stack of pictures, values lie outside 0 to 255, or an image leaves the
        sensor on its way.

    Examples
    --------
    >>> digit = np.zeros((1, 28, 28))
    >>> digit[0, 10:18, 12:16] = 255
    >>> simulate_saccades(digit, random_state=0)
    [Events(1308 events, 34 x 34 pixels, 315 ms)]
    """
    camera = Saccades() if camera is None else camera
    stack = np.asarray(images, dtype=np.float32)
    if stack.ndim != 3:
        raise ValueError(
            f"simulate_saccades.images: must have the shape (n, height, width), got {stack.shape}"
        )
    if stack.size and not (np.isfinite(stack).all() and 0 <= stack.min() <= stack.max() <= 255):
        raise ValueError("simulate_saccades.images: must hold values from 0 to 255")
    path = camera.path()
    room = camera.canvas - np.array([stack.shape[2], stack.shape[1]])
    if (path < -1e-9).any() or (path > room + 1e-9).any():
        raise ValueError(
            f"simulate_saccades: an image of {stack.shape[2]} x {stack.shape[1]} pixels leaves the "
            f"{camera.canvas} x {camera.canvas} pixels of the sensor on its way"
        )
    rng = check_random_state(random_state)
    shape = (camera.canvas, camera.canvas)
    theta = camera.threshold * np.maximum(1 + camera.mismatch * rng.standard_normal(shape), 0.1)
    found = []
    for first in range(0, len(stack), _BATCH):
        found += _see(stack[first : first + _BATCH] / 255, camera, path, theta, rng)
    return found


def _see(
    images: NDArray[Any], camera: Saccades, path: NDArray[Any], theta: NDArray[Any], rng: Any
) -> list[Events]:
    """Move a batch of images and return its events."""
    size, step = camera.canvas, float(camera.leg) * 1e6 / camera.steps
    before = _brightness(images, path[0], camera)
    reference = before.copy()
    parts: list[list[NDArray[Any]]] = []
    for k, at in enumerate(path[1:]):
        now = _brightness(images, at, camera)
        change = np.where(now == before, 1, now - before)
        count = np.trunc((now - reference) / theta).astype(np.int32)
        for j in range(1, int(abs(count).max(initial=0)) + 1):
            image, y, x = np.nonzero(abs(count) >= j)
            sign = np.sign(count[image, y, x])
            level = reference[image, y, x] + sign * j * theta[y, x]
            part = (level - before[image, y, x]) / change[image, y, x]
            t = np.rint((k + np.clip(part, 0, 1)) * step).astype(np.int64)
            parts.append([image, t, x, y, sign > 0])
        reference += count * theta
        before = now
    if float(camera.noise):
        duration = (len(path) - 1) * step
        rate = float(camera.noise) * duration * 1e-6
        image, y, x = np.nonzero(counts := rng.poisson(rate, (len(images), size, size)))
        image, y, x = (np.repeat(v, counts[counts > 0]) for v in (image, y, x))
        t = np.rint(rng.uniform(0, duration, len(image))).astype(np.int64)
        parts.append([image, t, x, y, rng.random_sample(len(image)) < 0.5])
    if not parts:
        parts = [[np.zeros(0, np.int64)] * 4 + [np.zeros(0, bool)]]
    image, t, x, y, p = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((t, image))
    bounds = np.searchsorted(image[order], np.arange(len(images) + 1))
    x, y = x[order].astype(np.int32), y[order].astype(np.int32)
    t, p = t[order], p[order]
    return [
        Events(t[a:b], x[a:b], y[a:b], p[a:b], (size, size)) for a, b in itertools.pairwise(bounds)
    ]


def _brightness(images: NDArray[Any], at: NDArray[Any], camera: Saccades) -> NDArray[Any]:
    """Return the logarithm of what pixels see with the corner of the images at (column, row)."""
    n, height, width = images.shape
    size = camera.canvas
    canvas = np.zeros((n, size + 1, size + 1), np.float32)
    (left, u), (top, v) = ((int(a + 1e-9), (a + 1e-9) % 1) for a in at)
    for dy, wy in ((0, 1 - v), (1, v)):  # between pixels bilinearly
        for dx, wx in ((0, 1 - u), (1, u)):
            canvas[:, top + dy : top + dy + height, left + dx : left + dx + width] += (
                np.float32(wx * wy) * images
            )
    seen = canvas[:, :size, :size]
    return np.asarray(np.log((1 - seen if camera.dark else seen) + camera.background))
