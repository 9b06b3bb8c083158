"""Members of zip and tar archives, on this machine or in an object store, one after another.

Nothing is ever written under a member's name, so that no name leads out of anywhere. What expands beyond reason is
refused: see `MOST_EXPANSION`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Protocol, cast

from audioqa.errors import SourceError
from audioqa.sources import folders, objects

MOST_EXPANSION = 500
"""Times by which a member may grow once it has `FREE_EXPANSION` bytes: digital silence grows 1,000 times when deflated,
but a gigabyte of it is 17 hours of a telephone call."""

FREE_EXPANSION = 2**30
"""Bytes that come out of an archive whatever their ratio."""

_PACKED: dict[str, Callable[[BinaryIO], io.BufferedIOBase]] = {
    **dict.fromkeys((".gz", ".tgz"), lambda file: gzip.GzipFile(fileobj=file, mode="rb")),
    **dict.fromkeys((".bz2", ".tbz2", ".tbz"), bz2.BZ2File),
    **dict.fromkeys((".xz", ".txz"), lzma.LZMAFile),
}
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile)
_UNKNOWN = (NotImplementedError, RuntimeError)
_BAD = (*_DAMAGED, *_UNKNOWN)
_CHUNK = 2**20


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


class OpenArchive:
    """An archive of either kind, whose mistakes are told as `SourceError`.

    Parameters
    ----------
    location
        Path or URL of the archive.

    Raises
    ------
    SourceError
        Where it cannot be opened.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._file: BinaryIO | None = None
        try:
            self._file = self._open()
            kind = _Zip if location.lower().endswith(".zip") else _Tar
            self._archive: Archive = kind(self._file, location)
        except BaseException as refusal:
            self.close()
            if isinstance(refusal, _errors()):
                raise self._told(refusal) from None
            raise

    def __enter__(self) -> OpenArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def members(self) -> Iterator[Member]:
        """Every file in it, in its order; links, devices and folders are left out.

        Raises
        ------
        SourceError
            Where the archive is damaged; what came before stands.
        """
        try:
            yield from self._archive.members()
        except _errors() as refusal:
            raise self._told(refusal) from None

    def find(self, name: str) -> Member:
        """The member of a name.

        Raises
        ------
        SourceError
            Where there is none, or the archive is damaged before it.
        """
        try:
            return self._archive.find(name)
        except KeyError:
            raise SourceError(f"{self.location}!{name}", "missing", "the archive has no such member") from None
        except _errors() as refusal:
            raise self._told(refusal, name) from None

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, at most 1 MiB at once.

        Raises
        ------
        SourceError
            Where the member is damaged, encrypted or refused.
        """
        refusal = self.find(name).refusal
        if refusal:
            raise SourceError(f"{self.location}!{name}", "archive", refusal)
        try:
            yield from self._archive.chunks(name)
        except _errors() as error:
            raise self._told(error, name) from None

    def _open(self) -> BinaryIO:
        if objects.is_url(self.location):
            return objects.open_object(self.location)
        return cast("BinaryIO", Path(self.location).open("rb"))

    def _told(self, refusal: BaseException, name: str = "") -> SourceError:
        if isinstance(refusal, SourceError):
            return refusal
        where = f"{self.location}!{name}" if name else self.location
        if isinstance(refusal, _BAD):
            said = " ".join(str(refusal).split()) or type(refusal).__name__
            return SourceError(where, "archive", f"the archive is damaged or of an unknown kind: {said}")
        if objects.is_url(self.location):
            return objects.refused(where, refusal)
        return folders.refused(where, cast("OSError", refusal))


def _errors() -> tuple[type[BaseException], ...]:
    return (*_BAD, *objects.access_errors())


class _Zip:
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
            yield from iter(lambda: stream.read(_CHUNK), b"")

    def close(self) -> None:
        self._zip.close()

    @staticmethod
    def _member(info: zipfile.ZipInfo) -> Member:
        refusal = ""
        if info.flag_bits & 1:
            refusal = "the member is encrypted: unpack the archive with its password first"
        elif info.file_size > FREE_EXPANSION and info.file_size > MOST_EXPANSION * info.compress_size:
            refusal = (
                f"the member would swell from {info.compress_size} to {info.file_size} bytes, more than "
                f"{MOST_EXPANSION} times: no recording does, so it was not unpacked"
            )
        written = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
        return Member(info.filename, info.file_size, f"{info.CRC:08x} {written}", refusal)


class _Tar:
    """A tar archive, read forwards; what lies behind is reached by beginning anew."""

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
            chunk = stream.read(min(_CHUNK, left))
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
        self._most = FREE_EXPANSION + MOST_EXPANSION * packed

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
                f"it swells to more than {MOST_EXPANSION} times its size: no recordings do, so it was not read on",
            )
