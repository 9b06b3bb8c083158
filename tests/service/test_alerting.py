"""Alerts as calls come in: written once, told once, the same however they came; a tenant's are nobody else's."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from audioqa.alerts import replay
from audioqa.service.alerting import Alerting
from audioqa.settings import Settings
from audioqa.store import Store, open_store
from audioqa.store.alert_calls import streams
from audioqa.store.alerting import list_alerts, put_alerts
from audioqa.store.database import snapshot, writing
from audioqa.store.service_tables import deliveries
from audioqa.store.tables import calls, measurements
from audioqa.store.webhooks import add_webhook
from tests.store.examples import begin, item, put, report

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
RULES = [
    {"name": "drop", "enabled": False},
    {"name": "hours", "enabled": False},
    {"name": "standing", "enabled": False},
    {"name": "below", "by": ["trunk"]},
]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store on SQLite."""
    with open_store(str(tmp_path / "calls.db")) as opened:
        yield opened


def settings(**alerts: Any) -> Settings:
    return Settings.model_validate({"alerts": {"rules": RULES, **alerts}})


def send(store: Store, minutes: range, *, mos: float, tenant: str = "", trunk: str = "T1", prefix: str = "c") -> None:
    """A call a minute on a trunk; each has a sound of its own."""
    run = begin(store)
    rng = np.random.default_rng(minutes.start)
    for minute in minutes:
        one = item(
            f"{prefix}{minute}{trunk}", tenant=tenant, trunk=trunk, start_time=MORNING + timedelta(minutes=minute)
        )
        put(
            store,
            run,
            one,
            report(round(mos + float(rng.normal(0, 0.05)), 3)),
            content=f"{tenant}{prefix}{minute}{trunk}{mos}",
        )


def kept(store: Store, tenant: str = "") -> list[tuple[str, str, str]]:
    with snapshot(store.engine) as connection:
        return [(one.alert.value, one.alert.rule, one.state) for one in list_alerts(connection, tenant)]


