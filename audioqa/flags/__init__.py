"""Flags: why a person should review the call, each in one sentence that names party, fault, place and consequence.

Rules make them, from a report and what else is known of the call: `default.toml` holds those in force where the
configuration says nothing else, docs/flags.md says how to write one's own. A rule looks at one kind of evidence. MOS
rules fire only on a scale that has bands. Event rules fire without any MOS, so that a call with too little speech to be
scored is still flagged.
"""

from __future__ import annotations

from audioqa.flags.editing import apply_threshold
from audioqa.flags.loading import default_rules, make_rules
from audioqa.flags.rule import Rule
from audioqa.flags.rules import FlagRules, reflag

__all__ = ["FlagRules", "Rule", "apply_threshold", "default_rules", "make_rules", "reflag"]
