"""One rule: what it is about, when it flags, and what it then says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from audioqa.errors import SettingsError
from audioqa.flags.checking import check
from audioqa.flags.evaluation import holds, threshold_of, value_of
from audioqa.flags.families import suggestion
from audioqa.flags.fields import find_field
from audioqa.flags.language import Tree, parse
from audioqa.flags.reason import Part, Place, check_form, parse_reason, render
from audioqa.flags.subject import About, Subject
from audioqa.flags.thresholds import PREFIX, Threshold, thresholds
from audioqa.flags.words import NUMBER, Kind, Value
from audioqa.types import Flag, PartyMos, Segment

Listen = Literal["worst", "nothing", "all", "first", "longest"]
"""Where to listen first: the worst 30 s, nowhere; of events from the first to the last, the first, the longest."""

LISTEN: Mapping[About, tuple[Listen, ...]] = {
    "call": ("nothing", "worst"),
    "party": ("worst", "nothing"),
    "events": ("all", "first", "longest"),
    "event": ("all",),
    "finding": ("all",),
    "cause": ("nothing",),
}
"""What `Rule.listen` can be, the default first."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Rule:
    """When to flag, and with which words.

    Parameters
    ----------
    name
        Lower-case words with hyphens, at most 60 characters; the name of its flags.
    about
        What it looks at (``for`` in the configuration): the ``call``, each ``party``, each ``event``, ``events`` of a
        party together, each ``finding`` or each likely ``cause``.
    when
        The condition under which it flags (`audioqa.flags.language`).
    reason
        The sentence that it then says (`audioqa.flags.reason`).
    which
        Of rules about ``events``: a condition on each event, whether it is one of them. Empty: all are.
    apart
        Of rules about ``events``: a pause of as many seconds or more between them begins a new group, which is judged
        by itself. 0: all of a party's are one group.
    once
        Of rules about an ``event`` or ``finding``: only the first of each kind and party is told.
    listen
        Where to listen first; empty for the default of what it is about.

    Raises
    ------
    SettingsError
        Where something in it makes no sense; the message names the rule and the field.
    """

    name: str
    about: About
    when: str
    reason: str
    which: str = ""
    apart: float = 0.0
    once: bool = False
    listen: Listen | Literal[""] = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 60:
            raise SettingsError(f"flag rule {self.name!r}: a name has lower-case words with hyphens, as in low-mos")
        if self.about not in get_args(About):
            raise self._error("for", f"{self.about!r} is nothing to judge; {suggestion(self.about, get_args(About))}")
        if self.about != "events" and (self.which or self.apart):
            raise self._error("which" if self.which else "apart", "only a rule for events gathers them")
        if not 0 <= self.apart < 1e6:
            raise self._error("apart", f"seconds from 0 on are needed, not {self.apart}")
        if self.once and self.about not in ("event", "finding"):
            raise self._error("once", "only a rule for an event or a finding meets several of a kind")
        if self.listen and self.listen not in LISTEN[self.about]:
            raise self._error("listen", f"{self.listen!r} cannot be; {suggestion(self.listen, LISTEN[self.about])}")
        self._checked("when", lambda: check(self._condition, self.about))
        if self.which:
            self._checked("which", lambda: check(parse(self.which), "event"))
        self._checked("reason", self._check_reason)

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What its condition compares with numbers, in order."""
        return thresholds(self._condition)

    def fires(self, subject: Subject) -> bool:
        """Whether it flags; not where that is unknown."""
        return holds(self._condition, subject) is True

    def takes(self, event: Subject) -> bool:
        """Whether an event is one of those that a rule about ``events`` gathers."""
        return self._which is None or holds(self._which, event) is True

    def flag(self, subject: Subject) -> Flag:
        """The flag that it raises on something."""
        reason = render(self._parts, lambda name: self._value(name, subject), self._kind)
        finding = self.about == "finding"
        return Flag(
            self.name, subject.party.channel if subject.party and not finding else None, reason, self._place(subject)
        )

    @cached_property
    def _condition(self) -> Tree:
        return parse(self.when)

    @cached_property
    def _which(self) -> Tree | None:
        return parse(self.which) if self.which else None

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        return parse_reason(self.reason)

    def _value(self, name: str, subject: Subject) -> Value | None:
        if name.startswith(PREFIX):
            (limit,) = (one.limit for one in thresholds(self._condition) if PREFIX + one.field == name)
            return threshold_of(limit, subject)
        return value_of(name, subject)

    def _kind(self, name: str) -> Kind:
        return NUMBER if name.startswith(PREFIX) else find_field(name, self.about).kind

    def _check_reason(self) -> None:
        compared = [PREFIX + one.field for one in thresholds(self._condition)]
        for part in self._parts:
            for piece in part.pieces:
                if isinstance(piece, Place):
                    if piece.name.startswith(PREFIX) and compared.count(piece.name) != 1:
                        raise SettingsError(
                            f"{{{piece.name}}} needs a condition that compares the field once with a number"
                        )
                    check_form(piece, self._kind(piece.name))

    def _place(self, subject: Subject) -> Segment | None:
        listen = self.listen or LISTEN[self.about][0]
        if listen == "nothing":
            return None
        if subject.finding:
            return subject.finding.segment
        if listen == "worst":
            first = next((p.mos.windows[0].segment for p in subject.parties if isinstance(p.mos, PartyMos)), None)
            return subject.worst.segment if subject.worst else first
        if listen == "longest":
            return subject.longest
        return subject.events[0].segment if listen == "first" else subject.stretch

    def _checked(self, key: str, looked: Callable[[], Any]) -> None:
        try:
            looked()
        except SettingsError as error:
            raise self._error(key, str(error)) from None

    def _error(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"flag rule {self.name!r}: {key}: {message}")
