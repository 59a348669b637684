"""What happens in a step or at the limits of a trial: one file per kind, with both its forms."""

from __future__ import annotations

from bioplastic.engine.actions.average import Average
from bioplastic.engine.actions.cell_statements import CellStatements
from bioplastic.engine.actions.clocked_statements import ClockedStatements
from bioplastic.engine.actions.compete import Compete
from bioplastic.engine.actions.delay_spikes import DelaySpikes, RestoreSpikes
from bioplastic.engine.actions.draw_counts import DrawCounts
from bioplastic.engine.actions.draw_frame import DrawFrame
from bioplastic.engine.actions.draw_spikes import DrawSpikes
from bioplastic.engine.actions.emit import Emit
from bioplastic.engine.actions.integrate import Integrate
from bioplastic.engine.actions.least_squares import LeastSquaresUpdate
from bioplastic.engine.actions.normalise import Normalise
from bioplastic.engine.actions.rate_statements import RateStatements
from bioplastic.engine.actions.reset import Reset
from bioplastic.engine.actions.send_events import SendEvents
from bioplastic.engine.actions.shared_statements import SharedStatements
from bioplastic.engine.actions.show_frame import ShowFrame
from bioplastic.engine.actions.spike_statements import SpikeStatements
from bioplastic.engine.actions.summed_statements import SummedStatements
from bioplastic.engine.actions.synapse_statements import SynapseStatements
from bioplastic.engine.actions.threshold import Threshold
from bioplastic.engine.actions.trial_statements import TrialStatements

__all__ = [
    "Average",
    "CellStatements",
    "ClockedStatements",
    "Compete",
    "DelaySpikes",
    "DrawCounts",
    "DrawFrame",
    "DrawSpikes",
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
