"""Checks of the arguments of the spiking convolution."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bioplastic.models.ncg.csnn import Learning
from bioplastic.models.ncg.extraction import check_image_shape
from bioplastic.validation import check_choice, check_flag, check_integer, check_real

__all__ = ["check_arguments", "check_gaussians"]

_NOT_NEGATIVE = (
    "threshold", "min_threshold", "eta_threshold", "a_plus", "a_minus", "beta", "weight_std"
)  # fmt: skip


def check_gaussians(place: str, gaussians: Any) -> tuple[float, float]:
    """Return the standard deviations of centre and surround.

    Raises
    ------
    TypeError, ValueError
        If they are no pair of positive numbers.

    Examples
    --------
    >>> check_gaussians("Model.gaussians", [1, 2])
    (1.0, 2.0)
    """
    if not isinstance(gaussians, (tuple, list)) or len(gaussians) != 2:
        raise ValueError(f"{place}: must be (centre, surround), got {gaussians!r}")
    centre, surround = (check_real(place, sigma, minimum=0, exclusive=True) for sigma in gaussians)
    return centre, surround


def check_arguments(
    place: str, arguments: Mapping[str, Any]
) -> tuple[tuple[int, int, int], Learning]:
    """Return the shape of the images and the constants of learning.

    Parameters
    ----------
    place : str
        Name of the class.
    arguments : mapping
        Arguments of `bioplastic.models.ncg.SpikingConvFeatures`.

    Raises
    ------
    TypeError, ValueError
        For the first argument outside its limits.

    Examples
    --------
    >>> from bioplastic.models.ncg import SpikingConvFeatures
    >>> shape, learning = check_arguments("Model", SpikingConvFeatures((8, 8)).get_params())
    >>> shape, learning.channels, learning.n_filters
    ((8, 8, 1), 2, 128)
    """
    given = arguments
    shape = check_image_shape(f"{place}.image_shape", given["image_shape"])
    check_flag(f"{place}.progress", given["progress"])
    if not isinstance(given["cache"], str | os.PathLike):
        check_flag(f"{place}.cache", given["cache"])
    check_integer(f"{place}.n_jobs", given["n_jobs"], minimum=-1)
    if not isinstance(given["gaussians"], tuple | list) or len(given["gaussians"]) != 2:
        raise TypeError(
            f"{place}.gaussians: must be (centre, surround), got {given['gaussians']!r}"
        )
    for width in given["gaussians"]:
        check_real(f"{place}.gaussians", width, minimum=0, exclusive=True)
    small = min(shape[:2])
    check_choice(f"{place}.preprocessing", given["preprocessing"], ("dog", "whitening"))
    check_choice(f"{place}.patches", given["patches"], ("published", "all"))
    kernel = check_integer(f"{place}.kernel", given["kernel"], minimum=1, maximum=small)
    most = small - kernel + 1
    check_integer(f"{place}.pooling", given["pooling"], minimum=1, maximum=most)
    check_integer(f"{place}.epochs", given["epochs"], minimum=0)
    check_integer(f"{place}.random_state", given["random_state"], minimum=0)
    numbers = {
        name: check_real(f"{place}.{name}", given[name], minimum=0, maximum=1)
        for name in ("t_target", "decay")
    }
    numbers |= {
        name: check_real(f"{place}.{name}", given[name], minimum=0) for name in _NOT_NEGATIVE
    }
    return shape, Learning(
        n_filters=check_integer(f"{place}.n_filters", given["n_filters"], minimum=2),
        kernel=kernel,
        channels=2 * shape[2],
        weight_mean=check_real(f"{place}.weight_mean", given["weight_mean"]),
        patches=given["patches"],
        **numbers,
    )
