"""``bioplastic sweep``: checked before it runs, chosen on validation alone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap

import pytest
from matplotlib import image as mpl_image

from bioplastic.cli import main
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.sweep.trials import ExperimentTrial, list_parameters, parse_point

AGAIN = """
from bioplastic.cli import main
command = ["sweep", "demo", "--grid", "seed=0:2", "--workers", "0", "--no-progress", "--set",
           f"calls={sys.argv[1]}", "--out", sys.argv[2]]
assert main(command, {"demo": "demo_of_the_sweep"}) == 0
"""

MODULE = '''
"""An experiment that costs nothing: the best eta is 0.1 on validation, 0.2 on the test."""
import math
from pathlib import Path
from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.results import Results

def compute(args):
    eta = dict(args.constant).get("eta", 0.1)
    with open(Path(args.calls), "a") as file:
        file.write(f"{args.n_hidden} {eta} {args.seed} {args.flag}\\n")
    if args.n_hidden == 13:
        raise ArithmeticError("thirteen")
    print("noise that a sweep does not show")
    bonus = 0.05 * (args.n_hidden == 400) + 0.01 * args.seed
    return Results(
        metrics={"accuracy": 0.5 + 0.1 * (eta == 0.2),
                 "validation": 0.6 - 0.1 * abs(math.log(eta / 0.1)) + bonus},
        baselines={"chance": 0.1},
    )

def pair(text):
    name, _, value = text.partition("=")
    return name, float(value)

def add_arguments(parser):
    parser.add_argument("--n-hidden", type=positive_int, default=100)
    parser.add_argument("--constant", type=pair, action="append", default=[])
    parser.add_argument("--flag", action="store_true")
    parser.add_argument("--calls", default="CALLS")
    parser.add_argument("--jobs", type=int, default=8)

EXPERIMENT = Experiment(
    "demo", "t", "r", {"smoke": "1 s", "quick": "2 s"}, ("digits", "mnist"), compute,
    lambda results, out: [], add_arguments, {"eta": ("--constant", "eta={}")},
)
'''


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Return a function that runs a sweep of the cheap experiment and returns the exit code."""
    (tmp_path / "demo_of_the_sweep.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(str(tmp_path))
    calls = f"calls={tmp_path / 'calls'}"

    def run(*arguments, fixed=()):
        options = ["--workers", "0", "--no-progress", "--out", str(tmp_path / "out")]
        command = ["sweep", "demo", *options, *map(str, arguments), "--set", calls, *fixed]
        return main(command, {"demo": "demo_of_the_sweep"})

    return run


def _calls(tmp_path) -> list[str]:
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def _table(tmp_path) -> list[dict[str, str]]:
    with (tmp_path / "out" / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_grid_table_choice_and_pictures(sweep, tmp_path, capsys):
    assert sweep("--grid", "n_hidden=100,400", "eta=0.05:0.2:log3", "seed=0:2") == 0
    rows = _table(tmp_path)
    assert len(rows) == len(_calls(tmp_path)) == 12
    assert [float(row["eta"]) for row in rows[:6:2]] == [0.05, 0.1, 0.2]
    assert {row["accuracy"] for row in rows if row["eta"] == "0.2"} == {"0.6"}  # best on the test
    best = json.loads((tmp_path / "out" / "best.json").read_text())
    assert best["parameters"] == {"n_hidden": 400, "eta": 0.1}
    assert (best["metric"], best["seeds"]) == ("validation", 2)
    assert best["mean"] == pytest.approx(0.655)
    assert best["std"] == pytest.approx(0.01 / 2**0.5)
    said = capsys.readouterr()
    assert "12 trials: 12 run, 0 finished before, 0 tried again, 0 failed" in said.out
    assert "best validation: 0.655 ± 0.007071 (2 seeds) at n_hidden 400, eta 0.1" in said.out
    assert "noise" not in said.out + said.err
    for name in ("curves", "heat_map"):
        picture = mpl_image.imread(tmp_path / "out" / f"{name}.png")
        assert picture.std() > 0.05  # something is drawn


def test_restart_runs_only_what_is_missing(sweep, tmp_path, capsys):
    assert sweep("--grid", "seed=0:2") == 0
    assert sweep("--grid", "seed=0:4") == 0
    assert sorted(_calls(tmp_path)) == [f"100 0.1 {seed} False" for seed in range(4)]
    assert "4 trials: 2 run, 2 finished before" in capsys.readouterr().out
    assert sweep("--grid", "seed=0:4", "--scale", "smoke") == 0  # another sweep, the same store
    assert len(_calls(tmp_path)) == 8
    module = tmp_path / "demo_of_the_sweep.py"
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + textwrap.dedent(AGAIN)
    for change, calls in ((("import math", "import math  # a note"), 8), (("0.6 -", "0.7 -"), 10)):
        text = module.read_text()
        module.write_text(text.replace(*change))
        arguments = [str(tmp_path / name) for name in ("calls", "out")]
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        module.write_text(text)
        assert len(_calls(tmp_path)) == calls


def test_failed_trials_are_reported_and_the_rest_is_kept(sweep, tmp_path, capsys):
    assert sweep("--grid", "n_hidden=13,100", "--retries", "1") == 1
    said = capsys.readouterr()
    assert "2 trials: 1 run, 0 finished before, 1 tried again, 1 failed" in said.out
    assert "ArithmeticError: thirteen" in said.err
    assert len(_table(tmp_path)) == 1
    assert len(_calls(tmp_path)) == 3
    (failure,) = json.loads((tmp_path / "out" / "failures.json").read_text()).values()
    assert len(failure["errors"]) == 2


def test_flags_and_settings_reach_the_experiment(sweep, tmp_path):
    assert sweep("--grid", "flag=true,false", fixed=["eta=0.2", "n_hidden=7"]) == 0
    assert _calls(tmp_path) == ["7 0.2 0 True", "7 0.2 0 False"]


def test_random_points(sweep, tmp_path):
    assert sweep("--grid", "eta=0.01:1:log2", "seed=0:2", "--random", 5) == 0
    rows = _table(tmp_path)
    assert len(rows) == 10
    assert len({row["eta"] for row in rows}) == 5
    assert (tmp_path / "out" / "search.png").exists()
    best = json.loads((tmp_path / "out" / "best.json").read_text())["parameters"]["eta"]
    means = {eta: sum(float(r["validation"]) for r in rows if r["eta"] == eta) for eta in
             {row["eta"] for row in rows}}  # fmt: skip
    assert best == float(max(means, key=lambda eta: means[eta]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--grid", "n_hiden=1"],
            r"demo has no parameter 'n_hiden' (there are: calls, data, eta, flag, n_hidden, seed)",
        ),
        (["--grid", "jobs=1"], "demo has no parameter 'jobs'"),
        (["--grid", "n_hidden=0"], "demo refuses"),
        (["--grid", "n_hidden=0"], "argument --n-hidden: must be a positive integer, got '0'"),
        (["--grid", "eta=x"], "demo refuses"),
        (["--grid", "data=cifar"], "invalid choice: 'cifar'"),
        (["--grid", "flag=3"], "flag: must be true or false, got 3"),
        (["--grid", "seed=0:"], "must be integers FIRST:LAST"),
        (["--grid", "seed=0", "seed=1"], "must name each parameter once, got 'seed' twice"),
        (["--grid", "calls=1"], "calls is given twice"),
        (["--grid", "seed=0", "--scale", "paper"], "demo has no scale 'paper'"),
        (["--grid", "seed=0", "--data", "cifar"], "demo has no data 'cifar'"),
        (["--grid", "seed=0", "--metric", "accuracy"], "never on the test set"),
        (["--grid", "seed=0", "--metric", "validation_x"], "is not measured"),
    ],
)
def test_what_is_refused(sweep, tmp_path, capsys, arguments, message):
    assert sweep(*arguments) == 2
    assert message in capsys.readouterr().err
    if "validation_x" not in arguments:
        assert _calls(tmp_path) == []


def test_no_scheduler_there(sweep, tmp_path, capsys):
    pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    assert sweep("--grid", "seed=0:2", "--scheduler", "nonsense://x") == 1
    assert "there is no scheduler at nonsense://x" in capsys.readouterr().err


def test_a_missing_library_is_named_before_anything_runs(sweep, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert sweep("--grid", "seed=0:2", "--scheduler", "tcp://x:1") == 2
    assert "pip install 'bioplastic[sweep]'" in capsys.readouterr().err
    assert _calls(tmp_path) == []


@pytest.mark.slow
def test_workers_and_a_scheduler_give_the_table_of_one_process(sweep, tmp_path, capsys):
    distributed = pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    grid = ["--grid", "n_hidden=100,400,13", "seed=0:2"]
    tables = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None,
                                  silence_logs=50) as cluster:  # fmt: skip
        for options in ([], ["--workers", "2"], ["--scheduler", cluster.scheduler_address]):
            out = tmp_path / f"out{len(tables)}"
            assert sweep(*grid, *options, "--out", out) == 1
            assert "4 run, 0 finished before, 4 tried again, 2 failed" in capsys.readouterr().out
            with (out / "table.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            tables.append([(r["n_hidden"], r["seed"], r["validation"]) for r in rows])
    assert len(tables[0]) == 4
    assert tables[0] == tables[1] == tables[2]


def test_unknown_experiment(capsys):
    assert main(["sweep", "nothing", "--grid", "seed=0"], {"demo": "x"}) == 2
    assert "unknown experiment 'nothing' (there are: demo)" in capsys.readouterr().err


@pytest.mark.parametrize("name", MODULES)
def test_every_experiment_can_be_swept(name):
    experiment = load_experiment(name)
    known = list_parameters(experiment)
    assert "seed" in known
    assert not {"out", "verbose", "checkpoints", "resume"} & set(known)
    scale = min(experiment.costs)
    trial = ExperimentTrial(name, MODULES[name], scale, experiment.datasets[0], {})
    assert parse_point(trial, experiment, {"seed": 3}).seed == 3


def test_learning_rate_of_symmetric_stdp():
    experiment = load_experiment("sym_stdp")
    trial = ExperimentTrial("sym_stdp", MODULES["sym_stdp"], "smoke", "digits", {})
    args = parse_point(trial, experiment, {"eta": 0.01, "trace_jump": 0.3, "n_hidden": 16})
    assert dict(args.constant) == {"eta_hidden": 0.01, "trace_jump": 0.3}
    assert args.n_hidden == 16


@pytest.mark.slow
def test_a_real_sweep_on_two_workers(tmp_path, capsys):
    pytest.importorskip("distributed", reason="needs the extra bioplastic[sweep]")
    command = "sweep sym_stdp --scale smoke --grid n_hidden=12 eta=0.005,0.02 seed=0:2 --workers 2"
    assert main([*command.split(), "--no-progress", "--out", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "table.csv").open(newline="")))
    assert len(rows) == 4
    # training, answers, and answers with every spike: each compiled once for all four
    assert sum(int(row["compiled"]) for row in rows) == 3
    assert (tmp_path / "curves.png").exists()
    assert "4 trials: 4 run" in capsys.readouterr().out
