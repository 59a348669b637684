"""Estimators that are interrupted while they learn, and what can be put in the way of a program."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.analysis import ResponseWindow
from bioplastic.checkpoints import RunFolder, RunFolderError, read_run
from bioplastic.engine import NetworkSpec, Population, Program, Trial, UniformProjection
from bioplastic.files import DamagedFileError, read_arrays, write_arrays
from bioplastic.models.ncg import S2STDPClassifier
from bioplastic.models.pspm import PSPMRegressor, draw_task
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.neurons import NeuronModel

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 64)).astype(np.uint8)
LABELS = np.arange(40) % 2
LATENCIES = RNG.random((40, 20)).astype(np.float32)
TASK = draw_task(n=20, n_steps=300)
SPIKES = (RNG.random((300, 20)) < 0.02).astype(float)


def sym_stdp(**changes: Any) -> Any:
    arguments = {"n_hidden": 9, "variant": "ours", "epochs": 2, "random_state": 1, **changes}
    return SymSTDPClassifier(**arguments), IMAGES, LABELS


def pspm(**changes: Any) -> Any:
    arguments = {"n_iterations": 6, "control": True, "random_state": 1, **changes}
    return PSPMRegressor(**arguments), TASK.current, SPIKES


def s2_stdp(**changes: Any) -> Any:
    arguments = {"epochs": 4, "validation_fraction": 0.0, "random_state": 1, **changes}
    return S2STDPClassifier(**arguments), LATENCIES, LABELS


MODELS = {
    "sym_stdp": (sym_stdp, {"epochs": 3}, "epochs was 2, is 3"),
    "pspm": (pspm, {"random_state": 2}, "random_state was 1, is 2"),
    "s2_stdp": (s2_stdp, {"gap": 0.1}, "gap was 0.03, is 0.1"),
}


def learned(model: Any) -> dict[str, Any]:
    """Return everything an estimator has learned, flat."""
    arguments = set(model.get_params(deep=False))
    flat = {}
    for name, value in vars(model).items():
        if name not in arguments:
            value = vars(value) if isinstance(value, ResponseWindow) else value
            nested = value if isinstance(value, dict) else {"": value}
            flat |= {f"{name}/{key}": entry for key, entry in nested.items()}
    return flat


def same(one: Any, two: Any) -> bool:
    a, b = learned(one), learned(two)
    return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)


def equal(one: Any, two: Any) -> bool:
    first, second = np.asarray(one), np.asarray(two)
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


@pytest.mark.parametrize("name", MODELS)
def test_interrupted_estimator_learns_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, change, message = MODELS[name]
    model, X, y = make()
    straight = model.fit(X, y)
    monkeypatch.setattr(RunFolder, "is_due", lambda self: self.folder is not None)
    save = RunFolder.save
    budget = [0]

    def save_and_stop(self: RunFolder, *arguments: Any) -> None:
        save(self, *arguments)
        budget[0] -= 1
        if budget[0] == 0 and not read_run(tmp_path)["finished"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunFolder, "save", save_and_stop)
    for attempt in itertools.count():
        budget[0] = 2  # two checkpoints each time, then the plug is pulled
        try:
            model = make()[0].fit(X, y, checkpoints=tmp_path, resume=True)
            break
        except KeyboardInterrupt:
            assert attempt < 10
    assert attempt >= 1
    assert same(straight, model)
    assert read_run(tmp_path)["finished"]
    monkeypatch.setattr(RunFolder, "save", save)
    assert same(straight, make()[0].fit(X, y, checkpoints=tmp_path, resume=True))
    with pytest.raises(RunFolderError, match=message):
        make(**change)[0].fit(X, y, checkpoints=tmp_path, resume=True)
    with pytest.raises(RunFolderError, match="add --resume"):
        make()[0].fit(X, y, checkpoints=tmp_path)


FITS = {
    "sym_stdp": (SymSTDPClassifier(9, assignment_window=6), (IMAGES, LABELS)),
    "pspm": (PSPMRegressor(1), (TASK.current, SPIKES)),
    "s2_stdp": (S2STDPClassifier(epochs=1), (LATENCIES, LABELS, LATENCIES[:8], LABELS[:8])),
    "s2_stdp_held_out": (S2STDPClassifier(epochs=1, validation_fraction=0.25), (LATENCIES, LABELS)),
}


@pytest.mark.parametrize(
    ("name", "changed"), [(name, k) for name, (_, data) in FITS.items() for k in range(len(data))]
)
def test_other_data_are_another_run(name: str, changed: int, tmp_path: Path) -> None:
    model, data = FITS[name]

    def fit(*data: Any) -> None:
        validation = [data[2:]] if data[2:] else []
        model.fit(*data[:2], *validation, checkpoints=tmp_path, resume=True)

    fit(*data)
    fit(*data)
    other = [entry[::-1] if k == changed else entry for k, entry in enumerate(data)]
    differing = r"continued: ([\w.]+\.sha256 was '\w+', is '\w+'(; )?)+$"
    with pytest.raises(RunFolderError, match=differing):
        fit(*other)
    if name != "pspm":  # the same classes by other names
        names = [entry + 5 if k % 2 else entry for k, entry in enumerate(data)]
        with pytest.raises(RunFolderError, match="sha256 was"):
            fit(*names)


@pytest.mark.parametrize("name", ["sym_stdp", "pspm", "s2_stdp_held_out"])
def test_a_model_without_a_part_is_damaged(name: str, tmp_path: Path) -> None:
    model, data = FITS[name]
    whole = read_arrays(model.fit(*data).save(tmp_path / "whole"))
    for part in whole:
        write_arrays(tmp_path / "part.npz", {k: a for k, a in whole.items() if k != part})
        with pytest.raises(
            DamagedFileError, match=r"part\.npz: damaged or no saved model .*missing"
        ):
            type(model).load(tmp_path / "part.npz")


def test_events_in_a_state_that_point_nowhere_are_refused() -> None:
    """They would be indices in the compiled program."""
    cell = NeuronModel(
        name="cell", equations="g : 1", threshold="g > 0.5", reset="g = 0", refractory=2 * ms
    )
    spec = NetworkSpec(
        populations=(Population(name="a", n=3, model=cell), Population(name="b", n=2, model=cell)),
        projections=(
            UniformProjection(
                name="p", source="a", target="b", pattern="all", transmit="g_post += 1",
                delay=3 * ms,
            ),
        ),
        trial=Trial(duration=10 * ms),
    )  # fmt: skip
    program = Program(spec, dt=1 * ms)
    for key, value in (
        ("p.spikes_in_flight", 3),
        ("p.spikes_in_flight", -1),
        ("p.spikes_in_flight", 2**40),
        ("a.steps_since_spike", -5),
    ):
        state = program.initial_state()
        state[key] = np.full(state[key].shape, value, dtype=np.int64)
        with pytest.raises(ValueError, match=rf"Program.state\['{key}'\]: .* got"):
            program(state, n_samples=1)
    state = program.initial_state()
    state["p.spikes_in_flight"] = state["p.spikes_in_flight"] * 0.5
    with pytest.raises(TypeError, match="must be integers"):
        program(state, n_samples=1)
    program(program.initial_state(), n_samples=3)
