"""How long requests take, for Prometheus and for the log; neither names a call."""

from __future__ import annotations

import logging
import time

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audioqa.service.metrics import Metrics

_log = logging.getLogger("audioqa.requests")


class Measuring:
    """Times every request by the pattern of its path.

    Parameters
    ----------
    app
        The application within.
    metrics
        Told of each request.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            taken = time.monotonic() - started
            # Of a path that leads nowhere not even the path is kept: anybody can make up any number of them.
            route = str(getattr(scope.get("route"), "path", "none"))
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.asked(method, route, status, taken)
            _log.info("%s %s %d %.0f ms", method, route, status, 1000 * taken)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def install(app: FastAPI, metrics: Metrics) -> None:
    """Have every request of an application timed."""
    app.add_middleware(Measuring, metrics=metrics)
