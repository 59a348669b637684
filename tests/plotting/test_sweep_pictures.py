"""Pictures of sweeps show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.plotting import plot_heat_map, plot_search, plot_sweep_curves


def test_heat_map_shows_each_score_in_its_place():
    values = np.array([[81.25, np.nan, 80.0], [79.0, 88.5, 60.0]])
    axes = plot_heat_map([0.002, 0.02, "x"], [100, 400], values, best=(1, 1), label="accuracy (%)")
    texts = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts}
    assert texts == {(0, 0): "81.2", (0, 2): "80.0", (1, 0): "79.0", (1, 1): "88.5", (1, 2): "60.0"}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0.002", "0.02", "x"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["100", "400"]
    np.testing.assert_array_equal(np.ma.filled(axes.images[0].get_array(), np.nan), values)
    (frame,) = axes.patches
    assert (round(frame.get_x()), round(frame.get_y())) == (1, 1)


def test_small_differences_get_more_digits():
    axes = plot_heat_map([1, 2], [1], [[0.5012, 0.5034]])
    assert [text.get_text() for text in axes.texts] == ["0.501", "0.503"]


def test_curves_show_mean_deviation_and_each_run():
    runs = np.array([[0.5, 0.7, np.nan], [0.75, 0.5, 0.25]])
    axes = plot_sweep_curves([0.01, 0.1], {"a": runs, "b": runs + 1}, log=True, legend="kind")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.nanmean(runs, axis=1))
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(0.5 + np.std([0.75, 0.5, 0.25], ddof=1))
    assert band.min() == pytest.approx(0.5 - np.std([0.75, 0.5, 0.25], ddof=1))
    dots = np.concatenate([line.get_ydata() for line in axes.lines[1:4]])
    assert sorted(dots[np.isfinite(dots)]) == sorted(runs[np.isfinite(runs)])
    assert axes.get_xscale() == "log"
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["a", "b"]


def test_search_marks_the_best():
    axes = plot_search([0.1, 0.3, 0.2], [1.0, 3.0, 2.0], best=1)
    assert [line.get_xydata().tolist() for line in axes.lines[1:]] == [[[0.3, 3.0]]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_heat_map([1], [1, 2], [[1.0]]), r"plot_heat_map.values"),
        (lambda: plot_heat_map([1], [1], [[np.nan]]), r"must hold at least one finite score"),
        (lambda: plot_sweep_curves([1], {}), r"must hold 1 to 7 curves, got 0"),
        (lambda: plot_sweep_curves([1, 2], {"a": [[1.0]]}), r"plot_sweep_curves.curves\['a'\]"),
        (lambda: plot_search([1, 2], [1]), r"plot_search.scores"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
