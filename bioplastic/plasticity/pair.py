"""Pair-based STDP: additive, multiplicative and power-law, all-to-all or nearest-neighbour."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked, param
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["pair_stdp"]


@checked(
    pairing=param(choices=("all-to-all", "nearest")),
    mu_plus=param(minimum=0),
    mu_minus=param(minimum=0),
)
def pair_stdp(
    *,
    eta: float = 0.01,
    a_plus: float = 1.0,
    a_minus: float = 1.05,
    tau_plus: Quantity = 20 * ms,
    tau_minus: Quantity = 20 * ms,
    mu_plus: float = 0.0,
    mu_minus: float = 0.0,
    w_max: float = 1.0,
    pairing: str = "all-to-all",
    name: str = "pair-stdp",
) -> PlasticityRule:
    """Return the asymmetric pair rule.

    A presynaptic spike ``lag`` before a postsynaptic one changes the weight by
    ``eta a_plus (w_max - w)^mu_plus exp(-lag/tau_plus)``, one after it by
    ``-eta a_minus w^mu_minus exp(lag/tau_minus)``; then the weight is clipped to [0, w_max]. In a
    pair inside one time step both happen: depression sees the postsynaptic trace before its
    increment, potentiation the presynaptic trace after it, so only potentiation is felt.

    Parameters
    ----------
    eta : float, default 0.01
        Learning rate, a shared scalar.
    a_plus, a_minus : float, default 1 and 1.05
        Amplitudes of potentiation and depression.
    tau_plus, tau_minus : Quantity, default 20 ms
        Decay of the presynaptic and postsynaptic trace.
    mu_plus, mu_minus : float, default 0
        Weight dependence: 0 is additive (Song et al.), 1 multiplicative (van Rossum et al.), values
        between are the power law of Guetig et al.
    w_max : float, default 1
        Upper bound.
    pairing : {"all-to-all", "nearest"}, default "all-to-all"
        Whether traces add up over spikes or are set to 1 by the latest one.
    name : str, default "pair-stdp"
        Name in messages.

    References
    ----------
    Song, Miller and Abbott (2000), doi 10.1038/78829; Guetig et al. (2003),
    doi 10.1523/JNEUROSCI.23-09-03697.2003; Morrison, Diesmann and Gerstner (2008),
    doi 10.1007/s00422-008-0233-1.

    Examples
    --------
    >>> pair_stdp(mu_plus=1, mu_minus=1).statements("on_pre")[1].expression
    'clip(w - eta*a_minus*w*x_post, 0, w_max)'
    """
    jump = "+=" if pairing == "all-to-all" else "="
    parameters = {
        "a_plus": a_plus,
        "a_minus": a_minus,
        "tau_plus": tau_plus,
        "tau_minus": tau_minus,
        "w_max": w_max,
    }
    down = "" if mu_minus == 0 else "w*" if mu_minus == 1 else "w**mu_minus*"
    up = "" if mu_plus == 0 else "(w_max - w)*" if mu_plus == 1 else "(w_max - w)**mu_plus*"
    if mu_minus not in (0, 1):
        parameters["mu_minus"] = mu_minus
    if mu_plus not in (0, 1):
        parameters["mu_plus"] = mu_plus
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        pre="dx_pre/dt = -x_pre/tau_plus : 1",
        post="dx_post/dt = -x_post/tau_minus : 1",
        on_pre=f"x_pre {jump} 1; w = clip(w - eta*a_minus*{down}x_post, 0, w_max)",
        on_post=f"x_post {jump} 1; w = clip(w + eta*a_plus*{up}x_pre, 0, w_max)",
        parameters=parameters,
        initial={"eta": eta},
        reference="Song et al. 2000; Guetig et al. 2003",
    )
