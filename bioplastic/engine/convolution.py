"""Spiking convolution with shared weights, first-spike coding and winner-takes-all, compiled.

The statements of the neuron and the rule come from equation strings and are rendered as C++ by the
same generator as those of a `bioplastic.engine.Program`; the loops over patches, positions and
pooling windows are the template's. Time is the time of the input spikes: nothing happens between
them, so there is no clock and no time step.

It is no projection of a `Program` because that costs speed. With 16 maps of 5 x 5 x 2 on images of
12 x 12, a quarter of the inputs firing, a sparse projection of copied weights in an `EventTrial`
gave the same responses in 9 to 46 times the processor time (0.12 to 0.66 ms for an image beside
0.014 ms: every event tests all 1024 cells, not those it reached), and a dense one learned a patch
in 2.9 to 4.7 times (3.4 to 7.7 us beside 0.7 to 1.7 us, without stopping at the first winner).
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import DimensionMismatchError, Quantity, have_same_dimensions
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers, word_substitute
from numpy.typing import NDArray

from bioplastic.arithmetic import REAL, write_real
from bioplastic.engine import cache
from bioplastic.engine.brian2_bridge import KernelCode, expression_renderer, float_precision
from bioplastic.engine.compiler import compile_library, compiler_identity
from bioplastic.engine.fingerprint import software_digest
from bioplastic.entries import digest
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import Statement
from bioplastic.validation import check_integer

__all__ = ["LatencyConvolution"]

_FUNCTIONS = {"clip": "bp_clip", "abs": "bp_abs", "sign": "bp_sign", "int": "bp_int", "exp": "exp",
              "log": "log", "sqrt": "sqrt", "tanh": "tanh"}  # fmt: skip
_CELL = frozenset({"v_post", "theta_post"})
_AT_WINNER = frozenset({"w", "latency_pre", "latency_post", "N_pre", "N_post"})
_AT_CELLS = frozenset({"theta_post", "won_post", "winner_latency", "N_pre", "N_post"})


class LatencyConvolution:
    """One convolution layer of single-spike neurons that learns from patches.

    In learning, one patch per image is shown: its spikes arrive one after the other in order of
    their latency (equal ones in the order of the inputs), each is transmitted to all cells, and the
    first cell whose threshold condition holds wins, the lowest index among those that reach it
    with the same input spike. Then the patch ends; ``on_trial_end`` of the rule runs for every
    cell and ``on_post`` for the synapses of the winner. A patch without a winner changes nothing.

    In the response, every position of the image is processed without competition, a cell fires at
    the first input spike after which its condition holds, and each pooling window passes on the
    earliest spike.

    Parameters
    ----------
    rule : PlasticityRule
        ``on_post`` may write ``w`` and read ``latency_pre``, ``latency_post`` (infinite for silent
        inputs), shared variables and parameters; ``on_trial_end`` may write ``theta_post`` and read
        ``won_post`` (1 for the winner), ``winner_latency``, shared variables and parameters. All
        other slots must be empty, and all quantities dimensionless.
    kernel : int
        Rows and columns of a patch.
    channels : int
        Input channels.
    n_cells : int
        Feature maps.
    transmit : str, default "v_post += w"
        What an input spike does to a cell; reads ``w``, ``v_post`` and ``theta_post``.
    threshold : str, default "v_post > theta_post"
        When a cell fires in learning.
    read_threshold : str, default "v_post >= theta_post"
        When a cell fires in the response.

    Attributes
    ----------
    n_inputs : int
        Synapses of a cell, ``kernel * kernel * channels``; the order is row, column, channel.
    shared_names : tuple of str
        Shared variables of the rule; their values are given to `learn`.
    source : str
        The generated C++.

    Raises
    ------
    TypeError, ValueError
        For a rule or a statement that this layer cannot run; the message names it.
    CompilerError
        If there is no C++ compiler.

    Examples
    --------
    >>> hebb = PlasticityRule(name="first", on_post="w = clip(w + a*int(latency_pre <= "
    ...                       "latency_post) - a*int(latency_pre > latency_post), 0, 1)",
    ...                       parameters={"a": 0.25})
    >>> layer = LatencyConvolution(hebb, kernel=2, channels=1, n_cells=1)
    >>> w, theta = np.full((4, 1), 0.5, np.float32), np.full(1, 0.9, np.float32)
    >>> image = np.array([[[[0.1], [0.2]], [[0.3], [np.inf]]]], np.float32)
    >>> winners, latencies = layer.learn(image, np.zeros((1, 2)), w, theta, {})
    >>> winners.tolist(), latencies.round(1).tolist(), w[:, 0].tolist()
    ([0], [0.2...], [0.75, 0.75, 0.25, 0.25])
    >>> layer.respond(image, w, theta, pooling=1).round(1).tolist()
    [[[[0.2...]]]]
    """

    def __init__(
        self,
        rule: PlasticityRule,
        *,
        kernel: int,
        channels: int,
        n_cells: int,
        transmit: str = "v_post += w",
        threshold: str = "v_post > theta_post",
        read_threshold: str = "v_post >= theta_post",
    ) -> None:
        if not isinstance(rule, PlasticityRule):
            raise TypeError(f"LatencyConvolution.rule: must be a PlasticityRule, got {rule!r}")
        self.rule = rule
        self.kernel = check_integer("LatencyConvolution.kernel", kernel, minimum=1)
        self.channels = check_integer("LatencyConvolution.channels", channels, minimum=1)
        self.n_cells = check_integer("LatencyConvolution.n_cells", n_cells, minimum=1)
        self.n_inputs = self.kernel**2 * self.channels
        self.shared_names = _shared_variables(rule)
        constants = _constants(rule)
        known = frozenset(self.shared_names) | frozenset(constants)
        _refuse_other_slots(rule)
        self.source = KernelCode.templater.env.get_template("convolution.cpp").render(
            runtime=_runtime(),
            constants=constants,
            shared=self.shared_names,
            kernel=self.kernel,
            channels=self.channels,
            n_cells=self.n_cells,
            transmit=_render_transmit(transmit),
            threshold=_render_condition("threshold", threshold),
            read_threshold=_render_condition("read_threshold", read_threshold),
            synapse_update=_render_all(rule, "on_post", "w", _AT_WINNER | known),
            cell_update=_render_all(rule, "on_trial_end", "theta_post", _AT_CELLS | known),
        )
        key = digest([self.source, software_digest(), compiler_identity()])
        name = f"convolution {self.kernel} x {self.kernel} x {self.channels}, {self.n_cells} maps"
        path, _, self.built = cache.find_or_build(key, name, self._build)
        self._library = ctypes.CDLL(str(path))
        self._library.bp_learn.restype = self._library.bp_respond.restype = None

    def __repr__(self) -> str:
        return (
            f"LatencyConvolution({self.rule.name!r}, {self.n_cells} maps of "
            f"{self.kernel} x {self.kernel} x {self.channels})"
        )

    def _build(self, directory: Path) -> dict[str, Any]:
        (directory / "program.cpp").write_text(self.source)
        compile_library(directory / "program.cpp", directory / "program.so")
        return {}

    def learn(
        self,
        latencies: NDArray[np.float32],
        corners: NDArray[Any],
        weights: NDArray[np.float32],
        thresholds: NDArray[np.float32],
        shared: dict[str, float],
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Show one patch of every image in order; weights and thresholds are changed in place.

        Parameters
        ----------
        latencies : array of float32, shape (n_images, rows, columns, channels)
            Spike times, infinite for silent inputs.
        corners : array of int, shape (n_images, 2)
            Row and column where the patch of each image begins.
        weights : array of float32, shape (n_inputs, n_cells)
        thresholds : array of float32, shape (n_cells,)
        shared : dict of str to float
            A value for each of `shared_names`.

        Returns
        -------
        winners : array of int32, shape (n_images,)
            The cell that won, -1 for none.
        winner_latencies : array of float32, shape (n_images,)
            When it fired, infinite for none.

        Raises
        ------
        TypeError, ValueError
            For arrays of another type or shape, corners outside, or missing shared values.
        """
        rows, columns = self._check("learn", latencies, weights, thresholds)
        for name, array in (("weights", weights), ("thresholds", thresholds)):
            if not array.flags.writeable:
                raise ValueError(f"LatencyConvolution.learn.{name}: must be writeable")
        if set(shared) != set(self.shared_names):
            wanted, given = ", ".join(self.shared_names), ", ".join(shared)
            raise ValueError(f"LatencyConvolution.learn.shared: needs {wanted}, got {given}")
        where = np.ascontiguousarray(corners, dtype=np.int32)
        if where.shape != (len(latencies), 2):
            raise ValueError(
                f"LatencyConvolution.learn.corners: must have shape ({len(latencies)}, 2), "
                f"got {where.shape}"
            )
        limit = (rows - self.kernel, columns - self.kernel)
        if where.size and ((where < 0).any() or (where > limit).any()):
            raise ValueError(f"LatencyConvolution.learn.corners: must lie from (0, 0) to {limit}")
        values = np.array([shared[name] for name in self.shared_names], dtype=np.float32)
        winners = np.empty(len(latencies), dtype=np.int32)
        times = np.empty(len(latencies), dtype=np.float32)
        self._library.bp_learn(
            _pointer(latencies), ctypes.c_int64(len(latencies)), rows, columns, _pointer(where),
            _pointer(weights), _pointer(thresholds), _pointer(values), _pointer(winners),
            _pointer(times),
        )  # fmt: skip
        return winners, times

    def respond(
        self,
        latencies: NDArray[np.float32],
        weights: NDArray[np.float32],
        thresholds: NDArray[np.float32],
        *,
        pooling: int,
    ) -> NDArray[np.float32]:
        """Return the earliest spike of every map in every pooling window.

        Parameters
        ----------
        latencies, weights, thresholds
            As in `learn`; nothing is changed.
        pooling : int
            Rows and columns of a window, and the distance between windows. Positions that do not
            fill a window are left out.

        Returns
        -------
        array of float32, shape (n_images, pooled rows, pooled columns, n_cells)
            Spike times below 1; 1 means no spike.

        Raises
        ------
        TypeError, ValueError
            For arrays of another type or shape, or a window larger than the layer.
        """
        rows, columns = self._check("respond", latencies, weights, thresholds)
        most = min(rows, columns) - self.kernel + 1
        check_integer("LatencyConvolution.respond.pooling", pooling, minimum=1, maximum=most)
        shape = tuple((size - self.kernel + 1) // pooling for size in (rows, columns))
        out = np.empty((len(latencies), *shape, self.n_cells), dtype=np.float32)
        self._library.bp_respond(
            _pointer(latencies), ctypes.c_int64(len(latencies)), rows, columns, _pointer(weights),
            _pointer(thresholds), pooling, _pointer(out),
        )  # fmt: skip
        return out

    def _check(self, method: str, latencies: Any, weights: Any, thresholds: Any) -> tuple[int, int]:
        place = f"LatencyConvolution.{method}"
        shapes = {"weights": (self.n_inputs, self.n_cells), "thresholds": (self.n_cells,)}
        given = {"latencies": latencies, "weights": weights, "thresholds": thresholds}
        for name, array in given.items():
            if not isinstance(array, np.ndarray) or array.dtype != np.float32:
                raise TypeError(f"{place}.{name}: must be an array of float32")
            if not array.flags.c_contiguous:
                raise ValueError(f"{place}.{name}: must be contiguous in memory")
            if name in shapes and array.shape != shapes[name]:
                raise ValueError(
                    f"{place}.{name}: must have shape {shapes[name]}, got {array.shape}"
                )
        if latencies.ndim != 4 or latencies.shape[3] != self.channels:
            raise ValueError(
                f"{place}.latencies: must have shape (n_images, rows, columns, {self.channels}), "
                f"got {latencies.shape}"
            )
        rows, columns = latencies.shape[1:3]
        if min(rows, columns) < self.kernel:
            raise ValueError(
                f"{place}.latencies: images must be at least {self.kernel} x {self.kernel}, "
                f"got {rows} x {columns}"
            )
        return rows, columns


def _pointer(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _runtime() -> str:
    environment = KernelCode.templater.env
    return str(environment.loader.get_source(environment, "runtime.hpp")[0])


def _shared_variables(rule: PlasticityRule) -> tuple[str, ...]:
    """Return the shared variables of the synapses; `winner_latency` is supplied by the layer."""
    names = []
    for slot in ("synapse", "modulators"):
        for name, equation in rule.parse(slot).items():
            if "shared" in equation.flags and name != "winner_latency":
                names.append(name)
    return tuple(sorted(names))


def _constants(rule: PlasticityRule) -> dict[str, str]:
    constants = {}
    for name, value in rule.parameters.items():
        if isinstance(value, Quantity) and not have_same_dimensions(value, 1):
            raise DimensionMismatchError(
                f"LatencyConvolution.rule, parameters: {name} must be dimensionless"
            )
        constants[name] = f"{float(value)!r}f" if np.isfinite(float(value)) else "INFINITY"
    return constants


def _refuse_other_slots(rule: PlasticityRule) -> None:
    for slot in ("pre", "post", "on_pre", "every", "on_trial_start"):
        if getattr(rule, slot):
            raise ValueError(f"LatencyConvolution.rule, {slot}: must be empty")
    if rule.normalise is not None:
        raise ValueError("LatencyConvolution.rule, normalise: must be empty")


def _render_all(rule: PlasticityRule, slot: str, target: str, known: frozenset[str]) -> list[str]:
    return [
        _render(f"rule, {slot}", statement, target, known) for statement in rule.statements(slot)
    ]


def _render(place: str, statement: Statement, target: str, known: frozenset[str]) -> str:
    if statement.target != target:
        raise ValueError(
            f"LatencyConvolution.{place}: may write {target!r} only, got {statement.code!r}"
        )
    return f"{target} {statement.op} {_expression(place, statement.expression, known)};"


def _render_transmit(code: str) -> list[str]:
    lines = []
    for text in filter(None, (part.strip() for part in code.replace(";", "\n").split("\n"))):
        variable, op, expression, _ = parse_statement(text)
        statement = Statement(variable, op, expression, "synapse")
        lines.append(_render("transmit", statement, "v_post", _CELL | {"w"}))
    return lines


def _render_condition(argument: str, condition: str) -> str:
    return _expression(argument, condition, _CELL)


def _expression(place: str, text: str, known: frozenset[str]) -> str:
    unknown = sorted(get_identifiers(text) - known - set(_FUNCTIONS) - {"inf", "and", "or", "not"})
    if unknown:
        raise ValueError(
            f"LatencyConvolution.{place}: unknown name {unknown[0]!r} in {text!r}; "
            f"known: {', '.join(sorted(known))}"
        )
    with float_precision(np.dtype(np.float32)):
        names = {**_FUNCTIONS, REAL: "bp_real"}
        text = word_substitute(write_real(text, {}), names)
        return str(expression_renderer().render_expr(text)).strip()
