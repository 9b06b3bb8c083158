"""Overflow: speech kept modulo 65,536 is told from clipped speech, loud speech and clicks."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.overflow import Overflow
from audioqa.wraps import WrapFinder


def loud(signal: Samples, decibels: float) -> Samples:
    """Its peak so many decibels beyond full scale, not limited."""
    return np.asarray(signal * (10 ** (decibels / 20) / np.abs(signal).max()), np.float32)


def wrapped(signal: Samples) -> Samples:
    kept = np.rint(signal.astype(np.float64) * 32768).astype(np.int64).astype(np.uint16).view(np.int16)
    return (kept / 32768).astype(np.float32)


@pytest.mark.parametrize("decibels", [3.0, 6.0, 12.0])
def test_what_wraps_around_is_found_on_its_channel_where_it_is(decibels: float) -> None:
    agent, customer = conversation()
    over = loud(customer, decibels)
    (finding,) = Overflow()(measured([agent, wrapped(over)], [AGENT, CUSTOMER])).findings
    assert (finding.kind, finding.channel) == ("overflow-wrap", "customer")
    beyond = np.flatnonzero(np.abs(over) >= 1) / RATE
    assert finding.segment is not None
    assert beyond[0] - 0.01 <= finding.segment.start < finding.segment.end <= beyond[-1] + 0.01
    assert finding.segment.duration > (beyond[-1] - beyond[0]) / 2


@pytest.mark.parametrize("decibels", [0.0, 3.0, 6.0, 12.0])
def test_clipped_and_loud_speech_does_not_wrap(decibels: float) -> None:
    agent, customer = conversation()
    assert Overflow()(measured([agent, loud(customer, decibels)], [AGENT, CUSTOMER])).findings == ()


def test_clicks_do_not_wrap() -> None:
    agent, customer = conversation()
    customer = customer.copy()
    customer[RATE::RATE] = 0.99
    customer[RATE + 1 :: RATE] = -0.99
    assert Overflow()(measured([agent, customer], [AGENT, CUSTOMER])).findings == ()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_wraps_do_not_depend_on_how_the_samples_come(size: int) -> None:
    values = np.rint(wrapped(loud(conversation()[1], 6.0)) * 32768).astype(np.int16)[: 12 * RATE]
    whole, pieces = WrapFinder(), WrapFinder()
    whole.push(values)
    part = values[7 * RATE : 7 * RATE + 4000] if size < 1000 else values
    if size < 1000:
        whole = WrapFinder()
        whole.push(part)
    for start in range(0, len(part), size):
        pieces.push(part[start : start + size])
    expected, got = whole.finish(), pieces.finish()
    assert expected.count > 0
    assert np.array_equal(got.places, expected.places)
    assert (got.count, got.leaps) == (expected.count, expected.leaps)
