"""What an archive is, whichever kind it has: members one after another, found by name, read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

MOST_EXPANSION = 500
"""Times by which a member may grow once it has `FREE_EXPANSION` bytes: digital silence grows 1,000 times when deflated,
but a gigabyte of it is 17 hours of a telephone call."""

FREE_EXPANSION = 2**30
"""Bytes that come out of an archive whatever their ratio."""

CHUNK = 2**20
"""Bytes that are read at once."""


@dataclass(frozen=True)
class Member:
    """One file in an archive.

    Parameters
    ----------
    name
        As the archive has it.
    size
        Bytes when unpacked.
    stamp
        What changes when it does.
    refusal
        Why it cannot be had, empty where it can.
    """

    name: str
    size: int
    stamp: str
    refusal: str = ""


class Archive(Protocol):
    """An open archive."""

    def members(self) -> Iterator[Member]:
        """Every file in it, in its order."""
        ...

    def find(self, name: str) -> Member:
        """The member of a name; quickest in the archive's order."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
