"""Zip archives."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from audioqa.errors import SourceError
from audioqa.sources import members
from audioqa.sources.members import CHUNK, Member


class ZipMembers:
    """A zip archive; its index is held in memory.

    Parameters
    ----------
    file
        Its bytes.
    location
        Its name.
    """

    def __init__(self, file: BinaryIO, location: str) -> None:
        self._location = location
        self._zip = zipfile.ZipFile(file)
        file.seek(0, os.SEEK_END)
        packed = sum(info.compress_size for info in self._zip.infolist())
        if packed > file.tell():
            raise SourceError(location, "archive", "its members lie over each other: it is made to swell without end")

    def members(self) -> Iterator[Member]:
        for info in self._zip.infolist():
            if not info.is_dir():
                yield self._member(info)

    def find(self, name: str) -> Member:
        return self._member(self._zip.getinfo(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        with self._zip.open(name) as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")

    def close(self) -> None:
        self._zip.close()

    @staticmethod
    def _member(info: zipfile.ZipInfo) -> Member:
        refusal = ""
        if info.flag_bits & 1:
            refusal = "the member is encrypted: unpack the archive with its password first"
        elif info.file_size > members.FREE_EXPANSION and info.file_size > members.MOST_EXPANSION * info.compress_size:
            refusal = (
                f"the member would swell from {info.compress_size} to {info.file_size} bytes, more than "
                f"{members.MOST_EXPANSION} times: no recording does, so it was not unpacked"
            )
        written = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
        return Member(info.filename, info.file_size, f"{info.CRC:08x} {written}", refusal)
