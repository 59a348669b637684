"""Every combination once, with labels: against plain loops, in this process and in others."""

from __future__ import annotations

import itertools
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from brian2 import Hz, ms
from numpy.typing import NDArray

from bioplastic.checkpoints.seconds import seconds_spent
from bioplastic.study import Failure, PartError, Store, fixed, flatten, labelled, measure, summarise

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sizes:
    n: int = 3


def run(seed: int, p: float, sizes: Sizes, log: str = "") -> dict[str, Any]:
    """Measure something that depends on everything; note in a file that it was done."""
    rng = np.random.default_rng([seed, round(10 * p)])
    if log:
        with open(log, "a") as file:
            file.write(f"{seed} {p}\n")
    return {"curve": rng.normal(p, size=sizes.n), "count": seed * sizes.n, "kind": "high" * (p > 0)}


def fail_once(seed: int, folder: str) -> float:
    mark = Path(folder) / str(seed)
    if seed == 1 and not mark.exists():
        mark.touch()
        raise ZeroDivisionError("the first time")
    return float(seed)


def fail_until_elsewhere(seed: int, folder: str) -> float:
    (Path(folder) / f"{seed}-{os.getpid()}").touch()
    if seed % 2 and len(list(Path(folder).glob(f"{seed}-*"))) < 2:
        raise ZeroDivisionError("not here")
    return float(seed)


def die(seed: int, folder: str) -> float:
    mark = Path(folder) / str(seed)
    if seed == 1 and len(list(mark.parent.glob("1*"))) < 1:
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return float(seed)


def burn(seed: int) -> float:
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    return 0.0


ARGUMENTS: dict[str, Any] = {"seed": range(3), "p": [0.5, 0.0], "sizes": Sizes(4)}


def assert_same(one: xr.Dataset, two: xr.Dataset) -> None:
    xr.testing.assert_identical(one.drop_attrs(), two.drop_attrs())


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_combination_once(tmp_path: Path, jobs: int) -> None:
    log = str(tmp_path / "log")
    data = measure(run, **ARGUMENTS, log=log, jobs=jobs, progress=False)
    assert data["curve"].dims == ("seed", "p", "curve_0")
    for seed, p in itertools.product(range(3), (0.5, 0.0)):
        want, here = run(seed, p, Sizes(4)), data.sel(seed=seed, p=p)
        assert np.array_equal(here["curve"], want["curve"])
        assert here["count"] == want["count"]
        assert here["kind"] == want["kind"]
    assert data["count"].dtype.kind == "i"
    assert len(Path(log).read_text().splitlines()) == 6


