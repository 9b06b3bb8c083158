"""Flags as a program makes them: the other route to what the default rules say.

A rule looks at one kind of evidence. MOS rules fire only on a scale that has bands. Event rules fire
without any MOS, so that a call with too little speech to be scored is still flagged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from built_in_reasons import REASONS, clock

from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.recorder_faults import RECORDER_FAULTS, recorder_faults
from audioqa.scoring import mean_mos
from audioqa.types import CallReport, Event, Finding, Flag, Party, PartyMos, Segment, Skipped

_ORDER = {"severe": 0, "warning": 1, "notice": 2}


@dataclass(frozen=True)
class BuiltIn:
    """When events flag a call.

    Parameters
    ----------
    cluster_pause
        Seconds: dropouts closer than this are told of together.
    cluster_count, cluster_lost
        Dropouts, or seconds lost to them, from which such a group flags. Four losses of 20 ms within half a minute are
        0.27 % loss; without concealment the E-model (G.107, Bpl 4.3) takes G.711 from 4.41 to 4.28 there.
    clipped_seconds
        Seconds of clipped stretches on a party from which it flags.
    stands_out
        MOS by which the worst half minute must lie below the average to be named beside it.
    least_recording
        Seconds: a shorter recording is flagged as too short to be a call.
    """

    cluster_pause: float = 15.0
    cluster_count: int = 4
    cluster_lost: float = 0.25
    clipped_seconds: float = 2.0
    stands_out: float = 0.2
    least_recording: float = 1.0

    def __call__(
        self,
        *,
        parties: Sequence[Party],
        events: Sequence[Event],
        findings: Sequence[Finding],
        duration: float,
        bands: BandSet,
    ) -> tuple[Flag, ...]:
        """Every flag, those about the score first."""
        faults = recorder_faults(findings)
        found = [flag for party in parties for flag in self._score(party, bands, faults)]
        for party in parties:
            mine = [event for event in events if event.channel == party.channel]
            found += self._dropouts(party, [event for event in mine if event.kind == "dropout"])
            found += self._clipping(party, [event for event in mine if event.kind == "clipping"])
            found += self._silence(party, mine)
            found += _told(mine, party)
        found += self._call(parties, [event for event in events if event.channel is None], duration)
        found += _recorder(faults)
        found += [
            Flag("damaged-recording", None, finding.message)
            for finding in findings
            if finding.severity != "notice" and finding not in faults
        ]
        return tuple(found)

    def _score(self, party: Party, bands: BandSet, faults: Sequence[Finding]) -> Iterator[Flag]:
        mos = party.mos
        if isinstance(mos, Skipped) or isinstance(mos.band, Skipped):
            return
        worst = None if isinstance(mos.worst, Skipped) else mos.worst
        if mos.score.value < bands.attention:
            stands_out = worst is not None and worst.mos < mos.score.value - self.stands_out
            where = f"; worst between {_span(worst.segment)} (MOS {worst.mos:.1f})" if worst and stands_out else ""
            yield Flag(
                "low-mos",
                party.channel,
                f"{party.channel}: MOS {mos.score.value:.1f} ({mos.band}) over the call, "
                f"below {bands.attention:.1f}{where}{_spoilt(party, faults)}",
                worst.segment if worst else mos.windows[0].segment,
            )
        elif worst and worst.mos < bands.painful:
            yield Flag(
                "painful-stretch",
                party.channel,
                f"{party.channel}: MOS {worst.mos:.1f} between {_span(worst.segment)}, "
                f"hidden by a call average of {mos.score.value:.1f}{_spoilt(party, faults)}",
                worst.segment,
            )

    def _dropouts(self, party: Party, dropouts: list[Event]) -> Iterator[Flag]:
        clusters: list[list[Event]] = []
        for event in sorted(dropouts, key=lambda event: event.segment):
            if clusters and event.segment.start - clusters[-1][-1].segment.end < self.cluster_pause:
                clusters[-1].append(event)
            else:
                clusters.append([event])
        for cluster in clusters:
            lost = sum(event.segment.duration for event in cluster)
            if len(cluster) < self.cluster_count and lost < self.cluster_lost:
                continue
            place = Segment(cluster[0].segment.start, cluster[-1].segment.end)
            count = f"{len(cluster)} dropouts" if len(cluster) > 1 else "a dropout"
            yield Flag(
                "dropouts",
                party.channel,
                f"{party.channel}: {count} between {_span(place)}, "
                f"{lost * 1000:.0f} ms of sound lost{_there(party, place)}",
                place,
            )

    def _clipping(self, party: Party, clipping: list[Event]) -> Iterator[Flag]:
        seconds = sum(event.segment.duration for event in clipping)
        if seconds >= self.clipped_seconds or any(event.severity == "severe" for event in clipping):
            place = Segment(clipping[0].segment.start, clipping[-1].segment.end)
            yield Flag(
                "clipping",
                party.channel,
                f"{party.channel}: too loud for its input, clipped in {seconds:.0f} s of sound "
                f"between {_span(place)}{_there(party, place)}",
                clipping[0].segment,
            )

    def _silence(self, party: Party, events: list[Event]) -> Iterator[Flag]:
        gaps = [event for event in events if event.kind == "silence-gap" and event.severity != "notice"]
        if gaps:
            seconds = sum(event.segment.duration for event in gaps)
            longest = max(gaps, key=lambda event: event.segment.duration).segment
            count = f"{len(gaps)} gaps" if len(gaps) > 1 else "a gap"
            yield Flag(
                "silence-gap",
                party.channel,
                f"{party.channel}: sound went away within a turn, {count} of {seconds:.1f} s in all, "
                f"the longest at {clock(longest.start)}" + _there(party, longest),
                longest,
            )
        for event in events:
            if event.kind == "digital-silence" and event.severity == "severe":
                yield Flag(
                    "silent-leg",
                    party.channel,
                    f"{party.channel}: no signal at all on this channel, not even noise",
                    event.segment,
                )

    def _call(self, parties: Sequence[Party], events: list[Event], duration: float) -> Iterator[Flag]:
        yield from _told(events, None)
        dead = [event for event in events if event.kind == "dead-air" and event.severity == "severe"]
        if dead:
            longest = max(dead, key=lambda event: event.segment.duration).segment
            count = f"{len(dead)} stretches of dead air, the longest" if len(dead) > 1 else "dead air of"
            yield Flag("dead-air", None, f"{count} {longest.duration:.0f} s, from {clock(longest.start)}", longest)
        if duration < self.least_recording:
            yield Flag("too-short", None, f"the recording holds only {duration:.2f} s: cut short, or not a call")
        elif not any(party.speech > 0 for party in parties):
            yield Flag("no-speech", None, "nobody speaks in this recording")


def built_in_flags(report: CallReport) -> list[Flag]:
    """The flags of a report, by its own figures and the contact centres' bands."""
    return list(
        BuiltIn()(
            parties=report.parties,
            events=report.events,
            findings=report.findings,
            duration=report.recording.duration,
            bands=CONTACT_CENTRE,
        )
    )


