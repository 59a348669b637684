"""One script per paper: compute, store, draw. Run ``bioplastic list``."""

from __future__ import annotations
