"""Learning from exploration: what was perturbed is judged by the error that followed."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["miconi_rule", "node_perturbation"]


@checked
def node_perturbation(
    *,
    eta: float = 1e-3,
    tau: Quantity = 20 * ms,
    baseline_rate: float = 0.25,
    name: str = "node-perturbation",
) -> PlasticityRule:
    """Return node perturbation with a running baseline.

    During the trial ``h <- h + r_pre noise_post dt/tau`` in every step, where ``noise`` is what
    was injected into the postsynaptic cell and ``r`` the filtered presynaptic spikes. At its end
    ``w <- w - eta (error - mean) h``, then ``mean`` moves towards ``error``.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    tau : Quantity, default 20 ms
        Filter of the presynaptic spikes.
    baseline_rate : float, default 0.25
        Step of the running mean of the error.
    name : str, default "node-perturbation"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``noise_post`` (dimensionless) and the shared modulators ``error`` and
        ``mean``.

    References
    ----------
    Fiete and Seung (2006), doi 10.1103/PhysRevLett.97.048104.

    Examples
    --------
    >>> node_perturbation().audit().online
    False
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)\nh : 1",
        pre="dr_pre/dt = -r_pre/tau : 1",
        on_pre="r_pre += 1",
        modulators="error : 1 (shared)\nmean : 1 (shared)",
        every="h += r_pre*noise_post*dt/tau",
        on_trial_end="""
            w -= eta*(error - mean)*h
            h = 0
            mean += baseline_rate*(error - mean)
        """,
        parameters={"tau": tau, "baseline_rate": baseline_rate},
        initial={"eta": eta, "error": 0.0, "mean": 0.0},
        reference="Fiete & Seung 2006",
    )


@checked
def miconi_rule(
    *,
    eta: float = 0.1,
    memory: float = 0.05,
    baseline_rate: float = 0.25,
    max_change: float = 3e-4,
    interval: Quantity = 1 * ms,
    name: str = "miconi",
) -> PlasticityRule:
    """Return the reward-modulated Hebbian rule with a supralinear eligibility.

    Every ``interval``, ``h <- h + (r_pre(t-1) (x_post - x_mean))^3`` and
    ``x_mean <- memory x_mean + (1 - memory) x``, the mean being read before its update. At the end
    of the trial ``w`` changes by ``-eta mean (error - mean) h``, limited to ``max_change``, then
    ``mean`` moves towards ``error``. The power is needed: with a linear eligibility perturbation
    and relaxation cancel.

    Parameters
    ----------
    eta : float, default 0.1
        Learning rate, a shared scalar.
    memory : float, default 0.05
        Share of the old value in the running mean of the excitation.
    baseline_rate : float, default 0.25
        Step of the running mean of the error. The published program keeps one mean per condition:
        set ``mean`` in the state between trials of different conditions.
    max_change : float, default 3e-4
        Largest change of a weight in one trial.
    interval : Quantity, default 1 ms
        Period of the eligibility.
    name : str, default "miconi"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``r_pre`` (rate) and ``x_post`` (excitation), dimensionless, and the shared
        modulators ``error`` and ``mean``.

    References
    ----------
    Miconi (2017), doi 10.7554/eLife.20899, and the published program.

    Examples
    --------
    >>> sorted(miconi_rule().neuron_variables)
    ['r_pre', 'x_post']
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)\nh : 1",
        pre="r_lag_pre : 1",
        post="x_mean_post : 1",
        modulators="error : 1 (shared)\nmean : 1 (shared)",
        every="""
            h += (r_lag_pre*(x_post - x_mean_post))**3
            x_mean_post = memory*x_mean_post + (1 - memory)*x_post
            r_lag_pre = r_pre
        """,
        interval=interval,
        on_trial_end="""
            w -= clip(eta*mean*(error - mean)*h, -max_change, max_change)
            h = 0
            mean += baseline_rate*(error - mean)
        """,
        parameters={
            "memory": memory,
            "baseline_rate": baseline_rate,
            "max_change": max_change,
        },
        initial={"eta": eta, "error": 0.0, "mean": 0.0},
        reference="Miconi 2017",
    )
