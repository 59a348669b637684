"""Figures of the symmetric-STDP experiment, from stored results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bioplastic.plotting import (
    plot_class_weights,
    plot_confusion,
    plot_embedding,
    plot_learning_curve,
    plot_misclassified,
    plot_raster,
    plot_stdp_window,
    plot_weight_maps,
    save_figure,
    stack_spikes,
)
from bioplastic.study.framework import figure_path
from bioplastic.study.results import Results

from .protocol import MNIST_SHAPE, middle_column
from .training import READOUTS

__all__ = ["draw"]

LABELS = {"supervised": "supervised layer", "assigned": "label assignment"}


def draw(results: Results, out: Path) -> list[Path]:
    """Draw all figures from stored results."""
    a = results.arrays

    def save(figure: Any, title: str) -> Path:
        drawn = figure if hasattr(figure, "savefig") else figure.figure
        return save_figure(drawn, figure_path(out, results.name, title))

    def activity(layer: str) -> tuple[Any, Any]:
        return a[f"example_{layer}_times"], a[f"example_{layer}_cells"]

    curves = {LABELS[n]: a[f"curve_{n}"] for n in READOUTS}
    shown = len(a["tsne_activity"])
    figures = {
        "weight_maps": draw_weight_maps(results),
        "class_weights": plot_class_weights(a["output_weights"], a["assignment"]),
        "learning_curve": plot_learning_curve(
            a["samples"],
            curves,
            baselines={
                "linear classifier on pixels": results.baselines["linear"],
                "chance": results.baselines["chance"],
            },
            xlabel="Training images",
            ylabel="Validation accuracy (%)",
            ylim=choose_range(curves),
        ),
        "stdp_window": plot_stdp_window(
            a["window_lags"],
            a["window"],
            reference=a["window_closed_form"],
            reference_label=r"$\eta a\,e^{-|\Delta t|/\tau}$",
        ),
        "tsne_activity": plot_embedding(
            a["tsne_activity"], a["y_test"][:shown], title="Hidden activity, test images"
        ),
        "tsne_weights": plot_embedding(
            a["tsne_weights"],
            a["assignment"][: len(a["tsne_weights"])],
            title="Input weights of hidden neurons",
        ),
    }
    for readout in READOUTS:
        figures[f"confusion_{readout}"] = plot_confusion(
            a["y_test"], a[f"predicted_{readout}"], n_classes=10, title=LABELS[readout].capitalize()
        )
    if len(a["mistakes_true"]):
        figures["misclassified"] = plot_misclassified(
            a["mistakes_image"].reshape(-1, *MNIST_SHAPE),
            a["mistakes_true"],
            a["mistakes_predicted"],
            title="First mistakes among the test images",
        )
    figures["raster"] = draw_raster(results, activity)
    return [save(figure, title) for title, figure in figures.items()]


def choose_range(curves: dict[str, Any]) -> tuple[float, float] | None:
    """Return the range of a learning curve: part of it when everything lies far above chance."""
    lowest = min(float(curve.min()) for curve in curves.values())
    return (100 * (int(10 * lowest) / 10 - 0.1), 100.0) if lowest > 0.6 else None


def draw_weight_maps(results: Results) -> Any:
    """Draw the input weights of all hidden neurons, or those of the column in the middle."""
    size, stride = (results.parameters.get(f"field_{name}") for name in ("size", "stride"))
    weights, shape, column = middle_column(results.arrays["weights"], size, stride)
    return plot_weight_maps(weights, shape, vmin=0.0, label=f"Input weight{column}")


def draw_raster(results: Results, activity: Any) -> Any:
    """Draw the spikes of input, hidden and output neurons during one presentation."""
    # results from before there were receptive fields have one input per pixel
    n_inputs = int(results.arrays.get("n_inputs", len(results.arrays["weights"])))
    sizes = {"image": n_inputs, "exc": int(results.parameters["n_hidden"]), "output": 10}
    names = {"image": "Input", "exc": "Hidden", "output": "Output"}
    times, cells = stack_spikes(
        {names[layer]: activity(layer) for layer in sizes},
        {names[layer]: size for layer, size in sizes.items()},
    )
    shown = results.parameters["presentation"]
    end = shown + results.parameters["rest"]
    return plot_raster(
        times,
        cells,
        {names[layer]: size for layer, size in sizes.items()},
        window=(0.0, end),
        phases=[(0.0, shown, "image"), (shown, end, "rest")],
        image=results.arrays["example_image"].reshape(MNIST_SHAPE),
    )
