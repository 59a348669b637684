"""Malformed arguments of everything public give a TypeError or ValueError that names them.

What is public is found, not listed: a new name is covered as soon as it appears in ``__all__``,
through its defaults or through an entry in the table of valid arguments.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def _load(name: str) -> Any:
    """Import a file beside this one, which is in no package."""
    path = Path(__file__).with_name(f"{name}.py")
    specification = importlib.util.spec_from_file_location(f"public_{name}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


corruptions, table = _load("corruptions"), _load("table")


def find_surface() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in table.MODULES:
        module = importlib.import_module(f"bioplastic.{name}")
        for member in module.__all__:
            item = getattr(module, member)
            error = isinstance(item, type) and issubclass(item, BaseException)
            # pictures over labelled arrays refuse what they cannot draw in tests of their own
            declared = str(getattr(item, "__module__", "")).startswith(
                "bioplastic.plotting.grammar."
            )
            if callable(item) and not error and not declared:
                yield f"{name}.{member}", item


def complete(name: str, call: Callable[..., Any]) -> tuple[dict[str, Any], set[str], list[str]]:
    """Return valid arguments, those that may be None, and those that are not known."""
    valid = {
        argument: value() if inspect.isroutine(value) or isinstance(value, type) else value
        for argument, value in table.VALID.get(name, {}).items()
    }
    fields = {}
    if dataclasses.is_dataclass(call):
        fields = {f.name: f.default_factory for f in dataclasses.fields(call)}
    optional, unknown = set(), []
    for argument, parameter in inspect.signature(call).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = parameter.default
        if default is None or str(parameter.annotation).endswith("| None"):
            optional.add(argument)
        if argument in valid or default is None:
            continue
        if default is parameter.empty:
            unknown.append(argument)
            continue
        factory = fields.get(argument, dataclasses.MISSING)
        valid[argument] = default if factory is dataclasses.MISSING else factory()
    return valid, optional, unknown


def fit_after(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes an estimator and lets it learn: it checks its arguments then."""

    def call(**arguments: Any) -> Any:
        return kind(**arguments).fit(table.IMAGES, table.LABELS)

    return call


SURFACE = {name: call for name, call in find_surface() if name not in table.EXEMPT}


def test_every_public_name_is_known() -> None:
    unknown = {name: complete(name, call)[2] for name, call in SURFACE.items()}
    assert {name: missing for name, missing in unknown.items() if missing} == {}, (
        "give valid arguments in table.py"
    )
    public = {name for name, _ in find_surface()}
    assert set(table.VALID) | set(table.EXEMPT) <= public


@pytest.mark.parametrize("name", sorted(SURFACE))
@pytest.mark.filterwarnings("ignore")
def test_malformed_arguments(name: str) -> None:
    call = table.CALLS.get(name, SURFACE[name])
    if name not in table.CALLS and hasattr(call, "fit") and hasattr(call, "get_params"):
        call = fit_after(call)
    valid, optional, _ = complete(name, SURFACE[name])
    kinds = [
        (argument, kind, strategy)
        for argument, value in valid.items()
        for kind, strategy in corruptions.corruptions(argument, value, argument in optional).items()
        if not table.is_allowed(name, argument, kind)
    ]
    if not kinds:
        assert call(**valid) is not None
        return
    findings: dict[tuple[str, str], str] = {}

    @settings(
        max_examples=max(10, 2 * len(kinds)),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        argument, kind, strategy = data.draw(st.sampled_from(kinds))
        value = data.draw(strategy)
        problem = corruptions.judge(call, {**valid, argument: value}, argument, kind)
        if problem is not None:
            findings[argument, kind] = f"{value!r:.60}: {problem}"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()
    plt.close("all")
    report = "\n".join(f"{name}.{a} ({k}) {text}" for (a, k), text in sorted(findings.items()))
    assert not findings, f"\n{report}"
