"""Alerts: what has got worse, since when, and whether it is over.

Modules: `columns` and `segments` (calls as columns, sorted by what they have in common), `rule` (what is looked for),
`limits` (how certain it has to be), `baseline` and `scan` (what is expected, and how far off the last calls are),
`drops`, `hours`, `standing`, `below` and `clusters` (the kinds of rules), `day` and `watch` (day after day).
"""

from __future__ import annotations

from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.columns import Calls, Labels, make_calls
from audioqa.alerts.rule import AlertRule, make_alert_rules
from audioqa.alerts.watch import Watch, replay

__all__ = ["Alert", "AlertRule", "Calls", "Labels", "Spell", "Watch", "make_alert_rules", "make_calls", "replay"]
