"""What is trained: tasks, sizes and the arms that are compared."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bioplastic.datasets import load_dataset
from bioplastic.models.hlop import (
    ContinualClassifier,
    HLOPParameters,
    TaskSequence,
    permuted_tasks,
    published_subspace_sizes,
    split_tasks,
)

__all__ = ["ARMS", "LATERAL_STEPS", "Protocol", "build_model", "choose_arms", "choose_protocol"]

LATERAL_STEPS = (10, 20, 40, 1000)
"""Time steps of the burst code that are compared."""

_FEEDBACK = {"bp": "transpose", "fa": "random", "ss": "sign", "direct": "direct"}

ARMS: Mapping[str, Mapping[str, Any]] = {
    "hlop": {},
    "sequential": {"projection": "none"},
    "replay": {"projection": "none", "replay": True},
    "joint": {"projection": "none", "joint": True},
    "ewc": {"projection": "none", "ewc": True},
    "hlop_replay": {"replay": True},
    **{
        f"{arm}_{name}": {"feedback": kind, **({"projection": "none"} if arm != "hlop" else {})}
        for name, kind in list(_FEEDBACK.items())[1:]
        for arm in ("hlop", "sequential")
    },
    "hlop_both": {"subspace_data": "both"},
    "hlop_bptt": {"trainer": "bptt"},
    "sequential_bptt": {"trainer": "bptt", "projection": "none"},
    **{
        f"hlop_spiking_{steps}": {"laterals": "spiking", "lateral_steps": steps}
        for steps in LATERAL_STEPS
    },
}
"""What every arm changes; without an addition, errors return through exact transposes."""


@dataclass(frozen=True)
class Protocol:
    """Data and sizes of one run.

    Parameters
    ----------
    data, kind : str
        Which images; ``"permuted"`` pixels or ``"split"`` classes.
    n_tasks : int
        Number of tasks.
    images, test_images : int or None
        How many of the first images are used, None for all.
    hidden : tuple of int
        Hidden layers.
    epochs, batch_size : int
        Passes through the images of a task, and images per update.
    learning_rate : float
        Step size.
    sizes : tuple of tuple of int
        Lateral neurons per task and layer.
    hebbian_steps : int
        Updates of lateral circuits per time step of a batch.
    eta_input : float or None
        Learning rate of the circuit on the images.
    replay : int
        Samples kept per class and task in the arms with replay.
    ewc : float
        Strength of consolidation in its arm.
    arms : tuple of str
        What is compared.
    """

    data: str
    kind: str
    n_tasks: int
    images: int | None
    test_images: int | None
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    sizes: tuple[tuple[int, ...], ...]
    hebbian_steps: int
    eta_input: float | None
    replay: int
    ewc: float
    arms: tuple[str, ...]

    def tasks(self, seed: int) -> TaskSequence:
        """Return the tasks."""
        dataset = load_dataset(self.data, seed=seed).head(self.images, self.test_images)
        make = permuted_tasks if self.kind == "permuted" else split_tasks
        return make(dataset, self.n_tasks, seed)


_DIGITS = Protocol(
    data="digits",
    kind="permuted",
    n_tasks=5,
    images=None,
    test_images=None,
    hidden=(300, 300),
    epochs=15,
    batch_size=32,
    learning_rate=0.1,
    sizes=((25, 90, 60), (7, 35, 35)),
    hebbian_steps=1,
    eta_input=None,
    replay=5,
    ewc=20_000.0,
    arms=tuple(ARMS),
)
_MNIST = replace(
    _DIGITS,
    data="mnist",
    n_tasks=10,
    hidden=(800, 800),
    epochs=1,
    batch_size=64,
    sizes=tuple(published_subspace_sizes(task) for task in range(10)),
    hebbian_steps=5,
    eta_input=0.001,
    replay=50,
    arms=("hlop", "hlop_both", "sequential", "replay", "joint"),
)
_SPLIT_ARMS = ("hlop", "sequential", "replay", "joint", "hlop_fa", "sequential_fa")


def choose_protocol(args: argparse.Namespace) -> Protocol:
    """Return the protocol of a scale with the options that were given."""
    protocol = _DIGITS if args.data == "digits" else _MNIST
    if args.scale == "smoke":
        protocol = replace(
            protocol, n_tasks=2, images=500, test_images=100, hidden=(100, 100), epochs=8,
            batch_size=16, sizes=((20, 20, 20), (5, 10, 10)),
            arms=("hlop", "sequential", "joint", "hlop_spiking_40"),
        )  # fmt: skip
    if args.tasks == "split":
        n_tasks = 2 if args.scale == "smoke" else 5
        arms = protocol.arms if args.scale == "smoke" else _SPLIT_ARMS
        protocol = replace(protocol, kind="split", n_tasks=n_tasks, arms=arms)
    if args.n_tasks is not None:
        protocol = replace(protocol, n_tasks=args.n_tasks)
    if args.images is not None:
        protocol = replace(protocol, images=args.images)
    if args.arms is not None:
        protocol = replace(protocol, arms=args.arms)
    return protocol


def choose_arms(text: str) -> tuple[str, ...]:
    """Read names of arms, separated by commas, as the ``type`` of an option.

    Raises
    ------
    argparse.ArgumentTypeError
        If one is unknown.
    """
    arms = tuple(text.split(","))
    for arm in arms:
        if arm not in ARMS:
            raise argparse.ArgumentTypeError(f"unknown {arm!r}, choose from {', '.join(ARMS)}")
    return arms


def build_model(protocol: Protocol, arm: str, seed: int, *, progress: bool) -> ContinualClassifier:
    """Return the model of an arm."""
    changes = dict(ARMS[arm])
    changes.pop("joint", None)
    if changes.pop("replay", False):
        changes["replay"] = protocol.replay
    if changes.pop("ewc", False):
        changes["ewc"] = protocol.ewc
    return ContinualClassifier(
        protocol.hidden,
        batch_size=protocol.batch_size,
        epochs=protocol.epochs,
        learning_rate=protocol.learning_rate,
        subspace_sizes=protocol.sizes,
        head="shared" if protocol.kind == "permuted" else "per_task",
        parameters=HLOPParameters(
            hebbian_steps=protocol.hebbian_steps, eta_input=protocol.eta_input
        ),
        random_state=seed,
        progress=progress,
        **changes,
    )
