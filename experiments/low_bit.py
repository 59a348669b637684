"""Read-outs of one, two and four bits that learn by the delta rule, and spikes with a sign.

Ternary spikes: Guo et al. (2024), AAAI, arXiv 2312.06372; rounding at random: Gupta et al. (2015),
ICML. The papers back-propagate through whole networks and keep a copy of full precision; here a
read-out over fixed random cells learns digits by a local rule, and its weights are rounded after
every image, at random or to the nearest level. Beside it stand such a copy, and floats.

Rounding to the nearest level loses every change smaller than half a step, so the curve over the
learning rate is shown; each arm is compared at the rate that is best on held-out images. The
ternary cell stands beside two binary ones, of opposite or of fresh directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bioplastic.analysis import response_entropy
from bioplastic.datasets import load_digits, stratified_split
from bioplastic.fields import Constants, param
from bioplastic.models.low_bit import LowBitClassifier
from bioplastic.plotting import dots, lines, panels, plus_minus, table
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ROUNDINGS = {"stochastic": "at random", "nearest": "to the nearest", "shadow": "of a float copy"}
CODES: dict[Any, str] = {"ternary": "ternary, n", "binary": "binary, n", "fresh": "binary, 2n",
                         "pair": "on/off pairs, n"}  # fmt: skip
SMALL = 0.01  # learning rate at which a change is less than half a step


class Protocol(Constants):
    """How much is learned."""

    bits: tuple[int, ...] = param((1, 2, 4), doc="bits of a weight")
    cells: int = param(200, minimum=1, doc="cells below the read-out of few bits")
    coded: int = param(100, minimum=1, doc="ternary cells, pairs")
    epochs: int = param(20, minimum=1, doc="passes through the images")
    etas: tuple[float, ...] = param((0.003, SMALL, 0.03, 0.1, 0.3, 1.0), doc="learning rates")
    steps: tuple[int, ...] = param((1, 4), doc="steps of an image, for codes")
    train: int = param(1437, minimum=50, doc="training images, a fifth of them held out")
    seeds: int = param(5, minimum=1, doc="seeds")


def learn(seed: int, arm: str, eta: float, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy on held-out and test images, and what the synapses keep."""
    rounding, _, bits = arm.partition("_")
    options = {"weight_bits": int(bits), "rounding": rounding} if bits else {}
    model, held, test = _fit(seed, sizes, sizes.cells, eta=eta, **options)
    return {"held_out": model.score(*held), "accuracy": model.score(*test),
            "memory": model.memory_bits_ / 8}  # fmt: skip


def spike(seed: int, code: str, steps: int, sizes: Protocol) -> dict[str, float]:
    """Return accuracy, operations of an answer, bits per cell and step, for float weights."""
    given = {"n_steps": steps, "drive": 0.9 / np.sqrt(steps),  # since currents add up
             "code": "binary" if code == "fresh" else code}  # fmt: skip
    model, _, test = _fit(seed, sizes, sizes.coded * (2 if code == "fresh" else 1), **given)
    spikes = model.spikes(test[0])
    by_cell = np.moveaxis(spikes, 2, 0).reshape(spikes.shape[2], -1)
    return {"accuracy": model.score(*test), "weights": model.weights_.size,
            "operations": np.abs(spikes).sum(axis=(1, 2)).mean() * 10,
            "entropy": np.mean([response_entropy(row + 1) for row in by_cell])}  # fmt: skip


def _fit(seed: int, sizes: Protocol, cells: int, **options: Any) -> tuple[Any, ...]:
    data = load_digits(seed)
    here, held = stratified_split(data.y[: sizes.train], 0.2, seed)
    model = LowBitClassifier(cells, epochs=sizes.epochs, random_state=seed, **options)
    model.fit(data.X[here], data.y[here])
    return model, (data.X[held], data.y[held]), (data.X_test, data.y_test)


