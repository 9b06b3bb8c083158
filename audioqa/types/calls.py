"""The calls of an archive: where their files are, what is known of them beside the sound, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

FAILURE_KINDS: Mapping[str, str] = {
    "unreadable": "No sound can be had from the file: it is damaged, encrypted, empty, or no recording.",
    "missing": "The file is not where its source said, or went away meanwhile.",
    "permission": "This user may not read the file.",
    "access": "The object store or the network gave no answer, or refused to.",
    "settings": "An option does not fit the file, such as the number of channels.",
    "manifest": "The row of the manifest, or the side-car, cannot be read.",
    "pattern": "The file's name does not match the pattern that was given.",
    "archive": "The archive or its member is damaged, encrypted, or not to be unpacked safely.",
    "duplicate": "Another file of the same run has this call's identity.",
    "too-large": "The file is larger than the limit that was given.",
    "crash": "The process that worked on the file died.",
    "timeout": "The file took longer than the limit that was given.",
    "memory": "The file took more memory than the limit that was given.",
    "prompt": "The known prompt of a test call is not in it, is cut off, or plays at another speed.",
    "disk-full": "There was no room left for a temporary file.",
    "error": "Something went wrong that nobody has foreseen: please report it.",
}
"""Why a file was not scored, kind by kind, in a sentence each."""


@dataclass(frozen=True)
class SourceFile:
    """One file as its source names it.

    Parameters
    ----------
    location
        An absolute path, a URL (``s3://bucket/key``), or a member of an archive at either, after an exclamation mark:
        ``/x/a.zip!dir/b.wav``, ``s3://bucket/a.tar!b.wav``.
    size
        Bytes; None where the source does not say.
    stamp
        Text that changes when the file does: modification time in ns, an ETag, a member's CRC and time; empty where the
        source gives none.
    """

    location: str
    size: int | None = None
    stamp: str = ""


@dataclass(frozen=True)
class CallInfo:
    """What is known of a call beside its sound.

    Parameters
    ----------
    call_id
        Unique within the tenant; the location where nothing better is known.
    tenant
        Whose call it is; empty where there is only one.
    start_time
        Aware, in UTC; None where not known.
    roles
        Who is on each channel, in file order: ``("agent", "customer")``; empty where not known.
    agent, queue, site, carrier, trunk, direction, codec
        As call records have them; None where not known.
    tap
        Where in the network it was recorded; None where not known.
    network
        Statistics of the network as they were given: ``loss`` in per cent, ``jitter`` and ``delay`` in ms ...
    tags
        Everything else that was given, by name.
    """

    call_id: str
    tenant: str = ""
    start_time: datetime | None = None
    roles: tuple[str, ...] = ()
    agent: str | None = None
    queue: str | None = None
    site: str | None = None
    carrier: str | None = None
    trunk: str | None = None
    direction: str | None = None
    codec: str | None = None
    tap: str | None = None
    network: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


TEST_CALL = "test_call"
"""The tag of a test call; its value is the prompt that was played."""


def is_test_call(info: CallInfo) -> bool:
    """Whether a call is one of a known prompt: such calls are never counted among those of customers."""
    return TEST_CALL in info.tags


@dataclass(frozen=True)
class Item:
    """One call to score.

    Parameters
    ----------
    files
        One file; or two, the legs of one call, in the order of its channels.
    info
        What is known of the call.
    encoding, rate, channel_count
        What headerless files do not say of themselves, as `format`, `rate` and `channel_count` of
        `audioqa.audio.OpenOptions`.
    reference
        A clean reference for PESQ.
    """

    files: tuple[SourceFile, ...]
    info: CallInfo
    encoding: str | None = None
    rate: int | None = None
    channel_count: int | None = None
    reference: SourceFile | None = None


@dataclass(frozen=True)
class BadItem:
    """A path, row or member that cannot become an `Item`: it counts as a failure with its cause, and is never lost.

    Parameters
    ----------
    location
        Where it is: a path or URL; for a row of a manifest its line too, ``calls.csv:17``.
    kind
        One of `FAILURE_KINDS`.
    message
        What is the matter, in one line.
    info
        What is known of the call all the same.
    """

    location: str
    kind: str
    message: str
    info: CallInfo | None = None


@dataclass(frozen=True)
class Failure:
    """Why something was not scored.

    Parameters
    ----------
    kind
        One of `FAILURE_KINDS`.
    message
        What is the matter, in one line.
    """

    kind: str
    message: str
