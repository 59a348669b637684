"""The read-out of our variants: signed weights that learn from a local error.

The published read-out potentiates the synapses between every hidden neuron that fires and the
class that the teacher names, and nothing tells it that an answer was wrong. Here each output neuron
has its own error: what its teacher asks of it minus what it does. A synapse changes by that error
times the number of its own presynaptic spikes, so each update uses this synapse's two cells and
nothing else.
"""

from __future__ import annotations

from bioplastic.engine import UniformProjection
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["answer_rule", "error_rule", "output_neuron", "teacher_projection"]

_TEACHER_GAIN = 0.2  # about 64 teacher spikes bring the target to 1 within 1e-6


def output_neuron(target_spikes: float) -> NeuronModel:
    """Return a non-leaky integrate-and-fire neuron that keeps what exceeds its threshold.

    Parameters
    ----------
    target_spikes : float
        Spikes per presentation that mean full activity: the threshold is one over it, so that
        ``rate``, its activity in this presentation, follows the summed input rectified at zero.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``rate`` and ``target`` (dimensionless).
    """
    return NeuronModel(
        name="output",
        equations="v : 1\nrate : 1\ntarget : 1",
        threshold="v > quantum",
        reset="v -= quantum; rate += quantum",
        parameters={"quantum": 1 / target_spikes},
        reference="Rueckauer et al. 2017 (reset by subtraction)",
    )


def error_rule(eta: float, annealing: float) -> PlasticityRule:
    """Return the delta rule on spike counts, applied at the end of each presentation.

    ``w <- w + eta (target_post - rate_post) n_pre``, where ``n_pre`` counts the spikes of the
    presynaptic cell in this presentation and ``target_post`` is driven to 1 by teacher spikes.

    Parameters
    ----------
    eta : float
        Learning rate, a shared scalar.
    annealing : float
        After each presentation ``1/eta`` grows by this: ``eta`` falls with the inverse of the
        number of images.

    Returns
    -------
    PlasticityRule
        Rule with variables ``w``, ``eta`` (shared) and ``n_pre``.

    References
    ----------
    Widrow and Hoff (1960), the least-mean-squares rule, here with a rectified output.
    """
    return PlasticityRule(
        name="error",
        synapse="w : 1\neta : 1 (shared)",
        pre="n_pre : 1",
        on_pre="n_pre += 1",
        on_trial_start="n_pre = 0; v_post = 0; rate_post = 0; target_post = 0",
        on_trial_end="w += eta*(target_post - rate_post)*n_pre; eta = eta/(1 + annealing*eta)",
        parameters={"annealing": annealing},
        initial={"eta": eta},
        reference="Widrow & Hoff 1960",
    )


def answer_rule() -> PlasticityRule:
    """Return the rule of the frozen read-out: it clears the output neurons and learns nothing."""
    return PlasticityRule(
        name="answer",
        synapse="w : 1",
        on_trial_start="v_post = 0; rate_post = 0",
        reference="Widrow & Hoff 1960",
    )


def teacher_projection() -> UniformProjection:
    """Return the synapses by which teacher spikes drive the target of their output neuron to 1."""
    return UniformProjection(
        name="teacher_output",
        source="teacher",
        target="output",
        pattern="one_to_one",
        transmit="target_post += gain*(1 - target_post)",
        parameters={"gain": _TEACHER_GAIN},
    )
