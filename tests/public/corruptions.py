"""Ways in which an argument can be wrong, chosen by what a valid one looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

#: Arguments that are shown to people and may be any text.
FREE_TEXT = frozenset(
    "title label xlabel ylabel unit reference reference_label paper_label legend message".split()
)
#: Arguments that hold Brian2 code.
CODE = frozenset(
    "equations threshold reset update synapse pre post modulators on_pre on_post every_code "
    "transmit summed on_trial_start on_trial_end on_repeat repeat_while rates extra_equations "
    "only_post".split()
)
BAD_CODE = st.sampled_from(
    ["x = = 1", "dv/dt = ", "(((", "dv/dt = -v/tau : nonsense", "\x00", "w += ;", "if x: y", "1 +"]
)
_letters = st.text(st.characters(codec="ascii", categories=["Lu"]), min_size=9, max_size=12)
UNKNOWN_TEXT = _letters.map(lambda text: f"no {text}!")
_small = st.integers(0, 3)


def wrong_types(*allowed: type) -> Strategy:
    """Return values of types that are never meant."""
    values = [None, "text", object(), {"a": 1}, [object()], 1j, b"bytes", print]
    return st.sampled_from([v for v in values if not isinstance(v, allowed)])


def corruptions(name: str, valid: Any, optional: bool) -> dict[str, Strategy]:
    """Return strategies of malformed values by the kind of mistake.

    Parameters
    ----------
    name : str
        Name of the argument.
    valid : object
        A valid value.
    optional : bool
        Whether None is allowed.
    """
    kinds = _by_type(name, valid)
    if optional:
        kinds = {kind: values.filter(lambda v: v is not None) for kind, values in kinds.items()}
    return kinds


def _by_type(name: str, valid: Any) -> dict[str, Strategy]:
    if isinstance(valid, b2.Quantity):
        return _quantity(valid)
    if isinstance(valid, bool | np.bool_):
        return {"type": wrong_types(), "number": st.floats(2, 9)}
    if isinstance(valid, int | np.integer):
        return {
            "type": wrong_types(),
            "fraction": st.floats(0.1, 0.9).map(lambda x: x + 2),
            "nan": st.sampled_from([np.nan, np.inf, -np.inf]),
            "negative": st.integers(-(10**9), -1000),
            "several": st.lists(st.integers(1, 5), min_size=2, max_size=3),
            "unit": st.just(3 * b2.mV),
        }
    if isinstance(valid, float | np.floating):
        return {
            "type": wrong_types(),
            "nan": st.sampled_from([np.nan, np.inf, -np.inf]),
            "several": st.lists(st.floats(0.1, 0.9), min_size=2, max_size=3),
            "unit": st.just(0.3 * b2.mV),
        }
    if isinstance(valid, str):
        wrong = {"type": wrong_types(str)}
        if name in CODE:
            return {**wrong, "code": BAD_CODE}
        return wrong if name in FREE_TEXT else {**wrong, "unknown": UNKNOWN_TEXT}
    if isinstance(valid, Path):
        return {"type": wrong_types(str), "missing": st.just(valid.parent / "nowhere" / "file")}
    if isinstance(valid, np.ndarray):
        return _array(valid)
    if isinstance(valid, Mapping):
        return {
            "type": wrong_types(dict),
            "keys": st.dictionaries(st.integers(), st.integers(), min_size=1, max_size=2),
        }
    if isinstance(valid, tuple | list):
        return {"type": wrong_types(tuple, list), "entries": st.just([object()])}
    return {"type": wrong_types(type(valid)), "number": st.floats(2, 9)}


def _quantity(valid: Any) -> dict[str, Strategy]:
    other = b2.amp if b2.have_same_dimensions(valid, b2.volt) else b2.volt
    kinds: dict[str, Strategy] = {
        "type": wrong_types(),
        "no unit": st.floats(0.5, 9),
        "other unit": st.floats(0.5, 9).map(lambda x: x * other),
    }
    size = np.ones(np.shape(valid))
    if size.ndim == 0:
        dim = b2.Quantity(1.0, dim=valid.dim)
        kinds["nan"] = st.sampled_from([np.nan, np.inf]).map(lambda x: x * dim)
        kinds["several"] = st.integers(2, 3).map(lambda n: np.ones(n) * dim)
    return kinds


def _array(valid: Any) -> dict[str, Strategy]:
    kinds: dict[str, Strategy] = {
        "type": wrong_types(),
        "text": _small.map(lambda n: np.full(np.shape(valid), "a" * (n + 1))),
        "objects": st.just(np.full(np.shape(valid), None)),
        "dimensions": st.integers(2, 3).map(lambda n: np.asarray(valid)[(None,) * n]),
        "empty": st.just(np.zeros((0,) * np.ndim(valid))),
        "ragged": st.just([[1.0, 2.0], [3.0]]),
        "complex": st.just(np.asarray(valid) * 1j),
    }
    if valid.size:
        kinds["nan"] = st.integers(0, valid.size - 1).flatmap(
            lambda k: st.sampled_from([np.nan, np.inf]).map(lambda x: _spoil(valid, k, x))
        )
    return kinds


def _spoil(valid: Any, place: int, value: float) -> Any:
    array = np.array(valid, dtype=float)
    array.flat[place] = value
    return array


def judge(
    call: Callable[..., Any], arguments: Mapping[str, Any], name: str, kind: str
) -> str | None:
    """Return what is wrong with the answer to a malformed argument, None for a clear error.

    No data, or a list of something else, may also be reported at the argument that no longer fits.
    Whether there may be none at all is for the function to say.
    """
    try:
        result = call(**arguments)
        if hasattr(result, "__enter__"):
            with result:
                pass
    except (TypeError, ValueError, OSError) as error:
        if isinstance(error, OSError):
            known = isinstance(arguments[name], Path) and str(arguments[name]) in str(error)
            return None if known else f"{type(error).__name__}: {error}"
        named = arguments if kind in ("empty", "entries") else (name,)
        if not any(re.search(rf"\b{argument}\b", str(error)) for argument in named):
            return f"the message does not name {name!r}: {type(error).__name__}: {error}"
        return None
    except BaseException as error:
        return f"{type(error).__name__} instead of ValueError or TypeError: {error}"
    return None if kind == "empty" else "no error"
