"""Two files that are the legs of one call: told by a word in their names, at the end or where a pattern says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from audioqa.sources.patterns import NamePattern

PAIRS = (
    ("agent", "customer"),
    ("agent", "client"),
    ("agent", "caller"),
    ("caller", "callee"),
    ("in", "out"),
    ("rx", "tx"),
    ("incoming", "outgoing"),
    ("local", "remote"),
    ("near", "far"),
    ("left", "right"),
    ("l", "r"),
    ("a", "b"),
    ("0", "1"),
    ("1", "2"),
)
"""Words that tell the legs of a call apart, in the order of its channels; of several that fit, the first."""

ROLES = frozenset({"agent", "customer", "client", "caller", "callee"})
"""Words that say who a leg is, and not only where it was recorded."""


@dataclass(frozen=True)
class Legs:
    """The two files of one call, or the one that is there.

    Parameters
    ----------
    files
        Locations, in the order of the call's channels.
    words
        The word of each of them, in lower case.
    missing
        The word of the one that is not there, empty where both are.
    call
        A name for the call, the same whichever of its legs are there: ``/calls/17_{in,out}.wav``.
    place
        Of the first of `files` among the legs, 0 or 1.
    """

    files: tuple[str, ...]
    words: tuple[str, ...]
    missing: str
    call: str
    place: int = 0


def legs_of(
    location: str, exists: Callable[[str], bool], *, pattern: NamePattern | None, words: tuple[str, str] | None
) -> Legs | None:
    """What call a file is a leg of, or None where its name does not say that it is one.

    Parameters
    ----------
    location
        Of the file.
    exists
        Whether there is a file of some location.
    pattern
        The pattern in force: where it has ``{leg}``, the word stands there, else at the end of the name behind one of
        ``_``, ``-`` and ``.``.
    words
        The two words, None for `PAIRS`.
    """
    pairs = PAIRS if words is None else (words,)
    found = _choice(location, exists, pattern, pairs)
    if found is None or len(found.files) == 1:
        return found
    other = found.files[1 - found.files.index(location)]
    back = _choice(other, exists, pattern, pairs)
    if back is None or back.files != found.files:
        # Of three numbered files in a row, the first two belong together.
        place = found.files.index(location)
        return Legs((location,), (found.words[place],), found.words[1 - place], found.call, place)
    return found


def _choice(
    location: str, exists: Callable[[str], bool], pattern: NamePattern | None, pairs: tuple[tuple[str, str], ...]
) -> Legs | None:
    span = _span(location, pattern, pairs)
    if span is None:
        return None
    start, end = span
    word = location[start:end]
    alone = None
    for pair in pairs:
        for place in (0, 1):
            if word.lower() != pair[place].lower():
                continue
            other = _as_written(pair[1 - place], word)
            twin = f"{location[:start]}{other}{location[end:]}"
            call = f"{location[:start]}{{{pair[0]},{pair[1]}}}{location[end:]}"
            if exists(twin):
                files = (location, twin) if place == 0 else (twin, location)
                return Legs(files, pair, "", call)
            alone = alone or Legs((location,), (pair[place],), pair[1 - place], call, place)
    return alone


def _span(location: str, pattern: NamePattern | None, pairs: tuple[tuple[str, str], ...]) -> tuple[int, int] | None:
    if pattern is not None and pattern.has_leg:
        return pattern.leg(location)
    stem = location.removesuffix(PurePosixPath(location).suffix)
    words = sorted({re.escape(word) for pair in pairs for word in pair}, key=len, reverse=True)
    found = re.search(rf"(?<=[^/!][_.-])({'|'.join(words)})$", stem, re.IGNORECASE)
    return found.span() if found else None


def _as_written(word: str, like: str) -> str:
    """Return a word in the case of its fellow."""
    if like.isupper():
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word
