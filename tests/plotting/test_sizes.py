"""Accuracy against size: what is drawn is what was given."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.plotting import plot_learning_curve, plot_sizes


def test_means_seeds_and_published_values_are_drawn():
    axes = plot_sizes(
        {"ours": {400: [0.92, 0.94], 100: 0.86}, "theirs": {100: [0.8]}},
        paper={6400: 0.967},
        paper_label="remembered",
        baselines={"linear": 0.926},
    )
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["ours"].get_xdata() == pytest.approx([100, 400])
    assert lines["ours"].get_ydata() == pytest.approx([86, 93])
    assert lines["remembered"].get_ydata() == pytest.approx([96.7])
    assert lines["linear"].get_ydata() == pytest.approx([92.6, 92.6])
    dots = [line for line in axes.get_lines() if line.get_marker() == "."]
    assert [list(np.round(line.get_ydata(), 6)) for line in dots] == [[92, 94]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100", "400", "6400"]


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "must hold at least one curve"),
        ({"a": {}}, "must hold at least one curve"),
        ({"a": {0: 0.5}}, "must be a positive integer"),
        ({"a": {10: float("nan")}}, "must be a finite number"),
    ],
)
def test_bad_curves_are_refused(curves, message):
    with pytest.raises(ValueError, match=message):
        plot_sizes(curves)


def test_learning_curve_shows_the_range_asked_for():
    axes = plot_learning_curve(
        [0, 200_000],
        {"a": [0.8, 0.9]},
        baselines={"chance": 0.1, "linear": 0.92},
        ylim=(70.0, 100.0),
    )
    assert axes.get_ylim() == (70.0, 100.0)
    texts = [text.get_text() for text in axes.texts]
    assert any("linear" in text for text in texts)
    assert not any("chance" in text for text in texts)
