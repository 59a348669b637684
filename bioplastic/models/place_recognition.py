"""Places along a way, each stretch in a network of its own (Hussaini, Milford & Fischer 2023).

Every module is a network of Diehl & Cook that learns the places of one region alone. All modules
see every query, and the place whose cells fire most on average, in whatever module, is the answer.
But a module answers to places of other regions too, which it has never seen. So all references are
shown to all modules after learning::

    a_n = references that make cell n fire at least once
    cell n is silenced when the modules answer if a_n >= hyperactive_from

The limit is chosen with queries of a part of the way that is not tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis.assignment import ResponseWindow
from bioplastic.fields import checked, param
from bioplastic.models.diehl_cook import DiehlCookClassifier
from bioplastic.plasticity import Normalisation

__all__ = ["PlaceModules", "precision_recall", "recall_at"]


@checked(n=param(minimum=1))
def recall_at(scores: ArrayLike, y: ArrayLike, n: int = 1) -> float:
    """Return how many queries have their place among the `n` best, from 0 to 1.

    Parameters
    ----------
    scores : array_like, shape (n_queries, n_places)
        What each place gets for each query.
    y : array_like of int, shape (n_queries,)
        Index of the right place.
    n : int, default 1
        Places that count. The right one must stand alone: others with the same score, as when no
        cell fires, are taken to come before it.

    Raises
    ------
    ValueError
        If there is no query, or shapes or places disagree.

    Examples
    --------
    >>> recall_at([[3, 1], [0, 0], [1, 2]], [0, 0, 0]), recall_at([[3, 1], [0, 0]], [0, 0], n=2)
    (0.3333333333333333, 1.0)
    """
    return float(np.mean(_rank(*_check("recall_at", scores, y)) <= n))


@checked
def precision_recall(
    scores: ArrayLike, y: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the precision of the answers above each level of confidence, and the recall there.

    The answer to a query is the best place, its confidence the score of that.

    Parameters
    ----------
    scores, y : array_like
        As for `recall_at`.

    Returns
    -------
    precision : array, shape (n_levels,)
        Share of the answers given that are right.
    recall : array, shape (n_levels,)
        Right answers given, as a share of all queries; rising.

    Examples
    --------
    >>> precision_recall([[9, 1], [1, 8], [7, 2]], [0, 0, 0])
    (array([1.        , 0.5       , 0.66666667]), array([0.33333333, 0.33333333, 0.66666667]))
    """
    values, places = _check("precision_recall", scores, y)
    right, confidence = _rank(values, places) == 1, values.max(axis=1)
    levels = np.unique(confidence)[::-1]
    given = np.array([np.count_nonzero(confidence >= level) for level in levels])
    hits = np.array([np.count_nonzero(right & (confidence >= level)) for level in levels])
    return hits / given, hits / len(places)


