"""Hebbian learning of the principal subspace, with anti-Hebbian feedback to the inputs."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked, param
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_real

__all__ = ["subspace_rule"]


@checked(direction=param(choices=("forward", "feedback")), momentum=param(minimum=0, maximum=1))
def subspace_rule(
    *,
    eta: float = 1e-2,
    direction: str = "forward",
    interval: Quantity = 1 * ms,
    momentum: float = 0.0,
    clip: float | None = None,
    name: str | None = None,
) -> PlasticityRule:
    """Return one half of Oja's subspace rule in a form without sums over other synapses.

    Inputs ``x`` drive outputs ``y = W x``; the outputs send ``f = V y`` back. The forward weights
    learn ``w <- w + eta y_post (x_pre - f_pre)``: Hebbian in what drives the cell, anti-Hebbian in
    what comes back. The feedback weights learn the same product, ``w <- w + eta y_pre (x_post -
    f_post)``, so that ``V`` stays (or, with a decay, becomes) the transpose of ``W`` without being
    copied. With ``V = W^T`` this is ``dW = eta (y x^T - y y^T W)``, whose rows span the principal
    subspace of the inputs. If ``f`` holds the feedback of other, frozen outputs too, the plastic
    ones learn the principal subspace of what those leave unexplained.

    Parameters
    ----------
    eta : float, default 1e-2
        Learning rate, a shared scalar.
    direction : {"forward", "feedback"}, default "forward"
        Which of the two projections.
    interval : Quantity, default 1 ms
        Period of the update.
    momentum : float, default 0
        Share of the past in a moving mean of the changes that each synapse keeps as ``m``; with 0
        there is none.
    clip : float, optional
        Bound of the product before it is averaged.
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
    >>> subspace_rule(momentum=0.9, clip=10.0).audit().local
    True
    """
    forward = direction == "forward"
    product = "y_post*(x_pre - f_pre)" if forward else "y_pre*(x_post - f_post)"
    parameters: dict[str, float] = {}
    if clip is not None:
        parameters["limit"] = check_real("subspace_rule.clip", clip, minimum=0, exclusive=True)
        product = f"clip({product}, -limit, limit)"
    synapse, every = "w : 1\neta : 1 (shared)", f"w += eta*{product}"
    if momentum:
        synapse += "\nm : 1"
        every = f"m = keep*m + (1 - keep)*{product}\nw += eta*m"
        parameters["keep"] = momentum
    return PlasticityRule(
        name=name or ("subspace" if forward else "subspace-feedback"),
        synapse=synapse,
        every=every,
        interval=interval,
        parameters=parameters,
        initial={"eta": eta},
        reference="Oja 1989; Xiao et al. 2024",
    )
