"""Hebbian learning based orthogonal projection: tasks learned one after another.

Xiao, Meng, Zhang, He & Lin (2024), "Hebbian learning based orthogonal projection for continual
learning of spiking neural networks", ICLR, arXiv 2402.11984.

Lateral neurons learn the principal subspace of each layer's presynaptic traces; later tasks change
weights in its orthogonal complement only. Every arm is trained on the same sequence of tasks and
tested on all tasks so far after each. Test images choose nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.analysis.continual import score_continual
from bioplastic.datasets import TaskSequence, load_dataset, permuted_tasks, split_tasks
from bioplastic.fields import Constants, param
from bioplastic.models import hlop
from bioplastic.plasticity import SubspaceLearner
from bioplastic.plotting import COLUMN_WIDTH, GREY, PAGE_WIDTH, PALETTE
from bioplastic.plotting.grammar import bars, dots, images, lines, panels
from bioplastic.study import flatten, labelled
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute"]

PAPER = {"bwt_hlop": -0.0130}
"""Permuted MNIST with another trainer (DSR), from third-party notes on the paper's table 2."""

_PROTOTYPE = {
    "sequential": (0.8556, -0.1618), "hlop": (0.9256, -0.0535),
    "sequential_fa": (0.7956, -0.1986), "hlop_fa": (0.8867, -0.0194),
    "sequential_ss": (0.8839, -0.1236), "hlop_ss": (0.9339, -0.0389),
    "hlop_spiking_10": (0.7133, -0.3181), "hlop_spiking_20": (0.8744, -0.1174),
    "hlop_spiking_40": (0.9167, -0.0632), "hlop_spiking_1000": (0.9256, -0.0549),
}  # fmt: skip
PROTOTYPE = {f"{name}_{arm}": both[k] for arm, both in _PROTOTYPE.items()
             for k, name in enumerate(("acc", "bwt"))}  # fmt: skip
"""Permuted digits: not published, but measured with one seed of an independent prototype that
trains through time (BPTT)."""

FEEDBACK = {"": "transpose", "_fa": "random", "_ss": "sign", "_direct": "direct"}
LATERAL_STEPS = (10, 20, 40, 1000)
"""Time steps of the burst code that are compared."""

_PLAIN = {"projection": "none"}
ARMS: Mapping[str, dict[str, Any]] = {
    "hlop": {},
    "sequential": _PLAIN,
    "replay": {**_PLAIN, "replay": True},
    "joint": {**_PLAIN, "joint": True},
    "ewc": {**_PLAIN, "ewc": True},
    "hlop_replay": {"replay": True},
    **{
        f"{arm}{name}": {"feedback": kind, **changes}
        for name, kind in list(FEEDBACK.items())[1:]
        for arm, changes in (("hlop", {}), ("sequential", _PLAIN))
    },
    "hlop_both": {"subspace_data": "both"},
    "hlop_bptt": {"trainer": "bptt"},
    "sequential_bptt": {**_PLAIN, "trainer": "bptt"},
    **{f"hlop_spiking_{n}": {"laterals": "spiking", "lateral_steps": n} for n in LATERAL_STEPS},
}
"""What every arm changes; without an addition, errors return through exact transposes."""
_SPLIT_ARMS = ("hlop", "sequential", "replay", "joint", "hlop_fa", "sequential_fa")
_INSPECTED = 1000  # samples that learnt subspaces are compared on


def _check_arms(place: str, arms: Any) -> Any:
    for arm in arms:
        if arm not in ARMS:
            raise ValueError(f"{place}: unknown {arm!r}, choose from {', '.join(ARMS)}")
    return arms


