"""Pictures as declarations: lines, dots, bars, images, raster and table over labelled arrays.

Every verb takes an `xarray.DataArray` (or a mapping of names to arrays), says which dimension is
what, and draws on axes made by `panels`. Dimensions that are neither an axis nor a colour are
repetitions, seeds for example: they become mean and spread. ``attrs["long_name"]`` and
``attrs["units"]`` of arrays and coordinates become the labels of the axes.
"""

from __future__ import annotations

from bioplastic.plotting.grammar._frame import panels, plus_minus
from bioplastic.plotting.grammar.activity import raster, traces
from bioplastic.plotting.grammar.categories import bars, dots
from bioplastic.plotting.grammar.curves import lines
from bioplastic.plotting.grammar.matrices import images, table

__all__ = ["bars", "dots", "images", "lines", "panels", "plus_minus", "raster", "table", "traces"]
