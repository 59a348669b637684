"""Figures of the learnt subspaces: growth, residual energy, angles."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bioplastic.plotting import COLUMN_WIDTH, GREY, PAGE_WIDTH, PALETTE, new_figure, use_style
from bioplastic.study.results import Results

__all__ = ["draw_subspaces", "draw_toy"]


def draw_subspaces(results: Results, arms: list[str]) -> Figure | None:
    """Draw growth, residual energy and principal angles of one run."""
    arrays = results.arrays
    if "hlop" not in arms or "rows_hlop" not in arrays:
        return None
    rows = arrays["rows_hlop"]
    n_tasks, n_layers = rows.shape
    tasks = np.arange(1, n_tasks + 1)
    names = ["images", *(f"hidden {k}" for k in range(1, n_layers))]
    with use_style():
        figure = new_figure(PAGE_WIDTH, 2.3)
        growth, energy, angles = figure.subplots(1, 3)
        for layer, name in enumerate(names):
            colour, marker = PALETTE[layer], "os^D"[layer % 4]
            growth.plot(tasks, rows[:, layer], marker=marker, color=colour, label=name)
            for key, style in (("before", ":"), ("after", "-")):
                values = 100 * arrays[f"residual_{key}_hlop"][:, layer]
                energy.plot(
                    tasks, values, marker=marker, color=colour, linestyle=style, markersize=3
                )
            found = np.degrees(arrays[f"angles_{layer}_task_0_hlop"])
            angles.plot(np.arange(1, len(found) + 1) / len(found), found, color=colour, label=name)
        growth.set_xlabel("tasks learned")
        growth.set_ylabel("subspace neurons")
        growth.set_ylim(0)
        energy.set_xlabel("task")
        energy.set_ylabel("energy of the traces\nleft unexplained (%)")
        energy.set_ylim(0)
        energy.plot([], [], ":", color=GREY, label="by earlier tasks' neurons")
        energy.plot([], [], "-", color=GREY, label="by all neurons")
        energy.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=1)
        for axes in (growth, energy):
            axes.set_xticks(tasks if n_tasks <= 5 else tasks[::3])
        angles.set_xlabel("rank of the angle, as a share")
        angles.set_ylabel("angle to the exact\nprincipal subspace (degrees)")
        angles.set_ylim(0, 92)
        angles.set_yticks([0, 30, 60, 90])
        growth.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=n_layers,
                      columnspacing=0.7, handletextpad=0.3)  # fmt: skip
        angles.set_title("task 1")
    return figure


def draw_toy(results: Results) -> Figure | None:
    """Draw the residual energy while two subspaces are learned from synthetic data."""
    arrays = results.arrays
    if "toy_residual" not in arrays:
        return None
    curves = 100 * arrays["toy_residual"]  # (seed, task, evaluation)
    batches = arrays["toy_batches"]
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 2.2)
        axes = figure.add_subplot()
        for task in range(curves.shape[1]):
            mean = curves[:, task].mean(axis=0)
            axes.plot(
                batches + task * batches[-1], mean, color=PALETTE[task], label=f"task {task + 1}"
            )
            if len(curves) > 1:
                spread = curves[:, task].std(axis=0, ddof=1)
                axes.fill_between(
                    batches + task * batches[-1], mean - spread, mean + spread,
                    color=PALETTE[task], alpha=0.2, linewidth=0,
                )  # fmt: skip
        axes.axhline(
            100 * float(arrays["toy_optimum"]), color=GREY, linestyle="--",
            label="best of 20 dimensions",
        )  # fmt: skip
        axes.axvline(batches[-1], color=GREY, linewidth=0.6)
        axes.set_yscale("log")
        axes.set_yticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
        axes.minorticks_off()
        axes.set_xlabel("batches of 64")
        axes.set_ylabel("energy left unexplained (%)")
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3, columnspacing=1.0,
            handletextpad=0.4,
        )  # fmt: skip
    return figure
