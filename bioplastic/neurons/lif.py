"""Leaky integrate-and-fire neurons: current-based, conductance-based, with adaptive threshold."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms, mV, second

from bioplastic.fields import checked, param
from bioplastic.neurons.model import NeuronModel

__all__ = ["adaptive_conductance_lif", "conductance_lif", "current_lif"]

_CONDUCTANCES = "ge*(e_rev - v) + gi*(i_rev - v)"


@checked
def current_lif(
    *,
    name: str = "current-lif",
    tau: Quantity = 10 * ms,
    v_rest: Quantity = -65 * mV,
    v_reset: Quantity = -65 * mV,
    v_t: Quantity = -50 * mV,
    refractory: Quantity | bool = 2 * ms,
    tau_syn: Quantity = 5 * ms,
) -> NeuronModel:
    """Return a leaky integrate-and-fire neuron driven by a current.

    ``tau dv/dt = v_rest - v + i_syn + i_ext`` with currents in units of the voltage they evoke;
    a synapse adds to ``i_syn``, which decays with ``tau_syn``; ``i_ext`` is a constant drive.

    Parameters
    ----------
    name : str, default "current-lif"
        Name in messages.
    tau : Quantity, default 10 ms
        Membrane time constant.
    v_rest, v_reset, v_t : Quantity, default -65, -65 and -50 mV
        Rest, reset and threshold.
    refractory : Quantity or False, default 2 ms
        Refractory period in Brian2's sense.
    tau_syn : Quantity, default 5 ms
        Decay of the synaptic current.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``i_syn``, ``i_ext`` (volt). The membrane is integrated exactly for the
        current at the beginning of the step.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3, Eq. 1.5.

    Examples
    --------
    >>> current_lif().state_variables
    {'v': 'volt', 'i_syn': 'volt', 'i_ext': 'volt'}
    """
    return NeuronModel(
        name=name,
        equations=f"""
            dv/dt = (v_rest - v + i_syn + i_ext)/tau : volt{_flag(refractory)}
            di_syn/dt = -i_syn/tau_syn : volt
            i_ext : volt
        """,
        threshold="v > v_t",
        reset="v = v_reset",
        refractory=refractory,
        method="exponential_euler",
        parameters={
            "tau": tau,
            "v_rest": v_rest,
            "v_reset": v_reset,
            "v_t": v_t,
            "tau_syn": tau_syn,
        },
        initial={"v": v_rest},
        reference="Gerstner et al. 2014, Eq. 1.5",
    )


@checked
def conductance_lif(
    *,
    name: str = "conductance-lif",
    tau: Quantity = 10 * ms,
    v_rest: Quantity = -60 * mV,
    v_reset: Quantity = -45 * mV,
    v_t: Quantity = -40 * mV,
    v_min: Quantity = -100 * mV,
    refractory: Quantity | bool = 3 * ms,
    e_rev: Quantity = 0 * mV,
    i_rev: Quantity = -85 * mV,
    tau_e: Quantity = 1 * ms,
    tau_i: Quantity = 2 * ms,
    v_init: Quantity = -100 * mV,
) -> NeuronModel:
    """Return a leaky integrate-and-fire neuron with exponential synaptic conductances.

    ``tau dv/dt = (v_rest - v) + ge (e_rev - v) + gi (i_rev - v)``, forward Euler, with ``v``
    clamped from below at ``v_min``. Conductances are multiples of the leak and decay exactly.
    The defaults are the inhibitory neuron of Diehl and Cook (2015) and Hao et al. (2020).

    Parameters
    ----------
    name : str, default "conductance-lif"
        Name in messages.
    tau : Quantity, default 10 ms
        Membrane time constant.
    v_rest, v_reset, v_t, v_min : Quantity, default -60, -45, -40 and -100 mV
        Rest, reset, threshold and lower clamp.
    refractory : Quantity or False, default 3 ms
        Refractory period in Brian2's sense. With a step of 0.5 ms, 3 ms freezes the voltage for
        five steps; the neuron integrates and may fire on the sixth.
    e_rev, i_rev : Quantity, default 0 and -85 mV
        Reversal potentials.
    tau_e, tau_i : Quantity, default 1 and 2 ms
        Decay of the conductances.
    v_init : Quantity, default -100 mV
        Initial voltage.

    Returns
    -------
    NeuronModel
        Variables ``v`` (volt), ``ge`` and ``gi`` (dimensionless).

    References
    ----------
    Diehl and Cook (2015), doi 10.3389/fncom.2015.00099; Hao et al. (2020),
    doi 10.1016/j.neunet.2019.09.007.

    Examples
    --------
    >>> conductance_lif(refractory=False).state_variables
    {'v': 'volt', 'ge': '1', 'gi': '1'}
    """
    return NeuronModel(
        name=name,
        equations=f"""
            dv/dt = (v_rest - v + {_CONDUCTANCES})/tau : volt{_flag(refractory)}
            dge/dt = -ge/tau_e : 1
            dgi/dt = -gi/tau_i : 1
        """,
        threshold="v > v_t",
        reset="v = v_reset",
        refractory=refractory,
        method="euler+decay",
        update="v = clip(v, v_min, 1*volt)",
        parameters={
            "tau": tau,
            "v_rest": v_rest,
            "v_reset": v_reset,
            "v_t": v_t,
            "v_min": v_min,
            "e_rev": e_rev,
            "i_rev": i_rev,
            "tau_e": tau_e,
            "tau_i": tau_i,
        },
        initial={"v": v_init},
        reference="Diehl & Cook 2015; Hao et al. 2020",
    )


@checked(
    adaptation=param(choices=("on", "growing", "off", "switch")),
    increment=param(choices=("shrinking", "constant")),
)
def adaptive_conductance_lif(
    *,
    name: str = "adaptive-conductance-lif",
    adaptation: str = "on",
    tau: Quantity = 100 * ms,
    v_rest: Quantity = -65 * mV,
    v_reset: Quantity = -65 * mV,
    v_t: Quantity = -52 * mV,
    v_min: Quantity = -100 * mV,
    refractory: Quantity | bool = 3 * ms,
    e_rev: Quantity = 0 * mV,
    i_rev: Quantity = -100 * mV,
    tau_e: Quantity = 1 * ms,
    tau_i: Quantity = 2 * ms,
    theta_off: Quantity = 20 * mV,
    theta_plus: Quantity = 0.07 * mV,
    tau_theta: Quantity = 6000 * second,
    increment: str = "shrinking",
    v_init: Quantity = -100 * mV,
    theta_init: Quantity = 20 * mV,
) -> NeuronModel:
    """Return a conductance LIF neuron whose threshold adapts to its own activity.

    Fires when ``v > v_t + theta - theta_off``. At a spike ``theta`` grows by
    ``theta_plus theta_off / |2 theta - theta_off|``, so that thresholds grow like the square root
    of the number of spikes; it decays with ``tau_theta``. The defaults are the hidden excitatory
    neuron of Hao et al. (2020) for MNIST with 100 or 400 neurons.

    Parameters
    ----------
    name : str, default "adaptive-conductance-lif"
        Name in messages.
    adaptation : {"on", "growing", "off", "switch"}, default "on"
        ``"off"`` freezes ``theta`` (test mode). ``"switch"`` adds a shared variable ``adapting``
        (1 or 0) that decides at run time. ``"growing"`` leaves out the decay, for networks that
        apply it once per trial: in single precision, a step of a decay that is slower than some
        thousand seconds is rounded to nothing.
    tau, v_rest, v_reset, v_t, v_min : Quantity, default 100 ms, -65, -65, -52 and -100 mV
        Membrane time constant, rest, reset, static threshold and lower clamp.
    refractory : Quantity or False, default 3 ms
        As in :func:`conductance_lif`: with a step of 0.5 ms the voltage rests for 2.5 ms and the
        shortest interval between spikes is 3 ms.
    e_rev, i_rev, tau_e, tau_i : Quantity, default 0 mV, -100 mV, 1 ms and 2 ms
        Reversal potentials and decay of the conductances.
    theta_off : Quantity, default 20 mV
        Offset of the adaptive threshold.
    theta_plus : Quantity, default 0.07 mV
        Increment at ``theta = theta_off``.
    tau_theta : Quantity, default 6000 s
        Decay of the adaptive threshold.
    increment : {"shrinking", "constant"}, default "shrinking"
        ``"constant"`` adds ``theta_plus`` at every spike, as Diehl and Cook do.
    v_init, theta_init : Quantity, default -100 and 20 mV
        Initial values.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``theta`` (volt), ``ge``, ``gi`` and, with ``"switch"``, ``adapting``.

    References
    ----------
    Hao et al. (2020), doi 10.1016/j.neunet.2019.09.007, Eq. 5; Diehl and Cook (2015),
    doi 10.3389/fncom.2015.00099.

    Examples
    --------
    >>> sorted(adaptive_conductance_lif(adaptation="switch").state_variables)
    ['adapting', 'ge', 'gi', 'theta', 'v']
    """
    step = "theta_plus"
    if increment == "shrinking":
        step += "*theta_off/abs(2*theta - theta_off)"
    theta = {
        "on": "dtheta/dt = -theta/tau_theta : volt",
        "growing": "theta : volt",
        "off": "theta : volt",
        "switch": "dtheta/dt = -adapting*theta/tau_theta : volt\nadapting : 1 (shared)",
    }[adaptation]
    reset = {
        "on": f"v = v_reset; theta += {step}",
        "growing": f"v = v_reset; theta += {step}",
        "off": "v = v_reset",
        "switch": f"v = v_reset; theta += adapting*{step}",
    }[adaptation]
    parameters: dict[str, Any] = {
        "tau": tau,
        "v_rest": v_rest,
        "v_reset": v_reset,
        "v_t": v_t,
        "v_min": v_min,
        "e_rev": e_rev,
        "i_rev": i_rev,
        "tau_e": tau_e,
        "tau_i": tau_i,
        "theta_off": theta_off,
    }
    initial: dict[str, Any] = {"v": v_init, "theta": theta_init}
    if adaptation != "off":
        parameters["theta_plus"] = theta_plus
    if adaptation in ("on", "switch"):
        parameters["tau_theta"] = tau_theta
    if adaptation == "switch":
        initial["adapting"] = 1.0
    return NeuronModel(
        name=name,
        equations=f"""
            dv/dt = (v_rest - v + {_CONDUCTANCES})/tau : volt{_flag(refractory)}
            dge/dt = -ge/tau_e : 1
            dgi/dt = -gi/tau_i : 1
            {theta}
        """,
        threshold="v > v_t + theta - theta_off",
        reset=reset,
        refractory=refractory,
        method="euler+decay",
        update="v = clip(v, v_min, 1*volt)",
        parameters=parameters,
        initial=initial,
        reference="Hao et al. 2020, Eq. 5",
    )


def _flag(refractory: Any) -> str:
    return "" if refractory is False else " (unless refractory)"
