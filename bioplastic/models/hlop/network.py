"""The network of one task as equation strings, for learning one sample at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brian2 import ms

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Trial
from bioplastic.models.hlop.parameters import HLOPParameters
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.subspace import subspace_rule
from bioplastic.signals.analogue import AnalogueSource

__all__ = ["TIME_STEP", "Wiring", "online_network"]

TIME_STEP = 1 * ms
"""One time step of the discrete-time network; nothing depends on its length."""


@dataclass(frozen=True)
class Wiring:
    """Sizes and connections of the network of one task.

    Parameters
    ----------
    sizes : tuple of int
        Inputs, hidden layers, outputs.
    frozen, plastic : tuple of int
        Subspace neurons of earlier tasks and of this one on the inputs of each layer, 0 for none.
    feedback : str
        How errors return, see `bioplastic.models.hlop.training.feedback_weights`.
    burst_steps : int or None
        Time steps of burst-coded lateral neurons, None for analogue ones.
    """

    sizes: tuple[int, ...]
    frozen: tuple[int, ...]
    plastic: tuple[int, ...]
    feedback: str
    burst_steps: int | None


def input_cells() -> NeuronModel:
    """Return cells that hold the image; ``r`` is what earlier tasks' subspaces leave of it."""
    return NeuronModel(
        name="image-cell",
        equations="x : 1\nf_old : 1\nf_new : 1\nf : 1\nr : 1",
        update="f = f_old + f_new\nr = x - f_old",
        reference="Xiao et al. 2024",
    )


def hidden_cells(p: HLOPParameters) -> NeuronModel:
    """Return LIF cells of discrete time with their presynaptic trace ``x``.

    Names with ``_now`` are the values of this step, so that all layers are passed in one step.
    Projections read them, so that constants stand in the equations as numbers.
    """
    return NeuronModel(
        name="hidden-cell",
        equations=f"""
            drive : 1
            back : 1
            f_old : 1
            f_new : 1
            v : 1
            x : 1
            f : 1
            r : 1
            h : 1
            v_now = {p.decay}*(v - int(v >= 1)) + drive : 1
            z_now = int(v_now >= 1) : 1
            x_now = {p.decay}*x + z_now : 1
            h_now = {p.slope / 4}*(1 - tanh({p.slope / 2}*(v_now - 1))**2) : 1
            error_now = h_now*back : 1
        """,
        update="""
            h = h_now
            x = x_now
            v = v_now
            f = f_old + f_new
            r = x - f_old
        """,
        reference="Xiao et al. 2024",
    )


def output_cells(p: HLOPParameters) -> NeuronModel:
    """Return linear read-out cells; their error is that of a softmax, by divisive inhibition."""
    return NeuronModel(
        name="output-cell",
        equations=f"""
            drive : 1
            total : 1
            target : 1
            back : 1
            h : 1
            rate_now = exp(clip(drive, -50, 50)) : 1
            error_now = (rate_now/total - target)/{float(p.n_steps)} : 1
        """,
        update="back = error_now",
        initial={"h": 1.0},
        reference="Xiao et al. 2024",
    )


def lateral_cells(p: HLOPParameters, burst_steps: int | None) -> NeuronModel:
    """Return subspace neurons, analogue or with the values that a burst code carries."""
    if burst_steps is None:
        code = "u"
    else:
        scale, grid = p.burst_scale, p.burst_scale / burst_steps
        code = f"floor(clip(u, -{scale}, {scale})/{grid} + 0.5)*{grid}"
    return NeuronModel(
        name="lateral-cell",
        equations=f"u : 1\ny : 1\ny_now = {code} : 1",
        update="y = y_now",
        reference="Xiao et al. 2024",
    )


