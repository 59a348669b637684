"""``bioplastic spikes FILE``: any spike file as a one-page report."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bioplastic.analysis import SUMMARY_LABELS, SpikeTrains, read_spikes, summarise_spikes
from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.pages import render_page
from bioplastic.files import write_atomically
from bioplastic.plotting import plot_report, save_figure

__all__ = ["main", "make_page", "write_report"]


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
        trains = read_spikes(path, t_stop=args.t_stop)
        written = write_report(trains, Path(args.out) if args.out else path.parent, path.stem)
    except (ImportError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(trains)
    for item in written:
        print(f"wrote {item}")
    return 0


def _write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        file.write(text.encode())
    return path
