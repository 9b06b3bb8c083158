"""What several commands make of their options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audioqa.audio import OpenOptions
    from audioqa.types import CallInfo

Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata",
        metavar="NAME=VALUE",
        help="What is known beside the sound, for flag rules that ask for it, as in a manifest: queue=sales.",
        show_default=False,
    ),
]

KeepDtmfKeys = Annotated[
    bool | None,
    typer.Option(
        "--keep-dtmf-keys/--no-keep-dtmf-keys",
        help="Tell which keys were pressed, not only how many: card numbers and PINs may be among them.",
        show_default=False,
    ),
]
"""The option of every command that makes reports."""


def open_options(channels: str | None, encoding: str | None, rate: int | None, *, paired: bool = False) -> OpenOptions:
    """How recordings are opened, by ``--channels`` (names, or a number), ``--format`` and ``--rate``.

    The names of a call whose legs are files of their own (`paired`) say nothing of the channels of each.

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
    return OpenOptions(
        format=encoding, rate=rate, channel_count=len(names) if encoding and not paired else None, channel_names=names
    )


def call_info(metadata: Sequence[str], call: Sequence[Path], channels: str | None) -> CallInfo:
    """What is known of a call: what ``--metadata`` says, and who is on its channels.

    Raises
    ------
    SettingsError
        Where that cannot be used.
    """
    from audioqa.errors import SettingsError
    from audioqa.sources import SourceOptions, describe

    pairs = [word.partition("=") for word in metadata]
    for word, (name, sign, _) in zip(metadata, pairs, strict=True):
        if not sign or not name.strip():
            raise SettingsError(f"--metadata {word}: write it as in queue=sales")
    told = [(name, value) for name, _, value in pairs]
    if channels is not None and not channels.strip().isdigit():
        told.append(("roles", channels))
    return describe([str(path) for path in call], told, SourceOptions())


def legs(calls: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Recordings two by two, as ``--pair`` takes them.

    Raises
    ------
    SettingsError
        Where one is left over.
    """
    from audioqa.errors import SettingsError

    if len(calls) % 2:
        raise SettingsError(f"--pair takes recordings two by two, and {len(calls)} were named")
    return list(zip(calls[::2], calls[1::2], strict=True))
