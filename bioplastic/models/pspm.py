"""Presynaptic pool modification: recurrent networks learn spike trains (Bagley et al. 2020).

An all-to-all network of leaky cells runs once per iteration under a given current. The spikes of
each cell are paired with its target spikes; an unpaired spike changes the synapses from the cells
that fired shortly before it, the pool. Weights are in volts with presynaptic cells in rows:
``weights[j, i]`` goes from j to i.

Bagley, Bordelon, Moseley & Wessel (2020), PLoS ONE 15(2) e0229083,
doi 10.1371/journal.pone.0229083.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Mohm, Quantity, amp, have_same_dimensions, ms, mV, nA, second, volt
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.pairing import Pairing, pair_spikes
from bioplastic.analysis.spike_distance import (
    filter_spikes,
    spikes_to_raster,
    train_distance,
)
from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeRecord,
    Trial,
)
from bioplastic.fields import Constants, check_params, checked, param
from bioplastic.models.base import SpikingRegressor
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import PoissonSource
from bioplastic.validation import check_choice, check_integer, check_real

__all__ = [
    "CONDITIONS", "PSPMParameters", "PSPMRegressor", "PSPMRule", "RecurrentNetwork", "Task",
    "draw_task", "pool_rule", "recurrent_network",
]  # fmt: skip

CONDITIONS = ("uniform", "gaussian", "sparse", "half_max")
"""How the weights of reference and naive network are drawn; see `draw_task`."""

Weights = NDArray[np.float64]
Raster = NDArray[np.bool_]
_BLOCK = 10_000  # errors
_HISTORY = ("window", "surplus", "missing", "spikes")
_WEIGHTS = {"learned": "weights_", "initial": "initial_weights_", "control": "control_weights_"}


class PSPMParameters(Constants):
    """Constants of the network and of the learning rule, as in the authors' program.

    Examples
    --------
    >>> p = PSPMParameters()
    >>> p.pool_steps, p.window_at(0), p.window_at(149), p.window_at(10_000)
    (15, 14, 5, 1)
    """

    dt: Quantity = param(3 * ms, positive=True, doc="time step")
    tau_m: Quantity = param(second / 30, positive=True, doc="membrane time constant")
    threshold: Quantity = param(
        30 * mV, positive=True, doc="a neuron whose potential exceeds it fires"
    )
    resistance: Quantity = param(
        100 * Mohm, positive=True, doc="membrane resistance that the input current flows through"
    )
    epsilon: Quantity = param(
        8e-7 * volt, minimum=0 * volt, doc="unit of the local change of a weight"
    )
    levels: int = param(10, minimum=1, doc="a local change is ``epsilon`` times an integer drawn "
        "uniformly from ``0..levels-1``")  # fmt: skip
    rho: Quantity = param(5e-11 * volt, minimum=0 * volt, doc="homeostatic change of every weight "
        "per missing spike of the whole network")  # fmt: skip
    pool_window: Quantity = param(45 * ms, positive=True, doc="how long before an error a "
        "presynaptic neuron must have fired to be changed")  # fmt: skip
    pairing_window: Quantity = param(42 * ms, positive=True, doc="largest distance of paired "
        "spikes in the first iterations")  # fmt: skip
    shrink_every: int = param(15, minimum=1, doc="after so many iterations the pairing window "
        "becomes one step shorter, down to one step")  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("pool_window", "pairing_window"):
            place, given = f"PSPMParameters.{name}", getattr(self, name)
            if self._steps(given) < 1:
                raise ValueError(f"{place}: must be at least one time step, got {given}")
        if float(self.tau_m) <= float(self.dt):
            raise ValueError(f"PSPMParameters.tau_m: must be longer than dt, got {self.tau_m}")

    def _steps(self, duration: Any) -> int:
        return round(float(duration) / float(self.dt))

    @property
    def pool_steps(self) -> int:
        """The pool window in steps."""
        return self._steps(self.pool_window)

    def window_at(self, iteration: int) -> int:
        """Return the pairing window of an iteration, counted from 0, in steps."""
        return max(1, self._steps(self.pairing_window) - iteration // self.shrink_every)

    def scaled(self, n: int, *, published: int = 400) -> PSPMParameters:
        """Return the constants for another number of neurons.

        Weights go with ``1/n`` to keep the recurrent drive, so ``epsilon`` does too; ``rho`` goes
        with ``1/n²``, since the missing spikes of the network grow with ``n``.

        Examples
        --------
        >>> PSPMParameters().scaled(200).epsilon
        1.6 * uvolt
        """
        n = check_integer("PSPMParameters.scaled: n", n, minimum=1)
        factor = check_real("PSPMParameters.scaled: published", published) / n
        return self.with_values(epsilon=self.epsilon * factor, rho=self.rho * factor**2)


# ---- the network ---------------------------------------------------------------------------------


@checked
def recurrent_network(n: int, parameters: PSPMParameters) -> NetworkSpec:
    """Return the network; a trial is one time step, so that the current is an ordinary input.

    Forward Euler: ``v += dt/tau_m (i_syn + i_ext - v)``; a cell above threshold fires, is reset to
    0 and adds its weight to ``i_syn`` of every cell, itself included, which lasts for one step.

    Parameters
    ----------
    n : int
        Number of cells.
    parameters : PSPMParameters
        Constants.

    Returns
    -------
    NetworkSpec
        Input ``drive`` (float64, ``(n_steps, n)``, resistance times current in volts); records the
        spikes of ``cell``; weights ``recurrent.w`` in volts, presynaptic cells in rows.
    """
    cell = NeuronModel(
        name="leaky",
        equations="dv/dt = (i_syn + i_ext - v)/tau_m : volt\ni_syn : volt\ni_ext : volt",
        update="i_syn = 0*volt",
        threshold="v > threshold",
        reset="v = 0*volt",
        parameters={"tau_m": parameters.tau_m, "threshold": parameters.threshold},
    )
    each = np.arange(n)
    return NetworkSpec(
        populations=(
            PoissonSource(name="current", n=n, rates="0*Hz", inputs={"drive": "float64"}),
            Population(name="cell", n=n, model=cell),
        ),
        projections=(
            SparseProjection(name="feed", source="current", target="cell", pre=each, post=each,
                             summed="i_ext_post = drive_pre*volt"),
            DenseProjection(name="recurrent", source="cell", target="cell",
                            transmit="i_syn_post += w*volt"),
        ),
        trial=Trial(duration=parameters.dt),
        records=(SpikeRecord(population="cell"),),
    )  # fmt: skip


def _simulate(program: Program, weights: NDArray[Any], drive: NDArray[Any]) -> Raster:
    """Run the network from rest; resistance times current is in volts."""
    state = {**program.initial_state(), "recurrent.w": weights}
    _, record = program(state, {"drive": drive})
    raster = np.zeros(drive.shape, dtype=bool)
    raster[record["cell.spike_trial"], record["cell.spike_cell"]] = True
    return raster


class RecurrentNetwork:
    """The compiled network, called with weights and input: spikes out, nothing kept.

    Parameters
    ----------
    n : int
        Number of cells.
    parameters : PSPMParameters, optional
        Constants.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.

    Examples
    --------
    >>> from brian2 import nA
    >>> network = RecurrentNetwork(2, target="numpy")
    >>> network(np.zeros((2, 2)), np.full((40, 2), 0.5) * nA).sum(axis=0)
    array([4, 4])
    """

    def __init__(
        self, n: int, parameters: PSPMParameters | None = None, *, target: str = "cpp"
    ) -> None:
        self.n, self.parameters = n, parameters or PSPMParameters()
        network = recurrent_network(n, self.parameters)
        self.program = Program(network, dt=self.parameters.dt, dtype="float64", target=target)

    def __call__(self, weights: NDArray[Any], current: Any) -> Raster:
        """Simulate from rest.

        Parameters
        ----------
        weights : array, shape (n, n)
            From row to column, in volts.
        current : Quantity or array_like, shape (n_steps, n)
            Input current; plain numbers are amperes.

        Returns
        -------
        array of bool, shape (n_steps, n)
            Who exceeds the threshold at the end of each step.
        """
        amperes = np.asarray(_amperes("RecurrentNetwork.current", current), dtype=np.float64)
        return _simulate(self.program, weights, amperes * float(self.parameters.resistance))


def _amperes(place: str, current: Any) -> Any:
    """Return a current as an array in amperes, and leave plain numbers as they are."""
    if not isinstance(current, Quantity):
        return current
    if not have_same_dimensions(current, amp):
        raise TypeError(f"{place}: must be a current, got a quantity in {current.dim}")
    return np.asarray(current, dtype=np.float64)


# ---- the rule ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PSPMRule:
    """Presynaptic pool modification with homeostasis and fixed signs.

    A surplus spike of a cell weakens the synapses from its pool, the presynaptic cells that fired
    in the ``pool_window`` before it, each by a random amount; a missing spike adds such amounts.
    Homeostasis adds to every synapse of the network a step in proportion to the missing spikes of
    all cells. Excitatory weights stay at or above zero, inhibitory at or below. A local change
    needs the spikes of the presynaptic cell and an error signal at the postsynaptic cell; the
    homeostatic step needs one number that is broadcast to all cells.

    Parameters
    ----------
    parameters : PSPMParameters
        Constants; ``epsilon = 0`` leaves homeostasis alone, ``rho = 0`` the local changes.

    References
    ----------
    Bagley, Bordelon, Moseley & Wessel (2020), doi 10.1371/journal.pone.0229083.

    Examples
    --------
    >>> from bioplastic.analysis.pairing import pair_spikes
    >>> own, wanted = np.zeros((40, 2), bool), np.zeros((40, 2), bool)
    >>> own[20, 1] = wanted[30, 0] = own[5, 0] = wanted[5, 0] = True
    >>> weights, rule = np.ones((2, 2)), PSPMRule(PSPMParameters())
    >>> pairing = pair_spikes(own, wanted, 14)
    >>> rule.update(weights, own, pairing, np.ones(2), np.random.default_rng(0))
    >>> [(int(j), int(i)) for j, i in zip(*np.nonzero(weights != 1))]
    [(0, 1), (1, 0)]
    """

    parameters: PSPMParameters

    def __post_init__(self) -> None:
        check_params(self)

    def update(
        self, weights: Weights, spikes: Raster, pairing: Pairing, signs: Weights,
        rng: np.random.Generator, *, control: Weights | None = None,
    ) -> None:  # fmt: skip
        """Change ``weights`` in place by all errors of one run of the network.

        First what every unpaired spike changes, surplus spikes before missing ones of a cell; the
        signs hold after every single change. Errors in the first ``pool_window`` are skipped, since
        their pool is not known. Then homeostasis.

        Parameters
        ----------
        weights : array, shape (n, n)
            In volts.
        spikes : array of bool, shape (n_steps, n)
            Spikes of the learning network.
        pairing : Pairing
            Its unpaired spikes (surplus) and those of the target (missing).
        signs : array, shape (n,)
            +1 for excitatory and -1 for inhibitory cells.
        rng : Generator
            Draws the amounts.
        control : array, shape (n, n), optional
            Weights that are changed by the same amounts, each on one of all synapses with equal
            probability. Those that meet on one synapse, of errors that have the same number in
            their cell, are summed before the sign is enforced.
        """
        lacking = float(self.parameters.rho) * (pairing.n_missing - pairing.n_surplus)
        n = len(signs)
        for place, amounts, rounds in self._local_changes(spikes, pairing, rng):
            _change(weights.reshape(-1), place, amounts, rounds, signs)
            if control is not None:
                anywhere = rng.integers(0, n * n, amounts.size)
                _change(control.reshape(-1), anywhere, amounts, rounds, signs)
        for matrix in (weights, control):
            if matrix is not None:
                matrix += lacking
                _clip_signs(matrix, signs)

    def _local_changes(
        self, spikes: Raster, pairing: Pairing, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield synapses and amounts in blocks, to bound memory, and where their rounds begin.

        A round holds the changes by the k-th error of every cell, hence never two on one synapse.
        """
        p = self.parameters
        if float(p.epsilon) == 0:
            return
        step, cell, sign, first = _order_errors(pairing, p.pool_steps)
        pool, n, end = _find_pool(spikes, p.pool_steps), spikes.shape[1], 0
        while end < cell.size:
            begin = end
            later = first[first > begin + _BLOCK]
            end = int(later[0]) if later.size else cell.size
            event, pre = np.divmod(np.flatnonzero(pool[step[begin:end]]), n)
            units = rng.integers(0, p.levels, event.size, dtype=np.uint8)
            starts = first[(first >= begin) & (first < end)] - begin
            yield (
                pre * n + cell[begin:end][event],
                sign[begin:end][event] * float(p.epsilon) * units,
                np.append(np.searchsorted(event, starts), event.size),
            )


