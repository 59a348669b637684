"""Constants of continual learning with Hebbian orthogonal projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bioplastic.arguments import check_arguments
from bioplastic.validation import check_integer, check_real

__all__ = ["HLOPParameters", "published_subspace_sizes", "subspace_schedule"]


@dataclass(frozen=True, kw_only=True)
class HLOPParameters:
    """Constants of neurons and lateral circuits; defaults as published.

    Parameters
    ----------
    n_steps : int, default 6
        Time steps per image.
    decay : float, default 0.5
        Share of the membrane potential (and of the presynaptic trace) that a time step leaves,
        ``1 - 1/tau_m`` with ``tau_m`` of 2 steps.
    slope : float, default 4
        Steepness ``a`` of the surrogate derivative ``a s (1 - s)`` with
        ``s = 1/(1 + exp(-a (v - 1)))``.
    eta_subspace : float, default 0.01
        Learning rate of the lateral circuits.
    eta_input : float, optional
        Learning rate of the circuit on the images, whose variance may differ. Default: as the
        others.
    momentum, clip : float, default 0.9 and 10
        See `bioplastic.plasticity.subspace_learner.SubspaceLearner`.
    hebbian_steps : int, default 5
        Updates of the lateral circuits per batch.
    burst_scale : float, default 20
        Range of the burst code of spiking lateral neurons.

    Raises
    ------
    TypeError, ValueError
        If a value is out of range.

    References
    ----------
    Xiao et al. (2024), arXiv 2402.11984, and the program of its authors.

    Examples
    --------
    >>> HLOPParameters(eta_input=0.001).n_steps
    6
    """

    n_steps: int = 6
    decay: float = 0.5
    slope: float = 4.0
    eta_subspace: float = 0.01
    eta_input: float | None = None
    momentum: float = 0.9
    clip: float = 10.0
    hebbian_steps: int = 5
    burst_scale: float = 20.0

    def __post_init__(self) -> None:
        place = "HLOPParameters"
        check_integer(f"{place}.n_steps", self.n_steps, minimum=1)
        check_integer(f"{place}.hebbian_steps", self.hebbian_steps, minimum=1)
        for name in ("decay", "momentum"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, maximum=1)
        for name in ("slope", "clip", "burst_scale"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, exclusive=True)
        check_real(f"{place}.eta_subspace", self.eta_subspace, minimum=0)
        if self.eta_input is not None:
            check_real(f"{place}.eta_input", self.eta_input, minimum=0)


@check_arguments
def published_subspace_sizes(task: int) -> tuple[int, int, int]:
    """Return how many subspace neurons the three layers get for a task of permuted MNIST.

    Parameters
    ----------
    task : int
        Number of the task, from 0; the published protocol has ten, later ones get the number of
        the tenth.

    Examples
    --------
    >>> published_subspace_sizes(0), published_subspace_sizes(1), published_subspace_sizes(9)
    ((80, 200, 100), (70, 70, 70), (10, 10, 10))
    """
    check_integer("published_subspace_sizes.task", task, minimum=0)
    if task == 0:
        return (80, 200, 100)
    size = 70 if task < 3 else 50 if task < 6 else 30 if task < 9 else 10
    return (size, size, size)


@check_arguments
def subspace_schedule(
    sizes: Sequence[Sequence[int]], task: int, n_inputs: Sequence[int], used: Sequence[int]
) -> tuple[int, ...]:
    """Return how many subspace neurons each layer gets for a task.

    Parameters
    ----------
    sizes : sequence of sequence of int
        Numbers per task and layer; tasks beyond the last get those of the last.
    task : int
        Number of the task, from 0.
    n_inputs : sequence of int
        Inputs of every layer: no layer has more neurons than that, or they would be idle.
    used : sequence of int
        Neurons that every layer has already.

    Examples
    --------
    >>> subspace_schedule([(25, 90, 60), (7, 35, 35)], 4, (64, 300, 300), (46, 195, 165))
    (7, 35, 35)
    >>> subspace_schedule([(25, 90, 60), (7, 35, 35)], 9, (64, 300, 300), (60, 300, 290))
    (4, 0, 10)
    """
    place = "subspace_schedule"
    check_integer(f"{place}.task", task, minimum=0)
    for name, values in (("n_inputs", n_inputs), ("used", used)):
        for value in values:
            check_integer(f"{place}.{name}", value, minimum=0)
    for given in sizes:
        if not isinstance(given, Sequence):
            raise TypeError(f"{place}.sizes: must hold sequences of integers, got {given!r}")
    wanted = sizes[min(task, len(sizes) - 1)][: len(n_inputs)]
    return tuple(
        max(0, min(number, limit - have))
        for number, limit, have in zip(wanted, n_inputs, used, strict=True)
    )
