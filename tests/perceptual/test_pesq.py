"""PESQ: the package's own figures on one window, and calls of any length, offset and clock around it."""

from __future__ import annotations

import itertools
import math
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray
from pesq import pesq
from speechlike import speechlike

import audioqa.perceptual.pesq as module
from audioqa.audio import OpenOptions
from audioqa.errors import MeasurementError, SettingsError, UnreadableRecordingError
from audioqa.perceptual.pesq import RESIDUAL, score_pesq
from audioqa.perceptual.pesq_worker import Mode, PesqWorker
from audioqa.perceptual.tape import Tape
from audioqa.types import PesqResult, Score, Skipped

Samples = NDArray[np.float32]


def noisy(samples: Samples, snr: float, *, seed: int = 0) -> Samples:
    noise = np.random.default_rng(seed).standard_normal(samples.shape)
    return (samples + 10 ** (-snr / 20) * samples.std() * noise).astype(np.float32) / 2


def save(folder: Path, name: str, samples: Samples, rate: int = 8000, subtype: str = "FLOAT") -> Path:
    path = folder / f"{name}.wav"
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def score(folder: Path, recording: Samples, reference: Samples, *, mode: Mode = "nb", rate: int = 8000) -> PesqResult:
    (result,) = score_pesq(
        save(folder, "recording", recording, rate), save(folder, "reference", reference, rate), modes=(mode,)
    )
    return result


def scored(result: PesqResult) -> Score:
    assert isinstance(result.score, Score), result.score
    return result.score


@pytest.mark.parametrize(("mode", "rate", "best"), [("nb", 8000, 4.549), ("wb", 16000, 4.644)])
def test_an_identical_pair_gets_the_highest_score_there_is(tmp_path: Path, mode: Mode, rate: int, best: float) -> None:
    speech = speechlike(10.0, seed=1, rate=rate)
    result = score(tmp_path, speech, speech, mode=mode, rate=rate)
    assert scored(result).value == pytest.approx(best, abs=0.0005)
    assert result.delay == 0.0
    assert result.scale == scored(result).scale == {"nb": "MOS-LQON", "wb": "MOS-LQOW"}[mode]


@pytest.mark.parametrize(("mode", "rate"), [("nb", 8000), ("wb", 16000)])
@pytest.mark.parametrize("snr", [30.0, 10.0, 0.0])
def test_a_single_window_has_exactly_the_score_of_the_package(
    tmp_path: Path, mode: Mode, rate: int, snr: float
) -> None:
    reference = speechlike(12.3, seed=2, rate=rate)
    recording = noisy(reference, snr)
    result = score(tmp_path, recording, reference, mode=mode, rate=rate)
    assert scored(result).value == pesq(rate, reference, recording, mode)
    assert [window.mos for window in result.windows] == [scored(result).value]


def test_a_filter_that_delays_by_a_few_samples_still_leaves_the_pair_as_it_is(tmp_path: Path) -> None:
    reference = speechlike(8.0, seed=3)
    recording = np.convolve(noisy(reference, 25), [0.0, 0.0, 0.0, 0.5, 0.3, 0.2])[: len(reference)].astype(np.float32)
    assert scored(score(tmp_path, recording, reference)).value == pesq(8000, reference, recording, "nb")


def test_a_pair_that_is_8_ms_apart_is_left_to_pesq_whole(tmp_path: Path) -> None:
    reference = speechlike(8.0, seed=3)
    recording = noisy(np.concatenate([np.zeros(64, np.float32), reference[:-64]]), 25)
    result = score(tmp_path, recording, reference)
    assert scored(result).value == pesq(8000, reference, recording, "nb")
    assert result.delay == 0.008


