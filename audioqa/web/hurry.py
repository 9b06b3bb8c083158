"""Senders that take their time: of a request's header, and of its body where it is no upload.

A connection that never finishes a request costs a sender nothing and the service a place. Uploads have limits of their
own (`audioqa.web.receiving`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER, BODY = 20.0, 30.0
"""Seconds until the header of a request, and the body of one that is no upload, must have come."""

UPLOADS = "/api/v1/uploads"


class HurriedProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with an end to headers that never come to theirs."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin: a request is expected."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._expected()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; between two requests, what comes is the beginning of a header."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._expected()
        elif self._limit is None:
            self._expect()

    def _expect(self) -> None:
        self._limit = self.loop.call_later(HEADER, self._give_up)

    def _expected(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class HurriedBodies:
    """Gives up a request whose body takes too long, uploads apart.

    Parameters
    ----------
    app
        The application within.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or (scope["method"] == "POST" and scope["path"] == UPLOADS):
            await self._app(scope, receive, send)
            return
        end = asyncio.get_running_loop().time() + BODY
        more = True

        async def hurried() -> Message:
            nonlocal more
            if not more:
                return await receive()
            left = end - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError:
                more = False
                return {"type": "http.disconnect"}
            more = bool(message.get("more_body", False))
            return message

        await self._app(scope, hurried, send)


def install(app: FastAPI) -> None:
    """Have slow bodies given up."""
    app.add_middleware(HurriedBodies)
