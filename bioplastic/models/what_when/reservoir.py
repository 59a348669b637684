"""The reservoir as drawn numbers: cell types, recurrent weights, weights of cue and feedback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioplastic.arguments import check_arguments
from bioplastic.models.what_when.parameters import ReservoirParameters
from bioplastic.validation import check_integer

__all__ = ["Edges", "Reservoir", "draw_reservoir"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Edges:
    """Synapses between given pairs, sorted by presynaptic and then postsynaptic cell.

    Attributes
    ----------
    pre, post : array of int, shape (n_synapses,)
        The pairs.
    w : array, shape (n_synapses,)
        Weights, not negative.
    """

    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    w: Floats


@dataclass(frozen=True)
class Reservoir:
    """One draw of a reservoir.

    Attributes
    ----------
    a, b, c, d : array, shape (n_cells,)
        Cell types; ``a`` in 1/ms, ``c`` in mV.
    bias, cue, v_start : array, shape (n_cells,)
        Constant current, weight of the cue, and voltage (mV) at the start of a trial.
    excitatory, inhibitory : Edges
        Recurrent synapses; the first ``n_excitatory`` cells are excitatory.
    feedback : array, shape (n_channels, n_cells)
        Weights of the fed-back outputs.
    """

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    bias: Floats
    cue: Floats
    v_start: Floats
    excitatory: Edges
    inhibitory: Edges
    feedback: Floats


@check_arguments
def draw_reservoir(
    parameters: ReservoirParameters, *, n_channels: int = 2, seed: int = 0
) -> Reservoir:
    """Draw a reservoir.

    Cell types, connections, cue and feedback have random streams of their own: reservoirs with the
    same seed and another coupling, noise or recovery share everything else.

    Parameters
    ----------
    parameters : ReservoirParameters
        Sizes and distributions.
    n_channels : int, default 2
        Number of outputs that are fed back.
    seed : int, default 0
        Fixes the draw.

    Returns
    -------
    Reservoir

    Examples
    --------
    >>> small = ReservoirParameters(n_excitatory=8, n_inhibitory=2, connection_probability=1)
    >>> reservoir = draw_reservoir(small)
    >>> reservoir.excitatory.pre.size, reservoir.inhibitory.pre.size     # no autapses
    (72, 18)
    """
    p = parameters
    check_integer("draw_reservoir.n_channels", n_channels, minimum=1)
    check_integer("draw_reservoir.seed", seed, minimum=0)
    n_exc, n = p.n_excitatory, p.n_cells
    types, wires, inputs, slow = (np.random.default_rng([seed, stream]) for stream in range(4))
    q = types.random(n)
    a, b = np.full(n, 0.02), np.full(n, 0.2)
    c, d = np.full(n, -65.0), np.full(n, 2.0)
    c[:n_exc], d[:n_exc] = -65 + 15 * q[:n_exc] ** 2, 8 - 6 * q[:n_exc] ** 2
    a[n_exc:], b[n_exc:] = 0.02 + 0.08 * q[n_exc:], 0.25 - 0.05 * q[n_exc:]
    if p.recovery == "slow":
        a = np.exp(slow.uniform(np.log(p.a_min), np.log(p.a_max), n))
    bias = p.bias_mean + p.bias_std * types.standard_normal(n)
    v_start = types.uniform(-70.0, -60.0, n)
    mask = wires.random((n, n)) < p.connection_probability
    np.fill_diagonal(mask, False)
    size = np.abs(wires.standard_normal((n, n))) / np.sqrt(p.connection_probability * n)
    cue = p.cue_gain * inputs.random(n) * (inputs.random(n) < p.cue_fraction)
    chosen = inputs.random((n_channels, n)) < p.feedback_fraction
    feedback = p.feedback_gain * inputs.standard_normal((n_channels, n)) * chosen
    excitatory, inhibitory = mask.copy(), mask
    excitatory[n_exc:], inhibitory[:n_exc] = False, False
    return Reservoir(
        a=a,
        b=b,
        c=c,
        d=d,
        bias=bias,
        cue=cue,
        v_start=v_start,
        excitatory=_edges(excitatory, p.coupling_excitatory * size),
        inhibitory=_edges(inhibitory, p.coupling_inhibitory * size),
        feedback=feedback,
    )


def _edges(mask: NDArray[np.bool_], weights: Floats) -> Edges:
    pre, post = np.nonzero(mask)
    return Edges(pre.astype(np.int32), post.astype(np.int32), weights[pre, post])
