"""Collect the kernels of a network and what they need besides their own text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from brian2.units.fundamentalunits import DimensionMismatchError
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.brian2_bridge import (
    RANDOM_FUNCTIONS,
    TEMPLATE_WORDS,
    KernelCode,
    c_data_type,
    create_runner_codeobj,
)
from bioplastic.engine.columns import Columns
from bioplastic.engine.factors import Decay
from bioplastic.engine.optimisations import OPTIMISATIONS, left_out
from bioplastic.engine.part import Part
from bioplastic.engine.plan import Plan
from bioplastic.engine.quiet import Quiet

__all__ = ["Assembly"]


@dataclass
class Assembly:
    """What the kernels of a network need besides their own text."""

    plan: Plan
    kernels: list[str] = field(default_factory=list)
    support: dict[str, None] = field(default_factory=dict)
    arrays: dict[str, tuple[str, int]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    frames: dict[str, str] = field(default_factory=dict)
    moving_rates: bool = False
    columns: dict[str, Columns] = field(default_factory=dict)
    decays: dict[str, tuple[str, list[Decay]]] = field(default_factory=dict)
    factors: dict[str, str] = field(default_factory=dict)
    quiet: dict[str, Quiet] = field(default_factory=dict)
    steady: dict[str, str] = field(default_factory=dict)
    beginnings: list[str] = field(default_factory=list)
    least_squares: dict[str, tuple[int, int, float, bool]] = field(default_factory=dict)

    @property
    def float_type(self) -> str:
        """Type of the numbers of the program."""
        return str(c_data_type(self.plan.dtype))

    def add(
        self, name: str, owner: Any, code: str, template: str, *, path: str, size: int, **kwds: Any
    ) -> str:
        """Render one kernel and return the call that runs it."""
        random = bool(get_identifiers(code) & set(RANDOM_FUNCTIONS))
        wanted = {name: name not in left_out() for name in OPTIMISATIONS}
        words = {"vectorise": not random, "size": size, "wanted": wanted}
        try:
            codeobj = create_runner_codeobj(
                owner,
                code,
                template,
                run_namespace={},
                name=f"run_{name}",
                needed_variables=list(kwds.pop("needed", ())),
                override_conditional_write=kwds.pop("override", None),
                additional_variables=kwds.pop("additional", None),
                check_units=kwds.pop("check_units", True),
                template_kwds={TEMPLATE_WORDS: words | kwds},
                codeobj_class=KernelCode,
            )
        except (KeyError, ValueError, SyntaxError, DimensionMismatchError) as error:
            reason = error.args[0] if error.args else error
            text = "; ".join(line.strip() for line in code.splitlines() if line.strip())
            raise ValueError(f"Program, {name}: cannot compile {text!r}: {reason}") from error
        body, support = str(codeobj.code).split("//@support\n")
        self.kernels.append(self._keep_used_declarations(body, codeobj.variables))
        if support.strip():
            self.support[support.strip()] = None
        note = "draws random numbers in sequence: not vectorised" if random else ""
        if "double _draws[" in body:
            note = "draws random numbers in a loop of their own"
        self.parts.append(Part(name, template, path, size, note))
        return f"run_{name}();"

    def add_plain(self, template: str, **kwds: Any) -> None:
        """Render a function that is made of no statements."""
        self.kernels.append(KernelCode.templater.env.get_template(template).render(**kwds))

    def literal(self, value: float) -> str:
        """Return a number in the precision of the program, as the compiler reads it."""
        text = repr(float(value)).replace("inf", "INFINITY")
        return f"{self.float_type}({text})"

    def _keep_used_declarations(self, body: str, variables: dict[str, Any]) -> str:
        """Drop unused pointers and constants, and remember the arrays that remain."""
        lines = body.split("\n")
        kept = []
        for line in lines:
            match = re.match(r"\s*\w+\*\s*(?:__restrict)?\s*const (_ptr\w+) = (\w+);", line)
            constant = re.match(r"\s*constexpr \w+ (\w+) = ", line)
            symbol = match.group(1) if match else constant.group(1) if constant else None
            if symbol and len(re.findall(rf"\b{re.escape(symbol)}\b", body)) == 1:
                continue
            kept.append(line)
        # A literal time step lets the compiler evaluate exp(-dt/tau) and the like once and for all.
        dt = float(self.plan.clock.dt)
        text = "\n".join(kept).replace(
            "double* const _ptr_array_clock_dt = _array_clock_dt;",
            f"constexpr double _ptr_array_clock_dt[1] = {{(double){dt!r}L}};",
        )
        for variable in variables.values():
            owner = getattr(getattr(variable, "owner", None), "name", None)
            array = f"_array_{owner}_{getattr(variable, 'name', None)}"
            if owner is not None and re.search(rf"= {re.escape(array)};", text):
                size = 1 if variable.scalar else _size_of(variable, self.plan)
                self.arrays[array] = (c_data_type(variable.dtype), size)
        return text


def _size_of(variable: Any, plan: Plan) -> int:
    name = variable.owner.name
    if name in plan.groups:
        return int(plan.groups[name].N)
    return 0 if name in plan.synapses else 1
