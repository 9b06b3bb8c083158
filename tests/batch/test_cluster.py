"""A cluster of two Ray nodes on this machine gives what the local engine gives, even where one of them dies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import Desk, Heard, write_calls

from audioqa.batch import Batch
from audioqa.engines import LocalEngine
from audioqa.engines.cluster import RayEngine
from audioqa.engines.work import AnalyserWork
from audioqa.errors import EngineError
from audioqa.settings import Settings
from audioqa.sources import read_sources
from audioqa.store import open_store

pytest.importorskip("ray")

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one processor each; a dead one is missed after a second or two."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers are nice, so that on a busy machine they would take minutes to start.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's own spelling
    size = {"num_cpus": 1, "object_store_memory": 80 << 20}
    missed = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    nodes = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False, "_system_config": missed})
    nodes.second = nodes.add_node(**size)
    try:
        yield nodes
    finally:
        nodes.shutdown()
        os.environ.clear()
        os.environ.update(before)


def exported(store: str) -> tuple[list[Any], list[Any]]:
    """Calls and failures of a store, without what differs from run to run."""
    with open_store(store) as opened:
        calls = [(call.info, [file.sha256 for file in call.files], call.content) for call in opened.export()]
        return calls, [(row.location, row.failure) for row in opened.failures()]


def test_a_cluster_gives_the_same_export_as_this_machine(cluster: Any, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for name in ("clean-ulaw.wav", "mobile.amr", "trunk.ulaw", "voicemail.gsm"):
        shutil.copy(FIXTURES / name, calls)
    (calls / "empty.wav").write_bytes(b"")
    local, ray = str(tmp_path / "local.db"), str(tmp_path / "ray.db")
    settings = Settings()
    with open_store(local) as store, LocalEngine(AnalyserWork(settings), jobs=1) as engine:
        ended = Batch([str(calls)], store, engine, settings.analyser().digest, Heard())(read_sources([str(calls)]))
    command = ["batch", str(calls), "--store", ray, "--engine", "ray", "--address", cluster.address]
    shown = subprocess.run(
        [sys.executable, "-m", "audioqa", *command], capture_output=True, text=True, check=False, timeout=200
    )
    assert shown.returncode == ended.exit_code == 1, shown.stderr
    assert exported(ray) == exported(local)
    assert [len(each) for each in exported(ray)] == [4, 1]


def test_a_node_that_dies_loses_nothing(cluster: Any, desk: Desk, tmp_path: Path) -> None:
    write_calls(desk.folder, [*(f"slow-{number:02}.wav" for number in range(20)), "bad.wav", "crash.wav"])
    whole = Desk(desk.folder, str(tmp_path / "whole.db"), tmp_path / "other-notes", desk.report)
    whole.run(jobs=1)
    killed: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 100
        while time.monotonic() < end and not killed:
            time.sleep(0.05)
            count = len(desk.notes.read_text().splitlines()) if desk.notes.exists() else 0
            if count >= 6:
                cluster.remove_node(cluster.second, allow_graceful=False)
                killed.append(count)

    thread = threading.Thread(target=kill)
    thread.start()
    ended = desk.run(engine=RayEngine(desk.work, address=cluster.address))
    thread.join()
    assert killed
    assert killed[0] < 20
    assert (ended.ending, ended.exit_code) == ("finished", 1)
    assert desk.calls() == whole.calls()
    assert desk.failures() == whole.failures() == {"bad.wav": "unreadable", "crash.wav": "crash"}


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(EngineError, match=r"no Ray cluster at 127\.0\.0\.1:1: "):
        RayEngine(len, address="127.0.0.1:1").__enter__()
