"""Random rules on both targets beside the exact interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from brian2 import volt
from brian2.equations.equations import SUBEXPRESSION
from brian2.utils.stringtools import word_substitute
from numpy.typing import NDArray

from bioplastic.conformance.bench import stored_names
from bioplastic.conformance.fuzz.rules import DT
from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.interpreter import SynapseInterpreter
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import SLOTS
from bioplastic.signals import AnalogueSource

__all__ = ["N_POST", "N_PRE", "interpret", "make_network", "play", "rasters", "start_values"]

N_PRE, N_POST, N_STEPS, N_TRIALS = 3, 2, 30, 2
SIZES = {"pre": N_PRE, "post": N_POST}
#: Synapses (pre, post) that are interpreted.
SYNAPSES = ((1, 1), (2, 0))

Arrays = dict[str, NDArray[Any]]


@cache
def rasters(seed: int) -> Mapping[str, NDArray[np.bool_]]:
    """Return who fires when: ``(N_TRIALS, N_STEPS, n)`` for both sides."""
    rng = np.random.default_rng([seed, 3])
    found = {side: rng.random((N_TRIALS, N_STEPS, n)) < 0.12 for side, n in SIZES.items()}
    for raster in found.values():
        raster[0, 9] = raster[1, 4] = True
    return found


def start_values(rule: PlasticityRule, seed: int) -> dict[str, NDArray[Any]]:
    """Return random values of everything a rule stores and of the variables of its cells."""
    rng = np.random.default_rng([seed, 4])
    values: dict[str, Any] = {}
    for slot in ("synapse", "pre", "post", "modulators"):
        for name, equation in rule.parse(slot).items():
            if equation.type == SUBEXPRESSION:
                continue
            side = name.rpartition("_")[2]
            shape: tuple[int, ...] = () if "shared" in equation.flags else (N_PRE, N_POST)
            if slot != "synapse" and side in SIZES and shape:
                shape = (SIZES[side],)
            scale = 1.0 if equation.dim.is_dimensionless else 0.01
            values[name] = scale * rng.uniform(0.1, 1.0, shape)
    return values


def make_network(rules: Sequence[PlasticityRule]) -> NetworkSpec:
    """Return one network with a projection ``p0``, ``p1``, ... for every rule."""
    cells = NeuronModel(
        name="cells",
        equations="fire : 1\nu : volt",
        threshold="fire > 0.5",
        initial={"u": lambda rng, n: 0.003 * np.arange(1, n + 1) * volt},
    )
    populations: list[Any] = []
    for side, n in SIZES.items():
        populations.append(AnalogueSource(name=f"fire_{side}", n=n))
        populations.append(Population(name=side, n=n, model=cells, inputs={"fire": f"fire_{side}"}))
    projections = [
        DenseProjection(name=f"p{k}", source="pre", target="post", rule=rule)
        for k, rule in enumerate(rules)
    ]
    return NetworkSpec(
        populations=tuple(populations), projections=tuple(projections),
        trial=Trial(duration=N_STEPS * DT),
    )  # fmt: skip


def play(rules: Sequence[PlasticityRule], target: str, seed: int) -> list[Arrays]:
    """Run rules on a target; return the variables of every rule after all trials."""
    program = Program(
        make_network(rules), dt=DT, dtype="float64", target=target, check_finite=False
    )
    state = program.initial_state(seed=0)
    for k, rule in enumerate(rules):
        for name, value in start_values(rule, seed).items():
            key = f"p{k}.{name}"
            state[key] = np.array(np.reshape(value, state[key].shape))
    inputs = {f"fire_{side}": r.astype("float32") for side, r in rasters(seed).items()}
    after, _ = program(state, inputs, seed=0)
    return [
        {name: after[f"p{k}.{name}"] for name in stored_names(rule)} for k, rule in enumerate(rules)
    ]


def interpret(rule: PlasticityRule, seed: int, move: float = 0.0) -> list[tuple[Any, Arrays]]:
    """Interpret some synapses of a rule; return each with the variables after all trials.

    In step ``k`` all variables that move on a clock have taken ``k + 1`` steps, ``t`` is ``k*dt``
    and event-driven variables have their value at ``t``.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    seed : int
        Seed of spikes and start values.
    move : float, default 0
        Relative change of the start values.
    """
    found = []
    dt, names = float(DT), stored_names(rule)
    interval = 1 if rule.interval is None else round(float(rule.interval) / dt)
    for pre, post in SYNAPSES:
        start: dict[str, Any] = {}
        for name, value in start_values(rule, seed).items():
            index = {0: (), 1: (pre if name.endswith("_pre") else post,), 2: (pre, post)}
            start[name] = float(value[index[value.ndim]]) * (1 + move)
        for name in rule.neuron_variables:
            start[name] = 0.003 * (1 + (pre if name.endswith("_pre") else post))
        here = _at_synapse(rule, pre, post)
        synapse, clocked = _Part(here, start, True), _Part(here, start, False)
        clocked.state = synapse.state
        for trial in range(N_TRIALS):
            synapse.execute("on_trial_start")
            for step in range(N_STEPS):
                synapse.time = (trial * N_STEPS + step) * dt
                clocked.move(dt)
                for side, cell in (("pre", pre), ("post", post)):
                    if rasters(seed)[side][trial, step, cell]:
                        synapse.execute(f"on_{side}")
                if (trial * N_STEPS + step + 1) % interval == 0:
                    synapse.execute("every")
                synapse.move(dt)
            synapse.time = (trial + 1) * N_STEPS * dt
            synapse.execute("on_trial_end")
        found.append(((pre, post), {name: np.array(synapse.state[name]) for name in names}))
    return found


class _Part(SynapseInterpreter):
    """The interpreter of event-driven variables alone, or of all the others."""

    def __init__(self, rule: PlasticityRule, values: Mapping[str, Any], events: bool) -> None:
        super().__init__(rule, values, dt=DT)
        equations = rule.parse("synapse")
        driven = {name for name in equations if "event-driven" in equations[name].flags}
        self._right = {n: right for n, right in self._right.items() if (n in driven) == events}
        self._system = self._linearise()

    def move(self, duration: float) -> None:
        """Integrate, without clocked statements."""
        self._integrate(duration)


def pick(values: Arrays, synapse: tuple[int, int]) -> Arrays:
    """Return the variables of one synapse from those of a projection."""
    pre, post = synapse
    picked = {}
    for name, value in values.items():
        if value.ndim == 0 or value.size == 1:
            picked[name] = value.reshape(())
        elif value.ndim == 1 and value.size in SIZES.values():
            picked[name] = value[pre if name.endswith("_pre") else post]
        else:
            picked[name] = value.reshape(N_PRE, N_POST)[pre, post]
    return picked


def _at_synapse(rule: PlasticityRule, pre: int, post: int) -> PlasticityRule:
    """Return a rule with the indices of a synapse and the numbers of cells written out."""
    numbers = {
        "i": f"({pre})", "j": f"({post})", "N_pre": f"({N_PRE})", "N_post": f"({N_POST})",
        "N_incoming": f"({N_PRE})", "N_outgoing": f"({N_POST})",
    }  # fmt: skip
    numbers = {name: text for name, text in numbers.items() if name not in rule.parameters}
    text = {slot: word_substitute(getattr(rule, slot), numbers) for slot in (*SLOTS, "synapse")}
    return replace(rule, **text)
