"""The small networks, averaged, that tell a packet played twice from speech that resembles itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._concealed_weights import COEFFICIENTS, SHAPES

Network = tuple[NDArray[np.float32], ...]
"""Matrix and offset of each layer, in turn."""


def log_odds(facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural logarithm of the odds that each packet was played twice, float32, shape (packets,).

    Parameters
    ----------
    facts
        float32, shape (packets, FACTS), as ``_concealed_shape.describe`` gives them.
    """
    return forward(_networks(), facts)


def forward(networks: Sequence[Network], facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the networks' answers; each has one hidden layer, rectified."""
    answers = [np.maximum(facts @ w + b, 0) @ v + c for w, b, v, c in networks]
    return np.asarray(np.mean(answers, axis=0)[:, 0], np.float32)


@lru_cache(maxsize=1)
def _networks() -> tuple[Network, ...]:
    """The coefficients as float32 arrays."""
    stored = np.frombuffer(base64.b85decode(COEFFICIENTS), dtype="<f2").astype(np.float32)
    networks, done = [], 0
    for shapes in SHAPES:
        network = []
        for shape in shapes:
            size = int(np.prod(shape))
            network.append(stored[done : done + size].reshape(shape))
            done += size
        networks.append(tuple(network))
    return tuple(networks)
