"""Equations advanced by one time step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import every_synapse, synapse_count
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    add_synaptic_array,
    refractory_steps,
    stock_run,
)
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.part import Part
from bioplastic.engine.projections import Projection
from bioplastic.engine.quiet import integration_code
from bioplastic.engine.steady import constant_names, steady_names, take_steady

__all__ = ["Integrate"]


@dataclass(frozen=True)
class Integrate(Action):
    """Advance the equations of a group (or of the synapses of a projection) by one step."""

    group: Any
    projection: Projection | None = None

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        code, settle = integration_code(self.group), ""
        if refractory_steps(self.group) is not None:
            # Who is refractory stays the same from here to the same point of the next step.
            settle = f"_refractory_step_{self.group.name} = _step; "
        name = f"{self.group.name}_integrate"
        if not code.strip():
            assembly.parts.append(Part(name, "refractory", "counter", int(self.group.N)))
            return settle
        # Brian2 has checked the equations; what it makes of noise has no consistent units.
        if self.projection is not None:
            return _integrate_synapses(name, self.projection, self.group, code, assembly)
        quiet = assembly.quiet.get(self.group.name)
        call = assembly.add(
            name,
            self.group,
            code,
            "stateupdate" if quiet is None else "quiet_update",
            path="vectorised loop",
            size=int(self.group.N),
            check_units=False,
            quiet=quiet,
        )
        if quiet is not None:
            assembly.parts[-1] = replace(assembly.parts[-1], note="blocks at rest are left out")
        return settle + call

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return stock_run(self.group.state_updater)


def _integrate_synapses(
    name: str, projection: Projection, synapses: Any, code: str, assembly: Assembly
) -> str:
    """Render a step of all synapses; what stays during a call is computed when it begins."""
    found: dict[str, str] = {}
    if has_optimisation("steady") and name not in assembly.decays:
        names = steady_names(assembly.plan.spec, projection)
        code, found = take_steady(code, names, constant_names(synapses))
    for number in found:
        add_synaptic_array(synapses, number)
        array = f"_array_{synapses.name}_{number}"
        assembly.steady[array] = synapse_count(projection, synapses)
    call = every_synapse(name, projection, synapses, code, assembly, check_units=False)
    if found:
        fill = "\n".join(f"{number} = {text}" for number, text in found.items())
        assembly.beginnings.append(
            every_synapse(f"{name}_begin", projection, synapses, fill, assembly, check_units=False)
        )
    return call
