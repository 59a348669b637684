"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn import datasets as sklearn_datasets

from bioplastic.datasets.dataset import Dataset
from bioplastic.datasets.splits import stratified_split
from bioplastic.fields import checked

__all__ = ["load_digits"]

_LEVELS = 16  # pixels count the set bits in blocks of 4 x 4


@checked
def load_digits(seed: int = 0, test_fraction: float = 0.2) -> Dataset:
    """Return the 1797 digits of 8 x 8 pixels that come with scikit-learn.

    They need no download, which makes them the default everywhere. Pixel values 0 to 16 are scaled
    to 0 to 255 and rounded. The set has no official split; this one is stratified and depends on
    the seed alone.

    Parameters
    ----------
    seed : int, default 0
        Fixes which images are in the test part.
    test_fraction : float, default 0.2
        Share of the images in the test part: 1437 training and 360 test images by default.

    Returns
    -------
    Dataset
        With images of 8 x 8 pixels and 10 classes.

    Raises
    ------
    TypeError, ValueError
        If the seed is no non-negative integer or the fraction lies outside 0 to 1.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49 (scikit-learn holds its test part).

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.X.shape, digits.X_test.shape, digits.X.dtype, int(digits.X.max())
    ((1437, 64), (360, 64), dtype('uint8'), 255)
    """
    pixels, labels = sklearn_datasets.load_digits(return_X_y=True)
    X = np.rint(pixels * (255 / _LEVELS)).astype(np.uint8)
    y = labels.astype(np.int64)
    train, test = stratified_split(y, test_fraction, seed)
    return Dataset(
        name="digits",
        X=X[train],
        y=y[train],
        X_test=X[test],
        y_test=y[test],
        image_shape=(8, 8),
        n_classes=10,
        source="scikit-learn",
    )
