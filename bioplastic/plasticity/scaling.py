"""Synaptic scaling: a cell keeps the sum of its weights, or its rate."""

from __future__ import annotations

from brian2 import Hz, Quantity, second

from bioplastic.fields import checked
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["rate_scaling", "synaptic_scaling"]


@checked
def synaptic_scaling(
    total: float, *, over: str = "pre", name: str = "synaptic-scaling"
) -> PlasticityRule:
    """Return multiplicative scaling at the start of every trial.

    ``w_ij <- w_ij total / sum_i w_ij``. Compose it with a learning rule: ``rule + scaling``.

    Parameters
    ----------
    total : float
        Sum after scaling.
    over : {"pre", "post"}, default "pre"
        Sum over the inputs of each postsynaptic cell, or the outputs of each presynaptic one.
    name : str, default "synaptic-scaling"
        Name in messages.

    References
    ----------
    Turrigiano et al. (1998), doi 10.1038/36103; Diehl and Cook (2015),
    doi 10.3389/fncom.2015.00099.

    Examples
    --------
    >>> synaptic_scaling(78.4).normalise.total
    78.4
    """
    return PlasticityRule(
        name=name,
        normalise=Normalisation(total=total, over=over),
        reference="Turrigiano et al. 1998; Diehl & Cook 2015",
    )


@checked
def rate_scaling(
    *,
    eta: float = 1e-3,
    rate: Quantity = 5 * Hz,
    tau: Quantity = 10 * second,
    w_max: float = 1.0,
    interval: Quantity = 0.1 * second,
    name: str = "rate-scaling",
) -> PlasticityRule:
    """Return multiplicative scaling towards a target rate.

    Every ``interval``, ``w <- clip(w + eta w (1 - r_post/target), 0, w_max)``, where ``r_post`` is
    the postsynaptic spike train filtered with ``tau`` and ``target = rate tau`` its mean at the
    target rate. All synapses of a cell grow or shrink by the same factor, so that their ratios
    stay. A silent cell grows its weights: that is what the rule is for.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    rate : Quantity, default 5 Hz
        Target rate.
    tau : Quantity, default 10 s
        Filter of the postsynaptic spikes.
    w_max : float, default 1
        Upper bound.
    interval : Quantity, default 100 ms
        Period of the update.
    name : str, default "rate-scaling"
        Name in messages.

    References
    ----------
    van Rossum, Bi and Turrigiano (2000), doi 10.1523/JNEUROSCI.20-23-08812.2000.

    Examples
    --------
    >>> rate_scaling().audit().local
    True
    """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        post="dr_post/dt = -r_post/tau : 1",
        on_post="r_post += 1",
        every="w = clip(w + eta*w*(1 - r_post/(rate*tau)), 0, w_max)",
        interval=interval,
        parameters={"rate": rate, "tau": tau, "w_max": w_max},
        initial={"eta": eta},
        reference="van Rossum et al. 2000",
    )
