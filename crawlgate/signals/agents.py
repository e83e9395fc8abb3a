"""The catalogue of AI agents: which product token belongs to whom, and what its operator collects for.

The catalogue is data (`agents.toml`) with a version, and each agent has the day from which its name was public, so
that a decision about an earlier time can use the names of that time and its record can say so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from importlib import resources

_MOST_VIEWS = 64  # kept per catalogue; a run asks about few days, or about one after the other


class AgentClass(StrEnum):
    """What an agent fetches for. `mixed` serves search and training under one token."""

    TRAINING = "training"
    DATA_BROKER = "data-broker"
    SEARCH = "search"
    USER_TRIGGERED = "user-triggered"
    MIXED = "mixed"
    CODING_AGENT = "coding-agent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Agent:
    """One token as its operator writes it. `operator` is empty where nobody is known to stand behind it;
    `control_only` tokens are addressed in robots.txt and never sent as a User-Agent; `legacy` ones were given up by
    their operator. `first_known` is the day (UTC) by which the name was public, as `source` attests; without one the
    agent is known from the date of the catalogue. `kind` is what is known today, also of earlier days."""

    token: str
    kind: AgentClass
    operator: str = ""
    control_only: bool = False
    legacy: bool = False
    first_known: date | None = None
    source: str = "catalogue"


class AgentCatalogue:
    """Agents by token, compared without regard to case (RFC 9309 2.2.1). `dated` is the day from which agents without
    a day of their own are known; in a catalogue without a date they always are."""

    __slots__ = ("_agents", "_complete", "_dated", "_edition", "_views", "version")

    def __init__(self, version: str, agents: Iterable[Agent], dated: date | None = None) -> None:
        self.version = self._edition = version
        self._agents = {agent.token.lower(): agent for agent in agents}
        self._dated = dated or date.min
        self._complete = max(map(self.known_from, self._agents.values()), default=date.min)
        self._views: dict[date, AgentCatalogue] = {}

    def as_of(self, at: date | datetime) -> AgentCatalogue:
        """The agents of this catalogue that were known on the day of `at` (UTC; a time without a zone is UTC).

        From the day on which all of them are known this is the catalogue itself. Views are kept: asking again for a
        day costs one look-up."""
        day = _day(at)
        if day >= self._complete:
            return self
        view = self._views.get(day)
        if view is None:
            known = (agent for agent in self if self.known_from(agent) <= day)
            view = AgentCatalogue(self._edition, known, self._dated)
            view.version = f"{self._edition} as of {day.isoformat()}"
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            self._views[day] = view
        return view

    def known_from(self, agent: Agent) -> date:
        """The day (UTC) from which `as_of` knows the agent."""
        return agent.first_known or self._dated

    def get(self, token: str) -> Agent | None:
        """The agent of a token: whole tokens only; a version is left off where none is listed (`GPTBot/1.1`)."""
        name = token.strip().lower()
        return self._agents.get(name) or self._agents.get(name.partition("/")[0].rstrip())

    @property
    def training(self) -> tuple[Agent, ...]:
        """Agents that collect for training and nothing else."""
        return self.of_class(AgentClass.TRAINING)

    def of_class(self, *kinds: AgentClass | str) -> tuple[Agent, ...]:
        """Agents of any of these classes, in the order of their tokens."""
        return tuple(agent for agent in self._agents.values() if agent.kind in kinds)

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)


def _day(at: date | datetime) -> date:
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        return at.date()
    try:
        return at.astimezone(UTC).date()
    except OverflowError:  # within a day of the first or the last year there is
        return at.date()


@cache
def load() -> AgentCatalogue:
    """The catalogue that comes with this version of the package; read once."""
    table = tomllib.loads(resources.files(__package__).joinpath("agents.toml").read_text("utf-8"))
    return AgentCatalogue(
        version=table["version"],
        agents=(Agent(token, AgentClass(entry.pop("class")), **entry) for token, entry in table["agents"].items()),
        dated=date.fromisoformat(table["version"]),
    )
