"""Who is connected with whom: expressions, subgroups, unsorted pairs, several synapses on one."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, um

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals import SpikeListSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
PLACED = NeuronModel(
    name="placed", equations="v : 1\nx : metre\ny : 1", threshold="v > 1e9",
    initial={"x": np.arange(20) * 10 * um, "y": lambda rng, n: rng.random(n)},
)  # fmt: skip


def spec(**options: Any) -> NetworkSpec:
    given = {"source": "a", "target": "a", "transmit": "v_post += w", **options}
    return NetworkSpec(
        populations=[Population(name="a", n=20, model=PLACED), SpikeListSource(name="s", n=12)],
        projections=[SparseProjection(name="p", **given)],
        trial=Trial(duration=20 * ms),
    )


def connected(**options: Any) -> list[tuple[int, int]]:
    made = spec(**options).projection("p")
    return list(zip(made.pre.tolist(), made.post.tolist(), strict=True))  # type: ignore[attr-defined]


CELLS = range(20)
EXPECTED: dict[str, tuple[dict[str, Any], list[tuple[int, int]]]] = {
    "condition": ({"condition": "i != j"}, [(i, j) for i in CELLS for j in CELLS if i != j]),
    "everything": ({"p": 1}, [(i, j) for i in CELLS for j in CELLS]),
    "one to one": ({"j": "i"}, [(i, i) for i in CELLS]),
    "distance": (
        {"condition": "abs(x_pre - x_post) < reach and i != j", "parameters": {"reach": 25 * um}},
        [(i, j) for i in CELLS for j in CELLS if 0 < abs(i - j) <= 2],
    ),
    "sure probability": (
        {"p": "int(i == 2*j)"}, [(i, j) for i in CELLS for j in CELLS if i == 2 * j]
    ),
    "real numbers": (
        {"condition": "10**-1*i == 2**(j - 3)/10 and i % 2 < 10**-3"},
        [(i, j) for i in CELLS for j in CELLS if i % 2 == 0 and i == 2.0 ** (j - 3)],
    ),
    "range": (
        {"j": "k for k in range(i - 1, i + 2) if k != i", "skip_if_invalid": True},
        [(i, k) for i in CELLS for k in (i - 1, i + 1) if 0 <= k < 20],
    ),
    "from behind": ({"i": "k for k in range(0, 15, 7)"},
                    sorted((k, j) for j in CELLS for k in range(0, 15, 7))),
    "several": ({"j": "i", "n": 3}, [(i, i) for i in CELLS for _ in range(3)]),
    "as many as": ({"j": "i", "n": "i % 2"}, [(i, i) for i in CELLS if i % 2]),
    "subgroups": (
        {"source": "a[4:7]", "target": "a[-2:]", "condition": "i != j"},
        [(4 + i, 18 + j) for i in range(3) for j in range(2) if i != j],
    ),
    "pairs of subgroups": (
        {"source": "a[:3]", "target": "a[5:]", "pre": [2, 0], "post": [1, 0]}, [(0, 5), (2, 6)]
    ),
    "other population": (
        {"source": "s[6:]", "j": "k for k in range(2*i, 2*i + 2)"},
        [(6 + i, k) for i in range(6) for k in (2 * i, 2 * i + 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EXPECTED)
def test_expressions_connect_what_they_say(case: str) -> None:
    options, expected = EXPECTED[case]
    assert connected(**options) == expected


def test_random_connections_follow_their_seed_and_nothing_else() -> None:
    state = np.random.get_state()[1].copy()  # type: ignore[union-attr] # noqa: NPY002
    targets = b2.prefs.codegen.target
    for options in ({"p": 0.3}, {"p": "0.6*exp(-abs(i - j)/3.0)"},
                    {"j": "k for k in sample(N_post, size=4)"}):  # fmt: skip
        one, two, three = (connected(**options, seed=seed) for seed in (1, 1, 2))
        assert one == two != three
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # type: ignore[arg-type] # noqa: NPY002
    assert b2.prefs.codegen.target == targets
    per_cell = np.bincount([i for i, _ in connected(j="k for k in sample(N_post, size=4)")])
    assert per_cell.tolist() == [4] * 20
    many = sum(len(connected(p="0.5*int(i < j)", seed=seed)) for seed in range(5))
    assert abs(many - 475) < 3 * np.sqrt(950 / 4)  # 5 x 190 pairs


@TARGETS
def test_unsorted_pairs_and_several_synapses_on_one_are_those_of_brian2(target: str) -> None:
    """Weights, delays and learning follow the pairs in the order given."""
    rng = np.random.default_rng(3)
    pre, post = rng.integers(0, 12, 60), rng.integers(0, 20, 60)
    assert len(set(zip(pre, post, strict=True))) < 60
    weights, delay = rng.random(60), rng.integers(0, 5, 60) * ms
    steps, cells = np.nonzero(rng.random((20, 12)) < 0.2)
    network = spec(
        source="s", pre=pre, post=post, initial={"w": weights}, delay=delay, rule_delay=0 * ms,
    )  # fmt: skip
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    state, _ = program(program.initial_state(), {"s": [(cells, steps * ms)]})
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=1 * ms)
    source = b2.SpikeGeneratorGroup(12, cells, steps * ms, clock=clock)
    target_cells = b2.NeuronGroup(20, "v : 1", clock=clock)
    synapses = b2.Synapses(source, target_cells, "w : 1", on_pre="v_post += w", clock=clock)
    synapses.connect(i=pre, j=post)
    synapses.w, synapses.delay = weights, delay
    b2.Network(source, target_cells, synapses).run(20 * ms)
    np.testing.assert_allclose(state["a.v"], np.asarray(target_cells.v), rtol=1e-12)
    made: Any = network.projection("p")
    order = np.lexsort((post, pre))
    np.testing.assert_array_equal(made.pre, pre[order])
    np.testing.assert_array_equal(state["p.w"], weights[order])


def test_connectivity_is_no_part_of_the_compiled_program() -> None:
    one, two = (
        Program(spec(p=0.3, seed=seed, transmit="v_post += w"), dt=1 * ms) for seed in (1, 2)
    )
    assert one.key == two.key
    assert one.initial_state()["p.w"].shape != two.initial_state()["p.w"].shape


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"condition": "i < k"}, r"cannot connect with condition='i < k'"),
        ({"condition": "i + 1 ="}, r"'p'.condition: cannot read 'i \+ 1 ='"),
        ({"condition": "t >= 0*ms"}, r"'p'.condition: 't' means nothing yet"),
        ({"condition": "i < -1"}, r"connects nothing"),
        ({"condition": "y_pre < 0.5"}, r"'y_pre' has no initial values that are the same"),
        ({"j": "k for k in range(i, i + 3)"}, r"cannot connect with j="),
        ({"p": 1.5}, r"p: must lie in \[0, 1\]"),
        ({"p": 0.5, "pre": [0], "post": [0]}, r"not both"),
        ({"source": "a[30:]", "p": 0.5}, r"has no cells"),
        ({"source": "a[3", "p": 0.5}, r"'exc\[:800\]'"),
        ({"source": "b[3:]", "p": 0.5}, r"unknown population 'b'"),
        ({"source": "a[:2]", "pre": [2], "post": [0]}, r"pre: cell 2 of 2 does not exist"),
        ({}, r"must be a non-empty"),
    ],
)
def test_what_cannot_be_connected_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(**options)


def test_parts_of_populations_need_sparse_synapses() -> None:
    with pytest.raises(ValueError, match=r"DenseProjection.source: parts of populations need a"):
        DenseProjection(name="p", source="a[:3]", target="a", transmit="v_post += w")


def test_synapses_are_counted_in_a_network() -> None:
    alone = SparseProjection(name="p", source="a", target="a", transmit="v_post += w", p=0.5)
    with pytest.raises(ValueError, match=r"n_synapses: known in a network"):
        _ = alone.n_synapses
