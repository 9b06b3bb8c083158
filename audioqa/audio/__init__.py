"""Reading call recordings: any container and codec in, blocks of samples per channel and findings out."""

from audioqa.audio.opening import OpenedRecording, RecordingPath, combined_hash, content_hash, open_recording
from audioqa.audio.options import OpenOptions
from audioqa.audio.resample import Resampler
from audioqa.audio.segment import read_segment

__all__ = [
    "OpenOptions",
    "OpenedRecording",
    "RecordingPath",
    "Resampler",
    "combined_hash",
    "content_hash",
    "open_recording",
    "read_segment",
]
