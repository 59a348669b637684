"""Taking invariant declarations out of a loop."""

from __future__ import annotations

from bioplastic.engine.hoisting import keep_varying, take_invariant

BODY = """const float x_pre = _ptr_x[_presynaptic_idx];
const float w = _ptr_w[_idx];
const float f = tanh(x_pre);
float m = _ptr_m[_presynaptic_idx];
m += w;
const float g = f*m;
const float r = bp_rand(_vectorisation_idx)*f;
_ptr_y[_postsynaptic_idx] += g*r;"""
INDICES = ("_postsynaptic_idx", "_idx", "_vectorisation_idx")


def test_only_constants_of_the_row_are_taken_out():
    taken = take_invariant(BODY, *INDICES).split("\n")
    assert [line.split(" = ")[0] for line in taken] == ["const float x_pre", "const float f"]


def test_nothing_is_lost_or_reordered():
    taken = take_invariant(BODY, *INDICES).split("\n")
    kept = keep_varying(BODY, *INDICES).split("\n")
    lines = BODY.split("\n")
    assert sorted(taken + kept) == sorted(lines)
    assert kept == [line for line in lines if line not in taken]


def test_a_name_assigned_in_the_loop_is_not_invariant():
    body = "float v = _ptr_v[_presynaptic_idx];\nv *= 2;\nconst float u = v + 1;"
    assert take_invariant(body, *INDICES) == ""
