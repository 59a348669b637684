"""A tiny network that plays spikes to a rule, dense and sparse side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
    UniformProjection,
)
from bioplastic.equations import suggest, unit_string
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

__all__ = ["KINDS", "N_POST", "N_PRE", "Bench", "Spikes", "stored_names"]

N_PRE, N_POST = 3, 2
KINDS = ("dense", "sparse")
_DRIVE = "relay_drive"

State = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Spikes:
    """Who fires when: pairs (cell, step of the coarsest grid), steps from 1 on."""

    pre: tuple[tuple[int, int], ...] = ()
    post: tuple[tuple[int, int], ...] = ()


@dataclass
class Bench:
    """Programs of one rule at several time steps.

    Cells are relays: they hold the variables of the neurons that the rule uses, and fire one step
    after their source. Step ``k`` of the coarsest grid ends at the same time on all finer ones.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    values : mapping
        Values of neuron variables (suffixed names), constant during the run.
    dt : Quantity
        Coarsest step.
    n_steps : int
        Steps of the trial on the coarsest grid.
    learned : str, default "w"
        The variable of the synapse that the rule learns.
    """

    rule: PlasticityRule
    values: Mapping[str, Any]
    dt: b2.Quantity
    n_steps: int
    learned: str = "w"
    _programs: dict[tuple[str, int], Program] = field(default_factory=dict)

    def __post_init__(self) -> None:
        needed = self.rule.neuron_variables
        for name in self.values:
            if name not in needed:
                raise ValueError(
                    f"check_rule.values: rule {self.rule.name!r} uses no neuron variable {name!r}"
                    f"{suggest(name, needed)}"
                )
        slots = ("on_pre", "on_post", "every", "on_trial_start", "on_trial_end")
        written = {s.target for slot in slots for s in self.rule.statements(slot)}
        for name in sorted(needed - set(self.values) - written):
            raise ValueError(
                f"check_rule.values: give a value for the neuron variable {name!r} of rule "
                f"{self.rule.name!r}"
            )

    def program(self, target: str = "numpy", split: int = 1) -> Program:
        """Return the program on a target with ``split`` steps per coarse step."""
        key = (target, split)
        if key not in self._programs:
            with _numpy_code():
                self._programs[key] = Program(
                    self._network(), dt=self.dt / split, dtype="float64", target=target
                )
        return self._programs[key]

    def start(
        self,
        weights: NDArray[np.float64] | None = None,
        modulator: float = 1.0,
        values: Mapping[str, Any] | None = None,
    ) -> State:
        """Return the initial state with weights, modulators and neuron variables set.

        Modulators differ from each other and between cells, so that none cancels another.
        """
        state = self.program().initial_state(seed=0)
        for kind in KINDS:
            if weights is not None and f"{kind}.{self.learned}" in state:
                shape = state[f"{kind}.{self.learned}"].shape
                state[f"{kind}.{self.learned}"] = np.array(weights, dtype=np.float64).reshape(shape)
            scaling = self.rule.normalise
            if weights is not None and scaling is not None and isinstance(scaling.total, str):
                axis = 0 if scaling.over == "pre" else 1  # every cell keeps the sum it has
                state[f"{kind}.{scaling.total}"] = np.sum(weights, axis=axis)
            for number, name in enumerate(self.modulators):
                shape = state[f"{kind}.{name}"].shape
                cells = np.arange(np.prod(shape, dtype=int), dtype=np.float64).reshape(shape)
                state[f"{kind}.{name}"] = modulator * (1 + 0.25 * number + 0.5 * cells)
            for name, value in {**self.values, **(values or {})}.items():
                stem, _, side = name.rpartition("_")
                key = f"{side}_{kind}.{stem}"
                state[key] = np.broadcast_to(np.asarray(value, float), state[key].shape).copy()
        return state

    def run(
        self,
        state: State,
        spikes: Spikes,
        *,
        target: str = "numpy",
        split: int = 1,
        trials: int = 1,
    ) -> State:
        """Run trials with the same spikes and return the state after them."""
        program = self.program(target, split)
        step = float(self.dt) / split
        inputs = {}
        for side in ("pre", "post"):
            pairs = sorted(getattr(spikes, side), key=lambda pair: (pair[1], pair[0]))
            cells = np.array([cell for cell, _ in pairs], dtype=np.int32)
            steps = np.array([(k + 1) * split - 2 for _, k in pairs], dtype=float)
            inputs[f"in_{side}"] = [(cells, steps * step)] * trials
        after, _ = program(state, inputs, seed=0)
        return after

    @property
    def modulators(self) -> list[str]:
        """Stored modulators of the rule."""
        return [n for n, e in self.rule.parse("modulators").items() if e.type != SUBEXPRESSION]

    def _network(self) -> NetworkSpec:
        populations: list[Any] = [
            SpikeListSource(name="in_pre", n=N_PRE),
            SpikeListSource(name="in_post", n=N_POST),
        ]
        projections: list[Any] = []
        for kind in KINDS:
            for side, n in (("pre", N_PRE), ("post", N_POST)):
                cells = Population(name=f"{side}_{kind}", n=n, model=self._relay(side))
                populations.append(cells)
                projections.append(
                    UniformProjection(
                        name=f"relay_{side}_{kind}",
                        source=f"in_{side}",
                        target=cells.name,
                        pattern="one_to_one",
                        transmit=f"{_DRIVE}_post += 1",
                    )
                )
        pre, post = (index.ravel() for index in np.indices((N_PRE, N_POST)))
        projections += [
            DenseProjection(name="dense", source="pre_dense", target="post_dense", rule=self.rule),
            SparseProjection(
                name="sparse",
                source="pre_sparse",
                target="post_sparse",
                rule=self.rule,
                pre=pre,
                post=post,
            ),
        ]
        return NetworkSpec(
            populations=tuple(populations),
            projections=tuple(projections),
            trial=Trial(duration=self.n_steps * self.dt),
        )

    def _relay(self, side: str) -> NeuronModel:
        lines = [f"{_DRIVE} : 1"]
        for name in sorted(self.rule.neuron_variables):
            stem, _, end = name.rpartition("_")
            if end == side:
                unit = unit_string(b2.get_dimensions(self.values.get(name, 1.0)))
                lines.append(f"{stem} : {unit}")
        return NeuronModel(
            name=f"relay-{side}",
            equations="\n".join(lines),
            threshold=f"{_DRIVE} > 0.5",
            reset=f"{_DRIVE} = 0",
        )


def stored_names(rule: PlasticityRule) -> list[str]:
    """Return the variables of a rule that belong to the state."""
    return [
        name
        for slot in ("synapse", "pre", "post", "modulators")
        for name, equation in rule.parse(slot).items()
        if equation.type != SUBEXPRESSION
    ]


@contextlib.contextmanager
def _numpy_code() -> Iterator[None]:
    """Let Brian2 build its objects without Cython, which may take minutes the first time."""
    target = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    try:
        yield
    finally:
        b2.prefs.codegen.target = target
