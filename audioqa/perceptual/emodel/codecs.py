"""How codecs impair speech (ITU-T G.113, appendices I, IV and V), each value with where it comes from.

A value holds on one scale only. Where the ITU has published none, the codec is refused, unless the caller asks for a
proxy: a value of another codec, or one that somebody's figures imply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel.opinion import Scale

Provenance = Literal["ITU", "published", "proxy"]
"""In a G.113 appendix; in the literature, or with sources that differ; of another codec, or implied by figures."""


@dataclass(frozen=True)
class Codec:
    """How a codec impairs speech, as the model takes it.

    Parameters
    ----------
    ie
        Equipment impairment factor without loss, 0 (none) to 95.
    bpl
        Packet-loss robustness, above 0; None where no value is published, and then loss cannot be rated.
    """

    ie: float
    bpl: float | None = None


@dataclass(frozen=True)
class CodecRow:
    """A codec of the table.

    Parameters
    ----------
    name
        Unique over all scales.
    scale
        The scale on which its values hold.
    ie, bpl
        As `Codec` has them.
    provenance, source
        Where `ie` comes from, in a word and in a clause.
    bpl_provenance, bpl_source
        The same of `bpl`; empty where there is none.
    """

    name: str
    scale: Scale
    ie: float
    bpl: float | None
    provenance: Provenance
    source: str
    bpl_provenance: Provenance | Literal[""] = ""
    bpl_source: str = ""


def _itu(name: str, scale: Scale, ie: float, bpl: float | None, table: str, loss_table: str = "") -> CodecRow:
    source = f"G.113 {table}"
    loss = f"G.113 {loss_table or table}" if bpl is not None else ""
    return CodecRow(name, scale, ie, bpl, "ITU", source, "ITU" if bpl is not None else "", loss)


_NARROW = "Appendix I"
_MONOTIC, _DIOTIC = "Appendix IV, listening with one ear", "Appendix IV, listening with both ears"
_EVS = "Appendix V with Erratum 1, super-wideband mode, listening with both ears"

_ROWS = (
    _itu("g711", "narrowband", 0, 4.3, f"{_NARROW}, without concealment, packets of 10 ms"),
    _itu("g711-plc", "narrowband", 0, 25.1, f"{_NARROW}, with the concealment of G.711 Appendix I, packets of 10 ms"),
    _itu("g726-40", "narrowband", 2, None, _NARROW),
    _itu("g726-32", "narrowband", 7, None, _NARROW),
    _itu("g726-24", "narrowband", 25, None, _NARROW),
    _itu("g726-16", "narrowband", 50, None, _NARROW),
    _itu("g728", "narrowband", 7, None, _NARROW),
    _itu("g729", "narrowband", 10, None, _NARROW),
    _itu("g729a-vad", "narrowband", 11, 19.0, _NARROW),
    _itu("g723.1-6.3", "narrowband", 15, 16.1, _NARROW),
    _itu("g723.1-5.3", "narrowband", 19, None, _NARROW),
    _itu("gsm-fr", "narrowband", 20, None, _NARROW),
    _itu("gsm-hr", "narrowband", 23, None, _NARROW),
    _itu("gsm-efr", "narrowband", 5, None, _NARROW),
    # 23.85 kbit/s is rated worse than 23.05 in every table of G.113: it is meant so.
    _itu("amr-wb-23.85", "wideband", 8, None, _MONOTIC),
    _itu("amr-wb-23.05", "wideband", 1, None, _MONOTIC),
    _itu("amr-wb-19.85", "wideband", 3, None, _MONOTIC),
    _itu("amr-wb-18.25", "wideband", 5, None, _MONOTIC),
    _itu("amr-wb-15.85", "wideband", 7, None, _MONOTIC),
    _itu("amr-wb-14.25", "wideband", 10, None, _MONOTIC),
    _itu("amr-wb-12.65", "wideband", 13, None, _MONOTIC),
    _itu("amr-wb-8.85", "wideband", 26, None, _MONOTIC),
    _itu("amr-wb-6.6", "wideband", 41, None, _MONOTIC),
    _itu("amr-wb-23.85-diotic", "wideband", 10, 4.9, _DIOTIC),
    _itu("amr-wb-23.05-diotic", "wideband", 8, 4.6, _DIOTIC),
    _itu("amr-wb-15.85-diotic", "wideband", 17, None, _DIOTIC),
    _itu("amr-wb-12.65-diotic", "wideband", 20, 4.3, _DIOTIC),
    _itu("amr-wb-8.85-diotic", "wideband", 41, None, _DIOTIC),
    _itu("amr-wb-6.6-diotic", "wideband", 56, None, _DIOTIC),
    CodecRow("g722-64", "wideband", 13, None, "published", "G.113 Appendix IV as quoted; 13 or 14, sources differ"),
    _itu("evs-48", "fullband", 10.2, 9.6, _EVS),
    _itu("evs-32", "fullband", 8.7, 9.3, _EVS),
    _itu("evs-24.4", "fullband", 7.2, 11.4, _EVS),
    _itu("evs-16.4", "fullband", 10.8, 10.3, _EVS),
    _itu("evs-13.2", "fullband", 17.1, 11.7, _EVS),
    _itu("evs-9.6", "fullband", 22.7, 13.0, _EVS),
)

CODECS: Mapping[str, Codec] = {row.name: Codec(row.ie, row.bpl) for row in _ROWS if row.scale == "narrowband"}
"""Narrowband codecs with an ITU row, by name. For GSM-EFR a Bpl of 10 is often quoted; without its source at hand it
is a proxy."""

_ALCATEL = "implied by the longest delays that Alcatel's 'Internet Traffic Engineering' allows"
_EFR_LOSS = (10.0, "often quoted for GSM-EFR, source not at hand")

_PROXY_ROWS = (
    *(
        CodecRow(f"amr-{mode}", "narrowband", ie, _EFR_LOSS[0], "proxy", _ALCATEL, "proxy", _EFR_LOSS[1])
        for mode, ie in (
            *(("4.75", 21.3), ("5.15", 19.5), ("5.9", 16.5), ("6.7", 13.7)),
            *(("7.4", 11.6), ("7.95", 10.1), ("10.2", 6.0), ("12.2", 5.0)),
        )
    ),
    CodecRow("ilbc", "narrowband", 10, 19.0, "proxy", "of G.729", "proxy", "of G.729A with VAD"),
    CodecRow("opus", "fullband", 10.2, 9.6, "proxy", "of EVS at 48 kbit/s", "proxy", "of EVS at 48 kbit/s"),
)

_PROXY_LOSS: Mapping[str, tuple[float, str]] = {
    **dict.fromkeys(("g726-40", "g726-32", "g726-24", "g726-16", "g728"), (4.3, "of G.711 without concealment")),
    "g729": (19.0, "of G.729A with VAD"),
    "g723.1-5.3": (16.1, "of G.723.1 at 6.3 kbit/s"),
    **dict.fromkeys(("gsm-fr", "gsm-hr", "gsm-efr"), _EFR_LOSS),
    **dict.fromkeys(
        (row.name for row in _ROWS if row.scale == "wideband" and row.bpl is None),
        (4.3, "of AMR-WB at 12.65 kbit/s, listening with both ears"),
    ),
}

_WITHOUT_ROW = ("amr", "opus", "ilbc")

_OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("pcmu", "pcma", "ulaw", "alaw", "mulaw", "g711u", "g711a", "g711mu", "g.711"), "g711-plc"),
    **dict.fromkeys(("g729a", "g.729", "g729b"), "g729"),
    "gsm": "gsm-fr",
    **dict.fromkeys(("g722", "g.722"), "g722-64"),
    **dict.fromkeys(("g726", "g.726"), "g726-32"),
    **dict.fromkeys(("g723", "g723.1", "g.723.1"), "g723.1-6.3"),
    "g728": "g728",
}
"""What SDP, recorders and call records call them. G.711 of a call record is taken for concealed, as nearly every
endpoint does it; ``g711`` is without. Annex B of G.729 sends less in pauses, and has the values of its codec."""


def codec(name: str) -> Codec:
    """Look up a narrowband codec with an ITU row.

    Parameters
    ----------
    name
        A key of `CODECS`.

    Raises
    ------
    SettingsError
        Where G.113 has no narrowband row of that name, as for AMR-NB, Opus and iLBC.
    """
    if name in CODECS:
        return CODECS[name]
    if name.lower().startswith(_WITHOUT_ROW):
        raise SettingsError(f"G.113 has no narrowband row for {name!r}: the E-model cannot rate AMR, Opus or iLBC")
    raise SettingsError(f"there is no codec {name!r} in the narrowband E-model; there are {', '.join(CODECS)}")


def codec_row(name: str, *, proxy: bool = False) -> CodecRow:
    """Look up a codec on whichever scale it has values.

    Parameters
    ----------
    name
        A name of the table, in any case, or one that SDP and call records use (``PCMU``, ``G729``).
    proxy
        Take another codec's value where the ITU has published none.

    Raises
    ------
    SettingsError
        Where there is no value, or only a proxy and none was asked for; where a name leaves open which mode is meant.

    Examples
    --------
    >>> codec_row("PCMU").name, codec_row("AMR-12.2", proxy=True).provenance
    ('g711-plc', 'proxy')
    """
    wanted = name.strip().lower().replace("_", "-")
    wanted = _OTHER_NAMES.get(wanted, wanted)
    found = next((row for row in _ROWS if row.name == wanted), None)
    if found is not None:
        if proxy and found.bpl is None and wanted in _PROXY_LOSS:
            bpl, source = _PROXY_LOSS[wanted]
            return CodecRow(found.name, found.scale, found.ie, bpl, found.provenance, found.source, "proxy", source)
        return found
    stand_in = next((row for row in _PROXY_ROWS if row.name == wanted), None)
    if stand_in is not None and proxy:
        return stand_in
    if stand_in is not None:
        raise SettingsError(f"G.113 has no row for {name!r}; as a proxy there is one ({stand_in.source}): ask for it")
    modes = [row.name for row in (*_ROWS, *_PROXY_ROWS) if row.name.startswith(f"{wanted}-")]
    if modes:
        raise SettingsError(f"{name!r} is rated by its mode: one of {', '.join(modes)}")
    raise SettingsError(f"there is no codec {name!r} in the E-model; there are {', '.join(row.name for row in _ROWS)}")


def all_codecs(*, proxy: bool = False) -> tuple[CodecRow, ...]:
    """Every row of the table; with `proxy` those that only stand in, too."""
    rows = tuple(codec_row(row.name, proxy=proxy) for row in _ROWS)
    return (*rows, *_PROXY_ROWS) if proxy else rows
