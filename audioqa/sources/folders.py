"""Folders and files of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from audioqa.errors import SourceError
from audioqa.sources.listing import Listing
from audioqa.types import BadItem, SourceFile


def look(location: str) -> SourceFile:
    """Size and stamp of a file.

    Raises
    ------
    SourceError
        Where it is no regular file, is not there, or may not be looked at.
    """
    try:
        status = os.stat(location)
    except (OSError, ValueError) as refusal:
        raise refused(location, refusal) from None
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(location, "unreadable", "it is a directory: name the recordings in it")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(location, "unreadable", "it is a pipe or a device: save the recording to a file first")
    return SourceFile(location, status.st_size, str(status.st_mtime_ns))


def refused(location: str, refusal: OSError | ValueError) -> SourceError:
    """The error for what the system says of a file."""
    if isinstance(refusal, FileNotFoundError | NotADirectoryError):
        return SourceError(location, "missing", "there is no such file")
    if isinstance(refusal, PermissionError):
        return SourceError(location, "permission", "this user may not read it")
    return SourceError(location, "access", f"cannot be opened: {getattr(refusal, 'strerror', None) or refusal}")


def read(location: str) -> bytes:
    """The bytes of a small file.

    Raises
    ------
    SourceError
        Where it cannot be read.
    """
    try:
        return Path(location).read_bytes()
    except (OSError, ValueError) as refusal:
        raise refused(location, refusal) from None


def listing_of(place: str, locations: list[str]) -> Listing:
    """Files of this machine as a listing."""
    return Listing(place, locations, look, read, os.path.isfile)


def listings(folder: str) -> Iterator[Listing | BadItem]:
    """Every folder in and below `folder`, names in order, files before the folders below.

    A link to a folder is followed where it leads out of `folder`; within, its files stand in the walk already.

    Parameters
    ----------
    folder
        An absolute path.

    Yields
    ------
    Listing or BadItem
        A folder that cannot be read is one bad item.
    """
    root = os.path.realpath(folder)
    yield from _walk(folder, root, frozenset({root}))


def _walk(folder: str, root: str, above: frozenset[str]) -> Iterator[Listing | BadItem]:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _is_folder(entry):
                    files.append(entry.name)
                elif not entry.is_symlink() or not _within(os.path.realpath(entry.path), root):
                    folders.append(entry.name)
    except OSError as refusal:
        error = refused(folder, refusal)
        yield BadItem(folder, error.kind, "the folder cannot be read, nor what lies in it: " + error.cause)
        return
    base = folder.rstrip("/")
    yield listing_of(folder, [f"{base}/{name}" for name in sorted(files)])
    del files
    for name in sorted(folders):
        below = f"{base}/{name}"
        real = os.path.realpath(below)
        if real not in above:
            yield from _walk(below, root, above | {real})


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root.rstrip('/')}/")
