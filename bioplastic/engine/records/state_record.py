"""A variable over time."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from brian2 import Quantity, second

from bioplastic.engine.records.base import RecordCode
from bioplastic.engine.records.variable import VariableRecord, VariableRecorder
from bioplastic.validation import check_choice, check_integer, check_quantity

__all__ = ["StateRecord"]


class _StateRecorder(VariableRecorder):
    def _look(self, sample: int, step: int) -> None:
        row, left = divmod(step, self.output["every"])
        if left == 0:
            self.look(sample, row)

    def before(self, sample: int) -> None:
        if self.output["when"] == "start":
            self._look(sample, self.network.k)

    def after(self, sample: int) -> None:
        if self.output["when"] == "end" and self.network.k + 1 >= self.output["every"]:
            self._look(sample, self.network.k + 1 - self.output["every"])


@dataclass(frozen=True, kw_only=True)
class StateRecord(VariableRecord):
    """A variable of cells or synapses over the time of the last presentation of each sample.

    The record holds ``<population>.<variable>`` or ``<projection>.<variable>``, of shape
    ``(n_samples, n_records, ...)`` in base SI units, followed by the shape of the variable in the
    state: ``(n,)`` for cells (1 for a shared variable), ``(n_source, n_target)`` for a dense and
    ``(n_synapses,)`` for a sparse projection, or ``(len(subset),)``.

    Parameters
    ----------
    population : str
        Name of the population; or
    projection : str
        Name of the projection: any variable of its synapses, or a trace of its rule.
    variable : str
        Name of the state variable.
    every : int or Quantity, default 1
        Steps, or time, between two records.
    when : {'end', 'start'}, default 'end'
        ``'end'``: after the last step of every interval, resets included. ``'start'``: before the
        first step of every interval, as a Brian2 ``StateMonitor`` does. An interval longer than the
        trial records nothing with ``'end'``, which is warned of; a call with a longer ``duration``
        has records.
    subset : sequence of int or of pairs, optional
        Which cells, or which synapses: their places in the (flattened) array of the state, or pairs
        ``(pre, post)``. Default: all.

    Examples
    --------
    >>> from brian2 import ms
    >>> StateRecord(projection="feed", variable="w", every=10*ms, subset=[(0, 1), (2, 0)]).key
    'feed.w'
    """

    every: Any = 1
    when: str = "end"

    recorder = _StateRecorder

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.every, Quantity):
            check_quantity("StateRecord.every", self.every, second, positive=True)
        else:
            check_integer("StateRecord.every", self.every, minimum=1)
        check_choice("StateRecord.when", self.when, ("end", "start"))

    @property
    def needs_clock(self) -> bool:
        """Whether steps must have one length, unlike those of an `EventTrial`."""
        return True

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout."""
        every = plan.steps_of("StateRecord.every", self.every)
        if self.when == "end" and every > plan.n_steps:
            warnings.warn(
                f"StateRecord.every: {self.key!r} is not looked at in a trial, {every} steps "
                f"exceed its {plan.n_steps}; shorten it, use when='start', or call with a duration",
                RuntimeWarning,
                stacklevel=2,
            )
        rows = plan.n_steps // every if self.when == "end" else -(-plan.n_steps // every)
        shape = [rows, *self.shape(plan.state)]
        own = {"kind": "state", "shape": shape, "every": every, "when": self.when}
        return self.fields(plan) | own

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form."""
        every, end = output["every"], self.when == "end"
        step = "(net._k + 1)" if end else "net._k"
        rows = f"net.n_steps / {every}" if end else f"(net.n_steps + {every - 1}) / {every}"
        row = f"_sample * ({rows}) + {step} / {every}{' - 1' if end else ''}"
        copy = self.copy_code(output, number, row, output["shape"][1:])
        text = f"if({step} % {every} == 0)\n{{\n    {update}{copy}\n}}"
        return RecordCode(after=text) if end else RecordCode(before=text)
