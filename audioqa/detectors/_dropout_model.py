"""The small networks, averaged, that tell losses from natural stops; a few thousand coefficients each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._dropout_weights import COEFFICIENTS, SHAPES
from audioqa.detectors._networks import Network, forward, unpacked


def log_odds(facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural logarithm of the odds that each hole is a loss.

    Parameters
    ----------
    facts
        float32, shape (holes, FACTS), as ``_dropout_shape.describe`` gives them.

    Returns
    -------
    ndarray
        float32, shape (holes,).
    """
    return forward(_networks(), facts)


@lru_cache(maxsize=1)
def _networks() -> tuple[Network, ...]:
    """The coefficients as float32 arrays."""
    return unpacked(COEFFICIENTS, SHAPES)
