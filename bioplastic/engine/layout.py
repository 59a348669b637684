"""What a compiled program takes and returns; everything needed to call it without Brian2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from bioplastic.engine.part import Part
from bioplastic.engine.plan import Plan, StateEntry, exponents
from bioplastic.engine.poisson_counts import input_tables
from bioplastic.engine.precision import slow_decays
from bioplastic.engine.projections import SparseProjection
from bioplastic.engine.tables import timed_arrays
from bioplastic.signals.base import InputSource

__all__ = ["AHEAD", "MANY", "Layout", "describe_layout"]

#: How many synapses, or rows of them, compiled programs fetch before their turn: more than the
#: memory takes to answer, less than what a cache of 32 KiB holds.
AHEAD = 40

#: Nothing is fetched where a projection has no more synapses: they fit into the caches, and 64,000
#: took 7 % longer. (240,000 took 4 to 13 % less, 1,280,000 a third.)
MANY = 2**17


_CONNECTIVITY = {
    "row": "int64_t", "post": "int32_t", "pre": "int32_t", "column": "int64_t",
    "order": "int32_t", "origin": "int32_t",
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """What a compiled program takes and returns; everything needed to call it without Brian2."""

    n_steps: int
    dt: float
    dtype: str
    state: list[StateEntry]
    connectivity: list[tuple[str, str, str]]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    spike_logs: list[str]
    tables: list[tuple[str, str]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain JSON types."""
        return asdict(self)

    def with_steps(self, n_steps: int) -> Layout:
        """Return the layout of trials of another number of steps."""

        def resize(entry: dict[str, Any], up: bool) -> dict[str, Any]:
            if "every" not in entry:
                return entry
            rows = -(-n_steps // entry["every"]) if up else n_steps // entry["every"]
            return {**entry, "shape": [rows, *entry["shape"][1:]]}

        return replace(
            self,
            n_steps=n_steps,
            inputs=[resize(entry, True) for entry in self.inputs],
            outputs=[resize(entry, entry.get("when") == "start") for entry in self.outputs],
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Layout:
        """Rebuild a layout from `to_dict`."""
        entries = [
            StateEntry(**{**e, "shape": tuple(e["shape"]), "dimensions": tuple(e["dimensions"])})
            for e in data["state"]
        ]
        return cls(
            **{
                **data,
                "state": entries,
                "connectivity": [tuple(c) for c in data["connectivity"]],
                "tables": [tuple(c) for c in data["tables"]],
                "parts": [Part(**p) for p in data["parts"]],
            }
        )


def describe_layout(
    plan: Plan, parts: list[Part], calls: list[str], kernels: Sequence[str] = ()
) -> Layout:
    """Return the layout of a plan whose kernels have been rendered.

    Of the connectivity a program takes the rows, which sizes and records are made of, and what its
    kernels name.
    """
    named = set(re.findall(r"\w+", "\n".join(kernels)))
    connectivity = [
        (projection.name, member, ctype)
        for projection in plan.spec.projections
        if isinstance(projection, SparseProjection)
        for member, ctype in _CONNECTIVITY.items()
        if member == "row" or f"_{member}_{projection.name}" in named
    ]
    recorded = [record.output(plan) for record in plan.spec.records]
    outputs = [output for output in recorded if output["kind"] != "spikes"]
    logs = [output["key"] for output in recorded if output["kind"] == "spikes"]
    return Layout(
        n_steps=plan.n_steps,
        dt=float(plan.clock.dt),
        dtype=plan.dtype.name,
        state=plan.state,
        connectivity=connectivity,
        inputs=_inputs(plan),
        outputs=outputs,
        spike_logs=logs,
        tables=[
            *(
                (name, "double" if v.dtype == float else "int64_t")
                for name, v in input_tables(plan.spec, float(plan.clock.dt))
            ),
            *(
                (f"_timed_{k}_{part}", ctype)
                for k in range(len(timed_arrays(plan.spec)))
                for part, ctype in (("values", "double"), ("rows", "int64_t"))
            ),
            *((f"_record_{k}", "int64_t") for k, o in enumerate(outputs) if o.get("subset")),
        ],
        parts=parts,
        calls=calls,
        warnings=list(slow_decays(plan)),
    )


def _inputs(plan: Plan) -> list[dict[str, Any]]:
    inputs: dict[str, dict[str, Any]] = {}
    for source in plan.spec.populations:
        if isinstance(source, InputSource):
            for entry in source.declare_inputs(plan.n_steps, plan.dtype.name):
                known = inputs.setdefault(entry["name"], {**entry, "groups": []})
                if any(known[key] != entry[key] for key in entry):
                    place = f"{type(source).__name__}.inputs"
                    raise ValueError(f"{place}: {entry['name']!r} is declared in two ways")
                known["groups"].append(source.name)
        else:
            for name in source.sample_inputs:
                variable = plan.groups[source.name].variables[name]
                if name in inputs:
                    raise ValueError(
                        f"Population.sample_inputs: {name!r} is an input of two populations"
                    )
                inputs[name] = {
                    "name": name,
                    "kind": "array",
                    "dtype": np.dtype(variable.dtype).name,
                    "shape": [] if variable.scalar else [source.n],
                    "groups": [source.name],
                    "dimensions": list(exponents(variable.dim)),
                }
    return list(inputs.values())
