"""Files that are named beside the calls: by rows of a manifest and as references, from wherever they are named."""

from __future__ import annotations

import os
import posixpath
from types import TracebackType
from urllib.parse import unquote, urlsplit

from audioqa.errors import SourceError
from audioqa.sources import folders, objects
from audioqa.sources.archives import OpenArchive
from audioqa.sources.listing import capture_of, split_member
from audioqa.types import SourceFile


def absolute(name: str, place: str) -> str:
    """The location that a name means.

    Parameters
    ----------
    name
        A path, absolute or relative; a URL; a member of an archive at either.
    place
        Where it is named: a folder, a prefix of an object store, or a folder in an archive (``/x/a.zip!day``).
    """
    if name.startswith("file://"):
        return unquote(urlsplit(name).path)
    if objects.is_url(name):
        return name
    archive, sign, member = name.partition("!")
    around, inside, folder = place.partition("!")
    if inside and not name.startswith("/"):
        return f"{around}!{posixpath.normpath(posixpath.join(folder, name))}"
    if objects.is_url(around):
        scheme, _, base = around.partition("://")
        return f"{scheme}://{posixpath.normpath(posixpath.join(base, archive))}{sign}{member}"
    return os.path.abspath(os.path.join(around, archive)) + sign + member


class Looker:
    """Looks at files wherever they are; the archive of the last member stays open."""

    def __init__(self) -> None:
        self._archive: OpenArchive | None = None

    def __enter__(self) -> Looker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def look(self, location: str) -> SourceFile:
        """Size and stamp of a file.

        Raises
        ------
        SourceError
            Where it cannot be had.
        """
        member = split_member(location)
        if member is None or os.path.isfile(location):
            return objects.look(location) if objects.is_url(location) else folders.look(location)
        captured = capture_of(location)
        if captured is not None:
            whole = objects.look(captured[0]) if objects.is_url(captured[0]) else folders.look(captured[0])
            return SourceFile(location, None, f"{whole.size} {whole.stamp}" if whole.stamp else "")
        if self._archive is None or self._archive.location != member[0]:
            self.close()
            self._archive = OpenArchive(member[0])
        found = self._archive.find(member[1])
        if found.refusal:
            raise SourceError(location, "archive", found.refusal)
        return SourceFile(location, found.size, found.stamp)

    def close(self) -> None:
        """Let go of the archive."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None
