"""What was received and is damaged now, taken from its source again: the very bytes, or nothing."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import datetime
from pathlib import Path

from .collect import LOCK
from .events import Record, settled
from .feed import FeedInvalid
from .files import locked, trouble
from .source import Source
from .subscription import Received, Subscription, folder_of


def repair(
    lists: Path, name: str, source: Source, *, now: datetime, record: Record
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Put back what of the versions received is missing or damaged, from their source, exactly as it was; the versions
    that were repaired, and those that could not be. Raises `FeedInvalid` where the source cannot be read."""
    repaired: list[int] = []
    lost: list[int] = []
    with locked(folder_of(lists, name), LOCK):
        sub = settled(Subscription(lists, name), record)
        for received in sub.versions:
            try:
                sub.check(received)
            except FeedInvalid:
                done = _repaired(sub, received, source)
                (repaired if done else lost).append(received.version)
        if repaired or lost:
            record("list", {"at": now, "event": "repaired", "lost": lost, "name": name, "versions": repaired})
    return tuple(repaired), tuple(lost)


def _repaired(sub: Subscription, received: Received, source: Source) -> bool:
    note = source.past(received.version)
    if note is None or hashlib.sha256(note).hexdigest() != received.manifest:
        fresh = source.manifest()
        note = fresh.data if fresh is not None else b""
    if hashlib.sha256(note).hexdigest() == received.manifest:
        sub.write(received.note, note)
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=sub.folder) as aside:
            target = Path(aside) / "entries"
            source.entries(received.sha256, received.bytes, target)
            data = target.read_bytes()
        if hashlib.sha256(data).hexdigest() == received.sha256:
            sub.keep_entries(received.sha256, data)
        sub.check(received)
    except FeedInvalid:
        return False
    except OSError as error:
        raise trouble(sub.folder, error) from None
    return True
