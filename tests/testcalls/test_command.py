"""``audioqa testcall``: real prompts through telephone codecs, scored, stored as test calls, refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result
from numpy.typing import NDArray
from typer.testing import CliRunner

from audioqa.audio import Resampler
from audioqa.cli import app
from audioqa.lab.codecs import transcode
from audioqa.store import Query, open_store

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def spoken(audio_data: Path) -> Sound:
    """Ten seconds of read sentences at 16 kHz."""
    files = sorted((audio_data / "speech" / "intent").glob("*.*"))[:12]
    parts: list[Sound] = []
    for file in files:
        samples, rate = soundfile.read(file, dtype="float32")
        assert rate == 16_000
        parts += [samples, np.zeros(6400, np.float32)]
    sound = np.concatenate(parts)[: 10 * rate]
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def narrowed(samples: Sound) -> Sound:
    return Resampler(16_000, 8000, channels=1).push(np.ascontiguousarray(samples[:, None]), last=True)[:, 0]


@pytest.fixture
def desk(spoken: Sound, tmp_path: Path) -> Path:
    """A prompt at 16 kHz, and recordings of it: oslo over t1 is clean, rome over t2 goes through a poor codec."""
    soundfile.write(tmp_path / "en.wav", spoken, 16_000)
    narrow = narrowed(spoken)
    calls = tmp_path / "calls"
    calls.mkdir()
    before, after = np.zeros(12_000, np.float32), np.zeros(4000, np.float32)
    good = transcode(narrow, 8000, "ulaw")
    poor = transcode(narrow, 8000, "gsm")
    lost = good.copy()
    lost[20_000:20_800] = 0
    lost[50_000:50_800] = 0
    for name, heard in (("oslo_t1_1", good), ("oslo_t1_2", lost), ("rome_t2_3", poor)):
        soundfile.write(calls / f"{name}.wav", np.concatenate([before, heard, after]), 8000, subtype="PCM_16")
    return tmp_path


def run(*words: str) -> Result:
    pattern = ["--pattern", "{site}_{trunk}_{call_id}.wav"] if words[0] == "testcall" else []
    return CliRunner().invoke(app, [*words, *pattern], env={"COLUMNS": "200"})


def test_test_calls_are_scored_by_site_and_trunk(desk: Path) -> None:
    shown = run("testcall", str(desk / "calls"), "--prompt", str(desk / "en.wav"), "--json")
    assert shown.exit_code == 0, shown.stderr
    calls = {f"{call['site']}{call['call_id']}": call["report"] for call in map(json.loads, shown.stdout.splitlines())}
    pesq = {name: report["pesq"][0]["score"]["value"] for name, report in calls.items()}
    assert pesq["oslo1"] > 4.0 > pesq["oslo2"]
    assert pesq["oslo1"] > pesq["rome3"] > 1.5
    for report in calls.values():
        (result,) = report["pesq"]
        assert result["scale"] == "MOS-LQON"
        assert report["prompt"]["name"] == "en"
        assert report["prompt"]["delay"] == pytest.approx(1.5, abs=0.05)
        assert result["delay"] == pytest.approx(report["prompt"]["delay"], abs=0.02)
        assert 1 <= report["mos"]["value"] <= 5


def test_wideband_files_are_scored_on_both_scales(desk: Path, spoken: Sound) -> None:
    wide = desk / "wide_t3_1.wav"
    soundfile.write(wide, np.concatenate([np.zeros(8000, np.float32), spoken]), 16_000, subtype="PCM_16")
    shown = run("testcall", str(wide), "--prompt", str(desk), "--json")
    assert shown.exit_code == 0, shown.stderr
    (call,) = map(json.loads, shown.stdout.splitlines())
    assert [one["scale"] for one in call["report"]["pesq"]] == ["MOS-LQON", "MOS-LQOW"]
    assert all(one["score"]["value"] > 4.3 for one in call["report"]["pesq"])


def test_they_are_kept_as_test_calls_and_found_by_site_and_trunk(desk: Path) -> None:
    store = desk / "store.db"
    words = ("testcall", str(desk / "calls"), "--prompt", str(desk / "en.wav"), "--store", str(store), "--jobs", "1")
    shown = run(*words)
    assert shown.exit_code == 0, shown.stderr
    table = [line.split() for line in shown.stdout.splitlines() if line.startswith(("oslo", "rome"))]
    assert [row[:3] for row in table] == [["oslo", "t1", "2"], ["rome", "t2", "1"]]
    with open_store(str(store)) as opened:
        assert list(opened.calls(Query())) == []
        rows = list(opened.calls(Query(test_calls=True, site="oslo")))
        assert [row.pesq_scale for row in rows] == ["MOS-LQON", "MOS-LQON"]
        assert all(row.info.tags == {"test_call": "en"} for row in rows)
        (group, _) = opened.group(["trunk"], Query(test_calls=True))
        assert (group.values, group.calls) == (("t1",), 2)
    again = run(*words)
    assert "3 done before and unchanged" in again.stdout
    listed = run("calls", "--test-calls", "--store", str(store))
    assert "LQON" in listed.stdout
    told = run("show", "2", "--store", str(store))
    assert "the prompt en begins at 1.5" in told.stdout
    row = run("export", "--test-calls", "--store", str(store)).stdout.splitlines()
    cells = dict(zip(row[0].split(","), row[1].split(","), strict=False))
    assert cells["call_id"] == "1"
    assert "en" in row[1]


def test_what_cannot_be_scored_fails_by_name(desk: Path, spoken: Sound) -> None:
    calls = desk / "bad"
    calls.mkdir()
    narrow = narrowed(spoken)
    quiet = np.zeros(4000, np.float32)
    soundfile.write(calls / "a_t_other.wav", narrow[::-1].copy(), 8000)
    soundfile.write(calls / "a_t_cut.wav", np.concatenate([quiet, narrow[:50_000]]), 8000)
    soundfile.write(calls / "a_t_rate.wav", np.concatenate([quiet, narrow, quiet]), 16_000)
    soundfile.write(calls / "a_t_low.wav", narrow[::2].copy(), 4000)
    store = desk / "store.db"
    shown = run("testcall", str(calls), "--prompt", str(desk / "en.wav"), "--store", str(store), "--jobs", "1")
    assert shown.exit_code == 1
    with open_store(str(store)) as opened:
        failed = {row.call_id: row.failure for row in opened.failures()}
    assert {failure.kind for failure in failed.values()} == {"prompt"}
    assert "the prompt en is not in the recording" in failed["other"].message
    assert "too short: the prompt en is cut off" in failed["cut"].message
    assert "at 2 times its speed" in failed["rate"].message
    assert "wrong rate: 4000 Hz" in failed["low"].message
    unusable = run("testcall", str(calls), "--prompt", str(desk / "none.wav"))
    assert (unusable.exit_code, "no such prompt" in unusable.stderr) == (2, True)
