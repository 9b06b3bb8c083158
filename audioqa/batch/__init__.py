"""Scoring an archive: plan, run, record, resume.

Modules: `planning` (what is to be done), `driver` (the run), `books` (what is written down, and counted in `tally`),
`trouble` and `patience` (what is waited for), `interrupts`; `display`, `log`, `ahead` and `summary` (what a person
sees).
"""

from __future__ import annotations

from audioqa.batch.ahead import Ahead
from audioqa.batch.display import Display, make_display
from audioqa.batch.driver import Batch, Ended
from audioqa.batch.summary import summary
from audioqa.batch.tally import Tally

__all__ = ["Ahead", "Batch", "Display", "Ended", "Tally", "make_display", "summary"]
