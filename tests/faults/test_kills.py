"""A run that is killed again and again ends with the weights of one that was left alone.

One process imports everything and forks a child for every attempt, so that a kill costs no more
than the work it destroys. A child and its compiler are killed together, at random moments of
building, training and writing; what the folders look like then tells which it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

DRIVER = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path
import numpy as np
from bioplastic.experiments.sym_stdp.training import PROTOCOLS, load_samples
from bioplastic.checkpoints import find_state, read_run
from bioplastic.models.sym_stdp import SymSTDPClassifier

place, n_kills, n_images, seed = Path(sys.argv[1]), *map(int, sys.argv[2:5])
protocol = PROTOCOLS["smoke"].with_values(train=n_images, test=30, variant="ours", epochs=2,
                                          readout_epochs=2)
SymSTDPClassifier.chunk, SymSTDPClassifier.checkpoint_seconds = 8, 0.0
samples = load_samples(protocol, "digits", 0)
rng = random.Random(seed)
folder, elsewhere = place / "killed", place / "builds"

def train(folder):
    model = protocol.make_model("digits", 0, {})
    model.fit(samples.X, samples.y, checkpoints=folder, resume=True)

def load_trained(folder):
    return SymSTDPClassifier.load(find_state(folder))

def attempt(building, folder=folder):
    child = os.fork()                    # the parent itself never trains: it would start threads
    if child == 0:
        os.setpgid(0, 0)
        if building:
            os.environ["BIOPLASTIC_CACHE"] = str(elsewhere)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        try:
            train(folder)
        except BaseException as error:
            (place / "error.txt").write_text(repr(error))
            os._exit(1)
        os._exit(0)
    try:
        os.setpgid(child, child)
    except OSError:
        pass
    return child

def states():
    return {path.name for path in folder.glob("state-*.npz")}

def phase(started):
    if list(elsewhere.glob(".build-*/program.cpp")):
        return "build"
    if list(folder.glob(".part-*")):
        return "writing"
    return "training" if states() - started else "start"

os.waitpid(attempt(False, place / "straight"), 0)   # builds everything, too
counts = {}
for number in range(n_kills):
    kind, started = number % 3, states()
    shutil.rmtree(elsewhere, ignore_errors=True)
    child = attempt(building=kind == 0)
    if kind == 0:                        # somewhere between the first line and the library
        end = time.monotonic() + 100
        while not list(elsewhere.glob(".build-*/program.cpp")) and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 3))
    else:                                # some time after it has gone on from where it was
        end = time.monotonic() + 100
        while not states() - started and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.1))
        while kind == 2 and not list(folder.glob(".part-*")) and time.monotonic() < end:
            pass                         # in the middle of a file
    now = phase(started)
    if os.waitpid(child, os.WNOHANG)[0]:
        now = "finished"
    else:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    counts[now] = counts.get(now, 0) + 1
    assert not (place / "error.txt").exists(), (place / "error.txt").read_text()
before = load_trained(folder).n_seen_
train(folder)
one, two = load_trained(folder), load_trained(place / "straight")
same = one.state_.keys() == two.state_.keys() and all(
    np.array_equal(one.state_[k], two.state_[k]) for k in one.state_
)
left = [path.name for path in folder.iterdir() if path.name.startswith(".part-")]
print(json.dumps({"counts": counts, "same": same, "left": left, "before": before,
                  "finished": read_run(folder)["finished"],
                  "seen": one.n_seen_}))
"""


@pytest.mark.parametrize(
    ("n_kills", "n_images"),
    [(3, 100), pytest.param(50, 900, marks=pytest.mark.slow)],
    ids=["3 kills", "50 kills"],
)
def test_killed_at_random_moments(tmp_path: Path, n_kills: int, n_images: int) -> None:
    # Without a cache of the compiler, which would end builds before they are killed.
    own = {"BIOPLASTIC_CACHE": str(tmp_path / "cache"), "CCACHE_DISABLE": "1"}
    environment = {**os.environ, **own}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), str(n_kills), str(n_images), "1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    print(report)
    counts = Counter(report["counts"])
    assert sum(counts.values()) == n_kills
    assert counts["build"] >= n_kills // 4
    assert report["same"]
    assert report["finished"]
    assert report["left"] == []
    assert report["seen"] == 4 * n_images
    assert counts["training"] + counts["writing"] >= n_kills // 2
    assert 0 < report["before"] < 4 * n_images, "there was nothing left to do"
