"""The catalogue of AI agents: which product token belongs to whom, and what its operator collects for.

The catalogue is data (`agents.toml`) with a version, so that a record can name what was known at the time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources


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
    `control_only` tokens are addressed in robots.txt and never sent as a User-Agent."""

    token: str
    kind: AgentClass
    operator: str = ""
    control_only: bool = False


class AgentCatalogue:
    """Agents by token, compared without regard to case (RFC 9309 2.2.1)."""

    __slots__ = ("_agents", "version")

    def __init__(self, version: str, agents: Iterable[Agent]) -> None:
        self.version = version
        self._agents = {agent.token.lower(): agent for agent in agents}

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


@cache
def load() -> AgentCatalogue:
    """The catalogue that comes with this version of the package; read once."""
    table = tomllib.loads(resources.files(__package__).joinpath("agents.toml").read_text("utf-8"))
    return AgentCatalogue(
        version=table["version"],
        agents=(
            Agent(token, AgentClass(entry["class"]), entry.get("operator", ""), entry.get("control_only", False))
            for token, entry in table["agents"].items()
        ),
    )
