"""The experiment on what and when: its analyses on known answers, and its smallest scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.checkpoints import RunFolderError, read_run
from bioplastic.commands.run import make_parser
from bioplastic.experiments import what_when
from bioplastic.experiments.what_when import list_tasks
from bioplastic.experiments.what_when.analysis import (
    find_components,
    measure_angles,
    measure_switch,
)
from bioplastic.experiments.what_when.protocol import (
    ARMS,
    GRID,
    Protocol,
    choose_protocol,
    decode_time,
    run_level,
)
from bioplastic.models.what_when import WhatWhenPredictor
from bioplastic.study.framework import compute_results
from bioplastic.study.results import Results, load_results


def made_weights(n_cells: int = 200, size: float = 20.0) -> np.ndarray:
    """Identity weights that follow the probability, larger timing weights that follow latency."""
    rng = np.random.default_rng(0)
    what, when = rng.standard_normal((2, n_cells, 2))
    theta = [
        [p * what, size * (latency - 300) / 100 * when + 0.01 * rng.standard_normal(when.shape)]
        for p, latency in GRID
    ]
    return np.array(theta)


def test_normalised_blocks_show_both_variables_and_raw_weights_the_larger_block() -> None:
    theta = made_weights()
    raw = find_components(theta, normalised=False)
    assert raw["share"][0] > 0.99
    assert abs(raw["correlation"][0, 1]) == pytest.approx(1)  # latency alone
    both = find_components(theta, normalised=True)
    assert both["share"][:2] == pytest.approx([0.5, 0.5], abs=1e-3)
    strongest = np.abs(both["correlation"][:2]).max(axis=0)
    assert np.all(strongest > 0.7)  # equal shares: any mixture of the two


def test_angles_of_unrelated_weights_are_those_of_chance() -> None:
    theta = np.random.default_rng(1).standard_normal((9, 2, 200, 2))
    found = measure_angles(theta, 0, n_samples=50)
    for name, size in (("p80", 2), ("p50", 2), ("change", 2)):
        assert found[name].shape == (size,)
        low, high = np.percentile(found[f"{name}_null"], [0, 100], axis=0)
        assert np.all(found[name] > low - 3)
        assert np.all(found[name] < high + 3)
    theta[:, 1] = theta[:, 0]
    same = measure_angles(theta, 0, n_samples=50)
    np.testing.assert_allclose(same["p80"], 0, atol=1e-4)
    assert same["p80_p_aligned"] == 1 / 51


def test_a_switch_is_measured_against_the_error_before_it() -> None:
    tests = np.array([1, 10, 50, 100])
    task = {
        "first_error": np.array([0.2, 0.15, 0.1, 0.1]),
        "time0_start": np.array(0.3),
        "time0_error": np.array([0.28, 0.2, 0.14, 0.105]),
        "time0_amplitude": np.array([[0.0, 0.5], [0.4, 0.4], [0.9, 0.2], [0.8, 0.2]]),
    }
    found = measure_switch(task, tests, "time", 0)
    assert found["trials_to_limit"] == 50  # 0.14 is below 0.15
    assert found["trials_within_tenth"] == 100
    assert found["reached_limit"] == 1
    assert found["overshoot"] == pytest.approx(0.1)
    assert found["end_over_before"] == pytest.approx(1.05)
    assert found["drift_per_trial"] == pytest.approx((0.105 - 0.14) / 50)


def test_time_is_decoded_from_a_clock_and_not_from_noise() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(0, 1000, 10)
    clock = np.exp(-0.5 * ((time[:, None] - np.linspace(0, 1000, 40)) / 40) ** 2)
    trials = clock + 0.02 * rng.standard_normal((6, *clock.shape))
    assert decode_time(trials[:4], trials[4:], step=10).min() > 0.95
    noise = rng.standard_normal((6, *clock.shape))
    assert decode_time(noise[:4], noise[4:], step=10).max() < 0.2


def test_every_arm_is_run_and_only_headline_arms_with_all_seeds() -> None:
    tasks = [(function.__name__, arguments[:-1]) for function, arguments in
             list_tasks(3, choose_protocol("paper"))]  # fmt: skip
    assert len(tasks) == len(set(tasks))
    arms = [arguments for name, arguments in tasks if name == "run_blocks"]
    assert {arm for arm, _ in arms} == set(ARMS)
    assert sorted(s for arm, s in arms if arm == "rls") == [3, 4, 5, 6, 7]
    assert sorted(s for arm, s in arms if arm == "window") == [3, 4, 5]


def only_levels(seed: int, protocol: Protocol) -> list[Any]:
    return [(run_level, (seed, p, protocol)) for p in protocol.levels]


def test_an_interrupted_run_continues_with_the_tasks_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_when, "list_tasks", only_levels)
    for name in ("switches", "grid", "arms", "clock"):
        monkeypatch.setattr(what_when, f"summarise_{name}", lambda *arguments: None)
    fit, calls, stop_at = WhatWhenPredictor.fit, [], [2]

    def stop(model: WhatWhenPredictor, *arguments: Any) -> WhatWhenPredictor:
        calls.append(model)
        if len(calls) in stop_at:
            raise KeyboardInterrupt
        return fit(model, *arguments)

    def run(folder: str, *options: str) -> Results:
        kept = ["--checkpoints", str(tmp_path / folder)]
        args = make_parser(what_when.EXPERIMENT).parse_args(["--scale", "smoke", *kept, *options])
        return compute_results(what_when.EXPERIMENT, args)

    monkeypatch.setattr(WhatWhenPredictor, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        run("cut")
    with pytest.raises(RunFolderError, match="add --resume"):
        run("cut")
    with pytest.raises(RunFolderError, match="seed was 0, is 1"):
        run("cut", "--resume", "--seed", "1")
    resumed = run("cut", "--resume")
    assert len(calls) == 4  # of three tasks one was finished and one begun
    assert read_run(tmp_path / "cut")["progress"] == {"finished": 3, "parts": 3}
    straight = run("straight")
    assert resumed.metrics == straight.metrics
    for name, array in straight.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array)
    part = next((tmp_path / "cut").glob("run_level-*.npz"))
    part.write_bytes(part.read_bytes()[:200])
    with pytest.warns(UserWarning, match="damaged or no stored result"):
        assert run("cut", "--resume").metrics == straight.metrics
    assert len(calls) == 8  # that one alone was computed again


@pytest.mark.slow
def test_the_smallest_scale_measures_and_draws_everything(tmp_path: Path) -> None:
    assert cli.main(["what_when", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "what_when_smoke.json")
    assert results.baselines["error_untrained"] == pytest.approx(results.baselines["error_silent"])
    drawn = {path.stem.removeprefix("what_when_smoke_") for path in tmp_path.glob("*.png")}
    assert drawn == {
        "amplitude", "angles", "arms", "clock", "components", "learning", "reservoir", "switches",
        "traces",
    }  # fmt: skip
