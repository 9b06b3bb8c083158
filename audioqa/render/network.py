"""Ratings of connections as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from audioqa.errors import SettingsError
from audioqa.network import BadRow, CallNetwork, NetworkMos, rate_legs
from audioqa.perceptual.emodel import CodecRow, JitterBuffer, Scale, category, codec_row, r_from_mos, rate_table
from audioqa.perceptual.emodel import connection as connection_inputs
from audioqa.render.wording import printable
from audioqa.types import Skipped

_STANDARD: Mapping[Scale, str] = {"narrowband": "G.107", "wideband": "G.107.1", "fullband": "G.107.2"}

_COLUMNS = (
    *("call_id", "start", "leg", "codec", "rated_as", "provenance", "scale", "kind", "r", "mos", "category"),
    *("loss", "burst_ratio", "jitter", "delay", "ppl", "ta", "not_rated"),
)

_CALLS_AT_ONCE = 10_000


def codecs(rows: Sequence[CodecRow], *, as_json: bool) -> str:
    """The table of codecs, each value with its source."""
    if as_json:
        return "".join(json.dumps(asdict(row), allow_nan=False) + "\n" for row in rows)
    lines = [f"{'codec':<20}{'scale':<12}{'Ie':>5}{'Bpl':>6}  where from"]
    for row in rows:
        bpl = "-" if row.bpl is None else f"{row.bpl:g}"
        lines.append(f"{row.name:<20}{row.scale:<12}{row.ie:>5g}{bpl:>6}  {_sources(row)}")
    return "\n".join(lines) + "\n"


def inverse(mos: float, scale: Scale, *, as_json: bool) -> str:
    """The rating of a MOS."""
    r = r_from_mos(mos, scale=scale)
    words = category(r, scale=scale)
    if as_json:
        return json.dumps({"scale": scale, "mos": mos, "r": r, "category": words}, allow_nan=False) + "\n"
    return f"{scale} ({_STANDARD[scale]}): MOS-CQE {mos:g} is R {r:.2f}, {words}\n"


def connection(
    codec: str,
    figures: Mapping[str, float],
    buffer: JitterBuffer | None,
    inputs: Mapping[str, float],
    *,
    proxy: bool,
    as_json: bool,
) -> str:
    """The rating of one connection and the terms that it is the sum of.

    Parameters
    ----------
    codec
        A name of the codec table.
    figures
        ``loss``, ``burst_ratio``, ``delay`` and ``jitter``.
    buffer
        What the receiver makes of the jitter.
    inputs
        Other inputs of the model; they win.
    proxy
        Take another codec's values where the ITU has published none.
    as_json
        One JSON object in place of text.

    Raises
    ------
    SettingsError
        Where something cannot be rated, or is no input of the model.
    """
    row = codec_row(codec, proxy=proxy)
    if figures["burst_ratio"] < 1:
        raise SettingsError(f"a burst ratio is at least 1, given {figures['burst_ratio']:g}")
    told = connection_inputs(row, **figures, buffer=buffer if figures["jitter"] > 0 else None)
    rated = rate_table({**told, **inputs}, scale=row.scale)
    terms = {name: float(getattr(rated, name)[0]) for name in ("r", "mos", "ro", "is_", "id_", "ie_eff")}
    words = category(terms["r"], scale=row.scale)
    given = {**{name: float(value) for name, value in told.items()}, **inputs}
    if row.bpl is None and "bpl" not in inputs:
        del given["bpl"]
    if as_json:
        content = {"scale": row.scale, **terms, "category": words, "inputs": given, "codec": asdict(row)}
        return json.dumps(content, allow_nan=False) + "\n"
    return (
        f"{row.scale} ({_STANDARD[row.scale]}): R {terms['r']:.2f}, MOS-CQE {terms['mos']:.2f}, {words}\n"
        f"  Ro {terms['ro']:.2f} - Is {terms['is_']:.2f} - Id {terms['id_']:.2f} - Ie,eff {terms['ie_eff']:.2f}"
        f" + A {given.get('a', 0):g}\n"
        f"  {row.name}: {_sources(row)}\n"
        f"  {', '.join(f'{name} {value:.4g}' for name, value in given.items())}\n"
    )


class NetworkTable:
    """Ratings of the legs of calls, a line each, and a count of what could not be rated.

    Parameters
    ----------
    buffer, codec, proxy
        As `audioqa.network.rate_legs` takes them.
    as_json
        JSON lines in place of CSV.

    Attributes
    ----------
    reasons
        Why legs were not rated, with their numbers.
    """

    def __init__(self, buffer: JitterBuffer | None, *, codec: str, proxy: bool, as_json: bool) -> None:
        self._buffer, self._codec, self._proxy, self._as_json = buffer, codec, proxy, as_json
        self.reasons: Counter[str] = Counter()

    def lines(self, calls: Iterable[CallNetwork | BadRow]) -> Iterator[str]:
        """Yield the lines of the table, with a header where it is CSV."""
        stream = iter(calls)
        some = list(islice(stream, _CALLS_AT_ONCE))
        if not self._as_json:
            yield ",".join(_COLUMNS) + "\r\n"
        while some:
            legs = [leg for call in some if isinstance(call, CallNetwork) for leg in call.legs]
            rated = iter(rate_legs(legs, buffer=self._buffer, codec=self._codec, proxy=self._proxy))
            for call in some:
                if isinstance(call, BadRow):
                    yield self._line({"call_id": call.call_id, "not_rated": f"line {call.line}: {call.reason}"})
                    self.reasons["the row cannot be read"] += 1
                    continue
                for leg in call.legs:
                    figures = {
                        n: leg.figures[n] for n in ("loss", "burst_ratio", "jitter", "delay") if n in leg.figures
                    }
                    row = {"call_id": call.call_id, "start": call.start, "leg": leg.name, "codec": leg.codec, **figures}
                    yield self._line({**row, **self._rating(next(rated))})
            some = list(islice(stream, _CALLS_AT_ONCE))

    def _rating(self, found: NetworkMos | Skipped) -> dict[str, Any]:
        if isinstance(found, Skipped):
            self.reasons[found.reason] += 1
            return {"not_rated": found.reason}
        row = found.codec
        proxies = "proxy" in (row.provenance, row.bpl_provenance)
        return {
            "rated_as": row.name,
            "provenance": "proxy" if proxies else row.provenance,
            "scale": found.scale,
            "kind": found.kind,
            "r": found.r,
            "mos": found.mos,
            "category": found.category,
            "ppl": found.inputs["ppl"],
            "ta": found.inputs["ta"],
        }

    def _line(self, row: Mapping[str, Any]) -> str:
        if self._as_json:
            return json.dumps({name: value for name, value in row.items() if value != ""}, allow_nan=False) + "\n"
        text = io.StringIO()
        csv.writer(text).writerow([_cell(row.get(name, "")) for name in _COLUMNS])
        return text.getvalue()


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value))


def _sources(row: CodecRow) -> str:
    words = f"Ie {row.ie:g} ({row.provenance}: {row.source})"
    if row.bpl is not None and (row.bpl_provenance, row.bpl_source) != (row.provenance, row.source):
        words += f", Bpl {row.bpl:g} ({row.bpl_provenance}: {row.bpl_source})"
    elif row.bpl is not None:
        words += f", Bpl {row.bpl:g} (the same)"
    return words
