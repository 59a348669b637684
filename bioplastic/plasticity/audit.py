"""Locality audit: what each update of a rule depends on, computed from its equations.

Every name an update reads has an origin: this synapse, this presynaptic or postsynaptic cell, a
declared modulator, a sum over the inputs of the cell, or something else, which is not local. Sums
are followed through traces: a variable that synapses add up carries information about all of them,
and so does every trace that reads it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import TypeAlias

from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION

from bioplastic.equations import DEFAULT_NAMES, is_noise, read_names, solve_decay
from bioplastic.plasticity.data import RuleData
from bioplastic.plasticity.locality import SHARED, Audit, Origin, Update, Verdict
from bioplastic.plasticity.statements import SLOTS, Statement

__all__ = ["Audit", "Origin", "Update", "Verdict", "audit_rule"]


#: Statements of further pathways by their names, each with whose spikes they wait for.
Pathways: TypeAlias = Mapping[str, tuple[str, tuple[Statement, ...]]]


def audit_rule(
    rule: RuleData, pathways: Pathways | None = None, constants: Collection[str] = ()
) -> Audit:
    r"""Audit a rule, and the further pathways of a projection that learns by it.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    pathways : mapping of str to (str, statements), default {}
        ``"pre"``, ``"post"`` or the population that sends the spikes, and what they do; see
        `bioplastic.engine.NetworkSpec.audit`.
    constants : collection of str, default ()
        Names that these read as constants, beside the parameters of the rule.

    Returns
    -------
    Audit
        Computed from the parsed equations and nothing else.

    Examples
    --------
    >>> from bioplastic.plasticity import pair_stdp
    >>> audit = audit_rule(pair_stdp())
    >>> str(audit.verdict), audit.memory["synapse"], audit.memory["pre"]
    ('local', 1, 1)
    >>> audit.to_latex()
    'pair-stdp & local & online & 1/1/1 & 4/4/2 \\\\'
    """
    written = _all_statements(rule, pathways or {})
    origins = _trace_origins(rule, written, constants)
    updates = [
        *_audit_equations(rule, origins),
        *_audit_statements(rule, written, constants, origins),
    ]
    if rule.normalise is not None:
        inputs = rule.normalise.over == "pre"
        origin = Origin.INPUTS if inputs else Origin.ELSEWHERE
        variable = rule.normalise.variable
        reads = ((variable, Origin.SYNAPSE), (f"sum of {variable}", origin))
        updates.append(
            Update("normalise", variable, "synapse", reads, _judge(reads), "trial limit", True, 2)
        )
    if rule.least_squares is not None:
        updates += _audit_least_squares(rule, origins)
    order = list(Verdict)
    verdict = max((update.verdict for update in updates), key=order.index, default=Verdict.LOCAL)
    return Audit(
        rule.name,
        tuple(updates),
        verdict,
        all(update.causal for update in updates),
        all(update.timing == "online" for update in updates),
        _count_memory(rule),
        _count_operations(updates),
    )


def _audit_least_squares(rule: RuleData, origins: dict[str, frozenset[Origin]]) -> list[Update]:
    """Return the updates of the matrix over all presynaptic cells and of the weights."""
    solver = rule.least_squares
    assert solver is not None
    error = _classify(rule, read_names(solver.error), origins)
    activity = tuple(
        (f"{name} of all cells", Origin.ELSEWHERE)
        for name, _ in _classify(rule, read_names(solver.activity), origins)
    )
    matrix = ("P", Origin.ELSEWHERE)
    gate = ((solver.gate, Origin.SCALAR),) if solver.gate else ()
    return [
        Update("least squares", target, scope, reads, _judge(reads), "online", True, operations)
        for target, scope, reads, operations in (
            ("P", "pair of presynaptic cells", (matrix, *activity, *gate), 4),
            (solver.variable, "synapse", (*error, matrix, *activity, *gate), 2),
        )
    ]


def _all_statements(rule: RuleData, pathways: Pathways) -> list[tuple[str, Statement]]:
    """Return all statements with their slots; a pathway's also has its name."""
    written = [(slot, statement) for slot in SLOTS for statement in rule.statements(slot)]
    for name, (on, statements) in pathways.items():
        slot = f"on_{on}, {name}" if on in ("pre", "post") else f"spikes of {on}, {name}"
        written += [(slot, statement) for statement in statements]
    return written


