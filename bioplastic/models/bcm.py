"""Selectivity by a sliding threshold (Bienenstock, Cooper & Munro 1982).

Cells see a few input patterns in random order. Each learns by ``dw/dt = eta x y (y - m)``, where
the threshold ``m`` follows ``y^2/target`` slowly. With K patterns that do not overlap, shown
equally often, the only stable states are those in which a cell fires for one pattern and is silent
for the others (Intrator & Cooper 1992): with one pattern in K, ``m = y^2/(K target) = y``, so the
answer to it is ``K target``, and the selectivity, one minus mean over largest answer, ``1 - 1/K``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, ms, second
from numpy.typing import NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Population, SpikeCount, Trial
from bioplastic.fields import param
from bioplastic.models.base import SpikingEstimator
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import bcm_rule
from bioplastic.signals import PoissonSource

__all__ = ["BCMCells", "selectivity"]

CELL = NeuronModel(  # fires at random with the rate that its input adds up to
    name="linear",
    equations="drive : Hz",
    update="drive = drive*exp(-dt/(10*ms))",
    threshold="rand() < drive*dt",
    reset="",
)


class BCMCells(SpikingEstimator):
    """Cells that learn under the BCM rule what to answer to, each for itself.

    A sample holds the rates of the inputs in Hz. The rate of a cell is the weighted sum of its
    input spikes, filtered with 10 ms, and it fires at random with this rate.

    Attributes
    ----------
    weights_ : array, shape (n_features, n_cells)
        Weights.

    References
    ----------
    Bienenstock, Cooper & Munro (1982), doi 10.1523/JNEUROSCI.02-01-00032.1982; Intrator & Cooper
    (1992), doi 10.1016/S0893-6080(05)80003-6.

    Examples
    --------
    >>> patterns = 40 * np.kron(np.eye(2), np.ones((1, 10)))        # Hz, 20 inputs
    >>> model = BCMCells(n_cells=3).fit(np.tile(patterns, (2000, 1)))
    >>> bool(selectivity(model.transform(patterns)).min() > 0.4)    # 0.5 is the most
    True
    """

    n_cells: int = param(10, minimum=1, doc="cells")
    epochs: int = param(1, minimum=1, doc="passes through the samples")
    eta: float = param(3e-7, minimum=0, doc="learning rate, per millisecond")
    rate: Quantity = param(10 / second, positive=True, doc="mean rate that the threshold aims at")
    tau: Quantity = param(100 * ms, positive=True, doc="filter of the spikes")
    tau_threshold: Quantity = param(5 * second, positive=True, doc="of the sliding threshold")
    duration: Quantity = param(200 * ms, positive=True, doc="time that a sample is shown")

    dt = 1 * ms

    def network(self, kind: str) -> NetworkSpec:
        """Return inputs, cells and the synapses between them."""
        target = float(self.rate * self.tau)  # of the filtered spikes
        rule = bcm_rule(
            eta=self.eta, tau=self.tau, tau_threshold=self.tau_threshold, target=target, w_max=10.0
        )
        return NetworkSpec(
            populations=(
                PoissonSource(
                    name="input", n=self.n_features_in_, rates="x*Hz", inputs={"x": "float32"}
                ),
                Population(name="cell", n=self.n_cells, model=CELL),
            ),
            projections=(
                DenseProjection(
                    name="feed", source="input", target="cell",
                    rule=rule if kind == "learn" else None,
                    transmit="drive_post += w/(10*ms)",
                    initial={"w": lambda rng, shape: rng.uniform(0.01, 0.03, shape)},
                ),
            ),
            trial=Trial(duration=self.duration),
            records=(SpikeCount(population="cell"),),
        )  # fmt: skip

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show rates in Hz."""
        return {"x": X.astype(np.float32)}

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return the answers, rates in Hz, shape (n_samples, n_cells)."""
        return np.asarray(self.answer(X)["cell.count"] / float(self.duration))

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights, shape (n_features, n_cells)."""
        return self.state_["feed.w"]


def selectivity(rates: NDArray[Any]) -> NDArray[np.float64]:
    """Return one minus mean over largest answer, for answers of shape (n_patterns, n_cells).

    Examples
    --------
    >>> selectivity(np.array([[50.0, 10.0], [0.0, 10.0]]))
    array([0.5, 0. ])
    """
    top = np.maximum(rates.max(axis=0), 1e-12)
    return np.asarray(1 - rates.mean(axis=0) / top)
