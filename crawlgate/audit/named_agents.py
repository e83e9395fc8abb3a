"""Where a robots.txt keeps crawlers for AI data out by name: what B3 rests on, which no rule for our token shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ..model import Outcome
from ..signals.agents import AgentCatalogue
from ..signals.robots_agents import product_token, tokens
from ..signals.robots_lines import AGENT, AGENT_WORD, ALLOW, DISALLOW, has_invisible, lines
from ..site import COLLECTORS
from .classes import DecisionClass
from .output.coded import by_appearance

MOST = 10_000
"""Files looked into, in the order in which rows need them. Project choice: a report shows far fewer."""

_FOUND = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN)


def files_with_names(decisions: Path, classes: Iterable[DecisionClass]) -> list[str]:
    """The hashes of the robots.txt in force for rows with a finding against B3."""
    named = np.array(
        [any(f.criterion == "B3" and f.outcome in _FOUND for f in one.findings) for one in classes] or [False]
    )
    found: dict[str, None] = {}
    if not named.any():
        return []
    with pq.ParquetFile(decisions, pre_buffer=False) as file:
        for batch in file.iter_batches(1 << 17, columns=["robots", "basis"]):
            hashes = batch["robots"]
            codes = hashes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            chosen = np.where(named[batch["basis"].to_numpy()], codes, -1)
            for code in by_appearance(chosen, len(hashes.dictionary))[1].tolist():
                found.setdefault(hashes.dictionary[code].as_py())
                if len(found) == MOST:
                    return list(found)
    return list(found)


def collectors(catalogue: AgentCatalogue, token: str) -> frozenset[str]:
    """The tokens, in lower case, of crawlers known to collect training data; not our own."""
    return frozenset(product_token(agent.token) for agent in catalogue if agent.kind in COLLECTORS) - {
        product_token(token)
    }


def first_refusal(text: str, named: Collection[str]) -> int:
    """The number of the first line that keeps one of these crawlers from anything; 0 where none does."""
    start, before = _first_mention(text, named)
    speaks_of_them = in_rules = False
    for line in lines(text[start:] if start else text):
        if line.kind == AGENT:
            first, last = start + line.start, start + line.end
            speaks_of_them = (speaks_of_them and not in_rules) or any(
                name in named for name in tokens(text[first:last])
            )
            in_rules = False
        elif line.kind in (ALLOW, DISALLOW):
            in_rules = True
            if line.kind == DISALLOW and speaks_of_them and line.end > line.start:
                return before + line.number
    return 0


def _first_mention(text: str, named: Collection[str]) -> tuple[int, int]:
    """Where the first line begins that names one of these crawlers, and how many lines stand before it: what those say
    does not matter. Whatever a `User-agent` key looks like, it holds one of two words, if no invisible marks do."""
    lower = text.lower()
    if len(lower) != len(text) or has_invisible(text):
        return 0, 0
    place = 0
    while (found := AGENT_WORD.search(lower, place)) is not None:
        start = text.rfind("\n", 0, found.start()) + 1
        place = text.find("\n", found.end())
        end = place = place if place >= 0 else len(text)
        for line in lines(text[start:end]):
            if line.kind == AGENT and any(
                name in named for name in tokens(text[start + line.start : start + line.end])
            ):
                return start, text.count("\n", 0, start)
    return len(text), 0
