"""Neuron models: what a neuron is."""

from __future__ import annotations

from bioplastic.neurons.model import NeuronModel, build_group

__all__ = ["NeuronModel", "build_group"]
