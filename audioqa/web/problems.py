"""Errors as problem details (RFC 9457) for programs, and as a page for people.

A message says what was wrong with the request and never what is inside: what nobody has foreseen is logged with a
number, and the number is all that is told.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audioqa.errors import AudioqaError, ServiceError, StoreError

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("audioqa.web")

STATUS: Mapping[str, int] = {
    "invalid": 422,
    "reused": 422,
    "missing": 404,
    "conflict": 409,
    "exists": 409,
    "too-large": 413,
    "too-slow": 408,
    "no-recording": 415,
    "busy": 429,
    "locked": 429,
    "full": 507,
    "forbidden": 403,
}
"""HTTP status by the kind of a `ServiceError`."""

_STORE_STATUS = {"missing": 404, "exists": 409, "url": 422, "locked": 503, "gone": 503, "disk-full": 507}


class Problem(BaseModel):
    """Problem details: what was wrong with a request.

    Parameters
    ----------
    type
        ``about:blank``, or ``tag:audioqa:`` with the kind of the problem.
    title
        The HTTP status in words.
    status
        The HTTP status.
    detail
        What was wrong, and what to do.
    errors
        Where it is one field or several: each with its place and what is wrong with it.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


_SCHEMA = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What a route of the API may answer beside its own: the usual problems, and these."""
    usual = (400, 401, 403, 404, 422, 429, 503)
    return {code: {"description": HTTPStatus(code).phrase, "content": _SCHEMA} for code in (*usual, *codes)}


def problem(
    status: int,
    detail: str,
    *,
    kind: str = "",
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> JSONResponse:
    """A response with problem details.

    Parameters
    ----------
    status
        The HTTP status.
    detail
        What was wrong.
    kind
        Of the problem, a word; empty where the status says all.
    headers
        Further headers.
    errors
        The fields concerned.
    """
    content = Problem(
        type=f"tag:audioqa:{kind}" if kind else "about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=errors,
    )
    return JSONResponse(
        content.model_dump(exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Have every error of an application answered in this way; to be called before what adds headers is installed."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AudioqaError, _ours)
    app.add_middleware(Unforeseen)


def answer(request: Request, status: int, detail: str, response: JSONResponse) -> Response:
    """Problem details, or the same as a page where a person's browser asks for one."""
    if _wants_page(request):
        from audioqa.web.pages import problem_page

        return problem_page(request, status, detail, headers=dict(_kept(response)))
    return response


def _kept(response: Response) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in response.headers.items()
        if name in ("retry-after", "www-authenticate", "allow")
    ]


def _wants_page(request: Request) -> bool:
    path = request.url.path
    own = ("/api/", "/static/", "/health", "/ready", "/metrics")
    return not path.startswith(own) and "text/html" in request.headers.get("accept", "")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    return answer(
        request, error.status_code, error.detail, problem(error.status_code, error.detail, headers=error.headers)
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # What was given is not repeated: it may be as long as it likes.
    errors = [
        {"in": ".".join(str(part) for part in one["loc"])[:200], "message": str(one["msg"])[:300]}
        for one in error.errors()[:20]
    ]
    detail = "; ".join(f"{one['in']}: {one['message']}" for one in errors[:3])
    return answer(request, 422, detail, problem(422, detail, kind="invalid", errors=errors))


async def _ours(request: Request, error: Exception) -> Response:
    headers: dict[str, str] = {}
    if isinstance(error, ServiceError):
        status, kind = STATUS.get(error.kind, 400), error.kind
        if error.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif isinstance(error, StoreError):
        status, kind = _STORE_STATUS.get(error.kind, 500), "store"
        if status >= 500:
            _log.error("the store is in trouble: %s", error)
            headers["Retry-After"] = "5"
            waits = "the store does not answer in time: try again in a moment"
            return answer(request, status, waits, problem(status, waits, kind=kind, headers=headers))
    else:
        status, kind = 422, "invalid"
    return answer(request, status, str(error), problem(status, str(error), kind=kind, headers=headers))


class Unforeseen:
    """Answers what nobody has foreseen; the framework's own handler stands outside of everything that adds headers.

    Parameters
    ----------
    app
        The application within.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            request = Request(scope, receive)
            number = secrets.token_hex(4)
            _log.error("unforeseen error %s at %s %s", number, request.method, _route(request), exc_info=error)
            detail = f"something went wrong that nobody has foreseen; it is logged under {number}"
            await answer(request, 500, detail, problem(500, detail))(scope, receive, send)


def _route(request: Request) -> str:
    """The pattern of a path, which names no call."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))