def test_dask(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    (tmp_path / "marks").mkdir()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        here, there = (measure(run, **ARGUMENTS, jobs=jobs, store=tmp_path / str(n), progress=False)
                       for n, jobs in enumerate((1, client)))  # fmt: skip
        options: dict[str, Any] = {"jobs": client, "retries": 1, "progress": False}
        tried = measure(
            fail_until_elsewhere, seed=range(4), folder=str(tmp_path / "marks"), **options
        )
        died = measure(die, seed=range(6), folder=str(tmp_path), **options)
    assert_same(here, there)
    assert tried["value"].values.tolist() == [0, 1, 2, 3]
    assert tried.attrs["parts_retried"] == 2
    assert died["value"].values.tolist() == list(range(6))


def test_factors_of_every_kind() -> None:
    arms = {"local": {"rls": False}, "rls": {"rls": True}}
    data = measure(
        lambda arm, tau, tests, seed: float(tau / ms) + 100 * arm["rls"] + sum(tests) + 1000 * seed,
        arm=labelled(arms), tau=[5, 10] * ms, tests=fixed((1, 2)), seed=np.array([2, 1]),
        where=lambda arm, seed: arm == "local" or seed == 1, progress=False,
    )  # fmt: skip
    assert data["value"].dims == ("arm", "tau", "seed")
    assert data["tau"].attrs["units"] == "s"
    assert data["tau"].values.tolist() == [0.005, 0.01]
    expected = [[[2008, 1008], [2013, 1013]], [[np.nan, 1108], [np.nan, 1113]]]
    np.testing.assert_array_equal(data["value"], expected)


def test_points() -> None:
    points = [{"eta": 0.1, "mode": "a"}, {"eta": 0.3, "mode": "b"}]
    data = measure(lambda eta, mode, seed: eta + seed, points=points, seed=range(2), progress=False)
    assert data["value"].dims == ("point", "seed")
    assert data["eta"].dims == data["mode"].dims == ("point",)
    np.testing.assert_array_equal(data["value"], [[0.1, 1.1], [0.3, 1.3]])


@pytest.mark.parametrize(
    ("result", "dims", "values"),
    [
        (lambda seed: 2, ("seed",), [2, 2]),
        (lambda seed: True, ("seed",), [True, True]),
        (lambda seed: [seed, 7], ("seed", "value_0"), [[0, 7], [1, 7]]),
        (lambda seed: 5 * Hz, ("seed",), [5.0, 5.0]),
        (lambda seed: xr.DataArray([seed], dims="cell"), ("seed", "cell"), [[0], [1]]),
        (lambda seed: xr.Dataset({"value": ("cell", ["a"])}), ("seed", "cell"), [["a"], ["a"]]),
        (lambda seed: {"value": 1} if seed else {"other": 1}, ("seed",), [np.nan, 1]),
    ],
)  # fmt: skip
def test_results_of_every_kind(result: Any, dims: tuple[str, ...], values: list[Any]) -> None:
    data = measure(result, seed=range(2), progress=False)
    assert data["value"].dims == dims
    np.testing.assert_array_equal(data["value"], values)


def test_coordinates_of_parts_are_kept() -> None:
    part = xr.Dataset({"error": ("test", [0.1, 0.2])}, {"test": [1, 10]}, {"note": "x"})
    data = measure(lambda seed: part, seed=range(2), progress=False)
    assert data["error"].sel(test=10, seed=1) == 0.2


def test_ragged() -> None:
    def spikes(seed: int) -> NDArray[np.int64]:
        return np.arange(seed)

    with pytest.raises(ValueError, match=r"value has shape .*'value_0': 1.*'value_0': 2"):
        measure(spikes, seed=[1, 2], progress=False)
    data = measure(spikes, seed=[1, 2], ragged=["value"], progress=False)
    np.testing.assert_array_equal(data["value"], [[0, np.nan], [0, 1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sead": [1]}, "measure: the factors must be the arguments of f"),
        ({"seed": []}, "measure.seed: must have at least one value"),
        ({"seed": [1, 1]}, "measure.seed: must have different values"),
        ({"seed": [1, "a"]}, "measure.seed: must hold either numbers or texts"),
        ({"seed": [{}]}, "measure.seed: must hold numbers, texts or objects with a name"),
        ({"seed": [1], "jobs": 0}, "measure.jobs: must be"),
        ({"seed": [1], "jobs": "two"}, "measure.jobs: must be a positive integer or a dask client"),
        ({"seed": [1], "retries": -1}, "measure.retries: must be"),
        ({"points": []}, "measure.points: must be mappings"),
        ({"points": [{"seed": 1}], "seed": [1]}, "measure.points: seed must not be given twice"),
        ({"seed": [1], "store": 3}, "Store.folder: must be a path"),
        ({"seed": [1], "store": "x"}, "must be defined at the top of a module"),
        ({"seed": [1], "jobs": 2}, "must be defined at the top of a module"),
    ],
)
def test_misuse(arguments: dict[str, Any], message: str, tmp_path: Path,
                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    def f(seed: int) -> float:
        return 0.0

    with pytest.raises((TypeError, ValueError), match=message):
        measure(f, progress=False, **arguments)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (object(), "value must hold numbers, truth values or text"),
        ({"x": [[1], [1, 2]]}, "inhomogeneous"),
        ({3: 1}, "must return texts as names"),
    ],
)
def test_results_that_cannot_be_labelled(result: Any, message: str) -> None:
    with pytest.raises(PartError, match=message):
        measure(lambda seed: result, seed=[1], progress=False)


def test_names_must_not_collide() -> None:
    with pytest.raises(ValueError, match="must not use the name of a factor"):
        measure(lambda seed: xr.DataArray([1], dims="seed"), seed=[1], progress=False)
    with pytest.raises(ValueError, match="the coordinate t of a part has other values"):
        measure(lambda seed: xr.DataArray([1], {"t": [seed]}, "t"), seed=[1, 2], progress=False)


# ---- the store -----------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def lines(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_parts_are_found_again(tmp_path: Path, log: Path) -> None:
    store = tmp_path / "store"
    arguments = {**ARGUMENTS, "log": str(log), "store": store, "progress": False}
    first = measure(run, **arguments)
    again = measure(run, **arguments)
    assert lines(log) == 6
    assert_same(first, again)
    assert (first.attrs["parts_found"], again.attrs["parts_found"]) == (0, 6)
    measure(run, **{**arguments, "seed": range(1, 4)})
    assert lines(log) == 8  # of the fourth seed
    measure(run, **{**arguments, "sizes": Sizes(5)})
    assert lines(log) == 14
    assert len(list(store.glob("parts/run/*"))) == len(Store(store).list_entries()) == 14


@pytest.mark.parametrize(
    "damage", [lambda data: data[:100], lambda data: b"", lambda data: data[:-9] + b"x" * 9]
)
def test_damaged_parts_are_measured_again(tmp_path: Path, log: Path, damage: Any) -> None:
    arguments = {**ARGUMENTS, "log": str(log), "store": tmp_path / "store", "progress": False}
    first = measure(run, **arguments)
    path = Store(tmp_path / "store").list_entries()[0].path
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match="it is measured again"):
        assert_same(first, measure(run, **arguments))
    assert lines(log) == 7
    measure(run, **arguments)
    assert lines(log) == 7