class Protocol(Constants):
    """Data and sizes of one run."""

    data: str = param("digits", doc="which images")
    tasks: str = param("permuted", choices=("permuted", "split"), doc="permuted pixels with one "
        "head, or split classes with a head per task")  # fmt: skip
    n_tasks: int = param(0, minimum=0, doc="number of tasks; 0: as usual for data and tasks")
    images: int | None = param(None, minimum=1, doc="use the first training images only")
    test_images: int | None = param(None, minimum=1, doc="use the first test images only")
    arms: tuple[str, ...] = param((), check=_check_arms, doc="what to compare, with commas: "
        f"{', '.join(ARMS)} (default: what is usual for scale, data and tasks)")  # fmt: skip
    seeds: int = param(5, minimum=1, doc="seeds")
    hidden: tuple[int, ...] = param((300, 300), minimum=1, doc="hidden layers")
    epochs: int = param(15, minimum=1, doc="passes through the images of a task")
    batch_size: int = param(32, minimum=1, doc="images per update")
    learning_rate: float = param(0.1, positive=True, doc="step size")
    sizes: tuple[tuple[int, ...], ...] = param(((25, 90, 60), (7, 35, 35)), minimum=0,
        doc="lateral neurons per task and layer")  # fmt: skip
    hebbian_steps: int = param(
        1, minimum=1, doc="updates of lateral circuits per time step of a batch"
    )
    eta_input: float | None = param(None, minimum=0, doc="learning rate of the circuit on images")
    replay: int = param(5, minimum=1, doc="samples kept per class and task in arms with replay")
    ewc: float = param(20_000.0, positive=True, doc="strength of consolidation in its arm")
    usual_tasks: int = param(5, minimum=1, doc="number of permuted tasks")
    usual_arms: tuple[str, ...] = param(tuple(ARMS), check=_check_arms, doc="arms on them")

    def settled(self, scale: str) -> Protocol:
        """Return the protocol with the numbers that are usual where none are given."""
        split = self.tasks == "split"
        arms = _SPLIT_ARMS if split and scale != "smoke" else self.usual_arms
        n_tasks = min(self.usual_tasks, 5) if split else self.usual_tasks
        return self.with_values(n_tasks=self.n_tasks or n_tasks, arms=self.arms or arms)

    def sequence(self, seed: int) -> TaskSequence:
        """Return the tasks."""
        dataset = load_dataset(self.data, seed=seed).head(self.images, self.test_images)
        make = permuted_tasks if self.tasks == "permuted" else split_tasks
        return make(dataset, self.n_tasks, seed)


_SMOKE: dict[str, Any] = {
    "usual_tasks": 2, "images": 500, "test_images": 100, "hidden": (100, 100), "epochs": 8,
    "batch_size": 16, "sizes": ((20, 20, 20), (5, 10, 10)), "seeds": 1,
    "usual_arms": ("hlop", "sequential", "joint", "hlop_spiking_40"),
}  # fmt: skip
_DIGITS = Protocol()
_MNIST = _DIGITS.with_values(
    data="mnist", usual_tasks=10, hidden=(800, 800), epochs=1, batch_size=64, seeds=1,
    sizes=tuple(hlop.published_subspace_sizes(task) for task in range(10)), hebbian_steps=5,
    eta_input=0.001, replay=50, usual_arms=("hlop", "hlop_both", "sequential", "replay", "joint"),
)  # fmt: skip
PROTOCOLS = {
    "smoke/digits": _DIGITS.with_values(**_SMOKE),
    "smoke/mnist": _MNIST.with_values(**_SMOKE),
    "quick/digits": _DIGITS.with_values(
        seeds=2, usual_arms=("hlop", "sequential", "replay", "joint", "ewc", "hlop_fa",
                             "sequential_fa", "hlop_spiking_10", "hlop_spiking_40"),
    ),
    "quick/mnist": _MNIST.with_values(
        usual_tasks=3, images=3000, seeds=2, usual_arms=("hlop", "sequential", "joint")
    ),
    "paper/digits": _DIGITS,
    "paper/mnist": _MNIST,
}  # fmt: skip


# ---- what is measured ----------------------------------------------------------------------------


def build_model(protocol: Protocol, arm: Mapping[str, Any], seed: int) -> hlop.ContinualClassifier:
    """Return the model of an arm."""
    changes = {name: value for name, value in arm.items() if name != "joint"}
    changes |= {name: getattr(protocol, name) for name in ("replay", "ewc") if arm.get(name)}
    return hlop.ContinualClassifier(
        protocol.hidden, batch_size=protocol.batch_size, epochs=protocol.epochs,
        learning_rate=protocol.learning_rate, subspace_sizes=protocol.sizes,
        head="shared" if protocol.tasks == "permuted" else "per_task",
        parameters=hlop.HLOPParameters(
            hebbian_steps=protocol.hebbian_steps, eta_input=protocol.eta_input
        ),
        random_state=seed, **changes,
    )  # fmt: skip


