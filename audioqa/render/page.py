"""A report as one self-contained HTML page: it opens by double click, without a network, for years.

Waveform, spectrogram and audio are embedded; the page asks for nothing. Its Content-Security-Policy allows the one
script and the one style that stand in it, by their SHA-256, so that no text from outside could ever run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from audioqa.audio import OpenOptions, RecordingPath
from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.render import page_tables as tables
from audioqa.render import page_verdict as head
from audioqa.render.as_json import to_json
from audioqa.render.listening import Listening, encode_for_listening
from audioqa.render.markup import text
from audioqa.render.pictures import Picture, draw_pictures
from audioqa.render.png import greyscale_png
from audioqa.types import CallReport, Skipped

COLUMNS, SLICES = 200_000, 12_000
"""Columns of waveform and spectrogram that a page holds in all, shared by its channels: 0.5 MB and about 2 MB."""

SCRIPTS = ("timeline.js", "spectrogram.js", "pointer.js", "player.js")
"""The page's one script, in this order."""

CHANNELS = 8
"""Channels drawn."""

AROUND = 2.0
"""Seconds played before and after an event, so that the ear has something to compare it with."""

TILE = 4096
"""Widest image in pixels; phones refuse much wider ones."""

_RANGE = 70.0  # dB shown below the loudest cell
_GREYS = 64  # levels of the spectrogram: 1.1 dB each, no eye sees more


def write_page(
    report: CallReport,
    page: str | os.PathLike[str],
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    bands: BandSet = CONTACT_CENTRE,
    path: RecordingPath | None = None,
) -> None:
    """Write the report as a page.

    Parameters
    ----------
    report
        The report; its recording is decoded twice more, for the picture and for the player.
    page
        The HTML file to write; one that exists is replaced.
    options
        How the recording was opened.
    bands
        The band set in force.
    path
        Where the recording is, if not at the report's path; of legs their files.

    Raises
    ------
    UnreadableRecordingError
        Where the recording is gone or can no longer be read.
    """
    pictures = pictures_for_page(report, options=options, path=path)
    listening = encode_for_listening(report.recording, options=options, path=path)
    Path(page).write_text(render_page(report, pictures, listening, bands=bands), encoding="utf-8")


def render_page(
    report: CallReport, pictures: Sequence[Picture], listening: Listening | Skipped, *, bands: BandSet = CONTACT_CENTRE
) -> str:
    """The page as text; see `write_page`."""
    script = "".join(map(_asset, SCRIPTS))
    style = _asset("page.css")
    name = " + ".join(Path(file).name for file in report.recording.files) or report.recording.path
    drawn = drawing(report, pictures, bands=bands)
    drawn["mime"] = listening.mime if isinstance(listening, Listening) else ""
    drawn["noPlayer"] = f"No player: {listening.reason}." if isinstance(listening, Skipped) else ""
    return Template(_asset("page.html")).substitute(
        policy=_policy(script, style),
        title=text(f"{name} – call report"),
        style=style,
        name=text(name),
        **sections(report, bands=bands, player=isinstance(listening, Listening)),
        report=inert(to_json(report)),
        drawing=inert(json.dumps(drawn, allow_nan=False)),
        audio=base64.b64encode(listening.data).decode("ascii") if isinstance(listening, Listening) else "",
        script=script,
    )


def pictures_for_page(
    report: CallReport,
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    path: RecordingPath | None = None,
) -> tuple[Picture, ...]:
    """The pictures of a page's size; parameters as for `audioqa.render.pictures.draw_pictures`."""
    shown = max(1, min(CHANNELS, len(report.recording.channels)))
    return draw_pictures(report.recording, columns=COLUMNS // shown, slices=SLICES // shown, options=options, path=path)


def sections(report: CallReport, *, bands: BandSet = CONTACT_CENTRE, player: bool = True) -> dict[str, str]:
    """The parts of a page as HTML, by name.

    Parameters
    ----------
    report
        The report.
    bands
        The band set in force.
    player
        Whether the recording can be heard.
    """
    return {
        "about": head.about(report),
        "verdict": head.verdict(report, bands),
        "stage": stage(report, player=player),
        "causes": tables.causes(report),
        "network": tables.network(report),
        "events": tables.events(report),
        "phases": tables.phases(report),
        "parties": tables.parties(report, bands),
        "ledgers": tables.ledgers(report),
        "pesq": tables.pesq(report),
        "findings": tables.findings(report),
        "skipped": tables.skipped(report),
        "details": tables.details(report),
    }


def stage(report: CallReport, *, player: bool = True, blind: bool = False) -> str:
    """The player and the place of the picture, as HTML.

    Parameters
    ----------
    report
        The report.
    player
        Whether the recording can be heard.
    blind
        Whether nothing may be told of what was found: no events, and no colours that speak of them.
    """
    what = "Waveform and spectrogram of each channel"
    return Template(_asset("stage.html")).substitute(
        seconds=f"{report.recording.duration:.1f}",
        solo=head.solo(report) if player else "",
        legend=head.legend(report, severities=not blind),
        steps=" hidden" if blind else "",
        keys="" if blind else " <kbd>n</kbd> <kbd>p</kbd> next, previous event",
        picture=what if blind else f"{what} with events, and MOS over time; the tables below say the same in words",
    )


def _asset(name: str) -> str:
    return resources.files("audioqa.render").joinpath("assets", name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Nothing may be loaded from anywhere; the script and the style that stand in the page may run, by digest."""
    allowed = [
        f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'" for part in (script, style)
    ]
    return (
        f"default-src 'none'; script-src {allowed[0]}; style-src {allowed[1]}; img-src data: blob:; "
        "media-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def inert(plain: str) -> str:
    """JSON that cannot end the script element it stands in, whatever strings it holds."""
    return plain.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def drawing(
    report: CallReport, pictures: Sequence[Picture], *, bands: BandSet = CONTACT_CENTRE, blind: bool = False
) -> dict[str, Any]:
    """What the page's script draws beside the report, as plain values.

    Parameters
    ----------
    report
        The report.
    pictures
        One for each channel.
    bands
        The band set in force.
    blind
        Whether there is no place for the MOS.
    """
    fits = isinstance(report.mos, Skipped) or report.mos.context == bands.context
    return {
        "duration": report.recording.duration,
        "around": AROUND,
        "blind": blind,
        "bands": [[limit, name] for limit, name in bands.bands] if fits and not blind else [],
        "channels": [_channel(picture) for picture in pictures[:CHANNELS]],
    }


def _channel(picture: Picture) -> dict[str, Any]:
    pairs = np.stack([picture.low, picture.high], axis=1)
    loudest = float(picture.spectrogram.max())
    share = np.clip((picture.spectrogram - loudest) / _RANGE + 1, 0, 1)
    levels = (np.round(share * (_GREYS - 1)) * (255 // (_GREYS - 1))).astype(np.uint8)[::-1]
    tiles = [greyscale_png(levels[:, start : start + TILE]) for start in range(0, levels.shape[1], TILE)]
    return {
        "envelope": base64.b64encode(np.round(np.clip(pairs, -1, 1) * 127).astype(np.int8).tobytes()).decode("ascii"),
        "top": picture.top,
        "rows": levels.shape[0],
        "slices": levels.shape[1],
        "tiles": ["data:image/png;base64," + base64.b64encode(tile).decode("ascii") for tile in tiles],
    }
