"""Receptive fields: columns that see a window each and compete among themselves."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.models.sym_stdp import (
    SymSTDPClassifier,
    SymSTDPParameters,
    improved_parameters,
    published_parameters,
    readout_parameters,
)
from bioplastic.plasticity import Normalisation
from bioplastic.signals import place_fields

SIDE, CELLS = 8, 3
FIELDS = published_parameters(CELLS).with_values(
    field_size=4, field_stride=4, min_spikes=0, first_intensity=12.0
)


def stripes(n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Return images with a bright left or right half, in noise."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 30, (n, SIDE, SIDE)), np.arange(n) % 2
    X[y == 0, :, : SIDE // 2] += 200
    X[y == 1, :, SIDE // 2 :] += 200
    return X.reshape(n, -1), y


def test_windows_cover_the_image() -> None:
    fields = place_fields(784, 12, 4)
    assert (fields.n_columns, fields.n_inputs) == (25, 25 * 144)
    image = np.arange(784).reshape(28, 28)
    np.testing.assert_array_equal(fields.pixels[0], image[:12, :12].ravel())
    np.testing.assert_array_equal(fields.pixels[7], image[4:16, 8:20].ravel())
    assert set(fields.pixels.ravel()) == set(range(784))


def test_weights_of_afferents_are_weights_of_pixels() -> None:
    """The drive of every cell is the same whether it is summed over afferents or over pixels."""
    fields = place_fields(SIDE**2, 4, 2)
    rng = np.random.default_rng(0)
    weights = rng.random((fields.n_inputs, CELLS))
    images = rng.integers(0, 256, (5, SIDE**2)).astype(np.uint8)
    seen = fields.view(images).reshape(5, fields.n_columns, -1)
    blocks = weights.reshape(fields.n_columns, -1, CELLS)
    drive = np.einsum("nca,cah->nch", seen, blocks).reshape(5, -1)
    np.testing.assert_allclose(images @ fields.spread(weights), drive)


def test_without_fields_nothing_changes() -> None:
    fields = place_fields(10, None, 4)
    images = np.arange(20, dtype=np.uint8).reshape(2, 10)
    assert fields.view(images) is images
    weights = np.arange(30.0).reshape(10, 3)
    np.testing.assert_array_equal(fields.spread(weights), weights)


def test_scaling_counts_the_afferents_of_a_column() -> None:
    X, y = stripes()
    model = SymSTDPClassifier(4 * CELLS, parameters=FIELDS).fit(X, y)
    assert model.weights_.shape == (SIDE**2, 4 * CELLS)
    np.testing.assert_allclose(model.weights_.sum(axis=0), 0.1 * 16, rtol=1e-5)
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[:4, 4:] = True  # the second column sees the upper right quarter
    second = model.weights_.reshape(SIDE, SIDE, 4, CELLS)[:, :, 1]
    assert np.all(second[~inside] == 0)
    assert np.all(second[inside].sum(axis=0) > 0)


def test_columns_do_not_compete_with_each_other() -> None:
    """A strong image in one window leaves the cells of another alone."""
    X, y = stripes()
    model = SymSTDPClassifier(4 * CELLS, parameters=FIELDS, random_state=1).fit(X, y)
    left = np.zeros((1, SIDE, SIDE), dtype=np.uint8)
    left[:, :, :4] = 255
    both = np.full((1, SIDE, SIDE), 255, dtype=np.uint8)
    alone = model.respond(left.reshape(1, -1)).hidden[0].reshape(4, CELLS)
    shared = model.respond(both.reshape(1, -1)).hidden[0].reshape(4, CELLS)
    assert np.all(alone[[1, 3]] == 0)
    assert np.all(shared.sum(axis=1) > 0)
    # their afferents draw other spikes now, nothing else differs
    np.testing.assert_allclose(alone[[0, 2]].sum(axis=1), shared[[0, 2]].sum(axis=1), rtol=0.35)


def test_columns_learn_and_survive_storage(tmp_path) -> None:
    X, y = stripes()
    p = readout_parameters(CELLS).with_values(field_size=4, field_stride=4)
    model = SymSTDPClassifier(4 * CELLS, variant="ours", parameters=p, random_state=1).fit(X, y)
    assert model.score(X, y) > 0.9
    again = SymSTDPClassifier.load(model.save(tmp_path / "columns"))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.weights_, model.weights_)
    spikes = model.record_spikes(X[0])
    assert spikes["image"][1].max() < model.fields_.n_inputs


def test_targets_agree_on_columns() -> None:
    X, y = stripes(8)
    models = [
        SymSTDPClassifier(4 * CELLS, parameters=FIELDS, target=target, dtype="float64").fit(X, y)
        for target in ("cpp", "numpy")
    ]
    np.testing.assert_allclose(models[0].weights_, models[1].weights_, rtol=1e-9)
    np.testing.assert_array_equal(models[0].window_.sums, models[1].window_.sums)


def test_scaled_weights_of_groups_equal_those_of_each() -> None:
    weights = np.random.default_rng(0).random((6, 4))
    scaling = Normalisation(total=2.0)
    whole = scaling.apply(weights, 3)
    parts = [scaling.apply(part) for part in np.split(weights, 3)]
    np.testing.assert_allclose(whole, np.concatenate(parts))


def test_our_variant_uses_fields_where_they_were_chosen() -> None:
    assert improved_parameters(400).field_size == 16
    assert improved_parameters(6400).field_size == 12
    assert improved_parameters(401) == readout_parameters(401)
    assert improved_parameters(400, n_features=64) == readout_parameters(400)
    clothes = improved_parameters(400, "fashion-mnist")
    assert clothes == readout_parameters(400, "fashion-mnist")
    for n_hidden in (100, 400, 1600, 6400):
        p = improved_parameters(n_hidden)
        assert n_hidden % place_fields(784, p.field_size, p.field_stride).n_columns == 0


def test_bad_fields() -> None:
    X, y = stripes()
    with pytest.raises(ValueError, match=r"Classifier.n_hidden: must be a multiple of the 4 "):
        SymSTDPClassifier(10, parameters=FIELDS).fit(X, y)
    with pytest.raises(ValueError, match=r"n_features: needs square images, got images of 63"):
        SymSTDPClassifier(12, parameters=FIELDS).fit(X[:, :63], y)
    for size, stride in ((9, 1), (4, 3)):
        with pytest.raises(ValueError, match=r"size: windows of .* do not end at the edge"):
            place_fields(SIDE**2, size, stride)
    with pytest.raises(ValueError, match=r"SymSTDPParameters.field_size: must be"):
        SymSTDPParameters(field_size=0)
    with pytest.raises(ValueError, match=r"SymSTDPParameters.field_stride: must be"):
        SymSTDPParameters(field_stride=0)
    whole = SymSTDPClassifier(12).fit(X, y)
    columns = SymSTDPClassifier(12, parameters=FIELDS, regime="layer_by_layer")
    with pytest.raises(ValueError, match=r"must have the same receptive fields"):
        columns.adopt_hidden(whole)
