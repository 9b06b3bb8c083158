"""Reports of endpoints on their own calls: ``application/vq-rtcpxr`` text, which SIP carries (RFC 6035).

The metrics are those of RTCP-XR (RFC 3611, 4.7). A phone sends one report when a call ends (``VQSessionReport``), at
intervals, or on an alert; a log of them is a text with one after the other, and may hold the SIP headers, too. What
the phone received is the leg ``local``; what it was told that the other side received is ``remote``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from audioqa.errors import NetworkError
from audioqa.network.statistics import CallNetwork, Leg, checked_figure, completed
from audioqa.network.tables import STATIC_PAYLOADS
from audioqa.perceptual.emodel import burst_ratio_of_gaps

_START = re.compile(r"^\s*VQ(?:Session|Interval|Alert)Report\b", re.IGNORECASE)
_LINE = re.compile(r"^\s*(?P<name>[A-Za-z]+)\s*:\s*(?P<rest>.*?)\s*$")
_PAIR = re.compile(r'(?P<key>[A-Za-z]+)\s*=\s*(?P<value>"[^"]*"|\S+)')

_METRICS: Mapping[tuple[str, str], tuple[str, frozenset[float]]] = {
    ("packetloss", "nlr"): ("loss", frozenset()),
    ("packetloss", "jdr"): ("discarded", frozenset()),
    ("burstgaploss", "bld"): ("burst_density", frozenset()),
    ("burstgaploss", "gld"): ("gap_density", frozenset()),
    ("delay", "rtd"): ("rtt", frozenset({65535.0})),
    ("delay", "esd"): ("end_system_delay", frozenset({65535.0})),
    ("delay", "owd"): ("delay", frozenset({65535.0})),
    ("delay", "iaj"): ("jitter", frozenset({65535.0})),
    ("delay", "maj"): ("max_jitter", frozenset({65535.0})),
    ("qualityest", "rcq"): ("r_factor", frozenset({127.0})),
    ("qualityest", "moslq"): ("mos_lq", frozenset({127.0, 12.7, 0.0})),
    ("qualityest", "moscq"): ("mos_cq", frozenset({127.0, 12.7, 0.0})),
}
"""By line and key, the figure and the values by which an endpoint says that it does not know (RFC 3611)."""

_SECTIONS = {"localmetrics": "local", "remotemetrics": "remote", "metrics": "local"}


def read_session_reports(text: str) -> tuple[CallNetwork, ...]:
    """The reports in a text.

    Parameters
    ----------
    text
        One or several reports, as the body of a SIP PUBLISH or NOTIFY, or a log of such.

    Returns
    -------
    tuple of CallNetwork
        In order; one for each report that has metrics.

    Raises
    ------
    NetworkError
        Where there is no report with metrics in it, or a metric is no number or out of its range.
    """
    reports = tuple(call for lines in _reports(text) if (call := _call(lines)) is not None)
    if not reports:
        raise NetworkError("there is no report of RFC 6035 in the text (VQSessionReport with LocalMetrics)")
    return reports


def holds_session_report(path: Path) -> bool:
    """Say whether a file has a report of RFC 6035 in its first 64 kB.

    Raises
    ------
    NetworkError
        Where it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(65_536)
    except OSError as error:
        raise NetworkError(f"{path}: it cannot be read: {error.strerror}") from None
    return any(_START.match(line) for line in head.decode("utf-8", "replace").splitlines())


def _reports(text: str) -> Iterator[list[str]]:
    current: list[str] | None = None
    for line in text.splitlines():
        if _START.match(line):
            if current is not None:
                yield current
            current = []
        elif current is not None:
            current.append(line)
    if current is not None:
        yield current


def _call(lines: list[str]) -> CallNetwork | None:
    section = ""
    call_id = start = ""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        name, rest = match["name"].lower(), match["rest"]
        if name in _SECTIONS:
            section = _SECTIONS[name]
        elif name == "callid":
            call_id = call_id or rest
        elif section:
            pairs = {pair["key"].lower(): pair["value"].strip('"') for pair in _PAIR.finditer(rest)}
            found.setdefault(section, {}).setdefault(name, {}).update(pairs)
            if name == "timestamps":
                start = start or pairs.get("start", "")
    legs = tuple(leg for name, metrics in found.items() if (leg := _leg(name, metrics)).figures)
    return CallNetwork(call_id, legs, start) if legs else None


def _leg(name: str, metrics: Mapping[str, Mapping[str, str]]) -> Leg:
    figures: dict[str, float] = {}
    for (line, key), (figure, unknown) in _METRICS.items():
        text = metrics.get(line, {}).get(key)
        if text is None:
            continue
        value = _number(f"{line}:{key}", text)
        if value not in unknown:
            figures[figure] = checked_figure(figure, value, said=key.upper())
    ratio = _burst_ratio(metrics.get("burstgaploss", {}))
    if ratio is not None:
        figures["burst_ratio"] = ratio
    described = metrics.get("sessiondesc", {})
    codec = described.get("pd") or STATIC_PAYLOADS.get(described.get("pt", ""), "")
    return Leg(name, completed(figures), codec)


def _burst_ratio(metrics: Mapping[str, str]) -> float | None:
    if not {"bld", "bd", "gld", "gd"} <= set(metrics):
        return None
    density, burst, gap_density, gap = (_number(key, metrics[key]) for key in ("bld", "bd", "gld", "gd"))
    if not (0 <= density <= 100 and 0 <= gap_density <= 100 and burst >= 0 and gap >= 0):
        return None
    return burst_ratio_of_gaps(burst_density=density / 100, burst=burst, gap_density=gap_density / 100, gap=gap)


def _number(name: str, text: str) -> float:
    try:
        return float(text.rstrip("%,;"))
    except ValueError:
        raise NetworkError(f"{name} is {text!r}, which is no number") from None
