"""Supervised spiking network with symmetric STDP and synaptic scaling (Hao et al. 2020)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.checkpoints import RunFolder
from bioplastic.engine import Program
from bioplastic.models.images import check_brightness, check_images, encode_labels
from bioplastic.models.storage import load_model, save_model
from bioplastic.models.sym_stdp.inference import Inference, chunks
from bioplastic.models.sym_stdp.network import (
    TIME_STEP,
    inference_network,
    readout_inhibition,
    training_network,
)
from bioplastic.models.sym_stdp.parameters import VARIANTS, SymSTDPParameters
from bioplastic.timing import log_time
from bioplastic.validation import check_choice, check_flag, check_integer

__all__ = ["SymSTDPClassifier"]

_LOG = logging.getLogger(__name__)
_ARRAYS = ("classes_", "response_sums_", "class_counts_")
_NUMBERS = ("n_features_in_", "n_seen_", "presentations_", "training_spikes_", "hidden_frozen_")
_BLOCKS = 6  # the window of label assignment moves in sixths of its length


class SymSTDPClassifier(Inference, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Spiking classifier that learns by symmetric STDP, scaling and adaptive thresholds.

    Images drive Poisson inputs; a hidden layer with lateral inhibition learns prototypes without
    labels; a teacher that fires for the true class makes the same rule learn the read-out.

    Parameters
    ----------
    n_hidden : int, default 100
        Number of hidden neurons.
    epochs : int, default 1
        Passes of `fit` through the data, in the order given.
    variant : {'paper', 'readout', 'ours'}, default 'paper'
        ``'paper'``: the published system. ``'readout'``: its hidden layer, with a read-out that
        learns from the local error of each output neuron, under weaker inhibition. ``'ours'``: that
        read-out, and the published rules in columns with receptive fields, where these apply; see
        `improved_parameters`.
    regime : {'simultaneous', 'layer_by_layer'}, optional
        Whether both layers learn together, or the read-out after the hidden layer, whose input
        weights and thresholds are then frozen. Default: together for ``'paper'``, one after the
        other for the others.
    readout_epochs : int, optional
        Passes of `fit` for the read-out in ``'layer_by_layer'``. Default: ``epochs``.
    test_presentations : int, default 1
        How often each image is shown at inference; spike counts are added.
    readout : {'supervised', 'assigned'}, default 'supervised'
        ``'supervised'``: the output neuron with most spikes. ``'assigned'``: every hidden neuron
        votes for the class that it responded to most in training (Diehl & Cook 2015).
    parameters : SymSTDPParameters, optional
        Constants of the network. Default: those of the variant for the nearest published size.
    assignment_window : int, default 60000
        Training images that label assignment looks back on. Responses are kept in sixths of the
        window, so it covers between five and six sixths of it.
    dtype : {'float32', 'float64'}, default 'float32'
        Precision of the simulation.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    random_state : int, default 0
        Fixes initial weights, input spikes and teacher.
    progress : bool, default False
        Show a progress bar with the time left.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    state_ : dict of str to array
        The state of the training network, see `bioplastic.engine.Program`.
    weights_ : array, shape (n_features, n_hidden)
        Scaled input weights, 0 outside of receptive fields.
    afferent_weights_ : array, shape (n_inputs, n_hidden / n_columns)
        The same as the engine keeps them; without receptive fields, `weights_`.
    fields_ : ReceptiveFields
        The pixels that each column sees; without receptive fields one column that sees all.
    output_weights_ : array, shape (n_hidden, n_classes)
        Scaled read-out weights.
    assignment_ : array of int, shape (n_hidden,)
        Index of the class each hidden neuron prefers, -1 if it never fired.
    hidden_frozen_ : bool
        Whether the second phase of ``'layer_by_layer'`` has begun.
    n_seen_ : int
        Training images seen.
    presentations_ : int
        Presentations needed for them.
    training_spikes_ : int
        Hidden spikes over all training presentations.

    Raises
    ------
    ValueError
        For images with NaN, values below 0 or above 255, a wrong number of pixels, empty sets or
        unknown labels.

    References
    ----------
    Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395, doi 10.1016/j.neunet.2019.09.007.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.zeros((8, 64)); X[::2, :32] = 200; X[1::2, 32:] = 200
    >>> y = np.arange(8) % 2
    >>> model = SymSTDPClassifier(n_hidden=9, random_state=1).fit(X, y)
    >>> model.predict(X).shape
    (8,)
    """

    hidden_frozen_: bool
    n_seen_: int
    response_sums_: NDArray[np.float64]
    class_counts_: NDArray[np.int64]

    def __init__(
        self,
        n_hidden: int = 100,
        *,
        epochs: int = 1,
        variant: str = "paper",
        regime: str | None = None,
        readout_epochs: int | None = None,
        test_presentations: int = 1,
        readout: str = "supervised",
        parameters: SymSTDPParameters | None = None,
        assignment_window: int = 60_000,
        dtype: str = "float32",
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.epochs = epochs
        self.variant = variant
        self.regime = regime
        self.readout_epochs = readout_epochs
        self.test_presentations = test_presentations
        self.readout = readout
        self.parameters = parameters
        self.assignment_window = assignment_window
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.progress = progress

    # ---- training --------------------------------------------------------------------------------

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        checkpoints: str | Path | None = None,
        resume: bool = False,
    ) -> SymSTDPClassifier:
        """Learn from scratch.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Grey values from 0 to 255; fractions are rounded.
        y : array_like, shape (n_samples,)
            Labels.
        checkpoints : path-like, optional
            Folder that keeps the state, every minute; see `bioplastic.checkpoints.RunFolder`.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit.

        Returns
        -------
        SymSTDPClassifier
            The model itself.
        """
        self._check_arguments()
        images = check_images("SymSTDPClassifier.X", X)
        check_brightness("SymSTDPClassifier.X", X)
        classes, labels = encode_labels("SymSTDPClassifier.y", y, len(images))
        stages = [("epoch", self.epochs)]
        if self.regime_ == "layer_by_layer":
            stages.append(("read-out, epoch", self.readout_epochs or self.epochs))
        parameters = {"class": type(self).__name__, **self.get_params(deep=False)}
        parameters |= {"progress": None, "X": images, "y": labels, "classes": classes}
        with RunFolder(checkpoints, parameters, resume=resume) as run:
            self._start(images.shape[1], classes)
            run.adopt(self)
            first = run.progress.get("stage", 0), run.progress.get("epoch", 0)
            for stage, (title, epochs) in enumerate(stages):
                if stage == 1 and not self.hidden_frozen_:
                    self.freeze_hidden()
                for epoch in range(epochs):
                    if (stage, epoch) < first:
                        continue
                    done = run.progress.get("images", 0) if (stage, epoch) == first else 0
                    place = {"stage": stage, "epoch": epoch}
                    heading = f"{title} {epoch + 1}/{epochs}"
                    self._train(images, labels, heading, done, run, place)
            run.save(self, {"stage": len(stages), "epoch": 0, "images": 0})
            run.finish()
        return self

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> SymSTDPClassifier:
        """Continue learning with one pass through the data.

        With ``'layer_by_layer'`` the hidden layer learns until `freeze_hidden` is called, then the
        read-out. Several calls equal one call with the concatenated data, bit for bit.

        Parameters
        ----------
        X, y : array_like
            As for `fit`.
        classes : array_like, optional
            All labels that will ever occur; needed at the first call if ``y`` lacks some.
        """
        self._check_arguments()
        first = not hasattr(self, "state_")
        images = check_images("SymSTDPClassifier.X", X, None if first else int(self.n_features_in_))
        known = np.unique(np.asarray(classes)) if classes is not None else None
        if first:
            check_brightness("SymSTDPClassifier.X", X)
        else:
            known = self.classes_
        found, labels = encode_labels("SymSTDPClassifier.y", y, len(images), known)
        if first:
            self._start(images.shape[1], found)
        self._train(images, labels, "training")
        return self

    def freeze_hidden(self) -> SymSTDPClassifier:
        """Begin the second phase of ``'layer_by_layer'``: fresh read-out, frozen hidden layer.

        Raises
        ------
        ValueError
            If both layers learn together, or the phase has begun already.
        """
        check_is_fitted(self, "state_")
        if self.regime_ != "layer_by_layer" or self.hidden_frozen_:
            raise ValueError(
                "SymSTDPClassifier.freeze_hidden: needs regime 'layer_by_layer' in its first phase"
            )
        old, weights = self.state_, self.afferent_weights_
        self.hidden_frozen_ = True
        self.state_ = self._program("training").initial_state(self.random_state)
        carried = [name for name in self.state_ if name.startswith(("clock.", "exc.", "inh."))]
        self.state_ |= {name: old[name] for name in carried}
        self.state_["image_exc.w"] = weights
        # the responses of the second phase alone decide about labels
        self.response_sums_ = np.zeros_like(self.response_sums_)
        self.class_counts_ = np.zeros_like(self.class_counts_)
        return self

    def adopt_hidden(self, other: SymSTDPClassifier) -> SymSTDPClassifier:
        """Begin the second phase with the hidden layer of another model instead of an own one.

        The hidden layer learns without labels, in either regime and variant alike, so one long
        training serves several read-outs.

        Parameters
        ----------
        other : SymSTDPClassifier
            A fitted model with as many inputs, hidden neurons and the same classes to come.

        Raises
        ------
        ValueError
            If the regime is not ``'layer_by_layer'``, or the numbers of hidden neurons, or the
            receptive fields, differ.
        """
        self._check_arguments()
        check_is_fitted(other, "state_")
        if other.n_hidden != self.n_hidden:
            raise ValueError(
                "SymSTDPClassifier.adopt_hidden: must have the same n_hidden, got "
                f"{self.n_hidden} and {other.n_hidden}"
            )
        self._start(other.n_features_in_, other.classes_)
        if not np.array_equal(self.fields_.pixels, other.fields_.pixels):
            raise ValueError(
                "SymSTDPClassifier.adopt_hidden: must have the same receptive fields, got "
                f"{self.fields_.pixels.shape} and {other.fields_.pixels.shape} afferents"
            )
        own = self.state_
        self.state_ = {name: other.state_.get(name, own[name]).copy() for name in own}
        self.state_["image_exc.w"] = other.afferent_weights_
        self.n_seen_ = other.n_seen_
        return self.freeze_hidden()

    @property
    def regime_(self) -> str:
        """``'simultaneous'`` or ``'layer_by_layer'``."""
        default = "simultaneous" if self.variant == "paper" else "layer_by_layer"
        return self.regime or default

    def _check_arguments(self) -> None:
        place = type(self).__name__
        check_integer(f"{place}.n_hidden", self.n_hidden, minimum=1)
        check_integer(f"{place}.epochs", self.epochs, minimum=1)
        check_integer(f"{place}.assignment_window", self.assignment_window, minimum=_BLOCKS)
        check_integer(f"{place}.random_state", self.random_state, minimum=0)
        check_choice(f"{place}.variant", self.variant, VARIANTS)
        check_choice(f"{place}.regime", self.regime_, ("simultaneous", "layer_by_layer"))
        if self.readout_epochs is not None:
            check_integer(f"{place}.readout_epochs", self.readout_epochs, minimum=1)
        check_integer(f"{place}.test_presentations", self.test_presentations, minimum=1)
        check_choice(f"{place}.readout", self.readout, ("supervised", "assigned"))
        check_choice(f"{place}.dtype", self.dtype, ("float32", "float64"))
        check_choice(f"{place}.target", self.target, ("cpp", "numpy"))
        check_flag(f"{place}.progress", self.progress)
        if self.parameters is not None and not isinstance(self.parameters, SymSTDPParameters):
            raise TypeError(
                f"{place}.parameters: must be SymSTDPParameters or None, got {self.parameters!r}"
            )

    def _start(self, n_features: int, classes: NDArray[Any]) -> None:
        self.classes_ = classes
        self.n_features_in_ = n_features
        self.hidden_frozen_ = False
        columns = self.fields_.n_columns
        if self.n_hidden % columns:
            raise ValueError(
                f"SymSTDPClassifier.n_hidden: must be a multiple of the {columns} columns of the "
                f"receptive fields, got {self.n_hidden}"
            )
        self.state_ = self._program("training").initial_state(self.random_state)
        self.response_sums_ = np.zeros((_BLOCKS, len(classes), self.n_hidden))
        self.class_counts_ = np.zeros((_BLOCKS, len(classes)), dtype=np.int64)
        self.n_seen_ = self.presentations_ = self.training_spikes_ = 0

    def _program(self, which: str, **options: Any) -> Program:
        sizes = (self.n_features_in_, self.n_hidden, len(self.classes_))
        p = self.constants_
        if which == "training":
            spec = training_network(*sizes, p, layers=self._learning_layers())
        else:
            frozen = self.regime_ == "layer_by_layer"
            inhibition = readout_inhibition(p) if frozen else p.inhibition
            spec = inference_network(*sizes, p, inhibition=inhibition, **options)
        return Program(spec, dt=TIME_STEP, dtype=self.dtype, target=self.target)

    def _learning_layers(self) -> tuple[str, ...]:
        if self.regime_ == "simultaneous":
            return ("hidden", "output")
        return ("output",) if self.hidden_frozen_ else ("hidden",)

    def _train(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int32],
        title: str,
        done: int = 0,
        run: RunFolder | None = None,
        place: Mapping[str, int] | None = None,
    ) -> None:
        program = self._program("training")
        fields, taught = self.fields_, "output" in self._learning_layers()
        with (
            log_time(_LOG, "%s: %d images, %d hidden neurons", title, len(images), self.n_hidden),
            tqdm(total=len(images), desc=title, unit="img", disable=not self.progress) as bar,
        ):
            bar.update(done)
            for part in (p for p in chunks(len(images)) if p.stop > done):
                inputs: dict[str, NDArray[Any]] = {"pixel": fields.view(images[part])}
                if taught:
                    inputs["label"] = labels[part]
                self.state_, record = program(self.state_, inputs, seed=self.random_state)
                self._remember(record["exc.count"], labels[part])
                self.presentations_ += int(record["presentations"].sum())
                self.training_spikes_ += int(record["exc.total"])
                bar.update(len(record["presentations"]))
                if run is not None and run.is_due():
                    run.save(self, {**(place or {}), "images": part.stop})

    def _remember(self, counts: NDArray[np.int32], labels: NDArray[np.int32]) -> None:
        """Add responses to the moving window of label assignment."""
        length = max(1, self.assignment_window // _BLOCKS)
        numbers = (self.n_seen_ + np.arange(len(labels))) // length
        for number in np.unique(numbers):
            chosen, block = numbers == number, int(number) % _BLOCKS
            if self.n_seen_ <= number * length:  # the block begins in this chunk
                self.response_sums_[block] = 0
                self.class_counts_[block] = 0
            np.add.at(self.response_sums_[block], labels[chosen], counts[chosen])
            np.add.at(self.class_counts_[block], labels[chosen], 1)
        self.n_seen_ += len(labels)

    # ---- storage ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model to one ``.npz`` file, atomically; nothing in it is executable.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is appended if missing.

        Returns
        -------
        Path
            The file written.
        """
        check_is_fitted(self, "state_")
        arguments = {name: getattr(self, name) for name in self.get_params(deep=False)}
        return save_model(
            path,
            type(self).__name__,
            arguments,
            {name: getattr(self, name) for name in _ARRAYS}
            | {f"state/{key}": value for key, value in self.state_.items()},
            {name: int(getattr(self, name)) for name in _NUMBERS},
        )

    @classmethod
    def load(cls, path: str | Path) -> SymSTDPClassifier:
        """Read a model written by `save`.

        Raises
        ------
        ValueError
            If the file is damaged, or holds another kind of model.
        """
        arguments, arrays, numbers = load_model(path, cls.__name__, [SymSTDPParameters])
        model = cls(**arguments)
        model.state_ = {
            key.removeprefix("state/"): arrays.pop(key)
            for key in list(arrays)
            if key.startswith("state/")
        }
        for name in _ARRAYS:
            setattr(model, name, arrays[name])
        for name in _NUMBERS:
            setattr(model, name, numbers[name])
        model.hidden_frozen_ = bool(model.hidden_frozen_)
        return model
