"""One page per published system: what it is, its command, its numbers and its figures."""

from __future__ import annotations

import importlib
import inspect
import shutil
from pathlib import Path

from bioplastic.commands.registry import MODULES, read_heading
from bioplastic.study.results import Results, load_numbers

from .writing import code, put, table

__all__ = ["write"]

_MOST_FIGURES = 14


def write(made: Path, home: Path) -> None:
    """Write ``systems/NAME.md`` for every experiment, and copy its figures."""
    figures = home.parent / "figures"
    names = sorted(MODULES)
    for name in names:
        put(made / "systems" / f"{name}.md", _page(name, figures, made / "systems", home))
    rows = []
    for name in names:
        heading = read_heading(name)
        rows.append((f"[{name}](made/systems/{name}.md)", heading.title, heading.reference))
    put(made / "systems_table.md", table(["system", "what", "paper"], rows))


def _page(name: str, figures: Path, folder: Path, home: Path) -> str:
    heading = read_heading(name)
    module = importlib.import_module(MODULES[name])
    text = inspect.cleandoc(module.__doc__ or "")
    costs = ", ".join(f"`{scale}` {cost}" for scale, cost in heading.costs.items())
    source = f"experiments/{name}.py" if not hasattr(module, "__path__") else f"experiments/{name}/"
    lines = [
        f"# {heading.title}\n",
        f"{heading.reference}\n",
        code(f"bioplastic run {name}", "sh"),
        f"Scales and costs: {costs}. The script is `{source}`; the model is in "
        f"{_models(module)}.\n",
        "## What is computed\n",
        "\n".join(text.splitlines()[1:]).strip() + "\n",
    ]
    notes = home / "systems" / f"{name}.md"
    if notes.exists():
        lines.append(notes.read_text("utf-8"))
    for path in sorted(figures.glob(f"{name}*.json")):
        if _belongs(path.stem, name) and not path.stem.endswith("_sweep"):
            lines.append(_results(load_numbers(path), figures, folder))
    return "\n".join(lines)


def _belongs(stem: str, name: str) -> bool:
    longer = [other for other in MODULES if other.startswith(name) and other != name]
    return not any(stem == other or stem.startswith(f"{other}_") for other in longer)


def _models(module: object) -> str:
    names = sorted(
        {
            value.__module__
            for value in vars(module).values()
            if getattr(value, "__module__", "").startswith("bioplastic.models.")
        }
    )
    return ", ".join(f"`{name}`" for name in names) or "`bioplastic`"


def _results(results: Results, figures: Path, folder: Path) -> str:
    seeds = f", seed {results.seed}"
    lines = [
        f"## Results: {results.name}\n",
        f"Scale {results.scale}, data {results.data}{seeds}; "
        f"{results.cpu_seconds:,.0f} s of CPU.\n",
    ]
    spread = results.metrics
    rows = []
    for key, value in results.metrics.items():
        if key.endswith("_std"):
            continue
        text = f"{value:.4g}" + (f" ± {spread[f'{key}_std']:.2g}" if f"{key}_std" in spread else "")
        published = results.paper.get(key)
        rows.append((f"`{key}`", text, "–" if published is None else f"{published:.4g}"))
    lines.append(_folded("measured, published", table(["quantity", "measured", "published"], rows)))
    rows = [
        (f"`{key}`", f"{value:.4g}")
        for key, value in results.baselines.items()
        if not key.endswith("_std")
    ]
    if rows:
        lines.append(_folded("baselines", table(["baseline", "value"], rows)))
    pictures = sorted(figures.glob(f"{results.name}_*.png"))
    others = {path.stem for path in figures.glob(f"{results.name}_*.json")}
    shown = [p for p in pictures if not any(p.stem.startswith(f"{other}_") for other in others)]
    for picture in shown[:_MOST_FIGURES]:
        target = folder / "figures" / picture.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.stat().st_mtime < picture.stat().st_mtime:
            shutil.copyfile(picture, target)
        title = picture.stem.removeprefix(f"{results.name}_").replace("_", " ")
        lines.append(f"![{title}](figures/{picture.name})\n\n*{title}*\n")
    return "\n".join(lines)


def _folded(title: str, text: str) -> str:
    few = ":open:\n" if text.count("\n") < 24 else ""
    return f":::{{dropdown}} {title}\n{few}\n{text}\n:::\n"
