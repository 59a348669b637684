"""Layers of E and I cells under Dale's law that learn locally and mend themselves.

Each layer has spiking E cells and, a quarter as many, linear I cells that subtract and divide; no
weight is negative:

    I_I = W_IE x,   inh = W_EI I_I,   sh = W_EI (g_I I_I),   I = (W_EE x - inh)/sh,
    u <- leak (u - theta s) + I,   s = [u > theta]

(Liu, Ding & Yu 2026, arXiv 2509.23253). Weights begin so that the current has unit variance (their
"E-I Init"). That paper back-propagates. Here, a local counterpart, each layer has an error of its
own, ``m = B^T (softmax(B s) - onehot(y)) psi(u)`` through fixed random ``B = +-1/n``, and

    dW_EE = -eta m q^T,   dW_IE = eta F m q^T / n,   q <- trace q + x,

with ``psi(u) = 0.3 max(1 - |u - theta|, 0)`` and a fixed random F in place of the transpose of W_EI
(after Apolinario et al. 2025, arXiv 2502.01837); weights stop at 0. The rest stays.

Repair needs no labels: every cell returns to the rate it had after training, by its inhibition,
``W_EI,ij *= 1 + eta (r_i - r_i,trained) I_I,j / mean(I_I)`` (as Vogels et al. 2011, doi
10.1126/science.1211095), or by its threshold, ``theta_i += eta (r_i - r_i,trained)``.

Not local: the label reaches every layer; softmax sums over classes; a step sums over a batch, and
Adam keeps two averages in each synapse; the mean of I_I is over the layer; where ``sh`` is zero the
smallest of the layer stands in; the first weights are scaled by statistics of a batch (unscaled
behind a silent layer). The read-out is signed and breaks Dale's law.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic.fields import Parametrised, check_params, param
from bioplastic.models.images import encode_labels
from bioplastic.validation import check_choice, check_integer, check_real

__all__ = ["EIClassifier", "EILayer"]

F64 = NDArray[np.float64]


@dataclass
class EILayer:
    """One layer: weights (to, from), and what its cells hold.

    Attributes
    ----------
    w_ee, w_ie, w_ei : ndarray
        Weights from the layer below to E and to I cells, and from I to E cells.
    g_i, inhibition : float, str
        Gain of the I cells where they divide, and what they do, as in `EIClassifier`.
    b, f : ndarray
        Fixed random matrices of the error, (n_classes, n_e) and (n_i, n_e).
    theta, rate : ndarray, shape (n_e,)
        Thresholds, and spikes for a step after training: what repair returns to.
    """

    w_ee: F64
    w_ie: F64
    w_ei: F64
    g_i: float
    inhibition: str
    b: F64
    f: F64
    theta: F64
    rate: F64

    def current(self, x: F64) -> F64:
        """Return the current of E cells, shape (..., n_e), to the activity of the layer below."""
        excitation = x @ self.w_ee.T
        if self.inhibition in ("none", "signed"):
            return np.asarray(excitation)
        inhibition = x @ self.w_ie.T @ self.w_ei.T
        net = excitation if self.inhibition == "divisive" else excitation - inhibition
        if self.inhibition == "subtractive":
            return np.asarray(net)
        shunt = np.where(inhibition > 0, self.g_i * inhibition, np.inf)
        least = shunt.min(axis=-1, keepdims=True)
        shunt = np.where(np.isinf(shunt), least, shunt)
        return np.asarray(net / np.where(np.isinf(shunt), 1.0, shunt))

    def run(self, x: F64, leak: float) -> tuple[F64, F64]:
        """Return spikes and potentials before reset, both of shape (steps, n, n_e)."""
        current = self.current(x)
        spikes, potential = np.zeros_like(current), np.zeros_like(current)
        u = np.zeros(current.shape[1:])
        for t, i in enumerate(current):
            u = leak * u + i
            potential[t] = u
            spikes[t] = u > self.theta
            u = u - self.theta * spikes[t]
        return spikes, potential


class EIClassifier(Parametrised, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A stack of E/I layers with a linear read-out of the spikes of the last.

    Attributes
    ----------
    layers_ : list of EILayer
        From the first to the last.
    coef_, intercept_ : ndarray
        Read-out, shapes (n_classes, n_e) and (n_classes,).
    start_rates_ : ndarray, shape (n_layers,)
        Mean spikes for a cell and step before anything was learned.

    Examples
    --------
    >>> X = np.repeat(np.eye(4) * 255, 10, axis=0)
    >>> y = np.repeat([0, 1, 2, 3], 10)
    >>> model = EIClassifier((12, 12), epochs=60, random_state=0).fit(X, y)
    >>> bool((model.predict(0.3 * X) == model.predict(X)).all())
    True
    """

    layers: tuple[int, ...] = param((80, 80, 80, 80), minimum=1, doc="E cells of each layer")
    inhibition: str = param(
        "both", choices=("both", "subtractive", "divisive", "none", "signed"),
        doc="what I cells do; 'signed' has no I cells and no Dale's law",
    )  # fmt: skip
    scaled: bool = param(True, doc="whether weights begin scaled, or exponential of 1/sqrt(n)")
    homeostasis: float = param(0.0, minimum=0, doc="rate of thresholds in training; 0 for none")
    target: float = param(0.4, minimum=0, maximum=1, doc="spikes for a step they aim at")
    steps: int = param(6, minimum=1, doc="steps that an image is shown as constant current")
    leak: float = param(0.5, minimum=0, maximum=1, doc="what is left of a membrane after a step")
    theta: float = param(0.6, positive=True, doc="threshold at the start")
    trace: float = param(0.5, minimum=0, maximum=1, doc="what is left of a trace after a step")
    eta: float = param(1e-3, minimum=0, doc="learning rate of the layers; 0 for frozen ones")
    eta_readout: float = param(5e-3, positive=True, doc="learning rate of the read-out")
    epochs: int = param(20, minimum=1, doc="passes through the images")
    batch: int = param(64, minimum=1, doc="images for a step of learning")
    begin: int = param(500, minimum=1, doc="images whose statistics scale the first weights")
    random_state: Any = param(None, doc="None, an integer or a RandomState")

    def fit(self, X: Any, y: Any) -> EIClassifier:
        """Scale the layers from below, then let all of them and the read-out learn at once."""
        check_params(self)
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_, labels = encode_labels("EIClassifier.y", y, len(X))
        rng = check_random_state(self.random_state)
        self._build(self._show(X[rng.permutation(len(X))[: self.begin]]), rng)
        wanted = np.eye(len(self.classes_))[labels]
        self.coef_ = np.zeros((len(self.classes_), self.layers[-1]))
        self.intercept_ = np.zeros(len(self.classes_))
        steps: dict[str, Any] = {}
        for _ in range(self.epochs):
            order = rng.permutation(len(X))
            for k in range(0, len(X), self.batch):
                here = order[k : k + self.batch]
                self._learn(self._show(X[here]), wanted[here], steps)
        for layer, rate in zip(self.layers_, self.rates(X), strict=True):
            layer.rate = rate
        return self

    def rates(self, X: Any) -> list[F64]:
        """Return the mean spikes for a step of each cell, by layer."""
        return [spikes.mean(axis=(0, 1)) for _, spikes, _ in self._run(self._show(X))]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class whose cell of the read-out is driven most."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        drive = self._run(self._show(X))[-1][1].sum(axis=0) @ self.coef_.T + self.intercept_
        return np.asarray(self.classes_[np.argmax(drive, axis=1)])

    def scale_inhibition(self, factor: Any) -> EIClassifier:
        """Multiply the weights from below to I cells, by a number or by ``factor(n_cells)``."""
        check_is_fitted(self)
        for layer in self.layers_:
            each = factor(len(layer.w_ie)) if callable(factor) else factor
            layer.w_ie = (layer.w_ie.T * each).T
        return self

    def repair(self, X: Any, by: str = "inhibition", *, eta: float = 0.1, batches: int = 300,
               size: int = 32, random_state: Any = None) -> EIClassifier:  # fmt: skip
        """Bring all cells back to the rates of training, without labels.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
            Images.
        by : {'inhibition', 'threshold'}, default 'inhibition'
            What changes.
        eta, batches, size : float, int, int, default 0.1, 300 and 32
            Learning rate, steps, and images in each, chosen by ``random_state``.
        """
        check_choice("EIClassifier.repair.by", by, ("inhibition", "threshold"))
        check_real("EIClassifier.repair.eta", eta, minimum=0)
        check_integer("EIClassifier.repair.batches", batches, minimum=0)
        check_integer("EIClassifier.repair.size", size, minimum=1)
        if by == "inhibition" and self.inhibition in ("none", "signed"):
            raise ValueError("EIClassifier.repair.by: there is no inhibition, got 'inhibition'")
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        rng = check_random_state(random_state)
        for _ in range(batches):
            shown = self._show(X[rng.randint(len(X), size=size)])
            for layer, (x, spikes, _) in zip(self.layers_, self._run(shown), strict=True):
                error = eta * (spikes.mean(axis=(0, 1)) - layer.rate)
                if by == "threshold":
                    layer.theta = layer.theta + error
                    continue
                drive = x.mean(axis=(0, 1)) @ layer.w_ie.T
                change = error[:, None] * drive / max(float(drive.mean()), 1e-12)
                layer.w_ei = np.maximum(layer.w_ei * (1 + change), 0)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.inhibition != "signed"
        return tags

    def _show(self, X: Any) -> F64:
        if self.inhibition != "signed" and np.min(X) < 0:
            raise ValueError(f"EIClassifier.X: Negative values in data (Dale), got {np.min(X):.3g}")
        return np.broadcast_to(np.asarray(X, float) / 255, (self.steps, *np.shape(X)))

    def _run(self, x: F64) -> list[tuple[F64, F64, F64]]:
        """Return input, spikes and potentials of every layer."""
        found = []
        for layer in self.layers_:
            spikes, potential = layer.run(x, self.leak)
            found.append((x, spikes, potential))
            x = spikes
        return found

    def _build(self, x: F64, rng: Any) -> None:
        """Draw the weights, each layer scaled by the activity of those below."""
        self.layers_: list[EILayer] = []
        for m in self.layers:
            n, n_i = x.shape[-1], max(1, m // 4)
            flat = x.reshape(-1, n)
            mean, square, spread = flat.mean(), (flat**2).mean(), flat.var(axis=0).mean()
            scale = 1 / np.sqrt(n)
            if self.scaled and self.inhibition != "signed" and square:
                scale = np.sqrt(spread / (n * (square + spread)))
            draw = rng.standard_normal if self.inhibition == "signed" else rng.standard_exponential
            layer = EILayer(
                w_ee=scale * draw((m, n)), w_ie=scale * rng.standard_exponential((n_i, n)),
                w_ei=np.full((m, n_i), 1 / n_i), inhibition=self.inhibition,
                g_i=float(np.sqrt((square + spread) / n) / mean) if mean else 1.0,
                theta=np.full(m, self.theta), f=2 / n_i * rng.random_sample((n_i, m)),
                b=rng.choice([-1.0, 1.0], (len(self.classes_), m)) / m, rate=np.zeros(m),
            )  # fmt: skip
            x, _ = layer.run(x, self.leak)
            layer.rate = x.mean(axis=(0, 1))
            self.layers_.append(layer)
        self.start_rates_ = np.array([layer.rate.mean() for layer in self.layers_])

    def _learn(self, x: F64, wanted: F64, steps: dict[str, Any]) -> None:
        """Change all weights by one batch."""
        for k, (layer, ran) in enumerate(zip(self.layers_, self._run(x), strict=True)):
            below, spikes, u = ran
            excess = spikes.mean(axis=(0, 1)) - self.target
            layer.theta = layer.theta + self.homeostasis * excess
            if not self.eta:
                continue
            q = below.copy()
            for t in range(1, self.steps):
                q[t] += self.trace * q[t - 1]
            error = (softmax(spikes @ layer.b.T, axis=-1) - wanted) @ layer.b
            error = error * 0.3 * np.maximum(1 - np.abs(u - layer.theta), 0)
            error, q = error.reshape(-1, error.shape[-1]), q.reshape(-1, q.shape[-1])
            low = -np.inf if self.inhibition == "signed" else 0.0
            change = _adam(steps, f"ee{k}", error.T @ q, self.eta)
            layer.w_ee = np.maximum(layer.w_ee - change, low)
            if self.inhibition not in ("none", "signed"):
                gradient = -(error @ layer.f.T).T @ q / q.shape[-1]
                change = _adam(steps, f"ie{k}", gradient, self.eta)
                layer.w_ie = np.maximum(layer.w_ie - change, 0)
        counts = spikes.sum(axis=0)
        error = softmax(counts @ self.coef_.T + self.intercept_, axis=-1) - wanted
        self.coef_ -= _adam(steps, "coef", error.T @ counts, self.eta_readout)
        self.intercept_ -= _adam(steps, "intercept", error.sum(axis=0), self.eta_readout)


def _adam(steps: dict[str, Any], name: str, gradient: F64, eta: float) -> F64:
    """Return the step of Adam (Kingma & Ba 2015) with its usual constants."""
    mean, square, t = steps.get(name, (0.0, 0.0, 0))
    mean, square, t = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2, t + 1
    steps[name] = mean, square, t
    return np.asarray(eta * mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8))
