"""When a call began: text, and perhaps a time zone named elsewhere, to an aware time in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def start_time(text: str, *, timezone: str | None = None, time_format: str | None = None) -> datetime:
    """The time that `text` names.

    Parameters
    ----------
    text
        ISO 8601 (``2024-03-01T09:30:00+01:00``, ``2024-03-01 09:30``, ``20240301T093000Z``), perhaps with the name of a
        zone behind it (``2024-03-01 09:30 Europe/Berlin``); or seconds or milliseconds since 1970.
    timezone
        Where `text` has no offset: the name of its zone (``Europe/Berlin``, ``UTC``) or its offset (``+01:00``).
    time_format
        How `text` is written, in the codes of ``strptime``, where it is not ISO 8601.

    Returns
    -------
    datetime
        Aware, in UTC. Of an hour that comes twice where clocks are put back, the first one.

    Raises
    ------
    ValueError
        Where it cannot be read, or nothing says its time zone.
    """
    epoch = _epoch(text)
    if epoch is not None and not time_format:
        return epoch
    found, named = _read(text, time_format)
    if found.tzinfo is None:
        zone = named or timezone
        if not zone:
            raise ValueError(
                f"its start time {text!r} has no offset (such as +01:00), and no time zone is named: "
                "give --timezone, or a column 'timezone'"
            )
        found = found.replace(tzinfo=time_zone(zone))
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"its start time {text!r} is out of range") from None


def time_zone(name: str) -> tzinfo:
    """The zone of a name or an offset.

    Raises
    ------
    ValueError
        Where there is none of that name.
    """
    if name.strip().upper() in ("UTC", "Z", "GMT"):
        return UTC
    if re.fullmatch(r"[+-]\d\d:?\d\d", name.strip()):
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{name.strip()}").tzinfo
        if offset is not None:
            return offset
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}: name one such as Europe/Berlin, UTC or +01:00") from None


def _epoch(text: str) -> datetime | None:
    """Seconds since 1970 in 9 or 10 digits, milliseconds in 13; others are no such time."""
    if not re.fullmatch(r"\d{9,10}(\.\d*)?|\d{13}", text.strip()):
        return None
    whole = text.strip().split(".")[0]
    return datetime.fromtimestamp(float(text) / (1000 if len(whole) == 13 else 1), UTC)


def _read(text: str, time_format: str | None) -> tuple[datetime, str]:
    """Return the time, and the name of the zone that stands behind it or an empty string."""
    plain = text.strip()
    if time_format:
        try:
            return datetime.strptime(plain, time_format), ""
        except ValueError:
            raise ValueError(f"its start time {text!r} is not written as {time_format!r}") from None
    if re.fullmatch(r"\d{14}", plain):
        plain = f"{plain[:8]}T{plain[8:]}"
    try:
        return datetime.fromisoformat(plain), ""
    except ValueError:
        pass
    behind = re.fullmatch(r"(.+?)\s*(?:\[([A-Za-z_/+0-9-]+)\]|\s([A-Za-z][A-Za-z_/+0-9-]*))", plain)
    if behind:
        try:
            return datetime.fromisoformat(behind[1]), behind[2] or behind[3]
        except ValueError:
            pass
    raise ValueError(
        f"its start time {text!r} is not ISO 8601 (2024-03-01T09:30:00+01:00): name how it is written, "
        "time_format = '%d/%m/%Y %H:%M'"
    )
