"""Checks of a neuron model: every complaint names the model, the slot and the token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import brian2 as b2
import numpy as np
from brian2.core.variables import Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions

from bioplastic.equations import (
    DEFAULT_NAMES,
    UnitMismatchError,
    check_assignment,
    check_boolean,
    check_name,
    check_units,
    declared_variables,
    parse_statements,
    read_names,
    suggest,
    unit_string,
)
from bioplastic.linear import has_powers
from bioplastic.neurons.integration import METHODS, StepMethod, check_noise

__all__ = ["check_neuron"]


class ModelData(Protocol):
    """A `bioplastic.neurons.NeuronModel`, seen from below."""

    @property
    def name(self) -> str:
        """Used in messages."""

    @property
    def method(self) -> str:
        """How a step is integrated."""

    @property
    def threshold(self) -> str | None:
        """When a cell fires."""

    @property
    def reset(self) -> str | None:
        """What happens then."""

    @property
    def refractory(self) -> Any:
        """How long it stays silent."""

    @property
    def update(self) -> str:
        """Statements after the integration."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Constants."""

    @property
    def parsed(self) -> Any:
        """The equations."""


def check_neuron(model: ModelData) -> None:
    """Check all slots of a model but its initial values.

    Raises
    ------
    ValueError
        If something is unknown, does not parse or has the wrong unit.
    """
    place = f"NeuronModel {model.name!r}"
    if model.method not in METHODS:
        raise ValueError(
            f"{place}, method: unknown method {model.method!r}{suggest(str(model.method), METHODS)}"
        )
    equations = model.parsed
    for name in equations:
        if name.endswith(("_pre", "_post")):
            raise ValueError(
                f"{place}, equations: {name!r} ends in _pre or _post, which is how a synapse "
                "refers to variables of its neurons"
            )
        if name in model.parameters:
            raise ValueError(f"{place}, parameters: {name!r} is already a variable")
    check_noise(f"{place}, method", model.method, equations)
    extra: dict[str, Any] = {"i": DIMENSIONLESS, "N": DIMENSIONLESS}
    if model.refractory is not False:
        extra["lastspike"] = b2.second.dim
    for noise in equations.stochastic_variables:
        extra[noise] = (b2.second**-0.5).dim
    known = declared_variables(equations.values(), model.parameters, extra)
    if model.refractory is not False:
        known["not_refractory"] = Variable(name="not_refractory", dtype=bool)
    slot = f"{place}, equations"
    for equation in equations.values():
        if equation.type == PARAMETER:
            continue
        code = equation.expr.code
        _check_names(slot, code, known)
        change = equation.type == DIFFERENTIAL_EQUATION
        if equation.var_type == "boolean":
            check_boolean(slot, code, known)
            continue
        expected = get_dimensions(b2.Quantity(1, dim=equation.dim) / b2.second)
        text = f"d{equation.varname}/dt = {code}" if change else f"{equation.varname} = {code}"
        check_units(slot, text, code, expected if change else equation.dim, known)
    _check_method(f"{place}, equations", model, known)
    if model.threshold is not None:
        slot = f"{place}, threshold"
        if not isinstance(model.threshold, str):
            raise TypeError(f"{slot}: must be a condition in a string, got {model.threshold!r}")
        _check_names(slot, model.threshold, known)
        check_boolean(slot, model.threshold, known)
        check_units(slot, model.threshold, model.threshold, DIMENSIONLESS, known)
    elif model.reset is not None:
        raise ValueError(f"{place}, reset: needs a threshold")
    if model.reset is not None:
        _check_statements(f"{place}, reset", model.reset, model, dict(known))
    _check_statements(f"{place}, update", model.update, model, dict(known))
    _check_refractory(f"{place}, refractory", model.refractory, known)
    _check_unused(f"{place}, parameters", model)


def _check_names(slot: str, expression: str, known: Mapping[str, Any]) -> None:
    for name in sorted(read_names(expression)):
        if name not in known:
            mine = set(known) - DEFAULT_NAMES - {"i", "N", "dt", "t"}
            raise ValueError(f"{slot}: unknown variable {name!r}{suggest(name, mine)}")


