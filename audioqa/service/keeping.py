"""Where recordings lie: a folder each below the service's own, or an object store.

What a sender calls a file becomes at most the last part of its path, without anything in it that has a meaning to a
file system. A recording on its way in lies in ``incoming`` and is moved as a whole once it is complete and on the disk.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from audioqa.sources import objects
from audioqa.types import SourceFile

_log = logging.getLogger("audioqa.service")

_LONGEST = 120
"""Bytes of a file's name: file systems take 255."""

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Keeping:
    """Keeps recordings.

    Parameters
    ----------
    folder
        The service's own.
    url
        URL of an object store, ``s3://bucket/prefix``; None keeps recordings in `folder`.
    """

    folder: Path
    url: str | None = None

    @property
    def incoming(self) -> Path:
        """Where uploads under way lie."""
        return self.folder / "incoming"

    @property
    def audio(self) -> Path:
        """Where recordings lie that are kept in the folder."""
        return self.folder / "audio"

    def prepare(self) -> None:
        """Make the folders; only this user may look into them."""
        for place in (self.incoming, self.audio):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    def spool(self, name: str) -> Path:
        """A new folder for an upload of that name."""
        place = self.incoming / name
        place.mkdir(mode=0o700)
        return place

    def take_in(self, spooled: Path, names: Sequence[str]) -> list[SourceFile]:
        """Move a complete upload to where recordings are kept; it is on the disk when this returns.

        Parameters
        ----------
        spooled
            Its folder.
        names
            Its files in it.

        Raises
        ------
        OSError
            Where it cannot be moved.
        SourceError
            Where the object store does not take it.
        """
        for name in names:
            _flush(spooled / name)
        if self.url is not None:
            found = []
            for name in names:
                url = f"{self.url.rstrip('/')}/{spooled.name}/{_plain(name)}"
                objects.write(url, spooled / name)
                found.append(objects.look(url))
            shutil.rmtree(spooled)
            return found
        _flush(spooled)
        place = self.audio / spooled.name
        spooled.rename(place)
        _flush(self.audio)
        return [_local(place / name) for name in names]

    def is_ours(self, location: str) -> bool:
        """Whether a file is one that the service keeps, and may remove."""
        return self._name_of(location) is not None

    def shown(self, location: str) -> str:
        """What people see of a file's place: of the service's own the name alone, of all others where they are."""
        return " + ".join(PurePosixPath(part).name if self.is_ours(part) else part for part in location.split(" + "))

    def remove(self, location: str) -> None:
        """Remove a file that the service keeps; one that is gone already is no error.

        Raises
        ------
        OSError
            Where it is there and cannot be removed.
        SourceError
            Where the object store does not remove it.
        """
        name = self._name_of(location)
        if name is None:
            raise ValueError(f"{location} is not the service's to remove")
        if self.url is not None and location.startswith(f"{self.url.rstrip('/')}/"):
            objects.remove(location)
        elif (place := self.audio / name).exists():
            shutil.rmtree(place)

    def sweep(self, known: Callable[[Sequence[str]], set[str]], *, older: float = 3600.0) -> int:
        """Remove uploads that broke off and recordings that nobody was told were accepted; how many they were.

        Parameters
        ----------
        known
            Those of some names that are names of jobs.
        older
            Seconds: younger ones may be under way.
        """
        limit = time.time() - older
        left = [place for place in self.incoming.iterdir() if place.stat().st_mtime < limit]
        kept = [place for place in self.audio.iterdir() if place.stat().st_mtime < limit]
        for start in range(0, len(kept), 500):
            chunk = kept[start : start + 500]
            names = known([place.name for place in chunk])
            left += [place for place in chunk if place.name not in names]
        for place in left:
            _log.warning("removing %s: an upload that was not completed", place.name)
            shutil.rmtree(place, ignore_errors=True)
        return len(left)

    def _name_of(self, location: str) -> str | None:
        """The name of the upload that a file belongs to; None where it is not the service's."""
        for root in (str(self.audio.absolute()), self.url.rstrip("/") if self.url else None):
            if root is not None and location.startswith(f"{root}/"):
                name, _, rest = location[len(root) + 1 :].partition("/")
                if _NAME.fullmatch(name) and rest and "/" not in rest:
                    return name
        return None


def safe_name(given: str) -> str:
    """The name of a file as it is kept: nothing of a path, nothing unprintable, not too long; its extension stays.

    >>> safe_name("../../etc/pass\\0wd")
    'passwd'
    >>> safe_name("C:\\\\calls\\\\one.wav")
    'one.wav'
    >>> safe_name("..")
    'recording'
    """
    last = given.replace("\\", "/").rpartition("/")[2]
    printable = "".join(sign for sign in last if sign.isprintable()).strip().lstrip(".")
    stem, dot, extension = printable.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = printable, ""
    ending = f".{extension}" if extension else ""
    room = _LONGEST - len(ending.encode("utf-8", "replace"))
    short = stem.encode("utf-8", "replace")[: max(room, 1)].decode("utf-8", "ignore")
    return f"{short}{ending}" if short else "recording" + ending


def _plain(name: str) -> str:
    """A name without any sign that means something in a URL."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _local(path: Path) -> SourceFile:
    status = path.stat()
    return SourceFile(str(path.absolute()), status.st_size, str(status.st_mtime_ns))


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
