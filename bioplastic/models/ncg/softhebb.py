"""Latency features from a soft winner-takes-all Hebbian convolution network, in plain NumPy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.models.images import check_images
from bioplastic.models.ncg.extraction import (
    check_flat_images,
    check_image_shape,
    name_features,
)
from bioplastic.models.storage import load_model, save_model
from bioplastic.validation import check_choice, check_flag, check_integer, check_real

__all__ = ["PUBLISHED_BLOCKS", "SoftHebbBlock", "SoftHebbFeatures", "soft_hebb_update"]

Array = NDArray[np.float32]

_MOMENTUM, _EPS = 0.1, 1e-5  # of the running batch statistics


@dataclass(frozen=True)
class SoftHebbBlock:
    """One block: normalisation over the batch, convolution, triangle, pooling.

    Parameters
    ----------
    n_maps : int
        Feature maps.
    kernel : int
        Rows and columns of a filter (odd); the image is mirrored at its edges, so that the size
        stays.
    inverse_temperature : float
        Sharpness of the competition between maps.
    power : float
        Exponent of the triangle activation.
    learning_rate : float
        Step of a filter whose norm is off by one.
    pool : {'max', 'mean'}
        Kind of pooling: windows of 4 at distance 2 with a border of one, or windows of 2 at
        distance 2.

    Examples
    --------
    >>> SoftHebbBlock(96, 5, 1.0, 0.7, 0.08).pool
    'max'
    """

    n_maps: int
    kernel: int
    inverse_temperature: float
    power: float
    learning_rate: float
    pool: str = "max"

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_integer(f"{place}.n_maps", self.n_maps, minimum=2)
        check_integer(f"{place}.kernel", self.kernel, minimum=1)
        if self.kernel % 2 == 0:
            raise ValueError(f"{place}.kernel: must be odd, got {self.kernel}")
        for name in ("inverse_temperature", "power", "learning_rate"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, exclusive=True)
        check_choice(f"{place}.pool", self.pool, ("max", "mean"))

    def pooled_size(self, size: int) -> int:
        """Return rows (or columns) after pooling."""
        return size // 2


PUBLISHED_BLOCKS: tuple[SoftHebbBlock, ...] = (
    SoftHebbBlock(96, 5, 1.0, 0.7, 0.08),
    SoftHebbBlock(384, 3, 0.65, 1.4, 0.005),
    SoftHebbBlock(1536, 3, 0.25, 1.0, 0.01, pool="mean"),
)
"""The three blocks of Goupy et al. 2024: 13,824 features of MNIST, 24,576 of CIFAR."""


def soft_hebb_update(patches: Array, weights: Array, block: SoftHebbBlock) -> Array:
    """Return the change of the weights for a batch of patches.

    With u = patches · weights and the softmax y over the maps of ``inverse_temperature * u``,
    taken positive for the map with the largest u and negative for all others, the change is the
    sum of y (x - u w), divided by its largest absolute value, times a learning rate per map that
    falls as the norm of its weights approaches one.

    Parameters
    ----------
    patches : array of float32, shape (n_patches, n_inputs)
    weights : array of float32, shape (n_inputs, n_maps)
    block : SoftHebbBlock

    Returns
    -------
    array of float32, shape (n_inputs, n_maps)

    Examples
    --------
    >>> block = SoftHebbBlock(2, 1, 1.0, 1.0, 0.1)
    >>> x, w = np.array([[1.0, 0.0]], np.float32), np.array([[2.0, 0], [0, 1.0]], np.float32)
    >>> change = soft_hebb_update(x, w, block)        # only the first map is off norm
    >>> bool(abs(change[0, 0] + 0.1) < 1e-6), bool(abs(change[:, 1]).max() < 1e-5)
    (True, True)
    """
    u = patches @ weights
    y = block.inverse_temperature * u
    y -= y.max(axis=1, keepdims=True)
    np.exp(y, out=y)
    y /= -y.sum(axis=1, keepdims=True)
    best = u.argmax(axis=1)
    y[np.arange(len(y)), best] *= -1
    change = patches.T @ y - weights * (y * u).sum(axis=0)
    change /= np.abs(change).max() + np.float32(1e-30)
    norms = np.linalg.norm(weights, axis=0)
    rates = block.learning_rate * np.sqrt(np.abs(norms - 1) + 1e-10)
    return np.asarray(change * rates.astype(np.float32))


class SoftHebbFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Spike times from Hebbian convolution blocks with soft competition between maps.

    Not spiking in itself: the strongest activation of an image becomes a spike at time 0, zero
    activation no spike, everything else lies between, image by image. All blocks learn in the same
    pass, without labels. The maps of a position compete through a softmax, which a single cell
    cannot compute: the rule is local up to that normalisation.

    In NumPy, for small images and few maps; the published size takes about an hour per epoch of
    MNIST.

    Parameters
    ----------
    image_shape : tuple of int, default (28, 28)
        Rows, columns and, if more than one, channels.
    blocks : sequence of SoftHebbBlock, default PUBLISHED_BLOCKS
        From the image upwards.
    epochs : int, default 1
        Passes through the images, each in a new random order.
    batch_size : int, default 10
        Images per update.
    random_state : int, default 0
        Fixes initial weights and the order of the images.
    progress : bool, default False
        Show a progress bar.

    Attributes
    ----------
    weights_ : list of array of float32, shape (n_inputs, n_maps)
        Filters of every block; inputs in the order row, column, channel.
    means_, variances_ : list of array of float32, shape (n_channels,)
        Running statistics of the input of every block.
    output_shape_ : (int, int, int)
        Rows, columns and maps of the features, which are in this order.
    n_features_in_ : int
        Pixels of an image, times its channels.

    References
    ----------
    Journé, Rodriguez, Guo and Moraitis (2023), Hebbian deep learning without feedback, ICLR;
    as used by Goupy, Tirilly and Bilasco (2024), NeurIPS, arXiv 2410.17066.

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> X = load_digits().X[:100]
    >>> blocks = [SoftHebbBlock(8, 3, 1.0, 0.7, 0.08), SoftHebbBlock(16, 3, 0.65, 1.4, 0.005)]
    >>> times = SoftHebbFeatures((8, 8), blocks).fit_transform(X)
    >>> times.shape, float(times.min()), float(times.max())
    ((100, 64), 0.0, 1.0)
    """

    def __init__(
        self,
        image_shape: tuple[int, ...] = (28, 28),
        blocks: Any = PUBLISHED_BLOCKS,
        *,
        epochs: int = 1,
        batch_size: int = 10,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.image_shape = image_shape
        self.blocks = blocks
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> SoftHebbFeatures:
        """Learn all blocks.

        Parameters
        ----------
        X : array_like, shape (n_samples, pixels)
            Grey values from 0 to 255, one flattened image (row, column, channel) per row.
        y : ignored
            Nothing here knows labels.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            For bad arguments or images that do not fit ``image_shape``.
        """
        shape = self._check_arguments()
        images = check_flat_images("SoftHebbFeatures", X, shape)
        rng = np.random.default_rng(self.random_state)
        channels = [shape[2], *(block.n_maps for block in self.blocks)]
        self.n_features_in_ = int(np.prod(shape))
        self.weights_ = []
        for below, block in zip(channels, self.blocks, strict=False):
            fan_in = below * block.kernel**2
            drawn = rng.standard_normal((fan_in, block.n_maps)) * 25 / np.sqrt(fan_in)
            self.weights_.append(drawn.astype(np.float32))
        self.means_ = [np.zeros(n, dtype=np.float32) for n in channels[:-1]]
        self.variances_ = [np.ones(n, dtype=np.float32) for n in channels[:-1]]
        self.output_shape_ = self._output_shape(shape)
        batches = -(-len(images) // self.batch_size)
        with tqdm(total=self.epochs * batches, desc="batches", disable=not self.progress) as bar:
            for _ in range(self.epochs):
                order = rng.permutation(len(images))
                for start in range(0, len(images), self.batch_size):
                    chosen = order[start : start + self.batch_size]
                    self._forward(images[chosen], shape, learn=True)
                    bar.update()
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the spike times of the features.

        Parameters
        ----------
        X : array_like, shape (n_samples, pixels)
            As in `fit`.

        Returns
        -------
        array of float32, shape (n_samples, n_features)
            0 for the strongest feature of every image, 1 for no spike.
        """
        check_is_fitted(self, "weights_")
        shape = self._check_arguments()
        images = check_images("SoftHebbFeatures.X", X, self.n_features_in_)
        out = np.empty((len(images), int(np.prod(self.output_shape_))), dtype=np.float32)
        for start in range(0, len(images), 50):
            part = self._forward(images[start : start + 50], shape, learn=False)
            flat = part.reshape(len(part), -1)
            most = flat.max(axis=1, keepdims=True)
            scaled = np.divide(flat, most, out=np.zeros_like(flat), where=most > 0)
            out[start : start + 50] = 1 - scaled
        return out

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the form ``window<row>_<column>_map<number>``."""
        check_is_fitted(self, "weights_")
        return name_features(self.output_shape_)

    def save(self, path: str | Path) -> Path:
        """Write the trained network to an ``.npz`` of plain arrays, atomically."""
        check_is_fitted(self, "weights_")
        arguments = {
            **self.get_params(),
            "image_shape": list(self.image_shape),
            "blocks": [asdict(block) for block in self.blocks],
        }
        arrays = {
            f"{name}{k}": array
            for name in ("weights", "means", "variances")
            for k, array in enumerate(getattr(self, f"{name}_"))
        }
        return save_model(path, type(self).__name__, arguments, arrays, {})

    @classmethod
    def load(cls, path: str | Path) -> SoftHebbFeatures:
        """Read a network that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged or holds another model.
        """
        header, arrays, _ = load_model(path, cls.__name__)
        blocks = [SoftHebbBlock(**values) for values in header["blocks"]]
        shape = tuple(header["image_shape"])
        model = cls(**{**header, "image_shape": shape, "blocks": blocks})
        for name in ("weights", "means", "variances"):
            setattr(model, f"{name}_", [arrays[f"{name}{k}"] for k in range(len(blocks))])
        full = model._check_arguments()
        model.n_features_in_ = int(np.prod(full))
        model.output_shape_ = model._output_shape(full)
        return model

    # ---- inside ----------------------------------------------------------------------------------

    def _check_arguments(self) -> tuple[int, int, int]:
        place = type(self).__name__
        rows, columns, colours = check_image_shape(f"{place}.image_shape", self.image_shape)
        check_flag(f"{place}.progress", self.progress)
        if not isinstance(self.blocks, tuple | list):
            raise TypeError(f"{place}.blocks: must be a sequence, got {self.blocks!r}")
        blocks = list(self.blocks)
        if not blocks or not all(isinstance(block, SoftHebbBlock) for block in blocks):
            raise TypeError(f"{place}.blocks: must be SoftHebbBlock objects, got {self.blocks!r}")
        check_integer(f"{place}.epochs", self.epochs, minimum=0)
        check_integer(f"{place}.batch_size", self.batch_size, minimum=1)
        check_integer(f"{place}.random_state", self.random_state, minimum=0)
        size = min(rows, columns)
        for number, block in enumerate(blocks):
            if size < 2 or size <= block.kernel // 2:
                raise ValueError(
                    f"{place}.blocks: nothing is left for block {number} of images of "
                    f"{rows} x {columns}"
                )
            size = block.pooled_size(size)
        return rows, columns, colours

    def _output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        rows, columns, _ = shape
        for block in self.blocks:
            rows, columns = block.pooled_size(rows), block.pooled_size(columns)
        return rows, columns, self.blocks[-1].n_maps

    def _forward(self, X: NDArray[np.uint8], shape: tuple[int, int, int], *, learn: bool) -> Array:
        """Return the output of the last block; while learning, every block sees its batch once."""
        x = X.reshape(-1, *shape).astype(np.float32) / np.float32(255)
        for k, block in enumerate(self.blocks):
            x = self._normalise(k, x, learn)
            edge = block.kernel // 2
            padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="reflect")
            axes: Any = (1, 2)
            views = np.lib.stride_tricks.sliding_window_view(
                padded, (block.kernel, block.kernel), axis=axes
            )
            patches = np.moveaxis(views, 3, -1).reshape(-1, len(self.weights_[k]))
            u = patches @ self.weights_[k]
            if learn:
                self.weights_[k] = self.weights_[k] + soft_hebb_update(
                    patches, self.weights_[k], block
                )
            active = np.maximum(u - u.mean(axis=1, keepdims=True), 0) ** np.float32(block.power)
            x = _pool(active.reshape(*x.shape[:3], block.n_maps), block.pool)
        return x

    def _normalise(self, k: int, x: Array, learn: bool) -> Array:
        if learn:
            mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
            n = x[..., 0].size
            unbiased = variance * np.float32(n / max(1, n - 1))
            for running, new in ((self.means_, mean), (self.variances_, unbiased)):
                running[k] = running[k] + np.float32(_MOMENTUM) * (new - running[k])
        else:
            mean, variance = self.means_[k], self.variances_[k]
        return np.asarray((x - mean) / np.sqrt(variance + np.float32(_EPS)))


def _pool(x: Array, kind: str) -> Array:
    """Halve rows and columns; activations are never negative, so a border of zeros is neutral."""
    if kind == "mean":
        rows, columns = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
        cut = x[:, :rows, :columns]
        return np.asarray((cut[:, ::2, ::2] + cut[:, 1::2, ::2] + cut[:, ::2, 1::2]
                           + cut[:, 1::2, 1::2]) / np.float32(4))  # fmt: skip
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    out_rows, out_columns = (x.shape[1] - 2) // 2 + 1, (x.shape[2] - 2) // 2 + 1
    result = np.zeros((len(x), out_rows, out_columns, x.shape[3]), dtype=x.dtype)
    for r in range(4):
        for c in range(4):
            part = padded[:, r : r + 2 * out_rows : 2, c : c + 2 * out_columns : 2]
            np.maximum(result, part[:, :out_rows, :out_columns], out=result)
    return result
