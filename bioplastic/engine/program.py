"""A network compiled once and then called like a function: state in, state out."""

from __future__ import annotations

import copy
import ctypes
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bioplastic.engine import cache
from bioplastic.engine.arrivals import check_arrivals
from bioplastic.engine.compiler import compile_library, compiler_identity
from bioplastic.engine.events import EventTrial
from bioplastic.engine.fingerprint import describe, software_digest
from bioplastic.engine.finite import Watch, locate, wrong_rate
from bioplastic.engine.initial import initial_state
from bioplastic.engine.inputs import prepare_inputs
from bioplastic.engine.layout import AHEAD, Layout
from bioplastic.engine.lowering import lower
from bioplastic.engine.network import NetworkSpec
from bioplastic.engine.numpy_target import NumpyNetwork
from bioplastic.engine.optimisations import has_optimisation, left_out
from bioplastic.engine.parts import join_records, take_samples
from bioplastic.engine.plan import count_steps, steps_of_trial
from bioplastic.engine.poisson_counts import input_tables
from bioplastic.engine.projections import SparseProjection
from bioplastic.engine.recorded import Recorded, cell_labels, label
from bioplastic.engine.report import format_report
from bioplastic.engine.source import generate_source
from bioplastic.engine.standalone import StandaloneNetwork
from bioplastic.engine.state import copy_aligned
from bioplastic.engine.structure import connected_cells, edit_state, rewire, split_state
from bioplastic.engine.tables import timed_arrays
from bioplastic.entries import digest
from bioplastic.equations import check_dimensions, suggest
from bioplastic.processors import call_at_once, count_processors
from bioplastic.timing import log_time
from bioplastic.validation import check_choice, check_flag, check_integer, check_quantity

__all__ = ["Program"]

_LOG = logging.getLogger(__name__)

#: Beyond, a double no longer tells one step from the next.
_LAST_STEP = 2**53

State = dict[str, NDArray[Any]]
Callback = Callable[[int, Mapping[str, NDArray[Any]], Recorded], Any]
_DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("float32"),
    "float64": np.dtype("float64"),
}


