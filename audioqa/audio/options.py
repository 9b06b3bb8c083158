"""How to open a recording: what its file may fail to say, and what to call its channels."""

from __future__ import annotations

from dataclasses import dataclass

from audioqa.audio.headerless import FORMATS
from audioqa.errors import SettingsError


@dataclass(frozen=True)
class OpenOptions:
    """What the caller knows of a file that the file does not say.

    A header wins: on a file that has one, `format`, `rate` and `channel_count` may repeat what the header
    says, and contradicting it is an error.

    Parameters
    ----------
    format
        Coding of a headerless file, one of `audioqa.audio.headerless.FORMATS`: ``ulaw``, ``alaw``,
        ``slin``, ``g722`` ...
    rate
        Hz, of a headerless file.
    channel_count
        Interleaved channels of a headerless file; where it is None, as many as there are names, or one.
    channel_names
        A name for each channel in file order, such as ``("agent", "customer")``; empty for
        ``channel 1``, ``channel 2`` ...

    Raises
    ------
    SettingsError
        A value that no file could have.
    """

    format: str | None = None
    rate: int | None = None
    channel_count: int | None = None
    channel_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise SettingsError(f"no headerless format {self.format!r}; there are {', '.join(FORMATS)}")
        if self.rate is not None and not 1000 <= self.rate <= 768_000:
            raise SettingsError(f"a rate of {self.rate} is not one of audio: it is meant in Hz, such as 8000")
        if self.channel_count is not None and not 1 <= self.channel_count <= 64:
            raise SettingsError(f"a file has 1 to 64 channels, not {self.channel_count}")
        if len(set(self.channel_names)) < len(self.channel_names) or not all(self.channel_names):
            raise SettingsError(f"each channel needs a name of its own, not {', '.join(map(repr, self.channel_names))}")
