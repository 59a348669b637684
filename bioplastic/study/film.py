"""Weights over time: recorded while something learns, stored with the results, written as a GIF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.plotting import animate_weights
from bioplastic.study.results import Results
from bioplastic.validation import check_integer

__all__ = ["Film", "has_film", "write_film"]


class Film:
    """A recorder of weights that never holds many frames.

    Parameters
    ----------
    frames : int, default 40
        When there are twice as many, every second one goes, and from then on every second call.
    cells : int, default 100
        Only the first cells are kept.

    Examples
    --------
    >>> film = Film(frames=3)
    >>> for n_seen in range(0, 100, 10):
    ...     film.record(np.full((4, 9), n_seen), n_seen, (2, 2))
    >>> arrays = film.arrays()
    >>> arrays["film_samples"].tolist(), arrays["film_weights"].shape
    ([0, 20, 40, 60, 80, 90], (6, 4, 9))
    """

    def __init__(self, frames: int = 40, cells: int = 100) -> None:
        self._shape: tuple[int, int] | None = None
        self._most = 2 * check_integer("Film.frames", frames, minimum=1)
        self._cells = check_integer("Film.cells", cells, minimum=1)
        self._kept: list[tuple[int, NDArray[np.float16]]] = []
        self._last: tuple[int, NDArray[np.float16]] | None = None
        self._stride, self._calls = 1, 0

    def record(self, weights: ArrayLike, n_seen: int, image_shape: tuple[int, int]) -> None:
        """Take a frame.

        Parameters
        ----------
        weights : array_like, shape (n_inputs, n_neurons)
            The weights now.
        n_seen : int
            Samples learned from until now.
        image_shape : (int, int)
            Rows and columns of the image that the inputs are.

        Raises
        ------
        ValueError
            If the inputs are no image of the shape, or it differs from that of earlier frames.
        """
        matrix, (rows, columns) = np.asarray(weights), image_shape
        if matrix.ndim != 2 or len(matrix) != rows * columns:
            raise ValueError(
                f"Film.record.weights: must be {rows * columns} inputs by cells, got shape "
                f"{matrix.shape}"
            )
        if self._shape not in (None, (rows, columns)):
            raise ValueError(f"Film.record.image_shape: must stay {self._shape}, got {image_shape}")
        self._shape = rows, columns
        self._last = int(n_seen), matrix[:, : self._cells].astype(np.float16)
        if self._calls % self._stride == 0:
            self._kept.append(self._last)
        self._calls += 1
        if len(self._kept) >= self._most:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def follow(
        self, model: Any, take: Callable[[Any], tuple[ArrayLike, tuple[int, int]]], every: int
    ) -> None:
        """Take frames while an estimator learns, whose numbers stay the same.

        Parameters
        ----------
        model : SpikingEstimator
            The estimator.
        take : callable
            Takes the estimator, returns its weights now and the shape of the image.
        every : int
            Samples from one frame to the next.
        """
        model.chunk, observe = max(1, min(every, model.chunk or every)), model.observe

        def watch(record: Any, X: Any, y: Any) -> None:
            observe(record, X, y)
            weights, shape = take(model)
            self.record(weights, model.n_seen_ + len(X), shape)

        model.observe = watch

    def arrays(self) -> dict[str, Any]:
        """Return the frames under the names that results have them by."""
        frames = list(self._kept)
        if self._last is not None and (not frames or frames[-1][0] != self._last[0]):
            frames.append(self._last)
        if not frames:
            raise ValueError("Film.arrays: there is no frame")
        return {
            "film_samples": np.array([n_seen for n_seen, _ in frames]),
            "film_shape": np.array(self._shape),
            "film_weights": np.stack([weights for _, weights in frames]),
        }


def has_film(results: Results) -> bool:
    """Return whether results hold the arrays of a `Film`."""
    return "film_weights" in results.arrays


def write_film(results: Results, out: Path) -> Path:
    """Write the animation of a `Film` among the results: ``NAME_film.gif``, below 1 MB."""
    arrays = results.arrays
    rows, columns = (int(n) for n in arrays["film_shape"])
    return animate_weights(
        arrays["film_weights"].astype(np.float32),
        (rows, columns),
        Path(out) / f"{results.name}_film.gif",
        captions=[f"{n:,} samples" for n in arrays["film_samples"].tolist()],
    )
