"""Izhikevich and theta neurons against hand-written recursions and closed forms."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, pA, second

from bioplastic.neurons import (
    IZHIKEVICH_2007,
    izhikevich_2003,
    izhikevich_2003_excitatory,
    izhikevich_2003_inhibitory,
    izhikevich_2007,
    theta_neuron,
)


@pytest.fixture(autouse=True)
def _numpy_target():
    b2.prefs.codegen.target = "numpy"


def test_half_step_scheme_of_2003():
    group = izhikevich_2003().group(1, dt=1 * ms)
    group.i_in = 10.0
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(300 * ms, namespace={})
    v, u, times = -65.0, -13.0, []
    for step in range(300):
        for _ in range(2):
            v = np.clip(v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + 10), -100, 30)
        u += 0.02 * (0.2 * v - u)
        if v >= 30:
            times.append(step)
            v, u = -65.0, u + 8
    np.testing.assert_allclose(monitor.t / ms, times)
    assert len(times) > 3


def test_heterogeneous_cells_share_one_random_number():
    excitatory = izhikevich_2003_excitatory().group(50, seed=1)
    r = excitatory.r[:]
    np.testing.assert_allclose(excitatory.c[:], -65 + 15 * r**2)
    np.testing.assert_allclose(excitatory.d[:], 8 - 6 * r**2)
    inhibitory = izhikevich_2003_inhibitory().group(50, seed=1)
    np.testing.assert_allclose(inhibitory.a[:], 0.02 + 0.08 * inhibitory.r[:])
    np.testing.assert_allclose(inhibitory.b[:], 0.25 - 0.05 * inhibitory.r[:])
    b2.Network(excitatory, inhibitory)


@pytest.mark.parametrize("cell", sorted(IZHIKEVICH_2007))
def test_rheobase_of_2007(cell):
    """Silent below, firing above the current at which the fixed points of (v, u) meet."""
    value = IZHIKEVICH_2007[cell]
    k, b, gap = value["k"], value["b"], value["v_t"] - value["v_r"]
    # k x (x - gap) - b x + I = 0 with x = v - v_r loses its roots at I = (k gap + b)^2 / (4 k).
    rheobase = (k * gap + b) ** 2 / (4 * k)
    if b > 0:  # the resonant cells lose stability by a Hopf bifurcation, earlier
        rheobase *= 0.8
    group = izhikevich_2007(cell).group(2, dt=0.2 * ms)
    group.i_in = np.array([0.7, 1.5]) * rheobase * pA
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(400 * ms, namespace={})
    assert monitor.count[0] == 0
    assert monitor.count[1] > 2


def test_rheobase_of_the_force_cell_is_one_nanoampere():
    value = IZHIKEVICH_2007["force"]
    gap = value["v_t"] - value["v_r"]
    assert (value["k"] * gap + value["b"]) ** 2 / (4 * value["k"]) == pytest.approx(1000)


def test_unknown_cell_type():
    with pytest.raises(ValueError, match=r"izhikevich_2007.cell: must be one of"):
        izhikevich_2007("regular")


def test_theta_neuron_fires_with_the_square_root_of_its_input():
    group = theta_neuron().group(2, dt=1 * ms)
    group.i_in = [25.0, 100.0]
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(2 * second, namespace={})
    np.testing.assert_allclose(monitor.count, [10, 20], atol=2)
