"""Online training through time: presynaptic trace, surrogate derivative, fed-back error."""

from __future__ import annotations

from bioplastic.fields import checked, param
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["ottt_rule"]


@checked(direction=param(choices=("forward", "feedback")))
def ottt_rule(
    *, eta: float = 0.1, direction: str = "forward", name: str | None = None
) -> PlasticityRule:
    """Return the three-factor rule of online training through time.

    In every step a synapse adds the product of the presynaptic trace ``r`` (decaying sum of spikes,
    perhaps projected), the surrogate derivative ``h`` of the postsynaptic cell and the error that
    reaches it; the trial's sum changes the weight at its end, ``w <- w - eta g``. Where the network
    trained through time would follow an error back along the membranes, the trace carries the past
    forward, so that nothing waits for the end of a sequence.

    Parameters
    ----------
    eta : float, default 0.1
        Learning rate, a shared scalar.
    direction : {"forward", "feedback"}, default "forward"
        ``"feedback"`` is the same product seen by a synapse that runs from the postsynaptic cell
        back to the presynaptic one: feedback weights that start as the transpose of the forward
        weights stay so, though neither reads the other.
    name : str, optional
        Name in messages, ``"ottt"`` or ``"ottt-feedback"`` otherwise.

    Returns
    -------
    PlasticityRule
        Rule that reads ``r`` and ``h`` of the cells and the modulator ``error``.

    References
    ----------
    Xiao et al. (2022), Online training through time for spiking neural networks, NeurIPS, arXiv
    2210.04195. Feedback that learns the same product: Kolen and Pollack (1994), doi
    10.1109/ICNN.1994.374486.

    Examples
    --------
    >>> str(ottt_rule().audit().verdict), ottt_rule().audit().memory["synapse"]
    ('local with modulator', 2)
    """
    forward = direction == "forward"
    trace, cell = ("pre", "post") if forward else ("post", "pre")
    return PlasticityRule(
        name=name or ("ottt" if forward else "ottt-feedback"),
        synapse="w : 1\ng : 1\neta : 1 (shared)",
        modulators=f"error_{cell} : 1",
        every=f"g += r_{trace}*(h_{cell}*error_{cell})",
        on_trial_end="w -= eta*g\ng = 0",
        initial={"eta": eta},
        reference="Xiao et al. 2022",
    )
