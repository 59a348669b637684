"""Where samples lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DATA_VARIABLE", "local_folder", "why_missing"]

DATA_VARIABLE = "BIOPLASTIC_DATA"
"""Environment variable that names a folder with one folder for each set."""


def local_folder(name: str) -> Path | None:
    """Return the folder of a set below `DATA_VARIABLE`, None if it is not there."""
    data = os.environ.get(DATA_VARIABLE)
    folder = Path(data) / name if data else None
    return folder if folder and folder.is_dir() else None


def why_missing(name: str) -> str:
    """Return why `local_folder` found nothing, for a message."""
    data = os.environ.get(DATA_VARIABLE)
    if not data:
        return f"{DATA_VARIABLE} is not set"
    return f"there is no folder {Path(data) / name} ({DATA_VARIABLE} is {data})"
