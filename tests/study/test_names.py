"""Results of different scale and data never overwrite each other, and rows find their results."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.report.rows import ROWS
from bioplastic.commands.run import make_parser
from bioplastic.plotting import new_figure, save_figure
from bioplastic.study.framework import Experiment, figure_path, name_results
from bioplastic.study.results import SNAKE_CASE, Results, load_numbers, load_results

FIGURES = Path(__file__).parents[2] / "figures"


def _compute(args):
    return Results(metrics={"accuracy": 0.5}, arrays={"x": np.arange(args.seed)})


def _draw(results, out):
    return [save_figure(new_figure(1, 1), figure_path(out, results.name, "raster"))]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command line on an experiment with two scales and two kinds of data."""
    module = type(sys)("demo_module")
    costs = {"smoke": "1 s", "quick": "1 s"}
    module.EXPERIMENT = Experiment("demo", "t", "r", costs, ("digits", "cifar-10"), _compute, _draw)
    monkeypatch.setitem(sys.modules, "demo_module", module)
    command = ["demo", "--out", str(tmp_path)]
    return lambda *argv: cli.main([*command, *argv], modules={"demo": "demo_module"})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], "demo"),
        (["--scale", "quick", "--data", "digits"], "demo"),
        (["--scale", "smoke"], "demo_smoke"),
        (["--data", "cifar-10"], "demo_cifar_10"),
        (["--data", "cifar-10", "--scale", "smoke"], "demo_cifar_10_smoke"),
        (["--data", "cifar-10", "--name", "demo"], "demo"),
        (["--name", "demo_with_2_layers"], "demo_with_2_layers"),
    ],
)
def test_files_are_called_by_experiment_data_and_scale(run, tmp_path, options, name):
    assert run(*options) == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"{name}.json", f"{name}.npz", f"{name}_raster.png"}
    stored = load_results(tmp_path / f"{name}.json")
    assert (stored.name, stored.experiment) == (name, "demo")
    assert "name" not in stored.parameters


def test_other_scale_data_or_name_leaves_results_alone(run, tmp_path):
    assert run("--seed", "1") == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for options in (["--scale", "smoke"], ["--data", "cifar-10"], ["--name", "demo_other"]):
        assert run("--seed", "2", *options) == 0
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_plot_only_reads_and_draws_under_the_same_name(run, tmp_path, capsys):
    assert run("--name", "demo_other", "--seed", "3") == 0
    (tmp_path / "demo_other_raster.png").unlink()
    assert run("--name", "demo_other", "--plot-only") == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"demo_other.json", "demo_other.npz", "demo_other_raster.png"}
    assert run("--plot-only") == 1
    assert run("--plot-only", "--scale", "smoke") == 1
    assert "demo_smoke.json does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("demo-other", "must be in snake_case, got 'demo-other'"),
        ("demo/other", "must be in snake_case"),
        ("Demo", "must be in snake_case"),
        ("demo_", "must be in snake_case"),
        ("", "must be in snake_case"),
        ("other", "must begin with demo, got 'other'"),
        ("demonstration", "must begin with demo"),
    ],
)
def test_wrong_names_are_refused_before_computing(run, tmp_path, capsys, name, message):
    assert run("--name", name) == 2
    assert f"argument --name: {message}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_two_runs_of_the_registry_share_a_name():
    names = [
        name_results(experiment, scale, data)
        for experiment in map(load_experiment, MODULES)
        for scale, data in itertools.product(experiment.costs, experiment.datasets)
    ]
    assert len(set(names)) == len(names)
    assert all(SNAKE_CASE.fullmatch(name) for name in names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.results)
def test_the_command_of_a_row_writes_the_results_of_the_row(row):
    experiment, *options = row.full_command.split()
    if experiment not in MODULES:
        pytest.skip(f"{experiment} is no experiment")
    found = load_experiment(experiment)
    args = make_parser(found).parse_args(options)
    assert name_results(found, args.scale, args.data, args.name) == row.results
    stored = load_numbers(FIGURES / f"{row.results}.json")
    assert (stored.experiment, stored.scale, stored.data, stored.seed) == (
        (experiment, args.scale, args.data, args.seed)
    )


def test_every_row_has_results_of_its_own():
    assert len({row.results for row in ROWS}) == len(ROWS)


def test_committed_results_of_the_default_names_are_of_their_scale_and_data():
    """A file that carries the name of a plain run is one: nothing was renamed by hand."""
    plain = {
        name_results(experiment, scale, data): (experiment.name, scale, data)
        for experiment in map(load_experiment, MODULES)
        for scale, data in itertools.product(experiment.costs, experiment.datasets)
    }
    found = {path.stem: load_numbers(path) for path in FIGURES.glob("*.json") if path.stem in plain}
    assert len(found) > 5
    for name, results in found.items():
        assert (results.experiment, results.scale, results.data) == plain[name]
