"""What was learned, and how: subspaces beside exact ones, and what of the learning is local."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis.subspaces import SubspaceRecovery, recover_subspace
from bioplastic.models.hlop.classifier import ContinualClassifier
from bioplastic.plasticity.locality import Verdict
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.subspace import subspace_rule

__all__ = [
    "LearningPart",
    "audit_learning",
    "inspect_subspaces",
    "presynaptic_traces",
]


def presynaptic_traces(
    model: ContinualClassifier, X: ArrayLike, task: int | None = None
) -> list[NDArray[np.float32]]:
    """Return the presynaptic factor of every layer for some samples.

    Parameters
    ----------
    model : ContinualClassifier
        A fitted model.
    X : array_like, shape (n_samples, n_features)
        Samples.
    task : int, optional
        Task whose head is used, see `ContinualClassifier.predict`.

    Returns
    -------
    list of ndarray
        Standardised samples, then traces of the hidden layers over all steps and samples, each of
        shape ``(n, n_neurons)``.
    """
    x = model.standardise(model.check_samples(X))
    head = model.head_number(task)
    network = model.network_of(head)
    network.forward(x, [*model.weights_, model.heads_[head]])
    return [x, *(trace.reshape(-1, trace.shape[-1]).copy() for trace in network.traces())]


def inspect_subspaces(
    model: ContinualClassifier, X: ArrayLike, recruited: list[int], task: int | None = None
) -> list[SubspaceRecovery]:
    """Compare the lateral circuits with exact principal subspaces of given samples.

    Parameters
    ----------
    model : ContinualClassifier
        A fitted model with lateral circuits.
    X : array_like, shape (n_samples, n_features)
        Samples of the task learned last.
    recruited : list of int
        Neurons that each circuit recruited for that task.
    task : int, optional
        See `presynaptic_traces`.

    Returns
    -------
    list of SubspaceRecovery
        One per lateral circuit.
    """
    traces = presynaptic_traces(model, X, task)
    parts = zip(model.circuits_, recruited, traces, strict=False)
    return [recover_subspace(circuit.rows, n, trace) for circuit, n, trace in parts]


@dataclass(frozen=True)
class LearningPart:
    """One part of the learning system.

    Attributes
    ----------
    part : str
        What it is.
    verdict : Verdict
        What it needs at most.
    reason : str
        Why.
    """

    part: str
    verdict: Verdict
    reason: str


_FEEDBACK = {
    "transpose": (Verdict.NON_LOCAL, "equal to the forward weights; both sides learn the same "
                  "local product, but they have to start equal"),
    "sign": (Verdict.NON_LOCAL, "have the signs of the forward weights"),
    "random": (Verdict.LOCAL, "random, and never change"),
    "direct": (Verdict.LOCAL, "random, and never change"),
}  # fmt: skip


def audit_learning(model: ContinualClassifier) -> tuple[LearningPart, ...]:
    """Return every part of how a model learns, with what it depends on.

    Verdicts of synaptic rules come from their equation strings
    (`bioplastic.plasticity.audit`); those of everything around them are stated here.

    Parameters
    ----------
    model : ContinualClassifier
        Its arguments decide; it need not be fitted.

    Examples
    --------
    >>> for part in audit_learning(ContinualClassifier(feedback="random")):
    ...     print(f"{part.part}: {part.verdict}")
    forward weights: local with modulator
    feedback weights: local
    output error: cell-wide
    lateral weights: local
    projected trace: local
    end of a task: local with modulator
    >>> str(audit_learning(ContinualClassifier(trainer="bptt", batch_size=64))[0].verdict)
    'NON-LOCAL'
    """
    forward = (Verdict.NON_LOCAL, "in time: errors run backwards through all steps, whose activity "
               "is stored")  # fmt: skip
    if model.trainer == "ottt":
        forward = (ottt_rule().audit().verdict, "presynaptic trace, surrogate derivative of the "
                   "cell, error that reaches it")  # fmt: skip
    rules = [subspace_rule(direction=side) for side in ("forward", "feedback")]
    laterals = max((rule.audit().verdict for rule in rules), key=list(Verdict).index)
    projects = model.projection == "hebbian"
    parts: list[tuple[bool, str, Verdict, str]] = [
        (True, "forward weights", *forward),
        (True, "feedback weights", *_FEEDBACK[model.feedback]),
        (True, "output error", Verdict.CELL_WIDE,
         "a softmax divides by a sum over the output cells, as divisive inhibition does"),
        (projects, "lateral weights", laterals,
         "each direction learns from its two cells and what the laterals send back"),
        (projects, "projected trace", Verdict.LOCAL,
         "a cell subtracts what earlier tasks' lateral neurons send back to it"),
        (projects, "end of a task", Verdict.MODULATED,
         "one signal freezes lateral neurons and recruits others"),
        (model.batch_size > 1, "mini-batch", Verdict.NON_LOCAL,
         f"an update is a mean over {model.batch_size} samples seen with the same weights"),
        (bool(model.replay), "replay", Verdict.NON_LOCAL, "samples of earlier tasks are stored"),
        (model.ewc > 0, "consolidation", Verdict.MODULATED,
         "each synapse keeps its importance, estimated in a pass after the task"),
    ]  # fmt: skip
    return tuple(LearningPart(*part[1:]) for part in parts if part[0])
