"""Programs: a recording in, its report out; the same upload twice is one; lists, sound and deleting."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from audioqa.cli import app
from web.serving import Served, recording


def test_a_scored_upload_says_what_its_call_came_to(call: dict[str, Any], call_file: Path) -> None:
    assert call["state"] == "scored"
    assert call["file_name"] == call_file.name
    assert call["size"] == call_file.stat().st_size
    assert 1 <= call["call"]["mos"] <= 5
    assert "channel" not in call["call"]["why"]  # the parties have names


def test_the_report_is_the_command_lines_byte_for_byte(
    served: Served,
    call: dict[str, Any],
    call_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    got = served.get(f"/api/v1/calls/{call['call']['id']}/report")
    monkeypatch.chdir(call_file.parent)
    words = ["score", call_file.name, "--channels", "agent,customer", "--network", "loss=1.5", "--json"]
    app(words, standalone_mode=False)
    assert got.content == capsysbinary.readouterr().out


def test_what_was_said_of_a_call_is_known_of_it(served: Served, call: dict[str, Any]) -> None:
    got = served.get(f"/api/v1/calls/{call['call']['id']}").json()
    assert (got["call_id"], got["agent"], got["roles"]) == ("call-1", "7", ["agent", "customer"])
    assert (got["tags"], got["network"]) == ({"team": "blue"}, {"loss": 1.5})
    assert got["file_name"] == "call one.wav"


def test_events_can_be_asked_for_by_kind(served: Served, call: dict[str, Any]) -> None:
    path = f"/api/v1/calls/{call['call']['id']}"
    report = served.get(f"{path}/report").json()
    assert report["events"]
    assert served.get(f"{path}/events").json()["events"] == report["events"]
    kind = report["events"][0]["kind"]
    some = served.get(f"{path}/events", params={"kind": kind}).json()["events"]
    assert some == [event for event in report["events"] if event["kind"] == kind]
    assert served.get(f"{path}/events", params={"kind": "no such kind"}).json()["events"] == []


def test_the_recording_comes_back_as_it_was_sent_and_by_ranges(
    served: Served, call: dict[str, Any], call_file: Path
) -> None:
    path, sent = f"/api/v1/calls/{call['call']['id']}/audio", call_file.read_bytes()
    whole = served.get(path)
    assert (whole.content, whole.headers["content-type"]) == (sent, "audio/wav")
    part = served.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, sent[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(sent)}"
    assert served.get(path, headers={"Range": f"bytes={len(sent)}-"}).status_code == 416


def test_a_clip_is_its_stretch_sample_by_sample(served: Served, call: dict[str, Any], call_file: Path) -> None:
    path = f"/api/v1/calls/{call['call']['id']}/clip"
    got = served.get(path, params={"start": 1.5, "end": 2.25, "channel": 1})
    with wave.open(io.BytesIO(got.content)) as clip, wave.open(str(call_file)) as original:
        original.setpos(12_000)
        both = original.readframes(6000)
        assert (clip.getnframes(), clip.getnchannels()) == (6000, 1)
        assert clip.readframes(6000) == b"".join(both[at : at + 2] for at in range(0, len(both), 4))
    assert served.get(path, params={"start": 0, "end": 999}).status_code == 422
    assert served.get(path, params={"start": 90, "end": 91}).status_code == 422
    assert served.get(path, params={"start": 1, "end": 2, "channel": 3}).status_code == 422


def test_a_masked_clip_is_as_long_and_is_not_the_recording(served: Served, call: dict[str, Any]) -> None:
    path = f"/api/v1/calls/{call['call']['id']}/clip"
    wanted: dict[str, Any] = {"start": 0, "end": 8}
    plain, masked = served.get(path, params=wanted), served.get(path, params=wanted | {"masked": True})
    assert masked.status_code in (200, 422), masked.text  # no clip comes out where it might be understood
    if masked.status_code == 200:
        assert masked.headers["content-disposition"].startswith("attachment")
        assert len(masked.content) == len(plain.content)
        assert masked.content[100:] != plain.content[100:]
    else:
        assert "no masked clip came out" in masked.json()["detail"]


def test_every_browser_can_play_a_call(served: Served, call: dict[str, Any]) -> None:
    got = served.get(f"/api/v1/calls/{call['call']['id']}/listening")
    assert got.headers["content-type"] == "audio/wav"
    assert (
        served.get(f"/api/v1/calls/{call['call']['id']}/listening", headers={"Range": "bytes=0-3"}).content == b"RIFF"
    )


def test_who_heard_a_call_is_noted_once_for_many_ranges(served: Served, call: dict[str, Any]) -> None:
    path = f"/api/v1/calls/{call['call']['id']}/audio"
    for start in (0, 50, 100):
        served.get(path, headers={"Range": f"bytes={start}-"})
    served.get(path, params={"download": True})
    acts = served.get("/api/v1/audit", params={"call_id": "call-1"}).json()["acts"]
    assert [act["what"] for act in acts].count("played") == 1
    assert [act["what"] for act in acts].count("exported the recording") == 1
    assert all(act["who"].startswith("key:") and act["address"] for act in acts)


def test_the_same_upload_under_one_key_is_one(served: Served, tmp_path: Path) -> None:
    path = recording(tmp_path / "twice.wav", seconds=2, seed=21)

    def send(**fields: str) -> Any:
        headers = served.headers() | {"Idempotency-Key": "once"}
        return served.client.post(
            "/api/v1/uploads", files={"recording": path.read_bytes()}, data=fields, headers=headers
        )

    first, second = send(agent="1"), send(agent="1")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["idempotent-replayed"] == "true"
    other = send(agent="2")
    assert (other.status_code, other.json()["type"]) == (422, "tag:audioqa:reused")


def test_another_recording_of_a_call_needs_to_be_asked_for(served: Served, tmp_path: Path) -> None:
    one, two = (recording(tmp_path / f"{seed}.wav", seconds=4, seed=seed) for seed in (31, 32))
    before = served.scored(one, call_id="changing")
    again = served.send(one, call_id="changing")
    assert again.json()["id"] == before["id"]
    refused = served.send(two, call_id="changing")
    assert (refused.status_code, refused.json()["type"]) == (409, "tag:audioqa:conflict")
    after = served.scored(two, call_id="changing", replace="true")
    assert after["call"]["id"] == before["call"]["id"]
    assert served.get(f"/api/v1/calls/{after['call']['id']}/audio").content == two.read_bytes()


@pytest.mark.usefixtures("call")
def test_a_list_is_the_worst_first_and_goes_on_where_its_page_ended(served: Served) -> None:
    every = served.get("/api/v1/calls", params={"limit": 500}).json()
    assert every["next"] is None
    ranks = [one["mos"] if one["mos"] is not None else 0.0 for one in every["calls"]]
    assert ranks == sorted(ranks)
    seen, cursor = [], None
    while True:
        page = served.get("/api/v1/calls", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        seen += [one["id"] for one in page["calls"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [one["id"] for one in every["calls"]]
    assert served.get("/api/v1/calls", params={"cursor": "nonsense"}).status_code == 422


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"agent": "7"}, True),
        ({"agent": "8"}, False),
        ({"tag": "team:blue"}, True),
        ({"tag": "team:red"}, False),
        ({"call_id": "call-1"}, True),
        ({"until": "2001-01-01T00:00:00Z"}, False),
        ({"event": "no such event"}, False),
    ],
)
def test_a_list_can_be_narrowed(served: Served, wanted: dict[str, str], *, found: bool) -> None:
    listed = served.get("/api/v1/calls", params=wanted).json()["calls"]
    assert ([one["call_id"] for one in listed] == ["call-1"]) is found


def test_what_cannot_be_scored_says_why(served: Served, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\x24\x00\x00\x00WAVE" + b"\xff" * 2000)
    upload = served.scored(broken)
    assert upload["state"] == "failed"
    assert upload["failure"]["kind"] == "unreadable"
    assert upload["call"] is None
    assert str(served.service.keeping.folder) not in json.dumps(upload)


def test_two_legs_are_one_call_and_a_reference_brings_pesq(served: Served, tmp_path: Path) -> None:
    import soundfile
    from speechlike import speechlike

    for name, seed in (("near", 41), ("far", 42)):
        soundfile.write(tmp_path / f"{name}.wav", speechlike(6, seed=seed), 8000, subtype="PCM_16")
    files = [
        ("recording", ("near.wav", (tmp_path / "near.wav").read_bytes())),
        ("recording", ("far.wav", (tmp_path / "far.wav").read_bytes())),
        ("reference", ("near.wav", (tmp_path / "near.wav").read_bytes())),
    ]
    sent = served.client.post("/api/v1/uploads", files=files, headers=served.headers())
    upload = served.wait(sent.json()["id"])
    assert upload["state"] == "scored", upload
    report = served.get(f"/api/v1/calls/{upload['call']['id']}/report").json()
    assert len(report["recording"]["channels"]) == 2
    assert report["pesq"]
    assert report["recording"]["path"] == "near.wav + far.wav"
    leg = served.get(f"/api/v1/calls/{upload['call']['id']}/audio", params={"leg": 2})
    assert leg.content == (tmp_path / "far.wav").read_bytes()


def test_a_deleted_call_leaves_nothing_but_that_it_was_deleted(served: Served, tmp_path: Path) -> None:
    path = recording(tmp_path / "secret name.wav", seconds=4, seed=51)
    upload = served.scored(path, call_id="to be forgotten", note="secret words")
    number = upload["call"]["id"]
    served.get(f"/api/v1/calls/{number}/listening")
    folder = served.service.keeping.folder
    assert list(folder.glob("audio/*/secret name.wav"))
    assert list(folder.glob(f"derived/{number}-*"))
    assert served.client.delete(f"/api/v1/calls/{number}", headers=served.headers()).status_code == 204
    assert not list(folder.glob("audio/*/secret name.wav"))
    assert not list(folder.glob(f"derived/{number}-*"))
    for path_asked in (f"/api/v1/calls/{number}", f"/api/v1/calls/{number}/audio", f"/api/v1/uploads/{upload['id']}"):
        assert served.get(path_asked).status_code == 404
    acts = served.get("/api/v1/audit", params={"call_id": "to be forgotten"}).json()["acts"]
    assert "deleted" in [act["what"] for act in acts]
    database = folder / "calls.db"
    assert b"secret words" not in database.read_bytes() + Path(f"{database}-wal").read_bytes()


def test_an_upload_that_failed_can_be_deleted_too(served: Served, tmp_path: Path) -> None:
    broken = tmp_path / "forget me.wav"
    broken.write_bytes(b"RIFF\x24\x00\x00\x00WAVE" + b"\xfe" * 2000)
    upload = served.scored(broken)
    assert served.client.delete(f"/api/v1/uploads/{upload['id']}", headers=served.headers()).status_code == 204
    assert served.get(f"/api/v1/uploads/{upload['id']}").status_code == 404
    assert not list(served.service.keeping.folder.glob("audio/*/forget me.wav"))


def test_the_service_says_that_it_lives_and_is_ready(served: Served) -> None:
    assert served.client.get("/health").json() == {"status": "alive"}
    assert served.client.get("/ready").json() == {"status": "ready"}


def test_figures_name_no_tenant_and_no_call_and_are_not_for_everybody(served: Served, call: dict[str, Any]) -> None:
    assert served.client.get("/metrics").status_code == 403  # the client is none of this machine's addresses
    text = served.service.metrics.text(served.service.store, served.service.keeping.folder).decode()
    assert 'audioqa_uploads_total{outcome="accepted"}' in text
    assert "audioqa_jobs_waiting 0.0" in text
    assert "alpha" not in text
    assert call["call_id"] not in text
    assert 'route="/api/v1/calls/{call}"' in text
