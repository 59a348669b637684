"""CIFAR-10 and CIFAR-100 from the binary archives, from a folder or from the network."""

from __future__ import annotations

import os
import sys
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray

from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.folders import DATA_VARIABLE, local_folder, why_missing
from bioplastic.fields import checked, param
from bioplastic.files import DamagedFileError, check_memory, user_cache

__all__ = ["CIFAR_FAMILY", "load_cifar"]

_SIDE, _COLOURS = 32, 3
_PIXELS = _SIDE * _SIDE * _COLOURS


@dataclass(frozen=True)
class _Archive:
    """What the binary version of a set looks like."""

    file: str
    checksum: str
    folder: str
    train: tuple[str, ...]
    test: str
    label_bytes: int
    n_classes: int
    address: str = "https://www.cs.toronto.edu/~kriz/"


# The authors publish MD5 sums only. CIFAR-100 has two labels, coarse and fine; the second is used.
_ARCHIVES = {
    "cifar-10": _Archive(
        file="cifar-10-binary.tar.gz",
        checksum="md5:c32a1d4ab5d03f1284b67883e8d87530",
        folder="cifar-10-batches-bin",
        train=tuple(f"data_batch_{k}.bin" for k in range(1, 6)),
        test="test_batch.bin",
        label_bytes=1,
        n_classes=10,
    ),
    "cifar-100": _Archive(
        file="cifar-100-binary.tar.gz",
        checksum="md5:03b5dce01913d631647c71ecec9e9cb8",
        folder="cifar-100-binary",
        train=("train.bin",),
        test="test.bin",
        label_bytes=2,
        n_classes=100,
    ),
}

CIFAR_FAMILY: tuple[str, ...] = tuple(_ARCHIVES)
"""Names that `load_cifar` knows."""


@checked(name=param(choices=CIFAR_FAMILY))
def load_cifar(name: str = "cifar-10", root: str | os.PathLike[str] | None = None) -> Dataset:
    """Return CIFAR-10, or CIFAR-100 with its fine labels.

    The binary version of the archive is read, so nothing is ever unpickled. It is looked for,
    as the ``.tar.gz`` or unpacked, in

    1. ``root/name`` if ``root`` is given, and nowhere else; otherwise
    2. ``$BIOPLASTIC_DATA/name`` if that folder exists;
    3. the network, checked against the published checksum and kept in the user's cache.

    Parameters
    ----------
    name : {'cifar-10', 'cifar-100'}, default 'cifar-10'
        Which set.
    root : path-like, optional
        Folder that holds one folder per set.

    Returns
    -------
    Dataset
        With images of 32 x 32 pixels and 3 channels; a flattened image runs over rows, columns and
        colours (red, green, blue), the colours fastest. 50,000 training and 10,000 test images in
        the published files.

    Raises
    ------
    ValueError
        If the name is unknown or a file is damaged.
    FileNotFoundError
        If neither a folder nor the network has the files. The message says what to do.

    References
    ----------
    A. Krizhevsky, Learning multiple layers of features from tiny images, technical report,
    University of Toronto, 2009.

    Examples
    --------
    >>> load_cifar("cifar-10", root="no-such-folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: load_cifar: 'cifar-10' is not in no-such-folder/cifar-10. Either set ...
    """
    archive = _ARCHIVES[name]
    folder = _choose_folder(name, root)
    if folder is None:
        source, parts = archive.address, _read_archive(_download(name), archive)
    else:
        source, parts = str(folder), _read_folder(folder, name)
    train = [_decode(*part, archive) for part in parts[:-1]]
    images_test, labels_test = _decode(*parts[-1], archive)
    return Dataset(
        name=name,
        X=np.concatenate([images for images, _ in train]),
        y=np.concatenate([labels for _, labels in train]),
        X_test=images_test,
        y_test=labels_test,
        image_shape=(_SIDE, _SIDE),
        n_channels=_COLOURS,
        n_classes=archive.n_classes,
        source=source,
    )


_Part = tuple[str, bytes]


def _choose_folder(name: str, root: str | os.PathLike[str] | None) -> Path | None:
    """Return the folder to read, or None if the set has to be downloaded."""
    if root is not None:
        folder = Path(root) / name
        if not folder.is_dir():
            raise FileNotFoundError(f"load_cifar: {name!r} is not in {folder}. {_advise(name)}")
        return folder
    return local_folder(name)


def _read_folder(folder: Path, name: str) -> list[_Part]:
    """Return name and content of the files, training first, from the archive or unpacked."""
    archive = _ARCHIVES[name]
    if (folder / archive.file).is_file():
        return _read_archive(folder / archive.file, archive)
    parts = []
    for member in (*archive.train, archive.test):
        candidates = [folder / member, folder / archive.folder / member]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise FileNotFoundError(
                f"load_cifar: {folder} holds neither {archive.file} nor {member}. {_advise(name)}"
            )
        parts.append((str(found), found.read_bytes()))
    return parts


def _read_archive(path: Path, archive: _Archive) -> list[_Part]:
    """Return name and content of the files without unpacking anything to disk."""
    parts = []
    try:
        with tarfile.open(path) as tar:
            for member in (*archive.train, archive.test):
                file = tar.extractfile(f"{archive.folder}/{member}")
                if file is None:
                    raise DamagedFileError(f"{path}: {member} is no file")
                check_memory(tar.getmember(f"{archive.folder}/{member}").size, member)
                parts.append((f"{path}: {member}", file.read()))
    except KeyError as error:
        raise DamagedFileError(f"{path}: {error.args[0]}") from error
    except DamagedFileError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise DamagedFileError(f"{path}: damaged or truncated archive: {error}") from error
    return parts


def _download(name: str) -> Path:
    """Return the archive in the user's cache, fetching it if it is missing."""
    archive = _ARCHIVES[name]
    missing = why_missing(name)
    fetcher = pooch.create(
        path=user_cache() / name,
        base_url=archive.address,
        registry={archive.file: archive.checksum},
        retry_if_failed=1,
    )
    try:
        return Path(fetcher.fetch(archive.file, progressbar=sys.stderr.isatty()))
    except (OSError, ValueError) as error:  # ValueError: the checksum differs
        raise FileNotFoundError(
            f"load_cifar: {name!r}: {missing}, and the download from {archive.address} failed: "
            f"{error}. {_advise(name)}"
        ) from error


def _advise(name: str) -> str:
    archive = _ARCHIVES[name]
    return (
        f"Either set {DATA_VARIABLE} to a folder that holds {name}/{archive.file} (or its files "
        "unpacked), or connect to the network: without a folder it is downloaded."
    )


def _decode(
    name: str, content: bytes, archive: _Archive
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images and labels of records of labels and three colour planes."""
    length = archive.label_bytes + _PIXELS
    if not content or len(content) % length:
        raise DamagedFileError(
            f"{name}: must hold records of {length} bytes, got {len(content)} bytes in all"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, length)
    labels = records[:, archive.label_bytes - 1].astype(np.int64)
    if labels.max() >= archive.n_classes:
        raise DamagedFileError(
            f"{name}: labels must lie from 0 to {archive.n_classes - 1}, got {labels.max()}"
        )
    planes = records[:, archive.label_bytes :].reshape(-1, _COLOURS, _SIDE, _SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)).reshape(len(records), -1), labels
