"""One part of a network in the build report."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """One part of a network in the build report: what runs, over what, on which path."""

    name: str
    action: str
    path: str
    elements: int
    note: str = ""
