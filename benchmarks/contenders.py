"""The contenders: how each is prepared, run for a number of images, and read.

A contender is a frozen record plus two functions: ``prepare`` builds what can be built beforehand
and returns its own cost, ``run`` measures one training run. The peers are scripts of their own in
``benchmarks/peers``; those that run in another environment get its Python from ``--peers-python``.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measure import Usage, measure
from .protocol import parameters_for

__all__ = [
    "CONTENDERS",
    "Contender",
    "Missing",
    "Setting",
    "last_line",
    "ours_exist",
    "read_reference",
    "reference_activity",
]

ROOT = Path(__file__).resolve().parent.parent


class Missing(Exception):
    """A contender cannot take part; the message says why."""


@dataclass(frozen=True)
class Setting:
    """What the command line fixed for all contenders."""

    data: Path
    work: Path
    peers_python: Path | None = None
    reference: Path | None = None
    core: int | None = None
    compiler: str = "g++"


@dataclass(frozen=True)
class Contender:
    """One program to compare.

    Parameters
    ----------
    name, label : str
        Key in the results, words in the figure.
    images : mapping of int to (int, int)
        The two run lengths per network size whose difference gives the cost per image; an absent
        size takes those of the largest size below it.
    prepare : callable ``(setting, n, counts) -> dict``
        Builds; raises ``Missing`` if it cannot. Returns what to put on record.
    run : callable ``(setting, n, count, prepared) -> (Usage, outcome)``
        Measures one run of ``count`` images.
    describe : str
        What differs from the reference network.
    """

    name: str
    label: str
    images: Mapping[int, tuple[int, int]]
    prepare: Callable[[Setting, int, tuple[int, int]], dict[str, Any]]
    run: Callable[[Setting, int, int, dict[str, Any]], tuple[Usage, dict[str, Any]]]
    describe: str = ""

    def counts(self, n: int) -> tuple[int, int]:
        """Return the two run lengths for ``n`` hidden neurons."""
        below = [size for size in self.images if size <= n]
        return self.images[max(below) if below else min(self.images)]


def read_reference(text: str, count: int) -> dict[str, Any]:
    """Read the last line that the hand-written program prints.

    Examples
    --------
    >>> line = "N=100 trained=20 ... in/img=1923 E/img=10.4 pres/img=1.10 theta=20.1"
    >>> read_reference(line, 20)["presentations"]
    22
    """
    values = dict(re.findall(r"(\S+)=(\S+)", text.strip().splitlines()[-1]))
    return dict(
        images=count,
        presentations=round(float(values["pres/img"]) * count),
        hidden_spikes=float(values["E/img"]),
        input_spikes=float(values["in/img"]),
        precision="float32",
        note="an image with fewer than 5 hidden spikes is shown again, brighter",
    )


def _prepare_reference(setting: Setting, n: int, counts: tuple[int, int]) -> dict[str, Any]:
    if setting.reference is None or not setting.reference.exists():
        raise Missing("no source of the hand-written program given (--reference)")
    if shutil.which(setting.compiler) is None:
        raise Missing(f"no {setting.compiler} found")
    program, images = setting.work / "reference", setting.work / "idx"
    build = None
    if not program.exists():
        build = measure(
            [
                setting.compiler, "-O3", "-march=native", "-ffast-math", "-o", str(program),
                str(setting.reference.resolve()),
            ],
            core=setting.core,
        )  # fmt: skip
    images.mkdir(exist_ok=True)
    for kind in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        plain = images / f"{kind}-ubyte"
        if plain.exists():
            continue
        if (setting.data / plain.name).exists():
            shutil.copyfile(setting.data / plain.name, plain)
            continue
        packed = setting.data / f"{plain.name}.gz"
        if not packed.exists():
            raise Missing(f"the data folder lacks {plain.name}")
        with gzip.open(packed) as source, plain.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    return dict(program=program, folder=images, build=build.as_dict() if build else None)


def _run_reference(
    setting: Setting, n: int, count: int, prepared: dict[str, Any], seed: int = 0
) -> tuple[Usage, dict[str, Any]]:
    p = parameters_for(n)
    numbers = (
        n, count, 0, p.nu_input, p.jump, p.nu_output, seed, count, p.theta_plus, p.tau_theta,
    )  # fmt: skip
    usage = measure(
        [str(prepared["program"]), str(prepared["folder"]), *map(str, numbers)], core=setting.core
    )
    return usage, read_reference(usage.output, count)


def reference_activity(
    setting: Setting, n: int, count: int, prepared: dict[str, Any], seeds: int = 3
) -> float:
    """Return the hidden spikes per presentation of the reference over ``count`` images.

    Averaged over ``seeds`` runs: the yardstick for the activity of a contender that was run for as
    many images.
    """
    runs = [_run_reference(setting, n, count, prepared, seed)[1] for seed in range(seeds)]
    return float(sum(run["hidden_spikes"] for run in runs) / seeds)


def _script(python: Path | str, module: str, setting: Setting, n: int, count: int) -> list[str]:
    return [
        str(python), "-m", f"benchmarks.peers.{module}", "--n", str(n), "--images", str(count),
        "--data", str(setting.data.resolve()),
    ]  # fmt: skip


def last_line(usage: Usage) -> dict[str, Any]:
    """Return the JSON that a command printed last."""
    return dict(json.loads(usage.output.strip().splitlines()[-1]))


def _standalone(module: str) -> dict[str, Any]:
    """Return ``prepare`` and ``run`` of a stock Brian2 program, built once per run length."""

    def prepare(setting: Setting, n: int, counts: tuple[int, int]) -> dict[str, Any]:
        project = setting.work / f"{module}_{n}"
        builds = []
        for count in counts:
            command = _script(sys.executable, module, setting, n, count)
            command += ["--project", str(project), "--stimuli", str(max(counts))]
            builds.append(
                measure([*command, "--stage", "build"], cwd=ROOT, core=setting.core).as_dict()
            )
        # The first build is cold; the second compiles only what the run length changes.
        return dict(project=project, stimuli=max(counts), build=builds[0])

    def run(
        setting: Setting, n: int, count: int, prepared: dict[str, Any]
    ) -> tuple[Usage, dict[str, Any]]:
        project = prepared["project"]
        usage = measure([f"./main_{count}"], cwd=project, core=setting.core)
        command = _script(sys.executable, module, setting, n, count)
        command += ["--project", str(project), "--stage", "collect"]
        outcome = measure(command, cwd=ROOT, core=setting.core)
        return usage, last_line(outcome)

    return dict(prepare=prepare, run=run)


def _elsewhere(module: str, package: str) -> dict[str, Any]:
    """Return ``prepare`` and ``run`` of a peer that lives in an environment of its own."""

    def prepare(setting: Setting, n: int, counts: tuple[int, int]) -> dict[str, Any]:
        if setting.peers_python is None:
            raise Missing("no environment given (--peers-python)")
        find = f"import importlib.util as u; raise SystemExit(u.find_spec({package!r}) is None)"
        try:
            found = subprocess.run([str(setting.peers_python), "-c", find]).returncode == 0
        except OSError as error:
            raise Missing(f"--peers-python cannot be run: {error.strerror}") from error
        if not found:
            raise Missing(f"{package} is not installed in the environment of --peers-python")
        return {}

    def run(
        setting: Setting, n: int, count: int, prepared: dict[str, Any]
    ) -> tuple[Usage, dict[str, Any]]:
        assert setting.peers_python is not None
        command = _script(setting.peers_python, module, setting, n, count)
        usage = measure(command, cwd=ROOT, core=setting.core)
        return usage, last_line(usage)

    return dict(prepare=prepare, run=run)


def ours_exist() -> None:
    """Raise ``Missing`` until our own model and its script are there."""
    for name in ("bioplastic.models.sym_stdp", f"{__package__}.peers.ours"):
        try:
            found = importlib.util.find_spec(name) is not None
        except ImportError:
            found = False
        if not found:
            raise Missing(f"{name} does not exist yet")


def _prepare_ours(setting: Setting, n: int, counts: tuple[int, int]) -> dict[str, Any]:
    ours_exist()
    # A short run compiles the network, so that the measured ones find it in the cache.
    build = measure(_script(sys.executable, "ours", setting, n, 1), cwd=ROOT, core=setting.core)
    return dict(build=build.as_dict())


def _run_ours(
    setting: Setting, n: int, count: int, prepared: dict[str, Any]
) -> tuple[Usage, dict[str, Any]]:
    usage = measure(_script(sys.executable, "ours", setting, n, count), cwd=ROOT, core=setting.core)
    return usage, last_line(usage)


_FAST = {100: (200, 2200), 400: (100, 1100), 1600: (20, 420), 6400: (10, 110)}
_STOCK = {100: (20, 220), 400: (20, 120), 1600: (5, 65), 6400: (5, 65)}

CONTENDERS: Mapping[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender("ours", "bioplastic", _FAST, _prepare_ours, _run_ours),
        Contender(
            "reference",
            "hand-written C++",
            _FAST,
            _prepare_reference,
            _run_reference,
            "one program for this network alone",
        ),
        Contender(
            "brian2_neuron_traces",
            "Brian2, traces on cells",
            _STOCK,
            **_standalone("brian2_neuron_traces"),
            describe="stock C++ standalone, float64; inhibition as total less own; shown once",
        ),
        Contender(
            "brian2_synapse_traces",
            "Brian2, traces on synapses",
            _STOCK,
            **_standalone("brian2_synapse_traces"),
            describe="stock C++ standalone, float64; explicit inhibitory synapses; shown once",
        ),
        Contender(
            "bindsnet",
            "BindsNET",
            {100: (3, 23), 400: (3, 23), 1600: (2, 8), 6400: (1, 3)},
            **_elsewhere("bindsnet_cpu", "bindsnet"),
            describe="nearest network: current-based cells, 350 steps of 1 ms per image, float32",
        ),
        Contender(
            "nest",
            "NEST",
            {100: (5, 25), 400: (5, 25), 1600: (2, 8), 6400: (1, 3)},
            **_elsewhere("nest_cpu", "nest"),
            describe="nearest network: gif_cond_exp cells; weights scaled once, not per image",
        ),
        Contender(
            "genn",
            "GeNN, CPU back end",
            {100: (20, 220), 400: (20, 220), 1600: (5, 65), 6400: (3, 23)},
            **_elsewhere("genn_cpu", "pygenn"),
            describe="float32, -O3 -march=native -ffast-math; shown once",
        ),
    )
}
