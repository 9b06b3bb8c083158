"""From what is known of a file to the call that is scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from audioqa.audio.headerless import EXTENSIONS, FORMATS
from audioqa.audio.options import OpenOptions
from audioqa.errors import SettingsError
from audioqa.sources.columns import Known, understand
from audioqa.sources.legs import ROLES, Legs
from audioqa.sources.listing import HEADERLESS, RECORDINGS, name_of
from audioqa.sources.options import SourceOptions, headerless_encoding
from audioqa.sources.times import start_time
from audioqa.types import BadItem, CallInfo, Item, SourceFile

_MISSING = "missing_leg"


def make_item(
    files: tuple[SourceFile, ...],
    known: Known,
    options: SourceOptions,
    *,
    call_id: str,
    reference: SourceFile | None = None,
    legs: Legs | None = None,
) -> Item | BadItem:
    """One call, or why there can be none.

    Parameters
    ----------
    files
        One, or two legs.
    known
        What is said of the call itself; defaults come below it.
    options
        How the sources are read.
    call_id
        The call's identity where `known` has none.
    reference
        A clean reference.
    legs
        How the files were found to be legs.
    """
    first = files[0].location
    defaults = options.defaults_for(first, known.fields.get("tenant"))
    fields = {**defaults.fields, **known.fields}
    info = CallInfo(call_id=fields.get("call_id", call_id), tenant=fields.get("tenant", ""))
    try:
        roles = _roles(known, defaults, fields, legs, len(files))
        tags = {**defaults.tags, **known.tags}
        encoding, rate, count = _coding(first, known.fields, defaults.fields, tags, single=len(files) == 1)
        OpenOptions(format=encoding, rate=rate, channel_count=count, channel_names=roles)
        begin = _start_text(fields, tags)
        when = None
        if begin is not None:
            when = start_time(begin, timezone=fields.get("timezone"), time_format=_format(known, defaults))
        if legs is not None and legs.missing:
            tags[_MISSING] = legs.missing
        elif legs is None and "leg" in known.fields:
            tags["leg"] = known.fields["leg"]
        info = replace(
            info,
            start_time=when,
            roles=roles,
            agent=fields.get("agent"),
            queue=fields.get("queue"),
            site=fields.get("site"),
            carrier=fields.get("carrier"),
            trunk=fields.get("trunk"),
            direction=fields.get("direction"),
            codec=fields.get("codec"),
            tap=fields.get("tap"),
            network={**defaults.network, **known.network},
            tags=tags,
        )
    except SettingsError as error:
        return BadItem(first, "settings", str(error), info)
    except ValueError as error:
        return BadItem(first, "manifest", str(error), info)
    return Item(files, info, encoding=encoding, rate=rate, channel_count=count, reference=reference)


def describe(files: Sequence[str], told: Iterable[tuple[str, str]], options: SourceOptions) -> CallInfo:
    """What names and values say of one call, as a row of a manifest would.

    Parameters
    ----------
    files
        Where its files are; its identity where none is told.
    told
        Names and values.
    options
        How sources are read.

    Raises
    ------
    SettingsError
        Where a value cannot be used.
    """
    try:
        known = understand(told)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    located = tuple(SourceFile(file) for file in files)
    made = make_item(located, known, options, call_id=" + ".join(files))
    if isinstance(made, BadItem):
        raise SettingsError(made.message)
    return made.info


def _format(known: Known, defaults: Known) -> str | None:
    """How the start time is written: a default says it only of times that come from where it says nothing."""
    own = known.fields.get("time_format")
    return own if own is not None else defaults.fields.get("time_format")


def _start_text(fields: Mapping[str, str], tags: dict[str, str]) -> str | None:
    """The start time, with a time of day from a column of its own; a column of that name that has no use is a tag."""
    begin, clock = fields.get("start_time"), fields.get("time")
    if clock is None:
        return begin
    if begin is None and re.match(r"\d{4}-|\d{8}", clock):
        return clock
    if begin is not None and ":" not in begin:
        return f"{begin} {clock}" if "time_format" in fields else f"{begin}T{clock}"
    tags["time"] = clock
    return begin


def _roles(known: Known, defaults: Known, fields: Mapping[str, str], legs: Legs | None, count: int) -> tuple[str, ...]:
    own = _split(known.fields.get("roles", ""))
    side = known.fields.get("agent_channel", "" if own else defaults.fields.get("agent_channel", ""))
    if own:
        return own
    if side:
        return _by_agent(side)
    if legs is not None and set(legs.words) <= ROLES:
        return legs.words
    usual = _split(fields.get("roles", ""))
    if legs is None:
        return usual
    return usual[legs.place :][:count] if len(usual) == 2 else legs.words


def _by_agent(side: str) -> tuple[str, ...]:
    if side.lower() in ("1", "left", "l", "first"):
        return ("agent", "customer")
    if side.lower() in ("2", "right", "r", "second"):
        return ("customer", "agent")
    raise ValueError(f"the agent's channel is {side!r}: it is 1 (left) or 2 (right)")


def _split(text: str) -> tuple[str, ...]:
    """Names of channels; a plain number is no name but their count."""
    if text.strip().isdigit():
        return ()
    for sign in ";|/":
        text = text.replace(sign, ",")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _coding(
    location: str, own: Mapping[str, str], usual: Mapping[str, str], tags: dict[str, str], *, single: bool
) -> tuple[str | None, int | None, int | None]:
    """What is to be known of a headerless file, and of no other: a header speaks for itself.

    What a row says of the coding of a file with a header becomes a tag, unless it names a headerless coding.
    """
    suffix = PurePosixPath(name_of(location).lower()).suffix
    headerless = suffix in HEADERLESS or suffix not in RECORDINGS
    encoding = headerless_encoding(own.get("encoding"))
    if "encoding" in own and encoding is None:
        tags["format"] = own["encoding"]
    if not headerless and encoding is None:
        for name in ("rate", "channel_count"):
            if name in own:
                tags[name] = own[name]
        return None, None, None
    values = {**usual, **own} if headerless else own
    if headerless and encoding is None and suffix not in EXTENSIONS:
        encoding = headerless_encoding(usual.get("encoding"))
    channels = values.get("channel_count")
    roles = values.get("roles", "") if "roles" in own or "encoding" in usual else ""
    if channels is None and roles.strip().isdigit():
        channels = roles
    coding = encoding or EXTENSIONS.get(suffix, ("", None))[0]
    if channels is None and single and roles and coding in FORMATS and FORMATS[coding].interleaved:
        channels = str(len(_split(roles)))
    return encoding, _whole("rate", values.get("rate")), _whole("channel count", channels)


def _whole(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.lower().removesuffix("hz").strip()
    if not digits.isdigit():
        raise ValueError(f"the {name} is {text!r}, which is no whole number")
    return int(digits)
