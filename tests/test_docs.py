"""What the documentation shows is run: the examples of all docstrings, guides and the README."""

from __future__ import annotations

import configparser
import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "bioplastic").rglob("*.py")
)
GUIDES = sorted((ROOT / "docs").glob("*.md"))
_PYTHON_BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def find_python_blocks(text: str) -> list[tuple[int, str]]:
    """Return the fenced Python blocks of a text, each with the number of its first line."""
    return [
        (text[: match.start(1)].count("\n") + 1, match.group(1))
        for match in _PYTHON_BLOCK.finditer(text)
    ]


def run_block(code: str, namespace: dict[str, object], name: str, line: int) -> None:
    """Run a block as a script, or, if it shows a prompt, compare it with what it prints."""
    if ">>>" in code:
        test = doctest.DocTestParser().get_doctest(code, namespace, name, name, line - 1)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        failed = runner.run(test, out=report.append, clear_globs=False).failed
        namespace.update(test.globs)
        assert not failed, "".join(report)
    else:
        # blank lines first, so that a traceback shows the line of the file
        exec(compile("\n" * (line - 1) + code, name, "exec"), namespace)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
def test_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks run in order in one namespace, like the cells of a notebook."""
    blocks = find_python_blocks(README.read_text(encoding="utf-8"))
    assert blocks, "the README shows no Python"
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "readme"}
    for line, code in blocks:
        run_block(code, namespace, str(README), line)


def test_readme_is_short_and_points_to_what_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    home = settings["metadata"]["url"]
    raw = home.replace("github.com", "raw.githubusercontent.com")
    found = re.findall(rf"{re.escape(home)}/blob/main/([^)#]+)|{re.escape(raw)}/main/([^)]+)", text)
    assert len(found) == text.count(f"]({home}") + text.count(f"]({raw}") > 10
    assert [name for pair in found for name in pair if name and not (ROOT / name).exists()] == []
    assert not re.search(r"\]\((?!https://)", text)  # a package index shows it without the tree


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_guide_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a guide run in order in one namespace."""
    blocks = find_python_blocks(path.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": path.stem}
    for line, code in blocks:
        run_block(code, namespace, str(path), line)


def test_the_guide_to_rules_shows_code() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert len(find_python_blocks(text)) > 10


def test_blocks_are_found_with_their_lines() -> None:
    text = "# Title\n\n```python\nx = 1\n```\n```sh\nmake\n```\n\n```python\ny = x\nz = y\n```\n"
    assert find_python_blocks(text) == [(4, "x = 1\n"), (11, "y = x\nz = y\n")]


def test_a_wrong_block_fails() -> None:
    namespace: dict[str, object] = {}
    run_block("x = 2\n", namespace, "text", 1)
    run_block(">>> y = x + 1\n>>> y\n3\n", namespace, "text", 3)
    assert namespace["y"] == 3
    with pytest.raises(AssertionError, match=r"Expected:\s+4\s+Got:\s+3"):
        run_block(">>> y\n4\n", namespace, "text", 7)
    with pytest.raises(NameError):
        run_block("unknown_name\n", namespace, "text", 9)
