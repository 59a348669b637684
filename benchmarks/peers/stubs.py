"""Stand-ins for modules that BindsNET imports but that this benchmark never calls."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterable

__all__ = ["stub_missing"]


class _Stub(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def stub_missing(names: Iterable[str]) -> list[str]:
    """Put an empty module in place of each name that cannot be imported; return those replaced.

    Parents come before children (``"a", "a.b"``). Any attribute of a stub is an empty class, enough
    to import from and to derive from.

    Examples
    --------
    >>> stub_missing(["json", "a_module_that_nobody_wrote"])
    ['a_module_that_nobody_wrote']
    >>> from a_module_that_nobody_wrote import Anything
    """
    replaced = []
    for name in names:
        parent, _, child = name.rpartition(".")
        if parent in replaced or (name not in sys.modules and not _found(name)):
            module = _Stub(name)
            module.__path__ = []
            sys.modules[name] = module
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)
            replaced.append(name)
    return replaced


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
