"""The recurrent network as data, and its simulation with given weights.

One trial of the program is one time step, so that the input current is an ordinary input with one
value per cell and trial; a run of ``n_steps`` samples is the whole simulation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, amp, have_same_dimensions
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
from bioplastic.fields import checked
from bioplastic.models.pspm.parameters import PSPMParameters
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals import PoissonSource

__all__ = ["RecurrentNetwork", "recurrent_network", "to_drive"]


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
                name="feed",
                source="current",
                target="cell",
                pre=np.arange(n),
                post=np.arange(n),
                summed="i_ext_post = drive_pre*volt",
            ),
            DenseProjection(
                name="recurrent",
                source="cell",
                target="cell",
                transmit="i_syn_post += w*volt",
            ),
        ),
        trial=Trial(duration=parameters.dt),
        records=(SpikeRecord(population="cell"),),
    )


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
    >>> import numpy as np
    >>> network = RecurrentNetwork(2, target="numpy")
    >>> network(np.zeros((2, 2)), np.full((40, 2), 0.05)).sum(axis=0)
    array([4, 4])
    """

    def __init__(
        self, n: int, parameters: PSPMParameters | None = None, *, target: str = "cpp"
    ) -> None:
        self.n = n
        self.parameters = PSPMParameters() if parameters is None else parameters
        self.program = Program(
            recurrent_network(n, self.parameters),
            dt=self.parameters.dt,
            dtype="float64",
            target=target,
        )
        self._start = self.program.initial_state()

    def __call__(self, weights: NDArray[Any], drive: NDArray[Any]) -> NDArray[np.bool_]:
        """Simulate from rest.

        Parameters
        ----------
        weights : array, shape (n, n)
            From row to column, in volts.
        drive : array, shape (n_steps, n)
            Resistance times input current, in volts.

        Returns
        -------
        array of bool, shape (n_steps, n)
            Who exceeds the threshold at the end of each step.
        """
        state = {**self._start, "recurrent.w": weights}
        _, record = self.program(state, {"drive": drive})
        raster = np.zeros(drive.shape, dtype=bool)
        raster[record["cell.spike_trial"], record["cell.spike_cell"]] = True
        return raster


def to_drive(place: str, current: Any, resistance: Any) -> NDArray[np.float64]:
    """Return resistance times a current in volts.

    Parameters
    ----------
    place : str
        Where the current was given.
    current : Quantity or array_like, shape (n_steps, n)
        A current, or numbers in amperes.
    resistance : Quantity
        A resistance.

    Raises
    ------
    TypeError, ValueError
        For another unit or shape, NaN or infinity.

    Examples
    --------
    >>> from brian2 import Mohm, nA
    >>> to_drive("demo", [[0.25]] * nA, 100 * Mohm)
    array([[0.025]])
    """
    if isinstance(current, Quantity) and not have_same_dimensions(current, amp):
        raise TypeError(f"{place}: must be a current, got a quantity in {current.dim}")
    product = np.asarray(current, dtype=np.float64) * float(resistance)
    if product.ndim != 2 or not np.isfinite(product).all():
        raise ValueError(
            f"{place}: must be finite, of shape (n_steps, n_neurons), got shape {product.shape}"
        )
    return product
