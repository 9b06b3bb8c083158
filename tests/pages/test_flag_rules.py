"""Rules that change flag the calls that are there anew, and nothing is scored again."""

from __future__ import annotations

from pathlib import Path

import pytest

from audioqa.errors import SettingsError
from audioqa.service.flagging import Flagging
from audioqa.settings import Settings
from audioqa.store import Query, open_store
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.test_admin_pages import Person


def flagged(desk: Desk, tenant: str = "") -> dict[str, str]:
    """The calls that are flagged, and why."""
    for _ in desk.service.flagging.keep_up():
        pass
    return {row.info.call_id: row.why for row in desk.service.store.calls(Query(tenant=tenant, flagged=True))}


def test_a_threshold_that_is_applied_flags_other_calls(desk: Desk) -> None:
    desk.person("ann", "lead")
    lead = Person(desk.service, "ann")
    desk.call("fine", FINE)
    desk.call("bad", BAD)
    assert set(flagged(desk)) == {"bad"}
    assert lead.post("/quality/threshold", value="4.9").status_code == 303
    assert "2 calls are still judged" in lead.get("/quality").text
    assert set(flagged(desk)) == {"bad", "fine"}
    assert "below 4.9" in flagged(desk)["fine"]
    assert desk.service.flagging.threshold("low-mos", "mos", tenant="") == 4.9
    assert "still judged" not in lead.get("/quality").text
    shown = desk.service.store.show("fine", tenant="")
    assert [flag["rule"] for flag in shown.content["flags"]] == ["low-mos", "low-mos"]
    assert shown.content["flags"][0]["channel"] == "agent"
    assert {turn.call_id for turn in (desk.judge("x"), desk.judge("x"))} == {"bad", "fine"}
    assert lead.post("/quality/threshold", value="1").status_code == 303
    assert set(flagged(desk)) == {"bad"}  # for its dropouts
    assert "MOS 2.2 (Bad) over the call" not in flagged(desk)["bad"]


def test_a_reviewer_applies_no_threshold(desk: Desk) -> None:
    desk.person("bob", "reviewer")
    assert Person(desk.service, "bob").post("/quality/threshold", value="4.9").status_code == 403


def test_a_rule_of_ones_own_asks_for_what_is_known_of_a_call(desk: Desk) -> None:
    desk.person("ann", "admin")
    admin = Person(desk.service, "ann")
    desk.call("one", FINE, trunk="T1")
    desk.call("two", FINE, trunk="T2")
    desk.call("theirs", FINE, trunk="T1", tenant="other")
    rule = """\
[[flags.rules]]
name = "trunk-one"
for = "call"
when = 'call.trunk = "T1"'
reason = "over trunk one"
"""
    assert admin.post("/settings/rules", rules=rule).status_code == 303
    assert flagged(desk) == {"one": "over trunk one"}
    assert flagged(desk, "other") == {}
    assert "trunk-one" in admin.get("/settings").text
    refused = admin.post("/settings/rules", rules='[[flags.rules]]\nname = "x"\nwhen = "mos <"\n')
    assert refused.status_code == 422
    assert flagged(desk) == {"one": "over trunk one"}
    assert admin.post("/settings/rules", rules="").status_code == 303
    assert flagged(desk) == {}


def test_a_drop_against_the_median_of_its_trunk_flags_a_call(desk: Desk) -> None:
    for number in range(20):
        desk.call(f"usual-{number}", FINE, trunk="T1", hours=30)
    desk.call("drop", BAD, trunk="T1", hours=2)
    desk.call("lonely", BAD, trunk="T2", hours=2)
    rule = '[[flags.rules]]\nname = "drop"\nfor = "call"\nwhen = "drop.trunk > 1"\nreason = "worse than usual"\n'
    desk.service.flagging.set_text(rule, tenant="", by="test")
    found = flagged(desk)
    assert "worse than usual" in found["drop"]
    assert "worse than usual" not in found["lonely"]  # its trunk has too few calls


def test_other_words_are_no_rules(desk: Desk) -> None:
    for text in ("not toml", "threads = 2\n[flags]\ndefaults = false", '[[flags.rules]]\nwhen = "mos < 3"'):
        with pytest.raises(SettingsError):
            desk.service.flagging.set_text(text, tenant="", by="test")


def test_thresholds_of_any_rule_are_tried_and_applied_on_the_page(desk: Desk) -> None:
    desk.person("ann", "lead")
    lead = Person(desk.service, "ann")
    desk.call("fine", FINE)
    desk.call("bad", BAD)
    shown = lead.get("/quality?threshold=dropouts+count").text
    assert "dropouts: count &gt;=" in shown
    assert "in force" in shown
    assert lead.get("/quality?threshold=dropouts+nothing").status_code == 200
    assert "no threshold of" in lead.get("/quality?threshold=dropouts+nothing").text
    applied = lead.post("/quality/threshold", threshold="dropouts count", value="1000")
    assert (applied.status_code, applied.headers["location"]) == (303, "/quality?threshold=dropouts+count#rules")
    assert lead.post("/quality/threshold", threshold="dropouts seconds", value="1000").status_code == 303
    assert "dropouts" not in flagged(desk).get("bad", "")
    assert desk.service.flagging.threshold("dropouts", "count", tenant="") == 1000
    assert lead.post("/quality/threshold", threshold="low-mos mos", value="7").status_code == 422
    assert lead.post("/quality/threshold", threshold="nothing mos", value="3").status_code == 422
    desk.person("bob", "reviewer")
    assert (
        Person(desk.service, "bob").post("/quality/threshold", threshold="dropouts count", value="1").status_code == 403
    )


def test_a_threshold_of_a_rule_of_the_configuration_is_set_for_the_tenant(tmp_path: Path) -> None:
    rule = {"name": "long", "for": "call", "when": "duration >= 60", "reason": "it is long"}
    flagging = Flagging(open_store(str(tmp_path / "calls.db")), Settings.model_validate({"flags": {"rules": [rule]}}))
    flagging.set_threshold("long", "duration", 90, tenant="", by="test")
    assert flagging.threshold("long", "duration", tenant="") == 90
    assert flagging.threshold("long", "duration", tenant="other") == 60
    flagging.store.close()