@pytest.mark.parametrize("lag", [-40 * 8000 - 5, -8001, 0, 801, 33 * 8000 + 7])
def test_the_reported_delay_is_right_to_the_sample_and_costs_nothing(tmp_path: Path, lag: int) -> None:
    reference = speechlike(60.0, seed=4)
    recording = np.concatenate([np.zeros(lag, np.float32), reference]) if lag > 0 else reference[-lag:]
    recording = np.concatenate([recording, 1e-4 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)])
    result = score(tmp_path, recording, reference)
    assert result.delay == pytest.approx(lag / 8000, abs=1e-9)
    assert scored(result).value > 4.5
    assert result.windows[0].segment.start == pytest.approx(max(0, lag) / 8000, abs=0.02)


def test_a_slow_clock_is_followed(tmp_path: Path) -> None:
    # 100 ppm over 90 s are 9 ms: the median of the windows lies in the middle, 4.5 ms late.
    reference = speechlike(90.0, seed=6)
    recording = soxr.resample(reference, 1_000_000, 1_000_100).astype(np.float32)
    result = score(tmp_path, recording, reference)
    assert result.delay == pytest.approx(0.0045, abs=0.0013)  # half of what a window of 26 s drifts by itself
    assert scored(result).value > 4.3


def test_a_recorder_that_slips_again_and_again_is_followed(tmp_path: Path) -> None:
    reference = speechlike(150.0, seed=5)
    cuts = [0, 75 * 8000, 100 * 8000, 150 * 8000]
    gap = np.zeros(12000, np.float32)
    pieces = [piece for a, b in itertools.pairwise(cuts) for piece in (reference[a:b], gap)]
    result = score(tmp_path, np.concatenate(pieces), reference)
    assert len(result.windows) == 6
    last = result.windows[-1].mos
    # Its lag is 3 s, out of reach of the first window's; a slip inside a window costs that window.
    assert not isinstance(last, Skipped)
    assert last > 4.3


def test_every_window_is_at_most_30_s_and_together_they_cover_the_call(tmp_path: Path) -> None:
    reference = speechlike(90.0, seed=6)
    result = score(tmp_path, noisy(reference, 20), reference)
    edges = [(window.segment.start, window.segment.end) for window in result.windows]
    assert edges[0][0] == 0
    assert edges[-1][1] == 90
    assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
    assert max(end - start for start, end in edges) <= 30


def test_windows_without_speech_in_the_reference_do_not_enter_the_mean(tmp_path: Path) -> None:
    reference = speechlike(90.0, seed=6)
    reference[20 * 8000 : 70 * 8000] = 0
    recording = noisy(reference, 20)
    result = score(tmp_path, recording, reference)
    reasons = [window.mos.reason for window in result.windows if isinstance(window.mos, Skipped)]
    assert reasons == ["the reference holds less than 0.25 s of speech here"] * len(reasons)
    assert reasons
    values = [window.mos for window in result.windows if not isinstance(window.mos, Skipped)]
    assert min(values) <= scored(result).value <= max(values)


def test_the_interval_of_one_window_is_the_published_residual_and_wider_over_uneven_windows(tmp_path: Path) -> None:
    reference = speechlike(12.0, seed=7)
    one = scored(score(tmp_path, noisy(reference, 20), reference))
    assert one.high - one.value == pytest.approx(1.645 * RESIDUAL)
    assert one.value - one.low == pytest.approx(1.645 * RESIDUAL)
    long = speechlike(60.0, seed=4)
    uneven = np.concatenate([noisy(long[: 30 * 8000], 0), noisy(long[30 * 8000 :], 40)])
    several = scored(score(tmp_path, uneven, long))
    assert several.high - several.value > 1.645 * RESIDUAL * 1.5


def test_a_mono_reference_serves_both_channels_and_two_pair_in_order(tmp_path: Path) -> None:
    first, second = speechlike(8.0, seed=8), speechlike(8.0, seed=9)
    call = save(tmp_path, "call", np.stack([first, noisy(first, 10)], axis=1))
    names = OpenOptions(channel_names=("agent", "customer"))
    results = score_pesq(call, save(tmp_path, "mono", first), options=names, modes=("nb",))
    assert [(result.channel, result.reference_channel) for result in results] == [
        ("agent", "channel 1"),
        ("customer", "channel 1"),
    ]
    assert scored(results[0]).value > 4.5 > 4 > scored(results[1]).value
    pair = save(tmp_path, "pair", np.stack([first, second], axis=1))
    both = score_pesq(pair, save(tmp_path, "stereo", np.stack([first, second], axis=1)), modes=("nb",))
    assert [scored(result).value > 4.5 for result in both] == [True, True]
    assert [result.reference_channel for result in both] == ["channel 1", "channel 2"]


