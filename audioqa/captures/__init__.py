"""RTP captures (pcap, pcapng): the streams of each call, what their packets say of the network, and their sound."""

from audioqa.captures.calls import CapturedCall, CapturedLeg, calls_of
from audioqa.captures.decoding import DecodedStream, decode_stream
from audioqa.captures.figures import StreamFigures, measure_stream
from audioqa.captures.measuring import MeasuredLeg, MeasuredStream, measure_call
from audioqa.captures.playout import Playout, play_out
from audioqa.captures.streams import Capture, Stream, read_capture

__all__ = [
    "Capture",
    "CapturedCall",
    "CapturedLeg",
    "DecodedStream",
    "MeasuredLeg",
    "MeasuredStream",
    "Playout",
    "Stream",
    "StreamFigures",
    "calls_of",
    "decode_stream",
    "measure_call",
    "measure_stream",
    "play_out",
    "read_capture",
]
