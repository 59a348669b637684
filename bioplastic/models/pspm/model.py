"""A recurrent spiking network that learns given spike trains (Bagley et al. 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.pairing import pair_spikes
from bioplastic.analysis.spike_distance import (
    activity_distance,
    filter_spikes,
    interval_distance,
    spikes_to_raster,
    train_distance,
)
from bioplastic.engine import NetworkSpec
from bioplastic.fields import param
from bioplastic.models.base import SpikingRegressor
from bioplastic.models.pspm.network import (
    PSPMParameters,
    check_current,
    recurrent_network,
    simulate,
)
from bioplastic.models.pspm.rule import PSPMRule, clip_signs
from bioplastic.models.pspm.tasks import draw_signs, draw_weights
from bioplastic.validation import check_choice, check_real

__all__ = ["PSPMRegressor"]

_HISTORY = ("window", "surplus", "missing", "spikes")
_WEIGHTS = {
    "learned": "weights_", "initial": "initial_weights_", "control": "control_weights_",
}  # fmt: skip


def _check_law(place: str, value: Any) -> None:
    if isinstance(value, str):
        check_choice(place, value, ("uniform", "gaussian"))


class PSPMRegressor(SpikingRegressor, without=("dtype",)):
    """All-to-all spiking network that learns target spike trains under a given input current.

    In every iteration the network is simulated once, the spikes of each neuron are paired with its
    target spikes, and every unpaired spike changes the synapses from the presynaptic pool: the
    cells that fired shortly before it. Homeostasis moves all weights towards the target's number
    of spikes. Learning ends early when every spike is paired. `partial_fit` is one iteration.

    X is the input current, a quantity or numbers in amperes, shape (n_steps, n). y are the target
    spikes: a raster of 0 and 1, shape (n_steps, n), or one train per neuron as times in seconds,
    quantities or Neo ``SpikeTrain`` objects.

    Attributes
    ----------
    weights_ : array, shape (n, n)
        Learned weights in volts, presynaptic cells in rows.
    initial_weights_ : array, shape (n, n)
        Weights before learning.
    control_weights_ : array, shape (n, n)
        Weights of the control; None without ``control=True``.
    signs_ : array, shape (n,)
        +1 for excitatory, -1 for inhibitory cells.
    history_ : dict of str to array of int, shape (n_iter_,)
        For every iteration the pairing ``window`` in steps, ``surplus`` and ``missing`` spikes, and
        the ``spikes`` of the network, before the weights changed.

    References
    ----------
    Bagley, Bordelon, Moseley & Wessel (2020), PLoS ONE 15(2) e0229083,
    doi 10.1371/journal.pone.0229083.

    Examples
    --------
    >>> from bioplastic.models.pspm import RecurrentNetwork, draw_task
    >>> task = draw_task(n=20, n_steps=300)
    >>> spikes = RecurrentNetwork(20)(task.reference, task.current)
    >>> model = PSPMRegressor(5, initial_weights=task.naive, inhibitory=task.signs < 0)
    >>> model.fit(task.current, spikes).history_["window"]
    array([14, 14, 14, 14, 14])
    """

    chunk = None
    dtype = "float64"
    growing = ("n_iterations",)

    n_iterations: int = param(150, minimum=0, doc="iterations of `fit`")
    initial_weights: Any = param("uniform", check=_check_law, doc="where learning starts: "
        "'uniform' or 'gaussian', a law of `bioplastic.models.pspm.draw_task`, or weights in "
        "volts, shape (n, n), presynaptic cells in rows")  # fmt: skip
    inhibitory: Any = param(0.2, doc="fraction of inhibitory cells, drawn at random, or an array "
        "of bool, shape (n,): which cells are inhibitory")  # fmt: skip
    parameters: PSPMParameters | None = param(
        None, doc="constants; by default the published ones, scaled to the number of neurons"
    )
    control: bool = param(False, doc="also change a second network by the same homeostatic steps "
        "and the same local amounts, the latter on random synapses")  # fmt: skip
    patience: int | None = param(None, minimum=1, doc="stop when the number of unpaired spikes has "
        "had no new minimum for so many iterations. Learning is not monotone, not least because "
        "the pairing window shrinks: allow for tens of iterations")  # fmt: skip

    weights_: NDArray[np.float64]
    initial_weights_: NDArray[np.float64]
    control_weights_: NDArray[np.float64] | None
    signs_: NDArray[np.float64]
    history_: dict[str, NDArray[np.int64]]

    @property
    def constants_(self) -> PSPMParameters:
        """The constants in use."""
        return self.parameters or PSPMParameters().scaled(self.n_features_in_)

    @property
    def n_iter_(self) -> int:
        """Iterations so far."""
        return len(self.history_["window"])

    @property
    def dt(self) -> Any:
        """Time step."""
        return self.constants_.dt

    def network(self, kind: str) -> NetworkSpec:
        """Return the network; its weights change between two runs."""
        return recurrent_network(self.n_features_in_, self.constants_)

    def check_samples(self, X: Any, *, first: bool = False) -> Any:
        """Return the current in amperes, shape (n_steps, n)."""
        return super().check_samples(check_current("PSPMRegressor.X", X), first=first)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return the current in amperes and the target spikes as a raster."""
        current, place = self.check_samples(X, first=first), "PSPMRegressor.y"
        wanted = spikes_to_raster(y, len(current), float(self.dt), place=place)
        if wanted.shape != current.shape:
            raise ValueError(
                f"{place}: must have one train per column of X, {current.shape[1]}, got "
                f"{wanted.shape[1]}"
            )
        return current, wanted

    def start(self, X: Any, y: Any) -> None:
        """Draw who is inhibitory, and the weights."""
        n, rng, place = self.n_features_in_, self.rng(0), type(self).__name__
        if np.ndim(self.inhibitory) == 0:
            share = check_real(f"{place}.inhibitory", self.inhibitory, minimum=0, maximum=1)
            self.signs_ = draw_signs(rng, n, share)
        else:
            chosen = check_array(f"{place}.inhibitory", self.inhibitory, shape=(n,))
            self.signs_ = np.where(chosen.astype(bool), -1.0, 1.0)
        if isinstance(self.initial_weights, str):
            weights = draw_weights(rng, n, self.initial_weights, self.signs_)
        else:
            given = check_array(f"{place}.initial_weights", self.initial_weights, shape=(n, n))
            weights = given.astype(np.float64)
            clip_signs(weights, self.signs_)
        self.weights_, self.initial_weights_ = weights, weights.copy()
        self.control_weights_ = weights.copy() if self.control else None
        self.history_ = {name: np.zeros(0, dtype=np.int64) for name in _HISTORY}

    def stages(self) -> tuple[tuple[str, int]]:
        """Return the iterations: each is a pass through the whole current."""
        return (("iteration", self.n_iterations),)

    def learn(self, X: Any, y: Any) -> None:
        """Run the network once, pair its spikes with the target, and change the weights."""
        p, rng = self.constants_, self.rng(1 + self.n_iter_)
        window = p.window_at(self.n_iter_)
        spikes = self._spikes(self.weights_, X)
        pairing = pair_spikes(spikes, y, window)
        weights = self.weights_.copy()  # an interruption leaves the last iteration whole
        controlled = None if self.control_weights_ is None else self.control_weights_.copy()
        PSPMRule(p).update(weights, spikes, pairing, self.signs_, rng, control=controlled)
        self.weights_, self.control_weights_ = weights, controlled
        new = (window, pairing.n_surplus, pairing.n_missing, int(spikes.sum()))
        self.history_ = {
            name: np.append(self.history_[name], value)
            for name, value in zip(_HISTORY, new, strict=True)
        }

    def end_epoch(self) -> bool:
        """Return whether every spike is paired, or nothing has become better for long."""
        unpaired = self.history_["surplus"] + self.history_["missing"]
        since_best = len(unpaired) - 1 - int(np.argmin(unpaired))
        stuck = self.patience is not None and since_best >= self.patience
        return stuck or unpaired[-1] == 0

    # ---- using -----------------------------------------------------------------------------------

    def _spikes(self, weights: NDArray[np.float64], current: Any) -> NDArray[np.bool_]:
        drive = np.asarray(current, dtype=np.float64) * float(self.constants_.resistance)
        return simulate(self.program("learn"), weights, drive)

    def predict(self, X: Any, *, which: str = "learned") -> NDArray[np.bool_]:
        """Return the spikes of the network, shape (n_steps, n).

        Parameters
        ----------
        X : Quantity or array_like, shape (n_steps, n)
            Input current; plain numbers are amperes.
        which : {'learned', 'initial', 'control'}, default 'learned'
            With which weights.
        """
        check_is_fitted(self, "n_seen_")
        check_choice("PSPMRegressor.which", which, tuple(_WEIGHTS))
        weights = getattr(self, _WEIGHTS[which])
        if weights is None:
            raise ValueError(
                "PSPMRegressor.which: 'control' needs a model fitted with control=True"
            )
        return self._spikes(weights, self.check_samples(X))

    def score(self, X: Any, y: Any, sample_weight: None = None) -> float:
        """Return the coefficient of determination of the filtered spike trains.

        1 when every spike is reproduced, 0 for the mean rate of every neuron; the trains are
        filtered with `bioplastic.analysis.spike_distance.gaussian_kernel`. Given the data of
        `fit`, this is a score on the training input.
        """
        current, wanted = self.check_data(X, y, first=False)
        filtered = filter_spikes(wanted)
        spread = float(np.square(filtered - filtered.mean(axis=0)).mean(axis=0).sum())
        error = train_distance(wanted, self.predict(current))
        return 1.0 - error / spread if spread > 0 else float(error == 0)

    def distances(self, X: Any, y: Any, *, which: str = "learned") -> dict[str, float]:
        """Return distances from the target spikes under the input ``X``.

        Returns
        -------
        dict of str to float
            ``train`` (D_P), ``activity`` (D_A) and ``interval``; see
            `bioplastic.analysis.spike_distance`.
        """
        current, wanted = self.check_data(X, y, first=False)
        spikes = self.predict(current, which=which)
        return {
            "train": train_distance(wanted, spikes),
            "activity": activity_distance(wanted, spikes),
            "interval": interval_distance(wanted, spikes),
        }
