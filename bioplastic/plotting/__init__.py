"""Pictures of results: arrays in, matplotlib axes or figures out, nothing shown or kept."""

from __future__ import annotations

from bioplastic.plotting.bars import plot_bars
from bioplastic.plotting.confusion import plot_confusion
from bioplastic.plotting.embedding import plot_embedding
from bioplastic.plotting.gallery import plot_misclassified
from bioplastic.plotting.learning import plot_learning_curve
from bioplastic.plotting.raster import plot_raster, stack_spikes
from bioplastic.plotting.sizes import plot_sizes
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
from bioplastic.plotting.weights import plot_class_weights, plot_weight_maps

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "COLUMN_WIDTH",
    "GREY",
    "PAGE_WIDTH",
    "PALETTE",
    "new_figure",
    "plot_bars",
    "plot_class_weights",
    "plot_confusion",
    "plot_embedding",
    "plot_learning_curve",
    "plot_misclassified",
    "plot_raster",
    "plot_sizes",
    "plot_stdp_window",
    "plot_weight_maps",
    "save_figure",
    "stack_spikes",
    "use_style",
]
