"""Find the C++ compiler and turn a generated source into a shared library."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

__all__ = ["CompilerError", "compile_library", "compiler_identity", "find_compiler"]

_FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffast-math",
    "-fno-finite-math-only",
    "-fno-semantic-interposition",
    "-fPIC",
    "-w",
)


class CompilerError(RuntimeError):
    """There is no C++ compiler, or it refused the generated source."""


def find_compiler() -> str:
    """Return the path of the C++ compiler: ``$CXX``, else g++, else clang++.

    Raises
    ------
    CompilerError
        If none is found; the message says what to install.
    """
    wanted = os.environ.get("CXX")
    for candidate in (wanted,) if wanted else ("g++", "clang++"):
        path = shutil.which(candidate) if candidate else None
        if path:
            return path
    named = f"CXX={wanted!r} was not found" if wanted else "neither g++ nor clang++ was found"
    raise CompilerError(
        f"Program.target: 'cpp' needs a C++ compiler, but {named}. Install one (for example "
        "'apt install g++' or 'conda install cxx-compiler'), or use target='numpy', which is "
        "slower and needs none."
    )


@functools.lru_cache(maxsize=8)
def _version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


@functools.lru_cache(maxsize=1)
def _processor() -> str:
    """Return a digest of what ``-march=native`` depends on."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        lines = {line for line in text.splitlines() if line.startswith(("flags", "Features"))}
    except OSError:
        lines = set()
    text = "\n".join(sorted(lines)) or platform.processor()
    return hashlib.sha256(f"{platform.machine()}{text}".encode()).hexdigest()[:16]


def compiler_identity() -> str:
    """Return what decides about a binary besides the source: compiler, flags and processor."""
    compiler = find_compiler()
    return f"{_version(compiler)} {' '.join(_FLAGS)} {_processor()}"


def compile_library(source: Path, library: Path) -> None:
    """Compile one translation unit into a shared library.

    Parameters
    ----------
    source : Path
        The C++ file.
    library : Path
        Where the library goes. It must not exist; nothing is left there on failure.

    Raises
    ------
    CompilerError
        With the compiler's messages.
    """
    compiler = find_compiler()
    objects = library.with_suffix(".o")
    # Linked without -ffast-math: that would change the floating-point mode of the whole process.
    steps = (
        [compiler, *_FLAGS, "-c", str(source), "-o", str(objects)],
        [compiler, "-shared", str(objects), "-o", str(library)],
    )
    try:
        for command in steps:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                library.unlink(missing_ok=True)
                messages = "\n".join(done.stderr.splitlines()[:20])
                raise CompilerError(f"{compiler} failed on {source.name}:\n{messages}")
    finally:
        objects.unlink(missing_ok=True)
