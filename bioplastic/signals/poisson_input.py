"""Many independent Poisson inputs of one weight, as numbers of spikes rather than cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity, hertz

from bioplastic.equations import check_expression
from bioplastic.validation import check_identifier, check_integer, check_quantity, check_real

__all__ = ["PoissonInput"]


@dataclass(frozen=True, kw_only=True)
class PoissonInput:
    """``n`` independent Poisson inputs to every cell of a population, all of one weight.

    In every step a variable of each cell grows by the weight times a number drawn from a binomial
    distribution of ``n`` trials with probability ``rate*dt``, as Brian2's ``PoissonInput`` does,
    where transmission takes place. Given to a `bioplastic.engine.Population`.

    Parameters
    ----------
    variable : str
        Variable of the cells.
    n : int
        Number of inputs to each cell.
    rate : Quantity
        Rate of each (1/time).
    weight : Quantity, float or str
        What a spike adds: a value, or an expression over the variables of the cell and ``t``.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, for a wrong type, range or unit.

    Examples
    --------
    >>> from brian2 import Hz, mV
    >>> PoissonInput(variable="v", n=1000, rate=5*Hz, weight=0.1*mV).n
    1000
    """

    variable: str
    n: int
    rate: Quantity
    weight: Any

    def __post_init__(self) -> None:
        check_identifier("PoissonInput.variable", self.variable)
        check_integer("PoissonInput.n", self.n, minimum=1)
        check_quantity("PoissonInput.rate", self.rate, hertz, non_negative=True)
        if isinstance(self.weight, str):
            check_expression("PoissonInput.weight", self.weight)
        else:
            check_real("PoissonInput.weight", np.asarray(self.weight)[()])
