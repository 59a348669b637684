"""Every rule against its equations, written down plainly in NumPy, and what they promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from bioplastic.models.ncg import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier

N_INPUTS, N_CLASSES, N_SAMPLES = 60, 3, 1000
REGULATED = {"regulation": "two_compartment", "eta_th": 1.0}
GROUP = {"n_per_class": 4, "threshold": 6.0, "gap": 0.05}

CASES = {
    "s2stdp": (S2STDPClassifier, {"n_per_class": 1, "threshold": 7.0}),
    "pcn": (S2STDPClassifier, {"n_per_class": 2, "labelled_non_target": 1, "threshold": 7.0}),
    "ncg": (S2STDPClassifier, {**GROUP, **REGULATED, "labelled_non_target": 1}),
    "ncg-no-label": (S2STDPClassifier, {**GROUP, **REGULATED}),
    "ncg-no-regulation": (S2STDPClassifier, {**GROUP, "labelled_non_target": 1}),
    "cr-1": (S2STDPClassifier, {**GROUP, "regulation": "one_threshold", "eta_th": 0.3}),
    "drop": (
        S2STDPClassifier,
        {**GROUP, "labelled_non_target": 1, "regulation": "dropout", "dropout": 0.3},
    ),
    "sstdp": (SSTDPClassifier, {"n_per_class": 1, "threshold": 11.0, "a_minus": -0.01}),
    "sstdp+ncg": (SSTDPClassifier, {**GROUP, **REGULATED, "threshold": 11.0, "a_plus": 0.1}),
    "rstdp": (RSTDPClassifier, {"n_per_class": 4, "threshold": 18.0}),
    "rstdp-drop": (RSTDPClassifier, {"n_per_class": 4, "threshold": 18.0, "dropout": 0.4}),
}
SLOW = pytest.mark.slow
QUICK = ("ncg", "cr-1", "sstdp", "rstdp-drop")  # the others take their compilation time


@dataclass
class Layer:
    """One layer of C classes with M cells each; weights are (inputs, cells)."""

    w: Any
    theta: Any
    n_classes: int
    rule: str = "s2stdp"
    labelled: int = 0
    gap: float = 0.03
    a_plus: float = 0.05
    a_minus: float = -0.1
    b_plus: float = 0.0
    b_minus: float = 0.0
    accuracy: float = 0.0
    bounds: tuple[float, float] = (0.0, 1.0)
    regulation: str | None = None
    eta_th: float = 0.0
    totals: Any = None
    raised: Any = field(init=False)

    def __post_init__(self) -> None:
        self.w = np.array(self.w)
        self.raised = np.array(self.theta)
        self.size = self.w.shape[1] // self.n_classes
        self.kind = np.arange(self.w.shape[1]) // self.size
        self.target = np.arange(self.w.shape[1]) % self.size >= self.labelled

    def present(self, x: Any, theta: Any, alive: Any) -> tuple[Any, Any]:
        """Forward pass: the first input time at which v > theta, one input after the other."""
        dtype, n = self.w.dtype, self.w.shape[1]
        v, t, active = np.zeros(n, dtype), np.ones(n, dtype), np.array(alive, dtype=bool)
        now = None
        for i in np.argsort(x, kind="stable"):
            if x[i] >= 1:
                break
            if now is not None and x[i] != now:  # the event before has been summed up
                fires = active & (v > theta)
                t[fires] = now
                active &= ~fires
            now = x[i]
            v[active] += self.w[i, active]
        return t, v  # the potential with the last event is never tested

    def learn(self, x: Any, y: int, alive: Any = None) -> tuple[Any, Any, Any]:
        """One training sample; return spike times, potentials and the winners."""
        alive = np.ones(self.w.shape[1], bool) if alive is None else alive
        own = (self.kind == y) & self.target
        theta = self.theta
        if self.regulation == "two_compartment":
            theta = np.where(own, self.raised, self.theta)
        elif self.regulation == "one_threshold":
            theta = self.raised
        t, v = self.present(x, theta, alive)
        self.regulate(t, v, own)
        winners = self.find_winners(t, v)
        for j, error in self.errors(t, winners, y):
            self.update(x, t, j, error, y)
        return t, v, winners

    @staticmethod
    def first(cells: Any, t: Any, v: Any) -> int:
        return min(cells, key=lambda j: (t[j], -v[j], j))

    def regulate(self, t: Any, v: Any, own: Any) -> None:
        cells = np.flatnonzero(own)
        if self.regulation not in ("one_threshold", "two_compartment") or len(cells) <= 1:
            return
        leader = self.first(cells, t, v)
        for j in cells:
            step = (len(cells) - 1) / len(cells) if j == leader else -1 / len(cells)
            self.raised[j] += self.eta_th * step
            if self.regulation == "two_compartment":
                self.raised[j] = max(self.raised[j], self.theta[j])

    def find_winners(self, t: Any, v: Any) -> list[int]:
        cells = np.arange(self.w.shape[1])
        if self.rule == "rstdp":
            return [self.first(cells, t, v)]
        return [self.first(cells[self.kind == c], t, v) for c in range(self.n_classes)]

    def errors(self, t: Any, winners: list[int], y: int) -> list[tuple[int, float]]:
        if self.rule == "rstdp":
            j = winners[0]
            return [(j, 1.0 - self.accuracy if self.kind[j] == y else self.accuracy)]
        n = len(winners)
        fired = [float(t[j]) for j in winners if t[j] < 1]
        mean = min(np.mean(fired), 1 - self.gap / n) if fired else 1 - self.gap / n
        early, late = mean - self.gap * (n - 1) / n, mean + self.gap / n
        found = []
        for j in winners:
            goal = self.kind[j] == y and self.target[j]
            wanted = early if goal else late
            if self.rule == "sstdp":
                wanted = min(t[j], early) if goal else max(t[j], late)
            found.append((j, float(t[j]) - wanted))
        return found

    def update(self, x: Any, t: Any, j: int, error: float, y: int) -> None:
        plus, minus = self.a_plus, self.a_minus
        if self.rule == "rstdp" and self.kind[j] != y:
            plus, minus = self.b_plus, self.b_minus
        times = np.minimum(x, 1)  # a silent input has the time 1
        change = error * np.where(times <= t[j], plus, minus)
        self.w[:, j] = np.clip(self.w[:, j] + change.astype(self.w.dtype), *self.bounds)
        if self.totals is not None and error != 0:
            self.w[:, j] *= self.totals[j] / self.w[:, j].sum()


def make_samples(n: int = N_SAMPLES, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes with their own early inputs, times in steps of 0.02: many ties, and empty samples."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, n)
    early = np.arange(N_INPUTS) % N_CLASSES == y[:, None]
    X = np.where(early, 0.2, 0.5) + 0.5 * rng.random((n, N_INPUTS))
    X = (np.round(X / 0.02) * 0.02).astype(np.float32)
    X[rng.random((n, N_INPUTS)) < 0.3] = np.inf
    X[::50] = 1.0  # no input spike
    X[1::50, 5:] = 2.0  # too few for an output spike
    X[2::50, 0] = 0.0
    return X, y


def start(name: str, target: str = "cpp", dtype: str = "float64") -> tuple[object, Layer]:
    """Return a classifier that has learned nothing, and its transcription."""
    kind, arguments = CASES[name]
    model = kind(**arguments, target=target, dtype=dtype, random_state=1)
    X, _ = make_samples(5)
    model.begin(X, range(N_CLASSES))
    return model, transcribe(model)


def transcribe(model: object) -> Layer:
    w, rule = model.weights_, type(model).__name__.removesuffix("Classifier").lower()
    rates = {name: getattr(model, name) for name in model.rates}
    grouped = isinstance(model, (S2STDPClassifier, SSTDPClassifier))
    if grouped:
        rates |= {"gap": model.gap, "eta_th": model.eta_th, "labelled": model.labelled_non_target}
        rates["regulation"] = model.regulation
    return Layer(
        w,
        np.full(w.shape[1], model.threshold_, w.dtype),
        N_CLASSES,
        rule=rule,
        bounds=model.bounds,
        accuracy=0.0 if grouped else 1 / N_CLASSES,
        totals=w.sum(axis=0) if rule == "s2stdp" else None,
        **rates,
    )


def play(model: object, layer: Layer, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Let both learn from the samples; return the spike times, which must agree exactly."""
    answers = model.learn(X, y)
    for k in range(len(X)):
        # a cell that was switched off has neither potential nor spike
        alive = (answers.potential[k] > 0) | (np.min(X[k]) >= 1)
        t, v, winners = layer.learn(X[k].astype(layer.w.dtype), y[k], alive)
        np.testing.assert_array_equal(answers.t_spike[k], t, err_msg=f"sample {k}")
        np.testing.assert_allclose(answers.potential[k], v, atol=1e-5, err_msg=f"sample {k}")
        assert np.flatnonzero(answers.wins[k]).tolist() == sorted(winners)
    return answers.t_spike


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES],
)
def test_rule_equals_its_equations(name: str) -> None:
    model, layer = start(name)
    X, y = make_samples()
    before = layer.w.copy()
    times = play(model, layer, X, y)
    np.testing.assert_allclose(model.weights_, layer.w, atol=1e-5)
    if "raised" in str(list(model.state_)):
        np.testing.assert_allclose(model.thresholds_, layer.raised, atol=1e-4)
        assert np.ptp(layer.raised) > 0
    assert np.abs(layer.w - before).max() > 0.05  # something was learned
    assert np.any(times == 1)  # silent cells occurred
    assert np.any(times < 1)


