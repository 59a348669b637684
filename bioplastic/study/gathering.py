"""One table out of the stored results of several runs: sizes and variants, seed by seed."""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.plotting import save_figure
from bioplastic.study.framework import figure_path, prepare_folder
from bioplastic.study.results import Results, load_results, save_results
from bioplastic.study.summary import flatten

__all__ = ["gather", "gather_command"]


def gather(
    name: str,
    files: Sequence[str | os.PathLike[str]],
    kind: Callable[[Mapping[str, Any]], str],
    *,
    earlier: str | os.PathLike[str] | None = None,
    metrics: Sequence[str] = ("",),
    rename: Mapping[str, str] | None = None,
    baselines: Sequence[str] = (),
    measured: str = "seeds",
) -> Results:
    """Join numbers of several runs of an experiment over their seeds; nothing is computed anew.

    Parameters
    ----------
    name : str
        Of the results.
    files : sequence of path-like
        Stored results (JSON files, their npz files beside them) on the same data.
    kind : callable
        Takes the parameters of a run and returns what is compared, variant and size for example.
    earlier : path-like, optional
        Results gathered before. What the runs have of their kinds replaces that there.
    metrics : sequence of str, default all
        Beginnings of the names of the numbers that are taken over.
    rename : mapping of str to str, optional
        What numbers are called here.
    baselines : sequence of str, optional
        Which baselines to take over, means over runs.
    measured : str, default 'seeds'
        Which `Results.measured` holds numbers by seed.

    Returns
    -------
    Results
        Numbers called ``<metric>_<kind>``, their values by seed as arrays, and the parameters of
        all runs as ``runs``.

    Raises
    ------
    ValueError
        For runs on different data, and if a seed of a kind occurs twice.
    """
    runs = [load_results(path) for path in files]
    known = [] if earlier is None else [load_results(earlier)]
    if len({run.data for run in [*runs, *known]}) != 1:
        raise ValueError("gather.files: must hold runs on the same data")
    values: dict[str, list[NDArray[Any]]] = {}
    seen: set[tuple[str, int]] = set()
    for run in runs:
        own, numbers = kind(run.parameters), run.measured[measured].rename(rename or {})
        for seed in numbers.seed.values.tolist():
            if (own, seed) in seen:
                text = own.replace("_", " ")
                raise ValueError(f"gather.files: seed {seed} of {text} comes twice")
            seen.add((own, seed))
        for metric, array in numbers.data_vars.items():
            if str(metric).startswith(tuple(metrics)):
                values.setdefault(f"{metric}_{own}", []).append(array.values)
    replaced = {own for own, _ in seen}
    parameters = [dict(run.parameters) for run in runs]
    for table in known:
        ends = tuple(f"_{own}" for own in replaced)
        values |= {key: [array] for key, array in table.arrays.items() if not key.endswith(ends)}
        parameters += [p for p in table.parameters["runs"] if kind(p) not in replaced]
    arrays = {key: np.concatenate(parts) for key, parts in sorted(values.items())}
    data = [xr.Dataset({key: ("seed", array)}) for key, array in arrays.items()]
    return dataclasses.replace(
        runs[0], name=name, experiment=name, seed=min(run.seed for run in runs),
        metrics={key: number for one in data for key, number in flatten(one).items()},
        baselines={k: statistics.fmean(run.baselines[k] for run in runs) for k in baselines},
        paper={},
        parameters={"runs": parameters}, arrays=arrays, measured={},
        cpu_seconds=sum(run.cpu_seconds for run in [*runs, *known]),
        wall_seconds=sum(run.wall_seconds for run in [*runs, *known]),
    )  # fmt: skip


def gather_command(
    collect: Callable[[Sequence[Path], Path | None], Results],
    figures: Mapping[str, Callable[[Results], Any]],
    text: str,
    arguments: Sequence[str] | None = None,
) -> list[Path]:
    """Read a command line (``FILE [FILE ...] --extend TABLE --out FOLDER``), gather, store, draw.

    Parameters
    ----------
    collect : callable
        Takes the files and the earlier table, returns the results.
    figures : mapping of str to callable
        By name what takes the results and returns a figure.
    text : str
        What the command is for.
    arguments : sequence of str, optional
        The words of the command line; those of the process by default.

    Returns
    -------
    list of Path
        What was written.
    """
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("files", nargs="+", type=Path, help="stored results (JSON)")
    parser.add_argument("--extend", type=Path, metavar="TABLE", help="a table gathered earlier")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="default: figures")
    args = parser.parse_args(arguments)
    results = collect(args.files, args.extend)
    prepare_folder(args.out)
    drawn = [save_figure(draw(results), figure_path(args.out, results.name, name))
             for name, draw in figures.items()]  # fmt: skip
    return [*save_results(results, args.out), *drawn]
