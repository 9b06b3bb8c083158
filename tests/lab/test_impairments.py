"""The laboratory of two-party calls: turns do not overlap, faults are where the truth says, the page counts right."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from speechlike import speechlike

from audioqa.lab.corpus import RATE, Call
from audioqa.lab.faults import FAULTS, Fault, at_nominal
from audioqa.lab.impairments import Clean, Outcome, document, trials
from audioqa.lab.severities import severities
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk, talk, talks


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
    faulted, (placed,) = fault.make(made, np.random.default_rng(5))
    changed = np.abs(faulted - clean).max(axis=1) > 1e-4  # the echo of a quiet line is nothing
    assert np.array_equal(faulted[:, 0], clean[:, 0])
    first, last = np.flatnonzero(changed)[[0, -1]] / RATE
    assert placed.segment.start - 0.6 <= first <= placed.segment.start + 0.6
    assert last <= placed.segment.end + 0.1


def test_a_trial_finds_a_broken_leg_and_counts_what_else_was_said(made: Talk) -> None:
    broken = [fault for fault in FAULTS if fault.name == "one-way, digital silence"]
    quiet, found = trials(made, 1, ["none"], broken)
    assert isinstance(quiet, Clean)
    assert isinstance(found, Outcome)
    assert found.found
    assert "digital-silence" in found.others


def test_the_page_has_a_row_for_each_fault_and_kind() -> None:
    outcomes = [Outcome("hum", "none", True, 0.01, {"mains_hz": 0.0}), Outcome("hum", "none", False, float("nan"))]
    page = document(outcomes, [Clean("none", 1800.0, ("hum",), ("a", "b"))])
    assert "| hum | 0.50 (2) |" in page
    assert "| hum | onset_ms | 10.0 | 10.0 | 1 |" in page
    assert "| hum | 1 | 0.50 | 2.00 | 9.49 |" in page


def test_the_models_severities_are_where_the_mos_has_fallen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audioqa.lab.severities._clips", list)
    rows = {row.impairment: row.severity for row in severities()}
    assert rows["too quiet"].startswith("-34 dBov")
    assert rows["background noise"].startswith("32 dB")
    assert rows["echo after 200 ms"].startswith("31 dB")
