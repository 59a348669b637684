"""From samples to medians, paired ratios, and the table that people read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from .measure import slope
from .protocol import plastic_synapses

__all__ = [
    "markdown_table",
    "pair_runs",
    "paired_ratios",
    "short_number",
    "summarise",
    "write_json",
]


def pair_runs(
    samples: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Turn the short and the long run of each repeat into one cost per image.

    Parameters
    ----------
    samples : iterable of mapping
        One record per run with ``contender, n, repeat, cpu_seconds, peak_bytes`` and an
        ``outcome`` of ``images, presentations, hidden_spikes, input_spikes``. Where the outcomes
        tell ``cpu_seconds_simulation``, the cost is from these: imports of 2.7 s vary by more than
        a fast program takes.

    Returns
    -------
    pairs : list of dict
        One record per (contender, n, repeat) that has two runs. ``cpu_ms_per_image`` and
        ``cpu_ms_per_presentation`` exclude set-up; an image that is shown again counts as two
        presentations.
    unresolved : list of dict
        Those whose longer run took no more time than the shorter one, so that they have no cost.
    """
    groups: dict[tuple[str, int, int], list[Mapping[str, Any]]] = {}
    for sample in samples:
        key = (sample["contender"], sample["n"], sample["repeat"])
        groups.setdefault(key, []).append(sample)
    pairs, unresolved = [], []
    for (contender, n, repeat), runs in groups.items():
        if len(runs) != 2:
            continue
        few, many = sorted(runs, key=lambda run: run["outcome"]["images"])
        told = all("cpu_seconds_simulation" in run["outcome"] for run in runs)
        cpu = [
            run["outcome"]["cpu_seconds_simulation"] if told else run["cpu_seconds"]
            for run in (few, many)
        ]
        if cpu[1] <= cpu[0]:
            unresolved.append(dict(contender=contender, n=n, repeat=repeat))
            continue

        def per(unit: str, few: Any = few, many: Any = many, cpu: Any = cpu) -> float:
            return 1e3 * slope(cpu[0], cpu[1], few["outcome"][unit], many["outcome"][unit])

        per_image = per("images")
        pairs.append(
            dict(
                contender=contender,
                n=n,
                repeat=repeat,
                cpu_ms_per_image=per_image,
                cpu_ms_per_presentation=per("presentations"),
                setup_cpu_seconds=few["cpu_seconds"] - per_image * few["outcome"]["images"] / 1e3,
                peak_bytes=max(few["peak_bytes"], many["peak_bytes"]),
                base_bytes=many["outcome"].get("base_bytes"),
                images=many["outcome"]["images"],
                hidden_spikes=many["outcome"]["hidden_spikes"],
                input_spikes=many["outcome"]["input_spikes"],
            )
        )
    return pairs, unresolved


def paired_ratios(
    pairs: Sequence[Mapping[str, Any]], base: str, key: str = "cpu_ms_per_presentation"
) -> dict[str, dict[str, dict[str, Any]]]:
    """Divide the cost (an entry of each pair) of each contender by ``base``'s in the same repeat.

    Returns
    -------
    dict
        ``{n: {contender: {"median", "smallest", "largest", "each"}}}``, sizes as strings.
    """
    cost = {(p["contender"], p["n"], p["repeat"]): p[key] for p in pairs}
    each: dict[str, dict[str, list[float]]] = {}
    for (contender, n, repeat), value in cost.items():
        other = cost.get((base, n, repeat))
        if contender != base and other is not None and other > 0:
            each.setdefault(str(n), {}).setdefault(contender, []).append(value / other)
    return {
        n: {
            name: dict(median=median(v), smallest=min(v), largest=max(v), each=v)
            for name, v in by_name.items()
        }
        for n, by_name in each.items()
    }


