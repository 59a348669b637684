"""Rules of rates: Oja, BCM and the delta rule, written on filtered spikes."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms, second

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["bcm_rule", "delta_rule", "oja_rule"]

_TRACES: dict[str, Any] = {
    "pre": "dr_pre/dt = -r_pre/tau : 1",
    "post": "dr_post/dt = -r_post/tau : 1",
    "on_pre": "r_pre += 1",
    "on_post": "r_post += 1",
}


@checked
def oja_rule(
    *,
    eta: float = 1e-3,
    tau: Quantity = 50 * ms,
    interval: Quantity = 1 * ms,
    name: str = "oja",
) -> PlasticityRule:
    """Return Oja's rule: Hebbian growth with a decay that keeps the weight vector finite.

    Every ``interval``, ``w <- w + eta r_post (r_pre - r_post w)`` with exponentially filtered
    spikes ``r``.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    tau : Quantity, default 50 ms
        Filter of the spikes.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "oja"
        Name in messages.

    References
    ----------
    Oja (1982), doi 10.1007/BF00275687.

    Examples
    --------
    >>> oja_rule().audit().local
    True
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        every="w += eta*r_post*(r_pre - r_post*w)",
        interval=interval,
        parameters={"tau": tau},
        initial={"eta": eta},
        reference="Oja 1982",
        **_TRACES,
    )


@checked
def bcm_rule(
    *,
    eta: float = 1e-3,
    tau: Quantity = 50 * ms,
    tau_threshold: Quantity = 10 * second,
    target: float = 1.0,
    w_max: float = 1.0,
    interval: Quantity = 1 * ms,
    name: str = "bcm",
) -> PlasticityRule:
    """Return the BCM rule with a sliding threshold.

    Every ``interval``, ``w <- clip(w + eta r_pre r_post (r_post - m_post), 0, w_max)``, where
    ``m_post`` follows ``r_post^2/target`` with ``tau_threshold``.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    tau, tau_threshold : Quantity, default 50 ms and 10 s
        Filter of the spikes and time constant of the threshold.
    target : float, default 1
        Value of ``r_post`` at which threshold and activity agree.
    w_max : float, default 1
        Upper bound.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "bcm"
        Name in messages.

    References
    ----------
    Bienenstock, Cooper and Munro (1982), doi 10.1523/JNEUROSCI.02-01-00032.1982; quadratic
    threshold: Intrator and Cooper (1992), doi 10.1016/S0893-6080(05)80003-6.

    Examples
    --------
    >>> sorted(bcm_rule().parse("post"))
    ['m_post', 'r_post']
    """
    fields = dict(_TRACES)
    fields["post"] += "\ndm_post/dt = (r_post**2/target - m_post)/tau_threshold : 1"
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        every="w = clip(w + eta*r_pre*r_post*(r_post - m_post), 0, w_max)",
        interval=interval,
        parameters={
            "tau": tau,
            "tau_threshold": tau_threshold,
            "target": target,
            "w_max": w_max,
        },
        initial={"eta": eta},
        reference="Bienenstock et al. 1982; Intrator & Cooper 1992",
        **fields,
    )


@checked
def delta_rule(
    *,
    eta: float = 1e-3,
    tau: Quantity = 20 * ms,
    interval: Quantity = 1 * ms,
    name: str = "delta",
) -> PlasticityRule:
    """Return the delta rule: an error per postsynaptic cell times presynaptic activity.

    Every ``interval``, ``w <- w + eta error_post r_pre``. The error is a modulator set from
    outside, target minus output.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    tau : Quantity, default 20 ms
        Filter of the presynaptic spikes.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "delta"
        Name in messages.

    References
    ----------
    Widrow and Hoff (1960), Adaptive switching circuits, IRE WESCON Convention Record 4.

    Examples
    --------
    >>> str(delta_rule().audit().verdict)
    'local with modulator'
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        pre="dr_pre/dt = -r_pre/tau : 1",
        on_pre="r_pre += 1",
        modulators="error_post : 1",
        every="w += eta*error_post*r_pre",
        interval=interval,
        parameters={"tau": tau},
        initial={"eta": eta},
        reference="Widrow & Hoff 1960",
    )
