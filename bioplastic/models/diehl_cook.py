"""Digits without labels: STDP, lateral inhibition and adaptive thresholds (Diehl & Cook 2015).

Pixels fire at random; each excitatory cell drives one inhibitory cell, which silences all others::

    tau dv/dt = v_rest - v + ge (0 - v) + gi (-100 mV - v)       fires at v > v_t + theta - 20 mV
    at a spike   theta += 0.05 mV,                               tau_theta dtheta/dt = -theta

Conductances ge and gi decay with 1 and 2 ms. Input synapses, with delays of their own up to 10 ms,
learn by `bioplastic.plasticity.diehl_cook_stdp`, and the weights of a cell are scaled to a fixed
sum before each presentation. An image is shown for 350 ms and again, brighter, if all cells
together fired fewer than five times. Labels are used once, after learning: each cell stands for the
class that it answers to most, and the class whose cells fire most on average is the answer.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Self

import numpy as np
from brian2 import Quantity, ms, mV, second
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis.assignment import ResponseWindow
from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SpikeCount,
    SpikeRecord,
    UniformProjection,
)
from bioplastic.fields import param
from bioplastic.models.image_classifier import ImageClassifier, image_source, image_trial
from bioplastic.neurons import adaptive_conductance_lif, conductance_lif
from bioplastic.plasticity import Normalisation, PlasticityRule, diehl_cook_stdp

__all__ = ["DiehlCookClassifier"]


class DiehlCookClassifier(ImageClassifier):
    """Spiking network that finds prototypes of images without labels, and reads them out by vote.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    window_ : ResponseWindow
        What cells answered to each class: during learning in a moving window, after `fit` or
        `assign` with learning off.
    presentations_ : int
        Presentations that the training images needed.

    Notes
    -----
    The published program gives thresholds a decay of 10,000 s per step, of which single precision
    would round half away; here they decay by the same factor once per presentation. All equations
    take Euler steps of 0.5 ms, as there, so a conductance of 1 ms halves in every step. When many
    cells fire at once, such a step leads beyond the reversal potential of inhibition, from more
    than 23 on further with every step; potentials are cut off there, as Hao et al. (2020) do.

    References
    ----------
    Diehl & Cook (2015), "Unsupervised learning of digit recognition using spike-timing-dependent
    plasticity", Front. Comput. Neurosci. 9:99, doi 10.3389/fncom.2015.00099; constants and the
    order of events as in their program and in Brian2's example.

    Examples
    --------
    >>> X = np.zeros((20, 64), dtype=np.uint8); X[::2, :32] = 255; X[1::2, 32:] = 255
    >>> y = np.tile(["left", "right"], 10)
    >>> model = DiehlCookClassifier(n_hidden=10, scaling=0.8, random_state=1).fit(X, y)
    >>> model.score(X, y)
    1.0
    """

    # fmt: off
    n_hidden: int = param(100, minimum=1, doc="excitatory cells, and as many inhibitory ones")
    epochs: int = param(1, minimum=1, doc="passes of `fit` through the images; published are 3 "
                        "for 100 and 400 cells")
    label_images: int | None = param(None, minimum=1, doc=
        "training images that `fit` shows at its end, with learning off, to give cells classes; "
        "None, as published, for all")
    assignment_window: int = param(10_000, minimum=6, doc=
        "images that the assignment during learning looks back on, see `ResponseWindow`")
    delay_max: Quantity = param(10*ms, minimum=0, doc=
        "each input synapse has a delay between 0 and this; 0 ms leaves delays out, which is much "
        "faster")
    scaling: float | None = param(78/784, positive=True, doc=
        "summed input weight of a cell after scaling, per input; None for no scaling")
    eta_pre: float = param(1e-4, minimum=0, doc="depression at a presynaptic spike")
    eta_post: float = param(1e-2, minimum=0, doc="potentiation at a postsynaptic spike")
    w_max: float = param(1.0, positive=True, doc="upper bound of input weights")
    excitation: float = param(10.4, minimum=0, doc="weight from excitatory to inhibitory cell")
    inhibition: float = param(17.0, minimum=0, doc="weight from inhibitory to other cells")
    theta_plus: Quantity = param(0.05*mV, minimum=0, doc="growth of the threshold at a spike")
    tau_theta: Quantity = param(1e4*second, positive=True, doc="decay of the threshold")
    refractory: Quantity = param(5*ms, minimum=0, doc=
        "of excitatory cells, as in the published program; in Brian2's example a timer makes it "
        "50 ms for spikes")
    presentation: Quantity = param(350*ms, positive=True, doc="length of an image")
    rest: Quantity = param(150*ms, minimum=0, doc="length of the pause after it")
    min_spikes: int = param(5, minimum=0, doc="with fewer the image is shown again, brighter")
    first_intensity: float = param(2.0, minimum=0, doc=
        "rates are ``pixel/8 * intensity`` Hz; it grows by one with every repetition")
    last_intensity: float = param(32.0, minimum=0, doc=
        "from this on nothing is repeated; the published program has no end")
    # fmt: on

    dt = 0.5 * ms
    stored = (ResponseWindow,)
    window_: ResponseWindow

    # ---- the network -----------------------------------------------------------------------------

    def rule(self) -> PlasticityRule:
        """Return what input synapses learn by."""
        total = None if self.scaling is None else self.scaling * self.n_features_in_
        return diehl_cook_stdp(
            eta_pre=self.eta_pre, eta_post=self.eta_post, w_max=self.w_max, total=total,
            delayed=self._delayed,
        )  # fmt: skip

    @property
    def _delayed(self) -> bool:
        return bool(self.delay_max > 0 * ms)

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, the one that answers, or that with all its spikes."""
        learn, window = kind == "learn", (0 * ms, self.presentation)
        exc = adaptive_conductance_lif(
            adaptation="growing" if learn else "off", increment="constant",
            theta_plus=self.theta_plus, refractory=self.refractory,
        )  # fmt: skip
        exc, inh = (
            replace(each, method="euler") for each in (exc, conductance_lif(refractory=2 * ms))
        )
        decay = math.exp(-float((self.presentation + self.rest) / self.tau_theta))
        cells = (
            image_source(self.n_features_in_, self.presentation),
            Population(name="exc", n=self.n_hidden, model=exc,
                       on_trial_end=(f"theta = theta*{decay!r}",) if learn else ()),
            Population(name="inh", n=self.n_hidden, model=inh),
        )  # fmt: skip
        synapses = (
            DenseProjection(
                name="image_exc", source="image", target="exc", transmit="ge_post += w",
                delay=f"rand()*{float(self.delay_max)!r}*second" if self._delayed else None,
                rule=self.rule() if learn else None,
                initial={"w": _draw_weights} if learn else {},
            ),
            UniformProjection(
                name="exc_inh", source="exc", target="inh", pattern="one_to_one",
                transmit="ge_post += w", parameters={"w": self.excitation},
            ),
            UniformProjection(
                name="inh_exc", source="inh", target="exc", pattern="all_but_self",
                transmit="gi_post += w", parameters={"w": self.inhibition},
            ),
        )  # fmt: skip
        records: list[Any] = [SpikeCount(population="exc", window=window)]
        if kind == "spikes":
            records += [SpikeRecord(population=name) for name in ("image", "exc", "inh")]
        return NetworkSpec(
            populations=cells, projections=synapses, records=tuple(records),
            trial=image_trial(
                self.presentation, self.rest, min_spikes=self.min_spikes,
                first_intensity=self.first_intensity, last_intensity=self.last_intensity,
            ),
        )  # fmt: skip

    def present(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> dict[str, Any]:
        """Show grey values; labels are no input."""
        return {"pixel": X}

    # ---- learning --------------------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Draw weights and delays, forget responses."""
        self.presentations_ = 0
        self._open_window()
        super().start(X, y)

    def _open_window(self) -> None:
        self.moving_ = True
        self.window_ = ResponseWindow(len(self.classes_), self.n_hidden, self.assignment_window)

    def observe(self, record: dict[str, NDArray[Any]], X: Any, y: NDArray[np.int32]) -> None:
        """Add responses to the moving window of label assignment."""
        if not self.moving_:
            self._open_window()
        self.window_.add(record["exc.count"], y, self.n_seen_)
        self.presentations_ += int(record["presentations"].sum())

    def finish(self, X: Any, y: Any) -> None:
        """Give cells their classes, with learning off."""
        self._label(X[: self.label_images], y[: self.label_images])

    def assign(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Show images with learning off and give each cell the class that it answers to most.

        `fit` does this with the training images at its end; after `partial_fit`, the classes are
        those of a moving window of responses during learning.
        """
        samples, labels = self.check_data(X, y, first=False)
        self._label(samples, labels)
        return self

    def _label(self, X: Any, y: NDArray[np.int32]) -> None:
        self.moving_ = False
        self.window_ = ResponseWindow(len(self.classes_), self.n_hidden, len(X), blocks=1)
        self.window_.add(self._show(X, stream=(2,))["exc.count"], y, 0)

    # ---- what was learned ------------------------------------------------------------------------

    @property
    def weights_(self) -> NDArray[Any]:
        """Scaled input weights, shape (n_features, n_hidden)."""
        w: NDArray[Any] = self.state_["image_exc.w"]
        if self.scaling is None:
            return w.copy()
        return Normalisation(total=self.scaling * self.n_features_in_).apply(w)

    @property
    def assignment_(self) -> NDArray[np.int64]:
        """Index of the class that each cell answers to most, -1 for a silent one."""
        return self.window_.assignment

    # ---- answering -------------------------------------------------------------------------------

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights, delays and thresholds as the network that answers uses them."""
        kept = ("exc.theta", *(["image_exc.delay"] if self._delayed else []))
        return {"image_exc.w": self.weights_, **{name: self.state_[name] for name in kept}}

    def respond(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the spikes of each cell to each image, shape (n_samples, n_hidden).

        Learning is off. The network is not reset between images, as in training, so the response to
        an image depends slightly on the one before.
        """
        counts: NDArray[np.int32] = self.answer(X)["exc.count"]
        return counts

    def scores(self, X: Any) -> NDArray[np.float64]:
        """Return the mean spikes of the cells of each class, shape (n_samples, n_classes)."""
        return self.window_.votes(self.respond(X))


def _draw_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(0.3 * (rng.random(shape) + 0.01), dtype=np.float32)
