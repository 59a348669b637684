"""Silent unless asked; then it tells what is built, found, run and how long that took."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from bioplastic.cli import main
from bioplastic.commands.logs import set_verbosity
from bioplastic.engine import NetworkSpec, Population, Program, Trial
from bioplastic.models.sym_stdp import SymSTDPClassifier, SymSTDPParameters
from bioplastic.neurons.model import NeuronModel
from bioplastic.timing import log_time

LIBRARY = Path(__file__).parents[1] / "bioplastic"


@pytest.fixture(autouse=True)
def _silence():
    yield
    set_verbosity(0)
    logging.getLogger("bioplastic").setLevel(logging.NOTSET)


def _program(tau: float) -> Program:
    model = NeuronModel(
        name="leaky", equations="dv/dt = (20*mV - v)/tau : volt", threshold="v > 10*mV",
        reset="v = 0*mV", parameters={"tau": tau * ms},
    )  # fmt: skip
    spec = NetworkSpec(
        populations=[Population(name="cell", n=3, model=model)],
        projections=[],
        trial=Trial(duration=5 * ms),
    )
    return Program(spec, dt=1 * ms)


def test_what_is_built_found_and_run_is_told(caplog):
    caplog.set_level(logging.DEBUG, "bioplastic")
    program = _program(tau=12.345)
    program(program.initial_state(), n_samples=2)
    again = _program(tau=12.345)
    assert program.built
    assert not again.built
    lines = [record.getMessage() for record in caplog.records]
    key = program.key[:12]
    wanted = [
        rf"building the program {key} \(cell 3\)",
        rf"built the program {key} in \d+\.\d s",
        r"ran 2 samples of Program\(cell; .*\) in \d+\.\d\d s",
        rf"found the program {key} in the cache \(cell 3\)",
    ]
    assert len(lines) == len(wanted)
    assert all(re.fullmatch(w, line) for w, line in zip(wanted, lines, strict=True)), lines


def test_models_tell_what_they_learn(caplog):
    caplog.set_level(logging.INFO, "bioplastic.models")
    images = np.random.default_rng(0).integers(0, 255, (4, 9))
    short = SymSTDPParameters(presentation=5 * ms, rest=1 * ms, min_spikes=0)
    model = SymSTDPClassifier(n_hidden=4, target="numpy", parameters=short)
    model.fit(images, [0, 1, 0, 1]).predict(images)
    assert [re.sub(r" in .*", "", record.getMessage()) for record in caplog.records] == [
        "SymSTDPClassifier.fit: 4 samples",
        "SymSTDPClassifier.answer: 4 samples",
    ]


def test_an_error_is_no_success(caplog):
    caplog.set_level(logging.INFO, "bioplastic")
    with (
        pytest.raises(KeyError),
        log_time(logging.getLogger("bioplastic.test"), "did it"),
    ):
        raise KeyError
    assert caplog.records == []


@pytest.mark.parametrize("verbosity", [0, 1, 2])
def test_verbosity_of_a_command(verbosity, tmp_path, capsys):
    options = ["-" + "v" * verbosity] if verbosity else []
    assert main(["audit", "--scale", "smoke", "--out", str(tmp_path), *options]) == 0
    errors = capsys.readouterr().err
    assert ("bioplastic.commands.run: computing audit" in errors) == (verbosity > 0)
    assert re.search(r"computed audit in \d+\.\d s", errors) or not verbosity
    enabled = logging.getLogger("bioplastic.engine").isEnabledFor
    assert (enabled(logging.INFO), enabled(logging.DEBUG)) == (verbosity > 0, verbosity > 1)


def test_verbosity_set_twice_tells_once(capsys):
    set_verbosity(1)
    set_verbosity(1)
    logging.getLogger("bioplastic.test").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_the_library_is_silent_where_no_one_listens():
    code = "import logging, bioplastic; logging.getLogger('bioplastic.x').warning('hush')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_library_never_prints():
    # the last two are links in a checkout and folders once installed
    commands = {"cli.py", "__main__.py", "commands", "benchmarks", "experiments"}
    for path in LIBRARY.rglob("*.py"):
        if not commands & set(path.relative_to(LIBRARY).parts):
            code = [line for line in path.read_text().splitlines() if ">>>" not in line]
            assert not [line for line in code if re.match(r"\s+print\(", line)], path
