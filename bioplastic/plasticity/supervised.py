"""Supervised STDP for first-spike codes: the error of a spike time modulates one STDP update.

A cell that answers a sample with its first spike is told by modulators whether it has won the
competition in its group (``wins_post``), whether the sample is one it shall answer (``goal_post``)
and when cells have fired on average (``mean_time``). From that it knows how much too late its spike
came, and every synapse compares its presynaptic spike time with the postsynaptic one:
``dw = error_post*(a_plus if t_pre <= t_post else a_minus)``. Times run from 0 to 1; a silent cell
has the time 1.
"""

from __future__ import annotations

from typing import Any

from bioplastic.fields import checked, param
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_choice, check_real

__all__ = ["first_spike_trial", "reward_latency_stdp", "s2_stdp", "sstdp"]

_ON_TIME = "int(t_spike_pre <= t_spike_post)"
_LATE = "int(t_spike_pre > t_spike_post)"


@checked
def s2_stdp(
    *,
    a_plus: float = 0.05,
    a_minus: float = -0.1,
    gap: float = 0.03,
    share: float = 0.1,
    form: str = "additive",
    beta: float = 1.0,
    w_min: float = 0.0,
    w_max: float = 1.0,
    normalise: bool = True,
    name: str = "s2-stdp",
) -> PlasticityRule:
    """Return stabilised supervised STDP (S2-STDP).

    The cells that take part in a sample are drawn to two times, ``gap`` apart, whose average over
    them is the mean time of those that fired: target cells to ``mean - gap (1 - share)``, all
    others to ``mean + gap share``. Both kinds are pulled from either side, so a silent cell is
    potentiated. Afterwards weights are clipped and each updated cell scales its inputs back to
    their initial sum (the trace ``total_post``, to be set in the state).

    Parameters
    ----------
    a_plus : float, default 0.05
        Rate for inputs up to the spike, not negative; a shared scalar.
    a_minus : float, default -0.1
        Rate for inputs after it, not positive; a shared scalar.
    gap : float, default 0.03
        Distance of the two desired times; a shared scalar.
    share : float, default 0.1
        Fraction of target cells among those that take part: one over the number of classes if one
        cell per class does. A shared scalar.
    form : {"additive", "multiplicative"}, default "additive"
        Whether the rates shrink towards the bounds: ``a_plus exp(-beta x)`` and
        ``a_minus exp(-beta (1 - x))`` with ``x = (w - w_min)/(w_max - w_min)``.
    beta : float, default 1
        Steepness of the multiplicative form.
    w_min, w_max : float, default 0 and 1
        Bounds of the weights, applied before the scaling.
    normalise : bool, default True
        Whether cells scale their inputs.
    name : str, default "s2-stdp"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads ``t_spike`` of both cells and the modulators ``wins_post``, ``goal_post``
        and ``mean_time``.

    Raises
    ------
    ValueError
        If a rate has the wrong sign, a bound is not finite, or the form is unknown.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Paired competing neurons improving STDP supervised local
    learning in spiking neural networks, Front. Neurosci. 18, doi 10.3389/fnins.2024.1401690.

    Examples
    --------
    >>> rule = s2_stdp()
    >>> str(rule.audit().verdict), s2_stdp(normalise=False).audit().local
    ('cell-wide', True)
    """
    return _timing_rule(
        "s2_stdp",
        name,
        error="wins_post*(t_spike_post - desired_post)",
        rates={"a_plus": a_plus, "a_minus": a_minus, "gap": gap, "share": share},
        form=(form, beta, w_min, w_max),
        normalise=normalise,
        reference="Goupy et al. 2024, Front. Neurosci.",
    )


@checked
def sstdp(
    *,
    a_plus: float = 0.01,
    a_minus: float = 0.0,
    gap: float = 0.09,
    share: float = 0.1,
    form: str = "additive",
    beta: float = 1.0,
    w_min: float = 0.0,
    w_max: float = 1.0,
    name: str = "sstdp",
) -> PlasticityRule:
    """Return supervised STDP with one-sided errors (SSTDP).

    The desired times are those of `s2_stdp`, but a target cell that fires earlier than wanted and
    another cell that fires later than wanted have no error. Weights are not normalised.

    Parameters
    ----------
    a_plus, a_minus, gap, share, form, beta, w_min, w_max, name
        See `s2_stdp`; the defaults are the published values for MNIST.

    Returns
    -------
    PlasticityRule
        Rule that reads ``t_spike`` of both cells and the modulators ``wins_post``, ``goal_post``
        and ``mean_time``.

    Raises
    ------
    ValueError
        See `s2_stdp`.

    References
    ----------
    Liu, Pan, Ruan, Xing, Xu and Tang (2021), SSTDP, Front. Neurosci. 15:756876, in the one-layer
    additive form of Goupy et al. (2024).

    Examples
    --------
    >>> str(sstdp().audit().verdict)
    'local with modulator'
    """
    return _timing_rule(
        "sstdp",
        name,
        error="wins_post*clip(t_spike_post - desired_post, goal_post - 1, goal_post)",
        rates={"a_plus": a_plus, "a_minus": a_minus, "gap": gap, "share": share},
        form=(form, beta, w_min, w_max),
        normalise=False,
        reference="Liu et al. 2021",
    )


