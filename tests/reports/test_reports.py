"""The report of a week and the evidence pack: figures that are known, masked clips, and nothing of who spoke."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audioqa.audio import content_hash
from audioqa.bands import CONTACT_CENTRE
from audioqa.cli import app
from audioqa.lab.month import make_month
from audioqa.lab.month_plan import Fact, read_plan
from audioqa.lab.month_store import fill
from audioqa.render.as_json import to_json
from audioqa.reports import weekly, weekly_page
from audioqa.settings import Settings
from audioqa.store import Hashes, Store, open_store
from audioqa.types.calls import CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"
WORST = "dropouts-zero-fill.wav"
START = datetime(2026, 6, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A month in which one carrier is worse in its last week."""
    bad = Fact(
        "bad", {"carrier": "carrier 2"}, since=datetime(2026, 6, 24, tzinfo=UTC), drop=0.6, events={"dropout": 0.5}
    )
    plan = replace(read_plan(), calls=4000, facts=(bad,))
    with open_store(str(tmp_path_factory.mktemp("month") / "calls.db")) as store:
        fill(store, make_month(plan))
        yield store


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two real recordings, one of them flagged, and one that is gone."""
    path = tmp_path_factory.mktemp("calls") / "calls.db"
    analyser = Settings().analyser()
    with open_store(str(path)) as store:
        run = store.begin_run(["fixtures"], digest="d" * 64, version="0")
        for number, name in enumerate((WORST, "clean-ulaw.wav", WORST)):
            made = to_json(analyser(FIXTURES / name), indent=None)
            info = CallInfo(
                f"=call {number}",
                "",
                START + timedelta(hours=number),
                ("agent", "customer"),
                agent="secret agent",
                carrier="Acme",
                trunk="T1",
                network={"loss": 2.5},
                tags={"customer": "secret name"},
            )
            file = FIXTURES / name if number < 2 else FIXTURES / "gone.wav"
            item = Item((SourceFile(str(file), 1, "x"),), info)
            store.record(run, item, Hashes((content_hash(FIXTURES / name),)), made, digest="d" * 64)
    return path


def test_a_week_names_the_route_and_the_fault_that_are_worse(month: Store) -> None:
    week = weekly(month, tenant="", site=None, until=datetime(2026, 7, 1, tzinfo=UTC), bands=CONTACT_CENTRE)
    (stream,) = week.streams
    assert (stream.routes[0].by, stream.routes[0].value) == ("carrier", "carrier 2")
    assert stream.routes[0].lower == pytest.approx(0.6, abs=0.15)
    assert stream.faults[0].kind == "dropout"
    assert stream.faults[0].before is not None
    assert stream.faults[0].share > stream.faults[0].before
    assert stream.change is not None
    assert stream.change[2] < 0
    page = weekly_page(week)
    assert "carrier <b>carrier 2</b>" in page
    assert "Calls sounded worse" in page


def test_a_week_of_a_site_is_of_its_calls_alone(month: Store) -> None:
    week = weekly(month, tenant="", site="site 3", until=datetime(2026, 7, 1, tzinfo=UTC), bands=CONTACT_CENTRE)
    (stream,) = week.streams
    whole = weekly(month, tenant="", site=None, until=datetime(2026, 7, 1, tzinfo=UTC), bands=CONTACT_CENTRE)
    assert 0 < stream.calls < whole.streams[0].calls / 3
    assert all("site" not in route.by for route in stream.routes)


def test_a_week_without_calls_says_so(month: Store) -> None:
    week = weekly(month, tenant="", site="nowhere", until=datetime(2026, 7, 1, tzinfo=UTC), bands=CONTACT_CENTRE)
    assert week.streams == []
    assert "There are no calls" in weekly_page(week)


def test_the_page_of_a_week_plays_masked_clips_and_asks_for_nothing(calls: Path, tmp_path: Path) -> None:
    page = tmp_path / "week.html"
    given = ["report", "weekly", "--store", str(calls), "--until", "2026-06-25", "-o", str(page), "--clips", "2"]
    shown = CliRunner().invoke(app, given)
    assert shown.exit_code == 0, shown.output
    text = page.read_text(encoding="utf-8")
    assert text.count('src="data:audio/wav;base64,') == 1
    assert "no clip: " in text  # of the recording that is gone
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert "<script" not in text


def test_a_pack_holds_what_its_manifest_says_and_nothing_of_who_spoke(calls: Path, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    given = ["report", "evidence", "--store", str(calls), "--carrier", "Acme", "--since", "2026-06-01", "-o", str(path)]
    shown = CliRunner().invoke(app, given)
    assert shown.exit_code == 0, shown.output
    with zipfile.ZipFile(path) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert {name: hashlib.sha256(data).hexdigest() for name, data in files.items()} == sums
    assert {name: one["sha256"] for name, one in manifest["files"].items()} == sums
    rows = list(csv.DictReader(io.StringIO(files["calls.csv"].decode())))
    assert [row["call_id"] for row in rows] == ["'=call 0", "'=call 2"]
    first = rows[0]
    assert first["start_utc"] == "2026-06-22T09:00:00.000Z"
    assert first["network_loss"] == "2.5"
    assert first["recording_sha256"] == content_hash(FIXTURES / WORST)
    assert hashlib.sha256(files[first["clip"]]).hexdigest() == first["clip_sha256"]
    events = list(csv.DictReader(io.StringIO(files["events.csv"].decode())))
    began = START + timedelta(seconds=float(events[0]["start_s"]))
    assert datetime.fromisoformat(events[0]["start_utc"]) == began.replace(microsecond=began.microsecond // 1000 * 1000)
    for name, data in files.items():
        assert b"secret" not in data, name
    assert files["index.html"].count(b"<audio") == 1


def test_a_pack_of_nothing_is_not_written(calls: Path, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    shown = CliRunner().invoke(app, ["report", "evidence", "--store", str(calls), "--carrier", "X", "-o", str(path)])
    assert shown.exit_code == 2
    assert not path.exists()
    assert CliRunner().invoke(app, ["report", "evidence", "--store", str(calls), "-o", str(path)]).exit_code == 2
