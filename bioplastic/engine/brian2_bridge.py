"""All that touches Brian2's private classes: rendering statements, and its objects from outside.

Brian2 parses the equations, checks the units and produces the statements; the templates in
``engine/templates`` own the loops around them. The generator differs from Brian2's C++ generator in
what keeps a loop from vectorising: refractoriness is a selection rather than a branch and is
computed from a step counter, boolean operators do not short-circuit, literals have the precision of
the simulation, the indices of a synapse come from the loop rather than from memory.

What is used here (``brian2.codegen``, ``brian2.devices``, attributes that begin with an underscore)
changes between minor releases without notice, so the import refuses a Brian2 that the tests do not
run with. No other module of the engine imports from there.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import brian2 as b2
import numpy as np

__all__ = [
    "RANDOM_FUNCTIONS",
    "SUPPORTED",
    "TEMPLATE_WORDS",
    "ArrayVariable",
    "KernelCode",
    "KernelGenerator",
    "NumpyCode",
    "StandaloneProject",
    "Subexpression",
    "abstract_code",
    "adopt",
    "analyse_identifiers",
    "bind_function",
    "c_data_type",
    "check_version",
    "chosen_method",
    "connect_pairs",
    "create_runner_codeobj",
    "expression_renderer",
    "float_precision",
    "foreign_device",
    "has_refractory",
    "members_of",
    "present_values",
    "refractory_of",
    "refractory_steps",
    "run_at",
    "stock_run",
]

SUPPORTED = ("2.9", "2.10", "2.11")
"""Releases of Brian2 whose private classes are known."""


def check_version(version: str) -> None:
    """Refuse a Brian2 whose private classes may be others.

    Raises
    ------
    ImportError
        If its minor release is none of `SUPPORTED`.

    Examples
    --------
    >>> check_version("2.9.0")
    >>> check_version("2.8.0.4")
    Traceback (most recent call last):
        ...
    ImportError: bioplastic works with Brian2 2.9, 2.10 and 2.11, and 2.8.0.4 is installed; ...
    """
    if ".".join(version.split(".")[:2]) not in SUPPORTED:
        known = f"{', '.join(SUPPORTED[:-1])} and {SUPPORTED[-1]}"
        raise ImportError(
            f"bioplastic works with Brian2 {known}, and {version} is installed; "
            "pip install 'brian2>=2.9,<2.12'"
        )


check_version(b2.__version__)  # before anything is missing below

from brian2.codegen.codeobject import CodeObject, create_runner_codeobj
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator, c_data_type
from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.optimisation import defaults_ns
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.codegen.templates import Templater
from brian2.codegen.translation import analyse_identifiers
from brian2.core.base import BrianObject
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.variables import ArrayVariable, Constant, Subexpression
from brian2.devices.device import RuntimeDevice, all_devices, get_device
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.utils.stringtools import get_identifiers, word_substitute
from jinja2.runtime import Context
from jinja2.utils import missing

from bioplastic.engine.hoisting import (
    indexed_by,
    keep_varying,
    names_none,
    take_draws,
    take_invariant,
    tell_changes,
)
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.real import NUMPY_FUNCTIONS, REAL_FUNCTION, WHOLE_FUNCTION, make_real
from bioplastic.linear import solve_linear
from bioplastic.processors import count_processors

# Brian2 evaluates what looks constant; a variable called `sum` or `input` must not be Python's.
defaults_ns.setdefault("__builtins__", {})

_SYNAPSE_INDEX = {"_synaptic_pre": "_presynaptic_idx", "_synaptic_post": "_postsynaptic_idx"}


@contextmanager
def float_precision(dtype: np.dtype[Any]) -> Iterator[None]:
    """Let Brian2 create variables and literals of the given precision inside the block."""
    previous = b2.prefs["core.default_float_dtype"]
    b2.prefs["core.default_float_dtype"] = dtype.type
    try:
        yield
    finally:
        b2.prefs["core.default_float_dtype"] = previous


def refractory_steps(owner: Any) -> int | None:
    """Return the constant refractory period of a group in steps, None if it has no such period."""
    steps = getattr(owner, "refractory_steps_", None)
    return None if steps is None else int(steps)


def has_refractory(group: Any) -> bool:
    """Return whether cells of a group can be refractory."""
    return group._refractory is not False


def refractory_of(group: Any) -> Any:
    """Return the refractory period of a stock group: a duration, an expression or False."""
    return group._refractory


def members_of(objects: Iterable[Any]) -> list[Any]:
    """Return Brian2 objects in the order of their names, without those that are parts of others.

    Raises
    ------
    TypeError
        If one is no Brian2 object.
    """
    found = {}
    for member in objects:
        if not isinstance(member, BrianObject):
            raise TypeError(f"from_brian2: must be objects of Brian2, got {member!r}")
        found[id(member)] = member
    parts = {
        id(part)
        for member in found.values()
        for part in member.contained_objects
        if not isinstance(part, b2.Synapses)  # in the source of synapses with run_regularly
    }
    return sorted(
        (member for key, member in found.items() if key not in parts),
        key=lambda member: str(member.name),
    )


def chosen_method(group: Any, namespace: Mapping[str, Any]) -> str:
    """Return the name of the integration method that Brian2 takes for a group.

    Raises
    ------
    ValueError
        If it is no method with a name, or none of those in question can integrate the equations.
    """
    choice = group.state_updater.method_choice
    names = [choice] if isinstance(choice, str) else list(choice)
    equations = group.equations
    known = group.resolve_all(
        equations.identifiers - set(group.variables), namespace, user_identifiers=set()
    )
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"{group.name}: the method {name!r} has no name; choose one that has")
        try:
            StateUpdateMethod.stateupdaters[name](equations, {**known, **group.variables}, None)
        except UnsupportedEquationsException:
            continue
        return name
    raise ValueError(f"{group.name}: none of {', '.join(names)} can integrate its equations")


def present_values(synapses: Any, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return event-driven variables at the end of the last step; Brian2 stores them at spikes."""
    equations = synapses.event_driven
    if equations is None or not len(synapses):
        return {}
    variables = {name: synapses.variables[name] for name in equations.diff_eq_names}
    known = synapses.resolve_all(
        equations.identifiers - set(synapses.variables), namespace, user_identifiers=set()
    )
    update = solve_linear(equations, {**known, **synapses.variables})
    code = re.sub(r"\bdt\b", "(t - dt - lastupdate)", update)
    before = {name: variable.get_value().copy() for name, variable in variables.items()}
    create_runner_codeobj(
        synapses, code, "stateupdate", run_namespace=dict(namespace), codeobj_class=NumpyCode
    )()
    found = {name: variable.get_value().copy() for name, variable in variables.items()}
    for name, values in before.items():
        variables[name].set_value(values)
    return found


