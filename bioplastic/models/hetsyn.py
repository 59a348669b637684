"""A time constant for every synapse: memory over many scales in one layer (Deng et al. 2025).

Synapses filter, cells only add up; the reset is a current of its own that decays::

    dx_ij/dt = -x_ij/tau_ij, x_ij += 1 at a spike of i         V_j = sum_i w_ij x_ij - J_j
    J_j[t] = exp(-dt/tau_j) J_j[t-1] + theta z_j[t-1]          z_j = [V_j > theta]

With one ``tau`` for all synapses, or one per cell, the same equations are the comparisons. Cells
are read at the end of a trial: by a linear classifier of their spike counts, or by one output cell
``p = sigmoid(sum_j v_j n_j + b)`` that learns by the delta rule. Then the input weights may learn
too, by three factors: the current of the synapse, how near its cell was to the threshold
(``psi = max(0, 1 - |V - theta|/theta)``), and one error for all, through a fixed random weight::

    g_ij = sum_t psi_j(t) x_ij(t) while cells are read         dw_ij = -eta B_j (p - y) g_ij

The current that a synapse keeps anyway makes its eligibility; nothing goes back in time. The paper
trains weights and time constants by back-propagation through time; here the latter stay as drawn.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from brian2 import Hz, Quantity, ms, second
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import clone

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Trial, TrialRecord
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier
from bioplastic.models.liquid import linear_read_out
from bioplastic.models.rasters import check_rasters, raster_spikes
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource

__all__ = ["HetSynClassifier"]


_OUTPUT = NeuronModel(
    name="output", equations="score : 1\nbias : 1\nlabel : 1\nerror : 1",
    update="error = 1/(1 + exp(-score - bias)) - label",
)  # fmt: skip


class HetSynClassifier(SpikingClassifier):
    """One layer whose synapses, cells, or neither have time constants of their own; two classes.

    A sample is a row of 0 and 1, the steps of the first input, then those of the next.

    Attributes
    ----------
    counts_ : array, shape (n_seen, n_cells)
        Spikes in training while cells were read, from which the solved read-out comes.
    labels_ : array, shape (n_seen,)
        Index of the class of each.

    References
    ----------
    Deng et al. (2025), "HetSyn: Versatile Timescale Integration in Spiking Neural Networks via
    Heterogeneous Synapses", NeurIPS, arXiv 2508.11644.

    Examples
    --------
    >>> X = np.kron(np.eye(2), np.ones(60))[[0, 1] * 20]
    >>> model = HetSynClassifier(n_inputs=2, n_cells=20, window=100 * ms)
    >>> model.fit(X, [0, 1] * 20).score(X, [0, 1] * 20)
    1.0
    """

    n_inputs: int = param(30, minimum=1, doc="inputs; it divides the number of features")
    n_cells: int = param(100, minimum=1, doc="cells")
    own: str = param(
        "synapse", choices=("synapse", "cell", "none"),
        doc="what has a time constant of its own, drawn evenly on a logarithmic scale",
    )  # fmt: skip
    tau: Quantity = param(400 * ms, positive=True, doc="time constant if none has its own")
    tau_min: Quantity = param(10 * ms, positive=True, doc="shortest that is drawn")
    tau_max: Quantity = param(2000 * ms, positive=True, doc="longest that is drawn")
    tau_j: Quantity = param(40 * ms, positive=True, doc="decay of the reset current")
    theta: float = param(1.0, positive=True, doc="threshold, and what a spike takes off")
    gain: float = param(1.2, positive=True, doc="deviation of initial weights, times n_inputs^-1/2")
    window: Quantity = param(100 * ms, positive=True, doc="end of a trial in which cells are read")
    read_out: str = param(
        "solved", choices=("solved", "delta"), doc="logistic regression, or learnt"
    )
    eta: float = param(0.0, minimum=0, doc="learning rate of input weights")
    eta_out: float = param(0.01, minimum=0, doc="learning rate of the output cell")
    epochs: int = param(1, minimum=1, doc="passes through the samples")

    dt = 5 * ms
    counts_: NDArray[Any]
    labels_: NDArray[Any]

    def combined_checks(self) -> None:
        """Refuse a rule without the output cell whose error it needs, and reversed limits."""
        if self.eta and self.read_out != "delta":
            raise ValueError(
                f"HetSynClassifier.eta: must be 0 with read_out='solved', got {self.eta}"
            )
        if self.tau_min > self.tau_max:
            raise ValueError(
                f"HetSynClassifier.tau_min: must be at most tau_max, got {self.tau_min}"
            )

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse anything but 0 and 1, and steps that are no multiple of the inputs."""
        super().check_values(array)
        check_rasters(f"{type(self).__name__}.X", array, self.n_inputs)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return samples and labels of two classes."""
        samples, labels = super().check_data(X, y, first=first, classes=classes)
        if len(self.classes_) != 2:
            raise ValueError(f"HetSynClassifier.y: must have two classes, got {self.classes_}")
        return samples, labels

    # ---- the network -----------------------------------------------------------------------------

    def rule(self, kind: str = "learn") -> PlasticityRule:
        """Return the synapse: a current with a time constant of its own, and what it learns.

        Examples
        --------
        >>> str(HetSynClassifier(read_out="delta", eta=1e-3).rule().audit().verdict)
        'local with modulator'
        """
        learns: dict[str, Any] = {}
        if plastic := self.eta > 0 and kind == "learn":
            learns = {
                "modulators": "signal_post : 1",
                "every": "g += open_post*psi_post*y; y = x",  # y made the potential of this step
                "on_trial_end": "w -= eta*signal_post*g",
                "parameters": {"eta": self.eta},
            }
        return PlasticityRule(
            name="hetsyn",
            synapse="w : 1\ntau : second (constant)\ndx/dt = -x/tau : 1 (clock-driven)"
            + "\ng : 1\ny : 1" * plastic,
            on_pre="x += 1", on_trial_start="x = 0" + "; y = 0; g = 0" * plastic,
            reference="Deng et al. 2025", **learns,
        )  # fmt: skip

    def output_rule(self) -> PlasticityRule:
        """Return the delta rule of the output cell, once per trial."""
        return PlasticityRule(
            name="read-out", modulators="error_post : 1", parameters={"eta": self.eta_out},
            on_trial_end="w -= eta*error_post*fired_pre",
        )  # fmt: skip

    def network(self, kind: str) -> NetworkSpec:
        """Return inputs and cells; with the delta rule the output cell and its error."""
        delta, learn = self.read_out == "delta", kind == "learn"
        last = self.n_features_in_ // self.n_inputs + 1.0
        cell = NeuronModel(
            name="hetsyn",
            equations="drive : 1\nlate : 1\nv : 1\nz : 1\nstep : 1\nopen : 1\npsi : 1\n"
            "signal : 1\nfired : 1\ntotal : 1",
            update="late = late*exp(-dt/tau_j) + theta*z\nz = 0\nv = drive - late\n"
            "psi = clip(1 - abs(v - theta)/theta, 0, 1)\nstep = step + 1\n"
            "open = int(step > first)*int(step <= last)",
            threshold="v > theta", reset="z = 1\nfired = fired + open\ntotal = total + 1",
            parameters={"tau_j": self.tau_j, "theta": self.theta, "last": last,
                        "first": last - round(float(self.window / self.dt))},
        )  # fmt: skip
        cells: list[Any] = [
            SpikeListSource(name="input", n=self.n_inputs),
            Population(name="cell", n=self.n_cells, model=cell,
                       on_trial_start="late = 0; z = 0; step = 0; fired = 0; total = 0"),
        ]  # fmt: skip
        paths = [DenseProjection(
            name="feed", source="input", target="cell", rule=self.rule(kind),
            summed="drive_post = w*x",
            initial={"w": self._weights, "tau": self._constants},
            modulators={"signal_post": ("cell", "signal")} if learn and self.eta else {},
        )]  # fmt: skip
        if delta:
            cells.append(Population(
                name="output", n=1, model=_OUTPUT, on_trial_start="score = 0",
                sample_inputs=("label",) if learn else (),
                on_trial_end=(f"bias = bias - {self.eta_out!r}*error",) if learn else (),
            ))  # fmt: skip
            paths.append(DenseProjection(
                name="read", source="cell", target="output", transmit="score_post += w*open_pre",
                rule=self.output_rule() if learn else None, initial={"w": 0.0},
                modulators={"error_post": ("output", "error")} if learn else {},
            ))  # fmt: skip
        if learn and self.eta:
            paths.append(DenseProjection(
                name="teach", source="output", target="cell", summed="signal_post = w*error_pre",
                summed_when="after", initial={"w": lambda rng, shape: rng.standard_normal(shape)},
            ))  # fmt: skip
        read = [("cell", "fired"), ("cell", "total"), ("output", "score")][: 3 if delta else 2]
        return NetworkSpec(
            populations=tuple(cells), projections=tuple(paths),
            trial=Trial(duration=(last + 1) * self.dt),
            records=tuple(TrialRecord(population=name, variable=what) for name, what in read),
        )  # fmt: skip

    def _weights(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        return rng.normal(0, self.gain / self.n_inputs**0.5, shape)

    def _constants(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        drawn = {"synapse": shape, "cell": (1, shape[1]), "none": (1, 1)}[self.own]
        low, high = (np.log(float(limit)) for limit in (self.tau_min, self.tau_max))
        tau = np.exp(rng.uniform(low, high, drawn)) if self.own != "none" else float(self.tau)
        return np.broadcast_to(tau, shape) * second

    # ---- learning and answering ------------------------------------------------------------------

    def matched(self, X: Any, rate: Quantity = 10 * Hz) -> Self:
        """Return an untrained model with the gain at which cells have a mean rate before learning.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples; some will do.
        rate : Quantity, default 10 Hz
            Mean over cells and trials, found by bisection.
        """
        low, high = np.log(0.01), np.log(100.0)
        model = clone(self).set_params(gain=1.0)
        samples = model.check_samples(X, first=True)
        model._begin(samples, None)
        program, given = model.program("answer"), model.present(samples)
        state = program.initial_state(0) | model.frozen_state()
        duration = samples.shape[1] // self.n_inputs * self.dt
        while high - low > 0.01:
            gain = float(np.exp((low + high) / 2))
            _, record = program({**state, "feed.w": gain * state["feed.w"]}, given)
            fast = record["cell.total"].mean() / float(duration) > float(rate)
            low, high = (low, np.log(gain)) if fast else (np.log(gain), high)
        found: Self = clone(self).set_params(gain=gain)
        return found

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show spikes, and the label while the output cell learns."""
        steps = X.shape[1] // self.n_inputs
        given: dict[str, Any] = {"input": raster_spikes(X, steps, self.dt)}
        if y is not None:
            given["label"] = np.asarray(y, dtype=np.float32)[:, None]
        return given

    def start(self, X: Any, y: Any) -> None:
        """Draw weights and time constants."""
        kind = "learn" if self.read_out == "delta" else "answer"
        self.state_ = self.program(kind).initial_state(self.seed_)
        self.counts_ = np.zeros((0, self.n_cells), dtype=np.float32)
        self.labels_ = np.zeros(0, dtype=np.int32)

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64]:
        """Return an order of its own for every epoch."""
        return np.asarray(self.rng(4, epoch).permutation(n_samples))

    def learn(self, X: Any, y: Any) -> None:
        """Learn weights, or keep the counts that the samples evoke."""
        if self.read_out == "delta":
            super().learn(X, y)
            return
        counts = self.program("answer")(self.state_, self.present(X), seed=self.seed_)[1][
            "cell.fired"
        ]
        self.counts_ = np.vstack([self.counts_, counts])
        self.labels_ = np.concatenate([self.labels_, y])

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights, time constants and the bias of the output cell."""
        names = ("feed.w", "feed.tau", "read.w", "output.bias")
        return {name: self.state_[name] for name in names if name in self.state_}

    def rates(self, X: Any) -> NDArray[np.float64]:
        """Return the rates of all cells in Hz, shape (n_samples, n_cells)."""
        steps = self.n_features_in_ // self.n_inputs
        return np.asarray(self.answer(X)["cell.total"] / (steps * float(self.dt)))

    def scores(self, X: Any) -> NDArray[Any]:
        """Return the probability of each class, shape (n_samples, 2)."""
        record = self.answer(X)
        if self.read_out == "solved":
            found = linear_read_out().fit(self.counts_, self.labels_)
            return np.asarray(found.predict_proba(record["cell.fired"]))
        p = expit(record["output.score"] + self.state_["output.bias"])
        return np.hstack([1 - p, p])
