"""Decode the velocity of a hand from spikes whose tuning drifts, by a local rule and short lessons.

After NeuroBench (motor decoding), on simulated recordings; R² is no match for published tables.

A recording of 96 units stands still for five minutes (calibration) and drifts for ten: preferred
directions turn by a random walk of 0, 60 or 120 degrees (standard deviation at the end), gains
and rates by 0, 0.3 or 0.5. A teacher shows the velocity for 12 s of every minute; all decoders are
scored on the other time alone, two seconds after each lesson.

The local decoder is the delta rule with the teacher as gate (audited: local with modulator).
Beside it, none of them local: ridge regression and a Kalman filter that stay as calibrated, ridge
refitted after every lesson to the last six, and recursive least squares. The control is the same
decoder on spikes shifted by 100 s against the velocity: what it reaches is target tracking. The
learning rate was fixed on other recordings; penalty, lags and cut-offs within the calibration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from bioplastic.analysis import SpikeTrains
from bioplastic.analysis.velocity import spike_traces
from bioplastic.datasets.reaching import simulated_reaching
from bioplastic.fields import Constants, param
from bioplastic.models import reference_decoders as other
from bioplastic.models.online_decoder import OnlineDecoder
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

DRIFTS = {0: 0.0, 60: 0.3, 120: 0.5}  # turn in degrees: gain
FIRST_SEED = 100  # the learning rate was fixed on recordings before
EVERY, LESSON, SKIPPED, MEMORY = 5, 12.0, 14.0, 3000  # steps; seconds; answers (60 s)
DECAY, RATE = float(np.exp(-0.004 / 0.2)), 50.0  # of traces of 200 ms in a step; answers per second
FILTERS = {"none": "none", "causal": "causal", "block": "in blocks", "whole": "both ways"}
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


def record(seed: int, calibration: float, sizes: Protocol, **drift: float) -> tuple[Any, ...]:
    """Simulate a recording; return it, the velocity at every answer, their number before drift."""
    found = simulated_reaching(FIRST_SEED + seed, calibration=calibration, n_units=sizes.units,
                               **drift)  # fmt: skip
    return found, found.velocity[EVERY - 1 :: EVERY], round(sizes.calibration * RATE)


def decode(seed: int, turn: int, sizes: Protocol) -> dict[str, Any]:
    """Decode one recording with everything; return R² in all and by minute."""
    calibration, total = sizes.calibration, sizes.calibration + sizes.duration
    found, target, n = record(seed, calibration, sizes, turn=float(turn), gain=DRIFTS[turn],
                              duration=sizes.duration)  # fmt: skip
    clock = np.arange(len(target) - n) / RATE
    taught, scored, never = clock % 60 < LESSON, clock % 60 >= SKIPPED, clock < 0
    answers: dict[str, NDArray[np.float64]] = {}
    for control, shown in (("", found), ("control_", found.shifted(calibration))):
        trains = SpikeTrains.from_arrays(shown.times, shown.units, t_start=0, t_stop=total,
                                         n_units=sizes.units)  # fmt: skip
        first, rest = trains.slice_time(0, calibration), trains.slice_time(calibration, total)
        model = OnlineDecoder(random_state=seed).fit(first, target[:n])
        counts = shown.counts()
        x = (spike_traces(counts, decay=DECAY, every=EVERY) - model.mean_) / model.deviation_
        answers["control" if control else "bursts"] = model.fork().adapt(rest, target[n:], taught)
        answers[f"{control}refit"] = other.refitted_ridge(x, target, n, taught)
        answers[f"{control}rls"] = other.recursive_decoder(x, target, n, taught, memory=MEMORY)
        if not control:
            answers["frozen"] = model.fork().adapt(rest, target[n:], never)
            answers["ridge"] = other.refitted_ridge(x, target, n, never)
            answers["kalman"] = other.binned_kalman(counts, found.velocity, n)
    parts = [scored, *(scored & (clock // 60 == k) for k in range(round(sizes.duration / 60)))]
    table = xr.DataArray(
        [[r2_score(target[n:][now], answers[name][now]) for now in parts] for name in LABELS],
        {"decoder": list(LABELS), "minute": range(len(parts))}, ("decoder", "minute"),
    )  # fmt: skip
    return {"r2": table[:, 0].drop_vars("minute"), "course": table[:, 1:]}


def smooth(seed: int, window: str, sizes: Protocol) -> dict[str, float]:
    """Return R² of filtered outputs without drift, of traces or of the counts in 28 ms."""
    found, target, n = record(seed, sizes.calibration + sizes.duration, sizes, duration=1)
    counts = found.counts()
    sums = np.cumsum(np.pad(counts, ((7, 0), (0, 0))), axis=0)
    x = ((sums[7:] - sums[:-7])[EVERY - 1 :: EVERY] if window == "counts"
         else spike_traces(counts, decay=DECAY, every=EVERY))  # fmt: skip
    return {how: r2_score(target[n:], other.filtered_ridge(x, target, n, RATE, how))
            for how in FILTERS}  # fmt: skip


def compute(run: Run) -> Results:
    """Decode recordings of all drifts and seeds, and filter outputs."""
    given = {"seed": run.seeds, "sizes": run.protocol}
    data = run.measure(decode, turn=list(DRIFTS), **given)
    filters = run.measure(smooth, window=["trace", "counts"], **given)
    local, template = ["bursts", "frozen"], {"r2": "r2_{decoder}_{turn}"}
    gain = data.r2.sel(decoder="bursts") - data.r2.sel(decoder=["ridge", "refit"])
    return Results(
        metrics=flatten(data[["r2"]].sel(decoder=local), names=template)
        | flatten(gain.to_dataset(name="gain_over"))
        | flatten(filters, names={name: f"filter_{name}_{{window}}" for name in filters}),
        baselines=flatten(data[["r2"]].drop_sel(decoder=local), names=template),
        measured={"decoding": data, "filters": filters},
    )


def draw(results: Results) -> Any:
    """Draw R² by minute for every drift, and of filtered outputs."""
    data, filters = results.measured["decoding"], results.measured["filters"]
    turns = data.turn.values.tolist()
    figure, axes = panels(1, len(turns) + 1, height=2.8)
    shown = data.course.sel(decoder=["bursts", "frozen", "ridge", "refit", "rls", "control"])
    for ax, turn in zip(axes, turns, strict=False):
        lines(shown.sel(turn=turn), ax, x="minute", hue="decoder", labels=LABELS, ylabel="R²",
              ylim=(-0.6, 1), xlabel="minute of drift", title=f"{turn}° at the end",
              legend=None)  # fmt: skip
    dots(filters.to_dataarray("filter"), axes[-1], x="filter", hue="window", labels=FILTERS | {
        "trace": "200 ms trace", "counts": "28 ms counts"}, ylabel="R²", title="output filter",
        legend="lower right")  # fmt: skip
    axes[-1].tick_params(axis="x", rotation=40)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncol=3)
    return figure


EXPERIMENT = Experiment(
    name="decoding", title="A local rule decodes spikes whose tuning drifts",
    reference="Yik et al. (2023), arXiv 2304.04640",
    costs={"smoke": "10 s", "quick": "1 min"}, datasets=("synthetic",),
    protocols={"smoke": Protocol(calibration=120.0, duration=120.0, units=40, seeds=1),
               "quick": Protocol()},
    options=("units",), compute=compute, figures={"drift": draw},
)  # fmt: skip