def foreign_device() -> str | None:
    """Return the name of the active device unless it is that of the runtime."""
    device = type(get_device())
    return None if device is RuntimeDevice else device.__name__


def adopt(member: Any) -> None:
    """Tell Brian2 that a network contains an object, or it warns that none does."""
    member._network = "bioplastic"


def abstract_code(runner: Any) -> str:
    """Return the statements that a state updater, thresholder, resetter or pathway runs."""
    runner.update_abstract_code(run_namespace={})
    return str(runner.abstract_code)


def stock_run(runner: Any) -> Callable[[], Any]:
    """Return what runs a stock Brian2 object once, on numpy."""
    runner.codeobj_class = NumpyCode
    runner.before_run({})
    run: Callable[[], Any] = runner.run
    return run


def add_synaptic_array(synapses: Any, name: str) -> None:
    """Give synapses a further array of numbers in double precision, without a dimension."""
    if name not in synapses.variables:
        synapses.variables.add_dynamic_array(name, size=0, dtype=np.float64, index="_idx")


def connect_pairs(
    n_pre: int,
    n_post: int,
    variables: Mapping[str, Mapping[str, Any]],
    constants: Mapping[str, Any],
    seed: int,
    arguments: Mapping[str, Any],
) -> tuple[Any, Any]:
    """Return the pairs that ``Synapses.connect`` makes, in its order and without side effects.

    Parameters
    ----------
    n_pre, n_post : int
        Numbers of cells.
    variables : mapping
        Values of the cells that the arguments read, by ``"pre"`` and ``"post"`` and name.
    constants : mapping
        External names.
    seed : int
        Seed of the random numbers.
    arguments : mapping
        Those of ``Synapses.connect``.
    """
    if device := foreign_device():
        raise RuntimeError(f"needs Brian2's runtime device, but {device} is active")
    keys = ("codegen.target", "codegen.string_expression_target")
    previous, drawn = {key: b2.prefs[key] for key in keys}, np.random.get_state()  # noqa: NPY002
    for key in keys:
        b2.prefs[key] = "numpy"
    try:
        groups = []
        for side, n in (("pre", n_pre), ("post", n_post)):
            lines = [f"{name} : {_unit_text(value)}" for name, value in variables[side].items()]
            group = b2.NeuronGroup(n, "\n".join(lines), namespace={})
            for name, value in variables[side].items():
                group.variables[name].set_value(np.asarray(value))
            groups.append(group)
        synapses = b2.Synapses(*groups, namespace=dict(constants))
        np.random.seed(seed % 2**32)  # noqa: NPY002
        synapses.connect(**arguments)
        for member in (*groups, synapses):
            adopt(member)
        return np.array(synapses.i[:]), np.array(synapses.j[:])
    finally:
        np.random.set_state(drawn)  # noqa: NPY002
        for key, value in previous.items():
            b2.prefs[key] = value


