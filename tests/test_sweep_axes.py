"""The language of grids: what it means, and that anything else is refused with its text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioplastic.sweeps import Axis, cross_axes, draw_points, parse_axis


@pytest.mark.parametrize(
    ("text", "values", "spacing"),
    [
        ("n_hidden=100,400", (100, 400), "list"),
        ("n-hidden=100", (100,), "list"),
        ("eta=0.5,1e-3,-2", (0.5, 1e-3, -2), "list"),
        ("variant=paper, ours", ("paper", "ours"), "list"),
        ("shuffle=true,False", (True, False), "list"),
        ("seed=0:5", (0, 1, 2, 3, 4), "range"),
        ("seed=-1:1", (-1, 0), "range"),
        ("n=16:256:log5", (16, 32, 64, 128, 256), "log"),
        ("n=0:3:lin4", (0, 1, 2, 3), "lin"),
        ("x=0:1:lin3", (0.0, 0.5, 1.0), "lin"),
    ],
)
def test_what_is_read(text, values, spacing):
    axis = parse_axis(text)
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]
    assert axis.spacing == spacing


def test_spacing_is_that_of_numpy():
    axis = parse_axis("eta=0.002:0.02:log5")
    np.testing.assert_allclose(axis.values, np.geomspace(0.002, 0.02, 5), rtol=1e-11)
    assert (axis.values[0], axis.values[-1]) == (0.002, 0.02)
    np.testing.assert_allclose(parse_axis("x=-1:2.5:lin8").values, np.linspace(-1, 2.5, 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eta", "must be NAME=VALUES, got 'eta'"),
        ("=1", "must be NAME=VALUES"),
        ("1x=1", "must be NAME=VALUES"),
        ("ä=1", "must be NAME=VALUES"),
        ("eta=", "must have a value between any two commas"),
        ("eta=1,,2", "must have a value between any two commas"),
        ("eta=1,2,", "must have a value between any two commas"),
        ("eta=1,1", r"Axis.values: eta has the value 1 twice"),
        ("eta=nan", "must hold finite numbers, got nan"),
        ("eta=1,inf", "must hold finite numbers, got inf"),
        ("eta=1:", "must be integers FIRST:LAST"),
        ("eta=:1", "must be integers FIRST:LAST"),
        ("eta=a:b", "must be integers FIRST:LAST"),
        ("eta=0:1:2", "must be integers FIRST:LAST"),
        ("eta=0:1:log", "must be integers FIRST:LAST"),
        ("eta=0:1:cos3", "must be integers FIRST:LAST"),
        ("eta=0:1:lin3:4", "must be integers FIRST:LAST"),
        ("eta=0:inf:lin3", "must be integers FIRST:LAST"),
        ("eta=0:1:lin1", "must ask for 2 to 10000 numbers"),
        ("eta=0:1:lin999999", "must ask for 2 to 10000 numbers"),
        ("eta=0:1:log3", "must be positive on a logarithmic scale"),
        ("eta=2:1:lin3", "must go from a number to a larger one"),
        ("seed=3:3", "must go from a number to a larger one"),
        ("seed=0:99999999", "must have at most 10000 values"),
        ("eta=0.1:0.5", "must say how many numbers: 0.1:0.5:lin5"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_axis(text)


@settings(max_examples=200, deadline=None)
@given(st.text("ab01=:,.-+elinogtrue ", max_size=14))
def test_any_text_is_an_axis_or_our_error(text):
    found, message = None, "parse_axis.text: "
    try:
        found = parse_axis(text)
    except ValueError as error:
        message = str(error)
    assert message.startswith(("parse_axis.text: ", "Axis.values: "))
    if found is not None:
        assert found.values
        assert all(not isinstance(v, float) or math.isfinite(v) for v in found.values)


def test_all_combinations_in_order():
    points = cross_axes([Axis("a", (1, 2)), Axis("b", ("x", "y")), Axis("seed", (0,))])
    assert points == [{"a": a, "b": b, "seed": 0} for a in (1, 2) for b in ("x", "y")]
    assert cross_axes([]) == [{}]
    with pytest.raises(ValueError, match="must name each parameter once, got 'a' twice"):
        cross_axes([Axis("a", (1,)), Axis("a", (2,))])
    with pytest.raises(ValueError, match="at most 100000 combinations, got 1000000"):
        cross_axes([Axis(name, tuple(range(100))) for name in "abc"])


def test_random_points():
    axes = [parse_axis(t) for t in ("eta=0.001:1:log2", "n=1,2", "k=1:9:lin2", "seed=0:3")]
    points = draw_points(axes, 400, seed=3)
    assert len(points) == 1200
    assert points == draw_points(axes, 400, seed=3)
    assert points != draw_points(axes, 400, seed=4)
    assert [point["seed"] for point in points[:6]] == [0, 1, 2, 0, 1, 2]
    # uniform in the logarithm: a third of the points in each decade
    decades = np.floor(np.log10([point["eta"] for point in points[::3]])).tolist()
    assert set(decades) == {-3, -2, -1}
    assert all(abs(decades.count(decade) - 133) < 40 for decade in (-3, -2, -1))
    assert {point["n"] for point in points} == {1, 2}
    assert {point["k"] for point in points} == set(range(1, 10))


def test_a_small_space_gives_what_it_has():
    assert sorted(p["a"] for p in draw_points([Axis("a", (1, 2, 3))], 10)) == [1, 2, 3]
    with pytest.raises(ValueError, match=r"draw_points.n: must be a positive integer, got 0"):
        draw_points([Axis("a", (1,))], 0)
