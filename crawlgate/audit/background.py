"""What a home and lists know, for an audit: notices with their dates, what people decided, the licensor register; and
the digests by which a summary names all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import orjson

from ..blocklist.match import Listing, Lists, NoticeIndex
from ..blocklist.store import ListStore
from ..blocklist.target import DEFAULT_SUFFIXES
from ..clock import Clock
from ..home import Home
from ..ledger.overrides import read_overrides
from ..ledger.register import read_register
from ..lists import Lists as HomeLists
from ..loaded import Blocklist, feed_of_home, is_feed
from ..model import Notice
from ..policy.overrides import Overrides
from ..register import Register


@dataclass(frozen=True, slots=True)
class Background:
    """`notices` None: there is no list at all. `lists` and `told_people` describe what counts, for the summary."""

    notices: Lists | None = None
    people: Overrides = field(default_factory=Overrides)
    register: Register = field(default_factory=Register)
    lists: tuple[dict[str, Any], ...] = ()
    told_people: dict[str, Any] | None = None


def background(home: Home, blocklists: Sequence[Blocklist] = (), *, clock: Clock) -> Background:
    """What is known. Lists that are named are taken in by the home, which is made for it; a signed feed must be one
    that the home has subscribed to, or come with its keys. Raises `ConfigError`, `FeedError` and `LedgerError`."""
    listings: list[Listing] = []
    told: list[dict[str, Any]] = []
    if blocklists:
        home.create()
    store = ListStore(home.lists)
    for item in blocklists:
        if is_feed(item.path):
            feed_of_home(home, item, clock=clock)
            continue
        one = store.receive(
            str(item.path), at=clock.now(), verified=item.verified, vouched_by=item.vouched_by, issuer=item.issuer
        )
        listings.append(one.listing)
        told.append(
            {
                "name": one.listing.name,
                "entries": len(one.listing),
                "rejected": len(one.rejected),
                "sha256": one.sha256,
                "received_at": _text(one.received_at),
                "vouched_by": item.vouched_by,
            }
        )
    if home.lists.is_dir():
        with HomeLists(home, clock=clock) as lists:
            said = lists.said()
        if said:
            listings.append(NoticeIndex(said, DEFAULT_SUFFIXES))
            by_source: dict[str, list[Notice]] = {}
            for notice in said:
                by_source.setdefault(notice.source, []).append(notice)
            told += [_of_home(source, notices) for source, notices in by_source.items()]
    overrides = read_overrides(home.ledger)
    return Background(
        notices=Lists(listings) if listings else None,
        people=Overrides(overrides),
        register=Register(entry for entry, _ in read_register(home.ledger)),
        lists=tuple(told),
        told_people={"decisions": len(overrides), "sha256": _digest(map(asdict, overrides))} if overrides else None,
    )


def _of_home(source: str, notices: Sequence[Notice]) -> dict[str, Any]:
    """What a version of a feed, or a letter, said: for each entry and each time in which it stood so."""
    received = [notice.received_at for notice in notices if notice.received_at is not None]
    return {
        "name": source,
        "entries": len({notice.id for notice in notices}),
        "rejected": 0,
        "sha256": _digest(map(asdict, notices)),
        "received_at": _text(min(received, default=None)),
        "vouched_by": notices[0].vouched_by or None,
    }


def _digest(tables: Iterable[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for table in tables:
        digest.update(orjson.dumps(table, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    return digest.hexdigest()


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
