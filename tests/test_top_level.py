"""``import bioplastic`` costs little and offers what a user needs, each name from its one home."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bioplastic

NAMES = sorted(set(bioplastic.__all__) - {"__version__"})


def _run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_import_is_cheap_and_imports_no_other_package():
    code = (
        "import sys, time; start = time.process_time(); import bioplastic\n"
        "print(time.process_time() - start, *{'numpy', 'brian2', 'sklearn'} & set(sys.modules))"
    )
    seconds, *imported = _run(code).split()
    assert imported == []
    assert float(seconds) < 0.15


def test_dir_shows_what_is_offered_and_nothing_else():
    assert _run("import bioplastic; print(*dir(bioplastic))").split() == dir(bioplastic)
    assert dir(bioplastic) == sorted(["__version__", *NAMES])
    assert not [name for name in NAMES if name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_that_of_its_home(name):
    home = bioplastic._HOMES[name]
    found = getattr(bioplastic, name)
    if home == "bioplastic":
        assert found is sys.modules[f"bioplastic.{name}"]
    else:
        assert name in sys.modules[home].__all__
        assert found is getattr(sys.modules[home], name)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'Progam'"):
        _ = bioplastic.Progam


def test_type_checkers_see_the_names(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import bioplastic\nreveal_type(bioplastic.Trial)\nbioplastic.Tiral\n")
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--cache-dir", tmp_path]
    said = subprocess.run([*command, script], capture_output=True, text=True).stdout
    assert 'Revealed type is "def (' in said
    assert 'Module has no attribute "Tiral"' in said
