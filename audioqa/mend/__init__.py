"""Mending: each impairment's audio put right as well as it can be, one file an impairment.

A mender takes a stretch of one party with the seconds around it and the events of its kind, and returns the samples
mended; nothing outside the events is changed. `MENDERS` says which kinds can be mended, in the order in which several
are: hum before dropouts, for speech is bridged better without it, and what scales the samples last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from audioqa.mend.clicks import without_clicks
from audioqa.mend.clipping import declipped
from audioqa.mend.dropouts import bridged
from audioqa.mend.echo import without_echo
from audioqa.mend.hum import without_hum
from audioqa.mend.level import at_nominal, without_jumps
from audioqa.mend.noise import without_noise
from audioqa.mend.stretch import Mender, Samples, Stretch
from audioqa.types import Event

MENDERS: Mapping[str, Mender] = MappingProxyType(
    {
        "clicks": without_clicks,
        "clipping": declipped,
        "hum": without_hum,
        "dropout": bridged,
        "silence-gap": bridged,
        "echo": without_echo,
        "background-noise": without_noise,
        "noise-burst": without_noise,
        "level-jump": without_jumps,
        "too-quiet": at_nominal,
        "too-loud": at_nominal,
    }
)
"""The mender of each kind of event that can be mended."""


def mended(stretch: Stretch, events: Sequence[Event], *, kinds: Collection[str]) -> Samples:
    """A stretch with some kinds of impairment mended.

    Parameters
    ----------
    stretch
        One party's audio.
    events
        The party's events; those of other kinds are left alone.
    kinds
        Kinds to mend, of `MENDERS`.

    Returns
    -------
    ndarray
        float32, shape (n,); may exceed 1 where peaks were restored.
    """
    for kind, mender in MENDERS.items():
        if kind in kinds:
            own = [event for event in events if event.kind == kind]
            stretch = replace(stretch, samples=mender(stretch, own))
    return stretch.samples


__all__ = ["MENDERS", "Mender", "Samples", "Stretch", "mended"]
