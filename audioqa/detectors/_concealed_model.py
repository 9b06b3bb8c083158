"""The small networks, averaged, that tell a packet played twice from speech that resembles itself."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._concealed_weights import COEFFICIENTS, SHAPES
from audioqa.detectors._networks import Network, forward, unpacked


def log_odds(facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural logarithm of the odds that each packet was played twice, float32, shape (packets,).

    Parameters
    ----------
    facts
        float32, shape (packets, FACTS), as ``_concealed_shape.describe`` gives them.
    """
    return forward(_networks(), facts)


@lru_cache(maxsize=1)
def _networks() -> tuple[Network, ...]:
    """The coefficients as float32 arrays."""
    return unpacked(COEFFICIENTS, SHAPES)
