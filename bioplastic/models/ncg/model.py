"""The classification layer: first-spike cells in competing groups, and three rules they learn by.

Inputs are spike times from 0 to 1. A cell sums the weights of the inputs that have fired and fires
once, at ``t``, when its potential exceeds its threshold; a silent cell has ``t = 1``. The first
cell to fire decides. At the end of a training sample the first cell of every class wins, and its
synapses change by

    dw = error (a_plus if t_pre <= t else a_minus)

with an error that depends on the rule. With ``mean`` the mean time of the winners, of which there
is one for each of C classes, and the gap g, target cells are to fire at ``mean - g (C - 1)/C`` and
all others at ``mean + g/C``:

* S2-STDP: ``error = t - desired``, and cells scale their weights back to their initial sum.
* SSTDP: the same, but only targets that are late and other cells that are early have an error.
* R-STDP: one winner among all cells; ``error`` is the error rate of the last epoch if it was right,
  its accuracy if it was wrong, when ``b_plus`` and ``b_minus`` replace ``a_plus`` and ``a_minus``.

Groups of M target cells share a class: for samples of their class thresholds are raised by
``eta_th (M - 1)/M`` in the cell that leads and fall by ``eta_th/M`` in the others, never below the
threshold at rest. The rules are those of `bioplastic.plasticity.supervised`.

Goupy, Tirilly and Bilasco (2024), NeurIPS, arXiv 2410.17066.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from brian2 import ms
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    GroupWinner,
    NetworkSpec,
    Population,
    PopulationMean,
    TrialRecord,
)
from bioplastic.fields import param
from bioplastic.models.early_stopping import EarlyStoppingClassifier
from bioplastic.neurons import FIRST_SPIKE_TRANSMISSION, NeuronModel, first_spike
from bioplastic.plasticity import (
    PlasticityRule,
    first_spike_trial,
    reward_latency_stdp,
    s2_stdp,
    sstdp,
)
from bioplastic.signals import LatencySource

__all__ = ["Answers", "LatencyClassifier", "RSTDPClassifier", "S2STDPClassifier", "SSTDPClassifier"]

_AUTOMATIC = 0.54
_REGULATIONS = ("none", "one_threshold", "two_compartment", "dropout")

# ---- the network ---------------------------------------------------------------------------------

_CELL = first_spike()
_COMPETING_CELL = NeuronModel(
    name=_CELL.name,
    equations=f"""{_CELL.equations}
        kind : 1
        target : 1
        goal : 1
        wins : 1
        leads : 1
        counted : 1
        mean_time : 1 (shared)
        label : 1 (shared)
    """,
    threshold=_CELL.threshold,
    update=_CELL.update,
    initial=_CELL.initial,
    reference=_CELL.reference,
)
_RECORDS = ("t_spike", "v", "theta", "wins", "error_post_readout")


@dataclass(frozen=True)
class Answers:
    """What samples evoke in the output cells.

    Parameters
    ----------
    t_spike : array, shape (n_samples, n_cells)
        First spike times from 0 to 1; 1 for a silent cell.
    potential : array, shape (n_samples, n_cells)
        Potential at the spike, or at the end for a silent cell.
    theta : array, shape (n_samples, n_cells), optional
        Thresholds in use, in training.
    wins : array, shape (n_samples, n_cells), optional
        1 in the winners of the competition, in training.
    error : array, shape (n_samples, n_cells), optional
        Error of every cell, zero where nothing was learned, in training.

    Examples
    --------
    >>> Answers(np.array([[1.0, 0.5, 0.5]]), np.array([[9.0, 2.0, 3.0]])).first
    array([2])
    """

    t_spike: NDArray[np.floating]
    potential: NDArray[np.floating]
    theta: NDArray[np.floating] | None = None
    wins: NDArray[np.floating] | None = None
    error: NDArray[np.floating] | None = None

    @property
    def first(self) -> NDArray[np.int64]:
        """Index of the deciding cell: earliest, then highest potential, then lowest index."""
        earliest = self.t_spike == self.t_spike.min(axis=1, keepdims=True)
        first: NDArray[np.int64] = np.argmax(np.where(earliest, self.potential, -np.inf), axis=1)
        return first


# ---- what the classifiers have in common ---------------------------------------------------------


class LatencyClassifier(EarlyStoppingClassifier):
    """What the classifiers of this package have in common; use one of them.

    See `bioplastic.models.ncg.S2STDPClassifier` for attributes.
    """

    dt = 1 * ms  # nominal: an event-driven trial has one step per distinct input time
    chunk = 1000
    rates: ClassVar[tuple[str, ...]] = ("a_plus", "a_minus")
    """Parameters that anneal."""
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """Least and largest weight."""
    labelled_non_target: int = 0

    n_per_class: int = param(1, minimum=1, doc="output cells per class; several compete")
    threshold: float | None = param(None, positive=True, doc="firing threshold. Default: what a "
        "cell with mean weights reaches after 54 % of the spikes of a mean training sample, where "
        "the published thresholds for MNIST lie")  # fmt: skip
    a_plus: float = param(0.05, minimum=0, doc="rate for inputs up to the spike")
    a_minus: float = param(-0.1, maximum=0, doc="rate for inputs after it")
    annealing: float = param(0.98, minimum=0, maximum=1, doc="factor of the rates per epoch")
    dropout: float = param(0.0, minimum=0, maximum=1, doc="probability that a cell is off for a "
        "training sample")  # fmt: skip
    epochs: int = param(100, minimum=1, doc="largest number of passes")
    form: str = param("additive", choices=("additive", "multiplicative"), doc="form of the weight "
        "change")  # fmt: skip
    beta: float = param(1.0, minimum=0, doc="steepness of the multiplicative form")
    weight_mean: float = param(0.3, doc="mean of the normal distribution of the initial weights")
    weight_std: float = param(0.01, minimum=0, doc="its standard deviation")
    test_last_input: bool = param(False, doc="whether the potential with the very last input is "
        "tested against the threshold; the program of the authors does not")  # fmt: skip

    threshold_: float
    epoch_: dict[str, Any]

    # ---- the network -----------------------------------------------------------------------------

    def rule(self) -> PlasticityRule:
        """Return what the synapses learn."""
        raise NotImplementedError(f"{type(self).__name__}.rule: must be defined")

    def competition(self) -> list[Any]:
        """Return who wins at the end of a trial, and what the winners tell the synapses."""
        raise NotImplementedError(f"{type(self).__name__}.competition: must be defined")

    @property
    def modulators(self) -> dict[str, tuple[str, str]]:
        """Modulators of the synapses: who tells them what."""
        return {"wins_post": ("out", "wins"), "goal_post": ("out", "goal")}

    @property
    def _form(self) -> dict[str, Any]:
        low, high = self.bounds
        return {"form": self.form, "beta": self.beta, "w_min": low, "w_max": high}

    @property
    def _n_cells(self) -> int:
        return len(self.classes_) * self.n_per_class

    @property
    def _kinds(self) -> NDArray[np.int64]:
        return np.arange(self._n_cells) // self.n_per_class

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, or that which answers with thresholds at rest."""
        learning = kind == "learn"
        teacher: dict[str, Any] = {}
        told: dict[str, Any] = {}
        if learning:
            teacher = {"sample_inputs": ("label",), "on_trial_end": tuple(self.competition()),
                       "on_trial_start": "goal = target*int(label == kind)"}  # fmt: skip
            told = {"modulators": self.modulators, "only_post": "error_post"}
        model = _COMPETING_CELL if learning else _CELL
        records = _RECORDS if learning else _RECORDS[:2]
        return NetworkSpec(
            populations=(
                LatencySource(name="feature", n=self.n_features_in_),
                Population(name="out", n=self._n_cells, model=model, **teacher),
            ),
            projections=(
                DenseProjection(
                    name="readout", source="feature", target="out",
                    transmit=FIRST_SPIKE_TRANSMISSION,
                    rule=self.rule() if learning else first_spike_trial(), **told,
                ),
            ),
            trial=EventTrial(
                source="feature", after_last=self.test_last_input, until_fired="out"
            ),
            records=tuple(TrialRecord(population="out", variable=name) for name in records),
        )  # fmt: skip

    def present(self, X: Any, y: Any = None) -> dict[str, Any]:
        """Return spike times, and in training labels, as inputs of the program."""
        return {"feature": X} if y is None else {"feature": X, "label": y}

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights and thresholds at rest."""
        return {name: self.state_[name] for name in ("readout.w", "out.base")}

    def check_samples(self, X: Any, *, first: bool = False) -> Any:
        """Return spike times as floating point numbers, shape (n_samples, n_features).

        Raises
        ------
        ValueError
            For another shape or number of features than before, NaN, or negative times.
        """
        array = super().check_samples(X, first=first)
        return array if array.dtype.kind == "f" else array.astype(np.float32)

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse NaN and negative times; infinity means no spike."""
        place, smallest = f"{type(self).__name__}.X", array.min()
        if np.isnan(smallest):
            sample, feature = np.argwhere(np.isnan(array))[0]
            raise ValueError(
                f"{place}: must not hold NaN, got one at sample {sample}, feature {feature}"
            )
        if smallest < 0:
            raise ValueError(
                f"{place}: spike times must not be negative, got {smallest:g}. Negative values in "
                "data are refused"
            )

    def start(self, X: Any, y: Any) -> None:
        """Draw weights, set thresholds and rates."""
        super().start(X, y)
        state, cells = self.state_, np.arange(self._n_cells)
        rng = np.random.default_rng(self.seed_)
        state["readout.w"][:] = rng.normal(
            self.weight_mean, self.weight_std, (self.n_features_in_, cells.size)
        ).clip(*self.bounds)
        if self.threshold is None:
            spikes = int(np.count_nonzero(X < 1))
            self.threshold_ = max(_AUTOMATIC * self.weight_mean * spikes / len(X), 1e-3)
        else:
            self.threshold_ = float(self.threshold)
        state["out.kind"][:] = self._kinds
        state["out.target"][:] = cells % self.n_per_class >= self.labelled_non_target
        state["out.base"][:] = self.threshold_
        for rate in self.rates:
            state[f"readout.{rate}"][...] = getattr(self, rate)
        if self.dropout:
            state["readout.dropout"][...] = self.dropout
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        none = np.zeros(self._n_cells, dtype=np.int64)
        self.epoch_ = {"samples": 0, "right": 0, "wins": 0, "error": 0.0,
                       "target_updates": none, "other_updates": none.copy()}  # fmt: skip

    # ---- learning --------------------------------------------------------------------------------

    def begin(self, X: ArrayLike, classes: ArrayLike) -> Self:
        """Start from fresh weights without learning, for a training loop of your own.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Some training samples: they set the number of features and a threshold left open.
        classes : array_like
            All labels that will occur.
        """
        self._check_params()
        known = np.unique(np.asarray(classes))
        self.classes_, _ = self.check_labels(known, len(known), first=True)
        self._begin(self.check_samples(X, first=True), None)
        return self

    def learn(self, X: Any, y: Any) -> Answers:  # type: ignore[override]
        """Learn from checked samples, labels as index, and return what they evoked."""
        program = self.program("learn")
        self.state_, record = program(self.state_, self.present(X, y), seed=self.seed_)
        answers = Answers(*(record[f"out.{name}"] for name in _RECORDS))
        updated, own = answers.error != 0, self._kinds == np.asarray(y)[:, None]
        epoch = self.epoch_
        epoch["samples"] += len(X)
        epoch["right"] += int(np.sum(self._kinds[answers.first] == y))
        epoch["wins"] += int(np.sum(record["out.wins"]))
        errors = np.abs(record["out.error_post_readout"]).sum(axis=1, dtype=np.float64)
        epoch["error"] = float(np.cumsum(np.append(epoch["error"], errors))[-1])  # in order
        epoch["target_updates"] = epoch["target_updates"] + (updated & own).sum(axis=0)
        epoch["other_updates"] = epoch["other_updates"] + (updated & ~own).sum(axis=0)
        return answers

    def end_epoch(self, validation: tuple[ArrayLike, ArrayLike] | None = None) -> bool:  # type: ignore[override]
        """Anneal the rates, begin the next epoch, and add a line to ``history_``.

        Parameters
        ----------
        validation : (X, y), optional
            Samples to evaluate on. `fit` uses its own.

        Returns
        -------
        bool
            Whether ``patience`` epochs have passed without a better validation accuracy.
        """
        check_is_fitted(self, "n_seen_")
        epoch = self.epoch_
        right = epoch["right"] / max(1, epoch["samples"])
        for rate in self.rates:
            self.state_[f"readout.{rate}"] *= self.annealing
        self.regulate_epoch(right)
        self._begin_epoch()
        noted = {name: epoch[name] for name in ("target_updates", "other_updates")}
        error = epoch["error"] / max(1, epoch["wins"])
        return super().end_epoch(validation, train_accuracy=right, error=error, **noted)

    def regulate_epoch(self, accuracy: float) -> None:
        """Set what the rule changes from epoch to epoch, given the accuracy of the last one."""

    # ---- answers ---------------------------------------------------------------------------------

    def respond(self, X: ArrayLike) -> Answers:
        """Return spike times and potentials of all output cells, with thresholds at rest.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times.
        """
        check_is_fitted(self, "n_seen_")
        return self._respond(self.check_samples(X))

    def _respond(self, samples: NDArray[Any]) -> Answers:
        record = self._show(samples)
        return Answers(record["out.t_spike"], record["out.v"])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of the first cell to fire; ties go to the higher potential.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times.

        Returns
        -------
        array, shape (n_samples,)
        """
        check_is_fitted(self, "n_seen_")
        labels: NDArray[Any] = self.classes_[self.decide(self.check_samples(X))]
        return labels

    def decide(self, samples: Any) -> NDArray[Any]:
        """Return the index of the class of the first cell to fire."""
        return self._respond(samples).first // self.n_per_class

    def scores(self, X: Any) -> NDArray[Any]:
        """Return how early each class answers: 1 minus the first spike time of its cells.

        Among equal times a potential that is higher by 1 counts for 1e-12.
        """
        answers = self.respond(X)
        score = 1.0 - answers.t_spike.astype(np.float64) + 1e-12 * answers.potential
        best: NDArray[np.float64] = score.reshape(len(score), len(self.classes_), -1).max(axis=2)
        return best

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights, shape (n_features, n_cells)."""
        check_is_fitted(self, "n_seen_")
        w: NDArray[Any] = self.state_["readout.w"]
        return w.copy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


