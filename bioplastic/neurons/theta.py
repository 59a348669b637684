"""The theta neuron: the normal form of a saddle-node on an invariant circle."""

from __future__ import annotations

from brian2 import Quantity, second

from bioplastic.fields import checked
from bioplastic.neurons.model import NeuronModel

__all__ = ["theta_neuron"]


@checked
def theta_neuron(*, name: str = "theta", tau: Quantity = 1 * second) -> NeuronModel:
    """Return a theta neuron.

    ``tau dv/dt = (1 - cos v) + (1 + cos v) pi^2 I``; the phase ``v`` jumps from pi to -pi at a
    spike. With constant input ``I > 0`` it fires with rate ``sqrt(I)/tau``.

    Parameters
    ----------
    name : str, default "theta"
        Name in messages.
    tau : Quantity, default 1 s
        Unit of time.

    Returns
    -------
    NeuronModel
        Variables ``v`` and the input ``i_in`` (dimensionless); forward Euler.

    References
    ----------
    Ermentrout and Kopell (1986), doi 10.1137/0146017; Nicola and Clopath (2017),
    doi 10.1038/s41467-017-01827-3, Eq. for the theta neuron.

    Examples
    --------
    >>> theta_neuron().state_variables
    {'v': '1', 'i_in': '1'}
    """
    return NeuronModel(
        name=name,
        equations="""
            dv/dt = ((1 - cos(v)) + (1 + cos(v))*pi**2*i_in)/tau : 1
            i_in : 1
        """,
        threshold="v > pi",
        reset="v -= 2*pi",
        method="euler",
        parameters={"tau": tau},
        reference="Ermentrout & Kopell 1986",
    )
