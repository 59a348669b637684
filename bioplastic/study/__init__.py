"""Measurements: what an experiment is, its results, and where the numbers come from."""

from __future__ import annotations
