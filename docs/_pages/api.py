"""The reference: a page for every name that a package exports."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import bioplastic

from .writing import put

__all__ = ["public_names", "write"]

_SKIPPED = ("bioplastic.experiments", "bioplastic.commands", "bioplastic.plotting.grammar")
_INNER = ("bioplastic.models.images", "bioplastic.models.saving")


def public_names() -> dict[str, tuple[str, ...]]:
    """Return the exported names of every package, by the first package that exports them."""
    found: dict[str, tuple[str, ...]] = {}
    for package in _packages():
        outer = found.get(package.rpartition(".")[0], ())  # a name has its page once
        names = getattr(importlib.import_module(package), "__all__", ())
        names = tuple(name for name in names if name not in outer)
        if names:
            found[package] = names
    return found


def _packages() -> list[str]:
    names = [
        module.name
        for module in pkgutil.walk_packages(bioplastic.__path__, "bioplastic.")
        if _is_documented(module)
    ]
    return sorted({*names, "bioplastic.accounting", "bioplastic.fields"})


def _is_documented(module: pkgutil.ModuleInfo) -> bool:
    """Return whether a module is a package, or a model of one file."""
    if module.ispkg:
        return not module.name.startswith(_SKIPPED)
    return module.name.rpartition(".")[0] == "bioplastic.models" and module.name not in _INNER


def write(made: Path, home: Path) -> None:
    """Write one page per package and one per name."""
    packages = public_names()
    index = ["API reference", "=============", "", ".. toctree::", "   :maxdepth: 1", ""]
    for package, names in packages.items():
        short = package.removeprefix("bioplastic.")
        index.append(f"   {short}")
        put(made / "api" / f"{short}.rst", _package_page(package, names))
        for name in names:
            member = getattr(importlib.import_module(package), name)
            put(made / "api" / short / f"{name}.rst", _name_page(package, name, member))
    put(made / "api" / "index.rst", "\n".join([*index, ""]))


def _package_page(package: str, names: tuple[str, ...]) -> str:
    module = importlib.import_module(package)
    short = package.removeprefix("bioplastic.")
    summary = (inspect.getdoc(module) or "").partition("\n\n")[0]
    title = f"bioplastic.{short}"
    lines = [title, "=" * len(title), "", summary, "", ".. toctree::", "   :hidden:", ""]
    lines += [f"   {short}/{name}" for name in names]
    lines += ["", ".. list-table::", "   :widths: 30 70", ""]
    for name in names:
        text = (inspect.getdoc(getattr(module, name)) or "").partition("\n")[0]
        if not callable(getattr(module, name)) and not inspect.ismodule(getattr(module, name)):
            text = "A constant."
        lines += [f"   * - :doc:`{name} <{short}/{name}>`", f"     - {text}"]
    return "\n".join([*lines, ""])


def _name_page(package: str, name: str, member: Any) -> str:
    lines = [name, "=" * len(name), "", f".. currentmodule:: {package}", ""]
    if inspect.isclass(member):
        lines += [f".. autoclass:: {name}", "   :members:", "   :show-inheritance:"]
        routed = [key for key in dir(member) if re.fullmatch(r"set_\w+_request", key)]
        if routed:  # scikit-learn's own, and described there
            lines.append(f"   :exclude-members: {', '.join(routed)}")
        if issubclass(member, BaseException):
            lines[5:] = [f".. autoexception:: {name}"]
    elif inspect.ismodule(member):
        lines += [f"See :mod:`{member.__name__}`."]
    elif callable(member):
        lines += [f".. autofunction:: {name}"]
    else:
        lines += [f".. autodata:: {name}"]
        if len(repr(member)) > 300:
            lines.append("   :no-value:")
    return "\n".join([*lines, ""])
