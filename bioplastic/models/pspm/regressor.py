"""A recurrent spiking network that learns given spike trains (Bagley et al. 2020)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.pairing import pair_spikes
from bioplastic.analysis.spike_distance import (
    activity_distance,
    filter_spikes,
    interval_distance,
    spikes_to_raster,
    train_distance,
)
from bioplastic.checkpoints import RunFolder
from bioplastic.models.pspm.network import RecurrentNetwork, to_drive
from bioplastic.models.pspm.parameters import PSPMParameters
from bioplastic.models.pspm.rule import PSPMRule, clip_signs
from bioplastic.models.pspm.tasks import draw_weights
from bioplastic.models.storage import load_model, save_model
from bioplastic.timing import log_time
from bioplastic.validation import check_choice, check_flag, check_integer, check_real

__all__ = ["PSPMRegressor"]

_LOG = logging.getLogger(__name__)
_HISTORY = ("window", "surplus", "missing", "spikes")
_ARRAYS = ("weights_", "initial_weights_", "signs_")


class PSPMRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """All-to-all spiking network that learns target spike trains under a given input current.

    In every iteration the network is simulated once, the spikes of each neuron are paired with its
    target spikes, and every unpaired spike changes the synapses from the presynaptic pool: the
    cells that fired shortly before it. Homeostasis moves all weights towards the target's number
    of spikes.

    Parameters
    ----------
    n_iterations : int, default 150
        Iterations of `fit`.
    initial_weights : {'uniform', 'gaussian'} or array, shape (n, n), default 'uniform'
        Where learning starts: a law of `bioplastic.models.pspm.draw_task`, or weights in volts,
        presynaptic cells in rows.
    inhibitory : float or array of bool, shape (n,), default 0.2
        Fraction of inhibitory cells, drawn at random, or which cells are inhibitory.
    parameters : PSPMParameters, optional
        Constants. Default: the published ones, scaled to the number of neurons.
    control : bool, default False
        Also change a second network by the same homeostatic steps and the same local amounts, the
        latter on random synapses.
    patience : int, optional
        Stop when the number of unpaired spikes has had no new minimum for so many iterations.
        Learning is not monotone, not least because the pairing window shrinks: allow for tens of
        iterations. Default: no early stop, except when every spike is paired.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    random_state : int, default 0
        Fixes everything that is drawn.
    progress : bool, default False
        Show a progress bar.

    Attributes
    ----------
    weights_ : array, shape (n, n)
        Learned weights in volts.
    initial_weights_ : array, shape (n, n)
        Weights before learning.
    control_weights_ : array, shape (n, n)
        Weights of the control, with ``control=True``.
    signs_ : array, shape (n,)
        +1 for excitatory, -1 for inhibitory cells.
    n_iter_ : int
        Iterations so far.
    history_ : dict of str to array of int, shape (n_iter_,)
        For every iteration the pairing ``window`` in steps, ``surplus`` and ``missing`` spikes, and
        the ``spikes`` of the network, before the weights changed.
    constants_ : PSPMParameters
        The constants in use.

    References
    ----------
    Bagley, Bordelon, Moseley & Wessel (2020), PLoS ONE 15(2) e0229083,
    doi 10.1371/journal.pone.0229083.

    Examples
    --------
    >>> from bioplastic.models.pspm import RecurrentNetwork, draw_task
    >>> task = draw_task(n=20, n_steps=300)
    >>> reference = PSPMRegressor(0, initial_weights=task.reference, inhibitory=task.signs < 0)
    >>> spikes = reference.fit(task.current, np.zeros((300, 20))).predict(task.current)
    >>> model = PSPMRegressor(5, initial_weights=task.naive, inhibitory=task.signs < 0)
    >>> model.fit(task.current, spikes).history_["window"]
    array([14, 14, 14, 14, 14])
    """

    def __init__(
        self,
        n_iterations: int = 150,
        *,
        initial_weights: Any = "uniform",
        inhibitory: Any = 0.2,
        parameters: PSPMParameters | None = None,
        control: bool = False,
        patience: int | None = None,
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_iterations = n_iterations
        self.initial_weights = initial_weights
        self.inhibitory = inhibitory
        self.parameters = parameters
        self.control = control
        self.patience = patience
        self.target = target
        self.random_state = random_state
        self.progress = progress

    # ---- learning --------------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, *, checkpoints: str | Path | None = None, resume: bool = False
    ) -> PSPMRegressor:
        """Learn from scratch.

        Parameters
        ----------
        X : Quantity or array_like, shape (n_steps, n)
            Input current; plain numbers are amperes.
        y : array_like or list
            Target spikes: a raster of 0 and 1, shape (n_steps, n), or one train per neuron as times
            in seconds, quantities or Neo ``SpikeTrain`` objects.
        checkpoints : path-like, optional
            Folder that keeps the state, every minute; see `bioplastic.checkpoints.RunFolder`.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit.

        Returns
        -------
        PSPMRegressor
            The model itself.

        Raises
        ------
        TypeError, ValueError
            For another unit or shape, NaN, or spikes outside the time of the current.
        """
        drive, wanted = self._check_arguments(X, y)
        self._start(drive.shape[1])
        parameters = {"class": type(self).__name__, **self.get_params(deep=False)}
        parameters |= {"progress": None, "drive": drive, "wanted": wanted}
        with (
            RunFolder(checkpoints, parameters, resume=resume) as run,
            log_time(_LOG, "fit: %d iterations, %d neurons", self.n_iterations, drive.shape[1]),
        ):
            run.adopt(self)
            if not run.finished:
                self._learn(drive, wanted, self.n_iterations - self.n_iter_, run)
                run.save(self, {"iterations": self.n_iter_})
                run.finish()
        return self

    def partial_fit(self, X: Any, y: Any, n_iterations: int | None = None) -> PSPMRegressor:
        """Continue learning where the last call, or a loaded model, ended.

        Several calls equal one call of `fit` with as many iterations, bit for bit.

        Parameters
        ----------
        X, y
            As for `fit`.
        n_iterations : int, optional
            Further iterations. Default: that of the constructor.
        """
        drive, wanted = self._check_arguments(X, y)
        if not hasattr(self, "weights_"):
            self._start(drive.shape[1])
        self._check_width("partial_fit", drive)
        count = self.n_iterations if n_iterations is None else n_iterations
        check_integer("PSPMRegressor.partial_fit: n_iterations", count, minimum=0)
        return self._learn(drive, wanted, count)

    def _check_arguments(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        place = type(self).__name__
        check_integer(f"{place}.n_iterations", self.n_iterations, minimum=0)
        check_integer(f"{place}.random_state", self.random_state, minimum=0)
        check_choice(f"{place}.target", self.target, ("cpp", "numpy"))
        check_flag(f"{place}.control", self.control)
        check_flag(f"{place}.progress", self.progress)
        if isinstance(self.initial_weights, str):
            check_choice(f"{place}.initial_weights", self.initial_weights, ("uniform", "gaussian"))
        if self.patience is not None:
            check_integer(f"{place}.patience", self.patience, minimum=1)
        if self.parameters is not None and not isinstance(self.parameters, PSPMParameters):
            raise TypeError(
                f"{place}.parameters: must be PSPMParameters or None, got {self.parameters!r}"
            )
        return self._check_data(X, y)

    def _check_data(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        constants = self.parameters or PSPMParameters()
        drive = to_drive("PSPMRegressor.X", X, constants.resistance)
        place = "PSPMRegressor.y"
        wanted = spikes_to_raster(y, len(drive), float(constants.dt), place=place)
        if wanted.shape != drive.shape:
            raise ValueError(
                f"{place}: must have one train per column of X, {drive.shape[1]}, got "
                f"{wanted.shape[1]}"
            )
        return drive, wanted

    def _check_width(self, method: str, drive: NDArray[np.float64]) -> None:
        if drive.shape[1] != self.n_features_in_:
            raise ValueError(
                f"PSPMRegressor.{method}: X must have {self.n_features_in_} columns, got "
                f"{drive.shape[1]}"
            )

    @property
    def constants_(self) -> PSPMParameters:
        """The constants in use."""
        return self.parameters or PSPMParameters().scaled(self.n_features_in_)

    def _start(self, n: int) -> None:
        self.n_features_in_ = n
        rng = np.random.default_rng([self.random_state, 0])
        self.signs_ = self._choose_signs(rng, n)
        if isinstance(self.initial_weights, str):
            weights = draw_weights(rng, n, self.initial_weights, self.signs_)
        else:
            place = "PSPMRegressor.initial_weights"
            weights = check_array(place, self.initial_weights, shape=(n, n)).astype(np.float64)
            clip_signs(weights, self.signs_)
        self.initial_weights_, self.weights_ = weights.copy(), weights
        if self.control:
            self.control_weights_ = weights.copy()
        elif hasattr(self, "control_weights_"):
            del self.control_weights_
        self.history_ = {name: np.zeros(0, dtype=np.int64) for name in _HISTORY}
        self.n_iter_ = 0

    def _choose_signs(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        place, signs = "PSPMRegressor.inhibitory", np.ones(n)
        if np.ndim(self.inhibitory) == 0:
            fraction = check_real(place, self.inhibitory, minimum=0, maximum=1)
            signs[rng.permutation(n)[: round(fraction * n)]] = -1.0
        else:
            signs[np.array(check_array(place, self.inhibitory, shape=(n,)), dtype=bool)] = -1.0
        return signs

    def _learn(
        self,
        drive: NDArray[np.float64],
        wanted: NDArray[np.bool_],
        count: int,
        run: RunFolder | None = None,
    ) -> PSPMRegressor:
        network, rule = self._network(), PSPMRule(self.constants_)
        with tqdm(total=count, desc="PSPM", unit="it", disable=not self.progress) as bar:
            for _ in range(count):
                self._iterate(network, rule, drive, wanted)
                unpaired = self.history_["surplus"] + self.history_["missing"]
                bar.update()
                bar.set_postfix(unpaired=int(unpaired[-1]), refresh=False)
                if unpaired[-1] == 0 or self._is_stuck(unpaired):
                    break
                if run is not None and run.is_due():
                    run.save(self, {"iterations": self.n_iter_})
        return self

    def _is_stuck(self, unpaired: NDArray[np.int64]) -> bool:
        since_best = len(unpaired) - 1 - int(np.argmin(unpaired))
        return self.patience is not None and since_best >= self.patience

    def _iterate(
        self,
        network: RecurrentNetwork,
        rule: PSPMRule,
        drive: NDArray[np.float64],
        wanted: NDArray[np.bool_],
    ) -> None:
        rng = np.random.default_rng([self.random_state, 1 + self.n_iter_])
        window = self.constants_.window_at(self.n_iter_)
        spikes = network(self.weights_, drive)
        pairing = pair_spikes(spikes, wanted, window)
        total, lacking = int(spikes.sum()), int(wanted.sum()) - int(spikes.sum())
        weights = self.weights_.copy()  # an interruption leaves the last iteration whole
        controlled = self.control_weights_.copy() if hasattr(self, "control_weights_") else None
        if float(rule.parameters.epsilon) > 0:
            for changes in rule.local_changes(spikes, pairing, rng):
                rule.apply(weights, changes, self.signs_)
                if controlled is not None:
                    rule.apply_elsewhere(controlled, changes, self.signs_, rng)
        rule.homeostasis(weights, lacking, self.signs_)
        if controlled is not None:
            rule.homeostasis(controlled, lacking, self.signs_)
            self.control_weights_ = controlled
        new = (window, pairing.n_surplus, pairing.n_missing, total)
        self.weights_ = weights
        self.history_ = {
            name: np.append(self.history_[name], value)
            for name, value in zip(_HISTORY, new, strict=True)
        }
        self.n_iter_ += 1

    def _network(self) -> RecurrentNetwork:
        return RecurrentNetwork(self.n_features_in_, self.constants_, target=self.target)

    # ---- using -----------------------------------------------------------------------------------

    def predict(self, X: Any, *, which: str = "learned") -> NDArray[np.bool_]:
        """Return the spikes of the network, shape (n_steps, n).

        Parameters
        ----------
        X : Quantity or array_like, shape (n_steps, n)
            Input current; plain numbers are amperes.
        which : {'learned', 'initial', 'control'}, default 'learned'
            With which weights.
        """
        check_is_fitted(self, "weights_")
        check_choice("PSPMRegressor.which", which, ("learned", "initial", "control"))
        drive = to_drive("PSPMRegressor.X", X, self.constants_.resistance)
        self._check_width("predict", drive)
        if which == "control" and not hasattr(self, "control_weights_"):
            raise ValueError(
                "PSPMRegressor.which: 'control' needs a model fitted with control=True"
            )
        name = {"learned": "weights_", "initial": "initial_weights_"}.get(which, "control_weights_")
        return self._network()(getattr(self, name), drive)

    def score(self, X: Any, y: Any, sample_weight: None = None) -> float:
        """Return the coefficient of determination of the filtered spike trains.

        1 when every spike is reproduced, 0 for the mean rate of every neuron; the trains are
        filtered with `bioplastic.analysis.spike_distance.gaussian_kernel`. Given the data of
        `fit`, this is a score on the training input.
        """
        drive, wanted = self._check_data(X, y)
        filtered = filter_spikes(wanted)
        spread = float(np.square(filtered - filtered.mean(axis=0)).mean(axis=0).sum())
        error = train_distance(wanted, self.predict(drive / float(self.constants_.resistance)))
        return 1.0 - error / spread if spread > 0 else float(error == 0)

    def distances(self, X: Any, y: Any, *, which: str = "learned") -> dict[str, float]:
        """Return distances from the target spikes under the input ``X``.

        Returns
        -------
        dict of str to float
            ``train`` (D_P), ``activity`` (D_A) and ``interval``; see
            `bioplastic.analysis.spike_distance`.
        """
        drive, wanted = self._check_data(X, y)
        spikes = self.predict(drive / float(self.constants_.resistance), which=which)
        return {
            "train": train_distance(wanted, spikes),
            "activity": activity_distance(wanted, spikes),
            "interval": interval_distance(wanted, spikes),
        }

    # ---- storing ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model, atomically, to an ``.npz`` file that `load` reads."""
        check_is_fitted(self, "weights_")
        arguments = self.get_params(deep=False)
        for name in ("initial_weights", "inhibitory"):
            arguments[name] = arguments[name] if np.ndim(arguments[name]) == 0 else None
        names = [*_ARRAYS, *(["control_weights_"] if hasattr(self, "control_weights_") else [])]
        arrays = {name: getattr(self, name) for name in names}
        arrays |= {f"history_{name}": values for name, values in self.history_.items()}
        return save_model(path, type(self).__name__, arguments, arrays, {"n_iter_": self.n_iter_})

    @classmethod
    def load(cls, path: str | Path) -> PSPMRegressor:
        """Read a model written by `save`; `partial_fit` continues its learning.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged or holds another kind of model.
        """
        arguments, arrays, numbers = load_model(path, cls.__name__, (PSPMParameters,))
        if arguments["initial_weights"] is None:
            arguments["initial_weights"] = arrays["initial_weights_"]
        if arguments["inhibitory"] is None:
            arguments["inhibitory"] = arrays["signs_"] < 0
        model = cls(**arguments)
        for name, values in arrays.items():
            if not name.startswith("history_"):
                setattr(model, name, values)
        model.history_ = {name: arrays[f"history_{name}"] for name in _HISTORY}
        model.n_features_in_ = len(model.signs_)
        model.n_iter_ = numbers["n_iter_"]
        return model
