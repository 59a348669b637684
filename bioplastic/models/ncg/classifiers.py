"""Classifiers of latency codes, one per supervised STDP rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.ncg.layer import REGULATIONS, LatencyClassifier
from bioplastic.models.ncg.network import PROJECTION, LayerSpec
from bioplastic.validation import check_choice, check_integer, check_real

__all__ = ["RSTDPClassifier", "S2STDPClassifier", "SSTDPClassifier"]


class _GroupedClassifier(LatencyClassifier):
    """What the rules with desired spike times have in common: groups of competing cells."""

    _rates = ("a_plus", "a_minus")

    labelled_non_target: int
    regulation: str | None
    gap: float
    a_plus: float
    a_minus: float
    eta_th: float
    beta_th: float

    @property
    def _labelled(self) -> int:
        return self.labelled_non_target

    @property
    def _competes(self) -> bool:
        return self.n_per_class > 1

    @property
    def _regulation(self) -> str:
        return self.regulation or "none"

    @property
    def _target_cells(self) -> int:
        return self.n_per_class - self.labelled_non_target

    def _check_arguments(self) -> None:
        super()._check_arguments()
        place = type(self).__name__
        check_choice(f"{place}.regulation", self._regulation, REGULATIONS)
        labelled = check_integer(
            f"{place}.labelled_non_target", self.labelled_non_target, minimum=0
        )
        if labelled >= self.n_per_class:
            raise ValueError(
                f"{place}.labelled_non_target: must be less than n_per_class, "
                f"{self.n_per_class}, got {labelled}"
            )
        check_real(f"{place}.gap", self.gap, minimum=0, maximum=1)
        check_real(f"{place}.a_plus", self.a_plus, minimum=0)
        check_real(f"{place}.a_minus", self.a_minus, maximum=0)
        check_real(f"{place}.eta_th", self.eta_th, minimum=0)
        check_real(f"{place}.beta_th", self.beta_th, minimum=0, maximum=1)
        if self._regulation == "dropout" and not self.dropout:
            raise ValueError(f"{place}.dropout: must be positive with regulation 'dropout', got 0")
        if self._regulation != "dropout" and self.dropout:
            raise ValueError(
                f"{place}.dropout: needs regulation 'dropout', got {self.dropout:g} with "
                f"{self.regulation!r}"
            )

    def _set_rule(self, state: dict[str, NDArray[Any]], layer: LayerSpec) -> None:
        state[f"{PROJECTION}.gap"][...] = self.gap
        state[f"{PROJECTION}.share"][...] = 1 / layer.n_classes
        if layer.regulated:
            # A single target cell has nobody to compete with: its threshold stays.
            eta = self.eta_th if self._target_cells > 1 else 0.0
            state[f"{PROJECTION}.eta_th"][...] = eta
            state[f"{PROJECTION}.fraction"][...] = 1 / self._target_cells
            state[f"{PROJECTION}.raised_post"][:] = self.threshold_

    def _end_regulation(self) -> None:
        if not self._layer.regulated:
            return
        self.state_[f"{PROJECTION}.eta_th"] *= self.beta_th
        if self._regulation == "one_threshold":
            self.state_["out.base"] = self.state_[f"{PROJECTION}.raised_post"].copy()
        else:
            self.state_[f"{PROJECTION}.raised_post"] = self.state_["out.base"].copy()

    @property
    def thresholds_(self) -> NDArray[np.floating]:
        """Thresholds of the training, shape (n_cells,): those of the presented class if there are
        two compartments."""
        name = f"{PROJECTION}.raised_post" if self._layer.regulated else "out.base"
        thresholds: NDArray[np.floating] = self.state_[name].copy()
        return thresholds


class S2STDPClassifier(_GroupedClassifier):
    """Classifier of spike times that learns by stabilised supervised STDP, with cell groups.

    A layer of non-leaky cells, ``n_per_class`` for each class, that fire once; the first to fire
    decides. In training the first cell of every class is drawn to one of two desired times, and
    with ``labelled_non_target`` and a ``regulation`` the cells of a class share its samples. The
    published variants are arguments: plain S2-STDP (1 cell per class), paired competing neurons
    (2 cells, 1 labelled non-target), neuronal competition groups (5 cells, 1 labelled non-target,
    ``regulation="two_compartment"``) and their ablations; see
    `bioplastic.models.ncg.published_classifier`.

    Parameters
    ----------
    n_per_class : int, default 1
        Output cells per class; more than one compete.
    labelled_non_target : int, default 0
        How many of them never learn to answer first.
    regulation : {None, 'none', 'one_threshold', 'two_compartment', 'dropout'}, default None
        How the competition is balanced; see `bioplastic.plasticity.first_spike_trial`.
    threshold : float, optional
        Firing threshold. Default: what a cell with mean weights reaches after 54 % of the spikes of
        a mean training sample, which is where the published thresholds for MNIST lie.
    gap : float, default 0.03
        Distance between the desired times of target and other cells.
    a_plus, a_minus : float, default 0.05 and -0.1
        Rates for inputs up to the spike and after it.
    annealing : float, default 0.98
        Factor of the rates from epoch to epoch.
    eta_th : float, default 10
        Step of the threshold regulation in the first epoch.
    beta_th : float, default 0.5
        Its factor from epoch to epoch.
    dropout : float, default 0
        Probability of a cell to be switched off for a training sample (``regulation='dropout'``).
    epochs : int, default 100
        Largest number of passes.
    patience : int, optional, default 10
        Epochs without a better validation accuracy after which `fit` stops.
    validation_fraction : float, default 0
        Share of the training samples held out for that, if `fit` is given no validation set.
    form : {'additive', 'multiplicative'}, default 'additive'
        Form of the weight change.
    beta : float, default 1
        Steepness of the multiplicative form.
    weight_mean, weight_std : float, default 0.3 and 0.01
        Normal distribution of the initial weights.
    normalise : bool, default True
        Whether each cell scales its weights back to their initial sum.
    test_last_input : bool, default False
        Whether the potential with the very last input is tested against the threshold; the program
        of the authors does not.
    dtype : {'float32', 'float64'}, default 'float32'
        Precision.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    random_state : int, default 0
        Fixes initial weights and dropout.
    progress : bool, default False
        Show a progress bar over epochs.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order; cells ``c*n_per_class`` and following belong to class ``c``, the
        labelled non-target cells first.
    state_ : dict of str to array
        State of the training network.
    weights_ : array, shape (n_features, n_cells)
        Weights.
    threshold_ : float
        The threshold in use.
    thresholds_ : array, shape (n_cells,)
        Thresholds of the training.
    history_ : dict of str to array
        Per epoch: ``train_accuracy``, ``validation_accuracy`` (NaN without validation), and for
        every cell the number of updates on samples of its class (``target_updates``) and of others
        (``other_updates``).
    n_seen_, n_epochs_, best_epoch_ : int
        Training samples and epochs so far, and the epoch with the best validation accuracy.

    Raises
    ------
    ValueError
        For NaN, negative times, a wrong number of features, unknown labels, arguments out of range.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), Neuronal competition groups with supervised STDP for
    spike-based classification, NeurIPS, arXiv 2410.17066.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> model = S2STDPClassifier(n_per_class=2, labelled_non_target=1, epochs=5).fit(X, y)
    >>> model.score(X, y), model.weights_.shape
    (1.0, (30, 6))
    """

    _rule = "s2stdp"

    def __init__(
        self,
        n_per_class: int = 1,
        *,
        labelled_non_target: int = 0,
        regulation: str | None = None,
        threshold: float | None = None,
        gap: float = 0.03,
        a_plus: float = 0.05,
        a_minus: float = -0.1,
        annealing: float = 0.98,
        eta_th: float = 10.0,
        beta_th: float = 0.5,
        dropout: float = 0.0,
        epochs: int = 100,
        patience: int | None = 10,
        validation_fraction: float = 0.0,
        form: str = "additive",
        beta: float = 1.0,
        weight_mean: float = 0.3,
        weight_std: float = 0.01,
        normalise: bool = True,
        test_last_input: bool = False,
        dtype: str = "float32",
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_per_class = n_per_class
        self.labelled_non_target = labelled_non_target
        self.regulation = regulation
        self.threshold = threshold
        self.gap = gap
        self.a_plus = a_plus
        self.a_minus = a_minus
        self.annealing = annealing
        self.eta_th = eta_th
        self.beta_th = beta_th
        self.dropout = dropout
        self.epochs = epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.form = form
        self.beta = beta
        self.weight_mean = weight_mean
        self.weight_std = weight_std
        self.normalise = normalise
        self.test_last_input = test_last_input
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.progress = progress

    @property
    def _normalises(self) -> bool:
        return self.normalise


class SSTDPClassifier(_GroupedClassifier):
    """Classifier of spike times that learns by supervised STDP with one-sided errors.

    As `S2STDPClassifier`, but target cells that fire early enough and others that fire late enough
    are left alone, and weights are not normalised.

    Parameters
    ----------
    n_per_class, labelled_non_target, regulation, threshold, gap, a_plus, a_minus, annealing
        See `S2STDPClassifier`; the rates are those published for MNIST.
    eta_th, beta_th, dropout, epochs, patience, validation_fraction, form, beta
        See `S2STDPClassifier`.
    weight_mean, weight_std : float, default 0.5 and 0.01
        Normal distribution of the initial weights.
    test_last_input, dtype, target, random_state, progress
        See `S2STDPClassifier`.

    References
    ----------
    Liu, Pan, Ruan, Xing, Xu and Tang (2021), doi 10.3389/fnins.2021.756876, in the one-layer
    additive form of Goupy et al. (2024).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> SSTDPClassifier(a_plus=0.1, epochs=5).fit(X, y).score(X, y)
    1.0
    """

    _rule = "sstdp"

    def __init__(
        self,
        n_per_class: int = 1,
        *,
        labelled_non_target: int = 0,
        regulation: str | None = None,
        threshold: float | None = None,
        gap: float = 0.09,
        a_plus: float = 0.01,
        a_minus: float = 0.0,
        annealing: float = 0.98,
        eta_th: float = 1.0,
        beta_th: float = 0.5,
        dropout: float = 0.0,
        epochs: int = 100,
        patience: int | None = 10,
        validation_fraction: float = 0.0,
        form: str = "additive",
        beta: float = 1.0,
        weight_mean: float = 0.5,
        weight_std: float = 0.01,
        test_last_input: bool = False,
        dtype: str = "float32",
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_per_class = n_per_class
        self.labelled_non_target = labelled_non_target
        self.regulation = regulation
        self.threshold = threshold
        self.gap = gap
        self.a_plus = a_plus
        self.a_minus = a_minus
        self.annealing = annealing
        self.eta_th = eta_th
        self.beta_th = beta_th
        self.dropout = dropout
        self.epochs = epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.form = form
        self.beta = beta
        self.weight_mean = weight_mean
        self.weight_std = weight_std
        self.test_last_input = test_last_input
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.progress = progress


class RSTDPClassifier(LatencyClassifier):
    """Classifier of spike times that learns by reward-modulated STDP of the first cell to fire.

    A right answer is rewarded in proportion to the error rate of the last epoch, a wrong one
    punished in proportion to its accuracy. On a sample without any output spike the cell with the
    highest potential has answered.

    Parameters
    ----------
    n_per_class : int, default 5
        Output cells per class.
    threshold : float, optional
        Firing threshold; see `S2STDPClassifier`.
    a_plus, a_minus : float, default 0.05 and -0.001
        Rates of reward for inputs up to the spike and after it.
    b_plus, b_minus : float, default -0.05 and 0.001
        Rates of punishment.
    annealing, dropout, epochs, patience, validation_fraction, form, beta
        See `S2STDPClassifier`; dropout needs no further argument here.
    weight_mean, weight_std : float, default 0.8 and 0.01
        Normal distribution of the initial weights, clipped to [0.2, 0.8] like all weights.
    test_last_input, dtype, target, random_state, progress
        See `S2STDPClassifier`.

    References
    ----------
    Mozafari, Kheradpisheh, Masquelier, Nowzari-Dalini and Ganjtabesh (2018), First-spike-based
    visual categorization using reward-modulated STDP, IEEE TNNLS 29, with the settings of Goupy et
    al. (2024).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.where(np.arange(30) // 10 == y[:, None], 0.2, 0.7) + 0.2*rng.random((60, 30))
    >>> RSTDPClassifier(n_per_class=2, epochs=5).fit(X, y).score(X, y)
    1.0
    """

    _rule = "rstdp"
    _rates = ("a_plus", "a_minus", "b_plus", "b_minus")
    _bounds = (0.2, 0.8)

    def __init__(
        self,
        n_per_class: int = 5,
        *,
        threshold: float | None = None,
        a_plus: float = 0.05,
        a_minus: float = -0.001,
        b_plus: float = -0.05,
        b_minus: float = 0.001,
        annealing: float = 0.98,
        dropout: float = 0.0,
        epochs: int = 100,
        patience: int | None = 10,
        validation_fraction: float = 0.0,
        form: str = "additive",
        beta: float = 1.0,
        weight_mean: float = 0.8,
        weight_std: float = 0.01,
        test_last_input: bool = False,
        dtype: str = "float32",
        target: str = "cpp",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_per_class = n_per_class
        self.threshold = threshold
        self.a_plus = a_plus
        self.a_minus = a_minus
        self.b_plus = b_plus
        self.b_minus = b_minus
        self.annealing = annealing
        self.dropout = dropout
        self.epochs = epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.form = form
        self.beta = beta
        self.weight_mean = weight_mean
        self.weight_std = weight_std
        self.test_last_input = test_last_input
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.progress = progress

    def _check_arguments(self) -> None:
        super()._check_arguments()
        place = type(self).__name__
        for rate in ("a_plus", "b_minus"):
            check_real(f"{place}.{rate}", getattr(self, rate), minimum=0)
        for rate in ("a_minus", "b_plus"):
            check_real(f"{place}.{rate}", getattr(self, rate), maximum=0)

    def _set_rule(self, state: dict[str, NDArray[Any]], layer: LayerSpec) -> None:
        state[f"{PROJECTION}.accuracy"][...] = 1 / layer.n_classes
