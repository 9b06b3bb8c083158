"""The laboratory's codecs: aligned, repeatable, and each as lossy as it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.errors import SettingsError
from audioqa.lab import native
from audioqa.lab.codecs import (
    CODECS,
    CONCEALING_CODECS,
    DELAYS,
    TELEPHONE_CODECS,
    CodecUnavailableError,
    codec_rate,
    frame_count,
    frame_seconds,
    transcode,
)


def _voiced(rate: int, seconds: float = 3.0, *, seed: int = 1) -> NDArray[np.float32]:
    """Noise-excited vowels with a moving pitch and syllables of 200 ms: speech enough for a speech codec."""
    rng = np.random.default_rng(seed)
    n = round(rate * seconds)
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * np.arange(n) / rate)
    phase = np.cumsum(pitch) / rate
    source = np.where(np.diff(np.floor(phase), prepend=0) > 0, 1.0, 0.0) + 0.01 * rng.standard_normal(n)
    spectrum = np.fft.rfft(source)
    hertz = np.fft.rfftfreq(n, 1 / rate)
    formants = sum(1 / (1 + ((hertz - centre) / 120) ** 2) for centre in (500, 1500, 2500))
    shaped = np.fft.irfft(spectrum * formants * (hertz > 150), n)
    shaped *= 0.55 - 0.45 * np.cos(2 * np.pi * 5 * np.arange(n) / rate)
    return (0.4 * shaped / np.abs(shaped).max()).astype(np.float32)


def _lag(before: NDArray[np.float32], after: NDArray[np.float32]) -> int:
    size = 2 * len(before)
    correlation = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)))
    lag = int(np.argmax(correlation))
    return lag if lag < size // 2 else lag - size


def _envelope(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of frames of 10 ms, about its mean."""
    smooth = np.convolve(np.abs(samples), np.hanning(80), "same")
    return (smooth - smooth.mean()).astype(np.float32)


