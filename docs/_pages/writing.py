"""What all written pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["code", "put", "table"]


def put(path: Path, text: str) -> None:
    """Write a page unless it stands there already, so that a second build has nothing to do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += [
        "| " + " | ".join(str(cell).replace("\n", " ") for cell in row) + " |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def code(text: str, language: str = "python") -> str:
    """Return a fenced block."""
    return f"```{language}\n{text.strip()}\n```\n"
