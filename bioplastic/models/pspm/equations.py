"""The local update as equations, so that its locality can be audited and stock Brian2 can run it.

`bioplastic.models.pspm.PSPMRule` computes the same changes without a simulation; the tests compare
the two.
"""

from __future__ import annotations

import numpy as np
from brian2 import second
from numpy.typing import ArrayLike, NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Program, Trial
from bioplastic.fields import checked
from bioplastic.models.pspm.parameters import PSPMParameters
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

__all__ = ["pool_rule", "replay_errors", "replay_network"]


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
    amount = "floor(levels*rand())" if p.levels > 1 else "1"
    return PlasticityRule(
        name="presynaptic-pool",
        pre="""
            drecent_pre/dt = -1/window : 1
            sign_pre : 1
        """,
        modulators="direction : 1 (shared)",
        on_pre="recent_pre = 1",
        on_post=f"""
            w = w + direction*epsilon*{amount}*int(recent_pre > margin)
            w = sign_pre*clip(sign_pre*w, 0, inf)
        """,
        parameters={
            "window": p.pool_steps * p.dt,
            "margin": 0.5 / p.pool_steps,
            "epsilon": float(p.epsilon),
            **({"levels": p.levels} if p.levels > 1 else {}),
        },
        initial={"recent_pre": -1.0},
        reference="Bagley et al. 2020",
    )


def replay_network(n: int, n_steps: int, parameters: PSPMParameters) -> NetworkSpec:
    """Return a network that plays spikes and errors to synapses with `pool_rule`.

    Inputs ``spikes`` and ``errors`` are lists of spikes; the delay of one step makes the pool of an
    error end with the step before it.

    Examples
    --------
    >>> replay_network(3, 20, PSPMParameters()).projections[0].name
    'pool'
    """
    return NetworkSpec(
        populations=(SpikeListSource(name="spikes", n=n), SpikeListSource(name="errors", n=n)),
        projections=(
            DenseProjection(
                name="pool",
                source="spikes",
                target="errors",
                rule=pool_rule(parameters),
                delay=parameters.dt,
            ),
        ),
        trial=Trial(duration=n_steps * parameters.dt),
    )


def replay_errors(
    weights: NDArray[np.float64],
    spikes: ArrayLike,
    surplus: ArrayLike,
    missing: ArrayLike,
    signs: ArrayLike,
    parameters: PSPMParameters,
    *,
    seed: int = 0,
    target: str = "cpp",
) -> NDArray[np.float64]:
    """Return the weights after the local changes of one iteration, by running the equations.

    Parameters
    ----------
    weights : array, shape (n, n)
        In volts, presynaptic cells in rows.
    spikes, surplus, missing : array_like of bool, shape (n_steps, n)
        Spikes of the learning network, and the unpaired spikes; see
        `bioplastic.analysis.pairing.Pairing`.
    signs : array_like, shape (n,)
        +1 for excitatory and -1 for inhibitory cells.
    parameters : PSPMParameters
        Constants.
    seed : int, default 0
        Fixes the amounts.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.

    Returns
    -------
    array, shape (n, n)
    """
    fired = np.asarray(spikes, dtype=bool)
    n_steps, n = fired.shape
    network = replay_network(n, n_steps, parameters)
    program = Program(network, dt=parameters.dt, dtype="float64", target=target)
    state = program.initial_state() | {
        "pool.w": np.asarray(weights, dtype=np.float64),
        "pool.sign_pre": np.asarray(signs, dtype=np.float64),
    }
    start = state["pool.recent_pre"]
    for direction, mask in ((-1.0, surplus), (1.0, missing)):
        errors = np.array(mask, dtype=bool)
        errors[: parameters.pool_steps] = False  # their pool is not known
        inputs = {"spikes": [_events(fired, parameters)], "errors": [_events(errors, parameters)]}
        state |= {"pool.direction": np.full_like(state["pool.direction"], direction)}
        state |= {"pool.recent_pre": start}
        state, _ = program(state, inputs, seed=seed)
    return state["pool.w"]


def _events(raster: NDArray[np.bool_], p: PSPMParameters) -> tuple[NDArray[np.int64], object]:
    step, cell = np.nonzero(raster)
    return cell, step * float(p.dt) * second
