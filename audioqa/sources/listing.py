"""The files of one place, whatever holds it: a folder, an archive, a prefix of an object store."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from audioqa.audio.headerless import EXTENSIONS
from audioqa.types import SourceFile

HEADERLESS = (*EXTENSIONS, ".raw", ".pcm")
"""Extensions of files that hold samples and no header."""

RECORDINGS = frozenset(
    (
        *HEADERLESS,
        *(".wav", ".wave", ".wav49", ".rf64", ".w64", ".bwf", ".mp3", ".mp2", ".ogg", ".oga", ".opus", ".spx", ".flac"),
        *(".m4a", ".m4b", ".mp4", ".aac", ".adts", ".amr", ".awb", ".3gp", ".3gpp", ".3g2", ".wma", ".asf", ".webm"),
        *(".mkv", ".mka", ".mov", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph", ".nist", ".wv", ".avi"),
    )
)
"""Extensions by which a file in a folder is taken for a recording."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
"""Extensions of archives that can be read."""

CAPTURES = (".pcap", ".pcapng", ".cap")
"""Extensions of captures of packets, which hold calls as an archive holds files."""

STRANGE_ARCHIVES = (".rar", ".7z", ".tar.zst", ".tzst", ".zst", ".gz", ".bz2", ".xz", ".cab", ".iso")
"""Extensions of packed files that cannot."""

SIDECARS = (".json", ".xml")
"""Extensions of files that say something of the recording beside them."""

MANIFESTS = (".csv", ".tsv", ".jsonl", ".ndjson")
"""Extensions of manifests."""

_MEMBER = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, (*ARCHIVES, *CAPTURES)))}))!(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Listing:
    """The files of one place.

    Parameters
    ----------
    place
        Its name, for messages.
    locations
        Of its files, in the order in which they are read.
    look
        Returns size and stamp of one of them; raises `SourceError`.
    read
        Returns the bytes of a small file; raises `SourceError`.
    exists
        Whether there is such a file, here or elsewhere.
    """

    place: str
    locations: Sequence[str]
    look: Callable[[str], SourceFile]
    read: Callable[[str], bytes]
    exists: Callable[[str], bool]


def split_member(location: str) -> tuple[str, str] | None:
    """The archive (or capture) and the member (or call) that a location names, or None where it names no member."""
    found = _MEMBER.fullmatch(location)
    return (found[1], found[2]) if found else None


def capture_of(location: str) -> tuple[str, str] | None:
    """The capture and the call that a location names, or None where it names none."""
    found = split_member(location)
    return found if found is not None and found[0].lower().endswith(CAPTURES) else None


def name_of(location: str) -> str:
    """The last part of a location."""
    return PurePosixPath(location.rpartition("!")[2]).name


def kind_of(
    location: str, extensions: Sequence[str] = ()
) -> Literal["recording", "archive", "capture", "sidecar", "other"]:
    """What a file is by its name.

    Parameters
    ----------
    location
        Where it is.
    extensions
        Further extensions of recordings.
    """
    name = name_of(location).lower()
    suffix = PurePosixPath(name).suffix
    if name.startswith(".") or "__macosx/" in location.lower():
        return "other"
    if suffix in RECORDINGS or suffix in (extension.lower() for extension in extensions):
        return "recording"
    if name.endswith(ARCHIVES):
        return "archive"
    if suffix in CAPTURES:
        return "capture"
    return "sidecar" if suffix in SIDECARS else "other"