@pytest.mark.parametrize(
    "name", ["ncg", *(pytest.param(n, marks=pytest.mark.slow) for n in ("sstdp+ncg", "rstdp"))]
)
def test_single_precision_sample_by_sample(name: str) -> None:
    """In float32, in the order of the inputs, from the same weights before every 50 samples."""
    model, layer = start(name, dtype="float32")
    X, y = make_samples()
    for k in range(0, N_SAMPLES, 50):
        layer.w = model.weights_
        if layer.regulation:
            layer.raised = model.thresholds_
        play(model, layer, X[k : k + 50], y[k : k + 50])
        np.testing.assert_allclose(model.weights_, layer.w, atol=1e-5)


@pytest.mark.parametrize("name", ["ncg", "drop", "rstdp"])
def test_targets_agree(name: str) -> None:
    """Stock Brian2 objects on numpy give what the compiled program gives."""
    X, y = make_samples(120)
    model, layer = start(name, target="numpy")
    play(model, layer, X, y)
    np.testing.assert_allclose(model.weights_, layer.w, atol=1e-9)


def test_desired_times_are_a_gap_apart_around_the_mean() -> None:
    model, _ = start("ncg")
    X, y = make_samples(40, seed=3)
    checked = 0
    for k in range(len(X)):
        answers = model.learn(X[k : k + 1], y[k : k + 1])
        winners = answers.wins[0] > 0
        t = answers.t_spike[0][winners]
        desired = t - answers.error[0][winners]
        mean = t.mean()
        if np.any(t == 1) or mean > 1 - model.gap / N_CLASSES:
            continue
        goal = model.state_["out.goal"][winners] > 0
        if goal.sum() == 1:
            checked += 1
            assert desired[~goal].min() - desired[goal].max() == pytest.approx(model.gap)
            assert desired.mean() == pytest.approx(mean)
    assert checked > 5


