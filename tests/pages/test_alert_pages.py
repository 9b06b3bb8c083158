"""The pages of alerts in a browser: what is bad now, one alert with its calls, and that somebody has seen it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audioqa.alerts import Alert, Spell
from audioqa.store.alerting import put_alerts
from audioqa.store.database import writing
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.test_admin_pages import Person
from tests.pages.window import leave, sign_in, visit
from tests.render.browser import ERROR, Tab


@pytest.fixture
def alert(desk: Desk) -> int:
    """An alert on a trunk with calls, and one that is over; the number of the first."""
    now = datetime.now(UTC).timestamp()
    for number in range(6):
        desk.call(f"well {number}", FINE, hours=30 - number, trunk="<b>T1</b>", carrier="Acme")
        desk.call(f"bad {number}", BAD, hours=7 - number, trunk="<b>T1</b>", carrier="Acme")
    spells = (
        Spell(now - 60 * 3600, now - 59 * 3600, now - 50 * 3600, now - 49 * 3600, 0.9),
        Spell(now - 8 * 3600, now - 6 * 3600, drop=0.9),
    )
    mine = Alert("drop", "drop", "trunk", "<b>T1</b>", "", spells, 4.3, 3.2, 9, 6.4, 5.8, 1, 12)
    over = Alert("cluster", "cluster", "carrier", "Acme", "dropout", spells[:1], 0.03, 0.4, 12, 6.2, 5.9, 1, 9)
    changes = writing(
        desk.service.store.engine,
        lambda c: put_alerts(c, "", "MOS-LQO narrowband; test", [mine, over], looked_since=0.0, tell_since=0.0),
    )
    return changes[0].key


def test_what_is_bad_now_is_listed_and_seen(desk: Desk, browser: Tab, alert: int) -> None:
    desk.person("anna", "reviewer")
    sign_in(browser, desk.address, "anna")
    visit(browser, f"{desk.address}/alerts")
    assert browser.ask(ERROR) is None
    assert browser.ask("document.querySelectorAll('main td b').length") == 0
    text = browser.ask("document.querySelector('main').innerText")
    assert "trunk <b>T1</b>: MOS fell from 4.30 to 3.20" in text
    assert "re-opened" in text
    assert "carrier Acme: dropout in 40% of the calls" in text
    assert browser.ask("document.querySelectorAll('svg.strip .bad').length") == 3
    leave(browser, f"document.querySelector('a[href=\"/alerts/{alert}\"]').click()")
    assert browser.ask("document.querySelectorAll('svg.hourly .dot.bad').length") >= 5
    assert browser.ask("document.querySelectorAll('table.calls tbody tr').length") == 6
    browser.ask("document.getElementById('note').value = 'the carrier knows'")
    leave(browser, "document.querySelector('main form').requestSubmit()")
    assert "By anna" in browser.ask("document.querySelector('main').innerText")
    assert "the carrier knows" in browser.ask("document.querySelector('main').innerText")


def test_a_phone_scrolls_no_page_of_alerts_sideways(desk: Desk, browser: Tab, alert: int) -> None:
    desk.person("anna", "viewer")
    sign_in(browser, desk.address, "anna")
    for address in ("/alerts", f"/alerts/{alert}"):
        visit(browser, f"{desk.address}{address}", width=380, height=800)
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth + 1"), address
    assert browser.ask("document.querySelector('main form')") is None  # a viewer only looks


def test_alerts_of_programs(desk: Desk, alert: int) -> None:
    desk.person("anna", "admin")
    anna = Person(desk.service, "anna")
    (one,) = anna.get("/api/v1/alerts").json()["alerts"]
    assert (one["id"], one["value"], one["state"]) == (alert, "<b>T1</b>", "re-opened")
    assert len(anna.get("/api/v1/alerts?all=true").json()["alerts"]) == 2
    assert anna.get("/alerts/999999").status_code == 404
    assert timedelta(hours=5) < datetime.now(UTC) - datetime.fromisoformat(one["fired_at"]) < timedelta(hours=7)
