"""Many trials: none lost, none doubled, whoever fails, is killed or starts again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bioplastic.sweeps import SweepFolder, SweepFolderError, run_trials, trial_key

TRIALS = '''
import os, signal, time
from pathlib import Path

def note(parameters, what):
    """Leave one file per call, so that calls in other processes can be counted."""
    path = Path(parameters["notes"]) / f"{what}-{parameters['x']}-{os.getpid()}-{time.time_ns()}"
    path.touch()

def square(key, parameters):
    note(parameters, "began")
    return {"metrics": {"y": parameters["x"] ** 2, "validation": 1 / (1 + parameters["x"])}}

def fail_at_first(key, parameters):
    """Fail at odd points until they were tried on two workers."""
    note(parameters, "began")
    tried = list(Path(parameters["notes"]).glob(f"began-{parameters['x']}-*"))
    if parameters["x"] % 2 and len({path.name.split("-")[2] for path in tried}) < 2:
        raise ArithmeticError(f"not with {parameters['x']}")
    return {"metrics": {"y": parameters["x"] ** 2}}

def always_fail(key, parameters):
    note(parameters, "began")
    if parameters["x"] == 1:
        raise ArithmeticError("never")
    return {"metrics": {"y": 0}}

def die_once(key, parameters):
    note(parameters, "began")
    time.sleep(0.05)
    flag = Path(parameters["notes"]) / "died"
    if parameters["x"] == 2 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    note(parameters, "ended")
    return {"metrics": {"y": parameters["x"] ** 2}}

def die_never(key, parameters):
    note(parameters, "began")
    time.sleep(0.005)
    note(parameters, "ended")
    return {"metrics": {"y": parameters["x"] ** 2}}

def compile_network(key, parameters):
    from brian2 import ms, mV
    from bioplastic.engine import NetworkSpec, Population, Program, Trial
    from bioplastic.engine.cache import count_builds
    from bioplastic.neurons.model import NeuronModel

    os.environ["BIOPLASTIC_CACHE"] = parameters["cache"]
    model = NeuronModel(name="leaky", equations="dv/dt = (20*mV - v)/tau : volt",
                        threshold="v > 10*mV", reset="v = 0*mV", parameters={"tau": 10*ms})
    spec = NetworkSpec(populations=[Population(name="cell", n=3, model=model)], projections=[],
                       trial=Trial(duration=5*ms))
    before = count_builds().compiled
    program = Program(spec, dt=1*ms)
    state, _ = program(program.initial_state(seed=parameters["x"]), n_samples=1)
    return {"metrics": {"v": float(state["cell.v"][0])}, "pid": os.getpid(),
            "compiled": count_builds().compiled - before}
'''


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """Return a module of trial functions that other processes can import."""
    folder = tmp_path_factory.mktemp("trials")
    (folder / "trials_of_the_test.py").write_text(textwrap.dedent(TRIALS))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        import trials_of_the_test

        yield trials_of_the_test
        sys.modules.pop("trials_of_the_test")


@pytest.fixture(scope="module")
def scheduler(trials):
    """Return the address of a cluster of two processes."""
    distributed = pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def _points(notes: Path, n: int = 6, **extra) -> dict[str, dict]:
    notes.mkdir(exist_ok=True)
    return {f"key{x}": {"x": x, "notes": str(notes), **extra} for x in range(n)}


def _count(notes: Path, what: str = "began") -> dict[int, int]:
    counts: dict[int, int] = {}
    for path in notes.glob(f"{what}-*"):
        x = int(path.name.split("-")[1])
        counts[x] = counts.get(x, 0) + 1
    return counts


def _run(function, points, place, **options):
    with SweepFolder(place, {"what": "test"}) as folder:
        return run_trials(function, points, folder, progress=False, **options)


def _metrics(outcome):
    return {key: record["metrics"] for key, record in outcome.records.items()}


# ---- in one process ------------------------------------------------------------------------------


def test_finished_trials_are_skipped(trials, tmp_path):
    points = _points(tmp_path / "notes")
    some = {key: points[key] for key in ("key1", "key4")}
    first = _run(trials.square, some, tmp_path / "sweep", workers=0)
    assert (len(first.records), first.skipped) == (2, 0)
    everything = _run(trials.square, points, tmp_path / "sweep", workers=0)
    assert everything.skipped == 2
    assert list(everything.records) == list(points)  # in the order of the grid, not of running
    assert _count(tmp_path / "notes") == dict.fromkeys(range(6), 1)
    assert len(list((tmp_path / "sweep" / "trials").iterdir())) == 6


def test_a_failing_trial_is_tried_again_and_reported(trials, tmp_path):
    points = _points(tmp_path / "notes", 3)
    outcome = _run(trials.always_fail, points, tmp_path / "sweep", workers=0, retries=2)
    assert list(outcome.records) == ["key0", "key2"]
    (failure,) = outcome.failures
    assert (failure.key, failure.reason, len(failure.errors)) == (
        "key1",
        "ArithmeticError: never",
        3,
    )
    assert outcome.retried == 2
    assert _count(tmp_path / "notes")[1] == 3
    kept = json.loads((tmp_path / "sweep" / "failures" / "key1.json").read_text())
    assert "ArithmeticError: never" in kept["errors"][0]
    again = _run(trials.square, points, tmp_path / "sweep", workers=0)
    assert (len(again.records), again.skipped) == (3, 2)
    assert list((tmp_path / "sweep" / "failures").iterdir()) == []


def test_a_damaged_record_is_run_again(trials, tmp_path):
    points = _points(tmp_path / "notes", 2)
    _run(trials.square, points, tmp_path / "sweep", workers=0)
    path = tmp_path / "sweep" / "trials" / "key0.json"
    path.write_text(path.read_text()[:20])
    outcome = _run(trials.square, points, tmp_path / "sweep", workers=0)
    assert outcome.skipped == 1
    assert _count(tmp_path / "notes") == {0: 2, 1: 1}
    assert json.loads(path.read_text())["metrics"]["y"] == 0


def test_a_folder_belongs_to_one_sweep(tmp_path):
    with SweepFolder(tmp_path, {"scale": "smoke", "data": "digits"}):
        with (
            pytest.raises(SweepFolderError, match="in use by another sweep"),
            SweepFolder(tmp_path, {"scale": "smoke", "data": "digits"}),
        ):
            pass
    with (
        pytest.raises(SweepFolderError, match=r"another sweep: scale was 'smoke', is 'paper'$"),
        SweepFolder(tmp_path, {"scale": "paper", "data": "digits"}),
    ):
        pass
    with SweepFolder(tmp_path, {"scale": "smoke", "data": "digits"}):
        pass  # an error gives the folder back


def test_a_key_is_of_everything_that_counts():
    keys = {trial_key(p) for p in ({"a": 1}, {"a": 2}, {"a": 1.5}, {"b": 1}, {"a": 1, "b": 1}, {})}
    assert len(keys) == 6


def test_bad_numbers_are_refused(trials, tmp_path):
    with pytest.raises(ValueError, match=r"run_trials.workers: must be a non-negative integer"):
        _run(trials.square, {}, tmp_path, workers=-1)
    with pytest.raises(ValueError, match=r"run_trials.retries: must be a non-negative integer"):
        _run(trials.square, {}, tmp_path, workers=0, retries=-1)


DRIVER = """
import sys
from bioplastic.sweeps import SweepFolder, run_trials
import trials_of_the_test
points = {f"key{x}": {"x": x, "notes": sys.argv[2]} for x in range(200)}
with SweepFolder(sys.argv[1], {"what": "test"}) as folder:
    run_trials(trials_of_the_test.die_never, points, folder, workers=0, progress=False)
