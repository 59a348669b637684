"""``bioplastic benchmark``: speed and memory beside other simulators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bioplastic.benchmarks import speed

__all__ = ["main"]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code; the experiments do not matter."""
    return speed.main(argv)
