"""``audioqa lab`` on a folder of one's own: what is used, what is left out and why, and the estimator's drift."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

import audioqa.lab.codecs
from audioqa.analysis import make_analyser
from audioqa.cli import app
from audioqa.lab import pinned
from audioqa.lab.corpus import RATE
from audioqa.lab.faults import FAULTS
from audioqa.lab.faults.fault import Fault
from audioqa.lab.native import CodecUnavailableError
from audioqa.lab.own_calls import PART, OwnCalls, cuts
from audioqa.lab.pinned import Drift, PinnedScore, drift, signals
from audioqa.lab.talk import Talk
from audioqa.synthesis import synthetic_speech
from audioqa.types import Segment

FIXTURES = Path(__file__).parents[2] / "fixtures"
QUICK = ("--faults", "hum,one-way-audio", "--codecs", "none")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["lab", *map(str, arguments)])


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A folder with one clean call of two parties."""
    folder = tmp_path / "calls"
    folder.mkdir()
    shutil.copy(FIXTURES / "clean-pcm.wav", folder / "good.wav")
    return folder


def speak(path: Path, seed: int, seconds: float = 40.0, rate: int = RATE) -> None:
    soundfile.write(path, synthetic_speech(seconds, seed=seed, rate=rate), rate, subtype="PCM_16")


def test_clean_calls_give_recall_false_events_confusion_and_drift(calls: Path) -> None:
    (calls / "notes.txt").write_text("not a call")
    (calls / ".hidden.wav").write_text("nor this")
    shown = run(calls, *QUICK)
    assert shown.exit_code == 0, shown.stderr
    assert shown.stderr == ""
    for words in ("1 call,", "Recall", "hum, 20 dB below speech", "at most", "Confusion", "Drift of the estimator"):
        assert words in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_the_json_holds_the_same_and_nothing_that_is_no_number(calls: Path) -> None:
    shown = run(calls, *QUICK, "--json", "-", "--seed", "3")
    assert shown.exit_code == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout, parse_constant=lambda name: pytest.fail(name))
    recall = {one["fault"]: one for one in found["recall"]}
    assert recall["one-way, digital silence"]["recall"] == 1.0
    assert {one["kind"] for one in found["recall"]} == {"hum", "one-way-audio"}
    assert found["seed"] == 3
    clean = [one for one in found["false_events"] if one["material"] == "clean"]
    assert {one["kind"] for one in clean} >= {"hum", "one-way-audio"}
    assert all(one["upper"] > one["per_hour"] for one in clean)
    assert found["drift"]["worst"] < 0.05
    brought = {(one["fault"], one["kind"]): one["brought"] for one in found["confusion"]}
    assert brought["one-way, digital silence", "digital-silence"]


def test_what_cannot_be_used_is_named_with_its_reason_and_exits_with_1(calls: Path, tmp_path: Path) -> None:
    (calls / "broken.wav").write_text("not a recording")
    shutil.copy(FIXTURES / "clipping.flac", calls)
    samples, rate = soundfile.read(FIXTURES / "clean-pcm.wav")
    soundfile.write(calls / "short.wav", samples[: 5 * rate], rate)
    soundfile.write(calls / "three.wav", np.tile(samples[:, :1], 3), rate)
    speak(calls / "poor.wav", 1)
    shown = run(calls, *QUICK, "--json", tmp_path / "lab.json")
    assert shown.exit_code == 1
    left_out = {one["file"]: one["reason"] for one in json.loads((tmp_path / "lab.json").read_text())["left_out"]}
    assert "it is a text file" in left_out["broken.wav"]
    reason = left_out["clipping.flac, 0:00.0 to 0:23.0"]
    assert reason.startswith("not clean: ")
    assert "clipping at 0:0" in reason
    assert "too short: 5 s" in left_out["short.wav"]
    assert "3 channels" in left_out["three.wav"]
    assert "not clean: channel 1 has a MOS of" in left_out["poor.wav"]
    for name, reason in left_out.items():
        assert f"audioqa: {name}: left out: {reason}" in shown.stderr
    assert "1 call," in shown.stdout


def test_what_a_call_has_as_it_is_is_set_aside_unless_the_user_vouches_for_it(calls: Path) -> None:
    (calls / "good.wav").unlink()
    shutil.copy(FIXTURES / "leading-silence.flac", calls)

    def shown(*arguments: str) -> tuple[dict[str, int], int]:
        found = json.loads(run(calls, "--faults", "hum", "--codecs", "none,ulaw", "--json", "-", *arguments).stdout)
        events = [sum(one["events"].values()) for one in found["false_events"] if one["kind"] == "leading-silence"]
        return found["aside"], sum(events)

    assert shown() == ({"leading-silence": 1}, 0)
    assert shown("--trust") == ({}, 2)


def test_single_speakers_are_paired_into_talk_and_may_be_vouched_for(tmp_path: Path) -> None:
    for seed, rate in ((1, 8000), (2, 16000), (3, 8000)):
        speak(tmp_path / f"speaker{seed}.wav", seed, rate=rate)
    own = OwnCalls(tmp_path, make_analyser(), trusted=True)
    (made,) = list(own)
    assert made.speakers == ("own/speaker1.wav", "own/speaker2.wav")
    assert made.seconds > 50
    assert [(one.file, "no other speaker" in one.reason) for one in own.left_out] == [("speaker3.wav", True)]


