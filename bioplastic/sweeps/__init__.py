"""Many runs of one function: grids, random search, a folder that remembers, workers.

`parse_axis` and `cross_axes` (or `draw_points`) say which points of parameter space to visit,
`run_trials` visits them on a cluster of processes, and a `SweepFolder` keeps one file per finished
trial, so that a sweep that is started again goes on where it ended.

>>> axes = [parse_axis("eta=0.01:0.1:log2"), parse_axis("seed=0:2")]
>>> cross_axes(axes)[-1]
{'eta': 0.1, 'seed': 1}
"""

from __future__ import annotations

from bioplastic.sweeps.axes import Axis, cross_axes, draw_points, parse_axis
from bioplastic.sweeps.folder import SweepFolder, SweepFolderError, trial_key
from bioplastic.sweeps.running import Failure, SweepOutcome, run_trials
from bioplastic.sweeps.table import Choice, choose_best, is_validation_metric, write_table

__all__ = [
    "Axis",
    "Choice",
    "Failure",
    "SweepFolder",
    "SweepFolderError",
    "SweepOutcome",
    "choose_best",
    "cross_axes",
    "draw_points",
    "is_validation_metric",
    "parse_axis",
    "run_trials",
    "trial_key",
    "write_table",
]
