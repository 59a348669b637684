"""One function for all datasets."""

from __future__ import annotations

import os

from bioplastic.datasets.cifar import CIFAR_FAMILY, load_cifar
from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.digits import load_digits
from bioplastic.datasets.mnist import MNIST_FAMILY, load_mnist
from bioplastic.fields import checked
from bioplastic.validation import check_choice

__all__ = ["DATASET_NAMES", "load_dataset"]

DATASET_NAMES: tuple[str, ...] = ("digits", *MNIST_FAMILY, *CIFAR_FAMILY)
"""Names that `load_dataset` knows."""


@checked
def load_dataset(
    name: str = "digits", *, seed: int = 0, root: str | os.PathLike[str] | None = None
) -> Dataset:
    """Return a dataset by name.

    Parameters
    ----------
    name : {'digits', 'mnist', 'fashion-mnist', 'kmnist', 'cifar-10', 'cifar-100'}
        Which set; the digits by default.
    seed : int, default 0
        Fixes the split of ``digits``. The others have an official split and do not use it.
    root : path-like, optional
        See `load_mnist` and `load_cifar`. ``digits`` comes with scikit-learn and does not use it.

    Returns
    -------
    Dataset
        Images, labels and what is known about them.

    Raises
    ------
    ValueError
        If the name is unknown (the message lists the known ones) or a file is damaged.
    FileNotFoundError
        If the set is neither in a folder nor on the network.

    Examples
    --------
    >>> load_dataset("digits").n_classes
    10
    >>> load_dataset("letters")
    Traceback (most recent call last):
        ...
    ValueError: load_dataset.name: must be one of 'digits', 'mnist', 'fashion-mnist', 'kmnist', ...
    """
    check_choice("load_dataset.name", name, DATASET_NAMES)
    if name == "digits":
        return load_digits(seed=seed)
    if name in CIFAR_FAMILY:
        return load_cifar(name, root=root)
    return load_mnist(name, root=root)
