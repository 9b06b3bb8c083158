"""From a report to the rows that lists sort and filter by."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from audioqa.errors import StoreError

SEVERITIES = ("notice", "warning", "severe")
"""From the least to the gravest."""

NO_MOS_FLAGGED, NO_MOS = 0.0, 0.5
"""`rank` of a call without a MOS, flagged and not: before the worst MOS, which is 1."""

Content = dict[str, Any]
"""A report's JSON as plain values (`audioqa.render.as_json.to_dict`)."""


def read_content(report_json: str) -> Content:
    """The plain values of a report's JSON.

    Raises
    ------
    StoreError
        Where its channels have names: a store keeps reports with neutral ones, and puts names in when they are read.
    """
    content: Content = json.loads(report_json)
    names = content["recording"]["channels"]
    if names != neutral_names(len(names)):
        raise StoreError(f"a report is stored with neutral channel names (channel 1 ...), not {', '.join(names)}")
    return content


def neutral_names(count: int) -> list[str]:
    """The names that the channels of a recording have where none were given."""
    return [f"channel {number}" for number in range(1, count + 1)]


def packed(content: Content) -> bytes:
    """A report as it is stored: deflated JSON without its path, which is each call's own.

    Parameters
    ----------
    content
        The report; not changed.
    """
    bare = content | {"recording": content["recording"] | {"path": ""}}
    return zlib.compress(json.dumps(bare, allow_nan=False, separators=(",", ":")).encode("ascii"), 9)


def unpacked(data: bytes, path: str) -> Content:
    """A stored report with a path.

    Parameters
    ----------
    data
        What `packed` made.
    path
        Where the call's recording is.
    """
    content: Content = json.loads(zlib.decompress(data))
    content["recording"]["path"] = path
    return content


def measurement_row(content: Content) -> dict[str, Any]:
    """The columns of `measurements`, except for key and digest."""
    recording = content["recording"]
    return {
        "estimator": content["estimator"],
        "version": content["version"],
        "container": recording["container"],
        "codec": recording["codec"],
        "sample_rate": recording["sample_rate"],
        "channels": len(recording["channels"]),
        "duration": recording["duration"],
        "report": packed(content),
    }


def party_rows(content: Content) -> list[dict[str, Any]]:
    """The rows of `parties`."""
    return [_party(number, party) for number, party in enumerate(content["parties"], 1)]


def _party(number: int, party: Content) -> dict[str, Any]:
    mos = party["mos"] if "score" in party["mos"] else None
    score = mos["score"] if mos else {}
    return {
        "channel": number,
        "speech": party["speech"],
        "level": party["level"].get("level"),
        "mos": score.get("value"),
        "mos_low": score.get("low"),
        "mos_high": score.get("high"),
        "band": _told(mos["band"]) if mos else None,
        "percentile_5": mos["percentile_5"] if mos else None,
        "worst": mos["worst"].get("mos") if mos else None,
        "seconds_below": _told(mos["seconds_below"]) if mos else None,
    }


def event_rows(content: Content) -> list[dict[str, Any]]:
    """The rows of `events`."""
    numbers = _numbers(content)
    return [
        {
            "number": number,
            "kind": event["kind"],
            "channel": numbers.get(event["channel"]),
            "start": event["segment"]["start"],
            "stop": event["segment"]["end"],
            "severity": event["severity"],
        }
        for number, event in enumerate(content["events"])
    ]


def phase_rows(content: Content) -> list[dict[str, Any]]:
    """The rows of `phases`."""
    numbers = _numbers(content)
    seconds: defaultdict[tuple[str, int], float] = defaultdict(float)
    for phase in content["phases"]:
        place = phase["kind"], numbers.get(phase["channel"], 0)
        seconds[place] += phase["segment"]["end"] - phase["segment"]["start"]
    return [
        {"kind": kind, "channel": channel, "seconds": round(total, 4)} for (kind, channel), total in seconds.items()
    ]