def test_losers_keep_their_weights() -> None:
    model, _ = start("ncg", dtype="float32")
    X, y = make_samples(30, seed=4)
    for k in range(len(X)):
        before = model.weights_
        answers = model.learn(X[k : k + 1], y[k : k + 1])
        lost = answers.wins[0] == 0
        np.testing.assert_array_equal(model.weights_[:, lost], before[:, lost])


def test_regulation_conserves_the_sum_of_thresholds_of_a_group() -> None:
    model, _ = start("ncg")
    raised = model.state_["readout.raised_post"]
    raised += 100 * (model.state_["out.target"] > 0)  # far from the floor
    X, y = make_samples(60, seed=5)
    model.learn(X, y)
    targets = model.thresholds_.reshape(N_CLASSES, -1)[:, 1:]
    np.testing.assert_allclose(targets.sum(axis=1), 3 * (model.threshold_ + 100))
    assert np.ptp(targets) > 0
    labelled = model.thresholds_.reshape(N_CLASSES, -1)[:, 0]
    np.testing.assert_array_equal(labelled, model.threshold_)


def test_thresholds_are_fresh_in_every_epoch_and_never_used_in_tests() -> None:
    model, _ = start("ncg")
    X, y = make_samples(200, seed=6)
    for epoch in range(2):
        np.testing.assert_array_equal(model.thresholds_, model.threshold_)
        answers = model.learn(X, y)
        assert np.ptp(model.thresholds_) > 0
        kinds = np.arange(12) // 4
        assert np.all(answers.theta[kinds[None] != y[:, None]] == model.threshold_)
        layer = transcribe(model)
        tested = model.respond(X[:20])
        for k in range(20):
            t, _ = layer.present(X[k].astype(float), layer.theta, np.ones(12, bool))
            np.testing.assert_array_equal(tested.t_spike[k], t)
        model.end_epoch()
        assert model.state_["readout.eta_th"] == pytest.approx(0.5 ** (epoch + 1))


