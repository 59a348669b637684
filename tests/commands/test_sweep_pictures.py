"""Pictures of sweeps show the numbers they are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from bioplastic.commands.sweep import drawing
from bioplastic.sweeps import Axis, Choice


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Figure]:
    """The figures by name, instead of files."""
    figures: dict[str, Figure] = {}

    def keep(figure: Figure, path: Path) -> Path:
        figures[path.stem] = figure
        return path

    monkeypatch.setattr(drawing, "save_figure", keep)
    return figures


ETA, N = Axis("eta", (0.002, 0.02), spacing="log"), Axis("n", (100, 200, 400))
SCORES = {(0.002, 100): [0.5, 0.7], (0.002, 400): [0.8], (0.02, 100): [0.79], (0.02, 200): [0.885]}
ROWS = [
    {"eta": eta, "n": n, "seed": seed, "accuracy": score}
    for (eta, n), scores in SCORES.items()
    for seed, score in enumerate(scores)
]


def test_heat_map_shows_each_score_in_its_place(drawn: dict[str, Figure]) -> None:
    best = Choice({"eta": 0.02, "n": 200}, "accuracy", 0.885, 0.0, 1)
    drawing.draw_sweep(ROWS, [ETA, N], "accuracy", Path(), best)
    axes = drawn["heat_map"].axes[0]
    texts = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts}
    assert texts == {(0, 0): "60.0", (0, 2): "80.0", (1, 0): "79.0", (1, 1): "88.5"}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["100", "200", "400"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["0.002", "0.02"]
    (frame,) = axes.patches
    assert (round(frame.get_x()), round(frame.get_y())) == (1, 1)


def test_small_differences_get_more_digits() -> None:
    assert drawing._format(np.array([0.5012, 0.5034])) == ".3f"
    assert drawing._format(np.array([1.0, 3.0])) == ".0f"


def test_curves_show_mean_deviation_and_each_run(drawn: dict[str, Figure]) -> None:
    drawing.draw_sweep(ROWS, [ETA, N], "accuracy", Path(), None)
    axes = drawn["curves"].axes[0]
    means = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert means["eta 0.002"] == [[100, pytest.approx(60)], [400, pytest.approx(80)]]
    assert means["eta 0.02"] == [[100, pytest.approx(79)], [200, pytest.approx(88.5)]]
    dots = np.concatenate([np.ravel(line.get_ydata()) for line in axes.lines])
    assert {50.0, 70.0} <= set(np.round(dots[np.isfinite(dots)], 9))
    assert axes.get_ylabel() == "accuracy (%)"


def test_search_marks_the_best(drawn: dict[str, Figure]) -> None:
    best = Choice({"eta": 0.02, "n": 200}, "accuracy", 0.885, 0.0, 1)
    drawing.draw_sweep(ROWS, [ETA, N], "accuracy", Path(), best, searched=True)
    left, right = drawn["search"].axes
    assert left.get_xscale() == "log"
    assert [line.get_xydata().tolist() for line in right.lines[1:]] == [[[200, 88.5]]]
