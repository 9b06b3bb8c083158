"""What of a report may be seen before a call is rated: how long it is, and who is on which channel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from audioqa.types import CallReport, Skipped

_HIDDEN = Skipped("mos", None, "it is shown after the rating")


def blind_report(report: CallReport) -> CallReport:
    """A report without anything that was found or measured, and without the file's name, which may tell it.

    Parameters
    ----------
    report
        The whole report; not changed.
    """
    bare = replace(report.recording, path="", sha256="", container="", codec="", findings=())
    return replace(
        report,
        recording=bare,
        parties=(),
        mos=_HIDDEN,
        band=_HIDDEN,
        events=(),
        phases=(),
        findings=(),
        skipped=(),
        flags=(),
        causes=(),
        network=None,
        prompt=None,
        ledgers=(),
        pesq=(),
        band_set="",
        estimator="",
        settings_digest="",
        version="",
    )


def blind_json(channels: Sequence[str]) -> str:
    """What the page's script gets in place of a report."""
    recording = {"path": "", "channels": list(channels)}
    return json.dumps({"recording": recording, "parties": [], "events": [], "phases": [], "mos": {}})
