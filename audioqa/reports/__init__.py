"""Reports on many calls: the week of a tenant or a site, and an evidence pack for a carrier.

Modules: `figures` (means with intervals, worst routes, faults), `weekly` (what a week's report says), `examples` (calls
with masked clips), `weekly_page` (the report as a page), `evidence` (what a pack holds), `pack` (the pack as one file).
"""

from __future__ import annotations

from audioqa.reports.evidence import EvidenceCall, evidence_call
from audioqa.reports.examples import Clip, masked_example
from audioqa.reports.pack import write_pack
from audioqa.reports.weekly import Weekly, weekly
from audioqa.reports.weekly_page import weekly_page

__all__ = ["Clip", "EvidenceCall", "Weekly", "evidence_call", "masked_example", "weekly", "weekly_page", "write_pack"]
