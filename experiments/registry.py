"""Which experiments there are. A module is imported only when its experiment is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from experiments.framework import Experiment

__all__ = ["MODULES", "load_experiment"]

MODULES: Mapping[str, str] = {
    "audit": "experiments.audit",
    "csnn": "experiments.csnn",
    "force": "experiments.force",
    "hlop": "experiments.hlop",
    "ncg": "experiments.ncg",
    "pspm": "experiments.pspm",
    "rules": "experiments.rules",
    "sym_stdp": "experiments.sym_stdp",
    "sym_stdp_ablations": "experiments.sym_stdp_ablations",
    "what_when": "experiments.what_when",
}
"""Module of each experiment; it exports ``EXPERIMENT``."""


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
    known = MODULES if modules is None else modules
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(f"unknown experiment {name!r} (there are: {names})")
    experiment = getattr(importlib.import_module(known[name]), "EXPERIMENT", None)
    if not isinstance(experiment, Experiment) or experiment.name != name:
        raise TypeError(f"{known[name]}.EXPERIMENT: must be the Experiment {name!r}")
    return experiment
