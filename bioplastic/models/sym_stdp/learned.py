"""What a symmetric-STDP network is made of and has learned, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.sym_stdp.fields import ReceptiveFields, place_fields
from bioplastic.models.sym_stdp.network import scaled_weights, summed_weight
from bioplastic.models.sym_stdp.parameters import (
    FIELD_FEATURES,
    VARIANTS,
    SymSTDPParameters,
)

__all__ = ["LearnedNetwork"]


class LearnedNetwork:
    """The part of `SymSTDPClassifier` that reads its constants, wiring and weights."""

    n_hidden: int
    variant: str
    parameters: SymSTDPParameters | None
    dtype: str
    classes_: NDArray[Any]
    n_features_in_: int
    hidden_frozen_: bool
    state_: dict[str, NDArray[Any]]
    response_sums_: NDArray[np.float64]
    class_counts_: NDArray[np.int64]

    @property
    def constants_(self) -> SymSTDPParameters:
        """The constants in use: ``parameters``, or those of the variant for this size."""
        if self.parameters is not None:
            return self.parameters
        known: dict[str, int] = {}
        if self.variant == "ours":
            known["n_features"] = int(getattr(self, "n_features_in_", FIELD_FEATURES))
        return VARIANTS[self.variant](self.n_hidden, **known)

    @property
    def fields_(self) -> ReceptiveFields:
        """The pixels that each column of hidden cells sees."""
        p = self.constants_
        return place_fields(int(self.n_features_in_), p.field_size, p.field_stride)

    @property
    def weights_(self) -> NDArray[Any]:
        """Scaled input weights, shape (n_features, n_hidden), 0 outside of receptive fields."""
        return self.fields_.spread(self.afferent_weights_)

    @property
    def afferent_weights_(self) -> NDArray[Any]:
        """Scaled input weights as the engine keeps them, shape (n_inputs, n_hidden / n_columns)."""
        w: NDArray[Any] = self.state_["image_exc.w"]
        if self.hidden_frozen_:
            return w.copy()
        fields = self.fields_
        total = summed_weight(fields.n_inputs // fields.n_columns, self.constants_)
        return scaled_weights(w, total, fields.n_columns)

    @property
    def output_weights_(self) -> NDArray[Any]:
        """Read-out weights, shape (n_hidden, n_classes), scaled if the read-out rule scales."""
        p = self.constants_
        if "exc_class.w" not in self.state_:  # not yet learned
            return np.zeros((self.n_hidden, len(self.classes_)), dtype=self.dtype)
        w: NDArray[Any] = self.state_["exc_class.w"]
        if p.scaling_output is None or p.readout_rule == "error":
            return w.copy()
        return scaled_weights(w, p.scaling_output * self.n_hidden * p.w_max_output)

    @property
    def assignment_(self) -> NDArray[np.int64]:
        """Index of the class that each hidden neuron responded to most, -1 for a silent one."""
        means = self.response_sums_.sum(axis=0)
        means /= np.maximum(1, self.class_counts_.sum(axis=0))[:, None]
        return np.where(means.max(axis=0) > 0, means.argmax(axis=0), -1).astype(np.int64)
