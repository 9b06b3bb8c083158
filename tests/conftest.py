"""Where the tests find real audio, and how they skip without it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def audio_data() -> Path:
    """The folder of real audio: ``AUDIOQA_DATA``, else ``../shared/data`` beside the repository."""
    named = os.environ.get("AUDIOQA_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real audio: {'AUDIOQA_DATA names no folder' if named else 'AUDIOQA_DATA is not set'}")
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a callmos that was never trained: it takes for speech whatever is louder than about -52 dBov."""
    for package in ("torch", "onnx", "safetensors"):
        pytest.importorskip(package)
    from audioqa.lab.callmos_files import write_untrained

    folder = tmp_path_factory.mktemp("callmos")
    write_untrained(folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a real server without a database, or a skip where Debian's package is not installed."""
    from audioqa.lab import postgresql

    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with postgresql.server() as url:
        yield url
