"""Expressions mean on both targets, and interpreted, what they mean on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from brian2 import ms, mV
from scipy.special import exprel

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.engine.projections import SparseProjection, UniformProjection
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, SynapseInterpreter
from bioplastic.signals import AnalogueSource, PoissonSource, SpikeListSource

#: Expression over i, j (cells), n = 7 (an integer variable), w = 0.3, and its value on paper.
EXPRESSIONS = {
    "2**-1": lambda i, j: 0.5,
    "10**-3": lambda i, j: 0.001,
    "(i + 2)**-1": lambda i, j: 1 / (i + 2),
    "2**(j - 3)": lambda i, j: 2.0 ** (j - 3),
    "clip(j, 0, 0.5)": lambda i, j: min(max(j, 0), 0.5),
    "clip(0.7, i - 1, j)": lambda i, j: min(max(0.7, i - 1), j),
    "i/3": lambda i, j: i / 3,
    "(i + 1)/(j + 2)": lambda i, j: (i + 1) / (j + 2),
    "i**2/(j + 1)": lambda i, j: i * i / (j + 1),
    "(i + 1)*100000*100000": lambda i, j: (i + 1) * 1e10,
    "9223372036854775807 + 1": lambda i, j: 2.0**63,
    "3000000000*2": lambda i, j: 6e9,
    "100000*(i + 99999)*n": lambda i, j: 1e5 * (i + 99999) * 7,
    "n**20": lambda i, j: 7.0**20,
    "1/3 + 7//2 + 7 % 4 + -7//2": lambda i, j: 1 / 3 + 3 + 3 - 4,
    "(i - 2) // 2 + (i - 3) % 2": lambda i, j: (i - 2) // 2 + (i - 3) % 2,
    "1.0 % 0.1 + (w - 1) % 0.2 + w // 0.1": lambda i, j: 1.0 % 0.1 + (0.3 - 1) % 0.2 + 0.3 // 0.1,
    "int(i > 0)/2 + int(w > 0.1 and j > 0)/4": lambda i, j: (i > 0) / 2 + (j > 0) / 4,
    "int(-w*10) + int(2.9)": lambda i, j: -3 + 2,
    "int(3e10*w)": lambda i, j: int(3e10 * 0.3),
    "exprel(w) + expm1(w*1e-9) + log1p(1e-9*w)": (
        lambda i, j: exprel(0.3) + math.expm1(3e-10) + math.log1p(3e-10)
    ),
    "exprel(i - i) + exprel(1e-13)": lambda i, j: 2 + 5e-14,
    "arcsin(w) + arccos(w) + arctan(i) + sign(-w)": (lambda i, j: math.pi / 2 + math.atan(i) - 1),
    "e + pi + abs(-2) + floor(-w) + ceil(w)": lambda i, j: math.e + math.pi + 2 - 1 + 1,
    "N_incoming + 10*N_outgoing + 100*N_pre + 1000*N_post": lambda i, j: 2323,
}
#: Words, macros and functions of C and C++, and of what lies under the targets.
WORDS = (
    "union double register auto template bool signed new this delete typename and_eq NAN EOF M_PI "
    "RAND_MAX INFINITY I linux unix errno stdin BUFSIZ asin std size_t int32_t bp_clip bp_real "
    "main self dtype code variables numpy np n_steps advance"
).split()


def run(rule, target, *, dtype="float64", projection=DenseProjection, initial=None, **more):
    network = NetworkSpec(
        populations=[SpikeListSource(name="a", n=3), SpikeListSource(name="b", n=2)],
        projections=[
            projection(name="p", source="a", target="b", rule=rule, initial=initial or {}, **more)
        ],
        trial=Trial(duration=5 * ms),
    )
    program = Program(network, dt=1 * ms, dtype=dtype, target=target)
    spikes = {"a": [([], [] * ms)], "b": [([0, 1], [2, 2] * ms)]}
    return program(program.initial_state(), spikes)[0]


def expression_rule():
    names = [f"q{number}" for number in range(len(EXPRESSIONS))]
    return PlasticityRule(
        name="r",
        synapse="\n".join(["w : 1", "n : integer", *(f"{name} : 1" for name in names)]),
        on_post="\n".join(
            f"{name} = {code}" for name, code in zip(names, EXPRESSIONS, strict=True)
        ),
    )


@pytest.mark.parametrize("target", ["numpy", "cpp"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_integers_behave_as_real_numbers(target, kind):
    pre, post = (index.ravel() for index in np.indices((3, 2)))
    sparse = {"projection": SparseProjection, "pre": pre, "post": post} if kind == "sparse" else {}
    state = run(expression_rule(), target, initial={"w": 0.3, "n": 7}, **sparse)
    for number, (code, value) in enumerate(EXPRESSIONS.items()):
        wanted = [[value(i, j) for j in range(2)] for i in range(3)]
        found = state[f"p.q{number}"].reshape(3, 2)
        np.testing.assert_allclose(found, wanted, rtol=1e-14, err_msg=code)


@pytest.mark.parametrize("code", [code for code in EXPRESSIONS if "N_" not in code])
def test_the_interpreter_agrees(code):
    synapse = SynapseInterpreter(expression_rule(), {"w": 0.3, "n": 7})
    assert synapse.evaluate(code) == pytest.approx(EXPRESSIONS[code](0, 0), rel=1e-14)


@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_integers_in_cells_traces_and_temporaries(target):
    model = NeuronModel(
        name="m",
        equations="v : 1\nu = 2**-1 + (i + 1)**-1 : 1\nx : 1\nn : integer",
        update="k = i; k = k/2; v = k; b = i > 0; x = 10**-1 + int(b) + u; n = n + 3**2",
    )
    network = NetworkSpec(
        populations=[Population(name="c", n=3, model=model)],
        projections=[],
        trial=Trial(duration=1 * ms),
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    state = program(program.initial_state(), n_samples=1)[0]
    assert state["c.v"].tolist() == [0, 0.5, 1]
    np.testing.assert_allclose(state["c.x"], [1.6, 2.1, 1.6 + 1 / 3], rtol=1e-15)
    assert state["c.n"].tolist() == [9, 9, 9]


@pytest.mark.parametrize("pattern", ["all", "all_but_self", "one_to_one"])
@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_numbers_of_synapses_of_a_cell(target, pattern):
    model = NeuronModel(name="m", equations="v : 1")
    network = NetworkSpec(
        populations=[SpikeListSource(name="a", n=4), Population(name="c", n=4, model=model)],
        projections=[
            UniformProjection(
                name="p",
                source="a",
                target="c",
                pattern=pattern,
                transmit="v_post += N_incoming + 10*N_outgoing + 100*(i + 1)",
            )
        ],
        trial=Trial(duration=3 * ms),
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    state = program(program.initial_state(), {"a": [([2], [1] * ms)]})[0]
    size = {"all": 4, "all_but_self": 3, "one_to_one": 1}[pattern]
    reached = {"all": range(4), "all_but_self": (0, 1, 3), "one_to_one": (2,)}[pattern]
    assert state["c.v"].tolist() == [300 + 11 * size if c in reached else 0 for c in range(4)]


@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_words_of_other_languages_are_names_like_others(target):
    numbers = {word: 2.0**-number for number, word in enumerate(WORDS[1:])}
    rule = PlasticityRule(
        name="r",
        synapse=f"w : 1\n{WORDS[0]} : 1",
        on_post=f"{WORDS[0]} = clip({' + '.join(numbers)}, 0, 9); short = arcsin(0.5); w += short",
        parameters=numbers,
    )
    state = run(rule, target)
    assert state[f"p.{WORDS[0]}"][0, 0] == pytest.approx(sum(numbers.values()), rel=1e-12)
    assert state["p.w"][0, 0] == pytest.approx(math.pi / 6)


def test_words_of_templates_are_names_like_others():
    """A loop over ``size`` cells once ran to where the variable ``size`` is in memory."""
    names, own = ["size", "events", "wanted", "n"], ["width", "groups", "column", "depth"]
    cell = NeuronModel(
        name="cell", equations="\n".join(["v : 1", *(f"{name} : 1" for name in names)]),
        threshold="v > 1", reset="; ".join(["v = 0", *(f"{name} += 1" for name in names)]),
        initial={"v": 2.0},
    )  # fmt: skip
    rule = PlasticityRule(
        name="r", synapse="\n".join(["w : 1", *(f"{name} : 1" for name in own)]),
        on_pre="; ".join(["w += 0.1*n_post", *(f"{name} += 2" for name in own)]),
        every="w += n_pre; width += 1", on_trial_end="w += width; depth += n_post",
    )  # fmt: skip
    network = NetworkSpec(
        populations=[Population(name=name, n=3, model=cell) for name in "ab"],
        projections=[DenseProjection(name="p", source="a", target="b", rule=rule)],
        trial=Trial(duration=3 * ms),
    )
    for target in ("numpy", "cpp"):
        program = Program(network, dt=1 * ms, dtype="float64", target=target)
        state, _ = program(program.initial_state(), n_samples=1)
        assert [state[f"a.{name}"].tolist() for name in names] == [[1.0] * 3] * len(names)
        assert [state[f"p.{name}"][0, 0] for name in own] == [5.0, 2.0, 2.0, 3.0]


@pytest.mark.parametrize("target", ["numpy", "cpp"])
@pytest.mark.parametrize("name", ["input", "sum", "id"])
def test_functions_of_python_are_names_like_others(target, name):
    rule = PlasticityRule(
        name="r", synapse="w : 1\ng : 1 (shared)", on_trial_end=f"{name} = g; w = w + 0.1*{name}"
    )
    state = run(rule, target, initial={"g": 0.5})
    assert state["p.w"][0, 0] == pytest.approx(0.05)


PROVIDED = (
    "N i j N_pre N_post N_incoming N_outgoing t dt t_in_timesteps lastspike lastupdate "
    "not_refractory xi xi_1 rand exp pi e inf volt ms mV lambda _x"
).split()
PLACES = {
    "rule": lambda name: PlasticityRule(name="r", on_post=f"w += {name}", parameters={name: 0.5}),
    "synapse": lambda name: PlasticityRule(name="r", synapse=f"w : 1\n{name} : 1"),
    "temporary": lambda name: PlasticityRule(name="r", on_post=f"{name} = 1; w = {name}"),
    "neuron": lambda name: NeuronModel(
        name="r", equations=f"v = {name} : 1", parameters={name: 0.5}
    ),
    "variable": lambda name: NeuronModel(name="r", equations=f"{name} : 1"),
    "equation": lambda name: NeuronModel(name="r", equations=f"d{name}/dt = 1/second : 1"),
    "update": lambda name: NeuronModel(
        name="r", equations="v : 1", update=f"{name} = 1; v = {name}"
    ),
    "input": lambda name: PoissonSource(name="r", n=1, rates="1*Hz", inputs={name: "uint8"}),
    "signal": lambda name: AnalogueSource(name="r", n=1, variable=name),
    "trial": lambda name: Trial(duration=1 * ms, variables={name: 1.0}),
    "transmit": lambda name: DenseProjection(
        name="r", source="a", target="b", transmit=f"v_post += {name}", parameters={name: 0.5}
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", PROVIDED)
def test_names_that_mean_something_already_are_refused(place, name):
    with pytest.raises(ValueError, match=r"'r'|Source|Trial|Projection") as caught:
        PLACES[place](name)
    assert name in str(caught.value)


@pytest.mark.parametrize("place", ["synapse", "variable", "equation", "input", "signal", "trial"])
@pytest.mark.parametrize("name", ["owner", "variables", "targets"])
def test_variables_with_names_that_brian2_needs_are_refused(place, name):
    with pytest.raises(ValueError, match=f"the name '{name}' is taken by a provided variable"):
        PLACES[place](name)


@pytest.mark.parametrize(
    ("code", "token"),
    [
        ("w = int((w > 0) & (w < 1))", "'&' is no operator"),
        ("w = int((w > 0) | (w < 1))", "'|' is no operator"),
        ("w = w^2", "'^' is no operator"),
        ("w = w @ w", "'@' is no operator"),
        ("w = w << 1", "'<<' is no operator"),
        ("w = ~w", "'~' is no operator"),
        ("w = int(w and w > 1)", "'w' is a number, not true or false"),
        ("w = int(not w)", "'w' is a number, not true or false"),
        ("w = int(0 < w < 1)", "'0 < w < 1' compares more than two values"),
        ("w = w if w > 0 else 1", "is not part of the language"),
        ("w = w[0]", "'w[0]' is not part of the language"),
        ("w = w.real", "'w.real' is not part of the language"),
        ("w = 'a'", "is no real number"),
        ("w = 1j", "'1j' is no real number"),
        ("w = exp", "'exp' is a function and needs its arguments"),
        ("w = clip(w, 0)", "has 2 arguments instead of 3"),
        ("w = abs(x=w)", "has arguments by name"),
        ("w = 1/0", "'1 / 0' is no finite real number"),
        ("w = 10**400", "'10 ** 400' is no finite real number"),
        ("w = (-1)**0.5", "is no finite real number"),
        ("b = 3", "'3' is not a condition"),
        ("n = 0.5", "'0.5' is no integer"),
        ("n += w", "'w' is no integer"),
        ("n /= 2", "'n' is no real number"),
    ],
)
@pytest.mark.parametrize("kind", ["rule", "neuron"])
def test_what_is_not_in_the_language_is_named(code, token, kind):
    equations = "w : 1\nb : boolean\nn : integer"
    place = {"rule": "PlasticityRule 'r', on_post", "neuron": "NeuronModel 'r', update"}[kind]
    make = {
        "rule": lambda: PlasticityRule(name="r", synapse=equations, on_post=code),
        "neuron": lambda: NeuronModel(name="r", equations=equations, update=code),
    }[kind]
    with pytest.raises(ValueError, match="^" + place) as caught:
        make()
    assert token in str(caught.value)
    assert code in str(caught.value)


@pytest.mark.parametrize("line", ["dv/dt = (v^2)*mV/ms : volt", "u = v*(v & 1*mV) : volt"])
def test_equations_are_refused_with_their_line(line):
    with pytest.raises(ValueError, match=r"NeuronModel 'm', equations: ") as caught:
        NeuronModel(name="m", equations=f"{line}\nw : 1", initial={"w": 1 * mV / mV})
    assert line in str(caught.value)


RULES = {
    "subexpression of a trace": dict(
        pre="dx_pre/dt = -x_pre/tau : 1\ny_pre = a*x_pre : 1",
        on_pre="x_pre += 1",
        on_post="w += y_pre",
        parameters=dict(tau=5 * ms, a=2),
    ),
    "parameters with suffixes": dict(
        pre="dx_pre/dt = -x_pre/tau_pre : 1",
        post="dx_post/dt = -x_post/tau_post : 1",
        on_pre="x_pre += A_pre*B_post; w -= x_post*B_post",
        on_post="x_post += A_post; w += x_pre*A_pre*v_post",
        parameters=dict(tau_pre=5 * ms, tau_post=7 * ms, A_pre=2, A_post=3, B_post=0.5, v_post=2),
    ),
    "suffixes at the synapse": dict(
        synapse="w : 1\ndc/dt = -c/tau_pre : 1 (event-driven)",
        on_pre="c += A_post",
        on_post="w += c*A_pre",
        on_trial_end="w += A_post",
        parameters=dict(tau_pre=5 * ms, A_pre=2, A_post=3),
    ),
}


@pytest.mark.parametrize("target", ["numpy", "cpp"])
@pytest.mark.parametrize("name", RULES)
def test_parameters_mean_the_same_everywhere(target, name):
    """Cells have variables ``v``, ``tau``, ``A`` of their own, which the parameters are not."""
    rule = PlasticityRule(name="r", **RULES[name])
    cells = NeuronModel(
        name="m", equations="tau : 1\nA : 1\nv : 1\nu : 1", threshold="u > 0.5", reset="u = 0"
    )
    drive = [
        UniformProjection(
            name=f"d{c}", source=f"s{c}", target=c, pattern="one_to_one", transmit="u_post += 1"
        )
        for c in "ab"
    ]
    network = NetworkSpec(
        populations=[
            *(SpikeListSource(name=f"s{c}", n=1) for c in "ab"),
            *(Population(name=c, n=1, model=cells) for c in "ab"),
        ],
        projections=[*drive, DenseProjection(name="p", source="a", target="b", rule=rule)],
        trial=Trial(duration=50 * ms),
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    spikes = {"sa": [([0, 0], [9, 29] * ms)], "sb": [([0], [19] * ms)]}
    state = program(program.initial_state(), spikes)[0]
    synapse = SynapseInterpreter(rule)
    synapse.run(pre=[10 * ms, 30 * ms], post=[20 * ms], until=50 * ms)
    synapse.execute("on_trial_end")
    assert state["p.w"][0, 0] == pytest.approx(synapse.state["w"], rel=1e-12)


def test_a_constant_with_two_values_is_refused():
    cells = NeuronModel(name="m", equations="v : 1\ng = k*v : 1", parameters={"k": 3.0})
    rule = PlasticityRule(name="r", on_pre="w += k*g_post", parameters={"k": 2.0})
    network = NetworkSpec(
        populations=[SpikeListSource(name="a", n=1), Population(name="b", n=1, model=cells)],
        projections=[DenseProjection(name="p", source="a", target="b", rule=rule)],
        trial=Trial(duration=5 * ms),
    )
    with pytest.raises(ValueError, match=r"'p': 'k' is 2.0 at the synapse and 3.0 in 'g'"):
        Program(network, dt=1 * ms, target="numpy")


@pytest.mark.parametrize("slot", ["on_pre", "on_post", "every", "on_trial_start", "on_trial_end"])
@pytest.mark.parametrize("statement", ["z_own = 1", "z_post += 1", "z_pre += 1", "w = z_post"])
def test_statements_on_nothing_are_refused_in_every_slot(slot, statement):
    statement = statement.replace("own", "pre" if slot == "on_pre" else "post")
    rule = PlasticityRule(name="r", **{slot: f"w += 0.1; {statement}"})
    with pytest.raises(
        ValueError, match=rf"'p'.*PlasticityRule 'r', {slot}: 'z_p(re|ost)' is neither"
    ):
        run(rule, "numpy")


@pytest.mark.parametrize(
    "statement", ["z_post = 1", "z_post += w", "z += 1", "z = 1", "w_post += w", "v_post += z"]
)
@pytest.mark.parametrize("kind", ["dense", "uniform"])
def test_transmission_to_nothing_is_refused(statement, kind):
    make = {"dense": DenseProjection, "uniform": UniformProjection}[kind]
    with pytest.raises(ValueError, match=r"Projection 'p'\.transmit: unknown variable '(z|w)"):
        NetworkSpec(
            populations=[
                SpikeListSource(name="a", n=1),
                Population(name="b", n=1, model=NeuronModel(name="m", equations="v : 1")),
            ],
            projections=[make(name="p", source="a", target="b", transmit=statement)],
            trial=Trial(duration=5 * ms),
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"on_trial_start": "z = 1"}, "Population 'c'.on_trial_start: unknown variable 'z'"),
        ({"on_trial_end": ("v = 0; z = v",)}, "Population 'c'.on_trial_end: unknown variable 'z'"),
    ],
)
def test_cell_statements_on_nothing_are_refused(change, message):
    cells = Population(name="c", n=1, model=NeuronModel(name="m", equations="v : 1"), **change)
    network = NetworkSpec(populations=[cells], projections=[], trial=Trial(duration=5 * ms))
    with pytest.raises(ValueError, match=message):
        Program(network, dt=1 * ms, target="numpy")


def test_a_repetition_that_sets_nothing_is_refused():
    cells = Population(name="c", n=1, model=NeuronModel(name="m", equations="v : 1"))
    trial = Trial(
        duration=5 * ms, variables={"n": 1.0}, repeat_while="n < 3", on_repeat="n += 1; z = n"
    )
    network = NetworkSpec(populations=[cells], projections=[], trial=trial)
    with pytest.raises(ValueError, match=r"Trial.on_repeat: unknown variable 'z' in 'z = n'"):
        Program(network, dt=1 * ms, target="numpy")


def noisy_synapses(n):
    """Additive and multiplicative noise of synapses, all pairs and the same pairs as a list."""
    rule = PlasticityRule(
        name="noisy", method="heun", parameters={"tau": 20 * ms, "s": 0.5},
        synapse="""dw/dt = -w/tau + s*(2/tau)**0.5*xi_w : 1 (clock-driven)
                   dx/dt = -x/tau + s*x*tau**-0.5*xi_x : 1 (clock-driven)""",
    )  # fmt: skip
    pairs = {"pre": np.repeat(np.arange(n), n), "post": np.tile(np.arange(n), n)}
    ends = {"source": "d", "target": "d", "rule": rule, "initial": {"x": 1.0}}
    return [DenseProjection(name="dense", **ends), SparseProjection(name="sparse", **ends, **pairs)]


def check_noise_of_synapses(state, n, steps, r=1 / 20, s=0.5):
    """Compare with the moments of Heun's method, and the two variables with each other."""
    shrink, drawn = (1 - r + r**2 / 2) ** 2, s**2 * 2 * r * (1 - r / 2) ** 2
    variance = drawn * (1 - shrink**steps) / (1 - shrink)
    for name in ("dense", "sparse"):
        w, x = (state[f"{name}.{variable}"].reshape(n, n) for variable in "wx")
        sums = w.sum(axis=0), w.sum(axis=1)  # of independent numbers, for each cell of both ends
        errors = {
            "mean": w.mean() / np.sqrt(variance) * n,
            "variance": ((w**2).mean() / variance - 1) / np.sqrt(2) * n,
            **{f"sum{k}": ((v**2).mean() / variance / n - 1) / np.sqrt(2 / n)
               for k, v in enumerate(sums)},
            "x": (x.mean() - (1 - r + r**2 / 2 + s**2 * r / 2) ** steps) / x.std() * n,
            "alike": np.corrcoef(w.ravel(), np.log(x.ravel()))[0, 1] * n,
        }  # fmt: skip
        assert max(map(abs, errors.values())) < 3.5, (name, errors)


