"""What is made of a recording for people to see and hear, kept until its call is deleted.

It can be made again at any time, so that each server keeps its own. A call's folder is named by its number and its
sound: a number that is used again after a deletion leads to nothing old.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audioqa.store import Store
from audioqa.store.calls_told import existing_numbers
from audioqa.store.database import snapshot

_FOLDER = re.compile(r"(\d+)-[0-9a-f]{16}")


@dataclass(frozen=True)
class Derived:
    """Keeps what is derived from recordings.

    Parameters
    ----------
    store
        Where the calls are.
    folder
        Where it is kept.
    """

    store: Store
    folder: Path

    def path(self, number: int, sha256: str, name: str, make: Callable[[Path], None]) -> Path:
        """A file that is derived from a call; it is made where it is not there.

        Parameters
        ----------
        number
            Of the call.
        sha256
            Of its recording.
        name
            Of the file: what it is, and of which version.
        make
            Writes it to a path.
        """
        place = self.folder / f"{number}-{sha256[:16]}" / name
        if place.exists():
            return place
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, written = tempfile.mkstemp(dir=place.parent)
        os.close(descriptor)
        try:
            make(Path(written))
            Path(written).replace(place)  # another request may have been quicker: both made the same
        finally:
            Path(written).unlink(missing_ok=True)
        return place

    def sweep(self) -> int:
        """Remove what belongs to calls that are no more; how many they were."""
        if not self.folder.is_dir():
            return 0
        places = {place: int(match[1]) for place in self.folder.iterdir() if (match := _FOLDER.fullmatch(place.name))}
        numbers = sorted(set(places.values()))
        left: set[int] = set()
        for start in range(0, len(numbers), 500):
            with snapshot(self.store.engine) as connection:
                left |= existing_numbers(connection, numbers[start : start + 500])
        gone = [place for place, number in places.items() if number not in left]
        for place in gone:
            shutil.rmtree(place, ignore_errors=True)
        return len(gone)
