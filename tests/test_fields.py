"""One declaration per parameter: the check, the message, the docstring and the option."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from brian2 import Quantity, ms, mV, second
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from bioplastic.fields import Constants, Parametrised, check_params, param, params_of
from bioplastic.options import add_arguments, given_arguments, read_assignment


class Inner(Constants):
    """Constants inside."""

    x: float = param(1.0, doc="x")


class Word(Parametrised, BaseEstimator):
    """A detector.

    It has two paragraphs.

    Attributes
    ----------
    w_ : array
        Weights.
    """

    n: int = param(1, positive=True, doc="words stored in one cell")
    tau: Quantity = param(5 * ms, positive=True, doc="decay of both traces")
    delay: Quantity = param(0 * ms, minimum=0, maximum=1 * second, doc="delay")
    v: Quantity | None = param(None, unit=mV, doc="threshold. Default: that of the model")
    share: float = param(0.5, minimum=0, maximum=1, doc="share")
    rate: float | None = param(None, positive=True, doc="rate")
    rule: str = param("a", choices=("a", "b"), doc="rule: `a` or `b`")
    shape: tuple[int, ...] = param((3, 4), minimum=1, doc="sizes")
    pair: tuple[float, float] = param((0.0, 1.0), doc="limits")
    sizes: Sequence[Sequence[int]] = param(((1, 2), (3, 4)), minimum=0, doc="sizes per task")
    merged: bool = param(False, doc="whether they are one")
    inner: Inner | None = param(None, doc="constants")
    path: str | Path = param("x", doc="file")
    call: Callable[[], int] = param(int, doc="function")
    table: Mapping[str, float] | None = param(None, doc="table")
    start: NDArray[Any] | Literal["zero"] = param("zero", doc="weights")
    anything: Any = param(None, doc="not checked")
    seed: int | None = param(0, minimum=0, doc="seed", kw_only=True)


class Later(Word, without=("merged",)):
    """A detector that comes later."""

    share = 0.25
    extra: int = param(3, doc="own")


def test_the_constructor_stores_and_does_nothing_else() -> None:
    bad = Word(-3, tau="long", rule="c")
    assert (bad.n, bad.tau, bad.rule, bad.merged) == (-3, "long", "c", False)
    assert vars(bad) == bad.get_params()
    assert clone(Word(4, share=0.1)).get_params()["share"] == 0.1
    assert Word().set_params(n=7).n == 7
    names = list(inspect.signature(Word).parameters)
    assert names[0] == "n"
    assert names[-1] == "seed"
    for call in (lambda: Word(1, 5 * ms), lambda: Word(m=1)):
        with pytest.raises(TypeError, match=r"Word: (too many|got an unexpected)"):
            call()


def test_subclasses_change_defaults_and_leave_out() -> None:
    assert (Later().share, Later().extra, Word().share) == (0.25, 3, 0.5)
    assert "merged" not in Later().get_params()
    assert list(params_of(Later))[-2:] == ["extra", "seed"]
    with pytest.raises(ValueError, match=r"Later\.share: .* at most 1, got 2"):
        check_params(Later(share=2.0))
    with pytest.raises(TypeError, match="Odd: has no parameter 'gone' to leave out"):
        type("Odd", (Word,), {}, without=("gone",))


def test_what_is_declared_passes() -> None:
    check_params(Word())
    check_params(
        Word(
            np.int64(4), tau=1 * second, v=3 * mV, share=np.float32(1), rate=2, rule="b",
            shape=[5], pair=[0, 2], sizes=[[1], (2,)], merged=np.True_, inner=Inner(),
            path=Path("y"), call=len, table={}, start=np.zeros(3), anything=print, seed=None,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -3}, r"n: must be a positive integer, got -3"),
        ({"n": 2.0}, r"n: must be a positive integer, got 2\.0"),
        ({"tau": -3 * ms}, r"tau: must be positive, got -3\. \* msecond"),
        ({"tau": 3 * mV}, r"tau: must be a quantity in second, got 3\. \* mvolt"),
        ({"tau": 3}, r"tau: must be a quantity in second, got 3"),
        ({"tau": None}, r"tau: must be a quantity in second, got None"),
        ({"tau": np.inf * ms}, r"tau: must be one finite quantity"),
        ({"delay": -1 * ms}, r"delay: must not be negative"),
        ({"delay": 2 * second}, r"delay: must be at most 1 s, got 2\. \* second"),
        ({"v": 3 * ms}, r"v: must be a quantity in mvolt, got 3\. \* msecond"),
        ({"share": 1.5}, r"share: must be a finite number at least 0 and at most 1, got 1\.5"),
        ({"share": float("nan")}, r"share: .*, got nan"),
        ({"rate": 0}, r"rate: must be a finite number greater than 0, got 0"),
        ({"rate": "1"}, r"rate: must be a finite number greater than 0, got '1'"),
        ({"rule": "c"}, r"rule: must be one of 'a', 'b', got 'c'"),
        ({"rule": None}, r"rule: must be one of 'a', 'b', got None"),
        ({"shape": (3, 0)}, r"shape: must be a positive integer, got 0"),
        ({"shape": "34"}, r"shape: must be a sequence, got '34'"),
        ({"pair": (1.0,)}, r"pair: must have 2 entries, got 1"),
        ({"sizes": (1, 2)}, r"sizes: must be a sequence, got 1"),
        ({"merged": 1}, r"merged: must be True or False, got 1"),
        ({"inner": {"x": 1}}, r"inner: must be an Inner or None, got \{'x': 1\}"),
        ({"path": 3}, r"path: must be .*, got 3"),
        ({"call": 3}, r"call: must be a function, got 3"),
        ({"table": [1]}, r"table: must be a mapping, got \[1\]"),
        ({"start": [[1], [1, 2]]}, r"start: must be a rectangular array"),
        ({"start": "one"}, r"start: must be one of 'zero', got 'one'"),
        ({"seed": -1}, r"seed: must be a non-negative integer, got -1"),
    ],
)
def test_what_is_not_declared_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^Word\.{message}"):
        check_params(Word(**arguments))
    check_params(Word(**arguments), *({"n", "tau"} - set(arguments)))  # the others are as they were


def test_constants_are_frozen_checked_and_copied_with_other_values() -> None:
    class Both(Inner):
        """Two."""

        y: float = param(2.0, minimum=0, doc="y")

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.y < self.x:
                raise ValueError(f"Both.y: must not be below x, {self.x}, got {self.y}")

    assert Both().with_values(y=3.0) == Both(y=3.0)
    assert hash(Both()) == hash(Both())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Both().y = 1.0
    for values, message in (
        ({"y": -1.0}, r"Both\.y: must be a finite number at least 0, got -1"),
        ({"x": 5.0}, r"Both\.y: must not be below x"),
        ({"z": 1.0}, r"Both: unknown parameter 'z'; known: x, y"),
    ):
        with pytest.raises(ValueError, match=message):
            Both().with_values(**values)


def test_the_docstring_has_the_table_before_its_first_section() -> None:
    text = Word.__doc__
    assert text.index("two paragraphs") < text.index("Parameters\n---") < text.index("Attributes")
    for row in (
        "n : int, default 1\n    Words stored in one cell.\n",
        "tau : Quantity, default 5 ms\n    Decay of both traces.\n",
        "v : Quantity, optional\n    Threshold. Default: that of the model.\n",
        "rule : {'a', 'b'}, default 'a'\n    Rule: `a` or `b`.\n",
        "shape : tuple[int, ...], default (3, 4)\n",
    ):
        assert row in text
    assert "share : float, default 0.25" in Later.__doc__
    assert "merged" not in Later.__doc__


def test_options_are_read_checked_and_tell_what_was_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("n", "tau", "share", "rate", "rule", "shape", "merged")
    parser = add_arguments(argparse.ArgumentParser(), Word, *names, n="number of words")
    assert given_arguments(parser.parse_args([]), Word) == {}
    line = "--n 4 --tau 3*ms --share 0.25 --rule b --shape 5,6 --no-merged".split()
    given = given_arguments(parser.parse_args(line), Word)
    assert given == {
        "n": 4, "tau": 3 * ms, "share": 0.25, "rule": "b", "shape": (5, 6), "merged": False,
    }  # fmt: skip
    check_params(Word(**given))
    assert "number of words" in parser.format_help()
    assert "decay of both traces (default: 5 ms)" in " ".join(parser.format_help().split())
    for bad in ("--n=0", "--n=x", "--tau=3", "--tau=3*parsec", "--tau=-1*ms", "--shape=5,0"):
        with pytest.raises(SystemExit):
            parser.parse_args([bad])
        assert f"argument {bad.split('=')[0]}: " in capsys.readouterr().err
    read = read_assignment(Word)
    assert read("rate=none") == ("rate", None)
    assert read("tau=20 ms") == ("tau", 20 * ms)
    for bad in ("rate", "speed=3", "rate=-1"):
        with pytest.raises(argparse.ArgumentTypeError):
            read(bad)