@pytest.mark.parametrize("target", ["numpy", "cpp", "interpreter"])
def test_random_functions_have_their_moments_everywhere(target):
    """Means of rand, randn**2, poisson(3) and poisson(50), their standard errors known."""
    codes, n = ("rand()", "randn()**2", "poisson(3)", "poisson(50)/10"), 4000
    wanted = {"mean": (0.5, 1, 3, 5), "sd": (12**-0.5, 2**0.5, 3**0.5, 50**0.5 / 10)}
    if target == "interpreter":
        synapse = SynapseInterpreter(PlasticityRule(name="r"), {"w": 0.0}, seed=1)
        draws = [[synapse.evaluate(code) for _ in range(n)] for code in codes]
        again = SynapseInterpreter(PlasticityRule(name="r"), {"w": 0.0}, seed=1)
        assert [again.evaluate(codes[0]) for _ in range(3)] == draws[0][:3]
    else:
        lines = [f"v{number} = {code}" for number, code in enumerate(codes)]
        equations = "\n".join(f"v{number} : 1" for number in range(len(codes)))
        model = NeuronModel(name="m", equations=equations, update="; ".join(lines))
        network = NetworkSpec(
            populations=[Population(name="c", n=n, model=model), SpikeListSource(name="d", n=50)],
            projections=noisy_synapses(50),
            trial=Trial(duration=20 * ms),
        )
        program = Program(network, dt=1 * ms, dtype="float64", target=target)
        silent = {"d": [([], [] * ms)]}
        states = [program(program.initial_state(), silent, seed=3)[0] for _ in range(2)]
        check_noise_of_synapses(states[0], 50, 20)
        draws = [states[0][f"c.v{number}"] for number in range(len(codes))]
        np.testing.assert_array_equal(draws, [states[1][f"c.v{k}"] for k in range(len(codes))])
    errors = (np.mean(draws, axis=1) - wanted["mean"]) / (np.array(wanted["sd"]) / n**0.5)
    assert np.all(np.abs(errors) < 5), errors


@pytest.mark.parametrize("code", ["1/(w - w)", "(w - w)**-1", "log(w - w) + exp(1000*w)"])
def test_the_interpreter_divides_as_the_targets_do(code):
    rule = PlasticityRule(name="r", synapse="w : 1\nq : 1", on_post=f"q = {code}")
    with np.errstate(all="ignore"):
        found = SynapseInterpreter(rule, {"w": 1.0}).evaluate(code)
    assert not np.isfinite(found)
