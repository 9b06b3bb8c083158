"""Calls as SIP and SDP announce them: which address sends what for which call (RFC 3261, RFC 4566, RFC 3264)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from audioqa.captures.packets import Address

_FIRST_LINE = re.compile(r"^(?:[A-Z]+ \S+ SIP/2\.0|SIP/2\.0 \d{3}\b)")
_HEADER = re.compile(r"^(?P<name>[A-Za-z-]+)\s*:\s*(?P<value>.*)$")

STATIC_NAMES: Mapping[int, str] = {
    0: "PCMU",
    3: "GSM",
    4: "G723",
    8: "PCMA",
    9: "G722",
    12: "QCELP",
    13: "CN",
    15: "G728",
    18: "G729",
    19: "CN",
}
"""Audio payload numbers that need no SDP (RFC 3551); 19 is an old number of comfort noise."""


@dataclass(frozen=True)
class Coding:
    """What a payload number stands for.

    Parameters
    ----------
    name
        Encoding name of SDP in upper case: ``PCMU``, ``OPUS``, ``AMR-WB``, ``TELEPHONE-EVENT``.
    clock
        Units of the RTP timestamp a second.
    channels
        Of sound.
    format
        Parameters of ``a=fmtp``, lower-case names.
    """

    name: str
    clock: int
    channels: int = 1
    format: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Media:
    """One medium of one SDP body: where its owner wants to receive, and what the numbers mean.

    Parameters
    ----------
    call_id
        Of the call.
    role
        ``caller`` where the body came with the INVITE, else ``callee``.
    kind
        ``audio``, ``video`` ...
    address
        Where its owner receives.
    protocol
        ``RTP/AVP``; ``RTP/SAVP`` and the like are encrypted.
    secure
        True where it is SRTP by protocol or by a key.
    codings
        By payload number.
    direction
        ``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive``, as its owner sees it.
    packet_time
        ms of sound in a packet, as it asks for; None where it does not.
    """

    call_id: str
    role: str
    kind: str
    address: Address
    protocol: str
    secure: bool
    codings: Mapping[int, Coding]
    direction: str = "sendrecv"
    packet_time: float | None = None


def parse_sip(data: bytes, source: Address, *, openers: dict[str, Address]) -> tuple[Media, ...] | None:
    """The media that a SIP message announces.

    Parameters
    ----------
    data
        A datagram.
    source
        Who sent it.
    openers
        Who sent the first INVITE of each call; added to. Bodies from there are the caller's.

    Returns
    -------
    tuple of Media or None
        None where the datagram is no SIP; empty where it has no SDP.
    """
    if len(data) < 20 or not 65 <= data[0] <= 90:
        return None
    text = data.decode("utf-8", "replace")
    head, _, body = text.partition("\r\n\r\n")
    lines = head.split("\r\n")
    if not _FIRST_LINE.match(lines[0]):
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        match = _HEADER.match(line)
        if match is not None:
            headers.setdefault(match["name"].lower(), match["value"].strip())
    call_id = headers.get("call-id", headers.get("i", ""))
    if lines[0].startswith("INVITE "):
        openers.setdefault(call_id, source)
    at = body.find("v=0")
    if at < 0 or not call_id:
        return ()
    caller = openers.get(call_id, source) == source
    return tuple(parse_sdp(body[at:], call_id=call_id, role="caller" if caller else "callee"))


def parse_sdp(text: str, *, call_id: str, role: str) -> list[Media]:
    """The media of an SDP body.

    Parameters
    ----------
    text
        The body.
    call_id, role
        Whose it is.
    """
    session: dict[str, list[str]] = {"c": [], "a": []}
    media: list[tuple[str, dict[str, list[str]]]] = []
    for line in text.splitlines():
        kind, sign, value = line.strip().partition("=")
        if not sign:
            continue
        if kind == "m":
            media.append((value, {"c": [], "a": []}))
        elif kind in ("c", "a"):
            (media[-1][1] if media else session)[kind].append(value)
    found = []
    for line, own in media:
        made = _media(line, own, session, call_id, role)
        if made is not None:
            found.append(made)
    return found


def _media(
    line: str, own: Mapping[str, list[str]], session: Mapping[str, list[str]], call_id: str, role: str
) -> Media | None:
    words = line.split()
    connection = (own["c"] or session["c"] or [""])[-1].split()
    if len(words) < 4 or len(connection) < 3 or not words[1].split("/")[0].isdigit():
        return None
    attributes = [*session["a"], *own["a"]]
    told = {name: value for name, _, value in (attribute.partition(":") for attribute in attributes)}
    numbers = [int(word) for word in words[3:] if word.isdigit()]
    directions = [a for a in attributes if a in ("sendrecv", "sendonly", "recvonly", "inactive")]
    time = told.get("ptime", "")
    return Media(
        call_id=call_id,
        role=role,
        kind=words[0].lower(),
        address=Address(connection[2].split("/")[0], int(words[1].split("/")[0])),
        protocol=words[2].upper(),
        secure="SAVP" in words[2].upper() or "crypto" in told or "fingerprint" in told,
        codings=_codings(numbers, attributes),
        direction=directions[-1] if directions else "sendrecv",
        packet_time=float(time) if time.replace(".", "", 1).isdigit() else None,
    )


def _codings(numbers: list[int], attributes: list[str]) -> dict[int, Coding]:
    maps: dict[int, list[str]] = {}
    formats: dict[int, dict[str, str]] = {}
    for attribute in attributes:
        match = re.match(r"(rtpmap|fmtp):\s*(\d+)\s+(.*)", attribute)
        if match is None:
            continue
        number, rest = int(match[2]), match[3].strip()
        if match[1] == "rtpmap":
            maps[number] = rest.split("/")
        else:
            pairs = (pair.partition("=") for pair in rest.split(";"))
            formats[number] = {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
    codings = {}
    for number in {*numbers, *maps}:
        parts = maps.get(number, [STATIC_NAMES.get(number, ""), "8000"])
        clock = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 8000
        channels = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else 1
        if parts[0] and clock > 0:
            codings[number] = Coding(parts[0].upper(), clock, channels, formats.get(number, {}))
    return codings
