"""Locality audit of the whole rule library.

For every rule: what its updates read, computed from the parsed equations; whether it is causal and
online; how many numbers it stores per synapse and per cell; how many operations it takes. Recursive
least squares, the optimiser of FORCE, stands below as the comparison that is not local.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bioplastic.plasticity import (
    Audit,
    Origin,
    RecursiveLeastSquares,
    Verdict,
    rule_library,
    symmetric_stdp,
)
from bioplastic.plotting import GREY, PAGE_WIDTH, PALETTE, new_figure, save_figure, use_style
from bioplastic.study.framework import Experiment, figure_path
from bioplastic.study.results import Results

COLUMNS = {
    Origin.SYNAPSE: "this synapse",
    Origin.PRE: "presynaptic cell",
    Origin.POST: "postsynaptic cell",
    Origin.SCALAR: "scalar modulator",
    Origin.PER_NEURON: "modulator per cell",
    Origin.INPUTS: "sum over inputs",
    Origin.ELSEWHERE: "anything else",
}
COLOURS = {
    Verdict.LOCAL: PALETTE[0],
    Verdict.MODULATED: PALETTE[2],
    Verdict.CELL_WIDE: PALETTE[4],
    Verdict.NON_LOCAL: PALETTE[1],
}
NUMBERS = ("synapse", "pre", "post")
WORK = (
    ("pre spike, per synapse", "pre spike"),
    ("post spike, per synapse", "post spike"),
    ("step", "step"),
)


def collect_audits() -> list[tuple[str, Audit]]:
    """Return (family, audit) of all rules, FORCE last."""
    audits = [(family, rule.audit()) for family, rules in rule_library().items() for rule in rules]
    scaled = symmetric_stdp(total=78.4, name="sym-stdp + scaling")
    at = max(k for k, (family, _) in enumerate(audits) if family == "homeostasis")
    audits.insert(at + 1, ("homeostasis", scaled.audit()))
    return [*audits, ("comparison", RecursiveLeastSquares(100, 1).audit())]


def origins_of(audit: Audit) -> set[Origin]:
    """Return where anything comes from that a rule reads."""
    return {origin for update in audit.updates for _, origin in update.reads}


def format_table(audits: list[tuple[str, Audit]]) -> str:
    """Return the table as text."""
    head = ("rule", "verdict", "timing", "memory syn/pre/post", "operations pre/post/step", "reads")
    rows = [
        (
            audit.rule,
            str(audit.verdict),
            "online" if audit.online else "trial limits",
            "/".join(str(audit.memory[place]) for place in NUMBERS),
            "/".join(str(audit.operations[key]) for key, _ in WORK),
            ", ".join(COLUMNS[o] for o in COLUMNS if o in origins_of(audit)),
        )
        for _, audit in audits
    ]
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join(lines)


def compute(args: argparse.Namespace) -> Results:
    """Audit all rules and print the table."""
    audits = collect_audits()
    print(format_table(audits), end="\n\n")
    verdicts = [audit.verdict for _, audit in audits]
    reads = [[origin in origins_of(audit) for origin in COLUMNS] for _, audit in audits]
    return Results(
        metrics={
            "rules": float(len(audits)),
            "rules_local": float(verdicts.count(Verdict.LOCAL)),
            "rules_local_with_modulator": float(verdicts.count(Verdict.MODULATED)),
            "rules_cell_wide": float(verdicts.count(Verdict.CELL_WIDE)),
            "rules_non_local": float(verdicts.count(Verdict.NON_LOCAL)),
            "rules_causal": float(sum(audit.causal for _, audit in audits)),
            "rules_online": float(sum(audit.online for _, audit in audits)),
        },
        parameters={
            "rules": [{"family": family, **audit.to_dict()} for family, audit in audits],
            "latex": [audit.to_latex() for _, audit in audits],
        },
        arrays={"reads": np.array(reads)},
    )


def draw(results: Results, out: Path) -> list[Path]:
    """Draw the table as one figure."""
    rules: list[dict[str, Any]] = results.parameters["rules"]
    path = figure_path(out, results.name, "table")
    return [save_figure(draw_table(rules, results.arrays["reads"]), path)]


def draw_table(rules: list[dict[str, Any]], reads: Any) -> Figure:
    """Return a page-wide figure: dots for what is read, numbers for what it costs."""
    places = _place_rows(rules)
    height = 0.118 * (places[-1] + 1) + 1.42
    with use_style():
        figure = new_figure(PAGE_WIDTH, height)
        figure.set_layout_engine("none")
        left, top = 0.245, 1 - 1.12 / height
        axes = figure.add_axes((left, 0.26 / height, 1 - left - 0.01, top - 0.26 / height))
        dots = np.arange(len(COLUMNS))
        memory = len(COLUMNS) + 0.6 + 0.8 * np.arange(3)
        work = memory[-1] + 1.2 + 1.05 * np.arange(3)
        timing = work[-1] + 1.2
        axes.set_xlim(-0.6, timing + 1.0)
        axes.set_ylim(places[-1] + 0.7, -0.7)
        axes.axis("off")
        size = 6.4
        for k, (rule, y) in enumerate(zip(rules, places, strict=True)):
            colour = COLOURS[Verdict(rule["verdict"])]
            if k % 2 == 0:
                axes.axhspan(y - 0.5, y + 0.5, xmin=-0.3, color="0.955", linewidth=0, clip_on=False)
            axes.text(-0.75, y, rule["rule"], ha="right", va="center", fontsize=size)
            axes.plot(dots, np.full(len(dots), y), ".", color="0.82", markersize=2)
            axes.plot(dots[reads[k]], np.full(reads[k].sum(), y), "o", color=colour, markersize=4.2)
            for x, place in zip(memory, NUMBERS, strict=True):
                _number(axes, x, y, rule["memory"][place], size)
            for x, (key, _) in zip(work, WORK, strict=True):
                _number(axes, x, y, rule["operations"][key], size)
            text = "online" if rule["online"] else "trial limits"
            axes.text(timing, y, text, ha="center", va="center", fontsize=size)
        _name_families(axes, rules, places, size)
        _name_columns(axes, dots, memory, work, timing)
        _explain_colours(figure, rules, height)
    return figure


def _place_rows(rules: list[dict[str, Any]]) -> list[float]:
    """Return the height of each row, with room above each family for its name."""
    places, y, family = [], -1.0, None
    for rule in rules:
        y += 2.1 if rule["family"] != family else 1.0
        family = rule["family"]
        places.append(y)
    return places


def _number(axes: Any, x: float, y: float, value: int, size: float) -> None:
    text = f"{value:,}".replace(",", " ") if value else "·"
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color="black" if value else GREY)


def _name_families(
    axes: Any, rules: list[dict[str, Any]], places: list[float], size: float
) -> None:
    family = None
    for rule, y in zip(rules, places, strict=True):
        if rule["family"] != family:
            family = rule["family"]
            name = family[0].upper() + family[1:]
            axes.text(-0.75, y - 1.02, name, ha="right", va="center", fontsize=size, weight="bold")


def _name_columns(axes: Any, dots: Any, memory: Any, work: Any, timing: float) -> None:
    transform = axes.get_xaxis_transform()
    for x, text in [
        *zip(dots, COLUMNS.values(), strict=True),
        *zip(memory, ("synapse", "pre cell", "post cell"), strict=True),
        *zip(work, (name for _, name in WORK), strict=True),
    ]:
        axes.text(
            x, 1.005, text, rotation=50, ha="left", va="bottom", fontsize=6.4,
            transform=transform, rotation_mode="anchor",
        )  # fmt: skip
    for x, text, align in (
        (dots[0] - 0.2, "Updates read", "left"),
        (memory[0] - 0.2, "Stored numbers", "left"),
        (work[0] - 0.2, "Operations per", "left"),
        (timing, "Weights change", "center"),
    ):
        high = 1.005 if align == "center" else 1.17
        axes.text(
            x, high, text.replace(" ", "\n", align == "center"), ha=align, va="bottom",
            fontsize=7, weight="bold", transform=transform, linespacing=1.1,
        )  # fmt: skip


def _explain_colours(figure: Figure, rules: list[dict[str, Any]], height: float) -> None:
    found = {rule["verdict"] for rule in rules}
    handles = [
        figure.axes[0].plot([], [], "o", color=colour, markersize=4.2, label=str(verdict))[0]
        for verdict, colour in COLOURS.items()
        if str(verdict) in found
    ]
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), fontsize=7, handletextpad=0.1,
        bbox_to_anchor=(0.55, 0.0), borderaxespad=0.2,
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="audit",
    title="Which learning rules are local? Audit of the rule library",
    reference="Computed from the equations of each rule; papers as named in its reference",
    costs={"smoke": "3 s", "quick": "3 s"},
    datasets=("none",),
    compute=compute,
    draw=draw,
)