def told(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with snapshot(store.engine) as connection:
        rows = connection.execute(select(deliveries.c.event, deliveries.c.body).order_by(deliveries.c.id)).all()
    return [(row.event, json.loads(row.body)) for row in rows]


def test_an_alert_is_opened_told_once_and_over(store: Store) -> None:
    writing(
        store.engine,
        lambda c: add_webhook(
            c,
            "",
            "https://example.com/",
            secret="x",  # noqa: S106
            events=["alert.opened", "alert.recovered"],
            by="ann",
        ),
    )
    alerting = Alerting(store, settings())
    send(store, range(60), mos=4.4)
    assert alerting.keep_up(whole=True) == []
    send(store, range(60, 90), mos=3.2)
    (change,) = alerting.keep_up(whole=True)
    assert (change.what, change.alert.value) == ("opened", "T1")
    assert alerting.keep_up(whole=True) == []
    send(store, range(90, 150), mos=4.4)
    assert [change.what for change in alerting.keep_up(whole=True)] == ["recovered"]
    assert kept(store) == [("T1", "below", "recovered")]
    events = told(store)
    assert [event for event, _ in events] == ["alert.opened", "alert.recovered"]
    assert events[0][1]["data"]["text"].startswith("trunk T1: MOS 3.3")


def test_what_is_written_piece_by_piece_is_what_a_replay_gives(store: Store) -> None:
    pieces = (
        (range(40), 4.4),
        (range(60, 95), 3.2),
        (range(40, 60), 4.4),
        (range(120, 170), 4.4),
        (range(95, 120), 3.3),
    )
    for minutes, mos in pieces:
        send(store, minutes, mos=mos)
        Alerting(store, settings()).keep_up(whole=True)  # each time a program of its own
    rules = settings().alert_rules()
    with snapshot(store.engine) as connection:
        ((stream, everything),) = streams(connection, "", ["trunk", "carrier", "site", "agent"]).items()
        found = [one.alert for one in list_alerts(connection, "")]
    assert found == list(replay(everything, rules, scale=stream[0]))
    assert len(found) == 1


def test_late_calls_open_an_alert_again_and_say_so(store: Store) -> None:
    alerting = Alerting(store, settings())
    send(store, range(60), mos=4.4)
    send(store, range(60, 90), mos=3.2)
    send(store, range(100, 160), mos=4.4)
    alerting.keep_up(whole=True)
    assert kept(store) == [("T1", "below", "recovered")]
    send(store, range(90, 170), mos=3.0, prefix="late")
    changes = alerting.keep_up(whole=True)
    assert [(change.what, change.late) for change in changes] == [("reopened", True)]
    assert kept(store) == [("T1", "below", "re-opened")]


def test_an_alert_that_late_calls_speak_against_is_withdrawn(store: Store) -> None:
    alerting = Alerting(store, settings())
    send(store, range(30), mos=4.4)
    send(store, range(60, 72), mos=3.4)
    (change,) = alerting.keep_up(whole=True)
    writing(
        store.engine,
        lambda c: put_alerts(c, "", change.stream, [], looked_since=0.0, tell_since=0.0),
    )
    assert kept(store) == [("T1", "below", "withdrawn")]


def test_scales_and_models_are_never_mixed(store: Store) -> None:
    send(store, range(60), mos=4.4)
    send(store, range(60, 90), mos=3.0, trunk="T2")
    with store.engine.begin() as connection:
        mine = select(calls.c.measurement).where(calls.c.trunk == "T2")
        connection.execute(measurements.update().where(measurements.c.id.in_(mine)).values(estimator="another"))
    with snapshot(store.engine) as connection:
        found = streams(connection, "", ["trunk"])
    assert {stream[1]: set(some.labels["trunk"].names) for stream, some in found.items()} == {
        "test": {"T1"},
        "another": {"T2"},
    }
    Alerting(store, settings()).keep_up(whole=True)
    with snapshot(store.engine) as connection:
        (one,) = list_alerts(connection, "")
    assert one.stream.endswith("another")


def test_tenants_have_alerts_of_their_own(store: Store) -> None:
    send(store, range(30), mos=3.0, tenant="north")
    send(store, range(30), mos=4.4, tenant="south")
    alerting = Alerting(store, settings())
    alerting.keep_up(whole=True)
    assert kept(store, "south") == []
    assert [value for value, *_ in kept(store, "north")] == ["T1"]
    with snapshot(store.engine) as connection:
        (one,) = list_alerts(connection, "north")
    assert not alerting.acknowledge(one.key, tenant="south", by="somebody")
    assert alerting.acknowledge(one.key, tenant="north", by="nora", said="the carrier knows")
    with snapshot(store.engine) as connection:
        assert list_alerts(connection, "north")[0].acknowledged_by == "nora"


def test_a_command_is_told_as_json(store: Store, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    program = f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read() + chr(10))"
    send(store, range(30), mos=3.0)
    Alerting(store, settings(command=[sys.executable, "-c", program])).keep_up(whole=True)
    message = json.loads(heard.read_text())
    assert (message["type"], message["data"]["value"]) == ("alert.opened", "T1")


def test_other_rules_go_through_everything_again(store: Store) -> None:
    send(store, range(60), mos=3.9)
    Alerting(store, settings()).keep_up(whole=True)
    assert kept(store) == [("T1", "below", "open")]
    lower = [one | {"line": 3.0} if one["name"] == "below" else one for one in RULES]
    Alerting(store, settings(rules=lower)).keep_up(whole=True)
    assert kept(store) == [("T1", "below", "withdrawn")]


def test_two_servers_do_not_write_the_same_twice(store: Store) -> None:
    send(store, range(30), mos=3.0)
    one, other = Alerting(store, settings()), Alerting(store, settings())
    assert len(one.keep_up(whole=True)) == 1
    assert other.keep_up(whole=True) == []
    assert len(kept(store)) == 1