def test_a_long_call_is_cut_where_nobody_speaks() -> None:
    turns = [Segment(10.0 * k, 10.0 * k + 9.5 - (k % 2)) for k in range(20)]
    parts = cuts(turns, 200.0)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert (parts[0].start, parts[-1].end) == (0.0, 200.0)
    assert all(PART <= part.duration <= 1.5 * PART for part in parts)
    assert not any(turn.start < part.end < turn.end for part in parts[:-1] for turn in turns)
    assert cuts([Segment(0.0, 200.0)], 200.0) == [Segment(0.0, 200.0)]


def test_every_turn_of_a_users_call_is_where_it_is_heard(calls: Path) -> None:
    (made,) = list(OwnCalls(calls, make_analyser()))
    for party in (0, 1):
        spoken = np.zeros(len(made.samples), dtype=bool)
        for turn in made.turns[party]:
            spoken[round(turn.start * RATE) : round(turn.end * RATE)] = True
        column = made.samples[:, party]
        assert np.std(column[spoken]) > 10 * np.std(column[~spoken])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_finds_room_in_a_short_call_or_says_that_there_is_none(fault: Fault) -> None:
    """As short as a user's may be: two turns, of which one is a few words."""
    samples = np.stack([synthetic_speech(20.0, seed=seed) for seed in (1, 2)], axis=1)
    turns = (Segment(0.5, 15.5), Segment(15.8, 19.8))
    for party, turn in enumerate(turns):
        outside = np.ones(len(samples), dtype=bool)
        outside[round(turn.start * RATE) : round(turn.end * RATE)] = False
        samples[outside, party] *= 1e-3
    faulted, truth = fault.make(Talk(samples, ((turns[0],), (turns[1],)), ("a", "b")), np.random.default_rng(1))
    assert np.isfinite(faulted).all()
    assert all(0 <= one.segment.start <= one.segment.end <= len(faulted) / RATE + 1e-6 for one in truth)


def test_a_codec_that_is_not_installed_is_left_out_with_what_is_missing(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise CodecUnavailableError("needed libbcg729.so.0, which is not installed: apt-get install libbcg729-0")

    monkeypatch.setattr(audioqa.lab.codecs, "g729", absent)
    shown = run(calls, "--faults", "hum", "--codecs", "none,g729")
    assert shown.exit_code == 1
    assert "audioqa: codec g729 left out: needed libbcg729.so.0" in shown.stderr
    assert "each call through none." in " ".join(shown.stdout.split())
    assert run(calls, "--faults", "hum", "--codecs", "g729").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["empty"], "empty holds no recordings"),
        (["calls", "--faults", "humm"], "there is no fault of kind 'humm'; there are"),
        (["calls", "--codecs", "g7299"], "got codec 'g7299'"),
        (["calls", "--json", "nowhere/lab.json"], "there is no folder nowhere"),
        (["calls", "--every", "0"], "Invalid value"),
    ],
)
@pytest.mark.usefixtures("calls")
def test_bad_usage_exits_with_2_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert shown.stdout == ""


def test_where_no_clean_call_is_left_there_is_no_figure(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_text("not a recording")
    shown = run(tmp_path, *QUICK)
    assert shown.exit_code == 1
    assert "nothing to put faults into" in shown.stderr
    assert shown.stdout == ""


def test_the_pinned_set_is_up_to_date_for_the_shipped_weights() -> None:
    found = drift()
    assert found.same, "pin it anew: python -m audioqa.lab.pinned --write"
    assert found.worst < 0.01, [(one.signal, one.drift) for one in found.scores]
    assert not found.alarming


def test_the_pinned_signals_are_the_same_every_time_and_degraded_ones_score_lower() -> None:
    first, again = dict(signals()), dict(signals())
    assert all(np.array_equal(first[name], again[name]) for name in first)
    scores = {one.signal: one.pinned for one in drift().scores}
    for voice in ("low voice", "high voice"):
        for degradation in ("noise, 15 dB", "5 % lost", "clipped, 12 dB", "quantised, 7 bits"):
            assert scores[f"{voice}, {degradation}"] < scores[f"{voice}, clean"] - 0.2


def test_drift_alarms_for_the_same_weights_only() -> None:
    off = (PinnedScore("clean", 3.0, 3.06),)
    assert Drift("callmos 1", "callmos 1", off).alarming
    assert not Drift("callmos 1", "callmos 2", off).alarming
    assert not Drift("callmos 1", "callmos 1", (PinnedScore("clean", 3.0, 3.04),)).alarming
    assert Drift("callmos 1", "callmos 1", (PinnedScore("clean", 3.0, None),)).alarming


def test_other_weights_and_drift_are_told(calls: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = json.loads(pinned.FILE.read_text())
    content["mos"]["low voice, clean"] += 0.2
    file = tmp_path / "pinned.json"
    monkeypatch.setattr(pinned, "FILE", file)
    file.write_text(json.dumps(content))
    shown = run(calls, "--faults", "hum", "--codecs", "none")
    assert shown.exit_code == 0
    assert "the estimator has drifted: up to 0.20 MOS" in shown.stderr
    file.write_text(json.dumps(content | {"estimator": "callmos 0"}))
    shown = run(calls, "--faults", "hum", "--codecs", "none")
    assert shown.stderr == ""
    assert "Pinned for callmos 0; here is callmos 1" in " ".join(shown.stdout.split())
