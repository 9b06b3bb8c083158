"""Where the sound of a call and its network disagree, and why: pure functions on a report.

The network's MOS is worked out from packets, the sound's MOS is heard. Where they differ by more than a MOS point, one
of them knows something that the other does not. What was found in the sound says what that likely is: the table
`REASONS` shows how each kind of event is read. Nothing is learnt and nothing is hidden.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from audioqa.causes import GRADES
from audioqa.network import NetworkOptions, network_legs
from audioqa.recorder_faults import recorder_faults
from audioqa.types import (
    CallInfo,
    CallReport,
    Disagreement,
    Event,
    NetworkLeg,
    NetworkRating,
    NetworkSide,
    Party,
    PartyMos,
    Reason,
    Score,
    Skipped,
)

REASONS: Mapping[Reason, tuple[str, ...]] = {
    "silent-one-way-path": ("one-way-audio", "digital-silence"),
    "echo": ("echo",),
    "endpoint-noise": ("background-noise", "hum", "noise-burst", "clicks"),
    "endpoint-level": (
        *("clipping", "too-loud", "too-quiet", "unbalanced", "level-jump", "gain-pumping", "front-end-clipping"),
        *("muffled",),
    ),
    "loss-elsewhere": ("dropout", "concealed-loss", "robotic", "silence-gap"),
    "codec-elsewhere": ("narrowband-content",),
}
"""Kinds of event that speak for a reason why the sound is worse than its network; earlier reasons win a tie."""

_CONCEALED = ("concealed-loss", "robotic")
_HOLES = ("dropout", "silence-gap")

_LITTLE = 0.15
"""Share of a recording; a party that speaks less than this may be spared by losses."""


def network_side(report: CallReport, info: CallInfo, *, options: NetworkOptions) -> NetworkSide | None:
    """The network's side of a call: its directions rated, and held against the sound.

    Parameters
    ----------
    report
        On the sound.
    info
        What is known of the call: figures of the network, codec, roles, direction and tap.
    options
        How the network is rated, and from which difference on the two disagree.

    Returns
    -------
    NetworkSide or None
        None where no figure of the network is known.
    """
    codecs = {name.removesuffix("_codec"): text for name, text in info.tags.items() if name.endswith("_codec")}
    legs = network_legs(info.network, codec=info.codec or "", codecs=codecs, options=options)
    if not legs:
        return None
    disagreements: list[Disagreement] = []
    not_compared: list[Skipped] = []
    for leg, channel in _pairs(report, legs, info):
        found = _compared(report, leg, channel, info, options)
        if isinstance(found, Disagreement):
            disagreements.append(found)
        elif found is not None:
            not_compared.append(found)
    disagreements.sort(key=lambda one: -_distance(one))
    return NetworkSide(legs, _worst(legs), options.threshold, tuple(disagreements), tuple(not_compared))


def _worst(legs: Sequence[NetworkLeg]) -> NetworkRating | Skipped:
    """The rating of the worst direction, where all are on one scale."""
    rated = [leg.rating for leg in legs if isinstance(leg.rating, NetworkRating)]
    if not rated:
        return next(leg.rating for leg in legs if isinstance(leg.rating, Skipped))
    if len({rating.scale for rating in rated}) > 1:
        return Skipped("network-mos", None, "its directions are rated on different scales")
    return min(rated, key=lambda rating: rating.mos)


def _pairs(report: CallReport, legs: Sequence[NetworkLeg], info: CallInfo) -> list[tuple[NetworkLeg, str | None]]:
    """Each direction with the party whose sound it carries; the worst direction and the whole call where none fits."""
    channels = report.recording.channels
    roles = info.roles if len(info.roles) == len(channels) else channels
    by_role = {role.lower(): channel for role, channel in zip(roles, channels, strict=True)}
    first = {"inbound": "customer", "in": "customer", "outbound": "agent", "out": "agent"}.get(
        (info.direction or "").lower(), ""
    )
    other = {"customer": "agent", "agent": "customer"}.get(first, "")
    also = {"caller": first, "callee": other}
    found = [(leg, by_role.get(leg.name.lower()) or by_role.get(also.get(leg.name.lower(), ""))) for leg in legs]
    if found and all(channel is not None for _, channel in found):
        return found
    rated = [leg for leg in legs if isinstance(leg.rating, NetworkRating)]
    worst = min(rated, key=lambda leg: leg.rating.mos, default=legs[0])  # type: ignore[union-attr]
    return [(worst, channels[0] if len(channels) == 1 and report.separable and len(legs) == 1 else None)]


def _compared(
    report: CallReport, leg: NetworkLeg, channel: str | None, info: CallInfo, options: NetworkOptions
) -> Disagreement | Skipped | None:
    """What one direction and the sound of its party say against each other; None where they agree."""
    rating = leg.rating
    if isinstance(rating, Skipped):
        return Skipped("disagreement", channel, f"the network has no MOS: {rating.reason}")
    evidence = _Evidence.of(report, channel)
    silent = evidence.silent
    sound = _sound(report, channel, rating)
    if silent is not None:
        if rating.mos <= 1 + options.threshold:
            return None  # nothing is heard, and the network says so
        none = sound if isinstance(sound, Skipped) else Skipped("mos", silent.channel, "nothing of it is heard")
        told = evidence.clauses("silent-one-way-path")
        who = silent.channel if channel is None else channel
        return Disagreement(who, leg.name, "sound-worse", none, rating.mos, "silent-one-way-path", told)
    if isinstance(sound, Skipped):
        return Skipped("disagreement", channel, sound.reason)
    difference = sound.value - rating.mos
    if abs(difference) <= options.threshold:
        return None
    if difference < 0:
        reasons = evidence.why_the_sound_is_worse()
    else:
        reasons = _why_the_network_is_worse(evidence, leg, rating, info, options, sound.value)
    (reason, told), *rest = reasons
    direction: Literal["sound-worse", "network-worse"] = "sound-worse" if difference < 0 else "network-worse"
    others = tuple(name for name, _ in rest)
    return Disagreement(channel, leg.name, direction, sound.value, rating.mos, reason, told, others)


def _sound(report: CallReport, channel: str | None, rating: NetworkRating) -> Score | Skipped:
    """The MOS of a party, or of the call's worse one, in the listening context of the network's scale."""
    if rating.scale == "fullband":
        return Skipped("mos", channel, "the network's MOS is fullband, on which scale no sound is scored")
    parties = [party for party in report.parties if channel in (None, party.channel)]
    scored = [score for party in parties if isinstance(score := _in_context(party, rating.scale), Score)]
    if scored:
        return min(scored, key=lambda score: score.value)
    return next((one for party in parties if isinstance(one := _in_context(party, rating.scale), Skipped)), report.mos)


def _in_context(party: Party, context: str) -> Score | Skipped:
    mos = party.mos
    if not isinstance(mos, PartyMos):
        return mos
    for score in (mos.score, mos.wideband):
        if isinstance(score, Score) and score.context == context:
            return score
    reason = f"the network's MOS is {context}, the sound's {mos.score.context}: they are not comparable"
    return Skipped("mos", party.channel, reason)


def _why_the_network_is_worse(
    evidence: _Evidence,
    leg: NetworkLeg,
    rating: NetworkRating,
    info: CallInfo,
    options: NetworkOptions,
    sound: float,
) -> list[tuple[Reason, tuple[str, ...]]]:
    """Reasons with their evidence, the likeliest first."""
    figures = leg.figures
    lost = figures.get("loss", 0.0) + figures.get("discarded", 0.0)
    found: list[tuple[Reason, tuple[str, ...]]] = []
    said = _figures(leg)
    tap = [f"recorded at {info.tap}"] if info.tap else []
    if sound - rating.listening <= options.threshold:
        costs = f"the delay costs {rating.listening - rating.mos:.1f} MOS"
        found.append(("delay", (*said, costs)))
    if "discarded" not in figures and figures.get("jitter", 0.0) > 0 and options.buffer is not None:
        (without,) = network_legs({**_own(figures), "discarded": 0.0}, codec=rating.codec, options=options)
        if isinstance(without.rating, NetworkRating) and sound - without.rating.mos <= options.threshold:
            found.append(("jitter-absorbed", (*said, f"without late packets the MOS is {without.rating.mos:.1f}")))
    concealed = evidence.of_kinds(_CONCEALED)
    if lost > 0 and evidence.share < _LITTLE and not concealed:
        found.append(("fault-in-silence", (*said, f"the party speaks {evidence.share:.0%} of the time")))
    if lost > 0:
        heard = [_clause(kind) for kind in concealed] or ["no concealed loss was told in the sound"]
        heard += [_clause(kind) for kind in evidence.of_kinds(_HOLES)] or ["no hole was found in it"]
        found.append(("network-fault-concealed", (*said, *heard, *tap)))
    return found or [("unexplained", (*said, *tap))]


def _own(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if name not in ("delay", "rtt", "end_system_delay")}


def _figures(leg: NetworkLeg) -> list[str]:
    """What the network says, a clause each."""
    return [text.format(leg.figures[name]) for name, text in _SAID.items() if leg.figures.get(name, 0.0) > 0]


_SAID = {
    "loss": "loss {:.3g} %",
    "discarded": "{:.3g} % too late",
    "jitter": "jitter {:.3g} ms",
    "delay": "delay {:.0f} ms",
}


def _distance(one: Disagreement) -> float:
    return one.network - 1 if isinstance(one.sound, Skipped) else abs(one.sound - one.network)


@dataclass(frozen=True)
class _Evidence:
    """What was found on one party, or in the whole call."""

    events: tuple[Event, ...]
    faults: tuple[tuple[float, str], ...]
    coded: str
    share: float

    @classmethod
    def of(cls, report: CallReport, channel: str | None) -> _Evidence:
        mine = tuple(event for event in report.events if channel is None or event.channel in (None, channel))
        faults = tuple(
            (GRADES[finding.severity], finding.message.rstrip("."))
            for finding in recorder_faults(report.findings)
            if channel is None or finding.channel in (None, channel)
        )
        parties = [party for party in report.parties if channel in (None, party.channel)]
        coded = next(
            (
                "; ".join(cause.evidence)
                for cause in report.causes
                if cause.origin == "codec" and (channel is None or cause.channel in (None, channel))
            ),
            "",
        )
        share = min((party.speech / report.recording.duration for party in parties), default=0.0)
        return cls(mine, faults, coded, share)

    @property
    def silent(self) -> Event | None:
        """One-way audio."""
        return next((event for event in self.events if event.kind == "one-way-audio"), None)

    def of_kinds(self, kinds: Sequence[str]) -> list[list[Event]]:
        """The events of each of these kinds that there are."""
        by_kind = [[event for event in self.events if event.kind == kind] for kind in kinds]
        return [events for events in by_kind if events]

    def clauses(self, reason: Reason) -> tuple[str, ...]:
        """What speaks for a reason."""
        return tuple(_clause(events) for events in self.of_kinds(REASONS[reason]))

    def why_the_sound_is_worse(self) -> list[tuple[Reason, tuple[str, ...]]]:
        """Reasons with their evidence, the likeliest first."""
        weighed: list[tuple[float, Reason, tuple[str, ...]]] = []
        if self.faults:
            told = tuple(message for _, message in self.faults)
            weighed.append((1.5 * max(grade for grade, _ in self.faults), "recorder-fault", told))
        for reason in REASONS:
            groups = self.of_kinds(REASONS[reason])
            if groups:
                weighed.append((sum(map(_weight, groups)), reason, self.clauses(reason)))
        if self.coded and not any(reason == "codec-elsewhere" for _, reason, _ in weighed):
            weighed.append((1.0, "codec-elsewhere", (self.coded,)))
        ordered = sorted(weighed, key=lambda one: -one[0])
        return [(reason, told) for _, reason, told in ordered] or [
            ("unexplained", ("no fault was found in the sound",))
        ]


def _weight(events: Sequence[Event]) -> float:
    """Grade of the gravest, and a tenfold number counts twice: as `audioqa.causes` has it."""
    return max(GRADES[event.severity] for event in events) * (1 + math.log10(len(events)))


def _clause(events: Sequence[Event]) -> str:
    kind = events[0].kind.replace("-", " ")
    if len(events) == 1:
        return f"{kind} ({events[0].severity}) at {events[0].segment.start:.0f} s"
    seconds = sum(event.segment.duration for event in events)
    return f"{len(events)} × {kind}, {seconds:.1f} s in all"
