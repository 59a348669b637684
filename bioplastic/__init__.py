"""Local learning in spiking neural networks, written as Brian2 equations and run as compiled C++."""

from __future__ import annotations

__version__ = "0.1.0"