def call_columns(content: Content) -> dict[str, Any]:
    """The columns of `calls` that come from its report."""
    mos = content["mos"] if "value" in content["mos"] else None
    flags = [flag["reason"] for flag in content["flags"]]
    pesq = min((one for one in content["pesq"] if "value" in one["score"]), key=_preferred, default=None)
    worst = max(content["events"], key=lambda event: SEVERITIES.index(event["severity"]), default=None)
    without = [] if mos else [content["mos"]["skipped"]]
    return {
        "rank": mos["value"] if mos else NO_MOS_FLAGGED if flags else NO_MOS,
        "mos": mos["value"] if mos else None,
        "scale": f"{mos['scale']} {mos['context']}" if mos else None,
        "band": _told(content["band"]),
        "pesq": pesq["score"]["value"] if pesq else None,
        "pesq_scale": pesq["scale"] if pesq else None,
        "why": "; ".join([*flags, *without]),
        "worst_kind": worst["kind"] if worst else None,
        "worst_severity": worst["severity"] if worst else None,
        "flagged": bool(flags),
        "own_flags": None,
        "rules": content.get("rules_digest") or None,
        "event_count": len(content["events"]),
        "channels": len(content["recording"]["channels"]),
        "duration": content["recording"]["duration"],
        "speech": round(sum(party["speech"] for party in content["parties"]), 4),
    }


def _preferred(result: Content) -> tuple[bool, float]:
    """Wideband PESQ where there is one, and of it the worst channel's: the two scales are never held together."""
    return result["scale"] != "MOS-LQOW", result["score"]["value"]


def mark_rows(content: Content, *, tenant: str, day: date, rank: float, test: bool = False) -> list[dict[str, Any]]:
    """The rows of `marks`: each rule that flags the call and each kind of event once.

    Parameters
    ----------
    content
        The report.
    tenant, day, rank
        The call's own.
    test
        Whether it is a test call.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for what, one in _marking(content):
        mark = found.setdefault((what, one["kind"]), {"count": 0, "seconds": 0.0, "severity": None})
        mark["count"] += 1
        mark["seconds"] = round(mark["seconds"] + one["seconds"], 4)
        if one["severity"] and (
            mark["severity"] is None or SEVERITIES.index(one["severity"]) > SEVERITIES.index(mark["severity"])
        ):
            mark["severity"] = one["severity"]
    return [
        {"what": mark_name(what, test=test), "kind": kind, "tenant": tenant, "day": day, "rank": rank, **mark}
        for (what, kind), mark in found.items()
    ]


def mark_name(what: str, *, test: bool) -> str:
    """What the marks ``flag`` and ``event`` are called in the table, of customers' calls or of test calls."""
    return {"flag": "tflag", "event": "tevnt"}[what] if test else what


EVENT_MARKS = tuple(mark_name("event", test=test) for test in (False, True))
"""What marks of events are called, of whichever calls."""


def flag_marks(
    flags: Sequence[Mapping[str, Any]], *, tenant: str, day: date, rank: float, test: bool = False
) -> list[dict[str, Any]]:
    """The rows of `marks` for flags alone; parameters as for `mark_rows`, which does the rest, too."""
    return mark_rows({"flags": flags, "events": []}, tenant=tenant, day=day, rank=rank, test=test)


def _marking(content: Content) -> list[tuple[str, dict[str, Any]]]:
    marks = [
        ("flag", {"kind": flag["rule"], "seconds": _seconds(flag["segment"]), "severity": None})
        for flag in content["flags"]
    ]
    marks += [
        ("event", {"kind": event["kind"], "seconds": _seconds(event["segment"]), "severity": event["severity"]})
        for event in content["events"]
    ]
    return marks


def _seconds(segment: Mapping[str, float] | None) -> float:
    return segment["end"] - segment["start"] if segment else 0.0


def _numbers(content: Content) -> dict[str | None, int]:
    names: Sequence[str] = content["recording"]["channels"]
    return {name: number for number, name in enumerate(names, 1)}


def _told(value: Any) -> Any:
    """A figure or word, or None for what was skipped: its reason stands in the report."""
    return None if isinstance(value, dict) else value
