"""Whether the call of an evaluation could be heard well: its seconds with faults, and its MOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audioqa.coaching.listing import Evaluated

CONVERSATION = frozenset(
    {"double-talk", "interruption", "dead-air", "leading-silence", "trailing-silence", "narrowband-content"}
)
"""Kinds of event that are no fault of the sound: how people talked, waited, or what the line is made for."""

AT_LEAST = 3.0
"""Seconds with faults from which on a call is bad: a sentence that nobody could follow."""

Verdict = Literal["bad", "fine", "unknown"]
"""``unknown``: the call was not scored, or nothing can be said of its sound. It is never counted as fine."""


@dataclass(frozen=True)
class Heard:
    """One evaluation and the sound of its call.

    Parameters
    ----------
    evaluated
        The evaluation.
    verdict
        Of the sound.
    mos
        Of the call; None where there is none.
    seconds
        With faults, whoever they are of, counted once; None where that is not known.
    duration
        Of the call, seconds; None where that is not known.
    stretches
        From when to when, seconds, in order.
    kinds
        What they were, the longest first.
    why
        Why it is bad, or why nothing can be said; empty where it is fine.
    note
        What else does not fit, such as another agent in the store; empty where nothing.
    """

    evaluated: Evaluated
    verdict: Verdict
    mos: float | None = None
    seconds: float | None = None
    duration: float | None = None
    stretches: tuple[tuple[float, float], ...] = ()
    kinds: tuple[str, ...] = ()
    why: str = ""
    note: str = ""


def judge(
    evaluated: Evaluated, content: Mapping[str, Any], *, agent: str | None = None, at_least: float = AT_LEAST
) -> Heard:
    """Judge the call of one evaluation by its report.

    Parameters
    ----------
    evaluated
        The evaluation.
    content
        The report as plain values.
    agent
        Whose call it is as the store knows it; None where it does not.
    at_least
        Seconds with faults from which on it is bad.
    """
    lengths, stretches = affected(content)
    seconds = round(sum(end - start for start, end in stretches), 2)
    mos = content["mos"].get("value")
    limits = [party["mos"].get("threshold") for party in content["parties"] if "score" in party["mos"]]
    limit = next((one for one in limits if isinstance(one, float | int)), None)
    reasons = []
    if mos is not None and limit is not None and mos < limit:
        reasons.append(f"MOS {mos:.1f}, below {limit:g}")
    if seconds >= at_least:
        reasons.append(f"{seconds:.0f} s with faults")
    verdict: Verdict = "bad" if reasons else "fine"
    if not reasons and mos is None:
        verdict = "unknown"
        reasons.append(f"no MOS: {content['mos']['skipped']}")
    return Heard(
        evaluated,
        verdict,
        mos=mos,
        seconds=seconds,
        duration=content["recording"]["duration"],
        stretches=stretches,
        kinds=tuple(sorted(lengths, key=lambda kind: (-lengths[kind], kind))),
        why=", ".join(reasons),
        note=f"in the store the agent is {agent}" if agent not in (None, evaluated.agent) else "",
    )


def unheard(evaluated: Evaluated, why: str) -> Heard:
    """An evaluation of whose call nothing is known, and why."""
    return Heard(evaluated, "unknown", why=why)


def affected(content: Mapping[str, Any]) -> tuple[dict[str, float], tuple[tuple[float, float], ...]]:
    """The seconds of each kind of fault, and the stretches of all together, each moment counted once.

    A fault is an event that is more than a notice and not of the conversation, or a window of speech whose MOS is below
    the report's own line, which counts as ``low-mos``.

    Parameters
    ----------
    content
        A report as plain values.
    """
    lengths: dict[str, float] = {}
    spans = [
        (event["kind"], event["segment"])
        for event in content["events"]
        if event["severity"] != "notice" and event["kind"] not in CONVERSATION
    ]
    for party in content["parties"]:
        limit = party["mos"].get("threshold")
        if isinstance(limit, float | int):
            spans += [("low-mos", one["segment"]) for one in party["mos"]["windows"] if one["mos"] < limit]
    for kind in {kind for kind, _ in spans}:
        own = _union([(one["start"], one["end"]) for name, one in spans if name == kind])
        lengths[kind] = sum(end - start for start, end in own)
    return lengths, _union([(one["start"], one["end"]) for _, one in spans])


def _union(spans: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Stretches that overlap or touch made one, in order."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)
