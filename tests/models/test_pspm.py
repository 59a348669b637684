"""The network and the rule against independent transcriptions, and the manners of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import mV, nA, second, volt
from sklearn.base import clone

from bioplastic.analysis.pairing import Pairing, pair_spikes
from bioplastic.analysis.spike_distance import train_distance
from bioplastic.conformance import check_model
from bioplastic.datasets import integrate_and_fire_spikes
from bioplastic.engine import DenseProjection, NetworkSpec, Program, Trial
from bioplastic.models.pspm import (
    CONDITIONS,
    PSPMParameters,
    PSPMRegressor,
    PSPMRule,
    RecurrentNetwork,
    Task,
    _clip_signs,
    _find_pool,
    draw_task,
    pool_rule,
)
from bioplastic.signals import SpikeListSource

N, STEPS = 30, 400


def simulate_plainly(weights: np.ndarray, current: Any) -> np.ndarray:
    """The update equations of the paper's program, one step after the other."""
    leak, drive = 0.003 * 30, np.asarray(current) * 1e8
    v = np.zeros(len(weights))
    spikes = np.zeros((len(drive) + 1, len(weights)), dtype=bool)
    for t, push_in in enumerate(drive):
        spikes[t] = v > 0.03
        push = leak * (weights.T @ spikes[t] + push_in)
        v = np.where(spikes[t], push, v - leak * v + push)
    spikes[-1] = v > 0.03
    return spikes[1:]  # nobody fires at rest


@pytest.fixture(scope="module")
def task() -> Task:
    return draw_task(n=N, n_steps=STEPS, seed=3)


@pytest.fixture(scope="module")
def target(task: Task) -> np.ndarray:
    return RecurrentNetwork(N)(task.reference, task.current)


def model_for(task: Task, n_iterations: int = 12, **arguments: Any) -> PSPMRegressor:
    chosen = {"initial_weights": task.naive, "inhibitory": task.signs < 0, "control": True}
    return PSPMRegressor(n_iterations, **{**chosen, **arguments})


# ---- network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["uniform", "sparse"])
def test_simulation_equals_the_update_equations_spike_for_spike(condition: str) -> None:
    """At the published size and length; one rounding error too many would show, as D_P does."""
    task = draw_task(condition, seed=1)
    spikes = RecurrentNetwork(400)(task.reference, task.current)
    assert spikes.shape == (5000, 400)
    assert 10 < spikes.sum() / 400 < 100
    np.testing.assert_array_equal(spikes, simulate_plainly(task.reference, task.current))


def test_stock_brian2_gives_the_same_spikes(task: Task, target: np.ndarray) -> None:
    slow = RecurrentNetwork(N, target="numpy")(task.reference, task.current)
    assert target.any()
    np.testing.assert_array_equal(slow, target)


def test_published_sizes() -> None:
    p = PSPMParameters()
    assert [p.window_at(k) for k in (0, 14, 15, 134, 135, 149)] == [14, 14, 13, 6, 5, 5]
    assert p.pool_steps == 15
    assert p.window_at(99) == 8
    assert p.scaled(400) == p


# ---- rule ----------------------------------------------------------------------------------------


def test_pool_is_who_fired_in_the_window_before() -> None:
    spikes = np.random.default_rng(0).random((60, 8)) < 0.1
    for window in (1, 2, 7, 15):
        pool = _find_pool(spikes, window)
        for t in range(60):
            expected = spikes[max(0, t - window) : t].any(axis=0)
            np.testing.assert_array_equal(pool[t], expected)


