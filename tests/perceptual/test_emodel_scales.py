"""The wideband and the fullband E-model, and the table of codecs with its sources."""

from __future__ import annotations

import pytest

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import (
    EModel,
    WiderEModel,
    all_codecs,
    category,
    codec_row,
    mos_from_r,
    r_from_mos,
)


def test_amr_wb_at_12_65_has_its_published_wideband_mos() -> None:
    row = codec_row("amr-wb-12.65")
    rating = WiderEModel(scale="wideband", ie=row.ie).rating()
    assert rating.r == 116
    assert rating.mos == pytest.approx(4.337096, abs=1e-6)


@pytest.mark.parametrize(
    ("mode", "ie", "mos"),
    [
        *(("23.85", 8, 4.42), ("23.05", 1, 4.49), ("19.85", 3, 4.48), ("18.25", 5, 4.46), ("15.85", 7, 4.43)),
        *(("14.25", 10, 4.39), ("12.65", 13, 4.34), ("8.85", 26, 4.02), ("6.6", 41, 3.51)),
    ],
)
def test_the_modes_of_amr_wb_have_their_tabled_values(mode: str, ie: float, mos: float) -> None:
    row = codec_row(f"amr-wb-{mode}")
    assert (row.ie, row.scale, row.provenance) == (ie, "wideband", "ITU")
    assert WiderEModel(scale="wideband", ie=row.ie).rating().mos == pytest.approx(mos, abs=0.006)


def test_the_wideband_loss_constant_is_95_and_not_129() -> None:
    row = codec_row("amr-wb-12.65-diotic")
    assert row.bpl == 4.3
    rating = WiderEModel(scale="wideband", ie=row.ie, bpl=4.3, ppl=2).rating()
    assert rating.ie_eff == pytest.approx(20 + 75 * 2 / 6.3, abs=1e-12)
    assert rating.mos == pytest.approx(3.4062, abs=5e-5)


@pytest.mark.parametrize(("ta", "r", "mos"), [(0, 148, 4.5), (200, 143.494, 4.470), (300, 126.154, 4.206)])
def test_fullband_delay_has_its_vectors(ta: float, r: float, mos: float) -> None:
    rating = WiderEModel(scale="fullband", ta=ta).rating()
    assert rating.r == pytest.approx(r, abs=0.0005)
    assert rating.mos == pytest.approx(mos, abs=0.0005)


def test_the_fullband_loss_constant_is_132() -> None:
    rating = WiderEModel(scale="fullband", ie=10.2, bpl=9.6, ppl=5, burst_r=2).rating()
    assert rating.ie_eff == pytest.approx(10.2 + (132 - 10.2) * 5 / (5 / 2 + 9.6), abs=1e-12)


def test_wideband_delay_costs_as_many_points_as_narrowband_delay() -> None:
    narrow = EModel().rating().r - EModel(ta=300).rating().r
    assert 129 - WiderEModel(scale="wideband", ta=300).rating().r == pytest.approx(narrow, abs=1e-9)


def test_a_rating_says_whose_scale_it_is_on() -> None:
    assert EModel().rating().scale == "narrowband"
    assert WiderEModel(scale="fullband").rating().scale == "fullband"
    # 129 on the wideband scale is its best, and so is 93.2 nearly on the narrowband one: not one figure.
    assert mos_from_r(129, scale="wideband") == 4.5
    assert mos_from_r(93.2, scale="wideband") < 3.8


@pytest.mark.parametrize(("scale", "stretch"), [("narrowband", 1.0), ("wideband", 1.29), ("fullband", 1.48)])
def test_the_inverse_goes_back_on_every_scale(scale: str, stretch: float) -> None:
    for r in (7.0, 40.0, 70.1, 93.2, 99.9):
        there = mos_from_r(r * stretch, scale=scale)  # type: ignore[arg-type]
        assert r_from_mos(there, scale=scale) == pytest.approx(r * stretch, abs=1e-11)  # type: ignore[arg-type]


def test_categories_begin_at_their_limits() -> None:
    limits = [(90, "very satisfied"), (80, "satisfied"), (70, "some users dissatisfied")]
    limits += [(60, "many users dissatisfied"), (50, "nearly all users dissatisfied"), (49.9, "not recommended")]
    assert [category(r) for r, _ in limits] == [words for _, words in limits]
    assert category(89.999) == "satisfied"
    assert category(90 * 1.29, scale="wideband") == "very satisfied"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scale": "narrowband"}, "use EModel"),
        ({"scale": "wideband", "ie": 96}, "0 to 95 on the wideband scale"),
        ({"scale": "fullband", "ie": 133}, "0 to 132 on the fullband scale"),
        ({"scale": "wideband", "ppl": -1}, "per cent"),
    ],
)
def test_wider_inputs_outside_their_range_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        WiderEModel(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["opus", "amr-12.2", "AMR-4.75", "ilbc"])
def test_a_codec_without_an_itu_value_is_refused_unless_a_proxy_is_asked_for(name: str) -> None:
    with pytest.raises(SettingsError, match="as a proxy there is one"):
        codec_row(name)
    row = codec_row(name, proxy=True)
    assert (row.provenance, row.bpl_provenance) == ("proxy", "proxy")
    assert row.source


def test_a_missing_robustness_is_filled_by_a_proxy_only_on_demand() -> None:
    assert codec_row("g729").bpl is None
    row = codec_row("g729", proxy=True)
    assert (row.ie, row.bpl, row.provenance, row.bpl_provenance) == (10, 19.0, "ITU", "proxy")


@pytest.mark.parametrize("name", ["amr", "amr-wb", "evs", "AMR-WB"])
def test_a_codec_whose_mode_is_not_named_is_refused_with_its_modes(name: str) -> None:
    with pytest.raises(SettingsError, match=r"rated by its mode: one of (amr|evs)-"):
        codec_row(name, proxy=True)


@pytest.mark.parametrize(
    ("said", "name"),
    [("PCMU", "g711-plc"), ("pcma", "g711-plc"), ("G729", "g729"), ("GSM", "gsm-fr"), ("G722", "g722-64")],
)
def test_codecs_go_by_the_names_of_call_records(said: str, name: str) -> None:
    assert codec_row(said).name == name


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(SettingsError, match="no codec 'silk'"):
        codec_row("silk", proxy=True)


def test_every_value_of_the_table_says_where_it_is_from() -> None:
    rows = all_codecs(proxy=True)
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.provenance in ("ITU", "published", "proxy")
        assert row.source
        assert row.bpl is not None
        assert row.bpl_provenance
        assert row.bpl_source
    assert all(row.provenance != "proxy" and row.bpl_provenance != "proxy" for row in all_codecs())


def test_the_proxies_of_amr_are_those_that_the_published_delays_imply() -> None:
    implied = {
        "4.75": 21.3,
        "5.15": 19.5,
        "5.9": 16.5,
        "6.7": 13.7,
        "7.4": 11.6,
        "7.95": 10.1,
        "10.2": 6.0,
        "12.2": 5.0,
    }
    for mode, ie in implied.items():
        row = codec_row(f"amr-{mode}", proxy=True)
        assert (row.ie, row.provenance, row.scale) == (ie, "proxy", "narrowband")
