"""The symmetric-STDP experiment at smoke scale: stages, checkpoints, several seeds, data sets."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bioplastic.checkpoints import find_state, read_run
from bioplastic.datasets import Dataset
from bioplastic.experiments import sym_stdp
from bioplastic.experiments.sym_stdp import training as trainings
from bioplastic.experiments.sym_stdp.training import PROTOCOLS, HeldOut, load_samples, train
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.study import Film
from bioplastic.study.framework import add_run_options, compute_results, draw_figures, make_run

ROOT = Path(sym_stdp.__file__).resolve().parents[2]
SMALL = PROTOCOLS["smoke"].with_values(train=60, test=30)
OURS = SMALL.with_values(variant="ours")
READOUT = SMALL.with_values(variant="readout")


@pytest.fixture(scope="module")
def samples():
    return load_samples(SMALL, "digits", 0)


@pytest.fixture
def frequent(monkeypatch):
    """Keep a checkpoint every few images."""
    monkeypatch.setattr(SymSTDPClassifier, "chunk", 7)
    monkeypatch.setattr(SymSTDPClassifier, "checkpoint_seconds", 0.0)


def parse(*options: str, scale: str = "smoke", data: str = "digits") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_run_options(parser, sym_stdp.EXPERIMENT)
    sym_stdp.add_arguments(parser)
    args = parser.parse_args(options)
    args.scale, args.data, args.seed = scale, data, 0
    return args


def choose(*options: str, **where: str):
    return make_run(sym_stdp.EXPERIMENT, parse(*options, **where)).protocol


def same_models(one, other) -> bool:
    return one.state_.keys() == other.state_.keys() and all(
        np.array_equal(one.state_[name], other.state_[name]) for name in one.state_
    )


def accuracies(model) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in model.curve_]


def test_options_reach_the_protocol():
    size = ("--n-hidden", "1600")
    for variant, epochs in (("paper", 7), ("readout", 7), ("ours", 1)):
        chosen = choose(*size, "--variant", variant, scale="paper", data="mnist")
        assert chosen.n_epochs == epochs
        regime = chosen.make_model("mnist", 0, {}).regime_
        assert (regime == "simultaneous") == (variant == "paper")
    assert choose(scale="paper", data="fashion-mnist").n_epochs == 3
    assert choose(*size, "--epochs", "2", scale="paper", data="mnist").n_epochs == 2
    together = choose("--variant", "ours", "--regime", "simultaneous")
    assert together.make_model("digits", 0, {}).regime_ == "simultaneous"
    chosen = choose("--shuffle", "--evaluate-every", "7")
    assert chosen == PROTOCOLS["smoke"].with_values(shuffle=True, evaluate_every=7)


def test_constants_of_the_command_line(capsys):
    given = ("--constant", "trace_jump=0.3", "--constant", "theta_decay=trial")
    assert parse(*given).constant == [("trace_jump", 0.3), ("theta_decay", "trial")]
    wrong = {
        "jump=1": "must be NAME=VALUE with one of eta_hidden",
        "tau_theta=3": "tau_theta: must be a quantity in second",
        "v_t=1*second": "v_t: must be a quantity in volt",
        "trace_jump=x": "could not convert string to float: 'x'",
        "trace_jump=none": "could not convert string to float: 'none'",
        "field_size=1.5": "invalid literal for int",
        "field_size=0": "field_size: must be a positive integer",
        "trace_jump=-1": "trace_jump: must be a finite number at least 0",
        "theta_decay=never": "theta_decay: must be one of",
    }
    for text, message in wrong.items():
        with pytest.raises(SystemExit):
            parse("--constant", text)
        assert message in capsys.readouterr().err, text


def test_every_epoch_shows_every_image_once():
    model = SymSTDPClassifier(shuffle=True)
    model.seed_ = 3
    orders = [model.order(50, 0, epoch) for epoch in range(2)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert not np.array_equal(*orders)
    assert np.array_equal(orders[1], model.order(50, 0, 1))
    rng = np.random.default_rng((3, 1))
    assert np.array_equal(model.order(50, 1, 0), rng.permutation(50))
    assert SymSTDPClassifier().order(50, 0, 0) is None


def test_held_out_images_are_not_trained_on(samples):
    seen = {row.tobytes() for row in samples.X}
    assert len(samples.X) + len(samples.X_held_out) == 120
    assert not any(row.tobytes() in seen for row in samples.X_held_out)


@pytest.mark.usefixtures("frequent")
def test_curve_has_a_point_per_interval_and_one_at_the_end(samples):
    model = train(SMALL.with_values(evaluate_every=25), samples, "digits", 0, {})
    assert [row["n_seen"] for row in model.curve_] == [25, 50, 60]
    assert [row["stage"] for row in model.curve_] == ["together"] * 3


def test_a_film_shows_the_weights_and_changes_nothing(samples):
    film = Film(frames=10)
    filmed = train(SMALL, samples, "digits", 0, {}, film=film)
    assert same_models(filmed, train(SMALL, samples, "digits", 0, {}))
    arrays = film.arrays()
    assert arrays["film_samples"][-1] == 60
    last = filmed.weights_[:, :100].astype(np.float16)
    np.testing.assert_array_equal(arrays["film_weights"][-1], last)


def test_supervised_readout_is_evaluated_in_its_stage_alone(samples):
    curve = train(OURS, samples, "digits", 0, {}).curve_
    assert [row["stage"] for row in curve] == ["hidden", "readout"]
    assert "supervised" not in curve[0]
    assert "supervised" in curve[1]


@pytest.mark.usefixtures("frequent")
def test_interrupted_run_ends_with_the_same_weights(samples, tmp_path, monkeypatch):
    straight = train(OURS, samples, "digits", 0, {})

    class Interrupted(Exception):
        pass

    calls = []

    def fail_later(self, model):
        calls.append(1)
        if len(calls) == 2:
            raise Interrupted
        return original(self, model)

    original = HeldOut.__call__
    monkeypatch.setattr(HeldOut, "__call__", fail_later)
    with pytest.raises(Interrupted):
        train(OURS, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    resumed = train(OURS, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    assert len(calls) == 3
    assert same_models(straight, resumed)
    assert accuracies(straight) == accuracies(resumed)


KILLED = """
import sys
from bioplastic.experiments.sym_stdp.training import PROTOCOLS, load_samples, train
from bioplastic.models.sym_stdp import SymSTDPClassifier
SymSTDPClassifier.chunk, SymSTDPClassifier.checkpoint_seconds = 2, 0.0
protocol = PROTOCOLS["smoke"].with_values(train=60, test=30, variant="ours")
train(protocol, load_samples(protocol, "digits", 0), "digits", 0, {}, checkpoints=sys.argv[1])
"""


def test_killed_run_ends_with_the_same_weights(samples, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    limit = time.monotonic() + 120
    while not list(tmp_path.glob("seed0-*/state-000002.npz")):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < limit
        time.sleep(0.002)
    process.kill()
    process.communicate()
    (folder,) = tmp_path.glob("seed0-*")
    assert not read_run(folder)["finished"]
    assert SymSTDPClassifier.load(find_state(folder)).n_seen_ < 120
    straight = train(OURS, samples, "digits", 0, {})
    resumed = train(OURS, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert same_models(straight, resumed)


def test_other_parameters_are_refused_by_name(samples, tmp_path):
    train(SMALL, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    changed = SMALL.with_values(evaluate_every=7, n_hidden=9)
    with pytest.raises(
        ValueError, match=r"continued: n_hidden was 16, is 9; .*every was 100, is 7"
    ):
        train(changed, samples, "digits", 0, {}, checkpoints=str(tmp_path))


@pytest.mark.parametrize(("shorter", "name"), [(SMALL, "epochs"), (OURS, "readout_epochs")])
def test_more_epochs_continue_a_finished_run(samples, tmp_path, shorter, name):
    longer, folder = shorter.with_values(**{name: 2}), str(tmp_path)
    train(shorter, samples, "digits", 0, {}, checkpoints=folder)
    straight = train(longer, samples, "digits", 0, {})
    resumed = train(longer, samples, "digits", 0, {}, checkpoints=folder)
    assert same_models(straight, resumed)
    assert accuracies(straight)[-1] == accuracies(resumed)[-1]
    with pytest.raises(ValueError, match=rf"continued: {name} was 2, is 1"):
        train(shorter, samples, "digits", 0, {}, checkpoints=folder)


def test_the_hidden_layer_takes_no_epochs_once_it_is_frozen(samples, tmp_path):
    train(OURS, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    with pytest.raises(ValueError, match=r"continued: epochs was 1, is 2"):
        train(OURS.with_values(epochs=2), samples, "digits", 0, {}, checkpoints=str(tmp_path))


def test_finished_run_resumes_to_itself_and_another_program_does_not(
    samples, tmp_path, monkeypatch
):
    first = train(SMALL, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    again = train(SMALL, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    assert same_models(first, again)
    assert first.curve_ == again.curve_
    (folder,) = tmp_path.iterdir()
    assert read_run(folder)["finished"]
    monkeypatch.setattr(trainings, "digest_code", lambda function: "another program")
    train(SMALL, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_hidden_layer_of_another_run_is_taken_over(samples, tmp_path):
    source = train(SMALL, samples, "digits", 0, {}, checkpoints=str(tmp_path))
    model = train(READOUT, samples, "digits", 0, {}, hidden_from=str(tmp_path))
    assert np.array_equal(model.weights_, source.weights_)
    assert np.array_equal(model.state_["exc.theta"], source.state_["exc.theta"])
    assert [row["stage"] for row in model.curve_] == ["readout"]
    with pytest.raises(ValueError, match="must hold seed 1"):
        train(READOUT, samples, "digits", 1, {}, hidden_from=str(tmp_path))
    with pytest.raises(ValueError, match="must have the same receptive fields"):
        train(OURS, samples, "digits", 0, {}, hidden_from=str(tmp_path))
    other = load_samples(SMALL.with_values(train=50), "digits", 0)
    with pytest.raises(ValueError, match="must be a run with the same X"):
        train(READOUT, other, "digits", 0, {}, hidden_from=str(tmp_path))


def test_experiment_runs_with_two_seeds(tmp_path):
    options = ("--variant", "ours", "--seeds", "2", "--checkpoints", str(tmp_path / "runs"))
    results = compute_results(sym_stdp.EXPERIMENT, parse(*options))
    assert results.metrics["accuracy_assigned"] > results.baselines["chance"]
    seeds = results.measured["seeds"].accuracy_supervised
    assert seeds.sizes == {"seed": 2}
    assert results.metrics["accuracy_supervised"] == pytest.approx(float(seeds.mean()))
    assert "accuracy_supervised_averaged" in results.metrics
    assert draw_figures(sym_stdp.EXPERIMENT, results, tmp_path)
    folders = (tmp_path / "runs" / "sym_stdp-digits-smoke-ours-16").iterdir()
    assert sorted(path.name.split("-")[0] for path in folders) == ["seed0", "seed1"]
    again = compute_results(sym_stdp.EXPERIMENT, parse(*options))
    assert again.metrics == results.metrics


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
    monkeypatch.setattr(trainings, "load_dataset", lambda name: clothes)
    protocol = SMALL.with_values(n_hidden=400, train=100)
    stand_in = load_samples(protocol, "fashion-mnist", 0)
    assert np.all(np.abs(stand_in.X.mean(axis=1) - 30) < 1)
    model = train(protocol, stand_in, "fashion-mnist", 0, {})
    assert float(model.constants_.v_t) == pytest.approx(-0.060)
    assert model.constants_.w_max_output == 40.0
    assert model.weights_.sum(axis=0) == pytest.approx(19.6, rel=1e-3)
    assert model.output_weights_.sum(axis=0) == pytest.approx(800, rel=1e-3)
    assert model.training_spikes_ > 5 * 100
