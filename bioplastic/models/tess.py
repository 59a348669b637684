"""TESS: layers that learn from traces of their cells and labels of their own (Apolinario 2025).

Hidden cells are discrete in time, ``Psi`` is their surrogate derivative::

    u[t] = gamma (u[t-1] - v_th o[t-1]) + W o_prev[t]         o[t] = [u[t] >= v_th]
    Psi(u) = 0.3 max(1 - |u - v_th|, 0)

Beside every layer stand label cells, which see it through fixed weights B and answer through their
transpose, ``m[t] = B^T (softmax(B o[t]) - y)``. Synapses learn by `bioplastic.plasticity.tess_rule`
with m as the error; no error passes from layer to layer. The same traces with an error that does,
through transposed weights, are the comparison that is not local in space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SpikeCount,
    Trial,
    TrialRecord,
)
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, Verdict, tess_rule
from bioplastic.signals import AnalogueSource

__all__ = ["TESSClassifier", "square_waves"]


def square_waves(n_classes: int, n: int) -> NDArray[np.float64]:
    """Return signs of sines, one frequency per class, shape (n_classes, n).

    Frequencies are spread evenly over 50 to 512 radians per cell, as in the authors' program.

    Examples
    --------
    >>> square_waves(2, 4)
    array([[ 0., -1., -1., -1.],
           [ 0.,  1., -1.,  1.]])
    """
    waves: NDArray[np.float64] = np.sign(
        np.sin(np.linspace(50, 512, n_classes)[:, None] * np.arange(n))
    )
    return waves


_POOL = NeuronModel(name="pool", equations="sum : 1", update="sum = sum")


def _path(name: str, source: str, target: str, summed: str, **more: Any) -> DenseProjection:
    return DenseProjection(name=name, source=source, target=target, summed=summed, **more)


class TESSClassifier(SpikingClassifier):
    """Feed-forward layers of spiking cells, each with its own labels, and a linear read-out.

    A sample, divided by ``x_max``, is a constant input for all steps of a trial. The read-out
    learns by its own softmax error in every step and answers with the sum over steps.

    Attributes
    ----------
    weights_ : list of array
        Weights of every layer, of shape (n_inputs, n_outputs), the read-out last.

    Notes
    -----
    Samples that do not fill a batch wait for the next epoch. Published networks are convolutional;
    sizes, initial weights and the read-out without a membrane are choices of this program.

    References
    ----------
    Apolinario, Roy & Frenkel (2025), "TESS: A Scalable Temporally and Spatially Local Learning Rule
    for Spiking Neural Networks", IJCNN, doi 10.1109/IJCNN64981.2025.11227652.

    Examples
    --------
    >>> X, y = np.tile([[1.0, 0.0], [0.0, 1.0]], (80, 1)), np.tile([0, 1], 80)
    >>> model = TESSClassifier(hidden=(20,), x_max=1.0, eta=0.01, batch=8, epochs=3)
    >>> model.fit(X, y).score(X, y)
    1.0
    """

    hidden: tuple[int, ...] = param((50, 50), doc="cells of the hidden layers")
    signal: str = param(
        "square", choices=("square", "random", "spatial", "none"),
        doc="what teaches hidden layers: their own labels through square waves or random signs, "
        "the error of the layer above (not local), or nothing: they stay as drawn",
    )  # fmt: skip
    signal_gain: float = param(1.0, positive=True, doc="size of B, times one over the cells")
    alpha_post: float = param(0.0, minimum=-1, maximum=1, doc="weight of the non-causal term")
    lambda_pre: float = param(0.5, minimum=0, maximum=1, doc="decay of the causal trace")
    lambda_post: float = param(0.2, minimum=0, maximum=1, doc="decay of the non-causal trace")
    gamma: float = param(0.5, minimum=0, maximum=1, doc="decay of the potential")
    v_th: float = param(0.6, positive=True, doc="threshold, and what a spike takes off")
    x_max: float = param(255.0, positive=True, doc="value that becomes an input of 1")
    sd: float = param(1.0, positive=True, doc="deviation of initial weights, times n_in^-1/2")
    n_steps: int = param(6, minimum=1, doc="steps of a trial")
    eta: float = param(1e-3, minimum=0, doc="learning rate of Adam")
    batch: int = param(64, minimum=1, doc="samples per change of the weights")
    epochs: int = param(30, minimum=1, doc="passes through the samples")

    dt = 1 * ms

    @property
    def sizes_(self) -> tuple[int, ...]:
        """Cells of all layers, from the inputs to the classes."""
        return (self.n_features_in_, *self.hidden, len(self.classes_))

    # ---- cells -----------------------------------------------------------------------------------

    def _hidden_cells(self) -> NeuronModel:
        return NeuronModel(
            name="tess-cell",
            equations=f"""
                drive : 1
                m : 1
                u : 1
                o : 1
                psi : 1
                u_now = {self.gamma}*(u - {self.v_th}*o) + drive : 1
                o_now = int(u_now >= {self.v_th}) : 1
                psi_now = 0.3*clip(1 - abs(u_now - {self.v_th}), 0, 1) : 1
                delta = m*psi_now : 1
            """,
            update=f"psi = psi_now\nu = u_now\no = int(u >= {self.v_th})",
            threshold="o > 0.5",
            reference="Apolinario et al. 2025",
        )

    def _label_cells(self) -> NeuronModel:
        """Return cells of a softmax, by divisive inhibition; those of the read-out sum up."""
        return NeuronModel(
            name="label-cell",
            equations="""
                drive : 1
                total : 1
                target : 1
                m : 1
                psi : 1
                score : 1
                rate_now = exp(clip(drive, -50, 50)) : 1
                delta = rate_now/total - target : 1
            """,
            update="m = delta\nscore = score + drive",
            initial={"psi": 1.0, "total": 1.0},
        )

    # ---- the network -----------------------------------------------------------------------------

    def rule(self, layer: int, direction: str = "forward") -> PlasticityRule | None:
        """Return what the synapses to a layer learn by; layers count from 1, the read-out last."""
        common: dict[str, Any] = {"eta": self.eta, "batch": self.batch, "direction": direction}
        if layer > len(self.hidden):
            return tess_rule(lambda_pre=0.0, lambda_post=0.0, alpha_post=0.0, **common)
        if self.signal == "none":
            return None
        return tess_rule(lambda_pre=self.lambda_pre, lambda_post=self.lambda_post,
                         alpha_post=self.alpha_post, **common)  # fmt: skip

    def verdict(self) -> Verdict:
        """Return what learning needs at most, as the audit finds it in the equations.

        Weights that carry errors down are no equation of the rule: they have to be those that carry
        activity up, which is not local. That the softmax divides by a sum over label cells, as
        divisive inhibition does, and that batches are means, belongs to all variants.

        Examples
        --------
        >>> [str(TESSClassifier(signal=name).verdict()) for name in ("square", "spatial")]
        ['local with modulator', 'NON-LOCAL']
        """
        if self.signal == "spatial" and self.hidden:
            return Verdict.NON_LOCAL
        rules = [self.rule(layer) for layer in range(1, len(self.hidden) + 2)]
        return max((rule.audit().verdict for rule in rules if rule), key=list(Verdict).index)

    def signal_weights(self, layer: int) -> NDArray[np.float64]:
        """Return B of a hidden layer, shape (n_classes, n_cells); layers count from 1."""
        n, n_classes = self.hidden[layer - 1], len(self.classes_)
        signs = square_waves(n_classes, n)
        if self.signal == "random":
            signs = self.rng(3, layer).choice([-1.0, 1.0], (n_classes, n))
        return self.signal_gain / n * signs

    def network(self, kind: str) -> NetworkSpec:
        """Return layers and read-out; while they learn, with label cells and paths of errors.

        Within a step projections work in the order listed: upwards, labels, errors downwards.
        """
        top, learn = len(self.hidden) + 1, kind == "learn"
        layers = range(1, top)
        inputs = NeuronModel(name="pixel", equations="x : 1\no : 1\no_now = x : 1", update="o = x")
        cells: list[Any] = [
            AnalogueSource(name="image", n=self.sizes_[0], every=self.n_steps),
            Population(name="layer0", n=self.sizes_[0], model=inputs, inputs={"x": "image"}),
            *(Population(name=f"layer{k}", n=self.sizes_[k], model=self._hidden_cells(),
                         on_trial_start="u = 0\no = 0") for k in layers),
        ]  # fmt: skip
        paths = [
            _path(f"feed{k}", f"layer{k - 1}", f"layer{k}", "drive_post = w*o_now_pre",
                  rule=(rule := self.rule(k) if learn else None),
                  modulators={"error_post": (f"layer{k}", "m")} if rule else {},
                  initial={"w": lambda rng, at: rng.normal(0, self.sd / at[0] ** 0.5, at)})
            for k in range(1, top + 1)
        ]  # fmt: skip
        own = layers if learn and self.signal in ("square", "random") else ()
        paths += [_path(f"see{k}", f"layer{k}", f"label{k}", "drive_post = w*o_now_pre")
                  for k in own]  # fmt: skip
        for name in (f"layer{top}", *(f"label{k}" for k in own)):
            cells.append(Population(
                name=name, n=self.sizes_[-1], model=self._label_cells(),
                inputs={"target": "labels"} if learn else {}, on_trial_start="score = 0",
            ))  # fmt: skip
            if learn:
                cells.append(Population(name=f"{name}_pool", n=1, model=_POOL))
                paths += [
                    _path(f"{name}_to_pool", name, f"{name}_pool", "sum_post = rate_now_pre"),
                    _path(f"{name}_from_pool", f"{name}_pool", name, "total_post = sum_pre"),
                ]
        if learn:
            cells.append(AnalogueSource(name="labels", n=self.sizes_[-1], every=self.n_steps))
        paths += [_path(f"teach{k}", f"label{k}", f"layer{k}", "m_post = w*delta_pre")
                  for k in own]  # fmt: skip
        if learn and self.signal == "spatial":
            paths += [
                _path(f"teach{k}", f"layer{k + 1}", f"layer{k}", "m_post = w*delta_pre",
                      rule=self.rule(k + 1, "feedback"),
                      modulators={"error_pre": (f"layer{k + 1}", "m")})
                for k in reversed(layers)
            ]  # fmt: skip
        return NetworkSpec(
            populations=tuple(cells), projections=tuple(paths),
            trial=Trial(duration=self.n_steps * self.dt),
            records=() if learn else (
                TrialRecord(population=f"layer{top}", variable="score"),
                *(SpikeCount(population=f"layer{k}") for k in layers),
            ),
        )  # fmt: skip

    # ---- learning and answering ------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Draw weights, and set those that carry errors."""
        super().start(X, y)
        carried = {}
        for k in range(1, len(self.hidden) + 1):
            if self.signal == "spatial":
                carried[f"teach{k}.w"] = self.state_[f"feed{k + 1}.w"].T
            elif self.signal != "none":
                weights = self.signal_weights(k)
                carried |= {f"see{k}.w": weights.T, f"teach{k}.w": weights}
        for name, value in carried.items():
            self.state_[name] = np.array(value, dtype=self.dtype, order="C")

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show images for a whole trial, and labels to all label cells."""
        given = {"image": (np.asarray(X, dtype=np.float32) / np.float32(self.x_max))[:, None]}
        if y is not None:
            given["labels"] = np.eye(self.sizes_[-1], dtype=np.float32)[y][:, None]
        return given

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64]:
        """Return an order of its own for every epoch."""
        return np.asarray(self.rng(4, epoch).permutation(n_samples))

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return the weights that carry activity."""
        return {f"feed{k}.w": self.state_[f"feed{k}.w"] for k in range(1, len(self.sizes_))}

    @property
    def weights_(self) -> list[NDArray[Any]]:
        """Weights of every layer, the read-out last."""
        return list(self.frozen_state().values())

    @property
    def traces_(self) -> list[int]:
        """Numbers stored in traces of every layer: q as source, h as target; 2 n if hidden."""
        q = [self._stored(f"feed{k + 1}.q_pre") for k in range(len(self.sizes_))]
        h = [self._stored(f"feed{k}.h_post") for k in range(len(self.sizes_))]
        return [sum(pair) for pair in zip(q, h, strict=True)]

    def _stored(self, name: str) -> int:
        return self.state_[name].size if name in self.state_ else 0

    def scores(self, X: Any) -> NDArray[Any]:
        """Return the sum of the read-out over all steps, shape (n_samples, n_classes)."""
        scores: NDArray[Any] = self.answer(X)[f"layer{len(self.hidden) + 1}.score"]
        return scores
