"""The published settings of all classifiers, by extractor and data set: ``configurations.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bioplastic.models.ncg.model import (
    LatencyClassifier,
    RSTDPClassifier,
    S2STDPClassifier,
    SSTDPClassifier,
)
from bioplastic.validation import check_choice

__all__ = ["ABLATIONS", "CONFIGURATIONS", "Configuration", "published_classifier"]

_CLASSES: dict[str, type[LatencyClassifier]] = {
    "s2stdp": S2STDPClassifier,
    "sstdp": SSTDPClassifier,
    "rstdp": RSTDPClassifier,
}

#: Ablations of the full method, in the order of the paper: name to configuration.
ABLATIONS: Mapping[str, str] = MappingProxyType(
    {
        "M-1": "s2stdp",
        "M-5": "s2stdp+ncg-no-cr-no-nt",
        "M-5+CR-1": "s2stdp+ncg-cr-1-thr-no-nt",
        "M-5+CR-2": "s2stdp+ncg-no-nt",
        "M-5+CR-1+L": "s2stdp+ncg-cr-1-thr",
        "M-5+CR-2+L": "s2stdp+ncg",
        "M-5+Drop+L": "s2stdp+ncg-cr-drop",
    }
)


@dataclass(frozen=True)
class Configuration:
    """The published settings of one classifier on one kind of features.

    Parameters
    ----------
    extractor : {'stdp-csnn', 'softhebb-cnn'}
        What made the features.
    data : {'mnist', 'fashion-mnist', 'cifar-10', 'cifar-100'}
        The data set.
    name : str
        Name of the configuration.
    arguments : mapping
        Arguments of the classifier.
    """

    extractor: str
    data: str
    name: str
    arguments: Mapping[str, Any]

    @property
    def rule(self) -> str:
        """``'s2stdp'``, ``'sstdp'`` or ``'rstdp'``."""
        return self.name.partition("+")[0].partition("-")[0]

    def classifier(self, **overrides: Any) -> LatencyClassifier:
        """Return the classifier, with other arguments if wanted."""
        return _CLASSES[self.rule](**{**self.arguments, **overrides})


def _read_table() -> dict[tuple[str, str, str], Configuration]:
    """Return the rows of the table; an empty cell is no argument of the classifier."""
    text = Path(__file__).with_suffix(".csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        place = row.pop("extractor"), row.pop("data"), row.pop("name")
        arguments = {name: _read(name, value) for name, value in row.items() if value}
        found[place] = Configuration(*place, MappingProxyType(arguments))
    return found


def _read(name: str, value: str) -> Any:
    if name == "regulation":
        return value
    return int(value) if name in ("n_per_class", "labelled_non_target") else float(value)


#: All published settings: (extractor, data, name) to `Configuration`.
CONFIGURATIONS: Mapping[tuple[str, str, str], Configuration] = MappingProxyType(_read_table())


def published_classifier(
    name: str = "s2stdp+ncg",
    data: str = "mnist",
    extractor: str = "stdp-csnn",
    **overrides: Any,
) -> LatencyClassifier:
    """Return a classifier with its published settings.

    Parameters
    ----------
    name : str, default 's2stdp+ncg'
        Which one: ``rstdp-5n``, ``rstdp-20n``, ``sstdp``, ``sstdp+ncg``, ``s2stdp``,
        ``s2stdp+pcn``, ``s2stdp+ncg`` or one of the variants in `CONFIGURATIONS`. For the rows of
        the paper's ablation see `ABLATIONS`.
    data : {'mnist', 'fashion-mnist', 'cifar-10', 'cifar-100'}, default 'mnist'
        Data set.
    extractor : {'stdp-csnn', 'softhebb-cnn'}, default 'stdp-csnn'
        What makes the features.
    **overrides
        Arguments of the classifier that replace the settings.

    Raises
    ------
    ValueError
        If nothing was published under that name for this data set and extractor.

    References
    ----------
    Goupy, Tirilly and Bilasco (2024), NeurIPS, arXiv 2410.17066, configuration files of the
    program.

    Examples
    --------
    >>> published_classifier("s2stdp+pcn", random_state=3).gap
    0.02
    """
    known = [n for e, d, n in CONFIGURATIONS if (e, d) == (extractor, data)]
    if not known:
        places = sorted({f"{e}, {d}" for e, d, _ in CONFIGURATIONS})
        raise ValueError(
            f"published_classifier.data: nothing is known for {extractor!r} and {data!r}; "
            f"known: {'; '.join(places)}"
        )
    check_choice("published_classifier.name", name, known)
    return CONFIGURATIONS[extractor, data, name].classifier(**overrides)
