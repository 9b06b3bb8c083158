"""Rows of people, of those who are signed in, and of the keys of programs.

Secrets come here as digests or hashes already; nothing here can tell what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from audioqa.errors import StoreError
from audioqa.store.service_tables import api_keys, sessions, users


@dataclass(frozen=True)
class User:
    """A person who may sign in.

    Parameters
    ----------
    key
        The store's number of them.
    tenant, name, role
        Whose they are, what they sign in with, and what they may do.
    password
        Hash of their password; None where a proxy signs them in.
    active
        Whether they may sign in at all.
    created_at
        UTC.
    failures, locked_until
        Wrong passwords in a row, and until when none is looked at.
    """

    key: int
    tenant: str
    name: str
    role: str
    password: str | None
    active: bool
    created_at: datetime
    failures: int
    locked_until: datetime | None


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in; `csrf` has to come with every change that their browser asks for."""

    user: User
    csrf: str
    expires_at: datetime


@dataclass(frozen=True)
class ApiKey:
    """The key of a program; `start` is its first characters."""

    key: int
    tenant: str
    name: str
    start: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


def add_user(connection: Connection, tenant: str, name: str, role: str, password: str | None) -> int:
    """Add a person; their number.

    Raises
    ------
    StoreError
        Where somebody has that name already.
    """
    values = {"tenant": tenant, "name": name, "role": role, "password": password, "active": True, "failures": 0}
    try:
        with connection.begin_nested():
            added = connection.execute(insert(users).values(**values, created_at=_now()).returning(users.c.id))
            return int(added.scalar_one())
    except IntegrityError:
        raise StoreError(f"there is a user {name} already: names are unique", "exists") from None


def find_user(connection: Connection, name: str) -> User | None:
    """The person of that name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    return _user(row) if row else None


def list_users(connection: Connection, tenant: str | None) -> list[User]:
    """People by name; of all tenants for None."""
    chosen = select(users).order_by(users.c.tenant, users.c.name)
    if tenant is not None:
        chosen = chosen.where(users.c.tenant == tenant)
    return [_user(row) for row in connection.execute(chosen)]


def count_users(connection: Connection) -> int:
    """How many people there are."""
    return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def change_user(
    connection: Connection,
    tenant: str,
    name: str,
    *,
    role: str | None = None,
    password: str | None = None,
    active: bool | None = None,
) -> bool:
    """Change what a person may do, signs in with, or whether they may sign in; they are signed out everywhere.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, name
        The person.
    role, password, active
        As `User` has them; None leaves it as it is.

    Returns
    -------
    bool
        False where the tenant has nobody of that name.
    """
    given = {"role": role, "password": password, "active": active}
    values: dict[str, Any] = {column: value for column, value in given.items() if value is not None}
    if password is not None:
        values |= {"failures": 0, "locked_until": None}
    same = (users.c.tenant == tenant) & (users.c.name == name)
    keys = list(
        connection.execute(update(users).where(same).values(values or {"name": name}).returning(users.c.id)).scalars()
    )
    connection.execute(delete(sessions).where(sessions.c.user.in_(keys)))
    return bool(keys)


def note_password(connection: Connection, user: int, *, right: bool, most: int, wait: timedelta) -> None:
    """Note that a password was right or wrong; after `most` wrong ones in a row none is looked at for `wait`."""
    if right:
        connection.execute(update(users).where(users.c.id == user).values(failures=0, locked_until=None))
        return
    counted = update(users).where(users.c.id == user).values(failures=users.c.failures + 1)
    failures = connection.execute(counted.returning(users.c.failures)).scalar()
    if failures is not None and failures >= most:
        connection.execute(update(users).where(users.c.id == user).values(failures=0, locked_until=_now() + wait))


def begin_session(connection: Connection, user: User, digest: str, csrf: str, lasting: timedelta) -> None:
    """Note that a person has signed in."""
    now = _now()
    values = {"digest": digest, "tenant": user.tenant, "user": user.key, "csrf": csrf}
    connection.execute(insert(sessions).values(**values, created_at=now, seen_at=now, expires_at=now + lasting))


def find_session(connection: Connection, digest: str, idle: timedelta) -> Session | None:
    """Who is signed in; None where the session is over, was idle for too long, or its person is not active.

    Parameters
    ----------
    connection
        In a transaction.
    digest
        SHA-256 of the cookie.
    idle
        So long a session may go unused.
    """
    now = _now()
    # Both tables have a tenant: the session's columns come under names of their own.
    about = (sessions.c.csrf, sessions.c.expires_at.label("ends"), sessions.c.seen_at)
    found = select(users, *about).join_from(sessions, users).where(sessions.c.digest == digest, users.c.active)
    row = connection.execute(found.where(sessions.c.expires_at > now, sessions.c.seen_at > now - idle)).first()
    return Session(_user(row), row.csrf, row.ends) if row else None


def is_stale(connection: Connection, digest: str, after: timedelta) -> bool:
    """Whether the use of a session was noted longer ago than that."""
    seen = connection.execute(select(sessions.c.seen_at).where(sessions.c.digest == digest)).scalar()
    return seen is not None and seen < _now() - after


def see_session(connection: Connection, digest: str) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=_now()))


def end_session(connection: Connection, digest: str) -> None:
    """Sign somebody out."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def forget_sessions(connection: Connection) -> None:
    """Clear away sessions that are over."""
    connection.execute(delete(sessions).where(sessions.c.expires_at < _now()))


def add_key(
    connection: Connection,
    tenant: str,
    name: str,
    *,
    start: str,
    digest: str,
    scopes: Sequence[str],
    by: str,
    expires_at: datetime | None,
) -> int:
    """Add the key of a program; its number."""
    values: dict[str, Any] = {"tenant": tenant, "name": name, "start": start, "digest": digest, "scopes": list(scopes)}
    values |= {"created_by": by, "created_at": _now(), "expires_at": expires_at}
    return int(connection.execute(insert(api_keys).values(**values).returning(api_keys.c.id)).scalar_one())


def find_key(connection: Connection, digest: str) -> ApiKey | None:
    """The key in force with that digest."""
    row = connection.execute(
        select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    ).first()
    if row is None or (row.expires_at is not None and row.expires_at <= _now()):
        return None
    return _key(row)


def use_key(connection: Connection, key: int) -> None:
    """Note that a key has been used."""
    connection.execute(update(api_keys).where(api_keys.c.id == key).values(used_at=_now()))


def list_keys(connection: Connection, tenant: str | None) -> list[ApiKey]:
    """Keys in the order in which they were made; of all tenants for None."""
    chosen = select(api_keys).order_by(api_keys.c.tenant, api_keys.c.id)
    if tenant is not None:
        chosen = chosen.where(api_keys.c.tenant == tenant)
    return [_key(row) for row in connection.execute(chosen)]


def revoke_key(connection: Connection, tenant: str, key: int) -> bool:
    """Put a key out of force; False where the tenant has no such key."""
    mine = (api_keys.c.tenant == tenant) & (api_keys.c.id == key) & api_keys.c.revoked_at.is_(None)
    return connection.execute(update(api_keys).where(mine).values(revoked_at=_now())).rowcount > 0


def _user(row: Row[Any]) -> User:
    return User(
        row.id,
        row.tenant,
        row.name,
        row.role,
        row.password,
        row.active,
        row.created_at,
        row.failures,
        row.locked_until,
    )


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.id,
        row.tenant,
        row.name,
        row.start,
        tuple(row.scopes),
        row.created_by,
        row.created_at,
        row.used_at,
        row.expires_at,
        row.revoked_at,
    )


def _now() -> datetime:
    return datetime.now(UTC)
