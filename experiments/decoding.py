"""Decode the velocity of a hand from spikes whose tuning drifts, by a local rule and short lessons.

Part of NeuroBench (Yik et al. 2023, arXiv 2304.04640: motor decoding); here on simulated
recordings.

A recording of 96 units stands still for five minutes (calibration) and drifts for ten: preferred
directions turn by a random walk of 0, 60 or 120 degrees (standard deviation at the end), gains
and rates by 0, 0.3 or 0.5. A teacher shows the velocity for 12 s of every minute. All decoders
are scored on the other time alone, two seconds after each lesson. R² is ours and not comparable
with the published tables, whose recordings are not here.

The local decoder is the delta rule with the teacher as gate (audited: local with modulator).
Beside it, none of them local: ridge regression and a Kalman filter that stay as calibrated, ridge
refitted after every lesson to the last six, and recursive least squares. The control is the same
decoder on spikes shifted by 100 s against the velocity: what it reaches is target tracking. The
learning rate was fixed on other recordings; penalty, lags and cut-offs are chosen within the
calibration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score

from bioplastic.analysis import SpikeTrains
from bioplastic.analysis.velocity import KalmanDecoder, bessel_filter, spike_traces
from bioplastic.datasets.reaching import Reaching, simulated_reaching
from bioplastic.fields import Constants, param
from bioplastic.models.online_decoder import OnlineDecoder
from bioplastic.plasticity import RecursiveLeastSquares
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

DRIFTS = {0: 0.0, 60: 0.3, 120: 0.5}  # turn in degrees: gain
FIRST_SEED = 100  # the learning rate was fixed on recordings before
EVERY, LESSON, SKIPPED, MEMORY = 5, 12.0, 14.0, 60.0  # steps; seconds
PENALTIES = np.logspace(-1, 4, 11)
LABELS = {
    "bursts": "local, lessons", "frozen": "local, frozen", "ridge": "ridge, frozen",
    "kalman": "Kalman, frozen", "refit": "ridge, refitted", "rls": "least squares, recursive",
    "control": "local, shifted spikes", "control_refit": "refitted, shifted",
    "control_rls": "recursive, shifted",
}  # fmt: skip


class Protocol(Constants):
    """How long the recordings are."""

    calibration: float = param(300.0, positive=True, doc="seconds without drift")
    duration: float = param(600.0, positive=True, doc="seconds with drift")
    units: int = param(96, minimum=2, doc="recorded units")
    seeds: int = param(3, minimum=1, doc="seeds")


def shift(found: Reaching, n: float, total: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the spikes shifted by up to 100 s, round and round in calibration and test alike."""
    times = found.times.copy()
    for start, stop in ((0.0, n), (n, total)):
        inside = (times >= start) & (times < stop)
        away = min(100.0, round((stop - start) / 2))
        times[inside] = start + (times[inside] - start + away) % (stop - start)
    return times, found.units


