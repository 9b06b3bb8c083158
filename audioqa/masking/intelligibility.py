"""How well speech could be understood: the short-time objective intelligibility measure, STOI.

C. H. Taal, R. C. Hendriks, R. Heusdens, J. Jensen, An Algorithm for Intelligibility Prediction of Time-Frequency
Weighted Noisy Speech, IEEE Transactions on Audio, Speech, and Language Processing 19 (2011), by the package ``pystoi``.
Speech that has nothing to do with the original comes out at about 0.1 to 0.3, not at 0: the measure limits what is
compared to a range around the original, which follows its dips.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

PIECE, PIECES = 60.0, 3
"""Seconds compared at once, and how often at most, spread evenly: comparing takes longer than masking."""

LEAST = 3.0
"""Seconds of speech that tell: of less the measure says anything, from 0 to 0.5, of speech unlike the original."""


def intelligibility(original: NDArray[np.float32], masked: NDArray[np.float32], rate: int) -> float:
    """STOI of one channel, the greatest of its pieces.

    Parameters
    ----------
    original, masked
        float32, shape (n,) each.
    rate
        Hz.

    Returns
    -------
    float
        0 to 1; 0 where there is too little speech to tell.
    """
    # Imported here: it takes a second for SciPy's filters.
    from pystoi import stoi

    size = round(PIECE * rate)
    starts = range(0, max(1, len(original) - round(LEAST * rate)), size)
    chosen = [starts[round(one)] for one in np.linspace(0, len(starts) - 1, min(PIECES, len(starts)))]
    worst = 0.0
    for start in chosen:
        clean, other = (samples[start : start + size].astype(np.float64) for samples in (original, masked))
        if len(clean) < LEAST * rate or not clean.any() or not other.any():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # too little speech: it says so, and answers 0.00001
            value = float(stoi(clean, other, rate))
        worst = max(worst, value if np.isfinite(value) else 0.0)
    return worst
