"""The classifiers as estimators: reproducible, resumable, storable, careful with their input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from bioplastic.checkpoints import RunFolderError
from bioplastic.conformance import check_model
from bioplastic.conformance.models import EXPECTED_FAILURES
from bioplastic.models.ncg import (
    ABLATIONS,
    CONFIGURATIONS,
    RSTDPClassifier,
    S2STDPClassifier,
    SSTDPClassifier,
    published_classifier,
)

CLASSES = (RSTDPClassifier, S2STDPClassifier, SSTDPClassifier)


def make_samples(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 3)
    early = np.arange(24) // 8 == y[:, None]
    X = np.where(early, 0.2, 0.6) + 0.35 * rng.random((n, 24))
    return X.astype(np.float32), np.array(["a", "b", "c"])[y]


X, Y = make_samples(60, 0)
X_TEST, Y_TEST = make_samples(40, 1)
NCG = {
    "n_per_class": 3,
    "labelled_non_target": 1,
    "regulation": "two_compartment",
    "eta_th": 0.3,
    "target": "numpy",
}


@pytest.fixture(scope="module")
def fitted() -> S2STDPClassifier:
    return S2STDPClassifier(**NCG, epochs=3).fit(X, Y, (X_TEST, Y_TEST))


def test_it_learns_and_follows_validation(fitted: S2STDPClassifier) -> None:
    assert fitted.score(X_TEST, Y_TEST) > 0.9
    assert fitted.history_["train_accuracy"].shape == (3,)
    assert fitted.history_["validation_accuracy"][-1] == fitted.score(X_TEST, Y_TEST)
    updates = fitted.history_["target_updates"] + fitted.history_["other_updates"]
    assert np.all(updates.reshape(3, 3, 3).sum(axis=2) <= len(X))  # one winner per class
    assert fitted.n_seen_ == 3 * len(X)


def test_decision_agrees_with_prediction(fitted: S2STDPClassifier) -> None:
    scores = fitted.decision_function(X_TEST)
    assert scores.shape == (40, 3)
    np.testing.assert_array_equal(fitted.classes_[scores.argmax(axis=1)], fitted.predict(X_TEST))
    two = Y != "c"
    model = S2STDPClassifier(epochs=1, target="numpy").fit(X[two], Y[two])
    scores = model.decision_function(X[two])
    np.testing.assert_array_equal(scores > 0, model.predict(X[two]) == "b")


def test_ties_go_to_the_higher_potential_then_the_lower_index(fitted: S2STDPClassifier) -> None:
    silent = fitted.respond(np.ones((1, 24)))
    assert np.all(silent.t_spike == 1)
    assert np.all(silent.potential == 0)
    assert fitted.predict(np.ones((1, 24)))[0] == "a"
    one = np.ones((1, 24))
    one[0, 20] = 0.5  # too little for a spike: the largest weight of this input decides
    answers = fitted.respond(one)
    np.testing.assert_allclose(answers.potential[0], fitted.weights_[20])
    assert answers.first[0] == fitted.weights_[20].argmax()


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(RSTDPClassifier, {"dropout": 0.3}), (S2STDPClassifier, NCG), (SSTDPClassifier, {})],
)
def test_it_keeps_the_promises_of_all_models(kind: type, arguments: dict[str, object]) -> None:
    """Pieces, seeds, resuming, storage, forks and predictions, all bit for bit."""
    common = {"target": "cpp", "epochs": 2, "validation_fraction": 0.3, "threshold": 4.0}
    model = kind(**{**arguments, **common})
    silence = "a silent cell is drawn to its desired time, so its weights rise"
    report = check_model(model, X[:20], Y[:20], skip={"silence": silence})
    assert {result.status for result in report.results} == {"passed", "not applicable"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_is_content() -> None:
    model = S2STDPClassifier(target="numpy", epochs=30)
    found = check_estimator(model, expected_failed_checks=EXPECTED_FAILURES, on_fail="raise")
    assert sum(c["status"] == "passed" for c in found) > 40


def fit_patiently(epochs: int, **options: object) -> S2STDPClassifier:
    model = S2STDPClassifier(**NCG, epochs=epochs, patience=2)
    return model.fit(X, Y, (X_TEST, Y_TEST), **options)


@pytest.fixture(scope="module")
def stopped() -> S2STDPClassifier:
    return fit_patiently(30)


def test_a_run_that_has_stopped_may_be_given_more_epochs(
    stopped: S2STDPClassifier, tmp_path: Path
) -> None:
    assert stopped.n_epochs_ < 30
    for epochs in (stopped.n_epochs_ - 1, 20, 30):  # interrupted, then stopped
        resumed = fit_patiently(epochs, checkpoints=tmp_path, resume=True)
    for name, values in stopped.history_.items():
        np.testing.assert_array_equal(resumed.history_[name], values)
    with pytest.raises(RunFolderError, match=r"validation\.y\.sha256 was"):
        S2STDPClassifier(**NCG, epochs=30, patience=2).fit(
            X, Y, (X_TEST, Y_TEST[::-1]), checkpoints=tmp_path, resume=True
        )


def test_early_stopping_waits_for_a_better_epoch(stopped: S2STDPClassifier) -> None:
    model = stopped
    assert model.n_epochs_ == min(30, model.best_epoch_ + 2)
    scores = model.history_["validation_accuracy"]
    assert scores[model.best_epoch_ - 1] == scores.max()
    assert model.best_epoch_ == 1 + scores.argmax()  # the first of equals
    assert S2STDPClassifier(**NCG, epochs=4, patience=1).fit(X, Y).n_epochs_ == 4  # no validation


@pytest.mark.parametrize("kind", CLASSES)
def test_a_saved_model_goes_on_within_its_epoch(kind: type, tmp_path: Path) -> None:
    model = kind(n_per_class=1, epochs=1, target="numpy").fit(X, Y).partial_fit(X[:5], Y[:5])
    loaded = kind.load(model.save(tmp_path / "model"))
    for each in (model, loaded):
        each.partial_fit(X[5:9], Y[5:9]).end_epoch()
    np.testing.assert_array_equal(loaded.weights_, model.weights_)
    assert loaded.history_["train_accuracy"].tolist() == model.history_["train_accuracy"].tolist()
    assert loaded.n_seen_ == len(X) + 9
    with pytest.raises(ValueError, match=kind.__name__):
        next(c for c in CLASSES if c is not kind).load(tmp_path / "model.npz")


@pytest.mark.parametrize("kind", CLASSES)
def test_estimator_conventions(kind: type, tmp_path: Path) -> None:
    fresh = kind(n_per_class=7, random_state=9)
    assert vars(fresh) == fresh.get_params()  # the constructor only stores
    assert clone(fresh).get_params() == fresh.get_params()
    kind(n_per_class=-3, dtype="nonsense")  # and does not check
    for use in (lambda: fresh.predict(X), fresh.end_epoch, lambda: fresh.weights_):
        with pytest.raises(NotFittedError):
            use()
    with pytest.raises(NotFittedError):
        fresh.save(tmp_path / "nowhere")


def test_pipeline() -> None:
    to_latency = FunctionTransformer(lambda values: 1 - values)
    model = make_pipeline(to_latency, S2STDPClassifier(epochs=2, target="numpy"))
    assert model.fit(1 - X, Y).score(1 - X_TEST, Y_TEST) > 0.8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_per_class": 0}, r"S2STDPClassifier.n_per_class: must be a positive integer, got 0"),
        ({"epochs": 0}, r"S2STDPClassifier.epochs: must be a positive integer"),
        ({"patience": 0}, r"S2STDPClassifier.patience: must be a positive integer"),
        ({"threshold": -1.0}, r"S2STDPClassifier.threshold: .* greater than 0"),
        ({"labelled_non_target": 1}, r"labelled_non_target: must be less than n_per_class, 1"),
        ({"regulation": "three"}, r"regulation: must be one of 'none', 'one_threshold'"),
        ({"regulation": "dropout"}, r"dropout: must be positive with regulation 'dropout'"),
        ({"dropout": 0.5}, r"dropout: needs regulation 'dropout', got 0.5"),
        ({"a_plus": -0.1}, r"a_plus: must be a finite number at least 0"),
        ({"a_minus": 0.1}, r"a_minus: must be a finite number .*at most 0"),
        ({"gap": 2.0}, r"gap: .* at most 1"),
        ({"form": "cubic"}, r"form: must be one of 'additive', 'multiplicative'"),
        ({"validation_fraction": 1.0}, r"validation_fraction: .* at most 0.9"),
        ({"random_state": -1}, r"random_state: must be a non-negative integer"),
        ({"dtype": "float16"}, r"dtype: must be one of"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        S2STDPClassifier(**arguments).fit(X, Y)


def test_bad_rates_of_reward_are_named() -> None:
    with pytest.raises(ValueError, match=r"RSTDPClassifier.b_plus: .*at most 0"):
        RSTDPClassifier(b_plus=0.1).fit(X, Y)


@pytest.mark.parametrize(
    ("samples", "labels", "message"),
    [
        (np.where(X == X[3, 4], np.nan, X), Y, r"NaN, got one at sample 3, feature 4"),
        (X - 0.5, Y, r"spike times must not be negative, got -0"),
        (X[:, :0], Y, r"0 feature\(s\)"),
        (X[0], Y, r"must have shape \(n_samples, n_features\)"),
        (np.full(X.shape, "late"), Y, r"not compatible with arrays of bytes/strings"),
        (X, Y[:-1], r"S2STDPClassifier.y: must have shape \(60,\)"),
        (X, np.repeat("a", 60), r"at least two classes"),
    ],
)
def test_bad_samples_are_named(samples: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        S2STDPClassifier().fit(samples, labels)


def test_a_fitted_model_knows_its_features_and_labels(fitted: S2STDPClassifier) -> None:
    with pytest.raises(ValueError, match="X has 23 features, but S2STDPClassifier is expecting 24"):
        fitted.predict(X[:, :-1])
    with pytest.raises(ValueError, match="unknown label 'z'"):
        fitted.partial_fit(X, np.where(Y == "a", "z", Y))
    with pytest.raises(ValueError, match="expecting 24 features"):
        S2STDPClassifier().fit(X, Y, (X_TEST[:, 1:], Y_TEST))


def test_infinite_times_are_silence(fitted: S2STDPClassifier) -> None:
    late = np.where(X_TEST > 0.8, 1.0, X_TEST)
    np.testing.assert_array_equal(
        fitted.respond(late).potential,
        fitted.respond(np.where(late == 1, np.inf, late)).potential,
    )


def test_published_settings() -> None:
    assert len(CONFIGURATIONS) == 112
    for (extractor, data, name), configuration in CONFIGURATIONS.items():
        model = configuration.classifier()
        model._check_params()
        assert type(model).__name__.lower().startswith(name.split("+")[0].split("-")[0])
        cells = model.n_per_class * (100 if data == "cifar-100" else 10)
        assert cells in (10, 20, 40, 50, 100, 200, 500, 2000), (extractor, data, name)
    full = published_classifier()
    wanted = {"n_per_class": 5, "threshold": 200, "gap": 0.03, "a_plus": 0.05, "a_minus": -0.1}
    wanted |= {"eta_th": 10, "beta_th": 0.5, "labelled_non_target": 1, "annealing": 0.98}
    assert {name: getattr(full, name) for name in wanted} == wanted
    reward = published_classifier("rstdp-20n", "cifar-10", random_state=2)
    assert (reward.n_per_class, reward.b_minus, reward.dropout) == (20, 0.0075, 0.5)
    for name in ABLATIONS.values():
        assert published_classifier(name, "cifar-10").n_per_class in (1, 5)
    with pytest.raises(ValueError, match="nothing is known for 'stdp-csnn' and 'letters'"):
        published_classifier("s2stdp", "letters")
    with pytest.raises(ValueError, match=r"published_classifier\.name"):
        published_classifier("s3stdp")
