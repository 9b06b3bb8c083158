"""RTP captures (pcap, pcapng): the streams of each call, what their packets say of the network, and their sound."""

from audioqa.captures.calls import CapturedCall, CapturedLeg, calls_of
from audioqa.captures.decoding import DecodedStream, decode_stream
from audioqa.captures.figures import StreamFigures, measure_stream
from audioqa.captures.playout import Playout, play_out
from audioqa.captures.scoring import CallScore, LegScore, score_call
from audioqa.captures.streams import Capture, Stream, read_capture

__all__ = [
    "CallScore",
    "Capture",
    "CapturedCall",
    "CapturedLeg",
    "DecodedStream",
    "LegScore",
    "Playout",
    "Stream",
    "StreamFigures",
    "calls_of",
    "decode_stream",
    "measure_stream",
    "play_out",
    "read_capture",
    "score_call",
]
