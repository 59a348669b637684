from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioplastic.datasets import DATASET_NAMES, load_dataset, load_digits


def test_the_default_is_the_embedded_digits() -> None:
    assert load_dataset().name == "digits"
    np.testing.assert_array_equal(load_dataset("digits", seed=4).X, load_digits(seed=4).X)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_the_others_are_looked_for_below_the_root(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"{name!r} is not in"):
        load_dataset(name, root=tmp_path)


@pytest.mark.parametrize("name", ["letters", "", "MNIST"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"load_dataset\.name: must be one of") as caught:
        load_dataset(name)
    assert all(repr(known) in str(caught.value) for known in DATASET_NAMES)


@pytest.mark.parametrize("name", [None, 3])
def test_a_name_is_text(name: object) -> None:
    with pytest.raises(TypeError, match=r"load_dataset\.name: must be text"):
        load_dataset(name)  # type: ignore[arg-type]
