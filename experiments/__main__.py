"""Entry of ``python -m experiments``, which is the command ``bioplastic``."""

from __future__ import annotations

import sys

from bioplastic.cli import main

if __name__ == "__main__":
    sys.exit(main())
