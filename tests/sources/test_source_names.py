"""What file names say: patterns, and which files are the legs of one call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_example import bad, found, names, one, recording

from audioqa.errors import SettingsError
from audioqa.sources import SourceOptions, folders
from audioqa.sources.patterns import NamePattern
from audioqa.types import BadItem, Item

EXAMPLE = "{call_id}_{agent}_{start:%Y%m%d}.wav"


def test_the_example_of_the_manual_is_read_and_takes_utc_aloud(tmp_path: Path) -> None:
    recording(tmp_path / "17_ann_20240301.wav")
    said: list[str] = []
    (item,) = found(tmp_path, options=SourceOptions(pattern=EXAMPLE), said=said)
    assert isinstance(item, Item)
    assert (item.info.call_id, item.info.agent) == ("17", "ann")
    assert item.info.start_time == datetime(2024, 3, 1, tzinfo=UTC)
    assert said == ["times in file names are taken for UTC, because no time zone is named (--timezone)"]


def test_a_time_zone_that_is_named_counts(tmp_path: Path) -> None:
    recording(tmp_path / "17_ann_20240301.wav")
    options = SourceOptions(pattern=EXAMPLE, given={"timezone": "Europe/Berlin"})
    assert one(tmp_path, options=options).info.start_time == datetime(2024, 2, 29, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "location", "fields", "tags"),
    [
        ("{call_id}_{agent}.wav", "/x/17_ann.WAV", {"call_id": "17", "agent": "ann"}, {}),
        ("{call_id}_{agent}.wav", "/x/17_ann_b.wav", {"call_id": "17", "agent": "ann_b"}, {}),
        ("{call_id}_{agent}", "/x/17_ann.mp3", {"call_id": "17", "agent": "ann"}, {}),
        ("{site}/*/{call_id}-{_}.wav", "/x/oslo/2024/17-zz.wav", {"site": "oslo", "call_id": "17"}, {}),
        ("{campaign}-{CallID}.wav", "/x/spring-17.wav", {"call_id": "17"}, {"campaign": "spring"}),
        ("{call_id}.wav", "/x/a.zip!day/17.wav", {"call_id": "17"}, {}),
        ("{site}/{call_id}.wav", "/x/a.zip!17.wav", None, {}),
        ("{call_id}_{agent}.wav", "/x/17.wav", None, {}),
        (
            "{start:%Y%m%d}-{start:%H%M%S}-{call_id}.wav",
            "/x/20240301-100000-17.wav",
            {"call_id": "17", "start_time": "20240301 100000", "time_format": "%Y%m%d %H%M%S"},
            {},
        ),
        ("{call_id}.{start:%s}.wav", "/x/17.1709287200.wav", {"call_id": "17", "start_time": "1709287200"}, {}),
    ],
)
def test_a_pattern_takes_a_name_apart(
    pattern: str, location: str, fields: dict[str, str] | None, tags: dict[str, str]
) -> None:
    found = NamePattern(pattern).match(location)
    if fields is None:
        assert found is None
    else:
        assert found is not None
        assert (found.fields, found.tags) == (fields, tags)


def test_a_name_that_does_not_fit_is_a_failure_and_not_scored_as_nobodys(tmp_path: Path) -> None:
    recording(tmp_path / "other.wav")
    item = bad(tmp_path, options=SourceOptions(pattern=EXAMPLE))
    assert (item.location, item.kind) == (f"{tmp_path}/other.wav", "pattern")
    assert EXAMPLE in item.message


def test_a_date_that_is_none_is_a_failure(tmp_path: Path) -> None:
    recording(tmp_path / "17_ann_20240231.wav")
    assert "20240231" in bad(tmp_path, options=SourceOptions(pattern=EXAMPLE)).message


@pytest.mark.parametrize(
    ("pattern", "cause"),
    [
        ("call.wav", "names no field"),
        ("{call_id", "brace without its fellow"),
        ("{call_id}_{call_id}.wav", "names a field twice"),
        ("{agent:%Y}.wav", "only a time"),
        ("{start:%Q}.wav", "%Q is no code"),
        ("{start:%H%M}.wav", "without its year"),
        ("{}.wav", "field without a name"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str, cause: str) -> None:
    with pytest.raises(SettingsError, match=cause):
        SourceOptions(pattern=pattern)


PAIR = SourceOptions(pair=True)


@pytest.mark.parametrize(
    ("first", "second", "roles"),
    [
        ("17_in.wav", "17_out.wav", ("in", "out")),
        ("17-rx.wav", "17-tx.wav", ("rx", "tx")),
        ("17_agent.wav", "17_customer.wav", ("agent", "customer")),
        ("17.L.wav", "17.R.wav", ("l", "r")),
        ("17.0.wav", "17.1.wav", ("0", "1")),
        ("17_Agent.mp3", "17_Customer.mp3", ("agent", "customer")),
    ],
)
def test_two_legs_are_one_call_in_the_order_of_its_channels(
    tmp_path: Path, first: str, second: str, roles: tuple[str, str]
) -> None:
    for name in (first, second):
        (tmp_path / name).write_bytes(recording(tmp_path / "a.wav").read_bytes())
    (tmp_path / "a.wav").unlink()
    item = one(tmp_path, options=PAIR)
    assert [file.location for file in item.files] == [f"{tmp_path}/{first}", f"{tmp_path}/{second}"]
    assert item.info.roles == roles
    assert len(found(tmp_path)) == 2


def test_a_leg_without_its_twin_is_scored_alone_and_says_so_and_stays_the_same_call(tmp_path: Path) -> None:
    recording(tmp_path / "17_customer.wav")
    alone = one(tmp_path, options=PAIR)
    assert (len(alone.files), alone.info.roles) == (1, ("customer",))
    assert alone.info.tags == {"missing_leg": "agent"}
    recording(tmp_path / "17_agent.wav")
    both = one(tmp_path, options=PAIR)
    assert both.info.call_id == alone.info.call_id == f"{tmp_path}/17_{{agent,customer}}.wav"
    assert both.info.tags == {}


def test_files_that_are_no_legs_stay_calls_of_their_own(tmp_path: Path) -> None:
    for name in ("17_in.wav", "17_out.wav", "checkin.wav", "in.wav", "18_in.flac"):
        recording(tmp_path / name)
    items = found(tmp_path, options=PAIR)
    assert names(items, tmp_path) == ["17_in.wav", "18_in.flac", "checkin.wav", "in.wav"]
    assert [len(each.files) for each in items if isinstance(each, Item)] == [2, 1, 1, 1]


def test_three_numbered_files_are_a_pair_and_one_more(tmp_path: Path) -> None:
    for name in ("17-0.wav", "17-1.wav", "17-2.wav"):
        recording(tmp_path / name)
    items = found(tmp_path, options=PAIR)
    assert [len(each.files) for each in items if isinstance(each, Item)] == [2, 1]


def test_a_pattern_says_where_the_leg_stands_even_in_another_folder(tmp_path: Path) -> None:
    for name in ("rx/17.wav", "tx/17.wav", "tx/18.wav"):
        recording(tmp_path / name)
    options = SourceOptions(pair=True, pattern="{leg}/{call_id}.wav", defaults={"roles": "agent,customer"})
    pair, alone = found(tmp_path, options=options)
    assert isinstance(pair, Item)
    assert [file.location for file in pair.files] == [f"{tmp_path}/rx/17.wav", f"{tmp_path}/tx/17.wav"]
    assert (pair.info.call_id, pair.info.roles) == ("17", ("agent", "customer"))
    assert isinstance(alone, Item)
    assert (alone.info.call_id, alone.info.roles) == ("18", ("customer",))


def test_each_leg_without_a_header_has_one_channel_whatever_the_roles_of_the_call(tmp_path: Path) -> None:
    for name in ("17_in.raw", "17_out.raw", "18.raw"):
        (tmp_path / name).write_bytes(bytes(800))
    options = SourceOptions(pair=True, defaults={"roles": "agent,customer", "encoding": "ulaw"})
    legs, mixed = found(tmp_path, options=options)
    assert isinstance(legs, Item)
    assert isinstance(mixed, Item)
    assert (len(legs.files), legs.info.roles, legs.channel_count) == (2, ("agent", "customer"), None)
    assert (len(mixed.files), mixed.info.roles, mixed.channel_count) == (1, ("agent", "customer"), 2)


def test_the_words_of_legs_may_be_ones_own(tmp_path: Path) -> None:
    recording(tmp_path / "17_x.wav")
    recording(tmp_path / "17_y.wav")
    item = one(tmp_path, options=SourceOptions(pair=True, legs=("y", "x")))
    assert [Path(file.location).name for file in item.files] == ["17_y.wav", "17_x.wav"]


def test_either_leg_that_is_named_brings_the_other_and_both_bring_one_call(tmp_path: Path) -> None:
    for name in ("17_in.wav", "17_out.wav"):
        recording(tmp_path / name)
    said: list[str] = []
    for source in ("*.wav", "17_out.wav"):
        found(tmp_path / source, options=PAIR, said=said)
    assert said == []
    for sources in (["17_out.wav"], ["17_in.wav"], ["17_in.wav", "17_out.wav"], ["*_out.wav"], ["*.wav"]):
        item = one(*(tmp_path / each for each in sources), options=PAIR)
        assert [Path(file.location).name for file in item.files] == ["17_in.wav", "17_out.wav"]


def test_the_legs_in_a_folder_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("17_in.wav", "17_out.wav"):
        recording(tmp_path / name)
    looked: list[str] = []
    look = folders.look
    monkeypatch.setattr(folders, "look", lambda location: (looked.append(location), look(location))[1])
    assert len(found(tmp_path, options=PAIR)) == 1
    assert looked == [f"{tmp_path}/17_in.wav", f"{tmp_path}/17_out.wav"]


def test_without_pairing_two_legs_of_one_id_are_told_to_be_paired(tmp_path: Path) -> None:
    recording(tmp_path / "17_in.wav")
    recording(tmp_path / "17_out.wav")
    _, item = found(tmp_path, options=SourceOptions(pattern="{call_id}_{leg}.wav"))
    assert isinstance(item, BadItem)
    assert "--pair" in item.message
