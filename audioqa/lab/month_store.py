"""A made-up month written into a store, as scoring leaves calls: every call with a small report of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select

from audioqa.bands import CONTACT_CENTRE
from audioqa.lab.month import Month
from audioqa.lab.store_calls import count_on
from audioqa.network import NetworkOptions
from audioqa.store import Store, projection, tables
from audioqa.store.database import snapshot, writing
from audioqa.store.keys import Hashes, audio_key
from audioqa.store.network_columns import network_columns
from audioqa.store.recording import info_columns
from audioqa.types.calls import CallInfo, Item, SourceFile

DIGEST = "0" * 64

COLUMNS = ("agent", "queue", "site", "carrier", "trunk", "direction", "codec")
"""Columns of words that a call has of its own; the others are its tags."""

NETWORK = ("loss", "jitter", "delay")
"""Figures that stand among its network statistics; the others are its tags."""

AT_ONCE = 4000
"""Calls written in one transaction."""

BAND = CONTACT_CENTRE
LOWEST = BAND.attention
"""Calls below are flagged."""


def fill(store: Store, month: Month, *, log: Callable[[str], None] = lambda _: None) -> None:
    """Write every call of a month.

    Parameters
    ----------
    store
        The store.
    month
        The calls; their ids are ``month-00000000`` and so on.
    log
        Told of what is done.
    """
    run = store.begin_run(["made up"], digest=DIGEST, version="lab")
    with snapshot(store.engine) as connection:
        last = {
            table.name: int(connection.execute(select(func.max(table.c.id))).scalar() or 0)
            for table in (tables.measurements, tables.calls, tables.files)
        }
    for first in range(0, month.count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, month.count))
        rows = _rows(month, numbers, run=run, last=last)
        writing(store.engine, partial(_insert, rows=rows))
        log(f"{numbers.stop} of {month.count}")
    if store.engine.dialect.name == "postgresql":
        for name, before in last.items():
            writing(store.engine, partial(count_on, name=name, last=before + month.count))
    store.end_run(run, "finished", {"calls": month.count})


def infos(month: Month, numbers: range) -> Iterator[CallInfo]:
    """What is known of some calls beside their sound."""
    for number in numbers:
        words = {name: labels.names[labels.codes[number]] for name, labels in month.labels.items()}
        figures = {name: float(values[number]) for name, values in month.figures.items()}
        tags = {name: words[name] for name in words if name not in (*COLUMNS, "estimator")}
        tags |= {name: f"{value:g}" for name, value in figures.items() if name not in NETWORK and np.isfinite(value)}
        yield CallInfo(
            call_id=f"month-{number:08d}",
            start_time=datetime.fromtimestamp(float(month.at[number]), UTC),
            roles=("agent", "customer"),
            network={name: figures[name] for name in NETWORK},
            tags=tags,
            **{name: words[name] for name in COLUMNS},
        )


def report(month: Month, number: int) -> dict[str, Any]:
    """The report of one call, as plain values: its MOS is the customer's, and its events lie evenly in the call."""
    labels = month.labels["estimator"]
    source = labels.names[labels.codes[number]]
    value, duration = float(month.mos[number]), float(month.duration[number])
    missing: Any = {"skipped": "too little speech", "kind": "mos", "channel": None}
    score = missing if math.isnan(value) else _score(value, source)
    events = _events(month, number)
    low = not math.isnan(value) and value < LOWEST
    return {
        "schema": 1,
        "recording": {
            "path": "",
            "sha256": f"{number:064x}",
            "container": "WAV",
            "codec": "PCM_16",
            "sample_rate": 8000,
            "samples": int(duration * 8000),
            "channels": ["channel 1", "channel 2"],
            "findings": [],
            "duration": duration,
        },
        "separable": True,
        "parties": [_party(name, float(month.speech[number]) / 2, score) for name in ("channel 1", "channel 2")],
        "mos": score,
        "band": missing if math.isnan(value) else BAND.band(value),
        "events": events,
        "phases": [],
        "findings": [],
        "skipped": [],
        "flags": [{"rule": "low-mos", "channel": None, "reason": f"MOS {value:.2f}", "segment": None}] if low else [],
        "causes": [],
        "ledgers": [],
        "pesq": [],
        "band_set": BAND.name,
        "estimator": source,
        "settings_digest": DIGEST,
        "rules_digest": "",
        "version": "lab",
    }


