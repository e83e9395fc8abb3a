"""Something that happened to a subscription: into the ledger first, then into the journal, whatever crashes between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from .files import trouble
from .journal import text_of
from .subscription import Received, Subscription

Record = Callable[[str, Mapping[str, Any]], str]
"""Writes a record of a kind to the ledger, on the disk when it returns, and says where it stands."""

_PENDING = "pending.json"


def commit(sub: Subscription, event: Mapping[str, Any], now: datetime, record: Record) -> None:
    """Something that happened: into the ledger, then into the journal. What a crash leaves between the two is brought
    to its end by the next who comes."""
    line = {**event, "at": text_of(now)}
    sub.write(_PENDING, orjson.dumps(line, option=orjson.OPT_SORT_KEYS))
    _finish(sub, line, now, record)


def stale_event(sub: Subscription, received: Received, now: datetime, record: Record) -> None:
    event = {"event": "stale", "name": sub.name, "expires": text_of(received.expires), "version": received.version}
    record("list", {"at": now, **event})


def settled(sub: Subscription, record: Record) -> Subscription:
    """The subscription once nothing is half done."""
    try:
        data = (sub.folder / _PENDING).read_bytes()
    except FileNotFoundError:
        return sub
    except OSError as error:
        raise trouble(sub.folder, error) from None
    line = orjson.loads(data)
    if not any(all(old.get(key) == value for key, value in line.items()) for old in sub.journal):
        _finish(sub, line, datetime.fromisoformat(line["at"]), record)
    else:
        (sub.folder / _PENDING).unlink(missing_ok=True)
    return Subscription(sub.lists, sub.name)


def _finish(sub: Subscription, line: dict[str, Any], now: datetime, record: Record) -> None:
    place = record("list", {**line, "at": now})
    sub.add({**line, "record": place})
    try:
        (sub.folder / _PENDING).unlink(missing_ok=True)
    except OSError as error:
        raise trouble(sub.folder, error) from None
