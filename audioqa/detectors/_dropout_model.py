"""The small networks, averaged, that tell losses from natural stops; a few thousand coefficients each."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._dropout_weights import COEFFICIENTS, SHAPES

Network = tuple[NDArray[np.float32], ...]
"""Matrix and offset of each layer, in turn."""


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


def forward(networks: Sequence[Network], facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the networks' answers: layers of a matrix and an offset in turn, rectified between."""
    answers = np.zeros(len(facts), dtype=np.float32)
    for network in networks:
        values = facts
        for weight, offset in zip(network[0:-2:2], network[1:-2:2], strict=True):
            values = np.maximum(values @ weight + offset, 0)
        answers += (values @ network[-2] + network[-1])[:, 0]
    return answers / np.float32(len(networks))


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
