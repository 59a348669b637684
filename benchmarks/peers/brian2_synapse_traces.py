"""Stock Brian2, C++ standalone, in the style of the literature: traces on every synapse.

Follows the structure common to published Brian2 scripts of this family of networks, such as
Brian2's own example of Diehl and Cook (2015): event-driven traces in ``Synapses``, one explicit
inhibitory synapse for every pair of different cells, a ``PoissonGroup`` whose rate is an
expression. Cells, parameters and the scaling of weights are those of ``brian2_neuron_traces``.
"""

from __future__ import annotations

from typing import Any

import brian2 as b2

from ..protocol import N_CLASSES, N_PIXELS
from . import brian2_common as common

TRACES = """
w : 1
dx_before/dt = -x_before/tau_x : 1 (event-driven)
dx_after/dt = -x_after/tau_x : 1 (event-driven)
"""


def build_network(n: int, namespace: dict[str, Any]) -> list[Any]:
    """Return the objects of the network with ``n`` hidden neurons."""
    inputs = b2.PoissonGroup(N_PIXELS, "pixels(t, i)*shown(t)", namespace=namespace, name="inp")
    teacher = common.poisson(
        "sup",
        N_CLASSES,
        "teacher_rate*int(label(t) == i)*shown(t)",
        namespace,
        trace=False,
        extra="total : 1",
    )
    inh = common.inhibitory(n, namespace)
    exc = common.excitatory(n, namespace, "dgi/dt = -gi/tau_i : 1", "total : 1")

    feed = b2.Synapses(
        inputs, exc, TRACES,
        on_pre="ge_post += w\nx_before += jump\nw = clip(w + nu*x_after, 0, w_max)",
        on_post="x_after += jump\nw = clip(w + nu*x_before, 0, w_max)",
        namespace=namespace, name="feed",
    )  # fmt: skip
    feed.connect()
    feed.w = "0.3*rand()"
    readout = b2.Synapses(
        exc, teacher, TRACES,
        on_pre="x_before += jump\nw = clip(w + nu_out*x_after, 0, w_max_out)",
        on_post="x_after += jump\nw = clip(w + nu_out*x_before, 0, w_max_out)",
        namespace=namespace, name="readout",
    )  # fmt: skip
    readout.connect()
    readout.w = "0.3*rand()"
    excite = b2.Synapses(exc, inh, on_pre="ge_post += 10.4", name="excite")
    excite.connect(j="i")
    inhibit = b2.Synapses(inh, exc, on_pre="gi_post += 17", name="inhibit")
    inhibit.connect(condition="i != j")
    common.scale(feed, "input_sum")
    common.scale(readout, "output_sum")
    objects = [inputs, inh, teacher, exc, feed, readout, excite, inhibit]
    return objects + common.monitors(inputs, exc)


if __name__ == "__main__":
    common.main(__doc__ or "", build_network)
