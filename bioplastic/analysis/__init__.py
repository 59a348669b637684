"""Verbs over results: arrays in, arrays and numbers out, no engine involved."""

from __future__ import annotations

from bioplastic.analysis.assignment import (
    ResponseWindow,
    assign_labels,
    mean_responses,
    predict_from_assignment,
    predict_from_counts,
)
from bioplastic.analysis.avalanches import (
    AvalancheFit,
    Avalanches,
    find_avalanches,
    fit_avalanches,
)
from bioplastic.analysis.baselines import (
    chance_level,
    linear_baseline,
    quantised_baseline,
)
from bioplastic.analysis.bursts import (
    Bursts,
    find_bursts,
)
from bioplastic.analysis.complexity import (
    count_phrases,
    entropy_rate_markov,
    lempel_ziv_complexity,
)
from bioplastic.analysis.continual import (
    ContinualScores,
    score_continual,
)
from bioplastic.analysis.correlograms import (
    cross_correlograms,
    spike_time_tiling,
)
from bioplastic.analysis.decoding import (
    Decoding,
    decode,
    latencies,
)
from bioplastic.analysis.distances import (
    isi_distances,
    spike_distances,
    spike_synchronisation,
    van_rossum_distances,
    victor_purpura_distances,
)
from bioplastic.analysis.early_exit import (
    choose_threshold,
    confidences,
    exit_times,
    score_exit,
)
from bioplastic.analysis.embedding import (
    embed_tsne,
)
from bioplastic.analysis.energy import (
    E_AC,
    E_MAC,
    E_MEM,
    Operations,
    SynapseLayer,
    bit_budget,
    conventional_energy,
    count_operations,
    memory_energy_ann,
    memory_energy_snn,
)
from bioplastic.analysis.frequency import (
    SpectralResponse,
    integrator_gain,
    lif_gain,
    lock_in,
    spectral_response,
)
from bioplastic.analysis.information import (
    mutual_information,
    response_entropy,
)
from bioplastic.analysis.intervals import (
    IntervalStatistics,
    interval_statistics,
    intervals,
)
from bioplastic.analysis.latency_features import (
    summarise_filters,
    summarise_latencies,
)
from bioplastic.analysis.rates import (
    bin_spikes,
    fano_factor,
    mean_rates,
    population_rate,
)
from bioplastic.analysis.reading import (
    read_spikes,
    to_spike_trains,
    to_xarray,
)
from bioplastic.analysis.robustness import robustness, sparse_attack
from bioplastic.analysis.signals import (
    count_swings,
    histogram_overlap,
    lag_tolerant_error,
    normalised_error,
    peak_and_width,
    spectral_peak,
)
from bioplastic.analysis.spike_trains import (
    SpikeTrains,
)
from bioplastic.analysis.subspaces import (
    SubspaceComparison,
    SubspaceRecovery,
    compare_subspaces,
    participation_ratio,
    principal_angles,
    recover_subspace,
)
from bioplastic.analysis.summary import SUMMARY_LABELS, summarise_spikes
from bioplastic.analysis.units import unit_table
from bioplastic.analysis.velocity import (
    KalmanDecoder,
    bessel_filter,
    spike_traces,
)
from bioplastic.analysis.weight_statistics import (
    bimodality_coefficient,
    effective_rank,
    weight_error,
)
from bioplastic.analysis.weights import (
    hoyer_sparseness,
    selectivity_index,
    treves_rolls_sparseness,
)

__all__ = [
    "E_AC",
    "E_MAC",
    "E_MEM",
    "SUMMARY_LABELS",
    "AvalancheFit",
    "Avalanches",
    "Bursts",
    "ContinualScores",
    "Decoding",
    "IntervalStatistics",
    "KalmanDecoder",
    "Operations",
    "ResponseWindow",
    "SpectralResponse",
    "SpikeTrains",
    "SubspaceComparison",
    "SubspaceRecovery",
    "SynapseLayer",
    "assign_labels",
    "bessel_filter",
    "bimodality_coefficient",
    "bin_spikes",
    "bit_budget",
    "chance_level",
    "choose_threshold",
    "compare_subspaces",
    "confidences",
    "conventional_energy",
    "count_operations",
    "count_phrases",
    "count_swings",
    "cross_correlograms",
    "decode",
    "effective_rank",
    "embed_tsne",
    "entropy_rate_markov",
    "exit_times",
    "fano_factor",
    "find_avalanches",
    "find_bursts",
    "fit_avalanches",
    "histogram_overlap",
    "hoyer_sparseness",
    "integrator_gain",
    "interval_statistics",
    "intervals",
    "isi_distances",
    "lag_tolerant_error",
    "latencies",
    "lempel_ziv_complexity",
    "lif_gain",
    "linear_baseline",
    "lock_in",
    "mean_rates",
    "mean_responses",
    "memory_energy_ann",
    "memory_energy_snn",
    "mutual_information",
    "normalised_error",
    "participation_ratio",
    "peak_and_width",
    "population_rate",
    "predict_from_assignment",
    "predict_from_counts",
    "principal_angles",
    "quantised_baseline",
    "read_spikes",
    "recover_subspace",
    "response_entropy",
    "robustness",
    "score_continual",
    "score_exit",
    "selectivity_index",
    "sparse_attack",
    "spectral_peak",
    "spectral_response",
    "spike_distances",
    "spike_synchronisation",
    "spike_time_tiling",
    "spike_traces",
    "summarise_filters",
    "summarise_latencies",
    "summarise_spikes",
    "to_spike_trains",
    "to_xarray",
    "treves_rolls_sparseness",
    "unit_table",
    "van_rossum_distances",
    "victor_purpura_distances",
    "weight_error",
]
