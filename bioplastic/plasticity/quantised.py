"""Weights of a few bits under any local rule: every update is rounded to a grid of levels."""

from __future__ import annotations

from dataclasses import replace

from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import word_substitute

from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import SLOTS
from bioplastic.validation import check_choice, check_identifier, check_integer, check_real

__all__ = ["quantised"]


def quantised(
    rule: PlasticityRule,
    bits: int,
    *,
    w_max: float = 1.0,
    w_min: float | None = None,
    rounding: str = "stochastic",
    variable: str = "w",
) -> PlasticityRule:
    r"""Return a rule that stores its weights with so many bits.

    After every slot that writes the weight it becomes one of ``2**bits`` levels, equally spaced
    from ``w_min`` to ``w_max``: with ``step = (w_max - w_min)/(2**bits - 1)``

    :math:`w \leftarrow w_{min} + step \lfloor (\mathrm{clip}(w) - w_{min})/step + r \rfloor`,

    where ``r`` is uniform from 0 to 1 in stochastic rounding, which keeps updates smaller than a
    step on average, and one half in rounding to the nearest level, which loses them. With a shadow
    a copy of full precision learns and its rounding is used: the memory that few bits were to save
    is there again. Initial weights are the caller's: put them onto levels.

    Parameters
    ----------
    rule : PlasticityRule
        Any rule that writes the weight by statements alone.
    bits : int
        Bits of a weight.
    w_max : float, default 1
        Largest level.
    w_min : float, optional
        Smallest level; ``-w_max`` by default.
    rounding : {'stochastic', 'nearest', 'shadow'}, default 'stochastic'
        What happens to an update that is smaller than a step.
    variable : str, default "w"
        The weight.

    Returns
    -------
    PlasticityRule

    Raises
    ------
    ValueError
        If the rule does not write the weight, or also changes it by a differential equation, a
        normalisation or least squares, which leave the levels.

    References
    ----------
    Gupta et al. (2015), Deep learning with limited numerical precision, ICML (stochastic rounding).

    Examples
    --------
    >>> from bioplastic.plasticity import pair_stdp
    >>> rule = quantised(pair_stdp(eta=0.01), 1, w_min=0.0)
    >>> str(rule.audit().verdict), rule.parameters["level_step"]
    ('local', 1.0)
    """
    if not isinstance(rule, PlasticityRule):
        raise TypeError(f"quantised.rule: must be a PlasticityRule, got {rule!r}")
    count = check_integer("quantised.bits", bits, minimum=1, maximum=16)
    high = check_real("quantised.w_max", w_max)
    low = -high if w_min is None else check_real("quantised.w_min", w_min)
    if not low < high:
        raise ValueError(f"quantised.w_min: must be below w_max = {high}, got {low}")
    check_choice("quantised.rounding", rounding, ("stochastic", "nearest", "shadow"))
    check_identifier("quantised.variable", variable)
    _check_rule(rule, variable)
    source = f"{variable}_shadow" if rounding == "shadow" else variable
    draw = "rand()" if rounding == "stochastic" else "0.5"
    levels = (
        f"{variable} = level_min + level_step*floor((clip({source}, level_min, level_max) - "
        f"level_min)/level_step + {draw})"
    )
    names = {} if source == variable else {variable: source}
    slots = {}
    for slot in SLOTS:
        text = word_substitute(getattr(rule, slot), names) if names else getattr(rule, slot)
        if any(s.target == variable for s in rule.statements(slot)):
            bound = f"{source} = clip({source}, level_min, level_max)\n" if names else ""
            text = f"{text.rstrip().rstrip(';')}\n{bound}{levels}"
        slots[slot] = text
    step = (high - low) / (2**count - 1)
    return replace(
        rule,
        name=f"{rule.name}, {count} bits",
        synapse=f"{rule.synapse}\n{source} : 1" if names else rule.synapse,
        parameters={**rule.parameters, "level_min": low, "level_max": high, "level_step": step},
        **slots,
    )


def _check_rule(rule: PlasticityRule, variable: str) -> None:
    place = f"quantised.rule: {rule.name!r}"
    equations = rule.parse("synapse")
    if variable not in equations:
        known = ", ".join(equations) or "none"
        raise ValueError(f"quantised.variable: {rule.name!r} has no {variable!r}; known: {known}")
    if equations[variable].type == DIFFERENTIAL_EQUATION:
        raise ValueError(f"{place} changes {variable!r} by a differential equation")
    for part in ("normalise", "least_squares"):
        other = getattr(rule, part)
        if other is not None and other.variable == variable:
            raise ValueError(f"{place} changes {variable!r} by {part}, which leaves the levels")
    if not any(s.target == variable for slot in SLOTS for s in rule.statements(slot)):
        raise ValueError(f"{place} does not write {variable!r}")
    taken = {"level_min", "level_max", "level_step", f"{variable}_shadow"}
    used = {*equations, *rule.parameters} & taken
    if used:
        raise ValueError(f"{place} uses the name {min(used)!r}, which rounding needs")