def test_channel_counts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    speech = speechlike(3.0, seed=8)
    two, one = save(tmp_path, "two", np.stack([speech, speech], axis=1)), save(tmp_path, "one", speech)
    with pytest.raises(SettingsError, match="as many as the recording: it has 2, the recording 1"):
        score_pesq(one, two)


def test_wideband_is_skipped_below_16_khz_whichever_file_it_is(tmp_path: Path) -> None:
    narrow, wide = speechlike(8.0, seed=1), speechlike(8.0, seed=1, rate=16000)
    low, high = save(tmp_path, "low", narrow), save(tmp_path, "high", wide, 16000)
    for recording, reference, name in ((low, high, "recording"), (high, low, "reference")):
        (result,) = score_pesq(recording, reference, modes=("wb",))
        assert isinstance(result.score, Skipped)
        assert result.score.reason == f"wideband PESQ needs 16000 Hz, the {name} has 8000 Hz"


def test_files_of_different_rates_are_compared_at_the_rate_of_the_mode(tmp_path: Path) -> None:
    wide = speechlike(10.0, seed=1, rate=16000)
    high = save(tmp_path, "high", wide, 16000)
    low = save(tmp_path, "low", soxr.resample(wide, 16000, 44100), 44100)
    nb, wb = score_pesq(low, high)
    assert scored(nb).value > 4.45
    assert scored(wb).value > 4.5
    assert nb.delay == wb.delay == 0.0


@pytest.mark.parametrize(
    ("recording", "reason"),
    [
        (np.zeros(80000, np.float32), "digitally silent"),
        (np.full(80000, 0.25, np.float32), "does not resemble"),
        (speechlike(10.0, seed=99), "does not resemble"),
        (speechlike(10.0, seed=10)[:1600], "less than 0.25 s of speech"),
    ],
    ids=["silent", "constant", "another", "short"],
)
def test_what_cannot_be_scored_says_why(tmp_path: Path, recording: Samples, reason: str) -> None:
    result = score(tmp_path, recording, speechlike(10.0, seed=10))
    assert isinstance(result.score, Skipped)
    assert reason in result.score.reason


def test_samples_that_are_not_numbers_cost_their_window_only(tmp_path: Path) -> None:
    reference = speechlike(60.0, seed=4)
    with PesqWorker() as worker, pytest.raises(MeasurementError, match="recording holds samples that are not numbers"):
        worker.score(reference[:8000], np.full(8000, np.nan, np.float32), mode="nb")
    recording = noisy(reference, 20)
    recording[8000:8010] = np.nan
    result = score(tmp_path, recording, reference)
    assert math.isfinite(scored(result).value)
    assert not isinstance(result.windows[-1].mos, Skipped)


def test_an_unreadable_reference_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"not audio at all" * 100)
    with pytest.raises(UnreadableRecordingError, match=r"broken\.wav"):
        score_pesq(save(tmp_path, "recording", speechlike(3.0, seed=8)), broken)


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no PESQ mode 'swb'; there are nb, wb"):
        score_pesq(tmp_path / "a.wav", tmp_path / "b.wav", modes=("swb",))  # type: ignore[arg-type]


class _Dying(PesqWorker):
    """Its process is killed before the second window."""

    def __init__(self, *, timeout: float = 60.0) -> None:
        super().__init__(timeout=timeout)
        self.windows = 0

    def score(self, reference: Samples, recording: Samples, *, mode: Mode) -> float:
        self.windows += 1
        if self.windows == 2:
            assert self.pid is not None
            os.kill(self.pid, signal.SIGKILL)
        return super().score(reference, recording, mode=mode)


