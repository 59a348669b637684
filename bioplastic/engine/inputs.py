"""Check the inputs of a call and bring them into the form the compiled network reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout
from bioplastic.validation import check_integer

__all__ = ["prepare_inputs"]

Prepared = dict[str, Any]


def prepare_inputs(
    layout: Layout, inputs: Mapping[str, Any], n_samples: int | None
) -> tuple[Prepared, int]:
    """Return the inputs in the order of the layout, and the number of samples.

    Parameters
    ----------
    layout : Layout
        Layout of the program.
    inputs : mapping
        Arrays and lists of spikes by name.
    n_samples : int or None
        Number of samples; needed when there are no inputs.

    Returns
    -------
    prepared : dict
        C-contiguous arrays of the declared dtype, (offsets, steps, cells) for lists of spikes, or
        (frames, numbers from one trial to the next) for analogue signals.
    n_samples : int
        The number of samples.

    Raises
    ------
    TypeError
        If the inputs are no mapping, a list of spikes is no sequence of pairs, or times have
        another unit.
    ValueError
        For unknown, missing or ill-shaped inputs, values outside the range of the declared type,
        and numbers of samples that do not agree.
    """
    if not isinstance(inputs, Mapping):
        raise TypeError(f"Program.inputs: must be a mapping, got {type(inputs).__name__}")
    declared = [entry["name"] for entry in layout.inputs]
    for name in inputs:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ValueError(f"Program.inputs: unknown input {name!r}; declared: {known}")
    prepared: Prepared = {}
    counts: dict[str, int] = {}
    if n_samples is not None:
        counts["n_samples"] = check_integer("Program.n_samples", n_samples, minimum=0)
    for entry in layout.inputs:
        name = entry["name"]
        if name not in inputs:
            raise ValueError(f"Program.inputs: input {name!r} is missing")
        if entry["kind"] != "spikes":
            _check_unit(entry, inputs[name])
        if entry["kind"] == "array":
            given = np.asarray(inputs[name])
            array = _check_array(entry, _silence(entry, given) if "latency" in entry else given)
            _check_whole(entry, array, layout)
            prepared[name] = array
            counts[name] = int(array.shape[0])
        elif entry["kind"] == "frames":
            prepared[name] = _check_frames(entry, inputs[name])
            if np.ndim(inputs[name]) == 3:
                counts[name] = len(inputs[name])
        else:
            prepared[name] = _check_spikes(entry, inputs[name], layout)
            counts[name] = len(inputs[name])
    if not counts and prepared:  # the same signals in every trial: one trial
        counts["n_samples"] = 1
    if not counts:
        raise ValueError("Program.n_samples: must be given for a network without inputs")
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise ValueError(f"Program.inputs: numbers of samples differ ({listed})")
    return prepared, next(iter(counts.values()))


def _check_array(entry: dict[str, Any], array: NDArray[Any]) -> NDArray[Any]:
    place, dtype = f"Program.inputs[{entry['name']!r}]", np.dtype(entry["dtype"])
    shape = tuple(entry["shape"])
    if array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        wanted = ", ".join(["n_samples", *(str(size) for size in shape)])
        raise ValueError(f"{place}: must have shape ({wanted}), got {array.shape}")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{place}: must be numbers, got dtype {array.dtype}")
    if array.dtype != dtype and array.size:
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{place}: must be finite")
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            if array.min() < limits.min or array.max() > limits.max:
                raise ValueError(
                    f"{place}: must lie in [{limits.min}, {limits.max}], "
                    f"got [{array.min()}, {array.max()}]"
                )
            if array.dtype.kind == "f" and np.any(array != np.rint(array)):
                raise ValueError(f"{place}: must be whole numbers ({dtype})")
    with np.errstate(over="ignore"):
        prepared = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    if dtype.kind == "f" and not np.all(np.isfinite(prepared)):
        raise ValueError(f"{place}: must be finite {dtype} numbers")
    return prepared


def _check_whole(entry: dict[str, Any], array: NDArray[Any], layout: Layout) -> None:
    """Refuse integers that the variables of the program cannot hold."""
    most = 2**24
    rounded = layout.dtype == "float32" and array.dtype == np.int32
    if "dimensions" in entry or not rounded:  # integer variables of populations hold them
        return
    if np.any((array > most) | (array < -most)):
        raise ValueError(
            f"Program.inputs[{entry['name']!r}]: must lie in [-{most}, {most}] with "
            f"dtype='float32', got [{array.min()}, {array.max()}]; use dtype='float64'"
        )


def _check_unit(entry: dict[str, Any], given: Any) -> None:
    """Refuse a quantity of another unit; bare numbers are in base SI units."""
    wanted = b2.get_or_create_dimension(entry.get("dimensions", (0,) * 7))
    if isinstance(given, b2.Quantity) and given.dim is not wanted:
        place = f"Program.inputs[{entry['name']!r}]"
        raise TypeError(f"{place}: must be in {b2.get_unit(wanted)}, got {given.dim}")


def _check_frames(entry: dict[str, Any], given: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    place = f"Program.inputs[{entry['name']!r}]"
    array = np.asarray(given)
    shared = array.ndim == 2
    try:
        frames = _check_array(entry, array[None] if shared else array)
    except ValueError as error:
        if shared or array.ndim == 3:
            raise
        shape = ", ".join(str(size) for size in entry["shape"])
        raise ValueError(
            f"{place}: must have shape (n_samples, {shape}) or ({shape}), got {array.shape}"
        ) from error
    stride = 0 if shared else frames[0].size if frames.size else 0
    return frames, np.array([stride], dtype=np.int64)


def _silence(entry: dict[str, Any], array: NDArray[Any]) -> NDArray[Any]:
    """Return spike times with all that mean no spike at 1."""
    if array.dtype.kind not in "biuf" or array.size == 0:
        return array
    times: NDArray[Any] = np.minimum(array, np.array(1, dtype=entry["dtype"]))
    if times.min() < 0:
        raise ValueError(
            f"Program.inputs[{entry['name']!r}]: spike times must not be negative, "
            f"got {times.min()}"
        )
    return times


def _check_spikes(
    entry: dict[str, Any], trials: Sequence[Any], layout: Layout
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    place, n = f"Program.inputs[{entry['name']!r}]", entry["shape"][0]
    if not isinstance(trials, Sequence):
        raise TypeError(f"{place}: must be a list of (indices, times), got {type(trials).__name__}")
    offsets = np.zeros(len(trials) + 1, dtype=np.int64)
    steps: list[NDArray[np.int32]] = []
    cells: list[NDArray[np.int32]] = []
    for number, trial in enumerate(trials):
        index, time = _check_pair(f"{place}[{number}]", trial)
        step = np.rint(time / layout.dt).astype(np.int64)
        if index.size and (index.min() < 0 or index.max() >= n):
            raise ValueError(f"{place}[{number}]: cells must lie in [0, {n - 1}]")
        if step.size and (step.min() < 0 or step.max() >= layout.n_steps):
            end = layout.n_steps * layout.dt
            raise ValueError(f"{place}[{number}]: times must lie in [0, {end:g}) s")
        order = np.lexsort((index, step))
        index, step = index[order], step[order]
        if np.any((np.diff(step) == 0) & (np.diff(index) == 0)):
            raise ValueError(f"{place}[{number}]: a cell fires twice within one time step")
        steps.append(step.astype(np.int32))
        cells.append(index.astype(np.int32))
        offsets[number + 1] = offsets[number] + index.size
    empty = [np.zeros(0, dtype=np.int32)]
    return offsets, np.concatenate(steps or empty), np.concatenate(cells or empty)


def _check_pair(place: str, trial: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return cells and times (seconds) of one trial."""
    if not isinstance(trial, (tuple, list)) or len(trial) != 2:
        raise TypeError(f"{place}: must be a pair (indices, times)")
    indices, times = trial
    if isinstance(times, b2.Quantity) and not b2.have_same_dimensions(times, b2.second):
        raise TypeError(f"{place}: times must be in seconds, got {times.dim}")
    index, time = np.asarray(indices), np.asarray(times, dtype=float)
    if index.ndim != 1 or index.shape != time.shape:
        raise ValueError(f"{place}: indices and times must be 1d and of equal length")
    if index.size and index.dtype.kind not in "iu":
        raise TypeError(f"{place}: indices must be integers, got dtype {index.dtype}")
    if not np.all(np.isfinite(time)):
        raise ValueError(f"{place}: times must be finite")
    return index.astype(np.int64), time
