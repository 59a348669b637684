"""FORCE training of recurrent spiking networks (Nicola and Clopath 2017)."""

from __future__ import annotations

from bioplastic.models.force.model import (
    CELLS,
    ForceGenerator,
    ForceParameters,
    ForceRun,
    delta_readout,
    draw_recurrent,
    force_cell,
    force_network,
    force_parameters,
    force_readout,
)
from bioplastic.models.force.targets import (
    lorenz,
    ode_to_joy,
    product_of_sines,
    sawtooth,
    sine,
    van_der_pol,
)

__all__ = [
    "CELLS",
    "ForceGenerator",
    "ForceParameters",
    "ForceRun",
    "delta_readout",
    "draw_recurrent",
    "force_cell",
    "force_network",
    "force_parameters",
    "force_readout",
    "lorenz",
    "ode_to_joy",
    "product_of_sines",
    "sawtooth",
    "sine",
    "van_der_pol",
]
