"""The build report: what runs over what, on which path, in how much memory and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bioplastic.engine.layout import Layout

__all__ = ["format_report", "memory_per_element"]


def memory_per_element(layout: Layout) -> dict[str, tuple[int, float]]:
    """Return (number of elements, bytes of state per element) of every population and projection.

    Parameters
    ----------
    layout : Layout
        Layout of a program.

    Returns
    -------
    dict of str to (int, float)
        Neurons or synapses and the state each of them needs. Traces count with the projection that
        declares them, so a projection may show entries for its cells too.
    """
    members: dict[str, list[tuple[int, int]]] = {}
    for entry in layout.state:
        size = int(np.prod(entry.shape))
        bytes_ = size * np.dtype(entry.dtype).itemsize
        members.setdefault(entry.key.partition(".")[0], []).append((size, bytes_))
    return {
        name: (max(size for size, _ in sizes), sum(b for _, b in sizes) / max(1, max(sizes)[0]))
        for name, sizes in members.items()
    }


def format_report(layout: Layout, seconds: Mapping[str, float] | None = None) -> str:
    """Return the report as text.

    Parameters
    ----------
    layout : Layout
        Layout of the program.
    seconds : mapping of str to float, optional
        Time spent in each part so far.

    Returns
    -------
    str
        A table of parts and a table of memory.
    """
    header = ["part", "kernel", "elements", "path", "note"]
    rows = [[p.name, p.action, f"{p.elements}", p.path, p.note] for p in layout.parts]
    if seconds:
        total = sum(seconds.values()) or 1.0
        header.insert(3, "time")
        for row in rows:
            share = seconds.get(row[0])
            row.insert(3, "" if share is None else f"{share:.3f} s {100 * share / total:4.1f} %")
    memory = [
        [name, f"{count}", f"{per_element:.1f}"]
        for name, (count, per_element) in memory_per_element(layout).items()
    ]
    tables = [
        _format_table([header, *rows]),
        _format_table([["state of", "elements", "bytes per element"], *memory]),
    ]
    return "\n\n".join(tables)


def _format_table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
