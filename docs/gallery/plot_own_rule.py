"""
A rule of one's own, its window and its audit
=============================================

Spikes of the input depress in proportion to how much the cell fires above a target, spikes of the
cell potentiate. The rule is in no library; it is data, so its window can be drawn and its locality
read from the equations.
"""

import numpy as np
from brian2 import ms

from bioplastic.plasticity import PlasticityRule
from bioplastic.plotting import panels, use_style

rule = PlasticityRule(
    name="homeostatic-hebb",
    pre="dx_pre/dt = -x_pre/tau : 1",
    post="dx_post/dt = -x_post/tau : 1",
    on_pre="x_pre += 1; w = clip(w - eta*(x_post - target), 0, 1)",
    on_post="x_post += 1; w = clip(w + eta*x_pre*(1 - w), 0, 1)",
    parameters=dict(tau=20 * ms, eta=0.01, target=0.2),
)
print(rule.audit())

# %%
# One pair of spikes
# ------------------
# The change of a weight of 0.5 after one pair, for every time between the two spikes.

lags = np.linspace(-80, 80, 161)
with use_style():
    figure, axes = panels(width=4.5, height=2.6)
    axes.axhline(0, color="0.6", linewidth=0.6)
    axes.plot(lags, rule.window(lags * ms))
    axes.set(xlabel="post minus pre (ms)", ylabel="change of weight")
