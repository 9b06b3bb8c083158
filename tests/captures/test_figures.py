"""What packets say of the network, and what a jitter buffer makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import Sent, capture, delayed, invite, stream, without

from audioqa.captures import StreamFigures, measure_stream, play_out, read_capture
from audioqa.captures.streams import Stream
from audioqa.perceptual.emodel import JitterBuffer


def read(folder: Path, packets: list[Sent]) -> Stream:
    (found,) = read_capture(capture(folder / "x.pcap", packets, sip=invite())).streams
    return found


def measured(folder: Path, packets: list[Sent]) -> StreamFigures:
    return measure_stream(read(folder, packets))


def test_a_clean_stream_has_nothing_to_tell(tmp_path: Path) -> None:
    found = measured(tmp_path, stream(100))
    assert (found.received, found.expected, found.lost, found.loss) == (100, 100, 0, 0)
    assert (found.duplicates, found.reordered, found.burst_ratio, found.jitter) == (0, 0, None, 0)
    assert (found.packet_time, found.codec) == (20, "PCMA")
    assert found.duration == pytest.approx(1.98)


def test_loss_and_burst_ratio_of_a_worked_example(tmp_path: Path) -> None:
    # 20 sent, four lost in runs of three and one: 20 %, mean run 2, at random 1 / 0.8, so 1.6.
    found = measured(tmp_path, without(stream(20), [5, 6, 7, 14]))
    assert (found.received, found.expected, found.lost, found.cumulative_lost) == (16, 20, 4, 4)
    assert found.loss == pytest.approx(20)
    assert found.burst_ratio == pytest.approx(1.6)


def test_a_duplicate_does_not_make_up_for_a_loss(tmp_path: Path) -> None:
    packets = stream(20)
    found = measured(tmp_path, [*without(packets, [5]), replace(packets[8], time=packets[8].time + 0.001)])
    assert (found.lost, found.duplicates, found.reordered) == (1, 1, 0)
    assert found.cumulative_lost == 0


def test_a_packet_that_comes_after_its_successor_is_reordered_and_not_lost(tmp_path: Path) -> None:
    packets = stream(20)
    packets[8] = replace(packets[8], time=packets[9].time + 0.001)
    found = measured(tmp_path, packets)
    assert (found.reordered, found.lost, found.duplicates) == (1, 0, 0)


def test_numbers_that_begin_anew_at_16_and_32_bits_are_no_loss(tmp_path: Path) -> None:
    found = measured(tmp_path, without(stream(100, sequence=65_500, timestamp=2**32 - 3000), [50]))
    assert (found.expected, found.lost, found.jitter) == (100, 1, 0)


def test_comfort_noise_pauses_and_events_are_no_loss(tmp_path: Path) -> None:
    talk = stream(50)
    noise = [replace(talk[-1], time=talk[-1].time + 0.02, sequence=150, timestamp=13_000, payload_type=13)]
    event = [
        Sent(talk[-1].time + 0.5 + 0.02 * i, 151 + i, 17_000, b"\x05\0\0\xa0", 101, marker=i == 0) for i in range(6)
    ]
    again = [Sent(talk[-1].time + 3 + 0.02 * i, 157 + i, 37_000 + 160 * i, marker=i == 0) for i in range(50)]
    found = measured(tmp_path, [*talk, *noise, *event, *again])
    assert (found.received, found.expected, found.lost, found.burst_ratio) == (107, 107, 0, None)
    assert (found.comfort_noise, found.events, found.codec) == (1, 6, "PCMA")
    assert found.longest_gap > 2


def test_a_telephone_event_leaves_the_jitter_alone(tmp_path: Path) -> None:
    packets = stream(60)
    events = [
        replace(packet, payload_type=101, payload=b"\x05\0\0\xa0", timestamp=packets[30].timestamp)
        for packet in packets[30:40]
    ]
    found = measured(tmp_path, [*packets[:30], *events, *packets[40:]])
    assert found.max_jitter == pytest.approx(0, abs=1e-6)


def test_a_sender_that_begins_anew_has_lost_nothing(tmp_path: Path) -> None:
    anew = [
        replace(p, sequence=p.sequence + 20_000, time=p.time + 2, timestamp=p.timestamp + 16_000) for p in stream(100)
    ]
    found = measured(tmp_path, [*stream(100), *anew])
    assert (found.lost, found.expected) == (0, 200)


def test_an_outage_as_long_as_its_numbers_say_is_loss(tmp_path: Path) -> None:
    packets = stream(4200)
    found = measured(tmp_path, [*packets[:100], *packets[4100:]])
    assert (found.lost, found.expected) == (4000, 4200)
    assert found.burst_ratio == pytest.approx(4000 * 200 / 4200)


def test_the_jitter_of_alternating_delays_is_known(tmp_path: Path) -> None:
    packets = [replace(p, time=p.time + 0.004 * (i % 2)) for i, p in enumerate(stream(600))]
    found = measured(tmp_path, packets)
    # Every difference is 4 ms, so the running value comes to 4 ms.
    assert found.last_jitter == pytest.approx(4, abs=1e-3)
    assert found.jitter == pytest.approx(4 - 4 * 15 / 599, abs=0.01)


def test_a_fixed_buffer_loses_what_comes_later_than_it_is_long(tmp_path: Path) -> None:
    late = {20: 0.030, 40: 0.055, 60: 0.061, 80: 0.120}
    packets = [replace(p, time=p.time + late.get(i, 0)) for i, p in enumerate(stream(100))]
    found = play_out(read(tmp_path, packets), JitterBuffer(fixed=60))
    assert found is not None
    assert (found.late, found.loss, found.delay) == (2, 2, 60)
    assert found.burst_ratio == pytest.approx(0.98)


def test_lost_and_late_count_together(tmp_path: Path) -> None:
    packets = without([replace(p, time=p.time + 0.2 * (i == 51)) for i, p in enumerate(stream(100))], [50])
    found = play_out(read(tmp_path, packets), JitterBuffer(fixed=60))
    assert found is not None
    assert (found.late, found.loss) == (1, 2)
    assert found.burst_ratio == pytest.approx(2 * 0.98)


def test_clocks_that_drift_apart_do_not_make_packets_late(tmp_path: Path) -> None:
    # 300 ppm over ten minutes are 180 ms.
    packets = [replace(p, time=p.time + 0.02 * i * 3e-4) for i, p in enumerate(stream(30_000))]
    found = play_out(read(tmp_path, packets), JitterBuffer(fixed=40))
    assert found is not None
    assert found.late == 0


def test_an_adaptive_buffer_grows_with_the_jitter_and_loses_little(tmp_path: Path) -> None:
    calm = play_out(read(tmp_path, delayed(stream(2000), mean=0.001)), JitterBuffer())
    rough = play_out(read(tmp_path, delayed(stream(2000), mean=0.015)), JitterBuffer())
    assert calm is not None
    assert rough is not None
    assert calm.delay == pytest.approx(20, abs=1)
    assert 50 < rough.delay < 150
    assert calm.late < 0.2
    assert rough.late < 2


def test_the_model_of_the_buffer_and_the_packets_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    packets = [replace(p, time=p.time + float(rng.exponential(0.010))) for p in stream(20_000)]
    one = read(tmp_path, sorted(packets, key=lambda p: p.time))
    buffer = JitterBuffer(fixed=35)
    found, jitter = play_out(one, buffer), measure_stream(one).jitter
    assert found is not None
    assert jitter is not None
    # Sorting by arrival makes neighbours alike: the jitter comes out a little below the mean of the delays.
    assert jitter == pytest.approx(10, rel=0.1)
    assert found.late == pytest.approx(float(buffer.late_share(10)), abs=0.6)
