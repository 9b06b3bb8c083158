"""The ledger: shares add up, harm is not credited, what no event touches keeps its score, silence costs nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import read_segment
from audioqa.ledger import MOST_KINDS, mended_stretch, opinions, shapley
from audioqa.mend import MENDERS
from audioqa.types import CallReport, Event, Ledger, PartyMos, Segment, Skipped

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return make_analyser()


def explained(analyser: Analyser, report: CallReport, path: Path, *more: Event) -> tuple[Ledger, ...]:
    report = replace(report, events=report.events + more)
    found = analyser.ledgers(report, partial(read_segment, path))
    assert all(isinstance(ledger, Ledger) for ledger in found)
    return found  # type: ignore[return-value]


def test_shares_are_the_mean_over_all_orders() -> None:
    # The glove game: one left glove, two right ones; a pair is worth 1.
    def worth(kinds: frozenset[str]) -> float:
        return float("left" in kinds and len(kinds) > 1)

    shares = shapley(("left", "right", "other"), worth)
    assert shares == pytest.approx({"left": 2 / 3, "right": 1 / 6, "other": 1 / 6})


def test_shares_add_up_for_any_game() -> None:
    rng = np.random.default_rng(1)
    values: dict[frozenset[str], float] = {frozenset(): 0.0}

    def worth(kinds: frozenset[str]) -> float:
        return values.setdefault(kinds, float(rng.normal()))

    for size in range(1, MOST_KINDS + 1):
        kinds = "abcde"[:size]
        assert sum(shapley(kinds, worth).values()) == pytest.approx(worth(frozenset(kinds)))


@pytest.mark.parametrize("name", ["hum.flac", "browser.ogg", "mobile.amr"])
def test_a_stretch_scores_as_it_did_within_the_recording(analyser: Analyser, name: str) -> None:
    report = analyser(FIXTURES / name)
    for index, party in enumerate(report.parties):
        assert isinstance(party.mos, PartyMos)
        for window in party.mos.windows:
            start = max(0.0, np.floor((window.segment.start - 2.8) / 0.4 + 1e-6) * 0.4)
            samples, rate = read_segment(FIXTURES / name, Segment(start, window.segment.end + 2.8))
            column = np.ascontiguousarray(samples[:, index])
            (opinion,) = opinions(
                column,
                rate,
                start=start,
                windows=[window.segment],
                estimator=analyser.estimator,  # type: ignore[arg-type]
            )
            assert analyser.calibration is not None
            assert analyser.calibration.apply(opinion.mos) == pytest.approx(window.mos, abs=0.01)


def test_hum_is_charged_to_the_party_that_has_it(analyser: Analyser) -> None:
    report = analyser(FIXTURES / "hum.flac", explain=True)
    clean, hummed = report.ledgers
    assert isinstance(clean, Ledger)
    assert isinstance(hummed, Ledger)
    assert clean.rows == ()
    assert clean.mended == clean.mos
    assert [row.kind for row in hummed.rows] == ["hum"]
    assert hummed.rows[0].cost > 0.5
    party = report.parties[1].mos
    assert isinstance(party, PartyMos)
    assert hummed.mos == party.score.value


def test_costs_and_rest_add_up_to_the_best_score(analyser: Analyser) -> None:
    path = FIXTURES / "mixed.flac"
    report = analyser(path)
    channel = report.recording.channels[0]
    extra = [Event(kind, channel, Segment(2.0, 9.0), "warning", {"mains_hz": 50}) for kind in ("hum", "clicks")]
    for ledger in explained(analyser, report, path, *extra):
        assert sum(row.cost for row in ledger.rows) == pytest.approx(ledger.mended - ledger.mos, abs=1e-9)
        assert isinstance(ledger.best, float)
        assert isinstance(ledger.rest, float)
        assert ledger.mended + ledger.rest == pytest.approx(ledger.best)
        assert all(row.cost >= 0 for row in ledger.rows)


def test_a_mend_that_harms_is_told_and_not_credited(analyser: Analyser) -> None:
    path = FIXTURES / "clean-pcm.wav"
    report = analyser(path)
    # Speech at its nominal level, said to be too loud by 34 dB: mending takes it down there.
    wrong = Event("too-loud", report.recording.channels[0], Segment(0.0, 20.0), "warning", {"level_dbov": 8.0})
    ledger = explained(analyser, report, path, wrong)[0]
    (row,) = ledger.rows
    assert row.cost == 0.0
    assert row.alone < -0.3
    assert ledger.mended == ledger.mos


def test_windows_that_no_event_touches_are_not_read_again(analyser: Analyser) -> None:
    path = FIXTURES / "clean-pcm.wav"
    report = analyser(path)
    asked: list[Segment] = []

    def read(segment: Segment) -> tuple[np.ndarray, int]:
        asked.append(segment)
        return read_segment(path, segment)

    last = report.parties[0].mos
    assert isinstance(last, PartyMos)
    end = last.windows[-1].segment.end
    late = Event("too-loud", report.recording.channels[0], Segment(end - 1.0, end), "warning", {"level_dbov": -20.0})
    first = replace(report, events=(late,))
    ledger = analyser.ledgers(first, read)[0]
    assert isinstance(ledger, Ledger)
    touched = [window for window in last.windows if window.segment.overlap(late.segment) > 0]
    assert len(touched) < len(last.windows)
    assert min(segment.start for segment in asked) > touched[0].segment.start - 3.3
    weight = sum(window.speech for window in touched) / sum(window.speech for window in last.windows)
    assert abs(ledger.rows[0].alone) <= 4 * weight  # the others cannot have moved


def test_more_kinds_than_are_taken_apart_are_named(analyser: Analyser) -> None:
    path = FIXTURES / "clean-pcm.wav"
    report = analyser(path)
    channel = report.recording.channels[0]
    evidence = {"mains_hz": 50, "ceiling_dbov": -3.0, "level_dbov": -27.0}
    kinds = [kind for kind in MENDERS if kind not in ("echo", "level-jump", "too-loud", "noise-burst")]
    assert len(kinds) > MOST_KINDS
    events = [Event(kind, channel, Segment(2.0, 2.1), "notice", evidence) for kind in kinds]
    ledger = explained(analyser, report, path, *events)[0]
    assert len(ledger.rows) == MOST_KINDS
    assert {row.kind for row in ledger.rows} | {skip.kind for skip in ledger.left_out} == set(kinds)
    assert all("not taken apart" in skip.reason for skip in ledger.left_out)


def test_what_has_no_mender_is_skipped_and_silence_is_not_spoken_of(analyser: Analyser) -> None:
    path = FIXTURES / "clean-pcm.wav"
    report = analyser(path)
    channel = report.recording.channels[0]
    strange = Event("one-way-audio", channel, Segment(0.0, 20.0), "severe", {})
    quiet = Event("digital-silence", channel, Segment(0.0, 20.0), "severe", {})
    ledger = explained(analyser, report, path, strange, quiet)[0]
    assert [skip.kind for skip in ledger.left_out] == ["one-way-audio"]
    assert ledger.rows == ()


def test_without_a_score_there_is_no_ledger() -> None:
    report = make_analyser(None)(FIXTURES / "hum.flac", explain=True)
    assert all(isinstance(ledger, Skipped) and "no estimator" in ledger.reason for ledger in report.ledgers)
    quiet = make_analyser()(FIXTURES / "silent.flac", explain=True)
    assert all(isinstance(ledger, Skipped) and "no speech" in ledger.reason for ledger in quiet.ledgers)


def test_nobody_gets_a_ledger_who_did_not_ask(analyser: Analyser) -> None:
    assert analyser(FIXTURES / "hum.flac").ledgers == ()


def test_the_clip_of_a_place_is_as_long_as_the_place_and_mended(analyser: Analyser) -> None:
    path = FIXTURES / "hum.flac"
    report = analyser(path)
    read, place = partial(read_segment, path), Segment(5.0, 9.0)
    channel = report.recording.channels[1]
    recorded, rate = mended_stretch(report, channel, place, read, kinds=())
    mended, _ = mended_stretch(report, channel, place, read, kinds=["hum"])
    np.testing.assert_array_equal(recorded, read_segment(path, place)[0][:, 1])
    assert len(mended) == len(recorded) == 4 * rate
    assert np.mean(mended**2) < np.mean(recorded**2)
