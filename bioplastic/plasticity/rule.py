"""What a synapse learns: a plasticity rule as equation strings.

Order of events inside a time step: integration (traces decay), thresholds, presynaptic pass over
all neurons that fired in this step, postsynaptic pass, clocked updates, resets. With simultaneous
spikes, statements of ``on_pre`` therefore see a postsynaptic trace before its own increment, and
statements of ``on_post`` see the presynaptic trace after it: a pair inside one step counts once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.core.namespace import get_local_namespace
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.equations import (
    FrozenMap,
    check_initial,
    check_parameters,
    parse_equations,
    read_names,
    suggest,
)
from bioplastic.fields import check_params
from bioplastic.neurons.integration import METHODS
from bioplastic.plasticity.checks import check_rule_text, check_units_against, initial_dimensions
from bioplastic.plasticity.compose import compose_rules
from bioplastic.plasticity.least_squares import LeastSquares
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.statements import SLOTS, Phase, Statement, group_phases
from bioplastic.plasticity.vocabulary import EQUATION_SLOTS
from bioplastic.validation import check_choice, check_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bioplastic.plasticity.audit import Audit

__all__ = ["LeastSquares", "Normalisation", "Phase", "PlasticityRule", "Statement"]


@dataclass(frozen=True, kw_only=True)
class PlasticityRule:
    """A local learning rule as data.

    Statements are separated by semicolons or line ends and executed in the order written.
    A statement in ``on_pre`` whose target ends in ``_pre`` updates the trace of the neuron that
    fired, once per spike and not once per synapse; its right-hand side may read only variables of
    that cell, shared scalars and parameters. All other statements run for each synapse of that
    neuron. There, a target that ends in ``_post`` must be ``+=`` (synaptic transmission). The same
    holds for ``on_post`` with the sides exchanged. Variables of the neurons themselves are reached
    with Brian2's suffixes: ``v_post``, ``rate_pre``.

    In ``every``, ``on_trial_start`` and ``on_trial_end``, a statement whose target ends in
    ``_pre`` or ``_post`` and that reads only variables of that cell is executed once per cell; a
    statement on a ``(shared)`` scalar once; any other statement once per synapse.

    ``lastupdate`` is the time at which a spike, from either side, reached the synapse before. It is
    kept as the variable ``time_of_event``.

    Parameters
    ----------
    name : str
        Used in messages.
    synapse : str, default "w : 1"
        Variables of each synapse as Brian2 equations. Differential equations are marked
        ``(event-driven)`` or ``(clock-driven)``, where ``xi`` is white noise that every synapse
        draws in every step; ``(shared)`` makes one scalar for all synapses, such as a learning rate
        that changes at run time.
    pre, post : str, default ""
        Equations of traces on the presynaptic and postsynaptic neuron, one per cell. Every name
        ends in ``_pre`` or ``_post``.
    modulators : str, default ""
        Third factors: ``(shared)`` scalars broadcast to all synapses, or variables of neurons
        whose name ends in ``_pre`` or ``_post``.
    on_pre, on_post : str, default ""
        Statements at a presynaptic and a postsynaptic spike.
    every : str, default ""
        Statements on all synapses every ``interval``.
    interval : Quantity, optional
        Period of ``every``; None means every time step.
    interval_at : {"end", "start"}, default "end"
        Whether ``every`` runs in the last step of each interval, at the end of the first one for
        the first time, or in the first, at times 0, ``interval``, ..., as a clock of Brian2 does.
    on_trial_start, on_trial_end : str, default ""
        Statements on all synapses at the limits of a trial.
    normalise : Normalisation, optional
        Homeostatic scaling over the synapses of a cell.
    least_squares : LeastSquares, optional
        Recursive least squares every ``interval``, after ``every``; the audit calls it non-local.
    method : str, default "euler+decay"
        How ``(clock-driven)`` equations of the synapse take a step: one of
        `bioplastic.neurons.integration.METHODS`, such as ``'exact'`` or ``'heun'``.
    parameters : mapping of str to Quantity or float
        Constants.
    initial : mapping of str to value
        Initial values of traces, synapse variables and modulators; zero otherwise.
    reference : str, default ""
        Where the rule comes from.

    Raises
    ------
    ValueError
        If a string does not parse, a name is unknown, or units disagree. The message names the
        rule, the slot and the token.

    Examples
    --------
    >>> from brian2 import ms
    >>> rule = PlasticityRule(
    ...     name="hebb",
    ...     pre="dx_pre/dt = -x_pre/tau : 1",
    ...     on_pre="x_pre += 1",
    ...     on_post="w = clip(w + eta*x_pre, 0, 1)",
    ...     parameters=dict(tau=20 * ms, eta=0.01),
    ... )
    >>> [phase.scope for phase in rule.phases("on_pre")]
    ['pre']
    >>> rule.statements("on_post")[0].expression
    'clip(w + eta*x_pre, 0, 1)'
    >>> PlasticityRule(name="hebb", on_post="w += x_psot")
    Traceback (most recent call last):
        ...
    ValueError: PlasticityRule 'hebb', on_post: unknown variable 'x_psot'
    """

    name: str
    synapse: str = "w : 1"
    pre: str = ""
    post: str = ""
    modulators: str = ""
    on_pre: str = ""
    on_post: str = ""
    every: str = ""
    interval: b2.Quantity | None = None
    interval_at: str = "end"
    on_trial_start: str = ""
    on_trial_end: str = ""
    normalise: Normalisation | None = None
    least_squares: LeastSquares | None = None
    method: str = "euler+decay"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    _statements: Mapping[str, tuple[Statement, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"PlasticityRule.name: must be a non-empty string, got {self.name!r}")
        check_params(self, "initial", "reference")
        object.__setattr__(
            self, "parameters", check_parameters(f"{self._place}, parameters", self.parameters)
        )
        if self.interval is not None:
            check_quantity(f"{self._place}, interval", self.interval, b2.second, positive=True)
            if not self.every and self.least_squares is None:
                raise ValueError(f"{self._place}, interval: needs statements in 'every'")
        self._keep_time_of_events()
        check_choice(f"{self._place}, method", self.method, METHODS)
        check_choice(f"{self._place}, interval_at", self.interval_at, ("end", "start"))
        if self.least_squares is not None and not isinstance(self.least_squares, LeastSquares):
            raise TypeError(
                f"{self._place}, least_squares: must be LeastSquares, got {self.least_squares!r}"
            )
        if self.normalise is not None and not isinstance(self.normalise, Normalisation):
            raise TypeError(
                f"{self._place}, normalise: must be a Normalisation, got {self.normalise!r}"
            )
        object.__setattr__(self, "_statements", FrozenMap(check_rule_text(self)))
        initial = check_initial(f"{self._place}, initial", initial_dimensions(self), self.initial)
        object.__setattr__(self, "initial", FrozenMap(initial))

    def _keep_time_of_events(self) -> None:
        """Let ``lastupdate`` be what it is in Brian2: when a spike reached the synapse before."""
        slots = ("synapse", *SLOTS)
        used = [s for s in slots if "lastupdate" in get_identifiers(str(getattr(self, s)))]
        declared = re.search(r"\blastupdate\s*:\s*second\b", str(self.synapse))
        texts = "\n".join(str(getattr(self, slot)) for slot in used)
        written = re.search(r"\blastupdate\s*[-+*/]?=(?!=)", texts)
        if not used or (not declared and ("synapse" in used or written)):
            return  # any other use is refused like that of other names
        name = "time_of_event"
        for slot in used:
            text = word_substitute(getattr(self, slot), {"lastupdate": name})
            object.__setattr__(self, slot, text)
        if declared:  # the statements set it themselves
            return
        object.__setattr__(self, "synapse", f"{self.synapse}\n{name} : second")
        for slot in ("on_pre", "on_post"):
            if getattr(self, slot):
                object.__setattr__(self, slot, f"{getattr(self, slot)}\n{name} = t")

    def __hash__(self) -> int:
        return hash((self.name, self.synapse, self.pre, self.post, self.on_pre, self.on_post))

    @property
    def _place(self) -> str:
        return f"PlasticityRule {self.name!r}"

    def parse(self, slot: str) -> b2.Equations:
        """Return the equations of ``synapse``, ``pre``, ``post`` or ``modulators``, parsed.

        Raises
        ------
        ValueError
            If the slot holds no equations.
        """
        check_choice("PlasticityRule.parse: slot", slot, EQUATION_SLOTS)
        return parse_equations(f"{self._place}, {slot}", getattr(self, slot))

    def statements(self, slot: str) -> tuple[Statement, ...]:
        """Return the statements of a slot in order.

        Parameters
        ----------
        slot : {"on_pre", "on_post", "every", "on_trial_start", "on_trial_end"}
            The slot.

        Raises
        ------
        ValueError
            If the slot holds no statements.
        """
        check_choice("PlasticityRule.statements: slot", slot, SLOTS)
        return self._statements[slot]

    def phases(self, slot: str) -> tuple[Phase, ...]:
        """Return maximal runs of consecutive statements of a slot with the same scope."""
        return group_phases(self.statements(slot))

    @property
    def neuron_variables(self) -> frozenset[str]:
        """Suffixed names that must be variables of the neurons: ``v_post``, ``rate_pre``."""
        declared = {name for slot in EQUATION_SLOTS for name in self.parse(slot)}
        used: set[str] = set()
        for slot in EQUATION_SLOTS:
            used |= self.parse(slot).identifiers
        for slot in SLOTS:
            for statement in self.statements(slot):
                used |= statement.reads | {statement.target}
        if self.least_squares is not None:
            used |= read_names(self.least_squares.activity) | read_names(self.least_squares.error)
        return frozenset(
            name
            for name in used - declared - set(self.parameters) - {"N_pre", "N_post"}
            if name.endswith(("_pre", "_post"))
        )

    def check_against(
        self,
        pre_model_variables: Mapping[str, Any] | None,
        post_model_variables: Mapping[str, Any] | None,
    ) -> None:
        """Check the rule with the variables of its neurons known.

        Parameters
        ----------
        pre_model_variables, post_model_variables : mapping of str to unit
            Variables of the neurons, without suffix, and their units (strings, units or
            dimensions), as in :attr:`NeuronModel.variables`.

        Raises
        ------
        ValueError
            If a neuron lacks a variable the rule uses, or units disagree.
        """
        check_units_against(self, pre_model_variables, post_model_variables)

    def __add__(self, other: PlasticityRule) -> PlasticityRule:
        """Return one rule that does what both do on the same synapse.

        Names must be disjoint or mean the same in both. A trace that both define with the same
        updates is updated once. Statements of the left rule come first.

        Raises
        ------
        ValueError
            If the rules contradict each other.
        """
        if not isinstance(other, PlasticityRule):
            return NotImplemented
        return PlasticityRule(**compose_rules(self, other))

    def with_parameters(self, **overrides: Any) -> PlasticityRule:
        """Return a copy with other parameter values, or other initial values of shared scalars.

        Raises
        ------
        ValueError
            If the rule has no such parameter.
        UnitMismatchError
            If the new value has another unit.
        """
        parameters = dict(self.parameters)
        initial = dict(self.initial)
        shared = {
            name
            for slot in ("synapse", "modulators")
            for name, equation in self.parse(slot).items()
            if "shared" in equation.flags
        }
        for name, value in overrides.items():
            if name in parameters:
                parameters[name] = value
            elif name in shared:
                initial[name] = value
            else:
                raise ValueError(
                    f"{self._place}, parameters: unknown parameter {name!r}"
                    f"{suggest(name, {*parameters, *shared})}"
                )
        return replace(self, parameters=parameters, initial=initial)

    @classmethod
    def from_synapses(
        cls, synapses: b2.Synapses, namespace: Mapping[str, Any] | None = None
    ) -> PlasticityRule:
        """Return the rule that Brian2 synapses follow, transmission included.

        Traces move to the cells where that is exact; `bioplastic.from_brian2` takes whole networks.

        Parameters
        ----------
        synapses : brian2.Synapses
            Connected, with the values it starts from.
        namespace : mapping, optional
            Where external names are looked up; by default among the variables of the caller.

        Raises
        ------
        ValueError
            For what a rule cannot say, naming the line.

        Examples
        --------
        >>> from brian2 import NeuronGroup, Synapses, ms
        >>> cells = NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name="cells")
        >>> model = '''w : 1
        ...            dx/dt = -x/(20*ms) : 1 (event-driven)'''
        >>> synapses = Synapses(cells, cells, model, on_pre="x += 1", on_post="w += x", name="stdp")
        >>> synapses.connect()
        >>> PlasticityRule.from_synapses(synapses).on_post
        'w += x_pre'
        """
        from bioplastic.plasticity.from_brian2 import read_synapses

        known = get_local_namespace(level=1) if namespace is None else namespace
        try:
            return cls(**read_synapses(synapses, known).fields)
        except ValueError:
            return cls(**read_synapses(synapses, known, move=False).fields)

    def window(self, lags: b2.Quantity, **protocol: Any) -> npt.NDArray[np.float64]:
        """Return the weight change of the pairing protocol at ``lags`` (post minus pre).

        See :func:`bioplastic.plasticity.window.stdp_window` for the protocol's arguments.
        """
        from bioplastic.plasticity.window import stdp_window

        return stdp_window(self, lags, **protocol)

    def plot_window(self, ax: Axes | None = None, **protocol: Any) -> Axes:
        """Draw the pairing window; see :func:`bioplastic.plasticity.window.plot_window`."""
        from bioplastic.plasticity.window import plot_window

        return plot_window(self, ax, **protocol)

    def audit(self) -> Audit:
        """Return what each update depends on; see :mod:`bioplastic.plasticity.audit`."""
        from bioplastic.plasticity.audit import audit_rule

        return audit_rule(self)
