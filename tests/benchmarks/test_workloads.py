"""The run over all workloads, with small programs in place of the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from bioplastic.benchmarks import __main__ as benchmarks
from bioplastic.benchmarks.contenders import Missing, Setting
from bioplastic.benchmarks.workloads import dopamine, reservoir, sparse
from bioplastic.benchmarks.workloads.common import Arguments
from bioplastic.engine import Program


class Fake:
    """A workload whose costs are known, on a machine that slows down from repeat to repeat."""

    name, label = "fake", "fake network"
    costs: dict[str, float] = {"ours": 0.2, "hand": 0.4, "brian2": 2.0}  # noqa: RUF012
    contenders = (*costs, "broken", "absent")

    def prepare(self, contender: str, setting: Setting) -> None:
        if contender == "absent":
            raise Missing("not on this machine")

    def run(self, contender: str, setting: Setting, repeat: int) -> dict[str, Any]:
        if contender == "broken":
            raise RuntimeError("out of memory")
        cost = self.costs[contender] * (1 + repeat)
        return dict(cost=cost, rate_hz=5.0) | ({"weight_mean": 0.5} if contender == "ours" else {})


def test_ratios_within_a_repeat_and_who_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "workloads.json"
    setting = Setting(tmp_path, tmp_path)
    results = benchmarks.run_all([Fake()], None, setting, 3, path, {})
    assert results["ratios"]["over_hand"]["fake network"]["ours"]["each"] == [0.5] * 3
    assert results["ratios"]["over_ours"]["fake network"]["brian2"]["median"] == pytest.approx(10)
    assert results["missing"] == {
        "fake network, absent": "not on this machine", "fake network, broken": "out of memory",
    }  # fmt: skip
    table = benchmarks.markdown(json.loads(path.read_text()))
    assert "| fake network | bioplastic | 400 | 200 to 600 | 0.5 | 1 | 5.00 | 0.5000 |" in table
    assert "Not measured: fake network, absent: not on this machine." in table
    assert imread(benchmarks.draw(results, tmp_path / "workloads.png")).ndim == 3


def test_networks_are_those_described() -> None:
    v, w = reservoir.draw_network(0, n=400)
    # a tenth of the pairs with gain N(0, 1)/(0.1 sqrt n), each times 1/(rise decay)
    published = 400 * 0.1 * (5e-12 / (0.1 * 400**0.5) / (2e-3 * 20e-3)) ** 2
    assert 400 * w.var() == pytest.approx(published, rel=0.02)
    assert reservoir.network_spec(v, w).projections[0].transmit == "g_post += w*amp/second"
    weights = dopamine.draw_weights(1)
    assert weights.shape == (1000, 100)
    rule = dopamine.network_spec(weights).projections[0].rule
    assert str(rule.audit().verdict) == "local with modulator"


def test_the_sparse_network_by_hand_is_that_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays, refractoriness, order of events and learning of the one against the other."""
    monkeypatch.setattr(sparse, "P_CONNECT", 0.2)
    network = sparse.draw_network(1, 300, 80)
    monkeypatch.setattr(sparse, "draw_network", lambda seed: network)
    arguments = Arguments(contender="hand", seconds=0.03, seed=1)
    found = sparse.hand(arguments)
    spec = sparse.network_spec(network, arguments.seconds)
    program = Program(spec, dt=sparse.STEP, dtype="float64", target="numpy")
    state = program.initial_state() | {f"{name}.v": v for name, v in network.v.items()}
    state, record = program(state, n_samples=1)
    spikes = {name: round(found[f"rate{key}_hz"] * 0.03 * network.v[name].size)
              for name, key in (("exc", ""), ("inh", "_inh"))}  # fmt: skip
    assert spikes == {name: record[f"{name}.total"] for name in spikes}
    assert spikes["exc"] > 30
    w = state["exc_exc.w"]
    assert found["weight_mean"] == pytest.approx(w.mean(), abs=1e-7)
    assert found["weight_std"] == pytest.approx(w.std(), abs=1e-7)
    assert abs(w - network.w).max() > 0.005
