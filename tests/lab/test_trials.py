"""Detectors on trial: what counts as found, what as a false event, what is added up and what the targets say."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab import corpus, evaluate
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, Call
from audioqa.lab.document import document
from audioqa.lab.inject import Injected
from audioqa.lab.tally import FalseEvents, Recall, false_events, onset_errors, recall
from audioqa.lab.targets import verdicts
from audioqa.lab.trials import Heard, Plan, Point, Quiet, Suite, Trial, judge, trials
from audioqa.types import Detection, Event, Segment, Skipped


def _speech(seconds: float = 20.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    voiced = np.minimum(1.0, 20 * np.minimum(time % 2.0, np.maximum(0.0, 1.5 - time % 2.0)))
    tone = 0.3 * (2 * ((time * 120) % 1.0) - 1) * voiced
    return np.asarray(tone + 0.001 * np.random.default_rng(1).standard_normal(len(time)), dtype=np.float32)


_SUITES: tuple[Suite, ...] = ("silence", "dropouts", "clipping")
_CALL = Call("made", "up", _speech(), clipped=False)
_PLAN = Plan(number=0, codecs=("none",), clipping=(6.0,))


def _heard(*segments: tuple[float, float], suite: Suite = "dropouts") -> Heard:
    return {suite: Detection(tuple(Event("dropout", "agent", Segment(*s), "warning") for s in segments))}


def _constant(*segments: tuple[float, float]) -> Heard:
    events = tuple(Event("any", "agent", Segment(*s), "warning") for s in segments)
    return dict.fromkeys(_SUITES, Detection(events))


def _judged(truth: tuple[float, float], *events: tuple[float, float]) -> Trial:
    (trial,) = judge(
        "dropouts", (Injected(Segment(*truth), "zero", 0.1),), _heard(*events), codec="ulaw", point="after"
    )
    return trial


def test_an_event_within_the_tolerance_finds_a_hole_and_one_beyond_it_does_not() -> None:
    assert _judged((1.0, 1.1), (0.9, 0.975)).found
    assert _judged((1.0, 1.1), (1.125, 1.2)).found
    assert not _judged((1.0, 1.1), (0.9, 0.965)).found
    assert not _judged((1.0, 1.1), (1.135, 1.2)).found
    assert not _judged((1.0, 1.1)).found


def test_the_onset_is_that_of_the_event_that_shares_most() -> None:
    trial = _judged((1.0, 1.1), (0.98, 1.01), (1.02, 1.1), (5.0, 9.0))
    assert trial.onset == pytest.approx(0.02)


def test_a_clipped_call_is_one_fault_however_many_peaks_were_cut() -> None:
    truth = tuple(Injected(Segment(t, t + 0.1), "clipped", 6.0) for t in (1.0, 2.0, 3.0))
    found = list(judge("clipping", truth, _heard((2.0, 2.5), suite="clipping"), codec="none", point="before"))
    missed = list(judge("clipping", truth, _heard((9.0, 9.5), suite="clipping"), codec="none", point="before"))
    assert [(t.found, t.size) for t in found] == [(True, 6.0)]
    assert [t.found for t in missed] == [False]


def test_a_detector_that_never_speaks_finds_nothing_and_errs_never() -> None:
    outcome = list(trials(_CALL, _PLAN, detect=lambda _: _constant()))
    tried = [o for o in outcome if isinstance(o, Trial)]
    quiet = [o for o in outcome if isinstance(o, Quiet)]
    assert {t.suite for t in tried} == {"dropouts", "silence", "clipping"}
    assert recall(tried).share == 0.0
    assert false_events(quiet).events == 0
    clean = [q for q in quiet if q.material == "clean"]
    assert [q.seconds for q in clean] == [20.0, 20.0, 20.0]


def test_a_detector_that_always_speaks_finds_all_and_errs_once_a_stretch() -> None:
    outcome = list(trials(_CALL, _PLAN, detect=lambda samples: _constant((0.0, len(samples) / RATE))))
    assert recall(o for o in outcome if isinstance(o, Trial)).share == 1.0
    quiet = [o for o in outcome if isinstance(o, Quiet)]
    assert false_events(quiet).events == len(quiet)
    assert {q.material for q in quiet} == {"clean", "clean, two channels", "normalised", "limited", "levelled"}


def test_speech_that_a_detector_could_not_judge_adds_no_hours() -> None:
    said = Detection(skipped=(Skipped("clipping", "agent", "too little speech"),))
    plan = replace(_PLAN, dropouts=False, gaps=False, edges=False)
    for outcome in trials(_CALL, plan, detect=lambda _: dict.fromkeys(_SUITES, said)):
        if isinstance(outcome, Quiet):
            assert outcome.seconds == 0.0


def test_a_clipped_source_is_not_used_for_clipping() -> None:
    outcome = list(trials(replace(_CALL, clipped=True), _PLAN, detect=lambda _: _constant()))
    assert {o.suite for o in outcome} == {"dropouts", "silence"}


def test_a_hole_after_the_codec_is_digital_silence_and_one_before_it_is_coded() -> None:
    heard: list[NDArray[np.float32]] = []

    def listen(samples: NDArray[np.float32]) -> Heard:
        heard.append(samples)
        return _constant()

    plan = Plan(number=1, codecs=("alaw",), gaps=False, edges=False, twins=False, clipping=())
    list(trials(_CALL, plan, detect=listen))
    clean, before, after = (samples[:, 0] for samples in heard)
    assert np.array_equal(clean, transcode(_CALL.samples, RATE, "alaw"))
    # A-law has no zero: only what came after it can be exactly silent.
    assert not np.any(clean == 0)
    assert not np.any(before == 0)
    assert np.count_nonzero(after == 0) > 80
    assert np.count_nonzero(before != clean) > 80


def test_a_short_pause_at_the_noise_floor_is_no_fault() -> None:
    shared: set[float] = set()
    own: set[float] = set()
    for number in range(6):
        plan = Plan(number, ("none",), dropouts=False, edges=False, twins=False, clipping=())
        for outcome in trials(replace(_CALL, samples=_speech(60.0)), plan, detect=lambda _: _constant()):
            if isinstance(outcome, Trial) and "pause floor" in outcome.condition:
                (shared if "shared" in outcome.condition else own).add(outcome.size)
    assert own == shared
    assert min(own) >= 2.0


def test_upper_bounds_are_those_of_the_poisson_tables() -> None:
    # 95 %, one-sided: 2.996 for none seen, 4.744 for one, 6.296 for two.
    for events, bound in ((0, 2.996), (1, 4.744), (2, 6.296)):
        assert FalseEvents(events, 2.0).upper == pytest.approx(bound / 2, abs=1e-3)
    assert FalseEvents(0, 0.0).upper == float("inf")


def test_recall_and_onsets_are_added_up() -> None:
    tried = [Trial("dropouts", "gsm", "before", "zero", 0.02, found, onset) for found, onset in
             ((True, -0.03), (True, -0.02), (True, 0.01), (False, 0.5))]  # fmt: skip
    assert recall(tried) == Recall(3, 4)
    assert str(recall(tried)) == "0.75 (4)"
    assert onset_errors(tried)[0] == pytest.approx(0.02)
    assert onset_errors([]) == (0.0, 0.0)
    stretches = [Quiet("silence", "gsm", "clean", 1800.0, events, "a") for events in ((), (1.0, 2.0))]
    assert false_events(stretches) == FalseEvents(2, 1.0)


def _perfect() -> tuple[list[Trial], list[Quiet]]:
    places: list[tuple[str, Point]] = [
        ("none", "before"),
        ("ulaw", "before"),
        ("gsm", "before"),
        ("amr-12.2", "before"),
    ]
    tried = [Trial("dropouts", *place, "zero", 0.06, True, 0.0) for place in places for _ in range(100)]
    tried += [Trial("silence", *place, "mute zero", 1.0, True, 0.0) for place in places for _ in range(100)]
    for size in (6.0, 12.0):
        tried += [Trial("clipping", *place, "clipped", size, True, 0.0) for place in places for _ in range(100)]
    quiet = [Quiet(s, c, "clean", 3600.0, (), "a") for s in _SUITES for c in ("none", "gsm") for _ in range(3)]
    return tried, [*quiet, Quiet("clipping", "none", "limited", 3600.0, (), "a")]


def test_targets_are_met_by_a_detector_that_finds_all() -> None:
    judged = list(verdicts(*_perfect()))
    assert len(judged) == 11
    assert all(verdict.met for verdict in judged)


@pytest.mark.parametrize(
    ("suite", "codec", "misses", "missed"),
    [
        ("dropouts", "ulaw", 11, ["zero: after the last codec or through G.711, from 20 ms, recall ≥ .95"]),
        ("dropouts", "amr-12.2", 11, ["zero: before amr-12.2, from 60 ms, recall ≥ .90"]),
        ("dropouts", "amr-12.2", 9, []),
        ("dropouts", "gsm", 100, []),  # has no target
        ("silence", "gsm", 6, ["gaps, dead air, silent edges: recall ≥ .95 everywhere"]),
        ("clipping", "none", 6, ["6 dB, uncoded: recall ≥ 0.95"]),
        ("clipping", "gsm", 6, ["12 dB, through gsm: recall ≥ 0.95"]),
    ],
)
def test_a_target_is_missed_by_just_too_many_misses(suite: str, codec: str, misses: int, missed: list[str]) -> None:
    tried, quiet = _perfect()
    size = {"dropouts": 0.06, "silence": 1.0, "clipping": 6.0 if codec == "none" else 12.0}[suite]
    hit = [i for i, t in enumerate(tried) if (t.suite, t.codec, t.size) == (suite, codec, size)][:misses]
    for i in hit:
        tried[i] = replace(tried[i], found=False)
    assert [verdict.target for verdict in verdicts(tried, quiet) if not verdict.met] == missed


def test_false_events_miss_their_target_from_one_an_hour_on_and_at_all_on_loud_speech() -> None:
    tried, quiet = _perfect()
    rate = [replace(q, events=(1.0, 2.0, 3.0)) if i == 0 else q for i, q in enumerate(quiet)]
    (verdict,) = (v for v in verdicts(tried, rate) if not v.met)
    assert verdict.suite == "silence"
    assert "worst codec none: 3 in 3.0 h = 1.00" in verdict.measured
    loud = [*quiet[:-1], replace(quiet[-1], events=(1.0,))]
    assert [v.target for v in verdicts(tried, loud) if not v.met] == [
        "no event on normalised, limited or levelled speech"
    ]


def test_the_page_shows_each_figure_in_its_row() -> None:
    tried, quiet = _perfect()
    tried[0] = replace(tried[0], found=False)
    text = document([_CALL], tried, quiet)
    assert "| none | before | 0.99 (100) | 0.99 (100) |" in text
    assert "| silence | clean | gsm | 0 | 3.00 | 0.00 | 1.00 |" in text
    assert "**missed**" not in text


def test_dead_air_and_edges_of_every_length_and_fill_are_tried() -> None:
    tried: set[tuple[str, float]] = set()
    for plan in (evaluate.plan_of(number, ("none",)) for number in range(400)):
        if plan.edges:
            only = replace(plan, dropouts=False, gaps=False, twins=False, clipping=())
            tried |= {
                (t.condition, t.size) for t in trials(_CALL, only, detect=lambda _: _constant()) if isinstance(t, Trial)
            }
    edges = {
        (f"{where} {fill}", size)
        for where in ("leading", "trailing")
        for fill in ("zero", "floor")
        for size in (2.5, 4.0, 12.0)
    }
    assert tried == edges | {("dead air", size) for size in (2.5, 4.0, 8.0, 12.0)}


def test_each_kind_of_fault_gets_its_share_of_the_calls() -> None:
    plans = [evaluate.plan_of(number, ("none",)) for number in range(80)]
    assert sum(plan.dropouts for plan in plans) == 40
    assert sum(plan.gaps for plan in plans) == 10
    assert sum(plan.twins for plan in plans) == 20
    assert sum(6.0 in plan.clipping for plan in plans) == 20


def test_real_holes_in_real_speech_are_found_by_the_real_detectors(monkeypatch: pytest.MonkeyPatch) -> None:
    if corpus.data_folder() is None:
        pytest.skip("no real speech here: set AUDIOQA_DATA to the folder of shared audio data")
    holes = replace(_PLAN, gaps=False, edges=False, twins=False, clipping=())
    monkeypatch.setattr(evaluate, "plan_of", lambda number, codecs: replace(holes, number=number, codecs=tuple(codecs)))
    speech = list(islice(corpus.calls("test"), 3))
    tried, quiet = evaluate.evaluate(speech, ("none",), processes=1)
    zeros = [t for t in tried if t.suite == "dropouts" and t.condition == "zero"]
    assert len(zeros) >= 4
    assert recall(zeros).share >= 0.9
    assert sum(q.seconds for q in quiet if q.suite == "silence") == pytest.approx(sum(call.seconds for call in speech))


def test_without_speech_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "calls", lambda _: iter(()))
    assert evaluate.main(["--quick"]) == 2
    assert "AUDIOQA_DATA" in capsys.readouterr().err