def _change(flat: Weights, place: Any, amounts: Any, rounds: Any, signs: Any) -> None:
    side = signs[place // len(signs)]
    for begin, end in itertools.pairwise(rounds):
        here = place[begin:end]
        np.add.at(flat, here, amounts[begin:end])
        flat[here] = _bounded(flat[here], side[begin:end])


def _bounded(values: Weights, signs: Weights) -> Weights:
    return np.asarray(signs * np.maximum(signs * values, 0.0))


def _clip_signs(weights: Weights, signs: Weights) -> None:
    """Set weights of the wrong sign to zero, in place; ``signs`` are those of the rows."""
    weights[...] = _bounded(weights, signs[:, None])


def _find_pool(spikes: Raster, window: int) -> Raster:
    """Return who fired at least once in the ``window`` steps before each step."""
    pool = np.zeros_like(spikes)
    pool[1:] = spikes[:-1]
    width = 1
    while width < window:
        step = min(width, window - width)
        pool[step:] |= pool[:-step].copy()
        width += step
    return pool


def _order_errors(pairing: Pairing, start: int) -> tuple[Any, Any, Any, Any]:
    """Return step, cell and sign of all errors from a step on, and where their rounds begin.

    Of a cell surplus spikes come before missing ones.
    """
    errors = np.stack([pairing.surplus, pairing.missing])[:, start:]
    late, step, cell = np.unravel_index(np.flatnonzero(errors), errors.shape)
    order = np.lexsort((step, late, cell))
    number = np.arange(order.size) - np.searchsorted(cell[order], cell[order])  # in its cell
    rounds = np.argsort(number, kind="stable")
    order, first = order[rounds], np.flatnonzero(np.diff(number[rounds], prepend=-1))
    return step[order] + start, cell[order], np.where(late[order], 1, -1), first


@checked
def pool_rule(parameters: PSPMParameters | None = None) -> PlasticityRule:
    """Return the pool update of one kind of error as a plasticity rule.

    A presynaptic spike starts a trace that falls linearly to 0 over the pool window; a
    postsynaptic event is an error of that cell, and changes every synapse whose trace is above 0
    by ``direction`` (-1 for surplus, +1 for missing spikes) times a random amount. ``sign_pre`` is
    +1 for excitatory, -1 for inhibitory cells, and bounds their weights.

    Parameters
    ----------
    parameters : PSPMParameters, optional
        Constants; ``levels = 1`` makes every amount one ``epsilon``.

    Returns
    -------
    PlasticityRule
        Weights ``w`` in volts, without unit.

    Examples
    --------
    >>> str(pool_rule().audit()).splitlines()[0]
    'presynaptic-pool: local with modulator; online'
    """
    p = PSPMParameters() if parameters is None else parameters
    amount, levels = "floor(levels*rand())", {"levels": p.levels}
    if p.levels == 1:
        amount, levels = "1", {}
    return PlasticityRule(
        name="presynaptic-pool",
        pre="drecent_pre/dt = -1/window : 1\nsign_pre : 1",
        modulators="direction : 1 (shared)",
        on_pre="recent_pre = 1",
        on_post=f"""
            w = w + direction*epsilon*{amount}*int(recent_pre > margin)
            w = sign_pre*clip(sign_pre*w, 0, inf)
        """,
        parameters={"window": p.pool_steps * p.dt, "margin": 0.5 / p.pool_steps,
                    "epsilon": float(p.epsilon), **levels},
        initial={"recent_pre": -1.0},
        reference="Bagley et al. 2020",
    )  # fmt: skip


# ---- what is learned -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Task:
    """A reference network to be imitated, and the network that learning starts from.

    Attributes
    ----------
    reference, naive : array, shape (n, n)
        Weights in volts, presynaptic cells in rows.
    signs : array, shape (n,)
        +1 for excitatory, -1 for inhibitory cells; the same in both networks.
    current : Quantity, shape (n_steps, n)
        The input current, the same for all networks and iterations.
    """

    reference: Weights
    naive: Weights
    signs: Weights
    current: Quantity


@checked(
    n=param(minimum=1),
    n_steps=param(minimum=1),
    inhibitory=param(minimum=0, maximum=1),
    condition=param(choices=CONDITIONS),
)
def draw_task(
    condition: str = "uniform", *, n: int = 400, n_steps: int = 5000, inhibitory: float = 0.2,
    seed: int | np.random.SeedSequence = 0,
) -> Task:  # fmt: skip
    """Draw one trial of an experiment of Bagley et al. (2020).

    Weights go with ``400/n``, so that small networks are driven as much as the published one.

    Parameters
    ----------
    condition : {'uniform', 'gaussian', 'sparse', 'half_max'}
        Law of the weights, independent for reference and naive network. ``'uniform'``: from 0 to
        1.5 mV. ``'gaussian'``: mean and deviation 0.4 mV, negative draws set to zero (the law of
        the avalanche experiment; that of the paper is not known). ``'sparse'``: as uniform, half of
        the weights of the reference zero. ``'half_max'``: as uniform, the naive weights up to half.
    n : int, default 400
        Number of cells.
    n_steps : int, default 5000
        Length in time steps.
    inhibitory : float, default 0.2
        Fraction of inhibitory cells.
    seed : int or SeedSequence, default 0
        Fixes everything.

    Examples
    --------
    >>> task = draw_task("half_max", n=10, n_steps=20)
    >>> int((task.signs < 0).sum()), bool(abs(task.reference).max() > 1.9 * abs(task.naive).max())
    (2, True)
    """
    if not isinstance(seed, np.random.SeedSequence):
        check_integer("draw_task.seed", seed, minimum=0)
    rng = np.random.default_rng(seed)
    signs = _draw_signs(rng, n, inhibitory)
    law = "gaussian" if condition == "gaussian" else "uniform"
    reference, naive = (draw_weights(rng, n, law, signs) for _ in range(2))
    if condition == "sparse":
        reference.flat[rng.permutation(n * n)[: n * n // 2]] = 0.0
    if condition == "half_max":
        naive *= 0.5
    return Task(reference, naive, signs, draw_current(rng, n, n_steps))


def _draw_signs(rng: np.random.Generator, n: int, inhibitory: float) -> Weights:
    """Return -1 for a fraction of the cells, drawn at random, +1 for the others."""
    signs = np.ones(n)
    signs[rng.permutation(n)[: round(inhibitory * n)]] = -1.0
    return signs


def draw_weights(rng: np.random.Generator, n: int, law: str, signs: Weights) -> Weights:
    """Return weights in volts, shape (n, n): see `draw_task` for the laws."""
    if law == "uniform":
        size = 1.5e-6 * rng.integers(0, 1000, (n, n))
    else:
        size = np.maximum(rng.normal(0.4e-3, 0.4e-3, (n, n)), 0.0)
    weights = (400 / n) * size * signs[:, None]
    _clip_signs(weights, signs)  # no negative zeros
    return weights


def draw_current(rng: np.random.Generator, n: int, n_steps: int) -> Quantity:
    """Return the published input current, normal and independent at every step and cell."""
    return 0.25 * nA + 0.1 * nA * rng.standard_normal((n_steps, n))


# ---- the estimator -------------------------------------------------------------------------------


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

    weights_: Weights
    initial_weights_: Weights
    control_weights_: Weights | None
    signs_: Weights
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
        return super().check_samples(_amperes("PSPMRegressor.X", X), first=first)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return the current in amperes and the target spikes as a raster."""
        current = self.check_samples(X, first=first)
        wanted = spikes_to_raster(y, len(current), float(self.dt), place="PSPMRegressor.y")
        if wanted.shape != current.shape:
            text = f"one train per column of X, {current.shape[1]}, got {wanted.shape[1]}"
            raise ValueError(f"PSPMRegressor.y: must have {text}")
        return current, wanted

    def start(self, X: Any, y: Any) -> None:
        """Draw who is inhibitory, and the weights."""
        n, rng, place = self.n_features_in_, self.rng(0), type(self).__name__
        if np.ndim(self.inhibitory) == 0:
            share = check_real(f"{place}.inhibitory", self.inhibitory, minimum=0, maximum=1)
            self.signs_ = _draw_signs(rng, n, share)
        else:
            chosen = check_array(f"{place}.inhibitory", self.inhibitory, shape=(n,))
            self.signs_ = np.where(chosen.astype(bool), -1.0, 1.0)
        if isinstance(self.initial_weights, str):
            weights = draw_weights(rng, n, self.initial_weights, self.signs_)
        else:
            given = check_array(f"{place}.initial_weights", self.initial_weights, shape=(n, n))
            weights = given.astype(np.float64)
            _clip_signs(weights, self.signs_)
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

    def _spikes(self, weights: Weights, current: Any) -> Raster:
        drive = np.asarray(current, dtype=np.float64) * float(self.constants_.resistance)
        return _simulate(self.program("learn"), weights, drive)

    def predict(self, X: Any, *, which: str = "learned") -> Raster:
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
            raise ValueError("PSPMRegressor.which: 'control' needs a fit with control=True")
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
