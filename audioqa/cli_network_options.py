"""What ``audioqa score`` and ``audioqa batch`` are given of the network: figures, or files of them, joined to calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.network import NetworkByCall
    from audioqa.types import BadItem, CallInfo, Item

_SHOWN = 3
"""Unusable rows of a file that are shown; the rest is counted."""


@dataclass(frozen=True)
class GivenNetwork:
    """Figures of the network by call id, or the same for every call.

    Parameters
    ----------
    every
        Of every call that has none of its own.
    codec
        The same of the codec.
    files
        By call id, each file with its name.
    """

    every: Mapping[str, float]
    codec: str
    files: tuple[tuple[Path, NetworkByCall], ...]

    def told(self, info: CallInfo, *, alone: bool = False) -> CallInfo:
        """What is known of a call, with these figures; what a file says of the call wins over what it had.

        Parameters
        ----------
        info
            The call.
        alone
            It is the only one: a file with one call speaks of it, whatever its id.
        """
        network, codec = {**self.every, **info.network}, info.codec or self.codec
        tags = dict(info.tags)
        for _, by_call in self.files:
            call_id = next(iter(by_call.figures)) if alone and len(by_call.figures) == 1 else info.call_id
            figures = by_call.figures.get(call_id)
            if figures is not None:
                network = {**network, **figures}
                codec = by_call.codecs.get(call_id, codec)
                tags |= by_call.leg_codecs.get(call_id, {})
        return replace(info, network=network, codec=codec or None, tags=tags)

    def of(self, info: CallInfo | None, path: Path, *, alone: bool) -> CallInfo:
        """What is known of a recording that was named by itself, with these figures.

        Parameters
        ----------
        info
            What was said of it; a call without an id of its own is looked up by its file's name.
        path
            The recording.
        alone
            It is the only one.
        """
        from audioqa.types import CallInfo

        base = info or CallInfo(path.stem)
        own = base.call_id if base.call_id != str(path) else path.stem
        return replace(self.told(replace(base, call_id=own), alone=alone), call_id=base.call_id)

    def joined(self, items: Iterable[Item | BadItem], say: Callable[[str], None]) -> Iterator[Item | BadItem]:
        """Calls with their figures; in the end a word on calls of the files that no recording has."""
        from audioqa.types import Item

        seen: set[str] = set()
        for item in items:
            if isinstance(item, Item):
                seen.add(item.info.call_id)
                yield replace(item, info=self.told(item.info))
            else:
                yield item
        for path, by_call in self.files:
            missing = sum(call_id not in seen for call_id in by_call.figures)
            if missing:
                say(f"{path}: {missing} of {len(by_call.figures)} calls have no recording here")


def given_network(texts: Iterable[str], column_map: Path | None = None) -> GivenNetwork:
    """What ``--network`` was given.

    Parameters
    ----------
    texts
        Figures (``loss=3,jitter=20,codec=G711``), or files of `audioqa.network.read_network`.
    column_map
        Which column of a file is which figure.

    Raises
    ------
    SettingsError
        Where a text is neither.
    NetworkError
        Where a file cannot be used, or a figure is out of its range.
    """
    from audioqa.network import by_call, load_column_map, read_network

    columns = load_column_map(column_map) if column_map is not None else None
    figures: dict[str, float] = {}
    codec = ""
    files: list[tuple[Path, NetworkByCall]] = []
    for text in texts:
        path = Path(text)
        if "=" in text and not path.exists():
            more, named = _figures(text)
            figures |= more
            codec = named or codec
            continue
        found = by_call(read_network(path, columns))
        for row in found.bad[:_SHOWN]:
            complain(f"{path}: line {row.line}: {row.reason}")
        if len(found.bad) > _SHOWN:
            complain(f"{path}: {len(found.bad)} rows cannot be used")
        if found.twice:
            complain(f"{path}: {len(found.twice)} calls stand there twice: the last row counts")
        files.append((path, found))
    return GivenNetwork(figures, codec, tuple(files))


def _figures(text: str) -> tuple[dict[str, float], str]:
    """The figures and the codec of ``loss=3,caller_jitter=20,codec=G711``."""
    from audioqa.errors import SettingsError
    from audioqa.network.names import CODEC_NAMES, figure_named
    from audioqa.network.statistics import checked_figure

    figures: dict[str, float] = {}
    codec = ""
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        meant = figure_named(name.lower().replace("-", "_"))
        if sign and name.lower() in CODEC_NAMES and value:
            codec = value
            continue
        if meant is None or not sign:
            raise SettingsError(
                f"--network takes a file or figures such as loss=3,jitter=20,codec=pcmu, given {part!r}"
            )
        leg, figure, factor = meant
        try:
            number = factor * float(value)
        except ValueError:
            raise SettingsError(f"--network: {name} is {value!r}, which is no number") from None
        figures[f"{leg}_{figure}" if leg else figure] = checked_figure(figure, number, said=name)
    return figures, codec
