"""The classification layer as a network: latencies -> competing first-spike cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    GroupWinner,
    NetworkSpec,
    Population,
    PopulationMean,
    TrialRecord,
)
from bioplastic.neurons import FIRST_SPIKE_TRANSMISSION, NeuronModel, first_spike
from bioplastic.plasticity import (
    PlasticityRule,
    first_spike_trial,
    reward_latency_stdp,
    s2_stdp,
    sstdp,
)
from bioplastic.signals import LatencySource

__all__ = [
    "PROJECTION",
    "TIME_STEP",
    "LayerSpec",
    "cell_labels",
    "inference_network",
    "learning_network",
]

#: Nominal: an event-driven trial has one step per distinct input time.
TIME_STEP = 1 * ms

#: Name of the plastic projection.
PROJECTION = "readout"

_REGULATION = {
    "none": "none",
    "dropout": "none",
    "one_threshold": "one_threshold",
    "two_compartment": "two_compartment",
}


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """What decides about the compiled networks of a classification layer.

    Parameters
    ----------
    rule : {"s2stdp", "sstdp", "rstdp"}
        What the synapses learn.
    n_features, n_classes, n_per_class : int
        Numbers of inputs, classes, and output cells per class.
    competition : bool
        Whether only the first cell of every class learns.
    regulation : {"none", "one_threshold", "two_compartment", "dropout"}
        How the competition is balanced.
    dropout : bool
        Whether output cells are switched off at random in training.
    form : {"additive", "multiplicative"}
        Form of the weight change.
    beta, w_min, w_max : float
        Constants of the weight change.
    normalise : bool
        Whether cells scale their inputs.
    test_last_input : bool
        Whether the potential with the last input is tested against the threshold.
    """

    rule: str
    n_features: int
    n_classes: int
    n_per_class: int
    competition: bool
    regulation: str
    dropout: bool
    form: str
    beta: float
    w_min: float
    w_max: float
    normalise: bool
    test_last_input: bool

    @property
    def n_cells(self) -> int:
        """Number of output cells."""
        return self.n_classes * self.n_per_class

    @property
    def regulated(self) -> bool:
        """Whether training thresholds move."""
        return _REGULATION[self.regulation] != "none"


def cell_labels(layer: LayerSpec, labelled: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the class of every cell, and whether it is a target cell of that class.

    The first ``labelled`` cells of each class are non-target cells.
    """
    cells = np.arange(layer.n_cells)
    return cells // layer.n_per_class, (cells % layer.n_per_class >= labelled).astype(float)


def learning_network(layer: LayerSpec) -> NetworkSpec:
    """Return the network that learns, one trial per sample."""
    return NetworkSpec(
        populations=(
            LatencySource(name="feature", n=layer.n_features),
            Population(
                name="out",
                n=layer.n_cells,
                model=_competing_cell(),
                sample_inputs=("label",),
                on_trial_start="goal = target*int(label == kind)",
                on_trial_end=_competition(layer),
            ),
        ),
        projections=(
            DenseProjection(
                name=PROJECTION,
                source="feature",
                target="out",
                transmit=FIRST_SPIKE_TRANSMISSION,
                rule=_learning_rule(layer),
                modulators=_modulators(layer),
                only_post="error_post",
            ),
        ),
        trial=_trial(layer),
        records=_records("t_spike", "v", "wins", "theta", f"error_post_{PROJECTION}"),
    )


def inference_network(layer: LayerSpec) -> NetworkSpec:
    """Return the network that answers with its thresholds at rest and learns nothing."""
    return NetworkSpec(
        populations=(
            LatencySource(name="feature", n=layer.n_features),
            Population(name="out", n=layer.n_cells, model=first_spike()),
        ),
        projections=(
            DenseProjection(
                name=PROJECTION,
                source="feature",
                target="out",
                transmit=FIRST_SPIKE_TRANSMISSION,
                rule=first_spike_trial(),
            ),
        ),
        trial=_trial(layer),
        records=_records("t_spike", "v"),
    )


def _records(*variables: str) -> tuple[TrialRecord, ...]:
    return tuple(TrialRecord(population="out", variable=variable) for variable in variables)


def _trial(layer: LayerSpec) -> EventTrial:
    return EventTrial(source="feature", after_last=layer.test_last_input, until_fired="out")


def _competing_cell() -> NeuronModel:
    """Return the first-spike cell with what the teacher and its rivals tell it."""
    cell = first_spike()
    return NeuronModel(
        name=cell.name,
        equations=f"""{cell.equations}
            kind : 1
            target : 1
            goal : 1
            wins : 1
            leads : 1
            counted : 1
            mean_time : 1 (shared)
            label : 1 (shared)
        """,
        threshold=cell.threshold,
        update=cell.update,
        initial=cell.initial,
        reference=cell.reference,
    )


def _competition(layer: LayerSpec) -> tuple[Any, ...]:
    """Return what happens between the cells at the end of a trial."""
    steps: list[Any] = []
    if layer.rule == "rstdp":
        steps.append(GroupWinner(into="wins", size=layer.n_cells, first="t_spike", then="v"))
    elif layer.competition:
        steps.append(GroupWinner(into="wins", size=layer.n_per_class, first="t_spike", then="v"))
    else:
        steps.append("wins = 1")
    if layer.regulated:
        size = layer.n_per_class
        steps.append(GroupWinner(into="leads", size=size, first="t_spike", then="v", among="goal"))
    if layer.rule != "rstdp":
        steps.append("counted = wins*int(t_spike < 1)")
        steps.append(PopulationMean(into="mean_time", of="t_spike", weight="counted", empty=1.0))
    return tuple(steps)


def _learning_rule(layer: LayerSpec) -> PlasticityRule:
    bounds: dict[str, Any] = {"form": layer.form, "w_min": layer.w_min, "w_max": layer.w_max}
    bounds["beta"] = layer.beta
    if layer.rule == "rstdp":
        rule = reward_latency_stdp(**bounds)
    elif layer.rule == "sstdp":
        rule = sstdp(**bounds)
    else:
        rule = s2_stdp(normalise=layer.normalise, **bounds)
    start = first_spike_trial(dropout=layer.dropout, regulation=_REGULATION[layer.regulation])
    return rule + start


def _modulators(layer: LayerSpec) -> dict[str, tuple[str, str]]:
    linked = {"wins_post": ("out", "wins"), "goal_post": ("out", "goal")}
    if layer.rule != "rstdp":
        linked["mean_time"] = ("out", "mean_time")
    if layer.regulated:
        linked["leads_post"] = ("out", "leads")
    return linked
