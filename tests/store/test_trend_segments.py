"""What trends count is what lies in the store, whatever was done to it, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from audioqa.store import Query, Store, open_store, schema, trend_keeping, trend_reading
from audioqa.store.database import connect, snapshot, writing
from audioqa.store.flagging import put_flags
from audioqa.store.tables import calls
from audioqa.store.trend_keeping import bring_up_to_date
from audioqa.store.trend_tables import trend_marks, trend_segments
from audioqa.trends.report import Question, answer
from audioqa.types.trends import Estimate, TooFew, Trend
from tests.store.examples import begin, event, flag, item, put, report

BEGIN = datetime(2026, 3, 28, tzinfo=UTC)  # the clocks of Oslo change in the night after it
_QUERY = Query(sort="oldest")


def counted(store: Store, *, zone: str, tenant: str | None) -> Counter[Any]:
    """Calls by trunk, headset and local hour, counted one by one from the list: how many, scored, flagged, MOS."""
    found: Counter[Any] = Counter()
    with snapshot(store.engine) as connection:
        rows = list(store.calls(replace(_QUERY, tenant=tenant)))
        assert len(rows) == connection.execute(select(func.count()).select_from(calls)).scalar_one() or tenant
        for row in rows:
            local = row.at.astimezone(ZoneInfo(zone))
            events = {one["kind"] for one in store.show(row.info.call_id, tenant=row.info.tenant).content["events"]}
            key = row.info.trunk, row.info.tags.get("headset"), f"{local:%H}"
            found[key, "calls"] += 1
            found[key, "scored"] += row.mos is not None
            found[key, "flagged"] += row.flagged
            found[key, "dropout"] += "dropout" in events
            found[key, "mos"] += round(10_000 * (row.mos or 0))
    return Counter({key: value for key, value in found.items() if value})


def told(trend: Trend) -> Counter[Any]:
    """The same from a trend whose figures rest on as few calls as possible."""
    found: Counter[Any] = Counter()
    for row in trend.rows:
        found[row.values, "calls"] += row.calls
        found[row.values, "scored"] += row.scored
        for name, figure, count in (
            ("flagged", row.flagged, row.calls),
            ("dropout", row.incidents["dropout"], row.calls / 1000),
            ("mos", row.mos, row.scored * 10_000),
        ):
            if isinstance(figure, Estimate):
                found[row.values, name] += round(figure.value * count)
    return Counter({key: value for key, value in found.items() if value})


def same(store: Store, tenant: str | None = None) -> None:
    """A trend says what a count of all calls says, where it has figures."""
    question = Question(
        by=("trunk", "headset", "hour"), zone="Europe/Oslo", incidents=("dropout",), least=2, tenant=tenant
    )
    trend = answer(store, question)
    assert trend.waiting == 0
    full = counted(store, zone="Europe/Oslo", tenant=tenant)
    found = told(trend)
    shown = {key for key in found if key[1] in ("calls", "scored")}
    assert {key: full[key] for key in full if key[1] in ("calls", "scored")} == {key: found[key] for key in shown}
    for row in trend.rows:
        if row.calls >= 2:
            assert found[row.values, "flagged"] == full[row.values, "flagged"]
            assert found[row.values, "dropout"] == full[row.values, "dropout"]
        if row.scored >= 2:
            assert found[row.values, "mos"] == full[row.values, "mos"]
        else:
            assert isinstance(row.mos, TooFew)


def some_report(rng: random.Random) -> Any:
    bad = rng.random() < 0.4
    return report(
        None if rng.random() < 0.15 else round(rng.uniform(1, 4.5), 4),
        events=(event(), event("hum")) if bad else (),
        flags=(flag(),) if bad else (),
    )


def do_something(store: Store, run: int, rng: random.Random) -> None:
    """One change of any kind that can be made to calls."""
    name, tenant = f"call {rng.randrange(30)}", rng.choice(["one", "two"])
    about: dict[str, Any] = {
        "trunk": rng.choice(["T1", "T2", None]),
        "tags": rng.choice([{}, {"headset": "wired"}, {"headset": "Wi-Fi", "note": "ø\n"}]),
        "start_time": BEGIN + timedelta(hours=rng.randrange(60), minutes=rng.randrange(60)),
    }
    one = item(name, tenant=tenant, **about)
    kind = rng.random()
    if kind < 0.55:
        put(store, run, one, some_report(rng), content=f"{name} {rng.random()}")
    elif kind < 0.65:
        store.update_info(run, one)
    elif kind < 0.75:
        store.delete(name, tenant=tenant)
    elif kind < 0.8:
        store.purge(BEGIN + timedelta(hours=rng.randrange(10)), tenant=tenant)
    elif kind < 0.9:
        rows = list(store.calls(replace(_QUERY, tenant=tenant)))
        if rows:
            key, flags = rng.choice(rows).key, rng.choice([[], [_FLAG]])
            writing(store.engine, lambda c: put_flags(c, key, flags, digest="other"))
    elif kind < 0.95:
        store.set_roles(("customer", "agent"), query=replace(_QUERY, trunk="T1"))
    else:
        bring_up_to_date(store.engine)


_FLAG = {"rule": "late", "channel": None, "reason": "late", "segment": None}


@pytest.mark.parametrize(("seed", "large"), [(1, 20_000), (2, 6)])
def test_a_trend_is_a_full_count_whatever_was_done(
    store: Store, seed: int, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend_keeping, "LARGE", large)
    rng = random.Random(seed)
    run = begin(store)
    for _ in range(2):
        for _ in range(30):
            do_something(store, run, rng)
        same(store)  # some of it from the calls themselves
        bring_up_to_date(store.engine)
        with snapshot(store.engine) as connection:
            assert connection.execute(select(func.count()).select_from(trend_marks)).scalar_one() == 0
            assert connection.execute(select(func.count()).select_from(trend_segments)).scalar_one() > 0
        same(store)
        same(store, "one")


def test_segments_alone_answer_when_nothing_has_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(store)
    for number in range(9):
        put(store, run, item(f"{number}", trunk="T1"), report(4.0))
    bring_up_to_date(store.engine)

    def never(*_: Any) -> None:
        raise AssertionError("a call was read")

    monkeypatch.setattr(trend_reading, "contents", never)
    (row,) = answer(store, Question(by=("trunk",), least=2)).rows
    assert (row.values, row.calls, row.mos) == (("T1",), 9, Estimate(4.0, 4.0, 4.0))
    store.delete("3")
    with pytest.raises(AssertionError, match="a call was read"):
        answer(store, Question(by=("trunk",)))


def test_too_many_changes_are_told_and_not_waited_for(store: Store) -> None:
    run = begin(store)
    for number in range(5):
        put(store, run, item(f"{number}", day=number, agent="A"))
    bring_up_to_date(store.engine)
    put(store, run, item("1", day=1, agent="B"), content="new")
    put(store, run, item("2", day=2, agent="B"), content="newer")
    trend = answer(store, Question(by=("agent",)), live=1)
    assert trend.waiting == 1
    assert [(row.values, row.calls) for row in trend.rows] == [(("A",), 4), (("B",), 1)]
    trend = answer(store, Question(by=("agent",)), live=2)
    assert trend.waiting == 0
    assert [(row.values, row.calls) for row in trend.rows] == [(("A",), 3), (("B",), 2)]


def test_what_was_known_of_a_deleted_call_goes_with_it(store: Store) -> None:
    run = begin(store)
    for name in ("secret", "other"):
        put(store, run, item(name, agent=name, tags={"note": name}))
    bring_up_to_date(store.engine)

    def left() -> bool:
        with snapshot(store.engine) as connection:
            return any(
                b"secret" in (words or b"") for words in connection.execute(select(trend_segments.c.words)).scalars()
            )

    assert left()
    store.delete("secret")
    assert not left()
    assert [row.values for row in answer(store, Question(by=("agent",))).rows] == [("other",)]


def test_a_store_of_before_gets_its_segments(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command
    from alembic.config import Config

    with open_store(empty_url) as made:
        run = begin(made)
        for number in range(6):
            put(made, run, item(f"{number}", day=number // 3, trunk="T1"), report(3.0))
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))

        def down(connection: object) -> None:
            config.attributes["connection"] = connection
            command.downgrade(config, "0004")

        writing(made.engine, down)
    engine = connect(empty_url, create=False)
    with snapshot(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM audioqa_schema")).scalar_one() == "0004"
    engine.dispose()
    with open_store(empty_url) as found:
        assert bring_up_to_date(found.engine) == 6
        monkeypatch.setattr(trend_reading, "contents", None)
        (row,) = answer(found, Question(by=("trunk",))).rows
        assert (row.values, row.calls) == (("T1",), 6)
