"""A changed statement in anything that is imported counts; comments and docstrings do not."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bioplastic.experiments.what_when import run_level
from bioplastic.study import digest_code, find_modules

ROOT = Path(__file__).parents[2]

FILES = {
    "paper/__init__.py": '"""The package."""\n',
    "paper/run.py": """
        '''Docstring.'''
        from paper.sub import used
        import helper
        from paper.pictures import draw
        from paper.lazy import constant
        LEVELS = (1, 2)
        UNUSED = 3
        def run(seed):
            '''Docstring.'''
            from .late import slow      # comment
            return other(seed) + slow() + len(LEVELS)
        def other(seed):
            return used(seed) + helper.help() + constant
        def picture():
            return draw(UNUSED)
    """,
    "paper/sub/__init__.py": "from paper.sub.a import used\nfrom . import b\n",
    "paper/sub/a.py": "from ..deep import x\ndef used(seed):\n    return x\n",
    "paper/sub/b.py": "y = 1\n",
    "paper/deep.py": "x = 1\n",
    "paper/late.py": "def slow():\n    return 1\n",
    "paper/pictures.py": "def draw(x):\n    return x\n",
    "paper/lazy.py": """
        import importlib
        _HOMES = {"constant": "paper.treasure"}
        def __getattr__(name):
            if name in _HOMES:
                return getattr(importlib.import_module(_HOMES[name]), name)
            raise AttributeError(name)
    """,
    "paper/treasure.py": "constant = 5\n",
    "paper/nobody.py": "z = 1\n",
    "helper.py": "def help():\n    return 1\n",
    "paper/sub/templates/loop.cpp": "int i;\n",
}

CHANGES = [
    ("paper/run.py", "(1, 2)", "(1, 3)", True),
    ("paper/run.py", "# comment", "# another", False),
    ("paper/run.py", "Docstring", "Text", False),
    ("paper/run.py", "return other(seed)", "return (other( seed ))", False),
    ("paper/run.py", "UNUSED = 3", "UNUSED = 4", False),
    ("paper/run.py", "draw(UNUSED)", "draw(2)", False),
    ("paper/run.py", "used(seed) +", "used(seed) -", True),
    ("paper/sub/__init__.py", "from . import b", "from . import b as c", True),
    ("paper/sub/a.py", "return x", "return -x", True),
    ("paper/sub/b.py", "1", "2", True),
    ("paper/deep.py", "1", "2", True),
    ("paper/deep.py", "x = 1", "# new\n\nx  =  1", False),
    ("paper/late.py", "1", "2", True),
    ("paper/pictures.py", "return x", "return -x", False),
    ("paper/treasure.py", "5", "6", True),
    ("paper/nobody.py", "1", "2", False),
    ("helper.py", "1", "2", True),
    ("paper/sub/templates/loop.cpp", "int", "long", True),
]


DRIVER = """
import json, os, sys
from pathlib import Path
import paper.run
from bioplastic.study import digest_code

def digest():  # in a process that has read no file yet
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, digest_code(paper.run.run).encode())
        os._exit(0)
    os.wait()
    return os.read(reading, 100)

before, wrong = digest(), []
for name, old, new, counts in json.loads(sys.argv[1]):
    text = Path(name).read_text()
    assert old in text, (name, old)
    Path(name).write_text(text.replace(old, new))
    if (digest() != before) is not counts:
        wrong.append((name, old, new))
    Path(name).write_text(text)
print(json.dumps([len(before), before == digest(), wrong]))
"""


def test_what_counts(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text))
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(CHANGES)], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [64, True, []]


def test_a_real_experiment() -> None:
    found = find_modules(run_level)
    for name in ("models.what_when", "engine", "plasticity", "analysis", "files", "neurons"):
        assert any(f"{module}.".startswith(f"bioplastic.{name}.") for module in found), name
    assert not any("plotting" in module or "commands" in module for module in found)
    assert all(module.split(".")[0] == "bioplastic" for module in found)
    assert digest_code(run_level) == digest_code(run_level)


def test_functions_without_a_file() -> None:
    namespace: dict[str, object] = {"__name__": "typed_in"}
    exec("def typed(seed): return seed", namespace)
    with pytest.raises(ValueError, match=r"must be defined in a file"):
        digest_code(namespace["typed"])  # type: ignore[arg-type]


def test_code_that_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "module_that_changes.py"
    path.write_text("def run(seed):\n    return seed\n")
    module_that_changes = importlib.import_module("module_that_changes")

    digest_code(module_that_changes.run)
    path.write_text("def run(seed):\n    return -seed\n")
    with pytest.raises(ValueError, match="has changed since this process read it"):
        digest_code(module_that_changes.run)
