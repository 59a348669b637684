"""Reading spike trains by their complexity, and a tempotron that learns its own parameters.

After Rudnicka, Szczepanski & Pregowska (arXiv 2508.11674), of which the abstract alone was at hand:
all equations are standard forms, all sizes and rates our choice.

The read-out gives a train the class whose mean Lempel-Ziv complexity is nearest. For an ergodic
source the complexity tends to the entropy rate, so it tells apart what differs in order, not
only in number of spikes. The tempotron (Gütig & Sompolinsky 2006) has the potential
``v(t) = sum_i w_i sum_k K(t - t_ik)`` with ``K(s) = v0 (exp(-s/tau) - exp(-s/tau_s))`` and answers
if it reaches ``v_th``. After an error, with ``err`` 1 for a miss and -1 for a false alarm, the
weights follow the gradient of the potential at the time of its peak,
``dw_i = eta err sum_k K(t_max - t_ik)``. The intrinsic parameters do the same:
``d log tau = eta_tau err tau dv/dtau`` at the peak and ``dv_th = -eta_threshold err``. All this is
local: the filters of a synapse, the potential of its cell, and one error per cell.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic.analysis.complexity import lempel_ziv_complexity
from bioplastic.engine import DenseProjection, NetworkSpec, Population, Trial, TrialRecord
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier
from bioplastic.models.rasters import check_rasters, raster_spikes
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource

__all__ = ["LempelZivClassifier", "Tempotron", "markov_trains"]


def markov_trains(
    rng: np.random.Generator, n: int, bins: int, rate: float, correlation: float = 0.0
) -> NDArray[np.uint8]:
    """Draw trains of a two-state Markov chain: a bin repeats the one before, or is drawn anew.

    Parameters
    ----------
    rng : Generator
        Source of random numbers.
    n, bins : int
        Trains, and bins of each.
    rate : float
        Probability of a spike in a bin.
    correlation : float, default 0
        Correlation of neighbouring bins, from 0 to 1: the probability that a bin repeats.

    Returns
    -------
    ndarray of {0, 1}, shape (n, bins)

    Examples
    --------
    >>> markov_trains(np.random.default_rng(0), 2, 8, rate=0.5, correlation=1.0).tolist()
    [[0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1]]
    """
    if not (0 <= rate <= 1 and 0 <= correlation <= 1):
        raise ValueError(
            "markov_trains: rate and correlation must be from 0 to 1, got "
            f"{rate:g} and {correlation:g}"
        )
    fires = np.empty((bins, n), dtype=np.uint8)
    fires[0] = rng.random(n) < rate
    for k in range(1, bins):
        again = rng.random(n) < correlation
        fires[k] = np.where(again, fires[k - 1], rng.random(n) < rate)
    return np.ascontiguousarray(fires.T)


class LempelZivClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Class of a spike train by its Lempel-Ziv complexity: that of the nearest mean.

    Parameters
    ----------
    threshold : float, default 0
        A bin with a value above it holds a spike.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    complexities_ : array, shape (n_classes,)
        Mean complexity of each class in bits per bin.

    References
    ----------
    Lempel & Ziv (1976), doi 10.1109/TIT.1976.1055501; Rudnicka et al., arXiv 2508.11674.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> regular, noise = np.tile([0, 0, 0, 1], (20, 50)), rng.random((20, 200)) < 0.25
    >>> X, y = np.vstack([regular, noise]), np.repeat(["regular", "noise"], 20)
    >>> LempelZivClassifier().fit(X[::2], y[::2]).score(X[1::2], y[1::2])   # equal counts
    1.0
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # on data that are no trains
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Store the mean complexity of every class.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_bins)
            One train per row; at least two bins.
        y : array_like, shape (n_samples,)
            Labels.

        Raises
        ------
        ValueError
            If there are fewer than two bins, NaN, or no labels of classes.
        """
        X, y = validate_data(self, X, y, ensure_min_features=2)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        found = lempel_ziv_complexity(X > self.threshold)
        self.complexities_ = np.bincount(index, found) / np.bincount(index)
        return self

    def complexity(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the complexity of each train in bits per bin, shape (n_samples,)."""
        check_is_fitted(self)
        return lempel_ziv_complexity(validate_data(self, X, reset=False) > self.threshold)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of the nearest mean for each train; ties go to the first."""
        away = np.abs(self.complexity(X)[:, None] - self.complexities_)
        labels: NDArray[Any] = self.classes_[away.argmin(axis=1)]
        return labels


class Tempotron(SpikingClassifier):
    """Tempotrons, one per class, with time constant and threshold fixed or learned.

    A sample is a row of 0 and 1, the bins of the first input, then those of the next; a bin
    is 1 ms. The answer is the class whose potential exceeds its threshold most.

    Attributes
    ----------
    weights_ : array, shape (n_inputs, n_classes)
        Weights.
    taus_ : array, shape (n_classes,)
        Membrane time constants in seconds.
    thresholds_ : array, shape (n_classes,)
        Thresholds.

    References
    ----------
    Gütig & Sompolinsky (2006), doi 10.1038/nn1643; intrinsic learning after Rudnicka et al.,
    arXiv 2508.11674.

    Examples
    --------
    >>> early = np.zeros((2, 50))
    >>> early[:, :5] = 1                                           # both inputs, first 5 ms
    >>> late = early[:, ::-1]
    >>> X, y = np.array([[*early[0], *late[0]], [*late[0], *early[0]]] * 20), [0, 1] * 20
    >>> Tempotron(n_inputs=2).fit(X, y).score(X, y)
    1.0
    """

    n_inputs: int = param(50, minimum=1, doc="inputs; it divides the number of features")
    epochs: int = param(20, minimum=1, doc="passes through the samples")
    tau: Quantity = param(15 * ms, positive=True, doc="membrane time constant at the start")
    tau_s: Quantity = param(2.5 * ms, positive=True, doc="rise of the postsynaptic potential")
    v_th: float = param(1.0, positive=True, doc="threshold at the start")
    eta: float = param(0.01, minimum=0, doc="learning rate of the weights")
    eta_tau: float = param(0.0, minimum=0, doc="of the logarithm of the time constant; 0 is fixed")
    eta_threshold: float = param(0.0, minimum=0, doc="of the threshold; 0 is fixed")
    tau_max: Quantity = param(200 * ms, positive=True, doc="bound; the other one is 1.2 ``tau_s``")
    v_th_min: float = param(0.1, positive=True, doc="smallest threshold")

    dt = 1 * ms

    def combined_checks(self) -> None:
        """Refuse a time constant outside of its bounds."""
        if not 1.2 * self.tau_s <= self.tau <= self.tau_max:
            raise ValueError(
                f"Tempotron.tau: must be from 1.2 tau_s to tau_max, {1.2 * self.tau_s} to "
                f"{self.tau_max}, got {self.tau}"
            )

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse anything but 0 and 1, and bins that are no multiple of the inputs."""
        super().check_values(array)
        check_rasters(f"{type(self).__name__}.X", array, self.n_inputs)

    def network(self, kind: str) -> NetworkSpec:
        """Return inputs and one cell per class."""
        learn, n = kind == "learn", len(self.classes_)
        ends: tuple[str, ...] = ("err = teacher - int(v_max > v_th)",)
        if self.eta_tau:
            low, high = (f"{float(value / ms)!r}*ms" for value in (1.2 * self.tau_s, self.tau_max))
            ends += (f"tau = clip(tau*exp({float(self.eta_tau)!r}*err*slope), {low}, {high})",)
        if self.eta_threshold:
            step = f"{float(self.eta_threshold)!r}*err"
            ends += (f"v_th = clip(v_th - {step}, {float(self.v_th_min)!r}, 1e6)",)
        cells = Population(
            name="out", n=n, model=self._cell(), sample_inputs=("teacher",) if learn else (),
            on_trial_start="m = 0; s = 0; y = 0; slope = 0; v_max = -1e6",
            on_trial_end=ends if learn else (),
        )  # fmt: skip
        feed = DenseProjection(
            name="feed", source="input", target="out", rule=self.rule() if learn else None,
            transmit="m_post += w; s_post += w",
            initial={"w": lambda rng, shape: rng.normal(0, 0.05, shape)},
        )  # fmt: skip
        return NetworkSpec(
            populations=(SpikeListSource(name="input", n=self.n_inputs), cells),
            projections=(feed,),
            trial=Trial(duration=self.n_features_in_ // self.n_inputs * ms),
            records=(TrialRecord(population="out", variable="v_max"),),
        )  # fmt: skip

    @property
    def _v0(self) -> float:
        """Factor that makes the largest value of the kernel one at the first time constant."""
        ratio = float(self.tau / self.tau_s)
        peak = np.log(ratio) * ratio / (ratio - 1)  # in tau_s
        return float(1 / (np.exp(-peak / ratio) - np.exp(-peak)))

    def _cell(self) -> NeuronModel:
        return NeuronModel(
            name="tempotron",
            equations="m : 1\ns : 1\ny : 1\nslope : 1\nv_max : 1\nrose : 1\nteacher : 1\nerr : 1\n"
            "tau : second\nv_th : 1",
            update="y = exp(-dt/tau)*(y + m*dt/tau)\n"  # tau dm/dtau, of the exact solution
            "m = exp(-dt/tau)*m\ns = exp(-dt/tau_s)*s\n"
            "rose = int(v0*(m - s) > v_max)\n"
            "v_max = v_max + rose*(v0*(m - s) - v_max)\nslope = slope + rose*(v0*y - slope)",
            parameters={"tau_s": self.tau_s, "v0": self._v0},
            initial={"tau": self.tau, "v_th": self.v_th},
        )  # fmt: skip

    def rule(self) -> PlasticityRule:
        """Return the rule: what a synapse gave to the peak, times the error."""
        return PlasticityRule(
            name="tempotron",
            synapse="w : 1\ndx/dt = -x/tau_post : 1 (clock-driven)\n"
            "dz/dt = -z/tau_s : 1 (clock-driven)\npeak : 1",
            on_pre="x += 1; z += 1",
            every="peak = peak + rose_post*(v0*(x - z) - peak)",
            on_trial_start="x = 0; z = 0; peak = 0",
            on_trial_end="w += eta*err_post*peak",
            parameters={"tau_s": self.tau_s, "v0": self._v0, "eta": self.eta},
            reference="Gütig & Sompolinsky 2006",
        )

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64]:
        """Shuffle every epoch."""
        return self.rng(2, epoch).permutation(n_samples)

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show spikes at the beginning of their bins, and teach one cell per class."""
        steps = X.shape[1] // self.n_inputs
        given: dict[str, Any] = {"input": raster_spikes(X, steps, self.dt)}
        return given if y is None else given | {"teacher": np.eye(len(self.classes_))[y]}

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights and intrinsic parameters."""
        return {name: self.state_[name] for name in ("feed.w", "out.tau", "out.v_th")}

    def scores(self, X: Any) -> NDArray[Any]:
        """Return by how much each potential exceeds its threshold, shape (n_samples, n_classes)."""
        over: NDArray[Any] = self.answer(X)["out.v_max"] - self.thresholds_
        return over

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights, shape (n_inputs, n_classes)."""
        return self.state_["feed.w"]

    @property
    def taus_(self) -> NDArray[Any]:
        """Membrane time constants in seconds, shape (n_classes,)."""
        return self.state_["out.tau"]

    @property
    def thresholds_(self) -> NDArray[Any]:
        """Thresholds, shape (n_classes,)."""
        return self.state_["out.v_th"]
