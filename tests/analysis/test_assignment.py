"""Label assignment against a literal reading of its definition."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import (
    assign_labels,
    mean_responses,
    predict_from_assignment,
    predict_from_counts,
)


@pytest.fixture
def responses():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 5, 200)
    counts = rng.poisson(0.5, (200, 30)).astype(np.uint16)
    counts[:, 7] = 0
    return counts, y


def test_assignment_is_the_definition_written_out(responses):
    counts, y = responses
    expected = []
    for neuron in range(counts.shape[1]):
        means = [counts[y == label, neuron].mean() for label in range(5)]
        expected.append(int(np.argmax(means)) if max(means) > 0 else -1)
    assert assign_labels(counts, y, 5).tolist() == expected
    assert expected[7] == -1


def test_prediction_is_the_definition_written_out(responses):
    counts, y = responses
    assignment = assign_labels(counts, y, 5)
    expected = []
    for row in counts:
        scores = [row[assignment == c].mean() if (assignment == c).any() else 0 for c in range(5)]
        expected.append(int(np.argmax(scores)))
    assert predict_from_assignment(counts, assignment, 5).tolist() == expected


def test_rare_class_competes_by_mean_not_by_sum():
    counts = np.array([[2]] * 10 + [[3]])
    y = np.array([0] * 10 + [1])
    assert assign_labels(counts, y, 2).tolist() == [1]


def test_class_without_samples_gets_no_neuron():
    counts = np.array([[1, 0], [0, 1]])
    assert assign_labels(counts, [1, 3], 5).tolist() == [1, 3]
    assert mean_responses(counts, [1, 3], 5)[[0, 2, 4]].sum() == 0


def test_ties_go_to_the_lowest_class():
    # 2 spikes over 6 neurons and 1 over 3 are the same mean.
    assignment = np.array([1] * 6 + [0] * 3 + [2])
    counts = np.array([[1, 1, 0, 0, 0, 0, 0, 1, 0, 0], [0] * 10])
    assert predict_from_assignment(counts, assignment, 3).tolist() == [0, 0]
    assert assign_labels([[1], [1]], [1, 0], 2).tolist() == [0]


def test_unassigned_neurons_have_no_vote():
    assert predict_from_assignment([[9, 1]], [-1, 2], 3).tolist() == [2]


def test_large_counts_of_a_small_type_do_not_wrap():
    counts = np.full((300, 1), 255, dtype=np.uint8)
    assert mean_responses(counts, np.zeros(300, int), 1)[0, 0] == 255


def test_counts_read_out_picks_the_first_largest():
    assert predict_from_counts([[0, 2, 2], [0, 0, 0], [1, 0, 4]]).tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: assign_labels([[1]], [0, 1], 2), ValueError, r"y: must have shape \(1\)"),
        (lambda: assign_labels([[-1]], [0], 2), ValueError, "counts: must be at least 0, got -1"),
        (lambda: assign_labels([[1]], [2], 2), ValueError, "labels from 0 to 1, got 2"),
        (lambda: assign_labels([[1]], [0.5], 2), TypeError, "got fractions"),
        (lambda: assign_labels([[np.nan]], [0], 2), ValueError, "must be finite"),
        (lambda: assign_labels([["a"]], [0], 2), TypeError, "must hold real numbers"),
        (lambda: assign_labels([[1, 2], [3]], [0, 1], 2), ValueError, "rectangular"),
        (lambda: predict_from_assignment([[1]], [-2], 2), ValueError, "from -1 to 1, got -2"),
        (lambda: predict_from_counts(np.zeros((2, 0))), ValueError, "at least one column"),
        (lambda: mean_responses([[1]], [0], 0), ValueError, "n_classes: must be a positive"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
