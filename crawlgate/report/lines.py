"""Records of the ledger as lines: for people, or as written for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from ..explain import OUTCOMES, printable
from ..ledger.canonical import timestamp
from ..ledger.query import Record
from ..model import Verdict
from .gist import Answer, Gist, mapping, sequence, text, utc, whole
from .gist import gist as gist_of
from .speaker import speaker
from .words import Words

_VERDICTS = {Answer.ALLOW: Verdict.ALLOW, Answer.REVIEW: Verdict.REVIEW, Answer.UNREADABLE: None}
_NO_TIME = " " * len("2026-11-23 09:00:00Z")


class Shown(NamedTuple):
    """A record, and for a decision the gist of what it rests on."""

    record: Record
    gist: Gist | None


def as_json(shown: Shown) -> bytes:
    """The record as written, with `record`, its time as text, and a decision with what its basis says."""
    record, gist = shown
    table = {**record.table, "record": record.id}
    if record.at is not None:
        table["at"] = timestamp(record.at)
    if gist is not None:
        verdict = _VERDICTS.get(gist.answer, Verdict.DENY)
        table |= {
            "verdict": verdict,
            "temporary": gist.answer is Answer.FOR_NOW,
            "stage": gist.stage or None,
            "reasons": list(gist.reasons),
        }
    return orjson.dumps(table, option=orjson.OPT_SORT_KEYS)


def as_text(shown: Shown, *, lang: str = "en") -> str:
    """One line; control characters of hostile text are shown, not obeyed."""
    record, gist = shown
    words = Words(lang)
    at = _NO_TIME if record.at is None else utc(record.at).strftime("%Y-%m-%d %H:%M:%SZ")
    if gist is not None:
        said = _decision(record.table, gist, words)
    else:
        said = _LINES.get(record.kind, _other)(record.table, words)
    return printable(f"{at}  {record.kind:<10}  {said}  [{record.id}]")


def _decision(table: Mapping[str, Any], gist: Gist, words: Words) -> str:
    said = words(f"answer.{gist.answer}")
    outcomes = dict(gist.outcomes)
    if gist.problem is not None:
        said = words("answer.deny")
        why = words.sentence(f"problem.{gist.problem}")
    else:
        why = ", ".join(_outcome_of(name, outcomes.get(name), words) for name in gist.reasons)
    parts = [said, words.known("stage", gist.stage) if gist.stage else "", why, text(table.get("url"), 2000)]
    if table.get("enforced") is False:
        parts.append(words("line.observed"))
    return "  ".join(part for part in parts if part)


def _outcome_of(criterion: str, outcome: Any, words: Words) -> str:
    return f"{criterion} {OUTCOMES[words.lang][outcome]}" if outcome else criterion


def _basis(table: Mapping[str, Any], words: Words) -> str:
    gist = gist_of(table)
    outcomes = ", ".join(_outcome_of(name, outcome, words) for name, outcome in gist.outcomes)
    return f"{words(f'answer.{gist.answer}')}  {words.known('stage', gist.stage)}  {outcomes}"


def _evidence(table: Mapping[str, Any], words: Words) -> str:
    status = table.get("status")
    answer = str(status) if type(status) is int else text(table.get("error")) or words("evidence.no_answer")
    size = words("line.bytes", count=whole(table.get("bytes")))
    return f"{text(table.get('source'))}  {answer}  {text(table.get('url'), 2000)}  {size}  {text(table.get('id'))}"


def _outcome(table: Mapping[str, Any], words: Words) -> str:
    parts = [words.known("disposition", text(table.get("disposition")))]
    parts += [str(table[key]) for key in ("status", "media_type") if isinstance(table.get(key), (int, str))]
    if "bytes" in table:
        parts.append(words("line.bytes", count=whole(table.get("bytes"))))
    parts.append(words("line.of", record=text(table.get("decision"))))
    return "  ".join(part for part in parts if part)


def _segment(table: Mapping[str, Any], words: Words) -> str:
    declared, profile = mapping(table.get("declaration")), mapping(table.get("profile"))
    lists = words("line.lists", count=len(sequence(table.get("lists"))))
    parts = (
        text(table.get("program")),
        text(declared.get("operator")),
        text(declared.get("user_agent")),
        f"{text(profile.get('name'))} {text(profile.get('sha256'))[:16]}".strip(),
        text(table.get("rule_pack")),
        text(table.get("mode")),
        lists,
    )
    return "  ".join(part for part in parts if part)


def _list(table: Mapping[str, Any], words: Words) -> str:
    parts = [words.known("list_event", text(table.get("event")))] if table.get("event") else []
    parts.append(text(table.get("name")) or text(table.get("source")))
    if type(table.get("version")) is int:
        parts.append(words("line.version", version=table["version"]))
    if "entries" in table:
        parts.append(words("line.entries", count=whole(table.get("entries"))))
    if table.get("sha256"):
        parts.append(f"sha256:{text(table.get('sha256'))[:16]}")
    if "issuer_kind" in table:
        parts.append(speaker(table, words))
    parts.append(text(table.get("reason")))
    return "  ".join(part for part in parts if part)


def _notice(table: Mapping[str, Any], words: Words) -> str:
    parts = [words.known("list_event", text(table.get("event"))), text(table.get("id"))]
    if "scope" in table:
        parts.append(
            f"{text(table.get('scope'))} {text(table.get('value'), 2000)}{text(table.get('path_prefix'), 2000)}"
        )
        parts += [text(table.get("issuer")), speaker(table, words)]
    parts.append(text(table.get("received_at"))[:19])
    return "  ".join(part for part in parts if part)


def _override(table: Mapping[str, Any], words: Words) -> str:
    effect = words("review.allowed" if table.get("effect") == Verdict.ALLOW else "review.denied")
    place = f"{text(table.get('value'), 2000)}{text(table.get('path_prefix'), 2000)}"
    criteria = ", ".join(mapping(table.get("findings")))
    until = words("line.until", until=text(table.get("until"))[:19])
    return "  ".join((effect, criteria, place, until, text(table.get("by")), text(table.get("reason"))))


def _revocation(table: Mapping[str, Any], words: Words) -> str:
    parts = (words("line.of", record=text(table.get("override"))), text(table.get("by")), text(table.get("reason")))
    return "  ".join(parts)


def _attempt(table: Mapping[str, Any], words: Words) -> str:
    status = table.get("status")
    sent = [f"{key} {text(table.get(key))}" for key in ("proxy", "credentials", "referrer") if table.get(key)]
    refusal = table.get("refusal")
    refused = text(refusal) if refusal and refusal != f"http_{status}" else ""
    parts = (text(table.get("url"), 2000), text(table.get("user_agent")), *sent, str(status or ""), refused)
    of = words("line.of", record=text(table.get("decision"))) if table.get("decision") else ""
    return "  ".join(part for part in (*parts, of) if part)


def _client(table: Mapping[str, Any], _words: Words) -> str:
    found = [row for row in sequence(table.get("settings")) if isinstance(row, Mapping)]
    named = (f"{text(row.get('looks_like'))}: {text(row.get('setting'))} {text(row.get('value'))}" for row in found)
    return "  ".join((text(table.get("client")), *named))


def _register(table: Mapping[str, Any], _words: Words) -> str:
    price = " ".join(text(table.get(key)) for key in ("price", "currency") if table.get(key))
    named = (text(table.get("host")), text(table.get("product")), text(table.get("name")), price)
    return "  ".join(part for part in (*named, text(table.get("evidence"), 2000), text(table.get("source"))) if part)


def _closed(table: Mapping[str, Any], words: Words) -> str:
    lost, segment = whole(table.get("lost")), text(table.get("segment"))
    if lost:
        return words("line.cut", segment=segment, offset=whole(table.get("bytes")), lost=lost)
    return words("line.closed", segment=segment, count=whole(table.get("records")))


def _hold(table: Mapping[str, Any], words: Words) -> str:
    key = "line.hold_add" if table.get("action") == "add" else "line.hold_release"
    parts = (words(key, name=text(table.get("name"))), text(table.get("by")), text(table.get("reason")))
    return "  ".join(part for part in parts if part)


def _deletion(table: Mapping[str, Any], words: Words) -> str:
    said = words("line.deletion", count=len(sequence(table.get("segments"), 10**9)))
    return "  ".join(part for part in (said, text(table.get("by")), text(table.get("reason"))) if part)


def _merge(table: Mapping[str, Any], words: Words) -> str:
    return words("line.merge", count=len(sequence(table.get("segments"), 10**9)))


def _outside(table: Mapping[str, Any], _words: Words) -> str:
    return "  ".join((text(table.get("name")), text(table.get("by")), text(table.get("reason"))))


def _audit(table: Mapping[str, Any], words: Words) -> str:
    counts = words("line.judged", judged=whole(table.get("judged")), rejected=whole(table.get("rejected")))
    return "  ".join((text(table.get("audit"))[:16], text(table.get("as_of")), counts))


def _removal(table: Mapping[str, Any], words: Words) -> str:
    counts = words("line.removed", removed=whole(table.get("removed")), rows=whole(table.get("rows_in")))
    parts = (text(table.get("audit"))[:16], counts, text(table.get("by")), text(table.get("reason")))
    return "  ".join(part for part in parts if part)


def _tree(table: Mapping[str, Any], words: Words) -> str:
    return words("line.tree", root=text(table.get("root")))


def _checkpoint(table: Mapping[str, Any], words: Words) -> str:
    _, count, root, *_ = *text(table.get("note"), 1000).split("\n"), "", "", ""
    return words("line.checkpoint", count=count, root=root)


def _seal(table: Mapping[str, Any], words: Words) -> str:
    return words("line.seal", count=whole(table.get("records")))


def _other(table: Mapping[str, Any], _words: Words) -> str:
    return orjson.dumps(table).decode()[:400]


_LINES: Mapping[str, Callable[[Mapping[str, Any], Words], str]] = {
    "basis": _basis,
    "evidence": _evidence,
    "outcome": _outcome,
    "segment": _segment,
    "list": _list,
    "notice": _notice,
    "override": _override,
    "revocation": _revocation,
    "attempt": _attempt,
    "client": _client,
    "register": _register,
    "hold": _hold,
    "deletion": _deletion,
    "merge": _merge,
    "outside": _outside,
    "audit": _audit,
    "removal": _removal,
    "tree": _tree,
    "checkpoint": _checkpoint,
    "closed": _closed,
    "seal": _seal,
}
