"""The task every contender runs."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from bioplastic.benchmarks import protocol


def _write_idx(path: Path, array: np.ndarray, *, packed: bool) -> None:
    body = struct.pack(">HBB", 0, 8, array.ndim)
    body += struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    if packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(body))
    else:
        path.write_bytes(body)


@pytest.mark.parametrize("packed", [False, True])
def test_images_and_labels_survive_the_file_format(tmp_path: Path, packed: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    _write_idx(tmp_path / "train-images-idx3-ubyte", images, packed=packed)
    _write_idx(tmp_path / "train-labels-idx1-ubyte", labels, packed=packed)
    np.testing.assert_array_equal(protocol.load_images(tmp_path, 3), images[:3].reshape(3, 784))
    np.testing.assert_array_equal(protocol.load_labels(tmp_path), labels)


def test_more_images_than_there_are_is_an_error(tmp_path: Path) -> None:
    _write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((2, 28, 28)), packed=False)
    with pytest.raises(ValueError, match=r"must be at most 2 .* got 3"):
        protocol.load_images(tmp_path, 3)


def test_a_file_cut_short_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    _write_idx(path, np.zeros((2, 28, 28)), packed=False)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="cut short"):
        protocol.load_images(tmp_path)


def test_missing_data_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        protocol.load_images(tmp_path)


def test_dead_time_rate_equals_that_of_a_simulated_source() -> None:
    p, step = 0.1, 0.5
    random = np.random.default_rng(1).random(400_000)
    spikes, last = 0, False
    for u in random:
        last = not last and bool(u < p)
        spikes += last
    realised = spikes / (random.size * step * 1e-3)
    # Renewal counts: standard error below 0.5 %.
    assert float(protocol.dead_time_rates(p / (step * 1e-3))) == pytest.approx(realised, rel=0.015)


def test_an_outcome_lacking_a_count_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="input_spikes"):
        protocol.print_outcome(images=1, presentations=1, hidden_spikes=1.0)
    protocol.print_outcome(images=1, presentations=1, hidden_spikes=1.0, input_spikes=2.0)
    assert json.loads(capsys.readouterr().out)["input_spikes"] == 2.0


def test_parameters_follow_the_size() -> None:
    assert protocol.parameters_for(1600).nu_input == 0.02
    assert protocol.parameters_for(10_000).theta_plus == 0.05
    with pytest.raises(ValueError, match="positive"):
        protocol.parameters_for(0)
