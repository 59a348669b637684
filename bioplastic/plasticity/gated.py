"""Delta rules with a gate: corrected online while a gate is open, or once at the end of a trial."""

from __future__ import annotations

from brian2 import Quantity, ms, second

from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_quantity, check_real

__all__ = ["gated_delta_rule", "trial_delta_rule"]


def gated_delta_rule(
    *, eta: float = 1e-3, interval: Quantity = 1 * ms, name: str = "gated-delta"
) -> PlasticityRule:
    """Return the three-factor delta rule: activity times error times gate.

    Every ``interval``, ``w <- w + eta gate_post error_post r_pre``. Error and gate belong to the
    postsynaptic cell and are set from outside: the rule knows neither target nor event.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar. The error shrinks if ``eta |r|^2 < 2``.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "gated-delta"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads the activity ``r_pre`` of the presynaptic neuron and the modulators
        ``error_post`` and ``gate_post``, dimensionless.

    References
    ----------
    Yamada and Chao (2026), doi 10.1038/s42003-026-10836-2: the prediction of "when".

    Examples
    --------
    >>> str(gated_delta_rule().audit().verdict)
    'local with modulator'
    """
    check_real("gated_delta_rule.eta", eta)
    check_quantity("gated_delta_rule.interval", interval, second, positive=True)
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        modulators="error_post : 1\ngate_post : 1",
        every="w += eta*gate_post*error_post*r_pre",
        interval=interval,
        initial={"eta": eta},
        reference="Yamada & Chao 2026",
    )


def trial_delta_rule(
    *, eta: float = 0.05, normalised: bool = True, name: str = "trial-delta"
) -> PlasticityRule:
    """Return the delta rule that acts once, at the end of a trial, on averaged activity.

    ``w <- w + g error_post rbar_pre``. With ``normalised``, ``g = eta/|rbar|^2``: under constant
    activity the output then is a leaky counter, ``p <- p + eta (shown - p)``, and the rule needs a
    sum over the inputs of the cell. Otherwise ``g = eta``.

    Parameters
    ----------
    eta : float, default 0.05
        Learning rate, a shared scalar; normalised, it lies in (0, 2).
    normalised : bool, default True
        Whether the step is divided by the power of the activity in this trial.
    name : str, default "trial-delta"
        Name in messages.

    Returns
    -------
    PlasticityRule
        Rule that reads the averaged activity ``rbar_pre`` of the presynaptic neuron and the
        modulator ``error_post``: 1 for the event that was shown and 0 for others, minus the output.

    References
    ----------
    Yamada and Chao (2026), doi 10.1038/s42003-026-10836-2: the prediction of "what".

    Examples
    --------
    >>> str(trial_delta_rule().audit().verdict)
    'cell-wide'
    >>> str(trial_delta_rule(normalised=False).audit().verdict)
    'local with modulator'
    """
    check_real("trial_delta_rule.eta", eta)
    if not isinstance(normalised, bool):
        raise TypeError(f"trial_delta_rule.normalised: must be True or False, got {normalised!r}")
    update = "w += eta*error_post*rbar_pre"
    if normalised:
        update = """
            power_post = 0
            power_post += rbar_pre**2
            gain_post = error_post/(power_post + tiny)
            w += eta*gain_post*rbar_pre
        """
    return PlasticityRule(
        name=name,
        synapse="w : 1\neta : 1 (shared)",
        post="power_post : 1\ngain_post : 1" if normalised else "",
        modulators="error_post : 1",
        on_trial_end=update,
        parameters={"tiny": 1e-12} if normalised else {},
        initial={"eta": eta},
        reference="Yamada & Chao 2026",
    )
