"""Subspaces, decoding, frequency response, weights, continual learning and costs."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import (
    E_AC,
    E_MAC,
    SpikeTrains,
    SynapseLayer,
    bimodality_coefficient,
    bit_budget,
    compare_subspaces,
    conventional_energy,
    count_operations,
    decode,
    effective_rank,
    integrator_gain,
    lif_gain,
    lock_in,
    memory_energy_ann,
    memory_energy_snn,
    participation_ratio,
    principal_angles,
    score_continual,
    spectral_response,
    weight_error,
)


@pytest.mark.parametrize(("n", "k"), [(20, 1), (20, 5), (20, 20)])
def test_participation_ratio_counts_equal_directions(n, k):
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((n, k)))[0]
    activity = rng.standard_normal((40_000, k)) @ basis.T
    assert participation_ratio(activity) == pytest.approx(k, rel=0.02)
    few = activity[:10]  # fewer samples than units: same number from the smaller matrix
    eigenvalues = np.linalg.eigvalsh(np.cov(few.T, bias=True).reshape(n, n))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert participation_ratio(few) == pytest.approx(expected)


def test_angles_that_were_put_in():
    angles = np.array([0.1, 0.7, 1.3])
    first = np.eye(8)[:, :3]
    second = first * np.cos(angles) + np.eye(8)[:, 3:6] * np.sin(angles)
    mixed = second @ np.random.default_rng(0).standard_normal((3, 3))
    np.testing.assert_allclose(principal_angles(first, mixed), angles, atol=1e-9)


def test_null_distribution_has_the_known_mean_and_the_p_value_is_uniform():
    rng = np.random.default_rng(0)
    n, k1, k2 = 30, 4, 6
    found = compare_subspaces(rng.standard_normal((n, k1)), rng.standard_normal((n, k2)))
    # E |cos|^2 summed over the angles is k1 k2 / n
    assert found.null_overlap.mean() == pytest.approx(k2 / n, rel=0.05)
    values = [
        compare_subspaces(
            rng.standard_normal((12, 2)), rng.standard_normal((12, 2)), n_samples=60, seed=index
        ).p_aligned
        for index in range(150)
    ]
    assert np.mean(np.array(values) <= 0.2) == pytest.approx(0.2, abs=0.1)
    same = rng.standard_normal((n, k1))
    assert compare_subspaces(same, same).p_aligned < 0.01


def _labelled_trials(kind: str, seed=0) -> tuple[SpikeTrains, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], 40)
    times, units, trials = [], [], []
    for trial, label in enumerate(y):
        for unit in range(3):
            if kind == "rate":
                spikes = rng.uniform(0, 1, rng.poisson(20 if unit == label else 5))
            elif kind == "latency":
                spikes = [rng.normal(0.2 if unit == label else 0.5, 0.05)]
            else:  # the same count and first spike; the second comes early or late
                spikes = [0.05, rng.normal(0.3 + 0.2 * ((unit + label) % 3), 0.03)]
            times.extend(spikes)
            units.extend([unit] * len(spikes))
            trials.extend([trial] * len(spikes))
    return (
        SpikeTrains.from_arrays(times, units, trials=trials, t_stop=1.0, outside="drop"),
        y,
    )


def test_each_code_is_read_by_its_decoder_and_only_by_that():
    trains, y = _labelled_trials("rate")
    assert decode(trains, y, code="rate").accuracy > 0.95
    trains, y = _labelled_trials("latency")
    assert decode(trains, y, code="latency").accuracy > 0.95
    assert decode(trains, y, code="rate").accuracy < 0.5
    trains, y = _labelled_trials("pattern")
    assert decode(trains, y, code="template", bin_width=0.1).accuracy > 0.95
    assert decode(trains, y, code="rate").accuracy < 0.5
    assert decode(trains, y, code="latency").accuracy < 0.5


def test_shuffled_labels_give_chance():
    trains, y = _labelled_trials("rate")
    shuffled = np.random.default_rng(0).permutation(y)
    found = decode(trains, shuffled)
    assert found.chance == pytest.approx(1 / 3)
    assert found.accuracy == pytest.approx(1 / 3, abs=0.12)
    with pytest.raises(ValueError, match="at least two classes with 5 trials each"):
        decode(trains, np.zeros(120, int))


def _low_pass(drive, beta):
    membrane, value = np.empty_like(drive), 0.0
    for n, current in enumerate(drive):
        value = beta * value + (1 - beta) * current
        membrane[n] = value
    return membrane


@pytest.mark.parametrize("beta", [0.25, 0.5, 0.75, 0.9])
def test_membrane_gain_matches_its_closed_form_within_one_percent(beta):
    for f in (0.01, 0.05, 0.1, 0.2, 0.4):
        drive = np.cos(2 * np.pi * f * np.arange(3000))
        gain = abs(lock_in(_low_pass(drive, beta)[500:], f)) / abs(lock_in(drive[500:], f))
        assert gain == pytest.approx(float(lif_gain(f, beta)), rel=1e-6)
    noise = np.random.default_rng(0).standard_normal(200_000)
    found = spectral_response(noise, _low_pass(noise, beta), dt=1.0, n_segment=256)
    inner = slice(3, -3)
    expected = lif_gain(found.frequency, beta)[inner]
    np.testing.assert_allclose(found.gain[inner], expected, rtol=0.01)
    assert found.coherence[inner].min() > 0.99


def test_published_gains():
    betas = (0.25, 0.5, 0.75, 0.9)
    nyquist = [float(lif_gain(0.5, beta)) for beta in betas]
    np.testing.assert_allclose(nyquist, [0.600, 0.333, 0.143, 0.053], atol=5e-4)
    corner = [
        float(lif_gain(f, b)) for f, b in zip([0.270, 0.115, 0.046, 0.017], betas, strict=True)
    ]
    np.testing.assert_allclose(corner, np.sqrt(0.5), atol=0.01)
    drive = np.cos(2 * np.pi * 0.1 * np.arange(1000))
    assert abs(lock_in(np.cumsum(drive), 0.1)) == pytest.approx(float(integrator_gain(0.1)))


def test_phase_of_a_delay():
    x = np.random.default_rng(0).standard_normal(100_000)
    found = spectral_response(x[4:], x[:-4], dt=1e-3, n_segment=200)
    low = found.frequency < 100
    np.testing.assert_allclose(found.phase[low], -2 * np.pi * found.frequency[low] * 4e-3, atol=0.1)


def test_coherence_of_signal_and_noise():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(400_000)
    found = spectral_response(x, x + rng.standard_normal(x.size), dt=1.0, n_segment=256)
    assert found.coherence.mean() == pytest.approx(0.5, abs=0.01)


def test_bimodality_of_known_distributions():
    rng = np.random.default_rng(0)
    assert bimodality_coefficient(rng.random(200_000)) == pytest.approx(5 / 9, abs=0.005)
    assert bimodality_coefficient(rng.standard_normal(200_000)) == pytest.approx(1 / 3, abs=0.005)
    peaks = np.concatenate([rng.normal(0, 0.05, 500), rng.normal(1, 0.05, 500)])
    assert bimodality_coefficient(peaks) > 0.9
    assert np.isnan(bimodality_coefficient(np.ones(10)))


def test_effective_rank_of_known_spectra():
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((30, 30)))[0]
    for k in (1, 7, 30):
        assert effective_rank(q[:, :k] @ q[:, :k].T) == pytest.approx(k)
    assert effective_rank(np.diag([1.0, 0.5, 0.5])) == pytest.approx(np.exp(1.5 * np.log(2)))
    assert effective_rank(np.zeros((3, 4))) == 0


def test_weight_error_of_a_scaled_and_a_noisy_copy():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((50, 40))
    scaled = weight_error(3 * truth, truth)
    assert scaled["relative"] == pytest.approx(2)
    assert scaled["scaled_relative"] == pytest.approx(0, abs=1e-12)
    noisy = weight_error(truth + rng.standard_normal(truth.shape), truth)
    assert noisy["correlation"] == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert weight_error(0 * truth, truth)["relative"] == 1
    with pytest.raises(ValueError, match="must have the shape"):
        weight_error(truth, truth.T)


def test_continual_scores_by_hand():
    nan = np.nan
    found = score_continual([[0.8, nan, nan], [0.9, 0.7, nan], [0.5, 0.6, 1.0]])
    assert found.acc == pytest.approx(0.7)
    assert found.bwt == pytest.approx((-0.3 - 0.1) / 2)
    assert found.forgetting == pytest.approx((0.4 + 0.1) / 2)
    assert found.learning == pytest.approx(2.5 / 3)
    assert score_continual([[0.9]]).bwt == 0
    with pytest.raises(ValueError, match="finite on and below the diagonal"):
        score_continual([[0.8, 0.1], [nan, 0.7]])


def test_counter_equals_brute_force_on_ten_neurons():
    rng = np.random.default_rng(0)
    wiring = rng.random((10, 10)) < 0.4
    raster = rng.random((200, 10)) < 0.1
    synaptic = reads = plastic = traces = neurons = 0
    for step in range(200):
        for i in range(10):
            neurons += 1
            if raster[step, i]:
                traces += 2  # its trace as a source and its trace as a target
                for j in range(10):
                    if wiring[i, j]:
                        synaptic += 1
                        reads += 1
                        plastic += 1
                    if wiring[j, i]:
                        plastic += 1
    spikes = raster.sum(axis=0)
    found = count_operations(
        [SynapseLayer(wiring, spikes, spikes, plastic=True)], n_neurons=10, n_steps=200
    )
    assert found.synaptic == synaptic
    assert found.weight_reads == reads
    assert found.plastic_updates == plastic
    assert found.trace_updates == traces
    assert found.neuron_updates == neurons
    with pytest.raises(ValueError, match=r"layers\[0\].post_spikes: must be given"):
        count_operations([SynapseLayer(wiring, spikes, plastic=True)], n_neurons=10, n_steps=1)
    with pytest.raises(TypeError, match="got fractions"):
        count_operations([SynapseLayer(wiring, spikes / 3)], n_neurons=10, n_steps=1)


def test_arithmetic_puts_spikes_ahead_and_memory_reverses_it():
    n_in, n_out, n_steps, rate = 784, 400, 20, 0.1
    spikes = np.full(n_in, round(rate * n_steps))
    found = count_operations(
        [SynapseLayer(np.ones((n_in, n_out)), spikes)], n_neurons=n_in + n_out, n_steps=n_steps
    )
    macs = n_in * n_out
    assert conventional_energy(found.synaptic) < conventional_energy(0, analogue_macs=macs)
    opponent = memory_energy_ann(macs, bits=4, n_activations=n_in, n_weights=macs)
    assert memory_energy_snn(found) > opponent
    # The break-even of arithmetic alone: spikes per synapse = E_MAC / E_AC
    assert E_MAC / E_AC == pytest.approx(5.1, abs=0.02)


def test_bit_budget_of_equal_allocations():
    allocations = [(4, 1), (2, 2), (1, 4)]  # spike bits, steps
    values = {
        bit_budget(100, n_steps=steps, weight_bits=1, spike_bits=bits)
        for bits, steps in allocations
    }
    assert values == {400.0}
    assert bit_budget(100, n_steps=4, weight_bits=8, rate=0.25) == 800
