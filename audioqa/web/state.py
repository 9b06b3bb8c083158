"""What every request needs: the service that the application was made for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from audioqa.service.service import Service


def service_of(request: Request) -> Service:
    """The service that this application serves."""
    service = request.app.state.service
    assert isinstance(service, Service)  # noqa: S101
    return service


def address_of(request: Request) -> str | None:
    """Where a request comes from: what a trusted proxy says, else who is at the other end of the line."""
    peer = request.client.host if request.client else None
    proxy = service_of(request).settings.service.proxy
    if proxy is not None and proxy.trusts(peer):
        said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return said[:100] or peer
    return peer


TheService = Annotated[Service, Depends(service_of)]
"""The parameter of a route that needs the service."""
