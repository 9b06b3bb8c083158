"""Phases: signals are named, machines and mutes told from parties and faults, and what they explain is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, SECONDS, Samples, conversation, measured, turns

from audioqa.lab.music import STYLES, hold_music
from audioqa.lab.signals import Signal, signals
from audioqa.measure import Measurements, measure_samples
from audioqa.perceptual.callmos_layout import KINDS as SOUNDS
from audioqa.phases import EXPLAINS, KINDS, PhaseFinder, outside_phases
from audioqa.phases import conversation as talk_of
from audioqa.phases.announcements import Announcements
from audioqa.phases.tones import Tone, Tones
from audioqa.render.as_csv import KINDS as EVENTS
from audioqa.types import Event, Phase, Segment
from audioqa.windows import ScoredWindow

EVERY = {signal.name: signal for signal in signals(1, np.random.default_rng(4))}


def on_a_line(sound: Samples, *, level: float = -24.0, before: float = 2.0, after: float = 2.0) -> Samples:
    """A sound at that level on a line with noise at -70 dBov."""
    rng = np.random.default_rng(1)
    padded = np.concatenate([np.zeros(round(before * RATE)), sound, np.zeros(round(after * RATE))])
    loud = padded * 10 ** (level / 20) / np.sqrt(np.mean(sound[sound != 0] ** 2))
    return np.clip(loud + rng.standard_normal(len(padded)) * 10 ** (-70 / 20), -1, 0.99).astype(np.float32)


def heard(samples: Samples) -> Measurements:
    return measure_samples(samples[:, None], RATE, channels=("agent",))


def found(measurements: Measurements) -> list[tuple[str, str | None]]:
    return [(phase.kind, phase.channel) for phase in PhaseFinder()(measurements)]


@pytest.mark.parametrize("signal", EVERY.values(), ids=list(EVERY))
def test_a_signal_is_named_and_placed(signal: Signal) -> None:
    (phase,) = PhaseFinder()(heard(on_a_line(signal.samples)))
    assert (phase.kind, phase.channel) == (signal.kind, "agent")
    assert phase.segment.start == pytest.approx(2.0, abs=0.04)
    assert phase.segment.end == pytest.approx(2.0 + len(signal.samples) / RATE, abs=0.04)
    assert phase.evidence.get("pressed", 0) == len(signal.keys)


@pytest.mark.parametrize("keep", [False, True])
def test_which_keys_were_pressed_is_told_only_where_it_was_asked_for(keep: bool) -> None:
    signal = EVERY["DTMF"]
    (phase,) = PhaseFinder(keep_keys=keep)(heard(on_a_line(signal.samples)))
    assert phase.evidence == {"pressed": len(signal.keys)} | ({"keys": signal.keys} if keep else {})


def key(row: float, column: float, seconds: float) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * row * time) + np.sin(2 * np.pi * column * time)).astype(np.float32)


def pressed(sound: Samples) -> str:
    return "".join(tone.keys for tone in Tones()(heard(on_a_line(sound)).channels[0]))


def test_a_key_is_accepted_within_the_tolerance_of_q24_and_not_far_outside() -> None:
    assert pressed(key(697, 1209, 0.1)) == "1"
    assert pressed(key(697 * 1.017, 1209 * 0.983, 0.1)) == "1"
    assert pressed(key(697 * 1.06, 1209, 0.1)) == ""
    assert pressed(key(697, 1209 * 1.045, 0.1)) == ""


def test_a_pause_tells_a_key_pressed_twice_from_one_held() -> None:
    once, pause = key(852, 1477, 0.08), np.zeros(round(0.08 * RATE), np.float32)
    assert pressed(np.concatenate([once, pause, once])) == "99"
    assert pressed(key(852, 1477, 0.24)) == "9"


def test_nothing_is_said_where_nobody_listened_for_speech() -> None:
    measurements = heard(on_a_line(EVERY["busy, 425 Hz"].samples))
    deaf = replace(measurements.channels[0], speech=np.zeros(0, np.float32), kinds=np.zeros(0, np.uint8))
    assert found(replace(measurements, channels=(deaf,))) == []


@pytest.mark.parametrize("style", STYLES)
def test_hold_music_is_one_phase(style: str) -> None:
    music = hold_music(style, 20, RATE, np.random.default_rng(7))
    (phase,) = PhaseFinder()(heard(on_a_line(music)))
    assert phase.kind == "hold-music"
    assert phase.segment.start == pytest.approx(2.0, abs=1.0)
    assert phase.segment.end == pytest.approx(22.0, abs=1.0)


def test_mains_hum_that_is_taken_for_music_is_none_and_music_over_it_is() -> None:
    agent, customer = conversation()
    time = np.arange(len(customer)) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(2, 21)).astype(np.float32)
    customer += hum * np.float32(10 ** (-46 / 20) / np.sqrt(np.mean(hum**2)))
    call = measured([agent, customer], [AGENT, CUSTOMER])
    assert found(mistaken(call, 11.8, 19.2)) == []
    music = hold_music(next(iter(STYLES)), 7.0, RATE, np.random.default_rng(2))
    customer[12 * RATE : 12 * RATE + len(music)] += np.float32(0.3) * music.astype(np.float32)
    assert ("hold-music", "customer") in found(mistaken(measured([agent, customer], [AGENT, CUSTOMER]), 11.8, 19.2))


def mistaken(call: Measurements, start: float, end: float) -> Measurements:
    """The same call whose customer is heard as music from `start` to `end`."""
    agent, customer = call.channels
    kinds = customer.kinds.copy()
    frame = customer.speech_frame
    kinds[round(start / frame) : round(end / frame)] = SOUNDS.index("music")
    return replace(call, channels=(agent, replace(customer, kinds=kinds)))


def test_steady_noise_that_is_taken_for_music_holds_no_note() -> None:
    rng = np.random.default_rng(2)
    measurements = measured([rng.normal(0, 0.02, round(SECONDS * RATE)).astype(np.float32)], [()])
    everywhere = np.full_like(measurements.channels[0].kinds, SOUNDS.index("music"))
    assert found(replace(measurements, channels=(replace(measurements.channels[0], kinds=everywhere),))) == []


def silenced(party: Samples, *places: tuple[float, float]) -> Samples:
    out = party.copy()
    for start, end in places:
        out[round(start * RATE) : round(end * RATE)] = 0
    return out


def test_a_leg_silent_between_its_turns_was_muted() -> None:
    agent, customer = conversation()
    (phase,) = PhaseFinder()(measured([agent, silenced(customer, (26.5, 32.0))], [AGENT, CUSTOMER]))
    assert (phase.kind, phase.channel) == ("mute", "customer")
    assert phase.segment.start == pytest.approx(26.5, abs=0.02)
    assert phase.segment.end == pytest.approx(32.0, abs=0.02)


@pytest.mark.parametrize(
    ("why", "places"),
    [
        ("cut off in mid-word", [(22.0, 28.0)]),
        ("silent for good", [(39.5, SECONDS)]),
        ("silent from the start", [(0.0, 6.0)]),
        ("shorter than a mute", [(27.0, 29.5)]),
        ("silent whenever it pauses", [(0.0, 6.3), (11.8, 19.3), (25.8, 33.3), (38.8, SECONDS)]),
    ],
)
def test_other_digital_silence_is_no_mute(why: str, places: list[tuple[float, float]]) -> None:
    agent, customer = conversation()
    assert found(measured([agent, silenced(customer, *places)], [AGENT, CUSTOMER])) == [], why


def test_nothing_is_said_of_a_leg_whose_noise_was_never_heard() -> None:
    agent, customer = ((0.5, 6.0), (12.0, 33.0)), ((6.4, 11.6), (33.4, 38.6))
    gated = silenced(turns(SECONDS, customer, seed=2), (0.0, 6.3), (11.7, 33.3), (38.7, SECONDS))
    assert found(measured([turns(SECONDS, agent, seed=1), gated], [agent, customer])) == []


def test_who_listens_for_half_a_minute_is_not_muted() -> None:
    for seed in range(12):  # the laboratory has a hundred
        rng = np.random.default_rng(seed)
        start = float(rng.uniform(5, 12))
        agent, customer = ((start - 4.5, start + 31),), ((0.3, 4.0), (start + 31.5, 44.5))
        floor = float(rng.uniform(-74, -55))
        parties = [turns(SECONDS, agent, seed=seed), turns(SECONDS, customer, seed=seed + 500, floor=floor)]
        assert found(measured(parties, [agent, customer])) == []


def with_a_pause(first: float, second: float, seconds: float) -> Measurements:
    """Legs that fall silent at 25.8 s and come back after `seconds`, apart by `first` and `second`."""
    agent, customer = ((0.5, 6.0), (12.0, 19.0), (36.0, 43.0)), ((6.4, 11.6), (19.4, 25.6))
    parties = [turns(SECONDS, agent, seed=1), turns(SECONDS, customer, seed=2)]
    gone = [(25.8, 25.8 + seconds), (25.8 + first, 25.8 + seconds + second)]
    both = [silenced(party, place) for party, place in zip(parties, gone, strict=True)]
    return measured(both, [agent, customer])


def test_both_legs_silent_at_the_same_instants_are_a_paused_recording() -> None:
    (phase,) = PhaseFinder()(with_a_pause(0.0, 0.02, 8.0))
    assert (phase.kind, phase.channel) == ("pause-and-resume", None)
    assert phase.segment == Segment(pytest.approx(25.8, abs=0.02), pytest.approx(33.8, abs=0.02))


def test_legs_that_fall_silent_one_after_the_other_are_not() -> None:
    assert ("mutual-silence", None) in found(with_a_pause(1.0, 1.0, 8.0))


def test_the_last_notes_of_music_belong_to_it() -> None:
    music = PhaseFinder().music
    notes = [Tone("beep", Segment(*place)) for place in ((8.0, 8.5), (9.8, 9.95), (30.1, 30.4), (30.5, 30.8), (40, 41))]
    assert music.with_notes([Segment(10, 30)], notes) == (Segment(9.8, 30.8),)


def test_one_tone_on_both_legs_at_once_is_a_paused_recording() -> None:
    agent, customer = ((0.5, 6.0), (12.0, 19.0), (36.0, 43.0)), ((6.4, 11.6), (19.4, 25.6))
    tone = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(5 * RATE) / RATE)).astype(np.float32)
    parties = [turns(SECONDS, agent, seed=1), turns(SECONDS, customer, seed=2)]
    for party in parties:
        party[28 * RATE : 33 * RATE] += tone
    measurements = measured(parties, [agent, customer])
    assert found(measurements) == [("pause-and-resume", None)]


def test_a_tone_without_talk_around_it_pauses_nothing() -> None:
    time = np.arange(5 * RATE) / RATE
    tone = on_a_line(np.sin(2 * np.pi * 1000 * time).astype(np.float32))
    measurements = measure_samples(np.stack([tone, tone], axis=1), RATE, channels=("agent", "customer"))
    assert found(measurements) == [("tone", "agent"), ("tone", "customer")]


PROMPT = (Segment(3.0, 6.0), Segment(6.5, 9.0))
GREETING = (Segment(20.0, 23.0),)


def announced(
    *, own: Sequence[Phase] = (), others: Sequence[Phase] = (), other: Sequence[Segment] = (Segment(25.0, 30.0),)
) -> list[Segment]:
    told = Announcements()("agent", (*PROMPT, *GREETING), other=other, own=own, others=others)
    return [phase.segment for phase in told]


def test_a_prompt_that_is_answered_by_keys_is_an_announcement_and_the_greeting_after_it_is_not() -> None:
    keys = Phase("dtmf", "customer", Segment(9.5, 10.5), {"pressed": 1})
    assert announced(others=[keys]) == [Segment(3.0, 9.0)]


def test_so_is_one_before_music_or_a_beep() -> None:
    for kind in ("hold-music", "beep", "information-tone"):
        assert announced(own=[Phase(kind, "agent", Segment(9.5, 18.0))]) == [Segment(3.0, 9.0)]


def test_who_speaks_after_ringback_is_a_person() -> None:
    assert announced(own=[Phase("ringback", "agent", Segment(0.5, 2.5))]) == []


def test_once_the_other_party_has_spoken_a_key_tells_nothing() -> None:
    keys = Phase("dtmf", "customer", Segment(9.5, 10.5), {"pressed": 1})
    assert announced(others=[keys], other=(Segment(0.5, 2.5),)) == []


def test_speech_between_two_stretches_of_music_is_an_announcement_unless_the_other_party_speaks() -> None:
    music = [Phase("hold-music", "agent", Segment(*place)) for place in ((12.0, 19.0), (24.0, 40.0))]
    before = Segment(0.0, 1.0)
    assert announced(own=music, other=(before,)) == [Segment(20.0, 23.0)]
    assert announced(own=music, other=(before, Segment(21.0, 22.0))) == []


def test_speech_and_windows_inside_music_are_set_aside() -> None:
    measurements = measured(conversation(), [AGENT, CUSTOMER])
    windows = tuple(ScoredWindow(Segment(start, start + 8), 5.0, None) for start in (0.0, 12.0, 26.0))  # type: ignore[arg-type]
    agent = replace(measurements.channels[0], windows=windows)
    music = Phase("hold-music", "agent", Segment(11.0, 20.0))
    kept = talk_of(replace(measurements, channels=(agent, measurements.channels[1])), [music]).channels
    assert [window.segment.start for window in kept[0].windows] == [0.0, 26.0]
    assert not kept[0].speech[round(11 / 0.02) : round(20 / 0.02)].any()
    assert kept[0].speech.sum() == pytest.approx(agent.speech.sum() - 7 / 0.02)
    assert kept[1] is measurements.channels[1]


def event(kind: str, channel: str | None, start: float, end: float) -> Event:
    return Event(kind, channel, Segment(start, end), "warning")


def test_every_kind_of_phase_says_what_it_explains() -> None:
    assert set(EXPLAINS) == set(KINDS)
    assert {kind for kinds in EXPLAINS.values() for kind in kinds} <= set(EVENTS)


def test_events_that_a_phase_explains_are_left_out() -> None:
    phases = [
        Phase("hold-music", "customer", Segment(10, 40)),
        Phase("mute", "agent", Segment(12, 38)),
        Phase("pause-and-resume", None, Segment(50, 60)),
        Phase("mutual-silence", None, Segment(70, 80)),
    ]
    explained = [
        event("clipping", "customer", 20, 22),
        event("dead-air", None, 9, 39),
        event("digital-silence", "agent", 12, 38),
        event("silence-gap", "customer", 50, 60),
        event("dead-air", None, 50, 60),
    ]
    left = [
        event("clipping", "agent", 20, 22),
        event("dropout", "customer", 8, 9),
        event("dead-air", None, 35, 49),
        event("dead-air", None, 70, 80),
        event("one-way-audio", "agent", 12, 38),
    ]
    assert outside_phases([*explained, *left], phases) == left


def test_a_tone_in_music_is_a_note() -> None:
    measurements = measured(conversation(), [AGENT, CUSTOMER])
    kinds = np.full_like(measurements.channels[0].kinds, SOUNDS.index("music"))
    finder = PhaseFinder()
    assert finder.music.is_note(kinds, 0.02, Tone("beep", Segment(1.0, 1.4)))
    assert not finder.music.is_note(np.full_like(kinds, SOUNDS.index("tone")), 0.02, Tone("beep", Segment(1.0, 1.4)))
