"""The laboratory of the ledger: twins stay in time, faults are made in order, the page says what was counted."""

from __future__ import annotations

import numpy as np
import pytest
from speechlike import speechlike

from audioqa.lab.faults.fault import Samples
from audioqa.lab.ledger import LEAST_COST, Double, Single, document
from audioqa.lab.ledger_cases import FAULTS, TOLD, Fault, impaired, true_event
from audioqa.lab.simulator import effects
from audioqa.mend import MENDERS


@pytest.fixture(scope="module")
def legs() -> Samples:
    voices = [effects.at_level(speechlike(12.0, seed=seed), 8000, -26.0) for seed in (1, 2)]
    return np.stack(voices, axis=1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_one_leg_and_keeps_time(legs: Samples, fault: Fault) -> None:
    samples, told = impaired((fault,), legs, np.random.default_rng(1))
    assert samples.shape == legs.shape
    np.testing.assert_array_equal(samples[:, 0], legs[:, 0])
    assert not np.array_equal(samples[:, 1], legs[:, 1])
    assert [one for one, _ in told] == [fault]
    assert np.corrcoef(samples[:, 1], legs[:, 1])[0, 1] > 0.5
    event = true_event(fault, "customer", 12.0, told[0][1])
    assert event is None or event.kind in MENDERS
    assert set(fault.kinds) <= set(MENDERS)


def test_two_faults_are_made_room_first_and_network_last(legs: Samples) -> None:
    loss = next(fault for fault in FAULTS if fault.group == "dropouts")
    hum = next(fault for fault in FAULTS if fault.group == "hum")
    samples, told = impaired((loss, hum), legs, np.random.default_rng(1))
    assert [fault.group for fault, _ in told] == ["hum", "dropouts"]
    assert np.count_nonzero(samples[:, 1] == 0) >= 150  # the holes hold no hum


def test_what_costs_little_is_not_counted_and_the_order_is_judged() -> None:
    weak = Single("weak", "hum", "none", 4.4, 4.4 - LEAST_COST / 2, 4.4, 0.1)
    strong = Single("strong", "hum", "none", 4.4, 3.0, 4.2, 1.2)
    off = Single("off", "level", "none", 4.4, 3.0, 3.5, 0.5)
    pairs = [Double(("a", "b"), ("hum", "level"), "none", (1.0, 0.5), told) for told in ((0.8, 0.1), (0.2, 0.4))]
    page = document([weak, strong, off, *pairs], [])
    assert "| hum | mended within 0.3 of the twin | 0.80 | 1.00 (1) | met |" in page
    assert "| level | mended within 0.3 of the twin | 0.80 | 0.00 (1) | **missed** |" in page
    assert "| two impairments | order of cost | 0.85 | 0.50 (2) | **missed** |" in page
    assert "| weak | 0 of 1 |" in page
    assert set(TOLD) == {"dropouts", "level", "hum", "clipping"}