# ---- the rules -----------------------------------------------------------------------------------


class GroupedClassifier(LatencyClassifier):
    """What the rules with desired spike times have in common: groups of competing cells."""

    labelled_non_target: int = param(0, minimum=0, doc="how many cells of every class never learn "
        "to answer first")  # fmt: skip
    regulation: str | None = param(None, choices=_REGULATIONS, doc="how the competition in a class "
        "is balanced; see `bioplastic.plasticity.first_spike_trial`")  # fmt: skip
    gap: float = param(0.03, minimum=0, maximum=1, doc="distance between the desired times of "
        "target and other cells")  # fmt: skip
    eta_th: float = param(10.0, minimum=0, doc="step of the thresholds in the first epoch")
    beta_th: float = param(0.5, minimum=0, maximum=1, doc="its factor from epoch to epoch")

    def combined_checks(self) -> None:
        """Refuse a class without target cells, and dropout that regulates nothing."""
        place = type(self).__name__
        if self.labelled_non_target >= self.n_per_class:
            raise ValueError(
                f"{place}.labelled_non_target: must be less than n_per_class, "
                f"{self.n_per_class}, got {self.labelled_non_target}"
            )
        if self.regulation == "dropout" and not self.dropout:
            raise ValueError(f"{place}.dropout: must be positive with regulation 'dropout', got 0")
        if self.regulation != "dropout" and self.dropout:
            raise ValueError(
                f"{place}.dropout: needs regulation 'dropout', got {self.dropout:g} with "
                f"{self.regulation!r}"
            )

    @property
    def _regulated(self) -> bool:
        return self.regulation in ("one_threshold", "two_compartment")

    def rule(self) -> PlasticityRule:
        """Return the timing rule with the thresholds of a trial."""
        kind = str(self.regulation) if self._regulated else "none"
        return self.timing() + first_spike_trial(dropout=self.dropout > 0, regulation=kind)

    def timing(self) -> PlasticityRule:
        """Return how the error of a spike time changes weights."""
        raise NotImplementedError(f"{type(self).__name__}.timing: must be defined")

    def competition(self) -> list[Any]:
        """Return who wins in every class, who leads there, and the mean time of the winners."""
        size, rank = self.n_per_class, {"first": "t_spike", "then": "v"}
        steps: list[Any] = [GroupWinner(into="wins", size=size, **rank) if size > 1 else "wins = 1"]
        if self._regulated:
            steps.append(GroupWinner(into="leads", size=size, among="goal", **rank))
        mean = PopulationMean(into="mean_time", of="t_spike", weight="counted", empty=1.0)
        return [*steps, "counted = wins*int(t_spike < 1)", mean]

    @property
    def modulators(self) -> dict[str, tuple[str, str]]:
        """Modulators of the synapses: winners, the task, the mean time, and who leads."""
        leads = {"leads_post": ("out", "leads")} if self._regulated else {}
        return {**super().modulators, "mean_time": ("out", "mean_time"), **leads}

    def start(self, X: Any, y: Any) -> None:
        """Set the constants of the rule, too."""
        super().start(X, y)
        self.state_["readout.gap"][...] = self.gap
        self.state_["readout.share"][...] = 1 / len(self.classes_)
        if self._regulated:
            # A single target cell has nobody to compete with: its threshold stays.
            n_targets = self.n_per_class - self.labelled_non_target
            self.state_["readout.eta_th"][...] = self.eta_th if n_targets > 1 else 0.0
            self.state_["readout.fraction"][...] = 1 / n_targets
            self.state_["readout.raised_post"][:] = self.threshold_

    def regulate_epoch(self, accuracy: float) -> None:
        """Begin the next epoch at rest, or with one threshold where the last has ended."""
        if not self._regulated:
            return
        state = self.state_
        state["readout.eta_th"] *= self.beta_th
        if self.regulation == "one_threshold":
            state["out.base"] = state["readout.raised_post"].copy()
        else:
            state["readout.raised_post"] = state["out.base"].copy()

    @property
    def thresholds_(self) -> NDArray[np.floating]:
        """Thresholds of the training, shape (n_cells,): those of the presented class if there are
        two compartments."""
        check_is_fitted(self, "n_seen_")
        name = "readout.raised_post" if self._regulated else "out.base"
        thresholds: NDArray[np.floating] = self.state_[name].copy()
        return thresholds


