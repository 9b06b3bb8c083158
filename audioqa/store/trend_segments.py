"""One column of some calls as bytes, and back: what a row of `trend_segments` holds.

============================  ==================================================================================
name                          codes
============================  ==================================================================================
``.minute``                   uint16: minutes since the segment's start; the calls stand in the order of time
``.mos``                      uint16: the MOS in ten-thousandths, 0 where there is none
``.basis``                    words: scale and estimator, a line each
``.flagged``                  uint32: places of the calls that a person should review
``event.KIND``                uint32: places of the calls with such an event
``version``, ``agent`` ...    words
``tag.NAME``                  words
``network.NAME``              words: numbers as text
============================  ==================================================================================

Words are places in the segment's own list of words, counted from 1, 0 where none is known: uint8, uint16 or uint32 by
their number. The list stands in the segment and goes with it. A column of which nothing is known has no segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MINUTE, MOS, BASIS, FLAGGED = ".minute", ".mos", ".basis", ".flagged"
EVENT, TAG, NETWORK = "event.", "tag.", "network."

FINENESS = 10_000
"""Parts of a MOS: reports have four decimals."""

_NUL = b"\0"
"""Between words: no database takes it in a word."""


@dataclass(frozen=True)
class Cell:
    """One column of one segment.

    Parameters
    ----------
    codes
        As the table above has them.
    words
        The list of words; None where codes are figures.
    """

    codes: bytes
    words: bytes | None = None


def numbers_cell(values: npt.NDArray[Any]) -> Cell:
    """A column of figures, of the type that its name has."""
    return Cell(values.tobytes())


def words_cell(values: Iterable[str | None]) -> Cell | None:
    """A column of words; None where none is known.

    >>> cell = words_cell(["b", None, "a", "b"])
    >>> cell.words, list(cell.codes)
    (b'b\\x00a', [1, 0, 2, 1])
    """
    places: dict[str, int] = {}
    codes = [0 if value is None else places.setdefault(value, len(places) + 1) for value in values]
    if not places:
        return None
    kind = np.uint8 if len(places) < 2**8 else np.uint16 if len(places) < 2**16 else np.uint32
    return Cell(np.array(codes, kind).tobytes(), _NUL.join(word.encode("utf-8", "replace") for word in places))


def read_codes(codes: bytes, calls: int) -> npt.NDArray[Any]:
    """The codes of a column of words."""
    return np.frombuffer(codes, {1: np.uint8, 2: np.uint16, 4: np.uint32}[len(codes) // calls])


def read_words(words: bytes) -> list[str]:
    """The list of words of a column."""
    return words.decode("utf-8").split("\0")


def basis_word(scale: str | None, estimator: str) -> str:
    """Scale and estimator as one word."""
    return f"{scale or ''}\n{estimator}"
