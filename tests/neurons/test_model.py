"""Neuron models as data: what they accept, what they refuse and how they say so."""

from __future__ import annotations

import copy
import pickle

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.neurons import NeuronModel, adaptive_conductance_lif, build_group

GOOD = {
    "name": "leaky",
    "equations": "dv/dt = (v_rest - v)/tau : volt (unless refractory)",
    "threshold": "v > v_t",
    "reset": "v = v_rest",
    "refractory": 2 * ms,
    "parameters": {"tau": 10 * ms, "v_rest": -65 * mV, "v_t": -50 * mV},
    "initial": {"v": -65 * mV},
}


@pytest.fixture(autouse=True)
def _numpy_target():
    b2.prefs.codegen.target = "numpy"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equations": "dv/dt = (v_rset - v)/tau : volt"}, r"equations: unknown variable 'v_rset'"),
        ({"equations": "dv/dt = (v_rest - v) : volt"}, r"equations: wrong unit in 'dv/dt"),
        ({"equations": "dv/dt = (v_rest - v/tau : volt"}, r"equations: "),
        ({"equations": "dv/dt = (v_rest - v)/tau"}, r"equations: cannot read"),
        (
            {"equations": GOOD["equations"] + "\nx_pre : 1"},
            r"equations: 'x_pre' ends in _pre or _post",
        ),
        ({"equations": GOOD["equations"] + "\ntau : second"}, r"parameters: 'tau' is already"),
        ({"threshold": "v > vt"}, r"threshold: unknown variable 'vt' \(did you mean 'v_t'\?\)"),
        ({"threshold": "v + v_t"}, r"threshold: 'v \+ v_t' is not a condition"),
        ({"threshold": "v > tau"}, r"threshold: wrong unit"),
        ({"threshold": None}, r"reset: needs a threshold"),
        ({"reset": "v = 0"}, r"reset: wrong unit in 'v = 0': '0' has unit 1, expected volt"),
        ({"reset": "tau = 3*ms"}, r"reset: cannot assign to parameter 'tau'"),
        ({"reset": "vv = v_rest"}, r"reset: unknown variable 'vv'"),
        ({"reset": "v == v_rest"}, r"reset: cannot read statement"),
        ({"update": "v = clip(v, -100*mV, vmax)"}, r"update: unknown variable 'vmax'"),
        ({"refractory": 2 * mV}, r"refractory: must be"),
        ({"refractory": "tau + v"}, r"refractory: wrong unit"),
        ({"refractory": -1 * ms}, r"refractory: must be one non-negative"),
        ({"method": "eulr"}, r"method: unknown method 'eulr' \(did you mean 'euler'\?\)"),
        ({"initial": {"u": 0}}, r"initial: unknown state variable 'u'"),
        ({"initial": {"v": -65}}, r"initial: 'v' has unit 1, expected volt"),
        ({"initial": {"v": np.nan * mV}}, r"initial: 'v' must not be NaN"),
        ({"parameters": {**GOOD["parameters"], "tua": 3 * ms}}, r"unknown parameter 'tua'"),
        ({"parameters": {**GOOD["parameters"], "tau": "10*ms"}}, r"'tau' must be a number"),
        ({"parameters": {**GOOD["parameters"], "ms": 3.0}}, r"the name 'ms' is taken"),
    ],
)
def test_errors_name_model_slot_and_token(change, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        NeuronModel(**{**GOOD, **change})
    assert str(caught.value).startswith("NeuronModel 'leaky', ")


def test_overrides_are_checked():
    model = NeuronModel(**GOOD)
    assert model.with_parameters(tau=20 * ms).parameters["tau"] == 20 * ms
    assert model.parameters["tau"] == 10 * ms
    with pytest.raises(ValueError, match=r"'leaky', parameters: unknown parameter 'taux'"):
        model.with_parameters(taux=1 * ms)
    with pytest.raises(ValueError, match="wrong unit"):
        model.with_parameters(tau=1 * mV)
    with pytest.raises(ValueError, match="unknown state variable 'vv'"):
        model.with_initial(vv=1)


def test_temporaries_are_allowed_where_they_are_read():
    model = NeuronModel(**{**GOOD, "reset": "jump = v_rest - v; v += jump"})
    assert model.reset is not None


def test_models_are_values():
    model = adaptive_conductance_lif()
    assert model == adaptive_conductance_lif()
    assert hash(model) == hash(adaptive_conductance_lif())
    assert model != model.with_parameters(tau=20 * ms)
    assert pickle.loads(pickle.dumps(model)) == model
    assert copy.deepcopy(model) == model
    with pytest.raises(TypeError):
        model.parameters["tau"] = 1 * ms


def test_initial_values_from_function_array_and_scalar():
    model = NeuronModel(**GOOD).with_initial(v=lambda rng, n: rng.uniform(-70, -60, n) * mV)
    one, two = model.group(5, seed=3), model.group(5, seed=3)
    np.testing.assert_array_equal(one.v[:], two.v[:])
    assert np.ptp(one.v[:]) > 0 * mV
    with pytest.raises(ValueError, match="needs a random generator"):
        model.group(5)
    with pytest.raises(
        ValueError, match=r"must be a scalar or have shape \(4,\), got shape \(3,\)"
    ):
        model.with_initial(v=np.zeros(3) * mV).group(4)
    b2.Network(one, two)


def test_group_does_not_look_into_the_callers_frame():
    tau = 1 * b2.second  # a trap: the model has its own tau
    group = NeuronModel(**GOOD).with_initial(v=0 * mV).group(1, dt=0.1 * ms)
    group.v = -60 * mV
    network = b2.Network(group)
    network.run(1 * ms, namespace={"tau": tau})
    assert group.v[0] < -60.01 * mV


def test_float32_groups():
    group = adaptive_conductance_lif().group(2, dtype=np.float32)
    assert group.variables["v"].dtype == np.float32
    b2.Network(group)


def test_build_group_refuses_clashing_names():
    model = NeuronModel(**GOOD)
    with pytest.raises(ValueError, match="'v' is already a name"):
        build_group(model, 1, extra_equations="v : 1")
    with pytest.raises(ValueError, match="parameter 'tau' is"):
        build_group(
            model, 1, extra_equations="dx/dt = -x/tau : 1", extra_parameters={"tau": 1 * ms}
        )
    with pytest.raises(ValueError, match="must be a positive integer"):
        build_group(model, 0)


def test_update_runs_every_step_without_any_differential_equation():
    model = NeuronModel(
        name="counter",
        equations="v : 1",
        threshold="v >= 3",
        reset="v -= 3",
        update="v += 1",
    )
    group = model.group(1, dt=1 * ms)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(12 * ms, namespace={})
    np.testing.assert_allclose(monitor.t / ms, [2, 5, 8, 11])
