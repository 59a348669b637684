"""Exact decays beside other methods."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import Equations, ms, mV

from bioplastic.equations import solve_decay
from bioplastic.neurons import NeuronModel, StepMethod, euler_decay


@pytest.fixture(autouse=True)
def _numpy_target():
    b2.prefs.codegen.target = "numpy"


def run(group, duration):
    b2.Network(group).run(duration, namespace={})
    return group


@pytest.mark.parametrize("method", ["euler+decay", "euler", "exponential_euler", "rk4", "exact"])
def test_traces_decay_exactly_whatever_the_method(method):
    model = NeuronModel(
        name="m", equations="dv/dt = -v/tau : 1", method=method, parameters={"tau": 7 * ms}
    )
    group = model.group(
        1,
        dt=1 * ms,
        extra_equations="dx/dt = -x/tau_x : 1\ndz/dt = (2 - z)/tau_x : 1",
        extra_parameters={"tau_x": 5 * ms},
    )
    group.x = 1.0
    run(group, 10 * ms)
    assert group.x[0] == pytest.approx(np.exp(-2), rel=1e-13)
    assert group.z[0] == pytest.approx(2 - 2 * np.exp(-2), rel=1e-13)


def test_right_hand_sides_see_the_beginning_of_the_step():
    equations = """dv/dt = (g - v)/tau : 1
                   dg/dt = -g/tau : 1"""
    model = NeuronModel(
        name="m", equations=equations, method="euler+decay", parameters={"tau": 10 * ms}
    )
    group = model.group(1, dt=1 * ms)
    group.g, group.v = 1.0, 0.5
    v, g = 0.5, 1.0
    for _ in range(5):
        v, g = v + 0.1 * (g - v), g * np.exp(-0.1)
    run(group, 5 * ms)
    assert group.v[0] == pytest.approx(v, rel=1e-13)
    assert group.g[0] == pytest.approx(g, rel=1e-13)


def test_a_trace_that_follows_the_neuron_uses_the_value_before_the_step():
    model = NeuronModel(name="m", equations="dv/dt = -v/tau : 1", parameters={"tau": 10 * ms})
    group = model.group(1, dt=1 * ms, extra_equations="dz/dt = (v - z)/tau : 1")
    group.v = 1.0
    v, z = 1.0, 0.0
    for _ in range(3):
        v, z = v - 0.1 * v, z + 0.1 * (v - z)
    run(group, 3 * ms)
    assert group.z[0] == pytest.approx(z, rel=1e-13)


def test_subexpressions_are_substituted():
    code = euler_decay(Equations("dx/dt = -rate*x : 1\nrate = 1/tau : Hz"))
    assert "exp(" in code
    code = euler_decay(Equations("dx/dt = -rate*x : 1\nrate = y/tau : Hz\ndy/dt = -x/tau : 1"))
    assert "exp(" not in code


def test_additive_noise_has_the_right_variance_and_multiplicative_noise_is_refused():
    model = NeuronModel(
        name="ou",
        equations="dv/dt = -v/tau + sigma*(2/tau)**0.5*xi : 1",
        method="euler+decay",
        parameters={"tau": 5 * ms, "sigma": 0.3},
    )
    b2.seed(1)
    group = run(model.group(4000, dt=0.1 * ms), 30 * ms)
    assert np.std(group.v[:]) == pytest.approx(0.3, rel=0.06)
    with pytest.raises(ValueError, match="'m', method: 'euler\\+decay' cannot integrate multiplic"):
        NeuronModel(
            name="m",
            equations="dv/dt = -v/tau + v*(2/tau)**0.5*xi : 1",
            method="euler+decay",
            parameters={"tau": 5 * ms},
        )


def test_update_is_not_written_while_refractory():
    model = NeuronModel(
        name="m",
        equations="dv/dt = 0*mV/ms : volt (unless refractory)",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        update="v += 4*mV",
    )
    group = model.group(1, dt=1 * ms)
    monitor = b2.StateMonitor(group, "v", record=True, when="end", clock=group.clock)
    b2.Network(group, monitor).run(6 * ms, namespace={})
    np.testing.assert_allclose(monitor.v[0] / mV, [4, 8, 0, 0, 4, 8])


@pytest.mark.parametrize(
    ("expression", "decay"),
    [
        ("-x/tau", ("-1/tau", None)),
        ("-x/tau - x/tau2", True),
        ("(v - x)/tau", False),
        ("-x*x/tau", False),
        ("-x*t/tau", False),
        ("-x/tau + rand()/tau", False),
        ("1/tau", False),
    ],
)
def test_solve_decay(expression, decay):
    solution = solve_decay("x", expression, ["v"])
    if isinstance(decay, tuple):
        assert solution == decay
    else:
        assert (solution is not None) is decay


def test_offset_divided_by_a_runtime_rate_is_left_to_euler():
    """``(c - s x)/tau`` with a switch ``s`` would divide by zero when ``s`` is off."""
    assert solve_decay("x", "(c - s*x)/tau", [], constant=["c", "tau"]) is None
    assert solve_decay("x", "(c - s*x)/tau", [], constant=["c", "tau", "s"]) is not None


def test_sums_of_rates_keep_their_value():
    method = StepMethod()
    code = method(Equations("dx/dt = -x/tau_a - x/tau_b : 1"))
    namespace = {"x": 1.0, "dt": 1.0, "tau_a": 2.0, "tau_b": 4.0, "exp": np.exp}
    exec(code, namespace)
    assert namespace["x"] == pytest.approx(np.exp(-0.75))