def _unit_text(value: Any) -> str:
    dimensions = b2.get_dimensions(value)
    return "1" if dimensions.is_dimensionless else repr(b2.get_unit(dimensions))


def run_at(pathway: Any) -> Callable[[Any], None]:
    """Return what runs the statements of a stock pathway, on numpy, at synapses of one's choice."""
    queue = _Chosen()
    pathway.queue = queue
    pathway.variables.add_object("_queue", queue)
    stock_run(pathway)
    statements = pathway.code_objects[1]

    def run(synapses: Any) -> None:
        queue.synapses = synapses
        statements()

    return run


class _Chosen:
    """A queue of spikes whose head is set from outside."""

    synapses: Any = ()

    def prepare(self, *arguments: Any) -> None:
        """Do nothing: delays are somebody else's."""

    def peek(self) -> Any:
        return self.synapses

    def advance(self) -> None:
        """Do nothing: the head is set anew before every run."""


def _is_single() -> bool:
    return bool(np.dtype(b2.prefs["core.default_float_dtype"]) == np.float32)


def _scalar_type() -> str:
    return "float" if _is_single() else "double"


def _float_literal(value: float) -> str:
    if np.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    text = repr(float(value))
    return f"{text}f" if _is_single() else text


class _KernelRenderer(CPPNodeRenderer):  # type: ignore[misc]
    """C++ expressions without short circuits and with literals of the simulation's precision."""

    expression_ops: ClassVar[dict[str, Any]] = {
        **CPPNodeRenderer.expression_ops,
        "And": "&",
        "Or": "|",
    }

    def render_Constant(self, node: Any) -> str:
        if isinstance(node.value, (float, np.floating)):
            return _float_literal(float(node.value))
        return str(super().render_Constant(node))

    def render_BinOp(self, node: Any) -> str:
        text = str(super().render_BinOp(node))
        return text if _is_single() or not isinstance(node.op, ast.Div) else f"1.0{text[4:]}"


