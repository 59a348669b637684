"""A read-out that learns by the delta rule, ``dW = eta (onehot(y) - softmax(W x)) x``.

A synapse sees its own two cells alone; the softmax divides by a sum over the output cells, as
divisive inhibition does. Widrow & Hoff (1960), IRE WESCON 4:96, with the softmax of Bridle (1990).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic.fields import Parametrised, check_params, param
from bioplastic.models.images import encode_labels

__all__ = ["DeltaReadout"]


class DeltaReadout(Parametrised, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear cells with a softmax that learn by the delta rule, one sample after another.

    Attributes
    ----------
    coef_ : ndarray, shape (n_classes, n_features)
        Weights.
    intercept_ : ndarray, shape (n_classes,)
        Biases.

    Examples
    --------
    >>> DeltaReadout(random_state=0).fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]).predict([[0.1, 0.9]])
    array([0])
    """

    eta: float = param(0.05, positive=True, doc="learning rate")
    passes: int = param(5, minimum=1, doc="passes through the samples")
    random_state: Any = param(None, doc="None, an integer or a RandomState")

    def fit(self, X: Any, y: Any) -> DeltaReadout:
        """Learn from samples in random order."""
        check_params(self)
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_, labels = encode_labels("DeltaReadout.y", y, len(X))
        rng = check_random_state(self.random_state)
        wanted = np.eye(len(self.classes_))[labels]
        w, b = np.zeros((len(self.classes_), X.shape[1])), np.zeros(len(self.classes_))
        for _ in range(self.passes):
            for k in rng.permutation(len(X)):
                error = self.eta * (wanted[k] - softmax(w @ X[k] + b))
                w += error[:, None] * X[k]
                b += error
        self.coef_, self.intercept_ = w, b
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class whose cell is driven most."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.classes_[np.argmax(X @ self.coef_.T + self.intercept_, axis=1)])
