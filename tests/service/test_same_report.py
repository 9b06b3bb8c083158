"""The same recording through command line, batch and service gives the same report, byte for byte.

What may differ is where the recording lies (`recording.path`), and ledgers, which only `audioqa score --explain` makes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import soundfile
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from audioqa.cli import app
from audioqa.service.service import Service, open_service
from audioqa.settings import load_settings
from audioqa.web.app import make_app

FIXTURES = Path(__file__).parents[2] / "fixtures"

RULES = """\
[[flags.rules]]
name = "sales-over-oslo"
for = "call"
when = 'call.queue = "sales" and call.trunk = "oslo" and network.loss > 1'
reason = "{call.queue} over {call.trunk}, {network.loss:.1f} % lost, for {tag.campaign}"

[[flags.rules]]
name = "customer-spoke"
for = "party"
when = 'party = "customer" and speech > 0.1'
reason = "{party} spoke {speech:.1f} s"

[[flags.rules]]
name = "worse-than-its-trunk"
for = "call"
when = "drop.trunk > 0.5"
reason = "worse than usual"

[service]
spare = 0
jobs = 1
"""

KNOWN = {"queue": "sales", "trunk": "oslo", "loss": "1.5", "campaign": "spring", "start_time": "2026-03-01T09:30:00Z"}


@dataclass(frozen=True)
class Case:
    """A recording, and what is said of it."""

    name: str
    files: tuple[str, ...]
    known: dict[str, str] = field(default_factory=dict)
    reference: str | None = None
    roles: str | None = None
    encoding: str | None = None
    rate: int | None = None


CASES = (
    Case("mono", ("mobile.amr",)),
    Case("mono with metadata and roles that do not fit", ("voicemail.gsm",), KNOWN),
    Case("stereo", ("dropouts-zero-fill.wav",)),
    Case("stereo with roles", ("clipping.flac",), roles="customer,agent"),
    Case("stereo with roles and metadata", ("echo.flac",), KNOWN, roles="agent,customer"),
    Case("no speech", ("silent.flac",), KNOWN),
    Case("damaged", ("truncated.wav",), KNOWN),
    Case("two legs", ("one.wav", "two.wav")),
    Case("two legs with roles and metadata", ("one.wav", "two.wav"), KNOWN, roles="customer,agent"),
    Case("with a reference", ("dropouts-zero-fill.wav",), reference="clean.flac"),
    Case("without a header", ("samples.raw",), encoding="alaw", rate=8000),
    Case("without a header, with metadata", ("samples.raw",), KNOWN, encoding="alaw", rate=8000),
    Case("by its extension", ("trunk.ulaw",), KNOWN),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings, a configuration, and a manifest of all cases."""
    place = tmp_path_factory.mktemp("same")
    for case in CASES:
        for name in (*case.files, *filter(None, [case.reference])):
            if (FIXTURES / name).exists():
                (place / name).write_bytes((FIXTURES / name).read_bytes())
    samples, rate = soundfile.read(FIXTURES / "dropouts-zero-fill.wav", dtype="int16")
    for number, name in enumerate(("one.wav", "two.wav")):
        soundfile.write(place / name, samples[:, number], rate, subtype="PCM_16")
    soundfile.write(place / "samples.raw", samples[: 12 * rate, 0], 8000, "ALAW", "FILE", format="RAW")
    (place / "audioqa.toml").write_text(RULES, encoding="utf-8")
    with (place / "calls.csv").open("w", newline="", encoding="utf-8") as stream:
        columns = ["call_id", "path", "path_2", "reference", "roles", "encoding", "rate", *KNOWN]
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        for case in CASES:
            row = {"call_id": case.name, "path": case.files[0], "path_2": (*case.files, "")[1]}
            given = {"reference": case.reference, "roles": case.roles, "encoding": case.encoding, "rate": case.rate}
            writer.writerow(row | {name: value or "" for name, value in given.items()} | case.known)
    return place


