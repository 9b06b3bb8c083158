"""People: adding them, and how they sign in.

Passwords are hashed with Argon2id (argon2-cffi's own parameters, which follow RFC 9106) and hashed anew when those
change. Somebody who guesses is slowed down by account; a name that nobody has takes as long as one that somebody has.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from audioqa.errors import ServiceError
from audioqa.service.principals import ROLES, Principal
from audioqa.store import Store, accounts
from audioqa.store.accounts import Session, User
from audioqa.store.database import snapshot, writing

SHORTEST, LONGEST = 12, 256
"""Characters of a password (NIST SP 800-63B asks for 8 at least where there is a second factor, 15 where there is
none and no limit to guesses; there is one here)."""

GUESSES, PAUSE = 5, timedelta(minutes=5)
"""Wrong passwords in a row until none is looked at for a while."""

_NOTED_EVERY = timedelta(seconds=60)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f:/][^\x00-\x1f\x7f:/]{0,99}")


@dataclass(frozen=True)
class Accounts:
    """People of the service.

    Parameters
    ----------
    store
        Where they are kept.
    lasting, idle
        How long somebody is signed in, and may do nothing meanwhile.
    """

    store: Store
    lasting: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=2)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody has, so that an unknown name takes as long as a known one."""
        return self._hasher.hash(secrets.token_urlsafe())

    @cached_property
    def _places(self) -> threading.BoundedSemaphore:
        """For those who wait for their turn: whoever floods the form must not take every thread of the server."""
        return threading.BoundedSemaphore(8)

    @cached_property
    def _turn(self) -> threading.Semaphore:
        """Two hashes at a time: each takes 64 MiB and a processor for a while."""
        return threading.Semaphore(2)

    def add(self, name: str, *, role: str, tenant: str = "", password: str | None = None) -> None:
        """Add a person.

        Parameters
        ----------
        name
            What they sign in with.
        role
            One of `ROLES`.
        tenant
            Whose calls they see.
        password
            None where only a proxy signs them in.

        Raises
        ------
        ServiceError
            Where name, role or password cannot be used.
        StoreError
            Where the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise ServiceError("a name has 1 to 100 characters, without colon, slash and line breaks", "invalid")
        _check_role(role)
        hashed = None if password is None else self._hashed(password)
        writing(self.store.engine, lambda c: accounts.add_user(c, tenant, name, role, hashed))

    def change(
        self,
        name: str,
        *,
        tenant: str,
        role: str | None = None,
        password: str | None = None,
        active: bool | None = None,
    ) -> None:
        """Change role, password, or whether somebody may sign in; they are signed out everywhere.

        Raises
        ------
        ServiceError
            Where the tenant has nobody of that name, or a value cannot be used.
        """
        if role is not None:
            _check_role(role)
        hashed = None if password is None else self._hashed(password)
        changed = writing(
            self.store.engine,
            lambda c: accounts.change_user(c, tenant, name, role=role, password=hashed, active=active),
        )
        if not changed:
            raise ServiceError(f"there is no user {name}", "missing")

    def people(self, tenant: str | None) -> list[User]:
        """Everybody of a tenant; of all for None."""
        with snapshot(self.store.engine) as connection:
            return accounts.list_users(connection, tenant)

    def are_none(self) -> bool:
        """Whether nobody has been added yet."""
        with snapshot(self.store.engine) as connection:
            return accounts.count_users(connection) == 0

    def sign_in(self, name: str, password: str) -> str:
        """The secret of a new session, for the cookie.

        Raises
        ------
        ServiceError
            Where name or password are wrong, too many were, or too many people sign in at once.
        """
        if not self._places.acquire(blocking=False):
            raise ServiceError("too many people sign in just now: try again in a moment", "busy", 2.0)
        try:
            return self._sign_in(name, password)
        finally:
            self._places.release()

    def _sign_in(self, name: str, password: str) -> str:
        user = self.named(name)
        if user is not None and user.locked_until is not None and user.locked_until > _now():
            left = (user.locked_until - _now()).total_seconds()
            raise ServiceError(f"too many wrong passwords: try again in {left / 60:.0f} minutes", "locked", left)
        right = self._matches(user.password if user else None, password)
        if user is None or user.password is None or not user.active or not right:
            if user is not None:
                self._note(user, right=False)
            raise ServiceError("name or password is wrong", "forbidden")
        self._note(user, right=True)
        if self._hasher.check_needs_rehash(user.password):
            self.change(name, tenant=user.tenant, password=password)
        return self.begin(user)

    def begin(self, user: User) -> str:
        """A session of somebody who has shown who they are; its secret, for the cookie."""
        secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        writing(self.store.engine, lambda c: accounts.begin_session(c, user, digest_of(secret), csrf, self.lasting))
        return secret

    def session(self, secret: str) -> Session | None:
        """Whose session a cookie is of; None where it is none, or no longer."""
        digest = digest_of(secret)
        with snapshot(self.store.engine) as connection:
            found = accounts.find_session(connection, digest, self.idle)
            stale = found is not None and accounts.is_stale(connection, digest, _NOTED_EVERY)
        if stale:
            writing(self.store.engine, lambda c: accounts.see_session(c, digest))
        return found

    def sign_out(self, secret: str) -> None:
        """End a session."""
        writing(self.store.engine, lambda c: accounts.end_session(c, digest_of(secret)))

    def named(self, name: str) -> User | None:
        """The person of that name."""
        with snapshot(self.store.engine) as connection:
            return accounts.find_user(connection, name)

    def _hashed(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise ServiceError(f"a password has {SHORTEST} to {LONGEST} characters", "invalid")
        with self._turn:
            return self._hasher.hash(password)

    def _matches(self, hashed: str | None, password: str) -> bool:
        if len(password) > LONGEST:
            return False
        with self._turn:
            try:
                return self._hasher.verify(hashed or self._nobody, password) and hashed is not None
            except (VerificationError, InvalidHashError):
                return False

    def _note(self, user: User, *, right: bool) -> None:
        writing(self.store.engine, lambda c: accounts.note_password(c, user.key, right=right, most=GUESSES, wait=PAUSE))


def principal_of(user: User) -> Principal:
    """What somebody who signed in may do."""
    return Principal(user.tenant, f"user:{user.name}", ROLES.get(user.role, frozenset()))


def digest_of(secret: str) -> str:
    """What is kept of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ServiceError(f"there is no role {role!r}; there are {', '.join(ROLES)}", "invalid")


def _now() -> datetime:
    return datetime.now(UTC)
