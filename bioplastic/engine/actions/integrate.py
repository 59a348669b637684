"""Equations advanced by one time step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    every_synapse,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    abstract_code,
    refractory_steps,
    stock_run,
)
from bioplastic.engine.part import Part
from bioplastic.engine.projections import (
    Projection,
)

__all__ = ["Integrate"]


@dataclass(frozen=True)
class Integrate(Action):
    """Advance the equations of a group (or of the synapses of a projection) by one step."""

    group: Any
    projection: Projection | None = None

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        code = abstract_code(self.group.state_updater)
        settle = ""
        if refractory_steps(self.group) is not None:
            first, _, rest = code.partition("\n")
            if not first.startswith("not_refractory = "):
                raise RuntimeError(f"unexpected refractory statement of Brian2: {first}")
            # Who is refractory stays the same from here to the same point of the next step.
            code, settle = rest, f"_refractory_step_{self.group.name} = _step; "
        name = f"{self.group.name}_integrate"
        if not code.strip():
            assembly.parts.append(Part(name, "refractory", "counter", int(self.group.N)))
            return settle
        # Brian2 has checked the equations; what it makes of noise has no consistent units.
        if self.projection is not None:
            return every_synapse(
                name, self.projection, self.group, code, assembly, check_units=False
            )
        return settle + assembly.add(
            name,
            self.group,
            code,
            "stateupdate",
            path="vectorised loop",
            size=int(self.group.N),
            check_units=False,
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return stock_run(self.group.state_updater)
