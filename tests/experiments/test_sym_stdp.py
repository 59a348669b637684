"""The symmetric-STDP experiment at smoke scale: stages, checkpoints, several seeds, data sets."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioplastic.checkpoints import read_run
from bioplastic.datasets import Dataset
from bioplastic.experiments import sym_stdp
from bioplastic.experiments.sym_stdp import protocol as protocols
from bioplastic.experiments.sym_stdp import training as trainings
from bioplastic.experiments.sym_stdp.protocol import (
    PROTOCOLS,
    choose_protocol,
    load_samples,
)
from bioplastic.experiments.sym_stdp.training import plan_stages, train_model
from bioplastic.study import Film
from bioplastic.study.framework import compute_results, draw_figures

ROOT = Path(sym_stdp.__file__).resolve().parents[2]
SMALL = replace(PROTOCOLS["smoke", "digits"], train=60, test=30)
OURS = replace(SMALL, variant="ours", regime="layer_by_layer")
READOUT = replace(OURS, variant="readout")


@pytest.fixture(scope="module")
def samples():
    return load_samples(SMALL, "digits", 0)


def parse(*options: str, scale: str = "smoke", data: str = "digits") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    sym_stdp.add_arguments(parser)
    args = parser.parse_args(options)
    args.scale, args.data, args.seed = scale, data, 0
    return args


def same_models(one, other) -> bool:
    return one.state_.keys() == other.state_.keys() and all(
        np.array_equal(one.state_[name], other.state_[name]) for name in one.state_
    )


def test_options_reach_the_protocol():
    size = ("--n-hidden", "1600")
    for variant, epochs in (("paper", 7), ("readout", 7), ("ours", 1)):
        chosen = choose_protocol(parse(*size, "--variant", variant, scale="paper", data="mnist"))
        assert chosen.epochs == epochs
        assert (chosen.regime == "simultaneous") == (variant == "paper")
    ours = choose_protocol(parse("--variant", "ours"))
    assert (ours.variant, ours.regime) == ("ours", "layer_by_layer")
    assert choose_protocol(parse("--variant", "ours", "--regime", "simultaneous")).regime == (
        "simultaneous"
    )


def test_constants_are_read_by_name():
    assert parse("--constant", "trace_jump=0.3").constant == [("trace_jump", 0.3)]
    for wrong in ("jump=1", "v_t=1", "trace_jump=big"):
        with pytest.raises(SystemExit):
            parse("--constant", wrong)


def test_stages_follow_the_regime():
    assert plan_stages(SMALL, adopted=False) == [("together", 1)]
    assert plan_stages(OURS, adopted=False) == [("hidden", 1), ("readout", 1)]
    assert plan_stages(OURS, adopted=True) == [("readout", 1)]


def test_every_epoch_shows_every_image_once():
    stored = trainings.order_images(5, 2, False, (0, 0))
    shuffled = trainings.order_images(50, 2, True, (0, 0))
    assert stored.tolist() == [0, 1, 2, 3, 4] * 2
    assert sorted(shuffled[:50]) == sorted(shuffled[50:]) == list(range(50))
    assert not np.array_equal(shuffled[:50], shuffled[50:])
    assert np.array_equal(shuffled, trainings.order_images(50, 2, True, (0, 0)))


def test_held_out_images_are_not_trained_on(samples):
    seen = {row.tobytes() for row in samples.X}
    assert len(samples.X) + len(samples.X_held_out) == 120
    assert not any(row.tobytes() in seen for row in samples.X_held_out)


def test_curve_has_a_point_per_interval_and_one_at_the_end(samples):
    protocol = replace(SMALL, evaluate_every=25)
    training = train_model(protocol, samples, "digits", 0, checkpoint_every=7)
    assert [point["samples"] for point in training.curve] == [25, 50, 60]
    assert training.images == {"together": 60}


def test_a_film_shows_the_weights_and_changes_nothing(samples):
    film = Film(frames=10)
    filmed = train_model(SMALL, samples, "digits", 0, film=film)
    assert same_models(filmed.model, train_model(SMALL, samples, "digits", 0).model)
    arrays = film.arrays()
    assert arrays["film_samples"][-1] == 60
    last = filmed.model.weights_[:, :100].astype(np.float16)
    np.testing.assert_array_equal(arrays["film_weights"][-1], last)


def test_supervised_readout_is_evaluated_in_its_stage_alone(samples):
    curve = train_model(OURS, samples, "digits", 0).curve
    assert [point["stage"] for point in curve] == ["hidden", "readout"]
    assert "supervised" not in curve[0]
    assert "supervised" in curve[1]


def test_interrupted_run_ends_with_the_same_weights(samples, tmp_path, monkeypatch):
    straight = train_model(OURS, samples, "digits", 0)

    class Interrupted(Exception):
        pass

    calls = []

    def fail_later(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise Interrupted
        return original(*arguments)

    original = trainings.evaluate
    monkeypatch.setattr(trainings, "evaluate", fail_later)
    with pytest.raises(Interrupted):
        train_model(OURS, samples, "digits", 0, folder=tmp_path, checkpoint_every=13)
    monkeypatch.undo()
    resumed = train_model(
        OURS, samples, "digits", 0, folder=tmp_path, checkpoint_every=13, resume=True
    )
    assert same_models(straight.model, resumed.model)
    assert [p["supervised"] for p in straight.curve[1:]] == [
        p["supervised"] for p in resumed.curve[1:]
    ]


KILLED = """
import sys
from dataclasses import replace
from pathlib import Path
from bioplastic.experiments.sym_stdp.protocol import PROTOCOLS, load_samples
from bioplastic.experiments.sym_stdp.training import train_model
protocol = replace(PROTOCOLS["smoke", "digits"], train=60, test=30, variant="ours",
                   regime="layer_by_layer")
