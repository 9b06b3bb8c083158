"""All rules on one report: a pure function, so that flags can be made again whenever rules or metadata change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.flags.families import suggestion
from audioqa.flags.names import names_in
from audioqa.flags.rule import Rule
from audioqa.flags.subject import Call, Subject
from audioqa.flags.thresholds import with_threshold
from audioqa.types import CallReport, Event, Flag, Party
from audioqa.types.calls import CallInfo


@dataclass(frozen=True)
class FlagRules:
    """Rules in order.

    Parameters
    ----------
    rules
        The rules, each with a name of its own.

    Raises
    ------
    SettingsError
        Where two have the same name.
    """

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"two flag rules are called {name!r}")

    @property
    def digest(self) -> str:
        """SHA-256 of the rules; it changes where flags could."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def with_threshold(self, rule: str, field: str, value: float) -> FlagRules:
        """These rules with another threshold of one of them, to see what it would flag.

        Parameters
        ----------
        rule, field, value
            As for `audioqa.flags.apply_threshold`, which writes it down.

        Raises
        ------
        SettingsError
            Where there is no such rule, or its condition has no such threshold.
        """
        names = [one.name for one in self.rules]
        if rule not in names:
            raise SettingsError(f"there is no flag rule {rule!r}; {suggestion(rule, names)}")
        try:
            changed = [
                replace(one, when=with_threshold(one.when, field, value)) if one.name == rule else one
                for one in self.rules
            ]
        except SettingsError as error:
            raise SettingsError(f"flag rule {rule!r}: {error}") from None
        return FlagRules(tuple(changed))

    @cached_property
    def median_columns(self) -> frozenset[str]:
        """Metadata whose 30-day medians the rules ask for: ``trunk``, ``tag.headset``."""
        return frozenset(
            name.partition(".")[2]
            for rule in self.rules
            for name in names_in(rule)
            if name.startswith(("median.", "drop."))
        )

    def __call__(
        self,
        report: CallReport,
        *,
        bands: BandSet,
        info: CallInfo | None = None,
        medians: Mapping[str, float] | None = None,
    ) -> tuple[Flag, ...]:
        """Every flag.

        Those about parties come first, then, party by party and last for the call, those about events in the order of
        the rules, and of single events in the order of time; those about the call, findings and causes last. A rule
        that asks for what is not known does not fire.

        Parameters
        ----------
        report
            The report, fresh or read again: the flags are the same. Its own flags are not looked at.
        bands
            The band set in force.
        info
            What is known of the call beside its sound.
        medians
            The median MOS of the calls like this one over 30 days, by each of `median_columns` that has enough calls.
        """
        call = Call(report, bands, info, medians or {})
        found = [flag for party in report.parties for flag in self._judged("party", [Subject(call, "party", party)])]
        for party in (*report.parties, None):
            found += self._of_events(call, party)
        found += self._judged("call", [Subject(call, "call")])
        by_channel = {party.channel: party for party in report.parties}
        found += self._judged(
            "finding",
            [Subject(call, "finding", by_channel.get(one.channel or ""), finding=one) for one in report.findings],
        )
        found += self._judged(
            "cause", [Subject(call, "cause", by_channel.get(one.channel or ""), cause=one) for one in report.causes]
        )
        return tuple(found)

    def _judged(self, about: str, subjects: Sequence[Subject]) -> Iterator[Flag]:
        """Flags of the rules about one sort of thing, rule by rule."""
        for rule in self.rules:
            if rule.about == about:
                yield from _flags([rule], subjects)

    def _of_events(self, call: Call, party: Party | None) -> Iterator[Flag]:
        channel = party.channel if party else None
        singles = [Subject(call, "event", party, (event,)) for event in call.events if event.channel == channel]
        if not singles:
            return
        about_events = [rule for rule in self.rules if rule.about in ("event", "events")]
        for about, rules in groupby(about_events, key=lambda rule: rule.about):
            if about == "event":
                yield from _flags(list(rules), singles)
            else:
                for rule in rules:
                    taken = [subject.events[0] for subject in singles if rule.takes(subject)]
                    gathered = [Subject(call, "events", party, group) for group in _groups(taken, rule.apart)]
                    yield from _flags([rule], gathered)


def reflag(
    report: CallReport,
    rules: FlagRules,
    *,
    bands: BandSet,
    info: CallInfo | None = None,
    medians: Mapping[str, float] | None = None,
) -> CallReport:
    """The report with the flags of other rules, or of what is now known of the call; nothing is measured again.

    Parameters
    ----------
    report, bands, info, medians
        As for `FlagRules`.
    rules
        The rules.
    """
    flags = rules(report, bands=bands, info=info, medians=medians)
    return replace(report, flags=flags, rules_digest=rules.digest)


def _flags(rules: Sequence[Rule], subjects: Sequence[Subject]) -> Iterator[Flag]:
    told: set[tuple[str, str, str | None]] = set()
    for subject in subjects:
        for rule in rules:
            if not rule.fires(subject):
                continue
            if rule.once:
                one = subject.finding or subject.events[0]
                if (rule.name, one.kind, one.channel) in told:
                    continue
                told.add((rule.name, one.kind, one.channel))
            yield rule.flag(subject)


def _groups(events: Sequence[Event], apart: float) -> list[tuple[Event, ...]]:
    groups: list[list[Event]] = []
    for event in sorted(events, key=lambda event: event.segment):
        if groups and (not apart or event.segment.start - groups[-1][-1].segment.end < apart):
            groups[-1].append(event)
        else:
            groups.append([event])
    return [tuple(group) for group in groups]