def train_arm(arm: dict[str, Any], seed: int, protocol: Protocol) -> xr.Dataset:
    """Train one model on all tasks: scores, accuracies, and how its subspaces grew.

    Residual energies and ``angles`` (of the first task) are those of
    `bioplastic.analysis.SubspaceRecovery`.
    """
    tasks, model = protocol.sequence(seed), build_model(protocol, arm, seed)

    def inspect(model: hlop.ContinualClassifier, number: int) -> dict[str, Any]:
        rows = np.array([circuit.n_rows for circuit in model.circuits_])
        recruited = rows - (model.notes_[number - 1]["rows"] if number else 0)
        X = tasks[number].X[:_INSPECTED]
        layers = hlop.inspect_subspaces(model, X, recruited.tolist(), number)
        angles = np.full((rows.size, max(recruited)), np.nan)
        for layer, part in zip(angles, layers, strict=True):
            layer[: part.angles.size] = part.angles
        names = ("residual_before", "residual_after", "residual_exact")
        residuals = {name: [getattr(layer, name) for layer in layers] for name in names}
        return {"rows": rows, **residuals, "angles": angles}

    began = time.process_time()
    if arm.get("joint"):
        model.fit_jointly(tasks)
    else:
        model.fit_tasks(tasks, after_task=inspect if model.projection == "hebbian" else None)
    found: dict[str, Any] = {"cpu_seconds": time.process_time() - began}
    matrix, n = np.full((len(tasks), len(tasks)), np.nan), np.arange(1, len(tasks) + 1)
    matrix[len(matrix) - len(model.accuracies_) :] = model.accuracies_
    if arm.get("joint"):  # all tasks at once: nothing to forget
        found["acc"] = matrix[-1].mean()
    else:
        scores = score_continual(matrix)
        found |= {"acc": scores.acc, "bwt": scores.bwt, "learning": scores.learning}
    if notes := list(model.notes_.values()):
        found |= {"task": n, "angles": (("layer", "rank"), notes[0].pop("angles"))}
        found |= {k: (("task", "layer"), np.stack([note[k] for note in notes])) for k in notes[0]}
    found["accuracy"] = ("learned", "tested"), matrix
    return xr.Dataset(found, {"learned": n, "tested": n})


_N, _K, _BATCHES, _EVERY = 200, 20, 938, 14
_POWER = np.exp(-2 * np.arange(_N) / 15)


