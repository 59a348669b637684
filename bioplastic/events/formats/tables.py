"""Events as arrays in an ``.npz`` or ``.npy`` file, and as a table of text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bioplastic.events.events import find_fields
from bioplastic.events.formats.words import Raw
from bioplastic.files import check_memory, read_arrays

__all__ = ["read_npy", "read_npz", "read_text"]


def read_npz(path: Path) -> Raw:
    """Read the arrays ``t``, ``x``, ``y``, ``p``, or one structured array with these fields."""
    arrays: dict[str, Any] = dict(read_arrays(path))
    if len(arrays) == 1:
        (only,) = arrays.values()
        if only.dtype.names:
            return _raw(find_fields(str(path), only, only.dtype.names))
    return _raw(find_fields(str(path), arrays, list(arrays)), arrays.get("size"))


def read_npy(path: Path) -> Raw:
    """Read a structured array with the fields ``t``, ``x``, ``y``, ``p``."""
    with path.open("rb") as file:
        array: Any = np.load(file, allow_pickle=False)
    if not array.dtype.names:
        raise ValueError(f"must hold a structured array with fields t, x, y, p, got {array.dtype}")
    return _raw(find_fields(str(path), array, array.dtype.names))


def read_text(path: Path) -> Raw:
    """Read lines of ``t x y p``, or any order that a first line names.

    Raises
    ------
    ValueError
        If a line is no event; it is named.
    """
    check_memory(path.stat().st_size)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = [line.strip() for _, line in zip(range(100), file, strict=False)]
    start = next((k for k, line in enumerate(head) if line[:1] not in "#%"), len(head))
    first = head[start] if start < len(head) else ""
    separator = next((mark for mark in ("\t", ";", ",") if mark in first), r"\s+")
    named = bool(first) and not (first[0].isdigit() or first[0] in "-+.")
    above = first if named else head[start - 1].lstrip("#% ") if start else ""
    names = [name.strip() for name in re.split(separator, above)] if above else []
    start += named
    try:
        table = pd.read_csv(
            path, sep=separator, header=None, skiprows=start, encoding="utf-8-sig",
            skipinitialspace=True, dtype=str,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        table = pd.DataFrame({name: [] for name in names or "txyp"})
    except (ValueError, UnicodeError) as error:
        raise ValueError(f"is no table of events ({str(error).strip()})") from None
    if len(names) != table.shape[1]:
        if named or table.shape[1] != 4:
            raise ValueError(f"must have the columns t x y p, has {table.shape[1]}")
        names = list("txyp")
    table.columns = pd.Index(names)
    columns = find_fields(str(path), table, names)
    numbers = {}
    for name, column in columns.items():
        text = (
            column.astype(str)
            .str.strip()
            .replace({"true": "1", "True": "1", "false": "0", "False": "0"})
        )
        values = pd.to_numeric(text, errors="coerce").to_numpy()
        if pd.isna(values).any():
            k = int(np.argmax(pd.isna(values)))
            raise ValueError(
                f"line {k + 1 + start}: {name} must be a number, got {column.iloc[k]!r}"
            )
        numbers[name] = values
    return _raw(numbers)


def _raw(columns: dict[str, Any], size: Any = None) -> Raw:
    shape = tuple(int(n) for n in np.ravel(size)) if size is not None else None
    t, x, y, p = (np.asarray(columns[name]) for name in "txyp")
    return Raw(t, x, y, p, size=shape)  # type: ignore[arg-type]
