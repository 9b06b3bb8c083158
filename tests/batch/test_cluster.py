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
from archives import Desk, write_calls

from audioqa.engines.cluster import RayEngine
from audioqa.errors import EngineError

pytest.importorskip("ray")

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one processor each; a dead one is missed after a second or two."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
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


def audioqa(*words: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "audioqa", *words], capture_output=True, text=True, check=False, timeout=200
    )
    assert shown.returncode in (0, 1), shown.stderr
    return shown.stdout


def test_a_cluster_gives_the_same_export_as_this_machine(cluster: Any, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for name in ("clean-ulaw.wav", "mobile.amr", "trunk.ulaw", "voicemail.gsm"):
        shutil.copy(FIXTURES / name, calls)
    (calls / "empty.wav").write_bytes(b"")
    engines = {"local": ["--jobs", "1"], "ray": ["--engine", "ray", "--address", cluster.address]}
    exports = {}
    for name, options in engines.items():
        store = str(tmp_path / f"{name}.db")
        audioqa("batch", str(calls), "--store", store, *options)
        export = ("export", "--store", store, "--format", "jsonl", "--canonical")
        exports[name] = [audioqa(*export), audioqa(*export, "--failed")]
    assert exports["ray"] == exports["local"]
    assert exports["ray"][0].count("\n") == 4
    assert exports["ray"][1].count("\n") == 1


def test_a_node_that_dies_loses_nothing(cluster: Any, desk: Desk, tmp_path: Path) -> None:
    write_calls(desk.folder, [*(f"slow-{number:02}.wav" for number in range(30)), "bad.wav", "crash.wav"])
    whole = Desk(desk.folder, str(tmp_path / "whole.db"), tmp_path / "other-notes", desk.report)
    whole.run(jobs=1)
    killed: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 100
        while time.monotonic() < end and not killed:
            time.sleep(0.05)
            count = len(desk.notes.read_text().splitlines()) if desk.notes.exists() else 0
            if count >= 8:
                cluster.remove_node(cluster.second, allow_graceful=False)
                killed.append(count)

    thread = threading.Thread(target=kill)
    thread.start()
    ended = desk.run(engine=RayEngine(desk.work, address=cluster.address))
    thread.join()
    assert killed
    assert killed[0] < 30
    assert (ended.ending, ended.exit_code) == ("finished", 1)
    assert desk.calls() == whole.calls()
    assert desk.failures() == whole.failures() == {"bad.wav": "unreadable", "crash.wav": "crash"}


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(EngineError, match=r"no Ray cluster at 127\.0\.0\.1:1: "):
        RayEngine(len, address="127.0.0.1:1").__enter__()
