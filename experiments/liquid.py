"""A liquid with fixed random weights remembers order; static digits do not need one.

Lin et al. (2025), Nature Computational Science 5, 37-47, the encoder with its linear read-out
(N-MNIST 89.1 %, N-TIDIGITS 70.8 % in software, best epoch on test data; not used here).

Order task: two groups of ten inputs fire in bursts, one group first; which one is the class, and
the counts of both are equal. A lead-in of noise makes the first burst meet the liquid in the state
in which the second does; without it the beginning tells the classes apart. Over short gaps
the membrane alone remembers, so a liquid without recurrence stands beside it. Digits: the
same read-out on the counts of the inputs does as well or better; the liquid adds nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bioplastic.datasets import load_digits
from bioplastic.fields import Constants, param
from bioplastic.models.liquid import LiquidStateMachine, linear_read_out
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS = {"strong": 0.5, "weak": 0.09, "none": 0.0}  # deviation of recurrent weights
LIQUID = {"decay": 0.97, "v_th": 5.3, "sd_in": 0.5}  # of the order task
BURST, LEAD, RATE, NOISE = 15, 100, 0.5, 0.02


class Protocol(Constants):
    """How much is shown."""

    trials: int = param(600, minimum=20, doc="trials of the order task, a third of them to test")
    gaps: tuple[int, ...] = param((15, 50, 100, 200), doc="steps between the bursts")
    digits: int = param(1797, minimum=100, doc="images, a fifth of them to test")
    seeds: int = param(5, minimum=1, doc="seeds")


def draw_order(seed: int, n: int, gap: int) -> Any:
    """Draw trials of the order task: samples (n, 20 inputs times steps) and labels."""
    rng, y = np.random.default_rng([seed, gap]), np.arange(n) % 2
    X = rng.random((n, 20, LEAD + 2 * BURST + gap)) < NOISE
    bursts = rng.random((n, 2, 10, BURST)) < RATE
    for trial, label, (first, second) in zip(X, y, bursts, strict=True):
        trial[10 * label :][:10, LEAD : LEAD + BURST] |= first
        trial[10 * (1 - label) :][:10, -BURST:] |= second
    return X.reshape(n, -1).astype(np.uint8), y


def order(seed: int, gap: int, arm: str, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy of a liquid on the order task, and that of the input counts."""
    X, y = draw_order(seed, sizes.trials, gap)
    counts, n = X.reshape(len(X), 20, -1).sum(axis=2), 2 * sizes.trials // 3
    model = LiquidStateMachine(n_inputs=20, sd_rec=ARMS[arm], random_state=seed, **LIQUID)
    model.fit(X[:n], y[:n])
    plain = linear_read_out().fit(counts[:n], y[:n])
    return {"order": model.score(X[n:], y[n:]), "spikes": model.counts_.mean(),
            "count_order": plain.score(counts[n:], y[n:])}  # fmt: skip


def digits(seed: int, arm: str, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy of a liquid on digits as random spikes, and that of the input counts."""
    data, rng = load_digits(seed), np.random.default_rng([seed, 7])
    found = {}
    parts = []
    for X, y in ((data.X, data.y), (data.X_test, data.y_test)):
        keep = slice(max(1, len(X) * sizes.digits // 1797))
        p = 0.5 * X[keep, :, None] / data.X.max()
        parts.append(((rng.random((*p.shape[:2], 50)) < p).astype(np.uint8), y[keep]))
    (X, y), (X_test, y_test) = parts
    model = LiquidStateMachine(sd_rec=ARMS[arm], random_state=seed)
    model.fit(X.reshape(len(X), -1), y)
    found["digits"] = model.score(X_test.reshape(len(X_test), -1), y_test)
    plain = linear_read_out().fit(X.sum(axis=2), y)
    return found | {"count_digits": plain.score(X_test.sum(axis=2), y_test)}


def compute(run: Run) -> Results:
    """Measure both tasks with recurrence of three strengths."""
    given = {"seed": run.seeds, "arm": list(ARMS), "sizes": run.protocol}
    memory = run.measure(order, gap=list(run.protocol.gaps), **given)
    static = run.measure(digits, **given)
    none, rest = {"arm": "none"}, {"arm": ["strong", "weak"]}
    return Results(
        metrics=flatten(memory[["order", "spikes"]].sel(rest))
        | flatten(static[["digits"]].sel(rest)),
        baselines={"chance_order": 0.5} | flatten(memory[["count_order"]].isel(arm=0))
        | flatten(memory[["order"]].sel(none).rename(order="no_recurrence_order"))
        | flatten(static[["digits"]].sel(none).rename(digits="no_recurrence_digits"))
        | flatten(static[["count_digits"]].isel(arm=0)),
        paper={"order_15_elsewhere": 0.999, "digits_elsewhere": 0.938, "n_mnist": 0.8911,
               "n_tidigits": 0.7079},
        measured={"order": memory, "digits": static},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw order over the gap and the liquid on digits beside the counts of the inputs."""
    memory, static = results.measured["order"], results.measured["digits"]
    figure, (left, right) = panels(1, 2, height=2.6, width_ratios=(1.5, 1))
    names = {"strong": "recurrence 0.5", "weak": "recurrence 0.09", "none": "no recurrence"}
    shown = {text: memory.order.sel(arm=arm) for arm, text in names.items()}
    shown["input counts"] = memory.count_order.isel(arm=0)
    lines(shown, left, x="gap", xscale="log", factor=100, baselines={"chance": 0.5},
          published=xr.DataArray([0.999], {"gap": [15]}), published_label="measured elsewhere",
          xlabel="steps between the bursts", ylabel="accuracy, order (%)",
          legend="outside")  # fmt: skip
    dots({"0.5": static.digits.sel(arm="strong"), "0.09": static.digits.sel(arm="weak"),
          "none": static.digits.sel(arm="none"), "input\ncounts": static.count_digits.isel(arm=0)},
         right, factor=100, ylabel="accuracy, digits (%)", xlabel="recurrence")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="liquid",
    title="A random liquid remembers order, and adds nothing on digits",
    reference="Lin et al. (2025), Nature Computational Science 5, 37-47",
    costs={"smoke": "10 s", "quick": "30 s"},
    datasets=("synthetic",),
    protocols={"smoke": Protocol(trials=240, gaps=(15, 100), digits=400, seeds=1),
               "quick": Protocol()},
    options=("trials", "digits"),
    compute=compute,
    figures={"memory": draw},
)  # fmt: skip
