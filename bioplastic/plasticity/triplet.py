"""Triplet STDP: the change at a spike also depends on the spike before it."""

from __future__ import annotations

from brian2 import Quantity, ms

from bioplastic.fields import checked, param
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["TRIPLET_SETS", "diehl_cook_stdp", "triplet_stdp"]

#: Fitted all-to-all parameters: amplitudes, and time constants in ms. A minimal set uses one slow
#: time constant only; its ``tau_x`` acts on nothing and is that of the full set.
TRIPLET_SETS: dict[str, dict[str, float]] = {
    "visual_cortex": {
        "a2_plus": 5e-10, "a3_plus": 6.2e-3, "a2_minus": 7e-3, "a3_minus": 2.3e-4,
        "tau_plus": 16.8, "tau_x": 101.0, "tau_minus": 33.7, "tau_y": 125.0,
    },
    "visual_cortex_minimal": {
        "a2_plus": 0.0, "a3_plus": 6.5e-3, "a2_minus": 7.1e-3, "a3_minus": 0.0,
        "tau_plus": 16.8, "tau_x": 101.0, "tau_minus": 33.7, "tau_y": 114.0,
    },
    "hippocampus": {
        "a2_plus": 6.1e-3, "a3_plus": 6.7e-3, "a2_minus": 1.6e-3, "a3_minus": 1.4e-3,
        "tau_plus": 16.8, "tau_x": 946.0, "tau_minus": 33.7, "tau_y": 27.0,
    },
    "hippocampus_minimal": {
        "a2_plus": 5.3e-3, "a3_plus": 8.0e-3, "a2_minus": 3.5e-3, "a3_minus": 0.0,
        "tau_plus": 16.8, "tau_x": 946.0, "tau_minus": 33.7, "tau_y": 40.0,
    },
}  # fmt: skip


@checked(parameters=param(choices=TRIPLET_SETS))
def triplet_stdp(
    *,
    parameters: str = "visual_cortex_minimal",
    eta: float = 1.0,
    w_max: float = 1.0,
    name: str = "triplet-stdp",
) -> PlasticityRule:
    """Return the all-to-all triplet rule.

    With fast traces ``r1_pre``, ``o1_post`` and slow traces ``r2_pre``, ``o2_post``::

        pre spike:   w <- w - o1 (a2_minus + a3_minus r2)
        post spike:  w <- w + r1 (a2_plus + a3_plus o2)

    where the slow traces are read before their own increment.

    Parameters
    ----------
    parameters : str, default "visual_cortex_minimal"
        A key of :data:`TRIPLET_SETS`; single values are changed with ``with_parameters``.
    eta : float, default 1
        Factor on all amplitudes, a shared scalar.
    w_max : float, default 1
        Upper bound; the lower one is 0.
    name : str, default "triplet-stdp"
        Name in messages.

    References
    ----------
    Pfister and Gerstner (2006), doi 10.1523/JNEUROSCI.1425-06.2006, Eqs. 3 and 4, Table 3
    (visual cortex) and Table 4 (hippocampus).

    Examples
    --------
    >>> triplet_stdp().parameters["tau_y"]
    114. * msecond
    """
    fitted: dict[str, float | Quantity] = {
        key: value * ms if key.startswith("tau") else value
        for key, value in TRIPLET_SETS[parameters].items()
    }
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        pre="dr1_pre/dt = -r1_pre/tau_plus : 1\ndr2_pre/dt = -r2_pre/tau_x : 1",
        post="do1_post/dt = -o1_post/tau_minus : 1\ndo2_post/dt = -o2_post/tau_y : 1",
        on_pre="""
            r1_pre += 1
            w = clip(w - eta*o1_post*(a2_minus + a3_minus*r2_pre), 0, w_max)
            r2_pre += 1
        """,
        on_post="""
            o1_post += 1
            w = clip(w + eta*r1_pre*(a2_plus + a3_plus*o2_post), 0, w_max)
            o2_post += 1
        """,
        parameters={**fitted, "w_max": w_max},
        initial={"eta": eta},
        reference="Pfister & Gerstner 2006, Eqs. 3 and 4",
    )


@checked(
    eta_pre=param(minimum=0), eta_post=param(minimum=0), tau_pre=param(positive=True),
    tau_post=param(positive=True), tau_slow=param(positive=True), w_max=param(positive=True),
)  # fmt: skip
def diehl_cook_stdp(
    *,
    eta_pre: float = 1e-4,
    eta_post: float = 1e-2,
    tau_pre: Quantity = 20 * ms,
    tau_post: Quantity = 20 * ms,
    tau_slow: Quantity = 40 * ms,
    w_max: float = 1.0,
    total: float | None = None,
    delayed: bool = False,
    name: str = "diehl-cook-stdp",
) -> PlasticityRule:
    """Return the rule of Diehl and Cook (2015): triplets of the nearest spikes.

    A spike sets the traces ``x_pre``, ``o1_post`` and ``o2_post`` of its cell to 1::

        pre spike:   w <- w - eta_pre o1
        post spike:  w <- w + eta_post x o2

    where ``o2`` is read before it is set, so that a postsynaptic spike potentiates only if another
    one came shortly before.

    Parameters
    ----------
    eta_pre, eta_post : float, default 1e-4 and 1e-2
        Amplitudes of depression and potentiation.
    tau_pre, tau_post, tau_slow : Quantity, default 20, 20 and 40 ms
        Decay of ``x_pre``, ``o1_post`` and ``o2_post``.
    w_max : float, default 1
        Upper bound; the lower one is 0.
    total : float, optional
        Sum of the inputs of each postsynaptic cell after scaling at trial start.
    delayed : bool, default False
        Whether each synapse has a delay of its own, and then a presynaptic trace ``x`` of its own.
    name : str, default "diehl-cook-stdp"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule with variables ``w``, ``eta`` (shared, a factor on both amplitudes) and the traces.

    References
    ----------
    Diehl and Cook (2015), doi 10.3389/fncom.2015.00099; constants of their released program.

    Examples
    --------
    >>> diehl_cook_stdp(delayed=True).on_pre
    'x = 1; w = clip(w - eta*eta_pre*o1_post, 0, w_max)'
    """
    x = "x" if delayed else "x_pre"
    trace = f"d{x}/dt = -{x}/tau_pre : 1"
    variables = "w : 1\neta : 1 (shared)"
    return PlasticityRule(
        name=name,
        synapse=f"{variables}\n{trace} (event-driven)" if delayed else variables,
        pre="" if delayed else trace,
        post="do1_post/dt = -o1_post/tau_post : 1\ndo2_post/dt = -o2_post/tau_slow : 1",
        on_pre=f"{x} = 1; w = clip(w - eta*eta_pre*o1_post, 0, w_max)",
        on_post=f"w = clip(w + eta*eta_post*{x}*o2_post, 0, w_max); o1_post = 1; o2_post = 1",
        normalise=None if total is None else Normalisation(total=total),
        parameters={
            "eta_pre": eta_pre, "eta_post": eta_post, "tau_pre": tau_pre, "tau_post": tau_post,
            "tau_slow": tau_slow, "w_max": w_max,
        },
        initial={"eta": 1.0},
        reference="Diehl & Cook 2015",
    )  # fmt: skip
