"""What a loaded dataset is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioplastic.fields import check_params
from bioplastic.validation import check_integer

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, split into a training and a test part.

    Parameters
    ----------
    name : str
        Name under which `load_dataset` knows it.
    X : ndarray of uint8, shape (n, pixels)
        Training images, one flattened image (row by row) per row, 0 to 255. With several channels
        they run fastest.
    y : ndarray of int64, shape (n,)
        Training labels, 0 to ``n_classes - 1``.
    X_test : ndarray of uint8, shape (n_test, pixels)
        Test images.
    y_test : ndarray of int64, shape (n_test,)
        Test labels.
    image_shape : tuple of int
        Rows and columns; their product, times the channels, is ``pixels``.
    n_classes : int
        Number of classes.
    source : str
        Where the samples came from: a package, a folder or an address.
    n_channels : int, default 1
        Values per pixel: 1 for grey, 3 for colour.

    Raises
    ------
    TypeError
        If an array has another type.
    ValueError
        If shapes disagree, a part is empty or a label lies outside the classes.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((3, 4), np.uint8), np.array([0, 1, 1])
    >>> toy = Dataset("toy", X, y, X[:1], y[:1], (2, 2), n_classes=2, source="made up")
    >>> toy
    Dataset(name='toy', 3 training and 1 test images of 2 x 2, 2 classes, source='made up')
    >>> toy.X[0].reshape(toy.image_shape).shape
    (2, 2)
    """

    name: str
    X: NDArray[np.uint8]
    y: NDArray[np.int64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    image_shape: tuple[int, int]
    n_classes: int
    source: str
    n_channels: int = 1

    def __post_init__(self) -> None:
        check_params(self)
        check_integer("Dataset.n_classes", self.n_classes, minimum=1)
        check_integer("Dataset.n_channels", self.n_channels, minimum=1)
        for suffix, X, y in (("", self.X, self.y), ("_test", self.X_test, self.y_test)):
            self._check_part(f"Dataset.X{suffix}", f"Dataset.y{suffix}", X, y)

    def _check_part(
        self, X_place: str, y_place: str, X: NDArray[np.uint8], y: NDArray[np.int64]
    ) -> None:
        if not isinstance(X, np.ndarray) or X.dtype != np.uint8:
            raise TypeError(f"{X_place}: must be an array of uint8, got {_describe(X)}")
        if not isinstance(y, np.ndarray) or y.dtype != np.int64:
            raise TypeError(f"{y_place}: must be an array of int64, got {_describe(y)}")
        rows, columns = self.image_shape
        pixels = rows * columns * self.n_channels
        if X.ndim != 2 or X.shape[1] != pixels:
            colours = f" with {self.n_channels} channels" if self.n_channels > 1 else ""
            raise ValueError(
                f"{X_place}: must have shape (n, {pixels}) for images of "
                f"{rows} x {columns}{colours}, got {X.shape}"
            )
        if len(X) == 0:
            raise ValueError(f"{X_place}: must hold at least one image, got none")
        if y.shape != (len(X),):
            raise ValueError(f"{y_place}: must have shape ({len(X)},), got {y.shape}")
        if y.min() < 0 or y.max() >= self.n_classes:
            raise ValueError(
                f"{y_place}: must lie from 0 to {self.n_classes - 1}, "
                f"got labels from {y.min()} to {y.max()}"
            )

    def head(self, n: int | None = None, n_test: int | None = None) -> Dataset:
        """Return the first images of each part.

        Parameters
        ----------
        n, n_test : int, optional
            How many training and test images to keep; all by default, and no more than there are.

        Returns
        -------
        Dataset
            A dataset that shares memory with this one.

        Raises
        ------
        TypeError, ValueError
            If a number is not a positive integer.

        Examples
        --------
        >>> from bioplastic.datasets import load_digits
        >>> load_digits().head(100, 50).X_test.shape
        (50, 64)
        """
        if n is not None:
            check_integer("Dataset.head.n", n, minimum=1)
        if n_test is not None:
            check_integer("Dataset.head.n_test", n_test, minimum=1)
        return replace(
            self,
            X=self.X[:n],
            y=self.y[:n],
            X_test=self.X_test[:n_test],
            y_test=self.y_test[:n_test],
        )

    def map(
        self,
        function: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
        image_shape: tuple[int, int] | None = None,
    ) -> Dataset:
        """Return a dataset of changed images.

        Parameters
        ----------
        function : callable
            Takes images and returns as many.
        image_shape : (int, int), optional
            Their new shape; the old one by default.

        Examples
        --------
        >>> from bioplastic.datasets import load_digits
        >>> int(load_digits().map(lambda X: X // 2).X.max())
        127
        """
        shape = self.image_shape if image_shape is None else image_shape
        return replace(self, X=function(self.X), X_test=function(self.X_test), image_shape=shape)

    def __repr__(self) -> str:
        rows, columns = self.image_shape
        colours = f" x {self.n_channels}" if self.n_channels > 1 else ""
        return (
            f"Dataset(name={self.name!r}, {len(self.X)} training and {len(self.X_test)} test "
            f"images of {rows} x {columns}{colours}, {self.n_classes} classes, "
            f"source={self.source!r})"
        )


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return type(value).__name__
