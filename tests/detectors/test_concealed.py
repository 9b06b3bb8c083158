"""Concealed loss: packets played twice in syllables, exactly or under a little noise, and sounds that are repeated."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.concealed import Concealed
from audioqa.told_once import told_once
from audioqa.types import Event, Segment

PACKET = 160


def repeated(
    samples: Samples, *, every: float, packets: int, spoken: tuple[tuple[float, float], ...], loud: bool = True
) -> Samples:
    """With one packet in place of the next few, in the first loud (or quiet) place after every so many seconds."""
    out = samples.copy()
    for start, end in spoken:
        at = round(start * RATE)
        while at < round(end * RATE) - (packets + 1) * PACKET:
            before = out[at : at + PACKET]
            level = np.sqrt(np.mean(out[at : at + (packets + 1) * PACKET] ** 2))
            if (level > 10 ** (-28 / 20)) if loud else (level < 10 ** (-47 / 20)):
                out[at + PACKET : at + (packets + 1) * PACKET] = np.tile(before, packets)
                at += round(every * RATE)
            else:
                at += 80
    return out


def test_packets_played_twice_are_a_stretch_with_its_loss() -> None:
    agent, customer = conversation()
    hurt = repeated(customer, every=1.0, packets=1, spoken=CUSTOMER)
    (event,) = Concealed()(measured([agent, hurt], [AGENT, CUSTOMER])).events
    assert (event.kind, event.channel) == ("concealed-loss", "customer")
    assert event.severity in ("warning", "severe")
    assert event.evidence["packets"] == pytest.approx(15, abs=4)
    assert 1.0 < float(event.evidence["loss_percent"]) < 6.0
    assert CUSTOMER[0][0] < event.segment.start < CUSTOMER[0][0] + 1.5


def test_they_are_found_where_nothing_is_exact() -> None:
    agent, customer = conversation()
    hurt = repeated(customer, every=0.7, packets=1, spoken=CUSTOMER)
    hurt = hurt + np.random.default_rng(4).standard_normal(len(hurt)).astype(np.float32) * np.float32(10 ** (-62 / 20))
    (event,) = Concealed()(measured([agent, hurt], [AGENT, CUSTOMER])).events
    assert (event.kind, event.channel) == ("concealed-loss", "customer")


def test_one_packet_played_twice_is_no_stretch() -> None:
    agent, customer = conversation()
    hurt = repeated(customer, every=60.0, packets=1, spoken=CUSTOMER[:1])
    assert np.any(hurt != customer)
    assert Concealed()(measured([agent, hurt], [AGENT, CUSTOMER])).events == ()


def test_a_sound_repeated_again_and_again_is_robotic_andtold_once() -> None:
    agent, customer = conversation()
    hurt = repeated(customer, every=0.8, packets=5, spoken=CUSTOMER[:1])
    (event,) = Concealed()(measured([agent, hurt], [AGENT, CUSTOMER])).events
    assert (event.kind, event.channel) == ("robotic", "customer")
    assert float(event.evidence["repeated_seconds"]) == pytest.approx(0.1 * int(event.evidence["repeats"]), rel=0.4)


@pytest.mark.parametrize("seed", range(0, 50, 10))
def test_clean_speech_is_not_concealed(seed: int) -> None:
    assert Concealed()(measured(conversation(seed=seed), [AGENT, CUSTOMER])).events == ()


def test_a_steady_tone_is_not_speech_and_not_concealed() -> None:
    agent, customer = conversation()
    tone = (0.1 * np.sin(2 * np.pi * 400 * np.arange(len(customer)) / RATE)).astype(np.float32)
    quiet = np.where(np.arange(len(customer)) < 5 * RATE, tone, customer)
    assert Concealed()(measured([agent, quiet], [AGENT, CUSTOMER])).events == ()


def test_who_lengthens_pauses_copies_room_tone() -> None:
    agent, customer = conversation(floor=-50)
    hurt = repeated(customer, every=0.3, packets=1, spoken=CUSTOMER, loud=False)
    assert np.any(hurt != customer)
    assert Concealed()(measured([agent, hurt], [AGENT, CUSTOMER])).events == ()


def test_mains_hum_repeats_itself_and_is_not_concealment() -> None:
    agent, customer = conversation()
    time = np.arange(len(customer)) / RATE
    wave = sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(2, 12))
    wave = wave * 10 ** (-38 / 20) / np.sqrt(np.mean(np.square(wave)))
    assert Concealed()(measured([agent, (customer + wave).astype(np.float32)], [AGENT, CUSTOMER])).events == ()


def test_short_concealed_dropouts_are_told_by_their_stretch_and_long_ones_themselves() -> None:
    stretch = Event("concealed-loss", "agent", Segment(1, 10), "warning")
    short = Event("dropout", "agent", Segment(2, 2.02), "notice", {"fill": "repeat"})
    long = Event("dropout", "agent", Segment(3, 3.08), "warning", {"fill": "fade"})
    hole = Event("dropout", "agent", Segment(4, 4.02), "notice", {"fill": "zero"})
    other = Event("dropout", "customer", Segment(2, 2.02), "notice", {"fill": "repeat"})
    assert told_once([stretch, short, long, hole, other]) == [stretch, long, hole, other]
