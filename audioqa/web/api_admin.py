"""Keys, people, retention and the audit trail of a tenant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from audioqa.errors import ServiceError
from audioqa.store import audit
from audioqa.store.database import snapshot
from audioqa.web.api_models import (
    ActList,
    ActOut,
    ChangedUser,
    KeyList,
    KeyOut,
    MadeKey,
    Me,
    NewKey,
    NewUser,
    Retention,
    UserList,
    UserOut,
)
from audioqa.web.identity import Admin, Anybody
from audioqa.web.problems import responses
from audioqa.web.state import TheService

router = APIRouter(prefix="/api/v1", tags=["administration"])

Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/me", response_model=Me, responses=responses())
def me(principal: Anybody) -> Me:
    """Who the API takes you for, and what you may do."""
    return Me(who=principal.who, tenant=principal.tenant, scopes=sorted(principal.scopes))


@router.get("/keys", response_model=KeyList, responses=responses())
def keys(service: TheService, principal: Admin) -> KeyList:
    """Every key, those that are out of force too."""
    names = KeyOut.model_fields.keys() - {"id"}
    found = service.keys.all(principal.tenant)
    return KeyList(keys=[KeyOut(id=key.key, **{name: getattr(key, name) for name in names}) for key in found])


@router.post("/keys", status_code=201, response_model=MadeKey, responses=responses())
def make_key(service: TheService, principal: Admin, new: NewKey) -> MadeKey:
    """Make a key; it is shown this once."""
    ends = None if new.days is None else datetime.now(UTC) + timedelta(days=new.days)
    number, key = service.keys.make(new.name, new.scopes, tenant=principal.tenant, by=principal.who, expires_at=ends)
    details = {"key": number, "scopes": list(new.scopes)}
    service.note(principal.tenant, principal.who, "key made", details=details)
    return MadeKey(id=number, key=key)


@router.delete("/keys/{key}", status_code=204, responses=responses())
def revoke_key(service: TheService, principal: Admin, key: Number) -> None:
    """Put a key out of force at once."""
    service.keys.revoke(key, tenant=principal.tenant)
    service.note(principal.tenant, principal.who, "key revoked", details={"key": key})


@router.get("/users", response_model=UserList, responses=responses())
def users(service: TheService, principal: Admin) -> UserList:
    """Everybody who may sign in."""
    return UserList(
        users=[
            UserOut(name=user.name, role=user.role, active=user.active, created_at=user.created_at)
            for user in service.accounts.people(principal.tenant)
        ]
    )


@router.post("/users", status_code=204, responses=responses(409))
def add_user(service: TheService, principal: Admin, new: NewUser) -> None:
    """Add a person."""
    service.accounts.add(new.name, role=new.role, tenant=principal.tenant, password=new.password)
    service.note(principal.tenant, principal.who, "user added", details={"user": new.name, "role": new.role})


@router.patch("/users/{name}", status_code=204, responses=responses(409))
def change_user(
    service: TheService, principal: Admin, name: Annotated[str, Path(max_length=100)], changed: ChangedUser
) -> None:
    """Change what a person may do, their password, or whether they may sign in; they are signed out everywhere."""
    if principal.who == f"user:{name}" and (changed.active is False or changed.role not in (None, "admin")):
        raise ServiceError("nobody can take their own rights: ask another admin", "conflict")
    service.accounts.change(
        name, tenant=principal.tenant, role=changed.role, password=changed.password, active=changed.active
    )
    details = {"user": name, **changed.model_dump(exclude_none=True, exclude={"password"})}
    details |= {"password": "new"} if changed.password else {}
    service.note(principal.tenant, principal.who, "user changed", details=details)


@router.get("/settings/retention", response_model=Retention, responses=responses())
def retention(service: TheService, principal: Admin) -> Retention:
    """How long calls are kept."""
    return Retention(days=service.privacy.retention(principal.tenant))


@router.put("/settings/retention", response_model=Retention, responses=responses())
def set_retention(service: TheService, principal: Admin, wanted: Retention) -> Retention:
    """Set how long calls are kept: what is older is deleted within minutes, for good."""
    service.privacy.set_retention(wanted.days, tenant=principal.tenant, by=principal.who)
    return wanted


@router.get("/audit", response_model=ActList, responses=responses())
def acts(
    service: TheService,
    principal: Admin,
    call_id: Annotated[str | None, Query(max_length=1000)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ActList:
    """Who did what, the latest first."""
    with snapshot(service.store.engine) as connection:
        found = audit.acts(connection, principal.tenant, before=before, call_id=call_id, most=limit)
    shown = [
        ActOut(
            id=act.key,
            at=act.at,
            who=act.who,
            what=act.what,
            call_id=act.call_id,
            details=dict(act.details),
            address=act.address,
        )
        for act in found
    ]
    return ActList(acts=shown, next=shown[-1].id if len(shown) == limit else None)
