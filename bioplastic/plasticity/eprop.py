"""e-prop: eligibility traces of recurrent networks, times a learning signal of each neuron."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_choice

__all__ = ["eprop_alif", "eprop_lif"]

_COMMIT = {
    "trial_end": ("g += signal_post*e_bar", "w -= eta*g; g = 0"),
    "step": ("w -= eta*signal_post*e_bar", ""),
}


@checked
def eprop_lif(
    *,
    eta: float = 1e-4,
    gamma: float = 0.3,
    v_t: float = 1.0,
    tau_m: Quantity = 20 * ms,
    tau_out: Quantity = 20 * ms,
    commit: str = "trial_end",
    name: str = "eprop-lif",
) -> PlasticityRule:
    """Return e-prop for discrete-time LIF neurons.

    In every step ``t``, with ``z`` the spikes and ``signal`` the learning signal of the
    postsynaptic neuron (a modulator, the error fed back with fixed weights)::

        psi(t)   = gamma/v_t max(0, 1 - |v(t) - v_t|/v_t)
        e(t)     = psi_post(t) z_bar_pre(t-1)       z_bar: spikes filtered with exp(-dt/tau_m)
        e_bar(t) = exp(-dt/tau_out) e_bar(t-1) + e(t)
        g       += signal_post(t) e_bar(t)          w <- w - eta g at the end of the trial

    The step counts: spikes of step ``t - 1`` reach the membrane in step ``t``, as in
    :func:`bioplastic.neurons.discrete_lif`, and filters are sums over steps, not integrals.

    Parameters
    ----------
    eta : float, default 1e-4
        Learning rate, a shared scalar.
    gamma : float, default 0.3
        Height of the pseudo-derivative.
    v_t : float, default 1
        Threshold of the neuron.
    tau_m, tau_out : Quantity, default 20 ms
        Membrane time constant of the neuron and of the read-out.
    commit : {"trial_end", "step"}, default "trial_end"
        When weights change.
    name : str, default "eprop-lif"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``v_post`` and the modulator ``signal_post``.

    References
    ----------
    Bellec et al. (2020), doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> audit = eprop_lif().audit()
    >>> str(audit.verdict), audit.memory["synapse"]
    ('local with modulator', 3)
    """
    return _make(name, eta, gamma, v_t, tau_m, tau_out, commit, None, None)


@checked
def eprop_alif(
    *,
    eta: float = 1e-4,
    gamma: float = 0.3,
    v_t: float = 1.0,
    beta: float = 1.7,
    tau_m: Quantity = 20 * ms,
    tau_out: Quantity = 20 * ms,
    tau_a: Quantity = 200 * ms,
    commit: str = "trial_end",
    name: str = "eprop-alif",
) -> PlasticityRule:
    """Return e-prop for discrete-time LIF neurons with adaptive threshold.

    As :func:`eprop_lif`, with a second component of the eligibility for the threshold
    ``v_t + beta a``::

        psi(t)     = gamma/v_t max(0, 1 - |v(t) - v_t - beta a(t)|/v_t)
        e(t)       = psi_post(t) (z_bar_pre(t-1) - beta eps(t))
        eps(t + 1) = psi_post(t) z_bar_pre(t-1) + (exp(-dt/tau_a) - beta psi_post(t)) eps(t)

    Parameters
    ----------
    eta, gamma, v_t, tau_m, tau_out, commit
        As in :func:`eprop_lif`.
    beta : float, default 1.7
        Strength of the adaptation.
    tau_a : Quantity, default 200 ms
        Time constant of the adaptation.
    name : str, default "eprop-alif"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``v_post``, ``a_post`` and the modulator ``signal_post``.

    References
    ----------
    Bellec et al. (2020), doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> sorted(eprop_alif().neuron_variables)
    ['a_post', 'v_post']
    """
    return _make(name, eta, gamma, v_t, tau_m, tau_out, commit, beta, tau_a)


def _make(
    name: str,
    eta: float,
    gamma: float,
    v_t: float,
    tau_m: Quantity,
    tau_out: Quantity,
    commit: str,
    beta: float | None,
    tau_a: Quantity | None,
) -> PlasticityRule:
    check_choice("eprop.commit", commit, _COMMIT)
    gather, apply = _COMMIT[commit]
    synapse = "w : 1\neta : 1 (shared)\ne_bar : 1"
    parameters: dict[str, Any] = {
        "gamma": gamma, "v_t": v_t, "tau_m": tau_m, "tau_out": tau_out,
    }  # fmt: skip
    excess, eligibility, threshold = "v_post - v_t", "psi_post*z_lag_pre", ""
    if beta is not None:
        synapse += "\neps : 1"
        parameters |= {"beta": beta, "tau_a": tau_a}
        excess += " - beta*a_post"
        eligibility = "psi_post*(z_lag_pre - beta*eps)"
        threshold = "eps = psi_post*z_lag_pre + (exp(-dt/tau_a) - beta*psi_post)*eps"
    if commit == "trial_end":
        synapse += "\ng : 1"
    return PlasticityRule(
        name=name,
        synapse=synapse,
        pre="dz_bar_pre/dt = -z_bar_pre/tau_m : 1\nz_lag_pre : 1",
        post="psi_post : 1",
        modulators="signal_post : 1",
        on_pre="z_bar_pre += 1",
        every=f"""
            psi_post = gamma/v_t*clip(1 - abs({excess})/v_t, 0, 1)
            e_bar = exp(-dt/tau_out)*e_bar + {eligibility}
            {threshold}
            {gather}
            z_lag_pre = z_bar_pre
        """,
        on_trial_end=apply,
        parameters=parameters,
        initial={"eta": eta},
        reference="Bellec et al. 2020",
    )
