"""``bioplastic all``: each experiment in its process, what fails is told and resumed."""

from __future__ import annotations

import argparse
import json
import textwrap

import pytest

from bioplastic.cli import main
from bioplastic.commands.all import _plan, choose_scale
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.run import make_parser

MODULE = """
import os
from pathlib import Path
from bioplastic.plotting import new_figure, save_figure
from bioplastic.study.framework import Experiment, figure_path
from bioplastic.study.results import Results

def compute(args):
    with open(Path(__file__).with_suffix(".calls"), "a") as file:
        file.write(f"{args.scale} {args.seed} {args.resume} {os.getpid()}\\n")
    print("a line in the log")
    if Path(__file__).with_name("NAME.fails").exists():
        raise ArithmeticError("no luck with NAME")
    return Results(metrics={"accuracy": 0.5})

def draw(results, out):
    return [save_figure(new_figure(1, 1), figure_path(out, results.name, "raster"))]

def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--checkpoints")
    parser.add_argument("--resume", action="store_true")

EXPERIMENT = Experiment("NAME", "About NAME", "r", COSTS, ("digits",), compute, draw, add_arguments)
"""


@pytest.fixture
def everything(tmp_path, monkeypatch):
    """Return a function that runs ``all`` over two cheap experiments and returns the exit code."""
    for name, costs in (("one", {"smoke": "s", "quick": "s"}), ("two", {"smoke": "s"})):
        text = MODULE.replace("NAME", name).replace("COSTS", repr(costs))
        (tmp_path / f"{name}_of_all.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    modules = {name: f"{name}_of_all" for name in ("one", "two")}
    places = ["--out", str(tmp_path / "figures"), "--runs", str(tmp_path / "runs")]
    return lambda *arguments: main(["all", *arguments, *places], modules)


def _calls(tmp_path, name):
    return [line.split() for line in (tmp_path / f"{name}_of_all.calls").read_text().splitlines()]


def test_all_runs_each_in_its_process_tells_failures_and_resumes(everything, tmp_path, capsys):
    (tmp_path / "two.fails").touch()
    assert everything("--scale", "quick", "--jobs", "2", "--seed", "3") == 1
    (one,), (two,) = _calls(tmp_path, "one"), _calls(tmp_path, "two")
    assert (one[:3], two[:3]) == (["quick", "3", "False"], ["smoke", "3", "False"])
    assert one[3] != two[3]
    said = capsys.readouterr()
    assert "two: has no scale quick, smoke is run" in said.out
    assert "2 experiments: 1 run, 0 finished before, 1 failed" in said.out
    assert "failed two: exit code 1" in said.err
    assert "ArithmeticError: no luck with two" in said.err
    page = (tmp_path / "figures" / "index.html").read_text()
    assert "About one" in page
    assert "one_raster.png" in page
    assert "About two" not in page
    assert "a line in the log" in (tmp_path / "runs" / "logs" / "two.log").read_text()
    assert json.loads((tmp_path / "figures" / "one.json").read_text())["seed"] == 3

    (tmp_path / "two.fails").unlink()
    assert everything("--scale", "quick", "--seed", "3", "--resume") == 0
    assert "one: finished before" in capsys.readouterr().out
    assert len(_calls(tmp_path, "one")) == 1
    assert [call[2] for call in _calls(tmp_path, "two")] == ["False", "True"]
    assert "About two" in (tmp_path / "figures" / "index.html").read_text()


@pytest.mark.slow
def test_results_that_are_gone_are_computed_again(everything, tmp_path):
    assert everything("--scale", "smoke", "--only", "one") == 0
    (tmp_path / "figures" / "one_smoke.json").unlink()
    assert everything("--scale", "smoke", "--only", "one", "--resume") == 0
    assert everything("--scale", "smoke", "--only", "one", "--resume", "--seed", "1") == 0
    assert [call[1] for call in _calls(tmp_path, "one")] == ["0", "0", "1"]
    assert not (tmp_path / "two_of_all.calls").exists()


@pytest.mark.parametrize("name", MODULES)
def test_every_experiment_has_some_scale(name):
    experiment = load_experiment(name)
    for wanted in ("smoke", "quick", "paper"):
        assert choose_scale(experiment, wanted) in experiment.costs


@pytest.mark.parametrize("resume", [False, True])
def test_what_is_kept_is_kept_with_the_run(tmp_path, resume):
    """So that it is removed with it, and a new run begins anew."""
    args = argparse.Namespace(scale="quick", seed=0, out="figures", verbose=0, resume=resume)
    kept = []
    for name in MODULES:
        command = _plan(name, args, MODULES, tmp_path).command
        parsed = make_parser(load_experiment(name)).parse_args(command[4:])
        if hasattr(parsed, "checkpoints"):
            assert parsed.checkpoints == str(tmp_path / "checkpoints" / name)
            assert parsed.resume == resume
            kept.append(name)
    assert {"sym_stdp", "ncg", "hlop", "force", "what_when", "pspm"} <= set(kept)
