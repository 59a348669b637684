"""Short-term plasticity: facilitation and depression of transmission."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked, param
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_identifier

__all__ = ["tsodyks_markram"]


@checked(use=param(maximum=1, positive=True))
def tsodyks_markram(
    *,
    use: float = 0.5,
    tau_f: Quantity = 20 * ms,
    tau_d: Quantity = 200 * ms,
    target: str = "ge",
    name: str = "tsodyks-markram",
) -> PlasticityRule:
    """Return short-term plasticity with its variables on the presynaptic cell.

    Utilisation ``u`` decays to zero with ``tau_f`` and resources ``x`` recover to one with
    ``tau_d``. At a spike ``u <- u + use (1 - u)``, then ``w u x`` is transmitted, then
    ``x <- x - u x``. Both depend on the spikes of one cell alone, so that all its synapses share
    them.

    Parameters
    ----------
    use : float, default 0.5
        Utilisation of a first spike, in (0, 1].
    tau_f, tau_d : Quantity, default 20 and 200 ms
        Time constants of facilitation and recovery from depression.
    target : str, default "ge"
        Variable of the postsynaptic neuron that receives ``w u x``.
    name : str, default "tsodyks-markram"
        Name in messages.

    References
    ----------
    Tsodyks, Pawelzik and Markram (1998), doi 10.1162/089976698300017502;
    Mongillo, Barak and Tsodyks (2008), doi 10.1126/science.1150769.

    Examples
    --------
    >>> [phase.scope for phase in tsodyks_markram().phases("on_pre")]
    ['pre', 'synapse', 'pre']
    """
    check_identifier("tsodyks_markram.target", target)
    return PlasticityRule(
        name=name,
        pre="du_pre/dt = -u_pre/tau_f : 1\ndx_pre/dt = (1 - x_pre)/tau_d : 1",
        on_pre=f"u_pre += use*(1 - u_pre); {target}_post += w*u_pre*x_pre; x_pre -= u_pre*x_pre",
        parameters={"use": use, "tau_f": tau_f, "tau_d": tau_d},
        initial={"x_pre": 1.0},
        reference="Tsodyks et al. 1998",
    )
