"""What several commands make of their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audioqa.audio import OpenOptions


def open_options(channels: str | None, encoding: str | None, rate: int | None) -> OpenOptions:
    """How recordings are opened, by ``--channels`` (names, or a number), ``--format`` and ``--rate``.

    Raises
    ------
    SettingsError
        A value that no file could have.
    """
    from audioqa.audio import OpenOptions

    if channels is None:
        return OpenOptions(format=encoding, rate=rate)
    if channels.strip().isdigit():
        return OpenOptions(format=encoding, rate=rate, channel_count=int(channels))
    names = tuple(name.strip() for name in channels.split(","))
    return OpenOptions(format=encoding, rate=rate, channel_count=len(names) if encoding else None, channel_names=names)
