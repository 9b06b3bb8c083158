"""Announcements, where they can be told from a party: before the other party first speaks, or within music.

A machine speaks like a person; what gives it away is what it speaks between. Speech of one leg is an announcement
where the other leg has not spoken yet and afterwards on the same leg music, an information tone or a beep begins, or
where the other leg presses keys in answer. What is said after the last of these is the greeting of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audioqa.types import Phase, Segment

MACHINE = ("hold-music", "information-tone", "beep")
"""Kinds of phase on the same leg that come after a machine has spoken."""


@dataclass(frozen=True)
class Announcements:
    """Finds announcements on one leg.

    Parameters
    ----------
    answer
        Seconds between an announcement and what gives it away: prompts wait 5 s for a key, and repeat.
    pause
        Seconds between sentences of one announcement.
    shortest
        Seconds of speech that make one.
    within
        Seconds of speech between two stretches of hold music, at most, while the other party says nothing.
    """

    answer: float = 12.0
    pause: float = 2.0
    shortest: float = 1.0
    within: float = 30.0

    def __call__(
        self,
        name: str,
        speech: Sequence[Segment],
        *,
        other: Sequence[Segment],
        own: Sequence[Phase],
        others: Sequence[Phase],
    ) -> list[Phase]:
        """Announcements on one leg.

        Parameters
        ----------
        name
            Its channel.
        speech, other
            Speech of the leg outside music and tones, and of the other leg.
        own, others
            Phases found so far on the leg, and on the other leg.
        """
        answered = other[0].start if other else float("inf")
        machine = [phase.segment for phase in own if phase.kind in MACHINE]
        keys = [phase.segment for phase in others if phase.kind == "dtmf"]
        signs = sorted(segment.start for segment in [*machine, *keys] if segment.start < answered)
        music = [phase.segment for phase in own if phase.kind == "hold-music"]
        phases = []
        for told, spoken in _paragraphs(speech, self.pause, signs):
            if spoken < self.shortest:
                continue
            before = any(0 <= sign - told.end + 0.3 <= self.answer for sign in signs) and told.end <= answered
            held = (
                told.duration <= self.within
                and any(m.end <= told.start + 0.3 and told.start - m.end < self.within for m in music)
                and any(m.start >= told.end - 0.3 and m.start - told.end < self.within for m in music)
                and not any(told.overlap(segment) for segment in other)
            )
            if before or held:
                evidence = {"told_by": "before an answer" if before else "between music", "speech": round(spoken, 1)}
                phases.append(Phase("announcement", name, told, evidence))
        return phases


def _paragraphs(speech: Sequence[Segment], pause: float, signs: Sequence[float]) -> list[tuple[Segment, float]]:
    """Speech with pauses bridged, but not across a sign, and how many seconds of it are spoken."""
    found: list[tuple[Segment, float]] = []
    for segment in speech:
        before, spoken = found[-1] if found else (Segment(0.0, -pause), 0.0)
        bridged = segment.start - before.end < pause
        if bridged and not any(before.end - 0.3 <= sign <= segment.start for sign in signs):
            found[-1] = (Segment(before.start, segment.end), spoken + segment.duration)
        else:
            found.append((segment, segment.duration))
    return found
