"""Take what does not change inside a loop out of it, before the compiler sees it.

Statements over pairs of cells read values of one presynaptic cell that are the same for all its
synapses. A compiler moves loads and sums out of the inner loop, but not calls such as ``tanh``, and
then the whole loop stays scalar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["keep_varying", "take_invariant"]

_DECLARATION = re.compile(r"\s*const [\w ]+? (\w+) = (.*);\s*$")
_NAME = re.compile(r"[A-Za-z_]\w*")
_DRAWS = {"bp_rand", "bp_randn", "bp_poisson"}


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
