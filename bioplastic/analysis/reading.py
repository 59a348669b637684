"""Spikes from any file or folder, and from the engine's record."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.analysis.io.files import read_file
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked, param

__all__ = ["read_spikes", "to_spike_trains", "to_xarray"]


@checked(outside=param(choices=("raise", "drop")))
def read_spikes(
    path: str | os.PathLike[str],
    *,
    time_unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
    sampling_rate: float | None = None,
    t_start: Any = None,
    t_stop: Any = None,
    outside: str = "raise",
) -> SpikeTrains:
    """Read a spike file or folder, by what it is; nothing in it is executed.

    ``.npz``: from `SpikeTrains.save`, pynapple or SpikeInterface, or arrays ``times`` and ``units``
    (or ``t`` and ``i``). ``.csv``, ``.tsv``, ``.txt``, ``.gdf``: a spike on each line, columns
    known by their header. ``.nwb``: the units of the file. A folder of Kilosort, phy or
    SpikeInterface. Anything else: what Neo can read without executing it. Ids of units are kept.

    Parameters
    ----------
    path : path-like
        The file or folder.
    time_unit : {"s", "ms", "us", "ns", "samples"}, optional
        Unit of time of plain numbers; by default what the header says (``time_ms``). A column
        called plainly ``time`` counts as seconds, which `SpikeTrains.notes` says, unless its
        numbers can hardly be seconds.
    columns : str or sequence of str, optional
        What the columns of a text file hold, like ``"unit,time"``, with ``"-"`` for neither, or
        which hold it, like ``"time=when,unit=who"``.
    groups : str or sequence of str, optional
        Quality groups of a phy folder, like ``"good,mua"``; by default all but noise.
    sampling_rate : float, optional
        In Hz, where times are in samples and the file does not tell.
    t_start, t_stop : float or Quantity, optional
        Window in seconds, where the file does not tell; the last spike by default.
    outside : {"raise", "drop"}, default "raise"
        What to do with spikes outside the window or the observed intervals.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If the file is damaged, holds no spikes of a known form, or a column or unit of time is not
        known. The message says which option to give.
    ImportError
        If the library for this kind of file is missing.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "spikes.csv"
    ...     _ = path.write_text("unit,time_ms\\n3,100\\n40,250\\n")
    ...     trains = read_spikes(path, t_stop=1.0)
    >>> trains.times, trains.ids
    (array([0.1 , 0.25]), array([ 3, 40]))
    """
    options: dict[str, Any] = {
        "time_unit": time_unit,
        "columns": columns,
        "groups": groups,
        "sampling_rate": sampling_rate,
        "t_start": None if t_start is None else in_seconds("read_spikes.t_start", t_start),
        "t_stop": None if t_stop is None else in_seconds("read_spikes.t_stop", t_stop),
    }
    place = Path(os.fspath(path))
    found = read_file(place, **options)
    if found is not None:
        try:
            return SpikeTrains.from_parts(found, outside=outside)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise ValueError(f"{place}: {', '.join(given)}: this file states it itself")
    return SpikeTrains.load(place)


@checked
def to_spike_trains(
    record: Mapping[str, Any], program: Any, population: str | None = None, *, join: bool = False
) -> SpikeTrains:
    """Take the spikes that a compiled program recorded.

    Parameters
    ----------
    record : mapping of str to array
        What ``program(state, inputs)`` returned.
    program : bioplastic.engine.Program
        The program.
    population : str, optional
        Whose spikes; it can be left out if the program records those of one population.
    join : bool, default False
        Put the presentations one behind the other, as one recording. By default they are trials.

    Returns
    -------
    SpikeTrains
        One unit for each cell, and one trial for each presentation. Spikes at the end of a step
        count at its beginning, as in a Brian2 monitor.

    Raises
    ------
    ValueError
        If the program records no spikes of the population, or its steps are events without a clock.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from bioplastic.engine import NetworkSpec, Program, SpikeRecord, Trial
    >>> from bioplastic.signals import PoissonSource
    >>> network = NetworkSpec(populations=[PoissonSource(name="input", n=5, rates="50*Hz")],
    ...                       projections=[], trial=Trial(duration=200*ms),
    ...                       records=[SpikeRecord(population="input")])
    >>> program = Program(network, dt=1*ms, target="numpy")
    >>> state, record = program(program.initial_state(), n_samples=3)
    >>> trains = to_spike_trains(record, program)
    >>> trains.n_units, trains.n_trials, trains.t_stop
    (5, 3, 0.2)
    """
    place = "to_spike_trains"
    known = list(_layout(place, record, program).spike_logs)
    if population is None:
        if len(known) != 1:
            raise ValueError(f"{place}.population: must be one of {known}")
        population = known[0]
    if population not in known:
        raise ValueError(f"{place}.population: must be one of {known}, got {population!r}")
    if hasattr(program.network.trial, "until_fired"):
        raise ValueError(f"{place}.program: must have a clock, got the events of an EventTrial")
    n = next(p.n for p in program.network.populations if p.name == population)
    times = np.asarray(record[f"{population}.spike_time"])
    trials = np.asarray(record[f"{population}.spike_trial"])
    length = program.layout.n_steps * program.layout.dt
    n_trials = int(np.sum(record["presentations"]))
    if join:
        times, length = times + trials * length, length * max(n_trials, 1)
    return SpikeTrains.from_arrays(
        times,
        record[f"{population}.spike_cell"],
        t_stop=length,
        n_units=n,
        trials=None if join else trials,
        n_trials=None if join else n_trials,
    )


@checked
def to_xarray(record: Mapping[str, Any], program: Any) -> xr.Dataset:
    """Label the states and counts that a compiled program recorded.

    Parameters
    ----------
    record : mapping of str to array
        What ``program(state, inputs)`` returned.
    program : bioplastic.engine.Program
        The program.

    Returns
    -------
    xarray.Dataset
        A variable for each recorded state or count, named ``<population>.<variable>``, over
        ``sample``, ``time`` (seconds since the beginning of the presentation, at the end of the
        step) and ``<population>`` (the cell), in base SI units. Where records have different
        intervals, the times have names of their own, ``time_<every>``.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> from bioplastic.engine import NetworkSpec, Population, Program, StateRecord, Trial
    >>> from bioplastic.neurons.model import NeuronModel
    >>> cell = NeuronModel(name="driven", equations="dv/dt = (20*mV - v)/tau : volt",
    ...                    threshold="v > 30*mV", reset="v = 0*mV", parameters={"tau": 10*ms})
    >>> network = NetworkSpec(populations=[Population(name="exc", n=3, model=cell)],
    ...                       projections=[], trial=Trial(duration=2*ms),
    ...                       records=[StateRecord(population="exc", variable="v", every=10)])
    >>> program = Program(network, dt=0.1*ms, target="numpy")
    >>> state, record = program(program.initial_state(), n_samples=1)
    >>> to_xarray(record, program)["exc.v"].sel(time=0.002).dims
    ('sample', 'exc')
    """
    _layout("to_xarray", record, program)
    labelled: xr.Dataset = program.label(record)
    return labelled


def _layout(place: str, record: Mapping[str, Any], program: Any) -> Any:
    layout = getattr(program, "layout", None)
    if layout is None or not hasattr(program, "network"):
        raise TypeError(f"{place}.program: must be a Program, got {program!r:.80}")
    if "presentations" not in record:
        raise ValueError(f"{place}.record: must be what the program returned, got {list(record)}")
    return layout