def learn_toy(seed: int) -> xr.Dataset:
    """Learn 20 of 200 directions whose amplitudes fall as exp(-i/15), for two tasks."""
    rng = np.random.default_rng([seed, 9])
    learner = SubspaceLearner(_N)
    kept, orthonormality = learner.rows, 0.0
    curves = np.zeros((2, 1 + _BATCHES // _EVERY))
    for task in range(2):
        learner.grow(_K, rng)
        basis = np.linalg.qr(rng.normal(size=(_N, _N)))[0] * np.sqrt(_POWER)
        moment = basis @ basis.T
        curves[task, 0] = learner.residual_energy(moment)
        for batch in range(1, _BATCHES + 1):
            learner.learn((rng.normal(size=(64, _N)) @ basis.T).astype(np.float32))
            if batch % _EVERY == 0:
                curves[task, batch // _EVERY] = learner.residual_energy(moment)
        if task == 0:
            orthonormality = np.abs(learner.rows @ learner.rows.T - np.eye(_K)).max()
            kept = learner.freeze().rows.copy()
    return xr.Dataset(
        {"residual": (("task", "batch"), curves), "orthonormality": float(orthonormality),
         "change": float(np.abs(learner.rows[:_K] - kept).max())},
        {"task": [1, 2], "batch": np.arange(curves.shape[1]) * _EVERY},
    )  # fmt: skip


def compute(run: Run) -> Results:
    """Train all arms with all seeds and summarise them."""
    protocol = run.protocol.settled(run.scale)
    same = protocol.with_values(arms=(), usual_arms=(), seeds=1)  # what a part depends on
    arms = run.measure(
        train_arm, arm=labelled({name: ARMS[name] for name in protocol.arms}), seed=run.seeds,
        protocol=same,
    )  # fmt: skip
    names = [name for name in ("acc", "bwt", "learning", "cpu_seconds") if name in arms]
    metrics, measured = flatten(arms[names]), {"arms": arms}
    if run.data == "digits":
        toy = measured["toy"] = run.measure(learn_toy, seed=run.seeds)
        last = toy.residual.isel(batch=-1).mean("seed")
        metrics |= {
            **{f"toy_residual_task_{k}": float(last.sel(task=k)) for k in (1, 2)},
            "toy_residual_optimum": float(_POWER[_K:].sum() / _POWER.sum()),
            "toy_orthonormality": float(toy.orthonormality.max()),
            "toy_change_of_old_rows": float(toy.change.max()),
        }
    tasks = protocol.sequence(run.seed)
    linear = [
        linear_baseline(task.X, task.y, task.X_test, task.y_test, seed=run.seed, max_samples=10_000)
        for task in (tasks if protocol.tasks == "split" else tasks[:1])
    ]
    known = PROTOTYPE if run.data == "digits" else PAPER
    asked = (run.scale != "smoke", protocol.tasks, protocol.images, protocol.n_tasks)
    usual = asked == (True, "permuted", None, protocol.usual_tasks)
    audit = hlop.audit_learning(build_model(protocol, ARMS[protocol.arms[0]], run.seed))
    return Results(
        metrics=metrics,
        baselines={"chance": chance_level(tasks[0].y_test), "linear": float(np.mean(linear))},
        paper={k: v for k, v in known.items() if usual and k.split("_", 1)[1] in protocol.arms},
        parameters={
            "n_tasks": protocol.n_tasks,
            "arms": list(protocol.arms),
            "locality": {part.part: f"{part.verdict}: {part.reason}" for part in audit},
            "checkpoints": run.store is not None,
        },
        measured=measured,
    )  # fmt: skip


# ---- figures -------------------------------------------------------------------------------------

LABELS = {
    "hlop": "HLOP", "hlop_both": "HLOP, spikes too", "sequential": "sequential",
    "replay": "replay", "ewc": "elastic weights", "hlop_replay": "HLOP + replay",
    "hlop_bptt": "HLOP, BPTT", "sequential_bptt": "sequential, BPTT", "joint": "joint",
}  # fmt: skip
SCORES = {"acc": "mean accuracy at the end,\nACC (%)",
          "bwt": "backward transfer,\nBWT (percentage points)"}  # fmt: skip


def _shown(results: Results, *wanted: str) -> list[str]:
    """Return which of these arms there are."""
    there = results.measured["arms"].arm.values
    return [arm for arm in wanted if arm in there]


def _elsewhere(results: Results) -> str:
    """Return what the diamonds in the figures are."""
    digits = results.data == "digits"
    return "prototype (BPTT, one seed)" if digits else "published (DSR, secondary source)"


def draw_matrices(results: Results) -> Figure | None:
    """Draw the accuracy on every task after every task."""
    if not (shown := _shown(results, "hlop", "sequential")):
        return None
    matrices = 100 * results.measured["arms"].accuracy.sel(arm=shown).mean("seed", skipna=False)
    size = (COLUMN_WIDTH, 1.95) if matrices.tested.size <= 5 else (PAGE_WIDTH, 2.9)
    figure, axes = panels(1, len(shown), width=size[0], height=size[1], sharey=True)
    images(
        matrices, np.atleast_1d(axes), x="tested", y="learned", facet="arm", cmap="cividis",
        limits=(5 * float(np.floor(matrices.min() / 5)), 100), values=".0f", labels=LABELS,
        label="test accuracy (%)", aspect="equal", xlabel="task tested", ylabel="",
    )  # fmt: skip
    np.atleast_1d(axes)[0].set_ylabel("tasks learned")
    return figure


def draw_scores(results: Results) -> Figure:
    """Draw mean accuracy and backward transfer of all arms."""
    data, shown = results.measured["arms"], _shown(results, *LABELS)
    figure, axes = panels(1, 2, height=1.2 + 0.24 * len(shown))
    for ax, name in zip(axes, SCORES, strict=True):
        found = {LABELS[arm]: data[name].sel(arm=arm).values for arm in shown if name in data}
        found = {label: values for label, values in found.items() if np.isfinite(values).any()}
        paper = {LABELS[arm]: results.paper[f"{name}_{arm}"]
                 for arm in shown if f"{name}_{arm}" in results.paper}  # fmt: skip
        chance = {"linear, one task": results.baselines["linear"]} if name == "acc" else None
        if found:
            bars(found, ax, published=paper, published_label=_elsewhere(results), baselines=chance,
                 colours=(PALETTE[0],), xlabel=SCORES[name].replace("\n", " "))  # fmt: skip
    axes[1].axvline(0, color="black", linewidth=0.6)
    axes[1].xaxis.set_major_locator(MaxNLocator(5))
    return figure


def draw_forgetting(results: Results) -> Figure | None:
    """Draw the accuracy on each task while later ones are learned."""
    if not (shown := _shown(results, "sequential", "replay", "ewc", "hlop")):
        return None
    data = results.measured["arms"].accuracy
    n = data.sizes["tested"]
    shades = mpl.colormaps["cividis"](np.linspace(0, 0.9, n)) if n > 5 else PALETTE[:n]
    colours = {k: mpl.colors.to_hex(shade) for k, shade in enumerate(shades, 1)}
    figure, axes = panels(1, len(shown), height=2.1, sharey=True)
    for ax, arm in zip(np.atleast_1d(axes), shown, strict=True):
        lines(data.sel(arm=arm), ax, x="learned", hue="tested", factor=100, colours=colours,
              labels={k: f"task {k}" for k in colours}, show="band" if n <= 5 else "mean",
              legend=None, title=LABELS[arm], xlabel="tasks learned", ylabel="",
              xticks=range(1, n + 1, 1 if n <= 5 else 3), xlim=(0.7, n + 0.3))  # fmt: skip
    first = np.atleast_1d(axes)[0]
    first.set_ylabel("test accuracy (%)")
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=min(n, 10),
                  columnspacing=1.0, handletextpad=0.4)  # fmt: skip
    return figure


def draw_feedback(results: Results) -> Figure | None:
    """Draw accuracy and forgetting by the kind of error feedback."""
    texts = {"": "transpose (BP)", "_fa": "random (FA)", "_ss": "sign (SS)", "_direct": "direct"}
    kinds = [kind for kind in FEEDBACK
             if len(_shown(results, f"hlop{kind}", f"sequential{kind}")) == 2]  # fmt: skip
    if len(kinds) < 2:
        return None
    figure, axes = panels(1, 2, height=2.3)
    for ax, (name, label) in zip(axes, SCORES.items(), strict=True):
        data = xr.concat(
            [results.measured["arms"][name].sel(arm=[f"{arm}{kind}" for kind in kinds])
             .assign_coords(arm=[texts[kind] for kind in kinds])
             for arm in ("sequential", "hlop")], "projection"
        ).assign_coords(projection=["sequential", "hlop"])  # fmt: skip
        known = [[results.paper.get(f"{name}_{arm}{kind}", np.nan) for kind in kinds]
                 for arm in ("sequential", "hlop")]  # fmt: skip
        published = xr.DataArray(known, data.isel(seed=0, drop=True).coords, ("projection", "arm"))
        dots(data, ax, x="arm", hue="projection", factor=100, labels=LABELS, published=published,
             published_label=_elsewhere(results), legend="outside" if ax is axes[0] else None,
             colours={"hlop": PALETTE[0], "sequential": PALETTE[1]}, xlabel="",
             ylabel=label)  # fmt: skip
    axes[1].axhline(0, color="black", linewidth=0.6)
    return figure


def draw_laterals(results: Results) -> Figure | None:
    """Draw accuracy and forgetting by the time steps of spiking laterals."""
    steps = [n for n in LATERAL_STEPS if _shown(results, f"hlop_spiking_{n}")]
    if len(steps) < 2 or len(_shown(results, "hlop", "sequential")) < 2:
        return None
    figure, axes = panels(1, 2, height=2.3)
    for ax, (name, label) in zip(axes, SCORES.items(), strict=True):
        data = results.measured["arms"][name]
        spiking = data.sel(arm=[f"hlop_spiking_{n}" for n in steps]).assign_coords(arm=steps)
        known = [results.paper.get(f"{name}_hlop_spiking_{n}", np.nan) for n in steps]
        published = xr.DataArray(known, {"arm": steps}) if np.isfinite(known).any() else None
        levels = {"HLOP, linear laterals": "hlop", "no projection": "sequential"}
        lines({"HLOP, spiking laterals": spiking}, ax, x="arm", factor=100, show="bars",
              xscale="log", colours=PALETTE[1:], published=published, ylabel=label,
              baselines={text: data.sel(arm=arm) for text, arm in levels.items()},
              published_label=_elsewhere(results), xlabel="time steps of a lateral burst",
              legend="outside" if ax is axes[0] else None)  # fmt: skip
        ax.yaxis.set_major_locator(MaxNLocator(5))
    return figure


def draw_subspaces(results: Results) -> Figure | None:
    """Draw growth, residual energy and principal angles of the lateral circuits."""
    data = results.measured["arms"]
    if "rows" not in data or not _shown(results, "hlop"):
        return None
    data = data.sel(arm="hlop")
    layers, n = data.sizes["layer"], data.sizes["task"]
    names = {k: f"hidden {k}" if k else "images" for k in range(layers)}
    data = data.assign_coords(layer=list(names))
    figure, (growth, energy, angles) = panels(1, 3, height=2.3)
    shared: dict[str, Any] = {"hue": "layer", "labels": names, "colours": PALETTE, "legend": None}
    lines(data.rows, growth, x="task", **shared, xlabel="tasks learned", ylabel="subspace neurons",
          ylim=(0, None))  # fmt: skip
    for key, style in (("before", ":"), ("after", "-")):
        drawn = len(energy.lines)
        lines(data[f"residual_{key}"], energy, x="task", factor=100, **shared, xlabel="task",
              ylabel="energy of the traces\nleft unexplained (%)", ylim=(0, None))  # fmt: skip
        for line in energy.lines[drawn:]:
            line.set(linestyle=style, markersize=3)
    found = np.degrees(data.angles)
    shares = {
        names[k]: one.dropna("rank", how="all").assign_coords(
            rank=lambda part: (np.arange(part.sizes["rank"]) + 1) / part.sizes["rank"]
        )
        for k, one in enumerate(found.transpose("layer", ...))
    }
    lines(shares, angles, x="rank", markers=False, legend=None, title="task 1", ylim=(0, 92),
          yticks=(0, 30, 60, 90), xlabel="rank of the angle, as a share",
          ylabel="angle to the exact\nprincipal subspace (degrees)")  # fmt: skip
    for ax in (growth, energy):
        ax.set_xticks(range(1, n + 1, 1 if n <= 5 else 3))
    for style, text in ((":", "by earlier tasks' neurons"), ("-", "by all neurons")):
        energy.plot([], [], style, color=GREY, label=text)
    handles, texts = growth.get_legend_handles_labels()
    explained = energy.get_legend_handles_labels()
    figure.legend([*handles, *explained[0][-2:]], [*texts, *explained[1][-2:]],
                  loc="outside lower center", ncols=layers + 2)  # fmt: skip
    return figure


def draw_toy(results: Results) -> Figure | None:
    """Draw the residual energy while two subspaces are learned from synthetic data."""
    if "toy" not in results.measured:
        return None
    curves = results.measured["toy"].residual
    last = int(curves.batch[-1])
    figure, axes = panels(width=COLUMN_WIDTH, height=2.2)
    lines(
        {f"task {k}": curves.sel(task=k).assign_coords(batch=curves.batch + (k - 1) * last)
         for k in (1, 2)},
        axes, x="batch", factor=100, markers=False, yscale="log", legend="outside",
        baselines={"best of 20 dimensions": results.metrics["toy_residual_optimum"]},
        xlabel="batches of 64", ylabel="energy left unexplained (%)",
    )  # fmt: skip
    axes.axvline(last, color=GREY, linewidth=0.6)
    axes.set_yticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
    axes.minorticks_off()
    return figure


EXPERIMENT = Experiment(
    name="hlop",
    title="Tasks learned one after another without forgetting, by orthogonal projection",
    reference=(
        "Xiao, Meng, Zhang, He & Lin (2024), ICLR, Hebbian learning based orthogonal projection "
        "for continual learning of spiking neural networks, arXiv 2402.11984"
    ),
    costs={"smoke": "10 s", "quick": "2 min of one core", "paper": "20 to 40 min of one core"},
    datasets=("digits", "mnist"),
    protocols=PROTOCOLS,
    options=("tasks", "n_tasks", "images", "arms"),
    compute=compute,
    figures={
        "accuracy_matrix": draw_matrices, "scores": draw_scores, "forgetting": draw_forgetting,
        "feedback": draw_feedback, "laterals": draw_laterals, "subspaces": draw_subspaces,
        "toy": draw_toy,
    },
)  # fmt: skip
