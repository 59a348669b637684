"""Izhikevich neurons: the dimensionless form of 2003 and the dimensional form of 2007."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, ms, mV, nS, pA, pF

from bioplastic.fields import checked, param
from bioplastic.neurons.model import NeuronModel
from bioplastic.validation import check_choice

__all__ = [
    "IZHIKEVICH_2007",
    "izhikevich_2003",
    "izhikevich_2003_excitatory",
    "izhikevich_2003_inhibitory",
    "izhikevich_2007",
]

#: Cell types of the dimensional form: capacitance (pF), k (nS/mV), rest, instantaneous threshold
#: and peak (mV), a (1/ms), b (nS), c (mV) and d (pA).
IZHIKEVICH_2007: dict[str, dict[str, float]] = {
    "regular_spiking": {
        "c_m": 100, "k": 0.7, "v_r": -60, "v_t": -40, "v_peak": 35,
        "a": 0.03, "b": -2, "c": -50, "d": 100,
    },
    "intrinsically_bursting": {
        "c_m": 150, "k": 1.2, "v_r": -75, "v_t": -45, "v_peak": 50,
        "a": 0.01, "b": 5, "c": -56, "d": 130,
    },
    "chattering": {
        "c_m": 50, "k": 1.5, "v_r": -60, "v_t": -40, "v_peak": 25,
        "a": 0.03, "b": 1, "c": -40, "d": 150,
    },
    "force": {
        "c_m": 250, "k": 2.5, "v_r": -60, "v_t": -19.2, "v_peak": 30,
        "a": 0.01, "b": -2, "c": -65, "d": 200,
    },
    "force_b0": {
        "c_m": 250, "k": 2.5, "v_r": -60, "v_t": -20, "v_peak": 30,
        "a": 0.01, "b": 0, "c": -65, "d": 200,
    },
}  # fmt: skip

_EULER = """
    dv/dt = (0.04*v**2 + 5*v + 140 - u + i_in)/ms : 1
    du/dt = a*(b*v - u)/ms : 1
"""
_HALF_STEPS = """
    v = clip(v + 0.5*dt/ms*(0.04*v**2 + 5*v + 140 - u + i_in), v_min, v_peak)
    v = clip(v + 0.5*dt/ms*(0.04*v**2 + 5*v + 140 - u + i_in), v_min, v_peak)
    u = u + dt/ms*a*(b*v - u)
