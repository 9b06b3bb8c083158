"""The laboratory of two-party calls: turns do not overlap, faults are where the truth says, the page counts right."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from speechlike import speechlike

from audioqa.lab.corpus import RATE, Call
from audioqa.lab.experiment import Clean, Faulted, Found, Plan, experiment, judged, share
from audioqa.lab.faults import FAULTS, Fault, Placed, at_nominal
from audioqa.lab.figures import figures
from audioqa.lab.impairments import document
from audioqa.lab.severities import severities
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk, talk, talks
from audioqa.types import Event, Segment


def speaker(name: str, seed: int) -> Call:
    return Call("made", name, speechlike(40, seed=seed), clipped=False)


@pytest.fixture(scope="module")
def made() -> Talk:
    return talk(speaker("one", 1), speaker("other", 2), seed=3)


def test_parties_take_turns_on_their_own_channels(made: Talk) -> None:
    every = sorted((turn, party) for party in (0, 1) for turn in made.turns[party])
    assert [party for _, party in every] == [0, 1] * (len(every) // 2)
    assert all(a.end < b.start for (a, _), (b, _) in pairwise(every))
    for turn, party in every:
        span = slice(round(turn.start * RATE), round(turn.end * RATE))
        assert np.std(made.samples[span, party]) > 30 * np.std(made.samples[span, 1 - party])


def test_nobody_talks_to_himself() -> None:
    found = list(talks([speaker("one", 1), speaker("one", 2), speaker("other", 3)]))
    assert [set(call.speakers) for call in found] == [{"made/one", "made/other"}]


def test_both_parties_come_to_the_nominal_level(made: Talk) -> None:
    for column in at_nominal(made).T:
        assert effects.active_level(np.ascontiguousarray(column), RATE) == pytest.approx(NOMINAL, abs=0.5)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_its_channel_alone_and_within_its_place(made: Talk, fault: Fault) -> None:
    clean = at_nominal(made)
    faulted, truth = fault.make(made, np.random.default_rng(5))
    if fault.kind in ("dead-air", "leading-silence", "trailing-silence"):  # everything behind it moved
        assert len(faulted) - len(clean) == round(4 * RATE)
        return
    if fault.kind in ("double-talk", "interruption", "abrupt-end", "delayed-start"):  # turns moved, or were cut away
        assert len(faulted) < len(clean) or not np.allclose(faulted, clean, atol=1e-4)
        assert all(0 <= one.segment.start < one.segment.end <= len(faulted) / RATE for one in truth)
        assert truth
        return
    if fault.kind in ("too-quiet", "too-loud", "level-jump", "front-end-clipping"):  # told where it is heard
        hurt = {one.channel for one in truth}
        same = [np.allclose(faulted[:, channel], clean[:, channel], atol=1e-4) for channel in (0, 1)]
        assert [channel not in hurt for channel in (0, 1)] == same
        return
    for channel in (0, 1):
        places = [placed.segment for placed in truth if placed.channel in (None, channel)]
        changed = np.flatnonzero(np.abs(faulted[:, channel] - clean[:, channel]) > 1e-4) / RATE  # a quiet echo is none
        if fault.kind == "clipping" and places:  # what is not clipped is louder
            loudest = np.abs(clean[:, channel]).max()
            changed = np.flatnonzero(np.abs(clean[:, channel]) > 0.9 * loudest) / RATE
        inside = [(changed > place.start - 0.6) & (changed < place.end + 0.6) for place in places]
        assert np.any(inside, axis=0).all() if inside else len(changed) == 0
        assert all(one.any() for one in inside)


def test_a_broken_leg_is_found_and_what_it_brings_is_told(made: Talk) -> None:
    quiet, found = experiment(made, Plan(1, ("none",), ("one-way, digital silence",)))
    assert isinstance(quiet, Clean)
    assert isinstance(found, Faulted)
    assert [place.found for place in found.places] == [True]
    assert (found.right, found.wrong) == (1, 0)
    assert "digital-silence" in found.others
    assert not set(found.others) & set(quiet.kinds)


def test_each_fault_meets_every_nth_call_and_each_call_some_fault() -> None:
    shares = [share(number, FAULTS, every=4) for number in range(8)]
    assert Counter(name for mine in shares for name in mine) == {fault.name: 2 for fault in FAULTS}
    assert all(shares)


HUM = Fault("hum", "hum", FAULTS[0].make, brings=("noise",))


def test_an_event_counts_where_channel_place_and_figures_are_right() -> None:
    placed = Placed(1, Segment(10.0, 20.0), (("mains_hz", 50.0, 0.0),))

    def heard(channel: str, start: float, mains: float) -> Event:
        return Event("hum", channel, Segment(start, start + 5), "notice", {"mains_hz": mains})

    def judge(*events: Event, usual: tuple[str, ...] = ()) -> Faulted:
        return judged(HUM, [placed], events, usual=usual, codec="none", call=0, seconds=60.0)

    right = judge(heard("customer", 12.0, 50.0))
    assert right.places == (Found(True, 2.0, {"mains_hz": 0.0}),)
    assert not judge(heard("customer", 12.0, 60.0)).places[0].found
    for missed in (heard("agent", 12.0, 50.0), heard("customer", 30.0, 50.0)):
        assert judge(missed).places == (Found(False),)
        assert (judge(missed).right, judge(missed).wrong) == (0, 1)
        assert judge(missed, usual=("hum",)).wrong == 0
    echo = Event("echo", "agent", Segment(0.0, 1.0), "notice")
    assert judge(echo).others == ("echo",)
    assert judge(echo, usual=("echo",)).others == ()


CLEAN = [Clean(codec, 0, 1800.0, kinds, ("a", "b")) for codec, kinds in (("none", ("hum",)), ("gsm", ()))]
FAULTED = [
    Faulted("hum", "none", 0, 1800.0, (Found(True, 0.01),), right=1),
    Faulted("hum", "gsm", 0, 1800.0, (Found(False),), wrong=1, others=("noise", "echo", "echo")),
]


def test_figures_are_counted_right() -> None:
    found = figures(CLEAN, FAULTED, [HUM])
    assert (found.calls, found.distinct_hours, found.speakers) == (1, 0.5, 2)
    assert [(one.codec, one.share, one.least) for one in found.recall] == [("none", 1.0, 0.9), ("gsm", 0.0, 0.8)]
    assert [(one.figure, one.median, one.events) for one in found.errors] == [("onset", 0.01, 1)]
    false = {(one.kind, one.material): one for one in found.false_events}
    hum = false["hum", "clean"]
    assert (hum.events, hum.hours, hum.distinct_hours, hum.per_hour) == ({"none": 1, "gsm": 0}, 1.0, 0.5, 1.0)
    assert hum.upper == pytest.approx(9.49, abs=0.01)  # one event in the half hour of distinct speech
    echo = false["echo", "other impairments"]
    assert (echo.events, echo.per_hour) == ({"none": 0, "gsm": 2}, 2.0)
    assert ("hum", "other impairments") not in false
    assert ("noise", "other impairments") not in false  # hum brings it
    precision = {one.kind: (one.right, one.wrong) for one in found.precision}
    assert precision == {"hum": (1, 1), "echo": (0, 2)}
    confusion = {one.kind: (one.share, one.brought) for one in found.confusion}
    assert confusion == {"echo": (0.5, False), "noise": (0.5, True)}


def test_a_noisy_room_says_nothing_of_false_noise() -> None:
    noisy = Clean("none", 1, 3600.0, ("noise", "hum"), ("c", "d"), unfit=("noise",))
    found = figures([*CLEAN, noisy], FAULTED, [HUM])
    false = {one.kind: one for one in found.false_events if one.material == "clean"}
    assert (false["noise"].events["none"], false["noise"].distinct_hours) == (0, 0.5)
    assert (false["hum"].events["none"], false["hum"].distinct_hours) == (2, 1.5)


def test_the_page_has_a_row_for_each_fault_and_kind() -> None:
    page = document(figures(CLEAN, FAULTED, [HUM]), [HUM])
    assert "| hum | 1.00 (1) | 0.00 (1) |" in page
    assert "| hum | recall, gsm | 0.00 | ≥ 0.80 |" in page
    assert "| hum | 1 | 2.00 | · | 1.00 | 9.49 | 1.00 | 0.50 |" in page
    assert "| hum | 0.50 | 0.50* |" in page
    assert "| hum | noise |" in page


def test_the_models_severities_are_where_the_mos_has_fallen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audioqa.lab.severities._clips", list)
    rows = {row.impairment: row.severity for row in severities()}
    assert rows["too quiet"].startswith("-34 dBov")
    assert rows["background noise"].startswith("32 dB")
    assert rows["echo after 200 ms"].startswith("31 dB")
