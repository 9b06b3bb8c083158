"""Keys of programs: 256 random bits, shown once, kept as their SHA-256."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audioqa.errors import ServiceError
from audioqa.service.accounts import digest_of
from audioqa.service.principals import SCOPES, Principal
from audioqa.store import Store, accounts
from audioqa.store.accounts import ApiKey
from audioqa.store.database import snapshot, writing

PREFIX = "aqa_"
"""What a key begins with, so that one that has got out is recognised by scanners."""

_NOTED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Keys:
    """The keys of the service."""

    store: Store

    def make(
        self, name: str, scopes: Iterable[str], *, tenant: str, by: str, expires_at: datetime | None = None
    ) -> tuple[int, str]:
        """Make a key: its number, and the key itself, which nobody can look up later.

        Parameters
        ----------
        name
            What it is for.
        scopes
            Some of `SCOPES`.
        tenant
            Whose calls it sees.
        by
            Who makes it.
        expires_at
            Aware; None for a key that stays in force until it is revoked.

        Raises
        ------
        ServiceError
            Where a scope does not exist, or the name is empty or too long.
        """
        wanted = sorted(set(scopes), key=lambda scope: SCOPES.index(scope) if scope in SCOPES else -1)
        if not wanted or not set(wanted) <= set(SCOPES):
            raise ServiceError(f"a key has at least one of the scopes {', '.join(SCOPES)}, and no other", "invalid")
        if not 1 <= len(name.strip()) <= 100:
            raise ServiceError("a key has a name of 1 to 100 characters that says what it is for", "invalid")
        secret = PREFIX + secrets.token_urlsafe(32)
        number = writing(
            self.store.engine,
            lambda c: accounts.add_key(
                c,
                tenant,
                name.strip(),
                start=secret[:10],
                digest=digest_of(secret),
                scopes=wanted,
                by=by,
                expires_at=expires_at,
            ),
        )
        return number, secret

    def principal(self, secret: str) -> Principal | None:
        """Who shows this key; None where it is none, or no longer."""
        with snapshot(self.store.engine) as connection:
            key = accounts.find_key(connection, digest_of(secret))
        if key is None:
            return None
        if key.used_at is None or key.used_at < datetime.now(UTC) - _NOTED_EVERY:
            number = key.key
            writing(self.store.engine, lambda c: accounts.use_key(c, number))
        return Principal(key.tenant, f"key:{key.key} {key.name}", frozenset(key.scopes))

    def all(self, tenant: str | None) -> list[ApiKey]:
        """The keys of a tenant, those that are out of force too; of all tenants for None."""
        with snapshot(self.store.engine) as connection:
            return accounts.list_keys(connection, tenant)

    def revoke(self, key: int, *, tenant: str) -> None:
        """Put a key out of force at once.

        Raises
        ------
        ServiceError
            Where the tenant has no such key in force.
        """
        if not writing(self.store.engine, lambda c: accounts.revoke_key(c, tenant, key)):
            raise ServiceError(f"there is no key {key} in force", "missing")
