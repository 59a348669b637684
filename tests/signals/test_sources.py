"""What sources emit: rates, windows, dead times and streams, on both targets."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.engine import NetworkSpec, Program, SpikeCount, SpikeRecord, Trial
from bioplastic.engine.random import bernoulli_spikes, derive_key, seed_key, uniform
from bioplastic.signals import PoissonSource, SpikeListSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])


@cache
def sources(target: str) -> Program:
    """A source with a window, one of a fixed rate that varies over cells, and one that plays."""
    spec = NetworkSpec(
        populations=[
            PoissonSource(
                name="image",
                n=30,
                rates="pixel*gain*Hz",
                inputs={"pixel": "uint8"},
                window=(10 * ms, 60 * ms),
                dead_steps=3,
            ),
            PoissonSource(name="ramp", n=30, rates="100*i*int(i != skip)*Hz",
                          shared_inputs={"skip": "int32"}),
            SpikeListSource(name="list", n=4),
        ],
        projections=[],
        trial=Trial(duration=80 * ms, variables={"gain": 1.5}),
        records=[SpikeRecord(population=name) for name in ("image", "ramp", "list")],
    )  # fmt: skip
    return Program(spec, dt=0.5 * ms, target=target)


def play(target: str, seed: int = 0, n: int = 4) -> dict[str, Any]:
    program = sources(target)
    inputs = {
        "pixel": np.tile(np.r_[np.zeros(5), np.full(25, 255)].astype(np.uint8), (n, 1)),
        "skip": np.full(n, 7),
        "list": [([3, 0, 1], [0, 2, 79.5] * ms)] * n,
    }
    return program(program.initial_state(), inputs, seed=seed)[1]


def test_both_targets_emit_the_same_spikes() -> None:
    compiled, oracle = play("cpp"), play("numpy")
    for name, values in compiled.items():
        np.testing.assert_array_equal(values, oracle[name], err_msg=name)
    assert compiled["image.spike_cell"].size > 1000


@TARGETS
def test_window_dead_time_and_zero_rates(target: str) -> None:
    record = play(target)
    step = np.rint(record["image.spike_time"] / 0.5e-3).astype(int)
    cell = record["image.spike_cell"]
    assert step.min() >= 20
    assert step.max() < 120
    assert cell.min() == 5  # black pixels are silent
    late = step + 1000 * record["image.spike_trial"]
    order = np.lexsort((late, cell))
    gaps = np.diff(late[order])[np.diff(cell[order]) == 0]
    assert gaps.min() == 4  # three dead steps in between


@TARGETS
def test_rates_may_depend_on_the_index(target: str) -> None:
    counts = np.bincount(play(target, n=50)["ramp.spike_cell"], minlength=30)
    expected = 50 * 160 * np.minimum(100 * np.arange(30) * 0.5e-3, 0.9)
    expected[7] = 0
    assert counts[0] == counts[7] == 0
    assert np.all(np.abs(counts - expected) <= 5 * np.sqrt(expected + 1))


@TARGETS
def test_lists_are_played_in_every_trial(target: str) -> None:
    record = play(target, n=2)
    np.testing.assert_array_equal(record["list.spike_cell"], [3, 0, 1] * 2)
    np.testing.assert_array_equal(record["list.spike_trial"], [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(record["list.spike_time"], [0, 2e-3, 79.5e-3] * 2)


def test_trials_cells_sources_and_seeds_draw_independently() -> None:
    record = play("cpp", n=60)
    raster = np.zeros((60, 30, 160))
    step = np.rint(record["image.spike_time"] / 0.5e-3).astype(int)
    raster[record["image.spike_trial"], record["image.spike_cell"], step] = 1
    active = raster[:, 5:, 20:120]
    for flat in (active.reshape(60, -1), active.transpose(1, 0, 2).reshape(25, -1)):
        correlation = np.corrcoef(flat)[np.triu_indices(len(flat), 1)]
        assert abs(correlation.mean()) < 0.02
        assert correlation.max() < 0.2
    other = play("cpp", seed=1, n=60)
    assert not np.array_equal(other["image.spike_cell"], record["image.spike_cell"])


def test_spikes_are_a_bernoulli_process_with_dead_time() -> None:
    """Intervals are geometric beyond the dead steps."""
    steps, cells = bernoulli_spikes(np.full(300, 0.2), seed_key(3), 0, 1000, 2)
    order = np.lexsort((steps, cells))
    gaps = np.diff(steps[order])[np.diff(cells[order]) == 0] - 3
    frequency = np.bincount(gaps, minlength=40)[:6] / gaps.size
    np.testing.assert_allclose(frequency, 0.2 * 0.8 ** np.arange(6), atol=0.006)


def test_uniform_numbers() -> None:
    keys = derive_key(seed_key(1), np.arange(2000))
    assert np.unique(keys).size == 2000
    draws = np.array([uniform(keys, np.full(2000, k)) for k in range(1, 21)])
    assert draws.min() > 0
    assert draws.max() < 1
    assert draws.mean() == pytest.approx(0.5, abs=0.01)
    assert draws.var() == pytest.approx(1 / 12, abs=0.003)
    assert abs(np.corrcoef(draws[0], draws[1])[0, 1]) < 0.08
    assert seed_key(2**64 - 1) != seed_key(0)


def test_no_two_trials_of_no_two_seeds_draw_the_same() -> None:
    keys = np.concatenate([derive_key(seed_key(seed), np.arange(200)) for seed in range(200)])
    assert np.unique(keys).size == 200 * 200


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "_x"}, ValueError, r"PoissonSource.name: must be an identifier"),
        ({"n": 0}, ValueError, r"PoissonSource.n: must be a positive integer, got 0"),
        ({"dead_steps": -1}, ValueError, r"PoissonSource.dead_steps: must be a non-negative"),
        ({"rates": " "}, ValueError, r"PoissonSource.rates: must be an expression in Hz"),
        ({"rates": 5 * Hz}, ValueError, r"PoissonSource.rates: must be an expression in Hz"),
        ({"inputs": {"x": "int8"}}, ValueError, r"PoissonSource.inputs\['x'\]: must be one of"),
        ({"inputs": {"1x": "uint8"}}, ValueError, r"PoissonSource.inputs: must be an identifier"),
        ({"window": (5 * ms, 5 * ms)}, ValueError, r"onset must lie before offset"),
        ({"window": (5 * mV, 9 * mV)}, TypeError, r"PoissonSource.window: must be a quantity in"),
        ({"window": (-5 * ms, 5 * ms)}, ValueError, r"PoissonSource.window: must not be negative"),
    ],
)
def test_bad_sources(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PoissonSource(**{"name": "source", "n": 3, "rates": "5*Hz", **arguments})


def test_bad_lists() -> None:
    with pytest.raises(ValueError, match=r"SpikeListSource.n: must be a positive integer, got 0"):
        SpikeListSource(name="input", n=0)
    with pytest.raises(ValueError, match=r"SpikeListSource.name: must be an identifier"):
        SpikeListSource(name="a b", n=1)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ("pixel", "unit 1, expected hertz"),
        ("50", "unit 1, expected hertz"),
        ("pixel*volt", "unit volt, expected hertz"),
        ("200*int(t > 25*ms)", "unit 1, expected hertz"),
    ],
)
def test_rates_with_wrong_units_or_times(rates: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"PoissonSource\.rates: .*{message}"):
        PoissonSource(name="source", n=3, rates=rates, inputs={"pixel": "uint8"})


def of_rate(target: str, **arguments: Any) -> Program:
    spec = NetworkSpec(
        populations=[PoissonSource(name="source", n=3, **arguments)],
        projections=[],
        trial=Trial(duration=1 * second),
        records=[SpikeCount(population="source")],
    )
    return Program(spec, dt=1 * ms, target=target)


def test_rates_with_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"Program, source_rates: cannot compile .*unknown"):
        of_rate("numpy", rates="unknown*Hz")


def test_integers_that_single_precision_rounds_are_refused() -> None:
    program = of_rate("numpy", rates="k*Hz", shared_inputs={"k": "int32"})
    program(program.initial_state(), {"k": [2**24]})
    with pytest.raises(ValueError, match=r"inputs\['k'\]: must lie in .* with dtype='float32'"):
        program(program.initial_state(), {"k": [2**24 + 1]})


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_rates_must_be_finite_and_not_negative(target: str) -> None:
    program = of_rate(target, rates="100/level*Hz", inputs={"level": "float32"})
    state = program.initial_state()
    for bad, got in ((-1, "-100"), (-1e-6, r"-1e\+08"), (0, r"1e\+12")):
        message = (
            rf"'source'\.rates: must be finite and not negative, got {got} Hz for cell 2 in sam"
        )
        with pytest.raises(ValueError, match=message):
            program(state, {"level": [[1, 1, 1], [2, 1, bad]]})
    _, record = program(state, {"level": [[1, 0.02, 1e30]]}, seed=1)
    assert record["source.count"][0] == pytest.approx([100, 900, 0], abs=50)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"repeat_while": "unknwon > 3"}, r"Program, repeat: cannot compile .*unknwon"),
        (
            {"repeat_while": "a < 3", "on_repeat": "b += 1", "variables": {"a": 1}},
            r"Trial.on_repeat: unknown variable 'b' in 'b \+= 1'",
        ),
    ],
)
def test_trials_with_unknown_names(arguments: dict[str, Any], message: str) -> None:
    def build() -> None:
        spec = NetworkSpec(
            populations=[PoissonSource(name="source", n=3, rates="5*Hz")],
            projections=[],
            trial=Trial(duration=1 * second, **arguments),
        )
        Program(spec, dt=1 * ms, target="numpy")

    with pytest.raises(ValueError, match=message):
        build()


def test_bad_trials() -> None:
    with pytest.raises(ValueError, match=r"Trial.duration: must be positive"):
        Trial(duration=0 * ms)
    with pytest.raises(ValueError, match=r"Trial.on_repeat: needs a repeat_while condition"):
        Trial(duration=1 * ms, on_repeat="a += 1")
    with pytest.raises(TypeError, match=r"Trial.variables\['a'\]: must be a finite number"):
        Trial(duration=1 * ms, variables={"a": "1"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"SpikeCount.window: onset must lie before offset"):
        SpikeCount(population="a", window=(2 * ms, 1 * ms))
