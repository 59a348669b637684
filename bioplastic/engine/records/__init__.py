"""What a call returns besides the state: one file per kind of record."""

from __future__ import annotations

from bioplastic.engine.records.base import Record
from bioplastic.engine.records.spike_count import SpikeCount
from bioplastic.engine.records.spike_record import SpikeRecord
from bioplastic.engine.records.state_record import StateRecord
from bioplastic.engine.records.trial_record import TrialRecord

__all__ = ["Record", "SpikeCount", "SpikeRecord", "StateRecord", "TrialRecord"]
