"""The continual classifier: tasks, heads, replay, consolidation, checkpoints."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from bioplastic.checkpoints import RunFolderError, read_run
from bioplastic.conformance import check_model
from bioplastic.conformance.models import EXPECTED_FAILURES
from bioplastic.datasets import load_digits, permuted_tasks, split_tasks
from bioplastic.models.hlop import (
    ContinualClassifier,
    HLOPParameters,
    audit_learning,
    inspect_subspaces,
    published_subspace_sizes,
)

SMALL = {
    "hidden": (60, 60),
    "batch_size": 16,
    "epochs": 6,
    "subspace_sizes": ((20, 25, 20), (7, 12, 12)),
    "parameters": HLOPParameters(hebbian_steps=1),
}
SHORT = SMALL | {"epochs": 1}  # where bits are compared, not accuracies


@pytest.fixture(scope="module")
def tasks():
    return permuted_tasks(load_digits().head(600, 200), 3)


@pytest.fixture(scope="module")
def hlop(tasks):
    """A model that has learned all tasks, and what its subspaces were after each."""
    found = []

    def inspect(model, number):
        recruited = SMALL["subspace_sizes"][min(number, 1)]
        rows = [circuit.n_rows for circuit in model.circuits_]
        found.append((inspect_subspaces(model, tasks[number].X[:200], list(recruited)), rows))

    return ContinualClassifier(**SMALL).fit_tasks(tasks, after_task=inspect), found


@pytest.fixture(scope="module")
def plain(tasks):
    return ContinualClassifier(**SMALL, projection="none").fit_tasks(tasks)


def assert_equal(a, b):
    for first, second in zip([*a.weights_, *a.heads_], [*b.weights_, *b.heads_], strict=True):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(a.circuits_, b.circuits_, strict=True):
        np.testing.assert_array_equal(first.rows, second.rows)
    np.testing.assert_array_equal(a.accuracies_, b.accuracies_)


def test_projection_forgets_less(hlop, plain):
    protected, free = hlop[0].continual_scores(), plain.continual_scores()
    assert free.learning > 0.8
    assert protected.acc > free.acc + 0.05
    assert protected.bwt > free.bwt / 2


def test_resuming_gives_the_same_bits(tasks, tmp_path):
    def note(model, number):
        return {"n": number, "rows": [circuit.n_rows for circuit in model.circuits_]}

    kept = {"checkpoints": tmp_path, "after_task": note}
    whole = ContinualClassifier(**SHORT, replay=2).fit_tasks(tasks, after_task=note)
    ContinualClassifier(**SHORT, replay=2).fit_tasks(tasks[:2], **kept)
    assert read_run(tmp_path)["progress"] == {"tasks": 2}
    model = ContinualClassifier(**SHORT, replay=2)
    with pytest.raises(RunFolderError, match="add --resume"):
        model.fit_tasks(tasks, **kept)
    resumed = model.fit_tasks(tasks, **kept, resume=True)
    assert_equal(whole, resumed)
    for number in range(3):
        assert resumed.notes_[number]["n"] == number
        np.testing.assert_array_equal(resumed.notes_[number]["rows"], whole.notes_[number]["rows"])
    with pytest.raises(RunFolderError, match="replay was 2, is 3"):
        ContinualClassifier(**SHORT, replay=3).fit_tasks(tasks, **kept, resume=True)
    with pytest.raises(RunFolderError, match="n_tasks was 3, is 2"):
        model.fit_tasks(tasks[:2], **kept, resume=True)
    with pytest.raises(RunFolderError, match=r"after_task was '.*note', is None"):
        model.fit_tasks(tasks, checkpoints=tmp_path, resume=True)


@pytest.mark.parametrize("field", ["X", "y", "X_test", "y_test"])
@pytest.mark.parametrize("training", ["fit_tasks", "fit_jointly"])
def test_other_tasks_are_another_run(tmp_path, tasks, field, training):
    small = [type(t)(t.X[:20], t.y[:20], t.X_test[:5], t.y_test[:5]) for t in tasks[:2]]
    model = ContinualClassifier((5,), projection="none", head="per_task", batch_size=20)
    getattr(model, training)(small, checkpoints=tmp_path)
    small[1] = dataclasses.replace(small[1], **{field: getattr(small[1], field)[::-1].copy()})
    wanted = rf"be continued: tasks\.1\.{field}\.sha256 was '\w+', is '\w+'$"
    with pytest.raises(RunFolderError, match=wanted):
        getattr(model, training)(small, checkpoints=tmp_path, resume=True)


def test_consolidation_and_bursts_survive_saving(tasks, tmp_path):
    model = ContinualClassifier(
        **SHORT, ewc=1000.0, fisher_samples=20, laterals="spiking", feedback="random"
    )
    model.fit_tasks(tasks[:2])
    loaded = ContinualClassifier.load(model.save(tmp_path / "model"))
    assert loaded.get_params() | {"hidden": None, "subspace_sizes": None} == model.get_params() | {
        "hidden": None,
        "subspace_sizes": None,
    }
    task = tasks[2]
    for one in (model, loaded):
        one.fit_task(task.X, task.y).record_accuracies(tasks)
    assert_equal(model, loaded)


def test_consolidation_keeps_the_first_task(tasks, plain):
    model = ContinualClassifier(**SMALL, projection="none", ewc=1e6).fit_tasks(tasks[:2])
    assert model.accuracies_[1, 0] > plain.accuracies_[1, 0]


def test_a_head_per_task_needs_its_number():
    tasks = split_tasks(load_digits().head(600, 200), 5)
    longer = SMALL | {"epochs": 40}
    model = ContinualClassifier(**longer, head="per_task").fit_tasks(tasks[:2])
    assert len(model.heads_) == 2
    assert len(model.circuits_) == 2  # heads are not protected
    assert np.nanmin(model.accuracies_) > 0.7
    with pytest.raises(ValueError, match=r"ContinualClassifier.task: must be the number"):
        model.predict(tasks[0].X_test)
    joint = ContinualClassifier(**longer, head="per_task", projection="none").fit_jointly(tasks)
    assert joint.accuracies_.shape == (1, 5)
    assert joint.accuracies_.mean() > 0.8


def test_joint_training_resumes(tasks, tmp_path, monkeypatch):
    once = SHORT | {"projection": "none"}
    whole = ContinualClassifier(**once).fit_jointly(tasks)
    kept = {"checkpoints": tmp_path, "resume": True}
    learn, calls = ContinualClassifier.fit_task, []

    def stop(self, *arguments):
        calls.append(len(calls))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return learn(self, *arguments)

    monkeypatch.setattr(ContinualClassifier, "fit_task", stop)
    with pytest.raises(KeyboardInterrupt):
        ContinualClassifier(**once).fit_jointly(tasks, **kept)
    for _ in range(2):  # interrupted, then finished
        assert_equal(whole, ContinualClassifier(**once).fit_jointly(tasks, **kept))
    assert len(calls) == 4
    with pytest.raises(RunFolderError, match="training was 'joint', is 'in turn'"):
        ContinualClassifier(**once).fit_tasks(tasks, **kept)


def test_one_feature_is_enough():
    X = np.random.default_rng(0).normal(size=(30, 1))
    models = [
        ContinualClassifier((8,), subspace_sizes=((1, 2),), backend=backend).fit(X, X[:, 0] > 0)
        for backend in ("auto", "numpy")
    ]
    np.testing.assert_allclose(*(model.weights_[0] for model in models), rtol=1e-4, atol=1e-6)


def test_online_learning_on_the_engine_equals_numpy(tasks):
    arguments = {"hidden": (30,), "subspace_sizes": ((10, 10), (5, 5)), "learning_rate": 0.03}
    small = [type(t)(t.X[:60], t.y[:60], t.X_test, t.y_test) for t in tasks[:2]]
    models = [
        ContinualClassifier(**arguments, backend=backend).fit_tasks(small)
        for backend in ("auto", "numpy")
    ]
    assert models[0].runs_online_
    assert not models[1].runs_online_
    np.testing.assert_allclose(models[0].weights_[0], models[1].weights_[0], atol=1e-4)
    for a, b in zip(models[0].circuits_, models[1].circuits_, strict=True):
        np.testing.assert_allclose(a.rows, b.rows, atol=1e-4)


def test_subspaces_grow_and_are_inspected(hlop):
    for recruited, (found, rows) in zip(SMALL["subspace_sizes"], hlop[1], strict=False):
        for layer, subspace in enumerate(found):
            assert subspace.n_rows == rows[layer]
            assert subspace.residual_exact <= subspace.residual_after + 1e-6
            assert subspace.residual_after < subspace.residual_before
            assert len(subspace.angles) == recruited[layer]
    assert [found[0].n_rows for found, _ in hlop[1]] == [20, 27, 34]


def test_locality_is_stated_part_by_part():
    def verdicts(**arguments):
        parts = audit_learning(ContinualClassifier(**arguments))
        return {part.part: str(part.verdict) for part in parts}

    online = verdicts(feedback="random")
    assert "NON-LOCAL" not in online.values()
    assert online["lateral weights"] == "local"
    published = verdicts(trainer="bptt", batch_size=64, replay=5)
    for part in ("forward weights", "feedback weights", "mini-batch", "replay"):
        assert published[part] == "NON-LOCAL"
    assert verdicts(feedback="sign")["feedback weights"] == "NON-LOCAL"
    assert "lateral weights" not in verdicts(projection="none")


def test_published_sizes_add_up():
    totals = np.sum([published_subspace_sizes(task) for task in range(10)], axis=0)
    assert totals.tolist() == [470, 590, 490]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trainer": "dsr"}, r"ContinualClassifier.trainer: must be one of 'ottt', 'bptt'"),
        ({"hidden": ()}, r"ContinualClassifier.hidden: must hold at least one size"),
        ({"subspace_sizes": ((3,),)}, r"subspace_sizes: must have 3 sizes per task"),
        ({"backend": "engine", "batch_size": 2}, r"'engine' needs batch_size=1, got 2"),
        ({"batch_size": 0}, r"ContinualClassifier.batch_size: must be a positive integer, got 0"),
    ],
)
def test_bad_arguments_are_named(tasks, changes, message):
    with pytest.raises(ValueError, match=message):
        ContinualClassifier(**changes).fit_task(tasks[0].X, tasks[0].y)


def test_bad_samples_are_named(tasks):
    model = ContinualClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"ContinualClassifier.X: must be finite, got nan"):
        model.fit_task(np.full((4, 3), np.nan), [0, 1, 0, 1])
    model.fit_task(tasks[0].X[:50], tasks[0].y[:50], np.arange(10))
    with pytest.raises(
        ValueError, match=r"has 3 features, but ContinualClassifier is expecting 64"
    ):
        model.predict(np.zeros((2, 3)))


@pytest.mark.parametrize("arguments", [{"backend": "numpy"}, {"feedback": "random"}])
def test_promises(arguments):
    X = load_digits().X[:8, 20:28]
    model = ContinualClassifier((6,), subspace_sizes=[(2, 3)], learning_rate=0.03, **arguments)
    silent = np.full((8, 8), X.mean())
    skip = {"pieces": "inputs are standardised by the samples of the first call"}
    check_model(model, X, load_digits().y[:8] % 2, silent=silent, skip=skip)


def test_classifiers_of_scikit_learn_do_the_same():
    check_estimator(
        ContinualClassifier((10,), subspace_sizes=[(1, 2)], batch_size=4, epochs=10),
        expected_failed_checks=EXPECTED_FAILURES,
    )
