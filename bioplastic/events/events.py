"""What an event camera saw, as four arrays."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import xarray as xr
from brian2 import Quantity, have_same_dimensions, second, usecond
from numpy.typing import NDArray

from bioplastic.files import check_memory
from bioplastic.validation import check_choice, check_integer, check_quantity

__all__ = ["Events", "Polarity"]

logger = logging.getLogger(__name__)

Polarity = Literal["split", "merge", "on"]
_FIELDS = {
    "t": ("t", "timestamp", "timestamps", "ts", "time", "times"),
    "x": ("x",),
    "y": ("y",),
    "p": ("p", "polarity", "pol", "on", "polarities"),
}


@dataclass(frozen=True, eq=False)
class Events:
    """Changes of brightness, one per event, in order of time.

    Make one with `bioplastic.events.load_events`, `from_arrays` or `from_structured`, which sort
    and check; the constructor only accepts arrays that are already in order.

    Parameters
    ----------
    t : ndarray of int64, shape (n,)
        Times in microseconds; the first event of a file is at 0.
    x, y : ndarray of int32, shape (n,)
        Column and row, from the corner where the format has its origin.
    p : ndarray of bool, shape (n,)
        True where the pixel became brighter (ON).
    size : tuple of int
        Width and height of the sensor in pixels.
    start : int, default 0
        Time of ``t = 0`` on the clock of the file, in microseconds, for labels that use that clock.
    dropped : mapping of str to int, default {}
        How many events a reader or a method left out, by reason.

    Raises
    ------
    ValueError
        If lengths differ, times are not in order, or an event lies outside the sensor.

    Examples
    --------
    >>> events = Events.from_arrays(t=[5, 1005, 1005], x=[0, 1, 1], y=[0, 0, 1], p=[1, 0, 1])
    >>> events
    Events(3 events, 2 x 2 pixels, 1 ms)
    >>> events.counts(polarity="merge").values
    array([[1, 1],
           [0, 1]])
    >>> from brian2 import ms
    >>> indices, times = events.spikes(1 * ms, polarity="on")
    >>> indices, times
    (array([0, 3]), array([0., 1.]) * msecond)
    """

    t: NDArray[np.int64]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    p: NDArray[np.bool_]
    size: tuple[int, int]
    start: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (("t", np.int64), ("x", np.int32), ("y", np.int32), ("p", np.bool_)):
            array = np.asarray(getattr(self, name))
            if array.dtype != kind or array.shape != np.shape(self.t) or array.ndim != 1:
                raise ValueError(
                    f"Events.{name}: must be a vector of {np.dtype(kind)} as long as t, got "
                    f"{array.dtype} of shape {array.shape}"
                )
            array = array.view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if np.ndim(self.size) != 1 or len(self.size) != 2:
            raise ValueError(f"Events.size: must be (width, height), got {self.size!r}")
        size = tuple(check_integer("Events.size", n, minimum=1) for n in self.size)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "start", check_integer("Events.start", self.start))
        object.__setattr__(self, "dropped", MappingProxyType(dict(self.dropped)))
        if (self.t[1:] < self.t[:-1]).any():
            k = int(np.argmax(self.t[1:] < self.t[:-1])) + 1
            raise ValueError(f"Events.t: must be in order, event {k} is before event {k - 1}")
        outside = (self.x < 0) | (self.x >= size[0]) | (self.y < 0) | (self.y >= size[1])
        if outside.any():
            k = int(np.argmax(outside))
            raise ValueError(
                f"Events: event {k} at x = {self.x[k]}, y = {self.y[k]} lies outside the "
                f"{size[0]} x {size[1]} pixels of the sensor"
            )

    @classmethod
    def from_arrays(
        cls,
        t: Any,
        x: Any,
        y: Any,
        p: Any,
        *,
        size: tuple[int, int] | None = None,
        dropped: Mapping[str, int] = MappingProxyType({}),
    ) -> Events:
        """Make events of four vectors in any order.

        Parameters
        ----------
        t : array-like or Quantity, shape (n,)
            Times: a Brian2 quantity, or whole microseconds.
        x, y : array-like of int, shape (n,)
            Columns and rows.
        p : array-like, shape (n,)
            Polarity: booleans, 0 and 1, or -1 and 1.
        size : tuple of int, optional
            Width and height; by default up to the largest column and row that occur.
        dropped : mapping of str to int, default {}
            What was left out before.

        Returns
        -------
        Events
            Sorted by time (stable); the first is at 0.

        Raises
        ------
        TypeError, ValueError
            For lengths that differ, times that are no whole microseconds, fractional or negative
            addresses, or other polarities.

        Examples
        --------
        >>> Events.from_arrays([0.002, 0.001] * second, [3, 0], [0, 1], [-1, 1], size=(4, 2)).p
        array([ True, False])
        """
        if isinstance(t, Quantity) and not have_same_dimensions(t, second):
            raise ValueError(f"Events.from_arrays.t: must have the unit of a time, got {t!r}")
        micro = np.rint(np.asarray(t / usecond)) if isinstance(t, Quantity) else t
        columns = {
            name: _whole(f"Events.from_arrays.{name}", values)
            for name, values in (("t", micro), ("x", x), ("y", y), ("p", p))
        }
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Events.from_arrays: lengths differ: {lengths}")
        kinds = set(np.unique(columns["p"]).tolist())
        if not (kinds <= {0, 1} or kinds <= {-1, 1}):
            raise ValueError(
                f"Events.from_arrays.p: must be booleans, 0 and 1, or -1 and 1, got {sorted(kinds)}"
            )
        if size is None:
            size = tuple(int(columns[name].max(initial=0)) + 1 for name in ("x", "y"))  # type: ignore[assignment]
        order = np.argsort(columns["t"], kind="stable")
        t, x, y, p = (columns[name][order] for name in ("t", "x", "y", "p"))
        start = int(t[0]) if len(t) else 0
        for name, values in (("x", x), ("y", y)):
            if len(values) and abs(values).max() >= 2**31:
                raise ValueError(f"Events.from_arrays.{name}: {values.max()} is no pixel")
        assert size is not None
        return cls(
            t - start, x.astype(np.int32), y.astype(np.int32), p > 0, size, start, dict(dropped)
        )

    @classmethod
    def from_structured(cls, array: Any, *, size: tuple[int, int] | None = None) -> Events:
        """Make events of a structured array, as other libraries for event cameras give them.

        Parameters
        ----------
        array : structured ndarray
            With the fields ``t`` (microseconds), ``x``, ``y``, ``p``, in any order; ``on``,
            ``polarity`` and ``timestamp`` are understood too.
        size : tuple of int, optional
            Width and height; by default up to the largest column and row that occur.

        Raises
        ------
        TypeError
            If it is no structured array with these fields.

        Examples
        --------
        >>> array = np.array([(3, 4, 10, 1)], [("x", "<i2"), ("y", "<i2"), ("t", "<i8"),
        ...                                    ("p", "?")])
        >>> Events.from_structured(array, size=(34, 34))
        Events(1 event, 34 x 34 pixels, 0 ms)
        """
        names = getattr(getattr(array, "dtype", None), "names", None)
        if names is None:
            raise TypeError(
                f"Events.from_structured: must be a structured array with fields t, x, y, p, got "
                f"{type(array).__name__}"
            )
        return cls.from_arrays(**find_fields("Events.from_structured", array, names), size=size)

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        what = f"{len(self)} event{'s' * (len(self) != 1)}"
        duration = (self.t[-1] if len(self) else 0) / 1000
        left = "".join(f", {n} dropped ({why})" for why, n in self.dropped.items() if n)
        return f"Events({what}, {self.size[0]} x {self.size[1]} pixels, {duration:g} ms{left})"

    @property
    def duration(self) -> Quantity:
        """Time of the last event."""
        return (int(self.t[-1]) if len(self) else 0) * usecond

    def _take(self, keep: NDArray[Any], why: str = "", **changes: Any) -> Events:
        arrays = {name: getattr(self, name)[keep] for name in ("t", "x", "y", "p")}
        dropped = dict(self.dropped)
        if why:
            dropped[why] = dropped.get(why, 0) + len(self) - len(arrays["t"])
        return dataclasses.replace(self, **{**arrays, "dropped": dropped, **changes})

    def window(self, start: Quantity, stop: Quantity) -> Events:
        """Return the events of ``start <= t < stop``, with time counted from ``start``.

        Raises
        ------
        ValueError
            If the window is empty.

        Examples
        --------
        >>> from brian2 import ms
        >>> Events.from_arrays([0, 1000, 2000], [0] * 3, [0] * 3, [1] * 3).window(1*ms, 2*ms).t
        array([0])
        """
        first, last = (
            _micro(f"Events.window.{name}", value)
            for name, value in (("start", start), ("stop", stop))
        )
        if last <= first:
            raise ValueError(f"Events.window: stop must be after start, got {start} to {stop}")
        keep = slice(*np.searchsorted(self.t, [first, last]))
        cut = self._take(keep, start=self.start + first)  # type: ignore[arg-type]
        return dataclasses.replace(cut, t=cut.t - first)

    def crop(self, left: int, top: int, width: int, height: int) -> Events:
        """Return the events of a rectangle, which becomes the sensor.

        Raises
        ------
        ValueError
            If the rectangle does not lie on the sensor.

        Examples
        --------
        >>> Events.from_arrays([0, 1], [0, 3], [0, 3], [1, 1]).crop(2, 2, 2, 2).x
        array([1], dtype=int32)
        """
        for name, value, limit in (
            ("left", left, self.size[0] - 1), ("top", top, self.size[1] - 1),
        ):  # fmt: skip
            check_integer(f"Events.crop.{name}", value, minimum=0, maximum=limit)
        check_integer("Events.crop.width", width, minimum=1, maximum=self.size[0] - left)
        check_integer("Events.crop.height", height, minimum=1, maximum=self.size[1] - top)
        x, y = self.x - left, self.y - top
        keep = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        return self._take(
            keep, x=x[keep].astype(np.int32), y=y[keep].astype(np.int32), size=(width, height)
        )

    def downsample(self, factor: int) -> Events:
        """Return the events on blocks of ``factor`` by ``factor`` pixels; none is left out.

        Examples
        --------
        >>> Events.from_arrays([0, 1], [0, 3], [0, 2], [1, 1]).downsample(2).size
        (2, 2)
        """
        check_integer("Events.downsample.factor", factor, minimum=1)
        width, height = (-(-n // factor) for n in self.size)
        return dataclasses.replace(
            self, x=self.x // np.int32(factor), y=self.y // np.int32(factor), size=(width, height)
        )

    def denoise(self, time: Quantity, radius: int = 1) -> Events:
        """Return the events that another event nearby preceded by no more than ``time``.

        Isolated events are mostly noise of single pixels; the pixel itself does not count.

        Parameters
        ----------
        time : Quantity
            How long a neighbour supports an event.
        radius : int, default 1
            How far away a neighbour may be, in pixels along both axes.

        Returns
        -------
        Events
            ``dropped["isolated"]`` tells how many are missing.

        Examples
        --------
        >>> from brian2 import ms
        >>> events = Events.from_arrays([0, 10, 20], [0, 1, 9], [0, 0, 9], [1, 1, 1])
        >>> events.denoise(1 * ms)
        Events(1 event, 10 x 10 pixels, 0.01 ms, 2 dropped (isolated))
        """
        limit = _micro("Events.denoise.time", time)
        check_integer("Events.denoise.radius", radius, minimum=1)
        n, pitch = len(self), self.size[0] + radius
        pixel = (self.y.astype(np.int64) + radius) * (pitch + radius) + self.x + radius
        order = np.lexsort((np.arange(n), pixel))
        keys = pixel[order] * n + order  # sorted by pixel, then by position in the stream
        kept = np.zeros(n, bool)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                if dx or dy:
                    beside = pixel + dy * (pitch + radius) + dx
                    place = np.searchsorted(keys, beside * n + np.arange(n)) - 1
                    found = (place >= 0) & (keys[place] // max(n, 1) == beside)
                    kept |= found & (self.t - self.t[keys[place] % max(n, 1)] <= limit)
        return self._take(kept, "isolated")

    def counts(self, dt: Quantity | None = None, polarity: Polarity = "split") -> xr.DataArray:
        """Count the events of each pixel.

        Parameters
        ----------
        dt : Quantity, optional
            Width of a bin; without it all events count together.
        polarity : {'split', 'merge', 'on'}, default 'split'
            Both polarities apart (OFF first), together, or ON events alone.

        Returns
        -------
        xarray.DataArray
            Dimensions ``([time,] [polarity,] y, x)``; time in seconds, where a bin begins.
        """
        check_choice("Events.counts.polarity", polarity, ("split", "merge", "on"))
        keep, channel, n_channels = self._channels(polarity)
        shape = [n_channels, self.size[1], self.size[0]]
        places = [channel, self.y[keep], self.x[keep]]
        coords: dict[str, Any] = {}
        dims = ["polarity", "y", "x"]
        if dt is not None:
            width = _micro("Events.counts.dt", dt)
            n_bins = int(self.t[-1] // width) + 1 if len(self) else 0
            shape, places = [n_bins, *shape], [self.t[keep] // width, *places]
            dims = ["time", *dims]
            coords["time"] = np.arange(n_bins) * width * 1e-6
        check_memory(8 * int(np.prod([float(n) for n in shape])), "the counts")
        flat = np.ravel_multi_index(places, shape) if 0 not in shape else np.zeros(0, int)
        counts = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
        array = xr.DataArray(counts, dims=dims, coords=coords, name="events")
        return array.assign_coords(polarity=["off", "on"]) if n_channels == 2 else array.squeeze(
            "polarity"
        )  # fmt: skip

    def spikes(
        self,
        dt: Quantity,
        polarity: Polarity = "split",
        duplicates: Literal["drop", "error"] = "drop",
    ) -> tuple[NDArray[np.int64], Quantity]:
        """Return the events as spikes of one cell per pixel and polarity.

        They are what a `bioplastic.signals.SpikeListSource` plays: no cell fires twice within one
        step. The cell is ``(p*height + y)*width + x``, with ``p = 0`` everywhere unless the
        polarities are apart. How many events fell together is logged; see `n_duplicates`.

        Parameters
        ----------
        dt : Quantity
            Step of the network; times are rounded to it.
        polarity : {'split', 'merge', 'on'}, default 'split'
            ``2*width*height`` cells, or ``width*height`` for both polarities together or for ON
            events alone.
        duplicates : {'drop', 'error'}, default 'drop'
            What happens to a second event of a cell within a step.

        Returns
        -------
        indices : ndarray of int64
            Cells, in order of time.
        times : Quantity
            Multiples of ``dt``.

        Raises
        ------
        ValueError
            With ``duplicates="error"``, if a cell would fire twice within a step.
        """
        check_choice("Events.spikes.duplicates", duplicates, ("drop", "error"))
        cells, steps, first = self._on_grid(dt, polarity)
        lost = len(cells) - len(first)
        if lost and duplicates == "error":
            raise ValueError(
                f"Events.spikes: {lost} of {len(cells)} events fall into a step of {dt} in which "
                f"their cell fires already (duplicates='drop' leaves them out)"
            )
        if lost:
            logger.info("%d of %d events fell together within %s", lost, len(cells), dt)
        return cells[first], steps[first] * dt

    def n_duplicates(self, dt: Quantity, polarity: Polarity = "split") -> int:
        """Return how many events `spikes` leaves out, because their cell fires in that step."""
        cells, _, first = self._on_grid(dt, polarity)
        return len(cells) - len(first)

    def _on_grid(self, dt: Quantity, polarity: str) -> tuple[NDArray[Any], ...]:
        check_choice("Events.spikes.polarity", polarity, ("split", "merge", "on"))
        check_quantity("Events.spikes.dt", dt, second, positive=True)
        keep, channel, _ = self._channels(polarity)
        cells = (channel * self.size[1] + self.y[keep]) * self.size[0] + self.x[keep]
        step = round(float(dt) * 1e6, 6)  # in microseconds, so that halves are exact
        steps = np.floor(self.t[keep] / step + 0.5).astype(np.int64)
        n_cells = 2 * self.size[0] * self.size[1]
        _, first = np.unique(steps * n_cells + cells, return_index=True)
        return cells, steps, np.sort(first)

    def _channels(self, polarity: str) -> tuple[NDArray[Any], NDArray[Any], int]:
        """Return which events count, the channel of each, and the number of channels."""
        keep = self.p if polarity == "on" else np.ones(len(self), bool)
        channel = self.p.astype(np.int64) if polarity == "split" else np.zeros(keep.sum(), np.int64)
        return keep, channel, 2 if polarity == "split" else 1


def find_fields(place: str, table: Any, names: Any) -> dict[str, Any]:
    """Return the columns of a table under our names."""
    found = {}
    for ours, theirs in _FIELDS.items():
        here = [name for name in names if name.strip().lower() in theirs]
        if len(here) != 1:
            wanted = "none" if not here else " and ".join(here)
            raise TypeError(
                f"{place}: must have one field {ours!r} ({', '.join(theirs)}), has {wanted}; "
                f"fields: {', '.join(names)}"
            )
        found[ours] = table[here[0]]
    return found


def _micro(place: str, value: Any) -> int:
    check_quantity(place, value, second, non_negative=True)
    return round(float(value) * 1e6)


def _whole(place: str, values: Any) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{place}: must be a vector, got shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{place}: must be numbers, got {array.dtype}")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.floor(array))).all():
        hint = ", or a quantity with a unit of time" if place.endswith(".t") else ""
        bad = array[~(np.isfinite(array) & (array == np.floor(array)))][0]
        raise ValueError(f"{place}: must be whole numbers{hint}, got {bad}")
    return array.astype(np.int64)
