"""What images evoke in a frozen network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Response"]


@dataclass(frozen=True)
class Response:
    """Spike counts that images evoke while learning is off.

    Parameters
    ----------
    hidden : array of int32, shape (n_samples, n_hidden)
        Spikes of the hidden neurons during the (last) presentation.
    output : array of int32, shape (n_samples, n_classes)
        Spikes of the output neurons.
    presentations : array of int32, shape (n_samples,)
        How often each image was shown until it evoked enough spikes.
    """

    hidden: NDArray[np.int32]
    output: NDArray[np.int32]
    presentations: NDArray[np.int32]

    def __add__(self, other: Response) -> Response:
        """Return the summed counts of two answers to the same images."""
        return Response(
            hidden=self.hidden + other.hidden,
            output=self.output + other.output,
            presentations=self.presentations + other.presentations,
        )
