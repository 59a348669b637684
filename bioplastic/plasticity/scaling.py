"""Synaptic scaling: a cell keeps the sum of its weights."""

from __future__ import annotations

from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["synaptic_scaling"]


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
