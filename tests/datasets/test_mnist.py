from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bioplastic.datasets import load_mnist, mnist

PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def encode(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    draw = functools.partial(rng.integers, dtype=np.uint8)
    sizes = {"train": 5, "t10k": 3}
    return {
        part: draw(0, 256, (n, 28, 28)) if "images" in part else draw(0, 10, n)
        for part in PARTS
        for n in [sizes[part.split("-")[0]]]
    }


def write_set(folder: Path, arrays: dict[str, np.ndarray], compressed: bool = True) -> Path:
    folder.mkdir(parents=True)
    for part, array in arrays.items():
        if compressed:
            (folder / f"{part}.gz").write_bytes(gzip.compress(encode(array), mtime=0))
        else:
            (folder / part).write_bytes(encode(array))
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the downloads of a test out of the user's cache, and its settings out of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path, arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, Path]]:
    """Serve a small set on this machine; yields its address and its folder."""
    folder = write_set(tmp_path / "served", arrays)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/", folder
        running.shutdown()
        thread.join()


def offer(monkeypatch: pytest.MonkeyPatch, name: str, address: str, folder: Path) -> None:
    checksums = {
        file.name: f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in folder.iterdir()
    }
    monkeypatch.setitem(mnist._DOWNLOADS, name, mnist._Download(address, checksums))


@pytest.mark.parametrize("compressed", [False, True])
def test_reads_a_folder(
    tmp_path: Path, arrays: dict[str, np.ndarray], cache: Path, compressed: bool
) -> None:
    write_set(tmp_path / "kmnist", arrays, compressed)
    data = load_mnist("kmnist", root=tmp_path)
    np.testing.assert_array_equal(data.X.reshape(5, 28, 28), arrays[PARTS[0]])
    np.testing.assert_array_equal(data.y, arrays[PARTS[1]])
    np.testing.assert_array_equal(data.X_test.reshape(3, 28, 28), arrays[PARTS[2]])
    np.testing.assert_array_equal(data.y_test, arrays[PARTS[3]])
    assert data.image_shape == (28, 28)
    assert data.n_classes == 10
    assert data.source == str(tmp_path / "kmnist")


def test_reads_the_folder_of_the_environment_variable(
    tmp_path: Path,
    arrays: dict[str, np.ndarray],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_set(tmp_path / "fashion-mnist", arrays)
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    assert load_mnist("fashion-mnist").name == "fashion-mnist"
    assert not cache.exists()


def test_downloads_once_and_reads_the_copy_afterwards(
    server: tuple[str, Path],
    arrays: dict[str, np.ndarray],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, folder = server
    offer(monkeypatch, "mnist", address, folder)
    first = load_mnist()
    np.testing.assert_array_equal(first.X.reshape(5, 28, 28), arrays[PARTS[0]])
    assert first.source == address
    for file in folder.iterdir():
        file.unlink()
    np.testing.assert_array_equal(load_mnist().X, first.X)


def test_a_file_with_a_wrong_checksum_is_refused_and_not_kept(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    offer(monkeypatch, "mnist", address, folder)
    (folder / f"{PARTS[1]}.gz").write_bytes(b"something else")
    with pytest.raises(FileNotFoundError, match=r"failed: (?s:.*)train-labels(?s:.*)known hash"):
        load_mnist()
    assert [file.name for file in (cache / "bioplastic" / "mnist").iterdir()] == [f"{PARTS[0]}.gz"]


def test_without_folder_and_network_both_ways_are_named(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    offer(monkeypatch, "mnist", f"{address}nowhere/", folder)
    with pytest.raises(FileNotFoundError) as caught:
        load_mnist()
    message = str(caught.value)
    assert "BIOPLASTIC_DATA is not set" in message
    assert f"the download from {address}nowhere/ failed" in message
    assert "set BIOPLASTIC_DATA to a folder that holds mnist/" in message
    assert "connect to the network" in message
    assert all(part in message for part in PARTS)


def test_a_refused_connection_has_the_same_message(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on port 9 (discard) of this machine."""
    closed = mnist._Download("http://127.0.0.1:9/", mnist._DOWNLOADS["mnist"].checksums)
    monkeypatch.setitem(mnist._DOWNLOADS, "mnist", closed)
    with pytest.raises(FileNotFoundError, match=r"failed: .*connect to the network"):
        load_mnist()


def test_a_set_that_is_not_downloaded_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"no folder .*kmnist.* is not downloaded"):
        load_mnist("kmnist")


def test_a_given_root_is_the_only_place_to_look(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'mnist' is not in .*mnist\. Either set"):
        load_mnist(root=tmp_path)
    assert not cache.exists()


def test_an_incomplete_folder_is_named(
    tmp_path: Path, arrays: dict[str, np.ndarray], cache: Path
) -> None:
    del arrays[PARTS[3]]
    write_set(tmp_path / "mnist", arrays)
    with pytest.raises(FileNotFoundError, match=rf"holds neither {PARTS[3]} nor {PARTS[3]}\.gz"):
        load_mnist(root=tmp_path)


@pytest.mark.parametrize(
    ("part", "array", "message"),
    [
        (PARTS[0], np.zeros((5, 28, 27)), "must hold images of 28 x 28 pixels, got 28 x 27"),
        (PARTS[0], np.zeros((5, 784)), "must have 3 dimensions, got 2"),
        (PARTS[0], np.zeros((0, 28, 28)), "must hold at least one image"),
        (
            PARTS[1],
            np.zeros(6),
            r"must hold one label for each of the 5 images of train-images.*, got 6",
        ),
        (PARTS[3], np.full(3, 10), "labels must lie from 0 to 9, got 10"),
    ],
)
def test_a_wrong_file_is_named(
    tmp_path: Path, arrays: dict[str, np.ndarray], part: str, array: np.ndarray, message: str
) -> None:
    write_set(tmp_path / "mnist", arrays | {part: array.astype(np.uint8)}, compressed=False)
    with pytest.raises(ValueError, match=f"{part}: {message}"):
        load_mnist(root=tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"load_mnist\.name: .*'mnist', 'fashion-mnist', 'kmnist'"):
        load_mnist("minst")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_every_file_has_a_checksum_and_a_secure_address(name: str) -> None:
    download = mnist._DOWNLOADS[name]
    assert download.address.startswith("https://")
    assert download.address.endswith("/")
    assert set(download.checksums) == {f"{part}.gz" for part in PARTS}
    for checksum in download.checksums.values():
        algorithm, digits = checksum.split(":")
        assert len(bytes.fromhex(digits)) == hashlib.new(algorithm).digest_size


def test_real_mnist(mnist_root: Path) -> None:
    """The classes are as frequent as in the published files, and the pixels as bright."""
    data = load_mnist(root=mnist_root)
    assert data.X.shape == (60_000, 784)
    assert data.X_test.shape == (10_000, 784)
    np.testing.assert_array_equal(
        np.bincount(data.y), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    )
    np.testing.assert_array_equal(
        np.bincount(data.y_test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    assert data.X.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