class Always(np.random.Generator):
    """A generator whose integers are all 1."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):  # type: ignore[no-untyped-def]
        return np.ones(size, dtype=dtype)


def change_plainly(
    weights: np.ndarray, signs: np.ndarray, spikes: np.ndarray, pairing: Any, amount: float
) -> np.ndarray:
    """The local update as three nested loops, with the same amount for every synapse."""
    weights = weights.copy()
    for i in range(len(weights)):
        for sign, mask in ((-1, pairing.surplus), (1, pairing.missing)):
            for t in np.flatnonzero(mask[:, i]):
                if t < 15:
                    continue
                for j in np.flatnonzero(spikes[t - 15 : t].any(axis=0)):
                    weights[j, i] += sign * amount
                    if weights[j, i] * signs[j] < 0:
                        weights[j, i] = 0.0
    return weights


def replay(
    weights: np.ndarray, signs: np.ndarray, spikes: np.ndarray, pairing: Any, p: PSPMParameters,
    target: str = "cpp",
) -> np.ndarray:  # fmt: skip
    """The local update by running its equations."""

    def events(raster: np.ndarray) -> Any:
        step, cell = np.nonzero(raster)
        return [(cell, step * float(p.dt) * second)]

    network = NetworkSpec(
        populations=(SpikeListSource(name="spikes", n=N), SpikeListSource(name="errors", n=N)),
        projections=(
            DenseProjection(
                name="pool", source="spikes", target="errors", rule=pool_rule(p),
                delay=p.dt,  # the pool of an error ends with the step before it
            ),
        ),
        trial=Trial(duration=STEPS * p.dt),
    )  # fmt: skip
    program = Program(network, dt=p.dt, dtype="float64", target=target)
    start = program.initial_state() | {"pool.sign_pre": signs}
    for direction, mask in ((-1.0, pairing.surplus), (1.0, pairing.missing)):
        errors = np.where(np.arange(STEPS)[:, None] < 15, False, mask)  # their pool is not known
        state = start | {"pool.w": weights, "pool.direction": np.array(direction)}
        state, _ = program(state, {"spikes": events(spikes), "errors": events(errors)})
        weights = state["pool.w"]
    return weights


@pytest.mark.parametrize("step", [1e-6, 1e-3])  # without and with many weights at zero
def test_local_updates_equal_plain_loops_and_equations(
    task: Task, target: np.ndarray, step: float
) -> None:
    spikes = RecurrentNetwork(N)(task.naive, task.current)
    pairing = pair_spikes(spikes, target, 5)
    assert pairing.n_surplus > 20
    assert pairing.n_missing > 20
    weights = task.naive.copy()
    p = PSPMParameters(epsilon=step * volt, rho=0 * volt)
    PSPMRule(p).update(weights, spikes, pairing, task.signs, Always())
    expected = change_plainly(task.naive, task.signs, spikes, pairing, step)
    np.testing.assert_allclose(weights, expected, atol=1e-15)
    assert (weights == 0).sum() > (task.naive == 0).sum() or step < 1e-4
    one = p.with_values(levels=1)
    for kind in ("cpp", "numpy"):
        replayed = replay(task.naive, task.signs, spikes, pairing, one, kind)
        np.testing.assert_array_equal(replayed, weights)


def test_amounts_are_uniform_on_ten_levels(task: Task, target: np.ndarray) -> None:
    """Computed, for one error of each cell; by the equations, their mean over many."""
    spikes = RecurrentNetwork(N)(task.naive, task.current)
    p = PSPMParameters(epsilon=1e-6 * volt, rho=0 * volt)  # compiled already, but for the levels
    late = np.zeros((STEPS, N), bool)
    late[-1] = True
    spikes[-15:] = True  # all cells are in the pool
    one = Pairing(late, np.zeros_like(late), np.zeros(N, int), np.zeros(N, int))
    start = np.ones((N, N))  # far from zero
    weights = start.copy()
    PSPMRule(p).update(weights, spikes, one, np.ones(N), np.random.default_rng(0))
    share = np.bincount(np.rint((1 - weights) / 1e-6).astype(int).ravel(), minlength=10) / N**2
    assert share.size == 10
    np.testing.assert_allclose(share, 0.1, atol=4 * np.sqrt(0.09 / N**2))
    pairing = pair_spikes(spikes, target, 2)
    number, units = (
        (start - replay(start, np.ones(N), spikes, one_sided(pairing), each)).sum() / 1e-6
        for each in (p.with_values(levels=1), p)
    )
    assert number > 400
    assert units / number == pytest.approx(4.5, abs=4 * np.sqrt(8.25 / number))


def one_sided(pairing: Pairing) -> Pairing:
    return Pairing(pairing.surplus, 0 * pairing.missing, pairing.n_pairs, pairing.cost)


def test_the_control_gets_the_same_amounts_at_random_places(task: Task, target: np.ndarray) -> None:
    spikes = RecurrentNetwork(N)(task.naive, task.current)
    learned, control = np.full((2, N, N), 1.0)  # far from zero: no change is cut
    rule, rng = PSPMRule(PSPMParameters(rho=0 * volt)), np.random.default_rng(0)
    pairing = pair_spikes(spikes, target, 5)
    rule.update(learned, spikes, pairing, np.ones(N), rng, control=control)
    assert (learned - 1).sum() == pytest.approx((control - 1).sum(), abs=1e-12)
    assert np.abs(learned - 1).sum() > 1e-4
    by_row = (control != 1).mean(axis=1)
    assert by_row.min() > 0.3 * by_row.mean() > 0.1
    assert abs(np.corrcoef(learned.ravel(), control.ravel())[0, 1]) < 0.2


def test_homeostasis_is_one_number_for_all_and_keeps_signs() -> None:
    signs = np.array([1.0, -1.0])
    weights = np.array([[1e-3, 0.0], [-1e-3, -1e-9]])
    silent, missing = np.zeros((1000, 2), bool), np.zeros((1000, 2), bool)
    missing[:, 0] = True
    pairing = Pairing(silent, missing, np.zeros(2, int), np.zeros(2, int))
    rule = PSPMRule(PSPMParameters(epsilon=0 * volt))
    rule.update(weights, silent, pairing, signs, np.random.default_rng(0))
    np.testing.assert_allclose(weights, [[1e-3 + 5e-8, 5e-8], [-1e-3 + 5e-8, 0.0]], atol=1e-18)
    wrong = np.array([[-1.0, 1.0], [1.0, -1.0]])
    _clip_signs(wrong, signs)
    assert wrong.tolist() == [[0.0, 1.0], [0.0, -1.0]]


def test_the_rule_is_local() -> None:
    report = str(pool_rule().audit())
    assert report.startswith("presynaptic-pool: local with modulator")
    assert "NON-LOCAL" not in report


# ---- model ---------------------------------------------------------------------------------------


def test_learning_approaches_the_target_and_the_control_does_not() -> None:
    task = draw_task("gaussian", n=100, n_steps=1500, seed=4)
    target = RecurrentNetwork(100)(task.reference, task.current)
    model = model_for(task, 60).fit(task.current, target)
    distances = {
        which: train_distance(target, model.predict(task.current, which=which))
        for which in ("initial", "learned", "control")
    }
    assert distances["learned"] < 0.5 * distances["initial"]
    assert distances["control"] > 0.85 * distances["initial"]
    assert model.score(task.current, target) > 0.8
    assert model.score(task.current, model.predict(task.current)) == 1.0
    assert (model.weights_ * task.signs[:, None] >= 0).all()
    assert (model.control_weights_ * task.signs[:, None] >= 0).all()


def test_one_seed_fixes_everything(task: Task, target: np.ndarray) -> None:
    one, two, other = (
        PSPMRegressor(4, random_state=seed).fit(task.current, target) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.weights_, two.weights_)
    assert not np.array_equal(one.initial_weights_, other.initial_weights_)
    assert one.control_weights_ is None


def test_resumed_learning_equals_uninterrupted(
    task: Task, target: np.ndarray, tmp_path: Path
) -> None:
    whole = model_for(task).fit(task.current, target)
    half = model_for(task, 5).fit(task.current, target)
    path = half.save(tmp_path / "half")
    loaded = PSPMRegressor.load(path)
    for _ in range(7):
        loaded.partial_fit(task.current, target)
    assert loaded.n_iter_ == whole.n_iter_ == 12
    for name in ("weights_", "control_weights_", "initial_weights_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(whole, name))
    for name, values in whole.history_.items():
        np.testing.assert_array_equal(loaded.history_[name], values)
    assert clone(loaded).fit(task.current, target).n_iter_ == 5


def test_history_is_that_of_the_networks_before_each_change(task: Task, target: np.ndarray) -> None:
    model = model_for(task, 1).fit(task.current, target)
    spikes = model.predict(task.current, which="initial")
    pairing = pair_spikes(spikes, target, 14)
    history = {name: values.tolist() for name, values in model.history_.items()}
    assert history == {
        "window": [14],
        "surplus": [pairing.n_surplus],
        "missing": [pairing.n_missing],
        "spikes": [int(spikes.sum())],
    }


def test_ablations(task: Task, target: np.ndarray) -> None:
    """Without local steps learner and control stay the same; without homeostasis totals differ."""
    p = PSPMParameters().scaled(N)
    alone = model_for(task, 3, parameters=p.with_values(epsilon=0 * volt))
    alone.fit(task.current, target)
    np.testing.assert_array_equal(alone.weights_, alone.control_weights_)
    assert not np.array_equal(alone.weights_, task.naive)
    frozen = p.with_values(epsilon=0 * volt, rho=0 * volt)
    model = model_for(task, 3, parameters=frozen).fit(task.current, target)
    np.testing.assert_array_equal(model.weights_, task.naive)


def test_early_stop(task: Task, target: np.ndarray) -> None:
    model = model_for(task, 50, initial_weights=task.reference).fit(task.current, target)
    assert model.n_iter_ == 1  # every spike is paired at once
    frozen = PSPMParameters().with_values(epsilon=0 * volt, rho=0 * volt)
    stuck = model_for(task, 50, parameters=frozen, patience=4).fit(task.current, target)
    assert stuck.n_iter_ == 5


def test_targets_may_be_times(task: Task, target: np.ndarray) -> None:
    times = [(np.flatnonzero(target[:, cell]) + 0.5) * 0.003 for cell in range(N)]
    expected = model_for(task, 2).fit(task.current, target).weights_
    np.testing.assert_array_equal(model_for(task, 2).fit(task.current, times).weights_, expected)
    neo = pytest.importorskip("neo")
    trains = [neo.SpikeTrain(t, units="s", t_stop=STEPS * 0.003) for t in times]
    np.testing.assert_array_equal(model_for(task, 2).fit(task.current, trains).weights_, expected)


def test_wrong_arguments(task: Task, target: np.ndarray) -> None:
    with pytest.raises(TypeError, match=r"PSPMRegressor\.X: must be a current"):
        model_for(task).fit(np.ones((STEPS, N)) * mV, target)
    with pytest.raises(ValueError, match="one train per column of X, 30, got 29"):
        model_for(task).fit(task.current, target[:, 1:])
    with pytest.raises(ValueError, match=r"PSPMRegressor\.initial_weights: must have shape"):
        model_for(task, initial_weights=np.ones((3, 3))).fit(task.current, target)
    model = model_for(task, 1, control=False).fit(task.current, target)
    with pytest.raises(ValueError, match="control=True"):
        model.predict(task.current, which="control")
    with pytest.raises(ValueError, match=r"PSPMRegressor.X: .*expecting 30 features"):
        model.predict(np.ones((5, 3)) * nA)
    with pytest.raises(ValueError, match="must be at least one time step"):
        PSPMParameters(pool_window=0.1 * PSPMParameters().dt)


def test_conformance(task: Task, target: np.ndarray) -> None:
    model = model_for(task, 2, inhibitory=0.2, initial_weights="uniform")
    skip = {"silence": "homeostasis adds the spikes that the network lacks",
            "pieces": "a pass runs the network from rest: parts are other runs"}  # fmt: skip
    assert check_model(model, np.asarray(task.current), target.astype(float), skip=skip).passed


# ---- tasks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", CONDITIONS)
def test_weights_of_the_conditions(condition: str) -> None:
    task = draw_task(condition, n=400, n_steps=5, seed=2)
    assert (task.signs < 0).sum() == 80
    for weights in (task.reference, task.naive):
        assert (weights * task.signs[:, None] >= 0).all()
    sizes = [1e3 * np.abs(weights) for weights in (task.reference, task.naive)]
    expected = {
        "uniform": (0.749, 0.749),
        "gaussian": (0.433, 0.433),
        "sparse": (0.375, 0.749),
        "half_max": (0.749, 0.375),
    }[condition]
    assert [size.mean() for size in sizes] == pytest.approx(expected, rel=0.01)
    assert abs(np.corrcoef(sizes[0].ravel(), sizes[1].ravel())[0, 1]) < 0.01
    current = np.asarray(task.current) * 1e9
    assert current.mean() == pytest.approx(0.25, abs=0.01)
    assert current.std() == pytest.approx(0.1, abs=0.01)


def test_pif_activity_follows_the_branching_parameter() -> None:
    """Below criticality the mean activity is external/(1 - lambda) per cell."""
    spikes = integrate_and_fire_spikes(
        200, 20_000, largest_eigenvalue=0.8, connectivity=0.5, external=0.002, seed=1
    )
    assert spikes.mean() == pytest.approx(0.002 / 0.2, rel=0.15)
    silent = integrate_and_fire_spikes(50, 100, external=0.0, connectivity=0.5)
    assert not silent.any()
