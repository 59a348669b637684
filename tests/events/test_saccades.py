"""Simulated saccades beside the closed form of a moving edge, and beside recordings."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic.datasets import load_mnist, load_nmnist
from bioplastic.events import Saccades, simulate_saccades


@pytest.mark.parametrize("dark", [True, False])
def test_a_pixel_answers_to_the_logarithm_of_its_brightness(dark):
    """A bar that comes and goes: as many thresholds as its brightness crosses, both ways."""
    camera = Saccades(mismatch=0, dark=dark, width=4, height=0, left=1, top=1, canvas=20, steps=200)
    image = np.zeros((1, 8, 8))
    image[0, :, 7] = 255  # the right column alone
    (events,) = simulate_saccades(image, camera, random_state=0)
    y, x = 5, 10  # it stands in column 8 at first and passes this one
    here = (events.x == x) & (events.y == y)
    n = int(abs(np.log(1.3 / 0.3)) / 0.21)
    signs = np.where(events.p[here], 1, -1) * (-1 if dark else 1)
    assert signs[:n].tolist() == [1] * n
    assert signs.sum() == pytest.approx(0, abs=1)
    low, high = (1.3, 0.3 / 1.3) if dark else (0.3, 1.3 / 0.3)
    level = low * np.exp(np.sign(np.log(high)) * 0.21 * n)  # where the last threshold lies
    covered = 1.3 - level if dark else level - 0.3  # by the bar, which moves 4 pixels
    u = np.linspace(0, 1, 100_001)
    at = u[np.searchsorted(u - np.sin(2 * np.pi * u) / (2 * np.pi), (1 + covered) / 4)] * 105
    assert events.t[here][n - 1] / 1000 == pytest.approx(at, abs=0.1)


def test_it_ends_where_it_began():
    path = Saccades().path()
    np.testing.assert_allclose(path[0], path[-1], atol=1e-12)
    assert len(path) == 61


def test_seeds_sensitivity_and_noise():
    image = np.random.default_rng(0).integers(0, 256, (2, 28, 28))
    first, again = (simulate_saccades(image, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first[1].t, again[1].t)
    numb = simulate_saccades(image, Saccades(threshold=0.4), random_state=3)
    assert 0 < len(numb[0]) < 0.7 * len(first[0])
    camera = Saccades(noise=10 * Hz)
    (still,) = simulate_saccades(np.zeros((1, 28, 28)), camera, random_state=1)
    expected = 34 * 34 * 10 * 0.315
    assert abs(len(still) - expected) < 5 * np.sqrt(expected)
    assert simulate_saccades(np.zeros((0, 28, 28))) == []


@pytest.mark.parametrize(
    ("images", "camera", "message"),
    [
        (np.zeros((28, 28)), None, r"must have the shape \(n, height, width\)"),
        (np.full((1, 28, 28), 256), None, "values from 0 to 255"),
        (np.full((1, 28, 28), np.nan), None, "values from 0 to 255"),
        (np.zeros((1, 30, 30)), None, "leaves the 34 x 34 pixels"),
    ],
)
def test_bad_input_is_refused(images, camera, message):
    with pytest.raises(ValueError, match=message):
        simulate_saccades(images, camera)
    with pytest.raises(ValueError, match=r"Saccades\.threshold: must be a finite number"):
        Saccades(threshold=0)


@pytest.mark.skipif(
    not (Path(os.environ.get("BIOPLASTIC_DATA", "-")) / "nmnist").is_dir(),
    reason="no recordings in BIOPLASTIC_DATA",
)
def test_simulated_and_recorded_saccades_are_alike():
    """On recordings that the geometry was not fitted to, leg by leg and by polarity."""
    real = load_nmnist()
    chosen = np.flatnonzero(real.ids > 100)[:30]
    images = load_mnist().X[real.ids[chosen] - 1].reshape(-1, 28, 28)
    simulated = simulate_saccades(images, random_state=0)
    alike = [
        np.corrcoef(*(e.window(leg * ms, (leg + 105) * ms).counts().values.ravel() for e in pair))[
            0, 1
        ]
        for pair in zip(simulated, (real.X[k] for k in chosen), strict=True)
        for leg in (0, 105, 210)
    ]
    assert np.mean(alike) > 0.85