samples = load_samples(protocol, "digits", 0)
train_model(protocol, samples, "digits", 0, folder=Path(sys.argv[1]), checkpoint_every=2)
"""


def test_killed_run_ends_with_the_same_weights(samples, tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    limit = time.monotonic() + 120
    while not (folder / "state-000001.npz").exists():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < limit
        time.sleep(0.002)
    process.kill()
    process.communicate()
    progress = read_run(folder)["progress"]
    assert sum(progress.get("images", {}).values()) < 120  # it had not finished
    straight = train_model(OURS, samples, "digits", 0)
    resumed = train_model(OURS, samples, "digits", 0, folder=folder, resume=True)
    assert same_models(straight.model, resumed.model)


def test_other_parameters_are_refused_by_name(samples, tmp_path):
    train_model(SMALL, samples, "digits", 0, folder=tmp_path)
    changed = replace(SMALL, evaluate_every=7)
    wanted = r"continued: evaluate_every was 100, is 7; seed was 0, is 1"
    with pytest.raises(ValueError, match=wanted):
        train_model(changed, samples, "digits", 1, folder=tmp_path, resume=True)
    with pytest.raises(ValueError, match="add --resume"):
        train_model(SMALL, samples, "digits", 0, folder=tmp_path)


def test_constants_of_the_command_line(capsys):
    given = ("--constant", "trace_jump=0.3", "--constant", "theta_decay=trial")
    assert parse(*given).constant == [("trace_jump", 0.3), ("theta_decay", "trial")]
    wrong = {
        "tau_theta=3": "'tau_theta' is no dimensionless constant",
        "trace_jump=x": "trace_jump: must be a number, got 'x'",
        "trace_jump=none": "trace_jump: must be a number, got 'none'",
        "field_size=1.5": "field_size: must be an integer, got '1.5'",
        "field_size=0": "SymSTDPParameters.field_size: must be",
        "trace_jump=-1": "SymSTDPParameters.trace_jump: must be",
        "theta_decay=never": "SymSTDPParameters.theta_decay: must be one of",
    }
    for text, message in wrong.items():
        with pytest.raises(SystemExit):
            parse("--constant", text)
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(("shorter", "name"), [(SMALL, "epochs"), (OURS, "readout_epochs")])
def test_more_epochs_continue_a_finished_run(samples, tmp_path, shorter, name):
    longer = replace(shorter, **{name: 2})
    train_model(shorter, samples, "digits", 0, folder=tmp_path)
    straight = train_model(longer, samples, "digits", 0)
    resumed = train_model(longer, samples, "digits", 0, folder=tmp_path, resume=True)
    assert same_models(straight.model, resumed.model)
    with pytest.raises(ValueError, match=rf"continued: {name} was 2, is 1"):
        train_model(shorter, samples, "digits", 0, folder=tmp_path, resume=True)


def test_the_hidden_layer_takes_no_epochs_once_it_is_frozen(samples, tmp_path):
    train_model(OURS, samples, "digits", 0, folder=tmp_path)
    with pytest.raises(ValueError, match=r"continued: epochs was 1, is 2"):
        train_model(replace(OURS, epochs=2), samples, "digits", 0, folder=tmp_path, resume=True)


def test_finished_run_resumes_to_itself(samples, tmp_path):
    first = train_model(SMALL, samples, "digits", 0, folder=tmp_path)
    again = train_model(SMALL, samples, "digits", 0, folder=tmp_path, resume=True)
    assert same_models(first.model, again.model)
    assert first.curve == again.curve
    assert read_run(tmp_path)["finished"]


def test_hidden_layer_of_another_run_is_taken_over(samples, tmp_path):
    source = train_model(SMALL, samples, "digits", 0, folder=tmp_path).model
    model = train_model(READOUT, samples, "digits", 0, hidden_from=tmp_path).model
    assert np.array_equal(model.weights_, source.weights_)
    assert np.array_equal(model.state_["exc.theta"], source.state_["exc.theta"])
    with pytest.raises(ValueError, match="must be a run with seed 1, got 0"):
        train_model(READOUT, samples, "digits", 1, hidden_from=tmp_path)
    with pytest.raises(ValueError, match="must have the same receptive fields"):
        train_model(OURS, samples, "digits", 0, hidden_from=tmp_path)


def test_experiment_runs_with_two_seeds(tmp_path):
    args = parse("--variant", "ours", "--seeds", "2", "--checkpoints", str(tmp_path / "runs"))
    results = compute_results(sym_stdp.EXPERIMENT, args)
    assert results.metrics["accuracy_assigned"] > results.baselines["chance"]
    assert len(results.arrays["seeds_accuracy_supervised"]) == 2
    assert results.metrics["accuracy_supervised"] == pytest.approx(
        results.arrays["seeds_accuracy_supervised"].mean()
    )
    assert "accuracy_supervised_averaged" in results.metrics
    assert draw_figures(sym_stdp.EXPERIMENT, results, tmp_path)
    assert (tmp_path / "runs" / "seed1" / "run.json").exists()


def test_fashion_mnist_uses_its_constants_and_preprocessing(monkeypatch):
    rng = np.random.default_rng(0)

    def draw(n: int):
        """Return bright patterns, one per class, in noise: far brighter than digits."""
        y = np.arange(n) % 10
        X = rng.integers(0, 120, (n, 28, 28))
        for sample, label in zip(X, y, strict=True):
            sample[2 * label : 2 * label + 8, 4:24] += 130
        return X.reshape(n, 784).astype(np.uint8), y

    X, y = draw(160)
    X_test, y_test = draw(40)
    clothes = Dataset(
        "fashion-mnist", X, y, X_test, y_test, (28, 28), n_classes=10, source="made up"
    )
    monkeypatch.setattr(protocols, "load_dataset", lambda name: clothes)
    protocol = replace(SMALL, n_hidden=400, train=100)
    stand_in = load_samples(protocol, "fashion-mnist", 0)
    assert np.all(np.abs(stand_in.X.mean(axis=1) - 30) < 1)
    training = train_model(protocol, stand_in, "fashion-mnist", 0)
    constants = training.model.constants_
    assert float(constants.v_t) == pytest.approx(-0.060)
    assert constants.w_max_output == 40.0
    assert training.model.weights_.sum(axis=0) == pytest.approx(19.6, rel=1e-3)
    assert training.model.output_weights_.sum(axis=0) == pytest.approx(800, rel=1e-3)
    assert training.model.training_spikes_ > 5 * 100
