"""The automaton, tested with strings."""

import numpy as np
import pytest

from audioqa.activity import hysteresis, mask, segments, speech_segments
from audioqa.types import Segment


def drawn(text: str) -> np.ndarray:
    return np.array(list(text)) == "#"


@pytest.mark.parametrize(
    ("text", "pause", "shortest", "expected"),
    [
        ("..##.#..", 0, 0, [(2, 4), (5, 6)]),
        ("..##.#..", 2, 0, [(2, 6)]),
        ("..##..#.", 2, 0, [(2, 4), (6, 7)]),
        ("#......#", 3, 2, []),
        ("#.#.#..#", 2, 3, [(0, 5)]),
        ("########", 0, 0, [(0, 8)]),
        ("........", 9, 0, []),
        ("", 1, 0, []),
    ],
)
def test_runs_become_segments(text: str, pause: float, shortest: float, expected: list[tuple[int, int]]) -> None:
    found = segments(drawn(text), frame=1.0, pause=pause, shortest=shortest)
    assert [(s.start, s.end) for s in found] == expected


def test_no_segment_ends_after_the_recording() -> None:
    assert segments(drawn("..###"), frame=0.032, end=0.15)[-1].end == 0.15


@pytest.mark.parametrize(
    ("curve", "expected"),
    [("0159510", "...###."), ("5555", "...."), ("955555", "######"), ("90909", "#.#.#"), ("", "")],
)
def test_hysteresis_holds_between_its_thresholds(curve: str, expected: str) -> None:
    values = np.array([int(c) for c in curve], dtype=float)
    found = hysteresis(values, on=9, off=1)
    assert "".join("#" if x else "." for x in found) == expected


def test_short_bursts_are_dropped_before_pauses_are_bridged() -> None:
    curve = np.array([float(c == "#") for c in "##########....#....##########"])
    assert len(speech_segments(curve, frame=0.032, pause=0.2)) == 2


def test_a_mask_is_the_inverse_of_segments() -> None:
    truth = drawn("..##..###.")
    assert (mask(segments(truth, frame=0.01), frames=10, frame=0.01) == truth).all()


def test_a_mask_ignores_what_lies_outside() -> None:
    assert mask((Segment(0.5, 9.0),), frames=3, frame=1.0).tolist() == [True, True, True]
