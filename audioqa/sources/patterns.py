"""File names that say what is known of a call: ``{call_id}_{agent}_{start:%Y%m%d}.wav``.

A field in braces takes as few characters as the rest of the name lets it, at least one, and never a slash. Behind a
colon stands how a time is written, in the codes of ``strptime``; a time may come in several pieces
(``{start:%Y%m%d}-{start:%H%M%S}``). ``{_}`` and ``*`` take what nobody needs. ``{leg}`` says which leg of a call a file
is. A pattern with slashes looks at as many folders as it has; one without a dot leaves the extension out. Upper and
lower case of what stands between fields do not matter, so that ``.WAV`` is a ``.wav``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from audioqa.errors import SettingsError
from audioqa.sources.columns import FIELDS, Known, understand

_CODES = {
    **dict.fromkeys("mdHMSIy", r"\d{2}"),
    "Y": r"\d{4}",
    "j": r"\d{3}",
    "f": r"\d{1,6}",
    "z": r"(?:[+-]\d{2}:?\d{2}|Z)",
    "b": "[A-Za-z]{3,4}",
    "B": "[A-Za-z]+",
    "a": "[A-Za-z]{2,3}",
    "A": "[A-Za-z]+",
    "p": "[AaPp][Mm]",
    "s": r"\d{9,10}",
    "%": "%",
}


@dataclass(frozen=True)
class NamePattern:
    """A pattern, ready to be held against locations.

    Parameters
    ----------
    text
        As the user wrote it.

    Raises
    ------
    SettingsError
        Where it cannot be used.

    Examples
    --------
    >>> NamePattern("{call_id}_{agent}.wav").match("/calls/17_ann.wav").fields
    {'call_id': '17', 'agent': 'ann'}
    """

    text: str
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _names: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces, names = [], []
        for part in re.split(r"(\{[^{}]*\}|\*)", self.text):
            if part == "*":
                pieces.append("[^/]*?")
            elif part.startswith("{") and part.endswith("}"):
                name, _, written = part[1:-1].partition(":")
                names.append((name.strip(), written))
                pieces.append(f"({self._piece(name.strip(), written)})")
            elif set(part) & set("{}"):
                raise SettingsError(f"the pattern {self.text!r} has a brace without its fellow")
            else:
                pieces.append(re.escape(part))
        if not names:
            raise SettingsError(f"the pattern {self.text!r} names no field, such as {{call_id}}")
        plain = [name for name, written in names if not written and name != "_"]
        if len(set(plain)) < len(plain):
            raise SettingsError(f"the pattern {self.text!r} names a field twice")
        written = "".join(written for _, written in names)
        if written and "%s" not in written and not re.search("%[yY]", written):
            raise SettingsError(f"the pattern {self.text!r} has a time without its year (%Y or %y)")
        object.__setattr__(self, "_regex", re.compile("".join(pieces), re.IGNORECASE))
        object.__setattr__(self, "_names", tuple(names))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in braces, without those that take what nobody needs."""
        return tuple(dict.fromkeys(name for name, _ in self._names if name != "_"))

    @property
    def has_leg(self) -> bool:
        """Whether it says which leg of a call a file is."""
        return "leg" in self.fields

    @property
    def has_naive_time(self) -> bool:
        """Whether it has a time, and nothing that tells the time zone of it."""
        written = "".join(written for name, written in self._names if written)
        zone = {"timezone", "time_zone", "tz"} & set(self.fields)
        return bool(written) and not zone and "%z" not in written and "%s" not in written

    def match(self, location: str) -> Known | None:
        """What a location says of its call, or None where it does not fit.

        Raises
        ------
        ValueError
            Where it fits, and a piece of it cannot be what it should be.
        """
        found = self._found(location)
        if found is None:
            return None
        pieces = list(zip(self._names, found.groups(), strict=True))
        known = understand((name, text) for (name, written), text in pieces if not written and name != "_")
        times = [(written, text) for (_, written), text in pieces if written]
        if not times:
            return known
        of_time = {"start_time": " ".join(text for _, text in times)}
        if not any("%s" in written for written, _ in times):
            of_time["time_format"] = " ".join(written for written, _ in times)
        return Known(of_time).over(known)

    def leg(self, location: str) -> tuple[int, int] | None:
        """From where to where in a location the name of its leg stands, or None."""
        found = self._found(location)
        if found is None or not self.has_leg:
            return None
        group = 1 + [name for name, _ in self._names].index("leg")
        shift = len(location) - len(self._shown(location))
        return found.start(group) + shift, found.end(group) + shift

    def _shown(self, location: str) -> str:
        """Return the last parts of a location, as many as the pattern has."""
        inside = location.rpartition("!")[2]
        parts = inside.split("/")[-(self.text.count("/") + 1) :]
        return "/".join(parts)

    def _found(self, location: str) -> re.Match[str] | None:
        shown = self._shown(location)
        if "." not in re.sub(r"\{[^{}]*\}", "", self.text.rpartition("/")[2]):
            shown = shown.removesuffix(PurePosixPath(shown).suffix)
        return self._regex.fullmatch(shown)

    def _piece(self, name: str, written: str) -> str:
        if not name:
            raise SettingsError(f"the pattern {self.text!r} has a field without a name; {{_}} takes what nobody needs")
        if not written:
            return "[^/]+?"
        if name not in FIELDS["start_time"]:
            raise SettingsError(f"the pattern {self.text!r}: only a time (start) takes a form, not {name}")
        pieces = []
        for code in re.split(r"(%.)", written):
            if not code.startswith("%"):
                pieces.append(re.escape(code))
            elif code[1:] in _CODES:
                pieces.append(_CODES[code[1:]])
            else:
                raise SettingsError(f"the pattern {self.text!r}: {code} is no code of a time that can be read here")
        return "".join(pieces)
