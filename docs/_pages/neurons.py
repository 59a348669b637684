"""The models of neurons with their equations."""

from __future__ import annotations

import inspect
from pathlib import Path

from bioplastic import neurons

from .writing import code, put, table

__all__ = ["write"]


def write(made: Path, home: Path) -> None:
    """Write ``neurons.md``: every function of `bioplastic.neurons` that needs no argument."""
    parts = [
        "# Neuron models\n",
        "A model is a `bioplastic.neurons.NeuronModel`: Brian2 equations, threshold, reset, "
        "refractory time and constants. These come with the package; your own is one call of the "
        "class.\n",
    ]
    for name in neurons.__all__:
        make = getattr(neurons, name)
        if inspect.isclass(make) or not callable(make):
            continue
        needed = [p for p in inspect.signature(make).parameters.values() if p.default is p.empty]
        if needed:
            continue
        model = make()
        if isinstance(model, neurons.NeuronModel):
            parts.append(_describe(name, make, model))
    put(made / "neurons.md", "\n".join(parts))


def _describe(name: str, make: object, model: neurons.NeuronModel) -> str:
    summary = (inspect.getdoc(make) or "").partition("\n\n")[0].replace("\n", " ")
    text = [line.strip() for line in str(model.equations).strip().splitlines()]
    for slot in ("threshold", "reset", "refractory", "method"):
        value = getattr(model, slot, None)
        if value not in (None, ""):
            text.append(f"{slot}: {value}")
    rows = [(f"`{key}`", str(value)) for key, value in model.parameters.items()]
    return "\n".join(
        [
            f"## {name}\n",
            f"{summary} See {{py:obj}}`bioplastic.neurons.{name}`.\n",
            code("\n".join(text), "text"),
            table(["parameter", "default"], rows) if rows else "",
        ]
    )
