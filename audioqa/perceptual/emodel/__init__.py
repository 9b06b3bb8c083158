"""The E-model (ITU-T G.107, G.107.1, G.107.2): from what is known of a connection to a rating R and a MOS.

It hears nothing: noise, level, echo, delay, codec and loss are told to it. Here it says what a network's figures would
sound like, and anchors the maps that bring estimators to the narrowband-context scale.

The narrowband, the wideband and the fullband model have scales of their own, which are never mixed or averaged. Jitter
is an input of none of them: `JitterBuffer` turns it into delay (``ta``) and into packets that come too late (``ppl``).
"""

from audioqa.perceptual.emodel.codecs import CODECS, Codec, CodecRow, all_codecs, codec, codec_row
from audioqa.perceptual.emodel.connection import connection
from audioqa.perceptual.emodel.jitter_buffer import JitterBuffer
from audioqa.perceptual.emodel.loss import (
    burst_ratio,
    burst_ratio_of_chain,
    burst_ratio_of_gaps,
    burst_ratio_of_runs,
)
from audioqa.perceptual.emodel.narrowband import EModel
from audioqa.perceptual.emodel.opinion import Scale, category, mos_from_r, r_from_mos
from audioqa.perceptual.emodel.rating import Rating
from audioqa.perceptual.emodel.table import RatedTable, rate_table
from audioqa.perceptual.emodel.wider import WiderEModel

__all__ = [
    "CODECS",
    "Codec",
    "CodecRow",
    "EModel",
    "JitterBuffer",
    "RatedTable",
    "Rating",
    "Scale",
    "WiderEModel",
    "all_codecs",
    "burst_ratio",
    "burst_ratio_of_chain",
    "burst_ratio_of_gaps",
    "burst_ratio_of_runs",
    "category",
    "codec",
    "codec_row",
    "connection",
    "mos_from_r",
    "r_from_mos",
    "rate_table",
]
