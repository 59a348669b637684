"""One module knows Brian2's private classes, and refuses a Brian2 whose classes are not known."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bioplastic.engine import brian2_bridge

PACKAGE = Path(brian2_bridge.__file__).parents[1]
PRIVATE = re.compile(
    r"brian2\.(codegen|devices|memory|groups|synapses|core\.(base|network|tracking)|parsing\.rendering)"
    r"|(?<!self)\._(refractory|network)\b|update_abstract_code"
)


def test_no_other_module_touches_private_classes():
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        if path != Path(brian2_bridge.__file__)
        for line in path.read_text("utf-8").splitlines()
        if PRIVATE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("version", ["2.8.0.4", "2.12.0", "3.0"])
def test_an_unknown_brian2_is_refused_with_the_versions(version):
    code = f"import brian2; brian2.__version__ = {version!r}; import bioplastic.engine"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    wanted = f"works with Brian2 2.9, 2.10 and 2.11, and {version} is installed"
    assert wanted in done.stderr.splitlines()[-1]


def test_the_metadata_asks_for_what_the_bridge_supports():
    settings = configparser.ConfigParser()
    settings.read(PACKAGE.parent / "setup.cfg")
    first, last = brian2_bridge.SUPPORTED[0], brian2_bridge.SUPPORTED[-1]
    major, minor = map(int, last.split("."))
    lines = settings["options"]["install_requires"].splitlines()
    assert f"brian2 >={first}, <{major}.{minor + 1}" in lines
