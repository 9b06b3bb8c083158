"""From what was sent to an accepted job: what is known of the call, whether it is a recording, whether it came before.

Names and values mean what they mean in a manifest (`audioqa.sources.columns`); whose call it is, and where its files
are, is not for the sender to say.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audioqa.audio.headerless import EXTENSIONS
from audioqa.audio.signature import describe_stranger, recognise, recognise_stream
from audioqa.errors import AudioqaError, ServiceError, SourceError, StoreError
from audioqa.service.keeping import Keeping
from audioqa.service.principals import Principal
from audioqa.sources.columns import meaning_of, understand
from audioqa.sources.items import make_item
from audioqa.sources.options import SourceOptions, headerless_encoding
from audioqa.store import Hashes, Store, jobs
from audioqa.store.database import snapshot, writing
from audioqa.store.jobs import BULK, NOW, Job, NewJob
from audioqa.types import BadItem, Item, SourceFile

NOT_THEIRS = ("tenant", "path", "path_2", "reference", "leg")
"""Meanings of names that a sender may not use."""

LONGEST_VALUE, LONGEST_ID, MOST_FIELDS = 1000, 200, 64
"""Characters of a value, of an identity, and fields in all."""


@dataclass(frozen=True)
class Received:
    """One file of an upload, complete in its folder.

    Parameters
    ----------
    part
        ``recording`` or ``reference``.
    name
        Its name in the folder.
    file_name
        As its sender calls it, made safe.
    size
        Bytes.
    sha256
        Hexadecimal, of its bytes.
    """

    part: str
    name: str
    file_name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Uploads:
    """Accepts recordings.

    Parameters
    ----------
    store
        Where jobs wait.
    keeping
        Where files lie.
    options
        Defaults of calls that do not say, as they are configured for sources.
    waiting
        Jobs that may wait; further ones are told to come again.
    spare
        Bytes that have to stay free on the disk.
    """

    store: Store
    keeping: Keeping
    options: SourceOptions
    waiting: int
    spare: int

    def begin(self, expected: int = 0) -> Path:
        """A folder for an upload, if there is room for one.

        Parameters
        ----------
        expected
            Bytes, as far as the sender says.

        Raises
        ------
        ServiceError
            Where too many jobs wait, or the disk is nearly full: the same may be sent again later.
        """
        with snapshot(self.store.engine) as connection:
            count = jobs.count_waiting(connection, most=self.waiting, priority=NOW)
        if count >= self.waiting:
            raise ServiceError(f"{count} recordings wait to be scored: send this one later", "busy", 30.0)
        free = shutil.disk_usage(self.keeping.folder).free
        if free < self.spare + expected:
            raise ServiceError("the service has no room left for recordings", "full", 600.0)
        return self.keeping.spool(uuid.uuid4().hex)

    def accept(
        self,
        spooled: Path,
        received: Sequence[Received],
        fields: Sequence[tuple[str, str]],
        principal: Principal,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[Job, bool]:
        """Accept an upload: it is on the disk and in the queue when this returns.

        Parameters
        ----------
        spooled
            Its folder; it is gone afterwards, whatever becomes of it.
        received
            Its files.
        fields
            Names and values that came with it.
        principal
            Who sent it.
        idempotency_key
            What comes again under it is the same upload, and is not accepted twice.

        Returns
        -------
        job, again : Job, bool
            The job, and whether it is one that came before.

        Raises
        ------
        ServiceError
            Where it is no recording, something said of it cannot be used, or its call is another recording already.
        """
        try:
            return self._accept(spooled, received, fields, principal, idempotency_key)
        finally:
            shutil.rmtree(spooled, ignore_errors=True)

    def _accept(
        self,
        spooled: Path,
        received: Sequence[Received],
        fields: Sequence[tuple[str, str]],
        principal: Principal,
        key: str | None,
    ) -> tuple[Job, bool]:
        recordings = [one for one in received if one.part == "recording"]
        references = [one for one in received if one.part == "reference"]
        if not 1 <= len(recordings) <= 2 or len(references) > 1:
            raise ServiceError(
                "send one file as 'recording', or the two legs of a call as two, and at most one as 'reference'",
                "invalid",
            )
        plain, priority, replace = _checked(fields)
        encoding = dict(plain).get("encoding")
        for one in (*recordings, *references):
            _check_recording(spooled / one.name, one, headerless=encoding)
        told = [[one.part, one.file_name, one.sha256] for one in (*recordings, *references)]
        fingerprint = hashlib.sha256(json.dumps([told, sorted(plain), replace]).encode()).hexdigest()
        if key is not None and (before := self._before(principal.tenant, key, fingerprint)):
            return before, True
        names = [one.name for one in (*recordings, *references)]
        new_name = spooled.name
        draft = self._item(plain, [SourceFile(one.file_name) for one in recordings], None, principal, new_name)
        hashes = Hashes(tuple(one.sha256 for one in recordings), references[0].sha256 if references else None)
        if not replace and (same := self._same_call(principal.tenant, draft.info.call_id, hashes)):
            return same, True
        try:
            files = self.keeping.take_in(spooled, names)
        except (OSError, SourceError) as error:
            raise ServiceError("the recording could not be kept: send it again later", "full", 60.0) from error
        item = self._item(plain, files[: len(recordings)], files[-1] if references else None, principal, new_name)
        new = NewJob(
            name=new_name,
            item=item,
            hashes=hashes,
            file_name=" + ".join(one.file_name for one in recordings),
            size=sum(one.size for one in received),
            by=principal.who,
            fingerprint=fingerprint,
            idempotency_key=key,
            priority=priority,
        )
        job = None
        try:
            job = writing(self.store.engine, lambda c: jobs.enqueue(c, new))
        finally:
            if job is None:
                for file in files:
                    self.keeping.remove(file.location)
        if job is not None:
            return job, False
        before = self._before(principal.tenant, key or "", fingerprint)
        if before is None:
            raise ServiceError("this upload was deleted while it came in", "conflict")
        return before, True

    def _before(self, tenant: str, key: str, fingerprint: str) -> Job | None:
        with snapshot(self.store.engine) as connection:
            found = jobs.by_idempotency_key(connection, tenant, key)
        if found is not None and found.fingerprint != fingerprint:
            raise ServiceError("another upload came under this Idempotency-Key: use each key for one upload", "reused")
        return found

    def _same_call(self, tenant: str, call_id: str, hashes: Hashes) -> Job | None:
        """The job that brought the same recording of the same call.

        Raises
        ------
        ServiceError
            Where the call has another recording.
        """
        with snapshot(self.store.engine) as connection:
            found = jobs.latest_of_call(connection, tenant, call_id)
        if found is not None and found.hashes == hashes and found.state != "failed":
            return found
        if found is None:
            try:
                self.store.show(call_id, tenant=tenant)
            except StoreError:
                return None
        elif found.state == "failed":
            return None
        raise ServiceError(
            f"the call {call_id[:80]} has another recording already: send replace=true to put this one in its place",
            "conflict",
        )

    def _item(
        self,
        fields: Sequence[tuple[str, str]],
        files: Sequence[SourceFile],
        reference: SourceFile | None,
        principal: Principal,
        name: str,
    ) -> Item:
        whose = [("tenant", principal.tenant)] if principal.tenant else []
        try:
            known = understand([*fields, *whose])
            made = make_item(tuple(files), known, self.options, call_id=name, reference=reference)
        except (AudioqaError, ValueError) as error:
            raise ServiceError(_short(error), "invalid") from None
        if isinstance(made, BadItem):
            raise ServiceError(_short(made.message), "invalid")
        # Whatever the configuration says of sources: whose call it is, the key says.
        return dataclasses.replace(made, info=dataclasses.replace(made.info, tenant=principal.tenant))


def _checked(fields: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], int, bool]:
    """What is said of the call, how urgent it is, and whether it takes another recording's place.

    Raises
    ------
    ServiceError
        Where a field is not for the sender, or too long, or holds what cannot be shown.
    """
    plain: list[tuple[str, str]] = []
    priority, replace = NOW, False
    if len(fields) > MOST_FIELDS:
        raise ServiceError(f"an upload has at most {MOST_FIELDS} fields", "invalid")
    for name, value in fields:
        meaning = meaning_of(name)
        longest = LONGEST_ID if meaning == "call_id" else LONGEST_VALUE
        shown = _short(name, 60)
        if not 1 <= len(name) <= 100 or not name.isprintable():
            raise ServiceError(
                f"the field {shown!r} has no usable name: 1 to 100 characters that can be shown", "invalid"
            )
        if len(value) > longest:
            raise ServiceError(f"the field {shown} has {len(value)} characters, more than {longest}", "invalid")
        if not value.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
            raise ServiceError(f"the field {shown} holds signs that cannot be shown", "invalid")
        if name == "priority":
            if value not in ("normal", "bulk"):
                raise ServiceError("the priority is normal or bulk", "invalid")
            priority = BULK if value == "bulk" else NOW
        elif name == "replace":
            if value not in ("true", "false"):
                raise ServiceError("replace is true or false", "invalid")
            replace = value == "true"
        elif meaning in NOT_THEIRS:
            raise ServiceError(f"the field {shown} is not for the sender: leave it out", "invalid")
        else:
            plain.append((name, value))
    return plain, priority, replace


def _check_recording(path: Path, one: Received, *, headerless: str | None) -> None:
    """Refuse what is for certain no recording, by its bytes: its name and type are only what the sender says."""
    if one.size == 0:
        raise ServiceError(f"{one.file_name}: it is empty", "no-recording")
    with path.open("rb") as stream:
        if recognise(stream) is not None or recognise_stream(stream) is not None:
            return
        stream.seek(0)
        head = stream.read(4096)
    why = describe_stranger(head)
    coded = headerless_encoding(headerless) is not None or path.suffix.lower() in EXTENSIONS
    # Of a file without a header any byte may be the first, but hardly all of a longer sign by chance.
    if why and not (coded and why.startswith("it holds nothing but zero")):
        raise ServiceError(f"{one.file_name}: {why}", "no-recording")


def _short(words: object, most: int = 300) -> str:
    text = str(words)
    return text if len(text) <= most else f"{text[: most - 3]}..."
