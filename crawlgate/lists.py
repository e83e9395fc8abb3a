"""The lists of a home: feeds subscribed to, single notices, lists received, and what follows from all of them.

Whatever happens is a record of the ledger before it counts. A gate that works on the same home picks it up within
`Limits.lists_recheck` seconds, or when it is opened.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from .blocklist.asof import KnowledgeIndex
from .blocklist.bring import Brought, bring
from .blocklist.files import trouble, write_whole
from .blocklist.history import History, ReceivedVersion
from .blocklist.journal import canonical_line, merged
from .blocklist.letters import JOURNAL as NOTICES
from .blocklist.letters import Letters, add_line, keep_document, notice_line
from .blocklist.rebuild import Told, rebuild
from .blocklist.store import INDEX as LISTS
from .blocklist.store import ListStore
from .blocklist.subscription import (
    RECEIVED,
    TERMS,
    folder_of,
)
from .errors import ConfigError
from .feeds import CHANGED, USER_AGENT, Feeds, Verified, words
from .home import Home
from .ledger.query import records
from .model import IssuerKind, Notice

__all__ = ["CHANGED", "USER_AGENT", "Lists", "Verified"]


class Lists(Feeds):
    """The collector's end of everything that rights holders and others say: the feeds of a home (`Feeds`), single
    notices, lists received, and what was known at every time. Its options and errors are those of `Feeds`."""

    # -- single notices -----------------------------------------------------------------------------

    def add_notice(
        self,
        *,
        issuer: str,
        scope: str,
        value: str,
        received_at: datetime | None = None,
        path_prefix: str = "",
        issuer_kind: str = IssuerKind.UNSTATED,
        vouched_by: str = "",
        reason: str = "",
        reference: str = "",
        contact: str = "",
        listed_at: datetime | None = None,
        expires_at: datetime | None = None,
        document: Path | None = None,
        force: str = "",
    ) -> dict[str, Any]:
        """Enter a notice that came by letter or e-mail; the line as kept, `id` and `record` among it.

        `received_at` is when it arrived (None: now); `vouched_by` is the person who checked who sent it and what is
        claimed, without one it holds and never denies. `scope` may be `work` for a notice that names works and no
        site. `document` is a file that is kept byte for byte; `force` the reason to take a notice about one of the
        world's most used sites as a whole. Raises `EntryError` for a target that cannot be taken.
        """
        now = self._clock.now()
        self.home.create()
        issuer, vouched_by = words("issuer", issuer), words("vouched_by", vouched_by)
        if not issuer:
            raise ConfigError("a notice needs its issuer; write who sent it, or 'unknown sender'")
        if issuer_kind == IssuerKind.RIGHTS_HOLDER and not vouched_by:
            raise ConfigError(
                "a rights holder's notice is one because a person checked it; name that person (vouched_by)"
            )
        line = notice_line(
            id=f"n{now:%Y%m%d}-{secrets.token_hex(4)}",
            issuer=issuer,
            issuer_kind=IssuerKind(issuer_kind),
            vouched_by=vouched_by,
            scope=scope,
            value=value,
            path_prefix=path_prefix,
            received_at=received_at or now,
            recorded_at=now,
            reason=words("reason", reason),
            reference=words("reference", reference),
            contact=words("contact", contact),
            listed_at=listed_at,
            expires_at=expires_at,
            force=words("force", force),
            document=keep_document(self.home.lists, document) if document else "",
            suffixes=self._suffixes,
        )
        place = self._record("notice", {"at": now, **line})
        add_line(self.home.lists, {**line, "record": place})
        self._tell()
        return {**line, "record": place}

    def withdraw_notice(self, id: str, *, reason: str, received_at: datetime | None = None) -> None:  # noqa: A002
        """A notice was taken back by its sender: from `received_at` (None: now) on it counts no more."""
        now = self._clock.now()
        known = {table["id"]: table for table in self.notices()}
        if id not in known:
            raise ConfigError(f"there is no notice {id!r}; `crawlgate notice list` names them")
        if known[id]["withdrawn_at"]:
            raise ConfigError(f"notice {id} was withdrawn already, on {known[id]['withdrawn_at'][:10]}")
        at = (received_at or now).isoformat().replace("+00:00", "Z")
        if received_at is not None and received_at > now:
            raise ConfigError(f"{at} has not come yet; a withdrawal counts from when it arrived")
        line = {
            "event": "withdrawn",
            "id": id,
            "reason": words("reason", reason),
            "received_at": at,
            "withdrawn_at": at,
        }
        place = self._record("notice", {"at": now, **line})
        add_line(self.home.lists, {**line, "record": place})
        self._tell()

    def notices(self) -> tuple[Mapping[str, Any], ...]:
        """Every single notice as entered, oldest first."""
        return Letters(self.home.lists, suffixes=self._suffixes).tables()

    # -- knowledge ----------------------------------------------------------------------------------

    def versions(self) -> tuple[ReceivedVersion, ...]:
        """Every version of every feed and list received, and every notice: what `History` and `knowledge_at` read.
        Lists of a mebibyte and more that nobody signs are left out; `knowledge` has them."""
        found: list[ReceivedVersion] = []
        for sub in self.subscriptions():
            found += sub.received_versions()
        found += ListStore(self.home.lists, suffixes=self._suffixes).received_versions()
        found += Letters(self.home.lists, suffixes=self._suffixes).versions()
        return tuple(found)

    def said(self) -> tuple[Notice, ...]:
        """What the feeds of the home and the single notices said, one notice for each time in which it stood so: for
        an index that is asked about many times at once."""
        found = [version for sub in self.subscriptions() for version in sub.received_versions()]
        found += Letters(self.home.lists, suffixes=self._suffixes).versions()
        return tuple(notice for claim in History(found).claims for notice in claim.spans())

    def history(self) -> History:
        """What was known of everything at every time, long lists left out."""
        return History(self.versions())

    def knowledge(self) -> KnowledgeIndex:
        """What was known at every time, of long lists as well, to be asked by URL and time."""
        store = ListStore(self.home.lists, suffixes=self._suffixes)
        return KnowledgeIndex(self.history(), self._suffixes, store.received_listings())

    def rebuild(self) -> tuple[str, ...]:
        """Make the journals of the lists again from the ledger and the versions kept; the names of the feeds and files
        that were. What a journal knows beyond the ledger is kept where it can be read."""
        told = (
            Told(record.id, record.at, record.kind, record.table)
            for record in records(self.home.ledger, kinds={"list", "notice", "segment"})
            if record.at is not None
        )
        found = rebuild(told)
        done: list[str] = []
        for name, journal in found.feeds.items():
            if name not in found.terms:
                continue
            folder = folder_of(self.home.lists, name)
            _write_lines(folder / RECEIVED, merged(journal, folder / RECEIVED))
            _write_lines(folder / TERMS, [found.terms[name]])
            done.append(name)
        if found.notices:
            _write_lines(self.home.lists / NOTICES, merged(found.notices, self.home.lists / NOTICES))
            done.append(NOTICES)
        if found.lists:
            ListStore(self.home.lists, suffixes=self._suffixes).restore(found.lists)
            done.append(LISTS)
        self._tell()
        return tuple(done)

    def bring(self, other: Home | str | os.PathLike[str]) -> Brought:
        """Bring the lists, subscriptions and notices of another home into this one, as they were received there. The
        records of how they came are in its ledger, which is merged first."""
        self.home.create()
        source = other if isinstance(other, Home) else Home(other)
        done = bring(self.home.lists, source.lists, suffixes=self._suffixes)
        if done.files or done.feeds or done.notices:
            self._tell()
        return done


def _write_lines(place: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, b"".join(map(canonical_line, lines)))
    except OSError as error:
        raise trouble(place.parent, error) from None
