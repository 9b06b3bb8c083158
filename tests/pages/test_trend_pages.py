"""The page of trends in a real browser: what it shows, where its figures lead, and by keyboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audioqa.store.trend_keeping import bring_up_to_date
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.window import arrived, key, leave, press, sign_in, source, visit
from tests.render.browser import Tab

EVENING = datetime.now(UTC).replace(hour=18, minute=5, second=0, microsecond=0) - timedelta(days=2)
DAY = f"{EVENING:%Y-%m-%d}"


@pytest.fixture
def filled(desk: Desk, browser: Tab) -> Desk:
    """32 calls of each of two trunks in 40 minutes, one trunk bad; and somebody who looks at them."""
    hours = (datetime.now(UTC) - EVENING).total_seconds() / 3600
    for number in range(32):
        desk.call(f"bad {number}", BAD, hours=hours - number / 50, trunk="T<1>", tags={"headset": "wired"})
        desk.call(f"fine {number}", FINE, hours=hours - number / 50, trunk="T2")
    desk.call("another's", BAD, hours=hours, trunk="SECRET", tenant="other")
    desk.person("ann", "viewer")
    sign_in(browser, desk.address, "ann")
    return desk


def test_worst_first_with_intervals_and_a_way_to_the_calls(filled: Desk, browser: Tab) -> None:
    visit(browser, f"{filled.address}/trends?by=trunk")
    assert "SECRET" not in source(browser)
    names = browser.ask("[...document.querySelectorAll('table.numbers th.name a')].map(one => one.textContent)")
    assert names == ["T<1>", "T2"]
    assert browser.ask("document.querySelectorAll('table.numbers')[1].rows[1].cells[1].textContent") == "32"
    assert "–" in browser.ask("document.querySelectorAll('table.numbers')[1].rows[1].cells[2].textContent")
    leave(browser, "document.querySelector('table.numbers th.name a').click()")
    assert browser.ask("document.querySelectorAll('table.calls tbody tr').length") == 32
    assert browser.ask("location.pathname") == "/calls"


def test_a_cell_of_the_map_leads_to_its_hour(filled: Desk, browser: Tab) -> None:
    visit(browser, f"{filled.address}/trends?by=trunk&zone=Asia/Kolkata&since={DAY}")
    hours = browser.ask(
        "[...document.querySelectorAll('table.heat tbody tr:first-child td')].findIndex(one => one.innerText)"
    )
    assert hours == 0  # the first calls after midnight, and before it those from 23:35 on
    leave(browser, "document.querySelector('table.heat tbody tr').cells[24].querySelector('a').click()")
    assert "hour=23" in browser.ask("location.search")
    assert browser.ask("document.querySelectorAll('table.calls tbody tr').length") == 21  # before midnight
    assert browser.ask("document.getElementById('zone').value") == "Asia/Kolkata"


def test_by_keyboard_alone(filled: Desk, browser: Tab) -> None:
    visit(browser, f"{filled.address}/trends?by=trunk")
    press(browser, "document.getElementById('below').focus(); document.getElementById('below').value = '4.2'")
    browser.ask("window.here = true")
    key(browser, "Enter")
    arrived(browser)
    assert "below=4.2" in browser.ask("location.search")
    assert "Below 4.2" in browser.ask("document.querySelector('main').innerText")
    browser.ask("document.querySelector('table.heat td a').focus()")
    browser.ask("window.here = true")
    key(browser, "Enter")
    arrived(browser)
    assert browser.ask("location.pathname") == "/calls"


def test_few_calls_are_too_few_and_mistakes_are_said(filled: Desk, browser: Tab) -> None:
    filled.call("alone", FINE, hours=1, trunk="T3")
    bring_up_to_date(filled.service.store.engine)
    visit(browser, f"{filled.address}/trends?by=trunk&since=2026-99-01&zone=Mars&below=9")
    said = browser.ask("[...document.querySelectorAll('[role=alert]')].map(one => one.textContent).join(' ')")
    assert "a day is written as in" in said
    assert "no time zone" in said
    assert "Share below" in said
    row = browser.ask("[...document.querySelectorAll('table.numbers')][1].rows[3].innerText")
    assert row.startswith("T3")
    assert "too few" in row
    assert "headset" in browser.ask("document.getElementById('by').innerText")


def test_what_is_not_known_leads_to_calls_without_it(filled: Desk, browser: Tab) -> None:
    visit(browser, f"{filled.address}/trends?by=headset")
    leave(browser, "[...document.querySelectorAll('table.numbers th.name a')].at(-1).click()")
    assert browser.ask("location.search").startswith("?since=")
    assert browser.ask("[...document.querySelectorAll('td.call')].every(one => one.innerText.startsWith('fine'))")


def test_the_table_is_to_be_had_as_csv(filled: Desk, browser: Tab) -> None:
    visit(browser, f"{filled.address}/trends")
    text = browser.ask("fetch('/trends.csv?by=trunk').then(answer => answer.text())")
    assert text.startswith("trunk,scale,estimator,calls")
    assert "SECRET" not in text


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_stands_out_of_the_page(filled: Desk, browser: Tab, width: int) -> None:
    visit(browser, f"{filled.address}/trends?by=trunk", width=width)
    assert browser.ask("document.documentElement.scrollWidth") <= width
