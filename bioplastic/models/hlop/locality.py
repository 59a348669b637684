"""What of a continual classifier is local, part by part."""

from __future__ import annotations

from dataclasses import dataclass

from bioplastic.models.hlop.classifier import ContinualClassifier
from bioplastic.plasticity.locality import Verdict
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.subspace import subspace_rule

__all__ = ["LearningPart", "audit_learning"]


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
    parts = [_forward(model), _feedback(model.feedback)]
    parts.append(
        LearningPart(
            "output error",
            Verdict.CELL_WIDE,
            "a softmax divides by a sum over the output cells, as divisive inhibition does",
        )
    )
    if model.projection == "hebbian":
        rules = [subspace_rule(direction=side) for side in ("forward", "feedback")]
        verdict = max((rule.audit().verdict for rule in rules), key=list(Verdict).index)
        parts += [
            LearningPart(
                "lateral weights",
                verdict,
                "each direction learns from its two cells and what the laterals send back",
            ),
            LearningPart(
                "projected trace",
                Verdict.LOCAL,
                "a cell subtracts what earlier tasks' lateral neurons send back to it",
            ),
            LearningPart(
                "end of a task",
                Verdict.MODULATED,
                "one signal freezes lateral neurons and recruits others",
            ),
        ]
    if model.batch_size > 1:
        parts.append(
            LearningPart(
                "mini-batch",
                Verdict.NON_LOCAL,
                f"an update is a mean over {model.batch_size} samples seen with the same weights",
            )
        )
    if model.replay:
        parts.append(
            LearningPart("replay", Verdict.NON_LOCAL, "samples of earlier tasks are stored")
        )
    if model.ewc > 0:
        parts.append(
            LearningPart(
                "consolidation",
                Verdict.MODULATED,
                "each synapse keeps its importance, estimated in a pass after the task",
            )
        )
    return tuple(parts)


def _forward(model: ContinualClassifier) -> LearningPart:
    if model.trainer == "bptt":
        return LearningPart(
            "forward weights",
            Verdict.NON_LOCAL,
            "in time: errors run backwards through all steps, whose activity is stored",
        )
    return LearningPart(
        "forward weights",
        ottt_rule().audit().verdict,
        "presynaptic trace, surrogate derivative of the cell, error that reaches it",
    )


def _feedback(kind: str) -> LearningPart:
    if kind == "transpose":
        reason = (
            "equal to the forward weights; both sides learn the same local product, but they have "
            "to start equal"
        )
        return LearningPart("feedback weights", Verdict.NON_LOCAL, reason)
    if kind == "sign":
        return LearningPart(
            "feedback weights", Verdict.NON_LOCAL, "have the signs of the forward weights"
        )
    return LearningPart("feedback weights", Verdict.LOCAL, "random, and never change")
