"""What all tests share: a window-less matplotlib, a clean Brian2, and where real images are."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import pytest


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: ids that hold a time stamp differ between two workers."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse ids that hold an address in memory, which differ between two workers too."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: its id changes from run to run")


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what the tests compile out of the user's cache, shared by all workers of a run."""
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    cache = shared / "builds"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOPLASTIC_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session", autouse=True)
def _quieten_brian2() -> None:
    """Keep Brian2's diagnostic log out of the report of a failing test."""
    logging.getLogger("brian2").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def _leave_brian2_as_found() -> Iterator[None]:
    """Undo what a test did to the global settings of Brian2: device, code generation, time step."""
    import brian2 as b2
    from brian2.devices.device import get_device, runtime_device

    target = b2.prefs.codegen.target
    default_float = b2.prefs.core.default_float_dtype
    dt = b2.defaultclock.dt
    yield
    if get_device() is not runtime_device:
        b2.device.reinit()
        b2.set_device("runtime")
    b2.prefs.codegen.target = target
    b2.prefs.core.default_float_dtype = default_float
    b2.defaultclock.dt = dt


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Close the figures that a test left open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def mnist_root() -> Path:
    """Return the folder with the real MNIST; the test is skipped without it."""
    data = os.environ.get("BIOPLASTIC_DATA")
    if not data or not (Path(data) / "mnist").is_dir():
        pytest.skip("set BIOPLASTIC_DATA to a folder that holds mnist/ to run this test")
    return Path(data)
