"""The habits of a made-up month: when people call, who takes the call over what, and what that does to its sound."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.month_plan import Plan
from audioqa.types.columns import Labels

SITES, AGENTS, CARRIERS, TRUNKS = 6, 120, 6, 4
"""Agents in all; trunks of each carrier."""

BY_HOUR = (1, 1, 1, 1, 1, 3, 12, 40, 80, 100, 100, 90, 75, 85, 95, 90, 80, 70, 60, 45, 25, 10, 4, 2)
BY_WEEKDAY = (1.15, 1.05, 1.0, 1.0, 0.95, 0.35, 0.2)
"""Relative numbers of calls, UTC, Monday first."""

QUEUES = ("sales", "service", "billing", "technical", "returns")
COUNTRIES = ("DE", "GB", "ES", "PL", "NL", "IE")
CODECS = (("PCMA", 0.0), ("G729", -0.15), ("opus", 0.08))
HEADSETS = (("H-100", 0.05), ("H-200", 0.0), ("W-10", -0.04), ("W-20", 0.02), ("softphone", -0.08))
CONNECTIONS = (("wired", 0.02), ("Wi-Fi", -0.06))
"""Names and what each does to MOS."""

EVENTS = {
    "one-way-audio": 0.002,
    "dropout": 0.04,
    "concealed-loss": 0.05,
    "robotic": 0.01,
    "dead-air": 0.03,
    "abrupt-end": 0.008,
    "delayed-start": 0.01,
    "background-noise": 0.06,
    "echo": 0.015,
    "clipping": 0.02,
    "clicks": 0.01,
    "hum": 0.005,
}
"""How many events of each kind a call has on average, nothing planted; a bad call has six times as many."""

ESTIMATOR = "callmos 1 made up; callmos-narrowband-1"

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def draw_times(plan: Plan, rng: np.random.Generator) -> Floats:
    """When calls begin: so many by hour and weekday, evenly within the hour."""
    first = int(plan.start.timestamp()) // 3600
    hours = np.arange(first, first + 24 * plan.days)
    weekday = (hours // 24 + 3) % 7  # 1970 began on a Thursday
    weights = np.array(BY_HOUR)[hours % 24] * np.array(BY_WEEKDAY)[weekday]
    drawn = rng.choice(hours, plan.calls, p=weights / weights.sum())
    return np.sort(drawn * 3600.0 + np.round(rng.uniform(0.0, 3600.0, plan.calls), 3))


def draw_labels(plan: Plan, at: Floats, rng: np.random.Generator) -> dict[str, Labels]:
    """Who and what: an agent has a site, a headset, a connection and a queue; a trunk a carrier and a codec."""
    agent = rng.choice(AGENTS, plan.calls, p=rng.dirichlet(np.full(AGENTS, 8.0)))
    site = agent % SITES
    home = rng.choice(len(QUEUES), AGENTS)
    elsewhere = rng.integers(0, len(QUEUES), plan.calls)
    queue = np.where(rng.random(plan.calls) < 0.8, home[agent], elsewhere)
    # Every site has carriers of its own choice, and sends some calls over all of them.
    shares = rng.dirichlet(np.full(CARRIERS, 3.0), SITES)
    carrier = (rng.random(plan.calls)[:, None] > np.cumsum(shares, axis=1)[site]).sum(axis=1).clip(max=CARRIERS - 1)
    trunk = carrier * TRUNKS + rng.choice(TRUNKS, plan.calls, p=(0.4, 0.3, 0.2, 0.1))
    usual = rng.choice(len(CODECS), CARRIERS * TRUNKS, p=(0.6, 0.2, 0.2))
    codec = np.where(rng.random(plan.calls) < 0.9, usual[trunk], 0)
    headset = rng.choice(len(HEADSETS), AGENTS, p=(0.3, 0.25, 0.15, 0.15, 0.15))[agent]
    connection = rng.choice(2, AGENTS, p=(0.65, 0.35))[agent]
    country = np.where(rng.random(plan.calls) < 0.8, site % len(COUNTRIES), rng.integers(0, len(COUNTRIES), plan.calls))
    model = np.zeros(plan.calls, dtype=np.int64)
    models: tuple[str, ...] = (ESTIMATOR,)
    if plan.upgrade is not None:
        model = (at >= plan.upgrade.since.timestamp()).astype(np.int64)
        models = (ESTIMATOR, plan.upgrade.estimator)
    return {
        "agent": Labels(tuple(f"agent {number:03d}" for number in range(AGENTS)), agent),
        "queue": Labels(QUEUES, queue),
        "site": Labels(tuple(f"site {number + 1}" for number in range(SITES)), site),
        "carrier": Labels(tuple(f"carrier {number + 1}" for number in range(CARRIERS)), carrier),
        "trunk": Labels(
            tuple(f"trunk {number // TRUNKS + 1}-{number % TRUNKS + 1}" for number in range(CARRIERS * TRUNKS)), trunk
        ),
        "direction": Labels(("in", "out"), (rng.random(plan.calls) < 0.3).astype(np.int64)),
        "codec": Labels(tuple(name for name, _ in CODECS), codec),
        "country": Labels(COUNTRIES, country),
        "headset": Labels(tuple(name for name, _ in HEADSETS), headset),
        "connection": Labels(tuple(name for name, _ in CONNECTIONS), connection),
        "estimator": Labels(models, model),
    }


def draw_effects(labels: Mapping[str, Labels], at: Floats, rng: np.random.Generator) -> Floats:
    """What agent, site, carrier, trunk, trunk of the day, codec, headset and connection do to each call's MOS."""
    total = np.zeros(len(at))
    for name, spread in (("agent", 0.05), ("site", 0.02), ("carrier", 0.03), ("trunk", 0.03)):
        total += rng.normal(0.0, spread, len(labels[name].names))[labels[name].codes]
    day = (at // 86_400).astype(np.int64)
    day -= day.min()
    total += rng.normal(0.0, 0.02, (len(labels["trunk"].names), int(day.max()) + 1))[labels["trunk"].codes, day]
    for name, known in (("codec", CODECS), ("headset", HEADSETS), ("connection", CONNECTIONS)):
        total += np.array([effect for _, effect in known])[labels[name].codes]
    return total


def draw_outcome(quality: Floats, duration: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """What customers and books say of a call: worse sound costs satisfaction and takes longer."""
    count = len(quality)
    poor = np.maximum(0.0, 4.2 - quality)
    answered = rng.random(count) < 0.15
    csat = np.clip(np.rint(4.3 - 0.7 * poor + rng.normal(0.0, 0.9, count)), 1.0, 5.0)
    settled = rng.random(count) < np.clip(0.78 - 0.15 * poor, 0.05, 1.0)
    return {
        "csat": np.where(answered, csat, np.nan),
        "handle_time": duration * (1.0 + 0.1 * poor) + rng.gamma(2.0, 25.0, count),
        "fcr": settled.astype(np.float64),
    }
