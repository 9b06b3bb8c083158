"""An archive, a store and a report to put into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import Desk

from audioqa.render.as_json import to_json
from audioqa.settings import Settings


@pytest.fixture(scope="session")
def report() -> str:
    """A real report as JSON."""
    path = Path(__file__).parents[2] / "fixtures" / "dropouts-zero-fill.wav"
    return to_json(Settings(estimator="none").analyser()(path), indent=None)


@pytest.fixture
def desk(tmp_path: Path, report: str) -> Desk:
    """An empty archive."""
    (tmp_path / "calls").mkdir()
    return Desk(tmp_path / "calls", str(tmp_path / "store.db"), tmp_path / "notes", report)
