"""A calibration map rises strictly, keeps its ends and is found by name; its fit and anchors are what they claim."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechlike import speechlike

import audioqa.perceptual.calibration as module
from audioqa.errors import WeightsError
from audioqa.lab.anchors import LEVEL, Anchor, anchors, circuit_noise, conceal, mnru, zero_fill
from audioqa.lab.calibrate import Condition, as_json, calibration, fit
from audioqa.perceptual.calibration import Calibration, load_calibration
from audioqa.perceptual.distillmos import DistillMos
from audioqa.perceptual.dnsmos import Dnsmos
from audioqa.perceptual.emodel import EModel
from audioqa.perceptual.isotonic import isotonic, rising_map
from audioqa.perceptual.loading import ESTIMATORS

EXAMPLE = Calibration("example-1", "net 1", "narrowband", (1.5, 2.0, 3.5), (1.2, 2.5, 4.4), 0.3)


def condition(raw: float, mos: float) -> Condition:
    return Condition(Anchor(f"{raw}", "codec", mos, lambda samples, _: samples), (raw - 0.1, raw + 0.1))


def test_a_map_goes_through_its_knots_and_straight_between_them() -> None:
    assert [EXAMPLE.apply(x) for x in EXAMPLE.knots_x] == pytest.approx(EXAMPLE.knots_y)
    assert EXAMPLE.apply(1.75) == pytest.approx((1.2 + 2.5) / 2)


def test_a_map_goes_on_beyond_its_knots_and_stays_within_1_to_5() -> None:
    assert EXAMPLE.apply(1.45) == pytest.approx(1.2 - 0.05 * 2.6)
    assert EXAMPLE.apply(3.6) == pytest.approx(4.4 + 0.1 * 1.9 / 1.5)
    assert EXAMPLE.apply(-10) == 1
    assert EXAMPLE.apply(10) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"knots_x": (1.5, 1.5, 3.5)}, "rise strictly"),
        ({"knots_y": (1.2, 4.4, 4.4)}, "rise strictly"),
        ({"knots_x": (1.5, 2.0)}, "rise strictly"),
        ({"knots_x": (1.5,), "knots_y": (2.0,)}, "two or more"),
        ({"knots_y": (0.9, 2.5, 4.4)}, "within 1 to 5"),
        ({"knots_y": (1.2, 2.5, 5.1)}, "within 1 to 5"),
        ({"residual": -0.1}, "at least 0"),
        ({"residual": math.nan}, "at least 0"),
    ],
)
def test_a_map_that_is_none_is_refused(change: dict[str, tuple[float, ...]], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        replace(EXAMPLE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_maps_that_come_along_keep_the_order_of_scores(name: str) -> None:
    mapped = [load_calibration(name).apply(raw) for raw in np.linspace(1, 5, 401)]
    assert all(np.diff(mapped) > 0)
    if name == "callmos":  # trained on the scale itself: a straight line close to none
        assert np.ptp(np.diff(mapped)) < 1e-6
        assert np.abs(mapped - np.linspace(1, 5, 401)).max() < 0.3
    else:
        assert (mapped[0], mapped[-1]) == pytest.approx((1.0, 4.5))


@pytest.mark.parametrize(("name", "identity"), [("distillmos", DistillMos.identity), ("dnsmos", Dnsmos.identity)])
def test_the_maps_that_come_along_belong_to_the_pinned_weights(name: str, identity: str) -> None:
    found = load_calibration(name, identity=identity)
    assert found.context == "narrowband"
    assert found.identity == f"{name}-narrowband-1"
    assert 0.1 < found.residual < 1.0


def test_a_map_of_other_weights_is_refused() -> None:
    with pytest.raises(
        WeightsError, match=r"fitted for distillmos 0\.9\.1.*not distillmos 2.*lab\.calibrate distillmos"
    ):
        load_calibration("distillmos", identity="distillmos 2")


@pytest.mark.parametrize(
    ("text", "message"), [(None, "no usable"), ("{", "no usable"), ("{}", "KeyError"), ("[]", "TypeError")]
)
def test_a_missing_or_broken_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, message: str
) -> None:
    monkeypatch.setattr(module, "calibration_folder", lambda: tmp_path)
    if text is not None:
        (tmp_path / "other-narrowband.json").write_text(text)
    with pytest.raises(WeightsError, match=rf"other-narrowband\.json.*{message}"):
        load_calibration("other")


def test_what_is_saved_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = [condition(1.5, 1.2), condition(2.5, 3.1), condition(3.0, 2.9), condition(3.6, 4.4)]
    fitted = calibration("made", "net 1", conditions)
    (tmp_path / "made-narrowband.json").write_text(as_json(fitted, conditions, []))
    monkeypatch.setattr(module, "calibration_folder", lambda: tmp_path)
    assert load_calibration("made", identity="net 1") == fitted
    assert [c["clips"] for c in json.loads(as_json(fitted, conditions, []))["provenance"]["conditions"]] == [2] * 4


def test_violators_are_pooled_to_their_mean() -> None:
    x, y = isotonic(np.array([4.0, 1.0, 2.0, 3.0]), np.array([4.0, 1.0, 3.0, 2.0]))
    np.testing.assert_allclose(x, [1.0, 2.5, 4.0])
    np.testing.assert_allclose(y, [1.0, 2.5, 4.0])


@given(st.lists(st.tuples(st.floats(1.1, 4.9), st.floats(1.05, 4.45)), min_size=2, max_size=40))
def test_every_fit_is_a_map(points: list[tuple[float, float]]) -> None:
    x, y = fit([condition(round(raw, 2), mos) for raw, mos in points])
    made = Calibration("fit", "net", "narrowband", x, y, 0.0)
    assert (made.apply(1.0), made.apply(5.0)) == pytest.approx((1.0, 4.5))


def test_steps_too_small_for_the_digits_that_are_kept_are_pooled() -> None:
    x, y = rising_map(np.array([2.0, 3.0, 4.0]), np.array([2.0, 3.0, 3.00001]), ceiling=4.5)
    assert (x, y) == ((1.0, 2.0, 3.5, 5.0), (1.0, 2.0, 3.0, 4.5))


def test_scores_at_the_end_of_the_scale_make_no_cliff() -> None:
    x, y = rising_map(np.array([1.004, 3.0, 4.97]), np.array([2.0, 3.0, 4.0]), ceiling=4.5)
    assert (x, y) == ((1.004, 3.0, 4.97), (2.0, 3.0, 4.0))


def test_neighbours_too_close_to_tell_apart_are_pooled() -> None:
    x, y = isotonic(np.array([2.0, 3.0, 3.04]), np.array([2.0, 3.0, 4.0]))
    np.testing.assert_allclose(x, [2.0, 3.02])
    np.testing.assert_allclose(y, [2.0, 3.5])


def test_the_residual_is_that_of_clips_of_conditions_the_fit_has_not_seen() -> None:
    # Of three points on a line the middle one is predicted exactly; the ends by the closing knots (1, 1) and (5, 4.5).
    conditions = [condition(2.0, 2.0), condition(3.0, 3.0), condition(4.0, 4.0)]
    # Each condition has two clips, 0.1 below and above it.
    errors = [-0.1, 0.1, -0.1, 0.1, 3 + 0.9 * 1.5 / 2 - 4, 3 + 1.1 * 1.5 / 2 - 4]
    assert calibration("made", "net 1", conditions).residual == pytest.approx(
        float(np.sqrt(np.mean(np.square(errors)))), abs=0.001
    )


def test_the_anchors_are_those_of_the_e_model() -> None:
    mos = {anchor.name: anchor.mos for anchor in anchors()}
    # facts: R 93.21, 83.21, 73.21, 42.13 and 77.43; MNRU 8/16/24/32 dB give 1.56/2.65/4.08/4.37
    assert mos["ulaw"] == pytest.approx(4.409, abs=0.001)
    assert mos["g729"] == pytest.approx(4.139, abs=0.001)
    assert mos["gsm"] == pytest.approx(3.744, abs=0.001)
    assert mos["loss 5 %"] == pytest.approx(2.17, abs=0.005)
    assert mos["loss 10 %, concealed"] == pytest.approx(3.41, abs=0.005)
    assert [mos[f"MNRU {q} dB"] for q in (8, 16, 24, 32)] == pytest.approx([1.56, 2.65, 4.08, 4.37], abs=0.01)


def test_circuit_noise_has_the_level_of_a_psophometer() -> None:
    # A full-scale sine is -3.01 dBov and +3.14 dBm0: speech at -26 dBov is at -19.85 dBm0.
    assert circuit_noise(20) == pytest.approx(-19.85 - 20 - 3.6, abs=0.01)
    mos = [anchor.mos for anchor in anchors() if anchor.family == "noise"]
    assert mos == sorted(mos)
    assert mos[4] == EModel(nc=circuit_noise(20)).rating().mos


def test_every_condition_is_repeatable_and_keeps_the_length() -> None:
    speech = speechlike(2.0, seed=1) * np.float32(10 ** (LEVEL / 20))
    for anchor in anchors():
        first, again = (anchor.impair(speech, np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == speech.shape
        assert not np.array_equal(first, speech)


def test_mnru_noise_lies_q_below_the_speech() -> None:
    speech = speechlike(20.0, seed=2)
    noise = mnru(speech, 16.0, np.random.default_rng(1)) - speech
    assert 10 * math.log10(float(np.sum(speech**2) / np.sum(noise**2))) == pytest.approx(16, abs=0.2)
    assert np.all(mnru(np.zeros(100, np.float32), 8.0, np.random.default_rng(1)) == 0)


def test_lost_packets_are_silent_without_concealment_and_the_others_untouched() -> None:
    samples = np.full(400, 0.5, np.float32)
    filled = zero_fill(samples, np.array([False, True, False, False, True]))
    np.testing.assert_array_equal(filled.reshape(5, 80)[:, 0], [0.5, 0, 0.5, 0.5, 0])


def test_concealment_goes_on_with_a_periodic_signal_and_fades_to_silence_by_60_ms() -> None:
    time = np.arange(8000) / 8000
    tone = (0.4 * np.sin(2 * np.pi * 100 * time) + 0.2 * np.sin(2 * np.pi * 300 * time + 1)).astype(np.float32)
    lost = np.zeros(100, bool)
    lost[50] = lost[70:80] = True
    out = conceal(tone, lost)
    np.testing.assert_allclose(
        out[4000:4160], tone[4000:4160], atol=5e-3
    )  # it begins to fade while the signal takes over
    assert float(np.abs(out[5600 + 480 : 6400]).max()) == 0
    early, later = np.abs(out[5600:5680]).max(), np.abs(out[5600 + 240 : 5600 + 320]).max()
    assert later == pytest.approx(0.5 * early, rel=0.15)
    np.testing.assert_array_equal(out[:4000], tone[:4000])


def test_concealment_repeats_two_periods_after_10_ms() -> None:
    period = 0.4 * np.sin(2 * np.pi * np.arange(70) / 70)
    strong_and_weak = np.concatenate([period, 0.5 * period])
    samples = strong_and_weak[(np.arange(8000) - 4000) % 140].astype(np.float32)
    lost = np.zeros(100, bool)
    lost[50:52] = True  # from 4,000, where a weak period has just ended, to 4,160
    out = conceal(samples, lost)
    np.testing.assert_allclose(out[4000:4070], 0.5 * period, atol=1e-6)
    fade = 1 - 0.2 * (np.arange(140, 160) / 80 - 1)
    np.testing.assert_allclose(out[4140:4160], period[:20] * fade, atol=1e-6)
