"""The label of a clip: what the E-model, the teachers and the regression on its condition each put in."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from audioqa.lab.simulator.condition import Condition, Loss, Noise
from audioqa.perceptual.emodel import mos_from_r

RECIPE = Path(__file__).parents[2] / "models" / "callmos"
TRUTH = {"snr": 99.0, "hum": 99.0, "mnru": 99.0, "loss": 0.0, "burst_ratio": 1.0, "clipped": 0.0, "missing": 0.0}


@pytest.fixture(scope="module")
def labels() -> ModuleType:
    pytest.importorskip("sklearn")
    sys.path.insert(0, str(RECIPE))
    try:
        import labels
    finally:
        sys.path.remove(str(RECIPE))
    return labels


@pytest.mark.parametrize(
    ("condition", "truth", "rating"),
    [
        (Condition("clean"), {}, 93.21),
        (Condition("codec", codecs=("g729",)), {}, 83.21),
        (Condition("codec", codecs=("gsm",)), {}, 73.21),
        (Condition("loss", loss=Loss(5, 0, 10, "zero")), {"loss": 5.0}, 42.13),
        (Condition("loss", loss=Loss(5, 0, 10, "appendix-i")), {"loss": 5.0}, 77.43),
        (Condition("loss", loss=Loss(10, 0, 10, "appendix-i")), {"loss": 10.0}, 66.14),
    ],
)
def test_published_ratings_come_out(
    labels: ModuleType, condition: Condition, truth: dict[str, float], rating: float
) -> None:
    assert labels.e_model(condition, TRUTH | truth) == pytest.approx(rating, abs=0.01)


def test_the_rating_is_of_the_loss_that_fell_on_speech(labels: ModuleType) -> None:
    condition = Condition("loss", loss=Loss(5, 0, 10, "zero"))
    assert labels.e_model(condition, TRUTH | {"loss": 2.0}) > labels.e_model(condition, TRUTH | {"loss": 8.0}) + 20


@pytest.mark.parametrize("name", ["level", "noise", "hum", "echo", "gaps", "mnru"])
def test_every_severity_costs(labels: ModuleType, name: str) -> None:
    mild, strong = {
        "level": (Condition("level", level=-36), Condition("level", level=-56)),
        "noise": (Condition("noise", noise=Noise("white", 30)), Condition("noise", noise=Noise("white", 10))),
        "hum": (Condition("hum", hum=(50, 30)), Condition("hum", hum=(50, 10))),
        "echo": (Condition("echo", echo=(250, 35)), Condition("echo", echo=(250, 10))),
        "gaps": (Condition("gaps", gaps=(0.2,)), Condition("gaps", gaps=(1.5,))),
        "mnru": (Condition("mnru", mnru=30), Condition("mnru", mnru=10)),
    }[name]

    def rated(c: Condition) -> float:
        own = {
            "snr": c.noise.snr if c.noise else 99.0,
            "hum": c.hum[1] if c.hum else 99.0,
            "mnru": 99.0 if c.mnru is None else c.mnru,
            "missing": sum(c.gaps),
        }
        return float(labels.e_model(c, TRUTH | own))

    assert rated(strong) < rated(mild) - 5
    assert rated(mild) < 93.3


def test_a_condition_costs_what_its_clips_were_heard_to_cost(labels: ModuleType) -> None:
    groups, heard = np.array([7, 3, 7, 7, 3, 9]), np.array([True, True, True, False, False, False])
    own, model = np.array([40.0, 5, 20, 99, 99, 99]), np.array([10.0, 15, 10, 10, 15, 8])
    found = labels._shared(groups, own, model, heard, np.ones(6))
    # Two clips of condition 7 say 30 in the mean and the regression 10, as a third; one of condition 3 says 5, it 15.
    assert found.tolist() == pytest.approx([70 / 3, 10.0, 70 / 3, 10.0, 15.0, 8.0])


def test_what_the_regression_never_saw_is_left_to_the_teachers(labels: ModuleType) -> None:
    robot, speex = Condition("robot", special=("robot", 0.5)), Condition("speex", codecs=("speex-8k",))
    assert not labels.is_known(robot)
    assert not labels.is_known(speex)
    assert labels.share_of(speex) == 0
    assert labels.is_known(Condition("tandem", codecs=("gsm", "opus-12k")))
    groups, heard = np.array([7, 7]), np.array([True, True])
    found = labels._shared(groups, np.array([40.0, 20]), np.array([0.0, 0]), heard, np.zeros(2))
    assert found.tolist() == [30.0, 30.0]


def test_who_is_asked(labels: ModuleType) -> None:
    noisy = Condition("noise", noise=Noise("white", 20))
    assert labels.kinds_of(noisy) == ["noise"]
    assert labels.kinds_of(Condition("clean")) == []
    assert labels.share_of(Condition("clean")) == 1.0
    assert labels.share_of(noisy) == labels.SHARES["noise"]
    assert labels.share_of(Condition("overload", overload=10)) == 0.0
    assert labels.is_anchor(noisy)
    assert not labels.is_anchor(replace(noisy, overload=10.0))
    assert not labels.is_anchor(replace(noisy, level=-50.0))


@pytest.mark.parametrize(
    ("condition", "kind", "permitted"),
    [
        (Condition("noise", noise=Noise("white", 18)), "noise", True),
        (Condition("noise", noise=Noise("white", 17)), "noise", False),
        (Condition("mnru", mnru=20), "mnru", True),
        (Condition("mnru", mnru=19), "mnru", False),
        (Condition("overload", overload=10), "overload", True),
    ],
)
def test_the_e_model_has_no_share_beyond_its_ranges(
    labels: ModuleType, condition: Condition, kind: str, permitted: bool
) -> None:
    assert labels.is_permitted(condition, kind) == permitted
    if kind in ("noise", "mnru"):
        assert (labels.share_of(condition) > 0) == permitted


def test_a_teacher_without_an_opinion_leaves_its_part_to_the_others(labels: ModuleType) -> None:
    spread = dict.fromkeys(labels.TEACHERS, 1.0)
    row = np.full((1, 6), np.nan)
    row[0, labels.TEACHERS.index("distill")] = -2.0
    assert labels.weighted(row, [Condition("codec", codecs=("gsm",))], spread) == pytest.approx([-2.0])
    assert np.isnan(labels.weighted(np.full((1, 6), np.nan), [Condition("clean")], spread)).all()


def test_the_regression_falls_with_severity_and_costs_nothing_where_nothing_is_done(labels: ModuleType) -> None:
    rng = np.random.default_rng(1)
    conditions = [Condition("overload", overload=float(x)) for x in rng.uniform(0, 24, 400)] + [Condition("clean")] * 50
    truths = [TRUTH | {"clipped": c.overload / 200} for c in conditions]
    # A few voices to which overload does not matter: without its constraint the regression would rise there.
    ratings = np.array([93 - 2 * c.overload + 30 * (11 < c.overload < 14) for c in conditions])
    ratings = ratings + rng.normal(0, 5, len(conditions))
    model = labels.ConditionModel(conditions, truths, ratings)
    steps = [Condition("overload", overload=float(x)) for x in (0, 4, 8, 12, 16, 20, 24)]
    costs = model.cost(steps, [TRUTH | {"clipped": c.overload / 200} for c in steps])
    assert np.all(np.diff(costs) >= 0)
    assert costs[0] < 4
    assert costs[-1] == pytest.approx(48, abs=8)


def test_conformal_intervals_cover_what_they_say() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    sys.path.insert(0, str(RECIPE))
    try:
        from export import conformal
    finally:
        sys.path.remove(str(RECIPE))
    rng = np.random.default_rng(3)

    def draw(conditions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        groups = np.repeat(np.arange(conditions), 3)
        spread = rng.uniform(0.1, 0.4, len(groups))
        shared = np.repeat(rng.normal(0, 0.8, conditions), 3)
        return spread * (shared + rng.normal(0, 0.6, len(groups))), spread, groups

    quantile = conformal(*draw(400))
    error, spread, _ = draw(2000)
    assert np.mean(np.abs(error) <= quantile * spread) == pytest.approx(0.90, abs=0.03)


def test_the_top_of_the_scale_is_clean_g711(labels: ModuleType) -> None:
    assert mos_from_r(labels.R0) == pytest.approx(4.409, abs=0.001)
