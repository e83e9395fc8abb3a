"""`Did you take this, and under which conditions?` - answered from the ledger, address by address.

The index says where to look; everything told is read from the ledger's own records, and evidence from its files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from ..domains import Suffixes
from ..errors import ConfigError
from ..ledger.index.catchup import Progress
from ..ledger.index.keys import address, same_address, spellings
from ..ledger.index.lookup import Asked as Place
from ..ledger.index.lookup import Lookup
from ..ledger.index.store import Index
from ..ledger.query import DecisionRecord, Record, decision_of_record
from ..ledger.segments import Fault
from . import asked as asking
from .asked import Asked, Kind
from .coverage import Coverage, coverage
from .evidence import Evidences, KeptEvidence
from .stated import DELETION, OUTSIDE, deletions, outside
from .taken import TAKEN, Answer, Why, judge, merged

CHUNK = 2_000
"""Things asked for that are looked up together, so that the ledger is read from front to back."""

SHOWN = 50
"""Addresses of a host, and decisions about an address, that are told in full unless more are asked for."""

_OF_MANY = 6
"""Decisions about an address that are told in full where it is one of many."""

_HOPS = 10
_REDIRECTED_WITHIN = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedEvidence:
    """Evidence that a decision names. `kept` None: no record of it can be read. `age` at the time of the decision."""

    id: str
    kept: KeptEvidence | None
    age: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision, what it rested on, and what came of it. `exact` False: another spelling of the address asked for.
    `outcomes` are the records of what became of the body, `overrides` those of people's decisions that it followed."""

    decision: DecisionRecord
    exact: bool
    evidence: tuple[UsedEvidence, ...]
    outcomes: tuple[Record, ...]

    @property
    def taken(self) -> bool:
        """True if a body was handed out or kept under this decision."""
        return any(outcome.table.get("disposition") in TAKEN for outcome in self.outcomes)

    @property
    def leads_to(self) -> tuple[str, ...]:
        """Addresses to which the answer sent its reader."""
        found = (outcome.table.get("to") for outcome in self.outcomes)
        return tuple(to for to in found if isinstance(to, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAnswer:
    """The answer about one address. `url` is as recorded. `steps` are its decisions, the newest last; `omitted` earlier
    ones are not told in full. `through` are answers about addresses it leads to."""

    url: str
    answer: Answer
    why: tuple[Why, ...]
    decisions: int
    first: datetime
    latest: datetime
    steps: tuple[Step, ...]
    omitted: int = 0
    through: tuple[AddressAnswer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """The answer about one thing asked for. `addresses` are told in full, those taken first; `counts` speaks of all of
    them by answer, `decisions` of all their decisions by verdict. `hosts` are those of a domain that the ledger knows.
    """

    asked: Asked
    answer: Answer
    why: tuple[Why, ...]
    addresses: tuple[AddressAnswer, ...] = ()
    omitted: int = 0
    counts: dict[Answer, int] | None = None
    decisions: dict[str, int] | None = None
    hosts: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def one_address(self) -> bool:
        """True if a single address was asked for, so that all of its decisions belong together."""
        return self.asked.kind in _ADDRESSES


class Inquiry:
    """An inquiry into the home at `home` about decisions from `since` (inclusive) until `until` (exclusive).

    `shown` bounds what is told in full of each thing asked for (0: no bound). `check` False leaves the bytes of
    evidence unread. Raises `LedgerError` where there is no ledger or it cannot be read, `ConfigError` for a period that
    is none. Use it in a `with` block; `answers` may be asked several times.
    """

    def __init__(
        self,
        home: Path,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        shown: int = SHOWN,
        check: bool = True,
        report: Progress | None = None,
    ) -> None:
        for name, bound in (("from", since), ("to", until)):
            if bound is not None and (bound.tzinfo is None or bound.microsecond):
                raise ConfigError(f"{name}: {bound.isoformat()} must be a whole second with a zone")
        if since is not None and until is not None and until <= since:
            raise ConfigError(f"the period ends ({until.isoformat()}) before it begins ({since.isoformat()})")
        self._since, self._until, self._shown = since, until, shown or 2**62
        self._low = -(2**62) if since is None else int(since.timestamp())
        self._high = 2**62 if until is None else int(until.timestamp())
        self._home = Path(home)
        self._suffixes = Suffixes()
        self._index = Index(self._home)
        self._places = self._index.places()
        self._records: dict[tuple[str, int], Record | None] = {}
        self._faults: dict[tuple[str, int], Fault] = {}
        self._noticed: dict[tuple[str, int], Fault] = {}
        self._outcomes: dict[tuple[str, int], list[tuple[str, int]]] = {}
        try:
            self._index.catch_up(report)
            self._evidences = Evidences(self._home, self._index, self._record, check=check)
        except BaseException:
            self.close()
            raise

    # -- questions ----------------------------------------------------------------------------------

    def answers(self, texts: Iterable[str]) -> Iterator[ItemAnswer]:
        """An answer for each of `texts`, in order."""
        items = (asking.read(text, self._suffixes) for text in texts)
        while chunk := list(islice(items, CHUNK)):
            yield from self._chunk(chunk)

    def name(self, text: str) -> ItemAnswer:
        """The answer about an owner's name: for a person. Nothing on record says who owns what."""
        return ItemAnswer(asked=asking.name(text), answer=Answer.NEEDS_PERSON, why=())

    def coverage(self) -> Coverage:
        """What the answers cover."""
        stated = self._index.statements({OUTSIDE, DELETION})[0]
        beyond = outside(record for record in stated if record.kind == OUTSIDE)
        gone = deletions(record for record in stated if record.kind == DELETION)
        found = self._index.ask(lambda lookup: coverage(lookup, self._since, self._until, beyond, gone))
        return replace(found, temporary_index=self._index.temporary)

    def _chunk(self, chunk: Sequence[Asked]) -> Iterator[ItemAnswer]:
        """Look up what is asked for together: first where everything stands, then all records in their order."""
        self._records.clear()
        self._outcomes.clear()
        found: list[list[Place]] = [self._of_url(item) if item.kind in _ADDRESSES else [] for item in chunk]
        self._load([place for places in found for place in places])
        for item, places in zip(chunk, found, strict=True):
            self._noticed.clear()
            if item.kind in _ADDRESSES:
                answer = self._about_url(item, places)
            elif item.kind in (Kind.HOST, Kind.DOMAIN):
                answer = self._about_hosts(item)
            else:
                answer = ItemAnswer(asked=item, answer=Answer.UNREADABLE, why=())
            yield replace(answer, faults=tuple(self._noticed.values()))

    # -- one address --------------------------------------------------------------------------------

    def _of_url(self, item: Asked) -> list[Place]:
        host, target = address(item.url)
        if item.kind is Kind.REFUSED:
            host, target = "", item.url
        low, high = self._low, self._high
        return self._index.ask(lambda lookup: lookup.of_url(spellings(host), target, low, high))

    def _about_url(self, item: Asked, places: list[Place]) -> ItemAnswer:
        mine = self._about(places, item.url)
        if not mine and item.kind is Kind.REFUSED:
            return ItemAnswer(asked=replace(item, kind=Kind.UNREADABLE), answer=Answer.UNREADABLE, why=())
        if not mine and not places:
            return ItemAnswer(asked=item, answer=Answer.NOT_COVERED, why=(Why.NEVER_ASKED,))
        if not mine:  # keys met, records did not: either other addresses, or records that cannot be read
            lost = any(self._record(place.place) is None for place in places)
            why = Why.UNREADABLE if lost else Why.NEVER_ASKED
            return ItemAnswer(asked=item, answer=Answer.NOT_COVERED, why=(why,))
        told = self._address(mine, item.url, self._shown, led_from=(item.url,))
        return ItemAnswer(
            asked=item,
            answer=told.answer,
            why=told.why,
            addresses=(told,),
            counts={told.answer: 1},
            decisions=_verdicts(mine),
        )

    def _about(self, places: Iterable[Place], url: str) -> list[Place]:
        """The places whose records are about this address."""
        found = []
        for place in places:
            record = self._record(place.place)
            if record is not None and record.kind == "decision" and same_address(url, record.table["url"]):
                found.append(place)
        return found

    def _address(
        self, places: Sequence[Place], url: str, shown: int, *, led_from: tuple[str, ...] = ()
    ) -> AddressAnswer:
        """The answer about one address, whose decisions are at `places`; `shown` of them are told in full. `led_from`
        are this address and those that led to it, none where redirects are not followed."""
        answer, why = judge(places)
        places = sorted(places, key=lambda place: (place.at, place.place))
        told = places[-shown:]
        steps = tuple(step for place in told if (step := self._step(place, url)) is not None)
        through: tuple[AddressAnswer, ...] = ()
        if answer is not Answer.YES and 0 < len(led_from) <= _HOPS:
            through = self._through(steps, led_from)
            if any(one.answer is Answer.YES for one in through):
                answer, why = Answer.YES, (Why.THROUGH_REDIRECT,)
        exact = [step.decision.url for step in steps if step.exact]
        return AddressAnswer(
            url=exact[-1] if exact else steps[-1].decision.url if steps else url,
            answer=answer,
            why=why,
            decisions=len(places),
            first=datetime.fromtimestamp(places[0].at, UTC),
            latest=datetime.fromtimestamp(places[-1].at, UTC),
            steps=steps,
            omitted=len(places) - len(told),
            through=through,
        )

    def _through(self, steps: Sequence[Step], led_from: tuple[str, ...]) -> tuple[AddressAnswer, ...]:
        """Answers about addresses to which this one was redirected, asked for right afterwards."""
        found: dict[str, AddressAnswer] = {}
        for step in steps:
            second = int(step.decision.at.timestamp())
            for to in step.leads_to:
                if to in found or any(same_address(to, before) for before in led_from):
                    continue
                host, target = address(to)
                places = self._index.ask(partial(_asked_within, host, target, second, second + _REDIRECTED_WITHIN))
                mine = self._about([place for place in places if place.segment == step.decision.segment], to)
                if mine:
                    found[to] = self._address(mine, to, _OF_MANY, led_from=(*led_from, to))
        return tuple(found.values())

    def _step(self, place: Place, url: str) -> Step | None:
        record = self._record(place.place)
        if record is None:
            return None
        basis = self._record((record.segment, record.table["basis"]))
        decision = decision_of_record(record, basis.table if basis is not None and basis.kind == "basis" else {})
        if place.outcomes and place.place not in self._outcomes:
            self._outcomes |= self._index.ask(lambda lookup: lookup.outcomes_of([place.place]))
        outcomes = self._outcomes.get(place.place, [])
        became = [found for one in outcomes if (found := self._record(one)) is not None]
        became.sort(key=lambda outcome: (outcome.at or _NEVER, outcome.seq))
        names = [name for name in decision.basis.get("evidence", ()) if isinstance(name, str)]
        names += [str(one.table["evidence"]) for one in became if "evidence" in one.table]
        return Step(
            decision=decision,
            exact=decision.url == url,
            evidence=tuple(self._used(name, decision) for name in names),
            outcomes=tuple(became),
        )

    def _used(self, name: str, decision: DecisionRecord) -> UsedEvidence:
        kept = self._evidences.named(name, decision.segment)
        age = None if kept is None or kept.at is None else decision.at - kept.at
        return UsedEvidence(id=name, kept=kept, age=age)

    # -- hosts --------------------------------------------------------------------------------------

    def _about_hosts(self, item: Asked) -> ItemAnswer:
        hosts = [item.host]
        if item.kind is Kind.DOMAIN:
            below = self._index.ask(lambda lookup: lookup.hosts_below(item.host))
            # A name below a shared suffix is somebody else's domain.
            hosts = [host for host in below if self._suffixes.registrable(host) == item.host] or hosts
        low, high = self._low, self._high
        found = _Survey(self._shown)
        known = []
        for host in hosts:
            here = self._index.ask(partial(_surveyed, host, low, high, self._shown))
            if here.counts:
                known.append(host)
            found.add(here)
        if not found.counts:
            return ItemAnswer(asked=item, answer=Answer.NOT_COVERED, why=(Why.NEVER_ASKED,), counts={}, decisions={})
        answer, why = merged((one, tuple(whys)) for one, whys in found.whys.items())
        chosen = found.chosen()
        shown = self._shown if self._shown > SHOWN else min(self._shown, _OF_MANY)
        self._load([place for _, places in chosen for place in places[-shown:]])
        addresses = []
        for _, places in chosen:
            latest = self._record(max(places, key=lambda place: place.at).place)
            if latest is not None and latest.kind == "decision":
                addresses.append(self._address(places, latest.table["url"], shown))
        return ItemAnswer(
            asked=item,
            answer=answer,
            why=why,
            addresses=tuple(addresses),
            omitted=found.counts.total() - len(addresses),
            counts=dict(found.counts),
            decisions=dict(found.decisions),
            hosts=tuple(known),
        )

    # -- records ------------------------------------------------------------------------------------

    def _load(self, places: Sequence[Place]) -> None:
        """Read decisions, what they rest on, what came of them and the evidence they name, in the order in which all
        of it stands: a compressed ledger is unpacked piece by piece, and each piece once."""
        with_outcomes = [place.place for place in places if place.outcomes]
        self._outcomes |= self._index.ask(lambda lookup: lookup.outcomes_of(with_outcomes))
        wanted = {place.place for place in places} | {(place.segment, place.basis) for place in places}
        self._fetch(wanted.union(*self._outcomes.values()))
        named = {
            (name, place.segment)
            for place in places
            if (basis := self._records[place.segment, place.basis]) is not None and basis.kind == "basis"
            for name in basis.table.get("evidence", ())
            if isinstance(name, str)
        }
        self._fetch(self._evidences.locate(named))

    def _fetch(self, places: Iterable[tuple[str, int]]) -> None:
        wanted = sorted(set(places) - self._records.keys())
        self._records.update(zip(wanted, self._places.several(wanted), strict=True))
        for fault in self._places.faults:
            self._faults[fault.segment, fault.line - 1] = fault
        self._places.faults.clear()

    def _record(self, place: tuple[str, int]) -> Record | None:
        """The record at a place; where it cannot be read, that is noticed for the answer at work."""
        if place not in self._records:
            self._fetch([place])
        record = self._records[place]
        if record is None and place in self._faults:
            self._noticed[place] = self._faults[place]
        return record

    # -- lifetime -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close index and ledger."""
        self._places.close()
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Survey:
    """What is counted over the addresses of a host; the newest of each answer are kept, to be told in full."""

    def __init__(self, shown: int) -> None:
        self._shown = shown
        self.counts: Counter[Answer] = Counter()
        self.decisions: Counter[str] = Counter()
        self.whys: dict[Answer, set[Why]] = {}
        self._newest: dict[Answer, list[tuple[int, list[Place]]]] = {}

    def read(self, places: Iterable[Place]) -> Self:
        """Count decisions, those about one address together."""
        for _, group in groupby(places, key=lambda place: place.key):
            address_places = list(group)
            answer, why = judge(address_places)
            self.counts[answer] += 1
            self.whys.setdefault(answer, set()).update(why)
            self.decisions.update(map(_verdict, address_places))
            self._keep(answer, max(place.at for place in address_places), address_places)
        return self

    def add(self, other: _Survey) -> None:
        """Take in what was counted elsewhere."""
        self.counts += other.counts
        self.decisions += other.decisions
        for answer, why in other.whys.items():
            self.whys.setdefault(answer, set()).update(why)
        for answer, found in other._newest.items():
            for latest, places in found:
                self._keep(answer, latest, places)

    def chosen(self) -> list[tuple[int, list[Place]]]:
        """Addresses to tell in full: taken ones first, then those that are not covered, the newest of each first."""
        ranked = [
            found
            for answer in (Answer.YES, Answer.NOT_COVERED, Answer.NO)
            for found in sorted(self._newest.get(answer, []), key=lambda one: (-one[0], one[1][0].place))
        ]
        return ranked[: self._shown]

    def _keep(self, answer: Answer, latest: int, places: list[Place]) -> None:
        kept = self._newest.setdefault(answer, [])
        kept.append((latest, places))
        if len(kept) >= 2 * self._shown:
            kept.sort(key=lambda one: -one[0])
            del kept[self._shown :]


def _asked_within(host: str, target: str, low: int, high: int, lookup: Lookup) -> list[Place]:
    return lookup.of_url([host], target, low, high)


def _surveyed(host: str, low: int, high: int, shown: int, lookup: Lookup) -> _Survey:
    return _Survey(shown).read(lookup.of_host(host, low, high))


_ADDRESSES = (Kind.URL, Kind.REFUSED)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _verdict(place: Place) -> str:
    """How a decision counts: its verdict, `deny_for_now`, `url_refused`, or `unknown`."""
    if place.refused:
        return "url_refused"
    if place.verdict == "deny" and place.temporary:
        return "deny_for_now"
    return place.verdict or "unknown"


def _verdicts(places: Iterable[Place]) -> dict[str, int]:
    return dict(Counter(map(_verdict, places)))
