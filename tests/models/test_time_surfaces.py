"""Time surfaces beside a plain loop, and the two local rules beside their equations."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from bioplastic import cli
from bioplastic.datasets import load_digits, load_nmnist
from bioplastic.events import Events, simulate_saccades
from bioplastic.files import DamagedFileError
from bioplastic.models.delta_readout import DeltaReadout
from bioplastic.models.time_surfaces import TimeSurfaces, surface_patches
from bioplastic.study.results import load_results


@pytest.fixture
def events():
    rng = np.random.default_rng(1)
    n = 120
    return Events.from_arrays(
        rng.integers(0, 90_000, n), rng.integers(0, 7, n), rng.integers(0, 5, n),
        rng.integers(0, 2, n), size=(7, 5),
    )  # fmt: skip


def test_surfaces_beside_a_loop(events):
    tau, radius = 20e3, 2
    last, wanted = {}, []
    for t, x, y, p in zip(events.t, events.x, events.y, events.p, strict=True):
        last[int(p), y, x] = t
        patch = [
            np.exp(-(t - last[q, y + dy, x + dx]) / tau) if (q, y + dy, x + dx) in last else 0
            for q in (0, 1) for dy in range(-radius, 3) for dx in range(-radius, 3)
        ]  # fmt: skip
        wanted.append(patch / np.linalg.norm(patch))
    ours = surface_patches(events, radius, 20 * ms)
    np.testing.assert_allclose(ours, wanted, atol=1e-5)
    some = np.array([3, 50, 119])
    np.testing.assert_array_equal(surface_patches(events, radius, 20 * ms, some), ours[some])


def test_prototypes_follow_their_equations(events):
    model = TimeSurfaces(5, radius=1, patches=100, gamma=0.01, random_state=4).fit([events])
    rng = np.random.RandomState(4)
    rng.permutation(1)
    which = np.sort(rng.choice(120, 100, replace=False))
    s = surface_patches(events, 1, 52 * ms, which)[rng.permutation(100)].astype(float)
    w, h, n = s[:5].copy(), np.zeros(5), np.zeros(5)
    for patch in s[5:]:
        k = np.argmax(w @ patch + h)
        n[k] += 1
        w[k] += max(0.01, 1 / (1 + n[k])) * (patch - w[k])
        h += 0.01 * (1 / 5 - (np.arange(5) == k))
    np.testing.assert_allclose(model.prototypes_, w, atol=1e-4)
    np.testing.assert_allclose(model.bias_, h, atol=1e-5)
    features = model.transform([events])
    assert features.shape == (1, 2 * 1 * 5)
    np.testing.assert_allclose((features**2).sum(), 1)


def test_the_readout_reaches_logistic_regression_and_keeps_the_manners_of_scikit_learn():
    data = load_digits()
    x, x_test = data.X / 255, data.X_test / 255
    ours = DeltaReadout(0.1, passes=20, random_state=0).fit(x, data.y).score(x_test, data.y_test)
    theirs = LogisticRegression(max_iter=300).fit(x, data.y).score(x_test, data.y_test)
    assert ours > theirs - 0.02
    check_estimator(DeltaReadout(random_state=0))


def test_bad_input_is_refused(events, tmp_path):
    with pytest.raises(ValueError, match="500 prototypes need as many events, got 120"):
        TimeSurfaces(500).fit([events])
    with pytest.raises(ValueError, match=r"TimeSurfaces\.radius: must be"):
        TimeSurfaces(radius=-1).fit([events])
    with pytest.raises(FileNotFoundError, match="no recordings"):
        load_nmnist(tmp_path)
    (tmp_path / "1.bs2").write_bytes(bytes([1, 2, 0, 0, 1]))
    with pytest.raises(DamagedFileError, match="its class is neither in"):
        load_nmnist(tmp_path)
    (tmp_path / "labels.txt").write_text("#sample #class\n1\t7\n")
    assert load_nmnist(tmp_path).y.tolist() == [7]


def test_surfaces_tell_digits_apart():
    data = load_digits()
    images = np.kron(data.X.reshape(-1, *data.image_shape), np.ones((1, 3, 3)))
    seen = simulate_saccades(images[:120], random_state=0)
    features = TimeSurfaces(8, patches=3000, random_state=0).fit_transform(seen)
    readout = DeltaReadout(0.3, passes=30, random_state=0).fit(features[:80], data.y[:80])
    assert readout.score(features[80:], data.y[80:120]) > 0.5


def test_smoke_beats_chance(tmp_path):
    assert cli.main(["run", "time_surfaces", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "time_surfaces_smoke.json")
    assert results.metrics["simulated"] > results.baselines["chance"] + 0.3
