"""Which cells a sparse projection connects: conditions, probabilities, generators, subgroups."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import get_identifiers
from numpy.typing import NDArray

from bioplastic.engine.brian2_bridge import connect_pairs
from bioplastic.engine.projections import Projection, SparseProjection
from bioplastic.equations import check_expression
from bioplastic.expressions import evaluate

__all__ = ["resolve_connectivity", "split_subgroup"]


def resolve_connectivity(network: Any, projection: Projection) -> Projection:
    """Return a projection between given pairs of whole populations.

    Parameters
    ----------
    network : NetworkSpec
        Which knows the populations.
    projection : Projection
        Any; those whose pairs are known already are returned as they are.

    Raises
    ------
    ValueError
        If an expression is wrong, reads what is random, or connects nothing.
    """
    if not isinstance(projection, SparseProjection) or projection.is_resolved:
        return projection
    place = f"SparseProjection {projection.name!r}"
    names: dict[str, Any] = {}
    first: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for side, argument in (("pre", "source"), ("post", "target")):
        name, part = split_subgroup(f"{place}.{argument}", getattr(projection, argument))
        population = network.find_population(f"{place}.{argument}", name)
        start, stop, _ = slice(*part).indices(population.n)
        if not start < stop:
            text = getattr(projection, argument)
            raise ValueError(f"{place}.{argument}: {text!r} has no cells of {population.n}")
        names[argument], first[side], sizes[side] = name, start, stop - start
    if projection.pre.size:
        pairs = {"pre": projection.pre, "post": projection.post}
        for side, index in pairs.items():
            if index.max() >= sizes[side]:
                raise ValueError(
                    f"{place}.{side}: cell {index.max()} of {sizes[side]} does not exist"
                )
    else:
        pairs = _connect(network, projection, names, first, sizes)
    return replace(
        projection, **names, pre=pairs["pre"] + first["pre"], post=pairs["post"] + first["post"],
        condition="", p=None, n=None, i="", j="", skip_if_invalid=False, seed=0,
    )  # fmt: skip


def _connect(
    network: Any, projection: SparseProjection, names: Mapping[str, str],
    first: Mapping[str, int], sizes: Mapping[str, int],
) -> dict[str, NDArray[Any]]:  # fmt: skip
    place = f"SparseProjection {projection.name!r}"
    given = {
        name: _check_text(f"{place}.{name}", name, getattr(projection, name))
        for name in ("condition", "p", "n", "i", "j")
        if getattr(projection, name) not in ("", None)
    }
    read = set().union(*(get_identifiers(v) for v in given.values() if isinstance(v, str)))
    variables: dict[str, dict[str, Any]] = {"pre": {}, "post": {}}
    for side, argument in (("pre", "source"), ("post", "target")):
        population = network.find_population(place, names[argument])
        known = network.cell_variables(names[argument])
        for name in sorted(read):
            stem = name.removesuffix(f"_{side}")
            if stem != name and stem in known and stem not in ("i", "N"):
                values = _constant_values(f"{place}: {name!r}", population, stem, known[stem])
                variables[side][stem] = values[first[side] : first[side] + sizes[side]]
    rule = projection.rule
    constants = {**({} if rule is None else rule.parameters), **projection.parameters}
    if projection.skip_if_invalid:
        given["skip_if_invalid"] = True
    try:
        pre, post = connect_pairs(
            sizes["pre"], sizes["post"], variables, constants, projection.seed, given
        )
    except Exception as error:
        causes = [error]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)  # type: ignore[arg-type]
        text = ", ".join(f"{name}={value!r}" for name, value in given.items())
        raise ValueError(f"{place}: cannot connect with {text}: {causes[-1]}") from error
    if not pre.size:
        raise ValueError(f"{place}: connects nothing")
    return {"pre": pre, "post": post}


def _check_text(place: str, argument: str, value: Any) -> Any:
    """Return an argument of ``connect`` whose powers are real numbers (``10**-3`` is not 0).

    Examples
    --------
    >>> _check_text("s.p", "p", "10**-1*i"), _check_text("s.j", "j", "k for k in range(2**i)")
    ('(1.0 * 10) ** (-1) * i', 'k for k in range(2 ** i)')
    """
    if not isinstance(value, str):
        return value
    if argument in ("condition", "p", "n"):
        check_expression(place, value)
    for name in ("t", "dt"):
        if name in get_identifiers(value):
            raise ValueError(f"{place}: {name!r} means nothing yet in {value!r}")
    try:
        tree = ast.parse(f"({value.strip()})", mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{place}: cannot read {value!r}: {error.msg}") from None
    text = ast.unparse(ast.fix_missing_locations(_RealPowers().visit(tree)))
    return text[1:-1] if isinstance(tree.body, ast.GeneratorExp) else text


class _RealPowers(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Leave limits of ranges alone, which are integers."""
        limits = isinstance(node.func, ast.Name) and node.func.id in ("range", "sample")
        return node if limits else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            node.left = ast.BinOp(ast.Constant(1.0), ast.Mult(), node.left)
        return node


def _constant_values(place: str, population: Any, name: str, variable: Any) -> Any:
    """Return the initial values of a variable that are the same in every state."""
    value = getattr(getattr(population, "model", None), "initial", {}).get(name)
    random = callable(value)
    if isinstance(value, str):
        random = bool(get_identifiers(value) & {"rand", "randn", "poisson"})
    if value is None or random:
        raise ValueError(
            f"{place} has no initial values that are the same in every run; give numbers, an array "
            "or an expression without random numbers to the model"
        )
    dimensions = b2.get_dimensions(variable)
    if isinstance(value, str):
        rng = np.random.default_rng(0)
        values = {"i": np.arange(population.n), "N": population.n, **population.model.parameters}
        found = evaluate(place, value, values, size=population.n, dimensions=dimensions, rng=rng)
    else:
        found = np.broadcast_to(np.asarray(value, dtype=float), (population.n,))
    return b2.Quantity(found, dim=dimensions)


def split_subgroup(place: str, text: str) -> tuple[str, tuple[int | None, int | None]]:
    """Return the name of a population and the limits of a part of it.

    Examples
    --------
    >>> split_subgroup("p.source", "exc[:800]"), split_subgroup("p.source", "exc")
    (('exc', (None, 800)), ('exc', (None, None)))
    """
    found = re.fullmatch(r"(\w+)(?:\[(-?\d*):(-?\d*)\])?", str(text).replace(" ", ""))
    if found is None:
        raise ValueError(
            f"{place}: must be a population or a part of one, 'exc[:800]', got {text!r}"
        )
    name, start, stop = found.groups()
    return name, (int(start) if start else None, int(stop) if stop else None)
