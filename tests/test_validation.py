from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
import pytest

from bioplastic.validation import (
    check_choice,
    check_identifier,
    check_integer,
    check_quantity,
    check_real,
)


@pytest.mark.parametrize("value", [3, np.int32(3), np.uint8(3)])
def test_integers_come_back_as_int(value: Any) -> None:
    checked = check_integer("A.b", value)
    assert checked == 3
    assert type(checked) is int


@pytest.mark.parametrize(
    ("value", "limits", "error", "message"),
    [
        (-3, {"minimum": 1}, ValueError, "A.b: must be a positive integer, got -3"),
        (-1, {"minimum": 0}, ValueError, "A.b: must be a non-negative integer, got -1"),
        (1, {"minimum": 2}, ValueError, "A.b: must be an integer of at least 2, got 1"),
        (9, {"maximum": 8}, ValueError, "A.b: must be an integer of at most 8, got 9"),
        (9, {"minimum": 1, "maximum": 8}, ValueError, "A.b: must be an integer from 1 to 8, got 9"),
        (2.0, {}, TypeError, "A.b: must be an integer, got 2.0"),
        (True, {"minimum": 1}, TypeError, "A.b: must be a positive integer, got True"),
        (np.True_, {}, TypeError, "A.b: must be an integer, got np.True_"),
        ("3", {}, TypeError, "A.b: must be an integer, got '3'"),
        (None, {}, TypeError, "A.b: must be an integer, got None"),
    ],
)
def test_bad_integers(
    value: Any, limits: dict[str, int], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        check_integer("A.b", value, **limits)
    assert str(caught.value) == message


def test_limits_are_inclusive_unless_told() -> None:
    assert check_integer("A.b", 8, minimum=8, maximum=8) == 8
    assert check_real("A.b", 1, minimum=1, maximum=1) == 1.0
    with pytest.raises(ValueError, match="greater than 1, got 1"):
        check_real("A.b", 1, minimum=1, exclusive=True)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5)])
def test_reals_come_back_as_float(value: Any) -> None:
    checked = check_real("A.b", value)
    assert checked == 0.5
    assert type(checked) is float


@pytest.mark.parametrize(
    ("value", "limits", "error", "message"),
    [
        (float("nan"), {}, ValueError, "A.b: must be a finite number, got nan"),
        (float("inf"), {}, ValueError, "A.b: must be a finite number, got inf"),
        (-1, {"minimum": 0}, ValueError, "A.b: must be a finite number at least 0, got -1"),
        (
            2,
            {"minimum": 0, "maximum": 1},
            ValueError,
            "A.b: must be a finite number at least 0 and at most 1, got 2",
        ),
        (True, {}, TypeError, "A.b: must be a finite number, got True"),
        (1j, {}, TypeError, "A.b: must be a finite number, got 1j"),
        ([1.0], {}, TypeError, "A.b: must be a finite number, got [1.0]"),
    ],
)
def test_bad_reals(
    value: Any, limits: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        check_real("A.b", value, **limits)
    assert str(caught.value) == message


def test_quantities_keep_their_value_whatever_the_prefix() -> None:
    assert check_quantity("A.b", 0.02 * b2.second, b2.ms) == 20 * b2.ms
    assert check_quantity("A.b", -70 * b2.mV, b2.volt) == -0.07 * b2.volt
    assert check_quantity("A.b", 0 * b2.ms, b2.ms, non_negative=True) == 0 * b2.ms


@pytest.mark.parametrize(
    ("value", "rules", "error", "message"),
    [
        (20, {}, TypeError, "must be a quantity in .*, got 20"),
        (20 * b2.mV, {}, TypeError, "must be a quantity in"),
        ("20*ms", {}, TypeError, "must be a quantity in"),
        (None, {}, TypeError, "must be a quantity in"),
        ([1, 2] * b2.ms, {}, ValueError, "must be one finite quantity"),
        (np.inf * b2.ms, {}, ValueError, "must be one finite quantity"),
        (np.nan * b2.ms, {}, ValueError, "must be one finite quantity"),
        (0 * b2.ms, {"positive": True}, ValueError, "must be positive"),
        (-1 * b2.ms, {"non_negative": True}, ValueError, "must not be negative"),
    ],
)
def test_bad_quantities(
    value: Any, rules: dict[str, bool], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"^A\.b: {message}"):
        check_quantity("A.b", value, b2.ms, **rules)


def test_choices() -> None:
    assert check_choice("A.b", "cpp", ["cpp", "numpy"]) == "cpp"
    with pytest.raises(ValueError, match=r"^A\.b: must be one of 'cpp', 'numpy', got 'cuda'$"):
        check_choice("A.b", "cuda", ["cpp", "numpy"])
    with pytest.raises(ValueError, match="got 1"):
        check_choice("A.b", 1, ["cpp"])


@pytest.mark.parametrize("value", ["exc", "E2I", "x_pre", "a"])
def test_identifiers(value: str) -> None:
    assert check_identifier("A.b", value) == value


@pytest.mark.parametrize("value", ["", "2x", "a b", "_a", "a_", "a-b", "θ", None, 3])
def test_bad_identifiers(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^A\.b: must be an identifier"):
        check_identifier("A.b", value)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(TypeError) as caught:
        check_integer("A.b", "x" * 1000)
    assert len(str(caught.value)) < 130
    assert str(caught.value).endswith("...")
