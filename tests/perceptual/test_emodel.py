"""The E-model against published values and the vectors of its own formulas."""

from __future__ import annotations

import math

import pytest

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import CODECS, EModel, codec, mos_from_r, r_from_mos


def test_the_default_connection_has_the_published_rating() -> None:
    rating = EModel().rating()
    assert rating.no == pytest.approx(-61.179214, abs=1e-6)
    assert rating.ro == pytest.approx(94.768822, abs=1e-6)
    assert rating.is_ == pytest.approx(1.413568, abs=1e-6)
    assert rating.r == pytest.approx(93.2062077, abs=1e-7)
    assert rating.mos == pytest.approx(4.409406, abs=1e-6)


@pytest.mark.parametrize(
    ("ta", "r"), [(0, 93.21), (100, 93.21), (150, 93.04), (200, 90.16), (300, 78.45), (400, 69.14)]
)
def test_delay_alone_costs_what_g107_says(ta: float, r: float) -> None:
    assert EModel(ta=ta).rating().r == pytest.approx(r, abs=0.005)


@pytest.mark.parametrize(("delay", "r"), [(50, 91.76), (150, 89.54), (200, 85.80), (300, 72.67), (400, 62.25)])
def test_delay_with_its_echo_path_costs_more(delay: float, r: float) -> None:
    assert EModel(t=delay, ta=delay, tr=2 * delay).rating().r == pytest.approx(r, abs=0.005)


@pytest.mark.parametrize(
    ("name", "r", "mos"),
    [
        ("g711", 93.21, 4.409),
        ("gsm-efr", 88.21, 4.293),
        ("g726-32", 86.21, 4.235),
        ("g729", 83.21, 4.139),
        ("g729a-vad", 82.21, 4.105),
        ("g723.1-6.3", 78.21, 3.954),
        ("gsm-fr", 73.21, 3.744),
    ],
)
def test_clean_codecs_have_their_tabled_rating(name: str, r: float, mos: float) -> None:
    rating = EModel(ie=codec(name).ie).rating()
    assert rating.r == pytest.approx(r, abs=0.005)
    assert rating.mos == pytest.approx(mos, abs=0.0005)


@pytest.mark.parametrize(
    ("name", "ratings"),
    [
        ("g711-plc", (89.57, 77.43, 66.14)),
        ("g711", (75.28, 42.13, 26.77)),
        ("g729a-vad", (78.01, 64.71, 53.24)),
    ],
)
def test_loss_is_given_in_per_cent(name: str, ratings: tuple[float, ...]) -> None:
    row = codec(name)
    assert row.bpl is not None
    found = [EModel(ie=row.ie, bpl=row.bpl, ppl=loss).rating().r for loss in (1, 5, 10)]
    assert found == pytest.approx(ratings, abs=0.005)


def test_only_one_of_the_two_losses_is_divided_by_the_burst_ratio() -> None:
    assert EModel(ppl=5, burst_r=2).rating().ie_eff == pytest.approx(95 * 5 / (5 / 2 + 4.3), rel=1e-12)


@pytest.mark.parametrize(
    ("ie", "longest"), [(7, 322), (10, 294), (15, 251), (5, 342)], ids=["g726-32", "g729", "g723.1", "efr"]
)
def test_codecs_trade_delay_as_the_published_table_says(ie: float, longest: float) -> None:
    # Longest delay that keeps R at 70 with perfect echo control: 400 ms for G.711, less for what a codec takes.
    assert abs(EModel(ta=longest).rating().r - EModel(ta=400).rating().r - ie) <= 0.15


@pytest.mark.parametrize(("r", "mos"), [(-5, 1.0), (0, 1.0), (3, 1.0), (6.5, 1.0), (100, 4.5), (120, 4.5), (60, 3.1)])
def test_mos_is_held_within_its_scale_and_follows_the_cubic(r: float, mos: float) -> None:
    assert mos_from_r(r) == pytest.approx(mos, abs=1e-12)


def test_the_inverse_takes_every_mos_back_to_its_rating() -> None:
    ratings = [6.52 + 0.01 * step for step in range(9349)]
    assert max(abs(r_from_mos(mos_from_r(r)) - r) for r in ratings) < 1e-12


@pytest.mark.parametrize("mos", [0.99, 4.51, math.nan])
def test_the_inverse_refuses_what_the_scale_does_not_reach(mos: float) -> None:
    with pytest.raises(SettingsError, match=r"within 1 to 4\.5"):
        r_from_mos(mos)


@pytest.mark.parametrize("name", ["amr-12.2", "AMR", "opus", "opus-12k", "ilbc"])
def test_codecs_without_an_itu_row_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="no narrowband row"):
        codec(name)


def test_an_unknown_codec_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no codec 'g\.711'.*g711-plc"):
        codec("g.711")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ppl": 100.1}, "per cent"),
        ({"ppl": -1.0}, "per cent"),
        ({"burst_r": 0.5}, "at least 1"),
        ({"qdu": 0.0}, "at least 1"),
        ({"bpl": 0.0}, "bpl above 0"),
        ({"ie": 96.0}, "0 to 95"),
        ({"a": 21.0}, "0 to 20"),
        ({"ta": -1.0}, "at least 0 ms"),
        ({"nc": math.nan}, "finite"),
    ],
)
def test_inputs_outside_their_range_are_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        EModel(**given)


def test_every_codec_of_the_table_can_be_rated() -> None:
    ratings = {name: EModel(ie=row.ie).rating().r for name, row in CODECS.items()}
    assert max(ratings, key=lambda name: ratings[name]) == "g711"
    assert min(ratings.values()) == pytest.approx(93.2062077 - 50, abs=1e-6)


@pytest.mark.parametrize("delay", [50, 100, 150, 200, 250, 300])
def test_the_usual_shortcut_follows_the_model_up_to_300_ms_and_no_further(delay: float) -> None:
    def apart(d: float) -> float:
        shortcut = 93.2 - 0.024 * d - 0.11 * max(0.0, d - 177.3)
        return abs(EModel(t=d, ta=d, tr=2 * d).rating().r - shortcut)

    assert apart(delay) < 0.3
    assert apart(400) > 3
