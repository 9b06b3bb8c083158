"""What every response says to a browser, and which requests are not looked at.

The headers go with everything that leaves the application, errors too. A page may load what comes from this service
and nothing else, run no script that stands in it, and be shown in no other page's frame.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class SecurityHeaders:
    """Adds `HEADERS` to every response.

    What a route sets itself stays. Nothing but static files is kept by a browser: calls are nobody else's.

    Parameters
    ----------
    app
        The application within.
    https
        Whether people reach the service by HTTPS: browsers are told to stay with it then.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "max-age=3600" if static else "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


def install(app: FastAPI, *, https: bool, hosts: Sequence[str]) -> None:
    """Guard an application.

    Parameters
    ----------
    app
        The application.
    https
        As `SecurityHeaders` has it.
    hosts
        Names by which it may be called; empty for every name.
    """
    if hosts:
        app.add_middleware(
            TrustedHostMiddleware, allowed_hosts=[host.strip("[]") for host in hosts] + list(hosts), www_redirect=False
        )
    app.add_middleware(SecurityHeaders, https=https)  # added last: outermost, so that it sees what the others refuse


def comes_from_elsewhere(request: Request) -> bool:
    """Whether another site's page has a browser make this request, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return origin.partition("://")[2] != request.headers.get("host")
