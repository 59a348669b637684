"""Pictures of the spiking convolution show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.plotting import plot_feature_learning, plot_signed_filters, save_figure


def test_grey_filters_show_on_minus_off() -> None:
    filters = np.zeros((2, 3, 3, 2))
    filters[0, 1, 2, 0], filters[1, 0, 0, 1] = 1.0, 0.5
    picture = plot_signed_filters(filters).images[0].get_array()
    assert picture[1, 2] == 1.0
    assert picture[0, 4] == -0.5
    assert np.nansum(np.abs(picture)) == 1.5


def test_colour_filters_are_grey_where_nothing_is_learned() -> None:
    filters = np.zeros((1, 2, 2, 6))
    filters[0, 0, 1, 0] = filters[0, 1, 0, 5] = 1.0  # more red; less blue
    picture = np.asarray(plot_signed_filters(filters).images[0].get_array())
    np.testing.assert_array_equal(picture[0, 0], [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(picture[0, 1], [1.0, 0.5, 0.5])
    np.testing.assert_array_equal(picture[1, 0], [0.5, 0.5, 0.0])


def test_learning_shows_means_shares_and_density(tmp_path) -> None:  # type: ignore[no-untyped-def]
    thresholds = np.array([[5.0, 5.0], [4.0, 8.0], [3.0, 9.0]])
    wins = np.array([[6, 2], [5, 5]])
    filters = np.array([0.05, 0.95, 0.95, 0.5])
    latencies = np.array([[0.5, 1.0], [0.7, 1.4]])
    figure = plot_feature_learning(thresholds, wins, filters, latencies, threshold_elsewhere=5.5)
    first, second, third, fourth = figure.axes
    np.testing.assert_array_equal(first.lines[0].get_ydata(), [5, 6, 6])
    assert first.lines[1].get_ydata() == [5.5]
    np.testing.assert_allclose(second.lines[0].get_ydata(), [150, 50])
    np.testing.assert_allclose(second.lines[1].get_ydata(), [100, 100])
    assert third.get_title() == "25 % < 0.1, 50 % > 0.9"
    assert fourth.get_title() == "50 % spike"
    assert save_figure(figure, tmp_path / "learning.png").stat().st_size < 300_000


def test_shapes_that_disagree_are_named() -> None:
    with pytest.raises(ValueError, match="must have 2 or 6 channels"):
        plot_signed_filters(np.zeros((3, 5, 5, 4)))
    with pytest.raises(ValueError, match=r"plot_feature_learning\.wins"):
        plot_feature_learning(np.ones((3, 2)), np.ones((3, 2)), [0.5], [[0.5]])
