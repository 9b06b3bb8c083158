"""Fits the network of the clipping detector, on tuning speakers only, and writes its weights.

``python -m audioqa.lab.fit_clipping`` makes seeded examples (`audioqa.lab.clipping_examples`), reduces each to the
evidence that the detector sees, and fits the network to them. The weights, as half-precision floats, go into
``audioqa/detectors/_clipping_weights.py``. For the threshold, four more networks are fitted without one quarter of the
speakers each, and judge that quarter: printed is what they find at each threshold, and how often they are wrong.
What the detector reaches is judged by ``make lengths``, on speakers that no network here has heard.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors import _clipping_weights
from audioqa.detectors._clipping_evidence import gather, network_logit
from audioqa.detectors.clipping import frames_of, speech_frames
from audioqa.lab.clipping_examples import Example, examples
from audioqa.lab.codecs import TELEPHONE_CODECS
from audioqa.measure import measure

_BATCH = 64
_FRAMES = 400  # band frames taken of an example at a time: 30 s clips must not outweigh the rest
_HIDDEN, _EMBEDDED = 32, 16


@dataclass(frozen=True)
class Reduced:
    """An example as the network sees it, and what it was."""

    speaker: str
    frames: NDArray[np.float32]
    classes: NDArray[np.int64]
    window: NDArray[np.float32]
    kind: str
    codec: str
    depth: float


def reduce(example: Example) -> Reduced:
    """Measure an example and gather its evidence, all of it as one window."""
    measured = measure([example.samples[:, None]], example.rate, channels=["speech"], activity=None)
    channel = measured.channels[0]
    evidence = gather(channel.frames, frames_of(speech_frames(channel)))
    return Reduced(
        speaker=example.speaker,
        frames=evidence.frame_features,
        classes=evidence.frame_classes,
        window=evidence.window_features,
        kind=example.kind,
        codec=example.codec,
        depth=example.depth,
    )


def fit(found: Sequence[Reduced], *, seed: int, epochs: int = 15) -> dict[str, NDArray[np.float32]]:
    """Fit one network by cross-entropy; returns its arrays by the names `_clipping_evidence.logit` knows."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    pooled = np.concatenate([each.frames for each in found[::5]])
    windows = np.stack([each.window for each in found])
    frame_mean, frame_scale = pooled.mean(axis=0), pooled.std(axis=0) + 0.01
    window_mean, window_scale = windows.mean(axis=0), windows.std(axis=0) + 0.01
    label = torch.tensor([float(each.kind == "clipped") for each in found])
    first = torch.nn.Linear(pooled.shape[1], _HIDDEN)
    second = torch.nn.Linear(_HIDDEN, _EMBEDDED)
    third = torch.nn.Linear(3 * _EMBEDDED + windows.shape[1], _HIDDEN)
    last = torch.nn.Linear(_HIDDEN, 1)
    drop = torch.nn.Dropout(0.3)
    network = torch.nn.ModuleList([first, second, third, last, drop])

    def logits(chosen: NDArray[np.int64]) -> Any:
        features, classes, owner = [], [], []
        for row, index in enumerate(chosen):
            each = found[int(index)]
            taken = rng.permutation(len(each.frames))[:_FRAMES]
            features.append(each.frames[taken])
            classes.append(each.classes[taken])
            owner.append(np.full(len(taken), row))
        scaled = np.clip((np.concatenate(features) - frame_mean) / frame_scale, -5, 5)
        embedded = torch.relu(second(torch.relu(first(torch.from_numpy(scaled)))))
        group = torch.from_numpy(np.concatenate(owner) * 3 + np.concatenate(classes))
        total = torch.zeros(3 * len(chosen), _EMBEDDED).index_add_(0, group, embedded)
        count = torch.bincount(group, minlength=3 * len(chosen))
        mean = (total / (count[:, None] + 1)).reshape(len(chosen), -1)
        window = torch.from_numpy(np.clip((windows[chosen] - window_mean) / window_scale, -5, 5))
        return last(drop(torch.relu(third(torch.cat([drop(mean), window], 1)))))[:, 0]

    steps = epochs * (len(found) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1)
    network.train()
    for _ in range(epochs):
        order = rng.permutation(len(found))
        for start in range(0, len(found) - _BATCH + 1, _BATCH):
            chosen = order[start : start + _BATCH]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits(chosen), label[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    layers = {"1": first, "2": second, "3": third, "4": last}
    arrays = {f"w{n}": layer.weight.detach().numpy().T for n, layer in layers.items()}
    arrays |= {f"b{n}": layer.bias.detach().numpy() for n, layer in layers.items()}
    arrays["w4"] = arrays["w4"][:, 0]
    scales = {"frame_mean": frame_mean, "frame_scale": frame_scale}
    return scales | {"window_mean": window_mean, "window_scale": window_scale} | arrays


def weights_module(network: dict[str, NDArray[np.float32]]) -> str:
    """Source text of the module that holds the weights."""
    data = b"".join(np.ascontiguousarray(values).astype("<f2").tobytes() for values in network.values())
    rows = textwrap.wrap(base64.b64encode(data).decode(), 112)
    shapes = "".join(f'    "{name}": {values.shape},\n' for name, values in network.items())
    return (
        '"""Weights of the clipping detector\'s network, written by ``python -m audioqa.lab.fit_clipping``."""\n\n'
        "from __future__ import annotations\n\nfrom collections.abc import Mapping\n\n"
        f'IDENTITY = "clipping sha256:{hashlib.sha256(data).hexdigest()[:12]}"\n'
        '"""What enters the settings digest."""\n\n'
        f"SHAPES: Mapping[str, tuple[int, ...]] = {{\n{shapes}}}\n"
        '"""Arrays in their order in `VALUES`."""\n\n'
        "VALUES = (\n" + "".join(f'    "{row}",\n' for row in rows) + ")\n"
        '"""Little-endian half-precision floats, base64."""\n'
    )


def cross_validated(found: Sequence[Reduced], *, seed: int, folds: int = 4) -> NDArray[np.float64]:
    """Logit of every example, by a network that has not heard its speaker."""
    fold = np.array([hashlib.sha256(each.speaker.encode()).digest()[0] % folds for each in found])
    logits = np.zeros(len(found))
    for held in range(folds):
        network = fit([each for each, its in zip(found, fold, strict=True) if its != held], seed=seed)
        for index in np.flatnonzero(fold == held):
            each = found[int(index)]
            logits[index] = network_logit(network, each.frames, each.classes, each.window)
    return logits


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, write the weights, and print what networks that have not heard the speaker say of the examples."""
    parser = argparse.ArgumentParser(
        prog="python -m audioqa.lab.fit_clipping", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--examples", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    found = [reduce(example) for example in examples(options.examples, seed=options.seed)]
    path = Path(_clipping_weights.__file__)
    path.write_text(weights_module(fit(found, seed=options.seed)))
    logits = cross_validated(found, seed=options.seed)
    clipped = np.array([each.kind == "clipped" for each in found])
    print(f"{len(found)} examples, {np.count_nonzero(~clipped)} of them not clipped")  # noqa: T201
    print("threshold  wrong  found at 6 dB / 12 dB, by codec")  # noqa: T201
    for threshold in np.arange(1.0, 5.5, 0.5):
        wrong = np.count_nonzero(logits[~clipped] >= threshold)
        cells = []
        for codec in TELEPHONE_CODECS:
            shares = []
            for depth in (6.0, 12.0):
                chosen = np.array(
                    [each.codec == codec and each.kind == "clipped" and each.depth == depth for each in found]
                )
                shares.append(f"{np.mean(logits[chosen] >= threshold):.2f}" if chosen.any() else "-")
            cells.append(f"{codec} {'/'.join(shares)}")
        print(f"{threshold:9.1f}  {wrong:5d}  {'  '.join(cells)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
