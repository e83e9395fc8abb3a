"""Plans by number: those of many hosts alike, and the twins of these that hosts of which a list speaks have."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, overload

import numpy as np

from ..blocklist.listing import HostNotices
from ..model import RegisterEntry
from ..site import Site
from .book import instant
from .growing import Growing
from .voices import SILENT, Voices, notices_key


@dataclass(slots=True, eq=False)
class Plan:
    """One host's (or many alike hosts') state in an interval that begins at `at`.

    `age` is that of robots.txt, no more exact than what follows from it; `since` says which of the collector's own
    dates have come; `by_itself` that something speaks of this host alone, `exact` that it may speak of each page
    otherwise, `decided` that people decided something about it. `robots` numbers the content of a robots.txt that is
    all there is on record, but for what `beside` names; `octets` is the length of all files. Plans of equal `said` read
    the same policy files.
    """

    number: int
    at: datetime
    age: timedelta | None
    since: tuple[bool, ...]
    notices: HostNotices | None
    register: tuple[RegisterEntry, ...]
    by_itself: bool
    exact: bool
    decided: bool
    said: Hashable
    robots: int | None
    beside: str
    octets: int
    read: Callable[[], Site]

    @property
    def site(self) -> Site:
        """The site as the exact code reads it, which few plans need."""
        return self.read()

    def notices_key(self) -> object:
        """What the notices come to on every page of the host: equal keys, equal findings. None where pages differ."""
        if self.notices is None:
            return ()
        if self.notices.path_dependent:
            return None
        return notices_key(self.notices, self.at)


NO_TWIN = -1


class Plans(Sequence[Plan]):
    """Every plan so far. A twin says what another plan says, and that notices speak of its one host; it is made when
    somebody asks. `about` gives the notices of a host.

    By plan, once all are settled: `twins` is the plan whose twin it is (`NO_TWIN`: none's), `told` the number of what
    its site's files say, `named` that notices or people speak of its host, `decided` that people do, `by_page` that
    each page has to be asked about."""

    def __init__(self, about: Callable[[int], HostNotices | None], voices: Voices) -> None:
        self._about = about
        self._voices = voices
        self._made: dict[int, Plan] = {}
        self._waiting: list[Plan] = []
        self._hosts, self._at, self._voice_of = Growing(np.int32), Growing(np.int64), Growing(np.int32)
        self._numbers: dict[Hashable, int] = {}
        self.twins, self.told = Growing(np.int32), Growing(np.int32)
        self.named, self.decided, self.by_page = Growing(np.bool_), Growing(np.bool_), Growing(np.bool_)

    def add(self, plan: Plan) -> None:
        """Put in one plan, which has the next number."""
        self._made[plan.number] = plan
        self._waiting.append(plan)

    def settle(self) -> None:
        """Take plans that were put in into the columns."""
        plans = self._waiting
        if not plans:
            return
        self._hosts.add(np.zeros(len(plans), np.int32))
        self._at.add(np.zeros(len(plans), np.int64))
        self._voice_of.add(np.full(len(plans), SILENT, np.int32))
        self.twins.add(np.full(len(plans), NO_TWIN, np.int32))
        self.told.add([self._numbers.setdefault(plan.said, len(self._numbers)) for plan in plans])
        notices = [plan.notices for plan in plans]
        decided = np.array([plan.decided for plan in plans], np.bool_)
        self.named.add(decided | [about is not None for about in notices])
        self.decided.add(decided)
        self.by_page.add(decided | [about is not None and about.path_dependent for about in notices])
        plans.clear()

    def add_twins(self, plans: Any, hosts: Any, at: Any, voices: Any) -> Any:
        """The numbers of twins of plans, each for one host, of a voice, from an instant on."""
        self.settle()
        first = self._hosts.add(hosts)
        self._at.add(at)
        self._voice_of.add(voices)
        self.twins.add(plans)
        self.told.add(self.told.array[plans])
        self.named.add(np.ones(len(hosts), np.bool_))
        self.decided.add(np.zeros(len(hosts), np.bool_))
        self.by_page.add(np.zeros(len(hosts), np.bool_))
        return np.arange(first, len(self), dtype=np.int32)

    def keys_of(self, twins: Any) -> list[object]:
        """What lists say on every page of the hosts of twins (`notices_key`)."""
        return self._voices.keys(self._voice_of.array[twins], self._at.array[twins])

    def __len__(self) -> int:
        return self._hosts.count + len(self._waiting)

    @overload
    def __getitem__(self, wanted: int) -> Plan: ...
    @overload
    def __getitem__(self, wanted: slice) -> Sequence[Plan]: ...
    def __getitem__(self, wanted: int | slice) -> Plan | Sequence[Plan]:
        if isinstance(wanted, slice):
            return [self[n] for n in range(len(self))[wanted]]
        number = range(len(self))[wanted]
        plan = self._made.get(number)
        if plan is None:
            like = self._made[int(self.twins.array[number])]
            about, at = self._about(int(self._hosts.array[number])), instant(int(self._at.array[number]))
            plan = self._made[number] = replace(like, number=number, at=at, notices=about)
        return plan