@checked(b_plus=param(maximum=0))
def reward_latency_stdp(
    *,
    a_plus: float = 0.05,
    a_minus: float = -0.001,
    b_plus: float = -0.05,
    b_minus: float = 0.001,
    form: str = "additive",
    beta: float = 1.0,
    w_min: float = 0.2,
    w_max: float = 0.8,
    name: str = "reward-latency-stdp",
) -> PlasticityRule:
    """Return reward-modulated STDP of the first cell to fire (R-STDP).

    Only the winner of the whole layer learns. A right answer is rewarded with ``a_plus`` and
    ``a_minus`` times ``1 - accuracy``, a wrong one punished with ``b_plus`` and ``b_minus`` times
    ``accuracy``, where ``accuracy`` is the mean over the last epoch.

    Parameters
    ----------
    a_plus, a_minus : float, default 0.05 and -0.001
        Rates of reward for inputs up to the spike and after it; shared scalars.
    b_plus, b_minus : float, default -0.05 and 0.001
        Rates of punishment; shared scalars.
    form, beta, w_min, w_max, name
        See `s2_stdp`; here the bounds are 0.2 and 0.8.

    Returns
    -------
    PlasticityRule
        Rule that reads ``t_spike`` of both cells and the modulators ``wins_post``, ``goal_post``
        and ``accuracy``.

    Raises
    ------
    ValueError
        See `s2_stdp`.

    References
    ----------
    Mozafari, Ganjtabesh, Nowzari-Dalini, Thorpe and Masquelier (2019), Bio-inspired digit
    recognition using reward-modulated spike-timing-dependent plasticity, Pattern Recognition 94.

    Examples
    --------
    >>> str(reward_latency_stdp().audit().verdict)
    'local with modulator'
    """
    place = "reward_latency_stdp"
    _check_signs(place, {"a_plus": a_plus, "b_minus": b_minus}, "a_minus", a_minus)
    change = _weight_change(
        place,
        "(reward_post*a_plus + punishment_post*b_plus)",
        "(reward_post*a_minus + punishment_post*b_minus)",
        (form, beta, w_min, w_max),
    )
    return PlasticityRule(
        name=name,
        synapse="w : 1\n"
        + "\n".join(f"{r} : 1 (shared)" for r in ("a_plus", "a_minus", "b_plus", "b_minus")),
        post="reward_post : 1\npunishment_post : 1\nerror_post : 1",
        modulators="wins_post : 1\ngoal_post : 1\naccuracy : 1 (shared)",
        on_trial_end=f"""
            reward_post = wins_post*goal_post*(1 - accuracy)
            punishment_post = wins_post*(1 - goal_post)*accuracy
            error_post = reward_post + punishment_post
            {change}
        """,
        parameters=_bounds(place, w_min, w_max) | _steepness(form, beta),
        initial={"a_plus": a_plus, "a_minus": a_minus, "b_plus": b_plus, "b_minus": b_minus},
        reference="Mozafari et al. 2019",
    )


