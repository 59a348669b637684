"""Local learning in spiking neural networks: Brian2 equations, run as compiled C++."""

from __future__ import annotations

import logging

logging.getLogger("bioplastic").addHandler(logging.NullHandler())

__version__ = "0.1.0"
