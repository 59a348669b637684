"""Checks of the arguments of the continual classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.models.hlop.parameters import HLOPParameters
from bioplastic.validation import check_choice, check_flag, check_integer, check_real

__all__ = ["check_arguments", "check_samples"]

_CHOICES = {
    "trainer": ("ottt", "bptt"),
    "feedback": ("transpose", "random", "sign", "direct"),
    "projection": ("hebbian", "none"),
    "laterals": ("linear", "spiking"),
    "subspace_data": ("traces", "both"),
    "head": ("shared", "per_task"),
    "backend": ("auto", "engine", "numpy"),
}


def check_arguments(model: Any) -> None:
    """Check the constructor arguments of a `ContinualClassifier`.

    Raises
    ------
    TypeError, ValueError
        For the first argument that is out of range.
    """
    place = type(model).__name__
    for name, choices in _CHOICES.items():
        check_choice(f"{place}.{name}", getattr(model, name), choices)
    check_flag(f"{place}.progress", model.progress)
    for name in ("hidden", "subspace_sizes"):
        if not isinstance(getattr(model, name), tuple | list):
            raise TypeError(f"{place}.{name}: must be a sequence, got {getattr(model, name)!r}")
    for sizes in model.subspace_sizes:
        if not isinstance(sizes, tuple | list):
            raise TypeError(f"{place}.subspace_sizes: must hold sequences, got {sizes!r}")
    if len(model.hidden) == 0:
        raise ValueError(f"{place}.hidden: must hold at least one size, got {model.hidden!r}")
    for size in model.hidden:
        check_integer(f"{place}.hidden", size, minimum=1)
    for name in ("batch_size", "epochs", "lateral_steps", "replay_epochs", "fisher_samples"):
        check_integer(f"{place}.{name}", getattr(model, name), minimum=1)
    for name in ("replay", "random_state"):
        check_integer(f"{place}.{name}", getattr(model, name), minimum=0)
    for name in ("learning_rate", "replay_learning_rate", "ewc"):
        check_real(f"{place}.{name}", getattr(model, name), minimum=0)
    if model.parameters is not None and not isinstance(model.parameters, HLOPParameters):
        raise TypeError(
            f"{place}.parameters: must be HLOPParameters or None, got {model.parameters!r}"
        )
    if model.projection == "hebbian":
        layers = len(model.hidden) + (model.head == "shared")
        if not len(model.subspace_sizes):
            raise ValueError(f"{place}.subspace_sizes: must hold the sizes of at least one task")
        for sizes in model.subspace_sizes:
            if len(sizes) < layers:
                raise ValueError(
                    f"{place}.subspace_sizes: must have {layers} sizes per task, got {sizes!r}"
                )
            for size in sizes:
                check_integer(f"{place}.subspace_sizes", size, minimum=0)
    if model.backend == "engine":
        for name, wanted in (("batch_size", 1), ("trainer", "ottt"), ("subspace_data", "traces")):
            if getattr(model, name) != wanted:
                raise ValueError(
                    f"{place}.backend: 'engine' needs {name}={wanted!r}, "
                    f"got {getattr(model, name)!r}"
                )
        if model.ewc > 0:
            raise ValueError(f"{place}.backend: 'engine' has no consolidation, got ewc={model.ewc}")


def check_samples(place: str, X: ArrayLike, n_features: int | None = None) -> NDArray[Any]:
    """Return samples as an array of numbers.

    Raises
    ------
    ValueError
        For a wrong shape, no samples, no numbers, or values that are not finite.
    """
    array = np.asarray(X)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{place}: must be numbers, got dtype {array.dtype}")
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{place}: must have shape (n_samples, n_features), got {array.shape}")
    if n_features is not None and array.shape[1] != n_features:
        raise ValueError(f"{place}: the model knows {n_features} features, got {array.shape[1]}")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        sample, feature = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(
            f"{place}: must be finite, got {array[sample, feature]} at sample {sample}"
        )
    return array
