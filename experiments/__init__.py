"""One script per paper: compute, store, draw. Run ``python -m experiments --list``."""

from __future__ import annotations
