"""Cut edges: calls that end or begin in mid-word, turns whose first milliseconds are missing."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.edges import Edges

Stretches = tuple[tuple[float, float], ...]


def loudest(samples: Samples, start: float, end: float) -> float:
    """The place between two times, seconds, around which 80 ms are loudest at their quietest."""
    level = np.sqrt(np.mean(samples[: len(samples) // 80 * 80].reshape(-1, 80) ** 2, axis=1))
    quietest = np.array([level[i - 8 : i + 8].min() for i in range(round(start * 100), round(end * 100))])
    return start + int(quietest.argmax()) / 100


def clipped(spoken: Stretches, start: float, end: float) -> Stretches:
    return tuple((max(a, start) - start, min(b, end) - start) for a, b in spoken if b > start and a < end)


def test_a_call_cut_in_mid_word_ends_abruptly() -> None:
    agent, customer = conversation()
    stop = loudest(agent, 27, 32)
    parties = [party[: round(stop * RATE)] for party in (agent, customer)]
    (event,) = Edges()(measured(parties, [clipped(AGENT, 0, stop), clipped(CUSTOMER, 0, stop)])).events
    assert (event.kind, event.channel) == ("abrupt-end", "agent")
    assert event.segment.end == pytest.approx(stop, abs=0.02)


def test_a_call_that_begins_in_mid_word_started_late() -> None:
    agent, customer = conversation()
    start = loudest(agent, 1, 5)
    parties = [party[round(start * RATE) :] for party in (agent, customer)]
    (event,) = Edges()(measured(parties, [clipped(AGENT, start, 99), clipped(CUSTOMER, start, 99)])).events
    assert (event.kind, event.channel) == ("delayed-start", "agent")


def test_a_whole_call_has_whole_edges() -> None:
    for seed in range(6):
        assert Edges()(measured(conversation(seed=10 * seed), [AGENT, CUSTOMER])).events == ()


def test_speech_that_fades_or_pauses_before_the_end_is_not_cut() -> None:
    agent, customer = conversation()
    stop = loudest(agent, 27, 32)
    faded, paused = agent[: round(stop * RATE)].copy(), agent[: round((stop + 0.1) * RATE)].copy()
    faded[-800:] *= np.linspace(1, 0, 800, dtype=np.float32) ** 2
    paused[-800:] = agent[:800]
    for party in (faded, paused):
        length = len(party) / RATE
        spoken = [clipped(AGENT, 0, length), clipped(CUSTOMER, 0, length)]
        assert Edges()(measured([party, customer[: len(party)]], spoken)).events == ()


def utterances(
    *, missing: float, before: float = 0.0, floor: float = -75.0, attack: float = 0.06
) -> tuple[Samples, Stretches]:
    """Twelve short utterances that rise within `attack` seconds, the first `missing` seconds of each are zeros."""
    spoken = tuple((1.0 + 3.5 * k, 2.2 + 3.5 * k) for k in range(12))
    rng = np.random.default_rng(5)
    out = rng.standard_normal(round(46 * RATE)) * 10 ** (floor / 20)
    time = np.arange(round(1.2 * RATE)) / RATE
    rise = np.clip(time / attack, 0, 1) ** 2 * np.clip((1.2 - time) / 0.1, 0, 1)
    for start, _ in spoken:
        first = round(start * RATE)
        voice = np.sign(np.sin(2 * np.pi * 140 * time)) * (1 + np.sin(2 * np.pi * 4 * time + 1)) * 0.05
        out[first : first + len(time)] += voice * rise
        out[first - round(before * RATE) : first + round(missing * RATE)] = 0
    return out.astype(np.float32), spoken


def test_utterances_that_lost_their_first_sounds_are_front_end_clipped() -> None:
    agent, _ = conversation()
    customer, spoken = utterances(missing=0.06, before=0.1)
    (event,) = Edges()(measured([agent, customer], [AGENT, spoken])).events
    assert (event.kind, event.channel) == ("front-end-clipping", "customer")
    assert event.evidence["onsets"] == 12
    assert event.segment.start == pytest.approx(1.06, abs=0.01)


def test_utterances_that_rise_are_not_clipped_even_from_digital_silence() -> None:
    agent, _ = conversation()
    for before in (0.0, 0.1):
        customer, spoken = utterances(missing=0.01 if before else 0.0, before=before)
        assert Edges()(measured([agent, customer], [AGENT, spoken])).events == ()


def test_few_utterances_or_pauses_full_of_noise_do_not_tell() -> None:
    agent, _ = conversation()
    customer, spoken = utterances(missing=0.0, floor=-48.0)
    (skip,) = [s for s in Edges()(measured([agent, customer], [AGENT, spoken])).skipped if s.channel == "customer"]
    assert skip.kind == "front-end-clipping"
    assert "are needed" in skip.reason


def test_without_speech_no_word_is_cut() -> None:
    agent, customer = conversation()
    skipped = Edges()(measured([agent, np.zeros_like(customer)], [AGENT, ()])).skipped
    assert {skip.kind for skip in skipped if skip.channel == "customer"} == {
        "abrupt-end",
        "delayed-start",
        "front-end-clipping",
    }


def test_a_voice_that_begins_suddenly_out_of_the_noise_of_its_room_is_not_clipped() -> None:
    agent, _ = conversation()
    customer, spoken = utterances(missing=0.0, attack=0.002)
    assert Edges()(measured([agent, customer], [AGENT, spoken])).events == ()


def test_a_gate_that_opens_onto_what_is_still_quiet_is_not_clipping() -> None:
    agent, _ = conversation()
    customer, spoken = utterances(missing=0.025, before=0.1)
    assert Edges()(measured([agent, customer], [AGENT, spoken])).events == ()
