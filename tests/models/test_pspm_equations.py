"""The local update as a plasticity rule: run by the engine, equal to the computed one, local."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import volt

from bioplastic.analysis.pairing import pair_spikes
from bioplastic.models.pspm import PSPMParameters, PSPMRule, RecurrentNetwork, Task, draw_task
from bioplastic.models.pspm.equations import pool_rule, replay_errors
from bioplastic.models.pspm.network import to_drive

N, STEPS = 30, 400


class _Ones(np.random.Generator):
    """A generator whose integers are all 1."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):  # type: ignore[no-untyped-def]
        return np.ones(size, dtype=dtype)


@pytest.fixture(scope="module")
def task() -> Task:
    return draw_task(n=N, n_steps=STEPS, seed=3)


@pytest.fixture(scope="module")
def rasters(task: Task) -> tuple[np.ndarray, np.ndarray]:
    network = RecurrentNetwork(N)
    drive = to_drive("task.current", task.current, PSPMParameters().resistance)
    return network(task.naive, drive), network(task.reference, drive)


@pytest.mark.parametrize("target", ["cpp", "numpy"])
@pytest.mark.parametrize("step", [1e-6, 1e-3])  # without and with many weights at zero
def test_equations_and_computation_agree_bit_for_bit(
    task: Task, rasters: tuple[np.ndarray, np.ndarray], step: float, target: str
) -> None:
    spikes, wanted = rasters
    pairing = pair_spikes(spikes, wanted, 5)
    weights = task.naive.copy()
    rule = PSPMRule(PSPMParameters(epsilon=step * volt))
    for changes in rule.local_changes(spikes, pairing, _Ones()):
        rule.apply(weights, changes, task.signs)
    replayed = replay_errors(
        task.naive,
        spikes,
        pairing.surplus,
        pairing.missing,
        task.signs,
        PSPMParameters(epsilon=step * volt, levels=1),
        target=target,
    )
    assert np.count_nonzero(weights != task.naive) > 100
    np.testing.assert_array_equal(replayed, weights)


def test_random_amounts_have_the_same_mean(
    task: Task, rasters: tuple[np.ndarray, np.ndarray]
) -> None:
    spikes, wanted = rasters
    pairing = pair_spikes(spikes, wanted, 2)
    p = PSPMParameters()
    start = 1.0 * task.signs[:, None] * np.ones((N, N))  # far from zero
    unit = replay_errors(
        start, spikes, pairing.surplus, 0 * wanted, task.signs, PSPMParameters(levels=1)
    )
    drawn = replay_errors(start, spikes, pairing.surplus, 0 * wanted, task.signs, p)
    number = (start - unit).sum() / float(p.epsilon)
    units = (start - drawn).sum() / float(p.epsilon)
    assert number > 400
    assert units / number == pytest.approx(4.5, abs=4 * np.sqrt(8.25 / number))


def test_the_rule_is_local() -> None:
    report = str(pool_rule().audit())
    assert report.startswith("presynaptic-pool: local with modulator")
    assert "NON-LOCAL" not in report
