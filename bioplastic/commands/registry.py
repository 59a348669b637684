"""Which experiments there are. A module is imported only when its experiment is asked for."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import bioplastic.experiments

if TYPE_CHECKING:
    from bioplastic.study.framework import Experiment

__all__ = ["MODULES", "Heading", "load_experiment", "read_heading"]

MODULES: Mapping[str, str] = {
    name: f"bioplastic.experiments.{name}"
    for _, name, _ in pkgutil.iter_modules(bioplastic.experiments.__path__)
    if not name.startswith("_")
}
"""Module of each experiment: every file or folder of ``experiments`` exports ``EXPERIMENT``."""


class Heading(NamedTuple):
    """What is known of an experiment before it is imported; see `Experiment`."""

    name: str
    title: str
    reference: str
    costs: Mapping[str, str]
    datasets: tuple[str, ...]


def load_experiment(name: str, modules: Mapping[str, str] | None = None) -> Experiment:
    """Import one experiment.

    Parameters
    ----------
    name : str
        Name of the experiment.
    modules : mapping of str to str, optional
        Module of each experiment; `MODULES` by default.

    Returns
    -------
    Experiment
        The ``EXPERIMENT`` of its module.

    Raises
    ------
    ValueError
        If there is no experiment of this name.
    TypeError
        If the module exports something else under ``EXPERIMENT``.
    """
    from bioplastic.study.framework import Experiment  # brings numpy, which a list can do without

    known = MODULES if modules is None else modules
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(f"unknown experiment {name!r} (there are: {names})")
    experiment = getattr(importlib.import_module(known[name]), "EXPERIMENT", None)
    if not isinstance(experiment, Experiment) or experiment.name != name:
        raise TypeError(f"{known[name]}.EXPERIMENT: must be the Experiment {name!r}")
    return experiment


def read_heading(name: str, modules: Mapping[str, str] | None = None) -> Heading:
    """Read name, title, paper, costs and data of an experiment from its text.

    What does not stand there as plain values is taken from the imported experiment.

    Examples
    --------
    >>> read_heading("audit").costs
    {'smoke': '3 s', 'quick': '3 s'}
    """
    module = (MODULES if modules is None else modules)[name]
    try:
        specification = importlib.util.find_spec(module)
        assert specification is not None
        assert specification.origin is not None
        tree = ast.parse(Path(specification.origin).read_text("utf-8"))
        return Heading(**_find_values(tree))
    except (AssertionError, ImportError, SyntaxError, TypeError, ValueError):
        experiment = load_experiment(name, modules)
        return Heading(*(getattr(experiment, field) for field in Heading._fields))


def _find_values(tree: ast.Module) -> dict[str, Any]:
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and [ast.unparse(target) for target in node.targets] == ["EXPERIMENT"]
            and isinstance(node.value, ast.Call)
        ):
            given = {word.arg: word.value for word in node.value.keywords}
            return {
                name: ast.literal_eval(given[name]) for name in Heading._fields if name in given
            }
    return {}
