"""Runs that survive: a folder that says what a computation is and holds its latest state.

A computation that goes through samples, iterations or tasks opens a `RunFolder`, loads what is
there, and saves its state between two of them. After ``kill -9``, a full disk or a reboot the
folder holds the state of an earlier moment, never a mixture, and the computation continues there.

>>> import tempfile
>>> import numpy as np
>>> def count_to(n, folder, resume=False):
...     with RunFolder(folder, {"n": n, "seed": 0}, resume=resume) as run:
...         total, k = np.zeros(1), 0
...         if run.found:
...             total, k = run.load_arrays()["total"], run.progress["k"]
...         while k < n:
...             total, k = total + k, k + 1
...             if run.is_due() or k == n:
...                 run.save({"total": total}, {"k": k})
...         run.finish()
...         return float(total[0])
>>> with tempfile.TemporaryDirectory() as folder:
...     count_to(4, folder), count_to(4, folder, resume=True)
(6.0, 6.0)
"""

from __future__ import annotations

from bioplastic.checkpoints.folder import RunFolder
from bioplastic.checkpoints.parameters import describe_parameters
from bioplastic.checkpoints.reading import RunFolderError, find_state, read_run

__all__ = [
    "RunFolder",
    "RunFolderError",
    "describe_parameters",
    "find_state",
    "read_run",
]
