"""Stock Brian2, C++ standalone, traces on the cells: the network as a careful user writes it.

One trace per cell instead of one per synapse, lateral inhibition as "total less own" (linear, so
one shared conductance and one per cell suffice), weights scaled by operations that run once per
image. Everything is documented Brian2; nothing of the generated code is touched.
"""

from __future__ import annotations

from typing import Any

import brian2 as b2

from . import brian2_common as common


def build_network(n: int, namespace: dict[str, Any]) -> list[Any]:
    """Return the objects of the network with ``n`` hidden neurons."""
    inputs, inh, teacher = common.common_groups(n, namespace, traces=True)
    hub = b2.NeuronGroup(1, "dg/dt = -g/tau_i : 1", method="euler", namespace=namespace, name="hub")
    exc = common.excitatory(
        n,
        namespace,
        """
        dg_own/dt = -g_own/tau_i : 1
        g_all : 1 (linked)
        gi = g_all - g_own : 1
        """,
        """
        dx/dt = -x/tau_x : 1
        dx_out/dt = -x_out/tau_x : 1
        total : 1
        """,
    )
    exc.g_all = b2.linked_var(hub, "g")

    feed = b2.Synapses(
        inputs, exc, "w : 1",
        on_pre="ge_post += w\nw = clip(w + nu*x_post, 0, w_max)",
        on_post="w = clip(w + nu*x_pre, 0, w_max)",
        namespace=namespace, name="feed",
    )  # fmt: skip
    feed.connect()
    feed.w = "0.3*rand()"
    readout = b2.Synapses(
        exc, teacher, "w : 1",
        on_pre="w = clip(w + nu_out*x_post, 0, w_max_out)",
        on_post="w = clip(w + nu_out*x_out_pre, 0, w_max_out)",
        namespace=namespace, name="readout",
    )  # fmt: skip
    readout.connect()
    readout.w = "0.3*rand()"
    excite = b2.Synapses(exc, inh, on_pre="ge_post += 10.4", name="excite")
    excite.connect(j="i")
    spread = b2.Synapses(inh, hub, on_pre="g_post += 17", name="spread")
    spread.connect()
    spare = b2.Synapses(inh, exc, on_pre="g_own_post += 17", name="spare")
    spare.connect(j="i")
    common.scale(feed, "input_sum")
    common.scale(readout, "output_sum")
    objects = [inputs, inh, teacher, hub, exc, feed, readout, excite, spread, spare]
    return objects + common.monitors(inputs, exc)


if __name__ == "__main__":
    common.main(__doc__ or "", build_network)