def expression_renderer() -> Any:
    """Return what renders a Brian2 expression as C++ with the literals of the precision set."""
    return _KernelRenderer()


def _local(name: str) -> str:
    """Return the name of a variable inside a kernel: no word, macro or function of C++."""
    return name if name.startswith("_") else f"{name}_"


class _LocalRenderer(_KernelRenderer):
    def render_Name(self, node: Any) -> str:
        return "INFINITY" if node.id == "inf" else _local(node.id)

    def render_func(self, node: Any) -> str:
        return str(node.id)


class _SingleRenderer(_LocalRenderer):
    """Expressions inside a loop in single precision: the time step is single too."""

    def __init__(self, steps: set[str], **options: Any) -> None:
        super().__init__(**options)
        self.steps = steps

    def render_Name(self, node: Any) -> str:
        name = super().render_Name(node)
        return f"_single_{name}" if node.id in self.steps else name


class _ExactRenderer(_LocalRenderer):
    """Expressions of a statement in double precision: literals and constants are double too."""

    def __init__(self, constants: set[str], **options: Any) -> None:
        super().__init__(**options)
        self.constants = constants

    def render_Constant(self, node: Any) -> str:
        if isinstance(node.value, (float, np.floating)) and np.isfinite(node.value):
            return repr(float(node.value))
        return str(super().render_Constant(node))

    def render_Name(self, node: Any) -> str:
        name = super().render_Name(node)
        return f"_exact_{name}" if node.id in self.constants else name


