"""Non-leaky neurons that fire at most once per trial: the time of the spike is the message."""

from __future__ import annotations

from brian2 import second

from bioplastic.fields import checked
from bioplastic.neurons.model import NeuronModel

__all__ = ["FRESH_START", "single_spike"]

#: Statements for ``on_trial_start`` of a rule on a projection to these cells.
FRESH_START = "v_post = 0; fired_post = 0; age_post = 0*second; latency_post = -1*second"


@checked
def single_spike(*, theta: float = 5.0, name: str = "single-spike") -> NeuronModel:
    """Return a non-leaky integrate-and-fire neuron for first-spike coding.

    Inputs add to ``i_in`` and enter ``v`` in the next step, without leak. The first time that
    ``v >= theta`` the cell fires and stores its ``latency``, which is negative before; it stays
    silent until the trial ends, while ``v`` goes on adding up, so that ties can be broken by
    potential. ``theta`` is a variable, one per cell, and may be learned.

    A trial starts when ``v``, ``fired`` and ``age`` are zero. Nothing resets them by itself: set
    them in the state, or give a rule the statements ``FRESH_START`` as ``on_trial_start``.

    Parameters
    ----------
    theta : float, default 5
        Initial threshold.
    name : str, default "single-spike"
        Name in messages.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``i_in``, ``theta``, ``fired`` (dimensionless), ``age`` and ``latency``
        (second).

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS.

    Examples
    --------
    >>> single_spike().threshold
    'v >= theta and fired < 0.5'
    """
    return NeuronModel(
        name=name,
        equations="""
            v : 1
            i_in : 1
            theta : 1
            fired : 1
            age : second
            latency : second
        """,
        threshold="v >= theta and fired < 0.5",
        reset="fired = 1; latency = age",
        update="v += i_in; i_in = 0; age += dt",
        initial={"theta": theta, "latency": -1 * second},
        reference="Goupy et al. 2024",
    )
