"""The gallery of rules: numbers behind the pictures, and that the pictures are drawn."""

from __future__ import annotations

import argparse
import shutil

import numpy as np
import pytest

from bioplastic.commands.registry import load_experiment
from bioplastic.experiments import rules
from bioplastic.study.framework import compute_results, draw_figures

pytestmark = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOPLASTIC_CACHE", str(tmp_path_factory.mktemp("builds")))
        args = argparse.Namespace(scale="smoke", data="none", seed=0)
        return compute_results(load_experiment("rules"), args)


def test_windows_are_their_closed_forms(results):
    assert results.metrics["window_error"] < 1e-12
    assert results.metrics["delay_error"] < 1e-9
    assert results.metrics["clamp_error"] < 2e-3


def test_triplets_follow_the_data_where_pairs_do_not(results):
    """Root mean squared deviation from Sjoestroem et al. in units of their standard error."""
    distance = {}
    for rule in ("triplet", "pair"):
        scores = [
            (results.arrays[f"frequency_{rule}_{name}"] - np.array(rules.SJOESTROEM[lag][0]))
            / np.array(rules.SJOESTROEM[lag][1])
            for name, lag in (("up", 10), ("down", -10))
        ]
        distance[rule] = float(np.sqrt(np.mean(np.square(scores))))
    assert distance["triplet"] < 1
    assert distance["pair"] > 2


def test_poisson_change_crosses_zero_at_the_rate_of_the_closed_form(results):
    rates, change = results.arrays["rate_post"], results.arrays["rate_closed"]
    p = {"up": 16.8 * 6.5e-3 * 0.114, "down": 33.7 * 7.1e-3}  # ms cancel
    assert np.interp(0, change[3:6], rates[3:6]) == pytest.approx(p["down"] / p["up"], rel=0.02)


def test_figures(results, tmp_path):
    paths = draw_figures(load_experiment("rules"), results, tmp_path)
    assert [path.name for path in paths] == ["rules_smoke_windows.png", "rules_smoke_protocols.png"]


def test_triplets_and_short_term_plasticity(results):
    """Post-pre-post potentiates more than pre-post-pre, as measured; trains reach their limits."""
    change, data = results.arrays["triplet_change"], results.arrays["triplet_data"][:, 2]
    assert change[4:].mean() - change[:4].mean() > 0.15
    assert data[4:].mean() - data[:4].mean() > 0.15
    assert np.abs(change - data).mean() < 0.1
    for name, tolerance in (("depressing", 1e-4), ("facilitating", 0.02)):
        arrays = results.arrays
        assert arrays[f"short_{name}"][-1] == pytest.approx(
            float(arrays[f"short_{name}_closed"]), abs=tolerance
        )
