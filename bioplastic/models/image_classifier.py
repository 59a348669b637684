"""What classifiers share that show images as Poisson spikes until enough cells answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from bioplastic.engine import Trial
from bioplastic.models.base import SpikingClassifier
from bioplastic.models.images import check_brightness, check_images
from bioplastic.signals import PoissonSource

__all__ = ["ImageClassifier", "image_source", "image_trial"]


class ImageClassifier(SpikingClassifier):
    """Base of classifiers whose samples are grey values from 0 to 255, as `image_source` shows."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags

    def check_samples(self, X: Any, *, first: bool = False) -> NDArray[np.uint8]:
        """Return images as grey values from 0 to 255; fractions are rounded."""
        place = f"{type(self).__name__}.X"
        array = super().check_samples(X, first=first)
        images = check_images(place, array)
        if first:
            check_brightness(place, array)
        return images


def image_source(n: int, presentation: Quantity, *, dead_steps: int = 0) -> PoissonSource:
    """Return inputs ``image`` that fire with ``pixel/8 * intensity`` Hz during the presentation.

    Diehl & Cook (2015); ``intensity`` is a variable of the trial, see `image_trial`.

    Examples
    --------
    >>> image_source(784, 350 * ms).rates
    'pixel/8*intensity*Hz'
    """
    return PoissonSource(
        name="image", n=n, rates="pixel/8*intensity*Hz", inputs={"pixel": "uint8"},
        window=(0 * ms, presentation), dead_steps=dead_steps,
    )  # fmt: skip


def image_trial(
    presentation: Quantity, rest: Quantity, *,
    min_spikes: int, first_intensity: float, last_intensity: float,
) -> Trial:  # fmt: skip
    """Return a presentation and a pause, repeated with more intensity while ``exc`` is too quiet.

    Examples
    --------
    >>> trial = image_trial(
    ...     350 * ms, 150 * ms, min_spikes=5, first_intensity=2, last_intensity=32
    ... )
    >>> trial.repeat_while
    'exc_count < 5 and intensity < 32'
    """
    return Trial(
        duration=presentation + rest,
        variables={"intensity": first_intensity},
        repeat_while=f"exc_count < {min_spikes} and intensity < {last_intensity}",
        on_repeat="intensity += 1",
    )
