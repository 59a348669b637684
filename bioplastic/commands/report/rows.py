"""The rows of the tables of reproduced systems, for README, `docs/systems.md` and report.

A row names the results it quotes, and quotes numbers by their names there, so that none is typed
by hand. ``{accuracy:%}`` is a percentage, ``{rate:.1f}`` a number; both carry ``± deviation`` where
``rate_std`` is known. ``{rate:.1f only}`` leaves it out. ``{baselines.chance:%}`` and
``{paper.accuracy:%}`` quote baselines and published values, always without deviation. Everything
else is text. ``bioplastic report --readme`` writes the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    results : str
        Name of the JSON file in ``figures/``, without its ending.
    command : str
        What comes after ``bioplastic run``, without ``--name``.
    measured, beside : str
        Templates: what was measured, and what to compare it with.
    paper : str, default ""
        The system, where it is not that of the line above.
    remark : str, default ""
        What follows the command, in words.
    short : str, default ""
        The command as the README shows it, where the line above begins in the same way.
    seeds : str, default ""
        The seeds; from the results by default.
    named : bool, default False
        Whether the command says ``--name RESULTS`` too, since it differs from others in more than
        data and scale.
    """

    results: str
    command: str
    measured: str
    beside: str
    paper: str = ""
    remark: str = ""
    short: str = ""
    seeds: str = ""
    named: bool = False

    @property
    def full_command(self) -> str:
        """All that comes after ``bioplastic run``."""
        return f"{self.command} --name {self.results}" if self.named else self.command


_MNIST = "sym_stdp --scale paper --data mnist"
_BOTH = "supervised {accuracy_supervised:%}, label assignment {accuracy_assigned:%}"
_TOGETHER = "; {cpu_seconds_per_epoch_together:.0f only} s of CPU per epoch"
_READOUT = "; {cpu_seconds_per_epoch_readout:.0f only} s of CPU per epoch"
_EXACT = "--constant theta_decay=trial"
_OURS = "--variant ours --readout-epochs 3 --evaluate-every 27500"


def _error_row(results: str, options: str, *, beside: str = "", **texts: str) -> Row:
    """Return the row of a network on MNIST with our read-out, which learns after the rest."""
    return Row(
        results,
        f"{_MNIST} {options}",
        "{accuracy_supervised:%} (averaged over 4 presentations {accuracy_supervised_averaged:%}); "
        "{cpu_seconds_per_epoch_hidden:.0f only} and {cpu_seconds_per_epoch_readout:.0f only} s of "
        "CPU per epoch of hidden layer and read-out",
        "linear on its hidden counts {baselines.linear_hidden:%}, on pixels {baselines.linear:%}"
        + beside,
        short=f"... {options}",
        named=True,
        **texts,
    )


