"""Take what does not change inside a loop out of it, before the compiler sees it.

Statements over pairs of cells read values of one presynaptic cell that are the same for all its
synapses. A compiler moves loads and sums out of the inner loop, but not calls such as ``tanh``, and
then the whole loop stays scalar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = [
    "indexed_by",
    "keep_varying",
    "names_none",
    "take_draws",
    "take_invariant",
    "tell_changes",
]

_DECLARATION = re.compile(r"\s*const [\w ]+? (\w+) = (.*);\s*$")
_NAME = re.compile(r"[A-Za-z_]\w*")
_STORED = re.compile(r"\s*(\w+\[_idx\]) = (\w+);\s*$")
_DRAWS = {"bp_rand", "bp_randn", "bp_poisson"}
_UNIFORM = re.compile(r"\bbp_rand\(_vectorisation_idx\)")


def take_invariant(code: str | Sequence[str], *varying: str) -> str:
    """Return the declarations of constants that depend on none of the varying names.

    Parameters
    ----------
    code : str or sequence of str
        Body of a loop, one statement per line, each name declared before it is read.
    *varying : str
        Names that change from one pass to the next, such as the loop index.

    Examples
    --------
    >>> body = "const float a = p[_i];\\nconst float b = tanh(a);\\nconst float c = w[_j]*b;"
    >>> print(take_invariant(body, "_j"))
    const float a = p[_i];
    const float b = tanh(a);
    >>> keep_varying(body, "_j")
    'const float c = w[_j]*b;'
    """
    return "\n".join(_split(code, varying)[0])


def keep_varying(code: str | Sequence[str], *varying: str) -> str:
    """Return what `take_invariant` leaves, in order."""
    return "\n".join(_split(code, varying)[1])


def _split(code: str | Sequence[str], varying: Sequence[str]) -> tuple[list[str], list[str]]:
    lines = code.split("\n") if isinstance(code, str) else list(code)
    changing = {*varying, *_DRAWS}
    outside: list[str] = []
    inside: list[str] = []
    for line in lines:
        declared = _DECLARATION.match(line)
        if declared and changing.isdisjoint(_NAME.findall(declared.group(2))):
            outside.append(line)
            continue
        inside.append(line)
        # whatever a statement declares or assigns may change in the loop
        changing.update(_NAME.findall(line.split("=")[0]))
    return outside, inside


def take_draws(code: str | Sequence[str], wanted: bool = True) -> tuple[str, int]:
    """Let a loop over cells read its uniform numbers from an array instead of drawing them.

    Nothing is taken from a loop that draws on a condition or from other distributions, or twice in
    a statement, where the order is the compiler's.

    Parameters
    ----------
    code : str or sequence of str
        Body of the loop, one statement per line.
    wanted : bool, default True
        Whether anything is taken.

    Returns
    -------
    code : str
        The body, with ``_draws[...]`` for each draw, in the order of the draws.
    number : int
        Draws per cell, 0 if the body is as it was.

    Examples
    --------
    >>> take_draws("const char _cond = bp_rand(_vectorisation_idx) < p_;")
    ('const char _cond = _draws[(_idx - _start) * 1 + 0] < p_;', 1)
    """
    lines = code.split("\n") if isinstance(code, str) else list(code)
    counts = [len(_UNIFORM.findall(line)) for line in lines]
    other = [
        _NAME.findall(line).count("bp_rand") - n for line, n in zip(lines, counts, strict=True)
    ]
    drawing = [line for line in lines if not _DRAWS.isdisjoint(_NAME.findall(line))]
    plain = all(
        "?" not in line and _DRAWS & {*_NAME.findall(line)} == {"bp_rand"} for line in drawing
    )
    number = sum(counts)
    if not (wanted and number and plain and max(counts) == 1 and not any(other)):
        return "\n".join(lines), 0
    taken, before = [], 0
    for line, count in zip(lines, counts, strict=True):
        taken.append(_UNIFORM.sub(f"_draws[(_idx - _start) * {number} + {before}]", line))
        before += count
    return "\n".join(taken), number


def names_none(code: str | Sequence[str], *names: str) -> bool:
    """Return whether code reads and writes none of the names.

    Examples
    --------
    >>> names_none("w[_idx] *= f;", "_presynaptic_idx", "_postsynaptic_idx")
    True
    """
    text = code if isinstance(code, str) else "\n".join(code)
    return {*names}.isdisjoint(_NAME.findall(text))


def indexed_by(code: str | Sequence[str], index: str) -> list[str]:
    """Return the arrays that code reads or writes at an index, each once.

    Examples
    --------
    >>> indexed_by("const float x = p[_j];\\nw[_idx] = w[_idx] + x;", "_idx")
    ['w']
    """
    text = code if isinstance(code, str) else "\n".join(code)
    return list(dict.fromkeys(re.findall(rf"\b(\w+)\[{re.escape(index)}\]", text)))


def tell_changes(code: str | Sequence[str], flag: str) -> str:
    """Return the body of a loop over cells that sets a flag where it changes a bit of an array.

    Examples
    --------
    >>> print(tell_changes("float v_ = _p[_idx];\\nv_ *= 2;\\n_p[_idx] = v_;", "changed"))
    float v_ = _p[_idx];
    v_ *= 2;
    changed |= bp_differ(_p[_idx], v_);
    _p[_idx] = v_;
    """
    lines = code.split("\n") if isinstance(code, str) else list(code)
    told = []
    for line in lines:
        if stored := _STORED.match(line):
            told.append(f"{flag} |= bp_differ({stored.group(1)}, {stored.group(2)});")
        told.append(line)
    return "\n".join(told)
