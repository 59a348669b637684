"""What happens in a time step or at the limits of a trial, as data.

The plan of a network is a list of these; the C++ target renders each as a kernel, the numpy target
runs each through a stock Brian2 object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioplastic.engine.events import GroupWinner, PopulationMean
from bioplastic.engine.projections import Projection
from bioplastic.plasticity.rule import LeastSquares, Normalisation
from bioplastic.signals.analogue import AnalogueSource, NoiseSource
from bioplastic.signals.latency import LatencySource
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = [
    "Average",
    "CellStatements",
    "ClockedStatements",
    "Compete",
    "DelaySpikes",
    "Emit",
    "Integrate",
    "LeastSquaresUpdate",
    "Normalise",
    "RateStatements",
    "Reset",
    "RestoreSpikes",
    "SendEvents",
    "SharedStatements",
    "ShowFrame",
    "SpikeStatements",
    "SummedStatements",
    "SynapseStatements",
    "Threshold",
    "TrialStatements",
]


@dataclass(frozen=True)
class Integrate:
    """Advance the equations of a group (or of the synapses of a projection) by one step."""

    group: Any
    projection: Projection | None = None


@dataclass(frozen=True)
class Emit:
    """Let a source emit the spikes of this step."""

    source: PoissonSource | SpikeListSource | LatencySource
    group: Any


@dataclass(frozen=True)
class ShowFrame:
    """Let a source of numbers show those of this step."""

    source: AnalogueSource | NoiseSource
    group: Any


@dataclass(frozen=True)
class Threshold:
    """Find the neurons of a group that fire."""

    group: Any


@dataclass(frozen=True)
class Reset:
    """Execute the reset of the neurons that fired."""

    group: Any


@dataclass(frozen=True)
class SpikeStatements:
    """Statements executed once for every neuron of ``group`` that fired: trace increments."""

    name: str
    group: Any
    code: str
    delayed: str = ""


@dataclass(frozen=True)
class DelaySpikes:
    """Exchange the spikes of this step for those that left ``steps`` steps ago.

    ``projection`` names the ring of spikes in flight; the actions that follow use them until
    `RestoreSpikes`. ``again`` shows those that have arrived in this step a second time.
    """

    projection: str
    group: Any
    steps: int
    again: bool = False


@dataclass(frozen=True)
class RestoreSpikes:
    """End what `DelaySpikes` began."""

    group: Any


@dataclass(frozen=True)
class SendEvents:
    """Send the spikes of this step on their way, each to arrive at every synapse at its own time.

    ``side`` is ``"pre"``, ``"post"``, or ``"other"`` where a spike reaches all synapses.
    """

    queue: str
    projection: Projection
    synapses: Any
    group: Any
    side: str


@dataclass(frozen=True)
class SharedStatements:
    """Statements on shared scalars of a projection, once for every spike of a population."""

    name: str
    synapses: Any
    group: Any
    code: str
    delayed: str = ""


@dataclass(frozen=True)
class SummedStatements:
    """Set a variable of the postsynaptic cells to a sum over their synapses."""

    name: str
    projection: Projection
    synapses: Any
    target: str
    expression: str


@dataclass(frozen=True)
class SynapseStatements:
    """Statements executed for every synapse of the neurons that fired.

    Where synapses have delays of their own, ``arrivals`` names the queue that tells which are
    reached. ``direction`` is ``"other"`` for spikes of another population, of ``group``.
    """

    name: str
    projection: Projection
    synapses: Any
    pathway: str
    direction: str
    code: str
    delayed: str = ""
    arrivals: str = ""
    group: Any = None


@dataclass(frozen=True)
class ClockedStatements:
    """Statements executed for every synapse, every ``interval`` steps or at a trial boundary.

    With ``offset`` 1 they run in the last step of every interval, with 0 in the first.
    ``only`` names a variable of the postsynaptic cell: synapses of cells where it is zero are left
    out.
    """

    name: str
    projection: Projection
    synapses: Any
    code: str
    interval: int = 1
    only: str = ""
    offset: int = 1


@dataclass(frozen=True)
class CellStatements:
    """Clocked statements executed once per cell, or once for the shared scalars of a projection."""

    name: str
    owner: Any
    code: str
    shared: bool
    interval: int = 1
    offset: int = 1


@dataclass(frozen=True)
class Normalise:
    """Multiplicative scaling of the weights of a projection."""

    name: str
    projection: Projection
    synapses: Any
    rule: Normalisation
    only: str = ""


@dataclass(frozen=True)
class Compete:
    """Find the winner of every group of cells."""

    name: str
    group: Any
    what: GroupWinner


@dataclass(frozen=True)
class Average:
    """Set a shared variable to a mean over the cells of a group."""

    name: str
    group: Any
    what: PopulationMean


@dataclass(frozen=True)
class LeastSquaresUpdate:
    """One step of recursive least squares, every ``interval`` steps.

    ``activity`` and ``error`` are variables of the source and target that hold the values.
    """

    name: str
    projection: Projection
    synapses: Any
    rule: LeastSquares
    activity: str
    error: str
    interval: int
    offset: int


@dataclass(frozen=True)
class RateStatements:
    """Compute the spike probabilities of a Poisson source at the start of a trial."""

    source: PoissonSource
    group: Any
    code: str


@dataclass(frozen=True)
class TrialStatements:
    """Statements over the scalar variables of the trial."""

    name: str
    group: Any
    code: str
