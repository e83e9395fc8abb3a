"""A version of a feed as a gate asks it: in memory where it is short, compiled and mapped where it is long."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..model import Notice
from .compiled import CompiledList
from .dates import Dates
from .match import Listing, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a version beyond its entries: who speaks, where appeals go, since when."""

    source: str
    issuer: str
    contact: str
    dates: Dates
    effective_at: datetime

    def said(self, notice: Notice) -> Notice:
        """A notice with all of that. An issuer cannot date our knowledge, whatever an entry says."""
        issuer = notice.issuer
        if issuer != self.issuer:  # an association speaks for a member; who was checked is the association
            issuer = f"{issuer} (through {self.issuer})"
        return replace(
            notice,
            issuer=issuer,
            contact=notice.contact or self.contact,
            # Loaded is known: a clock that stepped back a little does not make it unknown again.
            received_at=min(self.dates.of(notice.id), self.effective_at),
            effective_at=self.effective_at,
            source=self.source,
        )


class FeedListing(Listing):
    """A compiled version of a feed: its entries as they are, its notices with what is `known`."""

    def __init__(self, compiled: CompiledList, known: Known) -> None:
        self.suffixes = compiled.suffixes
        self._compiled = compiled
        self._known = known

    def __len__(self) -> int:
        return len(self._compiled)

    def get(self, key: str) -> Sequence[int]:
        return self._compiled.get(key)

    def beginnings(self, text: str) -> Iterable[str]:
        return self._compiled.beginnings(text)

    def keys_from(self, beginning: str) -> Iterator[str]:
        return self._compiled.keys_from(beginning)

    @property
    def name(self) -> str:
        return self._known.source

    @property
    def has_places(self) -> bool:
        return self._compiled.has_places

    def covering(self, host: str) -> Sequence[int]:
        return self._compiled.covering(host)

    def covering_each(self, hosts: Iterable[str | None]) -> Iterator[tuple[int, Sequence[int]]]:
        return self._compiled.covering_each(hosts)

    def changes(self) -> Iterator[datetime]:
        yield self._known.effective_at
        yield self._known.dates.usual
        yield from set(self._known.dates.others.values())
        yield from self._compiled.changes()

    def told(self, number: int) -> Told:
        return self._compiled.told(number)

    def scope(self, number: int) -> str:
        return self._compiled.scope(number)

    def is_exception(self, number: int) -> bool:
        return self._compiled.is_exception(number)

    def terms(self, number: int) -> Hashable:
        terms, dates = self._compiled.terms(number), self._known.dates
        return (terms, dates.of(self.told(number)[0])) if dates.others else terms

    def notice(self, number: int) -> Notice:
        return self._known.said(self._compiled.notice(number))

    def list_of(self, number: int) -> str:
        return self._compiled.list_of(number)
