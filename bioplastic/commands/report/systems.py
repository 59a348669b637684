"""The short table of systems: one row each, what was published and what was measured here."""

from __future__ import annotations

from bioplastic.commands.report.rows import Row

__all__ = ["SYSTEMS"]

SYSTEMS: tuple[Row, ...] = (
    Row(
        "sym_stdp_mnist_exact_6400",
        "sym_stdp --scale paper --data mnist",
        "{accuracy_supervised:%} with 6400 cells",
        "96.7 % (MNIST, as remembered)",
        paper="Hao et al. 2020, symmetric STDP",
    ),
    Row(
        "sym_stdp_mnist_ours_6400",
        "sym_stdp --scale paper --data mnist --variant ours",
        "{accuracy_supervised:%} with 6400 cells",
        "–",
        paper="its rules in columns with receptive fields",
    ),
    Row(
        "diehl_cook_mnist_paper",
        "diehl_cook --data mnist --scale paper --arms no_delays,random",
        "400 cells, no delays, {accuracy_no_delays:%}, random weights "
        "{baselines.accuracy_random:%}, linear {baselines.linear:%}",
        "{paper.accuracy_no_delays:%} (as remembered)",
        paper="Diehl & Cook 2015, digits without labels",
    ),
    Row(
        "ncg_mnist",
        "ncg --data mnist",
        "{accuracy_s2stdp_ncg:%}",
        "{paper.accuracy_s2stdp_ncg:%} (MNIST)",
        paper="Goupy et al. 2024, competition groups",
    ),
    Row(
        "hlop_mnist_paper",
        "hlop --scale paper --data mnist",
        "{bwt_hlop:%}, without projection {bwt_sequential:%}",
        "backward transfer {paper.bwt_hlop:%} (permuted MNIST)",
        paper="Xiao et al. 2024, orthogonal projection",
    ),
    Row(
        "pspm",
        "pspm --trials 5",
        "{uniform_train_distance_naive:.0f}, {uniform_train_distance_optimised:.0f}",
        "distance of spike trains before and after: 57–73, 13–21",
        paper="Bagley et al. 2020, pre-synaptic pools",
    ),
    Row(
        "what_when_paper",
        "what_when --scale paper",
        "{correlation_amplitude_probability_a:.3f}, {correlation_amplitude_probability_b:.3f}",
        "amplitude against probability, r: {paper.correlation_amplitude_probability_a:.3f}, "
        "{paper.correlation_amplitude_probability_b:.3f}",
        paper="Yamada & Chao 2026, what and when",
    ),
    Row(
        "force_paper",
        "force --scale paper",
        "{sine_error_training:.3f}",
        "error of a sine (an independent program): 0.016–0.019",
        paper="Nicola & Clopath 2017, FORCE",
    ),
    Row(
        "bcm",
        "bcm",
        "2, 5, 10 patterns: selectivity {selectivity_2:.3f}, {selectivity_5:.3f}, "
        "{selectivity_10:.3f}; answer {rate_2:.0f}, {rate_5:.0f}, {rate_10:.0f} Hz",
        "closed form 0.5, 0.8, 0.9; 20, 50, 100 Hz; threshold fixed at zero "
        "{baselines.fixed_selectivity_5:.3f}, untrained {baselines.untrained_5:.2f}",
        paper="Bienenstock et al. 1982, sliding threshold",
    ),
    Row(
        "word_detectors",
        "word_detectors",
        "{exact_1:%}, {exact_2:%}; {accuracy_3:%}; never firing {baselines.silent_accuracy_3:%}",
        "1 answer to one word, 2^d to two at distance d: {paper.exact_1:%}, {paper.exact_2:%}; "
        "accuracy for three {paper.accuracy_3:%}",
        paper="Davies et al. 2025, word detectors",
    ),
    Row(
        "energy",
        "energy",
        "digits {accuracy_digits_4x1:%}, {accuracy_digits_2x2:%}, {accuracy_digits_1x4:%}; order "
        "{accuracy_late_4x1:%}, {accuracy_late_2x2:%}, {accuracy_late_1x4:%}",
        "bits x steps 4x1, 2x2, 1x4: images want bits, events want time (secondary source)",
        paper="Shen et al. 2024, Bit Budget",
    ),
    Row(
        "decoding",
        "decoding",
        "R² under drift of 0°, 60°, 120°: {r2_bursts_0:.2f}, {r2_bursts_60:.2f}, "
        "{r2_bursts_120:.2f}; ridge frozen {baselines.r2_ridge_0:.2f}, "
        "{baselines.r2_ridge_60:.2f}, {baselines.r2_ridge_120:.2f}",
        "–",
        paper="decoding of recorded spikes, simulated",
    ),
    Row(
        "time_surfaces_mnist_paper",
        "time_surfaces --data mnist --scale paper",
        "simulated {simulated:%}, real {real:%}, real in five folds {folds:%}",
        "pixel counts {baselines.counts_simulated:%}, {baselines.counts_real:%}, "
        "{baselines.counts_folds:%}; sampled patches {baselines.sampled_simulated:%}, "
        "{baselines.sampled_real:%}, {baselines.sampled_folds:%}",
        paper="Lagorce et al. 2017, time surfaces, from simulation to camera",
    ),
    Row(
        "low_bit",
        "low_bit",
        "weights of 1, 2, 4 bits {stochastic_1:%}, {stochastic_2:%}, {stochastic_4:%}; to the "
        "nearest, small rate {baselines.nearest_1_small_rate:%}, "
        "{baselines.nearest_2_small_rate:%}, {baselines.nearest_4_small_rate:%}; floats "
        "{baselines.float:%}",
        "–",
        paper="after Guo et al. 2024, weights of few bits",
    ),
    Row(
        "late_teacher",
        "late_teacher",
        "noisy digits, 200 labels: late teacher {late_noisy:%}, same step "
        "{baselines.same_noisy:%}, before {baselines.before_noisy:%}; without noise "
        "{late_constant:%}, {baselines.same_constant:%}, {baselines.before_constant:%}",
        "–",
        paper="after Ding et al. 2025, late answers as teachers",
    ),
    Row(
        "robustness_mnist_paper",
        "robustness --data mnist --scale paper",
        "thresholds adapt: clean {homeostasis_clean:%}, noise {homeostasis_gaussian:%}, occlusion "
        "{homeostasis_occlusion:%}, sorted by class {homeostasis_sorted:%}",
        "no adaptation {baselines.none_clean:%}, {baselines.none_gaussian:%}, "
        "{baselines.none_occlusion:%}, {baselines.none_sorted:%}; standardised input "
        "{baselines.standardised_clean:%}, {baselines.standardised_gaussian:%}, "
        "{baselines.standardised_occlusion:%}, {baselines.standardised_sorted:%}",
        paper="after Luo et al. 2025, homeostasis on corrupted images",
    ),
    Row(
        "early_exit",
        "early_exit",
        "digits {accuracy_sym_stdp:%} after {latency_sym_stdp:%} of the time, the same time for "
        "all {baselines.fixed_sym_stdp:%}, full time {baselines.full_sym_stdp:%}",
        "94.3 % at 43 % of the time, 93.1 % at that time for all (CIFAR-10, not run)",
        paper="Li et al. 2023, Dynamic Confidence",
    ),
    Row(
        "lempel_ziv",
        "lempel_ziv",
        "complexity {complexity_order_0_5:%}, count {baselines.count_order_0_5:%}; learned time "
        "constant {gain_5_tau:%}, {gain_15_tau:%}, {gain_60_tau:%}",
        "{paper.best_complexity:%} on Poisson trains; gain of learned parameters up to "
        "{paper.best_gain:%}",
        paper="Rudnicka et al. 2025, Lempel-Ziv read-out",
    ),
    Row(
        "frequency_response",
        "frequency_response",
        "membrane within {membrane_error:.4f}; rate gain, fast input: LIF "
        "{gain_lif_5_noisy_1_0_2:.2f}, IF {gain_if_noisy_1_0_2:.2f}; max-pool on high "
        "frequencies {effect_high:%}",
        "low-pass, IF more than LIF; max-pool helps (CIFAR-100 {paper.cifar100_average:%} to "
        "{paper.cifar100_maximum:%})",
        paper="Fang et al. 2025, frequency response",
    ),
    Row(
        "liquid",
        "liquid",
        "order of bursts 15 and 100 steps apart {order_15_strong:%}, {order_100_strong:%}, without "
        "recurrence {baselines.no_recurrence_order_100:%}",
        "{paper.n_mnist:%} (N-MNIST, not run)",
        paper="Lin et al. 2025, random liquid",
    ),
    Row(
        "ei_layers",
        "ei_layers",
        "four layers {both_chosen:%}, signed weights {baselines.signed_chosen:%}, E cells alone "
        "{baselines.excitatory_chosen:%}, with adapting thresholds "
        "{baselines.homeostasis_chosen:%}; inhibition too weak {both_mended_0_8_none:%}, mended "
        "{both_mended_0_8_inhibition:%}, by thresholds {both_mended_0_8_threshold:%}",
        "{paper.cifar10:%} (CIFAR-10, back-propagation, not run)",
        paper="after Liu et al. 2026, E and I cells under Dale's law",
    ),
    Row(
        "tess",
        "tess",
        "digits {accuracy_tess:%}, frozen layers {baselines.accuracy_frozen:%}, error from above "
        "{baselines.accuracy_spatial:%}, linear {baselines.linear:%}",
        "{paper.cifar10:%} (CIFAR-10, not run)",
        paper="Apolinario et al. 2025, TESS",
    ),
    Row(
        "place_recognition",
        "place_recognition",
        "recall@1 {recall:%}, hyperactive cells silenced {recall_silenced:%} (gain {gain:%}); one "
        "network {baselines.recall_one:%}, random weights {baselines.recall_random:%}, absolute "
        "differences {baselines.recall_sad:%}",
        "more with cells silenced (no number known)",
        paper="Hussaini et al. 2023, modular place recognition",
    ),
    Row(
        "delays",
        "delays",
        "motifs of 31 steps found {found_depth_31:%}, of 5 {found_depth_5:%}, delays shuffled "
        "{baselines.found_shuffled:%}; learnt {learnt_found:%}",
        "{paper.found_233:%} (233 motifs)",
        paper="Grimaldi & Perrinet 2023, heterogeneous delays",
    ),
    Row(
        "hetsyn",
        "hetsyn",
        "fixed weights {fixed_synapse:%}, per cell {baselines.fixed_cell:%}, 400 ms "
        "{baselines.fixed_same400:%}, 1600 ms {baselines.fixed_same1600:%}; local rule "
        "{taught_synapse:%}",
        "{paper.taught_synapse:%} (back through time)",
        paper="Deng et al. 2025, HetSyn",
    ),
)
"""One line for each system, the first ten in the README: ``beside`` is what was published."""
