"""Check the arguments of a function against its own annotations and defaults."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import brian2 as b2
import numpy as np

from bioplastic.validation import check_flag, check_integer, check_quantity, check_real, check_text

__all__ = ["check_arguments", "check_fields"]

F = TypeVar("F", bound=Callable[..., Any])
Check = Callable[[str, Any], Any]


def check_arguments(function: F) -> F:
    """Refuse arguments whose type or unit is not the one that the signature announces.

    Annotations of numbers, text, truth values, paths, mappings, sequences, arrays and classes of
    this package are checked; a quantity must be finite, scalar and have the unit of its default.
    Ranges, shapes and choices are left to the function.

    Parameters
    ----------
    function : callable
        A function whose annotations are text (``from __future__ import annotations``).

    Returns
    -------
    callable
        The function, which raises `TypeError` or `ValueError` that names the argument.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> @check_arguments
    ... def decay(tau: "b2.Quantity" = 20 * ms, gain: "float" = 1.0) -> None:
    ...     pass
    >>> decay(tau=3 * mV)
    Traceback (most recent call last):
        ...
    TypeError: decay.tau: must be a quantity in second, got 3. * mvolt
    """
    signature = inspect.signature(function)
    checks: dict[str, Check] = {}

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not checks:
            checks.update(_find_checks(function, signature))
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # Python says best what is missing or too much
        for name, value in bound.arguments.items():
            if name in checks:
                checks[name](f"{function.__qualname__}.{name}", value)
        return function(*args, **kwargs)

    return cast(F, checked)


def _find_checks(function: Callable[..., Any], signature: inspect.Signature) -> dict[str, Check]:
    checks: dict[str, Check] = {}
    names = getattr(function, "__globals__", {})
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        check = _choose_check(str(parameter.annotation), parameter.default, names)
        if check is not None:
            checks[parameter.name] = check
    return checks or {"": _pass}


def _choose_check(annotation: str, default: Any, names: Mapping[str, Any]) -> Check | None:
    text = annotation.strip("'\"")
    optional = text.endswith("| None") or default is None
    text = text.removesuffix("| None").strip()
    check = _check_of(text, default, names)
    if check is None or not optional:
        return check
    return lambda place, value: None if value is None else check(place, value)


def _check_of(text: str, default: Any, names: Mapping[str, Any]) -> Check | None:
    plain: dict[str, Check] = {
        "int": check_integer,
        "float": check_real,
        "bool": check_flag,
        "str": check_text,
        "str | os.PathLike[str]": _check_path,
        "str | Path": _check_path,
        "str | os.PathLike[str] | None": _check_path,
        "ArrayLike": _check_array,
        "npt.ArrayLike": _check_array,
        "Axes": _check_axes,
    }
    if text in plain:
        return plain[text]
    if text in ("Quantity", "b2.Quantity"):
        if not isinstance(default, b2.Quantity):
            return _check_any_quantity
        unit = b2.units.fundamentalunits.get_unit(default.dim)
        return lambda place, value: check_quantity(place, value, unit)
    if text.startswith("Mapping["):
        return _check_names if text.startswith("Mapping[str") else _check_mapping
    if text.startswith("Sequence["):
        return _check_sequence
    if text == "frozenset[str]":
        return _check_frozen_names
    if text.startswith("Callable["):
        return _check_callable
    if re.fullmatch(r"tuple\[(int|float), \1\]", text):
        entry: Check = check_integer if "int" in text else check_real
        return lambda place, value: _check_pair(place, value, entry)
    kind = names.get(text)
    if isinstance(kind, type) and kind.__module__.startswith(("bioplastic.", "matplotlib.")):
        return lambda place, value: _check_kind(place, value, kind)
    return None


def _pass(place: str, value: Any) -> None:
    """Check nothing."""


def _fail(place: str, wanted: str, value: Any) -> None:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise TypeError(f"{place}: must be {wanted}, got {shown}")


def _check_kind(place: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        _fail(place, f"{article} {kind.__name__}", value)


def _check_path(place: str, value: Any) -> None:
    if not isinstance(value, str | os.PathLike):
        _fail(place, "a path", value)


def _check_axes(place: str, value: Any) -> None:
    if not hasattr(value, "get_figure"):
        _fail(place, "axes of matplotlib", value)


def _check_callable(place: str, value: Any) -> None:
    if not callable(value):
        _fail(place, "a function", value)


def _check_mapping(place: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        _fail(place, "a mapping", value)


def _check_names(place: str, value: Any) -> None:
    _check_mapping(place, value)
    for key in value:
        if not isinstance(key, str):
            _fail(place, "a mapping with text as keys", value)


def _check_frozen_names(place: str, value: Any) -> None:
    if not isinstance(value, frozenset) or not all(isinstance(name, str) for name in value):
        _fail(place, "a frozenset of names", value)


def _check_sequence(place: str, value: Any) -> None:
    if isinstance(value, str | bytes) or not (
        isinstance(value, Sequence | range) or (isinstance(value, np.ndarray) and value.ndim)
    ):
        _fail(place, "a sequence", value)


def _check_pair(place: str, value: Any, kind: Check) -> None:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__len__"):
        _fail(place, "a pair of numbers", value)
    if len(value) != 2:
        raise ValueError(f"{place}: must be a pair of numbers, got {len(value)} entries")
    for entry in value:
        kind(place, entry)


def _check_any_quantity(place: str, value: Any) -> None:
    if not isinstance(value, b2.Quantity):
        _fail(place, "a quantity", value)
    check_quantity(place, value, b2.units.fundamentalunits.get_unit(value.dim))


def _check_array(place: str, value: Any) -> None:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:  # ragged nested lists
        raise ValueError(f"{place}: must be a rectangular array ({error})") from None
    if array.dtype.kind not in "biufU":
        _fail(place, "an array of real numbers or text", value)


def check_fields(instance: Any, *names: str) -> None:
    """Refuse fields of a dataclass whose type or unit is not the announced one.

    To be called first in ``__post_init__``; see `check_arguments`.

    Parameters
    ----------
    instance : dataclass
        A new object, whose annotations are text.
    *names : str
        Which fields; all by default.

    Raises
    ------
    TypeError, ValueError
        Naming the class and the field.
    """
    kind = type(instance)
    for field in dataclasses.fields(instance):
        if field.init and (not names or field.name in names):
            owner = next(
                c for c in kind.__mro__ if field.name in vars(c).get("__annotations__", ())
            )
            known = vars(sys.modules[owner.__module__])
            check = _field_check(kind, field.name, str(field.type), known)
            if check is not None:
                check(f"{kind.__name__}.{field.name}", getattr(instance, field.name))


_FIELD_CHECKS: dict[tuple[type, str], Check | None] = {}


def _field_check(kind: type, name: str, annotation: str, known: Mapping[str, Any]) -> Check | None:
    if (kind, name) not in _FIELD_CHECKS:
        default = kind.__dataclass_fields__[name].default  # type: ignore[attr-defined]
        _FIELD_CHECKS[kind, name] = _choose_check(annotation, default, known)
    return _FIELD_CHECKS[kind, name]
