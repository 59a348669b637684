"""Which pictures belong to which results, and what they show, in words."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["describe_picture", "group_pictures", "picture_size"]

_TEXTS = {
    "speed": "Processor time per image against network size, beside other simulators",
    "sym_stdp_sweep_curves": "Validation accuracy against learning rate for three sizes",
    "sym_stdp_sweep_heat_map": "Validation accuracy over learning rate and number of neurons",
    "sym_stdp_mnist_sizes_accuracy": "Test accuracy against the number of hidden neurons",
}
"""By the name of the file."""

_ENDINGS = {
    "audit": {
        "table": "Table of all rules: what their updates read and what they cost",
    },
    "csnn": {
        "filters": "Filters of the spiking convolution, on minus off channel",
        "learning": "Thresholds, wins, weights and latencies of the spiking convolution",
    },
    "force": {
        "controls": "Error of the free run by rule and feedback, beside a silent output",
        "lorenz": "Lorenz attractor, the free run of the network, and both over time",
        "sine": "Output and spikes before learning, as it begins, and in the free run",
        "spectrum": "Eigenvalues of the recurrent weights before and after learning",
        "targets": "Signals at the end of learning and generated freely",
    },
    "hlop": {
        "accuracy_matrix": "Accuracy on every task after every task",
        "feedback": "Accuracy and forgetting by the kind of error feedback",
        "forgetting": "Accuracy on each task while later ones are learned",
        "laterals": "Accuracy and forgetting by the time steps of spiking laterals",
        "scores": "Mean accuracy and backward transfer beside the baselines",
        "subspaces": "Growth of the lateral circuits and how exact their subspaces are",
        "toy": "Two subspaces of synthetic data, learned one after the other",
    },
    "ncg": {
        "ablation": "Test accuracy of the ablations of competition groups, with baselines",
        "filters": "Filters of the feature extractor, on minus off channel",
        "learning": "Validation accuracy and errors of spike times over epochs, by rule",
        "rules": "Test accuracy of the rules, with published values and baselines",
        "sizes": "Test accuracy against the number of cells per class",
        "spike_times": "First spike times of target and other cells on held-out samples",
        "thresholds": "Training thresholds of the cells of one class over epochs",
        "updates": "Who learns the samples of one class, without and with regulation",
    },
    "pspm": {
        "activity": "Filtered activity of the network and of one neuron before and after learning",
        "avalanches": "Sizes and durations of avalanches with fitted power laws",
        "chaos": "Distance of the spike trains of a network from itself when weights are nudged",
        "distances": "Distances of spike trains before and after learning, with the control",
        "learning_curve": "Unpaired spikes over the iterations of learning, by condition",
        "pif_raster": "Spikes of the integrate-and-fire network that is the target",
        "raster_half_max": "Spikes of target, naive and learned network, half-maximal weights",
        "raster_uniform": "Spikes of target, naive and learned network, uniform weights",
        "statistics": "Intervals, spike counts and their spread before and after learning",
        "weights": "Errors of the weights and their correlation with those of the reference",
    },
    "rules": {
        "protocols": "Weight changes under classical protocols, with closed forms and data",
        "windows": "Weight change against the lag of a pair of spikes for each rule",
    },
    "sym_stdp": {
        "class_weights": "Read-out weights from hidden neurons to classes",
        "confusion_assigned": "Confusion matrix of the label assignment on test images",
        "confusion_supervised": "Confusion matrix of the supervised read-out on test images",
        "learning_curve": "Accuracy on held-out images over training, with baselines",
        "misclassified": "Test images that were classified wrongly, true and predicted class",
        "raster": "Spikes of all layers during one presentation",
        "stdp_window": "Weight change against the lag of a pair of spikes, with the closed form",
        "tsne_activity": "Map of the hidden activity for test images, coloured by class",
        "tsne_weights": "Map of the input weights of hidden neurons, coloured by preferred class",
        "weight_maps": "Input weights of the hidden neurons as images",
    },
    "sym_stdp_ablations": {
        "bars": "Test accuracy with each part of the network taken away",
    },
    "what_when": {
        "amplitude": "Expected amplitude and probability against the probability of A",
        "angles": "Principal angles of the read-outs beside those of chance",
        "arms": "Errors through two switches by optimiser, read-out, gate and loop",
        "clock": "Time decoded, and learned, by recurrence and by recovery of single cells",
        "components": "Read-out weights of all conditions, and their way after switches",
        "learning": "Error of the expectation over trials, with baselines",
        "reservoir": "Architecture, and spikes and rates of one trial",
        "switches": "Errors and expectations after switches of timing and probability",
        "traces": "What is expected when, by the probability of A",
    },
}
"""By the experiment and the ending of the name."""


def group_pictures(pictures: Iterable[Path], names: Iterable[str]) -> dict[str, list[Path]]:
    """Return the pictures of each results file: those that begin with its name.

    The longest name wins; what fits none stands under the empty name.

    Examples
    --------
    >>> found = group_pictures([Path("a_b_c.png"), Path("a_d.png"), Path("x.png")], ["a", "a_b"])
    >>> {name: [path.name for path in paths] for name, paths in found.items()}
    {'a': ['a_d.png'], 'a_b': ['a_b_c.png'], '': ['x.png']}
    """
    groups: dict[str, list[Path]] = {name: [] for name in [*names, ""]}
    for path in sorted(pictures):
        fitting = [name for name in groups if name and path.stem.startswith(f"{name}_")]
        groups[max(fitting, key=len, default="")].append(path)
    return groups


def describe_picture(path: Path, results: str) -> str:
    """Return what a picture shows, for those who cannot see it.

    Examples
    --------
    >>> describe_picture(Path("pspm_learning_curve.png"), "pspm")
    'Unpaired spikes over the iterations of learning, by condition'
    >>> describe_picture(Path("pspm_new_things.png"), "pspm")
    'New things (pspm)'
    """
    if path.stem in _TEXTS:
        return _TEXTS[path.stem]
    kind = path.stem.removeprefix(f"{results}_") if results else path.stem
    for beginning, texts in _ENDINGS.items():
        if results.startswith(beginning) and kind in texts:
            return texts[kind]
    words = re.sub(r"[_-]+", " ", kind).strip()
    return f"{words[:1].upper()}{words[1:]}" + (f" ({results})" if results else "")


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG file in pixels, from its header.

    Raises
    ------
    ValueError
        If it is no PNG file.
    """
    with path.open("rb") as file:
        head = file.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        raise ValueError(f"{path}: must be a PNG file")
    width, height = struct.unpack(">II", head[16:])
    return int(width), int(height)