def _trace_origins(
    rule: RuleData, written: list[tuple[str, Statement]], constants: Collection[str]
) -> dict[str, frozenset[Origin]]:
    """Return the origins of every variable, sums followed through traces until nothing changes."""
    origins: dict[str, set[Origin]] = {}
    flows: list[tuple[str, frozenset[str]]] = []
    for slot in ("synapse", "modulators", "pre", "post"):
        for name, equation in rule.parse(slot).items():
            origins[name] = {_place(slot, name, "shared" in equation.flags)}
            if equation.type == SUBEXPRESSION:
                origins[name] = set() if slot == "synapse" else origins[name]
            if equation.type != PARAMETER:
                flows.append((name, read_names(equation.expr.code)))
    for name in rule.neuron_variables:
        origins[name] = {Origin.PRE if name.endswith("_pre") else Origin.POST}
    for slot, statement in written:
        target = statement.target
        cells = statement.reads | {target} if ", " in slot else set()
        for name in cells - {*constants, *rule.parameters, *origins}:
            if name.endswith(("_pre", "_post")):
                origins[name] = {Origin.PRE if name.endswith("_pre") else Origin.POST}
        origins.setdefault(target, set())
        if statement.scope == "synapse" and target.endswith("_post"):
            origins[target].add(Origin.INPUTS)
        elif statement.scope == "synapse" and (target.endswith("_pre") or origins[target] & SHARED):
            origins[target].add(Origin.ELSEWHERE)
        flows.append((target, read_names(statement.expression)))
    carried = {Origin.INPUTS, Origin.ELSEWHERE}
    synaptic = {name for name in origins if Origin.SYNAPSE in origins[name]}
    changed = True
    while changed:
        changed = False
        for target, names in flows:
            if target in synaptic:
                continue
            everything = not origins[target] & set(Origin) - carried
            for name in names & set(origins):
                new = origins[name] if everything else origins[name] & carried
                changed = changed or not new <= origins[target]
                origins[target] |= new
    return {name: frozenset(found) for name, found in origins.items()}


def _place(slot: str, name: str, shared: bool) -> Origin:
    if slot in {"pre", "post"}:
        return Origin.PRE if slot == "pre" else Origin.POST
    if shared:
        return Origin.SETTING if slot == "synapse" else Origin.SCALAR
    return Origin.SYNAPSE if slot == "synapse" else Origin.PER_NEURON


def _audit_equations(rule: RuleData, origins: dict[str, frozenset[Origin]]) -> list[Update]:
    updates = []
    for slot in ("pre", "post", "modulators", "synapse"):
        for name, equation in rule.parse(slot).items():
            if equation.type != DIFFERENTIAL_EQUATION:
                continue
            code = equation.expr.code
            reads = _classify(rule, read_names(code) | {name}, origins)
            scope = "shared" if "shared" in equation.flags else slot
            if slot == "modulators" and scope != "shared":
                scope = "pre" if name.endswith("_pre") else "post"
            event = "event-driven" in equation.flags
            updates.append(
                Update(
                    "equation, at events" if event else "equation",
                    name,
                    scope,
                    reads,
                    _judge(reads),
                    "online",
                    True,
                    1 if _is_decay(name, code) else _count(code) + 2,
                )
            )
    return updates