class S2STDPClassifier(GroupedClassifier):
    """Classifier of spike times that learns by stabilised supervised STDP, with cell groups.

    A layer of non-leaky cells, ``n_per_class`` for each class, that fire once; the first to fire
    decides. In training the first cell of every class is drawn to one of two desired times, and
    with ``labelled_non_target`` and a ``regulation`` the cells of a class share its samples. The
    published variants are arguments: plain S2-STDP (1 cell per class), paired competing neurons
    (2 cells, 1 labelled non-target), neuronal competition groups (5 cells, 1 labelled non-target,
    ``regulation="two_compartment"``) and their ablations; see
    `bioplastic.models.ncg.published_classifier`.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order; cells ``c*n_per_class`` and following belong to class ``c``, the
        labelled non-target cells first.
    state_ : dict of str to array
        State of the training network.
    weights_ : array, shape (n_features, n_cells)
        Weights.
    threshold_ : float
        The threshold in use.
    thresholds_ : array, shape (n_cells,)
        Thresholds of the training.
    history_ : dict of str to array
        Per epoch: ``train_accuracy``, ``validation_accuracy`` (NaN without validation), the mean
        ``error`` of the winners, and for every cell the number of updates on samples of its class
        (``target_updates``) and of others (``other_updates``).
    n_seen_, n_epochs_, best_epoch_ : int
        Training samples and epochs so far, and the epoch with the best validation accuracy.

    Raises
    ------
    ValueError
        For NaN, negative times, a wrong number of features, unknown labels, arguments out of range.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS, arXiv 2410.17066.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> model = S2STDPClassifier(n_per_class=2, labelled_non_target=1, epochs=5).fit(X, y)
    >>> model.score(X, y), model.weights_.shape
    (1.0, (30, 6))
    """

    normalise: bool = param(True, doc="whether cells scale weights back to their initial sum")

    def timing(self) -> PlasticityRule:
        """Return how the error of a spike time changes weights."""
        return s2_stdp(normalise=self.normalise, **self._form)

    def start(self, X: Any, y: Any) -> None:
        """Remember the sums of the weights, too."""
        super().start(X, y)
        if self.normalise:
            w = self.state_["readout.w"]
            self.state_["readout.total_post"][:] = w.sum(axis=0, dtype=np.float64)


