"""Archives of either kind, on this machine or in an object store, whose mistakes are all told in one way.

Nothing is ever written under a member's name, so that no name leads out of anywhere. What expands beyond reason is
refused: see `audioqa.sources.members`.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from audioqa.errors import SourceError
from audioqa.sources import folders, objects
from audioqa.sources.members import Archive, Member
from audioqa.sources.tars import TarMembers
from audioqa.sources.zips import ZipMembers

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile, struct.error),
    *(NotImplementedError, RuntimeError, OverflowError),
)


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
            kind = ZipMembers if location.lower().endswith(".zip") else TarMembers
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
        url = objects.is_url(self.location)
        # Unpackers have no class of their own for all that they find: an OSError without a number is theirs, and a
        # place before the beginning of the file comes of a damaged index.
        if isinstance(refusal, _DAMAGED) or (not url and getattr(refusal, "errno", None) in (None, errno.EINVAL)):
            said = " ".join(str(refusal).split()) or type(refusal).__name__
            return SourceError(where, "archive", f"the archive is damaged or of an unknown kind: {said}")
        return objects.refused(where, refusal) if url else folders.refused(where, cast("OSError", refusal))


def _errors() -> tuple[type[BaseException], ...]:
    return (*_DAMAGED, *objects.access_errors())
