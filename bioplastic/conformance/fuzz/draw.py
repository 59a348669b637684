"""Draw random networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms, mV

from bioplastic.conformance.fuzz.expressions import BAD_NAMES, Grammar
from bioplastic.conformance.fuzz.networks import (
    Cells,
    Link,
    Network,
    Rule,
    Source,
    Step,
    Variable,
    Way,
)

__all__ = ["random_network"]

_TAUS = (4.0, 7.5, 12.0, 20.0)


class _Chooser:
    """Short words for random choices."""

    def __init__(self, rng: np.random.Generator, seed: int = 0) -> None:
        self.rng = rng
        self.count = 0
        self.seed = seed

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def real(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def tau(self) -> Any:
        return self.pick(_TAUS) * ms

    def name(self, stem: str) -> str:
        self.count += 1
        return str(self.pick(BAD_NAMES)) if self.chance(0.004) else f"{stem}{self.count}"


def random_network(rng: np.random.Generator, prefix: str, seed: int, shape: Network) -> Network:
    """Return a random network.

    Parameters
    ----------
    rng : Generator
        Decides everything.
    prefix : str
        First letters of the names of populations and projections, so that several networks fit
        into one program.
    seed : int
        Seed of spikes and start values.
    shape : Network
        Time step, length, trials and precision.
    """
    network = Network(seed, shape.dt, shape.n_steps, shape.trials, shape.dtype, [], [], [])
    own = _Chooser(rng.spawn(1)[0], seed)
    if own.chance(0.05):
        return _wide_network(own, prefix, network)
    draw = _Chooser(rng, seed)
    for k in range(draw.whole(1, 4)):
        kind = draw.pick(("list", "list", "list", "poisson", "analogue"))
        source = Source(f"{prefix}s{k}", draw.whole(1, 6), kind if k else "list")
        source.rate, source.every = draw.real(0.05, 0.3), draw.pick((1, 1, 2, 5))
        network.sources.append(source)
    for k in range(draw.whole(1, 4)):
        name = draw.pick(BAD_NAMES) if draw.chance(0.015) else f"{prefix}c{k}"
        network.cells.append(_random_cells(draw, name, network))
    for k in range(draw.whole(1, 5)):
        network.links.append(_random_link(draw, f"{prefix}p{k}", network))
    return network


def _wide_network(draw: _Chooser, prefix: str, network: Network) -> Network:
    """Return many cells of which few fire, as large as it takes to leave columns and cells alone.

    The trace that presynaptic spikes read decays within a few steps.
    """
    source = Source(f"{prefix}s0", draw.whole(2, 5), "list", draw.real(0.2, 0.5))
    n = draw.whole(1024, 1045)
    steep = [
        Variable("v", "volt", "ode", text="(ge - v)/tau_m"),
        Variable("ge", "volt", "decay", "tau_e"), Variable("bias"),
    ]  # fmt: skip
    cells = Cells(
        f"{prefix}c0", n, steep, {"tau_m": draw.tau(), "tau_e": draw.tau()},
        f"v > {draw.pick((30, 100, 300, 300))}*mV*(1.01 - bias)", "v = 0*mV",
        draw.pick((False, 2 * ms)),
    )  # fmt: skip
    resting = Cells(
        f"{prefix}c1", n,
        [Variable("v", "volt", "ode", text="(e_l + ge - v)/tau_m"),
         Variable("ge", "volt", "decay", "tau_e")],
        {"tau_m": 1.25 * ms, "tau_e": 0.05 * ms, "e_l": 1 * mV},
        "v > 3*mV", "v = -1*mV", draw.pick((False, 2 * ms)),
    )  # fmt: skip
    change = "w + {}*{}"
    limits = "clip(w + {}*{}, 0, " + str(draw.real(0.6, 1.1)) + ")"
    text = draw.pick((limits, limits, change, "clip(w*(1 + {}*{}), 0, 1)"))
    learn = [
        Step("pre", "x1_pre", "+=", "a1"),
        Step("synapse", "w", "=", text.format("a2", "x2_post")),
    ]
    answer = [Step("post", "x2_post", draw.pick(("+=", "=")), "a1"),
              Step("synapse", "w", "=", text.format("a3", "x1_pre"))]  # fmt: skip
    rule = Rule(
        [Variable("w")], [Variable("x1_pre", "1", "decay", "tau1")],
        [Variable("x2_post", "1", "decay", "tau2")], [], {"on_pre": learn, "on_post": answer},
        {"tau1": draw.tau(), "tau2": 0.3 * ms, "a1": 0.5, "a2": draw.real(-0.3, 0.3),
         "a3": draw.real(-0.3, 0.3)},
    )  # fmt: skip
    if draw.chance(0.6):
        when = draw.pick(("trial_start", "trial_start", "trial_end"))
        rule.normalise = {"total": draw.real(0.5, 3), "over": "pre", "when": when}
    pre, post = (index.ravel().tolist() for index in np.indices((source.n, n)))
    feed = Link(
        f"{prefix}p0", "dense", source.name, cells.name, pre, post, [("ge_post", "w*gain")],
        rule=rule, parameters={"gain": draw.real(2, 8) * mV},
    )  # fmt: skip
    cross = Link(
        f"{prefix}p1", "uniform", cells.name, resting.name, list(range(n)), list(range(n)),
        [("ge_post", "0.5*gain")], draw.pick((0, 0, 2)), pattern="one_to_one",
        parameters={"gain": draw.real(2, 90) * mV},
    )  # fmt: skip
    network.sources.append(source)
    network.cells += [cells, resting]
    network.links += [feed, cross]
    return network


# ---- cells ---------------------------------------------------------------------------------------


def _random_cells(draw: _Chooser, name: str, network: Network) -> Cells:
    n = draw.whole(1, 7)
    kind = draw.pick((_current, _current, _conductance, _quadratic, _discrete, _analogue))
    cells: Cells = kind(draw, name, n)
    frames = [s for s in network.sources if s.kind == "analogue" and s.n in (1, n)]
    free = [v.name for v in cells.variables if v.name == "feed"]
    for variable in free:
        if frames:
            cells.inputs[variable] = draw.pick(frames).name
    if cells.threshold and draw.chance(0.5):
        cells.refractory = draw.pick((2 * ms, 3.2 * ms, 1 * ms, 5 * ms))
        for v in cells.variables:
            if v.name == "v" and draw.chance(0.7) and v.kind in ("ode", "decay"):
                v.flag = "unless refractory"
    stored = [v for v in cells.variables if v.kind != "sub" and v.name not in cells.inputs]
    if draw.chance(0.2):
        v = draw.pick(stored)
        cells.on_trial_start = f"{v.name} = {'1*mV' if v.unit == 'volt' else '0.25'}"
    if draw.chance(0.2):
        v = draw.pick(stored)
        cells.on_trial_end = f"{v.name} = 0.5*{v.name}"
    return cells


def _current(draw: _Chooser, name: str, n: int) -> Cells:
    rest, level = draw.real(-3, 3), draw.real(4, 12)
    variables = [
        Variable("v", "volt", "ode", text="(e_l - v + ge - gi + 8*mV*feed)/tau_m"),
        Variable("ge", "volt", "decay", "tau_e"),
        Variable("gi", "volt", "decay", draw.pick(("tau_e", "tau_i"))),
        Variable("feed"),
    ]
    parameters = {"tau_m": draw.tau(), "tau_e": draw.tau(), "e_l": rest * mV}
    if variables[2].tau == "tau_i":
        parameters["tau_i"] = draw.tau()
    threshold, reset = (
        f"v > {level}*mV",
        draw.pick(("v = -1*mV", "v -= 5*mV", "v = e_l; ge = 0*mV")),
    )
    if draw.chance(0.4):
        variables.append(Variable("theta", "volt", "decay", "tau_t"))
        parameters["tau_t"] = 20 * draw.tau()
        threshold, reset = f"v > {level}*mV + theta", f"{reset}; theta += 2*mV"
    if draw.chance(0.3):
        variables.append(Variable("ad", "volt", "ode", text="(0.4*(v - e_l) - ad)/tau_w"))
        variables[0].text = "(e_l - v + ge - gi - ad + 8*mV*feed)/tau_m"
        parameters["tau_w"] = draw.tau()
        reset += "; ad += 1*mV"
    method = draw.pick(("euler+decay", "euler+decay", "euler", "exponential_euler", "rk2", "rk4"))
    if draw.chance(0.2):
        method = draw.pick(("exact", "linear"))
        if "tau_w" not in parameters and draw.chance(0.3):  # a rate of every cell's own
            variables[0].text = "(e_l - v*(1 + 0.1*feed) + ge - gi)/tau_m"
    update = "v = clip(v, -20*mV, 30*mV)" if draw.chance(0.3) else ""
    return Cells(name, n, variables, parameters, threshold, reset, False, method, update)


def _conductance(draw: _Chooser, name: str, n: int) -> Cells:
    variables = [
        Variable("v", "volt", "ode", text="(e_l - v + ge*(e_e - v) + gi*(e_i - v))/tau_m"),
        Variable("ge", "1", "decay", "tau_e"),
        Variable("gi", "1", "decay", "tau_e", draw.pick(("", "", "g_0"))),
    ]
    parameters = {"tau_m": draw.tau(), "tau_e": draw.tau(), "e_l": -65 * mV, "e_e": 0 * mV,
                  "e_i": -90 * mV}  # fmt: skip
    if variables[2].rest:
        parameters["g_0"] = 0.1
    if draw.chance(0.3):
        variables.append(Variable("pull", "volt", "sub", text="ge*(e_e - v)"))
        variables[0].text = "(e_l - v + pull + gi*(e_i - v))/tau_m"
    method = draw.pick(("euler+decay", "euler", "exponential_euler", "rk4"))
    return Cells(name, n, variables, parameters, "v > -50*mV", "v = e_l", False, method)


def _quadratic(draw: _Chooser, name: str, n: int) -> Cells:
    variables = [
        Variable("v", "1", "ode", text="(0.04*v**2 + 5*v + 140 - u + drive)/ms"),
        Variable("u", "1", "ode", text="a*(b*v - u)/ms"),
        Variable("drive", "1", "decay", "tau_d"),
    ]
    parameters = {"a": 0.02, "b": 0.2, "tau_d": draw.tau()}
    return Cells(name, n, variables, parameters, "v > 30", "v = -65; u += 8", False,
                 draw.pick(("euler", "euler+decay", "rk2")))  # fmt: skip


def _discrete(draw: _Chooser, name: str, n: int) -> Cells:
    variables = [Variable("v"), Variable("drive"), Variable("age")]
    update = "v = leak*v + drive; drive = 0.5*drive; age = age + dt/ms"
    reset = draw.pick(("v = 0; age = 0", "v -= 1"))
    return Cells(name, n, variables, {"leak": draw.real(0.5, 0.95)}, "v > 1", reset, False,
                 "euler+decay", update)  # fmt: skip


def _analogue(draw: _Chooser, name: str, n: int) -> Cells:
    variables = [
        Variable("drive"),
        Variable("r", "1", "ode", text="(tanh(drive) - r)/tau_r"),
        Variable("slow", "1", "ode", text="(r - slow)/tau_r"),
        Variable("feed"),
        Variable("out", "1", "sub", text="tanh(r + 0.2*feed)"),
    ]
    if draw.chance(0.5):  # nothing that moves on the right: an exact decay
        variables[1] = Variable("r", "1", "decay", "tau_r", "drive")
    return Cells(name, n, variables, {"tau_r": draw.tau()}, method="euler+decay")


# ---- projections ---------------------------------------------------------------------------------


def _random_link(draw: _Chooser, name: str, network: Network) -> Link:
    firing = [s.name for s in network.sources if s.kind != "analogue"]
    firing += [c.name for c in network.cells if c.threshold]
    source, target = draw.pick(firing), draw.pick(network.cells)
    n_pre, n_post = network.sizes[source], target.n
    link = Link(
        name, draw.pick(("dense", "dense", "sparse", "uniform")), source, target.name, [], []
    )
    divisors = [g for g in (2, 3) if n_pre % g == 0 and n_post % g == 0]
    link.groups = (
        draw.pick(divisors) if divisors and draw.chance(0.5) and link.kind != "sparse" else 1
    )
    if link.kind == "uniform":
        equal = n_pre == n_post
        link.pattern = draw.pick(("one_to_one", "all_but_self", "all")) if equal else "all"
        if link.pattern == "one_to_one":
            link.groups = 1
    pre, post = (index.ravel() for index in np.indices((n_pre, n_post)))
    keep = pre // (n_pre // link.groups) == post // (n_post // link.groups)
    if link.kind == "sparse":
        keep = draw.rng.random(keep.size) < 0.6
        keep[0] = True
    elif link.pattern == "one_to_one":
        keep = pre == post
    elif link.pattern == "all_but_self":
        keep &= pre != post
    if not keep.any():
        keep, link.pattern, link.groups = pre >= 0, "all", 1
    link.pre, link.post = pre[keep].tolist(), post[keep].tolist()
    link.delay = draw.pick((0, 0, 0, 1, 3, 8))
    if link.kind != "uniform" and draw.chance(0.75):
        link.rule = _random_rule(draw, link, network)
    _add_transmission(draw, link, target)
    return link


def _add_transmission(draw: _Chooser, link: Link, target: Cells) -> None:
    into = [v for v in target.variables if v.name in ("ge", "gi", "drive", "v")]
    weight = "0.5" if link.kind == "uniform" else "w"
    if link.rule is not None and draw.chance(0.2):
        own = [v.name for v in (*link.rule.pre, *link.rule.synapse) if v.unit == "1"]
        weight = f"w*{draw.pick(own)}"
    for _ in range(draw.whole(1, 3)):
        v = draw.pick(into)
        if v.unit == "volt":
            link.parameters["gain"] = draw.real(1, 6) * mV
        elif v.name == "v" and target.threshold == "v > 30":
            continue
        text = f"{weight}*gain" if v.unit == "volt" else f"{weight}*{draw.real(0.1, 0.6)}"
        link.transmit.append((f"{v.name}_post", text))
    if not link.transmit and link.rule is None:
        link.transmit.append((f"{into[0].name}_post", f"{weight}*0.2"))
        if into[0].unit == "volt":
            link.transmit[-1] = (f"{into[0].name}_post", f"{weight}*3*mV")
    analogue = not target.threshold and link.kind != "uniform" and draw.chance(0.4)
    if analogue and not any(name == "drive_post" for name, _ in link.transmit):
        if link.rule is not None and link.rule.pre:
            trace = draw.pick([v.name for v in link.rule.pre if v.unit == "1"] or ["w"])
            link.summed = ("drive_post", f"w*{trace}")
            link.summed_when = draw.pick(("before", "after"))


class _RuleDraft:
    """A rule of a projection in the making."""

    def __init__(self, draw: _Chooser, link: Link, network: Network) -> None:
        self.draw = draw
        self.rule = Rule([Variable("w")], [], [], [], {}, {})
        self.names: dict[str, dict[str, str]] = {
            "synapse": {"w": "1"}, "pre": {}, "post": {}, "shared": {}, "parameter": {},
        }  # fmt: skip
        self.fixed: set[str] = set()
        self.still: set[str] = set()  # moved by statements alone
        self.subs: set[str] = set()
        for side, member in (("pre", link.source), ("post", link.target)):
            cells = next((c for c in network.cells if c.name == member), None)
            for v in cells.variables if cells is not None else []:
                if draw.chance(0.3):
                    self.names[side][f"{v.name}_{side}"] = v.unit
                    self.fixed.add(f"{v.name}_{side}")
                    if v.kind in ("plain", "sub"):
                        kept = self.still if v.kind == "plain" else self.subs
                        kept.add(f"{v.name}_{side}")

    def constant(self, unit: str) -> str:
        known = [n for n, u in self.names["parameter"].items() if u == unit]
        if known and self.draw.chance(0.4):
            return str(self.draw.pick(known))
        name = self.draw.name({"second": "tau", "volt": "u", "1": "a"}[unit])
        value: Any = self.draw.real(0.1, 1.2)
        if unit == "second":
            value = self.draw.tau()
        elif unit == "volt":
            value = 5 * value * mV
        self.rule.parameters[name] = value
        self.names["parameter"][name] = unit
        return name

    def reads(self, scope: str) -> dict[str, str]:
        places = {"synapse": ("synapse", "pre", "post", "shared"), "shared": ("shared",)}
        found = {n: u for n, u in self.names["parameter"].items() if u in ("1", "volt")}
        for place in places.get(scope, (scope, "shared")):
            found |= self.names[place]
        return found


def _random_rule(draw: _Chooser, link: Link, network: Network) -> Rule:
    draft = _RuleDraft(draw, link, network)
    rule, names = draft.rule, draft.names
    for side in ("pre", "post"):
        own = getattr(rule, side)
        for _ in range(draw.whole(0, 3)):
            name = f"{draw.name('x')}_{side}"
            v = Variable(name, "1", "decay", draft.constant("second"))
            ones = [n for n, u in names[side].items() if u == "1" and n not in draft.subs]
            if draw.chance(0.2):
                v.rest = draft.constant("1")
            elif ones and draw.chance(0.3):
                read = draw.pick(ones)  # what stands still within a step is a constant
                v.rest = read if read in draft.still else ""
                if not v.rest:
                    v = Variable(name, "1", "ode", text=f"({read} - {name})/{v.tau}")
                if "2" in name:
                    tau = draft.constant("second")
                    v = Variable(name, "1", "ode", text=f"(tanh({read}) - {name}**2)/{tau}")
            elif draw.chance(0.15):
                v = Variable(name)
                draft.still.add(name)
            own.append(v)
            names[side][name] = "1"
        if names[side] and draw.chance(0.15):
            name = f"{draw.name('y')}_{side}"
            text = Grammar(draw.rng, {n: u for n, u in names[side].items() if u == "1"}).one(1)
            own.append(Variable(name, "1", "sub", text=text))
            names[side][name] = "1"
            draft.fixed.add(name)
            draft.subs.add(name)
    _add_modulators(draft, link, network)
    _add_synaptic(draft)
    fires = any(c.name == link.target and c.threshold for c in network.cells)
    _add_steps(draft, fires)
    _add_delays(draft, link, network, fires)
    if draw.chance(0.15):
        rule.normalise = {
            "total": draw.real(0.5, 3), "over": draw.pick(("pre", "post")),
            "when": draw.pick(("trial_start", "trial_end")),
        }  # fmt: skip
    text = " ".join(
        [v.line for v in (*rule.synapse, *rule.pre, *rule.post, *rule.modulators)]
        + [step.code for steps in rule.slots.values() for step in steps]
        + [step.code for way in link.ways for step in way.steps]
    )
    words = set(_words(text))
    rule.parameters = {n: value for n, value in rule.parameters.items() if n in words}
    return rule


def _add_delays(draft: _RuleDraft, link: Link, network: Network, fires: bool) -> None:
    """Add what came later: delays, pathways and a record, drawn by a generator of their own."""
    rule, draw = (
        draft.rule,
        _Chooser(np.random.default_rng([draft.draw.seed, 11, len(network.links)])),
    )

    def delay(slot: str) -> Any:
        alone = all(
            s.scope == "synapse" and not s.target.endswith(("_pre", "_post"))
            for s in rule.slots.get(slot, [])
        )
        if alone and draw.chance(0.5):
            return draw.rng.integers(0, 6, len(link.pre)).tolist()
        return draw.whole(0, 6)

    if draw.chance(0.15):
        link.rule_delay = delay("on_pre")
    if draw.chance(0.15):
        link.delay = delay("" if link.rule_delay is not None else "on_pre")
    if draw.chance(0.2) and "on_post" in rule.slots:
        link.post_delay = delay("on_post")
    others = [s.name for s in network.sources if s.kind != "analogue"]
    others += [c.name for c in network.cells if c.threshold]
    targets = [v for v in rule.synapse if v.kind != "sub" and not v.flag == "shared"]
    for k in range(draw.pick((0, 0, 0, 1, 1, 2))):
        on = draw.pick(("pre", "post" if fires else "pre", draw.pick(others)))
        reads = draft.reads("synapse")
        if on not in ("pre", "post"):
            reads = {n: u for n, u in reads.items() if not n.endswith(("_pre", "_post"))}
            if any(v.kind == "sub" for v in rule.synapse):
                continue  # which may read cells
        grammar = Grammar(draw.rng, reads, on in ("pre", "post"), time=True)
        steps = []
        for _ in range(draw.whole(1, 3)):
            target = draw.pick(targets)
            line = grammar.assign(target.name, target.unit, ("=", "+=", "-=", "*="))
            name, op, text = line.split(" ", 2)
            steps.append(Step("synapse", name, op, text))
        way = Way(f"way{k}x", on, steps, draw.pick((None, None, -3, 0, 1, 2)))
        if draw.chance(0.6):
            way.delay = delay("") if on in ("pre", "post") else draw.whole(0, 6)
        link.ways.append(way)
    if draw.chance(0.4):
        link.recorded, link.every = draw.pick(targets).name, draw.pick((1, 1, 3))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def _add_modulators(draft: _RuleDraft, link: Link, network: Network) -> None:
    draw, rule = draft.draw, draft.rule
    for _ in range(draw.whole(0, 3)):
        side = draw.pick(("", "_pre", "_post"))
        name = f"{draw.name('m')}{side}"
        v = Variable(name, "1", flag="" if side else "shared")
        if draw.chance(0.3):
            v.kind, v.tau = "decay", draft.constant("second")
        elif draw.chance(0.4):
            n = {"": 1, "_pre": network.sizes[link.source], "_post": network.sizes[link.target]}
            found = [
                (s.name, "x") for s in network.sources if s.kind == "analogue" and s.n == n[side]
            ]
            found += [
                (c.name, o.name)
                for c in network.cells if c.n == n[side]
                for o in c.variables if o.unit == "1" and o.name not in c.inputs
            ]  # fmt: skip
            if found:
                rule.linked[name] = draw.pick(found)
                draft.fixed.add(name)
        rule.modulators.append(v)
        draft.names[side[1:] or "shared"][name] = "1"


def _add_synaptic(draft: _RuleDraft) -> None:
    draw, rule, own = draft.draw, draft.rule, draft.names["synapse"]
    for _ in range(draw.whole(0, 2)):
        name, unit = draw.name("h"), draw.pick(("1", "1", "volt"))
        rule.synapse.append(Variable(name, unit))
        own[name] = unit
    if draw.chance(0.2):
        name = draw.name("g")
        rule.synapse.append(Variable(name, "1", flag="shared"))
        draft.names["shared"][name] = "1"
    if draw.chance(0.4):
        first = Variable(
            draw.name("c"), "1", "decay", draft.constant("second"), flag="event-driven"
        )
        rule.synapse.append(first)
        own[first.name] = "1"
        if draw.chance(0.5):
            tau = draw.pick((first.tau, draft.constant("second")))
            name = draw.name("q")
            rule.synapse.append(Variable(name, "1", "decay", tau, first.name, flag="event-driven"))
            own[name] = "1"
    if draw.chance(0.3):
        name, tau = draw.name("d"), draft.constant("second")
        v = Variable(name, "1", "decay", tau, draw.pick(("", "w")), flag="clock-driven")
        cells = [n for side in ("pre", "post") for n, u in draft.names[side].items() if u == "1"]
        if cells and draw.chance(0.6):
            v.kind, v.text = "ode", f"(tanh({draw.pick(cells)}*w) - {name}**3)/{tau}"
        rule.synapse.append(v)
        own[name] = "1"
    if draw.chance(0.2):
        name = draw.name("s")
        reads = {n: u for n, u in draft.reads("synapse").items() if u == "1"}
        rule.synapse.append(Variable(name, "1", "sub", text=Grammar(draw.rng, reads).one(1)))
        own[name] = "1"
        draft.fixed.add(name)


def _add_steps(draft: _RuleDraft, fires: bool) -> None:
    draw, rule = draft.draw, draft.rule
    units = {n: u for names in draft.names.values() for n, u in names.items()}
    targets = {
        place: [n for n in names if n not in draft.fixed]
        for place, names in draft.names.items() if place != "parameter"
    }  # fmt: skip
    slots = {"on_pre": 0.85, "on_post": 0.85, "every": 0.35, "on_trial_start": 0.15,
             "on_trial_end": 0.3}  # fmt: skip
    for slot, share in slots.items():
        if not draw.chance(share) or (slot == "on_post" and not fires):
            continue
        own = slot[3:] if slot in ("on_pre", "on_post") else ""
        steps: list[Step] = []
        for _ in range(draw.whole(1, 4)):
            places = ["synapse", "synapse", *([own] if own else ["pre", "post", "shared"])]
            place = draw.pick([p for p in places if targets[p]])
            target = draw.pick(targets[place])
            grammar = Grammar(draw.rng, draft.reads(place), place == "synapse", time=True)
            other = {"pre": "post", "post": "pre"}.get(own, "post")
            if place == "synapse" and targets[other] and draw.chance(0.12):
                target = draw.pick(targets[other])  # a sum over the synapses of a cell
                reads = {
                    n: u for n, u in draft.reads("synapse").items() if n not in units or u == "1"
                }
                reads = {n: u for n, u in reads.items() if n != target and n not in draft.fixed}
                text = f"0.2*w*tanh({Grammar(draw.rng, reads).one(1)})"
                if not any(s.target == target for s in steps):
                    steps.append(Step("synapse", target, "+=", text))
                continue
            if any(s.target.endswith(("_pre", "_post")) and s.scope == "synapse" for s in steps):
                continue  # what is being added up must not be read
            if place == "synapse" and units[target] == "1" and draw.chance(0.1):
                name = f"tmp{len(steps)}"
                steps.append(Step("synapse", name, "=", grammar.one(2)))
                steps.append(Step("synapse", target, "+=", f"0.1*tanh({name})"))
                continue
            operators = ("=", "+=", "+=", "-=", "*=", "/=")
            line = grammar.assign(target, units[target], operators)
            name, op, text = line.split(" ", 2)
            steps.append(Step(place, name, op, text))
        if steps:
            rule.slots[slot] = steps
    if "every" in rule.slots:
        rule.interval = draw.pick((1, 1, 2, 3, 7))