ROWS: tuple[Row, ...] = (
    Row(
        "sym_stdp",
        "sym_stdp",
        _BOTH,
        "chance {baselines.chance:%}, linear on pixels {baselines.linear:%}",
        paper="Hao et al. 2020, symmetric STDP",
        remark="scikit-learn digits, `make run`",
    ),
    Row(
        "sym_stdp_mnist_paper_100",
        f"{_MNIST} --n-hidden 100 --seeds 3",
        _BOTH + _TOGETHER,
        "hand-written program 81.4 %; linear on pixels {baselines.linear:%}, on hidden counts "
        "{baselines.linear_hidden:%}",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_paper_400",
        f"{_MNIST} --n-hidden 400 --seeds 3",
        _BOTH + _TOGETHER,
        "hand-written program 88.5 %; linear on hidden counts {baselines.linear_hidden:%}",
        short="... --n-hidden 400 --seeds 3",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_paper_1600",
        f"{_MNIST} --n-hidden 1600 --epochs 1 --evaluate-every 27500",
        _BOTH + _TOGETHER,
        "linear on hidden counts {baselines.linear_hidden:%}",
        short="... --n-hidden 1600 --epochs 1 --evaluate-every 27500",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_paper_1600_7",
        f"{_MNIST} --n-hidden 1600 --evaluate-every 55000",
        _BOTH + _TOGETHER,
        "linear on hidden counts {baselines.linear_hidden:%}; after one epoch it was better",
        short="... --n-hidden 1600 --evaluate-every 55000",
        remark="the published 7 epochs",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_paper_6400",
        f"{_MNIST} --n-hidden 6400 --evaluate-every 55000",
        _BOTH + _TOGETHER,
        "linear on hidden counts {baselines.linear_hidden:%}; headline as remembered 96.7 %",
        short="... --n-hidden 6400 --evaluate-every 55000",
        remark="the published 15 epochs",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_exact_1600",
        f"{_MNIST} --n-hidden 1600 --epochs 1 --evaluate-every 27500 {_EXACT}",
        _BOTH + _TOGETHER,
        "linear on hidden counts {baselines.linear_hidden:%}",
        short=f"... --n-hidden 1600 --epochs 1 --evaluate-every 27500 {_EXACT}",
        remark="thresholds that decay exactly",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_exact_6400",
        f"{_MNIST} --n-hidden 6400 --epochs 1 --evaluate-every 13750 {_EXACT}",
        _BOTH + _TOGETHER,
        "linear on hidden counts {baselines.linear_hidden:%}",
        short=f"... --n-hidden 6400 --epochs 1 --evaluate-every 13750 {_EXACT}",
        named=True,
    ),
    Row(
        "sym_stdp_mnist_layered_100",
        f"{_MNIST} --n-hidden 100 --seeds 3 --regime layer_by_layer --variant paper "
        "--readout-epochs 1 --hidden-from RUN",
        _BOTH + _READOUT,
        "linear on hidden counts {baselines.linear_hidden:%}",
        short="... --n-hidden 100 --seeds 3 --regime layer_by_layer --variant paper "
        "--readout-epochs 1 --hidden-from RUN",
        named=True,
    ),
    _error_row(
        "sym_stdp_mnist_readout_100",
        "--n-hidden 100 --seeds 3 --variant readout --readout-epochs 3",
        paper="the published hidden layer, read-out by a local error and a softer code",
    ),
    _error_row(
        "sym_stdp_mnist_readout_400",
        "--n-hidden 400 --seeds 3 --variant readout --readout-epochs 2",
    ),
    _error_row(
        "sym_stdp_mnist_ours_100",
        "--n-hidden 100 --seeds 3 --variant ours --readout-epochs 2",
        paper="the published rules in columns with receptive fields, the same read-out",
    ),
    _error_row(
        "sym_stdp_mnist_ours_400",
        "--n-hidden 400 --seeds 3 --variant ours --readout-epochs 2",
    ),
    _error_row(
        "sym_stdp_mnist_ours_1600",
        f"--n-hidden 1600 {_OURS}",
    ),
    _error_row(
        "sym_stdp_mnist_ours_6400",
        f"--n-hidden 6400 {_OURS}",
        beside="; headline of the paper as remembered 96.7 %",
    ),
    _error_row(
        "sym_stdp_mnist_random_100",
        "--n-hidden 100 --seeds 3 --variant ours --readout-epochs 2 --constant eta_hidden=0",
        paper="the same, input weights frozen at their random start: the baseline",
    ),
    _error_row(
        "sym_stdp_mnist_random_400",
        "--n-hidden 400 --seeds 3 --variant ours --readout-epochs 2 --constant eta_hidden=0",
    ),
    _error_row(
        "sym_stdp_mnist_random_1600",
        f"--n-hidden 1600 {_OURS} --constant eta_hidden=0",
    ),
    Row(
        "audit",
        "audit",
        "{rules:.0f} rules: which are local, which are not",
        "[figures/audit_table.png](../figures/audit_table.png)",
        paper="the rule library, audited",
        seeds="–",
    ),
    Row(
        "rules",
        "rules",
        "closed forms met; triplet and pair rules beside Sjöström et al. 2001",
        "[figures/rules_windows.png](../figures/rules_windows.png)",
        paper="windows and protocols of the rules",
    ),
    Row(
        "pspm",
        "pspm --trials 5",
        "uniform, distance of spike trains: naive {uniform_train_distance_naive:.1f}, optimised "
        "{uniform_train_distance_optimised:.1f}, control {uniform_train_distance_control:.1f}; "
        "the error of the weights does not fall ({uniform_weight_error_naive:.2f only} → "
        "{uniform_weight_error_optimised:.2f only} mV)",
        "authors' program 57–73, 13–21, 58–68",
        paper="Bagley et al. 2020, pre-synaptic pool modification",
        remark="400 neurons, 5 trials of 150 iterations",
    ),
    Row(
        "hlop_paper",
        "hlop --scale paper",
        "mean accuracy {acc_hlop:%}, backward transfer {bwt_hlop:%}; with random feedback "
        "{acc_hlop_fa:%}, {bwt_hlop_fa:%}; with sign-symmetric feedback {acc_hlop_ss:%}, "
        "{bwt_hlop_ss:%}",
        "no projection {acc_sequential:%}, {bwt_sequential:%} (random {acc_sequential_fa:%}, "
        "{bwt_sequential_fa:%}; signs {acc_sequential_ss:%}, {bwt_sequential_ss:%}); replay "
        "{acc_replay:%}, elastic weights {acc_ewc:%}, joint {acc_joint:%}, chance "
        "{baselines.chance:%}",
        paper="Xiao et al. 2024, Hebbian orthogonal projection",
        remark="permuted digits, 5 tasks",
    ),
    Row(
        "hlop_split",
        "hlop --scale paper --tasks split",
        "mean accuracy {acc_hlop:%}, backward transfer {bwt_hlop:%}",
        "no projection {acc_sequential:%}, {bwt_sequential:%}; joint {acc_joint:%}",
        remark="digits, 5 tasks of 2 classes, a head each",
        named=True,
    ),
    Row(
        "hlop_mnist_paper",
        "hlop --scale paper --data mnist",
        "mean accuracy {acc_hlop:%}, backward transfer {bwt_hlop:%}; subspaces of traces and "
        "spikes, as published, {acc_hlop_both:%}, {bwt_hlop_both:%}",
        "no projection {acc_sequential:%}, {bwt_sequential:%}; replay {acc_replay:%}, "
        "{bwt_replay:%}; joint {acc_joint:%}; published {paper.bwt_hlop:%} (secondary source, "
        "another trainer); linear on 10,000 images of one task {baselines.linear:%}",
        remark="permuted MNIST, 10 tasks",
    ),
    Row(
        "hlop_mnist_small",
        "hlop --scale paper --data mnist --n-tasks 5 --images 10000 "
        "--arms hlop,sequential,replay,joint",
        "mean accuracy {acc_hlop:%}, backward transfer {bwt_hlop:%}",
        "no projection {acc_sequential:%}, {bwt_sequential:%}; replay {acc_replay:%}, "
        "{bwt_replay:%}; joint {acc_joint:%}",
        named=True,
    ),
    Row(
        "csnn",
        "csnn",
        "{density:%} of the features spike; linear on them {accuracy_linear:%}",
        "chance {baselines.chance:%}, linear on pixels {baselines.linear_pixels:%}, on random "
        "filters {baselines.linear_frozen:%}",
        paper="Goupy et al. 2024, features of a spiking convolution",
        remark="scikit-learn digits",
    ),
    Row(
        "csnn_mnist_paper",
        "csnn --scale paper --data mnist",
        "mean threshold {mean_threshold:.1f}; {weak_share:%} of weights near 0, "
        "{strong_share:%} near 1; {density:%} of the features spike, at {mean_latency:.2f} on "
        "average; linear on them, 10,000 images {accuracy_linear:%}",
        "measured elsewhere 11.5, 70 %, 24 %, 26.5 %, 0.84; linear on random filters "
        "{baselines.linear_frozen:%}, on pixels {baselines.linear_pixels:%}",
    ),
    Row(
        "ncg",
        "ncg",
        "S2-STDP with competition groups {accuracy_s2stdp_ncg:%}, paired cells "
        "{accuracy_s2stdp_pcn:%}, one cell per class {accuracy_s2stdp:%}; SSTDP "
        "{accuracy_sstdp:%}; R-STDP {accuracy_rstdp_5n:%}",
        "chance {baselines.chance:%}; linear on the same features {baselines.linear_features:%}, "
        "on pixels {baselines.linear_pixels:%}; groups on pixels {accuracy_pixels_s2stdp_ncg:%}",
        paper="Goupy et al. 2024, supervised STDP with competition groups",
        remark="scikit-learn digits, 5 folds",
        seeds="0 to 4",
    ),
    Row(
        "ncg_mnist",
        "ncg --data mnist --only rstdp-5n,sstdp,s2stdp,s2stdp+pcn,s2stdp+ncg-no-cr,s2stdp+ncg",
        "S2-STDP with competition groups {accuracy_s2stdp_ncg:%}, without regulation "
        "{accuracy_s2stdp_ncg_no_cr:%}, paired cells {accuracy_s2stdp_pcn:%}, one cell per class "
        "{accuracy_s2stdp:%}; SSTDP {accuracy_sstdp:%}; R-STDP {accuracy_rstdp_5n:%}",
        "published (secondary source) {paper.accuracy_s2stdp_ncg:%}, –, "
        "{paper.accuracy_s2stdp_pcn:%}, {paper.accuracy_s2stdp:%}; authors' read-out, one run "
        "{paper.accuracy_s2stdp_ncg_measured_elsewhere:%}, "
        "{paper.accuracy_s2stdp_ncg_no_cr_measured_elsewhere:%}, –, "
        "{paper.accuracy_s2stdp_measured_elsewhere:%}, "
        "{paper.accuracy_sstdp_measured_elsewhere:%}, "
        "{paper.accuracy_rstdp_5n_measured_elsewhere:%}; linear on 20,000 samples of the same "
        "features {baselines.linear_features:%}, on pixels {baselines.linear_pixels:%}",
        remark="one fold, 20 epochs",
    ),
    Row(
        "what_when_paper",
        "what_when --scale paper",
        "amplitude against p(A): r = {correlation_amplitude_probability_a:.3f}, "
        "{correlation_amplitude_probability_b:.3f}; error after 1, 10, 50, 100 trials "
        "{error_trial_1:.3f only}, {error_trial_10:.3f only}, {error_trial_50:.3f only}, "
        "{error_trial_100:.3f}; after the switch of probability {error_local_block_3:.3f}; time "
        "decoded (R²) without recurrence {clock_slow_none_r2:.2f}, from stock cells with it "
        "{clock_stock_weak_r2:.2f}",
        "published (reading notes) {paper.correlation_amplitude_probability_a:.3f}, "
        "{paper.correlation_amplitude_probability_b:.3f}; {paper.error_trial_1:.3f}, "
        "{paper.error_trial_10:.3f}, {paper.error_trial_50:.3f}, {paper.error_trial_100:.3f}; "
        "untrained {baselines.error_untrained:.3f}, literal window gate "
        "{baselines.error_window_block_1:.3f}, times shuffled "
        "{baselines.error_shuffled_time:.3f}; not local (RLS): {error_rls_block_1:.3f only} after "
        "100 trials, {error_rls_block_3:.3f only} after the switch",
        paper="Yamada & Chao 2026, what and when",
        remark="constants of our own",
        seeds="0 to 4",
    ),
    Row(
        "force_paper",
        "force --scale paper",
        "sine: {sine_rate_before:.1f} → {sine_rate_after:.1f} Hz per cell, training error "
        "{sine_error_training:.3f}, free run at {sine_peak_frequency:.2f} Hz, error after the best "
        "lag {sine_lag_tolerant:.2f}; Lorenz attractor by theta neurons, seeds 0 to 2: smallest "
        "overlap of distributions {lorenz_overlap:.2f} (seed 0 falls to a fixed point)",
        "independent implementation 5.0 → 36 Hz, 0.016–0.019, 0.05–0.14; 0.71; error of a silent "
        "output {baselines.untrained_sine_lag_tolerant:.2f}, of the local delta rule "
        "{baselines.delta_sine_lag_tolerant:.2f}, without feedback "
        "{baselines.no_feedback_sine_lag_tolerant:.2f}",
        paper="Nicola & Clopath 2017, FORCE training",
        remark="2000 neurons; recursive least squares is not local",
        seeds="0 to 4",
    ),
    Row(
        "word_detectors",
        "word_detectors",
        "one word: share of detectors that fire for it alone {exact_1:%}, homeostatic factor "
        "{factor_1:.3f}; two words at distance d: share with exactly 2^d answers {exact_2:%}; "
        "accuracy for two and three words {accuracy_2:%}, {accuracy_3:%}; {close_3:.0f} of 67 "
        "triples close to the released accuracy, {identical_3:.0f} with the same answers",
        "released {paper.exact_1:%}, {paper.factor_1:.3f}, {paper.exact_2:%}; "
        "{paper.accuracy_2:%}, {paper.accuracy_3:%}; a cell that never fires "
        "{baselines.silent_accuracy_2:%}, {baselines.silent_accuracy_3:%}, logistic regression "
        "that fires for its words {baselines.linear_accuracy_2:%}, "
        "{baselines.linear_accuracy_3:%}",
        paper="Davies et al. 2025, word detectors",
        remark="1024 words, 14 pairs, 67 triples; close is within 0.06",
        seeds="–",
    ),
    Row(
        "early_exit",
        "early_exit",
        "symmetric STDP {accuracy_sym_stdp:%} after {latency_sym_stdp:%} of the time; integrators "
        "{accuracy_integrators:%} after {latency_integrators:%}; liquid {accuracy_liquid:%} after "
        "{latency_liquid:%}",
        "the same time for all {baselines.fixed_sym_stdp:%}, {baselines.fixed_integrators:%}, "
        "{baselines.fixed_liquid:%}; full time {baselines.full_sym_stdp:%}, "
        "{baselines.full_integrators:%}, {baselines.full_liquid:%}; oracle "
        "{baselines.oracle_sym_stdp:%}, {baselines.oracle_integrators:%}, "
        "{baselines.oracle_liquid:%}",
        remark="scikit-learn digits",
        seeds="0 to 4",
    ),
    Row(
        "early_exit_mnist_paper",
        "early_exit --scale paper --data mnist --seeds 3",
        "{accuracy_sym_stdp:%} after {latency_sym_stdp:%} of the time, threshold for one point: "
        "{accuracy_within_1_sym_stdp:%} after {latency_within_1_sym_stdp:%}, "
        "{gain_within_1_sym_stdp:%} more than the same time for all",
        "the same time for all {baselines.fixed_sym_stdp:%}; full time "
        "{baselines.full_sym_stdp:%}; oracle {baselines.oracle_sym_stdp:%} after "
        "{baselines.oracle_latency_sym_stdp:%}",
        short="... --scale paper --data mnist --seeds 3",
        remark="1600 hidden cells",
        seeds="0 to 2",
    ),
    Row(
        "energy",
        "energy",
        "bits x steps 4x1, 2x2, 1x4 at one bit budget: digits {accuracy_digits_4x1:%}, "
        "{accuracy_digits_2x2:%}, {accuracy_digits_1x4:%}; order of two bursts "
        "{accuracy_late_4x1:%}, {accuracy_late_2x2:%}, {accuracy_late_1x4:%} (at fixed times "
        "{accuracy_order_4x1:%}, {accuracy_order_2x2:%}, {accuracy_order_1x4:%}); per digit in 4 "
        "steps {conventional_answer_1x4:.0f only} pJ by arithmetic, "
        "{memory_answer_1x4:.0f only} pJ with memory (model values)",
        "linear on pixels {baselines.linear_digits:%}, on counts {baselines.linear_late:%}; "
        "the same wiring in 32 bits {baselines.conventional_ann_answer_1x4:.0f} pJ by arithmetic; "
        "a 4-bit network as accurate {baselines.opponent_memory_1x4:.0f} pJ with memory",
        paper="Shen et al. 2024 and 2025, Bit Budget and STEP",
        remark="scikit-learn digits; operations of all systems",
        seeds="0 to 4",
    ),
    Row(
        "decoding",
        "decoding",
        "R² of the local rule with lessons, drift of 0°, 60°, 120°: {r2_bursts_0:.3f}, "
        "{r2_bursts_60:.3f}, {r2_bursts_120:.3f}",
        "ridge frozen {baselines.r2_ridge_0:.3f}, {baselines.r2_ridge_60:.3f}, "
        "{baselines.r2_ridge_120:.3f}; refitted {baselines.r2_refit_0:.3f}, "
        "{baselines.r2_refit_60:.3f}, {baselines.r2_refit_120:.3f}; recursive least squares "
        "{baselines.r2_rls_0:.3f}, {baselines.r2_rls_60:.3f}, {baselines.r2_rls_120:.3f}; shifted "
        "spikes {baselines.r2_control_0:.2f}, {baselines.r2_control_60:.2f}, "
        "{baselines.r2_control_120:.2f}",
        paper="decoding of recorded spikes (after Yik et al. 2023)",
        remark="simulated recordings",
        seeds="0 to 2",
    ),
    Row(
        "low_bit",
        "low_bit",
        "digits, weights of 1, 2, 4 bits rounded at random {stochastic_1:%}, {stochastic_2:%}, "
        "{stochastic_4:%}; at a small learning rate {stochastic_1_small_rate:%}, "
        "{stochastic_2_small_rate:%}, {stochastic_4_small_rate:%}; {stochastic_1_bytes:.0f only}, "
        "{stochastic_2_bytes:.0f only}, {stochastic_4_bytes:.0f only} bytes while learning; "
        "ternary cells {accuracy_ternary_1:%}",
        "floats {baselines.float:%} in {baselines.float_bytes:.0f} bytes; rounded to the nearest "
        "{baselines.nearest_1:%}, {baselines.nearest_2:%}, {baselines.nearest_4:%}, at 0.01 "
        "{baselines.nearest_1_small_rate:%}, {baselines.nearest_2_small_rate:%}, "
        "{baselines.nearest_4_small_rate:%}; with a float copy {baselines.shadow_1:%}, "
        "{baselines.shadow_2:%}, {baselines.shadow_4:%} in {baselines.shadow_1_bytes:.0f}, "
        "{baselines.shadow_2_bytes:.0f}, {baselines.shadow_4_bytes:.0f} bytes; on/off pairs for as "
        "many operations {baselines.accuracy_pair_1:%}",
        paper="after Guo et al. 2024, weights of few bits, ternary spikes",
        remark="each at its own learning rate; local, not back-propagation",
        seeds="0 to 4",
    ),
    Row(
        "late_teacher",
        "late_teacher",
        "mean over steps 2 to 16, Bernoulli spikes: late teacher {late_noisy:%}, ungated "
        "{late_all_noisy:%}; constant current {late_constant:%}, {late_all_constant:%}",
        "before {baselines.before_noisy:%}; same step as teacher, gated {baselines.same_noisy:%}; "
        "the same 200 labels at all steps {baselines.labels_noisy:%}; itself as teacher "
        "{baselines.own_noisy:%}; other images {baselines.shuffled_noisy:%}; all labels "
        "{baselines.all_noisy:%}; constant current {baselines.before_constant:%}, "
        "{baselines.same_constant:%}, {baselines.labels_constant:%}, {baselines.own_constant:%}, "
        "{baselines.shuffled_constant:%}, {baselines.all_constant:%}",
        paper="after Ding et al. 2025, late answers as teachers",
        remark="digits, 200 labels; local, not back-propagation",
        seeds="0 to 4",
    ),
    Row(
        "spike_entropy",
        "spike_entropy",
        "thresholds per cell at 1/5, 1/2, 4/5 spikes per step: entropy {entropy_0_2:.2f}, "
        "{entropy_0_5:.2f}, {entropy_0_8:.2f} bits, information {information_0_2:.3f}, "
        "{information_0_5:.3f}, {information_0_8:.3f}, accuracy {accuracy_0_2:%}, "
        "{accuracy_0_5:%}, {accuracy_0_8:%}; at 1/2 with noise of 8 deviations "
        "{entropy_noise_8_0:.2f}, {information_noise_8_0:.3f}, {accuracy_noise_8_0:%}",
        "one threshold for the layer {baselines.layer_entropy_0_2:.2f}, "
        "{baselines.layer_entropy_0_5:.2f}, {baselines.layer_entropy_0_8:.2f}; "
        "{baselines.layer_information_0_2:.3f}, {baselines.layer_information_0_5:.3f}, "
        "{baselines.layer_information_0_8:.3f}; {baselines.layer_accuracy_0_2:%}, "
        "{baselines.layer_accuracy_0_5:%}, {baselines.layer_accuracy_0_8:%}",
        paper="after Guo et al. 2022, entropy of spikes",
        remark="digits, bias of few samples removed",
        seeds="0 to 2",
    ),
    Row(
        "robustness_mnist_paper",
        "robustness --data mnist --scale paper",
        "thresholds that adapt on a stream: clean {homeostasis_clean:%}, Gaussian noise "
        "{homeostasis_gaussian:%}, occlusion {homeostasis_occlusion:%}, contrast "
        "{homeostasis_contrast:%}, mixed {homeostasis_mixed:%}; clean, but sorted by class "
        "{homeostasis_sorted:%}",
        "no adaptation {baselines.none_clean:%}, {baselines.none_gaussian:%}, "
        "{baselines.none_occlusion:%}, {baselines.none_contrast:%}, {baselines.none_mixed:%}; "
        "{baselines.none_sorted:%}; input standardised per image "
        "{baselines.standardised_clean:%}, {baselines.standardised_gaussian:%}, "
        "{baselines.standardised_occlusion:%}, {baselines.standardised_contrast:%}, "
        "{baselines.standardised_mixed:%}; {baselines.standardised_sorted:%}",
        paper="after Luo et al. 2025, homeostasis on corrupted images",
        remark="10,000 images, streams of 2000",
        seeds="0 to 2",
    ),
    Row(
        "robustness",
        "robustness",
        "same streams of digits: clean {homeostasis_clean:%}, occlusion {homeostasis_occlusion:%}, "
        "sorted by class {homeostasis_sorted:%}",
        "no adaptation {baselines.none_clean:%}, {baselines.none_occlusion:%}, "
        "{baselines.none_sorted:%}; other classifiers, clean and with noise: symmetric STDP "
        "{baselines.sym_stdp_readout_clean:%}, {baselines.sym_stdp_readout_gaussian:%}, "
        "competition groups {baselines.s2stdp_clean:%}, {baselines.s2stdp_gaussian:%} "
        "({baselines.s2stdp_same_dark:%} of answers the same at a third of the contrast), TESS "
        "{baselines.tess_clean:%}, {baselines.tess_gaussian:%}, E/I {baselines.ei_clean:%}, "
        "{baselines.ei_gaussian:%}, linear {baselines.linear_clean:%}, "
        "{baselines.linear_gaussian:%}",
        remark="streams of 360",
        seeds="0 to 2",
    ),
    Row(
        "lempel_ziv",
        "lempel_ziv",
        "complexity, Markov classes of one rate: "
        "{complexity_order_0_2:%}, {complexity_order_0_5:%}, {complexity_order_0_8:%}; Poisson "
        "classes: {complexity_rate_0_12:%}, {complexity_rate_0_15:%}; "
        "tempotron, gain of a learned time constant that starts at 5, 15, 60 ms: "
        "{gain_5_tau:%}, {gain_15_tau:%}, {gain_60_tau:%}, of a learned threshold "
        "{gain_5_threshold:%}, {gain_15_threshold:%}, {gain_60_threshold:%}",
        "spike count {baselines.count_order_0_2:%}, {baselines.count_order_0_5:%}, "
        "{baselines.count_order_0_8:%}; {baselines.count_rate_0_12:%}, "
        "{baselines.count_rate_0_15:%}; fixed time constant {baselines.accuracy_5_fixed:%}, "
        "{baselines.accuracy_15_fixed:%}, {baselines.accuracy_60_fixed:%}; published, with other "
        "data and rules, at best {paper.best_complexity:%}, gain {paper.best_gain:%}",
        paper="Rudnicka et al. 2025, Lempel-Ziv read-out and internal parameters",
        remark="from the abstract; lag-1 correlation 0.2, 0.5, 0.8; rates 0.10 against 0.12, 0.15",
        seeds="0 to 9",
    ),
    Row(
        "frequency_response",
        "frequency_response",
        "membranes off the closed form by at most {membrane_error:.4f}; gain of the noisy "
        "rate, layers 1 and 2: LIF {gain_lif_5_noisy_1_0_2:.2f}, "
        "{gain_lif_5_noisy_2_0_2:.2f}, IF {gain_if_noisy_1_0_2:.2f}, {gain_if_noisy_2_0_2:.2f}, "
        "LIF with a long memory {gain_lif_9_noisy_1_0_2:.2f} (no low-pass); max-pool less average "
        "pool, low {effect_low:%}, high frequencies {effect_high:%}",
        "an earlier program, layer 1: LIF 1.02, IF 0.64; high frequencies without pool "
        "{baselines.accuracy_high_none:%}, linear on the spectrum "
        "{baselines.accuracy_high_power:%}; published for CIFAR-100 {paper.cifar100_average:%} "
        "and {paper.cifar100_maximum:%} with average and max-pool",
        paper="Fang et al. 2025, high-frequency information",
        remark="rates at 0.2 cycles per step; long memory is a decay of 0.9",
        seeds="0 to 2",
    ),
    Row(
        "liquid",
        "liquid",
        "order of two bursts 15, 50, 100, 200 steps apart: {order_15_strong:%}, "
        "{order_50_strong:%}, {order_100_strong:%}, {order_200_strong:%}; digits "
        "{digits_strong:%}",
        "without recurrence {baselines.no_recurrence_order_15:%}, "
        "{baselines.no_recurrence_order_50:%}, {baselines.no_recurrence_order_100:%}, "
        "{baselines.no_recurrence_order_200:%}, digits {baselines.no_recurrence_digits:%}; input "
        "counts {baselines.count_order_15:%}, digits {baselines.count_digits:%}",
        paper="Lin et al. 2025, liquid with fixed random weights",
        remark="200 cells; only the read-out learns",
        seeds="0 to 4",
    ),
    Row(
        "ei_layers",
        "ei_layers",
        "four layers: {both_accuracy_0_001:%}, at its own learning rate {both_chosen:%}; rates at "
        "the start {start_lowest:.2f} to {start_highest:.2f}; weak contrast "
        "{both_shown_contrast:%}; inhibition too weak {both_mended_0_8_none:%}, mended by "
        "inhibition {both_mended_0_8_inhibition:%}, by thresholds {both_mended_0_8_threshold:%}",
        "signed weights {baselines.signed_accuracy_0_001:%}, {baselines.signed_chosen:%}, weak "
        "contrast {baselines.signed_shown_contrast:%}; E cells alone "
        "{baselines.excitatory_accuracy_0_001:%}, {baselines.excitatory_chosen:%}, with adapting "
        "thresholds {baselines.homeostasis_accuracy_0_001:%}, {baselines.homeostasis_chosen:%}; "
        "frozen {both_accuracy_0_0:%}",
        paper="after Liu et al. 2026, E and I cells under Dale's law",
        remark="digits; local, not back-propagation; inhibition x 0.8, contrast x 0.3",
        seeds="0 to 2",
    ),
    Row(
        "tess",
        "tess",
        "digits, non-causal term 0, +1, -1: {accuracy_tess:%}, {accuracy_plus:%}, "
        "{accuracy_minus:%}; random signs {accuracy_random:%}, square waves of ±1 "
        "{accuracy_unscaled:%}; {memory_6:.0f} and {memory_48:.0f} numbers stored for 6 and 48 "
        "steps",
        "frozen layers {baselines.accuracy_frozen:%}; error from the layer above, not local, "
        "{baselines.accuracy_spatial:%}, with +1 {baselines.accuracy_spatial_plus:%}; linear on "
        "pixels {baselines.linear:%}; back through time {baselines.memory_bptt_6:.0f} and "
        "{baselines.memory_bptt_48:.0f} numbers; an earlier program "
        "{paper.accuracy_tess_elsewhere:%}, frozen {paper.accuracy_frozen_elsewhere:%}, from above "
        "{paper.accuracy_spatial_elsewhere:%}; published for CIFAR-10 {paper.cifar10:%}",
        paper="Apolinario et al. 2025, TESS",
        remark="two dense layers of 50 cells",
        seeds="0 to 4",
    ),
    Row(
        "delays",
        "delays",
        "events found with motifs of 5, 11, 21, 31 steps: {found_depth_5:%}, {found_depth_11:%}, "
        "{found_depth_21:%}, {found_depth_31:%}; learnt {learnt_found:%}, correlation of weights "
        "{learnt_correlation:.3f}, of their excitation {learnt_excitation:.3f}",
        "31 steps: delays shuffled {baselines.found_shuffled:%}, mean weight "
        "{baselines.found_averaged:%}, probability as weight {baselines.found_probability:%} "
        "(published for 233 motifs {paper.probability_233:%}, delays {paper.found_233:%}); true "
        "kernels of the motifs learnt {baselines.learnt_true:%}, shuffled "
        "{baselines.learnt_shuffled:%}; an earlier program {paper.found_depth_5_elsewhere:%}, "
        "{paper.found_depth_11_elsewhere:%}, {paper.found_depth_21_elsewhere:%}, "
        "{paper.found_depth_31_elsewhere:%}",
        paper="Grimaldi & Perrinet 2023, heterogeneous delays",
        remark="144 motifs in 128 inputs; 32 are learnt",
        seeds="0 to 4",
    ),
    Row(
        "diehl_cook",
        "diehl_cook",
        "{accuracy_delays:%}, without delays {accuracy_no_delays:%}; {presentations_delays:.1f} "
        "presentations per image",
        "random weights {baselines.accuracy_random:%}, thresholds that do not "
        "grow {baselines.accuracy_fixed:%}, linear on pixels {baselines.linear:%}, chance "
        "{baselines.chance:%}",
        paper="Diehl & Cook 2015, digits without labels",
        remark="scikit-learn digits, 100 cells",
        seeds="0 to 2",
    ),
    Row(
        "diehl_cook_mnist_paper",
        "diehl_cook --data mnist --scale paper --arms no_delays,random",
        "without delays {accuracy_no_delays:%}",
        "random weights {baselines.accuracy_random:%}, linear on pixels {baselines.linear:%}; "
        "published, as remembered, {paper.accuracy_no_delays:%}",
        remark="400 cells, three passes",
        seeds="0 to 2",
    ),
    Row(
        "diehl_cook_mnist_paper_delays",
        "diehl_cook --data mnist --scale paper --arms delays --seeds 1",
        "{accuracy_delays:%}",
        "published, as remembered {paper.accuracy_delays:%}; linear on pixels "
        "{baselines.linear:%}, chance {baselines.chance:%}",
        short="... --arms delays --seeds 1",
        remark="400 cells, with delays",
        seeds="0",
        named=True,
    ),
    Row(
        "diehl_cook_mnist_delays",
        "diehl_cook --data mnist --scale paper --arms delays,no_delays --train 20000 --epochs 1 "
        "--seeds 1",
        "{accuracy_delays:%}, without delays {accuracy_no_delays:%}",
        "linear on pixels of these images {baselines.linear:%}",
        short="... --arms delays,no_delays --train 20000 --epochs 1 --seeds 1",
        remark="400 cells, 20,000 images once",
        seeds="0",
        named=True,
    ),
    Row(
        "diehl_cook_mnist_1600",
        "diehl_cook --data mnist --scale paper --arms no_delays --seeds 1 --n-hidden 1600",
        "without delays {accuracy_no_delays:%}",
        "linear on pixels {baselines.linear:%}; published, as remembered, "
        "{paper.accuracy_no_delays:%}",
        short="... --arms no_delays --seeds 1 --n-hidden 1600",
        remark="three passes",
        seeds="0",
        named=True,
    ),
    Row(
        "hetsyn",
        "hetsyn",
        "time constants per synapse: fixed weights {fixed_synapse:%} at {rate_synapse:.1f} Hz; "
        "local rule {taught_synapse:%} at {taught_rate_synapse:.1f} Hz, its output cell alone "
        "{frozen_synapse:%}",
        "per cell {baselines.fixed_cell:%}; the same for all, 40, 200, 400, 800, 1600 ms: "
        "{baselines.fixed_same40:%}, {baselines.fixed_same200:%}, {baselines.fixed_same400:%}, "
        "{baselines.fixed_same800:%}, {baselines.fixed_same1600:%}; local rule per cell "
        "{baselines.taught_cell:%}, 400 ms {baselines.taught_same400:%}, 1600 ms "
        "{baselines.taught_same1600:%}; an earlier program {paper.fixed_synapse_elsewhere:%}, per "
        "cell {paper.fixed_cell_elsewhere:%}, 40 ms {paper.fixed_same40_elsewhere:%}, 400 ms "
        "{paper.fixed_same400_elsewhere:%}; published, back through time {paper.taught_synapse:%}",
        paper="Deng et al. 2025, HetSyn",
        remark="match to sample over 800 ms; last epoch",
        seeds="0 to 9",
    ),
)
"""All rows, in the order of the long table."""
