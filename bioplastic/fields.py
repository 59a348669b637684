"""One declaration per parameter: type, unit, range, default and documentation.

A class states its parameters in its body, each once, as the value of an annotated name:

>>> from brian2 import Quantity, ms
>>> class Decay(Constants):
...     '''How traces decay.'''
...
...     tau: Quantity = param(20 * ms, positive=True, doc="decay of both traces")
...     n_steps: int = param(10, minimum=1, doc="steps of a trial")
...     form: str = param("exponential", choices=("exponential", "linear"), doc="shape")

From it come the check and its message, the table in the docstring, and the options of a command
line (`bioplastic.options`); `checked` does the same for the arguments of a function:

>>> Decay(tau=-3 * ms)
Traceback (most recent call last):
    ...
ValueError: Decay.tau: must be positive, got -3. * msecond
>>> print(Decay.__doc__)
How traces decay.
<BLANKLINE>
Parameters
----------
tau : Quantity, default 20 ms
    Decay of both traces.
n_steps : int, default 10
    Steps of a trial.
form : {'exponential', 'linear'}, default 'exponential'
    Shape.

`Constants` are frozen dataclasses that are checked when they are made. `Parametrised` classes only
store what they are given, as scikit-learn wants, and are checked by `check_params`; the estimators
of `bioplastic.models.base` are such classes.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import operator
import os
import re
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import brian2 as b2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.validation import (
    check_choice,
    check_flag,
    check_integer,
    check_quantity,
    check_real,
    check_text,
)

__all__ = [
    "Constants",
    "Param",
    "Parametrised",
    "check_params",
    "checked",
    "param",
    "params_of",
    "show_value",
]

F = typing.TypeVar("F", bound=Callable[..., Any])
_KEY = "bioplastic.param"
_MISSING: Any = dataclasses.MISSING
_UNITS = {name: unit for name, unit in vars(b2).items() if isinstance(unit, b2.Unit)}


def param(
    default: Any = _MISSING,
    *,
    positive: bool = False,
    minimum: Any = None,
    maximum: Any = None,
    exclusive: bool = False,
    choices: Collection[str] | None = None,
    unit: Any = None,
    optional: bool = False,
    check: Callable[[str, Any], Any] | None = None,
    doc: str = "",
    kw_only: bool = _MISSING,
) -> Any:
    """Declare a parameter in the body of a class; its type is the annotation of the name.

    Understood are ``int``, ``float``, ``bool``, ``str``, `Quantity`, classes, ``X | None``, paths,
    arrays, functions, mappings, and tuples or sequences of these, whose entries obey the limits.
    ``Any`` is not checked.

    Parameters
    ----------
    default : object
        Default; a parameter without one must be given.
    positive : bool, default False
        Above zero: for integers at least 1.
    minimum, maximum : number or Quantity, optional
        Inclusive limits.
    exclusive : bool, default False
        Whether the lower limit itself is refused.
    choices : collection of str, optional
        What a text may be.
    unit : Unit, optional
        A unit with the wanted dimensions. Default: that of the default.
    optional : bool, default False
        Whether None is allowed besides; so it is with ``X | None`` and a default of None.
    check : callable, optional
        Called with the place (``"Class.name"``) and the value instead of the check by type; raises
        `TypeError` or `ValueError`.
    doc : str
        What the parameter means; the beginning of a sentence or several.
    kw_only : bool, optional
        As in `dataclasses.field`. In a `Parametrised` class all but the first declared parameter
        are keyword-only.

    Returns
    -------
    dataclasses.Field
        To be used by `Constants`, `Parametrised` or a dataclass that calls `check_params`.

    Examples
    --------
    >>> class Detector(Parametrised):
    ...     n_words: int = param(1, minimum=1, doc="words stored in one cell")
    >>> check_params(Detector(-3))
    Traceback (most recent call last):
        ...
    ValueError: Detector.n_words: must be a positive integer, got -3
    """
    declared = Param(
        default=default,
        positive=positive,
        minimum=minimum,
        maximum=maximum,
        exclusive=exclusive,
        choices=None if choices is None else tuple(choices),
        unit=unit,
        optional=optional or default is None,
        check_value=check,
        doc=doc,
        late=kw_only is True,
    )
    given: dict[str, Any] = {"metadata": {_KEY: declared}, "kw_only": kw_only}
    if default is not _MISSING:
        hashable = isinstance(default, collections.abc.Hashable)
        given |= {"default": default} if hashable else {"default_factory": lambda: default}
    return dataclasses.field(**given)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Param:
    """What is known about one parameter; see `param`.

    ``name``, ``annotation`` (its text) and ``type`` (what it stands for) come from the class.
    """

    default: Any
    positive: bool
    minimum: Any
    maximum: Any
    exclusive: bool
    choices: tuple[str, ...] | None
    unit: Any
    optional: bool
    check_value: Callable[[str, Any], Any] | None
    doc: str
    late: bool
    name: str = ""
    annotation: Any = Any
    owner: Any = object

    @functools.cached_property
    def type(self) -> Any:
        """What the annotation stands for, without ``| None``."""
        return self._resolved[0]

    @functools.cached_property
    def _resolved(self) -> tuple[Any, bool]:
        """The type without None, and whether None was in it."""
        kind: Any = self.annotation
        if isinstance(kind, str):
            module = getattr(sys.modules.get(self.owner.__module__), "__dict__", {})
            holder = types.SimpleNamespace(__annotations__={self.name: kind})
            try:
                kind = typing.get_type_hints(holder, {"Quantity": b2.Quantity, **module})[self.name]
            except NameError:  # the class was made inside a function
                if self.default is _MISSING or self.default is None:
                    raise
                kind = type(self.default)
        if typing.get_origin(kind) not in (typing.Union, types.UnionType):
            return kind, False
        kinds = tuple(k for k in typing.get_args(kind) if k is not types.NoneType)
        none = len(kinds) < len(typing.get_args(kind))
        return functools.reduce(operator.or_, kinds), none

    def check(self, place: str, value: Any) -> Any:
        """Raise `TypeError` or `ValueError` that names the place if the value is not allowed.

        Parameters
        ----------
        place : str
            ``"Class.name"``.
        value : object
            What was given.

        Returns
        -------
        object
            The value in its canonical type.
        """
        if value is None and (self.optional or self._resolved[1]):
            return None
        if self.check_value is not None:
            return self.check_value(place, value)
        return self._check_as(place, value, self.type)

    def _check_as(self, place: str, value: Any, kind: Any) -> Any:
        origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
        if kind == ArrayLike or origin in (np.ndarray, NDArray):  # numpy 2.5 names them
            return _check_array(place, value)
        if origin is bool:
            return check_flag(place, value)
        if origin is int:
            least = 1 if self.positive else self.minimum
            return check_integer(place, value, minimum=least, maximum=self.maximum)
        if origin is float:
            limits = {"minimum": 0 if self.positive else self.minimum, "maximum": self.maximum}
            return check_real(place, value, **limits, exclusive=self.positive or self.exclusive)
        if origin is str:
            if self.choices is not None:
                return check_choice(place, value, self.choices)
            return check_text(place, value)
        if origin is typing.Literal:
            return check_choice(place, value, inner)
        if origin is b2.Quantity:
            return self._check_quantity(place, value)
        if origin in (typing.Union, types.UnionType):
            return self._check_union(place, value, inner)
        if origin is collections.abc.Callable:
            return value if callable(value) else _fail(place, "a function", value)
        if _is_kind(origin, os.PathLike):
            return value if isinstance(value, str | os.PathLike) else _fail(place, "a path", value)
        if _is_kind(origin, Mapping):
            return _check_mapping(place, value, inner)
        if origin is frozenset:
            right = isinstance(value, frozenset) and all(isinstance(name, str) for name in value)
            return value if right else _fail(place, "a frozenset of names", value)
        if _is_kind(origin, collections.abc.Sequence):
            return self._check_sequence(place, value, origin, inner)
        if isinstance(origin, type) and origin is not Any and not isinstance(value, origin):
            none = " or None" if self.optional else ""
            article = "an" if origin.__name__[0] in "AEIOU" else "a"
            return _fail(place, f"{article} {origin.__name__}{none}", value)
        return value

    def _check_quantity(self, place: str, value: Any) -> Any:
        unit = self.unit
        if unit is None:
            source = self.default if isinstance(self.default, b2.Quantity) else value
            if not isinstance(source, b2.Quantity):
                return _fail(place, "a quantity", value)
            unit = b2.units.fundamentalunits.get_unit(source.dim)
        zero = self.minimum is not None and float(self.minimum) == 0
        quantity = check_quantity(
            place, value, unit, positive=self.positive or (zero and self.exclusive),
            non_negative=zero,
        )  # fmt: skip
        for limit, word, low in ((self.minimum, "least", True), (self.maximum, "most", False)):
            wrong = limit is not None and (quantity < limit if low else quantity > limit)
            if wrong and not (low and zero):
                raise ValueError(f"{place}: must be at {word} {show_value(limit)}, got {value!r}")
        return quantity

    def _check_union(self, place: str, value: Any, kinds: tuple[Any, ...]) -> Any:
        if (set(typing.get_args(ArrayLike)) or {ArrayLike}) <= set(kinds):
            return _check_array(place, value)
        if any(_is_kind(kind, os.PathLike) for kind in kinds):
            return value if isinstance(value, str | os.PathLike) else _fail(place, "a path", value)
        problem: Exception | None = None
        for kind in kinds:
            try:
                return self._check_as(place, value, kind)
            except ValueError:
                raise  # the right type, and then it is the value that is wrong
            except TypeError as error:
                problem = problem or error
        raise problem or TypeError(f"{place}: got {value!r}")

    def _check_sequence(self, place: str, value: Any, origin: Any, inner: tuple[Any, ...]) -> Any:
        several = isinstance(value, collections.abc.Sequence | np.ndarray) and np.ndim(value) != 0
        if isinstance(value, str | bytes) or not several:
            return _fail(place, "a sequence", value)
        fixed = origin is tuple and inner and inner[-1] is not Ellipsis
        if fixed and len(value) != len(inner):
            raise ValueError(f"{place}: must have {len(inner)} entries, got {len(value)}")
        kinds = inner if fixed else inner[:1] * len(value)
        for entry, kind in zip(value, kinds, strict=False):
            self._check_as(place, entry, kind)
        return value

    # ---- as text ---------------------------------------------------------------------------------

    def describe(self) -> str:
        """Return the rows of the parameter in a docstring."""
        shown = self.annotation
        if not isinstance(shown, str):
            shown = inspect.formatannotation(shown)
        shown = shown.removeprefix("b2.").removesuffix("| None").strip()
        if self.choices is not None:
            shown = "{" + ", ".join(repr(choice) for choice in self.choices) + "}"
        if self.default is None:
            shown += ", optional"
        elif self.default is not _MISSING:
            shown += f", default {show_value(self.default)}"
        text = self.doc[:1].upper() + self.doc[1:]
        if text and text[-1] not in ".:!?":
            text += "."
        rows = textwrap.wrap(
            text, 92, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
        )
        return "\n".join([f"{self.name} : {shown}", *rows])

    def read(self, text: str) -> Any:
        """Return the value that a text stands for, unchecked.

        Numbers, truth values and names are written plainly, quantities as ``20 ms`` or ``20*ms``,
        sequences with commas, None as ``none`` where it is allowed.

        Raises
        ------
        ValueError
            If the text stands for nothing of this type.
        """
        if text.lower() == "none" and self.optional:
            return None
        return _read_as(text, self.type)


def _is_kind(kind: Any, wanted: type) -> bool:
    origin = typing.get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, wanted)


def _fail(place: str, wanted: str, value: Any) -> Any:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise TypeError(f"{place}: must be {wanted}, got {shown}")


def _check_array(place: str, value: Any) -> Any:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:  # ragged nested lists
        raise ValueError(f"{place}: must be a rectangular array ({error})") from None
    if array.dtype.kind not in "biufU" or isinstance(value, str):
        _fail(place, "an array of real numbers or text", value)
    return value


def _check_mapping(place: str, value: Any, inner: tuple[Any, ...]) -> Any:
    if not isinstance(value, Mapping):
        _fail(place, "a mapping", value)
    if inner[:1] == (str,) and not all(isinstance(key, str) for key in value):
        _fail(place, "a mapping with text as keys", value)
    return value


def show_value(value: Any) -> str:
    """Return a value as people write it.

    Examples
    --------
    >>> show_value(20 * b2.ms)
    '20 ms'
    """
    if isinstance(value, b2.Quantity):
        return re.sub(r"\.(?= |$)", "", str(value))
    return repr(value)


def _read_as(text: str, kind: Any) -> Any:
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"must be true or false, got {text!r}")
        return text.lower() == "true"
    if origin is int or origin is float:
        return origin(text)
    if origin is b2.Quantity:
        match = re.fullmatch(r"\s*([-+.\deE]+)\s*\*?\s*([A-Za-z]\w*)?\s*", text)
        unit = match and (_UNITS.get(match[2]) if match[2] else 1.0)
        if not match or unit is None:
            raise ValueError(f"must be a number and a unit, such as 20*ms, got {text!r}")
        return b2.Quantity(float(match[1]) * unit)
    if isinstance(origin, type) and issubclass(origin, tuple | collections.abc.Sequence):
        if origin is not str:
            return tuple(_read_as(part, inner[0] if inner else str) for part in text.split(","))
    return text


# ---- the parameters of a class -------------------------------------------------------------------


def params_of(kind: type | Any) -> dict[str, Param]:
    """Return the declared parameters of a class or object by name, in order.

    Examples
    --------
    >>> class Grid(Constants):
    ...     n: int = param(3, minimum=1, doc="rows")
    >>> params_of(Grid)["n"].default
    3
    """
    cls = kind if isinstance(kind, type) else type(kind)
    if "_declared" not in vars(cls):
        found: dict[str, Param] = {}
        for base in reversed(cls.__mro__[1:]):
            found |= {k: v for k, v in vars(base).get("_declared", {}).items() if k not in found}
        fields = vars(cls).get("__dataclass_fields__", {})
        annotations = vars(cls).get("__annotations__", {})
        for name, annotation in annotations.items():
            field = fields.get(name, vars(cls).get(name))
            declared = getattr(field, "metadata", {}).get(_KEY)
            if declared is not None:
                found[name] = dataclasses.replace(
                    declared, name=name, annotation=annotation, owner=cls
                )
        for name, declared in found.items():
            value = vars(cls).get(name, _MISSING)
            plain = not isinstance(value, dataclasses.Field | property)
            if value is not _MISSING and plain and declared.owner is not cls:
                found[name] = dataclasses.replace(declared, default=value)
        cls._declared = found  # type: ignore[attr-defined]
    return dict(cls._declared)  # type: ignore[attr-defined]


def check_params(instance: Any, *names: str) -> None:
    """Refuse parameters that their declarations do not allow.

    Fields of a dataclass that are declared without `param` are checked by type and unit.

    Parameters
    ----------
    instance : object
        Its class declares parameters.
    *names : str
        Which; all by default.

    Raises
    ------
    TypeError, ValueError
        Naming class, parameter, what it must be and what was given.
    """
    place = type(instance).__name__
    fields: dict[str, Param] = _fields_of(type(instance))  # type: ignore[arg-type]
    for name, declared in fields.items():
        if not names or name in names:
            declared.check(f"{place}.{name}", getattr(instance, name))


@functools.cache
def _fields_of(cls: type) -> dict[str, Param]:
    """Return the declared parameters and the other fields of a dataclass."""
    plain = {}
    for name, field in getattr(cls, "__dataclass_fields__", {}).items():
        if field.init and _KEY not in field.metadata:
            owner = next(c for c in cls.__mro__ if name in vars(c).get("__annotations__", ()))
            plain[name] = _bare(name, field.default, field.type, owner)
    return {**plain, **params_of(cls)}


def _bare(
    name: str,
    default: Any,
    annotation: Any,
    owner: Any,
    limits: dataclasses.Field[Any] | None = None,
) -> Param:
    """Return what a type, and limits if there are some, say about a parameter."""
    declared: Param = (param() if limits is None else limits).metadata[_KEY]
    return dataclasses.replace(
        declared, default=default, optional=declared.optional or default is None, name=name,
        annotation=annotation, owner=owner,
    )  # fmt: skip


@typing.overload
def checked(function: F, /) -> F: ...
@typing.overload
def checked(**limits: Any) -> Callable[[F], F]: ...
def checked(function: Any = None, /, **limits: Any) -> Any:
    """Refuse arguments that the signature of a function does not declare.

    What a type allows is the same as in `param`; a quantity has the unit of its default. The
    function gets numbers and truth values in their canonical types.

    Parameters
    ----------
    function : callable
        A public function with annotated arguments.
    **limits
        By argument, what `param` says of ranges and choices.

    Returns
    -------
    callable
        The function, which raises `TypeError` or `ValueError` that names the argument.

    Examples
    --------
    >>> from brian2 import Quantity, ms, mV
    >>> @checked(gain=param(minimum=0))
    ... def decay(tau: Quantity = 20 * ms, gain: float = 1.0) -> None: ...
    >>> decay(tau=3 * mV)
    Traceback (most recent call last):
        ...
    TypeError: decay.tau: must be a quantity in second, got 3. * mvolt
    >>> decay(gain=-1)
    Traceback (most recent call last):
        ...
    ValueError: decay.gain: must be a finite number at least 0, got -1
    """
    if function is None:
        return functools.partial(_checked, limits=limits)
    return _checked(function, {})


def _checked(function: F, limits: Mapping[str, Any]) -> F:
    signature = inspect.signature(function)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    declared = {
        name: _bare(
            name, _MISSING if p.default is p.empty else p.default, p.annotation, function,
            limits.get(name),
        )
        for name, p in signature.parameters.items()
        if p.kind not in several and p.annotation is not p.empty
    }  # fmt: skip
    for name in set(limits) - set(declared):
        raise TypeError(f"{function.__qualname__}: has no argument {name!r} to limit")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # Python says best what is missing or too much
        for name, value in bound.arguments.items():
            if name in declared:
                place = f"{function.__qualname__}.{name}"
                bound.arguments[name] = declared[name].check(place, value)
        return function(*bound.args, **bound.kwargs)

    return typing.cast(F, call)


def _document(cls: type) -> None:
    """Put the table of parameters into the docstring, before its first section."""
    declared = params_of(cls)
    text = vars(cls).get("__doc__")
    if not text or not declared or text.startswith(f"{cls.__name__}("):
        return
    text = inspect.cleandoc(text)
    if re.search(r"^Parameters\n-+$", text, re.MULTILINE):
        return
    table = "\n".join(["Parameters", "----------", *(p.describe() for p in declared.values())])
    section = re.search(r"^[A-Z][A-Za-z ]+\n-{3,}$", text, re.MULTILINE)
    end = len(text) if section is None else section.start()
    cls.__doc__ = "\n\n".join(part for part in (text[:end].rstrip(), table, text[end:]) if part)


class Constants:
    """Base of frozen dataclasses of constants, checked when they are made.

    A subclass is a dataclass with keyword arguments. Checks that concern several constants go into
    its ``__post_init__``, after that of this class.

    Examples
    --------
    >>> class Sizes(Constants):
    ...     '''Sizes of a network.'''
    ...     n: int = param(3, minimum=1, doc="cells")
    >>> Sizes().with_values(n=5)
    Sizes(n=5)
    """

    if TYPE_CHECKING:  # the constructor is made from the declarations

        def __init__(self, **values: Any) -> None: ...

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        _document(cls)

    def __post_init__(self) -> None:
        check_params(self)

    def with_values(self, **overrides: Any) -> Self:
        """Return a copy with other values.

        Raises
        ------
        TypeError, ValueError
            For an unknown name, with a list of the known ones, or a value that is not allowed.
        """
        known = params_of(self)
        for name in overrides:
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__}: unknown parameter {name!r}; known: {', '.join(known)}"
                )
        return dataclasses.replace(self, **overrides)  # type: ignore[type-var]


class Parametrised:
    """Base of classes whose constructor stores declared parameters and does nothing else.

    The first parameter may be given by position. Inherited ones come first, except those declared
    ``kw_only=True``, which come last. A subclass changes a default by a plain value in its body
    (``gap = 0.09``), and drops inherited parameters by ``class X(Base, without=("dtype",))``.

    Examples
    --------
    >>> class Cell(Parametrised):
    ...     '''A cell.'''
    ...     n: int = param(3, minimum=1, doc="synapses")
    ...     leak: bool = param(True, doc="whether it leaks")
    >>> cell = Cell(4, leak=False)
    >>> cell.n, cell.leak
    (4, False)
    """

    _declared: ClassVar[dict[str, Param]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Store parameters; every subclass has a constructor with its own."""

    def __init_subclass__(cls, *, without: Iterable[str] = (), **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = params_of(cls)
        for name in set(without) - set(declared):
            raise TypeError(f"{cls.__name__}: has no parameter {name!r} to leave out")
        kept = [name for name in declared if name not in set(without)]
        order = sorted(kept, key=lambda name: declared[name].late)
        cls._declared = {name: declared[name] for name in order}
        for name in order:
            if name in vars(cls):
                delattr(cls, name)
        cls.__init__ = _make_constructor(cls)  # type: ignore[method-assign]
        _document(cls)


def _make_constructor(cls: type) -> Callable[..., None]:
    kinds = inspect.Parameter
    arguments = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    for number, declared in enumerate(params_of(cls).values()):
        default = kinds.empty if declared.default is _MISSING else declared.default
        kind = kinds.KEYWORD_ONLY if number else kinds.POSITIONAL_OR_KEYWORD
        arguments.append(
            kinds(declared.name, kind, default=default, annotation=declared.annotation)
        )
    signature = inspect.Signature(arguments)

    def __init__(*args: Any, **kwargs: Any) -> None:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}: {error}") from None
        bound.apply_defaults()
        given = dict(bound.arguments)
        instance = given.pop("self")
        for name, value in given.items():
            setattr(instance, name, value)

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__
