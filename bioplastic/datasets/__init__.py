"""Where samples come from: digits, the MNIST family, splits, preprocessing, target signals."""

from __future__ import annotations

from bioplastic.datasets.cifar import CIFAR_FAMILY, load_cifar
from bioplastic.datasets.continual import (
    ContinualTask,
    TaskSequence,
    permuted_tasks,
    split_tasks,
)
from bioplastic.datasets.corruptions import CORRUPTIONS, Strengths, corrupt
from bioplastic.datasets.critical import integrate_and_fire_spikes
from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.digits import load_digits
from bioplastic.datasets.idx import read_idx
from bioplastic.datasets.loading import DATASET_NAMES, load_dataset
from bioplastic.datasets.mnist import MNIST_FAMILY, load_mnist
from bioplastic.datasets.nmnist import EventRecordings, load_nmnist
from bioplastic.datasets.preprocessing import (
    equalise_brightness,
    normalise_patches,
    preprocess_fashion,
    resize_images,
)
from bioplastic.datasets.reaching import simulated_reaching
from bioplastic.datasets.splits import stratified_split
from bioplastic.datasets.targets import (
    lorenz,
    ode_to_joy,
    product_of_sines,
    sawtooth,
    sine,
    van_der_pol,
)
from bioplastic.datasets.traverse import synthetic_traverse

__all__ = [
    "CIFAR_FAMILY",
    "CORRUPTIONS",
    "DATASET_NAMES",
    "MNIST_FAMILY",
    "ContinualTask",
    "Dataset",
    "EventRecordings",
    "Strengths",
    "TaskSequence",
    "corrupt",
    "equalise_brightness",
    "integrate_and_fire_spikes",
    "load_cifar",
    "load_dataset",
    "load_digits",
    "load_mnist",
    "load_nmnist",
    "lorenz",
    "normalise_patches",
    "ode_to_joy",
    "permuted_tasks",
    "preprocess_fashion",
    "product_of_sines",
    "read_idx",
    "resize_images",
    "sawtooth",
    "simulated_reaching",
    "sine",
    "split_tasks",
    "stratified_split",
    "synthetic_traverse",
    "van_der_pol",
]
