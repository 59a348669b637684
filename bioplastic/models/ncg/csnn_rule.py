"""What the spiking convolution learns: multiplicative STDP on latencies, thresholds that find them.

Both are data. `bioplastic.engine.convolution.LatencyConvolution` compiles them.
"""

from __future__ import annotations

from bioplastic.arguments import check_arguments
from bioplastic.plasticity import PlasticityRule
from bioplastic.validation import check_integer

__all__ = ["latency_stdp", "target_time_thresholds"]

_REFERENCE = (
    "Goupy, Tirilly and Bilasco 2024, Neuronal competition groups with supervised STDP for "
    "spike-based classification, NeurIPS (feature extractor); Falez et al. 2019"
)


@check_arguments
def latency_stdp(*, a_plus: float = 0.1, a_minus: float = 0.1, beta: float = 1.0) -> PlasticityRule:
    """Return multiplicative STDP between the latencies of the inputs and of the winner.

    Inputs that fired before the winner, or with it, are potentiated by ``a_plus*exp(-beta*w)``; all
    others, silent ones included, are depressed by ``a_minus*exp(beta*(w - 1))``. Weights stay in
    0 to 1. The amplitudes are shared variables: they fall from epoch to epoch.

    Parameters
    ----------
    a_plus, a_minus : float, default 0.1
        Initial amplitudes, both positive.
    beta : float, default 1
        How fast a change shrinks towards the limits.

    Returns
    -------
    PlasticityRule
        Needs ``latency`` of both cells, infinite for a silent input (dimensionless time).

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS: the feature extractor. It goes back to Falez, Tirilly,
    Bilasco, Devienne and Boulet (2019), Multi-layered spiking neural network with target timestamp
    threshold adaptation and STDP, IJCNN.

    Examples
    --------
    >>> rule = latency_stdp()
    >>> rule.audit().local
    True
    """
    return PlasticityRule(
        name="latency-stdp",
        synapse="w : 1\na_plus : 1 (shared)\na_minus : 1 (shared)",
        on_post=(
            "w = clip(w + int(latency_pre <= latency_post)*a_plus*exp(-beta*w)"
            " - int(latency_pre > latency_post)*a_minus*exp(beta*(w - 1)), 0, 1)"
        ),
        parameters={"beta": beta},
        initial={"a_plus": a_plus, "a_minus": a_minus},
        reference=_REFERENCE,
    )


@check_arguments
def target_time_thresholds(
    n_cells: int, *, eta: float = 1.0, t_target: float = 0.75, theta_min: float = 2.0
) -> PlasticityRule:
    """Return the adaptation of thresholds that makes winners fire at a target time.

    After every patch with a winner, all thresholds rise if it fired before ``t_target`` and fall if
    it fired later; in addition the threshold of the winner rises by ``eta`` and those of the other
    cells fall by ``eta/(n_cells - 1)``, so that everybody wins now and then. Thresholds stay above
    ``theta_min``.

    Parameters
    ----------
    n_cells : int
        Cells that compete.
    eta : float, default 1
        Initial step, a shared variable.
    t_target : float, default 0.75
        When the winner should fire.
    theta_min : float, default 2
        Lowest threshold.

    Returns
    -------
    PlasticityRule
        Needs ``theta`` and ``won`` of the postsynaptic cell and the modulator ``winner_latency``,
        broadcast to all cells.

    References
    ----------
    Falez, Tirilly, Bilasco, Devienne and Boulet (2019), Multi-layered spiking neural network with
    target timestamp threshold adaptation and STDP, IJCNN.

    Examples
    --------
    >>> [update.verdict.value for update in target_time_thresholds(128).audit().updates]
    ['local with modulator']
    """
    check_integer("target_time_thresholds.n_cells", n_cells, minimum=1)
    return PlasticityRule(
        name="target-time",
        synapse="w : 1\neta : 1 (shared)",
        modulators="winner_latency : 1 (shared)",
        on_trial_end=(
            "theta_post = clip(theta_post - eta*(winner_latency - t_target) + eta*won_post"
            " - eta/n_others*(1 - won_post), theta_min, inf)"
        ),
        parameters={"t_target": t_target, "theta_min": theta_min, "n_others": max(1, n_cells - 1)},
        initial={"eta": eta},
        reference=_REFERENCE,
    )
