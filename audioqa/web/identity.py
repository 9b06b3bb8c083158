"""Who asks: a program by its key, a person by the cookie of a session, or by the word of a proxy that is trusted.

A change that a browser asks for counts only with the token that belongs to the session (in the header
``X-CSRF-Token``, or in the form's field ``csrf_token``), and never when another site's page asks for it. A key is sent
by programs alone, so that it needs none.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from audioqa.service.accounts import principal_of
from audioqa.service.principals import SCOPES, Principal
from audioqa.service.service import Service
from audioqa.web.security import SAFE_METHODS, comes_from_elsewhere
from audioqa.web.state import service_of

OPEN = Principal("", "user:local", frozenset(SCOPES))
"""Everybody, where the service is open to this machine without signing in."""


@dataclass(frozen=True)
class Identity:
    """Who asks, and the token that has to come with changes.

    There is none (None) for a program, nor where the service is open to this machine: what another site's page asks
    for is told by the browser's own headers there.
    """

    principal: Principal
    csrf: str | None


def cookie_name(service: Service) -> str:
    """Of the session: over HTTPS browsers hold it to this host, and to HTTPS."""
    return "__Host-audioqa" if service.settings.service.https else "audioqa"


def identify(request: Request, *, begin: bool = False) -> Identity | None:
    """Who asks; None where nothing that is shown says so.

    Parameters
    ----------
    request
        The request.
    begin
        Begin a session for somebody whom the proxy names and who has none.

    Raises
    ------
    HTTPException
        401 where a key is shown that is none: it is not taken for nothing.
    """
    service = service_of(request)
    shown = request.headers.get("authorization")
    if shown is not None:
        scheme, _, secret = shown.partition(" ")
        principal = service.keys.principal(secret.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            raise _unknown("this key is none, or no longer in force")
        return Identity(principal, None)
    secret = request.cookies.get(cookie_name(service), "")
    session = service.accounts.session(secret) if secret else None
    named = _named_by_proxy(request, service)
    if named is not None and session is not None and session.user.name != named:
        session = None  # somebody else sits there now
    if session is not None:
        return Identity(principal_of(session.user), session.csrf)
    if named is not None:
        user = service.accounts.named(named)
        if user is None or not user.active:
            raise HTTPException(403, "this person may not use the service: somebody has to add them first")
        if begin:
            request.state.new_session = secret = service.accounts.begin(user)
            session = service.accounts.session(secret)
        return Identity(principal_of(user), session.csrf if session else "")
    if service.open_to_this_machine:
        return Identity(OPEN, None)
    return None


def set_cookie(response: Response, request: Request, secret: str) -> None:
    """Give a browser the cookie of a session."""
    service = service_of(request)
    https = service.settings.service.https
    response.set_cookie(
        cookie_name(service), secret, path="/", httponly=True, samesite="lax", secure=https, max_age=None
    )


def needs(*scopes: str) -> Callable[[Request], Coroutine[Any, Any, Principal]]:
    """A dependency of API routes: who asks, if they may.

    Parameters
    ----------
    *scopes
        Of `audioqa.service.principals.SCOPES`: any one of them is enough.
    """

    async def dependency(request: Request) -> Principal:
        from fastapi.concurrency import run_in_threadpool

        identity = await run_in_threadpool(identify, request)
        if identity is None:
            raise _unknown("show a key: Authorization: Bearer aqa_...")
        await _guard(request, identity)
        if not any(map(identity.principal.may, scopes)):
            raise HTTPException(403, f"this needs the scope {' or '.join(scopes)}")
        request.state.identity = identity
        return identity.principal

    dependency.scopes = scopes  # type: ignore[attr-defined]  # for the test that looks at every route
    return dependency


def page_needs(scope: str) -> Callable[[Request], Coroutine[Any, Any, Principal]]:
    """A dependency of pages: who asks, if they may; people who are not signed in are asked to.

    Parameters
    ----------
    scope
        One of `audioqa.service.principals.SCOPES`.
    """

    async def dependency(request: Request) -> Principal:
        from fastapi.concurrency import run_in_threadpool

        identity = await run_in_threadpool(identify, request, begin=True)
        if identity is None:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            back = f"?next={quote(wanted)}" if request.method in SAFE_METHODS and wanted != "/" else ""
            raise HTTPException(303, "sign in first", headers={"Location": f"/sign-in{back}"})
        await _guard(request, identity)
        if not identity.principal.may(scope):
            raise HTTPException(403, "this is not for your role: ask whoever keeps the accounts")
        request.state.identity = identity
        return identity.principal

    dependency.scopes = (scope,)  # type: ignore[attr-defined]  # for the test that looks at every route
    return dependency


async def _guard(request: Request, identity: Identity) -> None:
    """Refuse a change that a browser was made to ask for."""
    if request.method in SAFE_METHODS or not identity.principal.is_person:
        return
    if comes_from_elsewhere(request):
        raise HTTPException(403, "this was asked for by another site's page")
    if identity.csrf is None:
        return
    shown = request.headers.get("x-csrf-token")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if shown is None and kind == "application/x-www-form-urlencoded":
        value = (await request.form()).get("csrf_token")
        shown = value if isinstance(value, str) else None
    if not shown or not hmac.compare_digest(shown.encode(), identity.csrf.encode()):
        raise HTTPException(403, "the token of your session is missing or old: load the page again")


def _named_by_proxy(request: Request, service: Service) -> str | None:
    proxy = service.settings.service.proxy
    if proxy is None or not proxy.trusts(request.client.host if request.client else None):
        return None
    return request.headers.get(proxy.header) or None


def _unknown(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": 'Bearer realm="audioqa"'})


Anybody = Annotated[Principal, Depends(needs(*SCOPES))]
Reader = Annotated[Principal, Depends(needs("read"))]
Sender = Annotated[Principal, Depends(needs("ingest"))]
Reviewer = Annotated[Principal, Depends(needs("review"))]
Admin = Annotated[Principal, Depends(needs("admin"))]
PageReader = Annotated[Principal, Depends(page_needs("read"))]
PageSender = Annotated[Principal, Depends(page_needs("ingest"))]
PageReviewer = Annotated[Principal, Depends(page_needs("review"))]
PageAdmin = Annotated[Principal, Depends(page_needs("admin"))]
"""The parameter of a route that says who may use it."""
