"""Figures of the experiment."""

from __future__ import annotations

from pathlib import Path

from experiments.results import Results

__all__ = ["draw"]


def draw(results: Results, out: Path) -> list[Path]:
    """Draw all figures."""
    return []