@checked(regulation=param(choices=("none", "one_threshold", "two_compartment")))
def first_spike_trial(*, dropout: bool = False, regulation: str = "none") -> PlasticityRule:
    """Return the rule that starts a trial of `bioplastic.neurons.first_spike` cells.

    It clears the cells and chooses the thresholds of the trial; compose it with a learning rule.

    Parameters
    ----------
    dropout : bool, default False
        Whether each cell is switched off for the trial with probability ``dropout`` (a shared
        scalar of the state): it does not integrate.
    regulation : {"none", "one_threshold", "two_compartment"}, default "none"
        How cells of a group are kept from winning all the time. ``"one_threshold"`` and
        ``"two_compartment"``: at the end of a trial the first target cell of the presented class
        (``leads_post``) raises its training threshold ``raised_post`` by ``eta_th (1 - fraction)``,
        the other target cells of that class lower theirs by ``eta_th fraction``, where
        ``fraction`` is one over their number. With one threshold it holds for all samples; with two
        compartments only for target cells of the presented class, all others use ``base``, below
        which the training threshold never falls.

    Returns
    -------
    PlasticityRule
        Rule without an influence on weights. With regulation it reads the modulators ``goal_post``
        and ``leads_post``.

    Raises
    ------
    ValueError
        If the regulation is unknown.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups, NeurIPS, arXiv 2410.17066.

    Examples
    --------
    >>> print(first_spike_trial(regulation="two_compartment").statements("on_trial_end")[0].code)
    raised_post = clip(raised_post + eta_th*goal_post*(leads_post - fraction), base_post, highest)
    """
    shared: dict[str, float] = {}
    start = ["v_post = 0", "crossed_post = 0", "t_spike_post = 1"]
    if dropout:
        start.append("active_post = int(rand() >= dropout)")
        shared["dropout"] = 0.0
    else:
        start.append("active_post = 1")
    threshold = {
        "none": "base_post",
        "one_threshold": "raised_post",
        "two_compartment": "goal_post*raised_post + (1 - goal_post)*base_post",
    }[regulation]
    start.append(f"theta_post = {threshold}")
    rule: dict[str, Any] = {}
    if regulation != "none":
        shared |= {"eta_th": 0.0, "fraction": 0.25}
        move = "raised_post + eta_th*goal_post*(leads_post - fraction)"
        if regulation == "two_compartment":
            move = f"clip({move}, base_post, highest)"
            rule["parameters"] = {"highest": 1e30}
        rule |= {
            "post": "raised_post : 1",
            "modulators": "goal_post : 1\nleads_post : 1",
            "on_trial_end": f"raised_post = {move}",
        }
    return PlasticityRule(
        name="trial" if regulation == "none" else regulation.replace("_", "-"),
        synapse="\n".join(["w : 1", *(f"{name} : 1 (shared)" for name in shared)]),
        on_trial_start="\n".join(start),
        initial=shared,
        reference="Goupy et al. 2024, NeurIPS",
        **rule,
    )


def _timing_rule(
    place: str,
    name: str,
    *,
    error: str,
    rates: dict[str, float],
    form: tuple[str, float, float, float],
    normalise: bool,
    reference: str,
) -> PlasticityRule:
    _check_signs(place, {"a_plus": rates["a_plus"]}, "a_minus", rates["a_minus"])
    check_real(f"{place}.gap", rates["gap"], minimum=0, maximum=1)
    check_real(f"{place}.share", rates["share"], minimum=0, maximum=1)
    change = _weight_change(place, "error_post*a_plus", "error_post*a_minus", form)
    total = "\ntotal_post : 1" if normalise else ""
    return PlasticityRule(
        name=name,
        synapse="w : 1\n" + "\n".join(f"{rate} : 1 (shared)" for rate in rates),
        post=f"desired_post : 1\nerror_post : 1{total}",
        modulators="wins_post : 1\ngoal_post : 1\nmean_time : 1 (shared)",
        on_trial_end=f"""
            desired_post = clip(mean_time, 0, 1 - gap*share) + gap*(share - goal_post)
            error_post = {error}
            {change}
        """,
        normalise=Normalisation(total="total_post", when="trial_end") if normalise else None,
        parameters=_bounds(place, form[2], form[3]) | _steepness(form[0], form[1]),
        initial=rates,
        reference=reference,
    )


def _weight_change(place: str, up: str, down: str, form: tuple[str, float, float, float]) -> str:
    """Return the statement of the weight: one change up to the spike, another after it."""
    check_choice(f"{place}.form", form[0], ("additive", "multiplicative"))
    if form[0] == "multiplicative":
        up += "*exp(-beta*(w - w_min)/(w_max - w_min))"
        down += "*exp(-beta*(w_max - w)/(w_max - w_min))"
    return f"w = clip(w + {up}*{_ON_TIME} + {down}*{_LATE}, w_min, w_max)"


def _bounds(place: str, w_min: float, w_max: float) -> dict[str, float]:
    check_real(f"{place}.w_min", w_min)
    check_real(f"{place}.w_max", w_max, minimum=w_min, exclusive=True)
    return {"w_min": w_min, "w_max": w_max}


def _steepness(form: str, beta: float) -> dict[str, float]:
    return {"beta": beta} if form == "multiplicative" else {}


def _check_signs(place: str, positive: dict[str, float], name: str, negative: float) -> None:
    for argument, value in positive.items():
        check_real(f"{place}.{argument}", value, minimum=0)
    check_real(f"{place}.{name}", negative, maximum=0)
