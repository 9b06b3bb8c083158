"""Silence: calls drawn with strings, one character for 0.1 s; the answer is in the drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audioqa.detectors.silence import Silence
from audioqa.measure import Measurements, measure
from audioqa.types import Event

RATE = 8000
STEP = 0.1  # s per character


def call(*drawings: str) -> Measurements:
    """Measurements of a call.

    ``#`` speech at -26 dBov, ``~`` a decay at -48, ``.`` a floor at -62, ``0`` digital silence,
    ``m`` other sound at -30.
    """
    size = round(STEP * RATE)
    parties = []
    for number, drawing in enumerate(drawings):
        rng = np.random.default_rng(number)
        level = {"#": -26.0, "~": -48.0, ".": -62.0, "0": -200.0, "m": -30.0}
        gain = np.repeat([10 ** (level[c] / 20) for c in drawing], size)
        noise = rng.standard_normal(len(gain)) * gain
        parties.append(np.rint(noise * 32768) / 32768)
    samples = np.stack(parties, axis=1).astype(np.float32)
    measured = measure([samples], RATE, channels=[f"party {i}" for i in range(len(drawings))], activity=None)
    channels = tuple(
        replace(channel, speech=np.array([c == "#" for c in drawing], dtype=np.float32), speech_frame=STEP)
        for channel, drawing in zip(measured.channels, drawings, strict=True)
    )
    return replace(measured, channels=channels)


def found(measurements: Measurements, kind: str) -> list[Event]:
    return [event for event in Silence()(measurements).events if event.kind == kind]


def turn(seconds: float) -> str:
    return "#" * round(seconds / STEP)


def rest(seconds: float, sign: str = ".") -> str:
    return sign * round(seconds / STEP)


@pytest.mark.parametrize(
    ("seconds", "severity"), [(1.8, None), (2.2, "notice"), (4.8, "notice"), (5.2, "warning"), (10.2, "severe")]
)
def test_dead_air_is_graded_by_its_length(seconds: float, severity: str | None) -> None:
    events = found(call(turn(3) + rest(seconds) + turn(3), rest(seconds + 6)), "dead-air")
    assert [event.severity for event in events] == ([severity] if severity else [])
    if severity:
        assert events[0].segment.start == pytest.approx(3.0, abs=0.05)
        assert events[0].segment.end == pytest.approx(3.0 + seconds, abs=0.05)
        assert events[0].channel is None


def test_it_is_not_dead_air_while_the_other_party_speaks() -> None:
    assert found(call(turn(3) + rest(6) + turn(3), rest(3) + turn(6) + rest(3)), "dead-air") == []


def test_a_decay_belongs_to_the_word_and_not_to_the_silence() -> None:
    measurements = call(turn(3) + "m" * 6 + rest(4) + turn(3))
    (event,) = found(measurements, "dead-air")
    assert event.segment.start == pytest.approx(3.6, abs=0.05)


def test_leading_and_trailing_silence_are_not_dead_air() -> None:
    measurements = call(rest(4) + turn(3) + rest(3), rest(10))
    kinds = [event.kind for event in Silence()(measurements).events]
    assert kinds == ["leading-silence", "trailing-silence"]


@pytest.mark.parametrize("seconds", [0.5, 0.8, 1.5, 3.0])
def test_a_hole_of_digital_silence_in_a_turn_is_a_gap(seconds: float) -> None:
    (event,) = found(call(turn(3) + rest(seconds, "0") + turn(3) + "~" + rest(1) + "~" + turn(2)), "silence-gap")
    assert event.segment.start == pytest.approx(3.0, abs=0.02)
    assert event.segment.duration == pytest.approx(seconds, abs=0.03)
    assert event.evidence["fill"] == "digital silence"
    assert event.evidence["cut_in_mid_sound"] == "both ends"


def test_a_hole_of_packet_length_is_left_to_the_dropout_detector() -> None:
    assert found(call(turn(3) + rest(0.2, "0") + turn(3)), "silence-gap") == []


def test_a_muted_pause_is_a_gap_where_the_line_is_never_silent_otherwise() -> None:
    (event,) = found(
        call(turn(2) + "~" + rest(0.3) + rest(0.9, "0") + rest(0.3) + turn(2) + "~" + rest(1) + "~" + turn(2)),
        "silence-gap",
    )
    assert event.evidence["cut_in_mid_sound"] == "neither"


def test_a_noise_gate_that_closes_at_every_pause_is_not_a_fault() -> None:
    sentence = turn(2) + "~" + rest(0.9, "0") + "~"
    assert found(call(sentence * 5 + turn(2)), "silence-gap") == []


def test_speech_cut_in_mid_sound_is_a_gap_on_a_gated_line_too() -> None:
    sentence = turn(2) + "~" + rest(0.9, "0") + "~"
    drawing = sentence * 4 + turn(2) + rest(0.9, "0") + turn(2) + "~" + rest(0.9, "0") + "~" + turn(2)
    (event,) = found(call(drawing), "silence-gap")
    assert event.segment.start == pytest.approx(4 * 3.1 + 2, abs=0.03)


def test_a_long_pause_is_noted_where_parties_have_channels_of_their_own() -> None:
    drawing = turn(2) + "~" + rest(1.7) + "~" + turn(2)
    assert [event.severity for event in found(call(drawing, rest(5.9)), "silence-gap")] == ["notice"]
    assert found(call(drawing), "silence-gap") == []


def test_listening_is_not_a_gap() -> None:
    listener = turn(2) + "~" + rest(1.3) + "~" + turn(2)
    assert found(call(listener, rest(2) + turn(1.5) + rest(2)), "silence-gap") == []


def test_a_leg_without_any_signal_is_severe_digital_silence() -> None:
    (event,) = found(call(turn(5), rest(5, "0")), "digital-silence")
    assert (event.channel, event.severity) == ("party 1", "severe")
    assert (event.segment.start, event.segment.end) == (0.0, 5.0)


def test_a_noise_floor_is_not_digital_silence() -> None:
    assert found(call(turn(5) + rest(15), rest(20)), "digital-silence") == []


def test_sound_that_is_not_speech_is_no_silent_line() -> None:
    (event,) = found(call(turn(3) + rest(1) + rest(12, "m") + rest(1) + turn(3) + rest(9)), "dead-air")
    assert event.severity == "notice"
    assert event.evidence["sound"] == "sound that is not speech"


def test_without_speech_activity_silence_is_skipped_and_not_reported_as_none() -> None:
    measurements = call(turn(3) + rest(5) + turn(3))
    blind = replace(
        measurements, channels=tuple(replace(c, speech=np.zeros(0, np.float32)) for c in measurements.channels)
    )
    detection = Silence()(blind)
    assert detection.events == ()
    assert {skipped.kind for skipped in detection.skipped} == {
        "dead-air",
        "silence-gap",
        "leading-silence",
        "trailing-silence",
    }
