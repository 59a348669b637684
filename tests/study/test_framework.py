"""The experiment framework, driven by an experiment that costs nothing."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from bioplastic import cli
from bioplastic.checkpoints.seconds import Seconds, take_over
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.summary import format_summary
from bioplastic.files import DamagedFileError
from bioplastic.plotting import new_figure, save_figure
from bioplastic.study import measure, provenance
from bioplastic.study.framework import Experiment, compute_results, figure_path, positive_int
from bioplastic.study.results import KEYS, Results, load_results, save_results

ROOT = Path(cli.__file__).resolve().parents[1]


def _compute(args):
    rng = np.random.default_rng(args.seed)
    return Results(
        metrics={"accuracy_supervised": 0.809, "accuracy_supervised_std": 0.003, "spikes": 17.25},
        baselines={"chance": 0.1, "linear": 0.926},
        paper={"accuracy_supervised": 0.95, "accuracy_deep": 0.99},
        parameters={"n_hidden": args.n_hidden or 100, "tau": (1, np.float32(0.5), None)},
        arrays={"weights": rng.random((4, 3)), "names": np.array(["a", "b"])},
    )


def _draw(results, out):
    figure = new_figure()
    figure.add_subplot().imshow(results.arrays["weights"])
    return [save_figure(figure, figure_path(out, results.name, "weights"))]


def _make(**changes) -> Experiment:
    fields = {
        "name": "demo",
        "title": "A demonstration",
        "reference": "Nobody (1900), Nowhere 1:1",
        "costs": {"smoke": "1 s", "paper": "6 h"},
        "datasets": ("digits", "mnist"),
        "compute": _compute,
        "draw": _draw,
        "add_arguments": lambda parser: parser.add_argument("--n-hidden", type=positive_int),
    }
    return Experiment(**{**fields, **changes})


@pytest.fixture
def run(monkeypatch):
    """Run the command line with the demonstration as the only experiment."""

    def run_command(*argv, experiment=None):
        module = type(sys)("demo_module")
        module.EXPERIMENT = experiment or _make()
        monkeypatch.setitem(sys.modules, "demo_module", module)
        return cli.main(list(map(str, argv)), modules={"demo": "demo_module"})

    return run_command


def test_a_run_writes_results_and_figures(run, tmp_path, capsys):
    out = tmp_path / "figures"
    assert run("demo", "--scale", "smoke", "--seed", 3, "--n-hidden", 7, "--out", out) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == ["demo.json", "demo.npz", "demo_weights.png"]
    content = json.loads((out / "demo.json").read_text())
    assert tuple(content) == KEYS
    assert content["experiment"] == "demo"
    assert content["reference"] == "Nobody (1900), Nowhere 1:1"
    assert (content["scale"], content["data"], content["seed"]) == ("smoke", "digits", 3)
    assert content["parameters"] == {"n_hidden": 7, "tau": [1, 0.5, None]}
    assert content["metrics"]["accuracy_supervised"] == 0.809
    assert content["versions"]["numpy"] == np.__version__
    assert content["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert content["wall_seconds"] >= 0
    stored = load_results(out / "demo.json")
    expected = np.random.default_rng(3).random((4, 3))
    np.testing.assert_array_equal(stored.arrays["weights"], expected)
    assert stored.arrays["names"].tolist() == ["a", "b"]
    printed = capsys.readouterr().out
    assert "80.9 ± 0.3 %" in printed
    assert str(out / "demo_weights.png") in printed


def test_same_seed_gives_the_same_arrays_and_pictures(run, tmp_path):
    for folder in ("a", "b"):
        assert run("demo", "--seed", 5, "--out", tmp_path / folder) == 0
    for name in ("demo.npz", "demo_weights.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_plot_only_draws_again_without_computing(run, tmp_path):
    assert run("demo", "--out", tmp_path) == 0
    picture = tmp_path / "demo_weights.png"
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    picture.unlink()

    def refuse(args):
        raise AssertionError("computed")

    again = _make(compute=refuse)
    assert run("demo", "--plot-only", "--out", tmp_path, experiment=again) == 0
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_plot_only_without_results_says_so(run, tmp_path, capsys):
    assert run("demo", "--plot-only", "--out", tmp_path) == 1
    assert "demo.json does not exist; run the experiment" in capsys.readouterr().err


def test_list_shows_paper_and_cost(run, capsys):
    assert run("--list") == 0
    printed = capsys.readouterr().out
    for text in ("demo: A demonstration", "Nobody (1900)", "smoke 1 s, paper 6 h", "digits, mnist"):
        assert text in printed


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nothing"], "unknown command 'nothing'; the experiments are: demo"),
        (["run", "nothing"], "unknown experiment 'nothing' (there are: demo)"),
        (["demo", "--scale", "quick"], "argument --scale: invalid choice: 'quick'"),
        (["demo", "--data", "imagenet"], "argument --data: invalid choice: 'imagenet'"),
        (["demo", "--seed", "-1"], "argument --seed: must be an integer from 0"),
        (["demo", "--seed", "x"], "argument --seed: must be an integer from 0"),
        (["demo", "--n-hidden", "0"], "argument --n-hidden: must be a positive integer, got '0'"),
        (["demo", "--unknown"], "unrecognized arguments: --unknown"),
        (["--seed", "1", "demo"], "the name of a command comes first"),
        (["run"], "usage: bioplastic run NAME"),
    ],
)
def test_wrong_commands_end_with_code_2(run, capsys, argv, message):
    assert run(*argv) == 2
    assert message in capsys.readouterr().err


def test_help_is_no_error(run, capsys):
    assert run("--help") == 0
    assert run("demo", "--help") == 0
    assert "--n-hidden" in capsys.readouterr().out


def test_folder_is_tried_before_computing(run, tmp_path, capsys):
    def refuse(args):
        raise AssertionError("computed")

    (tmp_path / "file").write_text("in the way")
    assert run("demo", "--out", tmp_path / "file", experiment=_make(compute=refuse)) == 1
    assert "file" in capsys.readouterr().err


def test_interrupted_computation_keeps_the_old_results(run, tmp_path, capsys):
    assert run("demo", "--out", tmp_path) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupt(args):
        raise KeyboardInterrupt

    assert run("demo", "--out", tmp_path, experiment=_make(compute=interrupt)) == 130
    assert "interrupted" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_interrupted_writing_leaves_nothing(run, tmp_path, monkeypatch):
    def interrupt(stream, arrays, compress):
        stream.write(b"PK half an archive")
        raise KeyboardInterrupt

    monkeypatch.setattr("bioplastic.study.results.pack_arrays", interrupt)
    assert run("demo", "--out", tmp_path) == 130
    assert list(tmp_path.iterdir()) == []


def test_control_c_ends_the_process_with_code_130(tmp_path):
    (tmp_path / "slow.py").write_text(
        textwrap.dedent(
            """
            import sys, time
            from pathlib import Path
            from bioplastic import cli
            from bioplastic.study.framework import Experiment

            def compute(args):
                Path(args.out, "started").touch()
                time.sleep(60)

            EXPERIMENT = Experiment("slow", "t", "r", {"smoke": "1 s"}, ("digits",), compute, None)
            if __name__ == "__main__":
                sys.exit(cli.main(sys.argv[1:], modules={"slow": "slow"}))
            """
        )
    )
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    process = subprocess.Popen(
        [sys.executable, tmp_path / "slow.py", "slow", "--out", out],
        env=environment,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (out / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert [path.name for path in out.iterdir()] == ["started"]


def test_computation_must_return_results(run, tmp_path):
    with pytest.raises(TypeError, match=r"demo.compute: must return Results, got \{\}"):
        run("demo", "--out", tmp_path, experiment=_make(compute=lambda args: {}))


def test_figures_must_lie_where_their_name_says(run, tmp_path):
    stray = _make(draw=lambda results, out: [save_figure(new_figure(), out / "stray.png")])
    with pytest.raises(
        RuntimeError, match=r"demo\.draw: must write .*demo_<figure>.png, got .*stray"
    ):
        run("demo", "--out", tmp_path, experiment=stray)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"metrics": {"a": float("nan")}}, ValueError, r"metrics\['a'\]: must be a finite number"),
        ({"metrics": {"a": np.inf}}, ValueError, r"metrics\['a'\]"),
        ({"metrics": {"a": "1"}}, TypeError, r"metrics\['a'\]"),
        ({"metrics": {"a": {"b": 1.0}}}, TypeError, r"metrics\['a'\]"),
        ({"metrics": {"camelCase": 1.0}}, ValueError, "metrics: must have names in snake_case"),
        ({"metrics": {"a_std": 1.0}}, ValueError, r"metrics\['a_std'\]: must stand beside 'a'"),
        ({"baselines": {"chance": np.nan}}, ValueError, r"baselines\['chance'\]"),
        ({"paper": {"a b": 1.0}}, ValueError, "paper: must have names in snake_case"),
        (
            {"parameters": {"a": [1, {"b": np.nan}]}},
            ValueError,
            r"parameters\['a'\]\[1\]\['b'\]: must be a finite number, got nan",
        ),
        ({"parameters": {"tau": 20 * ms}}, TypeError, r"parameters\['tau'\]: must be plain JSON"),
        ({"parameters": {1: 2}}, TypeError, "parameters: must have text as keys, got 1"),
        ({"parameters": {"a": {1, 2}}}, TypeError, r"parameters\['a'\]: must be plain JSON"),
        ({"arrays": {"a": np.array([object()])}}, TypeError, r"arrays\['a'\]: must hold numbers"),
        ({"seed": -1}, ValueError, "seed: must be a non-negative integer"),
        ({"wall_seconds": -1.0}, ValueError, "wall_seconds"),
        ({"revision": 3}, TypeError, "revision: must be text or None"),
    ],
)
def test_results_refuse_what_cannot_be_stored_and_name_it(fields, error, message):
    with pytest.raises(error, match=r"Results\." + message):
        Results(**{"metrics": {}, **fields})


def test_results_survive_storing_exactly(tmp_path):
    results = Results(
        experiment="demo",
        metrics={"third": 1 / 3, "tiny": 5e-324},
        parameters={"text": "µ ± é", "flag": np.True_, "count": np.int64(3), "nested": {"a": []}},
        arrays={"file": np.zeros((0, 3), np.float32), "missing": np.array([np.nan, -0.0])},
        versions={"numpy": "2", "compiler": None},
    )
    path, _ = save_results(results, tmp_path)
    again = load_results(path)
    for key in KEYS:
        assert getattr(again, key) == getattr(results, key)
    assert again.parameters["flag"] is True
    for name, array in results.arrays.items():
        assert again.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(again.arrays[name], array)


def test_results_without_arrays_are_stored_too(tmp_path):
    path, _ = save_results(Results(experiment="demo", metrics={}), tmp_path)
    assert load_results(path).arrays == {}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "damaged or no JSON"),
        (lambda text: text.replace("0.5", "NaN"), "NaN is not allowed"),
        (lambda text: text.replace('"paper"', '"papers"'), "must have the keys"),
        (lambda text: "[]", "must hold a mapping"),
        (lambda text: text.replace("0.5", '"half"'), r"Results.metrics\['accuracy'\]"),
    ],
)
def test_damaged_json_is_reported(tmp_path, damage, message):
    path, _ = save_results(Results(experiment="demo", metrics={"accuracy": 0.5}), tmp_path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(DamagedFileError, match=message):
        load_results(path)


def test_damaged_or_missing_arrays_are_reported(tmp_path):
    results = Results(experiment="demo", metrics={}, arrays={"a": np.arange(1000)})
    path, npz = save_results(results, tmp_path)
    npz.write_bytes(npz.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"demo\.npz: damaged or no archive"):
        load_results(path)
    npz.unlink()
    with pytest.raises(FileNotFoundError):
        load_results(path)


def test_plot_only_of_results_that_lack_something(run, tmp_path, capsys):
    assert run("demo", "--out", tmp_path) == 0
    np.savez(tmp_path / "demo.npz")
    capsys.readouterr()
    assert run("demo", "--plot-only", "--out", tmp_path) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.match(r"error: \S+demo.json: damaged, .* 'weights' is missing", error)


def test_summary_puts_measured_chance_linear_and_paper_side_by_side():
    table = format_summary(_compute(type("Args", (), {"seed": 0, "n_hidden": None})))
    lines = [line.split("  ") for line in table.splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["metric", "measured", "chance", "linear", "paper"],
        ["accuracy supervised", "80.9 ± 0.3 %", "10.0 %", "92.6 %", "95.0 %"],
        ["spikes", "17.25", "-", "-", "-"],
        ["accuracy deep", "-", "10.0 %", "92.6 %", "99.0 %"],
    ]


def test_summary_loses_no_baseline():
    results = Results(
        metrics={"acc_hlop": 0.7, "bwt_hlop": -0.01},
        baselines={"accuracy_linear": 0.9, "bwt_none": -0.5, "synapses_dense": 7000.0},
    )
    table = format_summary(results)
    assert [line.split() for line in table.splitlines()] == [
        ["metric", "measured", "linear", "none"],
        ["acc", "hlop", "70.0", "%", "90.0", "%", "-"],
        ["bwt", "hlop", "-0.01", "-", "-0.5"],
        ["synapses", "dense", "(baseline)", "7000", "-", "-"],
    ]


def test_baselines_of_one_title_stand_beside_their_own_metrics():
    table = format_summary(
        Results(
            metrics={"recall": 3.0, "error": 4.0}, baselines={"recall_one": 1.0, "error_one": 2.0}
        )
    )
    assert [line.split()[-1] for line in table.splitlines()] == ["one", "1", "2"]


def test_stopwatch_counts_child_processes():
    burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    with provenance.Stopwatch() as watch:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert watch.cpu_seconds > 0.25
    assert watch.wall_seconds > 0.25


def costly(number: int) -> dict[str, int]:
    """A part that says it took two minutes."""
    take_over(Seconds(100, 200))
    return {"double": 2 * number}


def test_a_result_costs_what_earlier_processes_spent_on_it(tmp_path):
    def compute(args):
        measure(costly, store=tmp_path, progress=False, number=[0, 1])
        return _compute(args)

    experiment, args = _make(compute=compute), argparse.Namespace(
        scale="smoke", data="digits", seed=0, n_hidden=None
    )  # fmt: skip
    for _ in range(2):  # the second is assembled from stored parts
        results = compute_results(experiment, args)
        assert 200 <= results.cpu_seconds < 260
        assert 400 <= results.wall_seconds < 560


def _git(folder, *command):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "core.hooksPath="]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_revision_is_the_commit_and_tells_changed_code(tmp_path):
    assert provenance.find_revision(tmp_path) is None
    _git(tmp_path, "init", "-q")
    assert provenance.find_revision(tmp_path) is None
    for folder in ("bioplastic", "figures"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("first")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    commit = _git(tmp_path, "rev-parse", "HEAD")
    assert provenance.find_revision(tmp_path) == commit
    (tmp_path / "figures" / "file").write_text("new results")
    assert provenance.find_revision(tmp_path) == commit
    assert provenance.find_revision(tmp_path / "bioplastic") is None
    (tmp_path / "bioplastic" / "file").write_text("new code")
    assert provenance.find_revision(tmp_path) == f"{commit}+dirty"


def test_versions_name_the_compiler_that_was_asked_for(monkeypatch):
    monkeypatch.setenv("CXX", f"{sys.executable} -I")
    assert provenance.collect_versions()["compiler"].startswith("Python 3.")
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert provenance.collect_versions()["compiler"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "no-name"}, "Experiment.name: must be an identifier"),
        ({"title": ""}, "Experiment.title: must not be empty"),
        ({"costs": {"huge": "1 y"}}, "Experiment.costs: must be one of 'smoke'"),
        ({"costs": {}}, "Experiment.costs: must name at least one scale"),
        ({"datasets": ()}, "Experiment.datasets: must be a tuple"),
        ({"datasets": "digits"}, "Experiment.datasets: must be a tuple"),
    ],
)
def test_experiments_are_checked(changes, message):
    with pytest.raises(ValueError, match=message):
        _make(**changes)


def test_module_must_export_the_experiment_of_its_name():
    with pytest.raises(TypeError, match="must be the Experiment 'json'"):
        load_experiment("json", {"json": "json"})


@pytest.mark.parametrize("name", MODULES)
def test_registered_experiments_load(name):
    if importlib.util.find_spec(MODULES[name]) is None:
        pytest.skip(f"{MODULES[name]} does not exist yet")
    assert load_experiment(name).name == name
