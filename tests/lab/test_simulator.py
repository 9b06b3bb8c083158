"""The simulator does what a condition says, no more, and the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab.simulator import effects
from audioqa.lab.simulator.condition import Condition, Loss, Noise
from audioqa.lab.simulator.draw import FAMILIES, UNSEEN, draw, draw_unseen
from audioqa.lab.simulator.material import Material, made_noise, room_response
from audioqa.lab.simulator.network import filled, lost_packets, stretched
from audioqa.lab.simulator.simulate import Simulated, simulate
from audioqa.lab.simulator.speech import Clip, at_speed, split_of
from audioqa.lab.simulator.tones import dtmf, signal_tones

Samples = NDArray[np.float32]

SECONDS = 9.01


def vowels(rate: int = 16000) -> Samples:
    """Voiced syllables of 200 ms with pauses of 100 ms: something that has a level and a pitch."""
    time = np.arange(round(SECONDS * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 120 * k * time + k * k) / k for k in range(1, 25))
    gate = np.clip(np.sin(2 * np.pi * time / 0.3) * 8, 0, 1)
    return (0.05 * voice * gate).astype(np.float32)


@pytest.fixture(scope="module")
def stored() -> Material:
    rng = np.random.default_rng(1)
    return Material(
        noise={"street": [rng.standard_normal(80_000).astype(np.float32)]},
        rooms={
            name: room_response(0.4, 3.0, rng)
            for name in ("deepfilternet_sim_rt60_0.79", "stl_meeting100", "stl_meeting50")
        },
        music=[],
    )


def call(condition: Condition, stored: Material) -> Simulated:
    return simulate(vowels(), 16000, condition, stored=stored, voices=[vowels()])


def level_of(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def test_the_same_condition_gives_the_same_call(stored: Material) -> None:
    condition = Condition("mixed", noise=Noise("street", 15), loss=Loss(8, 0.5, 20, "repeat"), clicks=2, seed=5)
    assert np.array_equal(call(condition, stored).samples, call(condition, stored).samples)
    assert not np.array_equal(call(condition, stored).samples, call(replace(condition, seed=6), stored).samples)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_conditions_that_can_be_simulated(family: str, stored: Material) -> None:
    rng = np.random.default_rng(3)
    for _ in range(2):
        condition = draw(rng, ["street"], family=family)
        assert Condition.from_json(condition.to_json()) == condition
        if any(codec.startswith(("g729", "amr-wb", "opus", "aac", "mp3", "amr")) for codec in condition.codecs):
            condition = replace(condition, codecs=("none",), loss=None)
        made = call(condition, stored)
        assert made.samples.dtype == np.float32
        assert len(made.samples) == len(made.reference) == round(SECONDS * condition.sample_rate)
        assert np.isfinite(made.samples).all()
        assert np.array_equal(made.samples * 32768, np.rint(made.samples * 32768))


@pytest.mark.parametrize("kind", [k for k in UNSEEN if k not in ("codec2", "speex")])
def test_every_unseen_kind_changes_the_call(kind: str, stored: Material) -> None:
    condition = replace(draw_unseen(np.random.default_rng(2), kind), tilt=0.0)
    plain = replace(condition, special=None, codecs=("ulaw",))
    assert not np.array_equal(call(condition, stored).samples, call(plain, stored).samples)


def test_random_conditions_never_hold_an_unseen_kind() -> None:
    rng = np.random.default_rng(4)
    for _ in range(600):
        condition = draw(rng, ["street"])
        assert condition.special is None
        assert not any(codec.startswith(("codec2", "speex", "ima")) for codec in condition.codecs)


@pytest.mark.parametrize("level", [-45.0, -26.0, -14.0])
def test_speech_comes_out_at_its_level(level: float, stored: Material) -> None:
    made = call(Condition("level", "flat", level=level, codecs=("none",)), stored)
    assert effects.active_level(made.samples, 8000) == pytest.approx(level, abs=0.2)


@pytest.mark.parametrize("snr", [0.0, 20.0])
@pytest.mark.parametrize("kind", ["white", "street"])
def test_noise_lies_below_speech_by_its_ratio(snr: float, kind: str, stored: Material) -> None:
    noisy = call(Condition("noise", noise=Noise(kind, snr), codecs=("none",), seed=1), stored)
    clean = call(Condition("noise", codecs=("none",), seed=1), stored)
    assert level_of(noisy.samples - clean.samples) == pytest.approx(-26.0 - snr, abs=1.0)


def test_hum_sits_on_its_harmonics(stored: Material) -> None:
    noisy = call(Condition("hum", "flat", hum=(50.0, 10.0), codecs=("none",), seed=1), stored)
    clean = call(Condition("hum", "flat", codecs=("none",), seed=1), stored)
    power = np.abs(np.fft.rfft((noisy.samples - clean.samples)[:72000])) ** 2
    hertz = np.fft.rfftfreq(72000, 1 / 8000)
    on_harmonic = np.abs(hertz / 50 - np.rint(hertz / 50)) * 50 < 1
    assert power[on_harmonic].sum() > 0.98 * power.sum()


def test_an_echo_comes_at_its_delay(stored: Material) -> None:
    clean = call(Condition("echo", "flat", codecs=("none",)), stored)
    echoing = call(Condition("echo", "flat", echo=(200.0, 10.0), codecs=("none",)), stored)
    added = echoing.samples - clean.samples
    assert np.abs(added[:1590]).max() < 12 / 32768
    size = 1 << 18
    likeness = np.fft.irfft(np.fft.rfft(added, size) * np.conj(np.fft.rfft(clean.samples, size)), size)
    assert int(np.argmax(likeness[1200:2000])) + 1200 == 1600
    assert level_of(added) - level_of(clean.samples) == pytest.approx(-10.0, abs=1.5)


@pytest.mark.parametrize("kind", effects.UNUSUAL)
def test_unusual_distortions_grow_with_their_strength(kind: str, stored: Material) -> None:
    plain = call(Condition("clean", seed=3), stored).samples

    def unlike(strength: float) -> float:
        changed = call(Condition("clean", unusual=(kind, strength), seed=3), stored).samples
        assert len(changed) == len(plain)
        return float(np.mean(np.abs(np.abs(np.fft.rfft(changed)) - np.abs(np.fft.rfft(plain)))))

    assert 0 < unlike(0.1) < unlike(1.0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 3200.0), (250.0, 3400.0)])
def test_a_receiver_limits_the_band(low: float, high: float, stored: Material) -> None:
    loud = Noise("white", 0)
    open_ = call(Condition("noise", band="flat", noise=loud, codecs=("none",)), stored).samples
    limited = call(Condition("noise", band="flat", noise=loud, codecs=("none",), received=(low, high)), stored).samples
    hertz = np.fft.rfftfreq(len(open_), 1 / 8000)
    gain = 20 * np.log10(np.abs(np.fft.rfft(limited)) / np.abs(np.fft.rfft(open_)))
    inside = (hertz > max(300, 1.2 * low)) & (hertz < 0.97 * high)
    assert np.median(gain[inside]) == pytest.approx(0, abs=0.5)
    assert np.median(gain[hertz > min(1.2 * high, 3920)]) < -10  # what the steps of 16 bits and the ends leave to see
    assert np.median(gain[(hertz > 20) & (hertz < 100)]) == pytest.approx(-40 if low else 0, abs=4)


def test_another_speed_is_another_voice_of_the_same_length() -> None:
    clip = Clip("so762/0001/0", "so762", "0001", "train", 16000, vowels())
    fast = at_speed(clip, 1.1)
    assert fast.name == "so762/0001/0@1.100"
    assert fast.split == "train"
    assert len(fast.samples) == len(clip.samples)
    pitch = np.argmax(np.abs(np.fft.rfft(fast.samples[:80_000]))) * 16000 / 80_000
    assert pitch == pytest.approx(132, abs=3)


def test_overload_has_a_ceiling_that_the_truth_counts(stored: Material) -> None:
    made = call(Condition("overload", "flat", overload=12.0, codecs=("none",)), stored)
    assert 0.005 < made.truth["clipped"] < 0.5
    assert call(Condition("clean"), stored).truth["clipped"] == 0


def test_gaps_silence_speech_and_say_how_much(stored: Material) -> None:
    made = call(Condition("gaps", gaps=(0.5, 0.5), codecs=("none",), seed=2), stored)
    clean = call(Condition("gaps", codecs=("none",), seed=2), stored)
    assert 0.2 < made.truth["missing"] <= 1.0
    assert made.truth["missing"] == pytest.approx((clean.speech.sum() - made.speech.sum()) / 50, abs=0.021)


def test_loss_patterns_are_nested_and_of_their_rate() -> None:
    patterns = [lost_packets(20_000, p, 0.8, np.random.default_rng(7)) for p in (1, 5, 20)]
    for p, pattern in zip((1, 5, 20), patterns, strict=True):
        assert pattern.mean() * 100 == pytest.approx(p, rel=0.25)
    assert not (patterns[0] & ~patterns[1]).any()
    assert not (patterns[1] & ~patterns[2]).any()


def test_memory_makes_bursts() -> None:
    def mean_burst(memory: float) -> float:
        lost = lost_packets(50_000, 5, memory, np.random.default_rng(1))
        return float(lost.sum() / np.sum(np.diff(lost.astype(int)) == 1))

    assert mean_burst(0.0) == pytest.approx(1 / 0.95, rel=0.05)
    assert mean_burst(0.9) > 2.5


@pytest.mark.parametrize("fill", ["zero", "repeat", "noise", "appendix-i"])
def test_only_lost_packets_and_what_fades_into_them_change(fill: str) -> None:
    speech = np.asarray(effects.telephone_band(vowels()[::2], 8000))
    lost = np.zeros(450, bool)
    lost[200:203] = True
    out = filled(speech, 8000, lost, Loss(1, 0, 20, fill), np.random.default_rng(0))  # type: ignore[arg-type]
    changed = np.flatnonzero(out != speech)
    assert changed.min() >= 200 * 160
    assert changed.max() < 203 * 160 + 200
    if fill == "zero":
        assert not out[200 * 160 : 203 * 160].any()
    if fill == "repeat":
        assert np.array_equal(out[200 * 160 : 201 * 160], speech[199 * 160 : 200 * 160])


def test_the_loss_of_the_truth_is_that_within_speech(stored: Material) -> None:
    made = call(Condition("loss", loss=Loss(20, 0, 20, "zero"), codecs=("none",), seed=8), stored)
    clean = call(Condition("loss", codecs=("none",), seed=8), stored)
    size = 160
    frames = len(made.speech)
    muted = ~made.samples[: frames * size].reshape(frames, size).any(axis=1)
    sounding = clean.samples[: frames * size].reshape(frames, size).any(axis=1) & clean.speech
    fallen = 100 * muted[sounding].mean()
    assert abs(fallen - 20) > 1.0, "a draw that cannot tell the two apart"
    assert made.truth["loss"] == pytest.approx(fallen, abs=0.7)


def test_a_jitter_buffer_says_where_every_sample_comes_from() -> None:
    speech = vowels(8000)
    out, source = stretched(speech, 8000, stretch=1.0, skips=0.0, rng=np.random.default_rng(2))
    assert len(out) == len(speech) == len(source)
    assert np.mean(out == speech[np.minimum(source, len(speech) - 1)]) > 0.9
    assert np.any(np.diff(source) != 1)


def test_pink_noise_falls_three_decibels_an_octave() -> None:
    noise = made_noise("pink", 160_000, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(160_000, 1 / 16000)
    octave = [10 * np.log10(power[(hertz >= f) & (hertz < 2 * f)].mean()) for f in (250, 500, 1000, 2000)]
    assert np.diff(octave) == pytest.approx([-3, -3, -3], abs=0.5)


def test_a_room_decays_in_its_time() -> None:
    response = room_response(0.6, 0.0, np.random.default_rng(5)).astype(np.float64)
    rest = 10 * np.log10(np.cumsum(response[1:][::-1] ** 2)[::-1] + 1e-30)
    start, stop = np.argmax(rest < rest[0] - 5), np.argmax(rest < rest[0] - 25)
    assert 3 * (stop - start) / 16000 == pytest.approx(0.6, rel=0.2)


def test_tones_have_their_pitches() -> None:
    keys, on = dtmf(16000 * 5, 16000, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(keys)) ** 2
    hertz = np.fft.rfftfreq(len(keys), 1 / 16000)
    inside = ((hertz > 680) & (hertz < 960)) | ((hertz > 1180) & (hertz < 1670))
    assert power[inside].sum() > 0.95 * power.sum()
    assert on.any()
    tones, on = signal_tones(16000 * 5, 16000, np.random.default_rng(2))
    assert not tones[~on].any()


def test_speakers_keep_their_side() -> None:
    sides = {speaker: split_of("so762", f"{speaker:04d}") for speaker in range(400)}
    assert {split_of("so762", f"{speaker:04d}") == side for speaker, side in sides.items()} == {True}
    shares = [list(sides.values()).count(side) / 400 for side in ("train", "dev", "test")]
    assert shares == pytest.approx([0.68, 0.1, 0.22], abs=0.06)
    assert split_of("intent", "unknown") == "train"


def test_a_condition_survives_json() -> None:
    condition = Condition(
        "mixed",
        "8k",
        hum=(50.0, 12.5),
        suppressor=("gate", 0.4),
        echo=(100.0, 20.0),
        gaps=(0.3,),
        special=("robot", 0.5),
        codecs=("g722", "amr-wb-12.65"),
        noise=Noise("pink", 3.25, True),
        loss=Loss(3.5, 0.2, 30, "codec"),
        seed=9,
    )
    assert Condition.from_json(condition.to_json()) == condition
