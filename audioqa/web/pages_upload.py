"""The page on which people hand recordings over: drag and drop, progress, and each result as it arrives."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from audioqa.web.identity import PageSender
from audioqa.web.pages import render
from audioqa.web.state import TheService

router = APIRouter(include_in_schema=False)


@router.get("/upload")
def upload_page(request: Request, service: TheService, _: PageSender) -> Response:
    """The page; what it does goes through the API."""
    return render(request, "upload.html", {"largest": service.settings.service.largest})
