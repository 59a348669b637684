"""Signatures and dataclasses are checked: what they declare is required, nothing else changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import Quantity, ms, mV
from numpy.typing import ArrayLike

from bioplastic.fields import check_params, checked, param


@checked
def work(
    x: ArrayLike,
    n: int = 3,
    *,
    tau: Quantity = 20 * ms,
    gain: float | None = None,
    fast: bool = False,
    name: str = "a",
    table: Mapping[str, float] | None = None,
    steps: Sequence[int] = (1,),
    span: tuple[float, float] = (0.0, 1.0),
    path: str | Path = "x",
    call: Callable[[], int] = int,
    anything: Any = 3,
) -> tuple[Any, ...]:
    """Return what it was given."""
    return x, n, tau, gain


def test_what_is_announced_passes() -> None:
    assert work([1, 2]) == ([1, 2], 3, 20 * ms, None)
    result = work(
        np.zeros(3), np.int64(4), tau=0.1 * ms, gain=np.float32(1), fast=np.True_, table={},
        steps=[1, 2], span=[0, 2], path=Path("y"), call=len, anything=print,
    )  # fmt: skip
    assert result[1] == 4
    assert work.__doc__ == "Return what it was given."
    assert list(inspect.signature(work).parameters)[:2] == ["x", "n"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [[1], [1, 2]]}, "work.x: must be a rectangular array"),
        ({"x": 1j}, "work.x: must be an array of real numbers or text"),
        ({"n": 2.0}, "work.n: must be an integer, got 2.0"),
        ({"n": None}, "work.n: must be an integer, got None"),
        ({"tau": 3 * mV}, "work.tau: must be a quantity in second, got 3. [*] mvolt"),
        ({"tau": np.inf * ms}, "work.tau: must be one finite quantity"),
        ({"gain": "1"}, "work.gain: must be a finite number, got '1'"),
        ({"fast": 1}, "work.fast: must be True or False, got 1"),
        ({"name": None}, "work.name: must be text, got None"),
        ({"table": {1: 2.0}}, "work.table: must be a mapping with text as keys, got "),
        ({"table": [1]}, "work.table: must be a mapping"),
        ({"steps": "abc"}, "work.steps: must be a sequence"),
        ({"span": (0, 1, 2)}, "work.span: must have 2 entries, got 3"),
        ({"path": 3}, "work.path: must be a path"),
        ({"call": 3}, "work.call: must be a function"),
    ],
)
def test_anything_else_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        work(**{"x": [1], **arguments})


def test_what_is_missing_is_said_by_python() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        work()
    with pytest.raises(TypeError, match="unexpected keyword argument 'm'"):
        work([1], m=3)


@dataclass(frozen=True)
class Base:
    n: int

    def __post_init__(self) -> None:
        check_params(self)


@dataclass(frozen=True)
class Derived(Base):
    name: str = "a"


def test_fields_of_dataclasses() -> None:
    assert Derived(3).n == 3
    with pytest.raises(TypeError, match=r"^Derived.n: must be an integer, got '3'"):
        Derived("3")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^Derived.name: must be text, got None"):
        Derived(3, None)  # type: ignore[arg-type]


@checked(n=param(minimum=1), share=param(maximum=1, positive=True), form=param(choices=("a", "b")))
def limited(n: int | None = None, *, share: float = 1, form: str = "a") -> tuple[Any, ...]:
    """Return what it gets."""
    return n, share, form


def test_ranges_and_choices_are_declared_and_numbers_come_in_their_types() -> None:
    assert limited() == (None, 1, "a")
    assert [type(value) for value in limited(np.int8(3), share=np.float32(0.5))] == [
        int,
        float,
        str,
    ]
    for arguments, message in (
        ({"n": 0}, "limited.n: must be a positive integer, got 0"),
        ({"share": 0}, "limited.share: must be a finite number greater than 0 and at most 1"),
        ({"form": "c"}, "limited.form: must be one of 'a', 'b', got 'c'"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            limited(**arguments)
    with pytest.raises(TypeError, match="has no argument 'm' to limit"):
        checked(m=param(minimum=1))(limited)
