"""A call cut into parts of some trials, to look at the network in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout

__all__ = ["join_records", "take_samples"]


def take_samples(
    layout: Layout, prepared: Mapping[str, Any], first: int, last: int
) -> dict[str, Any]:
    """Return the prepared inputs of some samples of a call, without copies.

    Parameters
    ----------
    layout : Layout
        Layout of the call.
    prepared : mapping
        As from `bioplastic.engine.inputs.prepare_inputs`.
    first, last : int
        First sample, and one past the last.
    """
    part: dict[str, Any] = {}
    for entry in layout.inputs:
        given = prepared[entry["name"]]
        if entry["kind"] == "array":
            part[entry["name"]] = given[first:last]
        elif entry["kind"] == "frames":
            frames, stride = given
            part[entry["name"]] = (frames[first:last] if stride[0] else frames), stride
        else:
            offsets, steps, cells = given
            part[entry["name"]] = offsets[first : last + 1], steps, cells
    return part


def join_records(
    layout: Layout, parts: Sequence[Mapping[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """Return what one call over all samples would have recorded.

    Parameters
    ----------
    layout : Layout
        Layout of the call.
    parts : sequence of mapping
        Records of consecutive samples, at least one.
    """
    shown = np.cumsum([0, *(int(part["presentations"].sum()) for part in parts)])
    joined: dict[str, NDArray[Any]] = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        if name in {f"{population}.spike_trial" for population in layout.spike_logs}:
            values = [v + before for v, before in zip(values, shown, strict=False)]
        joined[name] = np.sum(values, axis=0) if values[0].ndim == 0 else np.concatenate(values)
    return joined
