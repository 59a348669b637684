"""Which classifiers are trained on what, at each scale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bioplastic.models.ncg import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier
from bioplastic.models.ncg.configurations import CONFIGURATIONS
from bioplastic.models.ncg.layer import LatencyClassifier

__all__ = [
    "ABLATION_ROWS",
    "RULE_ROWS",
    "Entry",
    "Protocol",
    "choose_protocol",
    "describe_source",
    "metric_name",
]

_CLASSES: dict[str, type[LatencyClassifier]] = {
    "rstdp": RSTDPClassifier,
    "sstdp": SSTDPClassifier,
    "s2stdp": S2STDPClassifier,
}

#: Rows of the table of rules: configuration to label.
RULE_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "rstdp-5n": "R-STDP, 5 per class",
        "rstdp-20n": "R-STDP, 20 per class",
        "sstdp": "SSTDP",
        "sstdp+ncg": "SSTDP + NCG",
        "s2stdp": "S2-STDP",
        "s2stdp+pcn": "S2-STDP + PCN",
        "s2stdp+ncg": "S2-STDP + NCG",
    }
)

#: Rows of the ablation: configuration to the label of the paper.
ABLATION_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "s2stdp": "M-1",
        "s2stdp+ncg-no-cr-no-nt": "M-5",
        "s2stdp+ncg-cr-1-thr-no-nt": "M-5 + CR-1",
        "s2stdp+ncg-no-nt": "M-5 + CR-2",
        "s2stdp+ncg-cr-1-thr": "M-5 + CR-1 + L",
        "s2stdp+ncg": "M-5 + CR-2 + L (NCG)",
        "s2stdp+ncg-cr-drop": "M-5 + Drop + L",
        "s2stdp+ncg-no-cr": "M-5 + L",
    }
)

#: Settings for the digits, chosen by `bioplastic.experiments.ncg.search` on validation folds; those
#: of `_UNSEARCHED` are taken over from the rule that they extend.
DIGITS: dict[str, dict[str, Any]] = {
    "rstdp-5n": {
        "n_per_class": 5, "threshold": 76.3, "a_plus": 0.02, "a_minus": -0.005, "b_plus": -0.02,
        "b_minus": 0.001,
    },
    "rstdp-20n": {
        "n_per_class": 20, "threshold": 76.3, "a_plus": 0.02, "a_minus": -0.005, "b_plus": -0.02,
        "b_minus": 0.001, "dropout": 0.5,
    },
    "sstdp": {"threshold": 57.2, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.001},
    "sstdp+ncg": {
        "n_per_class": 5, "threshold": 57.2, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.001,
        "regulation": "two_compartment", "eta_th": 0.2, "beta_th": 0.5,
    },
    "s2stdp": {"threshold": 45.8, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.1},
    "s2stdp+pcn": {
        "n_per_class": 2, "labelled_non_target": 1, "threshold": 45.8, "gap": 0.1, "a_plus": 0.05,
        "a_minus": -0.1,
    },
    "s2stdp+ncg": {
        "n_per_class": 5, "labelled_non_target": 1, "regulation": "two_compartment",
        "threshold": 40.1, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.05, "eta_th": 0.2,
        "beta_th": 0.5,
    },
}  # fmt: skip

_UNSEARCHED = frozenset({"rstdp-20n", "sstdp+ncg", "s2stdp+pcn"})

#: What the full method becomes where the paper gives no settings of its own.
_DERIVED: dict[str, dict[str, Any]] = {
    "s2stdp+ncg-no-cr": {"regulation": None},
    "s2stdp+ncg-no-cr-no-nt": {"regulation": None, "labelled_non_target": 0},
    "s2stdp+ncg-no-nt": {"labelled_non_target": 0},
    "s2stdp+ncg-cr-1-thr": {"regulation": "one_threshold"},
    "s2stdp+ncg-cr-1-thr-no-nt": {"regulation": "one_threshold", "labelled_non_target": 0},
    "s2stdp+ncg-cr-drop": {"regulation": "dropout", "dropout": 0.1},
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One classifier to train.

    Parameters
    ----------
    name : str
        Name of the configuration.
    arguments : mapping
        Arguments of the classifier.
    source : str
        Where the arguments come from: ``published``, ``search`` on validation folds, or ``derived``
        from one of these.
    features : {'csnn', 'pixels'}
        What it is trained on.
    """

    name: str
    arguments: Mapping[str, Any]
    source: str
    features: str = "csnn"

    @property
    def key(self) -> str:
        """Name in the results."""
        return metric_name(self.name if self.features == "csnn" else f"pixels+{self.name}")

    def classifier(self, **more: Any) -> LatencyClassifier:
        """Return the classifier."""
        rule = self.name.partition("+")[0].partition("-")[0]
        return _CLASSES[rule](**{**self.arguments, **more})


