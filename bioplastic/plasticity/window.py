"""The pairing protocol: weight change against the lag between two spikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import brian2 as b2
import numpy as np
import numpy.typing as npt

from bioplastic.plasticity.data import RuleData
from bioplastic.plasticity.interpreter import SynapseInterpreter
from bioplastic.validation import check_integer, check_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["plot_window", "stdp_window"]

#: Blue and vermillion of the Okabe-Ito palette.
_POTENTIATION, _DEPRESSION = "#0072B2", "#D55E00"


def stdp_window(
    rule: RuleData,
    lags: b2.Quantity,
    *,
    variable: str = "w",
    values: Mapping[str, Any] | None = None,
    pairs: int = 1,
    period: b2.Quantity = 1 * b2.second,
    settle: b2.Quantity = 0 * b2.second,
    dt: b2.Quantity = 0.1 * b2.ms,
) -> npt.NDArray[np.float64]:
    """Return the change of a synapse variable after pairs of spikes.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    lags : Quantity, shape (n,)
        Postsynaptic minus presynaptic spike time.
    variable : str, default "w"
        Variable of the synapse whose change is returned.
    values : mapping, optional
        Start values, see :class:`~bioplastic.plasticity.interpreter.SynapseInterpreter`. The weight
        starts at 0.5 if neither this nor the rule says otherwise.
    pairs : int, default 1
        Number of pairs.
    period : Quantity, default 1 s
        Time between pairs.
    settle : Quantity, default 0 s
        Time to wait after the last pair, for rules with an eligibility trace.
    dt : Quantity, default 0.1 ms
        Period of clocked updates without an interval.

    Returns
    -------
    ndarray, shape (n,)
        Changes in SI base units. Traces start at rest. Statements of the trial limits are executed.

    Raises
    ------
    ValueError
        If the variable is unknown.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.plasticity import symmetric_stdp
    >>> stdp_window(symmetric_stdp(eta=0.01, a=1.0), [-5, 0, 5] * ms).round(6).tolist()
    [0.007788, 0.01, 0.007788]
    """
    check_integer("stdp_window.pairs", pairs, minimum=1)
    step = float(check_quantity("stdp_window.period", period, b2.second, positive=True))
    wait = float(check_quantity("stdp_window.settle", settle, b2.second, non_negative=True))
    if b2.get_dimensions(lags) is not b2.second.dim:
        raise TypeError(f"stdp_window.lags: must be a quantity in second, got {lags!r}")
    start = dict(values or {})
    if "w" in rule.parse("synapse") and "w" not in start and "w" not in rule.initial:
        start["w"] = 0.5
    changes = []
    for lag in np.atleast_1d(np.asarray(lags, dtype=float)):
        synapse = SynapseInterpreter(rule, start, rest=True, dt=dt)
        if variable not in synapse.state:
            raise ValueError(f"stdp_window.variable: rule {rule.name!r} has no {variable!r}")
        before = synapse.state[variable]
        synapse.execute("on_trial_start")
        onset = np.arange(pairs) * step
        first, second = onset + max(-lag, 0.0), onset + max(lag, 0.0)
        end = max(first[-1], second[-1]) + wait
        synapse.run(
            pre=[time * b2.second for time in first],
            post=[time * b2.second for time in second],
            until=end * b2.second,
        )
        synapse.execute("on_trial_end")
        changes.append(synapse.state[variable] - before)
    return np.array(changes)


def plot_window(
    rule: RuleData,
    ax: Axes | None = None,
    *,
    lags: b2.Quantity | None = None,
    **protocol: Any,
) -> Axes:
    """Draw the pairing window of a rule.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    ax : Axes, optional
        Where to draw; a new figure of one column width otherwise.
    lags : Quantity, optional
        Lags, -100 to 100 ms otherwise.
    **protocol
        As in :func:`stdp_window`.

    Returns
    -------
    Axes
        The axes; ``ax.figure.savefig(...)`` writes the picture.

    Examples
    --------
    >>> from bioplastic.plasticity import pair_stdp
    >>> plot_window(pair_stdp()).get_xlabel()
    'Lag, post minus pre (ms)'
    """
    from matplotlib.figure import Figure

    if ax is None:
        ax = Figure(figsize=(3.5, 2.5), layout="constrained").subplots()
    if lags is None:
        side = np.geomspace(0.1, 100, 80)
        lags = np.concatenate([-side[::-1], side]) * b2.ms
    change = stdp_window(rule, lags, **protocol)
    milliseconds = np.asarray(lags / b2.ms)
    variable = protocol.get("variable", "w")
    ax.axhline(0, color="0.6", linewidth=0.6)
    ax.axvline(0, color="0.6", linewidth=0.6)
    for part in (milliseconds < 0, milliseconds > 0):
        if part.any():
            colour = _POTENTIATION if change[part].sum() >= 0 else _DEPRESSION
            ax.plot(milliseconds[part], change[part], color=colour, linewidth=1.5)
    ax.set_xlabel("Lag, post minus pre (ms)")
    ax.set_ylabel("Weight change" if variable == "w" else f"Change of {variable}")
    ax.set_title(rule.name, fontsize="medium")
    for spine in ("top", "right"):
        ax.spines[spine].set_visible(False)
    return ax
