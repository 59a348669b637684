"""What can be read from spikes: the class of each trial, by scikit-learn."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_labels
from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.analysis.baselines import chance_level
from bioplastic.analysis.rates import bin_spikes
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked, param

__all__ = ["Decoding", "decode", "latencies"]


@dataclasses.dataclass(frozen=True)
class Decoding:
    """How well the class of a held-out trial is read.

    Attributes
    ----------
    accuracy, accuracy_std : float
        Mean and standard deviation over the folds.
    chance : float
        Accuracy of always answering the most frequent class.
    predictions : ndarray of int64, shape (n_trials,)
        The answer for each trial when it was held out.
    """

    accuracy: float
    accuracy_std: float
    chance: float
    predictions: NDArray[np.int64]


@checked
def latencies(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the time from the start of the window to the first spike.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.

    Returns
    -------
    ndarray, shape (n_trials, n_units)
        Seconds; the length of the window for a unit that stays silent, the latest that is known;
        NaN where a gap before the first spike may hide an earlier one.

    Examples
    --------
    >>> latencies(SpikeTrains.from_arrays([0.3, 0.2], [0, 0], t_stop=1, n_units=2))
    array([[0.2, 1. ]])
    """
    shape = (trains.n_trials, trains.n_units)
    result = np.full(trains.n_trials * trains.n_units, trains.duration)
    active = np.flatnonzero(np.diff(trains.offsets))
    result[active] = trains.times[trains.offsets[active]] - trains.t_start
    if trains.observed is not None:
        for row, own in enumerate(trains.observed.rows()):
            first = own[0] if len(own) else np.array([np.inf, np.inf])
            end = trains.t_start + result[row]
            if first[0] > trains.t_start or first[1] < end:
                result[row] = np.nan
    return result.reshape(shape)


@checked(
    code=param(choices=("rate", "latency", "template")),
    n_folds=param(minimum=2),
    seed=param(minimum=0, maximum=2**32 - 1),
)
def decode(
    trains: SpikeTrains,
    y: ArrayLike,
    *,
    code: str = "rate",
    bin_width: Any = None,
    n_folds: int = 5,
    seed: int = 0,
) -> Decoding:
    """Read the class of each trial from its spikes, cross-validated.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes, with trials.
    y : array_like of int, shape (n_trials,)
        Class of each trial; each class needs at least `n_folds` trials.
    code : {"rate", "latency", "template"}, default "rate"
        What is read. ``"rate"``: spike counts, by logistic regression on standardised counts.
        ``"latency"``: times to the first spike (`latencies`), by the same. ``"template"``: the
        binned response, which is compared with the mean response of each class (the nearest
        centroid wins [1]_).
    bin_width : float or Quantity, optional
        Width of the bins of the template in seconds; a twentieth of the window by default.
    n_folds : int, default 5
        Number of stratified folds.
    seed : int, default 0
        Shuffles the trials into folds.

    Returns
    -------
    Decoding

    Raises
    ------
    TypeError, ValueError
        If there are no trials, too few of a class, or gaps in them.

    References
    ----------
    .. [1] R. Q. Quiroga and S. Panzeri, "Extracting information from neuronal populations:
       information theory and decoding approaches", Nat. Rev. Neurosci. 10, 2009.

    Examples
    --------
    >>> y = [0, 1] * 10
    >>> trains = SpikeTrains.from_arrays([0.5] * 20, y, trials=range(20), t_stop=1)
    >>> decode(trains, y).accuracy
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if trains.trials is None:
        raise ValueError("decode.trains: must have trials")
    if trains.observed is not None:
        raise ValueError(
            "decode.trains: must be observed all the time; a gap, or trials of different lengths, "
            "would tell the class by how long was looked (cut with slice_time)"
        )
    labels = check_labels("decode.y", y, n_samples=trains.n_trials)
    if bin_width is not None:
        in_seconds("decode.bin_width", bin_width)
    classes, sizes = np.unique(labels, return_counts=True)
    if classes.size < 2 or sizes.min() < n_folds:
        raise ValueError(
            f"decode.y: must hold at least two classes with {n_folds} trials each, "
            f"got {dict(zip(classes.tolist(), sizes.tolist(), strict=True))}"
        )
    if code == "template":
        width = trains.duration / 20 if bin_width is None else bin_width
        features = bin_spikes(trains, width).reshape(trains.n_trials, -1).astype(np.float64)
        model: Any = NearestCentroid()
    else:
        features = trains.counts().astype(np.float64) if code == "rate" else latencies(trains)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    predictions = np.empty(trains.n_trials, dtype=np.int64)
    scores = []
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for train, test in folds.split(features, labels):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*zero standard deviation")  # empty bins
            model.fit(features[train], labels[train])
        predictions[test] = model.predict(features[test])
        scores.append(float(np.mean(predictions[test] == labels[test])))
    return Decoding(
        accuracy=float(np.mean(scores)),
        accuracy_std=float(np.std(scores)),
        chance=chance_level(labels),
        predictions=predictions,
    )
