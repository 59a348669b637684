"""Reward-modulated STDP: an eligibility trace waits for a third factor."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms, second

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["dopamine_stdp", "reward_stdp"]

_PAIR: dict[str, Any] = {
    "pre": "dx_pre/dt = -x_pre/tau_plus : 1",
    "post": "dx_post/dt = -x_post/tau_minus : 1",
    "on_pre": "x_pre += 1; c -= a_minus*x_post",
    "on_post": "x_post += 1; c += a_plus*x_pre",
}


@checked
def dopamine_stdp(
    *,
    a_plus: float = 0.1,
    a_minus: float = 0.15,
    tau_plus: Quantity = 20 * ms,
    tau_minus: Quantity = 20 * ms,
    tau_c: Quantity = 1 * second,
    tau_dopamine: Quantity = 0.2 * second,
    baseline: float = 0.002,
    w_max: float = 4.0,
    interval: Quantity = 10 * ms,
    name: str = "dopamine-stdp",
) -> PlasticityRule:
    """Return STDP linked to dopamine through a slow eligibility trace.

    Spike pairs change the eligibility ``c``, which decays with ``tau_c``. Every ``interval``,
    ``w <- clip(w + (baseline + dopamine) c, 0, w_max)``. Reward adds to ``dopamine`` from outside.

    Parameters
    ----------
    a_plus, a_minus : float, default 0.1 and 0.15
        Amplitudes of the pair window.
    tau_plus, tau_minus : Quantity, default 20 ms
        Decay of the traces.
    tau_c, tau_dopamine : Quantity, default 1 s and 0.2 s
        Decay of eligibility and dopamine.
    baseline : float, default 0.002
        Tonic dopamine.
    w_max : float, default 4
        Upper bound.
    interval : Quantity, default 10 ms
        Period of the weight update.
    name : str, default "dopamine-stdp"
        Name in messages.

    References
    ----------
    Izhikevich (2007), doi 10.1093/cercor/bhl152, and the published program.

    Examples
    --------
    >>> str(dopamine_stdp().audit().verdict)
    'local with modulator'
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\ndc/dt = -c/tau_c : 1 (event-driven)",
        modulators="ddopamine/dt = -dopamine/tau_dopamine : 1 (shared)",
        every="w = clip(w + (baseline + dopamine)*c, 0, w_max)",
        interval=interval,
        interval_at="start",
        parameters={
            "a_plus": a_plus,
            "a_minus": a_minus,
            "tau_plus": tau_plus,
            "tau_minus": tau_minus,
            "tau_c": tau_c,
            "tau_dopamine": tau_dopamine,
            "baseline": baseline,
            "w_max": w_max,
        },
        initial={"dopamine": 0.0},
        reference="Izhikevich 2007",
        **_PAIR,
    )


@checked
def reward_stdp(
    *,
    eta: float = 0.01,
    a_plus: float = 1.0,
    a_minus: float = 1.0,
    tau_plus: Quantity = 20 * ms,
    tau_minus: Quantity = 20 * ms,
    tau_c: Quantity = 500 * ms,
    baseline_rate: float = 0.05,
    w_max: float = 1.0,
    name: str = "reward-stdp",
) -> PlasticityRule:
    """Return STDP modulated by reward minus its running mean, at the end of a trial.

    ``w <- clip(w + eta (reward - mean) c, 0, w_max)``, then ``mean`` moves towards ``reward`` by
    ``baseline_rate`` and the eligibility is cleared.

    Parameters
    ----------
    eta : float, default 0.01
        Learning rate, a shared scalar.
    a_plus, a_minus : float, default 1
        Amplitudes of the pair window.
    tau_plus, tau_minus, tau_c : Quantity, default 20, 20 and 500 ms
        Decay of traces and eligibility.
    baseline_rate : float, default 0.05
        Step of the running mean of the reward.
    w_max : float, default 1
        Upper bound.
    name : str, default "reward-stdp"
        Name in messages.

    References
    ----------
    Fremaux and Gerstner (2016), doi 10.3389/fncir.2015.00085.

    Examples
    --------
    >>> [s.scope for s in reward_stdp().statements("on_trial_end")]
    ['synapse', 'synapse', 'shared']
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)\ndc/dt = -c/tau_c : 1 (event-driven)",
        modulators="reward : 1 (shared)\nmean : 1 (shared)",
        on_trial_end="""
            w = clip(w + eta*(reward - mean)*c, 0, w_max)
            c = 0
            mean += baseline_rate*(reward - mean)
        """,
        parameters={
            "a_plus": a_plus,
            "a_minus": a_minus,
            "tau_plus": tau_plus,
            "tau_minus": tau_minus,
            "tau_c": tau_c,
            "baseline_rate": baseline_rate,
            "w_max": w_max,
        },
        initial={"eta": eta, "reward": 0.0, "mean": 0.0},
        reference="Fremaux & Gerstner 2016",
        **_PAIR,
    )
