"""From samples to medians, ratios, table and figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from bioplastic.benchmarks.draw import draw_speed
from bioplastic.benchmarks.protocol import plastic_synapses
from bioplastic.benchmarks.summary import (
    markdown_table,
    pair_runs,
    paired_ratios,
    summarise,
    write_json,
)


def _samples() -> list[dict[str, Any]]:
    """Two contenders with known costs on a machine that doubles its time in the second repeat."""
    cost = {("a", 100): 1.0, ("a", 400): 4.0, ("b", 100): 10.0, ("b", 400): 20.0}
    samples = []
    for repeat, drift in enumerate((1.0, 2.0, 1.0)):
        for (name, n), ms in cost.items():
            for images in (10, 30):
                shown = images + (images // 10 if name == "a" else 0)
                samples.append(
                    dict(
                        contender=name,
                        n=n,
                        repeat=repeat,
                        cpu_seconds=drift * (5 + ms * images / 1e3),
                        peak_bytes=10_000_000 + 12 * plastic_synapses(n),
                        outcome=dict(
                            images=images, presentations=shown, hidden_spikes=14.0, input_spikes=2e3
                        ),
                    )
                )
    return samples


def test_set_up_is_excluded_and_shown_twice_counts_twice() -> None:
    pairs, _ = pair_runs(_samples())
    assert len(pairs) == 12
    first = next(p for p in pairs if (p["contender"], p["n"], p["repeat"]) == ("a", 400, 0))
    assert first["cpu_ms_per_image"] == pytest.approx(4.0)
    assert first["cpu_ms_per_presentation"] == pytest.approx(4.0 / 1.1)
    assert first["setup_cpu_seconds"] == pytest.approx(5.0)


def test_a_run_without_its_partner_is_left_out() -> None:
    assert len(pair_runs(_samples()[:-1])[0]) == 11


def test_a_longer_run_that_took_no_longer_has_no_cost() -> None:
    samples = _samples()
    samples[1]["cpu_seconds"] = samples[0]["cpu_seconds"] - 0.1
    pairs, unresolved = pair_runs(samples)
    assert len(pairs) == 11
    assert unresolved == [dict(contender="a", n=100, repeat=0)]


def test_what_a_program_measured_of_itself_counts() -> None:
    samples = _samples()
    for sample in samples[:2]:
        sample["outcome"]["cpu_seconds_simulation"] = 0.007 * sample["outcome"]["images"]
    assert pair_runs(samples)[0][0]["cpu_ms_per_image"] == pytest.approx(7.0)


def test_ratios_are_paired_within_a_repeat_so_drift_cancels() -> None:
    ratio = paired_ratios(pair_runs(_samples())[0], "a")["100"]["b"]
    assert ratio["each"] == pytest.approx([11.0] * 3)
    assert paired_ratios(pair_runs(_samples())[0], "nobody") == {}


def test_summary_takes_medians_and_the_growth_of_memory() -> None:
    table = summarise(pair_runs(_samples())[0], {"400": {"b": 20.0}})
    assert table["400"]["b"]["cpu_ms_per_image"] == pytest.approx(20.0)
    assert table["400"]["b"]["largest"] == pytest.approx(40.0)
    assert table["100"]["a"]["bytes_per_plastic_synapse"] is None
    assert table["400"]["a"]["bytes_per_plastic_synapse"] == pytest.approx(12.0)
    assert table["400"]["b"]["activity_over_reference"] == pytest.approx(0.7)
    assert table["400"]["a"]["activity_over_reference"] is None


def test_table_names_who_is_missing_and_why() -> None:
    pairs, _ = pair_runs(_samples())
    text = markdown_table(
        summarise(pairs), {"b": "Bee"}, paired_ratios(pairs, "a"), "a", {"c": "not installed"}
    )
    rows = [line for line in text.splitlines() if line.startswith("| 400")]
    assert len(rows) == 2
    assert rows[1].split(" | ")[1:5] == ["Bee", "20", "20 to 40", "5.5"]
    assert text.endswith("Not measured: c, not installed.\n")
    columns = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(columns) == 1


def test_figure_is_drawn(tmp_path: Path) -> None:
    path = draw_speed(summarise(pair_runs(_samples())[0]), {"a": "A", "b": "B"}, tmp_path / "s.png")
    image = imread(path)
    assert image.shape[1] == round(3.5 * 300)
    assert image[..., :3].min() < 0.5


def test_json_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out" / "r.json"
    write_json(path, {"x": 1})
    with pytest.raises(TypeError):
        write_json(path, {"x": object()})
    assert json.loads(path.read_text()) == {"x": 1}
    assert [p.name for p in path.parent.iterdir()] == ["r.json"]
