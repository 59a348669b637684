"""Cells that find code words: STDP under a teacher, then one factor for all weights (Davies 2025).

A word of ten bits is shown on two rails: ten cells that stand for ones and ten for zeros. In
training, a teacher makes the detectors of a word fire 5 ms after the spikes of its ones and 5 ms
before those of its zeros. The rule is that of the nearest pair with both signs positive, so each
of these synapses grows from 0 by ``exp(-1)``; the weights of several words add up. What answers is
one cell per detector: each rail excites it by its own weights and inhibits it by those of the
other, so bit i of a word adds, or takes off, ``n1_i - n0_i``: trained ones minus trained zeros.

Homeostasis is one factor per detector: the smallest that makes it fire for each of its words. With
it, one trained word has one answer, and two words at Hamming distance d have exactly ``2^d``: all
words that agree with both where they agree. A detector is a count of matching bits with a
threshold, and its threshold is chosen with labels, offline.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np
from brian2 import Mohm, Quantity, ms, mV, nA
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine import DenseProjection, NetworkSpec, Population, SpikeCount, Trial
from bioplastic.engine import UniformProjection as Uniform
from bioplastic.fields import param
from bioplastic.models.base import SpikingEstimator
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, pair_stdp
from bioplastic.signals import SpikeListSource

__all__ = ["WordDetectors"]

RAILS = {"one": 1, "zero": 0}  # name of the rail, and the bit that it stands for


class WordDetectors(SpikingEstimator):
    """Detectors of code words by STDP and homeostasis.

    Samples are words, one 0 or 1 per bit. The target is what the teachers do: a matrix of 0 and 1,
    one column per detector, with 1 where the word is one of its own.

    Attributes
    ----------
    factors_ : array, shape (n_detectors,)
        Homeostatic factor of every detector, 1 before `scale`.
    ones_, zeros_ : array, shape (n_bits, n_detectors)
        Trained weights of the two rails, without the factor.

    Notes
    -----
    Delays are those of the released program. There a spike that arrives in a step is felt in it,
    here in the next one, so delays are 1 ms shorter; and there the spike of a cell
    reaches its synapses 1 ms late, here the teacher is 1 ms later for it. The further spikes of
    its schedule (1 and 56, 6 and 59 ms) make its chip carry out what is due; here they would make
    pairs 25 ms apart, which the released weights do not contain, and are left out.

    References
    ----------
    Davies, Gait, Rowley & Di Nuovo (2025), doi 10.1016/j.neucom.2024.128650; constants from their
    released program.

    Examples
    --------
    >>> words = np.array([[1, 1, 0, 0], [1, 0, 1, 0]])
    >>> model = WordDetectors().fit(words, [[1], [1]])              # one detector for both
    >>> every = (np.arange(16)[:, None] >> np.arange(3, -1, -1)) & 1
    >>> int(model.predict(every).sum())                             # 2 to the distance of the two
    4
    """

    tau: Quantity = param(20 * ms, positive=True, doc="membrane time constant")
    resistance: Quantity = param(20 * Mohm, positive=True, doc="membrane resistance, tau / 1 nF")
    v_rest: Quantity = param(-65 * mV, doc="rest and reset")
    v_t: Quantity = param(-50 * mV, doc="threshold")
    relay: Quantity = param(20 * nA, positive=True, doc="weight that makes a cell fire at once")
    tau_stdp: Quantity = param(5 * ms, positive=True, doc="both time constants of the rule")
    amplitude: float = param(1.0, positive=True, doc="of both orders of a pair")
    w_max: float = param(20.0, positive=True, doc="bound of a weight in nA")
    fraction_bits: int = param(
        8, minimum=0, maximum=40, doc="binary places of a trained weight, the rest is cut off"
    )
    h_max: float = param(100.0, positive=True, doc="largest factor; a word that needs more is left")
    dtype: str = param(
        "float64", choices=("float32", "float64"), kw_only=True,
        doc="precision; words with equal scores must not be told apart by rounding",
    )  # fmt: skip

    dt = 1 * ms
    factors_: NDArray[np.float64]

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return words, and the matrix of the teachers, one column per detector.

        Raises
        ------
        ValueError
            For anything but 0 and 1, and for another number of words or detectors.
        """
        place, words = type(self).__name__, self.check_samples(X, first=first)
        if y is None:
            raise ValueError(f"{place}.y: requires y to be passed, but the target y is None")
        taught = np.asarray(y)
        wanted = (len(words), "n_detectors" if first else self.factors_.size)
        if taught.ndim != 2 or len(taught) != len(words) or not np.isin(taught, (0, 1)).all():
            raise ValueError(f"{place}.y: must be 0 and 1 of shape {wanted}, got {taught!r:.80}")
        if not first and taught.shape[1] != self.factors_.size:
            raise ValueError(f"{place}.y: must have shape {wanted}, got {taught.shape}")
        if first:
            self.factors_ = np.ones(taught.shape[1])
        return words, taught.astype(bool)

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse anything but 0 and 1."""
        super().check_values(array)
        if not np.isin(array, (0, 1)).all():
            raise ValueError(f"{type(self).__name__}.X: must be bits, 0 or 1, got {array.max()}")

    def network(self, kind: str) -> NetworkSpec:
        """Return rails, relays and detectors, which the teachers make fire in training."""
        n_bits, n = self.n_features_in_, self.factors_.size
        cells: list[Any] = []
        synapses: list[Any] = []
        for rail in RAILS:
            cells += [
                SpikeListSource(name=rail, n=n_bits),
                self._cells(f"{rail}_relay", n_bits),
            ]
            synapses.append(self._relay(rail, f"{rail}_relay"))
        if kind == "learn":
            cells.append(SpikeListSource(name="teacher", n=n))
            for rail, sign in (("one", "+"), ("zero", "-")):  # each trains cells of its own
                cells.append(self._cells(f"{rail}_out", n))
                synapses += [
                    self._relay("teacher", f"{rail}_out", delay=2 * ms),
                    self._synapses(f"{rail}_stdp", rail, f"{rail}_out", sign, learn=True),
                ]
            return NetworkSpec(
                populations=tuple(cells), projections=tuple(synapses), trial=Trial(duration=75 * ms)
            )
        cells.append(self._cells("out", n))
        for rail in RAILS:
            for role, sign in (("exc", "+"), ("inh", "-")):
                synapses.append(self._synapses(f"{rail}_{role}", rail, "out", sign))
        return NetworkSpec(
            populations=tuple(cells), projections=tuple(synapses), trial=Trial(duration=20 * ms),
            records=(SpikeCount(population="out"),),
        )  # fmt: skip

    def _cells(self, name: str, n: int) -> Population:
        model = NeuronModel(
            name="delta", equations="v : volt\ni_in : amp", threshold="v >= v_t",
            update="v = v_rest + (v - v_rest)*exp(-dt/tau) + r*i_in*(1 - exp(-dt/tau))\n"
            "i_in = 0*amp",
            reset="v = v_rest", initial={"v": self.v_rest},
            parameters={"tau": self.tau, "r": self.resistance, "v_rest": self.v_rest,
                        "v_t": self.v_t},
        )  # fmt: skip
        return Population(
            name=name, n=n, model=model, on_trial_start="v = v_rest; i_in = 0*amp"
        )  # fmt: skip

    def _relay(self, source: str, target: str, delay: Any = None) -> Uniform:
        return Uniform(
            name=f"{source}_to_{target}", source=source, target=target, pattern="one_to_one",
            transmit="i_in_post += relay", parameters={"relay": self.relay}, delay=delay,
        )  # fmt: skip

    def _synapses(
        self, name: str, rail: str, target: str, sign: str, learn: bool = False
    ) -> DenseProjection:
        return DenseProjection(
            name=name, source=f"{rail}_relay", target=target, rule=self.rule() if learn else None,
            transmit=f"i_in_post += {sign}w*nA",
        )  # fmt: skip

    def rule(self) -> PlasticityRule:
        """Return the rule of the nearest pair, from zero for every word; cut weights are summed."""
        stdp = pair_stdp(
            eta=1.0, a_plus=self.amplitude, a_minus=-self.amplitude, tau_plus=self.tau_stdp,
            tau_minus=self.tau_stdp, w_max=self.w_max, pairing="nearest",
        )  # fmt: skip
        steps = float(2**self.fraction_bits)
        return dataclasses.replace(
            stdp,
            synapse=f"{stdp.synapse}\ntotal : 1",
            on_trial_start="x_pre = 0; x_post = 0; w = 0",
            on_trial_end="total += floor(w*steps)/steps",
            parameters={**stdp.parameters, "steps": steps},
        )

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show the ones on one rail and the zeros on the other."""
        learn = y is not None
        at = {"one": 26 * ms, "zero": 36 * ms} if learn else dict.fromkeys(RAILS, 1 * ms)
        given = {rail: _spikes(X == bit, at[rail]) for rail, bit in RAILS.items()}
        return given | ({"teacher": _spikes(y, 29 * ms)} if learn else {})

    def finish(self, X: Any, y: Any) -> None:
        """Find the homeostatic factors of the trained words."""
        self.scale(X, y)

    def scale(self, X: Any, y: Any) -> Self:
        """Set every factor to the smallest with which the detector fires for each of its words.

        It is sought as published, offline: bisection to 1e-4, then steps of 1e-5. A word that
        needs more than ``h_max`` is left out. `fit` does this; after `partial_fit` it is due.
        """
        X, y = self.check_data(X, y, first=False)
        best, kept = np.full(self.factors_.size, np.nan), self.factors_
        with self._compiled_once():
            while y.any():  # a word of each detector at a time
                word, taught = y.argmax(axis=0), y.any(axis=0)
                best = np.fmax(best, self._smallest(X, word, taught))
                y[word, np.arange(word.size)] = False
        self.factors_ = np.where(np.isnan(best), kept, best)
        return self

    def _smallest(
        self, X: Any, word: NDArray[np.int64], taught: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return the smallest factor with which every detector fires for one word, else NaN."""

        def fires(factors: NDArray[np.float64]) -> NDArray[np.bool_]:
            self.factors_ = factors
            found: NDArray[np.bool_] = self.predict(X)[word, np.arange(word.size)]
            return found & taught

        low, high = np.full(word.size, 1e-4), np.full(word.size, self.h_max)
        reached = fires(high)
        while np.any(high - low > 1e-4):
            middle = (low + high) / 2
            found = fires(middle)
            low, high = np.where(found, low, middle), np.where(found, middle, high)
        h = np.round(low, 5) - 1e-5
        while np.any(silent := reached & ~fires(h)):
            h = np.where(silent, h + 1e-5, h)
        return np.where(reached, h, np.nan)

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return the weights of the four projections: to each rail those of both, scaled."""
        ones, zeros = self.factors_ * self.ones_, self.factors_ * self.zeros_
        return {"one_exc.w": ones, "one_inh.w": zeros, "zero_exc.w": zeros, "zero_inh.w": ones}

    @property
    def ones_(self) -> NDArray[Any]:
        """Weights of the rail of ones, shape (n_bits, n_detectors)."""
        return self.state_["one_stdp.total"]

    @property
    def zeros_(self) -> NDArray[Any]:
        """Weights of the rail of zeros, shape (n_bits, n_detectors)."""
        return self.state_["zero_stdp.total"]

    def predict(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Return which detectors fire for which words, shape (n_samples, n_detectors)."""
        check_is_fitted(self, "n_seen_")
        fires: NDArray[np.bool_] = self.answer(X)["out.count"] > 0
        return fires


def _spikes(cells: NDArray[Any], at: Quantity) -> list[Any]:
    return [(on := np.flatnonzero(row), np.full(on.size, float(at))) for row in cells]
