"""SuperSpike: surrogate gradients as a voltage-based three-factor rule."""

from __future__ import annotations

from brian2 import Quantity, ms, mV, second

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["superspike"]


@checked
def superspike(
    *,
    eta: float = 1e-3,
    beta: Quantity = 1 / mV,
    theta: Quantity = -50 * mV,
    tau_rise: Quantity = 5 * ms,
    tau_decay: Quantity = 10 * ms,
    tau_rms: Quantity = 30 * second,
    interval: Quantity = 0.5 * second,
    w_max: float = 0.1,
    name: str = "superspike",
) -> PlasticityRule:
    """Return SuperSpike with its adaptive learning rate.

    Presynaptic spikes pass a double exponential filter, are multiplied by the surrogate derivative
    ``1/(1 + |beta (v - theta)|)^2`` of the postsynaptic neuron, and pass a second double
    exponential filter: the eligibility ``c``. The product with the error of the neuron (a
    modulator) is integrated; every ``interval``::

        rms <- max(rms exp(-interval/tau_rms), g^2)
        w   <- clip(w + eta g/sqrt(rms), -w_max, w_max)         g <- 0

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    beta : Quantity, default 1/mV
        Steepness of the surrogate derivative.
    theta : Quantity, default -50 mV
        Threshold of the neuron.
    tau_rise, tau_decay : Quantity, default 5 and 10 ms
        Time constants of both double exponential filters.
    tau_rms : Quantity, default 30 s
        Memory of the largest gradient.
    interval : Quantity, default 0.5 s
        Time between weight updates.
    w_max : float, default 0.1
        Bound of the absolute weight.
    name : str, default "superspike"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``v_post`` and the modulator ``error_post``: the filtered difference of
        desired and actual spikes, or its fed-back sum in hidden neurons.

    References
    ----------
    Zenke and Ganguli (2018), doi 10.1162/neco_a_01086; constants of the published program.

    Examples
    --------
    >>> audit = superspike().audit()
    >>> str(audit.verdict), audit.memory["synapse"]
    ('local with modulator', 5)
    """
    return PlasticityRule(
        name=name,
        synapse="""
            w : 1
            eta : 1 (shared)
            rms : 1
            dlam/dt = (p_pre/(1 + abs(beta*(v_post - theta)))**2 - lam)/tau_rise : 1 (clock-driven)
            dc/dt = (lam - c)/tau_decay : 1 (clock-driven)
            dg/dt = c*error_post/second : 1 (clock-driven)
        """,
        pre="dq_pre/dt = -q_pre/tau_rise : 1\ndp_pre/dt = (q_pre - p_pre)/tau_decay : 1",
        modulators="error_post : 1",
        on_pre="q_pre += 1",
        every="""
            rms *= forget
            rms += int(g**2 > rms)*(g**2 - rms)
            w = clip(w + eta*g/sqrt(rms + 1e-30), -w_max, w_max)
            g = 0
        """,
        interval=interval,
        parameters={
            "beta": beta,
            "theta": theta,
            "tau_rise": tau_rise,
            "tau_decay": tau_decay,
            "forget": float(2.718281828459045 ** -float(interval / tau_rms)),
            "w_max": w_max,
        },
        initial={"eta": eta},
        reference="Zenke & Ganguli 2018",
    )
