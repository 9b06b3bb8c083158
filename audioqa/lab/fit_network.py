"""Fitting the small networks of `audioqa.detectors._networks`, and writing them down."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._networks import Network


@dataclass(frozen=True)
class Recipe:
    """How a network is fitted.

    Parameters
    ----------
    hidden
        Units of each hidden layer.
    batch
        Examples in a step.
    noise
        Deviation of what is added to each figure, in deviations of the figure: a decision should not hang on half a
        decibel.
    decay
        Weight decay of AdamW.
    """

    hidden: tuple[int, ...]
    batch: int
    noise: float
    decay: float


def fit_network(
    facts: NDArray[np.float16], answers: NDArray[np.int8], recipe: Recipe, *, seed: int, epochs: int
) -> Network:
    """One network, fitted on one thread, so that the same seed gives the same one.

    Parameters
    ----------
    facts
        Shape (examples, figures).
    answers
        Shape (examples,): 0 or 1.
    recipe
        How.
    seed, epochs
        Of this fit.
    """
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    inputs = torch.from_numpy(facts.astype(np.float32))
    target = torch.from_numpy(answers.astype(np.float32))
    mean, spread = inputs.mean(0), inputs.std(0) + 0.05
    inputs = (inputs - mean) / spread
    layers = [torch.nn.Linear(a, b) for a, b in pairwise((facts.shape[1], *recipe.hidden, 1))]
    parts: list[torch.nn.Module] = [layers[0]]
    for layer in layers[1:]:
        parts += [torch.nn.ReLU(), layer]
    network = torch.nn.Sequential(*parts)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=recipe.decay)
    steps = epochs * (len(inputs) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for first in range(0, len(inputs) - recipe.batch + 1, recipe.batch):
            chosen = order[first : first + recipe.batch]
            given = inputs[chosen] + recipe.noise * torch.randn(recipe.batch, facts.shape[1])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(given)[:, 0], target[chosen])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    weight = layers[0].weight.detach() / spread
    fitted = [weight.numpy().T, (layers[0].bias.detach() - weight @ mean).numpy()]
    for layer in layers[1:]:
        fitted += [layer.weight.detach().numpy().T, layer.bias.detach().numpy()]
    return tuple(fitted)


def write_networks(networks: Sequence[Network], path: Path, *, docstring: str) -> None:
    """Write the coefficients, as float16 in base 85, as a Python module with that docstring."""
    raw = b"".join(np.ascontiguousarray(p, dtype="<f2").tobytes() for network in networks for p in network)
    lines = textwrap.wrap(base64.b85encode(raw).decode(), 110)
    shapes = tuple(tuple(tuple(p.shape) for p in network) for network in networks)
    path.write_text(
        f'"""{docstring}"""\n\n'
        f'DIGEST = "{hashlib.sha256(raw).hexdigest()[:16]}"\n'
        "SHAPES = (\n" + "".join(f"    {shape},\n" for shape in shapes) + ")\n"
        "COEFFICIENTS = (\n" + "".join(f'    "{line}"\n' for line in lines) + ")\n"
    )
