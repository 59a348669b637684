"""Names without a side in what a projection transmits: those of the postsynaptic cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine.projections import Projection, UniformProjection
from bioplastic.equations import DEFAULT_NAMES
from bioplastic.plasticity.vocabulary import EQUATION_SLOTS, SYNAPSE_VARIABLES

__all__ = ["complete_names"]


def complete_names(network: Any, projection: Projection) -> Projection:
    """Return a projection in which ``ge += w`` is written ``ge_post += w``.

    Names of the rule, of parameters and of the synapse stay what they are.

    Parameters
    ----------
    network : NetworkSpec
        Which knows the cells.
    projection : Projection
        One of its projections.
    """
    rule: Any = getattr(projection, "rule", None)
    own = {*DEFAULT_NAMES, *SYNAPSE_VARIABLES, *projection.parameters, "N"}  # type: ignore[attr-defined]
    if rule is not None:
        own |= {*rule.parameters, *(name for slot in EQUATION_SLOTS for name in rule.parse(slot))}
    elif not isinstance(projection, UniformProjection):
        own.add("w")
    cells = {name: f"{name}_post" for name in network.cell_variables(projection.target)}
    cells = {name: new for name, new in cells.items() if name not in own}

    def complete(text: str) -> str:
        found = get_identifiers(text) & set(cells)
        return str(word_substitute(text, {name: cells[name] for name in found})) if found else text

    changes: dict[str, Any] = {}
    for argument in ("transmit", "summed"):
        text = getattr(projection, argument, "")
        if complete(text) != text:
            changes[argument] = complete(text)
    ways = getattr(projection, "pathways", {})
    written = {name: complete(way.statements) for name, way in ways.items()}
    if any(written[name] != way.statements for name, way in ways.items()):
        changes["pathways"] = {
            name: replace(way, statements=written[name]) for name, way in ways.items()
        }
    return replace(projection, **changes) if changes else projection
