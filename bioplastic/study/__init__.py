"""Measurements over factors: seeds, arms, levels, and what they make on average.

A study is a function that measures one case, and the values of its arguments::

    def run_level(seed: int, p: float) -> dict[str, float]: ...

    levels = measure(run_level, seed=range(5), p=(0.2, 0.5, 0.8), store="runs/levels", jobs=2)
    summary = summarise(levels, over="seed")            # mean, std and n, as labels
    metrics = flatten(levels, over="seed")              # {"amplitude_0_2": ..., "..._std": ...}

Every finished part is kept in the store under a key made of the function, its values and the code
that both depend on, so that an interrupted study goes on where it ended and a changed program is
measured anew.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bioplastic.study.measuring import Failure, PartError, fixed, labelled, measure
from bioplastic.study.sources import digest_code, find_modules
from bioplastic.study.store import Store
from bioplastic.study.summary import flatten, summarise

if TYPE_CHECKING:
    from bioplastic.study.film import Film
    from bioplastic.study.gathering import gather

__all__ = [
    "Failure",
    "Film",
    "PartError",
    "Store",
    "digest_code",
    "find_modules",
    "fixed",
    "flatten",
    "gather",
    "labelled",
    "measure",
    "summarise",
]

_DRAWING = {"Film": "film", "gather": "gathering"}


def __getattr__(name: str) -> Any:
    """Import what draws when it is used: processes that only measure start in half the time."""
    if name in _DRAWING:
        return getattr(importlib.import_module(f"bioplastic.study.{_DRAWING[name]}"), name)
    raise AttributeError(f"module 'bioplastic.study' has no attribute {name!r}")
