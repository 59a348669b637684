"""Pictures of results: arrays in, matplotlib axes or figures out, nothing shown or kept."""

from __future__ import annotations

from bioplastic.plotting.animation import animate_weights
from bioplastic.plotting.avalanche_scaling import plot_avalanche_scaling
from bioplastic.plotting.avalanches import plot_avalanches
from bioplastic.plotting.confusion import plot_confusion
from bioplastic.plotting.correlogram import plot_correlogram
from bioplastic.plotting.eigenvalues import plot_eigenvalues
from bioplastic.plotting.embedding import plot_embedding
from bioplastic.plotting.gallery import plot_misclassified
from bioplastic.plotting.grammar import (
    bars,
    dots,
    images,
    lines,
    panels,
    plus_minus,
    raster,
    table,
    traces,
)
from bioplastic.plotting.intervals import plot_intervals
from bioplastic.plotting.latency_features import plot_feature_learning, plot_signed_filters
from bioplastic.plotting.network import plot_network
from bioplastic.plotting.phase_plane import plot_phase_plane
from bioplastic.plotting.populations import plot_raster, stack_spikes
from bioplastic.plotting.report import plot_rates, plot_regularity, plot_report
from bioplastic.plotting.stdp_window import plot_stdp_window
from bioplastic.plotting.style import (
    CLASS_COLOURS,
    CLASS_MARKERS,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    PALETTE,
    new_figure,
    save_figure,
    use_style,
)
from bioplastic.plotting.trains import plot_spikes
from bioplastic.plotting.weights import plot_class_weights, plot_weight_maps

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "COLUMN_WIDTH",
    "GREY",
    "PAGE_WIDTH",
    "PALETTE",
    "animate_weights",
    "bars",
    "dots",
    "images",
    "lines",
    "new_figure",
    "panels",
    "plot_avalanche_scaling",
    "plot_avalanches",
    "plot_class_weights",
    "plot_confusion",
    "plot_correlogram",
    "plot_eigenvalues",
    "plot_embedding",
    "plot_feature_learning",
    "plot_intervals",
    "plot_misclassified",
    "plot_network",
    "plot_phase_plane",
    "plot_raster",
    "plot_rates",
    "plot_regularity",
    "plot_report",
    "plot_signed_filters",
    "plot_spikes",
    "plot_stdp_window",
    "plot_weight_maps",
    "plus_minus",
    "raster",
    "save_figure",
    "stack_spikes",
    "table",
    "traces",
    "use_style",
]
