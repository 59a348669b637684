"""Voltage-based STDP: the postsynaptic membrane potential decides about sign and size."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity, ms, mV

from bioplastic.fields import checked
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["clopath_stdp"]


@checked
def clopath_stdp(
    *,
    a_ltd: Quantity = 14e-5 / mV,
    a_ltp: Quantity = 8e-5 / mV**2,
    theta_minus: Quantity = -70.6 * mV,
    theta_plus: Quantity = -45.3 * mV,
    tau_x: Quantity = 15 * ms,
    tau_minus: Quantity = 10 * ms,
    tau_plus: Quantity = 7 * ms,
    u_ref: Quantity | None = None,
    tau_mean: Quantity = 1000 * ms,
    v_rest: Quantity = -70.6 * mV,
    w_max: float = 1.0,
    name: str = "clopath",
) -> PlasticityRule:
    """Return the voltage-based rule, with the parameters of visual cortex.

    With ``x`` the low-passed presynaptic spike train, ``u_minus`` and ``u_plus`` the low-passed
    voltage and ``[y]+`` the positive part::

        pre spike:   w <- w - a_ltd [u_minus - theta_minus]+
        always:      dw/dt = a_ltp x [v - theta_plus]+ [u_plus - theta_minus]+

    clipped to [0, w_max]. The voltage is filtered after the spikes of a step and before its reset,
    exactly for a voltage that is constant over the step. The neuron needs a variable ``v`` (volt)
    that shows the upswing of its spikes.

    Parameters
    ----------
    a_ltd : Quantity, default 14e-5/mV
        Amplitude of depression.
    a_ltp : Quantity, default 8e-5/mV^2
        Amplitude of potentiation.
    theta_minus, theta_plus : Quantity, default -70.6 and -45.3 mV
        Voltage above which depression, and above which potentiation is possible.
    tau_x, tau_minus, tau_plus : Quantity, default 15, 10 and 7 ms
        Filters of the presynaptic spikes and of the two voltages.
    u_ref : Quantity, optional
        Reference of the homeostasis: depression is multiplied by ``m/u_ref^2`` with ``m`` the
        running mean of ``(v - v_rest)^2``. None leaves it out.
    tau_mean : Quantity, default 1 s
        Time constant of the running mean, used with ``u_ref``.
    v_rest : Quantity, default -70.6 mV
        Rest, used with ``u_ref``.
    w_max : float, default 1
        Upper bound.
    name : str, default "clopath"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``v_post``.

    References
    ----------
    Clopath, Buesing, Vasilaki and Gerstner (2010), doi 10.1038/nn.2479; parameters of the published
    program (ModelDB 144566).

    Examples
    --------
    >>> rule = clopath_stdp()
    >>> sorted(rule.neuron_variables), str(rule.audit().verdict)
    (['v_post'], 'local')
    """
    post = "u_minus_post : volt\nu_plus_post : volt"
    every = """
        u_minus_post += (v_post - u_minus_post)*(1 - exp(-dt/tau_minus))
        u_plus_post += (v_post - u_plus_post)*(1 - exp(-dt/tau_plus))
    """
    parameters: dict[str, Any] = {
        "a_ltd": a_ltd,
        "a_ltp": a_ltp,
        "theta_minus": theta_minus,
        "theta_plus": theta_plus,
        "tau_x": tau_x,
        "tau_minus": tau_minus,
        "tau_plus": tau_plus,
        "w_max": w_max,
    }
    initial: dict[str, Any] = {"u_minus_post": v_rest, "u_plus_post": v_rest}
    factor = ""
    if u_ref is not None:
        post += "\nm_post : volt**2"
        every += "m_post += ((v_post - v_rest)**2 - m_post)*(1 - exp(-dt/tau_mean))\n"
        parameters |= {"u_ref": u_ref, "tau_mean": tau_mean, "v_rest": v_rest}
        initial["m_post"] = u_ref**2
        factor = "*m_post/u_ref**2"
    down = f"a_ltd{factor}*int(u_minus_post > theta_minus)*(u_minus_post - theta_minus)"
    up = (
        "a_ltp*x_pre*dt*int(v_post > theta_plus)*(v_post - theta_plus)"
        "*int(u_plus_post > theta_minus)*(u_plus_post - theta_minus)"
    )
    return PlasticityRule(
        name=name,
        pre="dx_pre/dt = -x_pre/tau_x : Hz",
        post=post,
        on_pre=f"x_pre += 1/tau_x; w = clip(w - {down}, 0, w_max)",
        every=f"{every}w = clip(w + {up}, 0, w_max)",
        parameters=parameters,
        initial=initial,
        reference="Clopath et al. 2010",
    )
