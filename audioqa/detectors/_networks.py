"""Small networks whose answers are averaged, and their coefficients as they are stored."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Network = tuple[NDArray[np.float32], ...]
"""Matrix and offset of each layer, in turn."""

Shapes = tuple[tuple[tuple[int, ...], ...], ...]
"""Shapes of the arrays of each network."""


def forward(networks: Sequence[Network], facts: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the networks' answers: layers of a matrix and an offset in turn, rectified between.

    Parameters
    ----------
    networks
        One or more, each with one answer.
    facts
        float32, shape (examples, figures).

    Returns
    -------
    ndarray
        float32, shape (examples,): the natural logarithm of the odds.
    """
    answers = np.zeros(len(facts), dtype=np.float32)
    for network in networks:
        values = facts
        for weight, offset in zip(network[0:-2:2], network[1:-2:2], strict=True):
            values = np.maximum(values @ weight + offset, 0)
        answers += (values @ network[-2] + network[-1])[:, 0]
    return answers / np.float32(len(networks))


def unpacked(coefficients: str, shapes: Shapes) -> tuple[Network, ...]:
    """Networks from their coefficients, one after the other as float16 in base 85; each array is float32."""
    stored = np.frombuffer(base64.b85decode(coefficients), dtype="<f2").astype(np.float32)
    networks, done = [], 0
    for own in shapes:
        network = []
        for shape in own:
            size = int(np.prod(shape))
            network.append(stored[done : done + size].reshape(shape))
            done += size
        networks.append(tuple(network))
    return tuple(networks)
