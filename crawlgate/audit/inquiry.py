"""`Did you take this, and under which conditions?` - answered from the ledger for a URL, a host or a domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import url as urls
from ..domains import Suffixes
from ..errors import ConfigError, UrlError
from ..ledger.query import DecisionRecord, decisions, records


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision about the thing asked for, and what the ledger says became of the body.

    `outcomes` are the tables of the outcome records that name this decision, in order.
    """

    decision: DecisionRecord
    outcomes: tuple[dict[str, Any], ...]

    @property
    def taken(self) -> bool:
        """True if a body was handed out under this decision."""
        return any(outcome.get("disposition") == "released" for outcome in self.outcomes)


def inquire(directory: Path, asked: str) -> Iterator[Answer]:
    """Every decision in the ledger `directory` about `asked`: a URL, a host, or a registrable domain with all its
    hosts. Raises `ConfigError` if it is none of these. An empty answer says that the ledger knows nothing of
    it; what never passed the gate is not in the ledger.
    """
    covers = _matcher(asked)
    found = [decision for decision in decisions(directory) if covers(decision.url)]
    wanted = {decision.record for decision in found}
    outcomes: dict[str, list[dict[str, Any]]] = {}
    for record in records(directory, kinds={"outcome"}):
        if record.table.get("decision") in wanted:
            outcomes.setdefault(record.table["decision"], []).append(dict(record.table))
    for decision in found:
        yield Answer(decision, tuple(outcomes.get(decision.record, ())))


def _matcher(asked: str) -> Callable[[str], bool]:
    """Compares recorded URLs with what was asked for."""
    try:
        parsed = urls.parse(asked if "://" in asked else f"https://{asked}")
    except UrlError as error:
        raise ConfigError(f"{asked!r} is no URL, host or domain: {error}") from None
    if "://" in asked:
        return lambda recorded: recorded == parsed.href
    whole_domain = Suffixes().registrable(parsed.host) == parsed.host

    def same_host(recorded: str) -> bool:
        try:
            host = urls.parse(recorded).host
        except UrlError:
            return False
        return host == parsed.host or (whole_domain and host.endswith(f".{parsed.host}"))

    return same_host