def _score(value: float, source: str) -> dict[str, Any]:
    return {
        "scale": "MOS-LQO",
        "context": "narrowband",
        "value": value,
        "low": round(max(1.0, value - 0.2), 4),
        "high": round(min(5.0, value + 0.2), 4),
        "source": source,
        "covers": "made up",
    }


def _party(name: str, speech: float, score: dict[str, Any]) -> dict[str, Any]:
    """One party: its MOS is the call's."""
    mos: Any = score | {"kind": "mos", "channel": name} if "skipped" in score else None
    if mos is None:
        mos = {
            "score": score,
            "band": BAND.band(score["value"]),
            "percentile_5": score["value"],
            "worst": {"skipped": "made up", "kind": "worst", "channel": name},
            "seconds_below": speech if score["value"] < LOWEST else 0.0,
            "threshold": LOWEST,
            "windows": [],
            "wideband": {"skipped": "made up", "kind": "mos", "channel": name},
            "dimensions": {},
            "codec": {"skipped": "made up", "kind": "codec", "channel": name},
        }
    return {
        "channel": name,
        "speech": round(speech, 2),
        "level": {"level": -26.0, "activity": 0.4},
        "mos": mos,
        "figures": {"dc_offset": 0.0, "peak_dbov": -6.0, "clipped_share": 0.0, "bandwidth_hz": 3700.0},
    }


def _events(month: Month, number: int) -> list[dict[str, Any]]:
    kinds = [kind for kind, counts in month.events.items() for _ in range(int(counts[number]))]
    step = float(month.duration[number]) / (len(kinds) + 1)
    return [
        {
            "kind": kind,
            "channel": "channel 2",
            "segment": {"start": round(step * place, 2), "end": round(step * (place + 0.5), 2)},
            "severity": "severe" if kind == "one-way-audio" else "warning",
            "evidence": {},
        }
        for place, kind in enumerate(kinds, 1)
    ]


def _rows(month: Month, numbers: range, *, run: int, last: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, by table."""
    found: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("files", "measurements", "parties", "events", "phases", "calls", "call_files", "marks")
    }
    for number, info in zip(numbers, infos(month, numbers), strict=True):
        content = projection.read_content(json.dumps(report(month, number)))
        key = {name: before + number + 1 for name, before in last.items()}
        file = SourceFile(f"/month/{info.call_id}.wav", 44 + content["recording"]["samples"] * 4, "made up")
        item = Item((file,), info)
        hashes = Hashes((content["recording"]["sha256"],))
        at = info.start_time or month.plan.start
        found["files"].append(
            {"id": key["files"], "location": file.location, "size": file.size, "stamp": file.stamp}
            | {"sha256": hashes.files[0]}
        )
        of = {"measurement": key["measurements"]}
        found["measurements"].append(
            projection.measurement_row(content)
            | {"id": of["measurement"], "audio_key": audio_key(item, hashes, DIGEST), "digest": DIGEST}
            | {"processing": 0.1}
        )
        found["parties"] += [row | of for row in projection.party_rows(content)]
        found["events"] += [row | of for row in projection.event_rows(content)]
        call = (
            info_columns(info, NetworkOptions())
            | projection.call_columns(content)
            | network_columns(content, info, NetworkOptions())
            | {"id": key["calls"], "location": file.location, "at": at, "day": at.astimezone(UTC).date(), "run": run}
            | {"scored_at": datetime.fromtimestamp(float(month.arrived[number]), UTC), "own_roles": None, **of}
        )
        found["calls"].append(call)
        found["call_files"].append({"call": key["calls"], "position": 0, "file": key["files"]})
        marks = projection.mark_rows(content, tenant=info.tenant, day=call["day"], rank=call["rank"])
        found["marks"] += [row | {"call": key["calls"]} for row in marks]
    return found


def _insert(connection: Connection, *, rows: dict[str, list[dict[str, Any]]]) -> None:
    for name, some in rows.items():
        if some:
            connection.execute(insert(tables.metadata.tables[name]), some)
