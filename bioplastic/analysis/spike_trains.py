"""Spike trains as data: times, units and trials inside one window, immutable."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis import _spike_checks as checks
from bioplastic.analysis._arrays import check_array
from bioplastic.validation import check_integer

__all__ = ["SpikeTrains"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Spikes of many units in one window of time, or in trials that share the window.

    The arrays are sorted by trial, then unit, then time, and read-only, so that the spikes of a
    unit lie side by side and a slice costs nothing. Make one with `from_arrays`, `from_monitor`,
    `from_neo` or `from_nwb`, which sort and check; the constructor only accepts arrays that are
    already in this order.

    Parameters
    ----------
    times : ndarray of float64, shape (n_spikes,)
        Spike times in seconds; with trials, since the zero of each trial.
    units : ndarray of int32, shape (n_spikes,)
        Unit of each spike, from 0 to ``n_units - 1``.
    t_start, t_stop : float
        The window in seconds. Spikes lie in it, both ends included.
    n_units : int
        Number of units, silent ones included.
    trials : ndarray of int32, shape (n_spikes,), optional
        Trial of each spike; without it all spikes belong to one trial.
    n_trials : int, default 1
        Number of trials, empty ones included.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not in order, or a spike lies outside the window, units or trials.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.3, 0.1, 0.2], [0, 0, 2], t_stop=1.0)
    >>> trains
    SpikeTrains(3 spikes, 3 units, 0 s to 1 s)
    >>> trains.of_unit(0)
    array([0.1, 0.3])
    >>> trains.slice_time(0.15, 0.5).counts()
    array([1, 0, 1])
    """

    times: NDArray[np.float64]
    units: NDArray[np.int32]
    t_start: float
    t_stop: float
    n_units: int
    trials: NDArray[np.int32] | None = None
    n_trials: int = 1
    offsets: NDArray[np.int64] = dataclasses.field(init=False)
    """Where the spikes of row ``trial * n_units + unit`` start, shape (n_trials * n_units + 1,)."""

    def __post_init__(self) -> None:
        window = checks.check_window("SpikeTrains", self.t_start, self.t_stop)
        times = check_array("SpikeTrains.times", self.times, shape=(None,), finite=False)
        times = np.asarray(times, dtype=np.float64)
        n_units = check_integer("SpikeTrains.n_units", self.n_units, minimum=0)
        n_trials = check_integer("SpikeTrains.n_trials", self.n_trials, minimum=0)
        if self.trials is None and n_trials != 1:
            raise ValueError(f"SpikeTrains.trials: must be given for {n_trials} trials")
        rows = units = checks.check_index("SpikeTrains.units", self.units, times.size, n_units)
        trials = None
        if self.trials is not None:
            trials = checks.check_index("SpikeTrains.trials", self.trials, times.size, n_trials)
            rows = trials.astype(np.int64) * n_units + units
        offsets = np.zeros(n_units * n_trials + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n_units * n_trials), out=offsets[1:])
        if not checks.are_sorted(times, rows):
            raise ValueError(
                "SpikeTrains.times: must be sorted by trial, unit and time; from_arrays sorts"
            )
        checks.check_inside("SpikeTrains.times", times, *window)
        fields = (times, units, *window, n_units, trials, n_trials, offsets)
        for field, value in zip(dataclasses.fields(self), fields, strict=True):
            if isinstance(value, np.ndarray):
                value = value.view()  # a given array stays writeable in its owner's hands
                value.flags.writeable = False
            object.__setattr__(self, field.name, value)

    # -- where they come from ------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls,
        times: ArrayLike,
        units: ArrayLike,
        *,
        t_stop: Any,
        t_start: Any = 0.0,
        n_units: int | None = None,
        trials: ArrayLike | None = None,
        n_trials: int | None = None,
        outside: str = "raise",
        duplicates: str = "raise",
    ) -> SpikeTrains:
        """Sort and check spikes in any order.

        Parameters
        ----------
        times : array_like or Quantity, shape (n_spikes,)
            Spike times, in seconds unless they carry a Brian2 unit.
        units : array_like of int, shape (n_spikes,)
            Unit of each spike.
        t_stop, t_start : float or Quantity
            The window, both ends included; it starts at 0 s by default.
        n_units : int, optional
            Number of units; by default one more than the largest index.
        trials : array_like of int, shape (n_spikes,), optional
            Trial of each spike; times then count from the zero of each trial.
        n_trials : int, optional
            Number of trials; by default one more than the largest index.
        outside : {"raise", "drop"}, default "raise"
            What to do with spikes outside the window.
        duplicates : {"raise", "keep", "drop"}, default "raise"
            What to do with a second spike of a unit at exactly the same time.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        TypeError, ValueError
            If shapes disagree, a time is not finite, an index is out of range, or there are
            spikes outside the window or duplicates and these are to be refused.

        Examples
        --------
        >>> from brian2 import ms
        >>> SpikeTrains.from_arrays([30, 10, 99]*ms, [1, 0, 1], t_stop=50*ms, outside="drop")
        SpikeTrains(2 spikes, 2 units, 0 s to 0.05 s)
        """
        arrays = checks.sort_spikes(
            "SpikeTrains.from_arrays",
            times,
            units,
            trials,
            checks.check_window("SpikeTrains.from_arrays", t_start, t_stop),
            n_units,
            n_trials,
            outside,
            duplicates,
        )
        return cls(**arrays)

    @classmethod
    def from_monitor(
        cls, monitor: Any, *, t_stop: Any = None, t_start: Any = 0.0, n_units: int | None = None
    ) -> SpikeTrains:
        """Take the spikes of a Brian2 ``SpikeMonitor``.

        Parameters
        ----------
        monitor : SpikeMonitor
            After the run; anything with arrays ``t`` and ``i`` works.
        t_stop : Quantity or float, optional
            End of the recording; by default the time that the monitor's clock has reached.
        t_start : Quantity or float, default 0 s
            Start; earlier spikes are dropped.
        n_units : int, optional
            Number of neurons; by default that of the monitored group.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        TypeError, ValueError
            As `from_arrays`, or if the end is not given and unknown.

        Examples
        --------
        >>> import brian2 as b2
        >>> group = b2.SpikeGeneratorGroup(3, [0, 2], [1, 4]*b2.ms)
        >>> monitor = b2.SpikeMonitor(group)
        >>> b2.Network(group, monitor).run(10*b2.ms)
        >>> SpikeTrains.from_monitor(monitor)
        SpikeTrains(2 spikes, 3 units, 0 s to 0.01 s)
        """
        if t_stop is None:
            clock = getattr(monitor, "clock", None)
            if clock is None:
                raise ValueError("SpikeTrains.from_monitor.t_stop: must be given for this monitor")
            t_stop = clock.t
        if n_units is None:
            source = getattr(monitor, "source", None)
            n_units = None if source is None else len(source)
        return cls.from_arrays(
            monitor.t,
            monitor.i,
            t_start=t_start,
            t_stop=t_stop,
            n_units=n_units,
            outside="drop"
            if checks.in_seconds("SpikeTrains.from_monitor.t_start", t_start) > 0
            else "raise",
        )

    @classmethod
    def from_neo(cls, spiketrains: Any) -> SpikeTrains:
        """Take Neo spike trains, or a segment or block of them.

        Units are the trains of a segment in their order; several segments are trials. The windows
        of all trains must agree. Needs the extra ``bioplastic[spikes]``.

        Parameters
        ----------
        spiketrains : sequence of neo.SpikeTrain, neo.Segment or neo.Block
            The spikes.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        TypeError, ValueError
            If there are no trains, or their windows or numbers differ.
        """
        from bioplastic.analysis._conversion import read_neo

        return cls.from_arrays(**read_neo(spiketrains))

    @classmethod
    def from_nwb(cls, source: Any, *, t_start: Any = None, t_stop: Any = None) -> SpikeTrains:
        """Take the units of a Neurodata Without Borders file.

        Needs the extra ``bioplastic[nwb]``.

        Parameters
        ----------
        source : path-like or pynwb.NWBFile
            The file.
        t_start, t_stop : float or Quantity, optional
            The window; by default the observed intervals that the file states, else from 0 s to
            the last spike.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        ValueError
            If the file holds no units, or spikes outside the window.
        """
        from bioplastic.analysis._conversion import read_nwb

        return cls.from_arrays(**read_nwb(source, t_start, t_stop))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SpikeTrains:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is no such file, or damaged.
        OSError
            If it cannot be read.
        """
        from bioplastic.analysis._conversion import read_npz

        return cls(**read_npz(Path(path)))

    # -- where they go -------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write an npz file without pickle, all or nothing.

        Examples
        --------
        >>> import tempfile
        >>> trains = SpikeTrains.from_arrays([0.1], [0], t_stop=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     SpikeTrains.load(trains.save(f"{folder}/spikes.npz"))
        SpikeTrains(1 spikes, 1 units, 0 s to 1 s)
        """
        from bioplastic.analysis._conversion import write_npz

        return write_npz(self, Path(path))

    def to_neo(self) -> Any:
        """Return a list of ``neo.SpikeTrain``, or with trials a list of such lists."""
        from bioplastic.analysis._conversion import make_neo

        return make_neo(self)

    # -- parts ---------------------------------------------------------------------------------

    def of_unit(self, unit: int, trial: int = 0) -> NDArray[np.float64]:
        """Return the spike times of one unit in one trial, without copying."""
        unit = check_integer("SpikeTrains.of_unit.unit", unit, minimum=0, maximum=self.n_units - 1)
        trial = check_integer(
            "SpikeTrains.of_unit.trial", trial, minimum=0, maximum=self.n_trials - 1
        )
        row = trial * self.n_units + unit
        return self.times[self.offsets[row] : self.offsets[row + 1]]

    def trains(self) -> Iterator[NDArray[np.float64]]:
        """Go through the trains, trial by trial and unit by unit."""
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.times[start:stop]

    def slice_time(self, start: Any, stop: Any) -> SpikeTrains:
        """Return the spikes with ``start <= t < stop``; the end of the window belongs to it.

        Adjacent slices share no spike, and together they hold all.
        """
        place = "SpikeTrains.slice_time"
        begin, end = checks.check_window(place, start, stop)
        if begin < self.t_start or end > self.t_stop:
            raise ValueError(
                f"{place}: must lie between {self.t_start:g} s and {self.t_stop:g} s, "
                f"got {begin:g} s to {end:g} s"
            )
        chosen = self.times >= begin
        chosen &= self.times < end if end < self.t_stop else self.times <= end
        return self._choose(chosen, t_start=begin, t_stop=end)

    def select_units(self, units: ArrayLike) -> SpikeTrains:
        """Return some units, renumbered in the given order."""
        chosen = checks.check_choice_of("SpikeTrains.select_units.units", units, self.n_units)
        new = np.full(self.n_units, -1, dtype=np.int32)
        new[chosen] = np.arange(chosen.size)
        keep = new[self.units] >= 0
        return SpikeTrains.from_arrays(
            self.times[keep],
            new[self.units[keep]],
            t_start=self.t_start,
            t_stop=self.t_stop,
            n_units=chosen.size,
            trials=None if self.trials is None else self.trials[keep],
            n_trials=self.n_trials,
            duplicates="keep",
        )

    def select_trials(self, trials: ArrayLike) -> SpikeTrains:
        """Return some trials, renumbered in the given order."""
        chosen = checks.check_choice_of("SpikeTrains.select_trials.trials", trials, self.n_trials)
        new = np.full(self.n_trials, -1, dtype=np.int32)
        new[chosen] = np.arange(chosen.size)
        old = np.zeros(self.n_spikes, np.int32) if self.trials is None else self.trials
        keep = new[old] >= 0
        return SpikeTrains.from_arrays(
            self.times[keep],
            self.units[keep],
            t_start=self.t_start,
            t_stop=self.t_stop,
            n_units=self.n_units,
            trials=new[old[keep]],
            n_trials=chosen.size,
            duplicates="keep",
        )

    def counts(self) -> NDArray[np.int64]:
        """Return spikes per unit, shape (n_units,), or with trials (n_trials, n_units)."""
        counts = np.diff(self.offsets)
        return counts if self.trials is None else counts.reshape(self.n_trials, self.n_units)

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return self.times.size

    @property
    def duration(self) -> float:
        """Length of the window in seconds."""
        return self.t_stop - self.t_start

    def _choose(self, chosen: NDArray[np.bool_], t_start: float, t_stop: float) -> SpikeTrains:
        trials = None if self.trials is None else self.trials[chosen]
        return SpikeTrains(
            self.times[chosen],
            self.units[chosen],
            t_start,
            t_stop,
            self.n_units,
            trials,
            self.n_trials,
        )

    def __len__(self) -> int:
        return self.n_spikes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        mine, its = (
            (x.t_start, x.t_stop, x.n_units, x.n_trials, x.trials is None) for x in (self, other)
        )
        same = mine == its and np.array_equal(self.times, other.times)
        return same and np.array_equal(self.offsets, other.offsets)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        trials = "" if self.trials is None else f", {self.n_trials} trials"
        return (
            f"SpikeTrains({self.n_spikes:,} spikes, {self.n_units} units{trials}, "
            f"{self.t_start:g} s to {self.t_stop:g} s)"
        )
