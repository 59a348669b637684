"""Find the C++ compiler and turn a generated source into a shared library."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "CompilerError",
    "compile_library",
    "compiler_identity",
    "find_compiler",
    "optimise_less",
]

_FLAGS: tuple[str, ...] = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffast-math",
    "-fno-finite-math-only",
    "-fno-semantic-interposition",
    "-fPIC",
    "-w",
)


_PATIENCE_SECONDS = 600


class CompilerError(RuntimeError):
    """There is no C++ compiler, or it refused the generated source."""


def find_compiler() -> tuple[str, ...]:
    """Return the command of the C++ compiler: ``$CXX``, else g++, else clang++.

    ``CXX`` may hold arguments or a launcher, as in ``ccache g++ -m64``.

    Raises
    ------
    CompilerError
        If none is found; the message says what to install.
    """
    wanted = os.environ.get("CXX")
    for candidate in ([wanted], _split(wanted)) if wanted else (["g++"], ["clang++"]):
        path = shutil.which(candidate[0]) if candidate else None
        if path:
            return os.path.abspath(path), *candidate[1:]
    named = f"CXX={wanted!r} was not found" if wanted else "neither g++ nor clang++ was found"
    raise CompilerError(
        f"Program.target: 'cpp' needs a C++ compiler, but {named}. Install one (for example "
        "'apt install g++' or 'conda install cxx-compiler'), or use target='numpy', which is "
        "slower and needs none."
    )


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation without end
        return []


@functools.lru_cache(maxsize=8)
def _version(compiler: tuple[str, ...]) -> str:
    output = _run([*compiler, "--version"]).stdout
    return output.splitlines()[0] if output else "unknown"


def _run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, and end it with all that it started when it takes too long."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", errors="replace", process_group=0, cwd=folder,
    )  # fmt: skip
    try:
        output, messages = process.communicate(timeout=_PATIENCE_SECONDS)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise CompilerError(
                f"{command[0]} has not ended after {_PATIENCE_SECONDS} s and was stopped: "
                f"{shlex.join(command)}"
            ) from None
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, messages)


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


@contextlib.contextmanager
def optimise_less() -> Iterator[None]:
    """Compile faster for programs that run once, such as those of the fuzzer.

    Examples
    --------
    >>> with optimise_less():
    ...     "-O1" in compiler_identity()
    True
    """
    global _FLAGS
    kept = _FLAGS
    _FLAGS = tuple("-O1" if flag == "-O3" else flag for flag in kept)
    try:
        yield
    finally:
        _FLAGS = kept


def compiler_identity() -> str:
    """Return what decides about a binary besides the source: compiler, flags and processor."""
    compiler = find_compiler()
    return f"{_version(compiler)} {shlex.join((*compiler[1:], *_FLAGS))} {_processor()}"


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
        With the compiler's messages, also if it does not end or what it made cannot be loaded.
    """
    compiler = find_compiler()
    source, library = source.absolute(), library.absolute()  # no path is taken for an option
    objects = library.with_suffix(".o")
    # Named from its folder, so that ccache knows a source again wherever it lies.
    # Linked without -ffast-math: that would change the floating-point mode of the whole process.
    steps = (
        [*compiler, *_FLAGS, "-c", f"./{source.name}", "-o", str(objects)],
        [*compiler, "-shared", str(objects), "-o", str(library)],
    )
    try:
        for command in steps:
            done = _run(command, source.parent)
            if done.returncode != 0:
                messages = "\n".join(done.stderr.splitlines()[:20])
                raise CompilerError(f"{compiler[0]} failed on {source.name}:\n{messages}")
        try:
            ctypes.CDLL(str(library))
        except OSError as error:
            raise CompilerError(f"{compiler[0]} made no library that loads: {error}") from error
    except BaseException:
        library.unlink(missing_ok=True)
        raise
    finally:
        objects.unlink(missing_ok=True)
