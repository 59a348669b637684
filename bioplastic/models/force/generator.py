"""A spiking network that learns to generate a signal by feeding its own output back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Quantity, ms, second
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.engine import Program
from bioplastic.models.force.network import (
    delta_readout,
    draw_recurrent,
    force_network,
    force_readout,
)
from bioplastic.models.force.parameters import ForceParameters, number_of_steps
from bioplastic.models.storage import load_model, save_model
from bioplastic.validation import check_choice, check_integer, check_quantity, check_real

__all__ = ["ForceGenerator", "ForceRun"]

_RECORD_EVERY = 1 * ms


@dataclass(frozen=True)
class ForceRun:
    """A stretch of simulation.

    Parameters
    ----------
    start, duration : float
        In seconds; ``start`` counts from the beginning of the first run.
    time : array, shape (n_records,)
        Times of the recorded outputs in seconds, once per millisecond.
    output : array, shape (n_records, n_outputs)
        The output.
    spike_time : array, shape (n_spikes,)
        Seconds since the beginning of the first run.
    spike_cell : array of int32, shape (n_spikes,)
        Who fired.
    n_neurons : int
        Number of neurons.
    """

    start: float
    duration: float
    time: NDArray[np.float64]
    output: NDArray[np.float64]
    spike_time: NDArray[np.float64]
    spike_cell: NDArray[np.int32]
    n_neurons: int

    @property
    def rate(self) -> float:
        """Mean rate of the cells in Hz."""
        return float(self.spike_cell.size / self.n_neurons / self.duration)


class ForceGenerator(BaseEstimator):  # type: ignore[misc]
    """Recurrent spiking network whose linear output is fed back and learns a given signal.

    Parameters
    ----------
    parameters : ForceParameters, optional
        Constants of the network. Default: `force_parameters`.
    rule : {'force', 'rls', 'delta'}, default 'force'
        How the read-out learns: recursive least squares with the published gain or the exact one
        (both not local), or the delta rule (local, with the error as modulator).
    eta : float, default 0.03
        Learning rate of the delta rule: share of the error that one update removes, at the rates
        before learning; they grow once the output is fed back.
    settle : Quantity, default 1 s
        How long the network runs before it learns, with a silent output.
    feedback : bool, default True
        Whether the output reaches the cells.
    block : Quantity, default 100 ms
        Runs are made of whole blocks.
    dtype : {'float32', 'float64'}, default 'float32'
        Precision.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    random_state : int, default 0
        Fixes weights and initial voltages.
    progress : bool, default False
        Show a progress bar.

    Attributes
    ----------
    state_ : dict of str to array
        State of the network, as of `bioplastic.engine.Program`.
    settling_, training_ : ForceRun
        What the network did before and while it learned.
    connections_ : tuple of array
        Presynaptic and postsynaptic cell and weight (base SI units) of the recurrent synapses.

    References
    ----------
    Sussillo and Abbott (2009), doi 10.1016/j.neuron.2009.07.018; Nicola and Clopath (2017),
    doi 10.1038/s41467-017-01827-3.

    Examples
    --------
    >>> from bioplastic.models.force import force_parameters
    >>> model = ForceGenerator(force_parameters(n_neurons=100), settle=100 * ms)
    >>> time = model.sample_times(200 * ms)
    >>> run = model.fit(np.sin(2 * np.pi * 10 * time)).generate(100 * ms)
    >>> run.output.shape
    (100, 1)
    """

    state_: dict[str, NDArray[Any]]

    def __init__(
        self,
        parameters: ForceParameters | None = None,
        *,
        rule: str = "force",
        eta: float = 0.03,
        settle: Quantity = 1 * second,
        feedback: bool = True,
        block: Quantity = 100 * ms,
        dtype: str = "float32",
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.parameters = parameters
        self.rule = rule
        self.eta = eta
        self.settle = settle
        self.feedback = feedback
        self.block = block
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.progress = progress

    # ---- learning --------------------------------------------------------------------------------

    def sample_times(self, duration: Quantity) -> NDArray[np.float64]:
        """Return the times in seconds at which `fit` expects the target, one per time step.

        Parameters
        ----------
        duration : Quantity
            Length (time).
        """
        p = self._constants()
        steps = number_of_steps("ForceGenerator.sample_times: duration", duration, p.dt)
        return np.asarray((np.arange(steps) + 1) * float(p.dt), dtype=np.float64)

    def fit(self, X: Any) -> ForceGenerator:
        """Start anew: run without learning for ``settle``, then learn the target once through.

        Parameters
        ----------
        X : array, shape (n_steps,) or (n_steps, n_outputs)
            The target at every time step, a whole number of blocks long.

        Returns
        -------
        ForceGenerator
            Itself.

        Raises
        ------
        ValueError, TypeError
            For wrong parameters or a target of wrong shape or length.
        """
        frames = self._check_target(X)
        self.build(frames.shape[2])
        self.settling_ = self._run(number_of_blocks(self.settle, self.block), None)
        if "readout.power" in self.state_:
            power = self._rate_power()
            self.state_["readout.power"] = np.asarray(power, dtype=self.dtype)
        self.training_ = self._run(frames.shape[0], frames)
        return self

    def build(self, n_outputs: int = 1) -> ForceGenerator:
        """Draw the weights and compile the network, or take it from the cache; `fit` does it too.

        Parameters
        ----------
        n_outputs : int, default 1
            Number of outputs.
        """
        p = self._constants()
        check_integer("ForceGenerator.random_state", self.random_state, minimum=0)
        check_choice("ForceGenerator.rule", self.rule, ("force", "rls", "delta"))
        check_real("ForceGenerator.eta", self.eta, minimum=0)
        rng = np.random.default_rng(self.random_state)
        self.connections_ = draw_recurrent(p, rng)
        encoders = float(p.feedback) * (2 * rng.random((n_outputs, p.n_neurons)) - 1)
        if self.rule == "delta":
            rule = delta_readout(p, eta=self.eta)
        else:
            rule = force_readout(p, gain="force" if self.rule == "force" else "exact")
        network = force_network(
            p,
            rule,
            n_outputs,
            connections=self.connections_,
            block=self.block,
            record_every=_RECORD_EVERY,
        )
        self.program_ = Program(network, dt=p.dt, dtype=self.dtype, target=self.target)
        self.n_outputs_ = n_outputs
        self.state_ = self.program_.initial_state(self.random_state)
        given = {
            "recurrent.w": self.connections_[2],
            "feedback.w": encoders if self.feedback else np.zeros_like(encoders),
        }
        for name, values in given.items():
            self.state_[name] = values.astype(self.state_[name].dtype)
        return self

    def partial_fit(self, X: Any) -> ForceGenerator:
        """Go on learning from where the network is; the first call is `fit`.

        Parameters
        ----------
        X : array, shape (n_steps,) or (n_steps, n_outputs)
            The target at every time step, a whole number of blocks long.
        """
        if not hasattr(self, "state_"):
            return self.fit(X)
        frames = self._check_target(X)
        if frames.shape[2] != self.n_outputs_:
            raise ValueError(
                f"ForceGenerator.partial_fit: X must have {self.n_outputs_} outputs, "
                f"got {frames.shape[2]}"
            )
        self.training_ = self._run(frames.shape[0], frames)
        return self

    def generate(self, duration: Quantity, *, feedback: bool | None = None) -> ForceRun:
        """Run on without learning; the network stays where the run ends.

        Parameters
        ----------
        duration : Quantity
            Length (time), a whole number of blocks.
        feedback : bool, optional
            Whether the output reaches the cells in this run; default as the network learned.
        """
        check_is_fitted(self, "state_")
        kept = self.state_["feedback.w"]
        if feedback is False:
            self.state_ = {**self.state_, "feedback.w": np.zeros_like(kept)}
        try:
            return self._run(number_of_blocks(duration, self.block), None)
        finally:
            self.state_["feedback.w"] = kept

    # ---- weights ---------------------------------------------------------------------------------

    def effective_weights(self, *, learned: bool = True) -> NDArray[np.float64]:
        """Return recurrent weights plus, if ``learned``, the loop through the output.

        Returns
        -------
        array, shape (n, n)
            From column to row, in base SI units times seconds.
        """
        check_is_fitted(self, "state_")
        n = self._constants().n_neurons
        pre, post, w = self.connections_
        matrix = np.zeros((n, n))
        matrix[post, pre] = w
        if learned:
            unit = float(self._constants().rate_unit)
            matrix += self.state_["feedback.w"].T.astype(float) @ (
                unit * self.state_["readout.w"].T.astype(float)
            )
        return matrix

    # ---- storage ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write parameters and state to one file; see `load`.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is appended if missing.
        """
        check_is_fitted(self, "state_")
        arrays = {f"state {name}": value for name, value in self.state_.items()}
        arguments = {**self.get_params(), "parameters": self._constants()}
        return save_model(
            path, "ForceGenerator", arguments, arrays, {"n_outputs_": self.n_outputs_}
        )

    @classmethod
    def load(cls, path: str | Path) -> ForceGenerator:
        """Read what `save` wrote; the network goes on exactly where it was.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no such file, or it holds something else.
        """
        arguments, arrays, numbers = load_model(path, "ForceGenerator", (ForceParameters,))
        model = cls(**arguments)
        model.build(numbers["n_outputs_"])
        model.state_ = {name.removeprefix("state "): value for name, value in arrays.items()}
        return model

    # ---- inside ----------------------------------------------------------------------------------

    def _constants(self) -> ForceParameters:
        return ForceParameters() if self.parameters is None else self.parameters

    def _check_target(self, target: Any) -> NDArray[np.float64]:
        place = "ForceGenerator.fit: X"
        check_quantity("ForceGenerator.block", self.block, second, positive=True)
        steps = number_of_steps("ForceGenerator.block", self.block, self._constants().dt)
        array = np.asarray(target, dtype=np.float64)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.size == 0:
            raise ValueError(
                f"{place}: must have shape (n_steps,) or (n_steps, n_outputs), got {array.shape}"
            )
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{place}: must be finite")
        if array.shape[0] % steps:
            raise ValueError(
                f"{place}: must be a whole number of blocks of {steps} steps ({self.block}) long, "
                f"got {array.shape[0]} steps"
            )
        return array.reshape(-1, steps, array.shape[1])

    def _rate_power(self) -> float:
        """Return the mean squared length of the rates, from the mean rate of the settled network.

        The rate of a cell that fires like a Poisson process has this second moment.
        """
        p = self._constants()
        rate = self.settling_.rate
        rise, decay = float(p.tau_rise), float(p.tau_decay)
        second_moment = rate**2 + rate / (2 * (rise + decay))
        return float(p.n_neurons * second_moment * float(p.rate_unit) ** 2)

    def _run(self, blocks: int, frames: NDArray[np.float64] | None) -> ForceRun:
        p = self._constants()
        start = int(self.state_["clock.step"]) * float(p.dt)
        seconds = float(self.block)
        learn = np.asarray(float(frames is not None), dtype=self.dtype)
        state = {**self.state_, "readout.learning": learn}
        silent = np.zeros((self.program_.layout.n_steps, self.n_outputs_))
        outputs, times, cells = [], [], []
        chunk = max(1, round(1.0 / seconds))  # one second per call
        bar = tqdm(total=blocks * seconds, disable=not self.progress, unit="s", desc="simulated")
        for first in range(0, blocks, chunk):
            count = min(chunk, blocks - first)
            given = silent if frames is None else frames[first : first + count]
            state, record = self.program_(
                state, {"target": given}, n_samples=count, seed=self.random_state
            )
            outputs.append(record["output.z"].reshape(-1, self.n_outputs_))
            offset = start + (first + record["cell.spike_trial"]) * seconds
            times.append(offset + record["cell.spike_time"])
            cells.append(record["cell.spike_cell"])
            bar.update(count * seconds)
        bar.close()
        self.state_ = state
        output = np.concatenate(outputs or [np.zeros((0, self.n_outputs_))]).astype(np.float64)
        every = round(float(_RECORD_EVERY) / float(p.dt)) * float(p.dt)
        return ForceRun(
            start=start,
            duration=blocks * seconds,
            time=start + every * (np.arange(output.shape[0]) + 1),
            output=output,
            spike_time=np.concatenate(times or [np.zeros(0)]),
            spike_cell=np.concatenate(cells or [np.zeros(0, dtype=np.int32)]),
            n_neurons=p.n_neurons,
        )


def number_of_blocks(duration: Any, block: Any) -> int:
    """Return a duration in blocks, which must be a whole number."""
    return number_of_steps("ForceGenerator: duration", duration, block)
