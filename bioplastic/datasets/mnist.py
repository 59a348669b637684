"""MNIST and the sets that share its format, from a folder or from the network."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray

from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.folders import DATA_VARIABLE, local_folder, why_missing
from bioplastic.datasets.idx import read_idx
from bioplastic.fields import checked, param
from bioplastic.files import DamagedFileError, user_cache

__all__ = ["MNIST_FAMILY", "load_mnist"]

_PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class _Download:
    """An address and the checksums of the four compressed files below it."""

    address: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)


_DOWNLOADS = {
    "mnist": _Download(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": (
                "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
    # The authors publish MD5 sums only.
    "fashion-mnist": _Download(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        {
            "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
    "kmnist": _Download(),
}

MNIST_FAMILY: tuple[str, ...] = tuple(_DOWNLOADS)
"""Names that `load_mnist` knows. ``kmnist`` is read from a folder only."""


@checked(name=param(choices=MNIST_FAMILY))
def load_mnist(name: str = "mnist", root: str | os.PathLike[str] | None = None) -> Dataset:
    """Return MNIST, Fashion-MNIST or Kuzushiji-MNIST.

    The four IDX files, plain or ``.gz``, are looked for in

    1. ``root/name`` if ``root`` is given, and nowhere else; otherwise
    2. ``$BIOPLASTIC_DATA/name`` if that folder exists;
    3. the network, checked against published checksums and kept in the user's cache.

    Parameters
    ----------
    name : {'mnist', 'fashion-mnist', 'kmnist'}, default 'mnist'
        Which set. ``kmnist`` is read from a folder only.
    root : path-like, optional
        Folder that holds one folder per set.

    Returns
    -------
    Dataset
        With images of 28 x 28 pixels, 10 classes and the official split (60,000 training and
        10,000 test images in the published files).

    Raises
    ------
    ValueError
        If the name is unknown or a file is damaged.
    FileNotFoundError
        If neither a folder nor the network has the files. The message says what to do.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document
    recognition, Proceedings of the IEEE 86, 1998. H. Xiao, K. Rasul and R. Vollgraf,
    Fashion-MNIST, arXiv:1708.07747. T. Clanuwat et al., Deep learning for classical Japanese
    literature, arXiv:1812.01718.

    Examples
    --------
    >>> load_mnist("mnist", root="no-such-folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: load_mnist: 'mnist' is not in no-such-folder/mnist. Either set BIOPLASTIC...
    """
    folder = _choose_folder(name, root)
    if folder is not None:
        files = _find_files(folder, name)
        source = str(folder)
    else:
        files = _download_files(name)
        source = _DOWNLOADS[name].address
    train_images, train_labels = _read_pair(files[_PARTS[0]], files[_PARTS[1]])
    test_images, test_labels = _read_pair(files[_PARTS[2]], files[_PARTS[3]])
    return Dataset(
        name=name,
        X=train_images,
        y=train_labels,
        X_test=test_images,
        y_test=test_labels,
        image_shape=(28, 28),
        n_classes=10,
        source=source,
    )


def _choose_folder(name: str, root: str | os.PathLike[str] | None) -> Path | None:
    """Return the folder to read, or None if the set has to be downloaded."""
    if root is not None:
        folder = Path(root) / name
        if not folder.is_dir():
            raise FileNotFoundError(f"load_mnist: {name!r} is not in {folder}. {_advise(name)}")
        return folder
    return local_folder(name)


def _find_files(folder: Path, name: str) -> dict[str, Path]:
    """Return the four files of a folder, preferring plain ones."""
    files = {}
    for part in _PARTS:
        candidates = [folder / part, folder / f"{part}.gz"]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise FileNotFoundError(
                f"load_mnist: {folder} holds neither {part} nor {part}.gz. {_advise(name)}"
            )
        files[part] = found
    return files


def _download_files(name: str) -> dict[str, Path]:
    """Return the four files in the user's cache, fetching those that are missing."""
    download = _DOWNLOADS[name]
    missing = why_missing(name)
    if not download.address:
        raise FileNotFoundError(f"load_mnist: {name!r}: {missing}. {_advise(name)}")
    fetcher = pooch.create(
        path=user_cache() / name,
        base_url=download.address,
        registry=dict(download.checksums),
        retry_if_failed=1,
    )
    try:
        return {
            part: Path(fetcher.fetch(f"{part}.gz", progressbar=sys.stderr.isatty()))
            for part in _PARTS
        }
    except (OSError, ValueError) as error:  # ValueError: the checksum differs
        raise FileNotFoundError(
            f"load_mnist: {name!r}: {missing}, and the download from {download.address} failed: "
            f"{error}. {_advise(name)}"
        ) from error


def _advise(name: str) -> str:
    files = ", ".join(_PARTS)
    advice = (
        f"Either set {DATA_VARIABLE} to a folder that holds {name}/ with the files {files} "
        "(each plain or .gz)"
    )
    if _DOWNLOADS[name].address:
        return f"{advice}, or connect to the network: without a folder they are downloaded."
    return f"{advice}; this set is not downloaded."


def _read_pair(images_file: Path, labels_file: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = read_idx(images_file, ndim=3)
    labels = read_idx(labels_file, ndim=1).astype(np.int64)
    if images.shape[1:] != (28, 28):
        raise DamagedFileError(
            f"{images_file}: must hold images of 28 x 28 pixels, "
            f"got {images.shape[1]} x {images.shape[2]}"
        )
    if len(images) == 0:
        raise DamagedFileError(f"{images_file}: must hold at least one image, got none")
    if len(labels) != len(images):
        raise DamagedFileError(
            f"{labels_file}: must hold one label for each of the {len(images)} images of "
            f"{images_file.name}, got {len(labels)}"
        )
    if labels.max() > 9:
        raise DamagedFileError(f"{labels_file}: labels must lie from 0 to 9, got {labels.max()}")
    return images.reshape(len(images), -1), labels
