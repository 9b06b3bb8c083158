"""From upload to verdict in a real browser: nothing gives the score away before the rating."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pages.desk import BAD, FINE, Desk, report_json, serving
from tests.pages.window import arrived, drawn, key, leave, press, sign_in, source, visit
from tests.render.browser import Tab


def start_review(tab: Tab, desk: Desk) -> None:
    """Take the next call, by keyboard: the button has the focus."""
    visit(tab, f"{desk.address}/review")
    tab.until("document.activeElement?.tagName === 'BUTTON'")
    tab.ask("window.here = true")
    key(tab, "Enter")
    arrived(tab)
    drawn(tab)


def secrets_of(name: str, call_id: str) -> dict[str, str]:
    """What must not be seen before the rating, by what it is."""
    report = json.loads(report_json(name))
    found = {"call": call_id, "file": Path(name).stem, "score": f"{report['mos']['value']:.2f}"}
    found |= {f"rule {flag['rule']}": flag["rule"] for flag in report["flags"]}
    found |= {f"event {event['kind']}": event["kind"] for event in report["events"]}
    found |= {f"digest {number}": report[name][:16] for number, name in enumerate(("settings_digest",))}
    found["hash"] = report["recording"]["sha256"][:16]
    return found


def test_a_review_by_keyboard_alone_from_the_queue_to_the_verdict(desk: Desk, browser: Tab) -> None:
    desk.call("the-call-47", trunk="T1", agent="Anna")
    desk.person("ann")
    sign_in(browser, desk.address, "ann")
    visit(browser, f"{desk.address}/review")
    assert browser.ask("document.getElementById('waiting').textContent") == "1"
    start_review(browser, desk)
    browser.until("!document.getElementById('play').disabled")
    key(browser, " ")
    browser.until("document.getElementById('play').textContent === 'Pause'")
    key(browser, " ")
    key(browser, "2")
    assert browser.ask("document.querySelector('input[name=rating]:checked').value") == "2"
    browser.ask("window.here = true")
    key(browser, "Enter")
    arrived(browser)
    drawn(browser)
    assert "the-call-47" in source(browser)
    assert "dropouts" in source(browser)
    key(browser, "n")  # hear the next event
    browser.until("document.getElementById('play').textContent === 'Pause'")
    key(browser, "c")
    key(browser, "l")
    key(browser, " ")  # the first label
    key(browser, "t")
    browser.send("Input.insertText", text="choppy from the start")
    browser.ask("window.here = true")
    key(browser, "Enter", control=True)
    arrived(browser)
    assert "Nothing waits for you" in source(browser)
    assert browser.ask("document.getElementById('waiting')") is None
    trail = desk.trail("the-call-47")
    assert [(act.what, act.by) for act in trail] == [("given", "ann"), ("rated", "ann"), ("judged", "ann")]
    assert trail[1].rating == 2
    assert (trail[2].verdict, trail[2].labels, trail[2].note) == (
        "confirmed",
        ("choppy_robotic",),
        "choppy from the start",
    )


def test_from_an_upload_to_its_verdict(tmp_path: Path, browser: Tab) -> None:
    with serving(tmp_path / "service", scores=True) as desk:
        desk.person("ann")
        sign_in(browser, desk.address, "ann")
        visit(browser, f"{desk.address}/upload")
        press(browser, "document.getElementById('roles').value = 'agent,customer'")
        document = browser.send("DOM.getDocument")["root"]["nodeId"]
        chooser = browser.send("DOM.querySelector", nodeId=document, selector="#files")["nodeId"]
        browser.send("DOM.setFileInputFiles", nodeId=chooser, files=[str(desk.fixture(BAD))])
        browser.until("document.querySelector('#list a') !== null", seconds=90)
        leave(browser, "document.querySelector('#list a').click()")
        drawn(browser)
        assert "26 dropouts" in source(browser)
        press(browser, "document.querySelector('#event-list button').click()")
        browser.until("!sound.paused")
        start_review(browser, desk)
        assert "26 dropouts" not in source(browser)
        key(browser, "1")
        browser.ask("window.here = true")
        key(browser, "Enter")
        arrived(browser)
        assert "26 dropouts" in source(browser)
        key(browser, "c")
        browser.ask("window.here = true")
        key(browser, "Enter")
        arrived(browser)
        assert "Nothing waits for you" in source(browser)


@pytest.mark.parametrize("recording", [BAD, FINE])
def test_nothing_gives_the_score_away_before_the_rating(desk: Desk, browser: Tab, recording: str) -> None:
    """The page, its source and all that it asks for are searched for score, flags, events and the name of the call."""
    number = desk.call("secret-name", BAD)
    if recording != BAD:  # a call of the sample, which no rule flags
        desk.call("secret-name", recording)
        desk.call("another", BAD)
    desk.person("ann")
    sign_in(browser, desk.address, "ann")
    for _ in range(2):
        start_review(browser, desk)
        turn = desk.current("ann")
        if turn.call == number:
            break
        desk.judge("ann")
    assert turn.call == number
    browser.requests.clear()
    visit(browser, f"{desk.address}/review")
    drawn(browser)
    browser.until("!document.getElementById('play').disabled")
    addresses = sorted(set(browser.requests))
    assert any(address.endswith("/picture") for address in addresses)
    secrets = secrets_of(recording, "secret-name")
    answers = [address for address in addresses if address.startswith(desk.address) and "/static/" not in address]
    assert any(address.endswith("/sound") for address in answers)
    # The browser looks by itself: what it got is large.
    found = browser.ask(
        f"""(async () => {{
          const secrets = {json.dumps(list(secrets.values()))}, found = [];
          const look = (where, text) => secrets.forEach((one) => text.includes(one) && found.push([where, one]));
          look("the page as it stands", document.documentElement.outerHTML);
          for (const address of {json.dumps([*answers, f"{desk.address}/review/{turn.key}"])}) {{
            const answer = await fetch(address);
            look(address, [answer.url, answer.status, ...answer.headers].join("\\n") + await answer.text());
          }}
          return found;
        }})()"""
    )
    assert found == []
    names = browser.ask(
        f"fetch('/review/{turn.key}/picture').then((a) => a.json()).then((p) => [Object.keys(p), p.bands])"
    )
    assert names == [["duration", "around", "blind", "bands", "audio", "channels"], []]
    shown = json.loads(browser.ask("document.getElementById('report').textContent"))
    assert shown["events"] == shown["phases"] == shown["parties"] == []
    assert set(shown) == {"recording", "parties", "events", "phases", "mos"}
    assert not browser.ask(
        "[...document.querySelectorAll('button')].some((b) => /event/.test(b.title) && b.offsetParent)"
    )


def test_a_flagged_call_and_one_of_the_sample_look_the_same_before_the_rating(desk: Desk, browser: Tab) -> None:
    desk.call("one", BAD)
    desk.call("two", BAD)
    desk.call("two", FINE)
    desk.person("reviewer-one")
    desk.person("reviewer-two")
    pages = []
    for who in ("reviewer-one", "reviewer-two"):
        sign_in(browser, desk.address, who)
        start_review(browser, desk)
        turn = desk.current(who)
        page = browser.ask(f"fetch('/review/{turn.key}').then((a) => a.text())")
        csrf = browser.ask("document.querySelector('meta[name=csrf-token]').content")
        pages.append(
            page.replace(csrf, "").replace(f"/{turn.key}/", "//").replace(f'turn="{turn.key}"', "").replace(who, "")
        )
        visit(browser, f"{desk.address}/review")
        leave(browser, "document.querySelector('.bar form').requestSubmit()")
    first, second = (page.replace(">1 today", ">2 today") for page in pages)
    assert first == second


def test_going_to_the_page_of_a_turn_without_a_rating_shows_nothing(desk: Desk, browser: Tab) -> None:
    desk.call("secret-name")
    desk.person("ann")
    sign_in(browser, desk.address, "ann")
    start_review(browser, desk)
    turn = desk.current("ann")
    assert "secret-name" not in browser.ask(f"fetch('/review/{turn.key}').then((a) => a.text())")
    token = browser.ask("document.querySelector('meta[name=csrf-token]').content")
    # A verdict before the rating is refused, and what is refused tells nothing.
    answer = browser.ask(
        f"fetch('/review/{turn.key}/verdict', {{ method: 'POST', headers: {{ 'X-CSRF-Token': '{token}' }}, "
        "body: new URLSearchParams({ verdict: 'confirmed' }) }).then(async (a) => a.status + await a.text())"
    )
    assert answer.startswith("422")
    assert "rating comes first" in answer
    assert "secret-name" not in answer
    leave(browser, "document.getElementById('back').requestSubmit()")
    assert browser.ask(f"fetch('/review/{turn.key}/picture').then((a) => a.status)") == 404
    assert browser.ask(f"fetch('/review/{turn.key}/sound').then((a) => a.status)") == 404


def test_a_verdict_can_be_changed_and_both_stay_in_the_trail(desk: Desk, browser: Tab) -> None:
    number = desk.call("changed")
    desk.person("ann")
    desk.judge("ann")
    sign_in(browser, desk.address, "ann")
    visit(browser, f"{desk.address}/calls/{number}")
    leave(browser, "document.querySelector('#reviews a').click()")
    assert browser.ask("document.querySelector('input[name=verdict]:checked').value") == "confirmed"
    press(browser, "document.querySelector('input[value=recorder-fault]').click()")
    leave(browser, "document.getElementById('judge').requestSubmit()")
    assert browser.ask("location.pathname") == f"/calls/{number}"
    rows = browser.ask("[...document.querySelectorAll('#reviews tbody tr')].map((row) => row.children[2].textContent)")
    assert rows == ["given", "rated", "judged", "changed"]
