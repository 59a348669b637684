"""Results as a table for the terminal."""

from __future__ import annotations

from bioplastic.study.results import Results

__all__ = ["format_summary", "format_value"]


def format_summary(results: Results) -> str:
    """Return a table with each measured value beside the baselines and the paper's value.

    Names that begin with ``accuracy`` or ``acc`` are shown in percent. A baseline such as
    ``chance`` or ``accuracy_chance`` gets a column beside the accuracies, one that shares the
    first word of other metrics a column beside those, any other a row of its own.

    Examples
    --------
    >>> print(format_summary(Results(metrics={"accuracy": 0.5}, baselines={"chance": 0.1})))
    metric    measured  chance
    accuracy    50.0 %  10.0 %
    """
    families = {_family(name) for name in results.metrics}
    columns: dict[str, dict[str, float]] = {}  # title: value by first word of the metrics
    rest: dict[str, float] = {}
    for name, value in results.baselines.items():
        if name.endswith("_std"):
            continue
        family, _, title = name.partition("_")
        if title and _family(family) in families:
            columns.setdefault(title.replace("_", " "), {})[_family(family)] = value
        elif "accuracy" in families and 0 <= value <= 1:
            columns.setdefault(name.replace("_", " "), {})["accuracy"] = value
        else:
            rest[name] = value
    names = [name for name in results.metrics if not name.endswith("_std")]
    names += [name for name in results.paper if name not in names and not name.endswith("_std")]
    header = ["metric", "measured", *columns, *(["paper"] if results.paper else [])]
    rows = []
    for name in names:
        row = [name.replace("_", " ")]
        row.append(
            format_value(name, results.metrics.get(name), results.metrics.get(f"{name}_std"))
        )
        row += [format_value(name, values.get(_family(name))) for values in columns.values()]
        if results.paper:
            row.append(
                format_value(name, results.paper.get(name), results.paper.get(f"{name}_std"))
            )
        rows.append(row)
    for name, value in rest.items():
        blanks = ["-"] * (len(header) - 2)
        rows.append([f"{name.replace('_', ' ')} (baseline)", format_value(name, value), *blanks])
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    lines = []
    for line in [header, *rows]:
        first, *others = zip(line, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _family(name: str) -> str:
    word = name.split("_")[0]
    return "accuracy" if word == "acc" else word


def format_value(name: str, value: float | None, spread: float | None = None) -> str:
    """Return a number as text, accuracies in percent, with its deviation if there is one.

    Examples
    --------
    >>> format_value("accuracy", 0.5, 0.01), format_value("spikes", 17.25), format_value("a", None)
    ('50.0 ± 1.0 %', '17.25', '-')
    """
    if value is None:
        return "-"
    if _family(name) == "accuracy":
        if spread is None:
            return f"{100 * value:.1f} %"
        return f"{100 * value:.1f} ± {100 * spread:.1f} %"
    return f"{value:.4g}" if spread is None else f"{value:.4g} ± {spread:.2g}"
