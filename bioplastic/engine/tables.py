"""Numbers over time that equations read, ``stim(t)`` and ``stim(t, i)``: Brian2's timed arrays.

The values are data of a run: a program reads them where they lie, and other values of the same
shape need no other build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from brian2 import TimedArray
from numpy.typing import NDArray

from bioplastic.engine.brian2_bridge import bind_function
from bioplastic.engine.network import NetworkSpec

__all__ = ["bind_timed_arrays", "timed_array_code", "timed_arrays"]


def timed_arrays(spec: NetworkSpec) -> list[TimedArray]:
    """Return the timed arrays among the parameters of a network, each once."""
    return list({id(array): array for array in _find(spec)}.values())


def _find(spec: NetworkSpec) -> Iterator[TimedArray]:
    for member in (*spec.populations, *spec.projections):
        for owner in (getattr(member, "model", None), member):
            parameters = getattr(owner, "parameters", {})
            for name in sorted(parameters):
                if isinstance(parameters[name], TimedArray):
                    yield parameters[name]


def bind_timed_arrays(spec: NetworkSpec) -> None:
    """Tell Brian2 what the timed arrays of a network are called on both targets."""
    for number, array in enumerate(timed_arrays(spec)):
        bind_function(array, f"_timed_{number}", _numpy_form(array))


def _upsampling(array: TimedArray, dt: float) -> int:
    """Return the factor by which Brian2 refines the grid of a timed array against rounding."""
    return max(int(2 ** np.ceil(np.log2(8 / dt * array.dt))), 1)


def timed_array_code(array: TimedArray, number: int, dt: float) -> str:
    """Return the member function of the compiled network that looks a value up."""
    values, finer = f"_timed_{number}_values", _upsampling(array, dt)
    two, rows = array.values.ndim == 2, f"_timed_{number}_rows[0]"
    columns = array.values.shape[1] if two else 1
    row = f"_row{f' * {columns} + i' if two else ''}"
    outside = f"\n    if(i < 0 || i >= {columns})\n        return NAN;" if two else ""
    return f"""double _timed_{number}(const double t{", const int i" if two else ""}) const
{{{outside}
    const double _epsilon = {array.dt!r} / {finer};
    int64_t _row = (int64_t)((t / _epsilon + 0.5) / {finer});
    _row = _row < 0 ? 0 : _row >= {rows} ? {rows} - 1 : _row;
    return {values}[{row}];
}}"""


def _numpy_form(array: TimedArray) -> Callable[[Any], Callable[..., NDArray[Any]]]:
    values = array.values

    def make(owner: Any) -> Callable[..., NDArray[Any]]:
        finer = _upsampling(array, float(owner.clock.dt_))
        epsilon = array.dt / finer

        def row(t: Any) -> Any:
            number = np.asarray((np.asarray(t) / epsilon + 0.5) / finer).astype(np.int64)
            return np.clip(number, 0, len(values) - 1)

        def look_up(t: Any, i: Any = 0) -> Any:
            if values.ndim == 1:
                return values[row(t)]
            column = np.asarray(i).astype(np.int64)
            inside = (column >= 0) & (column < values.shape[1])
            found = values[row(t), np.where(inside, column, 0)]
            return np.where(inside, found, np.nan)

        return look_up

    return make