def decode(seed: int, turn: int, sizes: Protocol) -> dict[str, Any]:
    """Decode one recording with everything; return R² in all and by minute."""
    calibration, total = sizes.calibration, sizes.calibration + sizes.duration
    found = simulated_reaching(FIRST_SEED + seed, calibration=calibration, turn=float(turn),
                               duration=sizes.duration, n_units=sizes.units,
                               gain=DRIFTS[turn])  # fmt: skip
    target = found.velocity[EVERY - 1 :: EVERY]
    n, rate = round(calibration / (EVERY * found.dt)), 1 / (EVERY * found.dt)
    clock = np.arange(len(target) - n) / rate
    taught, scored = clock % 60 < LESSON, clock % 60 >= SKIPPED
    answers: dict[str, NDArray[np.float64]] = {}
    for control, (times, units) in (("", (found.times, found.units)),
                                    ("control_", shift(found, calibration, total))):  # fmt: skip
        trains = SpikeTrains.from_arrays(times, units, t_start=0, t_stop=total, n_units=sizes.units)
        first, rest = trains.slice_time(0, calibration), trains.slice_time(calibration, total)
        model = OnlineDecoder(random_state=seed).fit(first, target[:n])
        answers["control" if control else "bursts"] = model.fork().adapt(rest, target[n:], taught)
        counts = np.zeros((len(found.velocity), sizes.units))
        counts[(times / found.dt).astype(int), units] = 1
        traces = spike_traces(counts, decay=float(np.exp(-found.dt / 0.2)), every=EVERY)
        x = (traces - model.mean_) / model.deviation_
        best = RidgeCV(PENALTIES).fit(x[:n], target[:n])
        answers[f"{control}refit"] = _refit(x, target, n, taught, best)
        answers[f"{control}rls"] = _recursive(x, target, n, taught, rate)
        if not control:
            answers["frozen"] = model.fork().adapt(rest, target[n:], np.zeros(len(clock)))
            answers["ridge"] = best.predict(x[n:])
            answers["kalman"] = _kalman(counts, found.velocity, n)
    names, minutes = list(LABELS), np.arange(round(sizes.duration / 60))
    truth = target[n:]
    score = [r2_score(truth[scored], answers[name][scored]) for name in names]
    by_minute = [
        [r2_score(truth[now], answers[name][now]) for now in
         (scored & (clock // 60 == minute) for minute in minutes)] for name in names
    ]  # fmt: skip
    course = xr.DataArray(
        by_minute, {"decoder": names, "minute": minutes + 1}, ("decoder", "minute")
    )
    return {"r2": xr.DataArray(score, {"decoder": names}, "decoder"), "course": course}


def _refit(x: Any, target: Any, n: int, taught: Any, best: Any) -> NDArray[np.float64]:
    """Return answers of ridge regression fitted anew after every lesson to the last six."""
    use = np.r_[np.ones(n, dtype=bool), taught]
    ends = n + np.flatnonzero(np.diff(taught.astype(int), append=0) < 0) + 1
    size = round(6 * taught.sum() / max(1, len(ends)))
    answers, model = [], best
    for start, stop in zip((n, *ends), (*ends, len(x)), strict=True):
        if start > n:
            known = np.flatnonzero(use[:start])[-size:]
            model = Ridge(best.alpha_).fit(x[known], target[known])
        if stop > start:
            answers.append(model.predict(x[start:stop]))
    return np.concatenate(answers)


def _recursive(x: Any, target: Any, n: int, taught: Any, rate: float) -> NDArray[np.float64]:
    """Return answers of recursive least squares that remember 60 s of lessons."""
    x = np.column_stack([x, np.ones(len(x))])
    model = RecursiveLeastSquares(x.shape[1], 2, forgetting=1 - 1 / (MEMORY * rate))
    answers = np.empty((len(x) - n, 2))
    for k in range(len(x)):
        if k >= n:
            answers[k - n] = model.predict(x[k])
        if k < n or taught[k - n]:
            model.update(x[k], target[k])
    return answers


def _kalman(counts: Any, velocity: Any, n: int) -> NDArray[np.float64]:
    """Return answers of a Kalman filter over bins of 48 ms, repeated to intervals of 20 ms."""
    bins = len(counts) // 12
    k, v = counts[: 12 * bins].reshape(bins, 12, -1).sum(axis=1), velocity[11 : 12 * bins : 12]
    first = n * EVERY // 12
    found = KalmanDecoder().fit(k[:first], v[:first]).predict(k)
    ends = np.arange(n, len(velocity) // EVERY) * EVERY + EVERY  # the last bin that is complete
    return np.asarray(found[np.minimum(ends // 12, bins) - 1])


def smooth(seed: int, window: str, sizes: Protocol) -> dict[str, float]:
    """Return R² of filtered outputs without drift, cut-off and lag chosen in the calibration."""
    total = sizes.calibration + sizes.duration
    found = simulated_reaching(FIRST_SEED + seed, calibration=total, duration=1,
                               n_units=sizes.units)  # fmt: skip
    target = found.velocity[EVERY - 1 :: EVERY]
    counts = np.zeros((len(found.velocity), sizes.units))
    counts[(found.times / found.dt).astype(int), found.units] = 1
    if window == "trace":
        x = spike_traces(counts, decay=float(np.exp(-found.dt / 0.2)), every=EVERY)
    else:  # the last 28 ms
        sums = np.cumsum(np.pad(counts, ((7, 0), (0, 0))), axis=0)
        x = (sums[7:] - sums[:-7])[EVERY - 1 :: EVERY]
    n, rate = round(sizes.calibration / (EVERY * found.dt)), 1 / (EVERY * found.dt)
    half = n * 2 // 3

    def answers(lag: int, last: int) -> NDArray[np.float64]:
        """Decode the velocity that will be there after so many steps."""
        return np.asarray(Ridge(100.0).fit(x[: last - lag], target[lag:last]).predict(x))

    found_r2 = {"none": r2_score(target[n:], answers(0, n)[n:])}
    for how in ("causal", "block", "whole"):
        tried = {}
        for lag in (0, 2, 4, 6, 8):
            raw = answers(lag, half)
            for cutoff in (2.0, 3.0, 4.0, 6.0):
                smoothed = bessel_filter(raw[:n], cutoff, rate, how=how, block=6)
                tried[lag, cutoff] = r2_score(target[half:n], smoothed[half:n])
        lag, cutoff = max(tried, key=lambda pair: tried[pair])
        smoothed = bessel_filter(answers(lag, n), cutoff, rate, how=how, block=6)
        found_r2[how] = r2_score(target[n:], smoothed[n:])
    return found_r2


def compute(run: Run) -> Results:
    """Decode recordings of all drifts and seeds, and filter outputs."""
    data = run.measure(decode, seed=run.seeds, turn=list(DRIFTS), sizes=run.protocol)
    filters = run.measure(smooth, seed=run.seeds, window=["trace", "counts"], sizes=run.protocol)
    local, template = ["bursts", "frozen"], {"r2": "r2_{decoder}_{turn}"}
    other = [name for name in LABELS if name not in local]
    gain = data.r2.sel(decoder="bursts") - data.r2.sel(decoder=["ridge", "refit"])
    return Results(
        metrics=flatten(data[["r2"]].sel(decoder=local), names=template)
        | flatten(gain.rename("gain_over").to_dataset())
        | flatten(filters, names={name: f"filter_{name}_{{window}}" for name in filters.data_vars}),
        baselines=flatten(data[["r2"]].sel(decoder=other), names=template),
        measured={"decoding": data, "filters": filters},
    )


def draw(results: Results) -> Any:
    """Draw R² by minute for every drift, and of filtered outputs."""
    data, filters = results.measured["decoding"], results.measured["filters"]
    turns = data.turn.values.tolist()
    figure, axes = panels(1, len(turns) + 1, height=2.8)
    shown = ["bursts", "frozen", "ridge", "refit", "rls", "control"]
    for ax, turn in zip(axes, turns, strict=False):
        lines(data.course.sel(turn=turn, decoder=shown), ax, x="minute", hue="decoder",
              labels=LABELS, ylim=(-0.6, 1), xlabel="minute of drift", ylabel="R²",
              title=f"{turn}° at the end", legend=None)  # fmt: skip
    names = {"none": "none", "causal": "causal", "block": "in blocks", "whole": "both ways"}
    dots(filters.to_dataarray("filter"), axes[-1], x="filter", hue="window", labels={
        **names, "trace": "200 ms trace", "counts": "28 ms counts"}, ylabel="R²",
        title="output filter", legend="lower right")  # fmt: skip
    axes[-1].tick_params(axis="x", rotation=40)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncol=3)
    return figure


EXPERIMENT = Experiment(
    name="decoding",
    title="A local rule decodes spikes whose tuning drifts",
    reference="Yik et al. (2023), arXiv 2304.04640",
    costs={"smoke": "10 s", "quick": "1 min"},
    datasets=("synthetic",),
    protocols={
        "smoke": Protocol(calibration=120.0, duration=120.0, units=40, seeds=1),
        "quick": Protocol(),
    },
    options=("units",),
    compute=compute,
    figures={"drift": draw},
)
