"""The removal list counted in one pass, and a few of its rows as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ...model import Outcome
from ..gist import Answer
from .account import RemovalRow, Removals
from .outputs import Outputs
from .rows import read_at
from .tally import codes_of

_BATCH = 1 << 18
_EXAMPLES = 2
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_EFFECTS = (Answer.DENY, Answer.REVIEW, Answer.ALLOW)
_COUNTED = ["cause", "known", "effect", "list"]
_SHOWN = [
    *("file", "row", "url", "time", "effect", "cause", "criteria", "known", "notice", "list", "issuer", "received_at"),
    *("override", "robots", "robots_at", "robots_line", "shard", "offset", "content_hash"),
]


def removals(outputs: Outputs) -> Removals | None:
    """What must come out, and what a person has to look at; None where the audit wrote no removal list."""
    opened = outputs.removals()
    if opened is None:
        return None
    split: Counter[tuple[str, str | None, Answer]] = Counter()
    lists: Counter[str] = Counter()
    firsts: dict[tuple[str, str | None, Answer], list[int]] = {}
    rows = placed = 0
    with opened as file:
        for batch in file.iter_batches(_BATCH, columns=[*_COUNTED, "shard", "offset", "content_hash"]):
            placed += int(pc.sum(pc.or_(_told(batch, "shard"), _told(batch, "content_hash"))).as_py() or 0)
            (causes, cause_of), (knowns, known_of), (effects, effect_of) = (codes_of(batch[n]) for n in _COUNTED[:3])
            codes = (causes * (len(known_of) + 1) + knowns + 1) * len(effect_of) + effects
            for code in np.unique(codes).tolist():
                where = np.flatnonzero(codes == code)
                rest, effect = divmod(code, len(effect_of))
                cause, known = divmod(rest, len(known_of) + 1)
                key = (cause_of[cause], known_of[known - 1] if known else None, Answer(effect_of[effect]))
                split[key] += len(where)
                found = firsts.setdefault(key, [])
                found += [rows + int(n) for n in where[: _EXAMPLES - len(found)]]
            lists_of, names = codes_of(batch["list"])
            lists.update(
                dict(zip(names, np.bincount(lists_of[lists_of >= 0], minlength=len(names)).tolist(), strict=True))
            )
            rows += len(batch)
        shown = read_at(file, [place for places in firsts.values() for place in places], _SHOWN)
    examples = {place: _row(row) for place, row in shown.items()}
    quotes, _ = outputs.quotes((row.robots, row.line) for row in examples.values() if row.robots and row.line)
    order = sorted(split, key=lambda key: (_EFFECTS.index(key[2]), -split[key], key[0], key[1] or ""))
    noted: Mapping[str, Any] = outputs.summary.get("removals") or {}
    return Removals(
        rows=rows,
        effects={effect: sum(n for key, n in split.items() if key[2] is effect) for effect in _EFFECTS},
        split=tuple((cause, known, effect, split[cause, known, effect]) for cause, known, effect in order),
        lists=tuple(sorted(lists.items(), key=lambda item: (-item[1], item[0]))),
        placed=placed,
        looked_again=noted.get("looked_again"),
        not_looked_again=noted.get("not_looked_again"),
        examples=tuple(
            replace(row, quote=quotes.get((row.robots or "", row.line or 0)))
            for key in order
            for row in (examples[place] for place in firsts[key])
        ),
    )


def _told(batch: Any, name: str) -> Any:
    return pc.is_valid(batch[name])


def _row(row: Mapping[str, Any]) -> RemovalRow:
    named = [part.partition("=") for part in (row["criteria"] or "").split(";") if part]
    return RemovalRow(
        file=row["file"],
        row=row["row"],
        url=row["url"],
        at=row["time"],
        effect=Answer(row["effect"]),
        cause=row["cause"],
        criteria=tuple((name, _OUTCOMES[outcome]) for name, _, outcome in named if outcome in _OUTCOMES),
        known=row["known"],
        notice=row["notice"],
        list=row["list"],
        issuer=row["issuer"],
        received_at=row["received_at"],
        override=row["override"],
        robots=row["robots"],
        robots_at=row["robots_at"],
        line=row["robots_line"],
        quote=None,
        shard=row["shard"],
        offset=row["offset"],
        content_hash=row["content_hash"],
    )
