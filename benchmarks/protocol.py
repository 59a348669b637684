"""The task every contender runs: the same images, rates, phases and parameters.

The network is the supervised spiking network with a symmetric STDP rule of Hao, Huang, Dong and Xu
(2020), doi 10.1016/j.neunet.2019.09.007: 784 Poisson inputs, ``n`` excitatory neurons with an
adaptive threshold, ``n`` inhibitory neurons, 10 supervised neurons that a teacher clamps. This
module needs numpy alone, so that peers can import it from an environment of their own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

N_PIXELS = 784
N_CLASSES = 10
STEP_MS = 0.5
ON_MS = 350.0
OFF_MS = 150.0
IMAGE_MS = ON_MS + OFF_MS
TEACHER_HZ = 200.0
INPUT_SUM = 78.4
"""Sum of the incoming weights of one excitatory neuron after scaling."""

__all__ = [
    "Parameters",
    "dead_time_rates",
    "input_rates",
    "load_images",
    "load_labels",
    "parameters_for",
    "parse_arguments",
    "plastic_synapses",
    "print_outcome",
]


@dataclass(frozen=True)
class Parameters:
    """What depends on the number of hidden neurons (Hao et al. 2020, MNIST).

    Parameters
    ----------
    nu_input, nu_output : float
        Learning rates of input to excitatory and of excitatory to supervised.
    theta_plus : float
        Threshold increment at the first spike, in mV.
    tau_theta : float
        Time constant of the threshold, in ms.
    jump : float
        What a spike adds to a trace.
    """

    nu_input: float
    nu_output: float
    theta_plus: float
    tau_theta: float
    jump: float = 0.1


_TABLE: Mapping[int, Parameters] = {
    100: Parameters(0.005, 0.04, 0.07, 0.6e7),
    400: Parameters(0.005, 0.04, 0.07, 0.6e7),
    1600: Parameters(0.02, 0.08, 0.07, 0.8e7),
    6400: Parameters(0.01, 0.04, 0.05, 2e7),
}


def parameters_for(n: int) -> Parameters:
    """Return the published parameters of the size nearest to ``n`` on a logarithmic scale.

    Examples
    --------
    >>> parameters_for(400).nu_input
    0.005
    >>> parameters_for(1500) == parameters_for(1600)
    True
    """
    if n < 1:
        raise ValueError(f"parameters_for.n: must be a positive integer, got {n!r}")
    return _TABLE[min(_TABLE, key=lambda size: abs(np.log(size / n)))]


def plastic_synapses(n: int) -> int:
    """Count the plastic synapses of the network with ``n`` hidden neurons.

    Examples
    --------
    >>> plastic_synapses(400)
    317600
    """
    return (N_PIXELS + N_CLASSES) * n


def _read_idx(folder: Path, name: str, count: int | None) -> npt.NDArray[np.uint8]:
    plain, packed = folder / name, folder / f"{name}.gz"
    if not plain.exists() and not packed.exists():
        raise FileNotFoundError(f"protocol.data: must hold {name} or {name}.gz, got {folder}")
    with plain.open("rb") if plain.exists() else gzip.open(packed, "rb") as stream:
        zero, kind, n_axes = struct.unpack(">HBB", stream.read(4))
        if zero != 0 or kind != 8:
            raise ValueError(f"protocol.data: must be an IDX file of bytes, got {name}")
        shape = list(struct.unpack(f">{n_axes}I", stream.read(4 * n_axes)))
        if count is not None:
            if count > shape[0]:
                raise ValueError(
                    f"protocol.images: must be at most {shape[0]} for {name}, got {count}"
                )
            shape[0] = count
        size = int(np.prod(shape))
        body = stream.read(size)
    if len(body) != size:
        raise ValueError(f"protocol.data: must not be cut short, got {len(body)} bytes in {name}")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def load_images(folder: str | Path, count: int | None = None) -> npt.NDArray[np.uint8]:
    """Return the first ``count`` training images of MNIST, shape ``(count, 784)``."""
    images = _read_idx(Path(folder), "train-images-idx3-ubyte", count)
    return images.reshape(len(images), -1)


def load_labels(folder: str | Path, count: int | None = None) -> npt.NDArray[np.uint8]:
    """Return the first ``count`` training labels of MNIST, shape ``(count,)``."""
    return _read_idx(Path(folder), "train-labels-idx1-ubyte", count)


def dead_time_rates(rates: npt.ArrayLike, step_ms: float = STEP_MS) -> npt.NDArray[np.float64]:
    """Return the memoryless rates (Hz) that match ``rates`` under a dead time of one step.

    A source that spikes with probability ``p = rate * dt`` per step, but never in the step after a
    spike, spikes on average with probability ``p / (1 + p)``. Peers without that dead time take
    this lower rate, so that every contender sees as many input spikes.

    Examples
    --------
    >>> float(dead_time_rates([200.0])[0].round(1))
    181.8
    """
    p = np.asarray(rates, dtype=float) * step_ms * 1e-3
    return p / (1 + p) / (step_ms * 1e-3)


def input_rates(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return memoryless input rates in Hz, shape as ``images``: pixel / 4 less the dead time."""
    return dead_time_rates(images.astype(float) / 4.0)


def parse_arguments(
    description: str,
    argv: Sequence[str] | None = None,
    *,
    project: bool = False,
    flags: Sequence[str] = (),
) -> argparse.Namespace:
    """Read the command line that all peers share.

    ``project`` adds the options of compiled peers, ``flags`` names switches of one peer.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--n", type=int, required=True, help="hidden neurons")
    parser.add_argument("--images", type=int, required=True, help="images to train on")
    parser.add_argument("--data", type=Path, required=True, help="folder of the MNIST IDX files")
    parser.add_argument("--seed", type=int, default=0)
    if project:
        parser.add_argument("--project", type=Path, help="folder of the generated C++")
        parser.add_argument("--stimuli", type=int, help="images in the table (default: --images)")
        parser.add_argument("--stage", choices=("all", "build", "collect"), default="all")
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.n < 1 or arguments.images < 1:
        parser.error("--n and --images must be positive")
    return arguments


def print_outcome(**outcome: Any) -> None:
    """Print the outcome of a peer as the one JSON line that the benchmark reads."""
    required = {"images", "presentations", "hidden_spikes", "input_spikes"}
    missing = required - outcome.keys()
    if missing:
        raise ValueError(f"print_outcome: must have {sorted(required)}, lacks {sorted(missing)}")
    print(json.dumps(outcome, sort_keys=True), flush=True)
