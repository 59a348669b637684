"""An animation shows the weights of each frame, in order, in a file of the size allowed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from bioplastic.plotting import animate_weights
from bioplastic.study import Film
from bioplastic.study.film import write_film
from bioplastic.study.results import Results

RNG = np.random.default_rng(0)


def _read(path):
    with Image.open(path) as film:
        frames = []
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB"), dtype=float) / 255)
        return frames


def test_the_pixels_of_a_frame_are_the_weights_of_its_cells(tmp_path):
    weights = RNG.random((3, 4, 2))
    frames = _read(animate_weights(weights, (2, 2), tmp_path / "film.gif", vmin=0, vmax=1))
    assert len(frames) == 3
    pixel = len(frames[0]) // 2
    for frame, expected in zip(frames, weights, strict=True):
        shown = frame[pixel // 2 :: pixel, pixel // 2 :: pixel]  # two cells beside a blank column
        seen = np.stack([shown[:, :2].reshape(4, 3), shown[:, 3:].reshape(4, 3)], axis=1)
        wanted = colormaps["inferno"](np.rint(expected * 23) / 23)[..., :3]
        np.testing.assert_allclose(seen, wanted, atol=0.004)
        np.testing.assert_array_equal(shown[:, 2], 1.0)


def test_frames_are_left_out_until_the_file_is_small_enough(tmp_path):
    weights, path = RNG.random((40, 100, 9)), tmp_path / "film.gif"
    whole = animate_weights(weights, (10, 10), path).stat().st_size
    last = _read(path)[-1]
    assert animate_weights(weights, (10, 10), path, max_bytes=whole // 3).stat().st_size < whole / 3
    frames = _read(path)
    assert len(frames) in (12, 13)  # nearly a third of them
    np.testing.assert_array_equal(frames[-1], last)
    with pytest.raises(ValueError, match=r"max_bytes: must be at least \d+ for two frames"):
        animate_weights(weights, (10, 10), path, max_bytes=100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"captions": ["a"]}, r"captions: must be one per frame \(3\), got 1"),
        ({"image_shape": (2, 3)}, "frames: must have shape"),
        ({"frames": np.full((3, 4, 2), np.nan)}, "frames: must be finite"),
        ({"seconds": 0}, "seconds"),
    ],
)
def test_what_is_refused(tmp_path, arguments, message):
    given = {"frames": RNG.random((3, 4, 2)), "image_shape": (2, 2), **arguments}
    with pytest.raises(ValueError, match=message):
        animate_weights(path=tmp_path / "film.gif", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_film_keeps_evenly_spaced_frames_and_the_last(tmp_path):
    film = Film(frames=8, cells=3)
    for n_seen in range(1, 101):
        film.record(np.full((6, 5), n_seen), n_seen, (2, 3))
    arrays = film.arrays()
    samples = arrays["film_samples"]
    assert 8 <= len(samples) <= 16
    assert samples[-1] == 100
    assert len(set(np.diff(samples[:-1]))) == 1
    np.testing.assert_array_equal(arrays["film_weights"][:, 0, 0], samples)
    assert arrays["film_weights"].shape[1:] == (6, 3)
    path = write_film(Results(metrics={}, name="demo", arrays=arrays), tmp_path)
    assert path.name == "demo_film.gif"
    assert len(_read(path)) == len(samples)
    with pytest.raises(ValueError, match=r"weights: must be 4 inputs by cells, got shape \(6, 5\)"):
        film.record(np.zeros((6, 5)), 0, (2, 2))
    with pytest.raises(ValueError, match=r"image_shape: must stay \(2, 3\), got \(3, 2\)"):
        film.record(np.zeros((6, 5)), 0, (3, 2))
