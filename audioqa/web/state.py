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


TheService = Annotated[Service, Depends(service_of)]
"""The parameter of a route that needs the service."""
