"""Brian2 networks in and out: `from_brian2` and `to_brian2`."""

from __future__ import annotations

from bioplastic.interchange.from_brian2 import ImportedNetwork, from_brian2
from bioplastic.interchange.report import Report
from bioplastic.interchange.to_brian2 import Brian2Network, to_brian2

__all__ = ["Brian2Network", "ImportedNetwork", "Report", "from_brian2", "to_brian2"]
