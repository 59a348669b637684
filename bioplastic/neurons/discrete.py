"""Discrete-time leaky integrate-and-fire neurons with subtractive reset."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms

from bioplastic.fields import checked
from bioplastic.neurons.model import NeuronModel

__all__ = ["discrete_alif", "discrete_lif"]


@checked
def discrete_lif(
    *, tau_m: Quantity = 20 * ms, v_t: float = 1.0, name: str = "discrete-lif"
) -> NeuronModel:
    """Return a LIF neuron that is a recursion over time steps, not a differential equation.

    ``v(t) = alpha v(t-1) + i_in(t) + i_ext - v_t z(t-1)`` with ``alpha = exp(-dt/tau_m)`` and
    ``z(t) = [v(t) > v_t]``. Synapses add to ``i_in``, which is consumed in the next step, so that
    spikes of step ``t - 1`` arrive in step ``t``; ``i_ext`` is a constant drive. After a spike
    ``v_t`` is subtracted in the next step, hence ``v`` can be read before its reset.

    Parameters
    ----------
    tau_m : Quantity, default 20 ms
        Membrane time constant.
    v_t : float, default 1
        Threshold.
    name : str, default "discrete-lif"
        Name in messages.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``i_in``, ``i_ext`` and ``z``, dimensionless.

    References
    ----------
    Bellec et al. (2020), doi 10.1038/s41467-020-17236-y, Methods.

    Examples
    --------
    >>> sorted(discrete_lif().state_variables)
    ['i_ext', 'i_in', 'v', 'z']
    """
    return _make(name, {"tau_m": tau_m, "v_t": v_t}, "", "", "v > v_t")


@checked
def discrete_alif(
    *,
    tau_m: Quantity = 20 * ms,
    tau_a: Quantity = 200 * ms,
    v_t: float = 1.0,
    beta: float = 1.7,
    name: str = "discrete-alif",
) -> NeuronModel:
    """Return a discrete-time LIF neuron with adaptive threshold ``v_t + beta a``.

    As :func:`discrete_lif`, with ``a(t) = exp(-dt/tau_a) a(t-1) + z(t-1)``. The reset subtracts
    ``v_t``, not the adapted threshold.

    Parameters
    ----------
    tau_m, tau_a : Quantity, default 20 and 200 ms
        Time constants of membrane and adaptation.
    v_t : float, default 1
        Threshold at rest.
    beta : float, default 1.7
        Strength of the adaptation.
    name : str, default "discrete-alif"
        Name in messages.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``a``, ``i_in``, ``i_ext`` and ``z``, dimensionless.

    References
    ----------
    Bellec et al. (2020), doi 10.1038/s41467-020-17236-y, Methods.

    Examples
    --------
    >>> discrete_alif().threshold
    'v > v_t + beta*a'
    """
    parameters = {"tau_m": tau_m, "v_t": v_t, "tau_a": tau_a, "beta": beta}
    return _make(name, parameters, "a : 1", "a = exp(-dt/tau_a)*a + z", "v > v_t + beta*a")


def _make(
    name: str, parameters: dict[str, Any], equation: str, update: str, threshold: str
) -> NeuronModel:
    return NeuronModel(
        name=name,
        equations=f"v : 1\ni_in : 1\ni_ext : 1\nz : 1\n{equation}",
        threshold=threshold,
        reset="z = 1",
        update=f"v = exp(-dt/tau_m)*v + i_in + i_ext - v_t*z\n{update}\nz = 0\ni_in = 0",
        parameters=parameters,
        reference="Bellec et al. 2020",
    )
