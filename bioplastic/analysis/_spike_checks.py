"""Checks and the sorting behind `SpikeTrains`."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis._observed import make_observed
from bioplastic.validation import check_choice, check_integer, check_real

__all__ = [
    "are_sorted",
    "check_choice_of",
    "check_index",
    "check_inside",
    "check_window",
    "in_seconds",
    "sort_spikes",
    "strip_seconds",
]


def strip_seconds(place: str, value: Any) -> Any:
    """Return times in seconds, refusing any unit that is no time.

    Quantities of Brian2, ``quantities`` (so Neo's trains), pint and astropy, numpy's and pandas'
    time differences, and lists of any of these carry a unit; other numbers are seconds.
    """
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], (int, float)):
        if any(_has_unit(entry) for entry in value):
            if not all(_has_unit(entry) for entry in value):
                raise TypeError(f"{place}: must all be times, or all numbers in seconds")
            return np.array([strip_seconds(place, entry) for entry in value])
    if isinstance(value, b2.Quantity) and not value.is_dimensionless:
        if not b2.have_same_dimensions(value, b2.second):
            raise TypeError(f"{place}: must be a time, got {value.dim}")
        return np.asarray(value)
    dimension = getattr(value, "dim", None)  # the arrays of a monitor
    if dimension is not None and dimension is b2.second.dim:
        return np.asarray(value[:])
    if isinstance(value, b2.Quantity):
        return value
    if _has_unit(value):
        convert = getattr(value, "rescale", None) or value.to  # quantities and Neo; pint, astropy
        try:
            seconds = convert("s")
        except Exception:  # each library has an exception of its own
            raise TypeError(f"{place}: must be a time, got {value!r:.60}") from None
        plain = seconds.magnitude if hasattr(seconds, "magnitude") else seconds.value
        return np.asarray(plain, dtype=np.float64)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "m" or type(value).__name__ in ("Timedelta", "timedelta"):
        return np.asarray(value, dtype="timedelta64[ns]") / np.timedelta64(1, "s")
    return value


def _has_unit(value: Any) -> bool:
    if isinstance(value, b2.Quantity):
        return not value.is_dimensionless
    return hasattr(value, "dimensionality") or (hasattr(value, "unit") and hasattr(value, "to"))


def in_seconds(place: str, value: Any) -> float:
    """Return a time as a float in seconds."""
    stripped = strip_seconds(place, value)
    return check_real(place, stripped.item() if isinstance(stripped, np.ndarray) else stripped)


def check_window(place: str, start: Any, stop: Any) -> tuple[float, float]:
    """Return a window in seconds that is not empty."""
    begin, end = in_seconds(f"{place}.t_start", start), in_seconds(f"{place}.t_stop", stop)
    if end <= begin:
        raise ValueError(f"{place}.t_stop: must be after t_start = {begin:g} s, got {end:g} s")
    return begin, end


def check_index(place: str, value: Any, n_spikes: int, size: int) -> NDArray[np.int32]:
    """Return indices of spikes, each from 0 to ``size - 1``."""
    try:
        index = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{place}: must be a rectangular array ({error})") from None
    if index.shape != (n_spikes,):
        raise ValueError(f"{place}: must have shape ({n_spikes},), got {index.shape}")
    if index.dtype.kind not in "iu":
        if index.size and (index.dtype.kind != "f" or (index != np.floor(index)).any()):
            raise TypeError(f"{place}: must hold integers, got an array of {index.dtype}")
    if index.size and (index.min() < 0 or index.max() >= size):
        wrong = index.min() if index.min() < 0 else index.max()
        raise ValueError(f"{place}: must lie from 0 to {size - 1}, got {wrong:g}")
    return index.astype(np.int32, copy=False)


def check_inside(place: str, times: NDArray[np.float64], start: float, stop: float) -> None:
    """Refuse spikes that are not finite or lie outside the window."""
    if times.size == 0 or (times.min() >= start and times.max() <= stop):
        return
    if not np.isfinite(times).all():
        raise ValueError(f"{place}: must be finite, got NaN or infinity")
    count = np.count_nonzero((times < start) | (times > stop))
    raise ValueError(
        f"{place}: must lie from {start:g} s to {stop:g} s, got {count} spikes outside "
        "(outside='drop' leaves them out)"
    )


def check_choice_of(place: str, value: ArrayLike, size: int) -> NDArray[np.int64]:
    """Return distinct indices below ``size``; a mask becomes indices."""
    index = np.atleast_1d(np.asarray(value))
    if index.dtype == bool:
        if index.shape != (size,):
            raise ValueError(f"{place}: must be a mask of shape ({size},), got {index.shape}")
        index = np.flatnonzero(index)
    index = check_index(place, index, index.size, size).astype(np.int64)
    if np.unique(index).size < index.size:
        raise ValueError(f"{place}: must not name anything twice")
    return index


def are_sorted(times: NDArray[np.float64], rows: NDArray[Any]) -> bool:
    """Tell whether spikes are in order of row, then time."""
    step = rows[1:] > rows[:-1]
    step |= (rows[1:] == rows[:-1]) & (times[1:] >= times[:-1])
    return bool(step.all())


def sort_spikes(
    place: str,
    times: Any,
    units: Any,
    trials: Any,
    window: tuple[float, float],
    n_units: int | None,
    n_trials: int | None,
    outside: str,
    duplicates: str,
    observed: Any = None,
) -> dict[str, Any]:
    """Check spikes in any order and return the arguments of `SpikeTrains`."""
    check_choice(f"{place}.outside", outside, ("raise", "drop"))
    check_choice(f"{place}.duplicates", duplicates, ("raise", "keep", "drop"))
    t = check_array(f"{place}.times", strip_seconds(f"{place}.times", times), shape=(None,))
    t = t.astype(np.float64, copy=False)
    n_units = _count_of(f"{place}.n_units", units, n_units, default=0)
    rows = u = check_index(f"{place}.units", units, t.size, n_units)
    n_rows, owner = n_units, None
    if trials is not None:
        n_trials = _count_of(f"{place}.n_trials", trials, n_trials, default=1)
        owner = check_index(f"{place}.trials", trials, t.size, n_trials)
        n_rows = n_units * n_trials
        rows = owner.astype(np.int64) * n_units + u
    elif n_trials not in (None, 1):
        raise ValueError(f"{place}.trials: must be given for {n_trials} trials")
    if outside == "drop":
        inside = (t >= window[0]) & (t <= window[1])
        if not inside.all():
            t, u, rows = t[inside], u[inside], rows[inside]
            owner = None if owner is None else owner[inside]
    else:
        check_inside(f"{place}.times", t, *window)
    if not are_sorted(t, rows):
        order = _order(t, rows, n_rows)
        t, u, rows = t[order], u[order], rows[order]
        owner = None if owner is None else owner[order]
    seen = make_observed(f"{place}.observed", observed, window, n_units, n_trials or 1)
    if seen is not None:
        offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_rows))])
        missed = seen.find(t, offsets) < 0
        if missed.any():
            if outside == "raise":
                raise ValueError(
                    f"{place}.times: must lie in the observed intervals, got "
                    f"{np.count_nonzero(missed)} spikes outside (outside='drop' leaves them out)"
                )
            t, u, rows = t[~missed], u[~missed], rows[~missed]
            owner = None if owner is None else owner[~missed]
    if duplicates != "keep":
        second = (rows[1:] == rows[:-1]) & (t[1:] == t[:-1])
        if second.any():
            if duplicates == "raise":
                raise ValueError(
                    f"{place}.times: must not repeat a spike of a unit, got "
                    f"{np.count_nonzero(second)} duplicates (duplicates='drop' or 'keep')"
                )
            first = np.append(True, ~second)
            t, u = t[first], u[first]
            owner = None if owner is None else owner[first]
    return {
        "times": t.copy() if np.shares_memory(t, np.asarray(times)) else t,
        "units": u.copy() if np.shares_memory(u, np.asarray(units)) else u,
        "t_start": window[0],
        "t_stop": window[1],
        "n_units": n_units,
        "trials": owner,
        "n_trials": 1 if owner is None else n_trials,
        "observed": seen,
    }


def _count_of(place: str, index: Any, count: int | None, default: int) -> int:
    if count is not None:
        return check_integer(place, count, minimum=0)
    array = np.asarray(index)
    return int(array.max()) + 1 if array.size and array.dtype.kind in "iuf" else default


def _order(times: NDArray[np.float64], rows: NDArray[Any], n_rows: int) -> NDArray[np.int64]:
    """Order by row, then time: counting sorts of 16-bit digits over times in order."""
    order: NDArray[np.int64] | None = None
    if not (times[1:] >= times[:-1]).all():
        order = np.argsort(times, kind="stable")
    for shift in range(0, max(n_rows - 1, 1).bit_length(), 16):
        digit = (rows >> shift).astype(np.uint16)
        if order is None:
            order = np.argsort(digit, kind="stable")
        else:
            order = order[np.argsort(digit[order], kind="stable")]
    assert order is not None
    return order
