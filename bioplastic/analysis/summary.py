"""One flat table of numbers about a recording."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bioplastic.analysis._observed import common
from bioplastic.analysis.bursts import find_bursts
from bioplastic.analysis.complexity import lempel_ziv_complexity
from bioplastic.analysis.correlograms import spike_time_tiling
from bioplastic.analysis.intervals import interval_statistics
from bioplastic.analysis.rates import bin_spikes, fano_factor, mean_rates
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.analysis.subspaces import participation_ratio
from bioplastic.fields import checked

__all__ = ["SUMMARY_LABELS", "show_number", "summarise_spikes"]

SUMMARY_LABELS = {
    "n_units": "units",
    "n_silent": "units without a spike",
    "n_trials": "trials",
    "n_spikes": "spikes",
    "duration": "length of the window (s)",
    "observed_mean": "observed time, all trials, mean over units (s)",
    "rate_mean": "rate, mean over units (Hz)",
    "rate_median": "rate, median (Hz)",
    "rate_max": "rate, largest (Hz)",
    "interval_mean": "inter-spike interval, mean over units (s)",
    "cv_mean": "CV of intervals, mean over units",
    "cv2_mean": "CV2 of intervals, mean over units",
    "lv_mean": "LV of intervals, mean over units",
    "fano_window": "window of the Fano factor (s)",
    "fano_mean": "Fano factor, mean over units",
    "burst_share_mean": "spikes in bursts (3 or more, intervals up to 10 ms), mean share",
    "tiling_mean": "spike time tiling coefficient (± 5 ms), mean over pairs",
    "tiling_pairs": "pairs compared",
    "population_bin": "bin of population measures (s)",
    "participation_ratio": "dimensions (participation ratio)",
    "synchrony": "variance of the summed counts over summed variances",
    "lempel_ziv_mean": "Lempel-Ziv complexity (bits per bin of 5 ms), mean over units",
    "lempel_ziv_units": "units in the complexity",
}
"""What each number of `summarise_spikes` is, in the order of a report."""

_MOST_PAIRED = 25
_MOST_COMPLEX = 25
_MOST_BINS = 10_000
_MOST_COUNTS = 20_000_000


@checked
def summarise_spikes(trains: SpikeTrains) -> dict[str, float | int | None]:
    """Measure a recording by one number for each property.

    Means are over the units for which the measure exists. Pairs and complexity use the most
    active units, so that large recordings stay quick. All numbers have six digits, so that every
    place that shows them shows the same.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.

    Returns
    -------
    dict of str to float, int or None
        The keys are those of `SUMMARY_LABELS`; None where nothing can be measured.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.random.default_rng(0).uniform(0, 100, 2000)
    >>> found = summarise_spikes(SpikeTrains.from_arrays(times, np.arange(2000) % 2, t_stop=100))
    >>> found["rate_mean"], round(found["cv_mean"], 1)
    (10.0, 1.0)
    """
    rates = mean_rates(trains)
    regularity = interval_statistics(trains)
    active = np.argsort(-np.nan_to_num(rates), kind="stable")[: np.count_nonzero(rates > 0)]
    seconds = trains.observed_seconds().reshape(trains.n_trials, trains.n_units).sum(axis=0)
    one_trial = trains if trains.trials is None else trains.select_trials([0]).drop_trials()
    known = rates[np.isfinite(rates)]
    window = min(1.0, trains.duration / 10)
    population_bin = min(0.05, trains.duration / 100)
    values: dict[str, Any] = {
        "n_units": trains.n_units,
        "n_silent": int(np.count_nonzero(rates == 0)),
        "n_trials": trains.n_trials,
        "n_spikes": trains.n_spikes,
        "duration": trains.duration,
        "observed_mean": _mean(seconds),
        "rate_mean": _mean(rates),
        "rate_median": float(np.median(known)) if known.size else None,
        "rate_max": float(known.max()) if known.size else None,
        "interval_mean": _mean(regularity.mean),
        "cv_mean": _mean(regularity.cv),
        "cv2_mean": _mean(regularity.cv2),
        "lv_mean": _mean(regularity.lv),
        "fano_window": window,
        "fano_mean": _mean(fano_factor(trains, window)),
        "burst_share_mean": _mean(find_bursts(trains, 0.010).share),
        **_measure_pairs(one_trial, active[:_MOST_PAIRED]),
        "population_bin": population_bin,
        **_measure_population(trains, active, population_bin),
        **_measure_complexity(one_trial, active[:_MOST_COMPLEX]),
    }
    return {name: _round(values[name]) for name in SUMMARY_LABELS}


def show_number(value: float | int | None) -> str:
    """Return a number as a reader wants it: counts whole, others with three significant digits.

    Examples
    --------
    >>> [show_number(value) for value in (20_000_000, 0.99987, 0.05, 1234.56, 1e-5, None)]
    ['20,000,000', '1.00', '0.05', '1,235', '1e-05', '–']
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, (int, np.integer)) or abs(value) >= 1000:
        return f"{value:,.0f}"
    short = f"{value:.3g}"
    return short if float(short) == value else f"{value:#.3g}".removesuffix(".")