class KernelGenerator(CPPCodeGenerator):  # type: ignore[misc]
    """Brian2's C++ generator with branch-free statements and indices supplied by the loop.

    Whatever is computed from the clock or from a time is computed in double precision, and so are
    temporaries that hold it. The time step is single where a loop in single precision takes it.
    """

    universal_support_code = ""

    def translate(self, code: dict[str, str], dtype: Any) -> Any:
        self._times = {
            name
            for name, variable in self.variables.items()
            if isinstance(variable, ArrayVariable)
            and variable.name != "dt"
            and variable.dtype in (np.float64, np.int64)
        }
        single = _is_single() and has_optimisation("single")
        self._steps = {
            name
            for name, variable in self.variables.items()
            if single and isinstance(variable, ArrayVariable) and _is_time_step(variable)
        }
        code = make_real(code, self.variables)
        self.func_name_replacements |= {"_real": "bp_real", "_whole": "bp_whole"}
        return super().translate(code, dtype)

    def translate_statement_sequence(self, scalar: Any, vector: Any) -> Any:
        self._inside = {id(statement) for block in vector.values() for statement in block}
        blocks = [*scalar.values(), *vector.values()]
        statements = [statement for block in blocks for statement in block]
        temporary = {s.var for s in statements if s.op == ":="}
        for s in statements:
            if s.op == ":=" and not self._times.isdisjoint(get_identifiers(s.expr)):
                self._times.add(s.var)
        self._wide = set(self._times)
        for s in reversed(statements):  # what goes into them is double too
            if s.var in self._wide or not self._times.isdisjoint(get_identifiers(s.expr)):
                self._wide |= temporary & get_identifiers(s.expr)
        return super().translate_statement_sequence(scalar, vector)

    def _is_exact(self, statement: Any) -> bool:
        reads = get_identifiers(statement.expr)
        return _is_single() and (statement.var in self._wide or not self._times.isdisjoint(reads))

    def _translate_right(self, statement: Any) -> str:
        if not self._is_exact(statement):
            inside = id(statement) in self._inside
            return self._render(statement.expr, self._steps if inside else set())
        floats = {name for name, v in self.variables.items() if _is_float_constant(v)}
        renderer = _ExactRenderer(floats, auto_vectorise=self.auto_vectorise)
        expr = word_substitute(statement.expr, self.func_name_replacements)
        return str(renderer.render_expr(expr)).strip()

    def translate_expression(self, expr: str) -> str:
        return self._render(expr, set())

    def _render(self, expr: str, steps: set[str]) -> str:
        renderer = _SingleRenderer(steps, auto_vectorise=self.auto_vectorise)
        text: str = renderer.render_expr(word_substitute(expr, self.func_name_replacements))
        return text.strip()

    def translate_statement(self, statement: Any) -> str:
        operator, declaration = statement.op, ""
        if operator == ":=":
            operator = "="
            kind = c_data_type(statement.dtype)
            if kind == "float" and self._is_exact(statement):
                kind = "double"
            declaration = f"{kind} "
            if statement.constant:
                declaration = f"const {declaration}"
        expression = self._translate_right(statement)
        return f"{declaration}{_local(statement.var)} {operator} {expression};"

    def translate_to_read_arrays(
        self, read: Iterable[str], write: Iterable[str], indices: Iterable[str]
    ) -> list[str]:
        lines = []
        for name in sorted(read):
            variable, index = self.variables[name], self.variable_indices[name]
            const = "" if name in write else "const "
            local = _local(name)
            if variable.name in _SYNAPSE_INDEX:
                lines.append(f"const int {local} = {_SYNAPSE_INDEX[variable.name]};")
            elif variable.name in getattr(variable.owner, "degrees_", {}):
                lines.append(f"const int {local} = {variable.owner.degrees_[variable.name]};")
            elif variable.name == "i" and variable.read_only and not variable.scalar:
                lines.append(f"const int {local} = {index};")
            elif variable.name == "not_refractory" and refractory_steps(variable.owner) is not None:
                last = f"_last_step_{variable.owner.name}[{index}]"
                steps = refractory_steps(variable.owner)
                now = f"_refractory_step_{variable.owner.name}"
                lines.append(f"const bool {local} = ({now} - {last}) >= {steps};")
            else:
                pointer = self.get_array_name(variable)
                times = f" * _times{pointer}" if _has_factor(variable) else ""
                kind = c_data_type(variable.dtype)
                lines.append(f"{const}{kind} {local} = {pointer}[{index}]{times};")
                if name in self._steps:
                    lines.append(f"const float _single_{local} = {local};")
        return lines

    def translate_to_declarations(
        self, read: Iterable[str], write: Iterable[str], indices: Iterable[str]
    ) -> list[str]:
        return [
            f"{c_data_type(self.variables[name].dtype)} {_local(name)};"
            for name in sorted(set(write) - set(read) - set(indices))
        ]

    def translate_to_write_arrays(self, write: Iterable[str]) -> list[str]:
        lines = []
        for name in sorted(write):
            pointer = self.get_array_name(self.variables[name])
            over = f" * _over{pointer}" if _has_factor(self.variables[name]) else ""
            lines.append(f"{pointer}[{self.variable_indices[name]}] = {_local(name)}{over};")
        return lines

    def translate_to_statements(
        self, statements: Iterable[Any], conditional_write_vars: dict[str, str]
    ) -> list[str]:
        lines = []
        for statement in statements:
            condition = conditional_write_vars.get(statement.var)
            if condition is None or statement.op == ":=":
                lines.append(self.translate_statement(statement))
                continue
            expression = self._translate_right(statement)
            if statement.op != "=":
                expression = f"{_local(statement.var)} {statement.op[:-1]} ({expression})"
            local = _local(statement.var)
            lines.append(f"{local} = {_local(condition)} ? ({expression}) : {local};")
        return lines

    def determine_keywords(self) -> dict[str, Any]:
        pointers: dict[str, str] = {}
        constants = []
        for name, variable in sorted(self.variables.items()):
            if isinstance(variable, Constant):
                constants.append(_declare_constant(name, variable))
                if _is_single() and _is_float_constant(variable):
                    value = repr(float(variable.get_value())).replace("inf", "INFINITY")
                    constants.append(f"constexpr double _exact_{_local(name)} = {value};")
            elif isinstance(variable, ArrayVariable):
                if getattr(variable, "ndim", 1) > 1 or variable.name in _SYNAPSE_INDEX:
                    continue
                pointer = self.get_array_name(variable)
                array = get_device().get_array_name(variable)
                restrict = "" if variable.scalar or variable.size == 1 else " __restrict"
                pointers[pointer] = (
                    f"{c_data_type(variable.dtype)}*{restrict} const {pointer} = {array};"
                )
                if _has_factor(variable):
                    pointers[pointer] += "".join(
                        f"\nconst {c_data_type(variable.dtype)} _{part}{pointer} = "
                        f"_factor{array}.{part};"
                        for part in ("times", "over")
                    )
        support, defines = [], []
        added: set[Any] = set()
        for name, variable in sorted(self.variables.items()):
            if isinstance(variable, Function):
                function = self._add_user_function(name, variable, added)
                if function is not None:
                    hash_defines, _, support_code, _ = function
                    support.extend(support_code)
                    defines.extend(hash_defines)
        return {
            "pointers_lines": "\n".join([*constants, *pointers.values()]),
            "support_code_lines": "\n".join(support),
            "hashdefine_lines": "\n".join(defines),
            "scalar_type": _scalar_type(),
        }


