"""Text files with one spike on each line, and tables of pandas."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioplastic.analysis.io.parts import (
    Spikes,
    index_ids,
    last_spike,
    role_of_column,
    to_seconds,
)

__all__ = ["read_frame", "read_table"]


def read_table(
    path: Path,
    columns: str | Sequence[str] | None,
    time_unit: str | None,
    sampling_rate: float | None,
    t_start: float | None,
    t_stop: float | None,
) -> Spikes:
    """Read a text file; commas, semicolons, tabs or spaces lie between its columns.

    Raises
    ------
    ValueError
        If a column is not known by its name or by ``columns``, or a row is no spike.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = [line for _, line in zip(range(1000), file, strict=False)]
    rows = [(k, line.strip()) for k, line in enumerate(head) if line.strip()]
    names = None
    comments = [line.lstrip("#").strip() for _, line in rows if line.startswith("#")]
    data = [(k, line) for k, line in rows if not line.startswith("#")]
    if not data:
        return read_frame(
            pd.DataFrame({"time_s": [], "unit": []}), None, None, None, t_start, t_stop, str(path)
        )
    first = data[0][1]
    separator = next((mark for mark in ("\t", ";", ",") if mark in first), None)
    cells = _split(first, separator)
    skip = 0
    if not any(_is_number(cell) for cell in cells):
        names, skip = cells, data[0][0] + 1
    elif comments and any(role_of_column(c) for c in _split(comments[-1], separator)):
        names = _split(comments[-1], separator)  # as numpy.savetxt writes a header
    decimal = "," if separator == ";" and any("," in line for _, line in data[-1:]) else "."
    try:
        frame = pd.read_csv(
            path, sep=separator or r"\s+", header=None, skiprows=skip, comment="#",
            decimal=decimal, encoding="utf-8-sig", skipinitialspace=True, low_memory=False,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame([[0.0] * len(cells)]).iloc[:0]
    except (ValueError, UnicodeError) as error:
        raise ValueError(f"{path}: is no table of spikes ({error})") from None
    if names is not None and len(names) == frame.shape[1]:
        frame.columns = pd.Index(names)
    elif names is not None:
        raise ValueError(
            f"{path}: the header names {len(names)} columns, the rows have {frame.shape[1]}"
        )
    return read_frame(frame, columns, time_unit, sampling_rate, t_start, t_stop, str(path))


def read_frame(
    frame: Any,
    columns: str | Sequence[str] | None,
    time_unit: str | None,
    sampling_rate: float | None,
    t_start: float | None,
    t_stop: float | None,
    place: str = "SpikeTrains.from_pandas.frame",
) -> Spikes:
    """Read a table with one spike in each row.

    Raises
    ------
    ValueError
        If a column is not known by its name or by ``columns``, or a row is no spike.
    """
    chosen, stated, notes = _choose_columns(place, list(frame.columns), columns)
    if time_unit is None:
        time_unit = stated
    table = {role: frame.iloc[:, position] for role, position in chosen.items()}
    raw = table["time"].to_numpy()
    if raw.dtype.kind != "m":
        raw = _numbers(place, raw, frame, list(chosen.values()))
    times, more = to_seconds(place, raw, time_unit, sampling_rate)
    start, stop, last = last_spike(times, t_start, t_stop)
    units, ids = index_ids(place, np.zeros(times.size, dtype=np.int64))
    if "unit" in table:
        column = table["unit"]
        missing = np.flatnonzero(column.isna().to_numpy())
        if missing.size:
            raise ValueError(_wrong_row(place, frame, missing[0], list(chosen.values())))
        units, ids = index_ids(place, column.to_numpy())
    trials = None
    if "trial" in table:
        trials = np.unique(_numbers(place, table["trial"].to_numpy(), frame,
                                    list(chosen.values())), return_inverse=True)[1]  # fmt: skip
    return Spikes(times, units, start, stop, ids, trials=trials, notes=(*notes, *more, *last))


def _choose_columns(
    place: str, names: list[Any], columns: str | Sequence[str] | None
) -> tuple[dict[str, int], str | None, list[str]]:
    """Return the position of each role, the unit of time that a name states, and notes."""
    if columns is not None:
        given = columns.split(",") if isinstance(columns, str) else list(columns)
        return _given_columns(place, names, [str(name).strip() for name in given])
    roles = [role_of_column(name) if isinstance(name, str) else None for name in names]
    found: dict[str, int] = {}
    stated = None
    for position, role in enumerate(roles):
        if role is None:
            continue
        if role[0] in found:
            raise ValueError(
                f"{place}: columns {names[found[role[0]]]!r} and {names[position]!r} may both be "
                f"the {role[0]}; say --columns {_example(names)} (columns=)"
            )
        found[role[0]] = position
        stated = role[1] if role[0] == "time" else stated
    if not {"time", "unit"} <= set(found):
        shown = ", ".join(repr(str(name)) for name in names)
        text = "has no header" if all(not isinstance(n, str) for n in names) else f"has {shown}"
        raise ValueError(
            f"{place}: which column is the time and which the unit is not known; the table {text}; "
            f"say --columns {_example(names)} (columns=), in the order of the table, with '-' for "
            "what is neither"
        )
    left = [str(name) for k, name in enumerate(names) if k not in found.values()]
    return found, stated, [f"columns left out: {', '.join(left)}"] if left else []


def _given_columns(
    place: str, names: list[Any], given: list[str]
) -> tuple[dict[str, int], str | None, list[str]]:
    found: dict[str, int] = {}
    stated = None
    if not any("=" in entry for entry in given) and len(given) != len(names):
        raise ValueError(
            f"{place}: the table has {len(names)} columns, --columns names {len(given)} (columns=)"
        )
    for position, entry in enumerate(given):
        word, equals, name = entry.partition("=")
        role = None if word == "-" else role_of_column(word)
        if word != "-" and role is None:
            raise ValueError(f"{place}: --columns: must hold time, unit, trial or -, got {entry!r}")
        if equals and name not in names:
            raise ValueError(f"{place}: has no column {name!r}, only {', '.join(map(str, names))}")
        if role is not None:
            found[role[0]] = names.index(name) if equals else position
            stated = role[1] if role[0] == "time" else stated
    if "time" not in found:
        raise ValueError(f"{place}: --columns must say which column is the time (columns=)")
    own = role_of_column(str(names[found["time"]]))
    if stated is None and own is not None and own[0] == "time":
        stated = own[1]
    return found, stated, []


def _example(names: list[Any]) -> str:
    return ",".join(["time", "unit"] + ["-"] * max(len(names) - 2, 0))


def _numbers(place: str, values: NDArray[Any], frame: Any, chosen: list[int]) -> NDArray[Any]:
    """Return a column as finite numbers, or name the first row that is none."""
    if values.dtype.kind not in "iuf":
        values = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise ValueError(_wrong_row(place, frame, int(wrong[0]), chosen))
    return values


def _wrong_row(place: str, frame: Any, row: int, chosen: list[int]) -> str:
    cells = [str(frame.iloc[row, k]) for k in sorted(chosen)]
    return f"{place}: row {row + 1} must be a time and a unit, got {cells}"


def _split(line: str, separator: str | None) -> list[str]:
    cells = line.split(separator) if separator else line.split()
    return [cell.strip().strip("\"'") for cell in cells]


def _is_number(text: str) -> bool:
    with contextlib.suppress(ValueError):
        float(text.replace(",", "."))
        return True
    return False
