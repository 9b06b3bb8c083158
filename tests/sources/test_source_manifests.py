"""Manifests: rows become calls with what they say, and a bad row is a failure with its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_example import bad, csv_of, found, names, one, recording

from audioqa.sources import SourceOptions
from audioqa.types import BadItem, Item


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    for number in range(1, 5):
        recording(tmp_path / "calls" / f"{number}.wav", seed=number)
    recording(tmp_path / "clean.wav")
    return tmp_path


ROW = {
    "recording": "calls/1.wav",
    "CallID": "17",
    "start_time": "2024-03-01T10:00:00+01:00",
    "agent_name": "Ann",
    "queue": "sales",
    "Site": "Oslo",
    "carrier": "telco",
    "trunk_group": "t1",
    "direction": "inbound",
    "codec": "opus",
    "tap": "sbc",
    "tenant": "acme",
    "roles": "customer;agent",
    "packet_loss": "1.5%",
    "jitter_ms": "12",
    "campaign": "spring",
    "reference": "clean.wav",
}


def test_every_column_comes_to_its_place(calls: Path) -> None:
    item = one(csv_of(calls / "calls.csv", [ROW]))
    assert item.files[0].location == f"{calls}/calls/1.wav"
    assert item.files[0].size
    assert item.reference is not None
    assert item.reference.location == f"{calls}/clean.wav"
    info = item.info
    assert (info.call_id, info.tenant, info.agent, info.queue, info.site) == ("17", "acme", "Ann", "sales", "Oslo")
    assert (info.carrier, info.trunk, info.direction, info.codec, info.tap) == ("telco", "t1", "inbound", "opus", "sbc")
    assert info.start_time == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert info.roles == ("customer", "agent")
    assert info.network == {"loss": 1.5, "jitter": 12.0}
    assert info.tags == {"campaign": "spring"}


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_as_programs_write_it(calls: Path, sign: str, encoding: str) -> None:
    manifest = calls / "calls.csv"
    lines = [f"path{sign}agent{sign}note", f'calls/1.wav{sign}Åse{sign}"a{sign}b\nc"', "", f"calls/2.wav{sign}{sign}"]
    manifest.write_bytes("\r\n".join(lines).encode(encoding))
    first, second = found(manifest)
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert first.info.agent == "Åse"
    assert first.info.tags == {"note": f"a{sign}b\nc"}
    assert second.info.agent is None


def test_json_lines_say_the_same_as_csv(calls: Path) -> None:
    text = json.dumps({"path": "calls/1.wav", "agent": {"id": "Ann"}, "roles": ["agent", "customer"], "loss": 2})
    (calls / "calls.jsonl").write_text(f"{text}\n\n", encoding="utf-8")
    info = one(calls / "calls.jsonl").info
    assert (info.agent, info.roles, dict(info.network)) == ("Ann", ("agent", "customer"), {"loss": 2.0})


def test_a_manifest_that_breaks_off_in_the_middle_of_a_sign_says_so(calls: Path) -> None:
    (calls / "calls.csv").write_bytes("path\ncalls/1.wav\ncalls/2.wav\n".encode("utf-16")[:-1])
    items = found(calls / "calls.csv")
    assert isinstance(items[-1], BadItem)
    assert "the rest was not read" in items[-1].message


BAD_ROWS = {
    "calls/1.wav,1,2024-03-01 10:00,": ("manifest", "no time zone is named"),
    "calls/1.wav,1,soon,": ("manifest", "not ISO 8601"),
    "calls/1.wav,1,,many": ("manifest", "jitter is 'many'"),
    "calls/1.wav,1": ("manifest", "2 values, but there are 4 columns"),
    "calls/1.wav,1,,,,": ("manifest", "6 values, but there are 4 columns"),
    ",1,,": ("manifest", "no path"),
    "calls/none.wav,1,,": ("missing", "no such file"),
    "calls,1,,": ("unreadable", "directory"),
    "none.zip!a.wav,1,,": ("missing", "no such file"),
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_a_failure_with_its_line_and_the_rest_goes_on(calls: Path, row: str) -> None:
    kind, cause = BAD_ROWS[row]
    text = f"path,call_id,start,jitter\ncalls/2.wav,2,,\n\n{row}\ncalls/3.wav,3,,\n"
    (calls / "calls.csv").write_text(text, encoding="utf-8")
    first, item, last = found(calls / "calls.csv")
    assert isinstance(first, Item)
    assert isinstance(last, Item)
    assert isinstance(item, BadItem)
    assert (item.location, item.kind) == (f"{calls}/calls.csv:4", kind)
    assert cause in item.message


def test_bytes_that_are_no_text_spoil_their_row_only(calls: Path) -> None:
    (calls / "calls.csv").write_bytes(b"path,agent\ncalls/1.wav,\xc5se\ncalls/2.wav,Ann\n")
    first, second = found(calls / "calls.csv")
    assert isinstance(first, BadItem)
    assert (first.location, "not in UTF-8" in first.message) == (f"{calls}/calls.csv:2", True)
    assert isinstance(second, Item)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("call_id,agent\n1,Ann\n", "no column has the path of the recording"),
        ("path,agent,Agent\ncalls/1.wav,Ann,Bob\n", "two columns are called 'agent'"),
        ("", "no column has the path"),
    ],
)
def test_a_header_that_cannot_be_used_is_one_failure(calls: Path, text: str, cause: str) -> None:
    (calls / "calls.csv").write_text(text, encoding="utf-8")
    item = bad(calls / "calls.csv")
    assert (item.location, item.kind) == (f"{calls}/calls.csv:1", "manifest")
    assert cause in item.message


@pytest.mark.parametrize("line", ['{"path": ', "[1]", '{"path": NaN}', "null"])
def test_a_bad_line_of_json_is_a_failure(calls: Path, line: str) -> None:
    (calls / "calls.jsonl").write_text(f'{{"path": "calls/1.wav"}}\n{line}\n', encoding="utf-8")
    first, second = found(calls / "calls.jsonl")
    assert isinstance(first, Item)
    assert isinstance(second, BadItem)
    assert second.location == f"{calls}/calls.jsonl:2"


def test_a_second_call_with_the_same_id_is_a_failure_unless_it_is_another_tenants(calls: Path) -> None:
    rows = [
        {"path": f"calls/{n}.wav", "call_id": "1", "tenant": tenant} for n, tenant in ((1, "a"), (2, "b"), (3, "a"))
    ]
    first, second, third = found(csv_of(calls / "calls.csv", rows))
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert isinstance(third, BadItem)
    assert (third.location, third.kind) == (f"{calls}/calls/3.wav", "duplicate")
    assert "call id '1' of tenant a" in third.message


def test_two_calls_may_have_the_same_file(calls: Path) -> None:
    rows = [{"path": "calls/1.wav", "call_id": call_id} for call_id in "ab"]
    assert len([each for each in found(csv_of(calls / "calls.csv", rows)) if isinstance(each, Item)]) == 2


def test_the_agents_channel_gives_the_roles(calls: Path) -> None:
    sides = {"1": ("agent", "customer"), "left": ("agent", "customer"), "2": ("customer", "agent"), "": ("a", "b")}
    for side, roles in sides.items():
        manifest = csv_of(calls / "calls.csv", [{"path": "calls/1.wav", "agent_channel": side}])
        assert one(manifest, options=SourceOptions(defaults={"roles": "a,b"})).info.roles == roles
    assert (
        "it is 1 (left) or 2" in bad(csv_of(calls / "m.csv", [{"path": "calls/1.wav", "agent_channel": "0"}])).message
    )


def test_a_time_zone_may_stand_in_a_column_or_in_the_options(calls: Path) -> None:
    row = {"path": "calls/1.wav", "start": "2024-03-01 10:00", "timezone": "Asia/Tokyo"}
    assert one(csv_of(calls / "a.csv", [row])).info.start_time == datetime(2024, 3, 1, 1, tzinfo=UTC)
    del row["timezone"]
    options = SourceOptions(given={"timezone": "Europe/Berlin"})
    assert one(csv_of(calls / "b.csv", [row]), options=options).info.start_time == datetime(2024, 3, 1, 9, tzinfo=UTC)


def test_date_and_time_may_stand_in_two_columns(calls: Path) -> None:
    row = {"path": "calls/1.wav", "date": "2024-03-01", "time": "10:00:05", "tz": "UTC"}
    assert one(csv_of(calls / "calls.csv", [row])).info.start_time == datetime(2024, 3, 1, 10, 0, 5, tzinfo=UTC)


def test_a_column_of_times_is_the_start_where_it_has_days_and_else_a_tag(calls: Path) -> None:
    item = one(csv_of(calls / "a.csv", [{"path": "calls/1.wav", "time": "2024-03-01T10:00:00Z"}]))
    assert item.info.start_time == datetime(2024, 3, 1, 10, tzinfo=UTC)
    item = one(csv_of(calls / "b.csv", [{"path": "calls/1.wav", "time": "10:00"}]))
    assert (item.info.start_time, item.info.tags) == (None, {"time": "10:00"})


def test_a_row_may_name_both_legs(calls: Path) -> None:
    row = {"path": "calls/1.wav", "path_2": "calls/2.wav", "call_id": "1", "roles": "agent,customer"}
    item = one(csv_of(calls / "calls.csv", [row]))
    assert names([item], calls) == ["calls/1.wav"]
    assert item.files[1].location == f"{calls}/calls/2.wav"
    assert item.info.roles == ("agent", "customer")


ROWS_OF_LEGS = [
    {"path": "calls/1.wav", "call_id": "a", "leg": "customer", "agent": ""},
    {"path": "calls/2.wav", "call_id": "a", "leg": "agent", "agent": "ann"},
    {"path": "calls/3.wav", "call_id": "b", "leg": "agent", "agent": "bob"},
    {"path": "calls/4.wav", "call_id": "c", "leg": "x", "agent": "cem"},
]


def test_two_rows_of_one_call_are_its_legs_where_they_are_to_be_paired(calls: Path) -> None:
    manifest = csv_of(calls / "calls.csv", ROWS_OF_LEGS)
    both, alone, other = found(manifest, options=SourceOptions(pair=True))
    assert isinstance(both, Item)
    assert [Path(file.location).name for file in both.files] == ["2.wav", "1.wav"]
    assert (both.info.roles, both.info.agent, both.info.tags) == (("agent", "customer"), "ann", {})
    assert isinstance(alone, Item)
    assert (len(alone.files), alone.info.tags) == (1, {"leg": "agent"})
    assert isinstance(other, Item)
    assert other.info.tags == {"leg": "x"}
    assert [type(each) for each in found(manifest)] == [Item, BadItem, Item, Item]


def test_what_a_row_says_of_coding_is_for_files_without_a_header(calls: Path) -> None:
    (calls / "calls" / "9.raw").write_bytes(bytes(800))
    coding = {"format": "PCMU", "rate": "8000 Hz", "channels": "1"}
    rows = [
        {"path": "calls/9.raw"} | coding,
        {"path": "calls/1.wav", "format": "WAV", "rate": "16000", "channels": "2"},
    ]
    raw, wav = found(csv_of(calls / "calls.csv", rows))
    assert isinstance(raw, Item)
    assert isinstance(wav, Item)
    assert (raw.encoding, raw.rate, raw.channel_count) == ("ulaw", 8000, 1)
    assert (wav.encoding, wav.rate, wav.channel_count) == (None, None, None)
    assert wav.info.tags == {"format": "WAV", "rate": "16000"}


@pytest.mark.parametrize(("rate", "kind"), [("fast", "manifest"), ("12", "settings")])
def test_a_rate_that_is_none_is_a_failure(calls: Path, rate: str, kind: str) -> None:
    (calls / "calls" / "9.raw").write_bytes(bytes(800))
    item = bad(csv_of(calls / "calls.csv", [{"path": "calls/9.raw", "format": "ulaw", "rate": rate}]))
    assert item.kind == kind
    assert item.info is not None
    assert item.info.call_id == f"{calls}/calls/9.raw"


def test_a_manifest_in_a_folder_is_no_recording_and_is_said(calls: Path) -> None:
    csv_of(calls / "calls.csv", [ROW])
    said: list[str] = []
    assert len(found(calls, said=said)) == 5
    assert "(1 .csv)" in said[0]


def test_two_rows_of_one_file_are_one_call_unless_they_say_otherwise(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    manifest = tmp_path / "calls.csv"
    manifest.write_text("path,call_id\na.wav,\na.wav,\na.wav,17\na.wav,18\na.wav,17\n")
    said: list[str] = []
    calls = found(manifest, said=said)
    assert [each.info.call_id for each in calls if isinstance(each, Item)] == [str(tmp_path / "a.wav"), "17", "18"]
    assert not [each for each in calls if isinstance(each, BadItem)]
    assert said == [f"{manifest}: 2 calls were named already"]


def test_rows_that_give_one_file_several_ids_are_several_calls_beside_other_sources_too(tmp_path: Path) -> None:
    recording(tmp_path / "calls" / "a_in.wav")
    recording(tmp_path / "calls" / "a_out.wav")
    manifest = tmp_path / "calls.csv"
    manifest.write_text(
        "path,path_2,call_id\ncalls/a_in.wav,,17\ncalls/a_in.wav,,18\n"
        "calls/a_in.wav,calls/a_out.wav,19\ncalls/a_in.wav,calls/a_out.wav,20\n"
    )
    said: list[str] = []
    calls = found(manifest, tmp_path / "calls", manifest, options=SourceOptions(pair=True), said=said)
    assert [each.info.call_id for each in calls if isinstance(each, Item)] == ["17", "18", "19", "20"]
    assert said == [f"{tmp_path}/calls: 1 call was named already", f"{manifest}: 4 calls were named already"]


def test_another_file_of_a_call_id_is_a_failure(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        recording(tmp_path / name)
    manifest = tmp_path / "calls.csv"
    manifest.write_text("path,call_id\na.wav,17\nb.wav,17\n")
    assert [each.kind for each in found(manifest) if isinstance(each, BadItem)] == ["duplicate"]