def test_a_crash_costs_its_window_and_the_next_one_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = speechlike(90.0, seed=6)
    monkeypatch.setattr(module, "PesqWorker", _Dying)
    result = score(tmp_path, noisy(reference, 20), reference)
    crashed = result.windows[1].mos
    assert isinstance(crashed, Skipped)
    assert crashed.reason == "PESQ crashed (SIGKILL)"
    others = [window.mos for index, window in enumerate(result.windows) if index != 1]
    assert len(others) >= 2
    assert not any(isinstance(mos, Skipped) for mos in others)


def test_a_worker_killed_in_the_middle_of_a_window_is_replaced() -> None:
    speech = speechlike(5.0, seed=8)
    with PesqWorker() as worker:
        expected = worker.score(speech, noisy(speech, 20), mode="nb")
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)  # it cannot answer before it is killed
        killer = threading.Timer(0.3, os.kill, (first, signal.SIGKILL))
        killer.start()
        with pytest.raises(MeasurementError, match=r"PESQ crashed \(SIGKILL\)"):
            worker.score(speech, noisy(speech, 20), mode="nb")
        killer.join()
        assert worker.score(speech, noisy(speech, 20), mode="nb") == expected
        assert worker.pid not in (None, first)


def test_a_window_that_hangs_is_given_up_in_time() -> None:
    speech = speechlike(5.0, seed=8)
    with PesqWorker(timeout=5.0) as worker:
        worker.score(speech, speech, mode="nb")
        hanging = worker.pid
        assert hanging is not None
        worker._timeout = 0.3
        os.kill(hanging, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(MeasurementError, match=r"did not answer within 0\.3 s"):
            worker.score(speech, speech, mode="nb")
        assert time.monotonic() - began < 3
        with pytest.raises(ProcessLookupError):
            os.kill(hanging, 0)


def test_a_worker_leaves_no_process_behind() -> None:
    speech = speechlike(3.0, seed=8)
    with PesqWorker() as worker:
        worker.score(speech, speech, mode="nb")
        pid = worker.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("reference", "recording", "reason"),
    [
        (speechlike(3.0, seed=8), np.zeros(24000, np.float32), "the recording is digitally silent"),
        (np.zeros(24000, np.float32), speechlike(3.0, seed=8), "the reference is digitally silent"),
        (speechlike(0.2, seed=8), speechlike(0.2, seed=8), "at least a quarter of a second"),
        (np.eye(1, 24000, dtype=np.float32)[0], np.eye(1, 24000, dtype=np.float32)[0], "PESQ finds no speech"),
    ],
    ids=["recording", "reference", "short", "no speech"],
)
def test_a_window_without_a_score_says_why(reference: Samples, recording: Samples, reason: str) -> None:
    with PesqWorker() as worker:
        with pytest.raises(MeasurementError, match=reason):
            worker.score(reference, recording, mode="nb")
        speech = speechlike(3.0, seed=8)
        assert worker.score(speech, speech, mode="nb") > 4.5


def test_windows_on_which_the_c_code_is_wrong_are_never_sent() -> None:
    long = speechlike(30.1, seed=8)
    with PesqWorker() as worker, pytest.raises(MeasurementError, match="at most 30 s"):
        worker.score(long, long, mode="nb")


def test_a_tape_reads_what_the_file_holds_wherever_it_is_asked(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).uniform(-0.5, 0.5, (100 * 8000, 2)).astype(np.float32)
    path = save(tmp_path, "long", samples)
    with Tape(path, options=OpenOptions(), channel=1, rate=8000) as tape:
        for start, stop in ((-50, 100), (40_000, 41_000), (0, 500), (790_000, 800_100), (560_000, 560_010)):
            expected = np.zeros(stop - start, np.float32)
            inside = slice(max(start, 0), min(stop, len(samples)))
            expected[inside.start - start : inside.stop - start] = samples[inside, 1]
            np.testing.assert_array_equal(tape.read(start, stop), expected)
        with pytest.raises(ValueError, match="no longer kept"):
            tape.read(0, 10)
