"""How classifiers do on corrupted images, and against sparse random attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from bioplastic.validation import check_integer

__all__ = ["robustness", "sparse_attack"]


def robustness(
    model: Any, images: Mapping[str, ArrayLike], y: ArrayLike, attack: Mapping[int, float] = {}
) -> xr.DataArray:
    """Return the accuracy of a fitted classifier on each set of images.

    Parameters
    ----------
    model : classifier
        With ``predict``.
    images : mapping of str to array, shape (n, n_features)
        The same test images under each corruption, see `bioplastic.datasets.corrupt`.
    y : array_like, shape (n,)
        Their classes.
    attack : mapping of int to float, default {}
        What `sparse_attack` found, to be put beside.

    Returns
    -------
    xarray.DataArray
        Dimension ``corruption``.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> constant = DummyClassifier(strategy="constant", constant=1).fit([[0], [1]], [0, 1])
    >>> robustness(constant, {"clean": [[0], [1]]}, [0, 1]).item()
    0.5
    """
    y = np.asarray(y)
    found = {kind: float(np.mean(model.predict(X) == y)) for kind, X in images.items()}
    found |= {f"{k} pixels": share for k, share in attack.items()}
    return xr.DataArray(list(found.values()), {"corruption": list(found)}, name="accuracy")


def sparse_attack(
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    pixels: Sequence[int] = (1, 2, 4),
    *,
    draws: int = 30,
    random_state: Any = None,
) -> dict[int, float]:
    """Return the share of images that stay right whatever random pixels are set to the other end.

    The attack sees nothing of the model but its answers: in each draw some pixels, the same number
    in every image and chosen anew for each, go to 255 if they were below the middle, else to 0. An
    image is robust if it is classified rightly in every draw. Search with gradients would find
    more, so this bounds robustness from above.

    Parameters
    ----------
    model : classifier
        With ``predict``.
    X : array_like, shape (n, n_pixels)
        Images, grey values from 0 to 255.
    y : array_like, shape (n,)
        Their classes.
    pixels : sequence of int, default (1, 2, 4)
        Numbers of pixels.
    draws : int, default 30
        Attacks on each image.
    random_state : None, int or RandomState, default None
        Chooses the pixels.

    Returns
    -------
    dict of int to float
        Share of robust images by number of pixels.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = np.array([[0, 0], [255, 0]] * 3)
    >>> tree = DecisionTreeClassifier().fit(X, [0, 1] * 3)
    >>> sparse_attack(tree, X, [0, 1] * 3, (1,), draws=20, random_state=0)
    {1: 0.0}
    """
    check_integer("sparse_attack.draws", draws, minimum=1)
    images, y = np.asarray(X, dtype=float), np.asarray(y)
    rng = check_random_state(random_state)
    clean = model.predict(images) == y
    found = {}
    for k in pixels:
        check_integer("sparse_attack.pixels", k, minimum=1, maximum=images.shape[1])
        safe: NDArray[np.bool_] = clean.copy()
        for _ in range(draws):
            where = np.argsort(rng.random_sample(images.shape), axis=1)[:, :k]
            attacked = images.copy()
            values = np.take_along_axis(images, where, axis=1)
            np.put_along_axis(attacked, where, np.where(values < 127.5, 255.0, 0.0), axis=1)
            safe &= model.predict(attacked) == y
        found[int(k)] = float(safe.mean())
    return found