class SSTDPClassifier(GroupedClassifier):
    """Classifier of spike times that learns by supervised STDP with one-sided errors.

    As `S2STDPClassifier`, but target cells that fire early enough and others that fire late enough
    are left alone, and weights are not normalised. The default rates are those published for MNIST.

    References
    ----------
    Liu, Pan, Ruan, Xing, Xu and Tang (2021), doi 10.3389/fnins.2021.756876, in the one-layer
    additive form of Goupy et al. (2024).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> SSTDPClassifier(a_plus=0.1, epochs=5).fit(X, y).score(X, y)
    1.0
    """

    gap = 0.09
    a_plus = 0.01
    a_minus = 0.0
    eta_th = 1.0
    weight_mean = 0.5

    def timing(self) -> PlasticityRule:
        """Return how the error of a spike time changes weights."""
        return sstdp(**self._form)


class RSTDPClassifier(LatencyClassifier):
    """Classifier of spike times that learns by reward-modulated STDP of the first cell to fire.

    A right answer is rewarded in proportion to the error rate of the last epoch, a wrong one
    punished in proportion to its accuracy. On a sample without any output spike the cell with the
    highest potential has answered. Weights stay from 0.2 to 0.8.

    References
    ----------
    Mozafari, Kheradpisheh, Masquelier, Nowzari-Dalini and Ganjtabesh (2018), First-spike-based
    visual categorization using reward-modulated STDP, IEEE TNNLS 29, with the settings of Goupy et
    al. (2024).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> RSTDPClassifier(n_per_class=2, epochs=5).fit(X, y).score(X, y)
    1.0
    """

    rates = ("a_plus", "a_minus", "b_plus", "b_minus")
    bounds = (0.2, 0.8)
    n_per_class = 5
    a_minus = -0.001
    weight_mean = 0.8

    b_plus: float = param(-0.05, maximum=0, doc="rate of punishment for inputs up to the spike")
    b_minus: float = param(0.001, minimum=0, doc="rate of punishment for inputs after it")

    def rule(self) -> PlasticityRule:
        """Return reward-modulated STDP."""
        trial = first_spike_trial(dropout=self.dropout > 0, regulation="none")
        return reward_latency_stdp(**self._form) + trial

    def competition(self) -> list[Any]:
        """Return the first of all cells."""
        return [GroupWinner(into="wins", size=self._n_cells, first="t_spike", then="v")]

    def start(self, X: Any, y: Any) -> None:
        """Begin with the accuracy of chance, too."""
        super().start(X, y)
        self.regulate_epoch(1 / len(self.classes_))

    def regulate_epoch(self, accuracy: float) -> None:
        """Let the accuracy of the last epoch scale reward and punishment."""
        state = self.state_["readout.accuracy"]
        self.state_["readout.accuracy"] = np.full_like(state, accuracy)