def _check(place: str, scores: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    values, places = np.asarray(scores), np.asarray(y)
    if values.ndim != 2 or places.shape != (len(values),) or not places.size:
        raise ValueError(
            f"{place}.scores: must have shape (n_queries, n_places), got {values.shape} for "
            f"places of shape {places.shape}"
        )
    if np.isnan(values).any():
        raise ValueError(f"{place}.scores: must not be NaN")
    if places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= values.shape[1]:
        raise ValueError(f"{place}.y: must be integers from 0 to {values.shape[1] - 1}")
    return values, places


def _rank(values: NDArray[Any], places: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many places score as much as the right one, itself included."""
    own = np.take_along_axis(values, places[:, None], axis=1)
    return np.asarray(np.count_nonzero(values >= own, axis=1))


class PlaceModules(DiehlCookClassifier):
    """Networks that each learn the places of one region, and all answer.

    Regions are stretches of equal length of the sorted labels.

    Attributes
    ----------
    activity_ : array of int, shape (n_modules * n_hidden,)
        References that make each cell fire, of all regions; filled by `fit` and `assign`.
    window_ : ResponseWindow
        What cells answered to the places of their own region.
    state_ : dict of str to array
        State of the modules, which are the first axis.

    Notes
    -----
    The published program adds at a presynaptic spike what Diehl & Cook subtract, lets inhibition
    decay with 0.5 ms, and clocks the cells so that they fire at most every 50 ms; here all is as in
    `DiehlCookClassifier`, whose parameters can be given.

    References
    ----------
    Hussaini, Milford & Fischer (2023), "Ensembles of compact, region-specific and regularized
    spiking neural networks for scalable place recognition", ICRA, arXiv 2209.08723.

    Examples
    --------
    >>> from bioplastic.datasets import synthetic_traverse
    >>> way = synthetic_traverse(n_places=8, side=8)
    >>> model = PlaceModules(n_hidden=8, n_modules=2, epochs=2, scaling=0.8)
    >>> model.fit(way.X, way.y).respond(way.X_test).shape
    (8, 16)
    """

    # fmt: off
    n_hidden: int = param(400, minimum=1, doc="excitatory cells of a module, and as many "
                          "inhibitory ones; published for 25 places")
    n_modules: int = param(4, minimum=1, doc="modules, each for one region")
    epochs: int = param(30, minimum=1, doc="passes of `fit` through the references")
    min_spikes: int = param(0, minimum=0, doc="with fewer an image is shown again, brighter; that "
                            "would make modules loud that rightly keep silent")
    hyperactive_from: int | None = param(None, minimum=1, doc=
        "cells that so many references make fire, or more, are silenced in answers; None for no "
        "cell. It can be set after learning, see `choose_hyperactive`")
    # fmt: on

    activity_: NDArray[np.int64]

    # ---- learning --------------------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Draw weights and delays of all modules."""
        if len(self.classes_) < self.n_modules:
            raise ValueError(
                f"{type(self).__name__}.n_modules: must be at most the {len(self.classes_)} places "
                f"that there are, got {self.n_modules}"
            )
        super().start(X, y)
        program = self.program("learn")
        drawn = [program.initial_state(self.stream(3, k)) for k in range(self.n_modules)]
        self.state_ = {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}
        self.activity_ = np.zeros(self.n_modules * self.n_hidden, dtype=np.int64)

    def _open_window(self) -> None:
        self.moving_ = True
        self.window_ = self._window(self.assignment_window)

    def _window(self, length: int, blocks: int = 6) -> ResponseWindow:
        return ResponseWindow(len(self.classes_), self.n_modules * self.n_hidden, length, blocks)

    def modules_of(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """Return the module of places, given by their index in ``classes_``."""
        return np.asarray(y, dtype=np.int64) * self.n_modules // len(self.classes_)

    def learn(self, X: Any, y: Any) -> None:
        """Show each image to the module of its region."""
        program, owner = self.program("learn"), self.modules_of(y)
        counts = np.zeros((len(y), self.n_modules, self.n_hidden), dtype=np.int32)
        shown, taught = np.zeros(len(y), dtype=np.int32), np.unique(owner)
        states = [{name: value[k] for name, value in self.state_.items()} for k in taught]
        images = [self.present(X[owner == k]) for k in taught]
        ends = program.map(states, images, seeds=[self.stream(3, int(k)) for k in taught])
        self.state_ = {name: value.copy() for name, value in self.state_.items()}
        for k, (state, record) in zip(taught, ends, strict=True):
            for name, values in self.state_.items():
                values[k] = state[name]
            counts[owner == k, k] = record["exc.count"]
            shown[owner == k] = record["presentations"]
        self.observe({"exc.count": counts.reshape(len(y), -1), "presentations": shown}, X, y)

    def _label(self, X: Any, y: NDArray[np.int32]) -> None:
        counts = self._show(X, stream=(2,))["exc.count"]
        self.activity_ = np.count_nonzero(counts, axis=0)
        cells = np.repeat(np.arange(self.n_modules), self.n_hidden)
        own = cells == self.modules_of(y)[:, None]
        self.moving_, self.window_ = False, self._window(len(X), blocks=1)
        self.window_.add(np.where(own, counts, 0), y, 0)

    # ---- what was learned ------------------------------------------------------------------------

    @property
    def weights_(self) -> NDArray[Any]:
        """Scaled input weights, shape (n_modules, n_features, n_hidden)."""
        w: NDArray[Any] = self.state_["image_exc.w"]
        if self.scaling is None:
            return w.copy()
        scaled = Normalisation(total=self.scaling * self.n_features_in_)
        return np.stack([scaled.apply(each) for each in w])

    # ---- answering -------------------------------------------------------------------------------

    def _show(self, samples: Any, kind: str | None = None, stream: Sequence[int] = (1,)) -> Any:
        program, kept = self.program(kind or self.frozen), self.frozen_state()
        begin, modules = program.initial_state(0), range(self.n_modules)
        states = [begin | {name: value[k] for name, value in kept.items()} for k in modules]
        seeds = [self.stream(*stream, k) for k in modules]
        shown = program.map(states, self.present(samples), seeds=seeds)
        return {"exc.count": np.concatenate([record["exc.count"] for _, record in shown], axis=1)}

    def place_scores(
        self, counts: NDArray[Any], hyperactive_from: int | None
    ) -> NDArray[np.float64]:
        """Return the mean spikes of the cells of each place that are not silenced.

        Parameters
        ----------
        counts : array, shape (n_queries, n_modules * n_hidden)
            Spikes, as from `respond`.
        hyperactive_from : int or None
            As the parameter of this name.

        Returns
        -------
        array, shape (n_queries, n_places)
            A place without cells gets zero.

        Raises
        ------
        ValueError
            If there is a limit, but no activity to compare it with, as after `partial_fit`.
        """
        place = self.assignment_
        if hyperactive_from is not None:
            if self.moving_:
                raise ValueError(
                    f"{type(self).__name__}.hyperactive_from: cells have learned since references "
                    "were shown to all modules; call `assign` with them first"
                )
            place = np.where(self.activity_ >= hyperactive_from, -1, place)
        member = place[:, None] == np.arange(len(self.classes_))
        return np.asarray(counts @ member / np.maximum(1, member.sum(axis=0)))

    def scores(self, X: Any) -> NDArray[np.float64]:
        """Return the mean spikes of the cells of each place, shape (n_samples, n_places)."""
        return self.place_scores(self.respond(X), self.hyperactive_from)

    def choose_hyperactive(
        self, X: ArrayLike, y: ArrayLike, limits: Sequence[int | None]
    ) -> int | None:
        """Return the limit under which most queries find their place.

        Parameters
        ----------
        X, y : array_like
            Queries of a calibration region and their places. Do not test with them.
        limits : sequence of int or None
            Values of ``hyperactive_from``.

        Returns
        -------
        int or None
            The best; of equal ones that which silences the fewest cells.
        """
        check_is_fitted(self, "n_seen_")
        samples, places = self.check_data(X, y, first=False)
        counts = self._show(samples)["exc.count"]
        if not limits:
            raise ValueError(f"{type(self).__name__}.limits: must hold at least one limit")
        gentle = sorted(limits, key=lambda limit: -np.inf if limit is None else -limit)
        return max(gentle, key=lambda limit: recall_at(self.place_scores(counts, limit), places))
