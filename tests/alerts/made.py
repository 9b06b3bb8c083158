"""Calls made up for alerts: so many of each trunk, with a MOS of one's own choice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audioqa.alerts import AlertRule, Calls, make_alert_rules, make_calls

SCALE = "MOS-LQO narrowband"
MONDAY = 1_780_272_000.0  # 2026-06-01, UTC
HOUR, DAY = 3600.0, 86_400.0


def calls_of(
    days: float = 3.0,
    *,
    each_hour: int = 40,
    trunks: int = 4,
    seed: int = 1,
    lower: Callable[[float, int], float] = lambda at, trunk: 0.0,  # noqa: ARG005 - of its form
    fault: Callable[[float, int], bool] = lambda at, trunk: False,  # noqa: ARG005 - of its form
) -> Calls:
    """Calls evenly over days: MOS 4.3 with a noise of .15, one in fifteen bad by chance.

    Parameters
    ----------
    days, each_hour, trunks
        How long, how many calls an hour, over how many trunks.
    seed
        Of what is drawn.
    lower, fault
        By moment (seconds from the first) and trunk: how much lower the MOS is, and whether the call has the fault.
    """
    rng = np.random.default_rng(seed)
    count = int(days * 24 * each_hour)
    at = np.sort(rng.uniform(0.0, days * DAY, count))
    trunk = rng.integers(0, trunks, count)
    mos = 4.3 + rng.normal(0.0, 0.15, count) - np.where(rng.random(count) < 1 / 15, rng.exponential(0.7, count), 0.0)
    mos -= [lower(float(moment), int(one)) for moment, one in zip(at, trunk, strict=True)]
    having = [fault(float(moment), int(one)) for moment, one in zip(at, trunk, strict=True)]
    return make_calls(
        list(range(1, count + 1)),
        (MONDAY + at).tolist(),
        duration=rng.uniform(60.0, 400.0, count).tolist(),
        mos=np.clip(mos, 1.0, 4.6).tolist(),
        labels={
            "trunk": [f"T{one}" for one in trunk],
            "carrier": [f"C{one // 2}" for one in trunk],
            "agent": [f"agent {one}" for one in rng.integers(0, 10, count)],
        },
        faults={"dropout": (np.asarray(having) | (rng.random(count) < 0.03)).tolist()},
    )


def rules(**changed: object) -> tuple[AlertRule, ...]:
    """One rule."""
    return make_alert_rules([{"name": "mine", "by": ["trunk", "carrier", "agent"], **changed}], defaults=False)
