"""A random network by hand from stock Brian2 objects, in the documented order of events.

Cells are a `NeuronGroup`, spikes travel through `Synapses`, both with Brian2's numpy code. What
happens on a clock (traces, clocked statements, sums, limits of a trial) is a numpy statement over
all synapses or cells. Nothing here goes through the engine.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from numpy.typing import NDArray
from scipy.linalg import expm

from bioplastic.conformance.fuzz.networks import Cells, Link, Network, Source, Step, Variable

__all__ = ["Stock"]

Array = NDArray[Any]
_FUNCTIONS = {name: f.pyfunc for name, f in DEFAULT_FUNCTIONS.items()} | {
    "int": lambda x: np.trunc(np.asarray(x, dtype=float)),
    "clip": np.clip, "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "arcsin": np.arcsin, "arctan": np.arctan, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "log10": np.log10, "log1p": np.log1p,
    "expm1": np.expm1, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
    "exprel": lambda x: np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x)),
}  # fmt: skip
_CONSTANTS = {name: float(unit) for name, unit in DEFAULT_UNITS.items()}
_CONSTANTS |= {"pi": np.pi, "e": np.e, "inf": np.inf}


class _Floats(ast.NodeTransformer):
    """Make numbers and indices floating point, ``and`` and ``or`` work on arrays."""

    def __init__(self, arrays: bool) -> None:
        self.arrays = arrays

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        number = isinstance(node.value, int) and not isinstance(node.value, bool)
        return ast.Constant(float(node.value)) if number else node  # type: ignore[arg-type]

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in ("i", "j") and not self.arrays:
            return ast.parse(f"(1.0*{node.id})", mode="eval").body
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if not self.arrays:
            return node
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        left = node.values[0]
        for right in node.values[1:]:
            left = ast.BinOp(left, operator, right)
        return left

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if self.arrays and isinstance(node.op, ast.Not):
            return ast.UnaryOp(ast.Invert(), node.operand)
        return node


def in_floats(text: str, arrays: bool = False) -> str:
    """Return an expression without integer arithmetic."""
    return ast.unparse(
        ast.fix_missing_locations(_Floats(arrays).visit(ast.parse(text, mode="eval")))
    )


def _floats_in_code(code: str) -> str:
    lines = []
    for line in code.replace(";", "\n").splitlines():
        if line.strip():
            target, operator, text = re.split(r"\s([+\-*/]?=)\s", line.strip(), maxsplit=1)
            lines.append(f"{target} {operator} ({in_floats(text)})")
    return "\n".join(lines)


def _swap(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), text)


class Stock:
    """The hand-made twin of a random network.

    Parameters
    ----------
    network : Network
        What to build.
    spikes : mapping of str to array, shape (trials, n_steps, n)
        Spikes of sources.
    frames : mapping of str to array, shape (n_steps, n)
        Numbers of analogue sources.
    start : mapping of str to array
        Start values, named as in the state of a program.
    """

    def __init__(
        self,
        network: Network,
        spikes: Mapping[str, Array],
        frames: Mapping[str, Array],
        start: Mapping[str, Array],
    ) -> None:
        b2.prefs.codegen.target = "numpy"
        self.network, self.frames, self.start = network, frames, start
        self.dt = network.dt * 1e-3
        self.clock = b2.Clock(dt=network.dt * b2.ms)
        self.rank = 0
        self.objects: list[Any] = []
        self.groups: dict[str, Any] = {}
        self.synapses: dict[str, Any] = {}
        self.scalars: dict[str, float] = {}
        self.linked: dict[str, tuple[str, str]] = {}
        self.spikes: dict[str, Any] = {}
        for source in network.sources:
            self._add_source(source, spikes, frames)
        for cells in network.cells:
            self._add_cells(cells)
        for link in network.links:
            self._add_synapses(link)
        runs = [
            (order, stage, number, name)
            for number, link in enumerate(network.links)
            for name, (order, stage, _, _) in link.passes.items()
        ]
        for _, _, number, name in sorted(runs, key=lambda run: run[:3]):
            self._add_passes(network.links[number], name)
        for link in network.links:
            self._add_clocked(link)
        self.voltages = {
            cells.name: b2.StateMonitor(
                self.groups[cells.name], cells.recorded, record=True, when="end", clock=self.clock
            )
            for cells in network.cells
        }
        self.weights = {
            link.name: b2.StateMonitor(
                self.synapses[link.name], link.recorded, record=True, when="end", order=-1,
                clock=self.clock,
            )
            for link in network.links if link.recorded
        }  # fmt: skip
        self.net = b2.Network(
            *self.weights.values(), *self.objects, *self.groups.values(), *self.synapses.values(),
            *self.voltages.values(), *self.spikes.values(),
        )  # fmt: skip

    @property
    def step(self) -> int:
        """Number of the present step."""
        return int(self.clock.variables["timestep"].get_value().item())

    # ---- cells -----------------------------------------------------------------------------------

    def _traces(self, population: str) -> list[tuple[Link, Variable, str]]:
        found = []
        for link in self.network.links:
            if link.rule is None:
                continue
            for side, cell in (("pre", link.source), ("post", link.target)):
                if cell != population:
                    continue
                own = getattr(link.rule, side) + [
                    m for m in link.rule.modulators
                    if m.name.endswith(f"_{side}") and m.name not in link.rule.linked
                ]  # fmt: skip
                found += [(link, variable, side) for variable in own]
        return found

    def _trace_lines(self, population: str) -> str:
        return "\n".join(
            f"{v.name}_{link.name} : {v.unit}"
            for link, v, _ in self._traces(population)
            if v.kind != "sub"
        )

    def _add_source(
        self, source: Source, spikes: Mapping[str, Array], frames: Mapping[str, Array]
    ) -> None:
        lines = self._trace_lines(source.name)
        name = f"stock_{source.name}"
        if source.kind == "analogue":
            group = b2.NeuronGroup(
                source.n, f"x : 1\n{lines}", clock=self.clock, name=name, namespace={}
            )
            self._operation(lambda: self._show(group, source), "start", -10)
        else:
            raster = spikes[source.name].reshape(-1, source.n)
            steps, cells = np.nonzero(raster)
            if lines:
                array = b2.TimedArray(raster.astype(float), dt=self.network.dt * b2.ms)
                group = b2.NeuronGroup(
                    source.n, lines, threshold="raster(t, i) > 0.5", clock=self.clock, name=name,
                    namespace={"raster": array},
                )  # fmt: skip
            else:
                group = b2.SpikeGeneratorGroup(
                    source.n, cells, steps * self.network.dt * b2.ms, clock=self.clock, name=name
                )
        self.groups[source.name] = group

    def _show(self, group: Any, source: Source) -> None:
        step = self.step % self.network.n_steps
        group.x = self.frames[source.name][step // source.every]

    def _add_cells(self, cells: Cells) -> None:
        stock = cells.method not in ("euler+decay", "exact", "linear")
        lines = []
        for v in cells.variables:
            moving = v.kind in ("decay", "ode")
            if moving and not stock and v.flag:  # Brian2 does not write it in refractory cells
                zero = f"0*{v.unit}/second" if v.unit != "1" else "0/second"
                lines.append(f"d{v.name}/dt = {zero} : {v.unit} ({v.flag})")
            else:
                lines.append(v.line if stock or not moving else f"{v.name} : {v.unit}")
        equations = "\n".join([*lines, self._trace_lines(cells.name)])
        group = b2.NeuronGroup(
            cells.n,
            equations,
            threshold=cells.threshold or None,
            reset=_floats_in_code(cells.reset) or None,
            refractory=cells.refractory,
            method=cells.method if stock else "euler",
            clock=self.clock,
            name=f"stock_{cells.name}",
            namespace=dict(cells.parameters),
        )
        for v in cells.variables:
            if v.kind != "sub" and v.name not in cells.inputs:
                getattr(group, f"{v.name}_")[:] = self.start[f"{cells.name}.{v.name}"]
        if cells.method in ("exact", "linear"):
            self._operation(self._exactly(group, cells), "groups", 1)
        elif not stock:
            code = _euler_and_decays(cells)
            if code:
                group.run_regularly(code, when="groups", order=1, clock=self.clock)
        if cells.update:
            group.run_regularly(
                _floats_in_code(cells.update), when="groups", order=2, clock=self.clock
            )
        for variable, name in cells.inputs.items():
            source = next(s for s in self.network.sources if s.name == name)
            self._operation(self._feed(group, variable, source), "start", -9)
        self.groups[cells.name] = group
        if cells.threshold:
            self.spikes[cells.name] = b2.SpikeMonitor(group)

    def _exactly(self, group: Any, cells: Cells) -> Callable[[], None]:
        """Return one step of linear equations with the matrix exponential.

        Brian2's own solution divides by differences of rates, and takes minutes for feedback.
        """
        names = [v.name for v in cells.variables if v.kind in ("decay", "ode")]
        texts = {v.name: in_floats(v.right) for v in cells.variables if v.name in names}
        constants = {n: float(np.asarray(p)) for n, p in cells.parameters.items()}
        flags = np.array([bool(v.flag) for v in cells.variables if v.name in names])

        def slopes(point: Array, given: Mapping[str, Any]) -> Array:
            values = {**constants, **given, **dict(zip(names, point, strict=True))}
            return np.array([eval(text, {**_CONSTANTS}, values) for text in texts.values()])

        def execute() -> None:
            now = {v.name: np.array(getattr(group, f"{v.name}_")[:]) for v in cells.variables}
            free = np.array(group.not_refractory[:]) if flags.any() else np.ones(cells.n, bool)
            for cell in range(cells.n):
                given = {name: values[cell] for name, values in now.items()}
                offset = slopes(np.zeros(len(names)), given)
                system = np.zeros((len(names) + 1, len(names) + 1))
                for k in range(len(names)):
                    system[:-1, k] = slopes(np.eye(len(names))[k], given) - offset
                system[:-1, -1] = offset
                system[:-1][flags & ~free[cell]] = 0  # these stand still
                start = np.array([*(given[name] for name in names), 1.0])
                for name, value in zip(names, expm(system * self.dt) @ start, strict=False):
                    getattr(group, f"{name}_")[cell] = value

        return execute

    def _feed(self, group: Any, variable: str, source: Source) -> Callable[[], None]:
        def feed() -> None:
            step = self.step % self.network.n_steps
            getattr(group, f"{variable}_")[:] = self.frames[source.name][step // source.every]

        return feed

    def _operation(self, action: Callable[[], None], when: str, order: int) -> None:
        self.objects.append(b2.NetworkOperation(action, clock=self.clock, when=when, order=order))

    # ---- synapses --------------------------------------------------------------------------------

    def _add_synapses(self, link: Link) -> None:
        rule = link.rule
        variables = rule.synapse if rule is not None else []
        if rule is None and link.kind != "uniform":
            variables = [Variable("w")]
        plain = [v for v in variables if v.flag != "shared" and v.kind != "sub"]
        pathways: dict[str, dict[str, str]] = {"pre": {}, "post": {}}
        delays: dict[str, Any] = {}
        dt = self.network.dt * b2.ms
        for side, (_, _, on, delay) in link.passes.items():
            for number, (scope, code) in enumerate(self._phases(link, side)):
                if scope == "synapse" and on in pathways:
                    pathways[on][f"{side}{number}"] = code
                    delays[f"{side}{number}"] = delay or 0
        synapses = b2.Synapses(
            self.groups[link.source],
            self.groups[link.target],
            "\n".join([*(f"{v.name} : {v.unit}" for v in plain), *self._shared_lines(link)]),
            on_pre=pathways["pre"] or None,
            on_post=pathways["post"] or None,
            clock=self.clock,
            name=f"stock_{link.name}",
            namespace=self._constants(link),
            delay={name: d * dt for name, d in delays.items() if np.ndim(d) == 0} or None,
        )  # fmt: skip
        synapses.connect(i=np.array(link.pre), j=np.array(link.post))
        for name, delay in delays.items():
            if np.ndim(delay):
                getattr(synapses, name).delay = np.array(delay) * dt
        for v in plain:
            getattr(synapses, f"{v.name}_")[:] = self.start[f"{link.name}.{v.name}"].ravel()
        for name in self._shared(link):
            self.scalars[f"{link.name}.{name}"] = float(self.start[f"{link.name}.{name}"])
            setattr(synapses, f"{name}_", self.scalars[f"{link.name}.{name}"])
        if rule is not None:
            self.linked |= {f"{link.name}.{m}": where for m, where in rule.linked.items()}
        for side, cell in (("pre", link.source), ("post", link.target)):
            for own, v, where in self._traces(cell):
                if own is link and where == side and v.kind != "sub":
                    values = getattr(self.groups[cell], f"{v.name}_{link.name}_")
                    values[:] = self.start[f"{link.name}.{v.name}"]
        self.synapses[link.name] = synapses

    def _shared(self, link: Link) -> list[str]:
        if link.rule is None:
            return []
        members = [*link.rule.synapse, *link.rule.modulators]
        return [v.name for v in members if v.flag == "shared" and v.name not in link.rule.linked]

    def _shared_lines(self, link: Link) -> list[str]:
        if link.rule is None:
            return []
        members = {v.name: v for v in (*link.rule.synapse, *link.rule.modulators)}
        lines = [f"{name} : {members[name].unit} (shared)" for name in self._shared(link)]
        for name in link.rule.linked:  # copied before every use
            flag = "" if name.endswith(("_pre", "_post")) else " (shared)"
            lines.append(f"linked_{name}_ : {members[name].unit}{flag}")
        return lines

    def _constants(self, link: Link) -> dict[str, Any]:
        parameters = dict(link.parameters)
        if link.rule is not None:
            parameters |= link.rule.parameters
        for cells in self.network.cells:  # for subexpressions written out
            if cells.name in (link.source, link.target):
                parameters |= {f"{name}_of_{cells.name}": p for name, p in cells.parameters.items()}
        return parameters

    def _phases(self, link: Link, side: str) -> list[tuple[str, str]]:
        """Return (scope, Brian2 code) of a pass: transmission, or ``on_pre`` or ``on_post``."""
        phases: list[tuple[str, str]] = []
        if side == "transmit":
            code = "\n".join(f"{target} += {in_floats(text)}" for target, text in link.transmit)
            return [("synapse", self._on_synapses(link, code))] if code else []
        steps = link.rule.slots.get(f"on_{side}", []) if link.rule is not None else []
        steps = next((way.steps for way in link.ways if way.name == side), steps)
        last = ""
        for step in steps:
            code = f"{step.target} {step.op} ({in_floats(step.text)})"
            code = self._on_synapses(link, code) if step.scope == "synapse" else code
            added = step.scope == "synapse" and step.target.endswith(("_pre", "_post"))
            if step.scope == last and not added:
                phases[-1] = (last, f"{phases[-1][1]}\n{code}")
            else:
                phases.append((step.scope, code))
            last = step.scope
        return phases

    def _on_synapses(self, link: Link, code: str) -> str:
        """Return code with the names that traces have on synapses, subexpressions written out."""
        if link.rule is None:
            return code
        code = self._substitute(link, code)
        names = {}
        for side in ("pre", "post"):
            for v in getattr(link.rule, side):
                names[v.name] = f"{v.name}_{link.name}_{side}"
        for v in link.rule.modulators:
            if v.name in link.rule.linked:
                names[v.name] = f"linked_{v.name}_"
            elif v.name.endswith(("_pre", "_post")):
                names[v.name] = f"{v.name}_{link.name}_{v.name.rpartition('_')[2]}"
        return _swap(code, names)

    def _substitute(self, link: Link, code: str) -> str:
        assert link.rule is not None
        members = [*link.rule.synapse, *link.rule.pre, *link.rule.post, *link.rule.modulators]
        texts = {v.name: f"({in_floats(v.text)})" for v in members if v.kind == "sub"}
        for side, cell in (("pre", link.source), ("post", link.target)):
            for cells in (c for c in self.network.cells if c.name == cell):
                names = {v.name: f"{v.name}_{side}" for v in cells.variables}
                names |= {name: f"{name}_of_{cell}" for name in cells.parameters}
                for v in cells.variables:
                    if v.kind == "sub":
                        texts[f"{v.name}_{side}"] = f"({_swap(in_floats(v.text), names)})"
        for _ in texts:
            code = _swap(code, texts)
        return code

    def _add_passes(self, link: Link, side: str) -> None:
        """Give every phase of a pass its place; phases of cells become numpy statements."""
        for number, (scope, code) in enumerate(self._phases(link, side)):
            self.rank += 1
            if link.passes[side][2] not in ("pre", "post"):
                self._operation(self._broadcast(link, side), "synapses", self.rank)
            elif scope == "synapse":
                pathway = getattr(self.synapses[link.name], f"{side}{number}")
                pathway.order = self.rank
                if link.rule is not None and link.rule.linked:
                    self._operation(self._copier(link), "synapses", self.rank)
                    self.rank += 1
                    pathway.order = self.rank
            else:
                self._operation(self._cell_phase(link, side, code), "synapses", self.rank)

    def _copier(self, link: Link) -> Callable[[], None]:
        assert link.rule is not None
        linked = link.rule.linked

        def copy() -> None:
            for name in linked:
                getattr(self.synapses[link.name], f"linked_{name}__")[:] = Values(self, link)[name]

        return copy

    def _cell_phase(self, link: Link, side: str, code: str) -> Callable[[], None]:
        """Return statements over the cells that fire, after the delay of the projection."""
        group = self.groups[link.source if side == "pre" else link.target]
        queue: list[Array] = [np.zeros(0, dtype=int)] * (link.passes[side][3] or 0)
        steps = [Step(side, *_split(line)) for line in code.splitlines()]

        def execute() -> None:
            queue.append(np.array(group.spikes))
            fired = queue.pop(0)
            for step in steps:
                self._execute(link, step, fired)

        return execute

    def _broadcast(self, link: Link, name: str) -> Callable[[], None]:
        """Return the pathway of the spikes of another population, which reach all synapses."""
        _, _, on, delay = link.passes[name]
        queue: list[int] = [0] * (delay or 0)
        steps = next(way.steps for way in link.ways if way.name == name)

        def execute() -> None:
            queue.append(len(self.groups[on].spikes))
            for _ in range(queue.pop(0)):
                for step in steps:
                    self._execute(link, step)

        return execute

    # ---- what happens on a clock -----------------------------------------------------------------

    def _add_clocked(self, link: Link) -> None:
        if link.summed is not None:
            when = ("start", 0) if link.summed_when == "before" else ("after_synapses", 0)
            self._operation(lambda: self._sum(link), *when)
        rule = link.rule
        if rule is None:
            return
        self._operation(lambda: self._move_cells(link), "groups", -1)
        self._operation(lambda: self._move_synapses(link, "clock-driven"), "groups", 5)
        self._operation(lambda: self._move_synapses(link, "event-driven"), "end", 0)
        if rule.slots.get("every"):
            self.rank += 1

            def every() -> None:
                step = self.step
                if (step + 1) % rule.interval == 0:
                    for statement in rule.slots["every"]:
                        self._execute(link, statement)

            self._operation(every, "after_synapses", self.rank)

    def _sum(self, link: Link) -> None:
        assert link.summed is not None
        target, text = link.summed
        group = self.groups[link.target]
        values = Values(self, link).evaluate(text)
        sums = np.zeros(len(group))
        np.add.at(sums, np.array(link.post), np.broadcast_to(values, len(link.post)))
        getattr(group, f"{target[:-5]}_")[:] = sums

    def _move_cells(self, link: Link) -> None:
        """Let traces and modulators move by one step; right-hand sides see the step's beginning."""
        assert link.rule is not None
        rule, new = link.rule, {}
        for v in (*rule.pre, *rule.post, *rule.modulators):
            if v.kind in ("decay", "ode") and v.name not in rule.linked:
                scope = (
                    v.name.rpartition("_")[2] if v.name.endswith(("_pre", "_post")) else "shared"
                )
                new[v.name] = (scope, self._moved(v, Values(self, link, scope)))
        for name, (scope, value) in new.items():
            Values(self, link, scope)[name] = value

    def _moved(self, v: Variable, values: Values) -> Any:
        old = values[v.name]
        if v.kind == "ode":
            return old + self.dt * values.evaluate(v.text)
        rest = values.evaluate(v.rest) if v.rest else 0.0
        return rest + (old - rest) * np.exp(-self.dt / values.evaluate(v.tau))

    def _move_synapses(self, link: Link, flag: str) -> None:
        """Let variables of synapses move by one step.

        Event-driven ones have their exact value at the beginning of a step, so they move at its
        end; those that follow another one are two exponentials, in closed form.
        """
        assert link.rule is not None
        values, new = Values(self, link), {}
        moving = {v.name: v for v in link.rule.synapse if v.flag == flag}
        for name, v in moving.items():
            drive = moving.get(v.rest)
            if drive is None:
                new[name] = self._moved(v, values)
                continue
            a, b = (1 / values.evaluate(tau) for tau in (drive.tau, v.tau))
            rest = values.evaluate(drive.rest) if drive.rest else 0.0
            start = values[drive.name] - rest
            fall, own = np.exp(-a * self.dt), np.exp(-b * self.dt)
            gain = self.dt * own * b if a == b else b * (fall - own) / (b - a)
            new[name] = rest + (values[name] - rest) * own + start * gain
        for name, value in new.items():
            values[name] = value

    def _execute(self, link: Link, step: Step, cells: Array | None = None) -> None:
        """Execute a statement over all synapses, all cells, given cells or a shared scalar."""
        values = Values(self, link, step.scope)
        change = values.evaluate(step.text)
        if step.scope == "synapse" and step.target.endswith(("_pre", "_post")):
            side = step.target.rpartition("_")[2]
            index = np.array(getattr(link, side))
            cell = Values(self, link, side)
            sums = np.array(cell[step.target], dtype=float)
            np.add.at(sums, index, np.broadcast_to(change, index.shape))
            cell[step.target] = sums
            return
        if step.target not in values:
            values.temporary[step.target] = change
            self.temporary = values.temporary
            return
        old = values[step.target]
        new = {
            "=": lambda: change + 0 * old, "+=": lambda: old + change, "-=": lambda: old - change,
            "*=": lambda: old * change, "/=": lambda: old / change,
        }[step.op]()  # fmt: skip
        if cells is not None:
            some = np.array(old, dtype=float)
            some[cells] = new[cells]
            new = some
        values[step.target] = new

    # ---- running ---------------------------------------------------------------------------------

    def run(self) -> dict[str, Array]:
        """Run all trials and return spikes, recorded variables and the state."""
        network = self.network
        for _ in range(network.trials):
            self._limit("on_trial_start")
            self.net.run(network.n_steps * network.dt * b2.ms, namespace={})
            self._limit("on_trial_end")
        result: dict[str, Array] = {}
        for cells in network.cells:
            group = self.groups[cells.name]
            for v in cells.variables:
                if v.kind != "sub" and v.name not in cells.inputs:
                    result[f"{cells.name}.{v.name}"] = np.array(getattr(group, f"{v.name}_")[:])
            recorded = getattr(self.voltages[cells.name], f"{cells.recorded}_")
            result[f"record {cells.name}"] = np.array(recorded).T  # Brian2 2.11 gives a view
            if cells.threshold:
                raster = np.zeros((network.trials * network.n_steps, cells.n))
                monitor = self.spikes[cells.name]
                raster[np.rint(np.asarray(monitor.t_) / self.dt).astype(int), monitor.i[:]] = 1
                result[f"spikes {cells.name}"] = raster
        for link in network.links:
            if link.recorded:
                recorded = getattr(self.weights[link.name], f"{link.recorded}_")
                rows = np.array(recorded).T.reshape(network.trials, network.n_steps, -1)
                rows = rows[:, link.every - 1 :: link.every]
                result[f"record {link.name}"] = rows.reshape(-1, len(link.pre))
            names = [] if link.rule is None else [
                v.name
                for v in (*link.rule.synapse, *link.rule.pre, *link.rule.post,
                          *link.rule.modulators)
                if v.kind != "sub" and v.name not in link.rule.linked
            ]  # fmt: skip
            for name in names:
                side = name.rpartition("_")[2]
                shared = name in self._shared(link)
                scope = "shared" if shared else side if side in ("pre", "post") else "synapse"
                result[f"{link.name}.{name}"] = np.array(Values(self, link, scope)[name])
        return result

    def _limit(self, slot: str) -> None:
        for cells in self.network.cells:
            code = getattr(cells, slot)
            if code:
                self._execute_cells(cells, code)
        for link in self.network.links:
            rule = link.rule
            if rule is None:
                continue
            when = rule.normalise["when"] if rule.normalise is not None else ""
            if when == "trial_start" == slot[3:]:
                self._normalise(link)
            for step in rule.slots.get(slot, []):
                self._execute(link, step)
            if when == "trial_end" == slot[3:]:
                self._normalise(link)

    def _execute_cells(self, cells: Cells, code: str) -> None:
        group = self.groups[cells.name]
        for line in _floats_in_code(code).splitlines():
            target, _, text = _split(line)
            names = {v.name: np.array(getattr(group, f"{v.name}_")[:]) for v in cells.variables}
            constants = {n: float(np.asarray(p)) for n, p in cells.parameters.items()}
            value = eval(
                in_floats(text, True), {**_CONSTANTS, **_FUNCTIONS}, {**constants, **names}
            )
            if any(v.name == target and v.flag for v in cells.variables):
                free = np.array(group.not_refractory[:])  # as everywhere in Brian2
                value = np.where(free, value, names[target])
            getattr(group, f"{target}_")[:] = value

    def _normalise(self, link: Link) -> None:
        assert link.rule is not None
        assert link.rule.normalise is not None
        over = link.rule.normalise["over"]
        cells = np.array(link.post if over == "pre" else link.pre)
        values = Values(self, link)
        w = np.array(values["w"])
        sums = np.zeros(cells.max() + 1)
        np.add.at(sums, cells, w)
        factor = np.where(sums == 0, 1.0, link.rule.normalise["total"] / np.where(sums, sums, 1))
        values["w"] = w * factor[cells]


