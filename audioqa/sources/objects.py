"""Object stores, through fsspec: ``s3://bucket/key``, ``gs://...``, ``az://...`` and what else has a file system there.

Addresses and keys come from where each store's own client looks for them (``AWS_ENDPOINT_URL``,
``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS``, ``AZURE_STORAGE_CONNECTION_STRING``, profiles, roles of the
machine), so that workers on other machines find them in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from audioqa.errors import SettingsError, SourceError
from audioqa.sources.listing import Listing
from audioqa.types import BadItem, SourceFile

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "adl": "az"}
"""The extra of audioqa that brings the client for each scheme."""

_STAMPS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "updated", "mtime", "created")
_CLIENTS = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("azure.core.exceptions", "AzureError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("gcsfs.retry", "HttpError"),
)


def is_url(source: str) -> bool:
    """Whether a source is named by a URL, other than one of a local file."""
    scheme, sign, _ = source.partition("://")
    return bool(sign) and scheme.replace("+", "").isalnum() and scheme.lower() != "file"


def file_system(url: str) -> Any:
    """The file system that holds a URL.

    Raises
    ------
    SettingsError
        Where the scheme is unknown or its client is not installed.
    """
    import fsspec

    scheme = url.partition("://")[0]
    try:
        system, _ = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = EXTRAS.get(scheme)
        need = f"install it with pip install 'audioqa[{extra}]'" if extra else str(error)
        raise SettingsError(f"{url}: the client for {scheme}:// is not installed: {need}") from None
    except ValueError as error:
        known = "s3://, gs:// and az://"
        raise SettingsError(f"{url}: {scheme}:// cannot be read ({error}); there are {known}") from None
    return system


def look(url: str) -> SourceFile:
    """Size and stamp of an object.

    Raises
    ------
    SourceError
        Where it is not there or cannot be reached.
    """
    try:
        entry = file_system(url).info(url)
    except access_errors() as refusal:
        raise refused(url, refusal) from None
    if entry.get("type") == "directory":
        raise SourceError(url, "missing", "there is no such object, only others below it")
    return _file(url, entry)


def read(url: str) -> bytes:
    """The bytes of a small object.

    Raises
    ------
    SourceError
        Where it cannot be read.
    """
    try:
        return cast("bytes", file_system(url).cat_file(url))
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def open_object(url: str) -> BinaryIO:
    """An object as a file that can be read and sought.

    Raises
    ------
    SourceError
        Where it cannot be opened.
    """
    try:
        return cast("BinaryIO", file_system(url).open(url, "rb"))
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def write(url: str, path: Path) -> None:
    """Put a file of this machine into the store; an object of that name is replaced.

    Raises
    ------
    SourceError
        Where the store does not take it.
    """
    try:
        file_system(url).put_file(str(path), url)
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def remove(url: str) -> None:
    """Remove an object; one that is not there is no error.

    Raises
    ------
    SourceError
        Where the store does not remove it.
    """
    try:
        system = file_system(url)
        if system.exists(url):
            system.rm_file(url)
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def exists(url: str) -> bool:
    """Whether there is an object of that name.

    Raises
    ------
    SourceError
        Where the store gives no answer.
    """
    try:
        return bool(file_system(url).isfile(url))
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def is_folder(url: str) -> bool:
    """Whether there are objects below a URL, and none of just that name.

    Raises
    ------
    SourceError
        Where there is nothing, or the store gives no answer.
    """
    try:
        system = file_system(url)
        if url.endswith("/") or "/" not in url.partition("://")[2]:
            return True
        return bool(system.info(url).get("type") == "directory")
    except access_errors() as refusal:
        raise refused(url, refusal) from None


def matches(pattern: str) -> Iterator[str]:
    """The URLs of the objects that a glob matches, in order.

    Raises
    ------
    SourceError
        Where the store gives no answer.
    """
    try:
        found = file_system(pattern).glob(pattern)
    except access_errors() as refusal:
        raise refused(pattern, refusal) from None
    scheme = pattern.partition("://")[0]
    yield from (f"{scheme}://{name}" for name in sorted(found))


def listings(url: str) -> Iterator[Listing | BadItem]:
    """Every prefix at and below `url`, names in order, objects before the prefixes below.

    Yields
    ------
    Listing or BadItem
        A prefix that cannot be listed is one bad item.
    """
    place = url.rstrip("/")
    scheme = url.partition("://")[0]
    try:
        entries = file_system(url).ls(place, detail=True)
    except access_errors() as refusal:
        error = refused(place, refusal)
        yield BadItem(place, error.kind, f"it cannot be listed: {error.cause}")
        return
    files: dict[str, SourceFile] = {}
    below: list[str] = []
    for entry in entries:
        location = f"{scheme}://{entry['name'].rstrip('/')}"
        if location == place or entry["name"].endswith("/"):
            if entry["type"] == "directory" and location != place:
                below.append(location)
        elif entry["type"] == "directory":
            below.append(location)
        else:
            files[location] = _file(location, entry)
    del entries
    yield Listing(place, sorted(files), files.__getitem__, read, lambda each: each in files or exists(each))
    for location in sorted(below):
        yield from listings(location)


def access_errors() -> tuple[type[BaseException], ...]:
    """What the clients in use raise when a store gives no answer or refuses."""
    found: list[type[BaseException]] = [OSError, ValueError]
    for module, name in _CLIENTS:
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def refused(url: str, refusal: BaseException) -> SourceError:
    """The error for what a client says of an object."""
    if isinstance(refusal, FileNotFoundError):
        return SourceError(url, "missing", "there is no such object")
    if isinstance(refusal, PermissionError):
        return SourceError(url, "permission", "the store refuses to give it to these credentials")
    said = " ".join(str(refusal).split()) or type(refusal).__name__
    return SourceError(url, "access", f"the store did not give it: {said}")


def _file(url: str, entry: dict[str, Any]) -> SourceFile:
    size = entry.get("size")
    stamp = next((str(entry[name]) for name in _STAMPS if entry.get(name)), "")
    return SourceFile(url, int(size) if size is not None else None, stamp.strip('"'))
