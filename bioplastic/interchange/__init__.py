"""Brian2 networks in and out: `from_brian2` and `to_brian2`."""

from __future__ import annotations

from bioplastic.interchange.from_brian2 import ImportedNetwork, from_brian2
from bioplastic.interchange.report import Report

__all__ = ["ImportedNetwork", "Report", "from_brian2"]