def summarise(
    pairs: Sequence[Mapping[str, Any]], activity: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return medians over the repeats as ``{n: {contender: {...}}}``, sizes as strings.

    ``activity`` holds the hidden spikes of the reference over the images that the contender saw;
    ``activity_over_reference`` is the contender's own divided by it.

    ``bytes_per_plastic_synapse`` is the growth of peak memory from the smallest size measured to
    this one, per plastic synapse added: what a program needs at no size at all cancels out. A
    contender that says what it held before its network existed (``base_bytes``) gets the growth
    from there instead.
    """
    keys = (
        "cpu_ms_per_image", "cpu_ms_per_presentation", "setup_cpu_seconds", "peak_bytes", "images",
        "hidden_spikes", "input_spikes",
    )  # fmt: skip
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for n in sorted({p["n"] for p in pairs}):
        for name in dict.fromkeys(p["contender"] for p in pairs):
            own = [p for p in pairs if p["n"] == n and p["contender"] == name]
            if not own:
                continue
            entry: dict[str, Any] = {key: median(p[key] for p in own) for key in keys}
            costs = [p["cpu_ms_per_image"] for p in own]
            entry |= dict(smallest=min(costs), largest=max(costs), repeats=len(own))
            entry["cpu_ns_per_plastic_synapse"] = (
                1e6 * entry["cpu_ms_per_image"] / plastic_synapses(n)
            )
            entry["bytes_per_plastic_synapse"] = None
            expected = (activity or {}).get(str(n), {}).get(name)
            entry["activity_over_reference"] = (
                entry["hidden_spikes"] / expected if expected else None
            )
            table.setdefault(str(n), {})[name] = entry
    for name in {name for entries in table.values() for name in entries}:
        sizes = sorted(int(n) for n in table if name in table[n])
        first = table[str(sizes[0])][name]
        for n in sizes:
            entry = table[str(n)][name]
            bases = [p["base_bytes"] for p in pairs if p["n"] == n and p["contender"] == name
                     and p.get("base_bytes")]  # fmt: skip
            if bases:
                grown = entry["peak_bytes"] - median(bases)
                entry["bytes_per_plastic_synapse"] = grown / plastic_synapses(n)
                continue
            if n == sizes[0]:
                continue
            entry["bytes_per_plastic_synapse"] = slope(
                first["peak_bytes"],
                entry["peak_bytes"],
                plastic_synapses(sizes[0]),
                plastic_synapses(n),
            )
    return table


def short_number(value: float | None, digits: int = 3) -> str:
    """Return a number with some digits that count, a dash for None."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"


def markdown_table(
    table: Mapping[str, Mapping[str, Mapping[str, Any]]],
    labels: Mapping[str, str],
    ratios: Mapping[str, Mapping[str, Mapping[str, Any]]],
    base: str,
    missing: Mapping[str, str],
) -> str:
    """Return the results as a markdown table; who is missing is named below it, with the reason."""
    head = [
        "N", "contender", "CPU ms per image", "range", f"times {labels.get(base, base)}",
        "ns per plastic synapse", "peak MiB", "bytes per plastic synapse", "hidden spikes",
        "of reference's", "input spikes",
    ]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for n, entries in table.items():
        for name, entry in entries.items():
            ratio = ratios.get(n, {}).get(name, {}).get("median")
            cells = [
                n,
                labels.get(name, name),
                short_number(entry["cpu_ms_per_image"]),
                f"{short_number(entry['smallest'])} to {short_number(entry['largest'])}",
                "1" if name == base else short_number(ratio),
                short_number(entry["cpu_ns_per_plastic_synapse"]),
                short_number(entry["peak_bytes"] / 2**20),
                short_number(entry["bytes_per_plastic_synapse"]),
                f"{entry['hidden_spikes']:.1f}",
                short_number(entry["activity_over_reference"]),
                f"{entry['input_spikes']:.0f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"Not measured: {labels.get(k, k)}, {why}." for k, why in missing.items())]
    return "\n".join(lines).rstrip() + "\n"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` as JSON, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".json")
    try:
        with os.fdopen(handle, "w") as stream:
            json.dump(content, stream, indent=1, sort_keys=False)
            stream.write("\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
