"""Where samples come from: the embedded digits, the MNIST family, splits and preprocessing."""

from __future__ import annotations

from bioplastic.datasets.cifar import CIFAR_FAMILY, load_cifar
from bioplastic.datasets.continual import (
    ContinualTask,
    TaskSequence,
    permuted_tasks,
    split_tasks,
)
from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.digits import load_digits
from bioplastic.datasets.idx import read_idx
from bioplastic.datasets.loading import DATASET_NAMES, load_dataset
from bioplastic.datasets.mnist import MNIST_FAMILY, load_mnist
from bioplastic.datasets.preprocessing import (
    equalise_brightness,
    preprocess_fashion,
    resize_images,
)
from bioplastic.datasets.splits import stratified_split

__all__ = [
    "CIFAR_FAMILY",
    "DATASET_NAMES",
    "MNIST_FAMILY",
    "ContinualTask",
    "Dataset",
    "TaskSequence",
    "equalise_brightness",
    "load_cifar",
    "load_dataset",
    "load_digits",
    "load_mnist",
    "permuted_tasks",
    "preprocess_fashion",
    "read_idx",
    "resize_images",
    "split_tasks",
    "stratified_split",
]
