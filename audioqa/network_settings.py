"""The table ``[network]`` of the configuration: how statistics of the network are rated.

::

    [network]
    buffer = "adaptive"     # the receivers' jitter buffer: adaptive, none, or a delay in ms
    proxy = false           # stand-ins for codecs that the ITU has no values of
    disagree = 1.0          # MOS by which sound and network must differ to be said to disagree

Nothing in it changes the report on a recording; of a capture, the buffer decides what is heard.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from audioqa.network import NetworkOptions, buffer_named


class NetworkSettings(BaseModel):
    """What is configured of the network; `audioqa.network.NetworkOptions` says what the keys mean."""

    model_config = ConfigDict(extra="forbid")

    buffer: str | float = "adaptive"
    proxy: bool = False
    disagree: float = Field(default=1.0, gt=0, le=4)

    def given(self, *, buffer: str | None = None, proxy: bool = False) -> NetworkSettings:
        """The same with what a command was given: ``--buffer`` and ``--proxy``.

        Raises
        ------
        SettingsError
            Where the buffer is neither a delay in ms nor one of the words.
        """
        chosen = NetworkSettings(
            buffer=self.buffer if buffer is None else buffer, proxy=self.proxy or proxy, disagree=self.disagree
        )
        chosen.options()
        return chosen

    def options(self) -> NetworkOptions:
        """How statistics of the network are rated.

        Raises
        ------
        SettingsError
            As `given`.
        """
        return NetworkOptions(buffer=buffer_named(str(self.buffer)), proxy=self.proxy, threshold=self.disagree)
