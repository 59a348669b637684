"""The tutorial on spikes is run, block after block, like a notebook."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest

from bioplastic.cli import main

TUTORIAL = Path(__file__).parents[2] / "docs" / "analysis.md"
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tutorial_runs(tmp_path, monkeypatch, capsys):
    text = TUTORIAL.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "tutorial"}
    examples = 0
    commands = []
    for match in _BLOCK.finditer(text):
        language, code = match.groups()
        line = text[: match.start(2)].count("\n")
        if language == "python" and ">>>" in code:
            test = doctest.DocTestParser().get_doctest(code, namespace, "tutorial", None, line)
            runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
            report: list[str] = []
            failed = runner.run(test, out=report.append, clear_globs=False).failed
            assert not failed, "".join(report)
            namespace.update(test.globs)
            examples += len(test.examples)
        elif language == "python":
            exec(compile("\n" * line + code, str(TUTORIAL), "exec"), namespace)
        else:
            commands += code.strip().splitlines()
    assert examples > 20
    printed = capsys.readouterr().out

    assert commands[0] == "bioplastic spikes spikes.npz"
    for command in commands[:2]:  # the third names a folder of the reader's
        assert main(command.split()[1:]) == 0
    numbers = json.loads((tmp_path / "spikes_report.json").read_text())
    assert numbers == namespace["numbers"]
    assert f"{numbers['rate_mean']}" in printed
    names = {path.name for path in tmp_path.iterdir()}
    assert {"report.png", "correlogram.png", "phase_plane.png", "spikes_report.html"} <= names
