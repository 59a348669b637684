"""The experiment on what and when: its analyses on known answers, and its smallest scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from bioplastic import cli
from bioplastic.commands.run import make_parser
from bioplastic.experiments.what_when import (
    ARMS,
    EXPERIMENT,
    GRID,
    compute,
    decode_time,
    find_components,
    measure_angles,
    measure_switch,
)
from bioplastic.study import measure
from bioplastic.study.framework import Run, make_run
from bioplastic.study.results import load_results


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
    assert dict(found.sizes) == {"pair": 3, "k": 2, "sample": 50}
    assert np.all(found.angle > found.null.min("sample") - 3)
    assert np.all(found.angle < found.null.max("sample") + 3)
    theta[:, 1] = theta[:, 0]
    same = measure_angles(theta, 0, n_samples=50).sel(pair="p80")
    np.testing.assert_allclose(same.angle, 0, atol=1e-4)
    assert same.p_aligned == 1 / 51


def test_a_switch_is_measured_against_the_error_before_it() -> None:
    block = xr.Dataset(
        {"error": ("test", [0.28, 0.2, 0.14, 0.105]), "start": 0.3,
         "amplitude": (("test", "channel"), [[0.0, 0.5], [0.4, 0.4], [0.9, 0.2], [0.8, 0.2]])},
        {"test": [1, 10, 50, 100]},
    )  # fmt: skip
    found = measure_switch(0.1, block)
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


def test_every_arm_is_run_and_only_headline_arms_with_all_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, Any] = {}

    def note(run: Run, function: Any, **factors: Any) -> xr.Dataset:
        """Measure nothing, but note what was asked for."""
        asked[function.__name__] = factors
        if function.__name__ == "run_arm":
            raise StopIteration
        return xr.Dataset({"theta": 0.0, "block": [0] * 5})

    monkeypatch.setattr(Run, "measure", note)
    args = make_parser(EXPERIMENT).parse_args(["--scale", "paper", "--seed", "3"])
    with pytest.raises(StopIteration):
        compute(make_run(EXPERIMENT, args))
    assert asked["run_level"]["seed"] == (3, 4, 5, 6, 7)
    arms = measure(lambda arm, seed: 1, progress=False, arm=asked["run_arm"]["arm"],
                   seed=asked["run_arm"]["seed"], where=asked["run_arm"]["where"])  # fmt: skip
    assert set(arms.arm.values) == set(ARMS)
    assert int(arms["value"].sel(arm="rls").count()) == 5
    assert int(arms["value"].sel(arm="window").count()) == 3


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
