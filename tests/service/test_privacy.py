"""What is older than its tenant wants is deleted with all its files, and nothing of another tenant's is touched."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from store.examples import DIGEST, hashed, report

from audioqa.errors import ServiceError
from audioqa.network import NetworkOptions
from audioqa.render.as_json import to_json
from audioqa.service.service import Service, open_service
from audioqa.settings import Settings
from audioqa.store import Query, audit, jobs, recording
from audioqa.store.database import snapshot, writing
from audioqa.store.jobs import NewJob
from audioqa.store.projection import read_content
from audioqa.types import CallInfo, Item


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """One that is not started: nothing happens by itself."""
    settings = Settings.model_validate({"service": {"folder": tmp_path / "data", "spare": 0}})
    opened = open_service(settings)
    yield opened
    opened.store.close()


def keep(service: Service, call_id: str, *, tenant: str = "alpha", days_ago: float = 0.0, scored: bool = True) -> Path:
    """A call with a file, as an upload leaves it; the file."""
    name = uuid.uuid4().hex
    spooled = service.keeping.spool(name)
    (spooled / f"{call_id}.wav").write_bytes(call_id.encode())
    files = service.keeping.take_in(spooled, [f"{call_id}.wav"])
    began = datetime.now(UTC) - timedelta(days=days_ago)
    item = Item(tuple(files), CallInfo(call_id, tenant=tenant, start_time=began))
    new = NewJob(name, item, hashed(call_id), f"{call_id}.wav", 1, "test", call_id)
    store = service.store
    job = writing(store.engine, lambda c: jobs.enqueue(c, new))
    assert job is not None
    if scored:
        run = store.begin_run([], digest=DIGEST, version="0")
        content = read_content(to_json(report(), indent=None))
        writing(store.engine, lambda c: jobs.take(c, holder="me", lease=60, most=1))
        assert writing(store.engine, lambda c: jobs.settle(c, job.key, holder="me"))
        writing(
            store.engine,
            lambda c: recording.record(
                c, run, item, hashed(call_id), content, digest=DIGEST, processing=None, network=NetworkOptions()
            ),
        )
    return Path(files[0].location)


def calls_of(service: Service, tenant: str) -> list[str]:
    return sorted(row.info.call_id for row in service.store.calls(Query(tenant=tenant)))


def test_calls_go_when_they_are_older_than_their_tenant_wants(service: Service) -> None:
    old, young = keep(service, "old", days_ago=10), keep(service, "young", days_ago=1)
    others = keep(service, "old", tenant="beta", days_ago=10)
    assert service.privacy.keep_up() == 0
    service.privacy.set_retention(5, tenant="alpha", by="user:anna")
    assert service.privacy.keep_up() == 1
    assert (old.exists(), young.exists(), others.exists()) == (False, True, True)
    assert (calls_of(service, "alpha"), calls_of(service, "beta")) == (["young"], ["old"])
    with snapshot(service.store.engine) as connection:
        acts = audit.acts(connection, "alpha")
    assert [(act.who, act.what) for act in acts] == [("system", "retention"), ("user:anna", "retention changed")]


def test_the_configuration_counts_where_a_tenant_has_set_nothing(service: Service) -> None:
    privacy = type(service.privacy)(service.store, service.keeping, service.derived, 5.0, 400.0)
    keep(service, "old", days_ago=10)
    keep(service, "old", tenant="beta", days_ago=10)
    privacy.set_retention(None, tenant="beta", by="test")
    assert privacy.keep_up() == 1
    assert (calls_of(service, "alpha"), calls_of(service, "beta")) == ([], ["old"])


def test_a_deletion_that_was_broken_off_is_finished_later(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(service, "call")
    with monkeypatch.context() as patched:
        patched.setattr("audioqa.service.keeping.Keeping.remove", _refuse)
        service.privacy.delete("call", tenant="alpha", by="test")
    assert calls_of(service, "alpha") == []
    assert path.exists()
    service.privacy.keep_up()
    assert not path.exists()


def _refuse(*_: object) -> None:
    raise OSError("busy")


def test_a_recording_that_was_not_the_services_stays_where_it_is(service: Service, tmp_path: Path) -> None:
    own = tmp_path / "archive" / "call.wav"
    own.parent.mkdir()
    own.write_bytes(b"x")
    assert not service.keeping.is_ours(str(own))
    inside = service.keeping.audio / "not-a-name" / "x.wav"
    assert not service.keeping.is_ours(str(inside))
    assert not service.keeping.is_ours(str(service.keeping.audio / ("a" * 32) / ".." / ".." / "calls.db"))
    with pytest.raises(ValueError, match="not the service's to remove"):
        service.keeping.remove(str(own))


def test_what_is_not_there_cannot_be_deleted(service: Service) -> None:
    keep(service, "call")
    with pytest.raises(ServiceError, match="no such call"):
        service.privacy.delete("call", tenant="beta", by="test")


def test_what_was_never_accepted_is_swept_away_and_what_was_stays(service: Service) -> None:
    accepted = keep(service, "accepted", scored=False)
    broken = service.keeping.spool(uuid.uuid4().hex)
    orphan = service.keeping.audio / uuid.uuid4().hex
    orphan.mkdir()
    long_ago = time.time() - 7200
    for place in (accepted.parent, broken, orphan):
        os.utime(place, (long_ago, long_ago))
    young = service.keeping.spool(uuid.uuid4().hex)
    service.privacy.keep_up()
    assert [place.exists() for place in (accepted, broken, orphan, young)] == [True, False, False, True]


def test_recordings_can_be_kept_in_an_object_store(service: Service) -> None:
    from audioqa.service.keeping import Keeping
    from audioqa.sources import objects

    keeping = Keeping(service.keeping.folder, "memory://bucket/audioqa")
    name = uuid.uuid4().hex
    (keeping.spool(name) / "a!b?.wav").write_bytes(b"sound")
    (file,) = keeping.take_in(keeping.incoming / name, ["a!b?.wav"])
    assert file.location == f"memory://bucket/audioqa/{name}/a_b_.wav"
    assert objects.read(file.location) == b"sound"
    assert not (keeping.incoming / name).exists()
    assert keeping.is_ours(file.location)
    assert keeping.shown(file.location) == "a_b_.wav"
    keeping.remove(file.location)
    assert not objects.exists(file.location)
    keeping.remove(file.location)


@pytest.mark.parametrize("days", [0.0, 1e-320, 0.5, 36_501.0, float("nan"), float("inf")])
def test_a_slip_of_the_keyboard_deletes_nothing(service: Service, days: float) -> None:
    with pytest.raises(ServiceError, match="1 to 36500 days"):
        service.privacy.set_retention(days, tenant="alpha", by="user:anna")
    assert service.privacy.retention("alpha") is None