def _is_time_step(variable: Any) -> bool:
    return bool(variable.name == "dt" and variable.scalar and variable.owner.name == "clock")


def _has_factor(variable: Any) -> bool:
    """Return whether the numbers of synapses are stored by a factor that they share."""
    return variable.name in getattr(variable.owner, "factors_", ())


def _is_float_constant(variable: Any) -> bool:
    return isinstance(variable, Constant) and bool(
        np.issubdtype(np.asarray(variable.get_value()).dtype, np.floating)
    )


def _declare_constant(name: str, variable: Constant) -> str:
    name, value = _local(name), variable.get_value()
    if np.issubdtype(np.asarray(value).dtype, np.bool_):
        return f"constexpr bool {name} = {'true' if value else 'false'};"
    if np.issubdtype(np.asarray(value).dtype, np.integer):
        return f"constexpr int64_t {name} = {int(value)};"
    return f"constexpr {_scalar_type()} {name} = {_float_literal(float(value))};"


#: Functions that give another number every time.
RANDOM_FUNCTIONS = ("rand", "randn", "poisson")

#: Under this name, which no variable can have, templates get their words.
TEMPLATE_WORDS = "_words"


class _OwnWordsFirst(Context):
    """What a template is given under `TEMPLATE_WORDS` comes before variables of the same name.

    Brian2 adds the pointer of every variable to the words of a template, so that a cell with a
    variable ``size`` would otherwise be a loop over a pointer.
    """

    def resolve_or_missing(self, key: str) -> Any:
        words = super().resolve_or_missing(TEMPLATE_WORDS)
        if words is not missing and key in words:
            return words[key]
        return super().resolve_or_missing(key)


class KernelCode(CodeObject):  # type: ignore[misc]
    """Source of one kernel; it is compiled with its network, never alone."""

    templater = Templater("bioplastic.engine", ".cpp")
    generator_class = KernelGenerator
    class_name = "bioplastic_kernel"

    @classmethod
    def is_available(cls) -> bool:
        return True

    def compile(self) -> None:
        """Do nothing: `bioplastic.engine.source` assembles all kernels of a network."""

    def compile_block(self, block: str) -> None:
        """Do nothing; abstract since Brian2 2.10."""

    def run_block(self, block: str) -> None:
        raise NotImplementedError("a kernel runs inside its program")


