"""Each mender on a signal whose truth is known: mended, it lies nearer to the truth than the fault did."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from speechlike import speechlike

from audioqa.mend import MENDERS, Stretch, mended
from audioqa.types import Event, Evidence, Segment

RATE = 8000
Samples = NDArray[np.float32]


@pytest.fixture
def speech() -> Samples:
    voice = speechlike(8.0, seed=3)
    level = np.sqrt(np.mean(voice[np.abs(voice) > 0.01] ** 2))
    return (voice * 10 ** (-26 / 20) / level).astype(np.float32)


def event(kind: str, start: float = 0.0, end: float = 8.0, evidence: Evidence | None = None) -> Event:
    return Event(kind, "agent", Segment(start, end), "warning", evidence or {})


def error(found: Samples, truth: Samples) -> float:
    """Energy of the difference, as a share of the truth's."""
    return float(np.sum((found - truth) ** 2, dtype=np.float64) / np.sum(truth**2, dtype=np.float64))


def mend(samples: Samples, *events: Event, start: float = 0.0, other: Samples | None = None) -> Samples:
    return mended(Stretch(samples, RATE, start, other), events, kinds={one.kind for one in events})


def vowel(seconds: float) -> Samples:
    """A steady voice of 125 Hz."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.cos(2 * np.pi * 125 * k * time + k) / k for k in range(1, 20))
    return np.asarray(0.05 * wave, np.float32)


@pytest.mark.parametrize("milliseconds", [5, 10, 20, 60, 200])
def test_a_hole_in_a_vowel_is_filled_with_the_vowel(milliseconds: int) -> None:
    truth = vowel(1.0)
    holed = truth.copy()
    first, stop = 4003, 4003 + milliseconds * RATE // 1000
    holed[first:stop] = 0
    out = mend(holed, event("dropout", first / RATE, stop / RATE))
    assert error(out[first:stop], truth[first:stop]) < 0.1  # the hole's is 1
    np.testing.assert_array_equal(out[: first - 100], truth[: first - 100])
    np.testing.assert_array_equal(out[stop + 100 :], truth[stop + 100 :])


def test_a_hole_is_found_though_the_event_is_late_and_short() -> None:
    truth = vowel(1.0)
    holed = truth.copy()
    holed[4000:4480] = 0
    out = mend(holed, event("dropout", 4060 / RATE, 4440 / RATE))
    assert error(out[4000:4480], truth[4000:4480]) < 0.1


def test_a_gap_of_more_than_a_second_is_not_invented() -> None:
    holed = vowel(4.0)
    holed[8000:20000] = 0
    np.testing.assert_array_equal(mend(holed, event("silence-gap", 1.0, 2.5)), holed)


def test_clicks_are_taken_out(speech: Samples) -> None:
    clicked = speech.copy()
    places = np.arange(3000, 60000, 4000)
    clicked[places] += 0.4
    out = mend(clicked, event("clicks"))
    assert error(out, speech) < 0.1 * error(clicked, speech)


def test_clipped_peaks_come_back(speech: Samples) -> None:
    ceiling = float(np.quantile(np.abs(speech), 0.98))
    clipped = np.clip(speech, -ceiling, ceiling)
    evidence: Evidence = {"ceiling_dbov": 20 * np.log10(ceiling), "asymmetry_db": 0.0}
    out = mend(clipped, event("clipping", evidence=evidence))
    assert error(out, speech) < 0.4 * error(clipped, speech)
    reliable = np.abs(clipped) < 0.96 * ceiling
    np.testing.assert_array_equal(out[reliable], clipped[reliable])
    assert (np.abs(out[~reliable]) >= 0.96 * ceiling).all()


def test_hum_is_taken_out_though_the_mains_are_off(speech: Samples) -> None:
    time = np.arange(len(speech)) / RATE
    hum = sum(np.sin(2 * np.pi * 50.13 * k * time + k) / k for k in (2, 3, 4, 6))
    hummed = (speech + 0.02 * hum).astype(np.float32)
    out = mend(hummed, event("hum", evidence={"mains_hz": 50}))
    assert error(out, speech) < 0.05 * error(hummed, speech)


def test_speech_without_hum_is_hardly_changed_by_taking_it_out(speech: Samples) -> None:
    assert error(mend(speech, event("hum", evidence={"mains_hz": 60})), speech) < 0.01


def test_echo_is_taken_out_and_double_talk_left(speech: Samples) -> None:
    far = speechlike(8.0, seed=9) * np.float32(0.3)
    own = speech.copy()
    own[: 4 * RATE] = 0.0
    own += 1e-4 * np.random.default_rng(1).standard_normal(len(own)).astype(np.float32)
    response = np.zeros(1000, np.float32)
    response[[800, 805, 830]] = [0.2, -0.1, 0.05]
    echoed = own + np.convolve(far, response)[: len(far)].astype(np.float32)
    out = mend(echoed, event("echo", evidence={"delay_ms": 102.0, "attenuation_db": 13.0}), other=far)
    assert error(out, own) < 0.05 * error(echoed, own)


def test_without_another_leg_echo_stays(speech: Samples) -> None:
    np.testing.assert_array_equal(mend(speech, event("echo", evidence={"delay_ms": 100.0})), speech)


@pytest.mark.parametrize(("snr", "left"), [(10.0, 0.6), (20.0, 0.9)])
def test_noise_is_lowered_and_speech_kept(speech: Samples, snr: float, left: float) -> None:
    noise = np.random.default_rng(2).standard_normal(len(speech)) * 10 ** ((-26 - snr) / 20)
    noisy = (speech + noise).astype(np.float32)
    out = mend(noisy, event("background-noise", evidence={"snr_db": snr, "noise_dbov": -26 - snr}))
    assert error(out, speech) < left * error(noisy, speech)
    pause = np.abs(speech) < 3e-4
    assert np.mean(out[pause] ** 2) < 0.1 * np.mean(noisy[pause] ** 2)


@pytest.mark.parametrize(("kind", "gain", "most"), [("too-quiet", -20.0, 5e-4), ("too-loud", 12.0, 1e-6)])
def test_the_level_comes_back_to_nominal(speech: Samples, kind: str, gain: float, most: float) -> None:
    wrong = (speech * 10 ** (gain / 20)).astype(np.float32)
    out = mend(wrong, event(kind, evidence={"level_dbov": -26.0 + gain}))
    assert error(out, speech) < most


def test_what_was_rounded_to_13_bits_does_not_come_back_noisy(speech: Samples) -> None:
    gain = np.float32(10 ** (-20 / 20))
    truth = np.concatenate([speech, np.zeros(RATE, np.float32)])
    dither = np.random.default_rng(1).normal(0, 0.3, len(truth)).astype(np.float32)
    rounded = np.rint(truth * gain * 4096 + dither) / np.float32(4096)
    out = mend(rounded, event("too-quiet", end=9.0, evidence={"level_dbov": -46.0}))
    pause = slice(len(speech) + RATE // 10, None)
    assert np.mean(out[pause] ** 2) < 0.1 * np.mean((rounded[pause] / gain) ** 2)
    assert error(out, truth) < 1e-3


def test_a_level_jump_is_taken_out_towards_the_nominal_side(speech: Samples) -> None:
    jumped = speech.copy()
    jumped[4 * RATE :] *= np.float32(10 ** (-15 / 20))
    jump = event("level-jump", 4.0, 5.0, {"change_db": -15.0})
    out = mended(Stretch(jumped, RATE, 0.0, None, -26.0), [jump], kinds=["level-jump"])
    assert error(out, speech) < 1e-6
    later = mended(Stretch(jumped[5 * RATE :], RATE, 5.0, None, -26.0), [jump], kinds=["level-jump"])
    assert error(later, speech[5 * RATE :]) < 1e-6


@pytest.mark.parametrize("kind", sorted(set(MENDERS) - {"level-jump"}))
def test_outside_of_its_events_a_mender_changes_nothing(speech: Samples, kind: str) -> None:
    evidence: Evidence = {"mains_hz": 50, "delay_ms": 100.0, "level_dbov": -40.0, "ceiling_dbov": -20.0}
    out = mend(speech, event(kind, 103.0, 103.5, evidence), start=100.0, other=speech[::-1].copy())
    np.testing.assert_array_equal(out[: 2 * RATE], speech[: 2 * RATE])
    np.testing.assert_array_equal(out[5 * RATE :], speech[5 * RATE :])


@pytest.mark.parametrize("kind", MENDERS)
def test_digital_silence_and_a_few_samples_are_mended_without_harm(kind: str) -> None:
    for length in (1, 7, 400, 8000):
        out = mend(np.zeros(length, np.float32), event(kind), other=np.zeros(length, np.float32))
        assert out.shape == (length,)
        assert np.isfinite(out).all()


@pytest.mark.parametrize("kind", MENDERS)
def test_menders_leave_what_they_were_given(speech: Samples, kind: str) -> None:
    given = speech.copy()
    evidence: Evidence = {"mains_hz": 50, "delay_ms": 100.0, "level_dbov": -40.0, "ceiling_dbov": -20.0}
    mend(given, event(kind, 1.0, 1.06, evidence), other=speech[::-1].copy())
    np.testing.assert_array_equal(given, speech)


def test_hum_is_not_put_into_a_hole_that_took_it_along(speech: Samples) -> None:
    time = np.arange(len(speech)) / RATE
    hummed = (speech + 0.03 * sum(np.sin(2 * np.pi * 50 * k * time) for k in (2, 3, 4))).astype(np.float32)
    hummed[20000:20480] = 0
    out = mend(hummed, event("hum", evidence={"mains_hz": 50}))
    assert np.abs(out[20040:20440]).max() < 1e-6
