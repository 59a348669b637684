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

from bioplastic.analysis import SUMMARY_LABELS, SpikeTrains, summarise_spikes
from bioplastic.analysis._conversion import import_extra
from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.pages import render_page
from bioplastic.files import write_atomically
from bioplastic.plotting import plot_report, save_figure

__all__ = ["main", "make_page", "read_spikes", "write_report"]


def read_spikes(path: Path, t_stop: float | None = None) -> SpikeTrains:
    """Read a spike file, by its ending.

    ``.npz``: from `SpikeTrains.save`, or arrays ``times`` and ``units`` (or ``t`` and ``i``) in
    seconds. ``.csv`` and ``.txt``: a time in seconds and a unit on each line, a header allowed.
    ``.nwb``: the units of the file. Anything else: whatever Neo can read.

    Parameters
    ----------
    path : Path
        The file.
    t_stop : float, optional
        End of the recording in seconds, where the file does not tell; the last spike by default.

    Raises
    ------
    ValueError
        If the file holds no spikes of a known form.
    ImportError
        If the library for this kind of file is missing.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    ending = path.suffix.lower()
    if ending == ".npz":
        try:
            return SpikeTrains.load(path)
        except ValueError as error:
            try:
                with np.load(path, allow_pickle=False) as stored:
                    names = ("times", "units") if "times" in stored else ("t", "i")
                    return _from_columns(stored[names[0]], stored[names[1]], t_stop)
            except KeyError:
                raise error from None
    if ending in (".csv", ".txt"):
        return _from_columns(*_read_table(path), t_stop)
    if ending == ".nwb":
        return SpikeTrains.from_nwb(path, t_stop=t_stop)
    neo_io = import_extra("neo.io", "spikes")
    try:
        reader = neo_io.get_io(str(path))
    except Exception as error:  # Neo says in many ways that it does not know a file
        raise ValueError(f"{path}: neither bioplastic nor Neo can read it ({error})") from error
    return SpikeTrains.from_neo(reader.read_block())


def write_report(trains: SpikeTrains, out: Path, name: str) -> list[Path]:
    """Write ``NAME_report`` as json, png and html, and return the paths.

    All three show the numbers of `summarise_spikes`.
    """
    summary = summarise_spikes(trains)
    picture = save_figure(
        plot_report(trains, summary, title=name.replace("$", r"\$")), out / f"{name}_report.png"
    )
    page = make_page(name, summary, picture.read_bytes())
    numbers = json.dumps(summary, indent=1) + "\n"
    return [
        _write_text(out / f"{name}_report.json", numbers),
        picture,
        _write_text(out / f"{name}_report.html", page),
    ]


def make_page(title: str, summary: Mapping[str, Any], picture: bytes) -> str:
    """Return a page that needs nothing beside itself: no script, no link, the picture inside."""
    rows = [
        (key, SUMMARY_LABELS[key], "–" if value is None else json.dumps(value))
        for key, value in summary.items()
    ]
    encoded = base64.b64encode(picture).decode("ascii")
    return render_page("spikes.html", title=title, picture=encoded, rows=rows)


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code; the experiments do not matter."""
    parser = argparse.ArgumentParser(
        prog="bioplastic spikes",
        description="Report on a spike file: one page as png and html, and the numbers as json.",
        allow_abbrev=False,
    )
    parser.add_argument("file", help="npz, csv, txt, nwb, or what Neo reads")
    parser.add_argument("--out", help="folder of the report; that of the file by default")
    parser.add_argument(
        "--t-stop", type=float, help="end of the recording in s, where the file does not tell"
    )
    add_verbosity(parser)
    args = parser.parse_args(argv)
    set_verbosity(args.verbose)
    path = Path(args.file)
    try:
        trains = read_spikes(path, args.t_stop)
        written = write_report(trains, Path(args.out) if args.out else path.parent, path.stem)
    except (ImportError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(trains)
    for item in written:
        print(f"wrote {item}")
    return 0


def _from_columns(times: Any, units: Any, t_stop: float | None) -> SpikeTrains:
    values = np.asarray(times, dtype=np.float64)
    if t_stop is None and values.size == 0:
        raise ValueError("the file holds no spikes; give --t-stop to report on silence")
    end = float(values.max()) if t_stop is None else t_stop
    start = min(0.0, float(values.min())) if values.size else 0.0
    return SpikeTrains.from_arrays(values, units, t_start=start, t_stop=end, duplicates="keep")


def _read_table(path: Path) -> tuple[Any, Any]:
    text = path.read_text(encoding="utf-8")
    rows = [line.replace(",", " ").replace(";", " ").split() for line in text.splitlines()]
    rows = [row for row in rows if row and not row[0].startswith("#")]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    times, units = [], []
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not all(_is_number(cell) for cell in row):
            raise ValueError(f"{path}: row {number} must be a time and a unit, got {row}")
        times.append(float(row[0]))
        units.append(float(row[1]))
    return np.array(times), np.array(units)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        file.write(text.encode())
    return path
