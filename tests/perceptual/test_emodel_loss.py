"""Burst ratio and jitter buffer: worked examples, and processes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import (
    JitterBuffer,
    burst_ratio,
    burst_ratio_of_chain,
    burst_ratio_of_gaps,
    burst_ratio_of_runs,
    codec_row,
    connection,
    rate_table,
)


def test_the_burst_ratio_of_a_worked_example() -> None:
    # 20 packets, 4 lost, in runs of 3 and 1: mean run 2, of random loss at 20 % 1 / 0.8 = 1.25, so 1.6.
    stream = [True] * 5 + [False] * 3 + [True] * 6 + [False] + [True] * 5
    assert burst_ratio(stream) == pytest.approx(1.6)
    assert burst_ratio_of_runs({3: 1, 1: 1}, 20) == pytest.approx(1.6)


def test_losses_at_the_ends_of_a_stream_are_runs_like_any_other() -> None:
    assert burst_ratio([False, True, True, False]) == pytest.approx(1 * 0.5)


@pytest.mark.parametrize("stream", [[True] * 9, [False] * 9, []])
def test_without_loss_or_without_packets_there_is_no_burst_ratio(stream: list[bool]) -> None:
    assert burst_ratio(stream) is None


@pytest.mark.parametrize(("p", "q"), [(0.02, 0.3), (0.05, 0.95), (0.1, 0.25)])
def test_the_ratio_of_a_markov_chain_is_that_of_its_stream(p: float, q: float) -> None:
    rng = np.random.default_rng(5)
    draws = rng.random(200_000)
    lost = np.zeros(draws.size, bool)
    for i in range(1, draws.size):
        lost[i] = draws[i] < p if not lost[i - 1] else draws[i] >= q
    assert burst_ratio((~lost).tolist()) == pytest.approx(burst_ratio_of_chain(p, q), rel=0.05)


def test_random_loss_has_a_ratio_of_one() -> None:
    assert burst_ratio_of_chain(0.1, 0.9) == 1
    assert burst_ratio_of_gaps(burst_density=0.1, burst=50, gap_density=0.1, gap=950) == pytest.approx(1)


def test_the_ratio_of_bursts_and_gaps_is_that_of_their_stream() -> None:
    rng = np.random.default_rng(2)
    density = np.tile(np.r_[np.full(25, 0.6), np.full(475, 0.01)], 400)
    stream = (rng.random(density.size) >= density).tolist()
    told = burst_ratio_of_gaps(burst_density=0.6, burst=25, gap_density=0.01, gap=475)
    assert told == pytest.approx(burst_ratio(stream), rel=0.05)


def test_impossible_runs_and_probabilities_are_refused() -> None:
    with pytest.raises(SettingsError, match="only 5 were sent"):
        burst_ratio_of_runs({3: 2}, 5)
    with pytest.raises(SettingsError, match="length of at least 1"):
        burst_ratio_of_runs({0: 2}, 5)
    with pytest.raises(SettingsError, match="probabilities"):
        burst_ratio_of_chain(0, 0.5)
    with pytest.raises(SettingsError, match="0 to 1"):
        burst_ratio_of_gaps(burst_density=20, burst=1, gap_density=0, gap=1)


@pytest.mark.parametrize("jitter", [5.0, 20.0, 40.0])
def test_the_buffer_loses_what_comes_late_of_delays_that_are_exponential(jitter: float) -> None:
    rng = np.random.default_rng(11)
    delays = rng.exponential(jitter, 400_000)
    # RFC 3550's jitter is a running mean of the difference of neighbours' transit times.
    assert np.abs(np.diff(delays)).mean() == pytest.approx(jitter, rel=0.01)
    buffer = JitterBuffer(fixed=60)
    assert float(buffer.late_share(jitter)) == pytest.approx(100 * (delays > 60).mean(), abs=0.1)


def test_an_adaptive_buffer_is_as_long_as_its_late_share_needs_within_its_limits() -> None:
    buffer = JitterBuffer(late=1, least=20, most=100)
    assert buffer.delay([0.0, 10.0, 50.0]).tolist() == pytest.approx([20, 46.0517, 100], abs=1e-4)
    assert buffer.late_share([0.0, 10.0]).tolist() == pytest.approx([0, 1])
    assert float(buffer.late_share(50)) == pytest.approx(100 * np.exp(-2))


@pytest.mark.parametrize(
    ("given", "message"),
    [({"fixed": 0}, "above 0"), ({"late": 0}, "above 0 and below 100"), ({"least": 50, "most": 20}, "least <= most")],
)
def test_an_impossible_buffer_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        JitterBuffer(**given)


@pytest.mark.parametrize("jitter", [-1.0, float("nan")])
def test_an_impossible_jitter_is_refused(jitter: float) -> None:
    with pytest.raises(SettingsError, match="at least 0"):
        JitterBuffer().delay(jitter)


def test_jitter_acts_as_delay_and_loss_and_by_nothing_else() -> None:
    row = codec_row("g711-plc")
    without = connection(row, loss=1, delay=80, jitter=30)
    assert (float(without["ppl"]), float(without["ta"])) == (1, 80)
    fixed = connection(row, loss=1, burst_ratio=2, delay=80, jitter=30, buffer=JitterBuffer(fixed=60))
    late = 100 * np.exp(-2)
    assert float(fixed["ta"]) == 140
    assert float(fixed["ppl"]) == pytest.approx(100 * (1 - 0.99 * (1 - late / 100)))
    assert float(fixed["burst_r"]) == pytest.approx((1 * 2 + late) / (1 + late))
    assert rate_table(fixed).r[0] < rate_table(without).r[0]


def test_loss_of_a_codec_without_a_robustness_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"no robustness to loss \(Bpl\) is published"):
        connection(codec_row("g729"), loss=0.1)
    assert float(connection(codec_row("g729"))["ie"]) == 10


def test_losses_spread_more_evenly_than_chance_count_as_random() -> None:
    assert float(connection(codec_row("g711"), loss=10, burst_ratio=0.9)["burst_r"]) == 1
