"""How compressible a spike train is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked

__all__ = ["count_phrases", "entropy_rate_markov", "lempel_ziv_complexity"]


@checked
def count_phrases(symbols: ArrayLike) -> int:
    """Count the phrases of the exhaustive history of Lempel and Ziv (1976).

    The sequence is cut, left to right, into the shortest pieces that do not occur earlier;
    an earlier occurrence may overlap the piece up to its last symbol [1]_.

    Parameters
    ----------
    symbols : array_like of int, shape (n,)
        Symbols from 0 to 255.

    Returns
    -------
    int
        Number of phrases, the last one possibly incomplete; 0 for an empty sequence.

    Raises
    ------
    TypeError, ValueError
        If the symbols are no integers from 0 to 255.

    References
    ----------
    .. [1] A. Lempel and J. Ziv, "On the complexity of finite sequences", IEEE Trans. Inf. Theory
       22, 1976. The example below is theirs: 0·001·10·100·1000·101.

    Examples
    --------
    >>> count_phrases([int(bit) for bit in "0001101001000101"])
    6
    """
    array = check_array("count_phrases.symbols", symbols, shape=(None,), minimum=0)
    if array.size and (array.max() > 255 or (array != np.floor(array)).any()):
        raise ValueError("count_phrases.symbols: must be integers from 0 to 255")
    text = array.astype(np.uint8).tobytes()
    n, start, count = len(text), 0, 0
    while start < n:
        # A longer piece cannot occur before the first place of a shorter one, so the search
        # goes on from there and each phrase scans the past once.
        length, found = 1, 0
        while start + length <= n:
            found = text.find(text[start : start + length], found, start + length - 1)
            if found < 0:
                break
            length += 1
        count += 1
        start += length
    return count


@checked
def lempel_ziv_complexity(sequences: ArrayLike) -> NDArray[np.float64]:
    r"""Measure the normalised Lempel-Ziv complexity of binary sequences.

    :math:`C = c \log_2 n / n` with the number :math:`c` of phrases of `count_phrases`. For an
    ergodic binary source it tends to the entropy rate in bits per symbol [1]_, slowly: for
    :math:`n = 10^3` bits of a fair coin it is about 1.1. Short sequences lie above the limit, long
    ones with few spikes may come to lie a little below.

    Parameters
    ----------
    sequences : array_like of {0, 1}, shape (n_bins,) or (..., n_bins)
        Spike trains as bits, for example ``bin_spikes(trains, width) > 0``; at least two bins.

    Returns
    -------
    ndarray, shape (...)
        Complexities, in bits per bin.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two bins or anything but 0 and 1.

    References
    ----------
    .. [1] J. Ziv, "Coding theorems for individual sequences", IEEE Trans. Inf. Theory 24, 1978;
       for spike trains J. M. Amigó et al., "Estimating the entropy rate of spike trains via
       Lempel-Ziv complexity", Neural Comput. 16, 2004.

    Examples
    --------
    >>> lempel_ziv_complexity([[0] * 64, [0, 1] * 32]).round(3)
    array([0.188, 0.281])
    """
    bits = np.asarray(sequences)
    if bits.ndim == 0 or bits.shape[-1] < 2:
        raise ValueError(
            f"lempel_ziv_complexity.sequences: must have at least two bins, got shape {bits.shape}"
        )
    flat = bits.reshape(-1, bits.shape[-1])
    flat = check_array("lempel_ziv_complexity.sequences", flat, shape=(None, None))
    if flat.size and not ((flat == 0) | (flat == 1)).all():
        raise ValueError("lempel_ziv_complexity.sequences: must hold 0 and 1 only")
    n = flat.shape[1]
    phrases = np.array([count_phrases(row) for row in flat], dtype=np.float64)
    return np.asarray(phrases * np.log2(n) / n).reshape(bits.shape[:-1])


@checked
def entropy_rate_markov(rate: float, correlation: float = 0.0) -> float:
    r"""Return the entropy rate of a two-state Markov chain of spikes and silences.

    The chain spikes with probability `rate` in each bin and has the lag-1 autocorrelation
    `correlation`: :math:`P(1|1) = r + \rho (1 - r)`, :math:`P(1|0) = r (1 - \rho)`. With
    correlation 0 it is a Bernoulli source, whose entropy rate is the binary entropy
    :math:`H_2(r)`.

    Parameters
    ----------
    rate : float
        Probability of a spike in a bin, between 0 and 1.
    correlation : float, default 0
        Correlation of neighbouring bins; both transition probabilities must be probabilities.

    Returns
    -------
    float
        :math:`r H_2(P(1|1)) + (1 - r) H_2(P(1|0))` in bits per bin.

    Raises
    ------
    ValueError
        If there is no such chain.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2006, section 4.2.

    Examples
    --------
    >>> entropy_rate_markov(0.5)
    1.0
    """
    stay = rate + correlation * (1.0 - rate)
    start = rate * (1.0 - correlation)
    for name, value in (("rate", rate), ("correlation", stay), ("correlation", start)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(
                f"entropy_rate_markov.{name}: must give probabilities from 0 to 1, "
                f"got rate {rate:g} and correlation {correlation:g}"
            )
    return float(rate * _binary_entropy(stay) + (1.0 - rate) * _binary_entropy(start))


def _binary_entropy(p: float) -> float:
    if p in (0.0, 1.0):
        return 0.0
    return float(-p * np.log2(p) - (1.0 - p) * np.log2(1.0 - p))
