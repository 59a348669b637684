"""Presynaptic pool modification: recurrent networks learn spike trains (Bagley et al. 2020)."""

from __future__ import annotations

from bioplastic.models.pspm.model import PSPMRegressor
from bioplastic.models.pspm.network import (
    PSPMParameters,
    RecurrentNetwork,
    pif_parameters,
    recurrent_network,
)
from bioplastic.models.pspm.rule import PSPMRule, pool_rule
from bioplastic.models.pspm.tasks import (
    CONDITIONS,
    Task,
    draw_current,
    draw_task,
    integrate_and_fire_spikes,
)

__all__ = [
    "CONDITIONS",
    "PSPMParameters",
    "PSPMRegressor",
    "PSPMRule",
    "RecurrentNetwork",
    "Task",
    "draw_current",
    "draw_task",
    "integrate_and_fire_spikes",
    "pif_parameters",
    "pool_rule",
    "recurrent_network",
]
