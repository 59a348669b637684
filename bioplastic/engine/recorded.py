"""What a call recorded, with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout
from bioplastic.engine.network import NetworkSpec

__all__ = ["Recorded", "cell_labels", "label"]

#: For every recorded variable the names of its last dimensions and their coordinates.
Labels = dict[str, tuple[list[str], dict[str, Any]]]


class Recorded(dict[str, NDArray[Any]]):
    """What a call of a `Program` recorded: arrays by name.

    Parameters
    ----------
    arrays : mapping of str to array
        The arrays.
    layout : Layout
        Layout of the call.
    labels : dict
        As from `cell_labels`.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], layout: Layout, labels: Labels) -> None:
        super().__init__(arrays)
        self._layout, self._labels = layout, labels

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self), self._layout, self._labels)

    @property
    def n_steps(self) -> int:
        """Steps of a presentation in this call."""
        return self._layout.n_steps

    def to_xarray(self) -> xr.Dataset:
        """Return counts and variables with labels; see `bioplastic.analysis.to_xarray`."""
        return label(self, self._layout, self._labels)


def label(record: Mapping[str, Any], layout: Layout, labels: Labels) -> xr.Dataset:
    """Return counts and variables of a record with labelled dimensions.

    Parameters
    ----------
    record : mapping of str to array
        What a call returned.
    layout : Layout
        Layout of the program.
    labels : dict
        As from `cell_labels`.
    """
    timed = [output for output in layout.outputs if "every" in output]
    same = len({(output["every"], output.get("when", "end")) for output in timed}) == 1
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for output in layout.outputs:
        values, dims = np.asarray(record[output["key"]]), ["sample"]
        if "every" in output:
            every, end = output["every"], output.get("when") != "start"
            time = "time" if same else f"time_{every}" if end else f"time_{every}_start"
            number = np.arange(values.shape[1]) + int(end)
            coordinates[time] = (time, number * every * layout.dt, {"units": "s"})
            dims.append(time)
        names, found = labels[output["key"]]
        coordinates |= found
        variables[output["key"]] = (dims + names, values)
    variables["presentations"] = ("sample", np.asarray(record["presentations"]))
    return xr.Dataset(variables, coordinates)


def cell_labels(layout: Layout, network: NetworkSpec) -> Labels:
    """Return the dimensions of cells and synapses of what a program records."""
    chosen = {getattr(r, "key", ""): getattr(r, "subset", None) for r in network.records}
    return {o["key"]: _cells(o, chosen.get(o["key"]), network) for o in layout.outputs}


def _cells(
    output: Mapping[str, Any], chosen: Any, network: NetworkSpec
) -> tuple[list[str], dict[str, Any]]:
    owner = output.get("population") or output["projection"]
    shape = output["shape"][1:] if "every" in output else output["shape"]
    name = f"{owner}_{output.get('variable')}"
    if chosen is not None:
        numbers = np.array(chosen)
        if numbers.ndim == 1:
            return [name], {name: (name, numbers)}
        ends = (("pre", numbers[:, 0]), ("post", numbers[:, 1]))
        return [name], {f"{name}_{end}": (name, cells) for end, cells in ends}
    if "population" in output:
        return [owner if shape[-1] > 1 else f"{owner}_1"], {}
    if len(shape) == 2:
        return [f"{owner}_pre", f"{owner}_post"], {}
    projection: Any = network.find_projection("record", owner)
    pre, post = getattr(projection, "pre", ()), getattr(projection, "post", ())
    if np.size(pre) == shape[0]:
        return [owner], {f"{owner}_pre": (owner, pre), f"{owner}_post": (owner, post)}
    return [name], {}
