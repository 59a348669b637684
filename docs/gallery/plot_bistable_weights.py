"""
Weights under additive and multiplicative STDP
==============================================

A hundred Poisson inputs drive one cell. Under the additive rule inputs compete until nearly every
weight lies at a bound (Song, Miller & Abbott 2000), under the multiplicative one weights stay
graded (van Rossum, Bi & Turrigiano 2000).
"""

import numpy as np
import xarray as xr
from brian2 import ms, mV

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import pair_stdp
from bioplastic.plotting import lines, use_style
from bioplastic.signals import PoissonSource

cell = NeuronModel(
    name="cell",
    equations="""dv/dt = (ge*(0*mV - v) - 74*mV - v)/(20*ms) : volt
                 dge/dt = -ge/(5*ms) : 1""",
    threshold="v > -54*mV",
    reset="v = -60*mV",
    method="euler",
    initial=dict(v=-60 * mV),
)


def learn(rule, n_trials):
    """Return the weights after so many seconds."""
    network = NetworkSpec(
        populations=[
            PoissonSource(name="input", n=100, rates="20*Hz"),
            Population(name="cell", n=1, model=cell),
        ],
        projections=[
            DenseProjection(
                name="feed",
                source="input",
                target="cell",
                rule=rule,
                transmit="ge_post += 0.15*w",
                initial={"w": 0.5},
            )
        ],
        trial=Trial(duration=1000 * ms),
    )
    program = Program(network, dt=1 * ms)
    state, _ = program(program.initial_state(seed=0), n_samples=n_trials, seed=0)
    return state["feed.w"].ravel()


weights = {
    "additive": learn(pair_stdp(eta=0.02), 100),
    "multiplicative": learn(pair_stdp(eta=0.02, mu_plus=1, mu_minus=1), 100),
}

# %%
# The share of weights in twenty bins.

edges = np.linspace(0, 1, 21)
shares = xr.DataArray(
    [np.histogram(values, edges)[0] / values.size for values in weights.values()],
    dims=("rule", "weight"),
    coords={"rule": list(weights), "weight": edges[:-1] + 0.025},
    name="share of the synapses",
)
with use_style():
    axes = lines(shares, x="weight", hue="rule")
