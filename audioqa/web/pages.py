"""Pages: Jinja2 templates, escaped throughout, with what every page shows.

A template extends ``base.html`` and gets `page` (who is signed in, where they can go, their token for forms) beside its
own values. Scripts and styles are files under ``/static``; the security policy runs none that stands in a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import audioqa
from audioqa.service.principals import Principal
from audioqa.web.identity import Identity, set_cookie

STATIC = Path(__file__).parent / "static"

REPORT_STATIC = Path(audioqa.__file__).parent / "render" / "assets"
"""Scripts and style of the report page, which the page of a call has too."""

NAVIGATION = (
    ("/calls", "Calls", "read"),
    ("/trends", "Trends", "read"),
    ("/alerts", "Alerts", "read"),
    ("/review", "Review", "review"),
    ("/quality", "Quality of flags", "review"),
    ("/upload", "Upload", "ingest"),
    ("/settings", "Settings", "admin"),
)
"""Address, name, and the scope that it needs; what the application has no page for is left out."""


@dataclass(frozen=True)
class Page:
    """What every page shows.

    Parameters
    ----------
    principal
        Who is signed in; None where nobody is.
    csrf
        Their token: the value of the field ``csrf_token`` of every form, and in a ``meta`` element for scripts.
    navigation
        Address and name of the pages that they may go to.
    here
        The path of this page.
    can_sign_out
        Whether they signed in by themselves.
    version
        audioqa's.
    """

    principal: Principal | None
    csrf: str
    navigation: tuple[tuple[str, str], ...]
    here: str
    can_sign_out: bool
    version: str = audioqa.__version__


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page.

    Parameters
    ----------
    request
        What it answers; who asked has been found out.
    template
        Name of the template.
    values
        What it shows beside `Page`.
    status, headers
        Of the response.
    """
    identity: Identity | None = getattr(request.state, "identity", None)
    principal = identity.principal if identity else None
    there = {getattr(route, "path", "") for route in request.app.state.pages}
    page = Page(
        principal=principal,
        csrf=(identity.csrf or "") if identity else "",
        navigation=tuple(
            (address, name)
            for address, name, scope in NAVIGATION
            if address in there and principal is not None and principal.may(scope)
        ),
        here=request.url.path,
        can_sign_out=identity is not None and identity.csrf is not None,
    )
    text = _environment().get_template(template).render({**values, "page": page})
    response = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
    secret = getattr(request.state, "new_session", None)
    if secret is not None:
        set_cookie(response, request, secret)
    return response


def problem_page(
    request: Request, status: int, detail: str, *, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page that says what went wrong."""
    values = {"title": HTTPStatus(status).phrase, "detail": detail}
    return render(request, "problem.html", values, status=status, headers=headers)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("audioqa.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
