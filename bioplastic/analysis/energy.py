"""What a network costs: operations counted exactly, energy from three published formulas."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import check_params, checked, param
from bioplastic.validation import check_integer, check_real

__all__ = [
    "E_AC",
    "E_MAC",
    "E_MEM",
    "Operations",
    "SynapseLayer",
    "bit_budget",
    "conventional_energy",
    "count_operations",
    "memory_energy_ann",
    "memory_energy_snn",
]

E_MAC = 4.6
"""Picojoules of a 32-bit floating-point multiplication and addition, 45 nm [Horowitz 2014]."""

E_AC = 0.9
"""Picojoules of a 32-bit floating-point addition, 45 nm [Horowitz 2014]."""

E_MEM = 3.12
"""Picojoules of a memory access as used by STEP."""


@dataclasses.dataclass(frozen=True)
class SynapseLayer:
    """Spikes and wiring of one projection.

    Parameters
    ----------
    connections : array_like, shape (n_pre, n_post)
        Not zero where there is a synapse (the weights themselves will do, if none is zero).
    pre_spikes : array_like of int, shape (n_pre,)
        Spikes of each presynaptic neuron in the run, as from `SpikeTrains.counts`.
    post_spikes : array_like of int, shape (n_post,), optional
        Those of the postsynaptic neurons; needed for a plastic projection.
    plastic : bool, default False
        Whether each spike changes the weights at its synapses, on either side.
    """

    connections: ArrayLike
    pre_spikes: ArrayLike
    post_spikes: ArrayLike | None = None
    plastic: bool = False

    def __post_init__(self) -> None:
        check_params(self)
        wiring = check_array("SynapseLayer.connections", self.connections, shape=(None, None))
        _check_spikes("SynapseLayer.pre_spikes", self.pre_spikes, wiring.shape[0])
        if self.post_spikes is not None:
            _check_spikes("SynapseLayer.post_spikes", self.post_spikes, wiring.shape[1])


@dataclasses.dataclass(frozen=True)
class Operations:
    """Operations of a run.

    Attributes
    ----------
    synaptic : int
        Spikes delivered to synapses: the SynOps, one addition each.
    weight_reads : int
        Weights read for delivery.
    plastic_updates : int
        Variables of synapses read, changed and written back by learning: with weights alone, every
        plastic synapse of a presynaptic spike, and every plastic synapse onto a postsynaptic one.
    trace_updates : int
        Increments of traces: with one on each side of a plastic projection, one per spike.
    neuron_updates : int
        Neurons times steps.
    analogue_macs : int, default 0
        Multiplications and additions of transmission that needs no spikes, in every step.

    Examples
    --------
    >>> sum([Operations(synaptic=2), Operations(synaptic=1)], start=Operations()).synaptic
    3
    """

    synaptic: int = 0
    weight_reads: int = 0
    plastic_updates: int = 0
    trace_updates: int = 0
    neuron_updates: int = 0
    analogue_macs: int = 0

    def __add__(self, other: Operations) -> Operations:
        if not isinstance(other, Operations):
            return NotImplemented
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Operations(*(one + two for one, two in pairs))


@checked(n_neurons=param(minimum=0), n_steps=param(minimum=0))
def count_operations(layers: Sequence[SynapseLayer], *, n_neurons: int, n_steps: int) -> Operations:
    """Count what an event-driven machine has to do.

    Parameters
    ----------
    layers : sequence of SynapseLayer
        The projections.
    n_neurons : int
        Neurons whose state is updated in every step.
    n_steps : int
        Steps of the run.

    Returns
    -------
    Operations

    Raises
    ------
    TypeError, ValueError
        If spikes and wiring do not fit, or a plastic projection lacks its postsynaptic spikes.

    Examples
    --------
    >>> feed = SynapseLayer([[1, 1], [0, 1]], [3, 10], [2, 0], plastic=True)
    >>> count_operations([feed], n_neurons=2, n_steps=100)  # doctest: +NORMALIZE_WHITESPACE
    Operations(synaptic=16, weight_reads=16, plastic_updates=18, trace_updates=15,
               neuron_updates=200, analogue_macs=0)
    """
    synaptic = plastic = traces = 0
    for index, layer in enumerate(layers):
        place = f"count_operations.layers[{index}]"
        if not isinstance(layer, SynapseLayer):
            raise TypeError(f"{place}: must be a SynapseLayer, got {layer!r}")
        wiring = check_array(f"{place}.connections", layer.connections, shape=(None, None)) != 0
        pre = _check_spikes(f"{place}.pre_spikes", layer.pre_spikes, len(wiring))
        delivered = int(pre @ wiring.sum(axis=1))
        synaptic += delivered
        if layer.plastic:
            if layer.post_spikes is None:
                raise ValueError(f"{place}.post_spikes: must be given for a plastic projection")
            post = _check_spikes(f"{place}.post_spikes", layer.post_spikes, wiring.shape[1])
            plastic += delivered + int(post @ wiring.sum(axis=0))
            traces += int(pre.sum() + post.sum())
    return Operations(
        synaptic=synaptic,
        weight_reads=synaptic,
        plastic_updates=plastic,
        trace_updates=traces,
        neuron_updates=n_neurons * n_steps,
    )


@checked(synaptic=param(minimum=0), analogue_macs=param(minimum=0))
def conventional_energy(synaptic: float, analogue_macs: float = 0.0) -> float:
    r"""Estimate the energy of inference as most papers do: arithmetic only.

    :math:`E_{MAC} \times` the multiplications of an analogue first layer :math:`+ E_{AC} \times`
    SynOps. It charges neither memory nor the membrane, and its usual opponent is a 32-bit
    network (all MACs at 4.6 pJ), so it flatters spikes: they win below 5.1 spikes per synapse.

    Parameters
    ----------
    synaptic : float
        SynOps; 0 for a non-spiking network.
    analogue_macs : float, default 0
        Multiply-accumulates; all of them for a non-spiking network.

    Returns
    -------
    float
        Picojoules by the model, not a measurement.

    Examples
    --------
    >>> conventional_energy(1000), conventional_energy(0, analogue_macs=1000)
    (900.0, 4600.0)
    """
    return E_MAC * analogue_macs + E_AC * synaptic


@checked(macs=param(minimum=0))
def bit_budget(
    macs: float, *, n_steps: int, weight_bits: int, spike_bits: int = 1, rate: float | None = None
) -> float:
    r"""Count bit operations: the synaptic arithmetic computation effort of the Bit Budget.

    S-ACE :math:`= n T b_w b_s` for :math:`n` multiply-accumulates of one pass; with a `rate`,
    NS-ACE, which counts only what spikes cause and holds on event-driven machines. A quantised
    network without spikes has ``n_steps=1`` and the bits of its activations as `spike_bits`.

    Parameters
    ----------
    macs : float
        Multiply-accumulates of one step, all neurons active.
    n_steps : int
        Steps T.
    weight_bits, spike_bits : int
        Bits of a weight and of a spike.
    rate : float, optional
        Spikes per neuron and step, from 0 to 1.

    Returns
    -------
    float
        Bit operations.

    References
    ----------
    G. Shen et al., "Are Conventional SNNs Really Efficient? A Perspective from Network
    Quantization", CVPR 2024.

    Examples
    --------
    >>> bit_budget(100, n_steps=4, weight_bits=8), bit_budget(100, n_steps=1, weight_bits=8,
    ...                                                       spike_bits=4)
    (3200.0, 3200.0)
    """
    budget = (
        check_integer("bit_budget.n_steps", n_steps, minimum=1)
        * check_integer("bit_budget.weight_bits", weight_bits, minimum=1)
        * check_integer("bit_budget.spike_bits", spike_bits, minimum=1)
    )
    share = 1.0 if rate is None else check_real("bit_budget.rate", rate, minimum=0, maximum=1)
    return float(macs * budget * share)


@checked
def memory_energy_snn(
    operations: Operations, *, cached_weights: bool = False, event_driven: bool = False
) -> float:
    """Estimate the energy of a spiking network with its memory, in the manner of STEP.

    Additions of the SynOps, a read and a write of the membrane, and a read of each weight that is
    not cached. The published formula is not known to us; this is a working form of its
    ingredients. Learning adds a read and a write for each weight it changes, transmission without
    spikes its multiplications.

    Parameters
    ----------
    operations : Operations
        As counted.
    cached_weights : bool, default False
        Whether weights cost no memory access.
    event_driven : bool, default False
        Whether the membrane is touched when a spike arrives, instead of in every step.

    Returns
    -------
    float
        Picojoules by the model, not a measurement.

    References
    ----------
    S. Shen et al., "STEP: A Unified Spiking Transformer Evaluation Platform for Fair and
    Reproducible Benchmarking", 2025.

    Examples
    --------
    >>> round(memory_energy_snn(Operations(10, 10, 0, 0, 100)), 2)
    664.2
    """
    membrane = operations.synaptic if event_driven else operations.neuron_updates
    accesses = 2 * membrane + 2 * operations.plastic_updates
    accesses += 0 if cached_weights else operations.weight_reads
    additions = operations.synaptic + operations.plastic_updates + operations.trace_updates
    return E_AC * additions + E_MEM * accesses


@checked(
    macs=param(minimum=0),
    bits=param(minimum=1),
    bit_density=param(minimum=0, maximum=1),
    n_activations=param(minimum=0),
)
def memory_energy_ann(
    macs: float, *, bits: int, n_activations: int, n_weights: int, bit_density: float = 0.5
) -> float:
    """Estimate the energy of the quantised, non-spiking opponent of `memory_energy_snn`.

    A bit-serial machine turns each multiplication into one addition per set bit of the
    activation; each activation and each weight is read once.

    Parameters
    ----------
    macs : float
        Multiply-accumulates.
    bits : int
        Bits of an activation.
    n_activations, n_weights : int
        Numbers read from memory.
    bit_density : float, default 0.5
        Share of set bits.

    Returns
    -------
    float
        Picojoules by the model, not a measurement.

    Examples
    --------
    >>> round(memory_energy_ann(100, bits=4, n_activations=20, n_weights=100), 2)
    554.4
    """
    accesses = n_activations
    accesses += check_integer("memory_energy_ann.n_weights", n_weights, minimum=0)
    return E_AC * bits * bit_density * macs + E_MEM * accesses


def _check_spikes(place: str, value: ArrayLike, n: int) -> NDArray[np.int64]:
    spikes = check_array(place, value, shape=(n,), minimum=0)
    if spikes.dtype.kind == "f" and not (spikes == np.floor(spikes)).all():
        raise TypeError(f"{place}: must hold numbers of spikes, got fractions")
    return spikes.astype(np.int64)
