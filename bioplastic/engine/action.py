"""What every action of a plan states: its C++ and its numpy form, in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Action", "WrongRateError"]


class WrongRateError(Exception):
    """Source, cell and value of a probability per step that is none."""


@dataclass(frozen=True)
class Action(ABC):
    """Something that happens in a time step or at the limits of a trial, as data."""

    @abstractmethod
    def cpp(self, assembly: Any) -> str:
        """Return the C++ call, after giving the `Assembly` the kernel and what it needs."""

    @abstractmethod
    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the Brian2 objects of a `NumpyNetwork`."""
