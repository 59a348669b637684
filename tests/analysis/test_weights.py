"""Sparseness and selectivity against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import hoyer_sparseness, selectivity_index, treves_rolls_sparseness


@pytest.mark.parametrize("k", [1, 3, 10, 49])
def test_k_equal_entries_of_n(k):
    # k ones of n: Hoyer (sqrt n - sqrt k) / (sqrt n - 1), Treves-Rolls (1 - k/n) / (1 - 1/n)
    n = 49
    column = np.zeros((n, 1))
    column[:k] = 0.3
    assert hoyer_sparseness(column)[0] == pytest.approx((7 - np.sqrt(k)) / 6, abs=1e-12)
    assert treves_rolls_sparseness(column)[0] == pytest.approx((1 - k / n) / (1 - 1 / n), abs=1e-12)


def test_exponential_rates_have_activity_one_half():
    rates = np.random.default_rng(0).exponential(3.0, (200_000, 1))
    assert treves_rolls_sparseness(rates)[0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("measure", [hoyer_sparseness, treves_rolls_sparseness])
def test_scale_does_not_matter_even_at_the_edge_of_floats(measure):
    weights = np.random.default_rng(0).random((30, 4))
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(measure(weights * scale), measure(weights), rtol=1e-12)


@pytest.mark.parametrize("measure", [hoyer_sparseness, treves_rolls_sparseness])
def test_silent_columns_have_no_sparseness(measure):
    values = measure(np.array([[0.0, 1.0], [0.0, 2.0]]))
    assert np.isnan(values).tolist() == [True, False]


def test_sign_of_a_weight_does_not_matter():
    weights = np.random.default_rng(0).normal(size=(30, 4))
    np.testing.assert_array_equal(hoyer_sparseness(weights), hoyer_sparseness(-weights))


def test_selectivity_from_known_class_means():
    y = np.repeat([0, 1, 2], 2)
    counts = np.array([[4, 1, 5, 0], [6, 3, 5, 0], [1, 2, 0, 0], [1, 2, 0, 0], [2, 2, 0, 0]])
    counts = np.vstack([counts, [4, 2, 0, 0]])
    # class means of the first neuron are 5, 1 and 3: (5 - 2) / (5 + 2)
    np.testing.assert_allclose(selectivity_index(counts, y, 3), [3 / 7, 0, 1, np.nan])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="weights: must have at least two rows, got 1"):
        hoyer_sparseness([[1.0, 2.0]])
    with pytest.raises(ValueError, match="rates: must be at least 0"):
        treves_rolls_sparseness([[-1.0], [2.0]])
    with pytest.raises(ValueError, match="n_classes: must be an integer of at least 2"):
        selectivity_index([[1]], [0], 1)