class Program:
    """A network compiled once and then called like a function.

    Parameters
    ----------
    network : NetworkSpec
        What to compile.
    dt : Quantity
        Time step (time).
    dtype : {'float32', 'float64'}, default 'float32'
        Precision of the state.
    target : {'cpp', 'numpy', 'standalone'}, default 'cpp'
        ``'cpp'`` compiles the network into a shared library that is kept in the build cache;
        ``'numpy'`` runs stock Brian2 objects without a compiler and is the slow oracle;
        ``'standalone'`` runs them as a C++ project that Brian2 itself generates, compiled once for
        this object, in double precision.
    profile : bool, default False
        Compile a program that measures the time of every part (C++ only; a separate build, some
        percent slower). See `report`.
    check_finite : bool, default True
        Look for NaN and infinity at the end of every trial: at all variables of cells and at a part
        of every large array, at the end of a call at everything. What arises and vanishes within a
        trial is not seen. Costs about one percent.

    Attributes
    ----------
    layout : Layout
        Names, shapes and types of state, inputs and outputs.
    built : bool
        Whether this object compiled anything (False when the program came from the cache).
    part_seconds : dict of str to float
        Time per part over all calls, with ``profile=True``.

    Raises
    ------
    CompilerError
        If there is no compiler for the ``'cpp'`` target.

    Warns
    -----
    RuntimeWarning
        For decays that are too slow for single precision.

    Notes
    -----
    There is no hidden state: the same ``(state, inputs, seed)`` gives the same result, in any
    process and any number of times. Random streams are keyed by the seed and the number of trials
    in ``state["clock.trial"]``, so a run cut into several calls equals one call bit for bit.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> from bioplastic.engine import NetworkSpec, Population, Program, SpikeCount, Trial
    >>> from bioplastic.neurons.model import NeuronModel
    >>> cell = NeuronModel(name="driven", equations="dv/dt = (20*mV - v)/tau : volt",
    ...                    threshold="v > 10*mV", reset="v = 0*mV", parameters={"tau": 10*ms})
    >>> spec = NetworkSpec(populations=[Population(name="exc", n=3, model=cell)], projections=[],
    ...                    trial=Trial(duration=100*ms), records=[SpikeCount(population="exc")])
    >>> program = Program(spec, dt=0.1*ms, target="numpy")
    >>> state, record = program(program.initial_state(seed=0), n_samples=2, seed=0)
    >>> record["exc.count"].shape
    (2, 3)
    """

    def __init__(
        self,
        network: NetworkSpec,
        *,
        dt: Any,
        dtype: str = "float32",
        target: str = "cpp",
        profile: bool = False,
        check_finite: bool = True,
    ) -> None:
        if not isinstance(network, NetworkSpec):
            raise TypeError(f"Program.network: must be a NetworkSpec, got {network!r}")
        self.network = network
        self.dt = check_quantity("Program.dt", dt, b2.second, positive=True)
        self.dtype = check_choice("Program.dtype", dtype, tuple(_DTYPES))
        self.target = check_choice("Program.target", target, ("cpp", "numpy", "standalone"))
        if target == "standalone" and dtype != "float64":
            raise ValueError(
                f"Program.dtype: the standalone target needs 'float64', got {self.dtype!r}"
            )
        self.profile = check_flag("Program.profile", profile)
        self._aligned = has_optimisation("aligned")
        self.check_finite = check_flag("Program.check_finite", check_finite)
        self.part_seconds: dict[str, float] = {}
        self.built = False
        self._connectivity: list[NDArray[Any]] | None = None
        self._last_rewired: tuple[dict[str, NDArray[Any]], Program] | None = None
        self._n_steps = steps_of_trial(network, dt)
        self.layout: Layout
        if target == "cpp":
            self._load_library()
        else:
            with _numpy_codegen():
                plan = lower(network, self.dt, _DTYPES[self.dtype], connect=True)
                _, self.layout = generate_source(plan)
                make = NumpyNetwork if target == "numpy" else StandaloneNetwork
                self._numpy = make(plan, self.layout)

        self._labels = cell_labels(self.layout, network)
        for message in self.layout.warnings:
            warnings.warn(f"Program: {message}", RuntimeWarning, stacklevel=2)

    def __repr__(self) -> str:
        names = ", ".join(population.name for population in self.network.populations)
        return f"Program({names}; dt={self.dt}, dtype={self.dtype!r}, target={self.target!r})"

    # ---- building --------------------------------------------------------------------------------

    def _load_library(self) -> None:
        key = digest(
            [describe(self.network), repr(float(self.dt)), self.dtype, repr(self.profile),
             software_digest(), compiler_identity(), ",".join(sorted(left_out()))]
        )  # fmt: skip
        name = ", ".join(f"{p.name} {p.n}" for p in self.network.populations)
        library, layout, self.built = cache.find_or_build(key, name, self._build)
        self.layout = _fit_connectivity(Layout.from_dict(layout), self.network)
        self.layout = self.layout.with_steps(self._n_steps)
        self.key = key
        self._library = ctypes.CDLL(str(library))
        self._library.bp_run.restype = ctypes.c_void_p
        self._library.bp_log_size.restype = ctypes.c_int64
        if any(entry.kind == "events_in_flight" for entry in self.layout.state):
            self._library.bp_events_size.restype = ctypes.c_int64

    def _build(self, directory: Path) -> dict[str, Any]:
        plan = lower(self.network, self.dt, _DTYPES[self.dtype], connect=False)
        source, layout = generate_source(plan, profile=self.profile)
        (directory / "program.cpp").write_text(source)
        compile_library(directory / "program.cpp", directory / "program.so")
        return layout.to_dict()

    def report(self) -> str:
        """Return tables of the parts of the network: kernel, path, memory per neuron and synapse.

        With ``profile=True`` the time that the calls so far spent in every part stands beside it.
        """
        return format_report(self.layout, self.part_seconds)

    def label(self, record: Mapping[str, Any]) -> Any:
        """Return what a call recorded as a labelled `xarray.Dataset`, also from plain arrays."""
        return label(record, self.layout, cell_labels(self.layout, self.network))

    # ---- calling ---------------------------------------------------------------------------------

    def initial_state(self, seed: int = 0) -> State:
        """Return the state before the first trial.

        Parameters
        ----------
        seed : int, default 0
            Seed of random initial values.

        Returns
        -------
        dict of str to array
            ``"<population>.<variable>"``, ``"<projection>.<variable>"`` in base SI units, and
            ``"clock.step"``, ``"clock.trial"``.
        """
        return initial_state(self.network, self.layout, seed)

    def __call__(
        self,
        state: Mapping[str, NDArray[Any]],
        inputs: Mapping[str, Any] | None = None,
        *,
        n_samples: int | None = None,
        seed: int = 0,
        duration: b2.Quantity | None = None,
        callback: Callback | None = None,
        every: int | None = None,
        progress: bool = False,
    ) -> tuple[State, Recorded]:
        """Run one trial per sample.

        Parameters
        ----------
        state : mapping of str to array
            As from `initial_state` or an earlier call. It is not changed.
        inputs : mapping, optional
            One entry per declared input: arrays of shape ``(n_samples, n)`` or ``(n_samples,)``, or
            for a `SpikeListSource` a list of ``(indices, times)``.
        n_samples : int, optional
            Number of samples when the network has no inputs.
        seed : int, default 0
            Seed of the random streams of this call.
        duration : Quantity, optional
            Length of the trials of this call, instead of that of the `Trial`. Nothing is compiled
            again.
        callback : callable, optional
            ``callback(done, state, record)`` is called after every ``every`` samples with the
            number of samples done, the state there and the record of these samples. Where it
            returns True the call ends, and returns what it has. The numbers are those of a call
            without it.
        every : int, optional
            Samples from one callback to the next. Default: 1, or a percent of them for a progress
            bar alone.
        progress : bool, default False
            Show a progress bar.

        Returns
        -------
        state : dict of str to array
            The state after the last trial.
        record : Recorded
            A dict of str to array, which ``record.to_xarray()`` labels: what the network records,
            ``"presentations"`` (int32, shape ``(n_samples,)``) and for
            every spike count ``"<population>.total"``, the spikes over all presentations.

        Raises
        ------
        ValueError, TypeError
            For missing, unknown or ill-shaped state and inputs.
        NonFiniteStateError
            If a state variable becomes NaN or infinite (a `FloatingPointError`). The message names
            the variable, the cell and the time; the state given to the call is unchanged.
        """
        check_integer("Program.seed", seed, minimum=0, maximum=2**64 - 1)
        if isinstance(state, Mapping):
            structure, rest = split_state(self.network, state)
            if structure:
                program = self._rewired(structure)

                def look(done: int, now: Mapping[str, NDArray[Any]], made: Recorded) -> Any:
                    return callback is not None and callback(done, {**now, **structure}, made)

                new, made = program(
                    rest, inputs, n_samples=n_samples, seed=seed, duration=duration, every=every,
                    callback=None if callback is None else look, progress=progress,
                )  # fmt: skip
                return {**new, **structure}, made
        layout = self._layout_for(duration)
        prepared, count = prepare_inputs(layout, {} if inputs is None else inputs, n_samples)
        if callback is None and not check_flag("Program.progress", progress):
            return self._run(state, prepared, count, seed, layout)
        if every is None:
            every = 1 if callback is not None else max(1, count // 100)
        check_integer("Program.every", every, minimum=1)
        parts: list[Recorded] = []
        with tqdm(total=count, unit="trial", disable=not progress) as bar:
            for first in range(0, count, every):
                last = min(first + every, count)
                part = take_samples(layout, prepared, first, last)
                state, record = self._run(state, part, last - first, seed, layout, first)
                parts.append(record)
                bar.update(last - first)
                if callback is not None and callback(last, state, record):
                    break
        if not parts:
            return self._run(state, prepared, count, seed, layout)
        return dict(state), Recorded(join_records(layout, parts), layout, self._labels)

    def map(
        self,
        states: Mapping[str, NDArray[Any]] | Sequence[Mapping[str, NDArray[Any]]],
        inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        *,
        seeds: int | Sequence[int] = 0,
        n_samples: int | None = None,
        duration: b2.Quantity | None = None,
        jobs: int | None = None,
    ) -> list[tuple[State, Recorded]]:
        """Make several independent calls at once, over the cores of the machine.

        Each gives, bit for bit, what the call alone gives, in the order of the arguments. The
        compiled program runs in threads of this process, without copies of inputs that calls
        share; the numpy and the standalone target make one call after the other.

        Parameters
        ----------
        states, inputs, seeds : one for all calls, or a sequence with one per call
            As in a call. At least one is a sequence, and all that are have the same length.
        n_samples, duration : optional
            As in a call.
        jobs : int, optional
            Calls at a time. Default: the processors that this process may use.

        Returns
        -------
        list of (state, record)
            As from the calls.

        Raises
        ------
        ValueError, TypeError
            As a call, and if the lengths differ or there is no sequence.

        Examples
        --------
        >>> from brian2 import ms
        >>> from bioplastic.engine import NetworkSpec, Population, Program, Trial
        >>> from bioplastic.neurons.model import NeuronModel
        >>> cell = NeuronModel(name="noisy", equations="dv/dt = xi*ms**-0.5 : 1")
        >>> spec = NetworkSpec(populations=[Population(name="exc", n=2, model=cell)],
        ...                    projections=[], trial=Trial(duration=10*ms))
        >>> program = Program(spec, dt=1*ms, target="numpy")
        >>> ends = program.map(program.initial_state(), n_samples=1, seeds=[4, 5, 4])
        >>> [bool((end["exc.v"] == ends[0][0]["exc.v"]).all()) for end, _ in ends]
        [True, False, True]
        """
        given = {"states": (states, Mapping), "inputs": (inputs, Mapping), "seeds": (seeds, int)}
        many = {
            name: list(value)
            for name, (value, one) in given.items()
            if isinstance(value, Sequence | np.ndarray) and not isinstance(value, one)
        }
        sizes = {name: len(values) for name, values in many.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(
                "Program.map: at least one of states, inputs and seeds must be a sequence, and all "
                f"sequences of one length, got {sizes or 'none'}"
            )
        count = next(iter(sizes.values()))
        calls = [
            [many[name][k] if name in many else value for name, (value, _) in given.items()]
            for k in range(count)
        ]
        wanted = None if jobs is None else check_integer("Program.jobs", jobs, minimum=1)

        def run(state: Any, given: Any, seed: Any) -> tuple[State, Recorded]:
            return self(state, given, n_samples=n_samples, seed=seed, duration=duration)

        return call_at_once(run, calls, self.calls_at_once(wanted))

    def calls_at_once(self, jobs: int | None = None) -> int:
        """Return how many calls may run at once in threads: ``jobs``, or all processors.

        It is 1 for the numpy and the standalone target and with a profile, which write into the
        program.
        """
        if self.target != "cpp" or self.profile:
            return 1
        return count_processors() if jobs is None else jobs

    def _run(
        self,
        state: Mapping[str, NDArray[Any]],
        prepared: dict[str, Any],
        count: int,
        seed: int,
        layout: Layout,
        before: int = 0,
    ) -> tuple[State, Recorded]:
        """Run a part of a call that comes after ``before`` samples."""
        if not isinstance(state, Mapping):
            raise TypeError(f"Program.state: must be a mapping, got {type(state).__name__}")
        known = {entry.key for entry in self.layout.state} | {"clock.step", "clock.trial"}
        for name in state:
            if name not in known:
                raise ValueError(
                    f"Program.state: {name!r} belongs to nothing in this network"
                    f"{suggest(str(name), known)}"
                )
        for entry in self.layout.state:
            if isinstance(values := state.get(entry.key), b2.Quantity):
                check_dimensions(f"Program.state[{entry.key!r}]:", values, entry.dim)
        copy = copy_aligned if self._aligned else np.array
        new = {name: copy(values) for name, values in state.items()}
        arrays = [self._state_array(new, entry) for entry in self.layout.state]
        clock = np.array([_clock_value(new, name) for name in ("clock.step", "clock.trial")])
        record: dict[str, NDArray[Any]] = {
            output["key"]: np.zeros((count, *output["shape"]), dtype=output["dtype"])
            for output in layout.outputs
        }
        outputs = list(record.values())
        totals = np.zeros(max(1, len(outputs)), dtype=np.int64)
        presentations = np.zeros(count, dtype=np.int32)
        run = self._run_cpp if self.target == "cpp" else self._run_numpy
        first, call = clock.copy(), (prepared, outputs, count, seed)
        watch = Watch(arrays, int(self.check_finite))
        with log_time(_LOG, "ran %d samples of %r", count, self, level=logging.DEBUG):
            logs = run(arrays, *call, clock, presentations, totals, watch, layout.n_steps)
        watch.before = before
        if error := wrong_rate(watch, self.network.populations, self.layout.dt):
            raise error
        if watch.found:
            given = {name: np.array(values) for name, values in state.items()}
            intact = [self._state_array(given, entry) for entry in self.layout.state]

            def repeat(watch: Watch) -> list[NDArray[Any]]:
                again = [values.copy() for values in intact]
                run(again, *call, first.copy(), presentations, totals, watch, layout.n_steps)
                return again

            raise locate(
                layout, repeat, intact, int(first[1]),
                events=isinstance(self.network.trial, EventTrial), before=before,
            )  # fmt: skip
        new.update(
            (entry.key, array)
            for entry, array in zip(self.layout.state, arrays, strict=True)
            if entry.kind == "events_in_flight"
        )
        record["presentations"] = presentations
        for output, total in zip(layout.outputs, totals, strict=False):
            if output["kind"] == "count":
                record[f"{output['population']}.total"] = np.array(total)
        for name, (trial, step, cell) in zip(self.layout.spike_logs, logs, strict=True):
            record[f"{name}.spike_trial"] = trial
            record[f"{name}.spike_time"] = step * self.layout.dt
            record[f"{name}.spike_cell"] = cell
        new["clock.step"], new["clock.trial"] = (np.array(value) for value in clock)
        return new, Recorded(record, layout, self._labels)

    def _layout_for(self, duration: Any) -> Layout:
        if duration is None:
            return self.layout
        check_quantity("Program.duration", duration, b2.second, positive=True)
        if isinstance(self.network.trial, EventTrial):
            raise ValueError("Program.duration: an EventTrial lasts as long as its events")
        return self.layout.with_steps(count_steps("Program.duration", duration, self.dt))

    def synapses_of(
        self, state: Mapping[str, NDArray[Any]], projection: str
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the presynaptic and the postsynaptic cell of every synapse of a sparse projection.

        Parameters
        ----------
        state : mapping of str to array
            As from `initial_state`, `edit_synapses` or a call.
        projection : str
            Name of the projection.
        """
        return connected_cells(self.network, state, projection)

    def edit_synapses(
        self,
        state: Mapping[str, NDArray[Any]],
        projection: str,
        *,
        keep: Any = None,
        pre: Any = (),
        post: Any = (),
        **values: Any,
    ) -> State:
        """Return a state with synapses of a sparse projection removed and added.

        Nothing is compiled. The new state holds the connectivity as ``<projection>.pre`` and
        ``<projection>.post``, and every call with it uses and returns that.

        Parameters
        ----------
        state : mapping of str to array
            It is not changed.
        projection : str
            Name of the projection.
        keep : array of bool, shape (n_synapses,), optional
            Which synapses stay; all by default. What was on its way to others is lost.
        pre, post : array of int, default ()
            Cells of new synapses.
        **values : float or array
            Variables of the new synapses, in base SI units, such as ``w``; zero otherwise. Where
            synapses have delays of their own, ``delay`` must be given.

        Raises
        ------
        ValueError
            If cells or variables do not exist, or no synapse is left.
        """
        return edit_state(self.network, self.layout, state, projection, keep, pre, post, values)

    def _rewired(self, structure: Mapping[str, NDArray[Any]]) -> Program:
        """Return this program with the connectivity of a state; the last one is kept."""
        last = self._last_rewired
        if (
            last is not None
            and last[0].keys() == structure.keys()
            and all(np.array_equal(values, last[0][key]) for key, values in structure.items())
        ):
            return last[1]
        network = rewire(self.network, structure)
        if self.target == "cpp":
            program = copy.copy(self)
            program.network, program._connectivity = network, None
            program.layout = _fit_connectivity(self.layout, network)
        else:
            program = Program(
                network, dt=self.dt, dtype=self.dtype, target=self.target,
                check_finite=self.check_finite,
            )  # fmt: skip
        self._last_rewired = (dict(structure), program)
        return program

    def _state_array(self, state: State, entry: Any) -> NDArray[Any]:
        if entry.key not in state:
            raise ValueError(f"Program.state: entry {entry.key!r} is missing")
        values = state[entry.key]
        shape = (
            (len(values), 2) if entry.kind == "events_in_flight" and values.ndim else entry.shape
        )
        if values.shape != shape:
            raise ValueError(
                f"Program.state[{entry.key!r}]: must have shape {entry.shape}, got {values.shape}"
            )
        if values.dtype.kind not in "biuf":
            raise TypeError(f"Program.state[{entry.key!r}]: must be numbers, got {values.dtype}")
        if entry.kind in ("steps_since_spike", "spikes_in_flight"):
            _check_events(f"Program.state[{entry.key!r}]", values, entry)
        elif entry.kind in ("delay", "events_in_flight"):
            check_arrivals(f"Program.state[{entry.key!r}]", values, entry, self.layout)
        if values.dtype != entry.dtype or not values.flags.c_contiguous:
            values = np.ascontiguousarray(values, dtype=entry.dtype).reshape(shape)
            state[entry.key] = values
        return values

    def _run_cpp(
        self,
        arrays: list[NDArray[Any]],
        inputs: dict[str, Any],
        outputs: list[NDArray[Any]],
        count: int,
        seed: int,
        clock: NDArray[np.int64],
        presentations: NDArray[np.int32],
        totals: NDArray[np.int64],
        watch: Watch,
        n_steps: int,
    ) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        if self._connectivity is None:  # sorting synapses takes longer than many a short trial
            pairs = _connectivity_arrays(self.network, self.layout)
            self._connectivity = pairs + self._tables()
        connectivity = self._connectivity
        flat: list[NDArray[Any]] = []
        for given in inputs.values():
            flat.extend(given if isinstance(given, tuple) else (given,))
        library = self._library
        queues = [k for k, e in enumerate(self.layout.state) if e.kind == "events_in_flight"]
        counts = [np.array([len(arrays[k])], dtype=np.int64) for k in queues]
        result = library.bp_run(
            _pointers([*arrays, *connectivity, *counts]), _pointers(flat), _pointers(outputs),
            ctypes.c_int64(count), ctypes.c_uint64(seed), clock.ctypes.data_as(ctypes.c_void_p),
            presentations.ctypes.data_as(ctypes.c_void_p),
            totals.ctypes.data_as(ctypes.c_void_p), watch.data.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(n_steps),
        )  # fmt: skip
        if not result:
            raise MemoryError("Program: the compiled network could not allocate its memory")
        handle = ctypes.c_void_p(result)
        try:
            if self.profile:
                self._add_part_seconds(handle)
            for number, k in enumerate(queues):
                size = self._library.bp_events_size(handle, number)
                arrays[k] = np.empty((size // 2, 2), dtype=np.int32)
                events = arrays[k].ctypes.data_as(ctypes.c_void_p)
                self._library.bp_events_copy(handle, number, events)
            return [self._copy_log(handle, k) for k in range(len(self.layout.spike_logs))]
        finally:
            library.bp_free(handle)

    def _tables(self) -> list[NDArray[Any]]:
        """Return the numbers that the compiled program reads, in the order of the layout."""
        records = {getattr(record, "key", ""): record for record in self.network.records}
        found: dict[str, Any] = {
            f"_record_{number}": records[output["key"]].table(self.network, self.layout.state)
            for number, output in enumerate(self.layout.outputs)
            if output.get("subset")
        }
        found |= input_tables(self.network, self.layout.dt)
        for number, array in enumerate(timed_arrays(self.network)):
            found[f"_timed_{number}_values"] = array.values
            found[f"_timed_{number}_rows"] = np.array([len(array.values)])
        return [np.ascontiguousarray(found[name]) for name, _ in self.layout.tables]

    def _add_part_seconds(self, handle: ctypes.c_void_p) -> None:
        seconds = np.zeros(len(self.layout.calls))
        self._library.bp_part_seconds(handle, seconds.ctypes.data_as(ctypes.c_void_p))
        for name, value in zip(self.layout.calls, seconds, strict=True):
            self.part_seconds[name] = self.part_seconds.get(name, 0.0) + float(value)

    def _copy_log(
        self, handle: ctypes.c_void_p, number: int
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        size = self._library.bp_log_size(handle, number)
        trial = np.empty(size, dtype=np.int64)
        step, cell = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
        self._library.bp_log_copy(
            handle, number, *(a.ctypes.data_as(ctypes.c_void_p) for a in (trial, step, cell))
        )
        return trial, step, cell

    def _run_numpy(self, *arguments: Any) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        logs = []
        for log in self._numpy.run(*arguments):
            sizes = [cells.size for _, _, cells in log]
            trial = np.repeat(np.array([t for t, _, _ in log], dtype=np.int64), sizes)
            step = np.repeat(np.array([s for _, s, _ in log], dtype=np.int32), sizes)
            cell = np.concatenate([c for _, _, c in log] or [np.zeros(0, dtype=np.int32)])
            logs.append((trial, step, cell))
        return logs


@contextmanager
def _numpy_codegen() -> Iterator[None]:
    """Keep Brian2 from compiling Cython, for example to connect synapses."""
    previous = b2.prefs["codegen.target"]
    b2.prefs["codegen.target"] = "numpy"
    try:
        yield
    finally:
        b2.prefs["codegen.target"] = previous


def _fit_connectivity(layout: Layout, network: NetworkSpec) -> Layout:
    """Return the layout with the numbers of synapses of this network, not of the one built."""
    state, parts, outputs = list(layout.state), list(layout.parts), list(layout.outputs)
    for projection in network.projections:
        if not isinstance(projection, SparseProjection):
            continue
        name, size = projection.name, projection.n_synapses
        for k, entry in enumerate(state):
            if entry.shape and entry.key == entry.array.replace(f"_array_{name}_", f"{name}.", 1):
                state[k] = replace(entry, shape=(size,))
        for k, output in enumerate(outputs):
            if output.get("projection") == name and "n_pre" in output:
                outputs[k] = {**output, "shape": [*output["shape"][:-1], size]}
        for k, part in enumerate(parts):
            if part.action.startswith("sparse") and part.name.startswith(f"{name}_"):
                parts[k] = replace(part, elements=size)
    return replace(layout, state=state, parts=parts, outputs=outputs)


def _check_events(place: str, values: NDArray[Any], entry: Any) -> None:
    """Refuse steps and cells that would lead the compiled program astray."""
    if values.dtype.kind not in "iu":
        raise TypeError(f"{place}: must be integers, got {values.dtype}")
    most = np.iinfo(np.int32).max
    if entry.kind == "spikes_in_flight":
        cells = entry.shape[1] - 1
        if values[:, :cells].size and values[:, :cells].max() >= max(1, cells):
            raise ValueError(f"{place}: cells must lie in [0, {cells - 1}], got {values.max()}")
        most = max(cells, int(values[:, :cells].max(initial=0)))
    if values.size and (values.min() < 0 or values.max() > most):
        raise ValueError(f"{place}: must lie in [0, {most}], got [{values.min()}, {values.max()}]")


def _pointers(arrays: list[NDArray[Any]]) -> Any:
    return (ctypes.c_void_p * max(1, len(arrays)))(*(array.ctypes.data for array in arrays))


def _clock_value(state: State, name: str) -> np.int64:
    if name not in state:
        raise ValueError(f"Program.state: entry {name!r} is missing")
    value = state[name]
    if value.shape != () or value.dtype.kind not in "iu" or not 0 <= value <= _LAST_STEP:
        raise ValueError(
            f"Program.state[{name!r}]: must be one integer from 0 to 2**53, got {value}"
        )
    return np.int64(value)


def _connectivity_arrays(network: NetworkSpec, layout: Layout) -> list[NDArray[Any]]:
    """Return the compressed rows and columns that the compiled program reads.

    ``row`` and ``column`` hold where the synapses of a cell begin, ``pre`` and ``post`` the cells
    of a synapse, ``order`` the synapses by postsynaptic cell, with as many at the end as are read
    ahead, and ``origin`` their presynaptic cells.
    """
    arrays: list[NDArray[Any]] = []
    names = [projection for projection, _, _ in layout.connectivity]
    for name in dict.fromkeys(names):
        projection: Any = network.projection(name)
        wanted = [member for owner, member, _ in layout.connectivity if owner == name]
        n_pre = network.population(projection.source).n
        n_post = network.population(projection.target).n
        found = {"pre": projection.pre, "post": projection.post}
        found["row"] = np.searchsorted(projection.pre, np.arange(n_pre + 1)).astype(np.int64)
        if {"column", "order", "origin"} & {*wanted}:
            order = projection.order_by_post
            sizes = np.bincount(projection.post, minlength=n_post)
            found["column"] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
            found["order"] = np.concatenate([order, np.zeros(AHEAD, dtype=np.int32)])
            found["origin"] = projection.pre[order]
        arrays += [found[member] for member in wanted]
    return arrays