def compute(run: Run) -> Results:
    """Learn all arms at all rates, and all codes of spikes."""
    sizes, given = run.protocol, {"seed": run.seeds, "sizes": run.protocol}
    arms = ["float", *(f"{name}_{bits}" for bits in sizes.bits for name in ROUNDINGS)]
    bits = run.measure(learn, arm=arms, eta=list(sizes.etas), **given)
    codes = run.measure(spike, code=list(CODES), steps=list(sizes.steps), **given)
    best = bits.held_out.mean("seed").idxmax("eta")
    own = bits[["accuracy", "memory"]].sel(eta=best).drop_vars("eta").assign(
        rate=best, small=bits.accuracy.sel(eta=SMALL, drop=True))  # fmt: skip
    two = (own.small.mean("seed").sel(arm=[f"{name}_{b}" for b in sizes.bits])
           for name in ("stochastic", "nearest"))  # fmt: skip
    over = np.subtract(*(each.values for each in two))
    names = {"accuracy": "{arm}", "small": "{arm}_small_rate", "memory": "{arm}_bytes"}
    ours = own.arm.str.startswith("stochastic")
    return Results(
        metrics=flatten(own.sel(arm=ours), names=names) | flatten(codes.sel(code=["ternary"]))
        | {f"over_nearest_{b}": float(gain) for b, gain in zip(sizes.bits, over, strict=True)},
        baselines={"chance": 0.1} | flatten(own.sel(arm=~ours), names=names)
        | flatten(codes.drop_sel(code="ternary")),
        measured={"bits": bits, "own": own, "codes": codes},
    )  # fmt: skip


def draw_rates(results: Results) -> Any:
    """Draw the accuracy over the learning rate for all bits and ways of rounding."""
    data = results.measured["bits"].accuracy
    known = sorted({arm.partition("_")[2] for arm in data.arm.values.tolist()} - {""})
    figure, axes = panels(1, len(known), height=2.6, sharey=True, squeeze=False)
    for ax, bits in zip(axes.ravel(), known, strict=True):
        shown = {text: data.sel(arm=f"{name}_{bits}") for name, text in ROUNDINGS.items()}
        lines(shown | {"float": data.sel(arm="float")}, ax, x="eta", factor=100, xscale="log",
              baselines={"chance": 0.1}, xlabel="learning rate", ylim=(0, 102), legend=None,
              ylabel="accuracy (%)" if bits == known[0] else "", title=f"{bits}-bit")  # fmt: skip
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def draw_costs(results: Results) -> Any:
    """Draw the table of accuracies and of what the synapses keep while they learn."""
    own, rows = results.measured["own"], {}
    for arm in own.arm.values.tolist():
        one, (name, _, bits) = own.sel(arm=arm), arm.partition("_")
        rows[f"{bits}-bit, {ROUNDINGS[name]}" if bits else "float"] = {
            "accuracy (%)": plus_minus(one.accuracy, factor=100),
            "at rate": f"{float(one.rate):g}", "memory (bytes)": f"{float(one.memory.mean()):.0f}",
        }  # fmt: skip
    return table(pd.DataFrame(rows).T).figure


def draw_codes(results: Results) -> Any:
    """Draw the accuracy of all codes, over their synaptic operations."""
    data = results.measured["codes"]
    figure, axes = panels(1, 3, height=2.5)
    shown = {"accuracy": "accuracy (%)", "operations": "operations per answer",
             "entropy": "bits per cell and step"}  # fmt: skip
    for ax, (name, text) in zip(axes, shown.items(), strict=True):
        dots(data[name], ax, x="code", hue="steps", factor=100 if name == "accuracy" else 1,
             labels=CODES | {1: "1 step", 4: "4 steps"}, ylabel=text, xlabel="",
             legend="best" if name == "operations" else None)  # fmt: skip
        ax.tick_params(axis="x", rotation=40)
    return figure


EXPERIMENT = Experiment(
    name="low_bit", title="Weights of few bits under a local rule, and ternary spikes",
    reference="after Guo et al. (2024), AAAI, arXiv 2312.06372",
    costs={"smoke": "15 s", "quick": "3 min"}, datasets=("digits",),
    protocols={"smoke": Protocol(bits=(2,), epochs=5, etas=(SMALL, 0.3), steps=(1,), seeds=1),
               "quick": Protocol()},
    options=("cells", "epochs", "train"), compute=compute,
    figures={"rates": draw_rates, "costs": draw_costs, "codes": draw_codes},
)  # fmt: skip
