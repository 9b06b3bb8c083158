"""What is no recording, too large, too slow, or means to do harm is refused with a clear word, or is inert."""

from __future__ import annotations

import asyncio
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audioqa.errors import ServiceError
from audioqa.service.keeping import safe_name
from audioqa.service.uploads import Uploads
from audioqa.web import receiving
from audioqa.web.receiving import Incoming
from web.serving import Served, recording


def post(served: Served, data: bytes, name: str = "a.wav", kind: str = "audio/wav", **fields: str) -> Any:
    files = {"recording": (name, data, kind)}
    return served.client.post("/api/v1/uploads", files=files, data=fields, headers=served.headers())


def left(served: Served) -> list[Path]:
    return list(served.service.keeping.incoming.iterdir())


def _say_nothing(_: float, __: float | None) -> None:
    pass


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.wav", b"\0" * 10_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (zipped(), "zip archive"),
        (gzip.compress(b"\0" * 10_000_000), "gzip"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
        (b"MZ and then it says that it cannot be run in DOS mode", "text file"),
        (b"%PDF-1.7 " + b"x" * 100, "PDF"),
        (b"\x7fELF" + b"\x02" * 200, "program"),
        (b"\0" * 5000, "nothing but zero bytes"),
    ],
    ids=["empty", "zip", "gzip", "html", "text", "pdf", "elf", "zeros"],
)
@pytest.mark.parametrize(("name", "kind"), [("call.wav", "audio/wav"), ("call.ulaw", "audio/basic")])
def test_what_is_no_recording_is_refused_by_its_bytes(
    served: Served, data: bytes, said: str, name: str, kind: str
) -> None:
    if said == "nothing but zero bytes":
        name = "call.wav"  # a file without a header may hold them
    answer = post(served, data, name, kind)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert said in answer.json()["detail"]
    assert left(served) == []


def test_a_type_that_is_forged_changes_nothing(served: Served, call_file: Path) -> None:
    sent = post(served, call_file.read_bytes(), "call.html", "text/html", call_id="forged")
    upload = served.wait(sent.json()["id"])
    assert upload["state"] == "scored"
    got = served.get(f"/api/v1/calls/{upload['call']['id']}/audio")
    assert got.headers["content-type"] == "audio/wav"
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("kind", "coding"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS"), ("OGG", "VORBIS")]
)
def test_a_small_file_that_unpacks_to_days_of_sound_is_given_up(
    served: Served, tmp_path: Path, kind: str, coding: str
) -> None:
    bomb = tmp_path / f"bomb.{kind.lower()}"
    with soundfile.SoundFile(bomb, "w", 8000, 1, coding, format=kind) as sink:
        for _ in range(8):
            sink.write(np.zeros(8000 * 60, np.int16))
    assert bomb.stat().st_size < 2_000_000  # of 7.7 MB
    from audioqa.engines import Task
    from audioqa.service.work import ServiceWork
    from audioqa.types import CallInfo, Item, SourceFile

    item = Item((SourceFile(str(bomb)),), CallInfo("bomb"))
    outcome = ServiceWork(served.service.settings, longest=0.1)()(Task(1, item), _say_nothing)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.report) == ("too-large", None)
    assert "more than the 0.1 hours" in outcome.failure.message


def test_a_header_that_promises_days_buys_no_time(served: Served, call_file: Path, tmp_path: Path) -> None:
    from audioqa.engines import Task
    from audioqa.service.work import ServiceWork
    from audioqa.types import CallInfo, Item, SourceFile

    forged = bytearray(call_file.read_bytes())
    forged[40:44] = (0xFFFFFFF0).to_bytes(4, "little")
    path = tmp_path / "forged.wav"
    path.write_bytes(bytes(forged))
    told: list[float | None] = []
    item = Item((SourceFile(str(path)),), CallInfo("forged"))
    ServiceWork(served.service.settings, longest=0.5)()(Task(1, item), lambda _, total: told.append(total))
    assert all(total is None or total <= 1800 for total in told)


def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(served: Served) -> None:
    answer = post(served, b"RIFF" + b"\1" * 4_000_001)
    assert (answer.status_code, answer.json()["type"]) == (413, "tag:audioqa:too-large")
    assert "4000000 bytes" in answer.json()["detail"]
    assert left(served) == []

    def endless() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n\r\nRIFF'
        for _ in range(100):
            yield b"\1" * 100_000

    headers = served.headers() | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = served.client.post("/api/v1/uploads", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert left(served) == []


def test_other_requests_have_small_bodies(served: Served) -> None:
    answer = served.client.post("/api/v1/keys", content=b"x" * 1_000_000, headers=served.headers())
    assert answer.status_code == 413


class Slow:
    """A request whose body comes as slowly as one likes."""

    headers = {"content-type": "multipart/form-data; boundary=x"}  # noqa: RUF012

    def __init__(self, chunks: list[tuple[float, bytes]]) -> None:
        self._chunks = chunks

    async def stream(self) -> Any:
        for pause, chunk in self._chunks:
            await asyncio.sleep(pause)
            yield chunk


START = b'--x\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n\r\n'


@pytest.mark.parametrize(
    ("chunks", "said"),
    [([(0, START), (0.4, b"x")], "nothing came"), ([(0, START), *[(0.03, b"x")] * 20], "bytes a second")],
    ids=["silent", "drop by drop"],
)
def test_a_sender_that_is_too_slow_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: list[tuple[float, bytes]], said: str
) -> None:
    monkeypatch.setattr(receiving, "_SILENCE", 0.2)
    monkeypatch.setattr(receiving, "_GRACE", 0.1)
    request: Any = Slow(chunks)
    with pytest.raises(ServiceError, match=said) as raised:
        asyncio.run(Incoming(tmp_path, 1000).receive(request, slowest=10_000))
    assert raised.value.kind == "too-slow"


