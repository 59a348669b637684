"""Paired measurements and the scaling of avalanches."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.plotting.avalanche_scaling import plot_avalanche_scaling
from bioplastic.plotting.trial_lines import plot_trial_lines


def test_one_line_per_trial_and_a_dot_at_each_mean() -> None:
    axes = plot_trial_lines({"a": [1.0, 3.0], "b": [2.0, 6.0]}, reference={"b": 5.0})
    lines = axes.get_lines()
    assert [line.get_ydata().tolist() for line in lines[:2]] == [[1.0, 2.0], [3.0, 6.0]]
    assert [float(np.ravel(line.get_ydata())[0]) for line in lines[2:]] == [2.0, 4.0, 5.0]
    assert axes.get_ylim()[1] > 6


def test_wrong_measurements() -> None:
    with pytest.raises(ValueError, match="at least one condition"):
        plot_trial_lines({})
    with pytest.raises(ValueError, match="at least one trial"):
        plot_trial_lines({"a": []})
    with pytest.raises(ValueError, match=r"must have shape \(2\)"):
        plot_trial_lines({"a": [1, 2], "b": [1]})
    with pytest.raises(ValueError, match="must name conditions"):
        plot_trial_lines({"a": [1]}, reference={"b": 1.0})


def test_scaling_shows_its_slopes() -> None:
    axes = plot_avalanche_scaling({"PIF": ([1, 2], [1, 4])}, {"PIF": (2.0, 1.5)})
    assert axes.get_legend().get_texts()[0].get_text() == "PIF, 2.00 (1.50)"
    assert axes.get_yscale() == "log"
