"""Band: voices whose upper end is filtered away, dark ones, and telephone speech in a file that has room for more."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.band import Band


def sibilants(samples: Samples, spoken: tuple[tuple[float, float], ...], rate: int = RATE) -> Samples:
    """With a hiss from 2.5 kHz to the end of the band for 60 ms of every 0.5 s of speech, 12 dB under the voice."""
    noise = np.fft.rfft(np.random.default_rng(5).standard_normal(len(samples)))
    noise[np.fft.rfftfreq(len(samples), 1 / rate) < 2500] = 0
    hiss = np.fft.irfft(noise, len(samples))
    hiss *= 10 ** (-38 / 20) / np.sqrt(np.mean(hiss**2))
    time = np.arange(len(samples)) / rate
    said = np.zeros(len(samples), dtype=bool)
    for start, end in spoken:
        said |= (time >= start) & (time < end)
    return np.where(said & (time % 0.5 < 0.06), hiss, samples).astype(np.float32)


def cut(samples: Samples, hertz: float, rate: int = RATE) -> Samples:
    """Without anything above `hertz`."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > hertz] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def dark(samples: Samples) -> Samples:
    """Falling by 12 dB an octave from 500 Hz on: a voice that is all vowels has hardly anything above 2 kHz."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    gain = np.minimum(1.0, (500.0 / np.maximum(hertz, 1.0)) ** 2)
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples)).astype(np.float32)


def wider(samples: Samples) -> Samples:
    """At twice the rate, with nothing above 4 kHz."""
    spectrum = np.fft.rfft(samples)
    return (
        2 * np.fft.irfft(np.concatenate([spectrum[:-1], np.zeros(len(samples) // 2 + 1)]), 2 * len(samples))
    ).astype(np.float32)


@pytest.mark.parametrize(("hertz", "severity"), [(1400, "severe"), (2000, "warning"), (2500, "warning")])
def test_speech_that_ends_early_is_muffled_and_its_edge_is_told(hertz: float, severity: str) -> None:
    agent, customer = conversation()
    muffled = cut(sibilants(customer, CUSTOMER), hertz)
    (event,) = Band()(measured([sibilants(agent, AGENT), muffled], [AGENT, CUSTOMER])).events
    assert (event.kind, event.channel, event.severity) == ("muffled", "customer", severity)
    assert event.evidence["bandwidth_hz"] == pytest.approx(hertz, abs=120)
    assert event.segment.start == pytest.approx(CUSTOMER[0][0], abs=0.1)


def test_a_dark_voice_with_sibilants_is_not_muffled() -> None:
    agent, customer = conversation()
    plain = sibilants(agent, AGENT)
    assert Band()(measured([plain, sibilants(dark(customer), CUSTOMER)], [AGENT, CUSTOMER])).events == ()
    (event,) = Band()(measured([plain, dark(sibilants(customer, CUSTOMER))], [AGENT, CUSTOMER])).events
    assert event.kind == "muffled"


def test_faint_and_rare_sibilants_show_that_nothing_was_filtered_away() -> None:
    agent, customer = conversation()
    hiss = np.random.default_rng(6).standard_normal(len(customer)).astype(np.float32) * np.float32(10 ** (-43 / 20))
    hissing = np.arange(len(customer)) / RATE % 1.5 < 0.06
    rare = np.where(hissing, hiss, dark(cut(customer, 2000)))
    assert Band()(measured([sibilants(agent, AGENT), rare], [AGENT, CUSTOMER])).events == ()


def test_telephone_speech_in_a_wideband_file_is_told() -> None:
    parties = [wider(sibilants(leg, said)) for leg, said in zip(conversation(), (AGENT, CUSTOMER), strict=True)]
    wide = [parties[0], sibilants(parties[1], CUSTOMER, 2 * RATE)]
    (event,) = Band()(measured(wide, [AGENT, CUSTOMER], rate=2 * RATE)).events
    assert (event.kind, event.channel, event.severity) == ("narrowband-content", "agent", "notice")
    assert event.evidence["bandwidth_hz"] == pytest.approx(4000, abs=120)


def test_noise_over_muffled_speech_does_not_hide_it() -> None:
    agent, customer = conversation()
    hiss = np.random.default_rng(3).standard_normal(len(customer)).astype(np.float32) * np.float32(10 ** (-66 / 20))
    noisy = cut(sibilants(customer, CUSTOMER), 2000) + hiss
    (event,) = Band()(measured([sibilants(agent, AGENT), noisy], [AGENT, CUSTOMER])).events
    assert (event.kind, event.channel) == ("muffled", "customer")


def test_a_party_who_says_little_is_skipped() -> None:
    agent, customer = conversation()
    found = Band()(measured([agent, customer], [AGENT, ((6.4, 7.4),)]))
    assert [(skip.kind, skip.channel) for skip in found.skipped] == [("muffled", "customer")]
