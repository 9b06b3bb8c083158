"""Small recordings, and what sources make of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from audioqa.sources import SourceOptions, read_sources
from audioqa.types import BadItem, Item


def recording(path: Path, *, seed: int = 0) -> Path:
    """Write 0.1 s of noise, other noise for another seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).integers(-3000, 3000, 800).astype(np.int16)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    return path


def found(
    *sources: str | Path, said: list[str] | None = None, options: SourceOptions | None = None
) -> list[Item | BadItem]:
    """Everything that sources name."""
    say = None if said is None else said.append
    return list(read_sources([str(each) for each in sources], options=options or SourceOptions(), say=say))


def one(*sources: str | Path, options: SourceOptions | None = None) -> Item:
    """The only call that sources name."""
    (item,) = found(*sources, options=options)
    assert isinstance(item, Item), item
    return item


def bad(*sources: str | Path, options: SourceOptions | None = None) -> BadItem:
    """The only thing that sources name, which cannot be scored."""
    (item,) = found(*sources, options=options)
    assert isinstance(item, BadItem), item
    return item


def names(items: list[Item | BadItem], base: Path) -> list[str]:
    """Where the first file of each is, as it stands below a folder."""
    where = [each.files[0].location if isinstance(each, Item) else each.location for each in items]
    return [each.removeprefix(f"{base}/") for each in where]


def csv_of(path: Path, rows: list[Mapping[str, str]]) -> Path:
    """Write a manifest."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
