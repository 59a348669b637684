"""Inhibitory STDP that balances excitation and holds a target rate."""

from __future__ import annotations

from brian2 import Hz, Quantity, ms

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["vogels_stdp"]


@checked
def vogels_stdp(
    *,
    eta: float = 0.01,
    rate: Quantity = 5 * Hz,
    tau: Quantity = 20 * ms,
    w_max: float = 10.0,
    name: str = "vogels-istdp",
) -> PlasticityRule:
    """Return the rule for inhibitory synapses onto excitatory cells.

    ``w <- w + eta (x_post - 2 rate tau)`` at a presynaptic spike, ``w <- w + eta x_pre`` at a
    postsynaptic one, clipped to [0, w_max]. The weight settles where the postsynaptic cell fires at
    ``rate``.

    Parameters
    ----------
    eta : float, default 0.01
        Learning rate, a shared scalar.
    rate : Quantity, default 5 Hz
        Target rate of the postsynaptic cell.
    tau : Quantity, default 20 ms
        Decay of both traces.
    w_max : float, default 10
        Upper bound.
    name : str, default "vogels-istdp"
        Name in messages.

    References
    ----------
    Vogels, Sprekeler, Zenke, Clopath and Gerstner (2011), doi 10.1126/science.1211095, supplement.

    Examples
    --------
    >>> from brian2 import ms
    >>> vogels_stdp().window([1000] * ms).round(6).tolist()  # an isolated presynaptic spike
    [-0.002]
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        pre="dx_pre/dt = -x_pre/tau : 1",
        post="dx_post/dt = -x_post/tau : 1",
        on_pre="x_pre += 1; w = clip(w + eta*(x_post - 2*rate*tau), 0, w_max)",
        on_post="x_post += 1; w = clip(w + eta*x_pre, 0, w_max)",
        parameters={"rate": rate, "tau": tau, "w_max": w_max},
        initial={"eta": eta},
        reference="Vogels et al. 2011",
    )