@dataclass(frozen=True)
class Protocol:
    """What one scale trains.

    Parameters
    ----------
    entries : tuple of Entry
        The classifiers.
    epochs, patience : int
        Most epochs, and epochs without a better validation accuracy after which training stops.
    folds, splits : int
        Folds trained, of so many stratified ones.
    extractor : dict
        Arguments that replace the settings of the extractor.
    n_train, n_test : int or None
        Samples used, all if None.
    """

    entries: tuple[Entry, ...]
    epochs: int
    folds: int
    patience: int = 10
    splits: int = 10
    extractor: tuple[tuple[str, Any], ...] = ()
    n_train: int | None = None
    n_test: int | None = None


def metric_name(name: str) -> str:
    """Return a configuration's name as part of a metric.

    Examples
    --------
    >>> metric_name("s2stdp+ncg-no-cr")
    's2stdp_ncg_no_cr'
    """
    return name.replace("+", "_").replace("-", "_")


def choose_protocol(scale: str, data: str, folds: int | None, only: str | None = None) -> Protocol:
    """Return what a scale trains on a data set.

    Parameters
    ----------
    scale : {'smoke', 'quick', 'paper'}
        How much.
    data : {'digits', 'mnist', 'fashion-mnist', 'cifar-10'}
        On what.
    folds : int, optional
        Folds, in place of those of the scale.
    only : str, optional
        Names of configurations, separated by commas, in place of all.
    """
    rules = [name for name in RULE_ROWS if name != "rstdp-20n" or scale == "paper"]
    ablations = [name for name in ABLATION_ROWS if name not in rules]
    entries = [_entry(name, data) for name in (*rules, *ablations)]
    entries += [_entry(n, data, "pixels") for n in ("s2stdp", "s2stdp+ncg")]
    entries += [_sized(data, size) for size in (3, 7, 10, 15)]
    epochs, wanted = (100, 10) if scale == "paper" else (20, 1)
    protocol = Protocol(tuple(entries), epochs, wanted)
    if data == "digits":
        protocol = replace(protocol, epochs=30, folds=5)
    if scale == "smoke":
        few = tuple(entry for entry in entries if entry.key in _SMOKE)
        protocol = replace(protocol, entries=few, epochs=6, folds=1, n_train=1000, n_test=200)
    if only is not None:
        names = {metric_name(name) for name in only.split(",")}
        unknown = names - {entry.key for entry in entries}
        if unknown:
            known = ", ".join(entry.key for entry in entries)
            raise ValueError(f"--only: unknown {', '.join(sorted(unknown))}; known: {known}")
        chosen = tuple(entry for entry in entries if entry.key in names)
        protocol = replace(protocol, entries=chosen)
    return protocol if folds is None else replace(protocol, folds=folds)


_SMOKE = ("rstdp_5n", "s2stdp", "s2stdp_ncg", "s2stdp_ncg_no_cr", "pixels_s2stdp")


def describe_source(entry: Entry) -> str:
    """Return the settings of an entry as text for the results."""
    return f"{entry.source}: {json.dumps(dict(entry.arguments), sort_keys=True)}"


def _entry(name: str, data: str, features: str = "csnn") -> Entry:
    if data == "digits":
        if name not in DIGITS:
            return Entry(name, {**DIGITS["s2stdp+ncg"], **_DERIVED[name]}, "derived", features)
        if features == "pixels":  # the threshold follows the number of pixels that fire
            return Entry(name, {**DIGITS[name], "threshold": None}, "derived", features)
        source = "derived" if name in _UNSEARCHED else "search"
        return Entry(name, DIGITS[name], source, features)
    published = CONFIGURATIONS.get(("stdp-csnn", data, name))
    if published is not None:
        arguments = dict(published.arguments)
        if features == "pixels":
            return Entry(name, {**arguments, "threshold": None}, "derived", features)
        return Entry(name, arguments, "published", features)
    full = CONFIGURATIONS["stdp-csnn", data, "s2stdp+ncg"].arguments
    return Entry(name, {**full, **_DERIVED[name]}, "derived", features)


def _sized(data: str, size: int) -> Entry:
    """Return the full method with another number of cells per class."""
    full = _entry("s2stdp+ncg", data)
    arguments = {**full.arguments, "n_per_class": size}
    return Entry(f"s2stdp+ncg-m{size}", arguments, full.source)
