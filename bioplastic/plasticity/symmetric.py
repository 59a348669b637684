"""Symmetric STDP: pairs potentiate in either order, scaling alone depresses."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["symmetric_stdp"]


@checked
def symmetric_stdp(
    *,
    eta: float = 0.005,
    a: float = 0.1,
    tau: Quantity = 20 * ms,
    w_max: float = 1.0,
    total: float | None = None,
    initial_trace: float = 1.0,
    name: str = "sym-stdp",
) -> PlasticityRule:
    """Return the symmetric rule of Hao et al. (2020), optionally with synaptic scaling.

    Traces jump by ``a`` and decay with ``tau`` on both sides. At a presynaptic spike
    ``w <- min(w + eta x_post, w_max)``, at a postsynaptic one ``w <- min(w + eta x_pre, w_max)``.
    An isolated pair changes the weight by ``eta a exp(-|lag|/tau)``.

    Parameters
    ----------
    eta : float, default 0.005
        Learning rate; a shared scalar that a program may change at run time (zero at test).
    a : float, default 0.1
        Jump of both traces.
    tau : Quantity, default 20 ms
        Decay of both traces.
    w_max : float, default 1
        Upper bound. There is no lower one: nothing depresses.
    total : float, optional
        Sum of the inputs of each postsynaptic cell after scaling at trial start.
    initial_trace : float, default 1
        Initial value of both traces.
    name : str, default "sym-stdp"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule with variables ``w``, ``eta`` (shared), ``x_pre`` and ``x_post``.

    References
    ----------
    Hao, Huang, Dong and Xu (2020), doi 10.1016/j.neunet.2019.09.007.

    Examples
    --------
    >>> rule = symmetric_stdp(eta=0.01, total=78.4)
    >>> float(rule.initial["eta"])
    0.01
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        pre="dx_pre/dt = -x_pre/tau : 1",
        post="dx_post/dt = -x_post/tau : 1",
        on_pre="x_pre += a; w = clip(w + eta*x_post, 0, w_max)",
        on_post="x_post += a; w = clip(w + eta*x_pre, 0, w_max)",
        normalise=None if total is None else Normalisation(total=total),
        parameters={"tau": tau, "a": a, "w_max": w_max},
        initial={"eta": eta, "x_pre": initial_trace, "x_post": initial_trace},
        reference="Hao et al. 2020",
    )
