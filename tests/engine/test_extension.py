"""A source, an action and a record from elsewhere: one file, of which the engine knows nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    NetworkSpec,
    Population,
    Program,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.engine.action import Action
from bioplastic.engine.part import Part
from bioplastic.engine.records import Record
from bioplastic.engine.records.base import RecordCode, Recorder
from bioplastic.engine.sources import SourceActions
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals.base import InputSource


@dataclass(frozen=True)
class Tick(Action):
    """Let all cells of a metronome fire every so many steps."""

    source: Metronome
    group: Any

    def cpp(self, assembly: Any) -> str:
        n, period, spikes = self.source.n, self.source.period, f"_spikes_{self.source.name}"
        assembly.parts.append(Part(f"{self.source.name}_tick", "tick", "all cells", n))
        return (
            f"{spikes}[{n}] = _k % {period} == 0 ? {n} : 0; "
            f"for(int _j=0; _j<{n}; _j++) {spikes}[_j] = _j;"
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        emit = network.emitter(self.group)
        everybody, nobody = np.arange(self.source.n), np.zeros(0, dtype=int)
        return lambda: emit(nobody if network.k % self.source.period else everybody)


@dataclass(frozen=True, kw_only=True)
class Metronome(InputSource):
    period: int

    def actions(self, plan: Any) -> SourceActions:
        return SourceActions(emit=[Tick(self, plan.groups[self.name])])


@dataclass(frozen=True, kw_only=True)
class SizeRecord(Record):
    """How many cells fire in each step."""

    population: str

    def check(self, spec: Any) -> str:
        spec.check_fires("SizeRecord.population", self.population)
        return f"{self.population}.size"

    def output(self, plan: Any) -> dict[str, Any]:
        names = {"key": f"{self.population}.size", "population": self.population}
        shape = [plan.n_steps, 1]
        return {**names, "kind": "size", "dtype": "int32", "shape": shape, "every": 1,
                "n": int(plan.groups[self.population].N)}  # fmt: skip

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        size = f"net._spikes_{self.population}[{output['n']}]"
        return RecordCode(after=f"_out_{number}[_sample * net.n_steps + net._k] = {size};")

    def numpy(self, network: Any, output: dict[str, Any], update: Any) -> Recorder:
        return _SizeRecorder(network, output)


class _SizeRecorder(Recorder):
    def after(self, sample: int) -> None:
        fired = self.network.spikes(self.output["population"])
        self.array[sample, self.network.k] = fired.size


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_what_others_add(target: str) -> None:
    cell = NeuronModel(name="cell", equations="v : volt", threshold="v > 5*mV", reset="v = 0*mV")
    network = NetworkSpec(
        populations=[
            Metronome(name="beat", n=2, period=3), Population(name="cell", n=4, model=cell),
        ],
        projections=[
            UniformProjection(
                name="p", source="beat", target="cell", pattern="all", transmit="v_post += 1*mV"
            )
        ],
        trial=Trial(duration=10 * ms),
        records=[
            SizeRecord(population="beat"), SizeRecord(population="cell"),
            StateRecord(population="cell", variable="v"),
        ],
    )  # fmt: skip
    program = Program(network, dt=1 * ms, target=target, dtype="float64")
    _, record = program(program.initial_state(), n_samples=1, duration=12 * ms)
    beats = 2 * (np.arange(12) % 3 == 0)
    np.testing.assert_array_equal(record["beat.size"][0, :, 0], beats)
    fired = np.isin(np.arange(12), [7])  # 6 mV after the third beat, one step before
    np.testing.assert_array_equal(record["cell.size"][0, :, 0], 4 * fired)
    v = 1e-3 * (np.cumsum(beats) - 6 * (np.arange(12) >= 7))
    np.testing.assert_allclose(record["cell.v"][0], np.tile(v[:, None], 4), atol=1e-15)
    assert record.to_xarray()["beat.size"].dims == ("sample", "time", "beat_1")