@pytest.fixture(scope="module")
def batch(folder: Path) -> Path:
    """The store of a batch over the manifest."""
    store = folder / "batch.db"
    run("batch", folder / "calls.csv", "--store", store, "--jobs", 1, "--config", folder / "audioqa.toml", code=None)
    return store


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[tuple[Service, TestClient, dict[str, str]]]:
    """A service with the same configuration."""
    settings = load_settings(folder / "audioqa.toml")
    own = settings.service.model_copy(update={"folder": folder / "data"})
    opened = open_service(settings.model_copy(update={"service": own}))
    key = opened.keys.make("test", ["ingest", "read"], tenant="", by="test")[1]
    opened.start()
    try:
        with TestClient(make_app(opened)) as client:
            yield opened, client, {"Authorization": f"Bearer {key}"}
    finally:
        opened.stop()


def run(*arguments: object, code: int | None = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert code is None or done.exit_code == code, done.output
    return done.stdout


def by_command(folder: Path, case: Case, *more: str) -> str:
    given = {"--reference": case.reference and folder / case.reference, "--channels": case.roles}
    given |= {"--format": case.encoding, "--rate": case.rate}
    options = [part for name, value in given.items() if value is not None for part in (name, value)]
    known = [part for name, value in case.known.items() for part in ("--metadata", f"{name}={value}")]
    pair = ["--pair"] if len(case.files) > 1 else []
    files = [folder / name for name in case.files]
    return run("score", *files, "--json", "--config", folder / "audioqa.toml", *pair, *options, *known, *more)


def by_service(folder: Path, case: Case, service: tuple[Service, TestClient, dict[str, str]]) -> str:
    _, client, headers = service
    with ExitStack() as stack:
        parts: list[Any] = [
            ("recording", (name, stack.enter_context((folder / name).open("rb")))) for name in case.files
        ]
        if case.reference:
            parts.append(("reference", (case.reference, stack.enter_context((folder / case.reference).open("rb")))))
        given = {"roles": case.roles, "encoding": case.encoding, "rate": case.rate and str(case.rate)}
        fields = {"call_id": case.name, **{name: value for name, value in given.items() if value}, **case.known}
        sent = client.post("/api/v1/uploads", files=parts, data=fields, headers=headers)
    assert sent.status_code == 202, sent.text
    while (upload := client.get(sent.headers["Location"], headers=headers).json())["state"] != "scored":
        assert upload["state"] != "failed", upload
    # At once: nothing that goes on in the background may be needed.
    return client.get(f"/api/v1/calls/{upload['call']['id']}/report", headers=headers).text


def without_place(line: str) -> str:
    """The line of a report without what may differ."""
    report = json.loads(line)
    before = json.dumps(report["recording"]["path"])
    assert line.count(before) == 1
    return line.replace(before, '""')


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_three_ways_one_report(
    folder: Path, batch: Path, service: tuple[Service, TestClient, dict[str, str]], case: Case
) -> None:
    command = without_place(by_command(folder, case))
    archive = without_place(run("show", case.name, "--store", batch, "--json"))
    served = without_place(by_service(folder, case, service))
    assert archive == command
    assert served == command
    rules = {flag["rule"] for flag in json.loads(command)["flags"]}
    assert ("sales-over-oslo" in rules) is bool(case.known)


def test_a_role_counts_for_rules_by_every_way(folder: Path) -> None:
    case = next(case for case in CASES if case.name == "stereo with roles and metadata")
    rules = [flag["rule"] for flag in json.loads(by_command(folder, case))["flags"]]
    assert "customer-spoke" in rules


def test_only_the_ledgers_are_the_command_lines_own(folder: Path, batch: Path) -> None:
    case = next(case for case in CASES if case.name == "stereo with roles and metadata")
    explained = json.loads(by_command(folder, case, "--explain"))
    archived = json.loads(run("show", case.name, "--store", batch, "--json"))
    assert explained["ledgers"]
    assert archived["ledgers"] == []
    for report in (explained, archived):
        report["ledgers"], report["recording"]["path"] = [], ""
    assert explained == archived
