"""Watch the state of a network for NaN and infinity, and tell where and when one arose.

At the end of every trial a program looks at all variables of cells and at one part of every large
array in turn, at the end of a call at everything. When
something is not finite, the call is repeated from the state it was given, first trial by trial and
then, within the trial that is found, step by step: the same state, inputs and seed give the same
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout

__all__ = ["NonFiniteStateError", "Watch", "locate", "wrong_rate"]

_OFF, _PARTS, _TRIALS, _STEPS = range(4)
_RATE = -2  # as a step: what was found is the rate of a source
_HEADER = 7


class NonFiniteStateError(FloatingPointError):
    """A state variable became NaN or infinite; the state given to the call is unchanged.

    Parameters
    ----------
    message : str
        What is shown.
    variable : str
        Key of the state, for example ``"exc.v"``.
    index : tuple of int
        The cell, or (presynaptic, postsynaptic) cell.
    value : float
        NaN or infinity.
    trial : int
        Number of the trial, as counted by ``state["clock.trial"]``.
    time : float
        Seconds since the start of that trial; in an `EventTrial` the number of the event, or -1.
    """

    def __init__(
        self, message: str, variable: str, index: tuple[int, ...], value: float, trial: int,
        time: float,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.variable = variable
        self.index = index
        self.value = value
        self.trial = trial
        self.time = time

    def __reduce__(self) -> tuple[Any, ...]:
        members = (self.variable, self.index, self.value, self.trial, self.time)
        return type(self), (str(self), *members)


class Watch:
    """How closely one execution is watched, and what was found.

    Parameters
    ----------
    arrays : sequence of array
        The state.
    mode : int
        0 not at all, 1 parts at the end of trials, 2 everything at the end of trials, 3 everything
        at every step of one trial.
    trial : int, default 0
        For mode 3: which presentation of the call.

    Attributes
    ----------
    before : int
        Samples of the call that have run before.
    data : array of int64
        For the compiled program: mode and trial; what was found (presentation or -1, step, entry,
        element, sample); sizes of the floating-point arrays, 0 for others.
    """

    def __init__(self, arrays: Sequence[NDArray[Any]], mode: int, trial: int = 0) -> None:
        sizes = [array.size if array.dtype.kind == "f" else 0 for array in arrays]
        self.before = 0
        self.data = np.array([mode, trial, -1, 0, 0, 0, 0, *sizes], dtype=np.int64)

    @property
    def found(self) -> bool:
        """Whether something was not finite."""
        return bool(self.data[2] >= 0)

    def note_rate(
        self, presentation: int, sample: int, source: int, cell: int, probability: float
    ) -> None:
        """Note a probability per step that is none."""
        self.data[1] = np.float64(probability).view(np.int64)
        self.data[2:_HEADER] = presentation, _RATE, source, cell, sample

    def at_step(self, presentation: int) -> bool:
        """Whether every step of this presentation is looked at."""
        return bool(self.data[0] == _STEPS and self.data[1] == presentation)

    def look(
        self, arrays: Sequence[NDArray[Any]], presentation: int, step: int, sample: int
    ) -> bool:
        """Look at everything; note and return whether something is not finite."""
        if self.data[0] == _OFF:
            return False
        for number, array in enumerate(arrays):
            if self.data[_HEADER + number] > 0:
                bad = ~np.isfinite(np.ravel(array))
                if bad.any():
                    self.data[2:_HEADER] = presentation, step, number, np.argmax(bad), sample
                    return True
        return False


def wrong_rate(watch: Watch, sources: Sequence[Any], dt: float) -> ValueError | None:
    """Return the error about the rate of a source that stopped the call, None if nothing did."""
    if watch.data[3] != _RATE:
        return None
    source, cell, sample = (int(watch.data[k]) for k in (4, 5, 6))
    sample += watch.before
    rate = float(watch.data[1:2].view(np.float64)[0]) / dt
    return ValueError(
        f"PoissonSource {sources[source].name!r}.rates: must be finite and not negative, got "
        f"{rate:g} Hz for cell {cell} in sample {sample} of this call"
    )


def locate(
    layout: Layout,
    run: Callable[[Watch], list[NDArray[Any]]],
    arrays: Sequence[NDArray[Any]],
    first: int,
    *,
    events: bool = False,
    before: int = 0,
) -> FloatingPointError | ValueError:
    """Return the error that tells variable, cell and time.

    Parameters
    ----------
    layout : Layout
        Layout of the program.
    run : callable
        Repeats the call with another watch and returns the state where it stopped.
    arrays : sequence of array
        The state the call was given.
    first : int
        Number of the first trial.
    events : bool, default False
        Whether steps are events, whose times differ from trial to trial.
    before : int, default 0
        Samples of the call that have run before.
    """
    given = Watch(arrays, _TRIALS)
    if given.look(arrays, 0, 0, 0):
        key, index, value = _name(layout, given, arrays)
        return ValueError(f"Program.state[{key!r}]: must be finite, got {value} at {index}")
    trials = Watch(arrays, _TRIALS)
    run(trials)
    steps = Watch(arrays, _STEPS, int(trials.data[2]))
    stopped = run(steps)
    if not steps.found:  # pragma: no cover - the same numbers come back
        return FloatingPointError("Program: the state is not finite, but not when repeated")
    key, index, value = _name(layout, steps, stopped)
    trial, step, sample = (int(steps.data[k]) for k in (2, 3, 6))
    time = (layout.n_steps if step < 0 else step) * layout.dt
    when = "at its end" if step < 0 else f"{time * 1e3:g} ms after its start"
    if events:
        time, when = float(step), "at its end" if step < 0 else f"in its event {step}"
    place = f"{key}[{', '.join(str(i) for i in index)}]"
    message = (
        f"Program: {place} became {value} in trial {first + trial} "
        f"(sample {sample + before} of this call), {when}; the state given to the call is unchanged"
    )
    return NonFiniteStateError(message, key, index, value, first + trial, time)


def _name(
    layout: Layout, watch: Watch, arrays: Sequence[NDArray[Any]]
) -> tuple[str, tuple[int, ...], float]:
    number, element = int(watch.data[4]), int(watch.data[5])
    array = arrays[number]
    index = tuple(int(i) for i in np.unravel_index(element, array.shape))
    return layout.state[number].key, index, float(array[index])
