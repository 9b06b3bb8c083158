"""What a field is, and a family of fields such as ``evidence.delay_ms``, of which a table cannot list every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from audioqa.flags.subject import About, Subject
from audioqa.flags.words import Kind, Value

EVERYTHING: tuple[About, ...] = get_args(About)


@dataclass(frozen=True)
class Field:
    """One field.

    Parameters
    ----------
    name
        Its name.
    kind
        What it can be.
    meaning
        What it says, one clause.
    read
        Its value, None where it is not known.
    about
        What the rules are about that may name it.
    """

    name: str
    kind: Kind
    meaning: str
    read: Callable[[Subject], Value | None]
    about: tuple[About, ...] = EVERYTHING


@dataclass(frozen=True)
class Family:
    """Fields whose names begin alike.

    Parameters
    ----------
    pattern
        How their names are made: ``events.KIND.count``; the first part tells the family.
    meaning
        What they say, one clause.
    kind
        From the rest of a name, after the first dot, to what it can be.

        Raises SettingsError where there is no such field.
    read
        Its value by that rest, None where it is not known.
    about
        What the rules are about that may name it.
    """

    pattern: str
    meaning: str
    kind: Callable[[str], Kind]
    read: Callable[[Subject, str], Value | None]
    about: tuple[About, ...] = EVERYTHING

    @property
    def prefix(self) -> str:
        """The first part of the names, with its dot."""
        return self.pattern.split(".")[0] + "."

    def field(self, name: str) -> Field:
        """The field of a name that begins with the prefix.

        Raises
        ------
        SettingsError
            Where there is none.
        """
        rest = name.removeprefix(self.prefix)
        return Field(name, self.kind(rest), self.meaning, lambda subject: self.read(subject, rest), self.about)
