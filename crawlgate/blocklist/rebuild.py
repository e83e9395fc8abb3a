"""The journals of a home's lists, made again from the ledger's records. Pure: tables in, lines out.

The ledger says what was received, when, by whose word and with which keys; the bytes themselves are kept beside it.
With both, everything else can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .journal import text_of

_JOURNAL = frozenset({"subscribed", "keys", "received", "removed"})
_OUT = frozenset({"at", "kind", "event", "record"})


@dataclass(frozen=True, slots=True)
class Told:
    """A record of kind `list`, `notice` or `segment`: where it stands, when it was written, what it says."""

    record: str
    at: datetime
    kind: str
    table: Mapping[str, Any]


@dataclass(slots=True)
class Rebuilt:
    """`feeds` holds the journal of each subscription, `terms` what was agreed last, `notices` the journal of single
    notices, `lists` the lines about other lists; each oldest first."""

    feeds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)


def rebuild(told: Iterable[Told]) -> Rebuilt:
    """The journals that these records, in the order of their times, amount to."""
    found = Rebuilt()
    receipts: dict[tuple[str, str], int] = {}
    loaded: set[tuple[str, int]] = set()
    waiting: list[str] = []
    for item in sorted(told, key=lambda item: item.at):
        event = str(item.table.get("event", ""))
        if item.kind == "list" and event in _JOURNAL:
            _feed_line(found, item, event, receipts)
        elif item.kind == "notice":
            found.notices.append(_line(item, event))
            if event == "notice":
                waiting.append(str(item.table["id"]))
        for loads in _loads(item):
            _load(found, loads, item.at, receipts, loaded, waiting)
    return found


def _feed_line(found: Rebuilt, item: Told, event: str, receipts: dict[tuple[str, str], int]) -> None:
    name = str(item.table["name"])
    line = _line(item, event)
    journal = found.feeds.setdefault(name, [])
    known = {old.get("record") for old in journal}
    if line["record"] in known or (event == "received" and (name, str(line["manifest"])) in receipts):
        return  # written twice around a crash
    journal.append(line)
    if event == "subscribed":
        found.terms[name] = {key: value for key, value in item.table.items() if key not in _OUT}
    elif event == "received":
        receipts[name, str(line["manifest"])] = int(line["n"])
    elif event == "removed" and name in found.terms:
        found.terms[name]["removed_at"] = item.table["removed_at"]


def _line(item: Told, event: str) -> dict[str, Any]:
    table = {key: value for key, value in item.table.items() if key not in _OUT}
    if item.kind == "list":
        table["at"] = text_of(item.at)
    return {**table, "event": event, "record": item.record}


def _loads(item: Told) -> Iterator[Mapping[str, Any]]:
    """What a gate had loaded: all of it in the head of a segment, one list in a record of its own."""
    if item.kind == "segment":
        yield from (loaded for loaded in item.table.get("lists", ()) if isinstance(loaded, Mapping))
    elif item.kind == "list" and item.table.get("event") == "loaded":
        yield item.table


def _load(
    found: Rebuilt,
    table: Mapping[str, Any],
    at: datetime,
    receipts: Mapping[tuple[str, str], int],
    loaded: set[tuple[str, int]],
    waiting: list[str],
) -> None:
    name = str(table.get("name", ""))
    if table.get("list") == "feed":
        n = receipts.get((name, str(table.get("manifest"))))
        if n is not None and (name, n) not in loaded:
            loaded.add((name, n))
            found.feeds[name].append({"effective_at": text_of(at), "event": "loaded", "n": n})
    elif table.get("list") == "notices":
        found.notices += [{"effective_at": text_of(at), "event": "loaded", "id": name} for name in waiting]
        waiting.clear()
    elif table.get("list") == "list":
        line = {
            "entries": table.get("entries"),
            "force": table.get("force"),
            "format": table.get("format"),
            "issuer": table.get("issuer"),
            "issuer_kind": table.get("issuer_kind"),
            "received_at": table.get("received_at"),
            "rejected": table.get("rejected"),
            "sha256": table.get("sha256"),
            "source": table.get("source"),
            "verified": table.get("verified"),
            "vouched_by": table.get("vouched_by"),
        }
        if line not in found.lists:
            found.lists.append(line)