def test_failures(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"seed": range(3), "store": tmp_path / "s", "progress": False}
    for number, jobs in enumerate((1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        failed: list[Failure] = []
        data = measure(fail_once, folder=str(folder), jobs=jobs, failures=failed, **arguments)
        np.testing.assert_array_equal(data["value"], [0, np.nan, 2])
        assert [(f.values, f.reason) for f in failed] == [
            ({"seed": 1}, "ZeroDivisionError: the first time")
        ]
        (folder / "1").unlink()
        with pytest.raises(PartError, match=r"fail_once failed at seed=1\n(.|\n)*the first time"):
            measure(fail_once, folder=str(folder), jobs=jobs, **arguments)
        (folder / "1").unlink()
        data = measure(fail_once, folder=str(folder), jobs=jobs, retries=1, **arguments)
        assert data["value"].values.tolist() == [0, 1, 2]


def test_a_killed_worker_costs_one_attempt_of_its_own_part(tmp_path: Path) -> None:
    failed: list[Failure] = []
    data = measure(die, seed=range(6), folder=str(tmp_path), jobs=2, retries=1, failures=failed,
                   progress=False)  # fmt: skip
    assert data["value"].values.tolist() == list(range(6))
    assert failed == []


def test_cost_adds_up(tmp_path: Path) -> None:
    for jobs in (1, 2):
        began = seconds_spent()
        first = measure(burn, seed=range(2), store=tmp_path / str(jobs), jobs=jobs, progress=False)
        spent = seconds_spent() - began
        assert 0.4 <= first.attrs["cpu_seconds"] <= spent.cpu + 0.01
        began = seconds_spent()
        again = measure(burn, seed=range(2), store=tmp_path / str(jobs), jobs=jobs, progress=False)
        assert again.attrs["cpu_seconds"] == pytest.approx(first.attrs["cpu_seconds"], abs=0.01)
        assert (seconds_spent() - began).cpu >= 0.4


DRIVER = """
import sys
from pathlib import Path
import numpy as np
from bioplastic.study import measure

def part(seed, log):
    with open(log, "a") as file:
        file.write(f"{seed}\\n")
    rng, x = np.random.default_rng(seed), 0.0
    for _ in range(300):
        x = 0.5*x + rng.normal(size=2000).sum()
    return {"x": x, "trace": rng.normal(size=20_000)}

if __name__ == "__main__":
    data = measure(part, seed=range(int(sys.argv[2])), log=str(Path(sys.argv[1]) / "log"),
                   store=Path(sys.argv[1]) / "store", jobs=int(sys.argv[3]), progress=False)
    np.savez(sys.argv[4], x=data.x.values, trace=data.trace.values)
"""


def start(script: Path, folder: Path, parts: int, jobs: int, out: Path) -> subprocess.Popen[bytes]:
    script.write_text(DRIVER) if not script.exists() else None
    command = [sys.executable, str(script), str(folder), str(parts), str(jobs), str(out)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)},
                            stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip


def assert_equal_arrays(one: Path, two: Path) -> None:
    with np.load(one) as first, np.load(two) as second:
        assert all(np.array_equal(first[name], second[name]) for name in ("x", "trace"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_processes_share_a_store(tmp_path: Path, jobs: int) -> None:
    parts, script = 12, tmp_path / "driver.py"
    both = [start(script, tmp_path, parts, jobs, tmp_path / f"{k}.npz") for k in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(parts))
    assert_equal_arrays(tmp_path / "0.npz", tmp_path / "1.npz")
    left = [path.name for path in tmp_path.glob("store/parts/part/*") if path.suffix != ".npz"]
    assert left == []


@pytest.mark.parametrize(
    ("kills", "parts"), [(4, 16), pytest.param(50, 100, marks=pytest.mark.slow)]
)
def test_killed_at_random(tmp_path: Path, kills: int, parts: int) -> None:
    """Whatever is killed, parent and workers or the parent alone, the result is the same bits."""
    rng = np.random.default_rng(1)
    script, out = tmp_path / "driver.py", tmp_path / "killed.npz"
    stored = tmp_path / "store" / "parts" / "part"
    killed = progressed = writing = 0
    for number in range(kills):
        before = len(list(stored.glob("*.npz")))
        process = start(script, tmp_path, parts, 1 + number % 2, out)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(stored.glob("*.npz"))) > before:
                break
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.06))
        if number % 3 == 0:  # in the middle of a file
            while process.poll() is None and not list(stored.glob(".part-*")):
                pass
        if process.poll() is None:
            writing += bool(list(stored.glob(".part-*")))
            (os.kill if number % 4 == 3 else os.killpg)(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
        progressed += len(list(stored.glob("*.npz"))) > before
    print({"killed": killed, "progressed": progressed, "in a file": writing,
           "stored": len(list(stored.glob("*.npz")))})  # fmt: skip
    assert killed >= 0.9 * kills
    assert progressed >= kills // 2
    assert len(list(stored.glob("*.npz"))) < parts or kills > 10
    for name in ("killed", "straight"):
        folder = tmp_path if name == "killed" else tmp_path / name
        folder.mkdir(exist_ok=True)
        process = start(script, folder, parts, 1, tmp_path / f"{name}.npz")
        assert process.communicate(timeout=300)[1] == b""
    assert_equal_arrays(out, tmp_path / "straight.npz")
    assert not list(stored.glob(".part-*"))


# ---- summaries -----------------------------------------------------------------------------------


def test_summaries_against_the_standard_library() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(1e6, 1, (5, 2, 3))
    values[3, 1, 2] = np.nan
    data = xr.Dataset({"error": (("seed", "arm", "block"), values), "only": ("arm", [1.0, 2.0]),
                       "kind": ("seed", ["x"] * 5)}, {"arm": ["a", "b"]})  # fmt: skip
    table = summarise(data)
    for i, j in itertools.product(range(2), range(3)):
        found = [v for v in values[:, i, j].tolist() if not np.isnan(v)]
        want = [statistics.fmean(found), statistics.stdev(found), len(found)]
        assert table["error"][i, j].values.tolist() == want
    flat = flatten(data, names={"error": "error_{arm}_block_{block}"})
    assert flat["error_b_block_2"] == statistics.fmean([v for v in values[:, 1, 2] if v == v])
    assert flat["only_a"] == 1.0
    assert "kind" not in flat
    assert len(flat) == 14
    one = flatten(data.isel(seed=[0]))
    assert not any(name.endswith("_std") for name in one)
    with pytest.raises(ValueError, match=r"flatten.names: 'error' would stand for two numbers"):
        flatten(data, names={"error": "error"})
    with pytest.raises(ValueError, match=r"summarise.over: must be a dimension"):
        summarise(data, "sead")
