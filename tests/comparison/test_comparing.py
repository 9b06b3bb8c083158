"""Comparisons of calls that were made up so that the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audioqa.comparison import Comparison, Difference, Options, compare
from audioqa.comparison.mix import covered, to_one_mix
from audioqa.errors import SettingsError
from audioqa.types import Skipped
from audioqa.types.columns import CallColumns, Labels, labels_of, on_common_names

MODEL = "MOS-LQO narrowband; callmos 1"


def calls(
    count: int = 6000,
    *,
    first: int = 0,
    mean: float = 4.2,
    poor: float = 0.2,
    seed: int = 1,
    trunks: int = 12,
    trunk: int = 0,
) -> CallColumns:
    """Calls over trunks of their own; G.729, which a share of `poor` has, costs one MOS."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, trunks, count)
    codec = (rng.random(count) < poor).astype(np.int64)
    effect = np.random.default_rng(99).normal(0.0, 0.05, 100)[codes + trunk]
    return CallColumns(
        keys=np.arange(first, first + count),
        mos=mean + effect - 1.0 * codec + rng.normal(0.0, 0.2, count),
        made_by=Labels((MODEL,), np.zeros(count, np.int64)),
        versions=Labels(("1.0",), np.zeros(count, np.int64)),
        labels={
            "trunk": Labels(tuple(f"trunk {trunk + number}" for number in range(trunks)), codes),
            "codec": Labels(("PCMA", "G729"), codec),
            "site": labels_of([f"site {number % 3}" for number in range(count)]),
        },
        events={"dropout": rng.random(count) < 0.05, "one-way-audio": np.zeros(count, np.bool_)},
    )


def compared(before: CallColumns, after: CallColumns, options: Options = Options()) -> Comparison:  # noqa: B008
    return compare(before, after, options)


def known(found: Difference | Skipped) -> Difference:
    assert isinstance(found, Difference), found
    return found


def test_better_calls_are_told_as_better_and_by_how_much() -> None:
    found = compared(calls(), calls(first=6000, mean=4.5, seed=2))
    mos = known(found.mos)
    assert found.outcome == "better"
    assert mos.low < 0.3 < mos.high
    assert mos.high - mos.low < 0.15
    below = known(found.others[0])
    assert (below.name, below.value < 0) == ("below", True)


def test_the_same_calls_again_are_no_change_and_what_would_have_been_seen_is_told() -> None:
    found = compared(calls(), calls(first=6000, seed=2))
    assert found.outcome == "no change"
    assert 0.0 < known(found.mos).detectable < 0.1


def test_a_difference_too_small_to_matter_is_told_as_such() -> None:
    found = compared(calls(60_000), calls(60_000, first=60_000, mean=4.23, seed=2))
    assert found.outcome == "slightly better"
    assert (
        compared(calls(60_000), calls(60_000, first=60_000, mean=4.23, seed=2), Options(matters=0.02)).outcome
        == "better"
    )


def test_another_mix_of_calls_is_not_taken_for_another_quality() -> None:
    found = compared(calls(), calls(first=6000, poor=0.8, seed=2))
    assert known(found.mos).value == pytest.approx(-0.6, abs=0.05)
    assert found.outcome == "mix"
    assert found.standardised.columns == ("codec",)
    assert abs(known(found.standardised.difference).value) < 0.03
    first = found.mix[0]
    assert first.column == "codec"
    assert first.explains == pytest.approx(-0.6, abs=0.05)
    assert first.moved == pytest.approx(0.6, abs=0.03)


def test_the_interval_of_the_matched_difference_holds() -> None:
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sides = []
        for side, poor in ((0, 0.2), (1, 0.8)):
            some = calls(1000, first=1000 * side, poor=poor, seed=2 * seed + side)
            own = rng.normal(0.0, 0.05, 12)[some.labels["trunk"].codes]
            sides.append(replace(some, mos=some.mos + own))
        found = compared(*sides, Options(match=("codec",), draws=500)).standardised.difference
        held.append(known(found).low <= 0.0 <= known(found).high)
    assert 0.9 < np.mean(held) < 0.995  # of 200, 95 % is known to 1.5 %


def test_what_was_changed_is_seen_through_another_mix() -> None:
    found = compared(calls(), calls(first=6000, mean=4.0, poor=0.5, seed=2))
    assert known(found.mos).value == pytest.approx(-0.5, abs=0.06)
    assert known(found.standardised.difference).value == pytest.approx(-0.2, abs=0.03)
    assert found.outcome == "worse"


def test_one_mix_is_that_of_both_sides_together() -> None:
    # PCMA 3 and 1 calls, G.729 1 and 3: half and half together. PCMA falls by 0.2, G.729 by 1.0: 0.6 on the whole.
    codec = labels_of(["PCMA", "PCMA", "PCMA", "G729"]), labels_of(["PCMA", "G729", "G729", "G729"])
    values = np.array([4.2, 4.2, 4.2, 3.6]), np.array([4.0, 2.6, 2.6, 2.6])
    made = to_one_mix([on_common_names(*codec)], values, (np.arange(4), np.arange(4)))
    means = [np.average(one.values, weights=one.weights) for one in made]
    assert means[1] - means[0] == pytest.approx(-0.6)
    assert np.mean(means) == pytest.approx((3.9 + 3.3) / 2)


