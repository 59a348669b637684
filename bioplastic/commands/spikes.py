"""``bioplastic spikes FILE``: any spike file as a one-page report."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from bioplastic.analysis import (
    SUMMARY_LABELS,
    SpikeTrains,
    read_spikes,
    summarise_spikes,
    unit_table,
)
from bioplastic.analysis.io.parts import TIME_UNITS
from bioplastic.analysis.summary import show_number
from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.pages import render_page
from bioplastic.files import write_atomically
from bioplastic.plotting import plot_report, save_figure

__all__ = ["main", "make_page", "write_report"]

_UNIT_COLUMNS = {
    "n": ("spikes", ",.0f"),
    "observed": ("observed (s)", ",.1f"),
    "rate": ("rate (Hz)", ".2f"),
    "cv": ("CV", ".2f"),
    "refractory_violations": ("intervals below 1.5 ms", ".2%"),
    "presence_ratio": ("presence ratio", ".2f"),
}
"""What the page calls the columns of `unit_table`, and how it writes them."""


def write_report(trains: SpikeTrains, out: Path, name: str) -> list[Path]:
    """Write ``NAME_report`` as json, png and html, ``NAME_units.csv``, and return the paths.

    All show the numbers of `summarise_spikes` or `unit_table`. A bar on a terminal tells how far
    it is.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=4, desc="numbers", disable=None, leave=False) as bar:

        def advance(next_step: str) -> None:
            bar.update()
            bar.set_description(next_step)

        summary = summarise_spikes(trains)
        advance("units")
        table = unit_table(trains)
        advance("picture")
        picture = save_figure(
            plot_report(trains, summary, title=name.replace("$", r"\$")),
            out / f"{name}_report.png",
        )
        advance("page")
        page = make_page(name, summary, picture.read_bytes(), table, trains.notes)
        numbers = json.dumps(summary, indent=1) + "\n"
        written = [
            _write_text(out / f"{name}_report.json", numbers),
            _write_text(out / f"{name}_units.csv", table.to_csv(float_format="%.6g")),
            picture,
            _write_text(out / f"{name}_report.html", page),
        ]
        bar.update()
    return written


def make_page(
    title: str,
    summary: Mapping[str, Any],
    picture: bytes,
    units: pd.DataFrame,
    notes: Sequence[str] = (),
) -> str:
    """Return a page that needs nothing beside itself: no link, the picture inside.

    The table of units is sorted by a click on a column.
    """
    rows = [(key, SUMMARY_LABELS[key], show_number(value)) for key, value in summary.items()]
    table = units.reset_index()
    return render_page(
        "spikes.html",
        title=title,
        picture=base64.b64encode(picture).decode("ascii"),
        rows=rows,
        notes=notes,
        heads=[_UNIT_COLUMNS.get(name, (name, ""))[0] for name in table.columns],
        units=[
            [_cell(name, value) for name, value in zip(table.columns, row, strict=True)]
            for row in table.itertuples(index=False)
        ],
    )


def _cell(name: str, value: Any) -> tuple[str, float | str]:
    """Return what a cell shows, and by what it is sorted: numbers by size, NaN last."""
    if name == "id" or isinstance(value, (bool, np.bool_, str)):
        return str(value), str(value)
    if not np.isfinite(value):
        return "–", ""
    if name in _UNIT_COLUMNS:
        return format(value, _UNIT_COLUMNS[name][1]), float(value)
    return show_number(value), float(value)


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code; the experiments do not matter."""
    parser = argparse.ArgumentParser(
        prog="bioplastic spikes",
        description="Report on spikes: one page as png and html, the numbers as json, a table of "
        "the units as csv. Nothing in the file is executed.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file", help="npz, csv, txt, tsv, nwb, a folder of Kilosort or phy, or what Neo reads"
    )
    parser.add_argument("--out", help="folder of the report; that of the file by default")
    parser.add_argument(
        "--columns", help="what the columns of a text file hold: unit,time or time=when,unit=who"
    )
    parser.add_argument(
        "--time-unit", choices=[*TIME_UNITS, "samples"], help="unit of time of plain numbers"
    )
    parser.add_argument("--sampling-rate", type=float, help="in Hz, for times in samples")
    parser.add_argument(
        "--quality", help="groups of a phy folder, like good,mua; all but noise by default"
    )
    parser.add_argument("--t-start", type=float, help="start of the recording in s")
    parser.add_argument(
        "--t-stop", type=float, help="end of the recording in s, where the file does not tell"
    )
    parser.add_argument(
        "--outside", choices=("raise", "drop"), default="raise", help="spikes outside the window"
    )
    add_verbosity(parser)
    args = parser.parse_args(argv)
    set_verbosity(args.verbose)
    path = Path(args.file)
    try:
        trains = read_spikes(
            path,
            columns=args.columns,
            time_unit=args.time_unit,
            sampling_rate=args.sampling_rate,
            groups=args.quality,
            t_start=args.t_start,
            t_stop=args.t_stop,
            outside=args.outside,
        )
        place = path.resolve()
        name = place.name if place.is_dir() else place.stem
        written = write_report(trains, Path(args.out) if args.out else place.parent, name)
    except (ImportError, TypeError, ValueError, MemoryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(trains)
    for note in trains.notes:
        print(f"note: {note}")
    for item in written:
        print(f"wrote {item}")
    return 0


def _write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        file.write(text.encode())
    return path
