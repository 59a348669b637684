"""Latency features of images: a spiking convolution trained with STDP, as a transformer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.models.images import check_images
from bioplastic.models.ncg.csnn import (
    Coding,
    Learning,
    Training,
    code_digest,
    encode,
    find_limits,
    initial_training,
    respond,
    train,
)
from bioplastic.models.ncg.csnn_checks import check_arguments, check_gaussians
from bioplastic.models.ncg.extraction import (
    check_flat_images,
    map_images,
    name_features,
)
from bioplastic.models.ncg.feature_cache import (
    digest_arrays,
    feature_directory,
    find_or_compute,
    load_partial,
    save_partial,
)
from bioplastic.models.ncg.preprocessing import fit_scale, whitening_filters
from bioplastic.models.storage import load_model, save_model

__all__ = ["SpikingConvFeatures"]

_CHUNK = 500
_EPOCHS_PER_CHECKPOINT = 10
_RUNNING = ("n_jobs", "cache", "progress")  # arguments that do not change the features
_TRAINED = ("weights", "threshold_history", "weight_history", "wins", "winner_latency")


class SpikingConvFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Spike times of a convolution layer that learned from image patches without labels.

    Images pass on- and off-centre or whitening filters, are scaled to 0 to 1 per feature and
    become spike times, the strongest response first. In every epoch, one random patch of every
    image is shown to single-spike integrate-and-fire neurons: the first to fire wins, its synapses
    change by multiplicative STDP, and all thresholds move towards a target time. The features are
    the earliest spike of every map in every pooling window, now without competition.

    The defaults are those published for MNIST; see `named_extractor` for other data sets.

    Parameters
    ----------
    image_shape : tuple of int, default (28, 28)
        Rows, columns and, if more than one, channels.
    n_filters : int, default 128
        Feature maps.
    kernel : int, default 5
        Rows and columns of a filter; stride 1, no padding.
    pooling : int, default 4
        Rows and columns of a pooling window, which do not overlap. Positions that fill no window
        are left out.
    preprocessing : {'dog', 'whitening'}, default 'dog'
        Difference of Gaussians (7 x 7) or whitening filters (9 x 9) learned from the training
        images; both are split by sign into two channels per channel of the image.
    gaussians : (float, float), default (1, 2)
        Standard deviations of centre and surround for ``'dog'`` (pixels).
    t_target : float, default 0.75
        Latency that thresholds aim at, in 0 to 1.
    threshold, min_threshold : float, default 5 and 2
        Initial and lowest threshold.
    eta_threshold : float, default 1
        Step of the thresholds in the first epoch.
    a_plus, a_minus : float, default 0.1
        Amplitudes of potentiation and depression in the first epoch, both positive.
    beta : float, default 1
        How fast weight changes shrink towards the limits 0 and 1.
    decay : float, default 0.95
        Factor on ``eta_threshold``, ``a_plus`` and ``a_minus`` after every epoch.
    epochs : int, default 100
        Passes through the training images, one patch of each per pass.
    weight_mean, weight_std : float, default 0.5 and 0.01
        Normal distribution of the initial weights.
    patches : {'published', 'all'}, default 'published'
        Where patches are taken: the published program leaves out the last ``kernel - 1`` rows and
        columns of positions.
    random_state : int, default 0
        Fixes initial weights and patches.
    n_jobs : int, default 1
        Processes that encode images and compute responses (-1: all cores), see `joblib.Parallel`.
    cache : bool or path-like, default False
        Keep trained filters and features on disk, keyed by parameters, images and code. True: in
        the directory of built programs. `transform` then returns a read-only array that is mapped
        into memory, and an interrupted `fit` goes on where it stopped.
    progress : bool, default False
        Show progress bars.

    Attributes
    ----------
    filters_ : array of float32, shape (n_filters, kernel, kernel, channels)
        Weights; on-centre (or positive) in even, off-centre (negative) in odd channels.
    thresholds_ : array of float32, shape (n_filters,)
        Thresholds of the response.
    threshold_history_ : array of float32, shape (epochs + 1, n_filters)
        Thresholds before the first and after every epoch.
    weight_history_ : array, shape (epochs + 1, 3)
        Mean weight, share of weights below 0.1 and above 0.9, at the same moments.
    wins_ : array of int64, shape (epochs, n_filters)
        Patches that each map won.
    winner_latency_ : array, shape (epochs,)
        Mean latency of the winners.
    scale_low_, scale_high_ : array, shape (rows, columns, channels)
        Limits of the filtered training images.
    whitening_ : array or None
        Whitening filters.
    output_shape_ : (int, int, int)
        Rows and columns of windows and the number of maps; features are in this order.
    n_features_in_ : int
        Pixels of an image, times its channels.

    Raises
    ------
    TypeError, ValueError
        In `fit`, for arguments outside their limits or images that do not fit ``image_shape``.
    CompilerError
        If there is no C++ compiler.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS, arXiv 2410.17066: the STDP-CSNN extractor.

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> X = load_digits().X[:200]
    >>> extractor = SpikingConvFeatures((8, 8), n_filters=8, kernel=3, pooling=2, threshold=3)
    >>> times = extractor.fit_transform(X)
    >>> times.shape, times.dtype, bool((times <= 1).all())
    ((200, 72), dtype('float32'), True)
    >>> extractor.get_feature_names_out()[[0, -1]].tolist()
    ['window0_0_map0', 'window2_2_map7']
    """

    whitening_: NDArray[np.float64] | None

    def __init__(
        self,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        n_filters: int = 128,
        kernel: int = 5,
        pooling: int = 4,
        preprocessing: str = "dog",
        gaussians: tuple[float, float] = (1.0, 2.0),
        t_target: float = 0.75,
        threshold: float = 5.0,
        min_threshold: float = 2.0,
        eta_threshold: float = 1.0,
        a_plus: float = 0.1,
        a_minus: float = 0.1,
        beta: float = 1.0,
        decay: float = 0.95,
        epochs: int = 100,
        weight_mean: float = 0.5,
        weight_std: float = 0.01,
        patches: str = "published",
        random_state: int = 0,
        n_jobs: int = 1,
        cache: bool | str | os.PathLike[str] = False,
        progress: bool = False,
    ) -> None:
        self.image_shape = image_shape
        self.n_filters = n_filters
        self.kernel = kernel
        self.pooling = pooling
        self.preprocessing = preprocessing
        self.gaussians = gaussians
        self.t_target = t_target
        self.threshold = threshold
        self.min_threshold = min_threshold
        self.eta_threshold = eta_threshold
        self.a_plus = a_plus
        self.a_minus = a_minus
        self.beta = beta
        self.decay = decay
        self.epochs = epochs
        self.weight_mean = weight_mean
        self.weight_std = weight_std
        self.patches = patches
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.cache = cache
        self.progress = progress

    # ---- learning --------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> SpikingConvFeatures:
        """Learn filters and thresholds.

        Parameters
        ----------
        X : array_like, shape (n_samples, pixels)
            Grey values from 0 to 255, one flattened image (row, column, channel) per row.
        y : ignored
            Nothing here knows labels.

        Returns
        -------
        self
        """
        shape, learning = self._check_arguments()
        images = check_flat_images("SpikingConvFeatures", X, shape)
        root = feature_directory(self.cache)
        if root is None:
            self._keep(shape, learning, self._learn(shape, learning, images, None))
            return self
        key = f"fit-{digest_arrays(self._description(), {'X': images})}"

        def compute(folder: Path) -> None:
            learned = self._learn(shape, learning, images, root / f"{key}.partial.npz")
            for name, array in learned.items():
                np.save(folder / f"{name}.npy", array, allow_pickle=False)

        stored = find_or_compute(root, key, compute)
        self._keep(shape, learning, {name: np.array(value) for name, value in stored.items()})
        (root / f"{key}.partial.npz").unlink(missing_ok=True)
        return self

    def _check_arguments(self) -> tuple[tuple[int, int, int], Learning]:
        return check_arguments(type(self).__name__, self.get_params())

    @property
    def _gaussians(self) -> tuple[float, float]:
        return check_gaussians(f"{type(self).__name__}.gaussians", self.gaussians)

    def _description(self) -> dict[str, Any]:
        """Return what decides about the filters besides the images."""
        settings = {name: v for name, v in self.get_params().items() if name not in _RUNNING}
        return {
            **settings,
            "image_shape": list(self.image_shape),
            "gaussians": list(self.gaussians),
            "code": code_digest(),
        }

    def _learn(
        self,
        shape: tuple[int, int, int],
        learning: Learning,
        images: NDArray[np.uint8],
        checkpoint: Path | None,
    ) -> dict[str, NDArray[Any]]:
        filters = None
        if self.preprocessing == "whitening":
            filters = whitening_filters(images.reshape(-1, *shape) / 255.0)
        coding = Coding(shape, filters, self._gaussians)
        low = high = None
        for least, most in self._map(find_limits, coding, images, "scale"):
            low, high = fit_scale(low, high, np.stack([least, most]))
        coding = Coding(shape, filters, self._gaussians, low, high)
        latencies = np.concatenate(list(self._map(encode, coding, images, "encode")))
        state = initial_training(learning, self.epochs, self.random_state)
        earlier = None if checkpoint is None else load_partial(checkpoint)
        if earlier is not None:
            state = Training.from_arrays(earlier)
        with tqdm(
            total=self.epochs, initial=state.epoch, desc="epochs", disable=not self.progress
        ) as bar:

            def after_epoch(state: Training) -> None:
                bar.update()
                if checkpoint is not None and state.epoch % _EPOCHS_PER_CHECKPOINT == 0:
                    save_partial(checkpoint, state.to_arrays())

            train(learning, latencies, state, self.epochs, self.random_state, after_epoch)
        learned: dict[str, NDArray[Any]] = {"low": coding.low, "high": coding.high}  # type: ignore[dict-item]
        if filters is not None:
            learned["whitening"] = filters
        return {**learned, **{name: getattr(state, name) for name in _TRAINED}}

    def _keep(
        self, shape: tuple[int, int, int], learning: Learning, learned: dict[str, NDArray[Any]]
    ) -> None:
        rows, columns, colours = shape
        self.n_features_in_ = rows * columns * colours
        self.whitening_ = learned.get("whitening")
        self.scale_low_, self.scale_high_ = learned["low"], learned["high"]
        kernel = learning.kernel
        self.filters_ = np.ascontiguousarray(learned["weights"].T).reshape(
            learning.n_filters, kernel, kernel, learning.channels
        )
        self.threshold_history_ = learned["threshold_history"]
        self.thresholds_ = self.threshold_history_[-1]
        self.weight_history_ = learned["weight_history"]
        self.wins_ = learned["wins"]
        self.winner_latency_ = learned["winner_latency"]
        self.output_shape_ = (
            (rows - kernel + 1) // self.pooling,
            (columns - kernel + 1) // self.pooling,
            learning.n_filters,
        )

    # ---- response --------------------------------------------------------------------------------

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the spike times of the features.

        Parameters
        ----------
        X : array_like, shape (n_samples, pixels)
            As in `fit`.

        Returns
        -------
        array of float32, shape (n_samples, n_features)
            Times from 0; 1 means no spike. With ``cache``, read-only and mapped into memory.
        """
        check_is_fitted(self, "filters_")
        images = check_images("SpikingConvFeatures.X", X, self.n_features_in_)
        shape, learning = self._check_arguments()
        coding = Coding(shape, self.whitening_, self._gaussians, self.scale_low_, self.scale_high_)
        weights = np.ascontiguousarray(self.filters_.reshape(learning.n_filters, -1).T)
        n_features = int(np.prod(self.output_shape_))
        context = (coding, learning, weights, self.thresholds_, self.pooling)

        def fill(out: NDArray[np.float32]) -> NDArray[np.float32]:
            start = 0
            for part in self._map(respond, context, images, "features"):
                out[start : start + len(part)] = part
                start += len(part)
            return out

        root = feature_directory(self.cache)
        if root is None:
            return fill(np.empty((len(images), n_features), dtype=np.float32))

        def compute(folder: Path) -> None:
            out = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
                folder / "features.npy", "w+", np.float32, (len(images), n_features)
            )
            fill(out)
            out.flush()

        arrays = {
            "X": images, "weights": weights, "thresholds": self.thresholds_,
            "low": self.scale_low_, "high": self.scale_high_,
        }  # fmt: skip
        if self.whitening_ is not None:
            arrays["whitening"] = self.whitening_
        settings = {
            "pooling": self.pooling, "shape": list(shape), "code": code_digest(),
            "preprocessing": self.preprocessing, "gaussians": list(self._gaussians),
        }  # fmt: skip
        key = f"features-{digest_arrays(settings, arrays)}"
        return find_or_compute(root, key, compute)["features"]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the form ``window<row>_<column>_map<number>``."""
        check_is_fitted(self, "filters_")
        return name_features(self.output_shape_)

    def _map(
        self,
        function: Callable[[Any, NDArray[np.uint8]], Any],
        context: Any,
        images: NDArray[np.uint8],
        what: str,
    ) -> Iterator[Any]:
        return map_images(
            function, context, images, size=_CHUNK, n_jobs=self.n_jobs,
            what=what if self.progress else "",
        )  # fmt: skip

    # ---- on disk ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the trained extractor to an ``.npz`` of plain arrays, atomically.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is appended if missing.

        Returns
        -------
        Path
            The file.
        """
        check_is_fitted(self, "filters_")
        arguments = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.get_params().items()
            if name not in _RUNNING
        }
        weights = self.filters_.reshape(self.n_filters, -1).T
        arrays = {"weights": weights, "low": self.scale_low_, "high": self.scale_high_}
        for name in _TRAINED[1:]:
            arrays[name] = getattr(self, f"{name}_")
        if self.whitening_ is not None:
            arrays["whitening"] = self.whitening_
        return save_model(path, type(self).__name__, arguments, arrays, {})

    @classmethod
    def load(cls, path: str | Path) -> SpikingConvFeatures:
        """Read an extractor that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged or holds another model.
        """
        arguments, arrays, _ = load_model(path, cls.__name__)
        pairs = {name: tuple(arguments[name]) for name in ("image_shape", "gaussians")}
        model = cls(**{**arguments, **pairs})
        shape, learning = model._check_arguments()
        model._keep(shape, learning, arrays)
        return model