def test_calls_without_a_counterpart_are_left_out_of_one_mix() -> None:
    pair = on_common_names(labels_of(["PCMA", "PCMA", "opus"]), labels_of(["PCMA", "G729"]))
    values = np.array([4.2, 4.0, 1.0]), np.array([4.0, 1.0])
    before, after = to_one_mix([pair], values, (np.arange(3), np.arange(2)))
    assert (len(before.values), len(after.values)) == (2, 1)
    assert covered([pair]) == (pytest.approx(2 / 3), 0.5)
    assert np.average(after.values, weights=after.weights) - before.values.mean() == pytest.approx(-0.1)


def test_columns_to_match_by_can_be_named_and_left_out() -> None:
    after = calls(first=6000, poor=0.8, seed=2)
    assert compared(calls(), after, Options(match=())).outcome == "worse"
    assert compared(calls(), after, Options(not_mix=("codec",))).outcome == "worse"
    assert compared(calls(), after, Options(match=("codec", "site"))).standardised.columns == ("codec", "site")


def test_scales_and_models_are_not_mixed() -> None:
    after = calls(first=6000, seed=2)
    other = after.mos.copy()
    upgraded = np.arange(6000) % 4 == 0
    other[upgraded] -= 2.0
    mixed = replace(
        after, mos=other, made_by=Labels((MODEL, "MOS-LQO narrowband; callmos 2"), upgraded.astype(np.int64))
    )
    found = compared(calls(), mixed)
    assert abs(known(found.mos).value) < 0.05
    assert ("another scale or model", 0, 1500) in found.left_out
    only = replace(after, made_by=Labels(("MOS-LQO model; nisqa",), np.zeros(6000, np.int64)))
    with pytest.raises(
        SettingsError, match="no MOS can be compared: before MOS-LQO narrowband; callmos 1; after MOS-LQO m"
    ):
        compared(calls(), only)


def test_calls_without_mos_or_cluster_are_counted_out() -> None:
    before = calls()
    mos = before.mos.copy()
    mos[:900] = np.nan
    trunk = before.labels["trunk"]
    codes = np.where(np.arange(6000) >= 5900, -1, trunk.codes)
    found = compared(
        replace(before, mos=mos, labels={**before.labels, "trunk": Labels(trunk.names, codes)}),
        calls(first=6000, seed=2),
    )
    assert found.left_out == (("no trunk is known", 100, 0), ("no MOS", 900, 0))
    assert known(found.mos).calls == (5000, 6000)
    assert any("Calls left out (no MOS) are 15% before" in caution for caution in found.cautions)


def test_other_trunks_after_are_an_unpaired_design_and_said_so() -> None:
    found = compared(calls(), calls(first=6000, seed=2, trunk=50))
    assert found.clusters == (0, 12, 12)
    assert any("No trunk has calls on both sides" in caution for caution in found.cautions)
    both = known(compared(calls(), calls(first=6000, seed=2)).mos)
    assert known(found.mos).high - known(found.mos).low > 1.5 * (both.high - both.low)


def test_a_few_trunks_that_fell_alone_are_named() -> None:
    after = calls(first=6000, seed=2)
    fallen = after.mos - np.where(after.labels["trunk"].codes == 3, 1.0, 0.0)
    found = compared(calls(), replace(after, mos=fallen))
    assert any("1 of the largest clusters changed otherwise than most (trunk 3 −" in one for one in found.cautions)


def test_few_clusters_are_said_and_fewer_have_no_interval() -> None:
    some = compared(calls(trunks=4), calls(trunks=4, first=6000, seed=2))
    assert any("Only 4 clusters" in caution for caution in some.cautions)
    found = compared(calls(trunks=2), calls(trunks=2, first=6000, seed=2))
    assert found.outcome == "none"
    assert isinstance(found.mos, Skipped)


def test_a_kind_that_no_call_has_is_no_rate_of_zero() -> None:
    found = compared(calls(), calls(first=6000, seed=2))
    assert Skipped("one-way-audio", None, "no call has one") in found.others


def test_other_versions_are_said() -> None:
    after = replace(calls(first=6000, seed=2), versions=Labels(("2.0",), np.zeros(6000, np.int64)))
    assert any("1.0 before, 2.0 after" in caution for caution in compared(calls(), after).cautions)


def test_bad_questions_are_refused() -> None:
    nothing = calls().taken(np.zeros(6000, np.bool_))
    with pytest.raises(SettingsError, match="there are no calls before"):
        compared(nothing, calls())
    with pytest.raises(SettingsError, match="3000 calls are both before and after"):
        compared(calls(), calls(first=3000))
    with pytest.raises(SettingsError, match="no column 'planet'; there are codec, site, trunk"):
        compared(calls(), calls(first=6000), Options(by="planet"))


def test_columns_get_common_names() -> None:
    first, second = on_common_names(labels_of(["b", None, "c"]), labels_of(["a", "b"]))
    assert first.names == ("a", "b", "c")
    assert (first.codes.tolist(), second.codes.tolist()) == ([1, -1, 2], [0, 1])
