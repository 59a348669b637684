"""Symmetric STDP with synaptic scaling and adaptive thresholds on images of digits.

Hao, Huang, Dong & Xu (2020), "A biologically plausible supervised learning method for spiking neural
networks using the symmetric STDP rule", Neural Networks 121, 387-395,
doi 10.1016/j.neunet.2019.09.007.

Images become Poisson spikes; a hidden layer with lateral inhibition learns prototypes without labels;
a teacher that fires for the true class makes the same rule learn the read-out. Both read-outs of the
paper are followed on images held out from training; the test images are shown once, at the end.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.analysis.embedding import embed_tsne
from bioplastic.datasets import (
    Dataset,
    equalise_brightness,
    load_dataset,
    resize_images,
    stratified_split,
)
from bioplastic.models.sym_stdp import SymSTDPClassifier, published_parameters
from bioplastic.plasticity.symmetric import symmetric_stdp
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
)
from experiments.framework import Experiment, figure_path, positive_int
from experiments.results import Results

READOUTS = ("supervised", "assigned")
LABELS = {"supervised": "supervised layer", "assigned": "label assignment"}
MNIST_BRIGHTNESS = 33.3  # mean grey value of MNIST, which the published drive is tuned to
MNIST_SHAPE = (28, 28)
PUBLISHED_EPOCHS = {100: 3, 400: 5, 1600: 7, 6400: 15, 10_000: 20}


@dataclass(frozen=True)
class Protocol:
    """How much is trained and how often the held-out images are shown.

    ``train`` of None means all training images; ``evaluations`` counts points of the learning
    curve.
    """

    n_hidden: int
    epochs: int
    train: int | None
    validation: int
    evaluations: int
    test: int | None


PROTOCOLS = {
    ("smoke", "digits"): Protocol(16, 1, 200, 60, 2, 100),
    ("smoke", "mnist"): Protocol(16, 1, 200, 60, 2, 100),
    ("quick", "digits"): Protocol(100, 20, None, 200, 10, None),
    ("quick", "mnist"): Protocol(100, 1, 20_000, 1000, 10, None),
    ("paper", "digits"): Protocol(400, 40, None, 200, 20, None),
    ("paper", "mnist"): Protocol(100, 3, None, 5000, 18, None),
}


def choose_protocol(args: argparse.Namespace) -> Protocol:
    """Return the protocol of a scale with the options of the command line put in."""
    chosen = asdict(PROTOCOLS[args.scale, args.data])
    if args.n_hidden is not None:
        chosen["n_hidden"] = args.n_hidden
        if args.scale == "paper" and args.data == "mnist":
            nearest = min(PUBLISHED_EPOCHS, key=lambda size: abs(size - args.n_hidden))
            chosen["epochs"] = PUBLISHED_EPOCHS[nearest]
            chosen["evaluations"] = 6 * chosen["epochs"]
    if args.epochs is not None:
        chosen["epochs"] = args.epochs
    return Protocol(**chosen)


def prepare_data(data: Dataset, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return training and test images in the format the published drive is tuned to."""
    if data.image_shape == MNIST_SHAPE:
        return data.X, data.X_test
    enlarged = (resize_images(X, data.image_shape, MNIST_SHAPE) for X in (data.X, data.X_test))
    train, test = (equalise_brightness(X, MNIST_BRIGHTNESS) for X in enlarged)
    return train, test


def compute(args: argparse.Namespace) -> Results:
    """Train, follow both read-outs on held-out images, then show the test images once."""
    protocol = choose_protocol(args)
    data = load_dataset(args.data)
    X, X_test = prepare_data(data, args.data)
    y, y_test = data.y, data.y_test
    if protocol.train is not None:
        # the first images, as the published program takes them in order
        keep = min(len(X), protocol.train + protocol.validation)
        X, y = X[:keep], y[:keep]
    if protocol.test is not None:
        X_test, y_test = X_test[: protocol.test], y_test[: protocol.test]
    train, held_out = stratified_split(y, protocol.validation / len(y), args.seed)
    model = SymSTDPClassifier(protocol.n_hidden, random_state=args.seed)
    samples, curves = train_with_validation(
        model, X[train], y[train], X[held_out], y[held_out], protocol
    )
    response = model.respond(X_test)
    predicted = {name: model.read_out(response, name) for name in READOUTS}
    metrics = {f"accuracy_{n}": float(np.mean(predicted[n] == y_test)) for n in READOUTS}
    metrics |= {
        "hidden_spikes_per_image": float(response.hidden.sum(axis=1).mean()),
        "silent_outputs": float(np.mean(response.output.sum(axis=1) == 0)),
        "mean_threshold_mv": float(model.state_["exc.theta"].mean() * 1e3),
        "presentations_per_image": model.presentations_ / model.n_seen_,
    }
    baselines = {
        "chance": chance_level(y_test),
        "linear": linear_baseline(X[train], y[train], X_test, y_test, seed=args.seed),
    }
    shown = np.arange(min(len(y_test), 2000))
    example = int(np.argmax(predicted["supervised"] == y_test))
    return Results(
        metrics=metrics,
        baselines=baselines,
        parameters=describe_parameters(protocol, model, len(train)),
        arrays={
            "samples": samples,
            **{f"curve_{name}": curves[name] for name in READOUTS},
            "weights": model.weights_,
            "output_weights": model.output_weights_,
            "assignment": model.assignment_,
            "theta": model.state_["exc.theta"],
            "y_test": y_test,
            **{f"predicted_{name}": predicted[name] for name in READOUTS},
            "tsne_activity": embed_tsne(response.hidden[shown], args.seed),
            "tsne_weights": embed_tsne(model.weights_.T, args.seed),
            **record_example(model, X_test[example]),
            **window(model),
            **mistakes(X_test, y_test, predicted["supervised"]),
        },
    )


