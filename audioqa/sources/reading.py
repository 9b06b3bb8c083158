"""Everything that sources name, as calls: one after another, never all of them in memory."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from audioqa.errors import SourceError
from audioqa.sources import folders, objects
from audioqa.sources.calls import CallReader, LeftOut
from audioqa.sources.leg_rows import paired
from audioqa.sources.listing import ARCHIVES, CAPTURES, MANIFESTS, STRANGE_ARCHIVES, Listing, kind_of, split_member
from audioqa.sources.local import local_copy
from audioqa.sources.manifests import calls_in_manifest
from audioqa.sources.options import SourceOptions
from audioqa.sources.packed import calls_in_archive
from audioqa.types import BadItem, Item

_MAGIC = set("*?[")
_LEGS = re.compile(r"\{[^{},]+,[^{},]+\}")  # as in /calls/17_{in,out}.wav (`audioqa.sources.legs.Legs.call`)


def read_sources(
    sources: Sequence[str],
    *,
    options: SourceOptions = SourceOptions(),  # noqa: B008 - frozen
    say: Callable[[str], None] | None = None,
) -> Iterator[Item | BadItem]:
    """The calls that sources name, in a fixed order.

    Parameters
    ----------
    sources
        Folders, files, globs, manifests (``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``), archives (``.zip``, ``.tar``,
        ``.tgz`` ...), captures of packets (``.pcap``, ``.pcapng``, ``.cap``), and URLs of object stores, of any of
        these.
    options
        What is said of them beside.
    say
        Called with a sentence on what was left out or assumed.

    Returns
    -------
    iterator of Item or BadItem
        Each call once: a second file of the same call, as its tenant and call id say it, is a bad item; a file that an
        earlier source named is not named again. Rows that give one file several call ids name several calls.

    Raises
    ------
    SettingsError
        At once, where the client of an object store is missing.
    """
    check_sources(sources)
    return _read(sources, CallReader(options), say or (lambda _: None))


def check_sources(sources: Sequence[str]) -> None:
    """Make sure that sources can be read as far as that can be told without looking for them.

    Raises
    ------
    SettingsError
        Where the client of an object store is missing, or nobody knows its scheme.
    """
    for source in sources:
        if objects.is_url(source):
            objects.file_system(source)


def _read(sources: Sequence[str], calls: CallReader, say: Callable[[str], None]) -> Iterator[Item | BadItem]:
    reader = _Reader(calls, say)
    if reader.calls.takes_utc:
        say("times in file names are taken for UTC, because no time zone is named (--timezone)")
    seen = _Seen(several=len(sources) > 1, rows=any(source.lower().endswith(MANIFESTS) for source in sources))
    for source in sources:
        for found in reader.source(source):
            told = seen.new(found)
            if told is not None:
                yield told
        if again := seen.next_source():
            say(f"{source}: {_files(again)} named already")


@dataclass
class _Reader:
    calls: CallReader
    say: Callable[[str], None]

    def source(self, source: str) -> Iterator[Item | BadItem]:
        """The calls of one source."""
        if source.startswith("file://"):
            source = unquote(urlsplit(source).path)
        try:
            if objects.is_url(source):
                yield from self._of_store(source)
            else:
                yield from self._of_machine(source)
        except SourceError as error:
            yield BadItem(error.location, error.kind, error.cause)

    def _of_machine(self, source: str) -> Iterator[Item | BadItem]:
        path = os.path.abspath(source)
        if os.path.isdir(path):
            yield from self._all(path, folders.listings(path))
        elif os.path.lexists(path) or split_member(path) is not None:
            yield from self._file(path)
        elif _MAGIC & set(source):
            found = sorted(glob.iglob(path, recursive=True))
            yield from self._matches(path, found, os.path.isdir)
        else:
            yield BadItem(path, "missing", "there is no such file or folder")

    def _of_store(self, source: str) -> Iterator[Item | BadItem]:
        if split_member(source) is not None:
            yield from self._file(source)
        elif _MAGIC & set(source):
            yield from self._matches(source, list(objects.matches(source)), objects.is_folder)
        elif source.lower().endswith((*MANIFESTS, *ARCHIVES, *CAPTURES)) or not objects.is_folder(source):
            yield from self._file(source)
        else:
            yield from self._all(source, objects.listings(source))

    def _all(self, place: str, found: Iterator[Listing | BadItem]) -> Iterator[Item | BadItem]:
        """Every call of a walk, and a word on what was left out of it."""
        left_out, count = LeftOut(), 0
        for listing in found:
            if isinstance(listing, BadItem):
                count += 1
                yield listing
                continue
            for call in self.calls.calls(listing, left_out, lambda each: self._packed(each, left_out)):
                count += 1
                yield call
        self._told(left_out, place)
        if not count:
            self.say(f"{place}: there is no recording in it")

    def _matches(self, pattern: str, found: list[str], is_folder: Callable[[str], bool]) -> Iterator[Item | BadItem]:
        """What a glob matches: every file where it names an extension, else what looks like a recording."""
        if not found:
            yield BadItem(pattern, "missing", "nothing matches it")
            return
        suffix = PurePosixPath(pattern).suffix
        every = bool(suffix) and not _MAGIC & set(suffix)
        left_out = LeftOut()
        for location in found:
            kind = kind_of(location, self.calls.options.extensions)
            if not every and kind in ("other", "sidecar") and not is_folder(location):
                left_out.add(location)
            elif objects.is_url(pattern):
                yield from self._of_store(location)
            else:
                yield from self._of_machine(location)
        self._told(left_out, pattern)

    def _file(self, location: str) -> Iterator[Item | BadItem]:
        """One file that was named: a manifest, an archive, a member, or a recording whatever its extension."""
        name = location.lower()
        if split_member(location) is not None and not os.path.isfile(location):
            yield from self._member(location)
        elif name.endswith(MANIFESTS):
            rows = calls_in_manifest(location, self.calls)
            yield from paired(rows, self.calls.options.legs) if self.calls.options.pair else rows
        elif name.endswith((*ARCHIVES, *CAPTURES)):
            left_out = LeftOut()
            yield from self._packed(location, left_out)
            self._told(left_out, location)
        elif name.endswith(STRANGE_ARCHIVES):
            yield BadItem(
                location, "archive", "archives of this kind cannot be read: unpack it, or make it a .tar or .zip"
            )
        else:
            url = objects.is_url(location)
            beside = self._beside(location)
            listing = (
                Listing(location, [location], objects.look, objects.read, objects.exists)
                if url
                else folders.listing_of(location, [location])
            )
            call = self.calls.call(listing, location, beside, within=False)
            if call is not None:
                yield call

    def _packed(self, location: str, left_out: LeftOut) -> Iterator[Item | BadItem]:
        """The calls of an archive or of a capture."""
        if location.lower().endswith(ARCHIVES):
            yield from calls_in_archive(location, self.calls, left_out)
            return
        from audioqa.sources.captured import calls_in_capture

        file = objects.look(location) if objects.is_url(location) else folders.look(location)
        with local_copy(file) as path:
            yield from calls_in_capture(file, path, self.calls)

    def _member(self, location: str) -> Iterator[Item | BadItem]:
        """One member of an archive that was named with it."""
        archive = (split_member(location) or ("", ""))[0]
        for found in self._packed(archive, LeftOut()):
            where = [file.location for file in found.files] if isinstance(found, Item) else [found.location]
            if location in where:
                yield found
                return
        yield BadItem(location, "missing", "the archive has no such member")

    def _beside(self, location: str) -> frozenset[str]:
        """The side-cars of one file that are there."""
        if not self.calls.options.sidecars:
            return frozenset()
        exists = objects.exists if objects.is_url(location) else os.path.isfile
        stem = location.removesuffix(PurePosixPath(location).suffix)
        names = (f"{base}{suffix}" for base in (stem, location) for suffix in (".json", ".xml", ".JSON", ".XML"))
        return frozenset(name for name in names if exists(name))

    def _told(self, left_out: LeftOut, place: str) -> None:
        sentence = left_out.sentence(place)
        if sentence:
            self.say(sentence)


@dataclass
class _Seen:
    """What has been named already, as numbers of eight bytes each.

    A file belongs to one call, unless each of several rows gives it a call id of its own: then it is a call for each.
    """

    several: bool
    rows: bool = False  # one file may be named by several rows
    again: int = 0
    _calls: set[int] = field(default_factory=set)
    _whole: set[int] = field(default_factory=set)  # identity and files
    _files: set[int] = field(default_factory=set)  # of calls that are named by them
    _owned: set[int] = field(default_factory=set)  # of calls with an identity of their own
    _pairs: set[int] = field(default_factory=set)  # of this source: each leg may bring its call

    def next_source(self) -> int:
        """How many calls of the source that ends here were named before."""
        again, self.again = self.again, 0
        self._pairs.clear()
        return again

    def new(self, found: Item | BadItem) -> Item | BadItem | None:
        """The call, a bad item where another has its identity, or None where its files were named before."""
        if isinstance(found, BadItem):
            return found
        locations = [file.location for file in found.files]
        info = found.info
        if self.rows:
            whole = hash((info.tenant, info.call_id, *locations))
            if whole in self._whole:
                self.again += 1
                return None
            self._whole.add(whole)
        if self.several or len(locations) > 1:
            own = _has_own_identity(info.call_id, locations)
            taken = (self._files,) if own and self.rows else (self._files, self._owned)
            if all(any(hash(location) in one for one in taken) for location in locations):
                self.again += hash(locations[0]) not in self._pairs
                return None
            (self._owned if own else self._files).update(map(hash, locations))
            if len(locations) > 1:
                self._pairs.add(hash(locations[0]))
        if info.call_id not in locations or self.rows:
            identity = hash((info.tenant, info.call_id))
            if identity in self._calls:
                of = f" of tenant {info.tenant}" if info.tenant else ""
                message = (
                    f"another file has the call id {info.call_id!r}{of} already: give each call its own, or --pair "
                    "where the two are legs of one call"
                )
                return BadItem(locations[0], "duplicate", message, replace(info, call_id=locations[0]))
            self._calls.add(identity)
        return found


def _has_own_identity(call_id: str, locations: Sequence[str]) -> bool:
    """Whether a call has another name than its files, or than what its two legs have in common."""
    if call_id in locations:
        return False
    start = call_id.find("{", len(os.path.commonprefix((call_id, locations[0]))))  # noqa: RUF071 - of signs, not parts
    return not (start > 0 and locations[0].startswith(call_id[:start]) and _LEGS.match(call_id, start))


def _files(count: int) -> str:
    return "1 call was" if count == 1 else f"{count} calls were"