class _NumpyGenerator(NumpyCodeGenerator):  # type: ignore[misc]
    """Brian2's numpy code, with what it gets wrong put right.

    It runs ``b = 2*b`` in place, which after ``a = b`` would change ``a`` too: copy. And a
    subexpression reads under names of its own, loaded once, what statements write: share the name.
    It takes every temporary for an array when a write depends on who is refractory: make it one.
    """

    def translate(self, code: dict[str, str], dtype: Any) -> Any:
        _share_names(self.variables, self.variable_indices)
        return super().translate(make_real(code, self.variables), dtype)

    def translate_statement(self, statement: Any) -> str:
        return self._copy_name(statement, super().translate_statement(statement))

    def ufunc_at_vectorisation(self, statement: Any, *arguments: Any) -> str:
        line = super().ufunc_at_vectorisation(statement, *arguments)
        return self._copy_name(statement, line)

    def conditional_write(
        self, line: str, stmt: Any, variables: Any, conditional_write_vars: Any, created_vars: Any
    ) -> str:
        """Return a line that leaves refractory cells alone; what it reads may be a scalar."""
        line = super().conditional_write(
            line, stmt, variables, conditional_write_vars, created_vars
        )
        index = conditional_write_vars.get(stmt.var)
        for name in created_vars if index else ():
            whole = f"_numpy.broadcast_to({name}, {index}.shape)"
            line = re.sub(rf"\b{name}\[{index}\]", f"{whole}[{index}]", line)
        return line

    @staticmethod
    def _copy_name(statement: Any, line: str) -> str:
        if statement.op in ("=", ":=") and str(statement.expr).strip().isidentifier():
            left, _, right = line.partition(" = ")
            return f"{left} = _numpy.copy({right.partition(' #')[0]})[()]"  # a scalar stays one
        return line


def _share_names(variables: dict[str, Any], indices: Mapping[str, str]) -> None:
    """Let subexpressions call an array by the name that statements use."""
    names: dict[tuple[int, str], str] = {}
    for name in sorted(variables, key=lambda name: (name.startswith("_"), name)):
        if isinstance(variables[name], ArrayVariable):
            names.setdefault((id(variables[name]), indices[name]), name)
    other = {
        name: names[id(variable), indices[name]]
        for name, variable in variables.items()
        if isinstance(variable, ArrayVariable)
    }
    for name, variable in list(variables.items()):
        if isinstance(variable, Subexpression):
            variables[name] = Subexpression(
                name=variable.name, owner=variable.owner, dimensions=variable.dim,
                expr=word_substitute(variable.expr, other), dtype=variable.dtype,
                device=variable.device, scalar=variable.scalar,
            )  # fmt: skip


class NumpyCode(NumpyCodeObject):  # type: ignore[misc]
    generator_class = _NumpyGenerator
    class_name = "bioplastic_numpy"


def bind_function(function: Any, name: str, numpy_form: Callable[[Any], Any]) -> None:
    """Say what a function of the language is called in C++, and what it is on numpy.

    ``numpy_form`` takes the Brian2 object whose clock counts.
    """
    function.implementations.add_implementation(KernelCode, code=None, name=name)
    function.implementations.add_dynamic_implementation(NumpyCode, code=numpy_form)


KernelCode.templater.env.context_class = _OwnWordsFirst
KernelCode.templater.env.filters["invariant"] = take_invariant
KernelCode.templater.env.filters["varying"] = keep_varying
KernelCode.templater.env.filters["take_draws"] = take_draws
KernelCode.templater.env.filters["names_none"] = names_none
KernelCode.templater.env.filters["indexed_by"] = indexed_by
KernelCode.templater.env.filters["tell_changes"] = tell_changes

for _name, _implementation in {
    "clip": "bp_clip",
    "abs": "bp_abs",
    "sign": "bp_sign",
    "timestep": "bp_timestep",
    "exprel": "bp_exprel",
    "int": "bp_int",
    "poisson": "bp_poisson",
    "rand": "bp_rand",
    "randn": "bp_randn",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
}.items():
    DEFAULT_FUNCTIONS[_name].implementations.add_implementation(
        KernelCode, code=None, name=_implementation
    )
