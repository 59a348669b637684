"""What became of a Brian2 network on its way."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Report"]


@dataclass
class Report:
    """What moved, what stayed and why, and what is not taken along.

    Parameters
    ----------
    moved : list of (str, str)
        Traces that live on the cells now: where they were, and what they are called.
    stayed : list of (str, str)
        Traces that every synapse keeps, with the reason.
    notes : list of (str, str)
        What else is different, by object.

    Examples
    --------
    >>> print(Report(moved=[("synapses.Apre", "one per presynaptic cell, Apre_pre")]))
    moved to the cells
      synapses.Apre: one per presynaptic cell, Apre_pre
    """

    moved: list[tuple[str, str]] = field(default_factory=list)
    stayed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        for title, members in (
            ("moved to the cells", self.moved),
            ("stayed at the synapses", self.stayed),
            ("notes", self.notes),
        ):
            if members:
                lines += [title, *(f"  {name}: {text}" for name, text in members)]
        return "\n".join(lines) or "nothing moved"