def _audit_statements(
    rule: RuleData,
    written: list[tuple[str, Statement]],
    constants: Collection[str],
    origins: dict[str, frozenset[Origin]],
) -> list[Update]:
    updates = []
    for slot, statement in written:
        # Adding to a variable does not need its value.
        names = statement.reads
        if statement.op in {"+=", "-="}:
            names = read_names(statement.expression)
        reads = _classify(rule, names - set(constants), origins)
        if slot.startswith("spikes of "):
            reads += ((slot.partition(", ")[0], Origin.SCALAR),)
        verdict = _judge(reads)
        if statement.scope == "synapse" and origins[statement.target] & SHARED:
            verdict = Verdict.NON_LOCAL
        timing = "trial limit" if slot.startswith("on_trial") else "online"
        operations = _count(statement.expression) + (statement.op != "=")
        updates.append(
            Update(
                slot, statement.target, statement.scope, reads, verdict, timing, True, operations
            )
        )
    return updates


def _classify(
    rule: RuleData, names: frozenset[str] | set[str], origins: dict[str, frozenset[Origin]]
) -> tuple[tuple[str, Origin], ...]:
    order = list(Origin)
    reads = []
    for name in sorted(names):
        known = name in rule.parameters or name in DEFAULT_NAMES or is_noise(name)
        if known or name in {"t", "dt"}:
            continue
        if name in {"i", "j", "N_pre", "N_post", "N_incoming", "N_outgoing"}:
            reads.append((name, Origin.SYNAPSE))
            continue
        found = origins.get(name, frozenset({Origin.ELSEWHERE})) or {Origin.SYNAPSE}
        reads.append((name, max(found, key=order.index)))
    return tuple(reads)


def _judge(reads: tuple[tuple[str, Origin], ...]) -> Verdict:
    found = {origin for _, origin in reads}
    if Origin.ELSEWHERE in found:
        return Verdict.NON_LOCAL
    if Origin.INPUTS in found:
        return Verdict.CELL_WIDE
    if found & {Origin.SCALAR, Origin.PER_NEURON}:
        return Verdict.MODULATED
    return Verdict.LOCAL


def _count_memory(rule: RuleData) -> dict[str, int]:
    memory = {"synapse": 0, "pre": 0, "post": 0, "shared": 0}
    for slot in ("synapse", "pre", "post", "modulators"):
        equations = rule.parse(slot)
        for name, equation in equations.items():
            if equation.type == SUBEXPRESSION:
                continue
            if "shared" in equation.flags:
                memory["shared"] += 1
            elif slot == "modulators":
                memory["pre" if name.endswith("_pre") else "post"] += 1
            else:
                memory[slot] += 1
        if any("event-driven" in equation.flags for equation in equations.values()):
            memory["synapse"] += 1
    return memory


def _count_operations(updates: list[Update]) -> dict[str, int]:
    counts = {
        "pre spike, per synapse": 0,
        "pre spike, per cell": 0,
        "post spike, per synapse": 0,
        "post spike, per cell": 0,
        "step": 0,
    }
    for update in updates:
        when = update.slot.partition(", ")[0]
        place = "per synapse" if update.scope == "synapse" else "per cell"
        if when in {"on_pre", "on_post"}:
            counts[f"{when.removeprefix('on_')} spike, {place}"] += update.operations
        elif when.startswith("spikes of "):
            event = f"{when.removeprefix('spikes of ')} spike, {place}"
            counts[event] = counts.get(event, 0) + update.operations
        elif update.slot == "equation, at events":
            for side in ("pre", "post"):
                counts[f"{side} spike, per synapse"] += update.operations
        elif update.slot in {"equation", "every", "least squares"}:
            counts["step"] += update.operations
    return counts


def _count(expression: str) -> int:
    operators = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Call)
    return sum(isinstance(node, operators) for node in ast.walk(ast.parse(expression, mode="eval")))


def _is_decay(name: str, code: str) -> bool:
    solution = solve_decay(name, code, ())
    return solution is not None and solution[1] is None and read_names(code) >= {name}
