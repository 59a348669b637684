"""What the verbs draw is what pandas says of the same labelled data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bioplastic.plotting import grammar, save_figure
from bioplastic.plotting.grammar import bars, dots, images, lines, panels, plus_minus, raster, table

RNG = np.random.default_rng(0)
DATA = xr.DataArray(
    RNG.random((2, 4, 3)),
    dims=("arm", "seed", "epoch"),
    coords={"arm": ["ours", "frozen"], "epoch": [1, 2, 5]},
    name="accuracy",
    attrs={"long_name": "test accuracy", "units": "%"},
)
FRAME = DATA.to_dataframe().groupby(["arm", "epoch"])["accuracy"]
MEAN, SPREAD = FRAME.mean(), FRAME.std()
LAST = DATA.isel(epoch=-1)


@pytest.mark.parametrize("show", ["band", "each", "bars", "mean"])
def test_lines_are_means_over_what_is_left(show):
    axes = lines(DATA, x="epoch", hue="arm", factor=100, show=show)
    for arm in ("ours", "frozen"):
        line = next(line for line in axes.lines if line.get_label() == arm)
        assert line.get_xdata().tolist() == [1, 2, 5]
        np.testing.assert_allclose(line.get_ydata(), 100 * MEAN[arm])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "test accuracy (%)")


def test_bands_are_sample_deviations():
    axes = lines(DATA.sel(arm="ours"), x="epoch")
    corners = axes.collections[0].get_paths()[0].vertices
    for epoch in (1, 2, 5):
        low, high = MEAN["ours", epoch], MEAN["ours", epoch]
        at = corners[np.isclose(corners[:, 0], epoch), 1]
        np.testing.assert_allclose(at.min(), low - SPREAD["ours", epoch])
        np.testing.assert_allclose(at.max(), high + SPREAD["ours", epoch])


def test_missing_runs_are_left_out():
    data = DATA.sel(arm="ours").copy()
    data[0, 2] = data[1, 2] = data[2, 2] = data[3, 2] = np.nan
    data[0, 1] = np.nan
    line = lines(data, x="epoch").lines[0]
    assert line.get_xdata().tolist() == [1, 2]
    np.testing.assert_allclose(line.get_ydata()[1], np.nanmean(data[:, 1]))


@pytest.mark.parametrize("horizontal", [False, True])
def test_dots_show_mean_spread_and_paper(horizontal):
    axes = dots(LAST, x="arm", horizontal=horizontal, published={"frozen": 0.4})
    drawn = [line.get_xydata()[:, 0 if horizontal else 1] for line in axes.lines]
    for arm in ("ours", "frozen"):
        mean, spread = MEAN[arm, 5], SPREAD[arm, 5]
        assert any(d.size == 1 and np.isclose(d[0], mean) for d in drawn)
        assert any(d.size == 2 and np.allclose(d, [mean - spread, mean + spread]) for d in drawn)
    assert any(d.size == 1 and d[0] == 0.4 for d in drawn)


def test_paired_dots_are_joined_repetition_by_repetition():
    axes = dots({"a": [1.0, 3.0], "b": [2.0, 6.0]}, paired=True)
    assert [line.get_ydata().tolist() for line in axes.lines[:2]] == [[1.0, 2.0], [3.0, 6.0]]


def test_bars_end_at_the_mean_and_say_it():
    axes = bars(LAST, x="arm", published={"ours": 0.9}, baselines={"chance": 0.1})
    np.testing.assert_allclose(
        [patch.get_width() for patch in axes.patches],
        [100 * MEAN[a, 5] for a in ("ours", "frozen")],
    )
    mean, spread = 100 * MEAN["ours", 5], 100 * SPREAD["ours", 5]
    assert axes.texts[0].get_text() == f"{mean:.1f} ± {spread:.1f}"
    assert {t.get_text() for t in axes.get_legend().get_texts()} == {"paper", "chance"}
    assert not bars(LAST, x="arm", xlim=(20, 90)).patches  # a bar from 20 would mislead


def test_images_share_limits_and_centre_both_signs():
    first, second = images(DATA - 0.5, facet="arm")
    (a,), (b,) = first.images, second.images
    assert a.get_clim() == b.get_clim() == (-b.get_clim()[1], b.get_clim()[1])
    np.testing.assert_array_equal(b.get_array(), DATA.sel(arm="frozen") - 0.5)


def test_raster_keeps_every_spike_in_its_row():
    axes = raster([1, 2, 3], [0, 2, 1], groups={"a": [0, 2], "b": [1]}, order=[2, 1, 0])
    a, b = axes.lines
    assert a.get_xydata().tolist() == [[1, 2], [2, 0]]
    assert b.get_xydata().tolist() == [[3, 1]]


def test_tables_and_numbers():
    axes = table(pd.DataFrame({"x": [0.86, 100.0, np.nan], "n": [1, 2, 3]}, index=list("abc")))
    cells = axes.tables[0].get_celld()
    assert [cells[k, 0].get_text().get_text() for k in (1, 2, 3)] == ["0.860", "100", "–"]
    assert plus_minus([1, 3, np.nan]) == "2.0 ± 1.4"


def test_a_page_of_panels_can_be_written(tmp_path):
    figure, named = panels([["a", "b"], ["c", "c"]], height=4)
    lines({"x": DATA[0], "y": DATA[1, :, :2]}, named["a"], x="epoch", legend="end", published=0.5)
    lines(DATA, named["b"], x="epoch", hue="arm", legend="outside", xscale="log")
    images(DATA[0], named["c"], values=".2f")
    assert save_figure(figure, tmp_path / "page.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: lines([1, 2]), "lines.data: must be a DataArray"),
        (lambda: lines(DATA, x="time"), "lines.data: must have dimension"),
        (lambda: lines(DATA, show="box"), "lines.show: must be one of"),
        (lambda: lines(DATA, x="epoch", baselines={"c": np.nan}), r"baselines\['c'\]"),
        (lambda: dots({}), "dots.data: must hold at least one"),
        (lambda: bars(LAST, published={"theirs": 1}), "bars.published: must name categories"),
        (lambda: images(DATA), "images.data: must have dimensions"),
        (lambda: images(DATA[0] * np.nan), "images.data: must hold at least one finite"),
        (lambda: raster([1, 2], [1]), "raster.cells: must be one cell per spike"),
        (lambda: table([1]), "table.frame: must be a DataFrame"),
        (lambda: lines(DATA, 3), "ax: must be axes"),
        (lambda: plus_minus([]), "plus_minus.values"),
    ],
)
def test_malformed_input_is_named(call, text):
    with pytest.raises((TypeError, ValueError), match=text):
        call()


def test_every_verb_is_exported():
    assert all(callable(getattr(grammar, name)) for name in grammar.__all__)
