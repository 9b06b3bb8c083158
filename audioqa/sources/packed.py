"""The calls in an archive."""

from __future__ import annotations

from collections.abc import Iterator

from audioqa.errors import SourceError
from audioqa.sources.archives import OpenArchive
from audioqa.sources.calls import CallReader, LeftOut
from audioqa.sources.listing import Listing, kind_of
from audioqa.sources.sidecars import MOST_BYTES
from audioqa.types import BadItem, Item, SourceFile

MOST_SIDECARS = 256 * 2**20
"""Bytes of side-cars that one archive may hold; they are kept while its calls are planned."""


def calls_in_archive(location: str, reader: CallReader, left_out: LeftOut) -> Iterator[Item | BadItem]:
    """The calls in an archive, in its order, which is the order in which it is quickly read.

    Parameters
    ----------
    location
        Path or URL of the archive.
    reader
        Makes calls of files.
    left_out
        Counts what is no recording; archives in archives are among it.

    Yields
    ------
    Item or BadItem
        Where the archive is damaged, what came before, and then one bad item for the rest.
    """
    files: dict[str, SourceFile] = {}
    texts: dict[str, bytes] = {}
    bad: list[BadItem] = []
    held = 0
    try:
        with OpenArchive(location) as archive:
            for member in archive.members():
                where = f"{location}!{member.name}"
                kind = kind_of(where, reader.options.extensions)
                if where in files:
                    bad.append(BadItem(where, "duplicate", "the archive has this name twice: only the first was read"))
                elif member.refusal and kind == "recording":
                    bad.append(BadItem(where, "archive", member.refusal))
                else:
                    files[where] = SourceFile(where, member.size, member.stamp)
                    wanted = kind == "sidecar" and reader.options.sidecars and member.size <= MOST_BYTES
                    if wanted and held < MOST_SIDECARS:
                        texts[where] = b"".join(archive.chunks(member.name))
                        held += len(texts[where])
    except SourceError as error:
        bad.append(BadItem(error.location, error.kind, f"{error.cause}; what lies behind was not read"))

    def read(where: str) -> bytes:
        if where not in texts:
            raise SourceError(where, "archive", "the side-car is too large, or there are too many in this archive")
        return texts[where]

    listing = Listing(location, list(files), files.__getitem__, read, files.__contains__)
    yield from reader.calls(listing, left_out, None)
    yield from bad
