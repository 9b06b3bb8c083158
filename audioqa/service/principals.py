"""Who asks, whose calls they see, and what they may do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCOPES = ("ingest", "read", "review", "admin")
"""What one may do: send recordings; see and hear calls; judge them; keys, people, settings, deleting."""

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "reviewer": frozenset({"read", "review"}),
    "lead": frozenset({"ingest", "read", "review"}),
    "admin": frozenset(SCOPES),
}
"""What a person of each role may do."""


@dataclass(frozen=True)
class Principal:
    """A person or program that has shown who it is.

    Parameters
    ----------
    tenant
        Whose calls it sees; it sees no other tenant's, whatever its scopes.
    who
        As the audit trail names it: ``user:anna``, ``key:7 recorder``.
    scopes
        Some of `SCOPES`.
    """

    tenant: str
    who: str
    scopes: frozenset[str]

    @property
    def name(self) -> str:
        """What people call it: ``anna``."""
        return self.who.partition(":")[2]

    @property
    def is_person(self) -> bool:
        """Whether it is a person who signed in, and no program."""
        return self.who.startswith("user:")

    def may(self, scope: str) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes
