"""Supervised spiking network with symmetric STDP and synaptic scaling (Hao et al. 2020)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis.assignment import ResponseWindow
from bioplastic.engine import NetworkSpec
from bioplastic.fields import param
from bioplastic.models.image_classifier import ImageClassifier
from bioplastic.models.sym_stdp.network import (
    TIME_STEP,
    readout_inhibition,
    summed_weight,
    sym_stdp_network,
)
from bioplastic.models.sym_stdp.parameters import FIELD_FEATURES, VARIANTS, SymSTDPParameters
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.signals.receptive_fields import ReceptiveFields, place_fields
from bioplastic.validation import check_choice, check_integer

__all__ = ["Response", "SymSTDPClassifier"]


@dataclass(frozen=True)
class Response:
    """Spike counts that images evoke while learning is off, one image per row.

    ``hidden`` and ``output`` hold the spikes of each neuron during the (last) presentation,
    ``presentations`` how often each image was shown until it evoked enough spikes.
    """

    hidden: NDArray[np.int32]
    output: NDArray[np.int32]
    presentations: NDArray[np.int32]

    def __add__(self, other: Response) -> Response:
        """Return the summed counts of two answers to the same images."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Response(*(mine + theirs for mine, theirs in pairs))


class SymSTDPClassifier(ImageClassifier):
    """Spiking classifier that learns by symmetric STDP, scaling and adaptive thresholds.

    Images drive Poisson inputs; a hidden layer with lateral inhibition learns prototypes without
    labels; a teacher that fires for the true class makes the same rule learn the read-out.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    state_ : dict of str to array
        The state of the training network, see `bioplastic.engine.Program`.
    n_seen_, presentations_, training_spikes_ : int
        Training images seen, presentations needed for them, and hidden spikes over these.
    hidden_frozen_ : bool
        Whether the second phase of ``'layer_by_layer'`` has begun.

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

    dt = TIME_STEP
    stored = (ResponseWindow,)

    window_: ResponseWindow

    # fmt: off
    n_hidden: int = param(100, minimum=1, doc="number of hidden neurons")
    epochs: int = param(1, minimum=1, doc="passes of `fit` through the data")
    variant: str = param("paper", choices=tuple(VARIANTS), doc=
        "``'paper'``: the published system. ``'readout'``: its hidden layer, with a read-out that "
        "learns from the local error of each output neuron, under weaker inhibition. ``'ours'``: "
        "that read-out, and the published rules in columns with receptive fields, where these "
        "apply; see `improved_parameters`")
    regime: str | None = param(None, choices=("simultaneous", "layer_by_layer"), doc=
        "whether both layers learn together, or the read-out after the hidden layer, whose input "
        "weights and thresholds are then frozen. Default: together for ``'paper'``, one after the "
        "other for the others")
    readout_epochs: int | None = param(None, minimum=1, doc=
        "passes of `fit` for the read-out in ``'layer_by_layer'``. Default: ``epochs``")
    shuffle: bool = param(False, doc=
        "whether `fit` draws an order of the images for every epoch, or keeps that given")
    test_presentations: int = param(1, minimum=1, doc=
        "how often each image is shown at inference; spike counts are added")
    readout: str = param("supervised", choices=("supervised", "assigned"), doc=
        "``'supervised'``: the output neuron with most spikes. ``'assigned'``: every hidden neuron "
        "votes for the class that it responded to most in training (Diehl & Cook 2015)")
    parameters: SymSTDPParameters | None = param(None, doc=
        "constants. Default: those of the variant for the nearest published size")
    assignment_window: int = param(60_000, minimum=6, doc=
        "training images that label assignment looks back on, see `ResponseWindow`")
    # fmt: on

    # ---- the system ------------------------------------------------------------------------------

    @property
    def regime_(self) -> str:
        """``'simultaneous'`` or ``'layer_by_layer'``."""
        default = "simultaneous" if self.variant == "paper" else "layer_by_layer"
        return self.regime or default

    @property
    def constants_(self) -> SymSTDPParameters:
        """The constants in use: ``parameters``, or those of the variant for this size."""
        if self.parameters is not None:
            return self.parameters
        known: dict[str, int] = {}
        if self.variant == "ours":
            known["n_features"] = int(getattr(self, "n_features_in_", FIELD_FEATURES))
        return VARIANTS[self.variant](self.n_hidden, **known)

    @property
    def fields_(self) -> ReceptiveFields:
        """The pixels that each column of hidden cells sees."""
        p = self.constants_
        return place_fields(int(self.n_features_in_), p.field_size, p.field_stride)

    @property
    def learning_layers_(self) -> tuple[str, ...]:
        """What learns now: the hidden layer, the output layer, or both."""
        if self.regime_ == "simultaneous":
            return ("hidden", "output")
        return ("output",) if self.hidden_frozen_ else ("hidden",)

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, the one that answers, or that with all its spikes."""
        sizes, p = (self.n_features_in_, self.n_hidden, len(self.classes_)), self.constants_
        if kind == "learn":
            return sym_stdp_network(*sizes, p, layers=self.learning_layers_)
        inhibition = readout_inhibition(p) if self.regime_ == "layer_by_layer" else p.inhibition
        return sym_stdp_network(*sizes, p, inhibition=inhibition, record_spikes=kind == "spikes")

    def present(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return what the afferents see, and the label that the teacher shows to the read-out."""
        inputs = {"pixel": self.fields_.view(X)}
        if y is not None and "output" in self.learning_layers_:
            inputs["label"] = y
        return inputs

    # ---- learning --------------------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Draw weights, forget responses."""
        columns, n_classes = self.fields_.n_columns, len(self.classes_)
        if self.n_hidden % columns:
            raise ValueError(
                f"SymSTDPClassifier.n_hidden: must be a multiple of the {columns} columns of the "
                f"receptive fields, got {self.n_hidden}"
            )
        self.hidden_frozen_ = False
        self.presentations_ = self.training_spikes_ = 0
        self.window_ = ResponseWindow(n_classes, self.n_hidden, self.assignment_window)
        super().start(X, y)

    def stages(self) -> Sequence[tuple[str, int]]:
        """Return one stage, or one for each layer."""
        if self.regime_ == "simultaneous":
            return (("together", self.epochs),)
        return (("hidden", self.epochs), ("readout", self.readout_epochs or self.epochs))

    @property
    def growing(self) -> tuple[str, ...]:
        """The epochs of the last stage."""
        return ("epochs",) if self.regime_ == "simultaneous" else ("readout_epochs",)

    def begin_stage(self, number: int) -> None:
        """Freeze the hidden layer before the read-out learns."""
        if number == 1:
            self.freeze_hidden()

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64] | None:
        """Return an order of its own for every epoch, or that given."""
        if not self.shuffle:
            return None
        rng = self.rng(stage)
        return [rng.permutation(n_samples) for _ in range(epoch + 1)][-1]

    def observe(self, record: dict[str, NDArray[Any]], X: Any, y: NDArray[np.int32]) -> None:
        """Add responses to the moving window of label assignment."""
        self.window_.add(record["exc.count"], y, self.n_seen_)
        self.presentations_ += int(record["presentations"].sum())
        self.training_spikes_ += int(record["exc.total"])

    def fit(
        self, X: Any, y: Any = None, *, hidden_from: SymSTDPClassifier | None = None, **options: Any
    ) -> Self:
        """Learn from scratch, see `bioplastic.models.base.SpikingEstimator.fit`.

        With ``hidden_from``, a fitted model, the read-out alone learns on the hidden layer of that,
        see `adopt_hidden`.
        """
        if hidden_from is None:
            return super().fit(X, y, **options)
        self._check_params()
        X, y = self.check_data(X, y, first=True)
        self.adopt_hidden(hidden_from)
        digest = hashlib.sha256(self.afferent_weights_.tobytes()).hexdigest()[:16]
        return self._fit_stages(X, y, **options, first_stage=1, hidden_from=digest)

    def freeze_hidden(self) -> Self:
        """Begin the second phase of ``'layer_by_layer'``: fresh read-out, frozen hidden layer.

        A `ValueError` tells if both layers learn together, or the phase has begun already.
        """
        check_is_fitted(self, "state_")
        if self.regime_ != "layer_by_layer" or self.hidden_frozen_:
            raise ValueError(
                "SymSTDPClassifier.freeze_hidden: needs regime 'layer_by_layer' in its first phase"
            )
        old, weights = self.state_, self.afferent_weights_
        self.hidden_frozen_ = True
        self.state_ = self.program("learn").initial_state(self.seed_)
        carried = [name for name in self.state_ if name.startswith(("clock.", "exc.", "inh."))]
        self.state_ |= {name: old[name] for name in carried}
        self.state_["image_exc.w"] = weights
        # the responses of the second phase alone decide about labels
        self.window_ = ResponseWindow(len(self.classes_), self.n_hidden, self.assignment_window)
        return self

    def adopt_hidden(self, other: SymSTDPClassifier) -> Self:
        """Begin the second phase with the hidden layer of another model instead of an own one.

        The hidden layer learns without labels, in either regime and variant alike, so one long
        training serves several read-outs.

        ``other`` is a fitted model with as many inputs and hidden neurons, the same receptive
        fields and the same classes to come; else, and without the regime ``'layer_by_layer'``, a
        `ValueError` says so.
        """
        self._check_params()
        check_is_fitted(other, "state_")
        place = "SymSTDPClassifier.adopt_hidden"
        if other.n_hidden != self.n_hidden:
            raise ValueError(
                f"{place}: must have the same n_hidden, got {self.n_hidden} and {other.n_hidden}"
            )
        self.n_features_in_, self.classes_ = other.n_features_in_, other.classes_
        if not np.array_equal(self.fields_.pixels, other.fields_.pixels):
            raise ValueError(
                f"{place}: must have the same receptive fields, got {self.fields_.pixels.shape} "
                f"and {other.fields_.pixels.shape} afferents"
            )
        self._begin(None, None)
        own = self.state_
        self.state_ = {name: other.state_.get(name, own[name]).copy() for name in own}
        self.state_["image_exc.w"] = other.afferent_weights_
        self.n_seen_ = other.n_seen_
        return self.freeze_hidden()

    # ---- what was learned ------------------------------------------------------------------------

    @property
    def weights_(self) -> NDArray[Any]:
        """Scaled input weights, shape (n_features, n_hidden), 0 outside of receptive fields."""
        return self.fields_.spread(self.afferent_weights_)

    @property
    def afferent_weights_(self) -> NDArray[Any]:
        """Scaled input weights as the engine keeps them, shape (n_inputs, n_hidden / n_columns)."""
        w, fields = self.state_["image_exc.w"], self.fields_
        total = summed_weight(fields.n_inputs // fields.n_columns, self.constants_)
        if self.hidden_frozen_ or total is None:
            return w.copy()
        return Normalisation(total=total).apply(w, fields.n_columns)

    @property
    def output_weights_(self) -> NDArray[Any]:
        """Read-out weights, shape (n_hidden, n_classes), scaled if the read-out rule scales."""
        p = self.constants_
        if "exc_class.w" not in self.state_:  # not yet learned
            return np.zeros((self.n_hidden, len(self.classes_)), dtype=self.dtype)
        w: NDArray[Any] = self.state_["exc_class.w"]
        if p.scaling_output is None or p.readout_rule == "error":
            return w.copy()
        return Normalisation(total=p.scaling_output * self.n_hidden * p.w_max_output).apply(w)

    @property
    def assignment_(self) -> NDArray[np.int64]:
        """Index of the class that each hidden neuron responded to most, -1 for a silent one."""
        return self.window_.assignment

    # ---- answering -------------------------------------------------------------------------------

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights and thresholds as the network that answers uses them."""
        frozen = {"image_exc.w": self.afferent_weights_, "exc.theta": self.state_["exc.theta"]}
        if "exc_class.w" in self.state_:
            frozen["exc_class.w"] = self.state_["exc_class.w"]
        return frozen

    def respond(self, X: ArrayLike, *, repetition: int | None = None) -> Response:
        """Show images to the frozen network and count spikes.

        The network starts from rest and is not reset between images, as in training, so the
        response to an image depends slightly on the one before.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Grey values from 0 to 255.
        repetition : int, optional
            Which of several independent presentations to return. Default: the sum over the first
            ``test_presentations`` of them.

        """
        if repetition is None:
            answers = [self.respond(X, repetition=k) for k in range(self.test_presentations)]
            return sum(answers[1:], start=answers[0])
        number = check_integer("SymSTDPClassifier.repetition", repetition, minimum=0)
        found = self.answer(X, stream=(1, number) if number else (1,))
        return Response(found["exc.count"], found["output.count"], found["presentations"])

    def read_out(self, response: Response, readout: str | None = None) -> NDArray[Any]:
        """Turn spike counts into labels.

        Parameters
        ----------
        response : Response
            As from `respond`; ties and silence go to the lowest class.
        readout : {'supervised', 'assigned'}, optional
            Default: that of the model.
        """
        chosen = self.readout if readout is None else readout
        check_choice("SymSTDPClassifier.readout", chosen, ("supervised", "assigned"))
        labels: NDArray[Any] = self.classes_[self._score(response, chosen).argmax(axis=1)]
        return labels

    def scores(self, X: Any) -> NDArray[Any]:
        """Return the spikes of each output neuron, or the mean of the cells assigned to a class."""
        return self._score(self.respond(X), self.readout)

    def _score(self, response: Response, readout: str) -> NDArray[Any]:
        if readout == "supervised":
            return response.output
        return self.window_.votes(response.hidden)
