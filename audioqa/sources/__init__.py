"""Where calls come from: folders, globs, manifests, archives and object stores, with what is known of each call."""

from audioqa.sources.items import describe
from audioqa.sources.listing import ARCHIVES, CAPTURES, MANIFESTS
from audioqa.sources.local import LocalCopies, local_copy
from audioqa.sources.options import SourceOptions
from audioqa.sources.reading import check_sources, read_sources

__all__ = [
    "ARCHIVES",
    "CAPTURES",
    "MANIFESTS",
    "LocalCopies",
    "SourceOptions",
    "check_sources",
    "describe",
    "local_copy",
    "read_sources",
]
