"""Latency features from a soft winner-takes-all Hebbian convolution network, in plain NumPy.

With ``u = x·w`` and y the softmax over the maps of ``u`` (negative in all but the largest), all
filters learn by ``dw = rate y (x - u w)``, with a rate that falls as their norm approaches one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.fields import check_params, param
from bioplastic.models.ncg.features import ImageFeatures
from bioplastic.models.ncg.preprocessing import all_patches

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

    n_maps: int = param(minimum=2)
    kernel: int = param(minimum=1)
    inverse_temperature: float = param(positive=True)
    power: float = param(positive=True)
    learning_rate: float = param(positive=True)
    pool: str = param("max", choices=("max", "mean"))

    def __post_init__(self) -> None:
        check_params(self)
        if self.kernel % 2 == 0:
            raise ValueError(f"SoftHebbBlock.kernel: must be odd, got {self.kernel}")


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


def _check_blocks(place: str, value: Any) -> Any:
    if not isinstance(value, tuple | list):
        raise TypeError(f"{place}: must be a sequence, got {value!r}")
    if not value or not all(isinstance(block, SoftHebbBlock) for block in value):
        raise TypeError(f"{place}: must be SoftHebbBlock objects, got {value!r}")
    return value


class SoftHebbFeatures(ImageFeatures):
    """Spike times from Hebbian convolution blocks with soft competition between maps.

    Not spiking in itself: the strongest activation of an image becomes a spike at time 0, zero
    activation no spike, everything else lies between, image by image. All blocks learn in the same
    pass, without labels. The maps of a position compete through a softmax, which a single cell
    cannot compute: the rule is local up to that normalisation.

    In NumPy, for small images and few maps; the published size takes about an hour per epoch of
    MNIST.

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
    >>> times = SoftHebbFeatures((8, 8), blocks=blocks).fit_transform(X)
    >>> times.shape, float(times.min()), float(times.max())
    ((100, 64), 0.0, 1.0)
    """

    stored: ClassVar[tuple[type, ...]] = (SoftHebbBlock,)

    blocks: tuple[SoftHebbBlock, ...] = param(
        PUBLISHED_BLOCKS, check=_check_blocks, doc="from the image upwards"
    )
    epochs: int = param(1, minimum=0, doc="passes through the images, each in a new random order")
    batch_size: int = param(10, minimum=1, doc="images per update")

    @property
    def chunk(self) -> int:  # type: ignore[override]
        """Images that learn at once."""
        return self.batch_size

    def combined_checks(self) -> None:
        """Refuse blocks for which nothing is left of the images."""
        rows, columns, _ = self._shape
        size = min(rows, columns)
        for number, block in enumerate(self.blocks):
            if size < 2 or size <= block.kernel // 2:
                raise ValueError(
                    f"{type(self).__name__}.blocks: nothing is left for block {number} of images "
                    f"of {rows} x {columns}"
                )
            size //= 2  # by pooling

    def start(self, X: Any, y: Any) -> None:
        """Draw filters."""
        rng = np.random.default_rng(self.seed_)
        channels = [self._shape[2], *(block.n_maps for block in self.blocks)]
        self.weights_ = []
        for below, block in zip(channels, self.blocks, strict=False):
            fan_in = below * block.kernel**2
            drawn = rng.standard_normal((fan_in, block.n_maps)) * 25 / np.sqrt(fan_in)
            self.weights_.append(drawn.astype(np.float32))
        self.means_ = [np.zeros(n, dtype=np.float32) for n in channels[:-1]]
        self.variances_ = [np.ones(n, dtype=np.float32) for n in channels[:-1]]
        rows, columns = (size >> len(self.blocks) for size in self._shape[:2])
        self.output_shape_ = rows, columns, self.blocks[-1].n_maps

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64] | None:
        """Return a random order for every epoch."""
        return self.rng(1, epoch).permutation(n_samples)

    def learn(self, X: Any, y: Any) -> None:
        """Learn from a batch."""
        self._forward(X, learn=True)

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
        check_is_fitted(self, "n_seen_")
        images = self.check_samples(X)
        out = np.empty((len(images), int(np.prod(self.output_shape_))), dtype=np.float32)
        for start in range(0, len(images), 50):
            part = self._forward(images[start : start + 50], learn=False)
            flat = part.reshape(len(part), -1)
            most = flat.max(axis=1, keepdims=True)
            scaled = np.divide(flat, most, out=np.zeros_like(flat), where=most > 0)
            out[start : start + 50] = 1 - scaled
        return out

    def _forward(self, X: NDArray[np.uint8], *, learn: bool) -> Array:
        """Return the output of the last block; while learning, every block sees its batch once."""
        x = X.reshape(-1, *self._shape).astype(np.float32) / np.float32(255)
        for k, block in enumerate(self.blocks):
            x = self._normalise(k, x, learn)
            edge = block.kernel // 2
            padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="reflect")
            patches = all_patches(padded, block.kernel).reshape(-1, len(self.weights_[k]))
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
    windows = all_patches(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 4)
    return np.asarray(windows[:, ::2, ::2].max(axis=(3, 4)))
