"""The whole pass: any samples give a report that serialises, and the same samples give the same report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import OpenOptions
from audioqa.render.as_json import from_json, to_dict, to_json

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVENTS_ONLY = Analyser(estimator=None, calibration=None)


def test_wav_and_flac_of_the_same_samples_give_the_same_report(tmp_path: Path) -> None:
    samples, rate = soundfile.read(FIXTURES / "dropouts-zero-fill.wav", dtype="int16")
    reports = []
    for name in ("call.wav", "call.flac"):
        soundfile.write(tmp_path / name, samples, rate, subtype="PCM_16")
        reports.append(EVENTS_ONLY(tmp_path / name))
    assert reports[0].events
    assert replace(reports[0], recording=reports[1].recording) == reports[1]


def test_a_call_scored_twice_gives_the_same_json() -> None:
    analyser = make_analyser()
    first, second = (to_json(analyser(FIXTURES / "too-little-speech.flac")) for _ in range(2))
    assert first == second


def test_a_dropout_inside_a_longer_gap_is_told_once() -> None:
    report = EVENTS_ONLY(FIXTURES / "silence-gap.flac")
    (gap,) = [event for event in report.events if event.kind == "silence-gap"]
    assert [e for e in report.events if e.kind == "dropout" and e.segment.overlap(gap.segment) > 0] == []


def test_without_an_estimator_the_mos_is_skipped_and_events_are_not() -> None:
    report = EVENTS_ONLY(FIXTURES / "dropouts-zero-fill.wav", options=OpenOptions(channel_names=("agent", "customer")))
    assert "no estimator" in to_dict(report)["parties"][0]["mos"]["skipped"]
    assert any(flag.rule == "dropouts" and flag.channel == "agent" for flag in report.flags)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["zeros", "constant", "square", "noise", "full scale", "one click", "ramp"]),
    rate=st.sampled_from([1000, 6000, 8000, 11025, 16000, 22050, 44100, 48000]),
    seconds=st.floats(0.001, 4.0),
    channels=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_any_samples_give_a_report_that_survives_a_round_trip(
    tmp_path: Path, kind: str, rate: int, seconds: float, channels: int, seed: int
) -> None:
    count = max(1, round(seconds * rate))
    rng = np.random.default_rng(seed)
    samples = {
        "zeros": np.zeros((count, channels)),
        "constant": np.full((count, channels), -0.25),
        "square": np.sign(np.sin(np.arange(count) * 0.1))[:, None] * np.full(channels, 0.9),
        "noise": rng.normal(0, 0.1, (count, channels)),
        "full scale": rng.choice([-1.0, 0.9999], (count, channels)),
        "one click": np.eye(count, channels),
        "ramp": np.linspace(-1, 0.9999, count)[:, None] * np.ones(channels),
    }[kind]
    path = tmp_path / "any.wav"
    soundfile.write(path, samples, rate, subtype="PCM_16")
    report = EVENTS_ONLY(path)
    assert report.recording.samples == count
    text = to_json(report)
    assert to_json(from_json(text)) == text
    assert not any(event.segment.end > report.recording.duration + 0.02 for event in report.events)


@pytest.mark.parametrize("name", ["clean-pcm.wav", "mobile.amr"])
def test_progress_is_told_in_order_and_reaches_the_end(name: str) -> None:
    told: list[tuple[float, float | None]] = []
    report = EVENTS_ONLY(FIXTURES / name, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == pytest.approx(report.recording.duration)


def test_a_partys_clipped_share_is_among_its_figures() -> None:
    report = EVENTS_ONLY(FIXTURES / "clipping.flac")
    agent, customer = (party.figures for party in report.parties)
    assert agent["clipped_share"] == 0
    assert customer["clipped_share"] > 0.05


def test_where_a_partys_speech_ends_is_among_its_figures() -> None:
    agent, customer = (party.figures for party in EVENTS_ONLY(FIXTURES / "muffled.flac").parties)
    assert isinstance(customer["bandwidth_hz"], float)  # as the JSON has it again when it is read
    assert customer["bandwidth_hz"] < 2000 < 3400 < agent["bandwidth_hz"] < 4000
    assert all("bandwidth_hz" not in party.figures for party in EVENTS_ONLY(FIXTURES / "silent.flac").parties)
