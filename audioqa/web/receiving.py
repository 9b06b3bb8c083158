"""Receiving an upload: its parts go to the disk as they come, within limits of size and time.

Nothing is read before it is known who sends it. Each file is hashed on its way; fields are few and short. A sender that
is slower than the limit over half a minute is given up: it would hold a place that others wait for.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from audioqa.errors import ServiceError
from audioqa.service.keeping import safe_name
from audioqa.service.uploads import MOST_FIELDS, Received

_SILENCE = 30.0
"""Seconds without a byte after which a sender is given up."""

_GRACE = 30.0
"""Seconds before a sender's speed is looked at."""

_FIELD = 8192
"""Bytes of a field: a thousand characters are 4,000 bytes at most, and what is longer is told in characters."""

_PARTS = ("recording", "reference")


@dataclass
class Incoming:
    """What has come in of one upload.

    Parameters
    ----------
    folder
        Where its files go.
    largest
        Bytes that all of them may have together.
    """

    folder: Path
    largest: int
    files: list[Received] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    _size: int = 0
    _ended: bool = False
    _header: bytes = b""
    _value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: str = ""
    _file_name: str = ""
    _stream: BinaryIO | None = None
    _hash: Any = None
    _held: bytearray = field(default_factory=bytearray)
    _part_size: int = 0

    async def receive(self, request: Request, *, slowest: int) -> None:
        """Take everything in.

        Parameters
        ----------
        request
            Of kind ``multipart/form-data``.
        slowest
            Bytes a second below which the sender is given up.

        Raises
        ------
        ServiceError
            Where it is something else, too large, too slow, or broken.
        """
        parser = self._parser(request.headers.get("content-type", ""))
        started, total = time.monotonic(), 0
        chunks = aiter(request.stream())
        try:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), _SILENCE)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise ServiceError(f"nothing came for {_SILENCE:.0f} s", "too-slow") from None
                total += len(chunk)
                taken = time.monotonic() - started
                if taken > _GRACE and total < slowest * taken:
                    raise ServiceError(f"fewer than {slowest} bytes a second came", "too-slow")
                parser.write(chunk)
            parser.finalize()
        except FormParserError as error:
            raise ServiceError(f"the upload is no valid multipart/form-data: {error}"[:200], "invalid") from None
        finally:
            if self._stream is not None:
                self._stream.close()
        if not self._ended:
            raise ServiceError("the upload broke off before its end", "invalid")

    def _parser(self, content_type: str) -> MultipartParser:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise ServiceError("send the recording as multipart/form-data, in a part called 'recording'", "invalid")
        try:
            return MultipartParser(
                boundary,
                callbacks={
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._all,
                },
                max_header_size=64 * 1024,
            )
        except FormParserError as error:
            raise ServiceError(f"the upload has no usable boundary: {error}"[:200], "invalid") from None

    def _begin(self) -> None:
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        file_name = options.get(b"filename")
        self._part_size = 0
        self._stream = None
        self._held = bytearray()
        if file_name is None and self._name not in _PARTS:
            if len(self.fields) >= MOST_FIELDS:
                raise ServiceError(f"an upload has at most {MOST_FIELDS} fields", "invalid")
            return
        if self._name not in _PARTS:
            shown = self._name[:60]
            raise ServiceError(f"there is no part for a file {shown!r}: 'recording' or 'reference'", "invalid")
        if len(self.files) >= 3:
            raise ServiceError("an upload has at most two recordings and a reference", "invalid")
        self._file_name = safe_name((file_name or b"recording").decode("utf-8", "replace"))
        # Two files may have one name: each has a place of its own beside the other.
        taken = {one.name for one in self.files}
        self._stored = self._file_name if self._file_name not in taken else f"{len(self.files)}-{self._file_name}"
        self._stream = (self.folder / self._stored).open("xb")
        self._hash = hashlib.sha256()

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        self._size += len(piece)
        self._part_size += len(piece)
        if self._size > self.largest:
            raise ServiceError(f"the upload is larger than the {self.largest} bytes that are allowed", "too-large")
        if self._stream is not None:
            self._stream.write(piece)
            self._hash.update(piece)
        else:
            if self._part_size > _FIELD:
                raise ServiceError(f"the field {self._name[:60]!r} has more than {_FIELD} bytes", "invalid")
            self._held += piece

    def _end(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            digest = self._hash.hexdigest()
            self.files.append(Received(self._name, self._stored, self._file_name, self._part_size, digest))
        else:
            self.fields.append((self._name, self._held.decode("utf-8", "replace")))

    def _all(self) -> None:
        self._ended = True
