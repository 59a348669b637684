"""The table of a sweep and the choice of the best point: on validation, over all seeds."""

from __future__ import annotations

import csv
import importlib.util
import math

import pytest

from bioplastic.sweeps import choose_best, is_validation_metric, write_table

ROWS = [
    {"eta": eta, "seed": seed, "validation": v, "accuracy": a}
    for eta, values in {
        0.1: [(0.6, 0.9), (0.8, 0.9)],
        0.2: [(0.75, 0.1), (0.75, 0.1)],
        0.3: [(0.5, 0.99), (0.9, 0.99)],
    }.items()
    for seed, (v, a) in enumerate(values)
]


def test_validation_decides_and_never_the_test():
    best = choose_best(ROWS, ["eta", "seed"], "validation")
    assert best.parameters == {"eta": 0.2}  # the worst of all on the test
    assert (best.mean, best.std, best.n) == (0.75, 0.0, 2)
    with pytest.raises(ValueError, match="never on the test set, got 'accuracy'"):
        choose_best(ROWS, ["eta", "seed"], "accuracy")
    assert choose_best(ROWS, ["eta", "seed"], "validation", minimise=True).parameters == (
        {"eta": 0.1}
    )


def test_names_of_validation_metrics():
    names = ["validation", "validation_supervised", "accuracy_validation_s2stdp"]
    assert all(map(is_validation_metric, names))
    assert not any(map(is_validation_metric, ["accuracy", "test_accuracy", "validations"]))


def test_a_point_that_lost_a_seed_is_left_out():
    rows = [row for row in ROWS if (row["eta"], row["seed"]) != (0.2, 1)]
    assert choose_best(rows, ["eta", "seed"], "validation").parameters == {"eta": 0.1}
    assert choose_best([], ["eta"], "validation") is None
    assert math.isnan(choose_best(ROWS[:1], ["eta", "seed"], "validation").std)
    with pytest.raises(ValueError, match="no trial has measured 'validation_x'"):
        choose_best(ROWS, ["eta"], "validation_x")


def test_csv_holds_every_number_exactly(tmp_path):
    pytest.importorskip("pandas", reason="needs the extra bioplastic[sweep]")
    rows = [{"eta": 1 / 3, "n": 100, "kind": "a, b", "only": 1.0}, {"eta": 5e-324, "n": 7}]
    path, *_ = write_table(rows, tmp_path / "table")
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [float(row["eta"]) for row in found] == [1 / 3, 5e-324]
    assert [row["n"] for row in found] == ["100", "7"]
    assert [row["kind"] for row in found] == ["a, b", ""]


def test_parquet_is_there_with_pyarrow_alone(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas", reason="needs the extra bioplastic[sweep]")
    rows = [{"x": 1, "mixed": "a"}, {"x": 2, "mixed": 3}]
    with monkeypatch.context() as patch:
        missing = importlib.util.find_spec
        patch.setattr(
            importlib.util, "find_spec", lambda n, *a: None if n == "pyarrow" else missing(n, *a)
        )
        (tmp_path / "table.parquet").write_text("of an older table")
        assert [p.name for p in write_table(rows, tmp_path / "table")] == ["table.csv"]
        assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    names = [path.name for path in write_table(rows, tmp_path / "table")]
    assert names == ["table.csv", "table.parquet"]
    table = pandas.read_parquet(tmp_path / "table.parquet")
    assert table.to_dict("list") == {"x": [1, 2], "mixed": ["a", "3"]}