def _transcoded(
    samples: NDArray[np.float32], rate: int, codec: str, lost: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    try:
        return transcode(samples, rate, codec, lost=lost)
    except CodecUnavailableError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("codec", CODECS)
def test_output_is_aligned_with_the_input_to_one_sample(codec: str) -> None:
    rate = codec_rate(codec) or 8000
    source = _voiced(rate)
    heard = _transcoded(source, rate, codec)
    assert heard.shape == source.shape
    assert heard.dtype == np.float32
    if codec == "codec2-3200":  # its decoder makes phases up: only the envelope is comparable
        assert abs(_lag(_envelope(source), _envelope(heard))) <= 48
    else:
        assert abs(_lag(source, heard)) <= 1


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_click_at_the_very_end_is_kept_at_any_rate(codec: str, rate: int) -> None:
    source = _voiced(rate, 1.013)
    source[-rate // 20 :] = _voiced(rate, 0.05, seed=2)[-rate // 20 :] * 2
    heard = _transcoded(source, rate, codec)
    assert len(heard) == len(source)
    ending = heard[-rate // 20 :].astype(np.float64)
    assert np.sum(ending**2) > 0.2 * np.sum(source[-rate // 20 :].astype(np.float64) ** 2)


@pytest.mark.parametrize("codec", CODECS)
def test_the_delay_does_not_cut_off_the_last_samples_of_whole_frames(codec: str) -> None:
    rate = codec_rate(codec) or 8000
    source = _voiced(rate, 1.44)  # 72 frames of 20 ms, 48 of 30 ms, 20 granules of MP3
    source[-rate // 10 :] = 0.1 * np.random.default_rng(3).standard_normal(rate // 10)
    assert np.any(_transcoded(source, rate, codec)[-20:])


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_input_gives_the_same_output(codec: str) -> None:
    source = _voiced(8000, 1.0)
    assert np.array_equal(_transcoded(source, 8000, codec), transcode(source, 8000, codec))


def _lossy(codec: str, seconds: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Two seconds of speech at the codec's rate, and a burst loss that starts at the top of a syllable."""
    source = _voiced(codec_rate(codec), 2.0)
    first = round(1.08 / frame_seconds(codec))
    lost = np.zeros(frame_count(len(source), codec_rate(codec), codec), dtype=np.bool_)
    lost[first : first + round(seconds / frame_seconds(codec))] = True
    return source, lost


@pytest.mark.parametrize("codec", CONCEALING_CODECS)
def test_a_lost_frame_is_heard_from_its_own_place_on_and_not_before(codec: str) -> None:
    source, lost = _lossy(codec, 0.04)
    whole = _transcoded(source, codec_rate(codec), codec)
    heard = _transcoded(source, codec_rate(codec), codec, lost)
    frame = round(frame_seconds(codec) * codec_rate(codec))
    start = int(np.argmax(lost)) * frame - DELAYS[codec]
    assert heard.shape == whole.shape
    assert np.array_equal(heard[:start], whole[:start])
    assert not np.array_equal(heard[start : start + frame], whole[start : start + frame])


@pytest.mark.parametrize("codec", CONCEALING_CODECS)
def test_concealment_carries_on_and_then_fades(codec: str) -> None:
    source, lost = _lossy(codec, 0.4)
    rate = codec_rate(codec)
    if codec in ("opus-wb-24k", "opus-wb-32k"):
        pytest.skip("takes the made-up speech for music, whose concealment by CELT holds on")
    heard = _transcoded(source, rate, codec, lost).astype(np.float64)
    start = round(np.argmax(lost) * frame_seconds(codec) * rate) - DELAYS[codec]
    whole = _transcoded(source, rate, codec).astype(np.float64)

    def power(samples: NDArray[np.float64], after: float) -> float:
        piece = samples[start + round(after * rate) :][: round(0.02 * rate)]
        return float(np.mean(piece**2))

    assert power(heard, 0.0) > 0.1 * power(whole, 0.0)
    if codec != "gsm":  # whose long-term predictor holds a steady vowel until the substitution mutes it at 0.32 s
        assert power(heard, 0.18) < 0.3 * power(heard, 0.0)
    assert power(heard, 0.34) < 0.1 * power(heard, 0.0)


@pytest.mark.parametrize("codec", CONCEALING_CODECS)
def test_the_same_loss_gives_the_same_output_even_from_the_first_frame(codec: str) -> None:
    source, lost = _lossy(codec, 0.1)
    lost[:3] = True
    heard = _transcoded(source, codec_rate(codec), codec, lost)
    assert np.array_equal(heard, transcode(source, codec_rate(codec), codec, lost=lost))


@pytest.mark.parametrize("codec", CONCEALING_CODECS)
def test_no_lost_frame_among_them_is_no_loss(codec: str) -> None:
    source, lost = _lossy(codec, 0.0)
    heard = _transcoded(source, codec_rate(codec), codec, lost)
    assert np.array_equal(heard, transcode(source, codec_rate(codec), codec))


def test_lost_frames_are_counted_at_the_codecs_rate() -> None:
    assert frame_count(44100, 44100, "g729") == 100
    assert frame_count(44101, 44100, "amr-12.2") == 51
    assert frame_count(161, 8000, "none") == 2
    lengths = {"g729": 0.01, "gsm": 0.02, "amr-wb-6.6": 0.02, "opus-12k": 0.02, "g722": 0.02, "g723.1": 0.03}
    assert {codec: frame_seconds(codec) for codec in lengths} == lengths


@pytest.mark.parametrize("lost", [np.zeros(49, dtype=np.bool_), np.zeros((50, 1), dtype=np.bool_), np.zeros(50)])
def test_lost_of_another_shape_or_type_is_refused(lost: NDArray[np.bool_]) -> None:
    with pytest.raises(SettingsError, match=r"needed lost as bool of shape \(50,\), one per frame of gsm"):
        transcode(_voiced(8000, 1.0), 8000, "gsm", lost=lost)


@pytest.mark.parametrize("codec", sorted(set(CODECS) - set(CONCEALING_CODECS)))
def test_a_codec_without_concealment_refuses_lost_frames(codec: str) -> None:
    lost = np.zeros(frame_count(8000, 8000, codec), dtype=np.bool_)
    with pytest.raises(SettingsError, match=rf"the decoder of {codec} conceals no lost frames.*after decoding"):
        transcode(_voiced(8000, 1.0), 8000, codec, lost=lost)


def test_companding_gives_only_the_256_values_of_g711() -> None:
    source = np.linspace(-1, 1 - 2**-15, 65536, dtype=np.float32)
    mu_law = np.unique(np.rint(transcode(source, 8000, "ulaw") * 32768))
    a_law = np.unique(np.rint(transcode(source, 8000, "alaw") * 32768))
    assert (len(mu_law), mu_law.max()) == (255, 32124)  # plus and minus zero are one value
    assert (len(a_law), a_law.max()) == (256, 32256)


def test_silence_of_a_law_is_a_constant_8_and_not_zero() -> None:
    silence = np.zeros(800, dtype=np.float32)
    assert set(np.rint(transcode(silence, 8000, "alaw") * 32768)) == {8.0}
    assert not transcode(silence, 8000, "ulaw").any()


def test_a_higher_bit_rate_leaves_less_error() -> None:
    source = _voiced(8000)

    def error(codec: str) -> float:
        return float(np.mean((transcode(source, 8000, codec) - source) ** 2))

    for low, high in (
        ("g726-16", "g726-24"),
        ("g726-24", "g726-32"),
        ("g726-32", "g726-40"),
        ("mp3-8k", "mp3-16k"),
        ("mp3-16k", "mp3-32k"),
    ):
        assert error(high) < error(low), (low, high)


def test_overload_is_limited_instead_of_wrapping_round() -> None:
    loud = 3 * _voiced(8000, 0.5)
    assert np.array_equal(transcode(loud, 8000, "ulaw"), transcode(np.clip(loud, -1, 1), 8000, "ulaw"))


def test_nothing_in_gives_nothing_out() -> None:
    for codec in TELEPHONE_CODECS:
        assert transcode(np.zeros(0, dtype=np.float32), 8000, codec).shape == (0,)


def test_an_unknown_codec_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"needed one of none.*got codec 'g711'"):
        transcode(np.zeros(8, dtype=np.float32), 8000, "g711")


@pytest.mark.parametrize(
    ("codec", "package"),
    [
        ("g729", "libbcg729-0"),
        ("opus-12k", "libopus0"),
        ("amr-wb-12.65", "libvo-amrwbenc0"),
        ("speex-8k", "libspeex1"),
        ("codec2-3200", "libcodec2-1.0"),
    ],
)
def test_a_missing_library_is_named_with_its_debian_package(
    codec: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(native.ctypes, "CDLL", refuse)
    with pytest.raises(CodecUnavailableError, match=f"apt-get install {package}$"):
        transcode(_voiced(8000, 0.1), 8000, codec)
