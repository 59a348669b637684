"""Which classifiers are trained on what, at each scale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bioplastic.fields import Constants, param
from bioplastic.models.ncg import CONFIGURATIONS, Configuration

__all__ = ["ABLATION_ROWS", "PROTOCOLS", "RULE_ROWS", "Entry", "Protocol", "choose_entries"]

#: Rows of the table of rules: entry to label.
RULE_ROWS: Mapping[str, str] = {
    "rstdp_5n": "R-STDP, 5 per class", "rstdp_20n": "R-STDP, 20 per class", "sstdp": "SSTDP",
    "sstdp_ncg": "SSTDP + NCG", "s2stdp": "S2-STDP", "s2stdp_pcn": "S2-STDP + PCN",
    "s2stdp_ncg": "S2-STDP + NCG",
}  # fmt: skip

#: Rows of the ablation: entry to the label of the paper.
ABLATION_ROWS: Mapping[str, str] = {
    "s2stdp": "M-1", "s2stdp_ncg_no_cr_no_nt": "M-5", "s2stdp_ncg_cr_1_thr_no_nt": "M-5 + CR-1",
    "s2stdp_ncg_no_nt": "M-5 + CR-2", "s2stdp_ncg_cr_1_thr": "M-5 + CR-1 + L",
    "s2stdp_ncg": "M-5 + CR-2 + L (NCG)", "s2stdp_ncg_cr_drop": "M-5 + Drop + L",
    "s2stdp_ncg_no_cr": "M-5 + L",
}  # fmt: skip

_REWARD = {"threshold": 76.3, "a_plus": 0.02, "a_minus": -0.005, "b_plus": -0.02, "b_minus": 0.001}
_ONE_SIDED = {"threshold": 57.2, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.001}
_TIMING = {"threshold": 45.8, "gap": 0.1, "a_plus": 0.05, "a_minus": -0.1}
_REGULATED = {"regulation": "two_compartment", "eta_th": 0.2, "beta_th": 0.5}

#: Settings for the digits, chosen by `bioplastic.experiments.ncg.search` on validation folds; those
#: of `_UNSEARCHED` are taken over from the rule that they extend.
DIGITS: dict[str, dict[str, Any]] = {
    "rstdp-5n": {"n_per_class": 5, **_REWARD},
    "rstdp-20n": {"n_per_class": 20, "dropout": 0.5, **_REWARD},
    "sstdp": _ONE_SIDED,
    "sstdp+ncg": {"n_per_class": 5, **_ONE_SIDED, **_REGULATED},
    "s2stdp": _TIMING,
    "s2stdp+pcn": {"n_per_class": 2, "labelled_non_target": 1, **_TIMING},
    "s2stdp+ncg": {
        "n_per_class": 5, "labelled_non_target": 1, **_REGULATED, "threshold": 40.1, "gap": 0.1,
        "a_plus": 0.05, "a_minus": -0.05,
    },
}  # fmt: skip
_UNSEARCHED = ("rstdp-20n", "sstdp+ncg", "s2stdp+pcn")

#: What the full method becomes where the paper gives no settings of its own.
_DERIVED: dict[str, dict[str, Any]] = {
    "s2stdp+ncg-no-cr-no-nt": {"regulation": None, "labelled_non_target": 0},
    "s2stdp+ncg-cr-1-thr-no-nt": {"regulation": "one_threshold", "labelled_non_target": 0},
    "s2stdp+ncg-no-nt": {"labelled_non_target": 0},
    "s2stdp+ncg-cr-1-thr": {"regulation": "one_threshold"},
    "s2stdp+ncg-cr-drop": {"regulation": "dropout", "dropout": 0.1},
    "s2stdp+ncg-no-cr": {"regulation": None},
}
_SMOKE = ("rstdp_5n", "s2stdp", "s2stdp_ncg", "s2stdp_ncg_no_cr", "pixels_s2stdp")


@dataclass(frozen=True)
class Entry:
    """One classifier to train, on ``csnn`` features or ``pixels``.

    Its settings come from a source: ``published``, a ``search`` on validation folds, or ``derived``
    from one of these.
    """

    configuration: Configuration
    source: str
    features: str = "csnn"

    @property
    def key(self) -> str:
        """Name in the results.

        Examples
        --------
        >>> [entry.key for entry in choose_entries("smoke", "digits")][3]
        's2stdp_ncg_no_cr'
        """
        prefix = "" if self.features == "csnn" else f"{self.features}_"
        return prefix + self.configuration.name.replace("+", "_").replace("-", "_")

    def describe(self) -> str:
        """Return the settings as text for the results."""
        return f"{self.source}: {json.dumps(dict(self.configuration.arguments), sort_keys=True)}"


class Protocol(Constants):
    """Sizes of the experiment."""

    epochs: int = param(100, minimum=1, doc="most epochs")
    patience: int = param(
        10, minimum=1, doc="epochs without a better validation accuracy after which training stops"
    )
    folds: int = param(10, minimum=1, doc="folds trained, each with a seed of its own")
    splits: int = param(10, minimum=2, doc="folds that the training images are split into")
    n_train: int | None = param(None, minimum=1, doc="training images used, all if None")
    n_test: int | None = param(None, minimum=1, doc="test images used, all if None")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.folds > self.splits:
            raise ValueError(f"Protocol.folds: must be at most {self.splits}, got {self.folds}")


PROTOCOLS = {
    "smoke": Protocol(epochs=6, folds=1, n_train=1000, n_test=200),
    "quick": Protocol(epochs=20, folds=1),
    "quick/digits": Protocol(epochs=30, folds=5),
    "paper": Protocol(),
    "paper/digits": Protocol(epochs=30, folds=5),
}


def choose_entries(scale: str, data: str, only: str | None = None) -> list[Entry]:
    """Return what a scale trains on a data set, or ``only`` the entries named there, by commas."""
    names = [name for name in DIGITS if name != "rstdp-20n" or scale == "paper"]
    entries = [_entry(name, data) for name in (*names, *_DERIVED)]
    entries += [_entry(name, data, "pixels") for name in ("s2stdp", "s2stdp+ncg")]
    full = _entry("s2stdp+ncg", data)
    for size in (3, 7, 10, 15):
        arguments = {**full.configuration.arguments, "n_per_class": size}
        entries.append(_make(f"s2stdp+ncg-m{size}", data, arguments, full.source))
    if scale == "smoke" and only is None:
        return [entry for entry in entries if entry.key in _SMOKE]
    if only is None:
        return entries
    chosen = {name.replace("+", "_").replace("-", "_") for name in only.split(",")}
    unknown = chosen - {entry.key for entry in entries}
    if unknown:
        known = ", ".join(entry.key for entry in entries)
        raise ValueError(f"--only: unknown {', '.join(sorted(unknown))}; known: {known}")
    return [entry for entry in entries if entry.key in chosen]


def _entry(name: str, data: str, features: str = "csnn") -> Entry:
    published = CONFIGURATIONS.get(("stdp-csnn", data, name))
    if published is not None:
        arguments, source = published.arguments, "published"
    elif data == "digits" and name in DIGITS:
        arguments, source = DIGITS[name], "derived" if name in _UNSEARCHED else "search"
    else:
        full = _entry("s2stdp+ncg", data).configuration.arguments
        arguments, source = {**full, **_DERIVED[name]}, "derived"
    if features == "pixels":  # the threshold follows the number of pixels that fire
        arguments, source = {**arguments, "threshold": None}, "derived"
    return _make(name, data, arguments, source, features)


def _make(
    name: str, data: str, arguments: Mapping[str, Any], source: str, features: str = "csnn"
) -> Entry:
    return Entry(Configuration("stdp-csnn", data, name, dict(arguments)), source, features)