def test_an_upload_that_breaks_off_is_none(served: Served) -> None:
    headers = served.headers() | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = served.client.post("/api/v1/uploads", content=START + b"RIFF", headers=headers)
    assert answer.status_code == 422
    assert "broke off" in answer.json()["detail"]
    assert left(served) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/cron.d/evil.wav", "evil.wav"),
        ("..\\..\\windows\\evil.wav", "evil.wav"),
        ("/absolute/evil.wav", "evil.wav"),
        (".bashrc", "bashrc"),
        ("...", "recording"),
        ("a\0b\nc.wav", "abc.wav"),
        ("x" * 10_000 + ".wav", "x" * 116 + ".wav"),
        ("é" * 10_000 + ".wav", "é" * 58 + ".wav"),
        ("<img src=x onerror=alert(1)>.wav", "<img src=x onerror=alert(1)>.wav"),
        ("a." + "b" * 5000, "a." + "b" * 118),
    ],
)
def test_a_name_leads_nowhere(name: str, kept: str) -> None:
    assert safe_name(name) == kept
    assert len(kept.encode()) <= 120


def test_names_with_paths_stay_in_their_folder(served: Served, call_file: Path) -> None:
    sent = post(served, call_file.read_bytes(), "../../../../tmp/evil.wav", call_id="traversal")
    upload = served.wait(sent.json()["id"])
    assert upload["file_name"] == "evil.wav"
    folder = served.service.keeping.folder
    assert len(list(folder.glob("audio/*/evil.wav"))) == 1
    assert not (folder.parent / "tmp").exists()


@pytest.mark.parametrize("field", ["path", "reference", "file", "tenant", "account_id", "audio_url", "path_2"])
def test_a_sender_cannot_name_files_of_the_server(served: Served, call_file: Path, field: str) -> None:
    answer = post(served, call_file.read_bytes(), **{field: "/etc/passwd"})
    if field == "reference":  # a part for a file, and these words are its content
        assert (answer.status_code, answer.json()["detail"]) == (415, "recording: it is a text file")
    else:
        assert answer.status_code == 422
        assert "not for the sender" in answer.json()["detail"]


@pytest.mark.parametrize(
    "field",
    [{"call_id": "x" * 201}, {"agent": "x" * 1001}, {"x" * 101: "1"}, {"agent": "a\0b"}, {"start_time": "yesterday"}],
    ids=["call_id", "value", "name", "NUL", "time"],
)
def test_values_that_cannot_be_used_are_refused_in_a_short_word(
    served: Served, call_file: Path, field: dict[str, str]
) -> None:
    answer = post(served, call_file.read_bytes(), **field)
    assert (answer.status_code, answer.json()["type"]) == (422, "tag:audioqa:invalid")
    assert len(answer.json()["detail"]) < 400
    assert left(served) == []


NASTY = [
    "'; DROP TABLE calls; --",
    '"><script>alert(1)</script>',
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%00%0a",
    "‮gpj.exe"[1:],
]


@pytest.mark.parametrize("words", NASTY)
def test_sql_and_html_in_metadata_are_words(served: Served, call_file: Path, words: str) -> None:
    upload = served.scored(call_file, call_id=f"nasty {words}", agent=words, note=words, **{f"t {words}"[:90]: "1"})
    assert upload["state"] == "scored"
    got = served.get(f"/api/v1/calls/{upload['call']['id']}").json()
    assert (got["agent"], got["tags"]["note"]) == (words, words)
    found = served.get("/api/v1/calls", params={"agent": words}).json()["calls"]
    assert [one["id"] for one in found] == [upload["call"]["id"]]
    assert served.get("/api/v1/calls", params={"tag": f"x' OR 1=1 --:{words}"}).status_code == 422


def test_a_full_queue_and_a_full_disk_say_when_to_come_again(served: Served, call_file: Path) -> None:
    service = served.service
    for uploads, status in (
        (Uploads(service.store, service.keeping, service.settings.sources.options(), waiting=0, spare=0), 429),
        (Uploads(service.store, service.keeping, service.settings.sources.options(), waiting=10, spare=2**60), 507),
    ):
        before = service.uploads
        service.__dict__["uploads"] = uploads
        try:
            answer = post(served, call_file.read_bytes(), call_id="later")
        finally:
            service.__dict__["uploads"] = before
        assert answer.status_code == status
        assert int(answer.headers["retry-after"]) >= 1
        assert left(served) == []


def test_what_goes_wrong_inside_is_not_told(
    served: Served, call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the innermost secret")

    monkeypatch.setattr("audioqa.service.sound.Sound.call", broken)
    answer = served.get(f"/api/v1/calls/{call['call']['id']}")
    answer = served.get(f"/api/v1/calls/{call['call']['id']}/report")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_no_call_is_named_in_the_log(served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="audioqa"):
        path = recording(tmp_path / "named-in-no-log.wav", seconds=3, seed=91)
        upload = served.scored(path, call_id="named-in-no-log", agent="named-in-no-log")
        served.get(f"/api/v1/calls/{upload['call']['id']}")
        served.get("/api/v1/calls", params={"agent": "named-in-no-log"})
    assert "GET /api/v1/calls/{call} 200" in caplog.text
    assert "named-in-no-log" not in caplog.text
