"""Linear equations with equal and nearly equal rates: the limit of the closed form."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms, second
from scipy.linalg import expm

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    StateRecord,
    Trial,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource

GAPS = [0, 1e-14, 1e-9, 1e-6, 1e-3, 0.05, 0.5, 3.0]


def exact(rates, duration):
    """Return the last variable of a cascade x' = -k_1 x, y' = k_2 (x - y), ... from x = 1."""
    k = np.array(rates)
    system = np.diag(-k) + np.diag(k[1:], -1)
    return expm(system * duration)[-1, 0]


def cascade(n, flag=""):
    lines = [f"dx0/dt = -x0/tau0 : 1 {flag}"]
    lines += [f"dx{m}/dt = (x{m - 1} - x{m})/tau{m} : 1 {flag}" for m in range(1, n)]
    return "\n".join(lines)


def times(n, gap, step):
    """Return time constants: all apart by ``gap``, or (step > 0) in two equal groups."""
    return [20.0 * (1 + gap * (m // step if step else m)) for m in range(n)]


@pytest.mark.parametrize(("target", "n"), [("numpy", 2), ("numpy", 4), ("cpp", 3)])
def test_event_driven_cascades(target, n):
    """One rule per gap, all in one network."""
    cases = [(gap, step) for gap in GAPS for step in (0, 2)]
    projections = []
    for number, (gap, step) in enumerate(cases):
        rule = PlasticityRule(
            name=f"r{number}",
            synapse=f"w : 1\n{cascade(n, '(event-driven)')}",
            on_pre="x0 += 1",
            on_post=f"w += x{n - 1}",
            parameters={f"tau{m}": tau * ms for m, tau in enumerate(times(n, gap, step))},
        )
        projections.append(DenseProjection(name=f"p{number}", source="a", target="b", rule=rule))
    network = NetworkSpec(
        populations=[SpikeListSource(name="a", n=1), SpikeListSource(name="b", n=1)],
        projections=projections,
        trial=Trial(duration=2 * second),
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    spikes = {"a": [([0], [10] * ms)], "b": [([0, 0], [50, 1800] * ms)]}
    state = program(program.initial_state(), spikes)[0]
    for number, (gap, step) in enumerate(cases):
        rates = [1 / tau for tau in times(n, gap, step)]
        wanted = exact(rates, 40) + exact(rates, 1790)
        assert state[f"p{number}.w"][0, 0] == pytest.approx(wanted, rel=1e-9), (gap, step)


@pytest.mark.parametrize(("target", "n"), [("numpy", 2), ("cpp", 3)])
def test_exact_integration_of_cells(target, n):
    cases = [(gap, step) for gap in GAPS for step in (0, 2)]
    names = [f"c{number}" for number in range(len(cases))]
    network = NetworkSpec(
        populations=[
            Population(
                name=name,
                n=1,
                model=NeuronModel(
                    name=name,
                    equations=cascade(n),
                    method="exact",
                    parameters={f"tau{m}": tau * ms for m, tau in enumerate(times(n, *case))},
                    initial={"x0": 1.0},
                ),
            )
            for name, case in zip(names, cases, strict=True)
        ],
        projections=[],
        trial=Trial(duration=30 * ms),
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    state = program(program.initial_state(), n_samples=1)[0]
    for name, case in zip(names, cases, strict=True):
        wanted = exact([1 / tau for tau in times(n, *case)], 30)
        assert state[f"{name}.x{n - 1}"][0] == pytest.approx(wanted, rel=1e-9), case


SINGULAR = {
    # equations, parameters, initial values, and v after 10 ms
    "no leak": ("dv/dt = (i_in - k*v)/ms : 1", {"k": 0.0, "i_in": 0.5}, {"v": 1.0}, 6.0),
    "a little leak": (
        "dv/dt = (i_in - k*v)/ms : 1",
        {"k": 1e-13, "i_in": 0.5},
        {"v": 1.0},
        6.0,
    ),
    "critical damping": (
        "dv/dt = u/tau : 1\ndu/dt = -(v + 2*u)/tau : 1",
        {"tau": 5 * ms},
        {"v": 1.0},
        3 * np.exp(-2),
    ),
    "oscillation": (
        "dv/dt = u/tau : 1\ndu/dt = -v/tau : 1",
        {"tau": 5 * ms},
        {"v": 1.0},
        np.cos(2),
    ),
    "a time constant per cell": (
        "dv/dt = (u - v)/tau : 1\ndu/dt = -u/tau_u : 1\ntau : second (constant)",
        {"tau_u": 5 * ms},
        {"u": 1.0, "tau": 5 * ms},
        2 * np.exp(-2),
    ),
}


@pytest.mark.parametrize("target", ["numpy", "cpp"])
@pytest.mark.parametrize("feedback", [0.0, 0.7])
def test_frozen_variables_stand_still_for_those_that_see_them(feedback, target):
    """The cell fires in step 2 and is frozen for 3 steps; adaptation goes on and sees it."""
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = (3 - v - f*a)/tau : 1 (unless refractory)\n"
        "da/dt = (v - a)/tau_a : 1\ndb/dt = (a - b)/tau_a : 1",
        threshold="v > 1.2", reset="v = -1", refractory=3 * ms, method="exact",
        parameters={"f": feedback, "tau": 5 * ms, "tau_a": 12 * ms},
    )  # fmt: skip
    network = NetworkSpec(
        populations=[Population(name="cell", n=1, model=cell)], projections=[],
        trial=Trial(duration=9 * ms), records=[StateRecord(population="cell", variable="b")],
    )  # fmt: skip
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    found = program(program.initial_state(), n_samples=1)[1]["cell.b"].ravel()
    system = np.array(
        [[-1 / 5, -feedback / 5, 0, 3 / 5], [1 / 12, -1 / 12, 0, 0], [0, 1 / 12, -1 / 12, 0]]
    )
    state, left, wanted = np.array([0.0, 0.0, 0.0, 1.0]), 0, []
    for _ in range(9):
        step = np.vstack([system, np.zeros(4)])
        if left > 1:
            step[0] = 0
        left = max(left - 1, 0)
        state = expm(step) @ state
        wanted.append(state[2])
        if not left and state[0] > 1.2:
            state[0], left = -1.0, 3
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


@pytest.mark.parametrize("name", SINGULAR)
def test_forms_that_divide_by_zero(name):
    equations, parameters, initial, wanted = SINGULAR[name]
    model = NeuronModel(
        name="m", equations=equations, method="exact", parameters=parameters, initial=initial
    )
    network = NetworkSpec(
        populations=[Population(name="c", n=1, model=model)],
        projections=[],
        trial=Trial(duration=10 * ms),
    )
    program = Program(network, dt=0.5 * ms, dtype="float64", target="numpy")
    state = program(program.initial_state(), n_samples=1)[0]
    assert state["c.v"][0] == pytest.approx(wanted, rel=1e-10)


def test_a_decay_without_rate_is_a_drift():
    model = NeuronModel(name="m", equations="dv/dt = (a - k*v)/ms : 1", parameters=dict(a=1, k=0))
    network = NetworkSpec(
        populations=[Population(name="c", n=1, model=model)],
        projections=[],
        trial=Trial(duration=10 * ms),
    )
    program = Program(network, dt=0.5 * ms, dtype="float64", target="numpy")
    assert program(program.initial_state(), n_samples=1)[0]["c.v"][0] == pytest.approx(10)


@pytest.mark.parametrize("method", ["exact", "linear", "exponential_euler"])
def test_methods_that_cannot_integrate_name_the_line(method):
    quadratic = "dv/dt = (v**2 - v)/tau : 1"
    with pytest.raises(ValueError, match=r"NeuronModel 'm', equations: method") as caught:
        NeuronModel(
            name="m", equations=f"du/dt = -u/tau : 1\n{quadratic}", method=method,
            parameters={"tau": 5 * ms},
        )  # fmt: skip
    assert "'dv/dt = (v**2 - v)/tau'" in str(caught.value)


@pytest.mark.parametrize(
    "right", ["-c**2/tau", "-int(c > 1)*c/tau", "-c*d/tau", "exp(-c)/tau", "-c*sqrt(d)/tau"]
)
def test_event_driven_equations_that_cannot_be_solved_name_the_line(right):
    line = f"dc/dt = {right}"
    with pytest.raises(ValueError, match=r"PlasticityRule 'r', synapse: cannot solve") as caught:
        PlasticityRule(
            name="r",
            synapse=f"w : 1\ndd/dt = -d/tau : 1 (event-driven)\n{line} : 1 (event-driven)",
            on_pre="c += 1; d += 1",
            parameters={"tau": 5 * ms},
        )
    assert repr(line) in str(caught.value)


def test_windows_of_equations_with_a_threshold():
    rule = PlasticityRule(
        name="r",
        pre="dx_pre/dt = -int(x_pre > 0.5)*x_pre/tau : 1",
        on_pre="x_pre = 1",
        on_post="w += x_pre",
        parameters={"tau": 20 * ms},
    )
    found = rule.window([5, 10, 40] * ms)
    np.testing.assert_allclose(found, [np.exp(-0.25), np.exp(-0.5), 0.5], rtol=1e-4)
