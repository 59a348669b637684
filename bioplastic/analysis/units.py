"""One row of numbers for each unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.analysis.intervals import interval_statistics, intervals
from bioplastic.analysis.rates import bin_spikes, mean_rates
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked

__all__ = ["unit_table"]


@checked
def unit_table(
    trains: SpikeTrains, *, refractory: Any = 0.0015, presence_bin: Any = None
) -> pd.DataFrame:
    """Measure every unit of a recording.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    refractory : float or Quantity, default 1.5 ms
        Shorter intervals count as violations of the refractory period [1]_.
    presence_bin : float or Quantity, optional
        Width of the bins of the presence ratio in seconds; by default a minute [1]_, or a tenth of
        the window where that is shorter than ten minutes.

    Returns
    -------
    pandas.DataFrame
        A row for each unit, named by its id: its labels, ``n`` (spikes), ``observed`` (seconds),
        ``rate`` (Hz), ``cv`` (of intervals), ``refractory_violations`` (their share of all
        intervals), ``presence_ratio`` (share of the observed bins that hold a spike). NaN where
        nothing can be measured.

    Raises
    ------
    TypeError, ValueError
        If a time is not positive, or the bin larger than the window.

    References
    ----------
    .. [1] SpikeInterface, ``compute_refrac_period_violations`` and ``compute_presence_ratios``.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.101, 0.9], [40] * 3, ids=[3, 40], t_stop=1)
    >>> table = unit_table(trains)
    >>> table.loc[40, ["n", "rate", "refractory_violations", "presence_ratio"]].tolist()
    [3.0, 3.0, 0.5, 0.2]
    """
    limit = in_seconds("unit_table.refractory", refractory)
    if limit <= 0:
        raise ValueError(f"unit_table.refractory: must be positive, got {limit:g} s")
    width = min(60.0, trains.duration / 10)
    if presence_bin is not None:
        width = in_seconds("unit_table.presence_bin", presence_bin)
    n = trains.n_units
    values, owner = intervals(trains)
    short = np.bincount(owner[values < limit], minlength=n)
    statistics = interval_statistics(trains)
    counts = bin_spikes(trains, width).reshape(trains.n_trials, n, -1)
    seen = np.isfinite(counts).sum(axis=(0, 2))
    shape = (trains.n_trials, n)
    with np.errstate(invalid="ignore"):
        columns = {
            **trains.labels,
            "n": trains.counts().reshape(shape).sum(axis=0),
            "observed": trains.observed_seconds().reshape(shape).sum(axis=0),
            "rate": mean_rates(trains),
            "cv": statistics.cv,
            "refractory_violations": short / statistics.count,
            "presence_ratio": (counts > 0).sum(axis=(0, 2)) / seen,
        }
    return pd.DataFrame(columns, index=pd.Index(trains.ids, name="id"))
