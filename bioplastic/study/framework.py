"""What an experiment is, and how one is run."""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bioplastic.study.provenance import Stopwatch, collect_versions, find_revision
from bioplastic.study.results import SNAKE_CASE, Results
from bioplastic.validation import check_choice, check_identifier

__all__ = [
    "DEFAULT_OUT",
    "SCALES",
    "Experiment",
    "compute_results",
    "draw_figures",
    "figure_path",
    "name_results",
    "positive_int",
    "prepare_folder",
]

SCALES = ("smoke", "quick", "paper")
"""Seconds, minutes, and the published protocol."""

DEFAULT_OUT = "figures"
"""Where results and figures go."""

_COMMON = frozenset(
    {"scale", "data", "seed", "name", "out", "plot_only", "checkpoints", "resume", "verbose"}
)


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    """Take no options beyond the common ones."""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One published result and the way to measure it.

    Parameters
    ----------
    name : str
        Name on the command line, and the beginning of the names of the files (`name_results`).
    title : str
        One line on what is shown.
    reference : str
        The paper.
    costs : mapping of str to str
        What each scale costs, for example ``{"smoke": "10 s", "paper": "6 h"}``. The scales
        named here are those that can be chosen.
    datasets : tuple of str
        Data that can be chosen, the default first.
    compute : callable
        Takes the parsed arguments (``scale``, ``data``, ``seed`` and the options of this
        experiment) and returns `Results` with metrics, baselines, the paper's values, parameters
        and arrays. The rest is filled in.
    draw : callable
        Takes the results and the folder, writes the figures under names from `figure_path`, and
        returns their paths. It uses nothing but the results.
    add_arguments : callable, optional
        Adds the options of this experiment to the parser.
    settings : mapping of str to tuple of str, optional
        Names that a sweep can set besides the options, each with the arguments that set it; ``{}``
        stands for the value: ``{"eta": ("--constant", "eta_hidden={}")}``.

    Raises
    ------
    ValueError
        If a text is empty, a scale is unknown, or there is no scale or data.

    Examples
    --------
    >>> demo = Experiment(
    ...     name="demo",
    ...     title="Nothing at all",
    ...     reference="Nobody (1900)",
    ...     costs={"smoke": "1 s"},
    ...     datasets=("digits",),
    ...     compute=lambda args: Results(metrics={"accuracy": 0.5}),
    ...     draw=lambda results, out: [],
    ... )
    >>> demo.default_scale
    'smoke'
    """

    name: str
    title: str
    reference: str
    costs: Mapping[str, str]
    datasets: tuple[str, ...]
    compute: Callable[[argparse.Namespace], Results]
    draw: Callable[[Results, Path], list[Path]]
    add_arguments: Callable[[argparse.ArgumentParser], None] = _add_nothing
    settings: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_identifier("Experiment.name", self.name)
        for field in ("title", "reference"):
            if not getattr(self, field):
                raise ValueError(f"Experiment.{field}: must not be empty")
        for scale in self.costs:
            check_choice("Experiment.costs", scale, SCALES)
        if not self.costs:
            raise ValueError("Experiment.costs: must name at least one scale")
        if not self.datasets or isinstance(self.datasets, str):
            raise ValueError("Experiment.datasets: must be a tuple with at least one name")

    @property
    def default_scale(self) -> str:
        """The scale when none is asked for: quick if there is one, else the smallest."""
        return "quick" if "quick" in self.costs else min(self.costs, key=SCALES.index)


def name_results(experiment: Experiment, scale: str, data: str, name: str | None = None) -> str:
    """Return the name of the results of a run, which all of its files begin with.

    It is the name of the experiment, then data and scale where they are not the default ones, so
    that runs which differ in these do not overwrite each other.

    Parameters
    ----------
    experiment : Experiment
        What was run.
    scale, data : str
        How much of it, and on what.
    name : str, optional
        The name that was asked for with ``--name``. It tells apart what differs in other options.

    Raises
    ------
    ValueError
        If the name that was asked for is not in snake_case, or begins with another word than the
        experiment.

    Examples
    --------
    >>> from bioplastic.commands.registry import load_experiment
    >>> hlop = load_experiment("hlop")
    >>> [name_results(hlop, "quick", "digits"), name_results(hlop, "paper", "mnist")]
    ['hlop', 'hlop_mnist_paper']
    >>> name_results(hlop, "quick", "digits", "hlop_split")
    'hlop_split'
    """
    if name is not None:
        if not SNAKE_CASE.fullmatch(name):
            raise ValueError(f"name_results.name: must be in snake_case, got {name!r}")
        if not f"{name}_".startswith(f"{experiment.name}_"):
            raise ValueError(f"name_results.name: must begin with {experiment.name}, got {name!r}")
        return name
    parts = [experiment.name]
    if data != experiment.datasets[0]:
        parts.append(data.replace("-", "_"))
    if scale != experiment.default_scale:
        parts.append(scale)
    return "_".join(parts)


def figure_path(out: Path, results: str, figure: str) -> Path:
    """Return the path of a figure of the results of a name, `Results.name`.

    Examples
    --------
    >>> figure_path(Path("figures"), "sym_stdp", "weight_maps").name
    'sym_stdp_weight_maps.png'
    """
    check_identifier("figure_path.figure", figure)
    return Path(out) / f"{results}_{figure}.png"


def positive_int(text: str) -> int:
    """Read a positive integer, as the ``type`` of an option.

    Examples
    --------
    >>> positive_int("100")
    100
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return number


def prepare_folder(out: Path) -> None:
    """Create the folder and try it, before hours of computing end in an error.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass


def compute_results(experiment: Experiment, args: argparse.Namespace) -> Results:
    """Run the computation and record where the numbers come from.

    Options of the experiment that were given join the parameters; what `Experiment.compute`
    reports itself has the last word.

    Parameters
    ----------
    experiment : Experiment
        What to compute.
    args : Namespace
        ``scale``, ``data``, ``seed`` and the options of the experiment; ``name`` if the results
        shall be called otherwise than `name_results` does.

    Returns
    -------
    Results
        All fields filled.

    Raises
    ------
    TypeError
        If the computation returns anything else.
    """
    revision = find_revision()  # before, since files may change during a long run
    with Stopwatch() as watch:
        results = experiment.compute(args)
    if not isinstance(results, Results):
        raise TypeError(f"{experiment.name}.compute: must return Results, got {results!r}")
    options = {
        key: value for key, value in vars(args).items() if key not in _COMMON and value is not None
    }
    return dataclasses.replace(
        results,
        name=name_results(experiment, args.scale, args.data, getattr(args, "name", None)),
        experiment=experiment.name,
        reference=experiment.reference,
        scale=args.scale,
        data=args.data,
        seed=args.seed,
        parameters={**options, **results.parameters},
        versions=collect_versions(),
        revision=revision,
        cpu_seconds=watch.cpu_seconds,
        wall_seconds=watch.wall_seconds,
    )


def draw_figures(experiment: Experiment, results: Results, out: Path) -> list[Path]:
    """Draw the figures and check that each lies where its name says.

    Raises
    ------
    RuntimeError
        If a figure is missing or misnamed.
    """
    paths = [Path(path) for path in experiment.draw(results, out)]
    for path in paths:
        named = path.parent == out and path.name.startswith(f"{results.name}_")
        if not named or path.suffix != ".png" or not path.is_file():
            wanted = f"{out / results.name}_<figure>.png"
            raise RuntimeError(f"{experiment.name}.draw: must write {wanted}, got {path}")
    return paths
