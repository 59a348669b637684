"""Recursive least squares over the synapses of a projection, as data."""

from __future__ import annotations

from dataclasses import dataclass

from bioplastic.validation import check_choice, check_identifier, check_real

__all__ = ["LeastSquares"]


@dataclass(frozen=True, kw_only=True)
class LeastSquares:
    """Learn the weights by recursive least squares: a declared step outside the local rules.

    At every ``interval`` of the rule, with ``r`` the activity of all presynaptic cells, ``e`` the
    error of every postsynaptic cell and ``P`` the running inverse of the correlation matrix of all
    presynaptic cells (shape ``(n_source, n_source)``)::

        c = P r
        w <- w - c e^T                        gain "force"
        w <- w - c e^T / (forgetting + r^T c)   gain "exact"
        P <- (P - c c^T / (forgetting + r^T c)) / forgetting

    Parameters
    ----------
    activity : str
        Dimensionless expression over variables of the presynaptic cell, ``"r_pre*ms"``.
    error : str
        Dimensionless expression over variables of the postsynaptic cell and modulators: output
        minus target, ``"z_post - target_post"``.
    variable : str, default "w"
        Variable of the synapse.
    ridge : float, default 1
        ``P`` starts as the unit matrix divided by it.
    forgetting : float, default 1
        Weight of the past per update, in (0, 1].
    gain : {"exact", "force"}, default "exact"
        ``"exact"`` is recursive least squares: the weights are the ridge regression of the samples
        so far. ``"force"`` leaves the denominator out, as the programs of Nicola and Clopath do:
        larger steps, above all the first ones.
    gate : str, default ""
        Name of a ``(shared)`` modulator; the step is skipped while it is zero.

    Notes
    -----
    In compiled programs ``P`` is kept as its lower triangle, and updates are collected and applied
    several at a time; they are complete at the end of every trial. The state holds ``P`` as
    ``"<projection>.inverse_correlation"``.

    Raises
    ------
    ValueError, TypeError
        Naming the argument.

    References
    ----------
    Sussillo and Abbott (2009), doi 10.1016/j.neuron.2009.07.018; Nicola and Clopath (2017),
    doi 10.1038/s41467-017-01827-3.

    Examples
    --------
    >>> LeastSquares(activity="r_pre", error="z_post - target_post", ridge=0.5).gain
    'exact'
    """

    activity: str
    error: str
    variable: str = "w"
    ridge: float = 1.0
    forgetting: float = 1.0
    gain: str = "exact"
    gate: str = ""

    def __post_init__(self) -> None:
        place = type(self).__name__
        for argument in ("activity", "error"):
            text = getattr(self, argument)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{place}.{argument}: must be an expression, got {text!r}")
        check_identifier(f"{place}.variable", self.variable)
        if self.gate:
            check_identifier(f"{place}.gate", self.gate)
        ridge = check_real(f"{place}.ridge", self.ridge, minimum=0, exclusive=True)
        forgetting = check_real(
            f"{place}.forgetting", self.forgetting, minimum=0, maximum=1, exclusive=True
        )
        object.__setattr__(self, "ridge", ridge)
        object.__setattr__(self, "forgetting", forgetting)
        check_choice(f"{place}.gain", self.gain, ("exact", "force"))
