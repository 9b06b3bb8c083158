"""Tar archives, which have no index: read forwards; what lies behind is reached by beginning anew."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO, cast

from audioqa.errors import SourceError
from audioqa.sources import members
from audioqa.sources.members import CHUNK, Member

_PACKED: dict[str, Callable[[BinaryIO], io.BufferedIOBase]] = {
    **dict.fromkeys((".gz", ".tgz"), lambda file: gzip.GzipFile(fileobj=file, mode="rb")),
    **dict.fromkeys((".bz2", ".tbz2", ".tbz"), bz2.BZ2File),
    **dict.fromkeys((".xz", ".txz"), lzma.LZMAFile),
}


class TarMembers:
    """A tar archive, packed or not.

    Parameters
    ----------
    file
        Its bytes.
    location
        Its name.
    """

    def __init__(self, file: BinaryIO, location: str) -> None:
        unpack = next((each for suffix, each in _PACKED.items() if location.lower().endswith(suffix)), None)
        file.seek(0, os.SEEK_END)
        self._packed_size = file.tell()
        file.seek(0)
        self._file: IO[bytes] = file
        if unpack is not None:
            self._file = cast("IO[bytes]", _Bounded(unpack(file), location, self._packed_size))
        self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115 - closed by close
        self._at: tarfile.TarInfo | None = None

    def members(self) -> Iterator[Member]:
        self._rewind()
        while (info := self._next()) is not None:
            yield self._member(info)

    def find(self, name: str) -> Member:
        if self._at is not None and _plain(self._at) == name:
            return self._member(self._at)
        for again in (False, True):
            if again:
                self._rewind()
            while (info := self._next()) is not None:
                if _plain(info) == name:
                    return self._member(info)
        raise KeyError(name)

    def chunks(self, name: str) -> Iterator[bytes]:
        if self._at is None or _plain(self._at) != name:
            self.find(name)
        stream = self._tar.extractfile(cast("tarfile.TarInfo", self._at))
        if stream is None:
            raise tarfile.TarError("the member is no file")
        left = cast("tarfile.TarInfo", self._at).size
        while left:
            chunk = stream.read(min(CHUNK, left))
            if not chunk:
                raise tarfile.ReadError("unexpected end of data")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self._tar.close()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115
        self._at = None

    def _next(self) -> tarfile.TarInfo | None:
        while (info := self._tar.next()) is not None:
            self._tar.members.clear()  # type: ignore[attr-defined] # it would keep every header that it has seen
            if info.isreg():
                break
        self._at = info
        return info

    @staticmethod
    def _member(info: tarfile.TarInfo) -> Member:
        refusal = "the member is sparse, which cannot be unpacked here" if info.issparse() else ""
        return Member(_plain(info), info.size, f"{info.chksum:o} {info.mtime:.0f}", refusal)


def _plain(info: tarfile.TarInfo) -> str:
    """The name of a member without the ``./`` that ``tar`` puts before each where it packs a whole folder."""
    return info.name.removeprefix("./")


class _Bounded(io.RawIOBase):
    """What comes out of a packed stream, until it is more than any recordings would make of so many bytes."""

    def __init__(self, stream: io.BufferedIOBase, location: str, packed: int) -> None:
        self._stream = stream
        self._location = location
        self._most = members.FREE_EXPANSION + members.MOST_EXPANSION * packed

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        self._check(self._stream.tell())
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            self._check(offset)
        return self._stream.seek(offset, whence)

    def _check(self, place: int) -> None:
        if place > self._most:
            raise SourceError(
                self._location,
                "archive",
                f"it swells to more than {members.MOST_EXPANSION} times its size, as no recording does: not read on",
            )
