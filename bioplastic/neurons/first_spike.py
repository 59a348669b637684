"""Non-leaky neurons on events: they fire once, at the exact time of an input spike."""

from __future__ import annotations

from bioplastic.fields import checked
from bioplastic.neurons.model import NeuronModel

__all__ = ["FIRST_SPIKE_TRANSMISSION", "first_spike"]

#: What an input spike does to these cells: ``transmit`` of a projection.
FIRST_SPIKE_TRANSMISSION = "v_post += active_post*w"


@checked
def first_spike(*, theta: float = 200.0, name: str = "first-spike") -> NeuronModel:
    """Return a non-leaky integrate-and-fire neuron whose first spike time is its answer.

    The neuron lives in an event-driven trial (`bioplastic.engine.EventTrial`). Inputs add to ``v``
    at their spike times. When an event has been summed up and ``v > theta``, the cell fires:
    ``t_spike`` becomes the time of that event, ``active`` falls to zero, and ``v`` keeps the value
    at the crossing, so that ties can be broken by potential. A cell that never fires ends with
    ``t_spike = 1``. Latest time and potential are dimensionless: the code runs from 0 to 1.

    A trial starts with the statements of a rule, see `bioplastic.plasticity.first_spike_trial`.

    Parameters
    ----------
    theta : float, default 200
        Initial value of the threshold ``theta`` in use and of ``base``, the one at rest.
    name : str, default "first-spike"
        Name in messages.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``theta``, ``base``, ``active``, ``crossed``, ``t_spike`` and the shared
        ``event_time``, all dimensionless.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS, arXiv 2410.17066.

    Examples
    --------
    >>> first_spike().threshold
    'crossed > 0.5'
    """
    return NeuronModel(
        name=name,
        equations="""
            v : 1
            theta : 1
            base : 1
            active : 1
            crossed : 1
            t_spike : 1
            event_time : 1 (shared)
        """,
        threshold="crossed > 0.5",
        update="""
            crossed = active*int(v > theta)
            t_spike = crossed*event_time + (1 - crossed)*t_spike
            active -= crossed
        """,
        initial={"theta": theta, "base": theta, "active": 1.0, "t_spike": 1.0},
        reference="Goupy et al. 2024",
    )
