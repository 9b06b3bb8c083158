"""Who is on each channel, put into a report that was made without knowing it.

A report made with neutral names ("channel 1", "channel 2") serves every call with that sound, whatever is said of its
parties; the names are put in when it is read. The result equals the report that the analysis makes with those names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from audioqa.types import CallReport

_T = TypeVar("_T")

_NEUTRAL = re.compile(r"\bchannel ([1-9][0-9]?)\b")

_NOT_OURS = frozenset(
    {
        "path",
        "sha256",
        "container",
        "codec",
        "estimator",
        "source",
        "settings_digest",
        "version",
        "band_set",
        "band",
        "reference_channel",  # of the reference, whose channels are nobody's
    }
)
"""Fields that name no channel of the recording, whatever stands in them."""


def with_roles(report: CallReport, roles: Sequence[str]) -> CallReport:
    """The report with the names of its channels, in every field and sentence.

    Parameters
    ----------
    report
        A report with neutral names.
    roles
        A name for each channel in file order. Names that do not fit (`misfit`) change nothing: the parties of a mixed
        recording stay unnamed.
    """
    return report if misfit(roles, len(report.recording.channels)) else named(report, roles)


def misfit(roles: Sequence[str], channels: int) -> str | None:
    """Why roles cannot name the channels of a recording, in one clause, or None where they can.

    Parameters
    ----------
    roles
        A name for each channel in file order.
    channels
        Channels of the recording.
    """
    if not all(role.strip() for role in roles) or len(set(roles)) < len(roles):
        return f"each channel needs a name of its own, not {', '.join(map(repr, roles))}"
    if len(roles) != channels:
        if channels == 1:
            return f"it has one channel: parties not separable, so {', '.join(roles)} cannot be told apart"
        return f"it has {channels} channels, but {len(roles)} roles were given"
    return None


def named(value: _T, roles: Sequence[str]) -> _T:
    """Part of a report, or of its JSON read as plain values, with names in place of "channel 1" and so on.

    Parameters
    ----------
    value
        A dataclass, mapping, list, tuple, text or figure.
    roles
        A name for each channel in file order; empty changes nothing.
    """

    def word(match: re.Match[str]) -> str:
        number = int(match[1])
        return roles[number - 1] if number <= len(roles) else match[0]

    def renamed(part: Any) -> Any:
        if isinstance(part, str):
            return _NEUTRAL.sub(word, part) if "channel " in part else part
        if part is None or isinstance(part, float | int):
            return part
        if is_dataclass(part) and not isinstance(part, type):
            held = {field.name: getattr(part, field.name) for field in fields(part)}
            changed = {
                name: new
                for name, old in held.items()
                if not (name in _NOT_OURS and isinstance(old, str)) and (new := renamed(old)) is not old
            }
            return replace(part, **changed) if changed else part
        if isinstance(part, dict | Mapping):  # dict first: it is told much sooner
            return {k: v if k in _NOT_OURS and isinstance(v, str) else renamed(v) for k, v in part.items()}
        if isinstance(part, list | tuple):
            return type(part)(map(renamed, part)) if part else part
        return part

    result: _T = renamed(value) if roles else value
    return result