def train_with_validation(
    model: SymSTDPClassifier,
    X: NDArray[np.uint8],
    y: NDArray[np.int64],
    X_held_out: NDArray[np.uint8],
    y_held_out: NDArray[np.int64],
    protocol: Protocol,
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Train in equal parts and return (images seen, accuracy of each read-out) after each."""
    order = np.tile(np.arange(len(X)), protocol.epochs)
    samples, curves = [], {name: [] for name in READOUTS}  # type: ignore[var-annotated]
    classes = np.unique(y)
    with tqdm(total=len(order), desc="training", unit="img") as bar:
        for part in np.array_split(order, protocol.evaluations):
            model.partial_fit(X[part], y[part], classes=classes)
            response = model.respond(X_held_out)
            for name in READOUTS:
                right = model.read_out(response, name) == y_held_out
                curves[name].append(float(right.mean()))
            samples.append(model.n_seen_)
            bar.update(len(part))
            bar.set_postfix({name: f"{curves[name][-1]:.3f}" for name in READOUTS})
    return np.array(samples), {name: np.array(values) for name, values in curves.items()}


def describe_parameters(
    protocol: Protocol, model: SymSTDPClassifier, n_train: int
) -> dict[str, Any]:
    """Return the protocol and the constants of the network as plain numbers in SI units."""
    constants = asdict(published_parameters(model.n_hidden))
    return {
        **asdict(protocol),
        "train": n_train,
        **{name: float(value) for name, value in constants.items()},
    }


def record_example(model: SymSTDPClassifier, image: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the spikes of all layers during one presentation."""
    arrays: dict[str, Any] = {"example_image": image}
    for name, (times, cells) in model.record_spikes(image).items():
        arrays[f"example_{name}_times"], arrays[f"example_{name}_cells"] = times, cells
    return arrays


def window(model: SymSTDPClassifier) -> dict[str, Any]:
    """Return the change of a hidden weight by one pair of spikes, and the closed form."""
    p = published_parameters(model.n_hidden)
    rule = symmetric_stdp(eta=p.eta_hidden, a=p.trace_jump, tau=p.tau_trace, initial_trace=0.0)
    lags = np.linspace(-80, 80, 81) * b2.ms
    closed = p.eta_hidden * p.trace_jump * np.exp(-np.abs(lags / p.tau_trace))
    return {
        "window_lags": np.asarray(lags, dtype=float),
        "window": rule.window(lags),
        "window_closed_form": np.asarray(closed, dtype=float),
    }


def mistakes(
    X: NDArray[np.uint8], y: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the first misclassified test images."""
    wrong = np.flatnonzero(predicted != y)[:24]
    return {
        "mistakes_image": X[wrong],
        "mistakes_true": y[wrong],
        "mistakes_predicted": predicted[wrong],
    }


def draw(results: Results, out: Path) -> list[Path]:
    """Draw all figures from stored results."""
    a = results.arrays
    name = results.experiment

    def save(figure: Any, title: str) -> Path:
        drawn = figure if hasattr(figure, "savefig") else figure.figure
        return save_figure(drawn, figure_path(out, name, title))

    def activity(layer: str) -> tuple[Any, Any]:
        return a[f"example_{layer}_times"], a[f"example_{layer}_cells"]

    curves = {LABELS[n]: a[f"curve_{n}"] for n in READOUTS}
    shown = len(a["tsne_activity"])
    figures = {
        "weight_maps": plot_weight_maps(a["weights"], MNIST_SHAPE, vmin=0.0, label="Input weight"),
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
            a["tsne_weights"], a["assignment"], title="Input weights of hidden neurons"
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
        )
    figures["raster"] = draw_raster(results, activity)
    return [save(figure, title) for title, figure in figures.items()]


def draw_raster(results: Results, activity: Any) -> Any:
    """Draw the spikes of input, hidden and output neurons during one presentation."""
    sizes = {"image": 784, "exc": int(results.parameters["n_hidden"]), "output": 10}
    names = {"image": "Input", "exc": "Hidden", "output": "Output"}
    from bioplastic.plotting import stack_spikes

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument(
        "--n-hidden", type=positive_int, help="hidden neurons (default: that of the scale)"
    )
    parser.add_argument(
        "--epochs", type=positive_int, help="passes through the data (default: that of the scale)"
    )


EXPERIMENT = Experiment(
    name="sym_stdp",
    title="Symmetric STDP: a spiking network learns digits with one local rule",
    reference="Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395",
    costs={
        "smoke": "10 s",
        "quick": "1 min",
        "paper": "3 min of processor time for 100 hidden neurons, 5 min for 400",
    },
    datasets=("digits", "mnist"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
