"""Pictures of spikes: what they show, that they draw where told, and that texts keep apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from bioplastic.analysis import SpikeTrains, cross_correlograms, intervals
from bioplastic.plotting import (
    new_figure,
    plot_avalanche_scaling,
    plot_avalanches,
    plot_correlogram,
    plot_intervals,
    plot_network,
    plot_phase_plane,
    plot_rates,
    plot_regularity,
    plot_spikes,
)

RNG = np.random.default_rng(0)
TRAINS = SpikeTrains.from_arrays(
    RNG.random(3000) * 3, RNG.integers(0, 300, 3000), t_stop=3, n_units=300, duplicates="keep"
)


SPREAD = {"critical": RNG.zipf(1.5, 500).clip(1, 10_000), "short": RNG.geometric(0.2, 300)}


def _quadratic(v, u):
    return 0.04 * v**2 + 5 * v + 140 - u, 0.02 * (0.2 * v - u)


def _spikes(ax=None):
    return plot_spikes(TRAINS, bin_width=0.1, title="a population", ax=ax)


def _intervals(ax=None):
    return plot_intervals(RNG.gamma(2, 0.02, 500), title="intervals", ax=ax)


def _narrow_intervals(ax=None):
    return plot_intervals(RNG.uniform(0.012, 0.4, 500), ax=ax)


def _long_intervals(ax=None):
    return plot_intervals(10 ** RNG.uniform(-4, 2, 500), ax=ax)


def _correlogram(ax=None):
    lags, counts = cross_correlograms(TRAINS, [(0, 1)], bin_width=0.05, max_lag=0.5)
    return plot_correlogram(lags, counts[0], chance=2.0, title="0 to 1", ax=ax)


def _avalanches(ax=None):
    return plot_avalanches(SPREAD, exponents={"critical": (1.5, 1, 1000)}, ax=ax)


def _phase_plane(ax=None):
    path = (np.array([-65.0, -50, 30, -65]), np.array([-13.0, -12, -11, -5]))
    return plot_phase_plane(
        _quadratic, (-85, 35), (-20, 20), trajectory=path, xlabel="v (mV)", title="one", ax=ax
    )


def _rates(ax=None):
    return plot_rates(RNG.gamma(2, 4, 300), title="rates", ax=ax)


def _regularity(ax=None):
    return plot_regularity(RNG.gamma(2, 4, 50), RNG.normal(1, 0.1, 50), title="one", ax=ax)


def _network(ax=None):
    return plot_network(
        {"input": 784, "exc": 400, "inh": 100},
        [("input", "exc", "plastic"), ("exc", "inh", "excitatory"), ("inh", "exc", "inhibitory")],
        title="a network",
        ax=ax,
    )


PICTURES = [
    _spikes,
    _intervals,
    _narrow_intervals,
    _long_intervals,
    _correlogram,
    _avalanches,
    _phase_plane,
    _rates,
    _regularity,
    _network,
]


@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_covers_another_or_leaves_the_page(picture):
    figure = picture().figure
    drawn: dict[Text, None] = {}
    original = Text.draw

    def draw(self, renderer):
        if self.get_visible() and self.get_text().strip():
            drawn[self] = None
        original(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        figure.draw_without_rendering()
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in drawn]
    assert len(boxes) > 3
    for name, box in boxes:
        assert box.x0 >= -1, f"{name!r} leaves the page"
        assert box.y0 >= -1, f"{name!r} leaves the page"
        assert box.x1 <= figure.bbox.x1 + 1, f"{name!r} leaves the page"
        assert box.y1 <= figure.bbox.y1 + 1, f"{name!r} leaves the page"
    for (name, box), (other, rival) in combinations(boxes, 2):
        width = min(box.x1, rival.x1) - max(box.x0, rival.x0)
        height = min(box.y1, rival.y1) - max(box.y0, rival.y0)
        assert width < 1 or height < 1.5, f"{name!r} covers {other!r}"


@pytest.mark.parametrize("picture", PICTURES)
def test_draws_on_the_axes_that_it_is_given(picture):
    mine = new_figure(height=3).add_subplot()
    assert picture(ax=mine) is mine


def test_raster_shows_every_spike_and_the_rate_of_all_units():
    axes = plot_spikes(TRAINS, bin_width=0.1, max_units=300)
    times, units = axes.lines[0].get_data()
    np.testing.assert_array_equal(times, TRAINS.times)
    np.testing.assert_array_equal(units, TRAINS.units)
    rate = axes.child_axes[0].patches[0].get_data().values
    assert rate.mean() == pytest.approx(3000 / 300 / 3)
    few = plot_spikes(TRAINS, max_units=10)
    assert np.unique(few.lines[0].get_data()[1]).size == 10
    assert few.get_ylabel() == "unit (10 of 300)"


def test_raster_names_units_by_their_ids_and_shades_gaps():
    trains = SpikeTrains.from_arrays(
        [0.1, 0.8], [40, 3], ids=[3, 7, 40], t_stop=1, observed=[[0, 0.4], [0.6, 1]]
    )
    axes = plot_spikes(trains, bin_width=0.1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["3", "7", "40"]
    assert len(axes.collections[0].get_paths()) == 3
    rate = axes.child_axes[0].patches[0].get_data().values
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(rate)), [4, 5])
    assert len(axes.child_axes[0].get_yticks()) >= 2


def test_poisson_units_of_different_rates_are_not_accused():
    trains = SpikeTrains.from_arrays(
        np.concatenate([RNG.uniform(0, 2000, n) for n in (1000, 20_000, 100_000)]),
        np.repeat([0, 1, 2], [1000, 20_000, 100_000]),
        t_stop=2000,
    )
    values, units = intervals(trains)
    apart = []
    for owner in (units, None):
        axes = plot_intervals(values, units=owner)
        shares, expected = axes.patches[0].get_data().values, axes.lines[0].get_ydata()
        apart.append(np.abs(shares - expected).max())
    assert apart[0] < 0.3  # percent of all intervals
    assert apart[1] > 1.0  # one process with the mean of all would accuse them


def test_raster_without_spikes_or_units():
    plot_spikes(SpikeTrains.from_arrays([], [], t_stop=1))
    plot_spikes(SpikeTrains.from_arrays([], [], t_stop=1, n_units=1))


def test_interval_histogram_holds_all_intervals():
    axes = plot_intervals(RNG.exponential(0.05, 2000))
    shares = axes.patches[0].get_data().values
    assert shares.sum() == pytest.approx(100)
    poisson = axes.lines[0].get_ydata()
    assert np.abs(shares - poisson).max() < 2  # they are exponential
    plot_intervals([0.05])
    with pytest.raises(ValueError, match="at least one positive interval"):
        plot_intervals([0.0])


def test_correlogram_bars():
    axes = plot_correlogram([-0.001, 0.0, 0.001], [1, 5, 2], chance=1.5)
    values, edges, _ = axes.patches[0].get_data()
    assert values.tolist() == [1, 5, 2]
    np.testing.assert_allclose(edges, [-1.5, -0.5, 0.5, 1.5])
    with pytest.raises(ValueError, match="must rise in equal steps"):
        plot_correlogram([0, 1, 3], [1, 1, 1])


def test_avalanche_densities_integrate_to_one_and_meet_their_power_law():
    x = np.arange(1, 10_001)
    p = x**-1.5 / np.sum(x**-1.5)
    data = RNG.choice(x, 200_000, p=p)
    axes = plot_avalanches({"a": data}, exponents={"a": (1.5, 1, 10_000)})
    line, points = axes.lines
    np.testing.assert_allclose(line.get_ydata(), p[[0, -1]])
    first = points.get_ydata()[:3]
    np.testing.assert_allclose(first, p[:3], rtol=0.05)
    with pytest.raises(ValueError, match="must name conditions, got"):
        plot_avalanches({"a": data}, exponents={"b": (1.5, 1, 10)})


def test_scaling_of_avalanches_shows_its_slopes():
    series = {"PIF": ([1, 2], [1, 4]), "naive": ([1, 2], [1, 2])}
    axes = plot_avalanche_scaling(series, {"PIF": (2.0, 1.5), "naive": (1.0, None)})
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["PIF, 2.00 (1.50)", "naive, 1.00"]
    assert axes.get_yscale() == "log"


def test_nullclines_lie_where_the_variables_stand_still():
    axes = plot_phase_plane(_quadratic, (-85, 35), (-20, 20))
    for contour, index in zip(axes.collections[1:], (0, 1), strict=True):
        points = np.concatenate([path.vertices for path in contour.get_paths()])
        v, u = points.T
        slope = np.abs(_quadratic(v, u)[index])
        assert slope.max() < 0.01 * np.abs(_quadratic(np.array([30.0]), np.array([0.0]))[index])[0]
    with pytest.raises(ValueError, match="xlim: must rise"):
        plot_phase_plane(_quadratic, (1, 0), (0, 1))


def test_every_projection_has_an_arrow():
    axes = _network()
    assert sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches) == 3
    with pytest.raises(ValueError, match="must be one of 'input', 'exc'"):
        plot_network({"input": 1, "exc": 1}, [("input", "out", "plastic")])
