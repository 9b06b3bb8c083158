"""The network that tells losses from natural stops: two hidden layers, a few thousand coefficients."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._dropout_weights import COEFFICIENTS, SHAPES


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
    return forward(_parameters(), facts)


def forward(parameters: Sequence[NDArray[np.float32]], facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's answer: layers of a matrix and an offset in turn, rectified between."""
    values = facts
    for weight, offset in zip(parameters[0:-2:2], parameters[1:-2:2], strict=True):
        values = np.maximum(values @ weight + offset, 0)
    return np.asarray((values @ parameters[-2] + parameters[-1])[:, 0])


@lru_cache(maxsize=1)
def _parameters() -> tuple[NDArray[np.float32], ...]:
    """The coefficients as float32 arrays."""
    stored = np.frombuffer(base64.b85decode(COEFFICIENTS), dtype="<f2").astype(np.float32)
    ends = np.cumsum([int(np.prod(shape)) for shape in SHAPES])
    return tuple(part.reshape(shape) for part, shape in zip(np.split(stored, ends[:-1]), SHAPES, strict=True))