class Values:
    """Variables of a projection by the names of its rule, over synapses, cells or nothing."""

    def __init__(self, stock: Stock, link: Link, scope: str = "synapse") -> None:
        self.stock, self.link, self.scope = stock, link, scope
        self.temporary: dict[str, Any] = {} if scope != "synapse" else getattr(
            stock, "temporary", {}
        )  # fmt: skip

    def __contains__(self, name: str) -> bool:
        rule = self.link.rule
        members = [] if rule is None else [*rule.synapse, *rule.pre, *rule.post, *rule.modulators]
        return name in {v.name for v in members} or name.endswith(("_pre", "_post"))

    def _cell(self, name: str) -> tuple[Any, str] | None:
        """Return group and variable of a name that lives on cells."""
        stock, link, side = self.stock, self.link, name.rpartition("_")[2]
        where = stock.linked.get(f"{link.name}.{name}")
        if where is not None:
            return stock.groups[where[0]], where[1]
        if side not in ("pre", "post"):
            return None
        group = stock.groups[link.source if side == "pre" else link.target]
        rule = link.rule
        own = [] if rule is None else [*rule.pre, *rule.post, *rule.modulators]
        declared = name in {v.name for v in own}
        return group, f"{name}_{link.name}" if declared else name.removesuffix(f"_{side}")

    def __getitem__(self, name: str) -> Any:
        stock, link = self.stock, self.link
        if name in self.temporary:
            return self.temporary[name]
        if f"{link.name}.{name}" in stock.scalars:
            return stock.scalars[f"{link.name}.{name}"]
        if name in ("i", "j"):
            return np.array(link.pre if name == "i" else link.post, dtype=float)
        found = self._cell(name)
        if found is None:
            return np.array(getattr(stock.synapses[link.name], f"{name}_")[:])
        values = np.array(getattr(found[0], f"{found[1]}_")[:])
        side = name.rpartition("_")[2]
        if side not in ("pre", "post"):
            return values[0]
        return values if self.scope != "synapse" else values[np.array(getattr(link, side))]

    def __setitem__(self, name: str, value: Any) -> None:
        stock, link = self.stock, self.link
        if f"{link.name}.{name}" in stock.scalars:
            stock.scalars[f"{link.name}.{name}"] = float(value)
            setattr(stock.synapses[link.name], f"{name}_", float(value))
            return
        found = self._cell(name)
        owner, variable = found if found is not None else (stock.synapses[link.name], name)
        getattr(owner, f"{variable}_")[:] = value

    def evaluate(self, text: str) -> Any:
        """Return the value of an expression in base units."""
        rule = self.link.rule
        if rule is not None:
            text = self.stock._substitute(self.link, text)
        text = in_floats(text, arrays=True)
        names: dict[str, Any] = {}
        parameters = self.stock._constants(self.link)
        n_pre, n_post = (self.stock.network.sizes[x] for x in (self.link.source, self.link.target))
        for name in set(re.findall(r"[A-Za-z_]\w*", text)):
            if name in parameters:
                names[name] = float(np.asarray(parameters[name]))
            elif name in ("t", "dt"):
                names[name] = self.stock.step * self.stock.dt if name == "t" else self.stock.dt
            elif name in ("N_pre", "N_post"):
                names[name] = float(n_pre if name == "N_pre" else n_post)
            elif name in ("N_incoming", "N_outgoing"):
                index = np.array(self.link.post if name == "N_incoming" else self.link.pre)
                names[name] = np.bincount(index)[index].astype(float)
            elif name not in _FUNCTIONS and name not in _CONSTANTS:
                names[name] = self[name]
        return eval(text, {**_CONSTANTS, **_FUNCTIONS}, names)


def _split(line: str) -> tuple[str, str, str]:
    target, operator, text = re.split(r"\s([+\-*/]?=)\s", line.strip(), maxsplit=1)
    return target, operator, text


def _euler_and_decays(cells: Cells) -> str:
    """Return one step: decays in closed form, everything else forward Euler."""
    before, after = [], []
    for v in cells.variables:
        if v.kind not in ("decay", "ode"):
            continue
        frozen = "int(not_refractory)*" if v.flag == "unless refractory" else ""
        if v.kind == "ode" or frozen:
            before.append(f"new_{v.name} = {v.name} + {frozen}dt*({in_floats(v.right)})")
            after.append(f"{v.name} = new_{v.name}")
        elif v.rest:
            after.append(f"{v.name} = {v.rest} + ({v.name} - {v.rest})*exp(-dt/{v.tau})")
        else:
            after.append(f"{v.name} = {v.name}*exp(-dt/{v.tau})")
    return "\n".join([*before, *after])
