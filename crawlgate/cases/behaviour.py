"""The words of a collector's log about its own behaviour, read as traces (B5).

Logs have no common vocabulary. A word is read by its parts (`ua_changed_after_denial`), and the list of classes
follows what avoiding a measure looks like in a log. A word that belongs to no class is for a person: it is neither
ignored nor taken for the worst.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

from ..criteria.facts import Trace
from ..model import Outcome

_PARTS = re.compile(r"[^a-z0-9]+")


class Reading(NamedTuple):
    """What the words come to. `credentials` and `barrier` name words that presuppose credentials, or a barrier that
    was met; `robots_unread` that robots.txt was not asked for; `route` words that claim another way to something
    that was refused, which other evidence may confirm or not."""

    traces: tuple[Trace, ...]
    credentials: str | None
    barrier: str | None
    robots_unread: bool
    route: tuple[str, ...]


def _load() -> dict[str, re.Pattern[str]]:
    text = resources.files(__package__).joinpath("behaviour.toml").read_text("utf-8")
    return {name: re.compile("(?:^| )(?:" + "|".join(stems) + ")") for name, stems in tomllib.loads(text).items()}


_PATTERNS = _load()


def read(words: Iterable[str]) -> Reading:
    """The traces of a log's words, in their order."""
    traces: list[Trace] = []
    credentials = barrier = None
    unread = False
    route: list[str] = []
    stripped = 0
    for name in words:
        said = " ".join(part for part in _PARTS.split(name.strip().lower()) if part)
        reason, outcome = _class_of(said)
        if reason == "b5.log_credentials":
            credentials = credentials or name
        elif reason in ("b5.log_identity_changed", "b5.log_challenge_solved"):
            barrier = barrier or name
        elif reason == "b5.log_other_route":
            route.append(name)
            continue
        elif reason == "":
            unread = True
            continue
        elif reason == "b5.log_stripped":
            stripped += 1
            if stripped > 1 or _PATTERNS["repeated"].search(said):
                reason, outcome = "b5.log_stripped_repeatedly", Outcome.MET
        traces.append(Trace(reason=reason, outcome=outcome, params={"name": name}))
    return Reading(tuple(traces), credentials, barrier, unread, tuple(route))


def _class_of(said: str) -> tuple[str, Outcome]:
    """The reason and outcome of a word; an empty reason says that robots.txt was not asked for."""
    has = {name: pattern.search(said) is not None for name, pattern in _PATTERNS.items()}
    if has["robots"] and has["unread"]:
        return "", Outcome.NOT_MET
    if has["good"] and not has["negated"]:
        return "b5.log_good_conduct", Outcome.NOT_MET
    if has["challenge"] and has["solved"] and not has["negated"]:
        return "b5.log_challenge_solved", Outcome.MET
    if has["credentials"] and has["ungranted"]:
        return "b5.log_credentials", Outcome.MET
    if has["changed"] and has["after"]:
        return "b5.log_identity_changed", Outcome.MET
    if has["foreign"]:
        return "b5.log_foreign_name", Outcome.MET
    if has["route"]:
        return "b5.log_other_route", Outcome.INDICATED
    if has["stripped"]:
        return "b5.log_stripped", Outcome.INDICATED
    if has["against"] and has["refusal"]:
        return "b5.log_after_deny", Outcome.MET
    if has["pool"]:
        return "b5.log_rotating", Outcome.INDICATED
    return "b5.log_unknown", Outcome.NEEDS_HUMAN
