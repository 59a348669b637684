from __future__ import annotations

import argparse
import ast
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bioplastic
from bioplastic.cli import COMMANDS, main
from bioplastic.commands.registry import MODULES, Heading, _find_values, load_experiment
from bioplastic.engine.cache import Builds
from bioplastic.study.framework import SCALES

ROOT = Path(__file__).parents[2]
KEYS = ("aa" * 32, "ab" * 32, "cd" * 32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three entries laid out as the engine stores them, in a cache of their own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(folder))
    for hours, key in enumerate(KEYS):
        entry = folder / key
        entry.mkdir(parents=True)
        (entry / "program.so").write_bytes(bytes(1500))
        (entry / "entry.json").write_text(json.dumps({"name": f"exc{hours}, inh", "layout": {}}))
        os.utime(entry / "entry.json", (1.7e9 + 3600 * hours,) * 2)
    return folder


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bioplastic {bioplastic.__version__}\n"


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: bioplastic" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["cash"], ["cache", "burn"], ["--cash"]])
def test_wrong_usage_leaves_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage: bioplastic" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["cache"], ["cache", "list"]])
def test_list_shows_one_line_per_program(
    cache: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 0
    header, *rows, blank, total = capsys.readouterr().out.splitlines()
    assert header.split() == ["key", "network", "size", "created"]
    assert [row.split()[0] for row in rows] == [key[:12] for key in reversed(KEYS)]  # newest first
    assert "exc2, inh" in rows[0]
    assert "1.5 kB" in rows[0]
    assert len({row.index("exc") for row in rows} | {header.index("network")}) == 1
    assert blank == ""
    assert total.startswith("3 programs, ")
    assert total.endswith(f", in {cache}")


def test_an_empty_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "none"))
    assert main(["cache"]) == 0
    assert capsys.readouterr().out == f"0 programs, 0 B, in {tmp_path / 'none'}\n"
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "removed 0 programs\n"


def test_clear_removes_everything(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "removed 3 programs\n"
    assert list(cache.iterdir()) == []


def test_clear_removes_what_is_named(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "clear", "aa", KEYS[2]]) == 0
    assert capsys.readouterr().out == "removed 2 programs\n"
    assert [entry.name for entry in cache.iterdir()] == [KEYS[1]]


@pytest.mark.parametrize(("key", "problem"), [("a", "is ambiguous"), ("ff", "does not exist")])
def test_a_bad_key_removes_nothing(
    cache: Path, capsys: pytest.CaptureFixture[str], key: str, problem: str
) -> None:
    assert main(["cache", "clear", "cd", key]) == 1
    assert capsys.readouterr().err == f"error: the key {key!r} {problem}\n"
    assert len(list(cache.iterdir())) == 3


def test_a_failing_cache_is_reported(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Builds) -> None:
        raise PermissionError(13, "Permission denied", str(cache))

    monkeypatch.setattr(Builds, "list_entries", fail)
    assert main(["cache"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("argument", ["--version", "--help", "list"])
def test_what_only_tells_imports_no_simulator(argument: str) -> None:
    program = (
        "import sys, time\n"
        "from bioplastic.cli import main\n"
        f"assert main([{argument!r}]) == 0\n"
        "assert not {'brian2', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "assert time.process_time() < 0.3"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", MODULES)
def test_headings_are_those_of_the_experiments(name: str) -> None:
    """They are read from the text of the module, without importing it."""
    experiment = load_experiment(name)
    assert list(experiment.costs) == [scale for scale in SCALES if scale in experiment.costs]
    assert _find_values(ast.parse(inspect.getsource(sys.modules[MODULES[name]]))) == {
        field: getattr(experiment, field) for field in Heading._fields
    }


@pytest.mark.parametrize("start", [["-m", "experiments"], ["-m", "bioplastic"]])
def test_one_command_behind_every_name(start: list[str]) -> None:
    if not (ROOT / start[1]).exists():
        pytest.skip("the archive has the scripts inside the package alone")
    command = [sys.executable, *start, "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"^(\w+): ", done.stdout, re.MULTILINE) == list(MODULES)


TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = sorted(
    {
        " ".join(found.partition("#")[0].split())
        for text in TEXTS
        for found in re.findall(
            r"^\$? ?(bioplastic [^\n]+)$|`(bioplastic [^`]+)`",
            text.read_text("utf-8"),
            re.MULTILINE,
        )
        for found in found
        if found and found.split()[1] in {*COMMANDS, *MODULES} and "..." not in found
    }
)


class _Parsed(Exception):
    """The arguments of a command are right; nothing is run."""


@pytest.mark.parametrize("command", SHOWN)
def test_the_commands_that_the_guides_show_are_understood(command, monkeypatch, capsys) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parse_alone(*arguments: Any) -> None:
        parse(*arguments)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_alone)
    words = ["sym_stdp" if word == "NAME" else word for word in shlex.split(command)[1:]]
    with pytest.raises(_Parsed):
        assert main(words) == 0, capsys.readouterr().err


def test_the_guides_show_commands() -> None:
    assert {command.split()[1] for command in SHOWN} >= {*COMMANDS, "rules", "audit"}
