"""What the command ``bioplastic`` can do: one module per command."""

from __future__ import annotations