def online_network(wiring: Wiring, p: HLOPParameters) -> NetworkSpec:
    """Return the network of one task.

    Within a step, projections pass on the values of this step in the order listed: images, lateral
    circuits and layers upwards, then errors downwards. Then cells and synapses are updated.

    Parameters
    ----------
    wiring : Wiring
        Sizes and connections.
    p : HLOPParameters
        Constants.

    Returns
    -------
    NetworkSpec
        With the inputs ``image`` and ``label`` (one-hot), one frame per trial. Layers are called
        ``layer0`` (images), ``layer1``, ...; weights ``feed1`` (to ``layer1``), ``feed2``, ...;
        feedback ``back1`` (to ``layer1``), ...; circuits on ``layer0`` ``old0`` and ``new0``.
    """
    sizes = wiring.sizes
    top = len(sizes) - 1
    cells: list[Any] = [
        AnalogueSource(name="image", n=sizes[0], every=p.n_steps),
        AnalogueSource(name="label", n=sizes[-1], every=p.n_steps),
        Population(name="layer0", n=sizes[0], model=input_cells(), inputs={"x": "image"}),
    ]
    projections: list[DenseProjection] = []
    for layer in range(1, top):
        cells.append(
            Population(
                name=f"layer{layer}",
                n=sizes[layer],
                model=hidden_cells(p),
                on_trial_start="v = 0\nx = 0",
            )
        )
    cells.append(
        Population(
            name=f"layer{top}", n=sizes[-1], model=output_cells(p), inputs={"target": "label"}
        )
    )
    cells.append(Population(name="pool", n=1, model=_POOL))
    for layer in range(top):
        projections += _circuit(wiring, p, layer, cells)
        projections.append(_feed(layer + 1, layer))
    projections += [
        DenseProjection(
            name="to_pool", source=f"layer{top}", target="pool", summed="sum_post = rate_now_pre"
        ),
        DenseProjection(
            name="from_pool", source="pool", target=f"layer{top}", summed="total_post = sum_pre"
        ),
    ]
    projections += [_back(wiring, layer) for layer in reversed(range(1, top))]
    return NetworkSpec(
        populations=tuple(cells),
        projections=tuple(projections),
        trial=Trial(duration=p.n_steps * TIME_STEP),
    )


_POOL = NeuronModel(name="inhibitory-pool", equations="sum : 1", update="sum = sum")


def _feed(target: int, source: int) -> DenseProjection:
    activity = "x" if source == 0 else "z_now"
    return DenseProjection(
        name=f"feed{target}",
        source=f"layer{source}",
        target=f"layer{target}",
        rule=ottt_rule(),
        summed=f"drive_post = w*{activity}_pre",
        modulators={"error_post": (f"layer{target}", "back")},
    )


def _back(wiring: Wiring, target: int) -> DenseProjection:
    """Return the path of errors to a hidden layer, from the layer above or from the output."""
    top = len(wiring.sizes) - 1
    source = f"layer{top if wiring.feedback == 'direct' else target + 1}"
    weight, parameters = "w", {}
    if wiring.feedback == "sign":
        weight, parameters = "size*sign(w)", {"size": wiring.sizes[target] ** -0.5}
    learns = wiring.feedback in ("transpose", "sign")
    return DenseProjection(
        name=f"back{target}",
        source=source,
        target=f"layer{target}",
        rule=ottt_rule(direction="feedback") if learns else None,
        modulators={"error_pre": (source, "back")} if learns else {},
        summed=f"back_post = {weight}*error_now_pre",
        parameters=parameters,
    )


def _circuit(
    wiring: Wiring, p: HLOPParameters, layer: int, cells: list[Any]
) -> Sequence[DenseProjection]:
    """Return the projections of the lateral circuits of a layer; their cells join the list."""
    found: list[DenseProjection] = []
    trace = "x" if layer == 0 else "x_now"
    eta = p.eta_input if layer == 0 and p.eta_input is not None else p.eta_subspace
    for name, sizes in (("old", wiring.frozen), ("new", wiring.plastic)):
        n = sizes[layer] if layer < len(sizes) else 0
        if n == 0:
            continue
        cells.append(
            Population(name=f"{name}{layer}", n=n, model=lateral_cells(p, wiring.burst_steps))
        )
        common = {"eta": eta, "momentum": p.momentum, "clip": p.clip, "interval": TIME_STEP}
        rules = [
            subspace_rule(direction=direction, **common) if name == "new" else None
            for direction in ("forward", "feedback")
        ]
        found += [
            DenseProjection(
                name=f"{name}{layer}_in",
                source=f"layer{layer}",
                target=f"{name}{layer}",
                rule=rules[0],
                summed=f"u_post = w*{trace}_pre",
            ),
            DenseProjection(
                name=f"{name}{layer}_out",
                source=f"{name}{layer}",
                target=f"layer{layer}",
                rule=rules[1],
                summed=f"f_{name}_post = w*y_now_pre",
            ),
        ]
    return found
