"""Prototypes of time surfaces, for recordings of event cameras.

Each event sees a *time surface*: how recently the pixels around it, of both polarities, had their
last event, ``exp(-age/tau)`` (Lagorce et al. 2017, IEEE TPAMI 39:1346). Cells compete for it; the
winner moves towards the patch, and a bias keeps all cells in use:

    k* = argmax_k (w_k s + h_k),   w_k* += max(eta, 1/(1 + n_k*)) (s - w_k*),
    h_k += gamma (1/K - [k = k*])

A recording is described by how often each cell won in each square of the sensor, for a read-out
such as `bioplastic.models.delta_readout.DeltaReadout`. The rule sees its own synapse and its two
cells alone; the competition is lateral inhibition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from bioplastic.events import Events
from bioplastic.fields import Parametrised, check_params, param

__all__ = ["TimeSurfaces", "surface_patches"]


def surface_patches(
    events: Events, radius: int, tau: Quantity, which: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """Return the time surface around events, each of unit length.

    Parameters
    ----------
    events : Events
        A recording.
    radius : int
        Pixels to each side of the event.
    tau : Quantity
        How fast an event is forgotten.
    which : ndarray of int, optional
        For which events, in order; by default for all.

    Returns
    -------
    ndarray of float32, shape (n, 2 * (2*radius + 1)**2)
        OFF first, then by row. The event itself counts 1.

    Examples
    --------
    >>> events = Events.from_arrays([0, 1000], [0, 1], [0, 0], [1, 1])
    >>> surface_patches(events, 1, 1 * ms)[1].reshape(2, 3, 3)[1, 1].round(3)
    array([0.345, 0.939, 0.   ], dtype=float32)
    """
    side = 2 * radius + 1
    last = np.full((2, events.size[1] + side, events.size[0] + side), -np.inf)
    wanted = np.arange(len(events)) if which is None else which
    ages = np.empty((len(wanted), 2, side, side))
    place, n = 0, len(wanted)
    columns = (events.t.tolist(), events.x.tolist(), events.y.tolist(), events.p.tolist())
    for k, (t, x, y, p) in enumerate(zip(*columns, strict=True)):
        if place == n:
            break
        last[int(p), y + radius, x + radius] = t
        if wanted[place] == k:
            ages[place] = last[:, y : y + side, x : x + side]
            place += 1
    ages -= events.t[wanted].astype(float)[:, None, None, None]
    patches = np.exp(ages / (float(tau) * 1e6), dtype=np.float32, casting="same_kind")
    patches = patches.reshape(n, 2 * side**2)
    return np.asarray(patches / np.linalg.norm(patches, axis=1, keepdims=True))


class TimeSurfaces(Parametrised, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Histograms of the prototypes that the time surfaces of a recording resemble.

    Attributes
    ----------
    prototypes_ : ndarray, shape (n_prototypes, 2 * (2*radius + 1)**2)
        What the cells stand for.
    bias_ : ndarray, shape (n_prototypes,)
        Advantage of each cell in the competition; zero at the end where nothing was learned.

    Examples
    --------
    >>> from bioplastic.events import simulate_saccades
    >>> recordings = simulate_saccades(np.random.default_rng(0).integers(0, 256, (3, 9, 9)),
    ...                                random_state=0)
    >>> TimeSurfaces(4, patches=300, random_state=0).fit_transform(recordings).shape
    (3, 144)
    """

    n_prototypes: int = param(32, minimum=1, doc="cells that compete")
    radius: int = param(3, minimum=0, doc="pixels of a surface to each side of its event")
    tau: Quantity = param(52 * ms, positive=True, doc="how fast an event is forgotten")
    square: int = param(6, minimum=1, doc="pixels along the side of a square of the histogram")
    patches: int = param(60_000, minimum=1, doc="surfaces to learn from")
    per_recording: int = param(300, minimum=1, doc="of them from each recording, at most")
    eta: float = param(0.01, positive=True, doc="least learning rate of a winner")
    gamma: float = param(2e-4, minimum=0, doc="rate of the bias that keeps all cells in use")
    learn: bool = param(True, doc="whether prototypes learn, or stay the patches they begin as")
    random_state: Any = param(None, doc="None, an integer or a RandomState")

    def fit(self, X: Sequence[Events], y: Any = None) -> TimeSurfaces:
        """Learn prototypes from surfaces of recordings chosen at random."""
        check_params(self)
        rng = check_random_state(self.random_state)
        found: list[NDArray[Any]] = []
        total = 0
        for k in rng.permutation(len(X)):
            events = X[k]
            n = min(self.per_recording, self.patches - total, len(events))
            which = np.sort(rng.choice(len(events), n, replace=False))
            found.append(surface_patches(events, self.radius, self.tau, which))
            total += n
            if total >= self.patches:
                break
        surfaces = np.concatenate(found) if found else np.zeros((0, 1))
        if len(surfaces) < self.n_prototypes:
            raise ValueError(
                f"TimeSurfaces.fit: {self.n_prototypes} prototypes need as many events, got "
                f"{len(surfaces)}"
            )
        surfaces = surfaces[rng.permutation(len(surfaces))]
        w = surfaces[: self.n_prototypes].copy()
        h = np.zeros(self.n_prototypes, np.float32)
        won = np.zeros(self.n_prototypes, int)
        for s in surfaces[self.n_prototypes :] if self.learn else ():
            k = int(np.argmax(w @ s + h))
            won[k] += 1
            w[k] += max(self.eta, 1 / (1 + won[k])) * (s - w[k])
            h += self.gamma / self.n_prototypes
            h[k] -= self.gamma
        self.prototypes_, self.bias_ = w, h
        return self

    def transform(self, X: Sequence[Events]) -> NDArray[np.float64]:
        """Return the histograms, square root taken and of unit length.

        Returns
        -------
        ndarray, shape (n, rows * columns * n_prototypes)
            Squares by row, prototypes within.
        """
        check_is_fitted(self)
        rows = []
        for events in X:
            across, down = (-(-n // self.square) for n in events.size)
            winner = np.zeros(0, int)
            if len(events):
                surfaces = surface_patches(events, self.radius, self.tau)
                winner = np.argmax(surfaces @ self.prototypes_.T + self.bias_, axis=1)
            place = (events.y // self.square) * across + events.x // self.square
            size = across * down * self.n_prototypes
            counts = np.bincount(place * self.n_prototypes + winner, minlength=size)
            rows.append(np.sqrt(counts / max(len(events), 1)))
        return np.array(rows)