"""


@checked
def izhikevich_2003(
    *,
    name: str = "izhikevich-2003",
    a: float = 0.02,
    b: float = 0.2,
    c: float = -65.0,
    d: float = 8.0,
    v_peak: float = 30.0,
    v_min: float = -100.0,
    scheme: str = "half_steps",
) -> NeuronModel:
    """Return the dimensionless model: voltage in mV and time in ms, without units.

    ``dv/dt = 0.04 v^2 + 5 v + 140 - u + I``, ``du/dt = a (b v - u)``; at ``v >= v_peak``,
    ``v = c`` and ``u += d``.

    Parameters
    ----------
    name : str, default "izhikevich-2003"
        Name in messages.
    a, b, c, d : float, default 0.02, 0.2, -65 and 8
        Cell type; the defaults are a regular spiking cell.
    v_peak, v_min : float, default 30 and -100
        Spike cut-off, and lower clamp of the half-step scheme.
    scheme : {"half_steps", "euler"}, default "half_steps"
        ``"half_steps"``: two half steps for ``v``, then one step for ``u``, as in the published
        program (with a step of 1 ms). ``"euler"``: forward Euler.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``u`` and the input ``i_in`` (dimensionless).

    References
    ----------
    Izhikevich (2003), doi 10.1109/TNN.2003.820440, Eqs. 1 to 3.

    Examples
    --------
    >>> sorted(izhikevich_2003().state_variables)
    ['i_in', 'u', 'v']
    """
    return _make_2003(
        name, "", {"a": a, "b": b, "c": c, "d": d}, scheme, v_peak, v_min, {"v": c, "u": b * c}
    )


@checked
def izhikevich_2003_excitatory(
    *, name: str = "izhikevich-excitatory", scheme: str = "half_steps"
) -> NeuronModel:
    """Return the heterogeneous excitatory cell of the 1000-neuron network.

    A number ``r`` uniform on [0, 1) per cell sets ``c = -65 + 15 r^2`` and ``d = 8 - 6 r^2``, from
    regular spiking (r = 0) to chattering (r = 1).

    Parameters
    ----------
    name : str, default "izhikevich-excitatory"
        Name in messages.
    scheme : {"half_steps", "euler"}, default "half_steps"
        As in :func:`izhikevich_2003`.

    References
    ----------
    Izhikevich (2003), doi 10.1109/TNN.2003.820440, program.

    Examples
    --------
    >>> group = izhikevich_2003_excitatory().group(4, seed=0)
    >>> bool(((group.c[:] >= -65) & (group.c[:] < -50)).all())
    True
    """
    varied = "r : 1 (constant)\nc = -65 + 15*r**2 : 1\nd = 8 - 6*r**2 : 1"
    initial = {"v": -65.0, "u": -65.0 * 0.2, "r": _uniform}
    return _make_2003(name, varied, {"a": 0.02, "b": 0.2}, scheme, 30.0, -100.0, initial)


@checked
def izhikevich_2003_inhibitory(
    *, name: str = "izhikevich-inhibitory", scheme: str = "half_steps"
) -> NeuronModel:
    """Return the heterogeneous inhibitory cell of the 1000-neuron network.

    A number ``r`` uniform on [0, 1) per cell sets ``a = 0.02 + 0.08 r`` and ``b = 0.25 - 0.05 r``;
    ``c = -65``, ``d = 2``. The recovery variable starts at zero: ``b`` differs between cells.

    Parameters
    ----------
    name : str, default "izhikevich-inhibitory"
        Name in messages.
    scheme : {"half_steps", "euler"}, default "half_steps"
        As in :func:`izhikevich_2003`.

    References
    ----------
    Izhikevich (2003), doi 10.1109/TNN.2003.820440, program.

    Examples
    --------
    >>> "a" in izhikevich_2003_inhibitory().variables
    True
    """
    varied = "r : 1 (constant)\na = 0.02 + 0.08*r : 1\nb = 0.25 - 0.05*r : 1"
    initial = {"v": -65.0, "r": _uniform}
    return _make_2003(name, varied, {"c": -65.0, "d": 2.0}, scheme, 30.0, -100.0, initial)


@checked(cell=param(choices=IZHIKEVICH_2007))
def izhikevich_2007(cell: str = "regular_spiking", *, name: str | None = None) -> NeuronModel:
    """Return the dimensional model of a cell type.

    ``C dv/dt = k (v - v_r)(v - v_t) - u + I``, ``du/dt = a (b (v - v_r) - u)``; at
    ``v >= v_peak``, ``v = c`` and ``u += d``. Forward Euler.

    Parameters
    ----------
    cell : str, default "regular_spiking"
        A key of :data:`IZHIKEVICH_2007`. ``"force"`` (with a rheobase of 1000 pA) and
        ``"force_b0"`` (as printed) are cells of Nicola and Clopath (2017).
    name : str, optional
        Name in messages, the cell type otherwise.

    Returns
    -------
    NeuronModel
        Variables ``v`` (volt), ``u`` and the input ``i_in`` (amp).

    Raises
    ------
    ValueError
        If the cell type is unknown.

    References
    ----------
    Izhikevich (2007), Dynamical Systems in Neuroscience, chapter 8; Nicola and Clopath (2017),
    doi 10.1038/s41467-017-01827-3.

    Examples
    --------
    >>> izhikevich_2007("chattering").parameters["d"]
    150. * pamp
    """
    value = IZHIKEVICH_2007[cell]
    units: dict[str, Quantity] = {
        "c_m": pF, "k": nS / mV, "v_r": mV, "v_t": mV, "v_peak": mV,
        "a": 1 / ms, "b": nS, "c": mV, "d": pA,
    }  # fmt: skip
    return NeuronModel(
        name=name or cell.replace("_", "-"),
        equations="""
            dv/dt = (k*(v - v_r)*(v - v_t) - u + i_in)/c_m : volt
            du/dt = a*(b*(v - v_r) - u) : amp
            i_in : amp
        """,
        threshold="v >= v_peak",
        reset="v = c; u += d",
        method="euler",
        parameters={key: value[key] * unit for key, unit in units.items()},
        initial={"v": value["v_r"] * mV},
        reference="Izhikevich 2007, chapter 8",
    )


def _make_2003(
    name: str,
    varied: str,
    constants: dict[str, float],
    scheme: str,
    v_peak: float,
    v_min: float,
    initial: dict[str, Any],
) -> NeuronModel:
    check_choice("izhikevich_2003.scheme", scheme, ("half_steps", "euler"))
    half = scheme == "half_steps"
    parameters = {**constants, "v_peak": v_peak, **({"v_min": v_min} if half else {})}
    dynamics = "v : 1\nu : 1" if half else _EULER
    return NeuronModel(
        name=name,
        equations=f"{dynamics}\ni_in : 1\n{varied}",
        threshold="v >= v_peak",
        reset="v = c; u += d",
        update=_HALF_STEPS if half else "",
        parameters=parameters,
        initial=initial,
        reference="Izhikevich 2003, Eqs. 1 to 3",
    )


def _uniform(rng: np.random.Generator, n: int) -> Any:
    return rng.random(n)
