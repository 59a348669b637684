"""From a `NetworkSpec` to Brian2 objects and the ordered list of what one time step does.

Both targets share this plan. The C++ target renders every action as a kernel around statements that
Brian2 parsed; the numpy target runs the same actions through stock Brian2 objects.
"""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np

from bioplastic.engine.brian2_bridge import adopt, float_precision, foreign_device
from bioplastic.engine.cells import (
    create_group,
    create_modulators,
    create_trial_group,
    link_inputs,
)
from bioplastic.engine.network import NetworkSpec
from bioplastic.engine.passes import waits_for_its_own_spikes
from bioplastic.engine.plan import Plan, steps_of_trial
from bioplastic.engine.schedule import schedule_actions
from bioplastic.engine.state import state_entries
from bioplastic.engine.synapses import create_synapses, synapse_names
from bioplastic.engine.tables import bind_timed_arrays
from bioplastic.engine.transmission import find_waiting_rules

__all__ = ["lower"]


def lower(
    spec: NetworkSpec, dt: Any, dtype: np.dtype[Any], *, connect: bool, stock: bool = False
) -> Plan:
    """Create the Brian2 objects of a network.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    dt : Quantity
        Time step.
    dtype : dtype
        Precision of all state variables.
    connect : bool
        Whether synapses are created in memory (numpy target).
    stock : bool, default False
        Whether the objects go into a network of Brian2, on whatever device is active.

    Raises
    ------
    RuntimeError
        If a Brian2 device other than the runtime device is active.
    ValueError
        If the trial is no multiple of the time step, or two names run together.
    """
    device = foreign_device()
    if device is not None and not stock:
        raise RuntimeError(
            "Program: needs Brian2's runtime device while it builds, but "
            f"{device} is active; call brian2.set_device('runtime') first"
        )
    with float_precision(dtype):
        clock = b2.Clock(dt=dt, name="clock")
        bind_timed_arrays(spec)
        plan = Plan(spec, clock, dtype, steps_of_trial(spec, dt), create_trial_group(spec, clock))
        for population in spec.populations:
            plan.groups[population.name] = create_group(population, plan)
        link_inputs(plan)
        for projection in spec.projections:
            create_modulators(projection, plan)
        names = {projection.name: synapse_names(projection) for projection in spec.projections}
        plan.waiting = find_waiting_rules(spec.projections, plan.groups, names) | {
            p.name for p in spec.projections if waits_for_its_own_spikes(p)
        }
        for projection in spec.projections:
            plan.synapses[projection.name] = create_synapses(projection, plan, connect)
        for member in (
            ()
            if stock
            else (
                plan.trial_group,
                *plan.groups.values(),
                *plan.modulators.values(),
                *plan.synapses.values(),
            )
        ):
            adopt(member)
        schedule_actions(plan)
        plan.state.extend(state_entries(plan))
    _check_names(plan)
    return plan


def _check_names(plan: Plan) -> None:
    """Refuse two state variables whose names run together into one."""
    owners: dict[str, str] = {}
    keys = [entry.key for entry in plan.state]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(
                f"NetworkSpec: {key!r} is a variable and a delay; rename the variable of the rule"
            )
    for entry in plan.state:
        other = owners.setdefault(entry.array, entry.key)
        if other != entry.key:
            raise ValueError(
                f"NetworkSpec: {other!r} and {entry.key!r} have the same name once dots are "
                "underscores; rename a population or projection"
            )