def _told(events: Sequence[Event], party: Party | None) -> Iterator[Flag]:
    """A flag for each event of a kind of which one is enough, notices left out."""
    for event in events:
        if event.kind in REASONS and event.severity != "notice":
            name = party.channel if party else "the call"
            there = _there(party, event.segment) if party else ""
            reason = REASONS[event.kind](event, name)
            yield Flag(event.kind, event.channel, reason + there, event.segment)


def _recorder(faults: Sequence[Finding]) -> Iterator[Flag]:
    """One flag for each kind of fault and channel, however often it is found."""
    told: set[tuple[str, str | None]] = set()
    for fault in faults:
        if (fault.kind, fault.channel) not in told:
            told.add((fault.kind, fault.channel))
            check = RECORDER_FAULTS[fault.kind].check
            reason = f"the recording, not the call, is at fault: {fault.message.rstrip('.')}; check {check}"
            # It is of the recording: no channel is named, so that it counts against no party.
            yield Flag("recorder-fault", None, reason, fault.segment)


def _spoilt(party: Party, faults: Sequence[Finding]) -> str:
    """What to say of a score that a fault of the recorder spoils."""
    mine = [f.kind for f in faults if RECORDER_FAULTS[f.kind].score and f.channel in (None, party.channel)]
    return f"; the recording itself spoils this score ({', '.join(sorted(set(mine)))})" if mine else ""


def _span(segment: Segment) -> str:
    return f"{clock(segment.start)} and {clock(segment.end)}"


def _there(party: Party, place: Segment) -> str:
    if not isinstance(party.mos, PartyMos):
        return ""
    mos = mean_mos(party.mos.windows, place)
    return "" if mos is None else f", MOS {mos:.1f} there"
