"""Intrinsic plasticity: a cell moves its own threshold until it fires at a target rate."""

from __future__ import annotations

from brian2 import Hz, Quantity, ms, mV

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_identifier

__all__ = ["intrinsic_plasticity"]


@checked
def intrinsic_plasticity(
    *,
    step: Quantity = 0.1 * mV,
    rate: Quantity = 5 * Hz,
    tau: Quantity = 100 * ms,
    variable: str = "theta",
    interval: Quantity = 1 * ms,
    name: str = "intrinsic",
) -> PlasticityRule:
    """Return threshold adaptation towards a target rate.

    Every ``interval`` the threshold moves by ``step (r_post/tau - rate) interval``, where
    ``r_post`` is the spike train of the cell filtered with ``tau``: up by ``step`` for every
    spike, down by ``step`` for every spike that was due. Synapses keep their weights; compose the
    rule with one that changes them, on one projection of the cell.

    Parameters
    ----------
    step : Quantity, default 0.1 mV
        Rise per spike.
    rate : Quantity, default 5 Hz
        Target rate.
    tau : Quantity, default 100 ms
        Filter of the spikes.
    variable : str, default "theta"
        Variable of the postsynaptic neuron that raises its threshold, in the unit of ``step``.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "intrinsic"
        Name in messages.

    References
    ----------
    Lazar, Pipa and Triesch (2009), doi 10.3389/neuro.10.023.2009.

    Examples
    --------
    >>> [phase.scope for phase in intrinsic_plasticity().phases("every")]
    ['post']
    """
    check_identifier("intrinsic_plasticity.variable", variable)
    return PlasticityRule(
        name=name,
        post="dr_post/dt = -r_post/tau : 1",
        on_post="r_post += 1",
        every=f"{variable}_post += step*(r_post/tau - rate)*period",
        interval=interval,
        parameters={"step": step, "rate": rate, "tau": tau, "period": interval},
        reference="Lazar et al. 2009",
    )
