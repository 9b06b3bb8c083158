"""From windows to scores: hand-made windows whose pooled score is known."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.errors import SettingsError
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.callmos_layout import CODECS, KINDS
from audioqa.perceptual.callmos_weights import Intervals
from audioqa.perceptual.estimator import WindowOpinion
from audioqa.scoring import call_mos, party_mos
from audioqa.types import LikelyCodec, PartyMos, Score, Segment, Skipped, Worst
from audioqa.windows import ScoredWindow

FRAME = 0.032
IDENTITY = Calibration(
    name="identity", estimator="test", context="narrowband", knots_x=(1.0, 5.0), knots_y=(1.0, 5.0), residual=0.2
)


def windows(*mos: float, speech: float = 6.0, start: float = 0.0) -> list[ScoredWindow]:
    return [
        ScoredWindow(Segment(start + 4 * i, start + 4 * i + 8), speech, WindowOpinion(value))
        for i, value in enumerate(mos)
    ]


def pooled(scored: list[ScoredWindow], *, seconds: float, calibration: Calibration | None = IDENTITY) -> PartyMos:
    speaking = np.ones(round(seconds / FRAME), dtype=bool)
    mos = party_mos(scored, speaking, frame=FRAME, calibration=calibration, bands=CONTACT_CENTRE, source="test")
    assert isinstance(mos, PartyMos)
    return mos


def test_the_mean_is_weighted_by_speech() -> None:
    scored = [*windows(4.0, speech=8.0), *windows(2.0, speech=2.0, start=8)]
    assert pooled(scored, seconds=16).score.value == pytest.approx(3.6)


def test_a_painful_stretch_shows_beside_a_good_average() -> None:
    scored = windows(*[4.2] * 60, *[2.0] * 8, *[4.2] * 60)
    mos = pooled(scored, seconds=4 * 128 + 4)
    assert mos.score.value > 4.0
    assert mos.percentile_5 == 2.0
    assert isinstance(mos.worst, Worst)
    assert mos.worst.mos < 2.3
    assert 236 <= mos.worst.segment.start <= 246
    assert 20 <= mos.seconds_below <= 44


def test_the_worst_half_minute_needs_speech() -> None:
    mos = party_mos(
        windows(2.0), np.zeros(250, bool), frame=FRAME, calibration=IDENTITY, bands=CONTACT_CENTRE, source="test"
    )
    assert isinstance(mos, PartyMos)
    assert isinstance(mos.worst, Skipped)


def test_the_residual_of_the_calibration_does_not_shrink_with_more_windows() -> None:
    few, many = pooled(windows(4, 4), seconds=12), pooled(windows(*[4] * 200), seconds=804)
    assert few.score.high - few.score.low == pytest.approx(many.score.high - many.score.low)
    assert many.score.high - many.score.value == pytest.approx(1.645 * 0.2)


def test_without_a_calibration_there_are_no_bands_and_no_threshold() -> None:
    mos = pooled(windows(4.0, 4.0), seconds=12, calibration=None)
    assert mos.score.context == "model"
    for value in (mos.band, mos.threshold, mos.seconds_below):
        assert isinstance(value, Skipped)
        assert "on the model's own scale" in value.reason


def test_no_speech_is_no_number() -> None:
    mos = party_mos([], np.zeros(100, bool), frame=FRAME, calibration=IDENTITY, bands=CONTACT_CENTRE, source="test")
    assert mos == Skipped("mos", None, "no speech")


def test_too_little_speech_says_how_much_there_is() -> None:
    speaking = np.arange(1000) < 30
    mos = party_mos([], speaking, frame=FRAME, calibration=IDENTITY, bands=CONTACT_CENTRE, source="test")
    assert isinstance(mos, Skipped)
    assert "1.0 s in all" in mos.reason


def test_the_calls_mos_is_its_worse_partys() -> None:
    agent, customer = pooled(windows(4.4), seconds=8), pooled(windows(2.4), seconds=8)
    score, band = call_mos([("agent", agent), ("customer", customer)])
    assert (score, band) == (customer.score, "Bad")


def test_a_call_without_a_scored_party_says_why() -> None:
    score, _ = call_mos([("agent", Skipped("mos", "agent", "no speech"))])
    assert score == Skipped("mos", None, "agent: no speech")


@pytest.mark.parametrize(
    ("mos", "band"),
    [(4.3, "Excellent"), (4.29, "Good"), (4.0, "Good"), (3.6, "Fair"), (3.1, "Poor"), (3.09, "Bad"), (1, "Bad")],
)
def test_bands_start_at_their_limits(mos: float, band: str) -> None:
    assert CONTACT_CENTRE.band(mos) == band


@pytest.mark.parametrize("bands", [(), ((4.0, "a"), (4.0, "b")), ((1.0, "a"), (4.0, "b")), ((4.0, "a"), (2.0, "b"))])
def test_bands_that_do_not_fall_to_one_are_refused(bands: tuple[tuple[float, str], ...]) -> None:
    with pytest.raises(SettingsError, match="limits must fall"):
        BandSet("bad", "narrowband", bands, attention=3.6, painful=3.1)


def opinion(mos: float = 4.0, *, spread: float = 0.3, wideband: float = 3.0, celp: float = 0.9) -> WindowOpinion:
    codecs = dict.fromkeys(CODECS, (1 - celp) / (len(CODECS) - 1)) | {"celp": celp}
    return WindowOpinion(mos, {"noisiness": mos - 0.5}, wideband, spread, codecs)


def judged(*opinions: WindowOpinion, intervals: Intervals | None, calibration: Calibration = IDENTITY) -> PartyMos:
    scored = [ScoredWindow(Segment(4 * i, 4 * i + 8), 6.0, value) for i, value in enumerate(opinions)]
    mos = party_mos(
        scored,
        np.ones(1000, bool),
        frame=FRAME,
        calibration=calibration,
        bands=CONTACT_CENTRE,
        source="callmos 1 sha256:0; straight",
        intervals=intervals,
    )
    assert isinstance(mos, PartyMos)
    return mos


NO_RESIDUAL = Calibration("straight", "test", "narrowband", (1.0, 5.0), (1.0, 5.0), 0.0)
INTERVALS = Intervals(2.0, spread_limit=0.5, wider_beyond=1.5)


def test_a_windows_interval_is_as_wide_as_its_spread_says_and_wider_out_of_the_domain() -> None:
    sure, strange = judged(
        opinion(spread=0.1), opinion(spread=0.6), intervals=INTERVALS, calibration=NO_RESIDUAL
    ).windows
    assert (sure.low, sure.high) == pytest.approx((3.8, 4.2))
    assert not sure.out_of_domain
    assert (strange.low, strange.high) == pytest.approx((4 - 1.8, 5.0))
    assert strange.out_of_domain


def test_a_partys_interval_keeps_the_mean_spread_however_many_windows() -> None:
    one, many = (judged(*[opinion()] * n, intervals=INTERVALS, calibration=NO_RESIDUAL).score for n in (1, 200))
    assert one.value - one.low == pytest.approx(0.6)
    assert many.value - many.low == pytest.approx(0.6)
    assert "labels of conditions it had not heard" in one.covers
    mixed = judged(opinion(3.5), opinion(4.5), intervals=INTERVALS, calibration=NO_RESIDUAL).score
    assert mixed.value - mixed.low == pytest.approx(np.hypot(0.6, 1.645 * 0.5))


def test_an_interval_stretches_with_the_map_and_is_never_below_the_maps_residual() -> None:
    steep = Calibration("steep", "test", "narrowband", (3.0, 4.5), (1.0, 4.0), 0.0)
    (window,) = judged(opinion(spread=0.1), intervals=INTERVALS, calibration=steep).windows
    assert (window.low, window.high) == pytest.approx((3 - 0.4, 3 + 0.4))
    (window,) = judged(opinion(spread=0.01), intervals=INTERVALS).windows
    assert window.high - window.mos == pytest.approx(1.645 * 0.2)


def test_other_estimators_keep_the_residual_of_their_map() -> None:
    mos = pooled(windows(4, 4), seconds=12)
    assert mos.windows[0].high - mos.windows[0].mos == pytest.approx(1.645 * 0.2)
    assert isinstance(mos.wideband, Skipped)
    assert isinstance(mos.codec, Skipped)
    assert mos.dimensions == {}


def test_the_wideband_context_stands_beside_on_the_models_own_scale() -> None:
    mos = judged(opinion(wideband=2.8), opinion(wideband=3.2), intervals=INTERVALS)
    assert isinstance(mos.wideband, Score)
    assert (mos.wideband.context, mos.wideband.source) == ("wideband", "callmos 1 sha256:0")
    assert mos.wideband.value == pytest.approx(3.0)
    assert mos.wideband.low < 2.4
    assert mos.score.context == "narrowband"
    assert mos.dimensions == pytest.approx({"noisiness": 3.5})


def test_a_codec_is_named_from_a_probability_of_seven_tenths() -> None:
    likely = judged(opinion(celp=0.71), intervals=INTERVALS).codec
    assert likely == LikelyCodec("CELP (G.729, G.723.1, AMR)", pytest.approx(0.71))
    unlikely = judged(opinion(celp=0.69), intervals=INTERVALS).codec
    assert isinstance(unlikely, Skipped)
    assert "at best CELP (G.729, G.723.1, AMR), 69%" in unlikely.reason


def test_what_is_heard_instead_of_speech_is_told() -> None:
    kinds = np.repeat([KINDS.index(k) for k in ("background", "music", "tone", "dtmf")], [500, 2000, 600, 10])
    mos = party_mos(
        [],
        np.zeros(len(kinds), bool),
        frame=0.02,
        calibration=IDENTITY,
        bands=CONTACT_CENTRE,
        source="test",
        kinds=kinds.astype(np.uint8),
    )
    assert mos == Skipped("mos", None, "no speech, but music 40 s, ringback or tones 12 s")
