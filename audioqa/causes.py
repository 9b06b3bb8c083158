"""Likely causes: what was found, read by a table of rules that anyone can check.

Each rule says of one kind of event where such a fault comes from, and how large a share of such faults does. The shares
are judgement, not measurement: they rank, they do not prove. A kind counts more the graver it is, and the oftener it is
there, by its logarithm. Nothing is learnt and nothing is hidden: every cause names what speaks for it and what to check
next.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audioqa.types import Cause, Event, Finding, Origin, Party, PartyMos, Severity, Skipped

GRADES: Mapping[Severity, float] = {"notice": 0.3, "warning": 1.0, "severe": 2.0}
"""What the gravest event of a kind counts."""

LEAST = 0.25
"""Points below which a cause is not named."""

UNEXPLAINED = 3.6
"""MOS below which a party without any event is asked for its codec (the contact centres' attention threshold)."""

TOGETHER = 0.01
"""Seconds within which faults of both legs begin together: two paths are not hit at once, a recorder is."""

COLOURED = 3.0
"""Coloration, 1 to 5, below which the sound itself, not noise or holes, is what is wrong with it."""


@dataclass(frozen=True)
class Rule:
    """Where one kind of fault comes from.

    Parameters
    ----------
    kind
        Kind of event.
    origin
        Where such a fault comes from.
    share
        Share of such faults that do, 0 to 1.
    check
        What to check next; empty for the origin's own advice.
    when
        Which of these events the rule is about; all of them where it is None.
    """

    kind: str
    origin: Origin
    share: float
    check: str = ""
    when: Callable[[Event], bool] | None = None


CHECKS: Mapping[Origin, str] = {
    "network": "Compare loss and jitter (RTCP, switch and trunk statistics) of this leg at that time, then its Wi-Fi, "
    "VPN and queues.",
    "codec": "Look up which codecs each leg negotiated (SDP), and whether a gateway transcodes between them.",
    "endpoint": "Try this party's headset, microphone gain and echo canceller with a test call.",
    "room": "Ask where the party sits: open office, street, fan; a headset with noise cancelling helps.",
    "far end": "Test the device that sends the echo back: loudspeaker, echo canceller, or the hybrid of its line.",
    "recorder": "Compare with a second tap or the recorder's own log: the parties may have heard each other well.",
}
"""What people usually check next."""


def _on_packets(event: Event) -> bool:
    return bool(event.evidence.get("packet_ms"))


def _off_packets(event: Event) -> bool:
    return not _on_packets(event)


RULES: tuple[Rule, ...] = (
    Rule("dropout", "network", 0.9, when=_on_packets),
    Rule("dropout", "network", 0.6, when=_off_packets),
    Rule("dropout", "endpoint", 0.3, "Look for a loose plug, Bluetooth or a busy computer.", when=_off_packets),
    Rule("concealed-loss", "network", 0.9),
    Rule("robotic", "network", 0.7),
    Rule("robotic", "codec", 0.2),
    Rule("silence-gap", "network", 0.6),
    Rule("silence-gap", "endpoint", 0.3, "Ask whether the party muted, and look for a loose plug or Bluetooth."),
    Rule("digital-silence", "network", 0.5, "Check that audio was sent on this leg: NAT, firewall, SDP addresses."),
    Rule("digital-silence", "recorder", 0.3),
    Rule(
        "one-way-audio", "network", 0.7, "Check NAT, firewall and the addresses in SDP: packets of this leg got lost."
    ),
    Rule("one-way-audio", "endpoint", 0.2, "Check mute and the microphone that was chosen."),
    Rule("abrupt-end", "network", 0.6, "Look up how the call was released: who hung up, and with which cause."),
    Rule("abrupt-end", "recorder", 0.3),
    Rule("delayed-start", "recorder", 0.6, "Check when the recorder starts: at answer, or later."),
    Rule("delayed-start", "network", 0.3),
    Rule("front-end-clipping", "endpoint", 0.5, "Check voice activity detection and noise gates of phone and headset."),
    Rule("front-end-clipping", "codec", 0.4, "Check silence suppression (VAD, DTX) of the codec on this leg."),
    Rule("clipping", "endpoint", 0.9, "Turn down the microphone's gain or boost; check the gateway's gain next."),
    Rule("too-loud", "endpoint", 0.8, "Turn down the microphone's gain; check the gateway's gain next."),
    Rule("too-quiet", "endpoint", 0.8, "Check the microphone's gain and place; check losses of an analogue line next."),
    Rule("unbalanced", "endpoint", 0.6, "Compare the gains of both parties' devices and of the gateway between them."),
    Rule("level-jump", "endpoint", 0.7, "Check automatic gain control, and a microphone that moved or was changed."),
    Rule("gain-pumping", "endpoint", 0.9, "Turn off one of two automatic gain controls, in the phone or the headset."),
    Rule("hum", "endpoint", 0.9, "Check power supply, grounding and cable of the headset or analogue phone."),
    Rule("clicks", "endpoint", 0.6, "Check plugs and cables, then clock slips of a digital trunk."),
    Rule("clicks", "network", 0.3, "Check clock slips of the digital trunk (E1, T1)."),
    Rule("background-noise", "room", 0.7),
    Rule("background-noise", "endpoint", 0.2, "Check the microphone: far from the mouth, or a noisy analogue line."),
    Rule("noise-burst", "room", 0.8),
    Rule("echo", "far end", 0.9),
    Rule("double-talk", "network", 0.2, "Check the delay of the path: parties that talk over each other often wait."),
    Rule("interruption", "network", 0.2, "Check the delay of the path: parties that talk over each other often wait."),
    Rule("muffled", "endpoint", 0.5, "Check the microphone: covered, or a Bluetooth headset in hands-free mode."),
    Rule("muffled", "codec", 0.4),
    Rule("narrowband-content", "codec", 0.9, "Look for the narrowband leg: a PSTN trunk or a gateway without G.722."),
)
"""The table: one line says of one kind of fault where it comes from. What is not listed has no usual cause."""


def likely_causes(parties: Sequence[Party], events: Sequence[Event], findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Causes of everything found, the likeliest first.

    Parameters
    ----------
    parties
        The parties, whose codec counts where there is no other explanation.
    events, findings
        What was found.

    Returns
    -------
    tuple of Cause
        One for each origin and party at most.
    """
    scored: defaultdict[tuple[Origin, str | None], list[tuple[float, str, str]]] = defaultdict(list)
    together = _together(events)
    of_both = {id(event) for event in together}
    for channel in dict.fromkeys(event.channel for event in events):
        mine = [event for event in events if event.channel == channel and id(event) not in of_both]
        for rule in RULES:
            chosen = [event for event in mine if event.kind == rule.kind and (not rule.when or rule.when(event))]
            if chosen:
                points = rule.share * _weight(chosen)
                scored[rule.origin, channel].append((points, _clause(chosen), rule.check or CHECKS[rule.origin]))
    if together:
        clause = f"{len(together) // 2} faults that begin on both channels at once"
        scored["recorder", None].append((0.8 * _weight(together), clause, CHECKS["recorder"]))
    for finding in findings:
        if finding.severity != "notice":
            scored["recorder", None].append((GRADES[finding.severity], finding.message.rstrip("."), CHECKS["recorder"]))
    for party in parties:
        if found := _by_codec(party, [event for event in events if event.channel == party.channel]):
            scored["codec", party.channel].append(found)
    causes = [_cause(origin, channel, told) for (origin, channel), told in scored.items()]
    return tuple(sorted((cause for cause in causes if cause.points >= LEAST), key=lambda cause: -cause.points))


def _cause(origin: Origin, channel: str | None, told: list[tuple[float, str, str]]) -> Cause:
    ordered = sorted(told, key=lambda part: -part[0])  # equal ones stay in the table's order, whatever names they hold
    points = round(sum(part for part, _, _ in ordered), 2)
    return Cause(origin, channel, points, tuple(clause for _, clause, _ in ordered), ordered[0][2])


def _weight(events: Sequence[Event]) -> float:
    """Grade of the gravest, and a tenfold number counts twice."""
    return max(GRADES[event.severity] for event in events) * (1 + math.log10(len(events)))


def _clause(events: Sequence[Event]) -> str:
    kind = events[0].kind.replace("-", " ")
    if len(events) == 1:
        return f"{kind} ({events[0].severity})"
    seconds = sum(event.segment.duration for event in events)
    return f"{len(events)} × {kind}, {seconds:.1f} s in all"


def _together(events: Sequence[Event]) -> list[Event]:
    """Dropouts and gaps that begin on two channels at the same moment."""
    holes = sorted(
        (event for event in events if event.kind in ("dropout", "silence-gap") and event.channel is not None),
        key=lambda event: event.segment,
    )
    found: dict[int, Event] = {}
    for one, other in pairwise(holes):
        if other.channel != one.channel and other.segment.start - one.segment.start <= TOGETHER:
            found |= {id(one): one, id(other): other}
    return list(found.values())


def _by_codec(party: Party, events: Sequence[Event]) -> tuple[float, str, str] | None:
    """The codec explains a low score that no event explains, or a coloured sound."""
    mos = party.mos
    if not isinstance(mos, PartyMos) or isinstance(mos.threshold, Skipped):
        return None
    grave = [event for event in events if event.severity != "notice"]
    coloured = mos.dimensions.get("coloration", 5.0) < COLOURED
    if mos.score.value >= UNEXPLAINED or (grave and not coloured):
        return None
    codec = "" if isinstance(mos.codec, Skipped) else f", most likely coded by {mos.codec.family}"
    why = "a coloured sound" if coloured else "no fault that explains it"
    return (1.0, f"MOS {mos.score.value:.1f} with {why}{codec}", CHECKS["codec"])
