"""What stands beside a recording in a JSON or XML file of its name."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_example import bad, found, one, recording

from audioqa.sources import SourceOptions
from audioqa.types import Item

JSON = """{"call": {"id": "17", "start": "2024-03-01T10:00:00Z"}, "agent": {"id": "ann", "level": 3},
 "channels": ["agent", "customer"], "rtp": {"packet_loss": 0.5}, "turns": [{"text": "hello"}], "wrapped": null}"""
XML = """<?xml version="1.0"?><r:record xmlns:r="urn:x" id="17"><call start="2024-03-01T10:00:00Z"/>
<agent><id>ann</id><level>3</level></agent><field name="roles">agent,customer</field>
<field name="packet_loss" value="0.5"/></r:record>"""


@pytest.mark.parametrize(("name", "text"), [("a.json", JSON), ("a.xml", XML), ("a.wav.JSON", JSON)])
def test_a_sidecar_says_what_a_row_would(tmp_path: Path, name: str, text: str) -> None:
    recording(tmp_path / "a.wav")
    (tmp_path / name).write_text(text, encoding="utf-8")
    for source in (tmp_path, tmp_path / "a.wav", tmp_path / "*.wav"):
        info = one(source).info
        assert (info.call_id, info.agent, info.roles) == ("17", "ann", ("agent", "customer"))
        assert info.start_time == datetime(2024, 3, 1, 10, tzinfo=UTC)
        assert info.network == {"loss": 0.5}
        assert info.tags == {"agent.level": "3"}


def test_a_sidecar_wins_over_the_name_and_the_name_over_defaults(tmp_path: Path) -> None:
    recording(tmp_path / "17_bob.wav")
    options = SourceOptions(pattern="{call_id}_{agent}.wav", defaults={"agent": "nobody", "queue": "sales"})
    assert (one(tmp_path, options=options).info.agent, one(tmp_path, options=options).info.queue) == ("bob", "sales")
    (tmp_path / "17_bob.json").write_text('{"agent": "ann"}', encoding="utf-8")
    assert (one(tmp_path, options=options).info.agent, one(tmp_path, options=options).info.call_id) == ("ann", "17")


def test_the_sidecars_of_both_legs_count(tmp_path: Path) -> None:
    for leg, text in (("in", '{"agent": "ann"}'), ("out", '{"agent": "bob", "queue": "sales"}')):
        recording(tmp_path / f"17_{leg}.wav")
        (tmp_path / f"17_{leg}.json").write_text(text, encoding="utf-8")
    info = one(tmp_path, options=SourceOptions(pair=True)).info
    assert (info.agent, info.queue) == ("ann", "sales")


def test_a_sidecar_may_name_a_reference_from_where_it_lies(tmp_path: Path) -> None:
    recording(tmp_path / "calls" / "a.wav")
    clean = recording(tmp_path / "clean.wav")
    (tmp_path / "calls" / "a.json").write_text('{"reference": "../clean.wav"}', encoding="utf-8")
    reference = one(tmp_path / "calls").reference
    assert reference is not None
    assert (reference.location, reference.size) == (str(clean), clean.stat().st_size)
    clean.unlink()
    item = bad(tmp_path / "calls")
    assert (item.location, item.kind) == (f"{tmp_path}/calls/a.wav", "missing")
    assert f"its reference {clean}" in item.message


def test_a_reference_in_an_archive_is_sought_there(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "calls/a.wav")
        archive.write(path, "clean/a.flac")
        archive.writestr("calls/a.json", '{"reference": "../clean/a.flac"}')
    first = found(tmp_path / "a.zip")[0]
    assert isinstance(first, Item)
    assert first.reference is not None
    assert first.reference.location == f"{tmp_path}/a.zip!clean/a.flac"


BAD = {
    "a.json": [
        ('{"agent": ', "no JSON"),
        ("[1]", "no JSON object"),
        ('{"loss": "much"}', "no number"),
        ('{"start": "2024-03-01 10:00"}', "no time zone"),
        ("[" * 5000, "nested too deep"),
        ('{"a":' * 99 + "1" + "}" * 99, "nested too deep"),
    ],
    "a.xml": [
        ("<call><agent></call>", "no XML"),
        ("", "no XML"),
        ('<!DOCTYPE call [<!ENTITY a "b">]><call><agent>&a;</agent></call>', "document type"),
        ("<a>" * 99 + "</a>" * 99, "nested too deep"),
    ],
}


@pytest.mark.parametrize(("name", "text", "cause"), [(name, *each) for name, every in BAD.items() for each in every])
def test_a_sidecar_that_cannot_be_read_is_a_failure_of_its_call(
    tmp_path: Path, name: str, text: str, cause: str
) -> None:
    recording(tmp_path / "a.wav")
    (tmp_path / name).write_text(text, encoding="utf-8")
    item = bad(tmp_path)
    assert (item.location, item.kind) == (f"{tmp_path}/a.wav", "manifest")
    assert cause in item.message
    assert isinstance(one(tmp_path / "a.wav", options=SourceOptions(sidecars=False)), Item)


def test_sidecars_that_are_not_wanted_are_left_out_and_said(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    said: list[str] = []
    assert len(found(tmp_path, options=SourceOptions(sidecars=False), said=said)) == 1
    assert "1 .json" in said[0]


WORDS = "word " * 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f'{{"agent": "ann", "text": "{WORDS}"}}'),
        ("a.xml", f"<call><agent>ann</agent><text>{WORDS}</text></call>"),
    ],
)
def test_a_transcript_is_no_tag(tmp_path: Path, name: str, text: str) -> None:
    recording(tmp_path / "a.wav")
    (tmp_path / name).write_text(text, encoding="utf-8")
    info = one(tmp_path).info
    assert (info.agent, info.tags) == ("ann", {})
