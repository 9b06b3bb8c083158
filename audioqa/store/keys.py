"""What tells work from work: the keys of sounds, calls, metadata and failures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from audioqa.network import NetworkOptions
from audioqa.types.calls import CallInfo, Item, SourceFile


@dataclass(frozen=True)
class Hashes:
    """What the files of an item hold.

    Parameters
    ----------
    files
        Hexadecimal SHA-256 of each file's bytes, in the item's order.
    reference
        That of its reference, or None where it has none.
    """

    files: tuple[str, ...]
    reference: str | None = None


def storable(text: str) -> str:
    """Text that every database takes: undecodable bytes of a file name and NUL become escapes.

    >>> storable("caf\\udce9.wav")
    'caf\\\\xe9.wav'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def location_of(item: Item) -> str:
    """Where an item is, as its report shows it: its files' locations in order."""
    return " + ".join(file.location for file in item.files)


def audio_key(item: Item, hashes: Hashes, digest: str) -> str:
    """The key of a measurement: the same for the same sound, read in the same way with the same settings.

    Parameters
    ----------
    item
        What is measured.
    hashes
        What its files hold.
    digest
        Of the settings (`audioqa.analysis.Analyser.digest`).
    """
    return _digest([*hashes.files], hashes.reference, digest, item.encoding, item.rate, item.channel_count)


def info_digest(info: CallInfo, network: NetworkOptions) -> str:
    """Changes when what a source says of a call does, or how its network is rated."""
    plain = [
        getattr(info, name) for name in ("agent", "queue", "site", "carrier", "trunk", "direction", "codec", "tap")
    ]
    start = None if info.start_time is None else info.start_time.timestamp()
    rated = [repr(network)] if info.network else []
    return _digest(plain, start, list(info.roles), sorted(info.network.items()), sorted(info.tags.items()), *rated)


def fingerprint(item: Item, digest: str) -> str:
    """Changes when a failed item is new work: another file behind the same name, or other settings."""
    files = [*item.files, *([item.reference] if item.reference else [])]
    seen = [[file.location, file.size, file.stamp] for file in files]
    return _digest(seen, digest, item.encoding, item.rate, item.channel_count)


def unchanged(file: SourceFile, size: int | None, stamp: str) -> bool:
    """Whether a file is for certain the one that was read when it had this size and stamp."""
    return bool(file.stamp) and (file.size, storable(file.stamp)) == (size, stamp)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()
