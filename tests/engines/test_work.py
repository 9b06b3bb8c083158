"""What a worker does with one call: a report under the call's own name, or the reason why there is none."""

from __future__ import annotations

import errno
import json
import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audioqa.analysis import Analyser
from audioqa.engines import Task
from audioqa.engines.work import do, failure_of
from audioqa.errors import SettingsError, SourceError, UnreadableRecordingError
from audioqa.render.as_json import to_json
from audioqa.settings import Settings
from audioqa.sources import LocalCopies
from audioqa.types import CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Settings(estimator="none").analyser()


def item(*paths: Path, **more: object) -> Item:
    return Item(tuple(SourceFile(str(path)) for path in paths), CallInfo("17"), **more)  # type: ignore[arg-type]


def test_the_report_is_that_of_the_analyser(analyser: Analyser) -> None:
    path = FIXTURES / "dropouts-zero-fill.wav"
    outcome = do(Task(3, item(path)), analyser, LocalCopies())
    assert outcome.failure is None
    assert outcome.number == 3
    assert outcome.report == to_json(analyser(path), indent=None)
    assert outcome.hashes == (sha256(path.read_bytes()).hexdigest(),)
    assert outcome.audio > 10
    assert outcome.processor > 0
    assert outcome.memory > 10e6


def test_hashes_alone_are_quick_and_complete(analyser: Analyser, tmp_path: Path) -> None:
    path, other = tmp_path / "a.wav", tmp_path / "b.wav"
    path.write_bytes(b"one")
    other.write_bytes(b"two")
    reference = SourceFile(str(other))
    outcome = do(Task(1, item(path, other, reference=reference), hash_only=True), analyser, LocalCopies())
    assert outcome.hashes == (sha256(b"one").hexdigest(), sha256(b"two").hexdigest())
    assert (outcome.reference_hash, outcome.report) == (outcome.hashes[1], None)


def test_two_legs_are_one_recording_with_a_hash_for_each(analyser: Analyser, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("in.wav", "out.wav"):
        soundfile.write(tmp_path / name, rng.normal(0, 0.01, 8000), 8000)
    paths = tmp_path / "in.wav", tmp_path / "out.wav"
    outcome = do(Task(1, item(*paths)), analyser, LocalCopies())
    assert outcome.hashes == tuple(sha256(path.read_bytes()).hexdigest() for path in paths)
    assert outcome.report is not None
    recording = json.loads(outcome.report)["recording"]
    assert recording["path"] == f"{paths[0]} + {paths[1]}"
    assert recording["channels"] == ["channel 1", "channel 2"]


def test_a_call_that_cannot_be_scored_says_why(analyser: Analyser, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    good = FIXTURES / "clean-pcm.wav"
    missing, empty = tmp_path / "missing.wav", tmp_path / "empty.wav"
    with LocalCopies() as copies:
        cases = {
            "missing": do(Task(1, item(missing)), analyser, copies),
            "unreadable": do(Task(1, item(empty)), analyser, copies),
            "settings": do(Task(1, item(good, encoding="nothing")), analyser, copies),
        }
        for kind, outcome in cases.items():
            assert outcome.failure is not None
            assert (outcome.failure.kind, outcome.report) == (kind, None)
            assert "\n" not in outcome.failure.message
        bad_reference = do(Task(1, item(good, reference=SourceFile(str(empty)))), analyser, copies)
        assert bad_reference.failure is not None
        assert "the reference" in bad_reference.failure.message


def test_what_a_user_may_not_read_is_forbidden(analyser: Analyser, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"RIFF")
    secret.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        outcome = do(Task(1, item(secret)), analyser, LocalCopies())
    finally:
        if root:
            os.seteuid(0)
    assert outcome.failure is not None
    assert outcome.failure.kind == "permission"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk-full"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "missing"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission"),
        (OSError(errno.EIO, "Input/output error"), "access"),
        (MemoryError(), "memory"),
        (SettingsError("no"), "settings"),
        (SourceError("a.zip!b.wav", "archive", "it is damaged"), "archive"),
        (UnreadableRecordingError("a.wav", "it is empty"), "unreadable"),
        (ZeroDivisionError("division by zero"), "error"),
    ],
)
def test_each_error_has_its_kind(error: Exception, kind: str) -> None:
    assert failure_of(error, {}).kind == kind


def test_a_message_names_what_the_user_named_not_its_temporary_copy() -> None:
    names = {"/tmp/audioqa-1/x.wav": "calls.zip!a.wav"}  # noqa: S108
    failure = failure_of(SettingsError("/tmp/audioqa-1/x.wav:\nno"), names)  # noqa: S108
    assert failure.message == "calls.zip!a.wav: no"
