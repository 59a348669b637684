"""Spike trains as data: times, units and trials inside one window, immutable."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis import _spike_checks as checks
from bioplastic.analysis._arrays import check_array
from bioplastic.analysis._observed import Observed, Stretches, common
from bioplastic.analysis.io.neo import make_neo, make_neo_block, read_neo
from bioplastic.analysis.io.npz import read_npz, write_npz
from bioplastic.analysis.io.nwb import read_nwb, write_nwb
from bioplastic.analysis.io.parts import Spikes, id_array, index_ids
from bioplastic.analysis.io.phy import read_phy
from bioplastic.analysis.io.pynapple import make_pynapple, read_pynapple
from bioplastic.analysis.io.spikeinterface import read_sorting
from bioplastic.analysis.io.table import read_frame
from bioplastic.validation import check_integer

__all__ = ["SpikeTrains"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Spikes of many units in one window of time, or in trials that share the window.

    The arrays are sorted by trial, then unit, then time, and read-only, so that the spikes of a
    unit lie side by side and a slice costs nothing. Make one with `from_arrays`, another ``from_``
    or `bioplastic.analysis.read_spikes`, which sort and check; the constructor only accepts arrays
    that are already in this order.

    Units are counted from 0 in arrays and arguments, and keep the id that their file or library
    gave them in `ids`. Where a unit was not observed all the time, every measure leaves the gaps
    out: rates are per observed second, and no interval, burst or lag spans a gap.

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
    ids : ndarray of int64 or str, shape (n_units,), optional
        Name of each unit; by default 0, 1, 2, ...
    observed : Observed, optional
        When each unit of each trial was observed; by default the whole window.
    labels : mapping of str to ndarray, shape (n_units,), optional
        What else is known about each unit, like the quality group of a spike sorter.
    notes : tuple of str, default ()
        What a reader assumed or left out; a report shows it.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not in order, or a spike lies outside the window, units or trials.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.3, 0.1, 0.2], [7, 7, 40], ids=[7, 9, 40], t_stop=1.0)
    >>> trains
    SpikeTrains(3 spikes, 3 units, 0 s to 1 s)
    >>> trains.of_unit(0), trains.ids
    (array([0.1, 0.3]), array([ 7,  9, 40]))
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
    ids: NDArray[Any] = None  # type: ignore[assignment]  # never None once made
    observed: Observed | None = None
    labels: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
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
        ids = np.arange(n_units) if self.ids is None else id_array("SpikeTrains.ids", self.ids)
        if ids.shape != (n_units,) or np.unique(ids).size < n_units:
            raise ValueError(f"SpikeTrains.ids: must be {n_units} different ids, got {ids!r:.80}")
        if not isinstance(self.labels, Mapping):
            raise TypeError(f"SpikeTrains.labels: must be a mapping, got {self.labels!r:.80}")
        if not isinstance(self.notes, (tuple, list)) or not all(
            isinstance(note, str) for note in self.notes
        ):
            raise TypeError(f"SpikeTrains.notes: must hold text, got {self.notes!r:.80}")
        if not isinstance(self.observed, Observed | None):
            raise TypeError(f"SpikeTrains.observed: must be Observed, got {self.observed!r:.80}")
        if self.observed is not None:
            if self.observed.offsets.size != offsets.size:
                raise ValueError("SpikeTrains.observed: must have a row for each unit and trial")
            if (self.observed.find(times, offsets) < 0).any():
                raise ValueError("SpikeTrains.times: must lie in the observed intervals")
        labels = {name: np.array(values) for name, values in self.labels.items()}
        for name, array in labels.items():
            if array.shape != (n_units,):
                raise ValueError(f"SpikeTrains.labels[{name!r}]: must have shape ({n_units},)")
            array.flags.writeable = False
        values = {
            "times": times, "units": units, "t_start": window[0], "t_stop": window[1],
            "n_units": n_units, "trials": trials, "n_trials": n_trials, "ids": ids,
            "labels": MappingProxyType(labels), "notes": tuple(self.notes), "offsets": offsets,
        }  # fmt: skip
        for field, value in values.items():
            if isinstance(value, np.ndarray):
                value = value.view()  # a given array stays writeable in its owner's hands
                value.flags.writeable = False
            object.__setattr__(self, field, value)

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
        ids: ArrayLike | None = None,
        trials: ArrayLike | None = None,
        n_trials: int | None = None,
        observed: Any = None,
        labels: Mapping[str, ArrayLike] | None = None,
        outside: str = "raise",
        duplicates: str = "raise",
    ) -> SpikeTrains:
        """Sort and check spikes in any order.

        Parameters
        ----------
        times : array_like or Quantity, shape (n_spikes,)
            Spike times, in seconds unless they carry a unit (of Brian2, ``quantities``, Neo, pint,
            astropy, or numpy's ``timedelta64``).
        units : array_like of int or str, shape (n_spikes,)
            Unit of each spike: its index, or where `ids` are given or it is text, its id.
        t_stop, t_start : float or Quantity
            The window, both ends included; it starts at 0 s by default.
        n_units : int, optional
            Number of units; by default one more than the largest index, or as many as ids.
        ids : array_like of int or str, shape (n_units,), optional
            The id of every unit, silent ones included.
        trials : array_like of int, shape (n_spikes,), optional
            Trial of each spike; times then count from the zero of each trial.
        n_trials : int, optional
            Number of trials; by default one more than the largest index.
        observed : array_like, shape (n, 2), or sequence of such, optional
            When the units were observed, in seconds: intervals for all, for each unit, or for each
            unit of each trial in turn. By default the whole window.
        labels : mapping of str to array_like, shape (n_units,), optional
            What else is known about each unit.
        outside : {"raise", "drop"}, default "raise"
            What to do with spikes outside the window or the observed intervals.
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
        place = "SpikeTrains.from_arrays"
        if ids is not None or np.asarray(units).dtype.kind in "SUO":
            if ids is None and n_units is not None:
                raise ValueError(f"{place}.ids: must name all {n_units} units where units are text")
            units, ids = index_ids(f"{place}.units", units, ids)
            if n_units not in (None, len(ids)):
                raise ValueError(f"{place}.n_units: must be {len(ids)}, the ids, got {n_units}")
            n_units = len(ids)
        arrays = checks.sort_spikes(
            place,
            times,
            units,
            trials,
            checks.check_window(place, t_start, t_stop),
            n_units,
            n_trials,
            outside,
            duplicates,
            observed,
        )
        return cls(**arrays, ids=ids, labels={} if labels is None else labels)  # type: ignore[arg-type]

    @classmethod
    def from_parts(cls, found: Spikes, *, outside: str = "raise") -> SpikeTrains:
        """Sort and check what a reader of `bioplastic.analysis.io` returned.

        Two spikes of a unit at one time are kept, as spike sorters write them.
        """
        arrays = checks.sort_spikes(
            "SpikeTrains",
            found.times,
            found.units,
            found.trials,
            checks.check_window("SpikeTrains", found.t_start, found.t_stop),
            len(found.ids),
            found.n_trials,
            outside,
            "keep",
            found.observed,
        )
        labels = {name: np.asarray(values) for name, values in found.labels.items()}
        return cls(**arrays, ids=found.ids, labels=labels, notes=tuple(found.notes))

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

        Units are known by an annotation of their trains that tells them apart (``unit_id``,
        ``id``, ...), else by their order. Several segments whose windows follow one another are
        stretches of one recording, others are trials. Each train was observed in its own window.
        Needs the extra ``bioplastic[spikes]``.

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
            If there are no trains, or the units of the segments differ.
        """
        return cls.from_parts(read_neo(spiketrains))

    @classmethod
    def from_nwb(
        cls, source: Any, *, t_start: Any = None, t_stop: Any = None, outside: str = "raise"
    ) -> SpikeTrains:
        """Take the units of a Neurodata Without Borders file.

        Needs the extra ``bioplastic[nwb]``.

        Parameters
        ----------
        source : path-like or pynwb.NWBFile
            The file. The observed intervals of each unit are kept.
        t_start, t_stop : float or Quantity, optional
            The window; by default the observed intervals that the file states, else from 0 s to
            the last spike.
        outside : {"raise", "drop"}, default "raise"
            What to do with spikes outside the window or the observed intervals.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        ValueError
            If the file holds no units, no spike times, or spikes outside.
        """
        edges = _edges("SpikeTrains.from_nwb", t_start, t_stop)
        return cls.from_parts(read_nwb(source, *edges), outside=outside)

    @classmethod
    def from_phy(
        cls,
        folder: str | os.PathLike[str],
        *,
        groups: Sequence[str] | None = None,
        sampling_rate: float | None = None,
        t_stop: Any = None,
    ) -> SpikeTrains:
        """Take the clusters of a folder of Kilosort or phy; ``params.py`` is read, not executed.

        Parameters
        ----------
        folder : path-like
            With ``spike_times.npy``, ``spike_clusters.npy``, ``params.py``, ``cluster_*.tsv``.
        groups : sequence of str, optional
            Which of ``"good"``, ``"mua"``, ``"unsorted"``, ``"noise"``; by default all but noise.
        sampling_rate : float, optional
            In Hz; by default that of ``params.py``.
        t_stop : float or Quantity, optional
            End of the recording; by default from the size of the raw file, else the last spike.

        Raises
        ------
        ValueError
            If an array is damaged, the sampling rate unknown, or no cluster in the groups.
        """
        _, end = _edges("SpikeTrains.from_phy", None, t_stop)
        return cls.from_parts(read_phy(Path(folder), groups, sampling_rate, end))

    @classmethod
    def from_spikeinterface(cls, sorting: Any, *, t_stop: Any = None) -> SpikeTrains:
        """Take a sorting of SpikeInterface with its ids and properties; segments become trials.

        Parameters
        ----------
        sorting : spikeinterface.BaseSorting
            With a registered recording its length is known.
        t_stop : float or Quantity, optional
            End of the recording where it is not; the last spike by default.
        """
        _, end = _edges("SpikeTrains.from_spikeinterface", None, t_stop)
        return cls.from_parts(read_sorting(sorting, end))

    @classmethod
    def from_pynapple(cls, group: Any) -> SpikeTrains:
        """Take a pynapple ``TsGroup``; its time support becomes the observed intervals."""
        return cls.from_parts(read_pynapple(group))

    @classmethod
    def from_pandas(
        cls,
        frame: Any,
        *,
        columns: str | Sequence[str] | None = None,
        time_unit: str | None = None,
        sampling_rate: float | None = None,
        t_start: Any = None,
        t_stop: Any = None,
    ) -> SpikeTrains:
        """Take a table with one spike in each row.

        Parameters
        ----------
        frame : pandas.DataFrame
            Its columns are known by their names (``time_ms``, ``unit``, ``trial``, ...).
        columns : str or sequence of str, optional
            What each column holds, like ``"unit,time,-"``, or which, like
            ``"time=when,unit=who"``.
        time_unit : {"s", "ms", "us", "ns", "samples"}, optional
            By default as in the name of the column, or a column of time differences; a plain
            ``time`` counts as seconds, which `notes` says.
        sampling_rate : float, optional
            In Hz, for samples.
        t_start, t_stop : float or Quantity, optional
            Window in seconds; by default from 0 s to the last spike.

        Raises
        ------
        TypeError, ValueError
            If a column or the unit of time cannot be known, or a row is no spike.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unit": [3, 40], "time_ms": [250.0, 500.0]})
        >>> trains = SpikeTrains.from_pandas(frame, t_stop=1)
        >>> trains.times, trains.ids
        (array([0.25, 0.5 ]), array([ 3, 40]))
        """
        edges = _edges("SpikeTrains.from_pandas", t_start, t_stop)
        return cls.from_parts(read_frame(frame, columns, time_unit, sampling_rate, *edges))

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
        try:
            return cls(**read_npz(Path(path)))
        except (TypeError, ValueError) as error:
            if "is no spike file" in str(error):
                raise
            raise ValueError(f"SpikeTrains.load.path: {path} is no spike file ({error})") from error

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
        return write_npz(self, Path(path))

    def to_neo(self, *, block: bool = False) -> Any:
        """Return a list of ``neo.SpikeTrain``; with trials or gaps, a list of such lists.

        Each train has the window of one observed stretch, so that Elephant sees no interval across
        a gap, and the id of its unit as annotation ``unit_id``.

        Parameters
        ----------
        block : bool, default False
            Return a ``neo.Block`` instead, with one segment for each list, ready to be written.
        """
        return make_neo_block(self) if block else make_neo(self)

    def to_nwb(self, target: Any, *, session_start: Any = None) -> Any:
        """Add the units, with ids, labels and observed intervals, to an NWB file.

        Parameters
        ----------
        target : path-like or pynwb.NWBFile
            The file to write, or one in memory to add to.
        session_start : datetime, optional
            When the session began, with a time zone; the format demands it of a new file.

        Returns
        -------
        Path or pynwb.NWBFile

        Raises
        ------
        TypeError, ValueError
            If there are trials, or a new file has no start of its session.
        """
        return write_nwb(self, target, session_start)

    def to_pynapple(self) -> Any:
        """Return a pynapple ``TsGroup`` with ids, labels and time support.

        Raises
        ------
        ValueError
            If there are trials, ids are text, or units were observed at different times.
        """
        return make_pynapple(self)

    # -- parts ---------------------------------------------------------------------------------

    def of_unit(self, unit: int, trial: int = 0) -> NDArray[np.float64]:
        """Return the spike times of one unit in one trial, without copying."""
        unit = check_integer("SpikeTrains.of_unit.unit", unit, minimum=0, maximum=self.n_units - 1)
        trial = check_integer(
            "SpikeTrains.of_unit.trial", trial, minimum=0, maximum=self.n_trials - 1
        )
        row = trial * self.n_units + unit
        return self.times[self.offsets[row] : self.offsets[row + 1]]

    def find_units(self, ids: ArrayLike) -> NDArray[np.int64]:
        """Return the indices of units with these ids.

        Examples
        --------
        >>> trains = SpikeTrains.from_arrays([0.1], [40], ids=[3, 40], t_stop=1)
        >>> trains.find_units([40])
        array([1])
        """
        index, _ = index_ids("SpikeTrains.find_units.ids", np.atleast_1d(np.asarray(ids)), self.ids)
        return index.astype(np.int64)

    def observed_of(self, unit: int, trial: int = 0) -> Stretches:
        """Return when a unit was observed in a trial, in seconds, shape (n, 2)."""
        if self.observed is None:
            return np.array([[self.t_start, self.t_stop]])
        return self.observed.of_row(trial * self.n_units + unit)

    def observed_seconds(self) -> NDArray[np.float64]:
        """Return how long each unit was observed, shape as `counts`."""
        if self.observed is None:
            seconds = np.full(self.n_trials * self.n_units, self.duration)
        else:
            seconds = self.observed.seconds()
        return seconds if self.trials is None else seconds.reshape(self.n_trials, self.n_units)

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
        observed = None
        if self.observed is not None:
            part = np.array([[begin, end]])
            observed = Observed.join([common(row, part) for row in self.observed.rows()])
            offsets = np.concatenate([[0], np.cumsum(chosen)])[self.offsets]
            chosen[chosen] = observed.find(self.times[chosen], offsets) >= 0
        return dataclasses.replace(
            self,
            times=self.times[chosen],
            units=self.units[chosen],
            trials=None if self.trials is None else self.trials[chosen],
            t_start=begin,
            t_stop=end,
            observed=observed,
        )

    def select_units(self, units: ArrayLike) -> SpikeTrains:
        """Return some units, counted anew in the given order; they keep their ids."""
        chosen = checks.check_choice_of("SpikeTrains.select_units.units", units, self.n_units)
        rows = (np.arange(self.n_trials)[:, None] * self.n_units + chosen).ravel()
        return self._take_rows(
            rows,
            n_units=chosen.size,
            ids=self.ids[chosen],
            labels={name: values[chosen] for name, values in self.labels.items()},
        )

    def select_trials(self, trials: ArrayLike) -> SpikeTrains:
        """Return some trials, renumbered in the given order."""
        chosen = checks.check_choice_of("SpikeTrains.select_trials.trials", trials, self.n_trials)
        rows = (chosen[:, None] * self.n_units + np.arange(self.n_units)).ravel()
        return self._take_rows(rows, n_trials=chosen.size)

    def _take_rows(self, rows: NDArray[np.int64], **changes: Any) -> SpikeTrains:
        n_units = changes.get("n_units", self.n_units)
        sizes = np.diff(self.offsets)[rows]
        parts = [self.times[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        new = np.arange(rows.size)
        trials = None
        if self.trials is not None or "n_trials" in changes:
            trials = np.repeat((new // max(n_units, 1)).astype(np.int32), sizes)
        observed = None
        if self.observed is not None:
            observed = Observed.join([self.observed.of_row(int(row)) for row in rows])
        return dataclasses.replace(
            self,
            times=np.concatenate([np.zeros(0), *parts]),
            units=np.repeat((new % max(n_units, 1)).astype(np.int32), sizes),
            trials=trials,
            observed=observed,
            **changes,
        )

    def drop_trials(self) -> SpikeTrains:
        """Return the same spikes of a single trial without its label.

        Raises
        ------
        ValueError
            If there are several trials.
        """
        if self.n_trials != 1:
            raise ValueError(f"SpikeTrains.drop_trials: must be one trial, got {self.n_trials}")
        return dataclasses.replace(self, trials=None)

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

    def __len__(self) -> int:
        return self.n_spikes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        mine, its = (
            (x.t_start, x.t_stop, x.n_units, x.n_trials, x.trials is None) for x in (self, other)
        )
        same = mine == its and np.array_equal(self.times, other.times)
        same = same and np.array_equal(self.offsets, other.offsets)
        return bool(same and np.array_equal(self.ids, other.ids) and self._same_gaps(other))

    def _same_gaps(self, other: SpikeTrains) -> bool:
        mine, its = self.observed, other.observed
        if mine is None or its is None:
            return mine is its
        return np.array_equal(mine.edges, its.edges) and np.array_equal(mine.offsets, its.offsets)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        trials = "" if self.trials is None else f", {self.n_trials} trials"
        return (
            f"SpikeTrains({self.n_spikes:,} spikes, {self.n_units} units{trials}, "
            f"{self.t_start:g} s to {self.t_stop:g} s)"
        )


def _edges(place: str, t_start: Any, t_stop: Any) -> tuple[float | None, float | None]:
    """Return a window in seconds of which parts may be unknown."""
    start = None if t_start is None else checks.in_seconds(f"{place}.t_start", t_start)
    return start, None if t_stop is None else checks.in_seconds(f"{place}.t_stop", t_stop)
