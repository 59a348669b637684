"""The figures of the symmetric-STDP experiment, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bioplastic import plotting
from bioplastic.experiments.sym_stdp.training import MNIST_SHAPE, READOUTS
from bioplastic.plotting.grammar import lines
from bioplastic.signals import place_fields
from bioplastic.study.results import Results

__all__ = ["FIGURES"]

LABELS = {"supervised": "supervised layer", "assigned": "label assignment"}


def _first(results: Results, *names: str) -> list[Any]:
    """Return arrays of the first seed."""
    return [results.measured["first"][name].values for name in names]


def _classes(results: Results, *names: str) -> list[Any]:
    """Return labels and cells of the first seed, stored as floats if there are other seeds."""
    return [array.astype(int) for array in _first(results, *names)]


def draw_learning_curve(results: Results) -> Figure:
    """Draw both read-outs on held-out images over training."""
    samples, *curves = _first(results, "samples", *(f"curve_{name}" for name in READOUTS))
    data = {
        LABELS[name]: xr.DataArray(curve, {"samples": samples}, "samples")
        for name, curve in zip(READOUTS, curves, strict=True)
    }
    lowest, levels = float(np.min(curves)), results.baselines
    # far above chance, part of the range says more
    limits = {"ylim": (100 * (int(10 * lowest) / 10 - 0.1), 100.0)} if lowest > 0.6 else {}
    shown = {"linear classifier on pixels": levels["linear"]}
    shown |= {} if limits else {"chance": levels["chance"]}
    texts: dict[str, Any] = {"xlabel": "training images", "ylabel": "validation accuracy (%)"}
    return lines(data, factor=100, baselines=shown, legend="end", **texts, **limits).figure


def draw_weight_maps(results: Results) -> Figure:
    """Draw the input weights of all hidden neurons, or those of the column in the middle."""
    (weights,), p = _first(results, "weights"), results.parameters
    size, stride = p.get("field_size"), int(p.get("field_stride", 1))
    fields = place_fields(len(weights), None if size is None else int(size), stride)
    n, label = fields.n_columns, "input weight"
    label += f", column {n // 2 + 1} of {n}" if n > 1 else ""
    return plotting.plot_weight_maps(*fields.middle(weights), vmin=0.0, label=label).figure


def draw_class_weights(results: Results) -> Figure:
    """Draw the read-out weights, hidden neurons sorted by class."""
    (weights,), (owner,) = _first(results, "output_weights"), _classes(results, "assignment")
    return plotting.plot_class_weights(weights, owner)


def draw_window(results: Results) -> Figure:
    """Draw the change of a hidden weight by one pair of spikes, and the closed form."""
    texts: dict[str, Any] = {"xlabel": r"$t_{post} - t_{pre}$ (ms)", "ylabel": "weight change"}
    labels = {"simulated": "simulated", "theory": r"$\eta a\,e^{-|\Delta t|/\tau}$"}
    window = results.measured["first"].window
    return lines(window, x="lag", hue="kind", labels=labels, markers=False, **texts).figure


def draw_embedding(results: Results, name: str, labels: str, title: str) -> Figure:
    """Draw a map of activity or weights, coloured by class."""
    (points,), (classes,) = _first(results, name), _classes(results, labels)
    return plotting.plot_embedding(points, classes[: len(points)], title=title).figure


def draw_confusion(results: Results, readout: str) -> Figure:
    """Draw the confusion matrix of one read-out."""
    pair = _classes(results, "y_test", f"predicted_{readout}")
    return plotting.plot_confusion(*pair, n_classes=10, title=LABELS[readout].capitalize()).figure


def draw_mistakes(results: Results) -> Figure | None:
    """Draw the first misclassified test images, if there are any."""
    names = ("mistakes_image", "mistakes_true", "mistakes_predicted")
    images, truth, predicted = _classes(results, *names)
    if not len(truth):
        return None
    title = "First mistakes among the test images"
    pictures = images.reshape(-1, *MNIST_SHAPE)
    return plotting.plot_misclassified(pictures, truth, predicted, title=title)


def draw_raster(results: Results) -> Figure:
    """Draw the spikes of input, hidden and output neurons during one presentation."""
    data, p = results.measured["first"], results.parameters
    sizes = {"Input": int(data.n_inputs), "Hidden": int(p["n_hidden"]), "Output": 10}
    (times,), (cells, layer) = _first(results, "example_times"), _classes(results, *_EXAMPLE)
    spikes = {name: (times[layer == k], cells[layer == k]) for k, name in enumerate(sizes)}
    end = p["presentation"] + p["rest"]
    return plotting.plot_raster(
        *plotting.stack_spikes(spikes, sizes), sizes, window=(0.0, end),
        phases=[(0.0, p["presentation"], "image"), (p["presentation"], end, "rest")],
        image=data.example_image.values.reshape(MNIST_SHAPE),
    )  # fmt: skip


_EXAMPLE = ("example_cells", "example_layer")
_MAPS = {
    "tsne_activity": ("y_test", "Hidden activity, test images"),
    "tsne_weights": ("assignment", "Input weights of hidden neurons"),
}
FIGURES: dict[str, Callable[[Results], Figure | None]] = {
    "weight_maps": draw_weight_maps,
    "class_weights": draw_class_weights,
    "learning_curve": draw_learning_curve,
    "stdp_window": draw_window,
    **{n: partial(draw_embedding, name=n, labels=a, title=b) for n, (a, b) in _MAPS.items()},
    **{f"confusion_{name}": partial(draw_confusion, readout=name) for name in READOUTS},
    "misclassified": draw_mistakes,
    "raster": draw_raster,
}
