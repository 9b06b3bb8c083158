"""Local time is that of the standard library, at every change of the clocks and in odd zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from audioqa import zones
from audioqa.errors import SettingsError


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
def test_local_time_is_the_standard_librarys(name: str) -> None:
    zone = ZoneInfo(name)
    begin = datetime(2025, 12, 1, tzinfo=UTC)
    moments = [begin + timedelta(minutes=17 * number) for number in range(40_000)]
    minutes = np.array([int(moment.timestamp() // 60) for moment in moments], np.int32)
    local = zones.local(zone, minutes)
    there = [moment.astimezone(zone) for moment in moments]
    assert zones.part("hour", local).tolist() == [one.hour for one in there]
    assert zones.part("weekday", local).tolist() == [one.weekday() for one in there]
    for part, form in (("day", "%Y-%m-%d"), ("month", "%Y-%m")):
        numbers = zones.part(part, local)
        said = {number: zones.told(part, number) for number in set(numbers.tolist())}
        assert [said[number] for number in numbers.tolist()] == [f"{one:{form}}" for one in there]
    weeks = zones.part("week", local).tolist()
    assert zones.told("week", weeks[0]) == f"{there[0] - timedelta(days=there[0].weekday()):%Y-%m-%d}"


@pytest.mark.parametrize("name", ["Mars", "", "../etc/passwd", "a" * 300])
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="there is no time zone"):
        zones.zone_of(name)