def _check_statements(slot: str, code: str, model: ModelData, known: dict[str, Any]) -> None:
    equations = model.parsed
    statements = parse_statements(slot, code)
    temporary: set[str] = set()
    for number, (target, operator, expression) in enumerate(statements):
        text = f"{target} {operator} {expression}"
        if target in model.parameters:
            raise ValueError(f"{slot}: cannot assign to parameter {target!r} in {text!r}")
        _check_names(slot, expression, known)
        if target in equations or target in temporary:
            if target in equations and equations[target].type == SUBEXPRESSION:
                raise ValueError(f"{slot}: cannot assign to subexpression {target!r} in {text!r}")
            check_assignment(slot, target, operator, expression, known)
            continue
        later = (read_names(other) for _, _, other in statements[number + 1 :])
        fresh = operator == "=" and target not in known
        if not fresh or not any(target in names for names in later):
            mine = set(equations)
            raise ValueError(f"{slot}: unknown variable {target!r}{suggest(target, mine)}")
        check_name(slot, target, text)
        check_assignment(slot, target, operator, expression, known)
        temporary.add(target)


def _check_method(slot: str, model: ModelData, known: Mapping[str, Any]) -> None:
    """Check that a method which needs equations of a certain form can integrate these."""
    if model.method not in ("exact", "linear", "exponential_euler"):
        return
    method, equations = StepMethod(base=model.method, detect=False), model.parsed
    variables = {name: variable for name, variable in known.items() if name != "dt"}
    others = [eq for eq in equations.values() if eq.type != DIFFERENTIAL_EQUATION]
    moving = [equations[name] for name in equations.diff_eq_names]
    for members in (*([equation] for equation in moving), moving):
        try:
            subset = b2.Equations([*others, *members])
            for name, code in subset.get_substituted_expressions(variables):
                if model.method == "exponential_euler" and has_powers(name, code.code):
                    raise UnsupportedEquationsException(f"powers of {name}")
            method(subset, variables)
        except (
            UnsupportedEquationsException,
            ValueError,
            TypeError,
            AttributeError,
            NotImplementedError,
        ) as error:
            reason = str(error).rpartition("]: ")[2]
            lines = "; ".join(f"d{eq.varname}/dt = {eq.expr.code}" for eq in members)
            raise ValueError(
                f"{slot}: method {model.method!r} cannot integrate {lines!r}: {reason}"
            ) from error


def _check_unused(slot: str, model: ModelData) -> None:
    conditions = [text for text in (model.threshold, model.refractory) if isinstance(text, str)]
    equations = [eq.expr.code for eq in model.parsed.values() if eq.expr is not None]
    statements = [*parse_statements(slot, model.reset or ""), *parse_statements(slot, model.update)]
    texts = [*conditions, *equations, *(expression for _, _, expression in statements)]
    read = {name for text in texts for name in read_names(text)}
    for name in model.parameters:
        if name not in read:
            raise ValueError(
                f"{slot}: unknown parameter {name!r}, nothing uses it"
                f"{suggest(name, read - DEFAULT_NAMES)}"
            )


def _check_refractory(slot: str, refractory: Any, known: Mapping[str, Any]) -> None:
    if refractory is False:
        return
    if isinstance(refractory, str):
        _check_names(slot, refractory, known)
        dimensions = check_units(slot, refractory, refractory, None, known)
        if dimensions is DIMENSIONLESS:
            check_boolean(slot, refractory, known)
        elif dimensions is not b2.second.dim:
            raise UnitMismatchError(
                f"{slot}: {refractory!r} has unit {unit_string(dimensions)}, expected second"
            )
        return
    if not isinstance(refractory, b2.Quantity) or refractory.dim is not b2.second.dim:
        raise TypeError(f"{slot}: must be False, a duration or a string, got {refractory!r}")
    if np.ndim(refractory) or not 0 <= float(refractory) < np.inf:
        raise ValueError(f"{slot}: must be one non-negative duration, got {refractory!r}")
