from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioplastic.datasets import stratified_split


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(10, 60), min_size=2, max_size=6),
    fraction=st.floats(0.2, 0.8),
    seed=st.integers(0, 2**32 - 1),
)
def test_parts_are_disjoint_complete_ordered_and_stratified(
    counts: list[int], fraction: float, seed: int
) -> None:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    kept, held_out = stratified_split(y, fraction, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(y)))
    assert len(held_out) == np.ceil(fraction * len(y))
    assert np.all(np.diff(kept) > 0)
    assert np.all(np.diff(held_out) > 0)
    # Rounding may move a class by one sample, plus what rounding the total up adds.
    share = np.bincount(y[held_out], minlength=len(counts)) - fraction * np.array(counts)
    assert np.abs(share).max() < 2


def test_the_seed_alone_decides() -> None:
    y = np.repeat([0, 1, 2], 40)
    first, second, other = (stratified_split(y, 0.2, seed)[1] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_global_random_state_is_untouched() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    stratified_split(np.repeat([0, 1], 10), 0.2, 1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    ("y", "fraction", "seed", "error", "message"),
    [
        ([[0, 1]], 0.5, 0, ValueError, r"stratified_split\.y: must be a non-empty vector"),
        ([], 0.5, 0, ValueError, r"stratified_split\.y: must be a non-empty vector"),
        ([0, 0, 1], 0.5, 0, ValueError, r"stratified_split\.y: cannot be split"),
        ([0, 0, 1, 1], 0.0, 0, ValueError, r"stratified_split\.fraction: must be a finite number"),
        ([0, 0, 1, 1], 1, 0, ValueError, r"stratified_split\.fraction: must be less than 1"),
        ([0, 0, 1, 1], "half", 0, TypeError, r"stratified_split\.fraction"),
        ([0, 0, 1, 1], 0.5, -1, ValueError, r"stratified_split\.seed"),
        ([0, 0, 1, 1], 0.5, None, TypeError, r"stratified_split\.seed"),
    ],
)
def test_bad_input_is_named(
    y: object, fraction: float, seed: int, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        stratified_split(y, fraction, seed)  # type: ignore[arg-type]
