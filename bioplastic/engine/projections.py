"""Projections as data: synapses from one population to another, and the rule they learn by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import NDArray

from bioplastic.engine.pathways import DELAYS, Pathway, check_delay, check_pathways, is_synaptic
from bioplastic.equations import check_initial, check_parameters, parse_statements, read_names
from bioplastic.fields import check_params
from bioplastic.plasticity.checks import expand_names, initial_dimensions
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import (
    check_choice,
    check_identifier,
    check_integer,
)

__all__ = [
    "DenseProjection",
    "Projection",
    "SparseProjection",
    "UniformProjection",
    "connected_pairs",
]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """What all projections have in common; use one of its subclasses.

    Parameters
    ----------
    name : str
        Name of the projection; its state appears as ``<name>.<variable>``.
    source, target : str
        Names of the pre- and postsynaptic population.
    transmit : str, default ""
        Statements at a presynaptic spike, executed for every synapse before the rule sees the
        spike, for example ``"ge_post += w"``.
    delay : Quantity, array or str, optional
        Time from a presynaptic spike to what it does at the synapses of this projection, rounded to
        steps. One time for all synapses, one for each as an array of the shape of their weights, or
        an expression over ``i``, ``j``, ``rand()``, parameters and variables of the cells, such as
        ``'rand()*10*ms'``, which `Program.initial_state` evaluates. Delays per synapse are the
        entry ``<name>.delay`` of the state, and what is in flight is part of the state too.
    """

    name: str
    source: str
    target: str
    transmit: str = ""
    delay: Any = None

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_params(self)
        for argument in DELAYS:
            if (delay := getattr(self, argument, None)) is not None:
                object.__setattr__(self, argument, check_delay(f"{place}.{argument}", delay))
        check_identifier(f"{place}.name", self.name)
        for argument in ("source", "target"):
            self._check_end(argument)
        for argument in ("transmit", "summed"):
            parse_statements(f"{place}.{argument}", getattr(self, argument, ""))
        if self.name.endswith(("_pre", "_post")):
            raise ValueError(f"{place}.name: must not end in _pre or _post, got {self.name!r}")

    def _check_end(self, argument: str) -> None:
        place, name = f"{type(self).__name__}.{argument}", getattr(self, argument)
        if isinstance(name, str) and "[" in name:
            raise ValueError(f"{place}: parts of populations need a SparseProjection, got {name!r}")
        check_identifier(place, name)


@dataclass(frozen=True, kw_only=True)
class _PlasticProjection(Projection):
    rule: PlasticityRule | None = None
    initial: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    summed: str = ""
    summed_when: str = "before"
    modulators: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    rule_delay: Any = None
    post_delay: Any = None
    pathways: Mapping[str, Pathway] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        place = type(self).__name__
        if self.rule is not None and not isinstance(self.rule, PlasticityRule):
            raise TypeError(f"{place}.rule: must be a PlasticityRule, got {self.rule!r}")
        pathways = check_pathways(f"{place} {self.name!r}.pathways", self.pathways)
        object.__setattr__(self, "pathways", MappingProxyType(dict(pathways)))
        if not (self.transmit or self.summed or self.pathways or self.rule is not None):
            raise ValueError(
                f"{place} {self.name!r}: needs transmit or summed statements, a rule or pathways"
            )
        check_choice(f"{place}.summed_when", self.summed_when, ("before", "after"))
        if self.summed and self.rule is not None:
            equations = self.rule.parse("synapse")
            for name in sorted(expand_names(read_names(self.summed), equations)):
                if name in equations and "event-driven" in equations[name].flags:
                    raise ValueError(
                        f"{place} {self.name!r}.summed: reads {name!r} in every step, so its "
                        "equation must be (clock-driven), not (event-driven)"
                    )
        declared = set() if self.rule is None else set(self.rule.parse("modulators"))
        for modulator in self.modulators:
            if modulator not in declared:
                known = ", ".join(sorted(declared)) or "none"
                raise ValueError(
                    f"{place} {self.name!r}, modulators: the rule declares no modulator "
                    f"{modulator!r}; declared: {known}"
                )
        own = {} if self.rule is None else {**self.rule.parse("synapse"), **self.rule.parameters}
        for name in self.parameters:
            if name in own:
                raise ValueError(
                    f"{place} {self.name!r}, parameters: {name!r} is already a name of the rule"
                )
        object.__setattr__(self, "modulators", MappingProxyType(dict(self.modulators)))
        stored = initial_dimensions(self.rule) if self.rule else {"w": DIMENSIONLESS}
        initial = check_initial(f"{place} {self.name!r}.initial", stored, self.initial)
        object.__setattr__(self, "initial", MappingProxyType(initial))
        parameters = check_parameters(
            f"{place} {self.name!r}, parameters", self.parameters, timed=True
        )
        object.__setattr__(self, "parameters", MappingProxyType(dict(parameters)))


@dataclass(frozen=True, kw_only=True)
class DenseProjection(_PlasticProjection):
    """All-to-all synapses; weights are one row-major matrix of shape ``(n_source, n_target)``.

    With ``groups`` they are all-to-all within groups: source and target are cut, in order, into as
    many parts of equal size, and part k projects to part k alone, as in cortical columns with
    afferents of their own. The weights, of shape ``(n_source, n_target / groups)``, then hold in
    every row the synapses of one presynaptic cell to its group.

    Parameters
    ----------
    name, source, target, transmit, delay
        See `Projection`.
    rule : PlasticityRule, optional
        What the synapses learn. Without a rule there is one constant weight ``w`` per synapse.
    initial : mapping, default {}
        Initial values of synapse variables and traces: a number, quantity, array, a function of
        ``(generator, shape)``, or an expression such as ``"rand()*exp(-abs(i - j)/5)"`` over the
        cells ``i`` and ``j``, their variables (``x_pre``) and parameters. They go before those of
        the rule.
    parameters : mapping, default {}
        Further constants that ``transmit`` reads.
    summed : str, default ""
        Analogue transmission at every step, for example ``"drive_post = w*rate_pre"``: the variable
        of a postsynaptic cell becomes the sum over its synapses.
    summed_when : {'before', 'after'}, default 'before'
        ``'before'`` the integration of a step, from the activity that the previous step left; or
        ``'after'`` the spikes of the step, from its own activity and before clocked updates: the
        output of a read-out whose rule compares it with a target, fed back in the next step.
    modulators : mapping of str to (str, str), default {}
        Where declared modulators of the rule come from: name to (population, variable). A shared
        modulator takes it from a population of one cell or a shared variable; one that ends in
        ``_pre`` or ``_post`` from a population of the size of the source or target. Without an
        entry a modulator belongs to the projection: its state is ``<name>.<modulator>``.
    rule_delay, post_delay : Quantity, array or str, optional
        Time from a presynaptic spike to ``on_pre`` of the rule (default: that of the transmission),
        and from a postsynaptic spike to ``on_post``. With one delay per synapse a rule cannot
        change traces of the cell that fired, which has no single time.
    pathways : mapping of str to Pathway, default {}
        Further statements at spikes, each with its order and delay.
    only_post : str, default ""
        Variable or trace of the postsynaptic cells: statements of ``on_trial_end`` over synapses
        and a normalisation at the trial end touch only synapses of cells where it is not zero. For
        rules that leave the others as they are, such as errors that most cells do not have.
    groups : int, default 1
        Number of groups; it divides both populations.

    Examples
    --------
    >>> DenseProjection(name="input_exc", source="input", target="exc", transmit="ge_post += w",
    ...                 initial={"w": lambda rng, shape: 0.3*rng.random(shape)}).name
    'input_exc'
    """

    only_post: str = ""
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("DenseProjection.groups", self.groups, minimum=1)
        if self.groups > 1 and self.rule is not None and self.rule.least_squares is not None:
            raise ValueError(
                f"DenseProjection {self.name!r}.groups: recursive least squares runs over all "
                f"inputs of a cell and needs groups=1, got {self.groups}"
            )
        if self.only_post:
            check_identifier("DenseProjection.only_post", self.only_post)
            if not self.only_post.endswith("_post"):
                raise ValueError(
                    "DenseProjection.only_post: must be a variable of the postsynaptic cell that "
                    f"ends in _post, got {self.only_post!r}"
                )


@dataclass(frozen=True, kw_only=True)
class SparseProjection(_PlasticProjection):
    """Synapses between some pairs of cells: given ones, or those that Brian2's ``connect`` makes.

    Parameters
    ----------
    name, source, target, transmit, delay, rule, initial, parameters
        See `DenseProjection`.
    summed, summed_when, modulators, rule_delay, post_delay, pathways
        See `DenseProjection`; synapse variables have shape ``(n_synapses,)``.
    source, target : str
        Names of populations, or parts of them: with ``source="exc[:800]"``, ``pre`` and ``i`` count
        from the first cell of the part. In a network cells have their numbers in the population.
    pre, post : array of int, shape (n_synapses,)
        Presynaptic and postsynaptic cell of every synapse, in any order; a pair may have several
        synapses. They are kept sorted by ``pre``, then ``post``, and arrays in ``initial`` and
        delays, given in the same order as the pairs, are sorted with them. The connectivity is data
        of a run, not of the compiled program.
    condition : str, default ""
        Which pairs are connected instead, such as ``'i != j'``, in terms of ``i``, ``j``,
        ``N_pre``, ``N_post``, parameters, and variables of the cells (``x_pre``) whose initial
        values are not random.
    p : float or str, optional
        Probability of a connection, an expression of the same names.
    n : int or str, optional
        Number of synapses for each pair.
    i, j : str, default ""
        A generator of the cells to which, or from which, each cell of the other side projects:
        ``'k for k in range(i - 3, i + 4) if k != i'``, ``'k for k in sample(N_post, size=10)'``.
    skip_if_invalid : bool, default False
        Leave out cells that do not exist, where a generator runs over the edge.
    seed : int, default 0
        Seed of the connectivity.

    Examples
    --------
    >>> SparseProjection(name="loop", source="exc", target="exc", transmit="v_post += w*mV",
    ...                  pre=[0, 0, 1], post=[1, 2, 0]).n_synapses
    3
    """

    pre: Any = ()
    post: Any = ()
    condition: str = ""
    p: Any = None
    n: Any = None
    i: str = ""
    j: str = ""
    skip_if_invalid: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        place = f"SparseProjection {self.name!r}"
        check_integer("SparseProjection.seed", self.seed, minimum=0)
        rules = [self.condition, self.i, self.j]
        if any(rules) or self.p is not None or self.n is not None:
            if len(self.pre) or len(self.post):
                raise ValueError(
                    f"{place}: needs pairs (pre, post) or an expression "
                    "(condition, i, j, p, n), not both"
                )
            if isinstance(self.p, float | int) and not 0 <= self.p <= 1:
                raise ValueError(f"{place}.p: must lie in [0, 1], got {self.p}")
            for argument in ("p", "n"):
                if not isinstance(value := getattr(self, argument), float | int | str | None):
                    raise TypeError(
                        f"{place}.{argument}: must be a number or an expression, got {value!r}"
                    )
            object.__setattr__(self, "pre", np.zeros(0, dtype=np.int32))
            object.__setattr__(self, "post", np.zeros(0, dtype=np.int32))
            return
        arrays = []
        for argument in ("pre", "post"):
            try:
                values = np.asarray(getattr(self, argument))
            except ValueError as error:
                raise ValueError(f"{place}.{argument}: must be a 1d array ({error})") from None
            if values.ndim != 1 or values.size == 0 or not np.issubdtype(values.dtype, np.integer):
                raise ValueError(f"{place}.{argument}: must be a non-empty 1d array of integers")
            if values.min() < 0:
                raise ValueError(f"{place}.{argument}: must not be negative, got {values.min()}")
            arrays.append(values.astype(np.int32))
        pre, post = arrays
        if pre.size != post.size:
            raise ValueError(f"{place}: pre has {pre.size} entries and post {post.size}")
        if pre.size > np.iinfo(np.int32).max:
            raise ValueError(f"{place}: must have fewer than 2**31 synapses, got {pre.size}")
        key = pre.astype(np.int64) * (int(post.max()) + 1) + post
        if np.any(np.diff(key) < 0):
            order = np.argsort(key, kind="stable")
            arrays = [values[order] for values in arrays]
            self._sort_values(order)
        for argument, values in zip(("pre", "post"), arrays, strict=True):
            values.setflags(write=False)
            object.__setattr__(self, argument, values)

    def _sort_values(self, order: NDArray[np.intp]) -> None:
        """Bring what is given per synapse into the order of the synapses."""

        def moved(value: Any) -> Any:
            return value[order] if np.shape(value) == order.shape else value

        initial = {name: moved(value) for name, value in self.initial.items()}
        object.__setattr__(self, "initial", MappingProxyType(initial))
        for argument in DELAYS:
            object.__setattr__(self, argument, moved(getattr(self, argument)))
        ways = {name: replace(w, delay=moved(w.delay)) for name, w in self.pathways.items()}
        object.__setattr__(self, "pathways", MappingProxyType(ways))

    def _check_end(self, argument: str) -> None:
        name = str(getattr(self, argument)).partition("[")[0]
        check_identifier(f"SparseProjection.{argument}", name)

    @property
    def is_resolved(self) -> bool:
        """Whether the pairs are known and count over whole populations, as in a network."""
        return bool(self.pre.size) and "[" not in f"{self.source}{self.target}"

    @property
    def n_synapses(self) -> int:
        """Number of synapses.

        Raises
        ------
        ValueError
            Before the projection is part of a network, where an expression makes the pairs.
        """
        if not self.pre.size:
            raise ValueError(
                f"SparseProjection {self.name!r}.n_synapses: known in a network, as "
                "network.projection(name)"
            )
        return int(self.pre.size)

    @cached_property
    def order_by_post(self) -> NDArray[np.int32]:
        """Synapses by postsynaptic, then presynaptic cell, shape (n_synapses,); sorted once."""
        fits = self.n_synapses and int(self.post.max()) < 2**16  # numpy then sorts by digits
        key = self.post.astype(np.uint16) if fits else self.post
        return np.argsort(key, kind="stable").astype(np.int32)

    @classmethod
    def random(
        cls,
        *,
        n_source: int,
        n_target: int,
        probability: float,
        seed: int,
        self_connections: bool = True,
        **arguments: Any,
    ) -> SparseProjection:
        """Connect every pair with a probability.

        Parameters
        ----------
        n_source, n_target : int
            Sizes of the populations.
        probability : float
            Probability of a synapse, in (0, 1].
        seed : int
            Seed of the connectivity.
        self_connections : bool, default True
            Whether cell ``k`` may project to cell ``k``.
        **arguments
            Further arguments of the projection.
        """
        mask = np.random.default_rng(seed).random((n_source, n_target)) < probability
        if not self_connections:
            np.fill_diagonal(mask, False)
        pre, post = np.nonzero(mask)
        return cls(pre=pre, post=post, **arguments)


@dataclass(frozen=True, kw_only=True)
class UniformProjection(Projection):
    """Synapses of one constant weight in a regular pattern, stored nowhere: O(n), not O(n²).

    Parameters
    ----------
    name, source, target, transmit
        See `Projection`. A statement of the form ``x_post += constant`` runs as one sum over the
        spikes; anything else as a loop over pairs.
    pattern : {'one_to_one', 'all_but_self', 'all'}
        Who projects to whom. The first two need populations of equal size.
    groups : int, default 1
        Number of groups, as in `DenseProjection`: ``'all_but_self'`` and ``'all'`` are meant within
        a group.
    parameters : mapping, default {}
        Constants that ``transmit`` reads.

    Examples
    --------
    >>> UniformProjection(name="inhibition", source="inh", target="exc", pattern="all_but_self",
    ...                   transmit="gi_post += w", parameters={"w": 17.0}).pattern
    'all_but_self'
    """

    pattern: str = "all"
    groups: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(
            "UniformProjection.pattern", self.pattern, ("one_to_one", "all_but_self", "all")
        )
        check_integer("UniformProjection.groups", self.groups, minimum=1)
        if self.groups > 1 and self.pattern == "one_to_one":
            raise ValueError(
                f"UniformProjection {self.name!r}.groups: has no meaning one to one, "
                f"got {self.groups}"
            )
        if not self.transmit:
            raise ValueError(f"UniformProjection {self.name!r}: needs a transmit statement")
        if is_synaptic(self.delay):
            raise ValueError(
                f"UniformProjection {self.name!r}.delay: synapses that are stored nowhere have one "
                "delay; use DenseProjection or SparseProjection"
            )
        parameters = check_parameters(
            f"UniformProjection {self.name!r}, parameters", self.parameters, timed=True
        )
        object.__setattr__(self, "parameters", MappingProxyType(dict(parameters)))


def connected_pairs(
    network: Any, projection: Projection
) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
    """Return presynaptic and postsynaptic indices of all synapses, sorted by pre, then post.

    Parameters
    ----------
    network : NetworkSpec
        Which knows the sizes of the populations.
    projection : Projection
        One of its projections.
    """
    if isinstance(projection, SparseProjection):
        return projection.pre, projection.post
    n_pre, n_post = (network.population(p).n for p in (projection.source, projection.target))
    pattern = projection.pattern if isinstance(projection, UniformProjection) else "all"
    if pattern == "one_to_one":
        return np.arange(n_pre), np.arange(n_pre)
    groups = projection.groups  # type: ignore[attr-defined]
    pre, post = (a.ravel() for a in np.indices((n_pre, n_post // groups)))
    post += pre // (n_pre // groups) * (n_post // groups)
    if pattern == "all_but_self":
        keep = pre != post
        pre, post = pre[keep], post[keep]
    return pre, post
