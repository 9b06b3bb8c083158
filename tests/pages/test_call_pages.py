"""The list of calls and the page of one call, as people see them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audioqa.store import Query
from audioqa.web.filters import read_filter
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.window import drawn, key, leave, press, sign_in, source, visit
from tests.render.browser import Tab

HOSTILE = '"><script>document.title = "broken in"</script><img src=x onerror=alert(1)>'


@pytest.fixture
def signed_in(desk: Desk, browser: Tab) -> Tab:
    desk.person("ann", "admin")
    sign_in(browser, desk.address, "ann")
    return browser


def names(tab: Tab) -> list[str]:
    found = tab.ask("[...document.querySelectorAll('td.call a')].map((link) => link.textContent)")
    assert isinstance(found, list)
    return found


def test_the_worst_call_stands_first_and_columns_sort(desk: Desk, signed_in: Tab) -> None:
    desk.call("fine", FINE, hours=5)
    desk.call("bad", BAD, hours=9)
    visit(signed_in, f"{desk.address}/calls")
    assert names(signed_in) == ["bad", "fine"]
    leave(signed_in, "document.querySelector('th a').click()")
    assert names(signed_in) == ["fine", "bad"]
    leave(signed_in, "document.querySelectorAll('th a')[1].click()")
    assert names(signed_in) == ["fine", "bad"]  # the newest first
    leave(signed_in, "document.querySelectorAll('th a')[1].click()")
    assert names(signed_in) == ["bad", "fine"]


def test_a_filter_is_kept_under_a_name_and_forgotten(desk: Desk, signed_in: Tab) -> None:
    desk.call("one", trunk="T1")
    desk.call("two", trunk="T2")
    visit(signed_in, f"{desk.address}/calls?trunk=T2&flagged=yes")
    assert names(signed_in) == ["two"]
    press(signed_in, "document.getElementById('filter-name').value = 'trunk two'")
    leave(signed_in, "document.querySelector('form[action=\"/calls/filters\"]').requestSubmit()")
    visit(signed_in, f"{desk.address}/calls")
    leave(signed_in, "document.querySelector('.saved a').click()")
    assert names(signed_in) == ["two"]
    leave(signed_in, "document.querySelector('.saved form').requestSubmit()")
    assert signed_in.ask("document.querySelector('.saved')") is None


def test_a_long_list_goes_on_page_by_page(desk: Desk, signed_in: Tab) -> None:
    for number in range(53):
        desk.call(f"call-{number}", FINE)
    visit(signed_in, f"{desk.address}/calls")
    first = names(signed_in)
    leave(signed_in, "document.querySelector('a[rel=next]').click()")
    rest = names(signed_in)
    assert (len(first), len(rest)) == (50, 3)
    assert set(first) | set(rest) == {f"call-{number}" for number in range(53)}


def test_metadata_cannot_break_out_of_a_page(desk: Desk, signed_in: Tab) -> None:
    number = desk.call(HOSTILE, trunk=HOSTILE, agent=HOSTILE, tags={HOSTILE: HOSTILE})
    desk.queue().refresh()
    for address in ("/calls", f"/calls/{number}", f"/calls?trunk={HOSTILE.replace('#', '')}", "/review/incidents"):
        visit(signed_in, desk.address + address)
        assert signed_in.ask("document.title") != "broken in"
        assert signed_in.ask("document.querySelector('img')") is None
    visit(signed_in, f"{desk.address}/calls/{number}")
    drawn(signed_in)
    assert HOSTILE in signed_in.ask("document.getElementById('known').textContent")


def test_an_event_is_heard_with_two_seconds_around_it(desk: Desk, signed_in: Tab) -> None:
    number = desk.call("call")
    visit(signed_in, f"{desk.address}/calls/{number}")
    drawn(signed_in)
    signed_in.until("sound.readyState >= 2")
    buttons = "[...document.querySelectorAll('#event-list button')]"
    last = f"{buttons}.sort((x, y) => y.dataset.start - x.dataset.start)[0]"
    start, end = signed_in.ask(f"[Number({last}.dataset.start), Number({last}.dataset.end)]")
    press(signed_in, f"{last}.click()")
    signed_in.until("!sound.paused")
    assert signed_in.ask("stopAt") == pytest.approx(end + 2, abs=0.01)
    assert signed_in.ask("sound.currentTime") == pytest.approx(start - 2, abs=1.0)
    key(signed_in, " ")
    signed_in.until("sound.paused")
    before = signed_in.ask("position")
    signed_in.press("ArrowRight")
    assert signed_in.ask("position") > before
    signed_in.press("n")
    signed_in.until("current >= 0 && !sound.paused")


def test_the_page_of_a_call_tells_all_that_its_report_does(desk: Desk, signed_in: Tab) -> None:
    number = desk.call("call", trunk="T7", network={"loss": 2.5}, tags={"headset": "wired"})
    visit(signed_in, f"{desk.address}/calls/{number}")
    drawn(signed_in)
    shown = signed_in.ask("document.querySelector('main').innerText")
    for words in ("2.20", "Bad", "26 dropouts", "Likely causes", "Worst 30 s", "T7", "2.5", "wired", "Reviews"):
        assert words in shown
    # The picture has a waveform and a spectrogram of each party, and the MOS below them.
    assert signed_in.ask("drawing.channels.length") == 2
    assert signed_in.ask("lanes.mos > 0 && drawing.bands.length") == 5
    report = signed_in.ask("fetch(document.querySelector('.actions a').href).then((answer) => answer.json())")
    assert report["mos"]["value"] == pytest.approx(2.2, abs=0.01)
    assert signed_in.ask("getComputedStyle(document.documentElement).overflowX") != "scroll"


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window_or_fetches_from_elsewhere(desk: Desk, signed_in: Tab, width: int) -> None:
    number = desk.call("a-call-with-a-rather-long-name-as-recorders-have-it-2026-03-02-15-00-00", trunk="T" * 60)
    desk.judge("someone")
    for address in ("/calls", f"/calls/{number}", "/review", "/review/incidents", "/quality", "/settings"):
        signed_in.requests.clear()
        visit(signed_in, desk.address + address, width=width)
        if address == f"/calls/{number}":
            drawn(signed_in)
        assert signed_in.ask("document.documentElement.scrollWidth") <= width, address
        assert [one for one in signed_in.requests if not one.startswith((desk.address, "blob:", "data:"))] == []


def test_a_call_whose_recording_is_gone_still_shows_its_report(desk: Desk, signed_in: Tab, tmp_path: Any) -> None:
    import shutil

    copy = tmp_path / "copy.wav"
    shutil.copyfile(desk.fixture(BAD), copy)
    number = desk.call("gone", path=copy)
    copy.unlink()
    visit(signed_in, f"{desk.address}/calls/{number}")
    signed_in.until("document.documentElement.dataset.ready === 'without'")
    assert "26 dropouts" in source(signed_in)
    assert "No picture" in signed_in.ask("document.getElementById('no-player').textContent")


def test_what_is_typed_into_a_filter_is_understood_or_refused_in_words() -> None:
    chosen = read_filter(
        {"since": "2026-03-01", "until": "2026-03-02", "mos_below": "3,6", "tag": "headset = wired", "sort": "newest"},
        tenant="t",
    )
    assert chosen.query == Query(
        tenant="t",
        since=datetime(2026, 3, 1, tzinfo=UTC),
        until=datetime(2026, 3, 3, tzinfo=UTC),
        mos_below=3.6,
        tags={"headset": "wired"},
        sort="newest",
    )
    assert chosen.wrong == ()
    wrong = read_filter({"since": "yesterday", "mos_below": "9", "tag": "x", "sort": "random"}, tenant="").wrong
    assert len(wrong) == 4


def test_an_address_that_no_list_gave_out_leads_to_the_first_page(desk: Desk, signed_in: Tab) -> None:
    desk.call("call")
    visit(signed_in, f"{desk.address}/calls?after=nonsense")
    assert names(signed_in) == ["call"]
