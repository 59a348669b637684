"""CIFAR from small stand-in archives in the published binary layout."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioplastic.datasets import cifar, load_cifar, load_dataset

N_PER_FILE = 4


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the downloads of a test out of the user's cache, and its settings out of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


def make_files(name: str) -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    """Return the files of a stand-in, its images (n, 3, 32, 32) and the labels to expect."""
    archive = cifar._ARCHIVES[name]
    rng = np.random.default_rng(0)
    members = (*archive.train, archive.test)
    images = rng.integers(0, 256, (N_PER_FILE * len(members), 3, 32, 32), dtype=np.uint8)
    labels = rng.integers(0, archive.n_classes, len(images), dtype=np.uint8)
    labels[0] = archive.n_classes - 1
    coarse = np.full((len(images), archive.label_bytes - 1), 19, dtype=np.uint8)
    records = np.hstack([coarse, labels[:, None], images.reshape(len(images), -1)])
    parts = records.reshape(len(members), -1)
    files = {member: part.tobytes() for member, part in zip(members, parts, strict=True)}
    return files, images, labels


def write_archive(path: Path, name: str, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for member, content in files.items():
            info = tarfile.TarInfo(f"{cifar._ARCHIVES[name].folder}/{member}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("name", ["cifar-10", "cifar-100"])
@pytest.mark.parametrize("layout", ["archive", "unpacked", "unpacked folder"])
def test_reads_a_folder(tmp_path: Path, cache: Path, name: str, layout: str) -> None:
    files, images, labels = make_files(name)
    archive = cifar._ARCHIVES[name]
    folder = tmp_path / name
    if layout == "archive":
        write_archive(folder / archive.file, name, files)
    else:
        target = folder / archive.folder if layout == "unpacked folder" else folder
        target.mkdir(parents=True)
        for member, content in files.items():
            (target / member).write_bytes(content)
    data = load_cifar(name, root=tmp_path)
    assert data.image_shape == (32, 32)
    assert data.n_channels == 3
    assert data.n_classes == archive.n_classes
    assert data.source == str(folder)
    assert (len(data.X), len(data.X_test)) == (len(images) - N_PER_FILE, N_PER_FILE)
    whole = np.concatenate([data.X, data.X_test]).reshape(-1, 32, 32, 3)
    np.testing.assert_array_equal(whole.transpose(0, 3, 1, 2), images)
    np.testing.assert_array_equal(np.concatenate([data.y, data.y_test]), labels)
    assert not cache.exists()


def test_is_a_dataset_by_name(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, _, _ = make_files("cifar-10")
    write_archive(tmp_path / "cifar-10" / "cifar-10-binary.tar.gz", "cifar-10", files)
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    assert load_dataset("cifar-10").head(2).X.shape == (2, 3072)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a stand-in of CIFAR-10 on this machine; yields its address and the file."""
    served = tmp_path / "served"
    files, _, _ = make_files("cifar-10")
    write_archive(served / "cifar-10-binary.tar.gz", "cifar-10", files)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(served))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/", served / "cifar-10-binary.tar.gz"
        running.shutdown()
        thread.join()


def offer(monkeypatch: pytest.MonkeyPatch, address: str, checksum: str) -> None:
    archive = replace(cifar._ARCHIVES["cifar-10"], address=address, checksum=checksum)
    monkeypatch.setitem(cifar._ARCHIVES, "cifar-10", archive)


def test_downloads_once(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, file = server
    offer(monkeypatch, address, f"md5:{hashlib.md5(file.read_bytes()).hexdigest()}")
    first = load_cifar("cifar-10")
    file.unlink()
    np.testing.assert_array_equal(load_cifar("cifar-10").X, first.X)
    assert first.source == address


def test_refuses_another_checksum(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, server[0], f"md5:{'0' * 32}")
    with pytest.raises(FileNotFoundError, match=r"BIOPLASTIC_DATA is not set.*failed"):
        load_cifar("cifar-10")


@pytest.mark.parametrize("damage", ["cut archive", "missing member", "cut file", "label", "empty"])
def test_damaged_files_are_named(tmp_path: Path, cache: Path, damage: str) -> None:
    files, _, _ = make_files("cifar-10")
    path = tmp_path / "cifar-10" / "cifar-10-binary.tar.gz"
    if damage == "missing member":
        del files["data_batch_3.bin"]
    elif damage == "cut file":
        files["data_batch_3.bin"] = files["data_batch_3.bin"][:-1]
    elif damage == "label":
        files["data_batch_3.bin"] = bytes([10]) + files["data_batch_3.bin"][1:]
    elif damage == "empty":
        files["test_batch.bin"] = b""
    write_archive(path, "cifar-10", files)
    if damage == "cut archive":
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"cifar-10-binary\.tar\.gz"):
        load_cifar("cifar-10", root=tmp_path)


def test_tells_what_is_missing(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "cifar-100").mkdir()
    with pytest.raises(FileNotFoundError, match=r"neither cifar-100-binary.tar.gz nor train.bin"):
        load_cifar("cifar-100", root=tmp_path)
    with pytest.raises(FileNotFoundError, match="set BIOPLASTIC_DATA"):
        load_cifar("cifar-10", root=tmp_path)
    with pytest.raises(ValueError, match="must be one of 'cifar-10', 'cifar-100'"):
        load_cifar("cifar-1000")
