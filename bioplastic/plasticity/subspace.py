"""Hebbian learning of the principal subspace, with anti-Hebbian feedback to the inputs."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_choice

__all__ = ["subspace_rule"]


def subspace_rule(
    *,
    eta: float = 1e-2,
    direction: str = "forward",
    interval: Quantity = 1 * ms,
    name: str | None = None,
) -> PlasticityRule:
    """Return one half of Oja's subspace rule in a form without sums over other synapses.

    Inputs ``x`` drive outputs ``y = W x``; the outputs send ``f = V y`` back. The forward weights
    learn ``w <- w + eta y_post (x_pre - f_pre)``: Hebbian in what drives the cell, anti-Hebbian in
    what comes back. The feedback weights learn the same product, ``w <- w + eta y_pre (x_post -
    f_post)``, so that ``V`` stays (or, with a decay, becomes) the transpose of ``W`` without being
    copied. With ``V = W^T`` this is ``dW = eta (y x^T - y y^T W)``, whose rows span the principal
    subspace of the inputs.

    Parameters
    ----------
    eta : float, default 1e-2
        Learning rate, a shared scalar.
    direction : {"forward", "feedback"}, default "forward"
        Which of the two projections.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, optional
        Name in messages, ``"subspace"`` or ``"subspace-feedback"`` otherwise.

    Returns
    -------
    PlasticityRule
        Rule that reads ``x`` and ``f`` of the input cells and ``y`` of the output cells.

    References
    ----------
    Oja (1989), doi 10.1142/S0129065789000475; in networks with feedback: Xiao et al. (2024),
    Hebbian learning based orthogonal projection, ICLR.

    Examples
    --------
    >>> subspace_rule().audit().local, subspace_rule(direction="feedback").audit().local
    (True, True)
    """
    check_choice("subspace_rule.direction", direction, ("forward", "feedback"))
    forward = direction == "forward"
    change = "eta*y_post*(x_pre - f_pre)" if forward else "eta*y_pre*(x_post - f_post)"
    return PlasticityRule(
        name=name or ("subspace" if forward else "subspace-feedback"),
        synapse="w : 1\neta : 1 (shared)",
        every=f"w += {change}",
        interval=interval,
        initial={"eta": eta},
        reference="Oja 1989; Xiao et al. 2024",
    )
