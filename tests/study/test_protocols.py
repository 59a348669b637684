"""An experiment that is a declaration: options, parts and figures come from it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from bioplastic import cli
from bioplastic.fields import Constants, param
from bioplastic.plotting import lines
from bioplastic.study import Store, flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results, load_results, save_results


class Sizes(Constants):
    """Sizes of the demonstration."""

    n: int = param(10, minimum=1, doc="samples")
    seeds: int = param(1, minimum=1, doc="seeds")


def one_seed(seed: int, p: float, sizes: Sizes, data: str) -> dict[str, Any]:
    rng = np.random.default_rng([seed, sizes.n, len(data)])
    return {"error": p * rng.random(), "curve": rng.random(3)}


def compute(run: Run) -> Results:
    data = run.measure(one_seed, seed=run.seeds, p=(0.5, 1.0), sizes=run.protocol, data=run.data)
    factor = float(run.options["factor"] or 1)
    return Results(metrics=flatten(factor * data[["error"]]), measured={"levels": data})


def picture(results: Results) -> Figure:
    return lines(results.measured["levels"].curve.mean("seed"), x="curve_0").figure  # type: ignore[return-value]


FIELDS: dict[str, Any] = {
    "name": "demo", "title": "A demonstration", "reference": "Nobody (1900)",
    "costs": {"smoke": "1 s", "quick": "2 s", "paper": "3 s"}, "datasets": ("digits", "mnist"),
    "protocols": {"smoke": Sizes(), "quick": Sizes(n=20, seeds=3), "paper/digits": Sizes(seeds=4),
                  "paper/mnist": Sizes(seeds=5)},
    "options": ("n",), "compute": compute, "figures": {"curve": picture},
    "add_arguments": lambda parser: parser.add_argument("--factor", type=float),
}  # fmt: skip
Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    module: Any = type(sys)("demo_module")
    module.EXPERIMENT = Experiment(**FIELDS)
    monkeypatch.setitem(sys.modules, "demo_module", module)
    monkeypatch.chdir(tmp_path)
    return lambda *argv: cli.main(["demo", *argv], modules={"demo": "demo_module"})


def test_a_declaration_is_an_experiment(command: Command, tmp_path: Path) -> None:
    assert command() == 0
    results = load_results(tmp_path / "figures" / "demo.json")
    assert results.parameters == {"n": 20, "seeds": 3, "jobs": 1}
    assert set(results.metrics) == {"error_0_5", "error_1_0", "error_0_5_std", "error_1_0_std"}
    expected = [one_seed(s, 0.5, Sizes(n=20), "digits")["error"] for s in range(3)]
    assert results.metrics["error_0_5"] == pytest.approx(np.mean(expected), rel=1e-15)
    assert (tmp_path / "figures" / "demo_curve.png").is_file()
    assert not (tmp_path / "runs").exists()
    (tmp_path / "figures" / "demo_curve.png").unlink()
    assert command("--plot-only") == 0
    assert (tmp_path / "figures" / "demo_curve.png").is_file()


def test_options(command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = ("--name", "demo_other")
    assert command(*name, "--n", "5", "--seeds", "2", "--seed", "7", "--factor", "2") == 0
    results = load_results(tmp_path / "figures" / "demo_other.json")
    assert results.parameters == {"n": 5, "seeds": 2, "jobs": 1, "factor": 2.0}
    assert results.measured["levels"].seed.values.tolist() == [7, 8]
    assert command("--n", "0") == 2
    assert "must be a positive integer" in capsys.readouterr().err


def test_parts_are_kept_at_paper_scale_or_when_asked_for(command: Command, tmp_path: Path) -> None:
    assert command("--scale", "paper", "--data", "mnist", "--jobs", "2") == 0
    assert len(Store(tmp_path / "runs").list_entries()) == 10
    assert command("--checkpoints", str(tmp_path / "mine")) == 0
    assert command("--resume", "--name", "demo_again") == 0
    assert len(Store(tmp_path / "mine").list_entries()) == 6
    assert len(Store(tmp_path / "runs").list_entries()) == 16
    first, again = (
        load_results(tmp_path / "figures" / f"{n}.json") for n in ("demo", "demo_again")
    )
    assert first.metrics == again.metrics


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocols": {"smoke": Sizes()}}, "Experiment.protocols: must have 'quick' or"),
        ({"draw": lambda results, out: []}, "Experiment.draw: must not be given besides figures"),
    ],
)
def test_misuse(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Experiment(**{**FIELDS, **changes})


def test_measured_data_are_stored_exactly(tmp_path: Path) -> None:
    data = xr.Dataset(
        {"x": (("seed", "arm"), np.random.default_rng(0).random((2, 2))), "n": ("seed", [1, 2])},
        {"arm": ["a", "b"], "tau": ("seed", [0.1, 0.2], {"units": "s"})}, {"parts": 4},
    )  # fmt: skip
    results = Results(experiment="demo", metrics={"x": 1.0}, measured={"levels": data},
                      arrays={"weights": np.eye(2)})  # fmt: skip
    again = load_results(save_results(results, tmp_path)[0])
    xr.testing.assert_identical(again.measured["levels"], data)
    assert again.measured["levels"].attrs == {"parts": 4}
    assert list(again.arrays) == ["weights"]
    with pytest.raises(TypeError, match=r"Results.measured\['levels'\]: must be a Dataset"):
        Results(metrics={"x": 1.0}, measured={"levels": 3})  # type: ignore[dict-item]


def test_the_cache_command_sees_the_store(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--resume") == 0
    capsys.readouterr()
    assert cli.main(["cache", "--store", "runs"]) == 0
    said = capsys.readouterr().out
    assert said.count("one_seed") == 6
    assert "6 parts, " in said
    key = Store(tmp_path / "runs").list_entries()[0].key
    assert cli.main(["cache", "--store", "runs", "clear", key[:10]]) == 0
    assert "removed 1 part\n" in capsys.readouterr().out
    assert cli.main(["cache", "--store", "runs", "clear"]) == 0
    assert "removed 5 parts\n" in capsys.readouterr().out
