"""The report of a spike file: the same numbers everywhere, on a page that needs no network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import image as mpl_image

from bioplastic.analysis import SUMMARY_LABELS, SpikeTrains, interval_statistics, mean_rates
from bioplastic.cli import main
from bioplastic.commands.spikes import read_spikes


def _trains(seed=0) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    return SpikeTrains.from_arrays(
        rng.uniform(0, 20, 3000), rng.integers(0, 30, 3000), t_stop=20.0, n_units=31
    )


class _Cells(HTMLParser):
    """Collects the table, and everything that would be fetched."""

    def __init__(self, text: str):
        super().__init__()
        self.cells: dict[str, str] = {}
        self.fetched: list[str] = []
        self.scripts = 0
        self._key: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._key = found.get("data-key") if tag == "td" else None
        self.fetched += [found[name] for name in ("src", "href", "srcset") if name in found]
        self.scripts += tag == "script"

    def handle_endtag(self, tag):
        self._key = None

    def handle_data(self, data):
        if self._key:
            self.cells[self._key] = self.cells.get(self._key, "") + data


@pytest.fixture
def report(tmp_path) -> Path:
    """Return the page of a report, with json and png beside it."""
    path = _trains().save(tmp_path / "a <b> $\\x$ & c.npz")
    assert main(["spikes", str(path), "--out", str(tmp_path / "out")]) == 0
    return tmp_path / "out" / "a <b> $\\x$ & c_report.html"


def _check_page(page: _Cells, numbers: dict) -> None:
    assert list(page.cells) == list(numbers)
    for key, text in page.cells.items():
        if numbers[key] is None:
            assert text == "–"
        else:
            assert float(text.replace(",", "")) == pytest.approx(numbers[key], rel=5e-3)
            assert len(re.sub(r"^[-0.]*|[.,]|e.*", "", text)) <= 3 or numbers[key] >= 1000


def test_page_shows_the_numbers_of_the_json(report):
    numbers = json.loads(report.with_suffix(".json").read_text())
    assert list(numbers) == list(SUMMARY_LABELS)
    text = report.read_text(encoding="utf-8")
    _check_page(_Cells(text), numbers)
    assert r"a &lt;b&gt; $\x$ &amp; c" in text
    assert len(list(report.parent.iterdir())) == 4


def test_numbers_are_those_of_the_verbs(report):
    numbers = json.loads(report.with_suffix(".json").read_text())
    trains = _trains()
    assert numbers["n_spikes"] == 3000
    assert numbers["n_silent"] == 1
    assert numbers["rate_mean"] == pytest.approx(mean_rates(trains).mean(), rel=1e-5)
    assert numbers["cv_mean"] == pytest.approx(np.nanmean(interval_statistics(trains).cv), rel=1e-5)
    assert numbers["fano_mean"] == pytest.approx(1, abs=0.2)  # it is a Poisson process
    assert abs(numbers["tiling_mean"]) < 0.02
    assert numbers["synchrony"] == pytest.approx(1, abs=0.2)


def test_page_fetches_nothing(report):
    page = _Cells(report.read_text(encoding="utf-8"))
    assert page.scripts == 1  # sorts the table of units
    assert len(page.fetched) == 1
    assert page.fetched[0].startswith("data:image/png;base64,")
    assert not re.search(r"https?://|@import|url\(", report.read_text(encoding="utf-8"))


def test_page_in_a_browser(report, tmp_path, browse):
    numbers = json.loads(report.with_suffix(".json").read_text())
    size = "--window-size=900,1500"
    _check_page(_Cells(browse(report, size, "--dump-dom")), numbers)
    browse(report, size, f"--screenshot={tmp_path / 'shot.png'}")
    shot = mpl_image.imread(tmp_path / "shot.png")[..., :3]
    assert shot.shape[:2] == (1500, 900)
    # the blue of the raster is on the page, so the picture inside it was drawn
    blue = (shot[..., 2] > 0.5) & (shot[..., 0] < 0.35)
    assert blue.mean() > 0.005


def test_units_are_a_table_that_can_be_sorted(tmp_path, browse):
    ids = np.array([3, 7, 40, 41])
    times = np.concatenate([np.linspace(0, 9.9, n) + 1e-3 * n for n in (50, 10, 30)])
    trains = SpikeTrains.from_arrays(
        times, np.repeat(ids[:3], [50, 10, 30]), ids=ids, t_stop=10,
        labels={"group": ["good", "<mua>", "good", ""]},
    )  # fmt: skip
    path = trains.save(tmp_path / "a.npz")
    assert main(["spikes", str(path)]) == 0
    table = pd.read_csv(tmp_path / "a_units.csv", index_col="id", keep_default_na=False)
    assert table.index.tolist() == [3, 7, 40, 41]
    assert table["rate"].tolist() == pytest.approx([5, 1, 3, 0])
    page = tmp_path / "a_report.html"
    text = page.read_text(encoding="utf-8")
    assert "&lt;mua&gt;" in text
    heads = re.findall(r'<button type="button">(.*?)</button>', text)
    for head, clicks, order in (("rate (Hz)", 1, "41 7 40 3"), ("rate (Hz)", 2, "3 40 7 41"),
                                ("CV", 2, None), ("id", 1, "3 7 40 41")):  # fmt: skip
        click = f"document.querySelectorAll('.units button')[{heads.index(head)}].click();" * clicks
        page.write_text(text.replace("</body>", f"<script>{click}</script></body>"))
        found = browse(page, "--window-size=900,900", "--dump-dom")
        rows = re.findall(r"<tr>\s*<td[^>]*>(\d+)</td>", found)
        assert order is None or rows == order.split()
        assert head != "CV" or rows[-1] == "41"  # no intervals: last, whatever the direction


def test_options_reach_the_reader_and_notes_the_page(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("who,when\n3,500\n40,1500\n")
    assert main(["spikes", str(path)]) == 1
    assert "say --columns time,unit" in capsys.readouterr().err
    options = ["--columns", "unit,time", "--time-unit", "ms", "--t-stop", "3"]
    assert main(["spikes", str(path), *options]) == 0
    assert "SpikeTrains(2 spikes, 2 units, 0 s to 3 s)" in capsys.readouterr().out
    path.write_text("unit,time\n3,0.5\n")
    assert main(["spikes", str(path)]) == 0
    note = "the unit of time is not stated; taken as seconds"
    assert f"note: {note}" in capsys.readouterr().out
    assert f"<li>{note}</li>" in (tmp_path / "a_report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_tables(tmp_path, ending):
    separator = "," if ending == ".csv" else "\t"
    lines = [f"{time}{separator}{unit}" for time, unit in [(0.5, 1), (0.25, 0), (1.0, 1)]]
    path = tmp_path / f"a{ending}"
    path.write_text("\n".join([f"time{separator}unit", "# remark", *lines]))
    trains = read_spikes(path)
    assert trains.counts().tolist() == [1, 2]
    assert trains.t_stop == 1.0
    assert read_spikes(path, t_stop=3.0).duration == 3.0
    assert main(["spikes", str(path)]) == 0
    assert (tmp_path / "a_report.html").exists()


def test_arrays_in_a_file(tmp_path):
    np.savez(tmp_path / "a.npz", t=[0.1, 0.2], i=[0, 1])
    assert read_spikes(tmp_path / "a.npz").n_units == 2


def test_a_single_spike_and_trials_have_a_report(tmp_path):
    for trains in (
        SpikeTrains.from_arrays([0.3], [0], t_stop=1),
        SpikeTrains.from_arrays([], [], t_stop=1, n_units=2),
        SpikeTrains.from_arrays([0.1, 0.2, 0.3], [0, 1, 0], trials=[0, 0, 1], t_stop=1),
    ):
        path = trains.save(tmp_path / "few.npz")
        assert main(["spikes", str(path)]) == 0
        numbers = json.loads((tmp_path / "few_report.json").read_text())
        assert numbers["n_spikes"] == trains.n_spikes


def test_wrong_files_are_named(tmp_path, capsys):
    assert main(["spikes", str(tmp_path / "absent.npz")]) == 1
    assert "does not exist" in capsys.readouterr().err
    (tmp_path / "a.csv").write_text("time,unit\n0.1,0\nx,1\n")
    assert main(["spikes", str(tmp_path / "a.csv")]) == 1
    assert "row 2 must be a time and a unit" in capsys.readouterr().err
    np.savez(tmp_path / "b.npz", weights=[1])
    assert main(["spikes", str(tmp_path / "b.npz")]) == 1
    assert "is no spike file" in capsys.readouterr().err
    assert main(["spikes"]) == 2


def test_what_neo_reads(tmp_path):
    neo = pytest.importorskip("neo", reason="needs the extra bioplastic[spikes]")
    trains = _trains()
    block, segment = neo.Block(), neo.Segment()
    block.segments.append(segment)
    for train in trains.to_neo():
        segment.spiketrains.append(train)
    neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).write_block(block)
    found = read_spikes(tmp_path / "a.mat")
    np.testing.assert_allclose(found.times, trains.times)
    assert found.counts().tolist() == trains.counts().tolist()
    (tmp_path / "a.unknown").write_text("nothing")
    with pytest.raises(ValueError, match="neither bioplastic nor Neo can read it"):
        read_spikes(tmp_path / "a.unknown")
