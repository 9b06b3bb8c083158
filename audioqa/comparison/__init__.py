"""Change experiments: calls before and after a change, compared.

`compare` takes two lots of calls as columns and gives a `Comparison`; nothing in here reads a store or writes a page.
"""

from __future__ import annotations

from audioqa.comparison.comparing import Options, compare
from audioqa.comparison.results import Cluster, Comparison, Difference, Mix, Outcome, Part, Standardised

__all__ = ["Cluster", "Comparison", "Difference", "Mix", "Options", "Outcome", "Part", "Standardised", "compare"]