"""


def test_a_sweep_that_is_killed_goes_on_where_it_was(trials, tmp_path):
    """The process that writes is killed without notice: the folder is free, nothing is doubled."""
    notes, place = tmp_path / "notes", tmp_path / "sweep"
    points = _points(notes, 200)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(place), str(notes)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    deadline = time.monotonic() + 120
    while len(_count(notes, "ended")) < 5:
        assert driver.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    driver.kill()
    driver.wait()
    outcome = _run(trials.die_never, points, place, workers=0)
    assert 4 <= outcome.skipped < 200
    assert [record["metrics"]["y"] for record in outcome.records.values()] == [
        x**2 for x in range(200)
    ]
    # only what was running when the kill came began twice, and had not been kept
    again = [x for x, count in _count(notes).items() if count > 1]
    assert len(again) <= 1
    assert len(list((place / "trials").glob("*.json"))) == 200


# ---- on a cluster --------------------------------------------------------------------------------


def test_one_process_and_two_workers_give_the_same_table(trials, tmp_path, scheduler):
    alone = _run(trials.square, _points(tmp_path / "a"), tmp_path / "one", workers=0)
    both = _run(trials.square, _points(tmp_path / "b"), tmp_path / "two", scheduler=scheduler)
    assert _metrics(alone) == _metrics(both)
    assert list(alone.records) == list(both.records)
    names = [sorted(p.name for p in (tmp_path / n / "trials").iterdir()) for n in ("one", "two")]
    assert names[0] == names[1] == [f"key{x}.json" for x in range(6)]
    assert _count(tmp_path / "b") == dict.fromkeys(range(6), 1)


@pytest.mark.slow
def test_a_local_cluster_of_one_worker(trials, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    outcome = _run(trials.square, _points(tmp_path / "notes", 2), tmp_path / "one", workers=1)
    assert [record["metrics"]["y"] for record in outcome.records.values()] == [0, 1]
    assert len({record["worker"] for record in outcome.records.values()}) == 1


def test_another_worker_gets_a_trial_that_failed(trials, tmp_path, scheduler):
    points = _points(tmp_path / "notes", 4)
    outcome = _run(trials.fail_at_first, points, tmp_path / "sweep", scheduler=scheduler)
    assert outcome.failures == ()
    assert outcome.retried >= 2
    assert [record["attempts"] for record in outcome.records.values()][::2] == [1, 1]
    for x in (1, 3):
        tried = (tmp_path / "notes").glob(f"began-{x}-*")
        assert len({path.name.split("-")[2] for path in tried}) == 2


def test_a_killed_worker_loses_and_doubles_no_trial(trials, tmp_path, scheduler):
    points = _points(tmp_path / "notes", 8)
    outcome = _run(trials.die_once, points, tmp_path / "sweep", scheduler=scheduler)
    assert (tmp_path / "notes" / "died").exists()
    assert outcome.failures == ()
    assert [record["metrics"]["y"] for record in outcome.records.values()] == [
        x**2 for x in range(8)
    ]
    # one result each; what the killed worker was at began twice and ended once
    assert len(list((tmp_path / "sweep" / "trials").iterdir())) == 8
    assert _count(tmp_path / "notes", "ended") == dict.fromkeys(range(8), 1)
    assert _count(tmp_path / "notes")[2] == 2


def test_two_workers_compile_a_program_once(trials, tmp_path, scheduler):
    points = _points(tmp_path / "notes", 6, cache=str(tmp_path / "cache"))
    outcome = _run(trials.compile_network, points, tmp_path / "sweep", scheduler=scheduler)
    assert outcome.failures == ()
    assert sum(record["compiled"] for record in outcome.records.values()) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert len({record["pid"] for record in outcome.records.values()}) == 2


def test_no_scheduler_there(trials, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    with pytest.raises(OSError, match="there is no scheduler at nonsense://x"):
        _run(trials.square, _points(tmp_path / "n", 1), tmp_path / "s", scheduler="nonsense://x")
