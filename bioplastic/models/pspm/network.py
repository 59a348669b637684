"""Constants, the recurrent network as data, and its simulation with given weights.

One trial of the program is one time step, so that the input current is an ordinary input with one
value per cell and trial; a run of ``n_steps`` samples is the whole simulation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Mohm, Quantity, amp, have_same_dimensions, ms, mV, second, volt
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeRecord,
    Trial,
)
from bioplastic.fields import Constants, checked, param
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals import PoissonSource
from bioplastic.validation import check_integer, check_real

__all__ = [
    "PSPMParameters",
    "RecurrentNetwork",
    "check_current",
    "pif_parameters",
    "recurrent_network",
    "simulate",
]


class PSPMParameters(Constants):
    """Constants of the network and of the learning rule, as in the authors' program.

    Examples
    --------
    >>> p = PSPMParameters()
    >>> p.pool_steps, p.window_at(0), p.window_at(149), p.window_at(10_000)
    (15, 14, 5, 1)
    """

    dt: Quantity = param(3 * ms, positive=True, doc="time step")
    tau_m: Quantity = param(second / 30, positive=True, doc="membrane time constant")
    threshold: Quantity = param(
        30 * mV, positive=True, doc="a neuron whose potential exceeds it fires"
    )
    resistance: Quantity = param(
        100 * Mohm, positive=True, doc="membrane resistance that the input current flows through"
    )
    epsilon: Quantity = param(
        8e-7 * volt, minimum=0 * volt, doc="unit of the local change of a weight"
    )
    levels: int = param(10, minimum=1, doc="a local change is ``epsilon`` times an integer drawn "
        "uniformly from ``0..levels-1``")  # fmt: skip
    rho: Quantity = param(5e-11 * volt, minimum=0 * volt, doc="homeostatic change of every weight "
        "per missing spike of the whole network")  # fmt: skip
    pool_window: Quantity = param(45 * ms, positive=True, doc="how long before an error a "
        "presynaptic neuron must have fired to be changed")  # fmt: skip
    pairing_window: Quantity = param(42 * ms, positive=True, doc="largest distance of paired "
        "spikes in the first iterations")  # fmt: skip
    shrink_every: int = param(15, minimum=1, doc="after so many iterations the pairing window "
        "becomes one step shorter, down to one step")  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        for argument in ("pool_window", "pairing_window"):
            if self._steps(getattr(self, argument)) < 1:
                raise ValueError(
                    f"PSPMParameters.{argument}: must be at least one time step, got "
                    f"{getattr(self, argument)}"
                )
        if float(self.tau_m) <= float(self.dt):
            raise ValueError(f"PSPMParameters.tau_m: must be longer than dt, got {self.tau_m}")

    def _steps(self, duration: Any) -> int:
        return round(float(duration) / float(self.dt))

    @property
    def pool_steps(self) -> int:
        """The pool window in steps."""
        return self._steps(self.pool_window)

    def window_at(self, iteration: int) -> int:
        """Return the pairing window of an iteration, counted from 0, in steps."""
        return max(1, self._steps(self.pairing_window) - iteration // self.shrink_every)

    def scaled(self, n: int, *, published: int = 400) -> PSPMParameters:
        """Return the constants for another number of neurons.

        Weights go with ``1/n`` to keep the recurrent drive, so ``epsilon`` does too; ``rho`` goes
        with ``1/n²``, since the missing spikes of the network grow with ``n``.

        Examples
        --------
        >>> PSPMParameters().scaled(200).epsilon
        1.6 * uvolt
        """
        factor = check_real("PSPMParameters.scaled: published", published) / check_integer(
            "PSPMParameters.scaled: n", n, minimum=1
        )
        return self.with_values(epsilon=self.epsilon * factor, rho=self.rho * factor**2)


@checked
def pif_parameters() -> PSPMParameters:
    """Return the constants of the avalanche experiment: weak local steps, strong homeostasis.

    Examples
    --------
    >>> p = pif_parameters()
    >>> p.epsilon, p.rho
    (10. * nvolt, 1. * nvolt)
    """
    return PSPMParameters(epsilon=1e-8 * volt, rho=1e-9 * volt)


@checked
def recurrent_network(n: int, parameters: PSPMParameters) -> NetworkSpec:
    """Return the all-to-all network of leaky integrate-and-fire cells with an input current.

    Forward Euler: ``v += dt/tau_m (i_syn + i_ext - v)``; a cell above threshold fires, is reset to
    0 and adds its weight to ``i_syn`` of every cell, itself included, which lasts for one step.

    Parameters
    ----------
    n : int
        Number of cells.
    parameters : PSPMParameters
        Constants.

    Returns
    -------
    NetworkSpec
        Input ``drive`` (float64, ``(n_steps, n)``, resistance times current in volts); records the
        spikes of ``cell``; weights ``recurrent.w`` in volts, presynaptic cells in rows.
    """
    cell = NeuronModel(
        name="leaky",
        equations="""
            dv/dt = (i_syn + i_ext - v)/tau_m : volt
            i_syn : volt
            i_ext : volt
        """,
        update="i_syn = 0*volt",
        threshold="v > threshold",
        reset="v = 0*volt",
        parameters={"tau_m": parameters.tau_m, "threshold": parameters.threshold},
    )
    return NetworkSpec(
        populations=(
            PoissonSource(name="current", n=n, rates="0*Hz", inputs={"drive": "float64"}),
            Population(name="cell", n=n, model=cell),
        ),
        projections=(
            SparseProjection(
                name="feed", source="current", target="cell", pre=np.arange(n), post=np.arange(n),
                summed="i_ext_post = drive_pre*volt",
            ),
            DenseProjection(
                name="recurrent", source="cell", target="cell", transmit="i_syn_post += w*volt"
            ),
        ),
        trial=Trial(duration=parameters.dt),
        records=(SpikeRecord(population="cell"),),
    )  # fmt: skip


def simulate(program: Program, weights: NDArray[Any], drive: NDArray[Any]) -> NDArray[np.bool_]:
    """Run a compiled `recurrent_network` from rest; resistance times current is in volts."""
    state = {**program.initial_state(), "recurrent.w": weights}
    _, record = program(state, {"drive": drive})
    raster = np.zeros(drive.shape, dtype=bool)
    raster[record["cell.spike_trial"], record["cell.spike_cell"]] = True
    return raster


class RecurrentNetwork:
    """The compiled network, called with weights and input: spikes out, nothing kept.

    Parameters
    ----------
    n : int
        Number of cells.
    parameters : PSPMParameters, optional
        Constants.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.

    Examples
    --------
    >>> from brian2 import nA
    >>> network = RecurrentNetwork(2, target="numpy")
    >>> network(np.zeros((2, 2)), np.full((40, 2), 0.5) * nA).sum(axis=0)
    array([4, 4])
    """

    def __init__(
        self, n: int, parameters: PSPMParameters | None = None, *, target: str = "cpp"
    ) -> None:
        self.n = n
        self.parameters = PSPMParameters() if parameters is None else parameters
        network = recurrent_network(n, self.parameters)
        self.program = Program(network, dt=self.parameters.dt, dtype="float64", target=target)

    def __call__(self, weights: NDArray[Any], current: Any) -> NDArray[np.bool_]:
        """Simulate from rest.

        Parameters
        ----------
        weights : array, shape (n, n)
            From row to column, in volts.
        current : Quantity or array_like, shape (n_steps, n)
            Input current; plain numbers are amperes.

        Returns
        -------
        array of bool, shape (n_steps, n)
            Who exceeds the threshold at the end of each step.
        """
        amperes = np.asarray(check_current("RecurrentNetwork.current", current), dtype=np.float64)
        return simulate(self.program, weights, amperes * float(self.parameters.resistance))


def check_current(place: str, current: Any) -> Any:
    """Return a current as an array in amperes, and leave plain numbers as they are.

    Raises
    ------
    TypeError
        For a quantity of another unit.
    """
    if not isinstance(current, Quantity):
        return current
    if not have_same_dimensions(current, amp):
        raise TypeError(f"{place}: must be a current, got a quantity in {current.dim}")
    return np.asarray(current, dtype=np.float64)
