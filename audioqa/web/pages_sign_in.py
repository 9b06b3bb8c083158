"""Signing in and out.

The form has a token of its own, which a cookie holds too, so that no other site's page can sign a visitor in as
somebody else.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from audioqa.errors import ServiceError
from audioqa.web.identity import PageReader, cookie_name, identify, set_cookie
from audioqa.web.pages import render
from audioqa.web.problems import STATUS
from audioqa.web.security import comes_from_elsewhere
from audioqa.web.state import TheService, address_of

router = APIRouter(include_in_schema=False)

_COOKIE = "audioqa-sign-in"


@router.get("/sign-in")
def sign_in_page(request: Request, service: TheService, next: str = "/") -> Response:  # noqa: A002 - as browsers have it
    """The form; who is signed in already goes on."""
    if identify(request) is not None:
        return RedirectResponse(_inside(next), 303)
    return _form(request, where=_inside(next), https=service.settings.service.https)


@router.post("/sign-in")
def sign_in(
    request: Request,
    service: TheService,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Sign in, and go on to where one wanted to go."""
    where, https = _inside(next), service.settings.service.https
    held = request.cookies.get(_COOKIE, "")
    if comes_from_elsewhere(request) or not held or not hmac.compare_digest(held.encode(), token.encode()):
        return _form(request, where=where, https=https, wrong="the form was too old: try again", status=403)
    address = address_of(request)
    try:
        secret = service.accounts.sign_in(name.strip(), password)
    except ServiceError as error:
        user = service.accounts.named(name.strip()) if error.kind != "busy" else None
        if user is not None:
            service.note(user.tenant, f"user:{user.name}", "sign-in refused", address=address)
        return _form(request, where=where, https=https, name=name[:200], wrong=str(error), status=STATUS[error.kind])
    user = service.accounts.named(name.strip())
    assert user is not None  # noqa: S101
    service.note(user.tenant, f"user:{user.name}", "signed in", address=address)
    before = request.cookies.get(cookie_name(service), "")
    if before:
        service.accounts.sign_out(before)  # whoever knew it, a session that was there before is worth nothing now
    response = RedirectResponse(where, 303)
    response.delete_cookie(_COOKIE, path="/sign-in")
    set_cookie(response, request, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, service: TheService, principal: PageReader) -> Response:
    """End the session."""
    secret = request.cookies.get(cookie_name(service), "")
    if secret:
        service.accounts.sign_out(secret)
        service.note(principal.tenant, principal.who, "signed out")
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(cookie_name(service), path="/", secure=service.settings.service.https, httponly=True)
    return response


@router.get("/")
def front(request: Request, _: PageReader) -> Response:
    """The first page that this person may go to."""
    identity = request.state.identity
    paths = {getattr(route, "path", "") for route in request.app.state.pages}
    for path, scope in (("/calls", "read"), ("/upload", "ingest")):
        if path in paths and identity.principal.may(scope):
            return RedirectResponse(path, 303)
    raise HTTPException(404, "there is no page for your role")


def _form(request: Request, *, where: str, https: bool, name: str = "", wrong: str = "", status: int = 200) -> Response:
    token = secrets.token_urlsafe(32)
    values = {"name": name, "wrong": wrong, "token": token, "next": where}
    response = render(request, "sign_in.html", values, status=status)
    response.set_cookie(_COOKIE, token, path="/sign-in", httponly=True, samesite="strict", secure=https, max_age=3600)
    return response


def _inside(where: str) -> str:
    """A path of this service, and no other site's address, whatever was asked for."""
    plain = where.startswith("/") and not where.startswith(("//", "/\\")) and where.isprintable()
    return where if plain and "\\" not in where else "/"
