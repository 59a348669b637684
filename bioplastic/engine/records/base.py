"""What every kind of record states: its check, its place in the layout, its C++ and its numpy form.

A kind of record is one file: a frozen dataclass derived from `Record` with these methods. Nothing
else of the engine knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Record", "RecordCode", "Recorder"]


@dataclass(frozen=True)
class RecordCode:
    """C++ statements of a record at the places of a presentation.

    ``net`` is the network, ``_sample`` the sample, ``net._k`` the step; ``_out_<number>`` points to
    the array of the record. ``begin`` comes before the first step, ``before`` and ``after`` around
    every step, ``end`` after the statements of the trial's end, ``total`` when the presentation is
    known to be finite.
    """

    begin: str = ""
    before: str = ""
    after: str = ""
    end: str = ""
    total: str = ""


class Recorder:
    """The numpy form of a record; its methods come at the same places as those of `RecordCode`.

    Parameters
    ----------
    network : NumpyNetwork
        Its plan, the step ``k`` and the ``spikes`` of that step.
    output : dict
        Entry of the layout.
    """

    def __init__(self, network: Any, output: dict[str, Any]) -> None:
        self.network = network
        self.output = output
        self.array: NDArray[Any] = np.zeros(0)

    def begin(self, sample: int) -> None:
        """Prepare for a presentation of a sample."""

    def before(self, sample: int) -> None:
        """Look at the network before a step."""

    def after(self, sample: int) -> None:
        """Look at the network after a step."""

    def end(self, sample: int) -> None:
        """Look at the network after the end of the trial."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What all records have in common; use one of its subclasses."""

    @property
    def needs_clock(self) -> bool:
        """Whether steps must have one length, unlike those of an `EventTrial`."""
        return False

    @property
    def reads(self) -> tuple[str, str]:
        """Population or projection, and the variable that must be up to date, if any."""
        return "", ""

    def check(self, spec: Any) -> str:
        """Refuse what the network does not have; return the key of what is recorded."""
        raise NotImplementedError

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout: key, kind, dtype, shape and what the kind needs.

        An entry with ``every`` has as first dimension the number of records of a presentation.
        """
        raise NotImplementedError

    def table(self, spec: Any, state: Sequence[Any]) -> NDArray[Any] | None:
        """Return the numbers that the compiled record reads, as ``net._record_<number>``."""
        return None

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form; ``update`` brings what it reads up to date."""
        raise NotImplementedError

    def numpy(
        self, network: Any, output: dict[str, Any], update: Sequence[Callable[[], Any]]
    ) -> Recorder:
        """Return the numpy form; ``update`` brings what it reads up to date."""
        raise NotImplementedError