for _name, _function in NUMPY_FUNCTIONS.items():
    DEFAULT_FUNCTIONS[_name].implementations.add_implementation(NumpyCode, code=_function)
for _new, _cpp, _numpy in (
    (REAL_FUNCTION, "bp_real", lambda x: np.multiply(x, 1.0)),
    (WHOLE_FUNCTION, "bp_whole", lambda x: np.rint(x).astype(np.int64)),
):
    _new.implementations.add_implementation(KernelCode, code=None, name=_cpp)
    _new.implementations.add_implementation(NumpyCode, code=_numpy)


class StandaloneProject:
    """A network built once as a C++ standalone project of stock Brian2, and run many times.

    Parameters
    ----------
    folder : Path
        Where the project is written and compiled.
    make : callable
        Creates the objects on the standalone device; returns the network, the duration of a run,
        the variables that go in and those that come out, by name, and the tables of sources.

    Raises
    ------
    RuntimeError
        If a run fails.
    """

    def __init__(
        self,
        folder: Path,
        make: Callable[
            [], tuple[Any, Any, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]
        ],
    ) -> None:
        self.folder = folder
        device, target = all_devices["cpp_standalone"], b2.prefs["codegen.target"]
        make_arguments = "devices.cpp_standalone.extra_make_args_unix"
        found_arguments = b2.prefs[make_arguments]
        device.reinit()
        b2.prefs["codegen.target"] = "auto"
        b2.prefs[make_arguments] = [f"-j{count_processors()}"]  # not all files at once
        b2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
        try:
            network, duration, given, found, tables = make()
            device.apply_run_args()
            names = {
                tuple(device.get_array_name(o.clock.variables[name]) for name in ("t", "dt"))
                for o in network.sorted_objects
            }
            onset, seed = (device.get_array_name(given[name]) for name in ("onset", "seed"))
            lines = [
                f"{network.name}.t = {onset}[0];",
                "for(auto& draws : _random_generators)",
                f"    draws.seed((unsigned long){seed}[0]);",
                # a clock with longer steps begins at its next multiple, not where the trial does
                *(f"{t}[0] = ceil({onset}[0] / {dt}[0] - 1e-6) * {dt}[0];" for t, dt in names),
            ]
            device.insert_code("before_network_run", "\n".join(lines))
            network.run(duration, namespace={})
            device.build(directory=str(folder), compile=True, run=False, with_output=False)
            self._arguments = {key: f"{v.owner.name}.{v.name}" for key, v in given.items()}
            self._arguments |= {key: f"{table.name}.values" for key, table in tables.items()}
            self._types = {key: np.dtype(v.dtype) for key, v in given.items()}
            self._results = {
                key: (device.get_array_filename(v), np.dtype(v.dtype)) for key, v in found.items()
            }
        finally:
            device.reinit()
            b2.set_device("runtime")
            b2.prefs["codegen.target"] = target
            b2.prefs[make_arguments] = found_arguments

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Run once with the given values and return what comes out, as flat arrays."""
        arguments = ["--results_dir", f"{self.folder / 'results'}{os.sep}"]
        (self.folder / "results").mkdir(exist_ok=True)
        for number, (key, array) in enumerate(values.items()):
            path = self.folder / f"argument_{number}.dat"
            np.ascontiguousarray(array, dtype=self._types.get(key, np.float64)).tofile(path)
            arguments.append(f"{self._arguments[key]}={path}")
        done = subprocess.run(
            [str(self.folder / "main"), *arguments], cwd=self.folder, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode or done.stderr:
            raise RuntimeError(f"the standalone project failed: {done.stdout}{done.stderr}")
        return {
            key: np.fromfile(self.folder / "results" / name, dtype=dtype)
            for key, (name, dtype) in self._results.items()
        }
