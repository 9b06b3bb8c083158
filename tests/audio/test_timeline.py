"""Frames in time: what time stamps leave out becomes silence, what they merely jitter does not."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa.audio.faults import DecodeFaults
from audioqa.audio.timeline import Frame, in_time

RATE = 8000
FRAME = 160
HOUR = 3600 * RATE


def laid_out(
    places: list[int | None], *, start: int | None = None, length: int | None = None, after_fault: bool = False
) -> tuple[int, int]:
    """Lay frames of 20 ms at `places`; return the samples that come out and those of them that were filled in."""
    frames = (Frame(np.ones((FRAME, 1), np.int16), place, after_fault) for place in places)
    faults = DecodeFaults()
    pieces = list(in_time(frames, rate=RATE, start=start, length=length, faults=faults))
    assert max(len(piece) for piece in pieces) <= RATE
    assert sum(int((piece == 0).sum()) for piece in pieces) == faults.filled
    return sum(len(piece) for piece in pieces), faults.filled


@pytest.mark.parametrize(
    ("places", "filled"),
    [
        ([0, 160, 320], 0),
        ([5000, 5160, 5320], 0),  # a recording need not start at 0
        ([0, 160, 480], 160),  # one frame is missing
        ([0, 8 + 160, 320 + 8], 0),  # a stamp rounded to a millisecond
        ([0, 168, 336, 504, 672], 0),  # a clock that runs 5 % apart is no loss
        ([0, 160, None, None, 640], 0),  # frames without a stamp follow on
        ([0, 160, None, 640], 160),
        ([0, 320, 160, 320], 160),  # a stamp that goes back cuts nothing out
        ([0, 160 + HOUR], 0),  # a wild stamp
        ([0, 160 + 300 * RATE], 300 * RATE),  # five minutes on mute
    ],
)
def test_what_stamps_leave_out_is_filled(places: list[int | None], filled: int) -> None:
    assert laid_out(places) == (len(places) * FRAME + filled, filled)


def test_a_long_gap_is_believed_where_the_length_of_the_file_bears_it_out() -> None:
    assert laid_out([0, 160 + HOUR], length=2 * HOUR)[1] == HOUR
    assert laid_out([0, 160 + HOUR], length=HOUR // 2)[1] == 0


def test_after_a_broken_frame_stamps_are_taken_at_their_word() -> None:
    assert laid_out([0, 240], after_fault=True)[1] == 80
    assert laid_out([0, 240], after_fault=False)[1] == 0


def test_where_stamps_are_exact_a_missing_start_is_filled() -> None:
    assert laid_out([320, 480], start=0) == (640, 320)