def _measure_pairs(trains: SpikeTrains, units: ArrayLike) -> dict[str, Any]:
    chosen = np.asarray(units)
    if chosen.size < 2:
        return {"tiling_mean": None, "tiling_pairs": 0}
    matrix = spike_time_tiling(trains, 0.005, chosen)
    upper = matrix[np.triu_indices(chosen.size, k=1)]
    return {"tiling_mean": _mean(upper), "tiling_pairs": int(np.isfinite(upper).sum())}


def _measure_population(trains: SpikeTrains, units: ArrayLike, width: float) -> dict[str, Any]:
    n_bins = int(trains.duration / width) * trains.n_trials
    chosen = np.sort(np.asarray(units)[: max(1, _MOST_COUNTS // max(n_bins, 1))])
    if chosen.size < 2:
        return {"participation_ratio": None, "synchrony": None}
    part = trains.select_units(chosen)
    counts = bin_spikes(part, width).reshape(part.n_trials, part.n_units, -1)
    activity = np.moveaxis(counts, 1, 2).reshape(-1, part.n_units).astype(np.float64)
    activity = activity[np.isfinite(activity).all(axis=1)]  # bins in which all were observed
    if len(activity) < 2:
        return {"participation_ratio": None, "synchrony": None}
    single = float(activity.var(axis=0).sum())
    together = float(activity.sum(axis=1).var())
    return {
        "participation_ratio": participation_ratio(activity),
        "synchrony": together / single if single else None,
    }


def _measure_complexity(trains: SpikeTrains, units: ArrayLike) -> dict[str, Any]:
    chosen = np.asarray(units)
    nothing = {"lempel_ziv_mean": None, "lempel_ziv_units": 0}
    if chosen.size == 0:
        return nothing
    part = trains.select_units(chosen)
    start, stop = max(  # the longest stretch in which all of them were observed
        functools.reduce(common, [part.observed_of(unit) for unit in range(chosen.size)]).tolist(),
        key=lambda edges: edges[1] - edges[0],
        default=(0.0, 0.0),
    )
    if stop - start < 0.5:
        return nothing
    part = part.slice_time(start, min(stop, start + 0.005 * _MOST_BINS))
    values = lempel_ziv_complexity(bin_spikes(part, 0.005) > 0)
    return {"lempel_ziv_mean": _mean(values), "lempel_ziv_units": int(chosen.size)}


def _mean(values: ArrayLike) -> float | None:
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    return float(array.mean()) if array.size else None


def _round(value: Any) -> float | int | None:
    if value is None or isinstance(value, (int, np.integer)):
        return None if value is None else int(value)
    return float(f"{value:.6g}") if math.isfinite(value) else None
