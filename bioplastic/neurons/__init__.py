"""Neuron models: what a neuron is."""

from __future__ import annotations

from bioplastic.neurons.discrete import discrete_alif, discrete_lif
from bioplastic.neurons.first_spike import FIRST_SPIKE_TRANSMISSION, first_spike
from bioplastic.neurons.integration import StepMethod, euler_decay
from bioplastic.neurons.izhikevich import (
    IZHIKEVICH_2007,
    izhikevich_2003,
    izhikevich_2003_excitatory,
    izhikevich_2003_inhibitory,
    izhikevich_2007,
)
from bioplastic.neurons.lif import adaptive_conductance_lif, conductance_lif, current_lif
from bioplastic.neurons.model import NeuronModel, build_group
from bioplastic.neurons.single_spike import FRESH_START, single_spike
from bioplastic.neurons.theta import theta_neuron

__all__ = [
    "FIRST_SPIKE_TRANSMISSION",
    "FRESH_START",
    "IZHIKEVICH_2007",
    "NeuronModel",
    "StepMethod",
    "adaptive_conductance_lif",
    "build_group",
    "conductance_lif",
    "current_lif",
    "discrete_alif",
    "discrete_lif",
    "euler_decay",
    "first_spike",
    "izhikevich_2003",
    "izhikevich_2003_excitatory",
    "izhikevich_2003_inhibitory",
    "izhikevich_2007",
    "single_spike",
    "theta_neuron",
]
