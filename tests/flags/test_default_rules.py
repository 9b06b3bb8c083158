"""The default rules: each reason names party, fault, place and consequence; nothing flags without cause."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hand_made import flags, party

from audioqa.types import Event, Finding, PartyMos, Segment, Severity, Skipped


def dropouts(*starts: float, length: float = 0.02) -> list[Event]:
    return [Event("dropout", "agent", Segment(start, start + length), "warning") for start in starts]


def test_a_good_call_is_not_flagged() -> None:
    assert flags(party(4.2)) == []


def test_a_low_mos_is_flagged_with_its_band_and_worst_place() -> None:
    (flag,) = flags(party(3.3, worst=2.8, dip=Segment(60, 90)))
    assert flag.rule == "low-mos"
    assert flag.reason == "agent: MOS 3.3 (Poor) over the call, below 3.6; worst between 1:00 and 1:30 (MOS 2.8)"


def test_a_good_average_that_hides_a_painful_stretch_is_flagged() -> None:
    (flag,) = flags(party(4.1, worst=2.4, dip=Segment(130, 160)))
    assert flag.rule == "painful-stretch"
    assert flag.reason == "agent: MOS 2.4 between 2:10 and 2:40, hidden by a call average of 4.1"
    assert flag.segment == Segment(130, 160)


def test_fourteen_dropouts_are_told_in_one_sentence() -> None:
    found = flags(party(4.0, worst=3.2, dip=Segment(128, 190)), events=dropouts(*[130.5 + 4 * i for i in range(14)]))
    assert [flag.reason for flag in found] == [
        "agent: 14 dropouts between 2:10 and 3:02, 280 ms of sound lost, MOS 3.2 there"
    ]


@pytest.mark.parametrize(
    ("starts", "length", "count"),
    [
        ((10, 12, 14), 0.02, 0),
        ((10, 12, 14, 16), 0.02, 1),
        ((10, 40, 80, 120), 0.02, 0),
        ((10,), 0.3, 1),
        ((10, 11, 200, 201), 0.15, 2),
    ],
)
def test_dropouts_flag_where_they_cluster_or_cost_much(starts: tuple[float, ...], length: float, count: int) -> None:
    assert len(flags(party(), events=dropouts(*starts, length=length))) == count


def test_a_call_without_a_mos_is_flagged_by_its_events() -> None:
    (flag,) = flags(party(None), events=dropouts(1, 2, 3, 4, 5))
    assert flag.rule == "dropouts"
    assert "MOS" not in flag.reason


@pytest.mark.parametrize(("severity", "count"), [("notice", 0), ("warning", 1), ("severe", 1)])
def test_gaps_flag_unless_they_are_mere_pauses(severity: Severity, count: int) -> None:
    assert len(flags(party(), events=[Event("silence-gap", "agent", Segment(5, 6.5), severity)])) == count


def test_dead_air_flags_from_ten_seconds() -> None:
    short = Event("dead-air", None, Segment(10, 16), "warning")
    long = Event("dead-air", None, Segment(20, 32), "severe")
    assert flags(party(), events=[short]) == []
    assert [flag.reason for flag in flags(party(), events=[short, long])] == ["dead air of 12 s, from 0:20"]


def test_a_leg_without_signal_flags() -> None:
    (flag,) = flags(party(), events=[Event("digital-silence", "agent", Segment(0, 300), "severe")])
    assert "no signal at all" in flag.reason


def test_a_damaged_file_flags_and_a_curiosity_does_not() -> None:
    damage = Finding("truncated", "the file ends 3 s early", "warning")
    assert [flag.reason for flag in flags(party(), findings=(damage,))] == ["the file ends 3 s early"]
    assert flags(party(), findings=(replace(damage, severity="notice"),)) == []


def test_nobody_speaking_and_too_short_flag() -> None:
    assert [flag.rule for flag in flags(party(None, speech=0.0))] == ["no-speech"]
    assert [flag.rule for flag in flags(party(None, speech=0.0), duration=0.05)] == ["too-short"]


def test_a_score_on_the_models_own_scale_flags_nothing() -> None:
    scored = party(2.0)
    assert isinstance(scored.mos, PartyMos)
    raw = replace(scored, mos=replace(scored.mos, band=Skipped("band", None, "not calibrated")))
    assert flags(raw) == []


def test_clipping_flags_by_its_seconds() -> None:
    brief = Event("clipping", "agent", Segment(5, 6), "warning")
    assert flags(party(), events=[brief]) == []
    (flag,) = flags(party(), events=[replace(brief, segment=Segment(5, 12))])
    assert flag.rule == "clipping"


@pytest.mark.parametrize(
    ("kind", "evidence", "words"),
    [
        (
            "one-way-audio",
            {"fill": "digital silence", "other_party_speaks": 31.2},
            "agent: cannot be heard from 0:12 on",
        ),
        (
            "echo",
            {"delay_ms": 221.4, "attenuation_db": 17.6, "heard_by": "customer"},
            "customer hears an echo of their own voice on this call, 221 ms late and 18 dB weaker",
        ),
        ("too-quiet", {"level_dbov": -37.2, "nominal_dbov": -26.0}, "agent: too quiet, speech at -37 dBov"),
        ("too-loud", {"level_dbov": -9.8, "nominal_dbov": -26.0}, "agent: too loud, speech at -10 dBov"),
        ("unbalanced", {"difference_db": 14.2, "louder": "agent", "quieter": "customer"}, "agent is 14 dB louder than"),
        ("level-jump", {"change_db": -11.6}, "agent: the level jumps down by 12 dB at 0:12"),
        ("gain-pumping", {"rise_db": 9.4, "pauses": 5}, "agent: an automatic gain pumps, the noise rises by 9 dB"),
        ("background-noise", {"snr_db": 14.4}, "agent: background noise 14 dB below the speech, from 0:12 on"),
        ("noise-burst", {"snr_db": 9.6}, "agent: a burst of noise at 0:12"),
        (
            "hum",
            {"mains_hz": 50, "below_speech_db": 13.8},
            "agent: mains hum (50 Hz and harmonics) 14 dB below the speech",
        ),
        (
            "concealed-loss",
            {"packets": 7, "sure": 4, "loss_percent": 1.38},
            "agent: lost packets were concealed, at least 7 of them (1.4 %), from 0:12 on",
        ),
        ("robotic", {"repeats": 5, "repeated_seconds": 0.5}, "agent: sounds robotic, the same sound repeated 5 times"),
        ("muffled", {"bandwidth_hz": 1893}, "agent: sounds muffled, nothing of the voice above about 1893 Hz"),
    ],
)
def test_what_is_wrong_with_a_line_flags_unless_it_is_a_notice(
    kind: str, evidence: dict[str, float | str], words: str
) -> None:
    (flag,) = flags(party(), events=[Event(kind, "agent", Segment(12, 60), "severe", evidence)])
    assert (flag.rule, flag.channel) == (kind, "agent")
    assert flag.reason.startswith(words)
    if kind != "one-way-audio":
        assert flags(party(), events=[Event(kind, "agent", Segment(12, 60), "notice", evidence)]) == []
