"""A file of any source as a file of this machine, for as long as it is needed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType

from audioqa.errors import SettingsError, SourceError
from audioqa.perceptual.emodel import JitterBuffer
from audioqa.sources import folders, objects
from audioqa.sources.archives import OpenArchive
from audioqa.sources.captured import OpenCapture
from audioqa.sources.listing import capture_of, name_of, split_member
from audioqa.types import SourceFile

MOST_BYTES = 16 * 2**30
"""Larger files are refused: 16 GiB are 24 hours of two channels at 48 kHz and 16 bits."""

_NAME = "audioqa-"
_LOCK = "in-use"
_CHUNK = 2**20
_PLAIN = re.compile(r"\.[\w-]{1,20}", re.ASCII)
_YOUNG = 60.0  # seconds in which a folder may not have its lock yet


class LocalCopies:
    """Makes local copies; a worker keeps one for all its files, and closes it at its end.

    The archive or capture of the last member stays open, so that members in their order are read in one pass. Copies
    lie in a folder of this process's own, below `folder`; what killed processes left there is removed when one is made.

    Parameters
    ----------
    folder
        For temporary files; None for the system's (``TMPDIR``).
    most_bytes
        Largest file that is copied.
    buffer
        The jitter buffer that calls of captures are heard behind; None for none.

    Raises
    ------
    SettingsError
        Where there is no such folder, or nothing can be written there.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        most_bytes: int = MOST_BYTES,
        buffer: JitterBuffer | None = JitterBuffer(),  # noqa: B008 - frozen
    ) -> None:
        self._parent = Path(folder) if folder is not None else Path(tempfile.gettempdir())
        self._most_bytes = most_bytes
        self._folder: Path | None = None
        self._lock: int | None = None
        self._archive: OpenArchive | None = None
        self._archived: SourceFile | None = None
        self._buffer = buffer
        self._capture: tuple[SourceFile, OpenCapture] | None = None
        if not self._parent.is_dir() or not os.access(self._parent, os.W_OK):
            raise SettingsError(f"{self._parent}: temporary files cannot be written there: name a folder that can be")
        _remove_leftovers(self._parent)

    def __enter__(self) -> LocalCopies:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what is left, and let go of the archive."""
        self._forget()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def copy(self, file: SourceFile) -> Iterator[Path]:
        """A path by which a file can be read.

        Parameters
        ----------
        file
            Of any source.

        Yields
        ------
        Path
            The file itself where it is one of this machine, else a copy that is removed afterwards. A copy has the
            file's extension.

        Raises
        ------
        SourceError
            Where it cannot be had, is larger than `most_bytes`, or there is no room for it.
        """
        member = split_member(file.location)
        captured = capture_of(file.location)
        if captured is not None and not os.path.isfile(file.location):
            with self._captured(captured[0]).sound(captured[1]) as path:
                yield path
        elif member is not None and not os.path.isfile(file.location):
            archive, name = member
            opened = self._opened(archive)
            with self._written(file.location, opened.find(name).size, opened.chunks(name)) as path:
                yield path
        elif objects.is_url(file.location):
            size = file.size if file.size is not None else objects.look(file.location).size
            with self._written(file.location, size, _object_chunks(file.location)) as path:
                yield path
        else:
            found_size = folders.look(file.location).size or 0
            if not os.access(file.location, os.R_OK):
                raise SourceError(file.location, "permission", "this user may not read it")
            self._hold_against(file.location, found_size)
            yield Path(file.location)

    def _opened(self, location: str) -> OpenArchive:
        """The archive, opened anew where it is another one or has been written anew."""
        now = SourceFile(location) if objects.is_url(location) else folders.look(location)
        if self._archive is None or self._archived != now:
            self._forget()
            self._archive = OpenArchive(location)
            self._archived = now
        return self._archive

    def _captured(self, location: str) -> OpenCapture:
        """The capture, read anew where it is another one or has been written anew."""
        now = objects.look(location) if objects.is_url(location) else folders.look(location)
        if self._capture is None or self._capture[0] != now:
            self._capture = None  # two large ones are never held at once
            with self.copy(now) as path:
                self._capture = now, OpenCapture(path, location, self._buffer)
        return self._capture[1]

    def _forget(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def _hold_against(self, location: str, size: int) -> None:
        if size > self._most_bytes:
            raise SourceError(
                location, "too-large", f"it has {size} bytes, more than the {self._most_bytes} that were allowed"
            )

    @contextmanager
    def _written(self, location: str, size: int | None, chunks: Iterable[bytes]) -> Iterator[Path]:
        self._hold_against(location, size or 0)
        folder = self._own_folder()
        path: Path | None = None
        try:
            try:
                free = shutil.disk_usage(folder).free
                if size is not None and size > free:
                    raise SourceError(location, "disk-full", _no_room(folder, size, free))
                suffix = PurePosixPath(name_of(location)).suffix
                descriptor, name = tempfile.mkstemp(suffix if _PLAIN.fullmatch(suffix) else "", dir=folder)
                path = Path(name)
                with os.fdopen(descriptor, "wb") as stream:
                    done = 0
                    for chunk in chunks:
                        done += len(chunk)
                        self._hold_against(location, done)
                        stream.write(chunk)
            except OSError as refusal:
                if refusal.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise SourceError(location, "disk-full", _no_room(folder, size, 0)) from None
                raise SourceError(location, "access", f"its copy in {folder} failed: {refusal.strerror}") from None
            yield path
        finally:
            if path is not None:
                path.unlink(missing_ok=True)

    def _own_folder(self) -> Path:
        if self._folder is None:
            try:
                self._folder = Path(tempfile.mkdtemp(prefix=_NAME, dir=self._parent))
                self._lock = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            except OSError as refusal:
                kind = "disk-full" if refusal.errno in (errno.ENOSPC, errno.EDQUOT) else "access"
                raise SourceError(
                    str(self._parent), kind, f"no temporary folder can be made there: {refusal.strerror}"
                ) from None
        return self._folder


def local_copy(file: SourceFile) -> AbstractContextManager[Path]:
    """A path by which one file can be read; for many, make a `LocalCopies` once.

    Parameters
    ----------
    file
        Of any source.

    Raises
    ------
    SourceError
        As `LocalCopies.copy`.
    """
    return _one_copy(file)


@contextmanager
def _one_copy(file: SourceFile) -> Iterator[Path]:
    with LocalCopies() as copies, copies.copy(file) as path:
        yield path


def _object_chunks(url: str) -> Iterator[bytes]:
    with objects.open_object(url) as stream:
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except objects.access_errors() as refusal:
                raise objects.refused(url, refusal) from None
            if not chunk:
                return
            yield chunk


def _no_room(folder: Path, size: int | None, free: int) -> str:
    need = f"{size} bytes are needed" if size else "its copy does not fit"
    left = f" and {free} are free" if size and free else ""
    return f"there is no room for it in {folder}: {need}{left}; make room, or set TMPDIR to a folder that has some"


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of processes that are no more: nobody holds their locks."""
    for folder in parent.glob(f"{_NAME}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG:
                continue
            descriptor = os.open(folder / _LOCK, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
