"""What an experiment is, and how one is run."""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from bioplastic.checkpoints import describe_parameters
from bioplastic.options import add_arguments
from bioplastic.plotting import save_figure, use_style
from bioplastic.study.film import has_film, write_film
from bioplastic.study.measuring import measure
from bioplastic.study.provenance import Stopwatch, collect_versions, find_revision
from bioplastic.study.results import SNAKE_CASE, Results
from bioplastic.validation import check_choice, check_identifier

__all__ = [
    "DEFAULT_OUT",
    "SCALES",
    "Experiment",
    "Run",
    "add_run_options",
    "compute_results",
    "draw_figures",
    "figure_path",
    "make_run",
    "name_results",
    "positive_int",
    "prepare_folder",
]

SCALES = ("smoke", "quick", "paper")
"""Seconds, minutes, and the published protocol."""

DEFAULT_OUT = "figures"
"""Where results and figures go."""

_DOTS_PER_INCH = 200
_COMMON = frozenset(
    {
        "scale",
        "data",
        "seed",
        "name",
        "out",
        "plot_only",
        "checkpoints",
        "resume",
        "verbose",
        "animate",
    }
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
        Takes a `Run` and returns `Results` with metrics, baselines, the paper's values and what was
        measured. The rest is filled in. (Without ``protocols`` it takes the parsed arguments.)
    figures : mapping of str to callable, optional
        For every figure its name and a function that takes the results and returns it. It uses
        nothing but the results, so that stored ones can be drawn again. None where there is nothing
        to draw.
    protocols : mapping of str to object, optional
        Sizes and constants of every scale, or of every ``"scale/data"``: instances of a dataclass.
        They become `Run.protocol` and part of the parameters. Its field ``seeds``, if it has one,
        is the number of seeds that ``--seeds`` changes.
    options : tuple of str, optional
        Fields of the protocol, declared by `bioplastic.fields.param`, that the command line and
        sweeps can change.
    add_arguments : callable, optional
        Adds further options to the parser; they become `Run.options`.
    draw : callable, optional
        In place of ``figures``: takes the results and the folder, writes the figures under names
        from `figure_path`, and returns their paths.
    settings : mapping of str to tuple of str, optional
        Names that a sweep can set besides the options, each with the arguments that set it; ``{}``
        stands for the value: ``{"eta": ("--constant", "eta_hidden={}")}``.
    animates : bool, default False
        Whether there is an option ``--animate``. With it `compute` records a `Film`, whose arrays
        are among those of the results, and an animation is drawn from them.

    Raises
    ------
    ValueError
        If a text is empty, a scale is unknown, or there is no scale or data.

    Examples
    --------
    A whole experiment: the options ``--scale``, ``--data``, ``--seed``, ``--seeds``, ``--jobs``,
    ``--checkpoints``, ``--resume``, ``--out``, ``--name`` and ``--plot-only`` come with it.

    >>> from bioplastic.fields import Constants, param
    >>> from bioplastic.plotting import lines
    >>> from bioplastic.study import flatten
    >>> class Sizes(Constants):
    ...     n: int = param(10, minimum=1, doc="samples")
    ...     seeds: int = param(1, minimum=1, doc="seeds")
    >>> def one_seed(seed, sizes):
    ...     return {"accuracy": (seed % sizes.n) / sizes.n}
    >>> def compute(run):
    ...     data = run.measure(one_seed, seed=run.seeds, sizes=run.protocol)
    ...     return Results(metrics=flatten(data), measured={"seeds": data})
    >>> def accuracy(results):
    ...     return lines(results.measured["seeds"].accuracy, x="seed").figure
    >>> demo = Experiment(
    ...     name="demo",
    ...     title="Nothing at all",
    ...     reference="Nobody (1900)",
    ...     costs={"smoke": "1 s", "quick": "2 s"},
    ...     datasets=("synthetic",),
    ...     protocols={"smoke": Sizes(), "quick": Sizes(n=20, seeds=3)},
    ...     options=("n",),
    ...     compute=compute,
    ...     figures={"accuracy": accuracy},
    ... )
    >>> demo.default_scale
    'quick'
    """

    name: str
    title: str
    reference: str
    costs: Mapping[str, str]
    datasets: tuple[str, ...]
    compute: Callable[[Any], Results]
    draw: Callable[[Results, Path], list[Path]] | None = None
    add_arguments: Callable[[argparse.ArgumentParser], None] = _add_nothing
    settings: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    figures: Mapping[str, Callable[[Results], Figure | None]] = dataclasses.field(
        default_factory=dict
    )
    protocols: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: tuple[str, ...] = ()
    animates: bool = False

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
        if self.draw is not None and self.figures:
            raise ValueError("Experiment.draw: must not be given besides figures")
        if self.protocols:
            for scale in self.costs:
                for data in self.datasets:
                    self.protocol(scale, data)

    @property
    def default_scale(self) -> str:
        """The scale when none is asked for: quick if there is one, else the smallest."""
        return "quick" if "quick" in self.costs else min(self.costs, key=SCALES.index)

    def protocol(self, scale: str, data: str) -> Any:
        """Return the sizes of a scale on some data.

        Raises
        ------
        ValueError
            If there are none.
        """
        for key in (f"{scale}/{data}", scale):
            if key in self.protocols:
                return self.protocols[key]
        raise ValueError(f"Experiment.protocols: must have {scale!r} or '{scale}/{data}'")


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run of an experiment is to compute, and how.

    Parameters
    ----------
    scale, data : str
        How much, and on what.
    seed : int
        The first seed.
    seeds : tuple of int
        All seeds.
    protocol : object
        Sizes and constants, with what the command line changed.
    options : mapping of str to object
        Further options of this experiment.
    jobs : int
        Processes.
    store : Path or None
        Where finished parts are kept.
    animate : bool
        Whether a `Film` is asked for.
    """

    scale: str
    data: str
    seed: int
    seeds: tuple[int, ...]
    protocol: Any = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    jobs: int = 1
    store: Path | None = None
    animate: bool = False

    def measure(self, function: Callable[..., Any], **factors: Any) -> xr.Dataset:
        """Call `bioplastic.study.measure` with the store and the processes of this run."""
        return measure(function, store=self.store, jobs=self.jobs, **factors)


def add_run_options(parser: argparse.ArgumentParser, experiment: Experiment) -> None:
    """Add the options that every experiment with protocols has, and those of its protocol.

    What is kept in the store is known by all that it depends on, so that a run always takes up what
    an earlier one has finished there.
    """
    protocol = next(iter(experiment.protocols.values()))
    if hasattr(protocol, "seeds"):
        parser.add_argument(
            "--seeds", type=positive_int, help="number of seeds, from --seed on (default: by scale)"
        )
    parser.add_argument(
        "--jobs", type=positive_int, default=1, help="parallel processes; default %(default)s"
    )
    parser.add_argument(
        "--checkpoints", help="folder of finished parts (default: runs/ at paper scale)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="keep and use finished parts at small scales too"
    )
    if experiment.options:
        add_arguments(parser, type(protocol), *experiment.options)


def make_run(experiment: Experiment, args: argparse.Namespace) -> Run:
    """Return what the options ask for."""
    protocol = experiment.protocol(args.scale, args.data)
    known = set(experiment.options)
    changed = {name: getattr(args, name) for name in known if getattr(args, name) is not None}
    count = getattr(args, "seeds", None)
    if count is not None:
        changed["seeds"] = count
    protocol = dataclasses.replace(protocol, **changed)
    kept = args.checkpoints or args.resume or args.scale == "paper"
    return Run(
        scale=args.scale,
        data=args.data,
        seed=args.seed,
        seeds=tuple(args.seed + k for k in range(getattr(protocol, "seeds", 1))),
        protocol=protocol,
        options={
            name: value
            for name, value in vars(args).items()
            if name not in _COMMON | known | {"seeds", "jobs"}
        },
        jobs=args.jobs,
        store=Path(args.checkpoints or "runs") if kept else None,
        animate=getattr(args, "animate", False),
    )


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
    run: Any = make_run(experiment, args) if experiment.protocols else args
    sizes = {} if not experiment.protocols else describe_parameters({"protocol": run.protocol})
    with Stopwatch() as watch:
        results = experiment.compute(run)
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
        parameters={**options, **_without_kind(sizes), **results.parameters},
        versions=collect_versions(),
        revision=revision,
        cpu_seconds=watch.cpu_seconds,
        wall_seconds=watch.wall_seconds,
    )


def _without_kind(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sizes.get("protocol", {}).items() if name != "kind"}


def draw_figures(experiment: Experiment, results: Results, out: Path) -> list[Path]:
    """Draw the figures and check that each lies where its name says.

    Raises
    ------
    RuntimeError
        If a figure is missing or misnamed.
    """
    paths = []
    for name, draw in experiment.figures.items():
        with use_style():
            figure = draw(results)
            if figure is not None:
                path = figure_path(out, results.name, name)
                paths.append(save_figure(figure, path, dpi=_DOTS_PER_INCH))
    if experiment.draw is not None:
        paths += [Path(path) for path in experiment.draw(results, out)]
    for path in paths:
        named = path.parent == out and path.name.startswith(f"{results.name}_")
        if not named or path.suffix != ".png" or not path.is_file():
            wanted = f"{out / results.name}_<figure>.png"
            raise RuntimeError(f"{experiment.name}.draw: must write {wanted}, got {path}")
    return [*paths, write_film(results, out)] if has_film(results) else paths