def test_one_threshold_is_used_for_all_samples_and_carried_over() -> None:
    model, _ = start("cr-1")
    X, y = make_samples(200, seed=7)
    model.learn(X, y)
    learned = model.thresholds_
    assert learned.min() < model.threshold_ < learned.max()  # no floor
    model.end_epoch()
    np.testing.assert_array_equal(model.state_["out.base"], learned)
    np.testing.assert_array_equal(model.thresholds_, learned)


def test_rates_anneal_and_accuracy_feeds_the_reward() -> None:
    model, _ = start("rstdp")
    X, y = make_samples(100, seed=8)
    answers = model.learn(X, y)
    model.end_epoch()
    right = np.mean(answers.first // 4 == y)
    assert model.state_["readout.accuracy"] == pytest.approx(right)
    assert model.state_["readout.b_plus"] == pytest.approx(model.b_plus * 0.98)


def test_last_input_is_tested_on_demand() -> None:
    X = np.array([[0.1, 0.2, 0.3]])
    for tested, expected in ((False, 1.0), (True, 0.3)):
        model = S2STDPClassifier(
            threshold=0.75, weight_std=0.0, dtype="float64", target="numpy", test_last_input=tested
        ).begin(X, [0, 1])
        np.testing.assert_allclose(model.respond(X).t_spike, expected)


@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_form_of_the_change(form: str) -> None:
    X, y = make_samples(1, seed=9)
    X[0] = np.linspace(0.1, 0.9, N_INPUTS)
    model = SSTDPClassifier(
        threshold=11.0,
        form=form,
        beta=2.0,
        target="numpy",
        a_plus=0.1,
        a_minus=-0.2,
        dtype="float64",
    ).begin(X, range(N_CLASSES))
    before = model.weights_
    answers = model.learn(X, y)
    up, down = 0.1, -0.2
    if form == "multiplicative":
        up, down = up * np.exp(-2 * before), down * np.exp(-2 * (1 - before))
    rate = np.where(X[0][:, None] <= answers.t_spike[0], up, down)
    np.testing.assert_allclose(
        model.weights_, np.clip(before + answers.error[0] * rate, 0, 1), atol=1e-12
    )
    assert np.any(answers.error != 0)
