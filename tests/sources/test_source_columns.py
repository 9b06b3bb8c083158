"""What the names of columns mean, and when a call began."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from audioqa.network.names import FIGURE_NAMES
from audioqa.sources.columns import FIELDS, Known, meaning_of, understand
from audioqa.sources.legs import PAIRS
from audioqa.sources.times import start_time


def test_no_name_means_two_things() -> None:
    every = [name for names in FIELDS.values() for name in names]
    every += [name for names in FIGURE_NAMES.values() for name, _ in names]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("call_id", "call_id"),
        ("CallID", "call_id"),
        ("Call Id", "call_id"),
        ("call-id", "call_id"),
        ("uniqueid", "call_id"),
        ("id", "call_id"),
        ("call.id", "call_id"),
        ("metadata.call.id", "call_id"),
        ("agent.id", "agent"),
        ("call.agent.name", "agent"),
        ("customer.id", ""),
        ("customer.account", ""),
        ("participants.agent_id", "agent"),
        ("Recording File", "path"),
        ("packetLoss", "loss"),
        ("rtp.jitter_ms", "jitter"),
        ("campaign", ""),
    ],
)
def test_a_name_means_what_people_mean_by_it(name: str, meaning: str) -> None:
    assert meaning_of(name) == meaning


def test_of_several_names_for_one_thing_the_surest_counts_and_the_others_are_kept() -> None:
    for pairs in ([("id", "7"), ("call_id", "17")], [("call_id", "17"), ("id", "7")]):
        known = understand(pairs)
        assert known.fields == {"call_id": "17"}
        assert known.tags == {"id": "7"}


def test_figures_of_the_network_are_per_cent_and_ms() -> None:
    known = understand([("loss_fraction", "0.015"), ("Jitter", "12 ms"), ("rtt", "n/a"), ("lost_packets", "3")])
    assert known.network == {"loss": pytest.approx(1.5), "jitter": 12.0, "packets_lost": 3.0}
    assert understand([("packet_loss", "1.5%")]).network == {"loss": 1.5}


@pytest.mark.parametrize("value", ["some", "1,5", "inf", "1e999"])
def test_a_figure_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="jitter is"):
        understand([("jitter", value)])


def test_what_says_nothing_is_nothing() -> None:
    assert understand([("agent", " "), ("queue", "N/A"), ("site", "null"), ("colour", ""), ("loss", "-")]) == Known()


def test_a_time_is_read_with_how_it_is_written_and_not_with_how_another_was() -> None:
    by_name = Known({"start_time": "20240301", "time_format": "%Y%m%d", "timezone": "UTC"})
    by_row = Known({"start_time": "2024-03-01T10:00:00+01:00"})
    assert by_row.over(by_name).fields == by_row.fields
    assert by_name.over(by_row).fields == by_name.fields


@pytest.mark.parametrize(
    ("text", "timezone", "utc"),
    [
        ("2024-03-01T10:00:00+01:00", None, "2024-03-01 09:00:00"),
        ("2024-03-01T10:00:00Z", "Europe/Berlin", "2024-03-01 10:00:00"),
        ("2024-03-01 10:00", "Europe/Berlin", "2024-03-01 09:00:00"),
        ("2024-07-01 10:00", "Europe/Berlin", "2024-07-01 08:00:00"),
        ("2024-03-01 10:00", "+05:30", "2024-03-01 04:30:00"),
        ("2024-03-01 10:00 Europe/Berlin", None, "2024-03-01 09:00:00"),
        ("2024-03-01T10:00:00.25[America/New_York]", None, "2024-03-01 15:00:00.250000"),
        ("2024-03-01 10:00 UTC", None, "2024-03-01 10:00:00"),
        ("20240301100000", "UTC", "2024-03-01 10:00:00"),
        ("20240301T100000Z", None, "2024-03-01 10:00:00"),
        ("1709287200", None, "2024-03-01 10:00:00"),
        ("1709287200000", None, "2024-03-01 10:00:00"),
        ("2024-03-01", "UTC", "2024-03-01 00:00:00"),
        ("2024-10-27 02:30", "Europe/Berlin", "2024-10-27 00:30:00"),
    ],
)
def test_a_start_time_is_one_moment(text: str, timezone: str | None, utc: str) -> None:
    assert start_time(text, timezone=timezone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_start_time_may_be_written_otherwise() -> None:
    found = start_time("1/3/2024 10:00 AM", timezone="UTC", time_format="%d/%m/%Y %I:%M %p")
    assert found == datetime(2024, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "timezone", "cause"),
    [
        ("2024-03-01 10:00", None, "no time zone is named"),
        ("2024-03-01 10:00", "Europe/Berln", "no time zone 'Europe/Berln'"),
        ("01/03/2024 10:00", "UTC", "not ISO 8601"),
        ("2024-02-30 10:00", "UTC", "not ISO 8601"),
        ("yesterday", "UTC", "not ISO 8601"),
        ("0001-01-01 00:00", "+10:00", "out of range"),
    ],
)
def test_a_start_time_that_could_be_another_is_refused(text: str, timezone: str | None, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        start_time(text, timezone=timezone)


def test_the_manual_lists_every_name_and_every_pair_of_legs() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    rows = {**FIELDS, **{name: tuple(each for each, _ in names) for name, names in FIGURE_NAMES.items()}}
    for field, names in rows.items():
        assert f"| `{field}` | {', '.join(f'`{name}`' for name in names)} |" in manual
    assert " · ".join(f"`{first}`/`{second}`" for first, second in PAIRS) in manual


def test_figures_of_one_direction_and_of_late_packets_are_statistics() -> None:
    known = understand(
        [("Caller Loss", "0.5%"), ("callee_jitter_ms", "12 ms"), ("late_percent", "1"), ("caller_x", "y")]
    )
    assert known.network == {"caller_loss": 0.5, "callee_jitter": 12.0, "discarded": 1.0}
    assert known.tags == {"caller_x": "y"}
