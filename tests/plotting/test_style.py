"""The house style, and files that are whole and the same every time."""

from __future__ import annotations

import gc
import weakref

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image as mpl_image
from matplotlib.figure import Figure

from bioplastic.plotting import (
    COLUMN_WIDTH,
    new_figure,
    plot_stdp_window,
    save_figure,
    use_style,
)


def _draw() -> Figure:
    lags = np.linspace(-0.05, 0.05, 21)
    return plot_stdp_window(lags, np.exp(-abs(lags) / 0.02)).figure


def test_saving_again_gives_identical_bytes(tmp_path):
    first = save_figure(_draw(), tmp_path / "a.png").read_bytes()
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 50}):
        second = save_figure(_draw(), tmp_path / "b.png").read_bytes()
    assert first == second
    assert b"Software" not in first
    assert b"tIME" not in first


def test_saved_figure_is_one_column_wide_at_300_dots_per_inch(tmp_path):
    path = save_figure(_draw(), tmp_path / "deep" / "folder" / "a.png")
    assert mpl_image.imread(path).shape[1] == round(COLUMN_WIDTH * 300)


def test_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = save_figure(_draw(), tmp_path / "a.png")
    before = path.read_bytes()
    figure = _draw()

    def stop(stream, **options):
        stream.write(b"half a picture")
        raise KeyboardInterrupt

    monkeypatch.setattr(figure, "savefig", stop)
    with pytest.raises(KeyboardInterrupt):
        save_figure(figure, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_vector_files_are_the_same_every_time(tmp_path, ending, start):
    first = save_figure(_draw(), tmp_path / f"a.{ending}").read_bytes()
    second = save_figure(_draw(), tmp_path / f"b.{ending}").read_bytes()
    assert first == second
    assert first.startswith(start)
    assert b"CreationDate" not in first
    assert b"<dc:date>" not in first


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"save_figure.path: must end in one of '.png', '.svg'"):
        save_figure(new_figure(), tmp_path / "a.jpg")


def test_style_ends_with_its_block():
    before = mpl.rcParams["font.size"]
    with use_style():
        assert mpl.rcParams["font.size"] == 7.5
    assert mpl.rcParams["font.size"] == before


def test_figures_are_unknown_to_pyplot_and_are_freed():
    import matplotlib.pyplot as plt

    figure = _draw()
    assert plt.get_fignums() == []
    alive = weakref.ref(figure)
    del figure
    gc.collect()
    assert alive() is None
