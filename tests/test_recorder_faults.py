"""A fault of the recorder is told as that, once, and what it explains does not count against a party."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hand_made import flags, party

from audioqa.analysis import Analyser
from audioqa.audio.legs import KINDS as JOINED
from audioqa.detectors.overflow import KINDS as OVERFLOW
from audioqa.detectors.recorder import KINDS as LEGS
from audioqa.detectors.relabelled import KINDS as RATES
from audioqa.recorder_faults import RECORDER_FAULTS, unexplained
from audioqa.render.as_csv import KINDS
from audioqa.types import Event, Finding, Segment

ROOT = Path(__file__).parents[1]
WRAPS = Finding("overflow-wrap", "agent: wrapped.", "severe", {}, "agent", Segment(10, 20))
COPY = Finding("copied-channel", "agent and customer hold the same sound.", "warning")


def event(kind: str, start: float, channel: str | None = "agent") -> Event:
    return Event(kind, channel, Segment(start, start + 1), "severe")


def test_every_kind_of_fault_has_something_to_check() -> None:
    assert set(LEGS) | set(OVERFLOW) | set(RATES) | set(JOINED) == set(RECORDER_FAULTS)
    assert all(fault.check for fault in RECORDER_FAULTS.values())
    assert {kind for fault in RECORDER_FAULTS.values() for kind in fault.explains} <= set(KINDS)


def test_a_fault_explains_its_kinds_on_its_channel_at_its_place_alone() -> None:
    events = [
        event("clipping", 12),
        event("clipping", 30),
        event("clipping", 12, "customer"),
        event("dropout", 12),
        event("clicks", 19.5),
    ]
    assert unexplained(events, [WRAPS]) == events[1:4]


def test_a_copy_makes_echo_and_one_way_audio_meaningless_on_both_channels() -> None:
    events = [event("echo", 1), event("one-way-audio", 1, "customer"), event("hum", 1)]
    assert unexplained(events, [COPY]) == events[2:]


@pytest.mark.parametrize("finding", [Finding("truncated", "cut.", "warning"), Finding("late-leg", "late.", "notice")])
def test_what_is_no_fault_of_the_recorder_or_only_a_notice_explains_nothing(finding: Finding) -> None:
    events = [event("digital-silence", 1)]
    assert unexplained(events, [finding]) == events


def test_the_flag_says_that_the_recording_is_at_fault_and_what_to_check_once() -> None:
    again = Finding("overflow-wrap", "agent: wrapped again.", "severe", {}, "agent", Segment(80, 90))
    (flag,) = flags(party(4.2), findings=[WRAPS, again])
    assert (flag.rule, flag.channel) == ("recorder-fault", None)
    assert flag.reason == (
        "the recording, not the call, is at fault: agent: wrapped; check the gain before the recorder, and how it "
        "mixes or decodes"
    )


def test_a_low_score_that_the_recorder_spoilt_says_so() -> None:
    low, fault = flags(party(2.5), findings=[WRAPS])
    assert low.rule == "low-mos"
    assert low.reason.endswith("the recording itself spoils this score (overflow-wrap)")
    assert fault.rule == "recorder-fault"


def test_a_report_on_a_copied_channel_flags_the_recording_and_no_party(tmp_path: Path) -> None:
    samples, rate = soundfile.read(ROOT / "fixtures" / "clean-pcm.wav", always_2d=True)
    mixed = samples.sum(axis=1)
    late = np.concatenate([np.zeros(round(0.25 * rate)), mixed])[: len(mixed)]
    soundfile.write(tmp_path / "copied.wav", np.stack([mixed, late], axis=1), rate, subtype="PCM_16")
    report = Analyser(estimator=None, calibration=None)(tmp_path / "copied.wav")
    assert [finding.kind for finding in report.findings] == ["shifted-channel"]
    assert [event.kind for event in report.events if event.kind in ("echo", "double-talk", "one-way-audio")] == []
    assert [(flag.rule, flag.channel) for flag in report.flags] == [("recorder-fault", None)]
