"""What ``audioqa score`` does with a capture of packets: every call of it, network and sound side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audioqa.analysis import Analyser
    from audioqa.network import NetworkOptions


_BEGINNINGS = {
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
}
"""Of pcap files in either byte order, in microseconds and nanoseconds, and of pcapng."""


def is_capture(path: Path) -> bool:
    """Say whether a file begins as a capture of packets does; False for what cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) in _BEGINNINGS
    except OSError:
        return False


def only_printed(**given: object) -> None:
    """Refuse what a capture's calls cannot be put into.

    Raises
    ------
    SettingsError
        Where something is given.
    """
    from audioqa.errors import SettingsError

    for name, value in given.items():
        if value:
            raise SettingsError(f"--{name} is for recordings; the calls of a capture are printed as tables or --json")


def score_capture(path: Path, analyser: Analyser, *, options: NetworkOptions, as_json: bool) -> int:
    """Score the calls of a capture and print each.

    Parameters
    ----------
    path
        A pcap or pcapng file.
    analyser
        What scores sound.
    options
        How its network is rated, and behind which buffer it is heard.
    as_json
        One JSON object a call, in place of tables.

    Returns
    -------
    int
        Calls that were scored.

    Raises
    ------
    NetworkError
        Where the file cannot be read, or holds no call with sound.
    """
    from audioqa.capture_scoring import score_call
    from audioqa.captures import calls_of, read_capture
    from audioqa.captures.calls import video_only
    from audioqa.errors import NetworkError
    from audioqa.render.capture import capture_json, capture_table

    capture = read_capture(path)
    calls = calls_of(capture)
    if not calls:
        silent = video_only(capture)
        if silent:
            kinds = ", ".join(sorted({stream.kind for stream in silent}))
            raise NetworkError(f"it holds {kinds} only, and no audio")
        raise NetworkError(f"there is no RTP stream among its {capture.datagrams} UDP datagrams")
    for call in calls:
        score = score_call(path, call, analyser, options=options)
        if as_json:
            sys.stdout.write(capture_json(score))
        else:
            from rich.console import Console

            Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(capture_table(score))
        sys.stdout.flush()
    return len(calls)
