"""The base of all systems: learning, seeds, checkpoints, storage, the manners of scikit-learn."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from bioplastic.checkpoints import RunFolder, RunFolderError
from bioplastic.conformance.models import EXPECTED_FAILURES
from bioplastic.models.base import SpikingRegressor

_SPEC = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
tiny: Any = importlib.util.module_from_spec(_SPEC)
sys.modules["tiny"] = tiny
_SPEC.loader.exec_module(tiny)

N = 30
Y = np.arange(N) % 3
X = np.random.default_rng(0).normal(size=(N, 4)) + 3 * np.eye(4)[Y]


def model(**arguments: Any) -> Any:
    return tiny.TinyClassifier(**{"target": "numpy", "eta": 0.05, **arguments})


def learned(fitted: Any) -> dict[str, Any]:
    own = {name: value for name, value in vars(fitted).items() if name.endswith("_")}
    state = own.pop("state_")
    return own | {f"state_/{k}": v for k, v in state.items()}


def assert_same(one: Any, other: Any) -> None:
    left, right = learned(one), learned(other)
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert type(value) is type(right[name]), name
        np.testing.assert_array_equal(value, right[name], err_msg=name)


@pytest.fixture(scope="module")
def fitted() -> Any:
    return model().fit(X, Y)


# ---- learning ------------------------------------------------------------------------------------


def test_learns_in_the_order_given_and_counts(fitted: Any) -> None:
    """Against the delta rule in numpy, sample by sample."""
    assert fitted.score(X, Y) > 0.9
    assert fitted.n_seen_ == 4 * N
    given = fitted.present(X)["x"]
    v, counts = given.copy(), np.zeros_like(given)
    for _ in range(tiny.STEPS):
        counts += v > 1
        v -= v > 1
    w = np.zeros((9, 3))
    for epoch in range(4):
        for k in np.random.default_rng([0, 0, epoch]).permutation(N):
            w += 0.05 * np.outer(counts[k], np.eye(3)[Y[k]] - counts[k] @ w)
    np.testing.assert_allclose(fitted.state_["feed.w"], w, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fitted.scores(X), counts @ w, rtol=1e-4, atol=1e-5)


def test_seeds() -> None:
    assert_same(model(random_state=3).fit(X, Y), model(random_state=3).fit(X, Y))
    for make in (np.random.RandomState, np.random.default_rng):
        one, two = (model(random_state=make(5)).fit(X, Y) for _ in range(2))
        assert_same(one, two)
        again = model(random_state=one.seed_).fit(X, Y)
        assert_same(one, again)
    assert model(random_state=None).fit(X, Y).seed_ != model(random_state=None).fit(X, Y).seed_
    order = [model(random_state=seed).fit(X, Y).state_["feed.w"] for seed in (0, 1)]
    assert not np.array_equal(*order)


@pytest.mark.parametrize("cut", [1, 7, 12])
def test_two_parts_equal_the_whole(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model(epochs=1, shuffle=False).fit(X, Y)
    parts = model().partial_fit(X[:cut], Y[:cut], classes=[0, 1, 2]).partial_fit(X[cut:], Y[cut:])
    assert_same(parts, whole)
    monkeypatch.setattr(tiny.Delta, "chunk", cut)
    assert_same(model().partial_fit(X, Y), whole)


def test_stages_epochs_and_early_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(tiny.Delta, "stages", lambda self: (("one", 3), ("two", 2)))
    monkeypatch.setattr(tiny.Delta, "begin_stage", lambda self, number: called.append(number))
    monkeypatch.setattr(tiny.Delta, "end_epoch", lambda self: called.append("end") or True)
    monkeypatch.setattr(tiny.Delta, "finish", lambda self, X, y: called.append("finish"))
    assert model().fit(X, Y).n_seen_ == 2 * N
    assert called == [0, "end", 1, "end", "finish"]


def test_what_is_watched_becomes_a_curve() -> None:
    def watch(now: Any) -> dict[str, Any]:
        return {"seen": now.n_seen_, "accuracy": now.score(X, Y)}

    watched = model(epochs=2).fit(X, Y, watch=watch, watch_every=25)
    assert [row["n_seen"] for row in watched.curve_] == [25, 50, 60]
    assert [row["seen"] for row in watched.curve_] == [25, 50, 60]
    assert [row["epoch"] for row in watched.curve_] == [0, 1, 1]
    plain = model(epochs=2).fit(X, Y)
    np.testing.assert_array_equal(watched.state_["feed.w"], plain.state_["feed.w"])
    assert len(model(epochs=2).fit(X, Y, watch=watch).curve_) == 2
    with pytest.raises(ValueError, match=r"TinyClassifier.watch_every: must be a positive"):
        model().fit(X, Y, watch=watch, watch_every=0)


# ---- checkpoints ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fail_at", [1, 4, 5, 6, 9, 10])
def test_an_interrupted_run_continues_bit_for_bit(
    fail_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(now: Any) -> dict[str, Any]:
        return {"norm": float(np.square(now.state_["feed.w"]).sum())}

    whole = model(epochs=2).fit(X, Y, watch=watch, watch_every=20)
    monkeypatch.setattr(RunFolder, "is_due", lambda self: self.folder is not None)
    learn, calls = tiny.Delta.learn, [0]

    def fail(self: Any, *arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == fail_at:
            raise KeyboardInterrupt
        learn(self, *arguments)

    monkeypatch.setattr(tiny.Delta, "learn", fail)
    options = {"watch": watch, "watch_every": 20, "checkpoints": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        model(epochs=2).fit(X, Y, **options)
    calls[0] = -1000
    resumed = model(epochs=2).fit(X, Y, **options, resume=True)
    assert calls[0] + 1000 == 11 - fail_at  # of 10: not from the beginning
    assert_same(resumed, whole)
    calls[0] = -1000
    assert_same(model(epochs=2).fit(X, Y, **options, resume=True), whole)
    assert calls[0] == -1000  # it was finished
    longer = model(epochs=3).fit(X, Y, **options, resume=True)
    assert_same(longer, model(epochs=3).fit(X, Y, watch=watch, watch_every=20))
    for other, message in (({"eta": 0.1}, "eta was"), ({"random_state": 4}, "random_state was")):
        with pytest.raises(RunFolderError, match=message):
            model(epochs=2, **other).fit(X, Y, checkpoints=tmp_path, resume=True)
    with pytest.raises(RunFolderError, match=r"watch was .*; y\.sha256 was"):
        model(epochs=3).fit(X, Y[::-1], checkpoints=tmp_path, resume=True)


# ---- storage -------------------------------------------------------------------------------------


def test_saved_loaded_and_forked_models_go_on_bit_for_bit(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    names = np.array(["ant", "bee", "cat"])[Y]
    saved = model(random_state=np.random.RandomState(1)).fit(
        frame, names, watch=lambda now: {"a": 1}
    )
    path = saved.save(tmp_path / "model")
    assert path == tmp_path / "model.npz"
    loaded, fork = tiny.TinyClassifier.load(tmp_path / "model"), saved.fork(progress=False)
    for other in (loaded, fork):
        assert_same(other, saved)
        assert other.state_["feed.w"] is not saved.state_["feed.w"]
        np.testing.assert_array_equal(other.predict(frame), saved.predict(frame))
    before = saved.state_["feed.w"].copy()
    assert_same(loaded.partial_fit(frame, names), fork.partial_fit(frame, names))
    np.testing.assert_array_equal(saved.state_["feed.w"], before)
    assert saved.fork(eta=0.5).eta == 0.5
    for use in (lambda: model().save(tmp_path / "no"), lambda: model().fork()):
        with pytest.raises(NotFittedError):
            use()


def test_every_kind_of_attribute_is_stored_and_nothing_else(fitted: Any, tmp_path: Path) -> None:
    from brian2 import ms

    full = fitted.fork()
    full.many_ = {
        "none": None, "flags": [True, False], "numbers": (1, 2.5, float("nan"), 1 / 3),
        "scalar": np.float32(0.1), "array": np.arange(3, dtype=np.int16), "tau": 3 * ms,
        "names": np.array(["a", "bc"], dtype=object), 3: {"x": np.zeros((0, 2))},
    }  # fmt: skip
    read = type(full).load(full.save(tmp_path / "full")).many_
    assert repr(read) == repr(full.many_)
    assert read["array"].dtype == np.int16
    full.many_ = {"call": print}
    with pytest.raises(TypeError, match=r"TinyClassifier.many_/call: cannot be stored"):
        full.save(tmp_path / "bad")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Other"}, r"holds a Other, not a TinyClassifier"),
        ({"format": 99}, r"format 99 is unknown to bioplastic"),
        ({"fitted": {"w_": {"object": "Popen", "members": {}}}}, r"damaged or no saved model"),
        ({"fitted": 3}, r"damaged or no saved model"),
    ],
)
def test_foreign_files(fitted: Any, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with np.load(fitted.save(tmp_path / "model.npz")) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = {**json.loads(str(arrays.pop("header"))), **change}
    np.savez(tmp_path / "other.npz", header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(ValueError, match=message):
        tiny.TinyClassifier.load(tmp_path / "other.npz")


# ---- scikit-learn --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["TinyClassifier", "TinyContinual", "TinyRegressor"])
def test_scikit_learn_is_content(kind: str) -> None:
    """With its own suite of checks; those that fail are known and have a reason."""
    estimator = getattr(tiny, kind)(target="numpy")
    found = check_estimator(estimator, expected_failed_checks=EXPECTED_FAILURES, on_fail="raise")
    assert {c["check_name"] for c in found if c["status"] == "xfail"} <= set(EXPECTED_FAILURES)
    assert sum(c["status"] == "passed" for c in found) > 40


def test_feature_names_are_remembered_and_reversed_ones_refused() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    named = model().fit(frame, Y)
    assert named.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match=r"TinyClassifier.X: The feature names should match"):
        named.predict(frame[list("dcba")])
    with pytest.raises(ValueError, match=r"X has 3 features, but TinyClassifier is expecting 4"):
        model().fit(X, Y).partial_fit(X[:, :3], Y)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (Y + 0.5 * np.arange(N) / N, r"Unknown label type: continuous"),
        (None, r"requires y to be passed"),
        (Y[:-1], r"must have shape \(30,\)"),
        (np.zeros(N), r"needs at least two classes, got 1"),
    ],
)
def test_labels_that_are_none(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"TinyClassifier\.y: .*{message}"):
        model().fit(X, labels)


def test_parameters_are_checked_when_learning_begins() -> None:
    fresh = model(eta=-1.0, random_state=-1)
    assert clone(fresh).eta == -1.0
    with pytest.raises(
        ValueError, match=r"TinyClassifier\.eta: must be a finite number at least 0"
    ):
        fresh.fit(X, Y)
    with pytest.raises(ValueError, match=r"TinyClassifier\.random_state: must be a non-negative"):
        fresh.set_params(eta=0.1).partial_fit(X, Y)
    with pytest.raises(NotFittedError):
        fresh.predict(X)


# ---- numbers and tasks ---------------------------------------------------------------------------


def test_numbers_are_learned_like_labels() -> None:
    goal = np.column_stack([X @ [0.1, 0.2, 0.0, -0.1], np.ones(N)])
    regressor = tiny.TinyRegressor(target="numpy", eta=0.02, epochs=20).fit(X, goal)
    assert isinstance(regressor, SpikingRegressor)
    assert regressor.score(X, goal[:, :]) > 0.5 or regressor.predict(X).shape == goal.shape
    for bad in (None, goal[:-1], np.full(N, np.nan)):
        with pytest.raises(ValueError, match=r"TinyRegressor\.y: "):
            regressor.fit(X, bad)


class _Task:
    def __init__(self, shift: int) -> None:
        self.X, self.y = X, (Y + shift) % 3
        self.X_test, self.y_test = X, self.y


def test_tasks_one_after_another(tmp_path: Path) -> None:
    tasks = [_Task(0), _Task(1)]

    def note(now: Any, number: int) -> dict[str, Any]:
        return {"w": now.state_["feed.w"]}

    def fresh() -> Any:
        return tiny.TinyContinual(target="numpy", eta=0.05)

    whole = fresh().fit_tasks(tasks, after_task=note)
    assert whole.n_tasks_ == 2
    assert whole.accuracies_[0, 0] > 0.9
    assert whole.accuracies_[1, 1] > 0.9
    assert whole.accuracies_[1, 0] < 0.5  # the second task contradicts the first
    assert np.isnan(whole.accuracies_[0, 1])
    assert not np.array_equal(whole.notes_[0]["w"], whole.notes_[1]["w"])
    first = fresh().fit_tasks(tasks[:1], after_task=note, checkpoints=tmp_path)
    assert_same(fresh().fit(X, Y), fresh().fit_task(X, Y))
    np.testing.assert_array_equal(first.state_["feed.w"], fresh().fit(X, Y).state_["feed.w"])
    resumed = fresh().fit_tasks(tasks, after_task=note, checkpoints=tmp_path, resume=True)
    np.testing.assert_array_equal(resumed.accuracies_, whole.accuracies_)
    np.testing.assert_array_equal(resumed.state_["feed.w"], whole.state_["feed.w"])
    np.testing.assert_array_equal(resumed.notes_[0]["w"], whole.notes_[0]["w"])
    tasks[1].X_test = X + 1
    with pytest.raises(RunFolderError, match=r"tasks\.1\.X_test"):
        fresh().fit_tasks(tasks, after_task=note, checkpoints=tmp_path, resume=True)
    loaded = tiny.TinyContinual.load(whole.save(tmp_path / "whole"))
    np.testing.assert_array_equal(loaded.notes_[1]["w"], whole.notes_[1]["w"])
    assert loaded.continual_scores() == whole.continual_scores()
