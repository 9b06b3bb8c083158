"""The picture of a call for the page's script: waveform and spectrogram of each channel, drawn once and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audioqa.errors import AudioqaError
from audioqa.render.as_json import from_plain
from audioqa.render.page import drawing, pictures_for_page
from audioqa.service.service import Service
from audioqa.store import StoredCall
from audioqa.web.told import bands_of

_NAME = "picture-1"
"""Of the file that is kept; another number where its content becomes another."""


def drawing_json(
    service: Service, number: int, call: StoredCall, *, tenant: str, audio: str, blind: bool = False
) -> str:
    """What the page's script draws, as JSON.

    Parameters
    ----------
    service
        The service.
    number, call, tenant
        The call.
    audio
        The address that the player plays.
    blind
        Whether nothing of what was found may be in it.

    Raises
    ------
    ServiceError
        Where the recording is gone.
    AudioqaError
        Where it can no longer be read.
    """
    report = from_plain(call.content)
    paths, options = service.sound.paths(number, call), service.sound.options(call, tenant)

    def draw(target: Path) -> None:
        pictures = pictures_for_page(report, options=options, path=paths)
        target.write_text(json.dumps(drawing(report, pictures)["channels"], allow_nan=False), encoding="ascii")

    kept = service.derived.path(number, report.recording.sha256, _NAME, draw)
    head: dict[str, Any] = drawing(report, (), bands=bands_of(service, tenant), blind=blind)
    try:
        service.sound.listening(number, call, tenant=tenant)
        head["audio"] = audio
    except AudioqaError as error:
        # An error may name the file, and a name may tell what is wrong with it.
        head["noPlayer"] = "The recording cannot be played." if blind else f"No player: {error}."
    del head["channels"]
    # What was drawn is large: it goes through as it stands.
    return f'{json.dumps(head, allow_nan=False)[:-1]}, "channels": {kept.read_text(encoding="ascii")}}}'
