"""Speech windows: which parts of a call the estimator hears, by an estimator that writes down what it is given."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa.perceptual.estimator import RATE, WindowOpinion
from audioqa.windows import ScoredWindow, SpeechWindows

FRAME = 0.032


class Listener:
    """Gives each window its mean sample value as MOS."""

    identity = "listener"
    window = 8.0

    def __init__(self) -> None:
        self.heard: list[np.ndarray] = []

    def score(self, windows: np.ndarray) -> list[WindowOpinion]:
        self.heard += list(windows)
        return [WindowOpinion(float(window.mean())) for window in windows]


def scored(
    speech: list[tuple[float, float]], seconds: float, *, channels: int = 1, block: float = 1.0, lag: float = 0.0
) -> tuple[tuple[tuple[ScoredWindow, ...], ...], Listener]:
    """A ramp of samples (the value is the time in hours), pushed in blocks; `speech` on channel 0 only."""
    time = np.arange(round(seconds * RATE)) / RATE / 3600
    audio = np.repeat(time[:, None], channels, axis=1).astype(np.float32)
    centre = (np.arange(-(-len(audio) // 512)) + 0.5) * FRAME
    probability = np.zeros((len(centre), channels), np.float32)
    for start, end in speech:
        probability[(centre >= start) & (centre < end), 0] = 1
    listener = Listener()
    windows = SpeechWindows(listener.score, channels, frame=FRAME)
    step = round(block * RATE)
    known = 0
    for start in range(0, len(audio), step):
        last = start + step >= len(audio)
        upto = len(centre) if last else max(0, round((start + step - lag * RATE) // 512))
        windows.push(audio[start : start + step], probability[known:upto], last=last)
        known = max(known, upto)
    return windows.scored(), listener


def starts(windows: tuple[ScoredWindow, ...]) -> list[float]:
    return [window.segment.start for window in windows]


def test_windows_start_every_four_seconds_and_the_last_ends_with_the_recording() -> None:
    (windows,), _ = scored([(0, 22)], 22)
    assert starts(windows) == [0, 4, 8, 12, 14]
    assert windows[-1].segment.end == 22


@pytest.mark.parametrize(("block", "lag"), [(0.37, 0.0), (1.0, 2.0), (10.0, 0.5), (60.0, 0.0)])
def test_windows_do_not_depend_on_blocks_or_on_how_late_speech_is_known(block: float, lag: float) -> None:
    (plain,), _ = scored([(1, 9), (20, 31)], 33.3)
    (other,), _ = scored([(1, 9), (20, 31)], 33.3, block=block, lag=lag)
    assert other == plain


def test_the_estimator_hears_the_unedited_signal_at_the_windows_place() -> None:
    (windows,), listener = scored([(0, 40)], 40)
    for window, heard in zip(windows, listener.heard, strict=True):
        assert heard[0] * 3600 == pytest.approx(window.segment.start, abs=0.01)
        assert len(heard) == 8 * RATE
        assert window.opinion.mos * 3600 == pytest.approx(window.segment.start + 4, abs=0.01)


def test_windows_without_enough_speech_are_not_scored() -> None:
    (windows,), _ = scored([(10, 11.4), (30, 38)], 60)
    assert starts(windows) == [28, 32]


def test_a_dropout_is_not_gated_away() -> None:
    holes = [(t, t + 0.5) for t in np.arange(0.0, 8.0, 1.5)]
    (windows,), _ = scored(holes, 8)
    assert len(windows) == 1
    assert windows[0].speech == pytest.approx(3.0, abs=0.2)


def test_a_party_who_only_says_yes_now_and_then_is_not_scored() -> None:
    (windows,), _ = scored([(t, t + 0.3) for t in range(0, 60, 3)], 60)
    assert windows == ()


def test_a_recording_shorter_than_a_window_is_one_window() -> None:
    (windows,), listener = scored([(0.5, 4.5)], 5)
    assert [(w.segment.start, w.segment.end) for w in windows] == [(0, 5)]
    assert listener.heard[0].shape == (5 * RATE,)


def test_each_channel_is_judged_by_its_own_speech() -> None:
    (agent, customer), _ = scored([(0, 16)], 16, channels=2)
    assert len(agent) == 3
    assert customer == ()


def test_audio_is_let_go_once_its_windows_are_decided() -> None:
    listener = Listener()
    windows = SpeechWindows(listener.score, 1, frame=FRAME)
    for _ in range(600):
        windows.push(np.zeros((RATE, 1), np.float32), np.zeros((31, 1), np.float32))
        assert len(windows._kept) <= 25 * RATE
