"""The catalogue of rules: equations, window, audit and reference of every rule of the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from brian2 import ms

from bioplastic.plasticity import PlasticityRule, rule_library
from bioplastic.plotting import COLUMN_WIDTH, panels, save_figure

from .writing import code, put, table

__all__ = ["write"]

_SLOTS = (
    "synapse", "pre", "post", "modulators", "on_pre", "on_post", "every", "on_trial_start",
    "on_trial_end",
)  # fmt: skip
_LAGS = np.linspace(-80, 80, 161)


def write(made: Path, home: Path) -> None:
    """Write ``rules.md`` and one picture per rule that has a pairing window."""
    parts = [
        "# Catalogue of rules\n",
        "One entry per rule of `bioplastic.plasticity.rule_library`, with its default constants. "
        "What the statements may read, and when they run, is told in {doc}`/rules`.\n",
    ]
    for family, rules in rule_library().items():
        parts.append(f"## {family[0].upper()}{family[1:]}\n")
        parts += [_describe(rule, made / "windows") for rule in rules]
    put(made / "rules.md", "\n".join(parts))


def _describe(rule: PlasticityRule, folder: Path) -> str:
    lines = [f"### {rule.name}\n"]
    if rule.reference:
        lines.append(f"{rule.reference}. Audit: **{rule.audit().verdict}**.\n")
    slots = [(slot, str(getattr(rule, slot)).strip()) for slot in _SLOTS if getattr(rule, slot)]
    width = max(len(slot) for slot, _ in slots)
    text = "\n".join(
        f"{slot:{width}}  " + f"\n{'':{width}}  ".join(line.strip() for line in value.splitlines())
        for slot, value in slots
    )
    if rule.interval is not None:
        text += f"\n{'interval':{width}}  {rule.interval}"
    if rule.normalise is not None:
        text += f"\n{'normalise':{width}}  {rule.normalise}"
    lines.append(code(text, "text"))
    if rule.parameters:
        rows = [(f"`{name}`", f"{value}") for name, value in rule.parameters.items()]
        lines.append(table(["parameter", "default"], rows))
    picture = _draw(rule, folder)
    if picture is not None:
        lines.append(
            f"![Change of the weight of {rule.name} after one pair](windows/{picture.name})\n"
        )
    return "\n".join(lines)


def _draw(rule: PlasticityRule, folder: Path) -> Path | None:
    """Draw the change after one pair of spikes, if the rule has one that is not zero."""
    path = folder / f"{rule.name.replace(' ', '-')}.png"
    if path.exists():
        return path
    try:
        change = np.asarray(rule.window(_LAGS * ms))
    except (ValueError, NotImplementedError):
        return None
    if not np.isfinite(change).all() or not change.any():
        return None
    figure, axes = panels(width=COLUMN_WIDTH, height=1.8)
    axes.axhline(0, color="0.6", linewidth=0.6)
    axes.axvline(0, color="0.6", linewidth=0.6)
    axes.plot(_LAGS, change)
    axes.set(xlabel="post minus pre (ms)", ylabel="change of weight", title=rule.name)
    return save_figure(figure, path, dpi=120)
