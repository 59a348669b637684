"""What the numbers were measured on, without the name of the machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["describe_machine", "describe_versions"]


def _first(pattern: str, path: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        return None
    return found.group(1).strip() if found else None


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, caches, memory and operating system."""
    cache = "/sys/devices/system/cpu/cpu0/cache"
    memory = _first(r"^MemTotal:\s+(\d+) kB", "/proc/meminfo")
    return dict(
        processor=_first(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo") or platform.processor(),
        architecture=platform.machine(),
        cores=os.cpu_count(),
        cache_l2=_first(r"(\S+)", f"{cache}/index2/size"),
        cache_l3=_first(r"(\S+)", f"{cache}/index3/size"),
        memory_gib=round(int(memory) / 2**20, 1) if memory else None,
        system=platform.system(),
        load_average=list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    )


def describe_versions(compiler: str = "g++") -> dict[str, str]:
    """Return the versions of Python, the compiler and the packages that matter."""
    versions = {"python": sys.version.split()[0]}
    for package in ("bioplastic", "brian2", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    try:
        said = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
        versions["compiler"] = said.splitlines()[0] if said else "unknown"
    except OSError:
        versions["compiler"] = "none"
    return versions
