"""What a neuron is: equations, threshold, reset and defaults, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.equations.equations import SUBEXPRESSION
from brian2.units.fundamentalunits import DIMENSIONLESS

from bioplastic.equations import (
    FrozenMap,
    check_initial,
    check_parameters,
    declared_variables,
    parse_equations,
    parse_statements,
    same_value,
    suggest,
    unit_string,
)
from bioplastic.expressions import evaluate
from bioplastic.fields import check_params, checked
from bioplastic.neurons.checks import check_neuron
from bioplastic.neurons.integration import StepMethod
from bioplastic.validation import check_identifier, check_integer

__all__ = ["InitialValue", "NeuronModel", "build_group"]

#: A number, quantity, array or expression, or a function of a generator and the number of neurons.
InitialValue: TypeAlias = (
    "float | str | b2.Quantity | npt.NDArray[Any] | Callable[[np.random.Generator, int], Any]"
)


@dataclass(frozen=True, kw_only=True)
class NeuronModel:
    """A neuron as data: Brian2 equation strings, parameters and initial values.

    Parameters
    ----------
    name : str
        Used in messages.
    equations : str
        Brian2 equations with units.
    threshold : str, optional
        Condition for a spike.
    reset : str, optional
        Statements executed on a spike.
    refractory : Quantity, str or False, default False
        Brian2 semantics: a duration, or an expression for one; variables marked
        ``(unless refractory)`` are frozen for that long after a spike.
    method : str, default "euler"
        ``"euler+decay"`` (see :class:`~bioplastic.neurons.integration.StepMethod`) or a Brian2
        method: ``"euler"``, ``"exact"``, ``"exponential_euler"``, ``"rk4"``, ...
    update : str, default ""
        Statements executed once per step right after the integration and before the threshold,
        for example ``"v = clip(v, -100*mV, 1*volt)"``.
    parameters : mapping of str to Quantity, float or TimedArray
        Constants of the equations, and numbers over time: a ``brian2.TimedArray`` named ``stim`` is
        read as ``stim(t)``, one with a column per cell as ``stim(t, i)``.
    initial : mapping of str to value
        Initial values of state variables: scalar, array of shape (n,), a function of a NumPy
        ``Generator`` and ``n``, or an expression such as ``"rand()*10*mV"`` over ``i``, ``N``,
        parameters and variables that come before. Variables without one start at zero.
    reference : str, default ""
        Where the model comes from.

    Raises
    ------
    ValueError
        If a string does not parse, a name is unknown, or units disagree; the message names the
        model, the slot and the token.
    TypeError
        If an argument has the wrong type.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> model = NeuronModel(
    ...     name="leaky",
    ...     equations="dv/dt = (v_rest - v)/tau : volt (unless refractory)",
    ...     threshold="v > v_t", reset="v = v_rest", refractory=2 * ms,
    ...     parameters=dict(tau=10 * ms, v_rest=-65 * mV, v_t=-50 * mV),
    ...     initial=dict(v=-65 * mV),
    ... )
    >>> model.state_variables
    {'v': 'volt'}
    >>> model.with_parameters(tau=20 * ms).parameters["tau"]
    20. * msecond
    >>> model.with_parameters(tua=20 * ms)
    Traceback (most recent call last):
        ...
    ValueError: NeuronModel 'leaky', parameters: unknown parameter 'tua' (did you mean 'tau'?)
    """

    name: str
    equations: str
    threshold: str | None = None
    reset: str | None = None
    refractory: Any = False
    method: str = "euler"
    update: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, InitialValue] = field(default_factory=dict)
    reference: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"NeuronModel.name: must be a non-empty string, got {self.name!r}")
        check_params(self, "initial", "reference")
        object.__setattr__(
            self,
            "parameters",
            check_parameters(f"{self._place}, parameters", self.parameters, timed=True),
        )
        check_neuron(self)
        object.__setattr__(self, "initial", FrozenMap(self._check_initial(self.initial)))

    def __hash__(self) -> int:
        return hash((self.name, self.equations, self.threshold, self.reset, self.update))

    @property
    def _place(self) -> str:
        return f"NeuronModel {self.name!r}"

    @property
    def parsed(self) -> b2.Equations:
        """The equations as a Brian2 object."""
        return parse_equations(f"{self._place}, equations", self.equations)

    @property
    def state_variables(self) -> dict[str, str]:
        """Names of the stored variables and their units as written in an equation."""
        return {
            name: unit
            for name, unit in self.variables.items()
            if self.parsed[name].type != SUBEXPRESSION
        }

    @property
    def variables(self) -> dict[str, str]:
        """Names of all variables, subexpressions included, and their units."""
        return {name: unit_string(equation.dim) for name, equation in self.parsed.items()}

    def with_parameters(self, **overrides: Any) -> NeuronModel:
        """Return a copy with other parameter values.

        Raises
        ------
        ValueError
            If the model has no such parameter.
        UnitMismatchError
            If the new value has another unit.
        """
        for name in overrides:
            if name not in self.parameters:
                raise ValueError(
                    f"{self._place}, parameters: unknown parameter {name!r}"
                    f"{suggest(name, self.parameters)}"
                )
        return replace(self, parameters={**self.parameters, **overrides})

    def with_initial(self, **overrides: InitialValue) -> NeuronModel:
        """Return a copy with other initial values.

        Raises
        ------
        ValueError
            If the model has no such state variable.
        """
        return replace(self, initial={**self.initial, **overrides})

    def initial_values(self, n: int, rng: np.random.Generator | None = None) -> dict[str, Any]:
        """Return initial values with functions already called.

        Parameters
        ----------
        n : int
            Number of neurons.
        rng : numpy.random.Generator, optional
            Handed to functions among the initial values; needed if there are any.

        Returns
        -------
        dict
            Scalars and arrays of shape (n,), with units.

        Raises
        ------
        ValueError
            If a value has the wrong shape or unit, or a function needs ``rng`` and there is none.
        """
        values: dict[str, Any] = {}
        for name, value in self.initial.items():
            if isinstance(value, str):
                given = {**self.parameters, **values, "i": np.arange(n), "N": n}
                equation = self.parsed[name]
                dimensions, shared = equation.dim, "shared" in equation.flags
                found = evaluate(
                    f"{self._place}, initial: {name!r}", value, given, size=1 if shared else n,
                    dimensions=dimensions, rng=rng or np.random.default_rng(),
                )  # fmt: skip
                value = b2.Quantity(found[0] if shared else found, dim=dimensions)
            if callable(value):
                if rng is None:
                    raise ValueError(
                        f"{self._place}, initial: {name!r} is a function and needs a random "
                        "generator"
                    )
                value = value(rng, n)
            if np.ndim(value) and np.shape(value) != (n,):
                raise ValueError(
                    f"{self._place}, initial: {name!r} must be a scalar or have shape ({n},), "
                    f"got shape {np.shape(value)}"
                )
            values[name] = value
        return self._check_initial(values)

    def _check_initial(self, values: Any) -> dict[str, Any]:
        stored = {n: e.dim for n, e in self.parsed.items() if e.type != SUBEXPRESSION}
        known = declared_variables(
            (e for e in self.parsed.values() if e.type != SUBEXPRESSION),
            self.parameters,
            {"i": DIMENSIONLESS, "N": DIMENSIONLESS},
        )
        return check_initial(f"{self._place}, initial", stored, values, "state variable", known)

    def group(
        self,
        n: int,
        *,
        name: str | None = None,
        dt: b2.Quantity | None = None,
        clock: b2.Clock | None = None,
        dtype: Any = None,
        seed: int | np.random.Generator | None = None,
        extra_equations: str = "",
        extra_parameters: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> b2.NeuronGroup:
        """Return an ordinary Brian2 group of these neurons, initial values set.

        Parameters
        ----------
        n : int
            Number of neurons.
        name : str, optional
            Name of the group.
        dt : Quantity, optional
            Time step; excludes ``clock``.
        clock : Clock, optional
            Clock of the group.
        dtype : dtype, optional
            Type of the floating point variables, for example ``numpy.float32``.
        seed : int or Generator, optional
            For initial values that are functions.
        extra_equations : str, default ""
            Further equations, for example traces.
        extra_parameters : mapping, optional
            Their constants.
        **parameters
            Overrides as in :meth:`with_parameters`.

        Examples
        --------
        >>> from brian2 import ms, mV
        >>> from bioplastic.neurons import current_lif
        >>> group = current_lif().group(3, dt=0.1 * ms)
        >>> group.v[:]
        array([-65., -65., -65.]) * mvolt
        """
        model = self.with_parameters(**parameters) if parameters else self
        if dt is not None and clock is not None:
            raise ValueError(f"{self._place}, group: give dt or clock, not both")
        if dt is not None:
            clock = b2.Clock(dt=dt)
        group = build_group(
            model,
            n,
            name=name,
            clock=clock,
            dtype=dtype,
            extra_equations=extra_equations,
            extra_parameters=extra_parameters,
        )
        rng = None if seed is None else np.random.default_rng(seed)
        for variable, value in model.initial_values(n, rng).items():
            setattr(group, variable, value)
        return group


def _reset_code(model: NeuronModel) -> str | None:
    if model.reset is None:
        return None if model.threshold is None else ""
    place = f"NeuronModel {model.name!r}, reset"
    return "\n".join(" ".join(statement) for statement in parse_statements(place, model.reset))


@checked
def build_group(
    model: NeuronModel,
    n: int,
    name: str | None = None,
    clock: b2.Clock | None = None,
    dtype: Any = None,
    extra_equations: str = "",
    extra_parameters: Mapping[str, Any] | None = None,
    linked: frozenset[str] = frozenset(),
) -> b2.NeuronGroup:
    """Make the Brian2 group of a model, with traces added, at zero state.

    Parameters
    ----------
    model : NeuronModel
        The model.
    n : int
        Number of neurons.
    name : str, optional
        Name of the group.
    clock : Clock, optional
        Clock of the group; Brian2's default clock otherwise.
    dtype : dtype, optional
        Type of floating point variables.
    extra_equations : str, default ""
        Equations that plasticity rules put on the neuron. Pure decays among them are integrated
        exactly, others with forward Euler, whatever the method of the model.
    extra_parameters : mapping, optional
        Constants of the extra equations; a name shared with the model needs the same value.
    linked : frozenset of str, default empty
        Parameters of the equations to leave out, since the caller refers them to another group.

    Returns
    -------
    NeuronGroup
        Its namespace holds every constant, so that nothing depends on the caller's frame.

    Raises
    ------
    ValueError
        If names clash.
    """
    place = f"NeuronModel {model.name!r}, extra_equations"
    check_integer(f"NeuronModel {model.name!r}.group: n", n, minimum=1)
    if name is not None:
        check_identifier(f"NeuronModel {model.name!r}.group: name", name)
    extra = parse_equations(place, extra_equations)
    namespace = dict(model.parameters)
    for key, value in check_parameters(place, extra_parameters or {}, timed=True).items():
        if key in namespace and not same_value(namespace[key], value):
            raise ValueError(
                f"{place}: parameter {key!r} is {value} here and {namespace[key]} in the model"
            )
        namespace[key] = value
    equations = model.parsed
    for variable in extra:
        if variable in equations or variable in namespace:
            raise ValueError(f"{place}: {variable!r} is already a name of the model")
    for variable in equations:
        if variable in namespace and variable not in model.parameters:
            raise ValueError(f"{place}: parameter {variable!r} is already a variable of the model")
    own = [equation for name, equation in equations.items() if name not in linked]
    everything = b2.Equations(own) + extra
    integrated = bool(everything.diff_eq_names)
    method = StepMethod(
        base="euler" if model.method == "euler+decay" else model.method,
        detect=model.method == "euler+decay",
        traces=frozenset(extra),
        update=model.update if integrated else "",
    )
    options: dict[str, Any] = {} if name is None else {"name": name}
    group = b2.NeuronGroup(
        n,
        everything,
        threshold=model.threshold,
        reset=_reset_code(model),
        refractory=model.refractory,
        method=method,
        namespace=namespace,
        clock=clock,
        dtype=dtype,
        **options,
    )
    if model.update and not integrated:
        group.run_regularly(model.update, when="groups", order=1, clock=clock)
    return group
