"""The published settings of all classifiers, by extractor and data set, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bioplastic.arguments import check_arguments
from bioplastic.models.ncg.classifiers import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier
from bioplastic.models.ncg.layer import LatencyClassifier
from bioplastic.validation import check_choice

__all__ = ["ABLATIONS", "CONFIGURATIONS", "Configuration", "published_classifier"]

# name, cells per class, threshold, gap, a_plus, a_minus, b_plus, b_minus, regulation, eta_th,
# beta_th, labelled non-target cells per class, output dropout
_TABLE = """
[stdp-csnn mnist]
rstdp-5n                  5  250  -      0.05  -0.001  -0.05  0.001  -    -    -     0 0
rstdp-20n                 20 250  -      0.05  -0.005  -0.05  0.005  -    -    -     0 0.5
sstdp                     1  200  0.09   0.01  0       -      -      -    -    -     0 0
sstdp+ncg                 5  200  0.08   0.1   -0.001  -      -      two  1    0.5   0 0
s2stdp                    1  250  0.04   0.005 -0.05   -      -      -    -    -     0 0
s2stdp+pcn                2  250  0.02   0.001 -0.1    -      -      -    -    -     1 0
s2stdp+ncg                5  200  0.03   0.05  -0.1    -      -      two  10   0.5   1 0
s2stdp+ncg-no-cr          5  200  0.03   0.05  -0.1    -      -      -    -    -     1 0
s2stdp+ncg-no-nt          5  250  0.02   0.01  -0.05   -      -      two  1    0.7   0 0
s2stdp+ncg-no-nt-same     5  200  0.03   0.05  -0.1    -      -      two  10   0.5   0 0
s2stdp+ncg-no-ltd         5  200  0.03   0.05  0       -      -      two  10   0.5   1 0
s2stdp+ncg-4n-no-nt       4  250  0.02   0.01  -0.05   -      -      two  1    0.7   0 0
sstdp+ncg-no-cr           5  200  0.08   0.1   -0.001  -      -      -    -    -     0 0
[stdp-csnn fashion-mnist]
rstdp-5n                  5  300  -      0.01  -0.001  -0.01  0.001  -    -    -     0 0
rstdp-20n                 20 300  -      0.05  -0.01   -0.025 0.005  -    -    -     0 0.5
sstdp                     1  200  0.04   0.05  -0.005  -      -      -    -    -     0 0
sstdp+ncg                 5  150  0.05   0.05  0       -      -      two  1    0.7   0 0
s2stdp                    1  300  0.01   0.01  -0.05   -      -      -    -    -     0 0
s2stdp+pcn                2  300  0.005  0.05  -0.001  -      -      -    -    -     1 0
s2stdp+ncg                5  300  0.005  0.1   -0.05   -      -      two  5    0.7   1 0
s2stdp+ncg-no-cr-no-nt    5  300  0.005  0.1   -0.05   -      -      -    -    -     0 0
s2stdp+ncg-no-cr          5  300  0.005  0.1   -0.05   -      -      -    -    -     1 0
s2stdp+ncg-cr-1-thr-no-nt 5  300  0.01   0.1   -0.01   -      -      one  0.1  0.1   0 0
s2stdp+ncg-no-nt          5  400  0.01   0.01  -0.1    -      -      two  1    0.5   0 0
s2stdp+ncg-no-nt-same     5  300  0.005  0.1   -0.05   -      -      two  5    0.7   0 0
s2stdp+ncg-cr-1-thr       5  300  0.01   0.1   -0.001  -      -      one  0.01 0.5   1 0
s2stdp+ncg-cr-drop        5  300  0.005  0.1   -0.001  -      -      drop -    -     1 0.1
s2stdp+ncg-no-ltd         5  300  0.005  0.1   0       -      -      two  5    0.7   1 0
s2stdp+ncg-4n-no-nt       4  400  0.01   0.01  -0.1    -      -      two  1    0.5   0 0
sstdp+ncg-no-cr           5  150  0.05   0.05  0       -      -      -    -    -     0 0
sstdp+ncg-cr-1-thr        5  250  0.06   0.05  -0.005  -      -      one  5    0.3   0 0
sstdp+ncg-cr-drop         5  150  0.05   0.1   -0.001  -      -      drop -    -     0 0.2
[stdp-csnn cifar-10]
rstdp-5n                  5  300  -      0.05  -0.001  -0.05  0.001  -    -    -     0 0.15
rstdp-20n                 20 350  -      0.1   -0.0075 -0.1   0.0075 -    -    -     0 0.5
sstdp                     1  350  0.0005 0.05  -0.001  -      -      -    -    -     0 0
sstdp+ncg                 5  350  0.005  0.1   -0.01   -      -      two  1    0.5   0 0
s2stdp                    1  400  0.001  0.001 -0.05   -      -      -    -    -     0 0
s2stdp+pcn                2  400  0.001  0.1   -0.1    -      -      -    -    -     1 0
s2stdp+ncg                5  400  0.005  0.1   -0.05   -      -      two  5    0.5   1 0
s2stdp+ncg-no-cr-no-nt    5  400  0.005  0.1   -0.05   -      -      -    -    -     0 0
s2stdp+ncg-no-cr          5  400  0.005  0.1   -0.05   -      -      -    -    -     1 0
s2stdp+ncg-cr-1-thr-no-nt 5  350  0.005  0.1   -0.01   -      -      one  20   0.1   0 0
s2stdp+ncg-no-nt          5  500  0.005  0.1   -0.1    -      -      two  1    0.7   0 0
s2stdp+ncg-no-nt-same     5  400  0.005  0.1   -0.05   -      -      two  5    0.5   0 0
s2stdp+ncg-cr-1-thr       5  350  0.005  0.1   -0.001  -      -      one  10   0.1   1 0
s2stdp+ncg-cr-drop        5  400  0.001  0.05  -0.1    -      -      drop -    -     1 0.1
s2stdp+ncg-no-ltd         5  400  0.005  0.1   0       -      -      two  5    0.5   1 0
s2stdp+ncg-4n-no-nt       4  500  0.005  0.1   -0.1    -      -      two  1    0.7   0 0
sstdp+ncg-no-cr           5  350  0.005  0.1   -0.01   -      -      -    -    -     0 0
sstdp+ncg-cr-1-thr        5  300  0.005  0.1   -0.01   -      -      one  20   0.5   0 0
sstdp+ncg-cr-drop         5  450  0.001  0.1   0       -      -      drop -    -     0 0.1
[stdp-csnn cifar-100]
rstdp-5n                  5  300  -      0.05  -0.001  -0.05  0.001  -    -    -     0 0.15
rstdp-20n                 20 350  -      0.1   -0.0075 -0.1   0.0075 -    -    -     0 0.5
sstdp                     1  350  0.0005 0.05  -0.001  -      -      -    -    -     0 0
sstdp+ncg                 5  350  0.005  0.1   -0.01   -      -      two  1    0.5   0 0
s2stdp                    1  400  0.001  0.001 -0.05   -      -      -    -    -     0 0
s2stdp+ncg                5  400  0.005  0.1   -0.05   -      -      two  5    0.5   1 0
[softhebb-cnn mnist]
rstdp-5n                  5  650  -      0.1   -0.001  -0.1   0.005  -    -    -     0 0.15
rstdp-20n                 20 600  -      0.1   -0.001  -0.05  0.001  -    -    -     0 0.5
sstdp                     1  750  0.02   0.05  0       -      -      -    -    -     0 0
sstdp+ncg                 5  1000 0.001  0.1   -0.01   -      -      two  40   0.001 0 0
s2stdp                    1  1100 0.02   0.01  -0.1    -      -      -    -    -     0 0
s2stdp+pcn                2  1250 0.01   0.1   -0.1    -      -      -    -    -     1 0
s2stdp+ncg                5  1100 0.01   0.1   -0.01   -      -      two  10   0.3   1 0
s2stdp+ncg-no-nt          5  1050 0.01   0.1   -0.01   -      -      two  20   0.1   0 0
s2stdp+ncg-no-nt-same     5  1100 0.01   0.1   -0.01   -      -      two  10   0.3   0 0
s2stdp+ncg-no-ltd         5  1100 0.01   0.1   0       -      -      two  10   0.3   1 0
s2stdp+ncg-4n-no-nt       4  1050 0.01   0.1   -0.01   -      -      two  20   0.1   0 0
[softhebb-cnn fashion-mnist]
rstdp-5n                  5  550  -      0.1   -0.001  -0.05  0.001  -    -    -     0 0
rstdp-20n                 20 600  -      0.1   -0.001  -0.05  0.001  -    -    -     0 0.5
sstdp                     1  900  0.02   0.1   -0.005  -      -      -    -    -     0 0
sstdp+ncg                 5  1200 0.001  0.1   -0.01   -      -      two  30   0.01  0 0
s2stdp                    1  1100 0.01   0.05  -0.01   -      -      -    -    -     0 0
s2stdp+pcn                2  1100 0.01   0.05  -0.001  -      -      -    -    -     1 0
s2stdp+ncg                5  1100 0.01   0.1   -0.01   -      -      two  10   0.9   1 0
s2stdp+ncg-no-cr-no-nt    5  1100 0.01   0.1   -0.01   -      -      -    -    -     0 0
s2stdp+ncg-no-cr          5  1100 0.01   0.1   -0.01   -      -      -    -    -     1 0
s2stdp+ncg-cr-1-thr-no-nt 5  1050 0.005  0.1   -0.01   -      -      one  30   0.001 0 0
s2stdp+ncg-no-nt          5  1150 0.01   0.1   -0.05   -      -      two  20   0.3   0 0
s2stdp+ncg-no-nt-same     5  1100 0.01   0.1   -0.01   -      -      two  10   0.9   0 0
s2stdp+ncg-cr-1-thr       5  1150 0.005  0.1   -0.01   -      -      one  30   0.005 1 0
s2stdp+ncg-cr-drop        5  1150 0.01   0.1   -0.05   -      -      drop -    -     1 0.2
s2stdp+ncg-no-ltd         5  1100 0.01   0.1   0       -      -      two  10   0.9   1 0
s2stdp+ncg-4n-no-nt       4  1150 0.01   0.1   -0.05   -      -      two  20   0.3   0 0
sstdp+ncg-no-cr           5  1200 0.001  0.1   -0.01   -      -      -    -    -     0 0
sstdp+ncg-cr-1-thr        5  1200 0.001  0.1   -0.001  -      -      two  40   0.01  0 0
sstdp+ncg-cr-drop         5  1000 0.005  0.1   -0.01   -      -      drop -    -     0 0.1
[softhebb-cnn cifar-10]
rstdp-5n                  5  1150 -      0.01  -0.0001 -0.01  0.0001 -    -    -     0 0.3
rstdp-20n                 20 1000 -      0.1   -0.005  -0.1   0.005  -    -    -     0 0.5
sstdp                     1  1050 0.001  0.05  -0.001  -      -      -    -    -     0 0
sstdp+ncg                 5  1200 0.005  0.1   -0.01   -      -      two  10   0.005 0 0
s2stdp                    1  1300 0.01   0.01  -0.01   -      -      -    -    -     0 0
s2stdp+pcn                2  1300 0.005  0.1   -0.001  -      -      -    -    -     1 0
s2stdp+ncg                5  1600 0.005  0.1   -0.01   -      -      two  20   0.1   1 0
s2stdp+ncg-no-cr-no-nt    5  1600 0.005  0.1   -0.01   -      -      -    -    -     0 0
s2stdp+ncg-no-cr          5  1600 0.005  0.1   -0.01   -      -      -    -    -     1 0
s2stdp+ncg-cr-1-thr-no-nt 5  1700 0.01   0.1   -0.005  -      -      one  10   0.1   0 0
s2stdp+ncg-no-nt          5  1600 0.01   0.1   -0.005  -      -      two  20   0.05  0 0
s2stdp+ncg-no-nt-same     5  1600 0.005  0.1   -0.01   -      -      two  20   0.1   0 0
s2stdp+ncg-cr-1-thr       5  1700 0.01   0.1   -0.01   -      -      one  20   0.1   1 0
s2stdp+ncg-cr-drop        5  1700 0.001  0.1   -0.01   -      -      drop -    -     1 0.4
s2stdp+ncg-no-ltd         5  1600 0.005  0.1   0       -      -      two  20   0.1   1 0
s2stdp+ncg-4n-no-nt       4  1600 0.01   0.1   -0.005  -      -      two  20   0.05  0 0
sstdp+ncg-no-cr           5  1200 0.005  0.1   -0.01   -      -      -    -    -     0 0
sstdp+ncg-cr-1-thr        5  1200 0.005  0.1   -0.01   -      -      one  20   0.05  0 0
sstdp+ncg-cr-drop         5  1350 0.005  0.1   -0.001  -      -      drop -    -     0 0.1
[softhebb-cnn cifar-100]
rstdp-5n                  5  1150 -      0.01  -0.0001 -0.01  0.0001 -    -    -     0 0.3
rstdp-20n                 20 1000 -      0.1   -0.005  -0.1   0.005  -    -    -     0 0.5
sstdp                     1  1050 0.001  0.05  -0.001  -      -      -    -    -     0 0
sstdp+ncg                 5  1200 0.005  0.1   -0.01   -      -      two  10   0.005 0 0
s2stdp                    1  1300 0.01   0.01  -0.01   -      -      -    -    -     0 0
s2stdp+ncg                5  1600 0.005  0.1   -0.01   -      -      two  20   0.1   1 0
"""

_REGULATION = {
    "-": None,
    "one": "one_threshold",
    "two": "two_compartment",
    "drop": "dropout",
}
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
    found = {}
    extractor = data = ""
    for line in _TABLE.split("\n"):
        if line.startswith("["):
            extractor, data = line.strip("[]").split()
        elif line:
            name, *fields = line.split()
            configuration = Configuration(extractor, data, name, _read_arguments(name, fields))
            found[extractor, data, name] = configuration
    return found


def _read_arguments(name: str, fields: list[str]) -> Mapping[str, Any]:
    size, threshold, gap, a_plus, a_minus, b_plus, b_minus = fields[:7]
    regulation, eta, beta, labelled, dropout = fields[7:]
    arguments: dict[str, Any] = {
        "n_per_class": int(size),
        "threshold": float(threshold),
        "a_plus": float(a_plus),
        "a_minus": float(a_minus),
        "dropout": float(dropout),
    }
    if name.startswith("rstdp"):
        return MappingProxyType(arguments | {"b_plus": float(b_plus), "b_minus": float(b_minus)})
    arguments |= {
        "gap": float(gap),
        "labelled_non_target": int(labelled),
        "regulation": _REGULATION[regulation],
    }
    if eta != "-":
        arguments |= {"eta_th": float(eta), "beta_th": float(beta)}
    return MappingProxyType(arguments)


#: All published settings: (extractor, data, name) to `Configuration`.
CONFIGURATIONS: Mapping[tuple[str, str, str], Configuration] = MappingProxyType(_read_table())


@check_arguments
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
