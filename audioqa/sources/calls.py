"""From the files of one place to calls: what is a recording, what belongs to it, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from audioqa.errors import SettingsError, SourceError
from audioqa.sources.columns import Known
from audioqa.sources.items import make_item
from audioqa.sources.legs import Legs, legs_of
from audioqa.sources.listing import Listing, kind_of, name_of
from audioqa.sources.naming import Looker, absolute
from audioqa.sources.options import SourceOptions
from audioqa.sources.patterns import NamePattern
from audioqa.sources.sidecars import sidecar, sidecar_of
from audioqa.types import BadItem, CallInfo, Item, SourceFile


@dataclass
class LeftOut:
    """Files that are no recordings by their names, counted by extension."""

    extensions: Counter[str] = field(default_factory=Counter)

    def add(self, location: str) -> None:
        """Count one."""
        self.extensions[PurePosixPath(name_of(location)).suffix.lower() or "no extension"] += 1

    def sentence(self, place: str) -> str:
        """What was left out of a place, empty where nothing was."""
        count = self.extensions.total()
        if not count:
            return ""
        kinds = ", ".join(f"{number} {extension}" for extension, number in self.extensions.most_common(5))
        more = ", ..." if len(self.extensions) > 5 else ""
        if count == 1:
            return f"{place}: 1 file is no recording by its name and was left out ({kinds})"
        return f"{place}: {count} files are no recordings by their names and were left out ({kinds}{more})"


@dataclass
class CallReader:
    """Makes calls of files, by one set of options.

    Parameters
    ----------
    options
        How the sources are read.
    """

    options: SourceOptions
    _pattern: NamePattern | None = field(init=False)
    takes_utc: bool = field(init=False)
    """Whether times in file names are taken for UTC, because nothing at all says their time zone."""

    def __post_init__(self) -> None:
        self._pattern = NamePattern(self.options.pattern) if self.options.pattern else None
        naive = self._pattern is not None and self._pattern.has_naive_time
        self.takes_utc = naive and not self.options.names_a_time_zone

    def calls(
        self,
        listing: Listing,
        left_out: LeftOut,
        archive: Callable[[str], Iterator[Item | BadItem]] | None,
        *,
        take_all: bool = False,
    ) -> Iterator[Item | BadItem]:
        """The calls of one place.

        Parameters
        ----------
        listing
            The place.
        left_out
            Counts what is no recording.
        archive
            Reads an archive or a capture that lies in the place; None counts it among what is left out.
        take_all
            Every file is a recording, whatever its name.
        """
        wanted = self.options.sidecars
        sidecars = frozenset(each for each in listing.locations if wanted and kind_of(each) == "sidecar")
        used: set[str] = set()
        for location in listing.locations:
            kind = "recording" if take_all else kind_of(location, self.options.extensions)
            if kind in ("archive", "capture") and archive is not None:
                yield from archive(location)
            elif kind == "recording":
                beside = sidecar_of(location, sidecars)
                if beside is not None:
                    used.add(beside)
                found = self.call(listing, location, sidecars)
                if found is not None:
                    yield found
            elif location not in sidecars:
                left_out.add(location)
        for location in sidecars - used:
            left_out.add(location)

    def call(
        self, listing: Listing, location: str, sidecars: frozenset[str], *, within: bool = True
    ) -> Item | BadItem | None:
        """The call of one file, or None where it comes with its other leg.

        Parameters
        ----------
        listing, location
            The place and the file.
        sidecars
            The locations in the place that end like side-cars.
        within
            Every file of a folder is in the listing, so that the first leg of a call brings the second.
        """
        if not _has_text(location):
            shown = location.encode("utf-8", "backslashreplace").decode()
            return BadItem(
                shown, "unreadable", "its name is not in UTF-8, so that nothing can be recorded of it: rename it"
            )
        try:
            legs = self._legs(listing, location)
            if legs is not None and within and location != legs.files[0] and _place(location) == _place(legs.files[0]):
                return None
            files = legs.files if legs is not None else (location,)
            call_id = legs.call if legs is not None else location
            known = Known()
            for each in reversed(files):
                known = self._known(listing, each, sidecars).over(known)
            looked = tuple(listing.look(each) for each in files)
            reference = self._reference(known, location)
        except SourceError as error:
            return BadItem(error.location, error.kind, error.cause, CallInfo(call_id=location))
        except _Unfit as error:
            return BadItem(location, error.kind, str(error), CallInfo(call_id=location))
        return make_item(looked, known, self.options, call_id=call_id, reference=reference, legs=legs)

    def named(self, location: str) -> Known:
        """What the pattern says of a location, nothing without a pattern.

        Raises
        ------
        ValueError
            Where it does not fit the pattern.
        """
        if self._pattern is None:
            return Known()
        known = self._pattern.match(location)
        if known is None:
            raise ValueError(f"its name does not fit the pattern {self._pattern.text}")
        return Known({"timezone": "UTC"}).over(known) if self.takes_utc else known

    @staticmethod
    def _reference(known: Known, location: str) -> SourceFile | None:
        if "reference" not in known.fields:
            return None
        try:
            with Looker() as files:
                return files.look(absolute(known.fields["reference"], _place(location)))
        except SourceError as error:
            raise _Unfit(error.kind, f"its reference {error}") from None
        except SettingsError as error:
            raise _Unfit("settings", f"its reference {error}") from None

    def _legs(self, listing: Listing, location: str) -> Legs | None:
        if not self.options.pair:
            return None
        return legs_of(location, listing.exists, pattern=self._pattern, words=self.options.legs)

    def _known(self, listing: Listing, location: str, sidecars: frozenset[str]) -> Known:
        try:
            known = self.named(location)
        except ValueError as error:
            raise _Unfit("pattern", str(error)) from None
        if not self.options.sidecars:
            return known
        try:
            return sidecar(listing, location, sidecars).over(known)
        except ValueError as error:
            raise _Unfit("manifest", str(error)) from None


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    """What is said of a file cannot be used."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _place(location: str) -> str:
    """The folder in which a file lies, also one in an archive."""
    end = max(location.rfind("/"), location.rfind("!"))
    return location[: end + (location[end] == "!")]


def _has_text(location: str) -> bool:
    try:
        location.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
