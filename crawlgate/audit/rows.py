"""The columns of one batch that bear on its answers, and what they come to besides the URL and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..assess import Circumstances
from ..criteria import conduct
from ..criteria.facts import Trace
from ..headers import Headers
from ..model import AS_DECLARED, Attempt, Declaration, NoticeMatch, RegisterEntry, Signal, Stage
from ..signals import answer
from ..signals.dataset import PaidOffer
from ..signals.reading import Reading
from ..url import Url
from . import known_kernels as kernels
from .growing import Growing
from .interning import Keys
from .shown import TRACES
from .texts import Texts

NO_STATUS = kernels.NO_STATUS
NO_ANSWER = kernels.NO_ANSWER
"""The log says that the site answered nothing: a failed connection, a request that was never sent."""
ROBOTS_PRECLUDED = kernels.ROBOTS_PRECLUDED
"""The collector's own robots.txt check kept it from asking; the number is Heritrix's."""
NO_AGENT = -1
NOT_HEADED, HEADED_PAGE, HEADED_FILE = range(3)
"""Whether the headers of an answer were looked at, and whether they are those of a page."""
QUIET = {
    NOT_HEADED: Headers(),
    HEADED_PAGE: Headers(),
    HEADED_FILE: Headers((("content-type", "application/octet-stream"),)),
}
"""Headers that say nothing, for each of these."""
NO_HEADERS = {"headers": "not_assessed.log_without_headers"}
_AGENTS_PLACED = 1_000  # user agents with a row in `Contexts.table`; rows of others are judged the longer way
_HEADED_BITS = 6  # above the code of what is shown, in a context's key; above these: `compared`
_COMPARED = 1 << 8


@dataclass(frozen=True, slots=True)
class Particulars:
    """What only few rows have: an answer with headers or a page, hops, listed pages that it is linked to, and what rows
    before it said of its site. `looked` says that `reading` rests on the body, too."""

    reading: Reading | None = None
    looked: bool = False
    hops: tuple[NoticeMatch, ...] = ()
    links: tuple[NoticeMatch, ...] = ()
    offers: tuple[PaidOffer, ...] = ()
    elsewhere: tuple[Signal, ...] = ()
    register: tuple[RegisterEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by column: the URL, the time of the fetch (microseconds since 1970, UTC), the status that was answered
    (-1: the log does not say), and the user agent that was sent, as a number in `agents` (-1: not said).

    `particulars` are by row; such rows are judged one by one. `shown` is what the log shows of each attempt against
    those before it, as a code of `shown` (0: nothing). `headed` is `HEADED_PAGE` or `HEADED_FILE` where headers were
    looked at; those that say something are among `particulars`. `compared` says that the rows of the log were compared
    with each other; where they were not, B5 is not assessed.
    """

    urls: Texts
    times: npt.NDArray[np.int64]
    statuses: npt.NDArray[np.int32] | None = None
    sent: npt.NDArray[np.int32] | None = None
    agents: Sequence[str] = ()
    particulars: Mapping[int, Particulars] = field(default_factory=dict)
    shown: npt.NDArray[np.uint8] | None = None
    headed: npt.NDArray[np.uint8] | None = None
    compared: bool = False

    def __len__(self) -> int:
        return len(self.urls)

    @property
    def bare(self) -> bool:
        """True if rows say nothing but URL, time, status and user agent."""
        return not (self.particulars or self.compared) and self.shown is None and self.headed is None

    def take(self, places: npt.NDArray[np.int64]) -> Rows:
        """Some of rows that are `bare`."""
        return Rows(
            self.urls.take(places),
            self.times[places],
            None if self.statuses is None else self.statuses[places],
            None if self.sent is None else self.sent[places],
            self.agents,
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a row says of its fetch, apart from URL and time. `reading` is None where nothing was answered yet."""

    status: int | None
    attempt: Attempt
    circumstances: Circumstances
    answered: bool
    shown: int = 0
    headed: int = NOT_HEADED

    def reading(self, url: Url, token: str) -> Reading | None:
        """What the status says by itself, and headers that say nothing."""
        if not self.answered:
            return None
        reading = answer.read(self.status or 200, QUIET[self.headed], None, url=url, token=token)
        if self.headed:
            return reading
        return replace(reading, not_looked=reading.not_looked | NO_HEADERS)


class Contexts:
    """Contexts by number; equal ones are one."""

    def __init__(self, declaration: Declaration, stage: Stage) -> None:
        self._declaration = declaration
        self._stage = stage
        self._numbers: dict[tuple[int, str | None, int], int] = {}
        self.known: list[Context] = []
        # By user agent and status, where a row says no more of its fetch: see `known_kernels.known_rows`.
        self.table = Growing(np.int32, kernels.STATUS_PLACES, expected=2)
        self.table.add(np.full((2, kernels.STATUS_PLACES), -1, np.int32))
        self._places: dict[str | None, int] = {None: 0}

    def places(self, agents: Sequence[str]) -> npt.NDArray[np.int32]:
        """For each user agent its row in `table`: the first is for rows that name none, the second says nothing."""
        return np.array([self._places.get(agent, 1) for agent in agents], np.int32)

    def codes(self, rows: Rows) -> npt.NDArray[np.int32]:
        """The number of each row's context."""
        if rows.statuses is not None and rows.sent is None and rows.bare:
            return self._of_statuses(rows.statuses)
        statuses = rows.statuses if rows.statuses is not None else np.full(len(rows), NO_STATUS, np.int32)
        sent = rows.sent if rows.sent is not None else np.full(len(rows), NO_AGENT, np.int32)
        shown = rows.shown.astype(np.int64) if rows.shown is not None else np.zeros(len(rows), np.int64)
        if rows.headed is not None:
            shown = shown | (rows.headed.astype(np.int64) << _HEADED_BITS)
        if rows.compared:
            shown = shown | _COMPARED
        mixed = (statuses.astype(np.int64) << 41) | (shown << 32) | (sent.astype(np.int64) & 0xFFFFFFFF)
        keys = Keys()
        codes = keys.codes(mixed)
        numbers = [
            self._number(
                int(value >> 41), _agent(rows.agents, _signed(int(value & 0xFFFFFFFF))), int(value >> 32) & 0x1FF
            )
            for value in map(keys.__getitem__, range(keys.count))
        ]
        table: npt.NDArray[np.int32] = np.array(numbers or [0], np.int32)
        found: npt.NDArray[np.int32] = table[codes]
        return found

    def _of_statuses(self, statuses: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The same where a row says its status and nothing else: these are few, and near each other."""
        least = int(statuses.min(initial=NO_STATUS))
        places = statuses - least
        table = np.zeros(int(places.max(initial=0)) + 1, np.int32)
        for place in np.flatnonzero(np.bincount(places, minlength=1)).tolist():
            table[place] = self._number(place + least, None)
        found: npt.NDArray[np.int32] = table[places]
        return found

    def _number(self, status: int, agent: str | None, shown: int = 0) -> int:
        number = self._numbers.get((status, agent, shown))
        if number is None:
            number = self._numbers[status, agent, shown] = len(self.known)
            self.known.append(self._make(status, agent, shown))
            if not shown:
                self._place(status, agent, number)
        return number

    def _place(self, status: int, agent: str | None, number: int) -> None:
        if agent not in self._places:
            if len(self._places) >= _AGENTS_PLACED:
                return
            self._places[agent] = self.table.add(np.full((1, kernels.STATUS_PLACES), -1, np.int32))
        self.table.array[self._places[agent], kernels.status_place(status)] = number

    def _make(self, status: int, agent: str | None, key: int) -> Context:
        shown, headed = key & ((1 << _HEADED_BITS) - 1), (key & ~_COMPARED) >> _HEADED_BITS
        unseen = None if key & _COMPARED else "not_assessed.rows_not_compared"
        if agent is None:
            unseen = "not_assessed.log_without_attempts"
        past = self._stage is not Stage.PRE_FETCH
        said = status not in (NO_STATUS, NO_ANSWER, ROBOTS_PRECLUDED)
        silent = status in (NO_ANSWER, ROBOTS_PRECLUDED)
        declared = agent is None or agent == self._declaration.user_agent
        traces: tuple[Trace, ...] = () if agent is None else tuple(conduct.of_name(agent, self._declaration.token))
        if shown:
            traces += (TRACES[shown],)
        return Context(
            status=status if said else None,
            attempt=AS_DECLARED if declared else Attempt(user_agent=agent),
            circumstances=Circumstances(
                traces=traces,
                fetched=past and not silent and (not said or 200 <= status < 300),
                sent_on_record=not past or agent is not None,
                unseen=(("behaviour", unseen),) if past and unseen is not None else (),
            ),
            answered=past and not silent,
            shown=shown,
            headed=headed,
        )


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


def _agent(agents: Sequence[str], number: int) -> str | None:
    return agents[number] if 0 <= number < len(agents) else None
