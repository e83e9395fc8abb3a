"""summary.json: totals of an audit, read from what it wrote (docs/schemas/audit-summary.json)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq

from ...criteria import CATALOGUE
from ...model import Verdict
from ..readers.batch import BESIDE
from ..sweep import Known
from .avoided import avoided
from .causes import Cause
from .draft import SUMMARY, Draft
from .question import Question, digest_of

SCHEMA = "crawlgate.audit-summary/1"
NOTE = "Findings against criteria; the source document is not binding, and no conclusion of law is drawn."
OUTPUTS = ("decisions.parquet", "bases.parquet", "lines.parquet", "removals.parquet", "removals.csv", "rejects.jsonl")
WORST = 50
_VERDICTS = [str(verdict) for verdict in Verdict]


class Totals:
    """What decisions.parquet comes to, row group by row group."""

    def __init__(self, verdict_of: list[str]) -> None:
        self._verdict_of = np.array([_VERDICTS.index(verdict) for verdict in verdict_of] or [0], np.int64)
        self.by_basis: Counter[int] = Counter()
        self.by_file: Counter[str] = Counter()
        self.by_month: dict[str, Counter[str]] = {}
        self._hosts: dict[str, int] = {}
        self._of_host = np.zeros((1024, len(_VERDICTS)), np.int64)
        self.without_robots = 0

    def add(self, table: Any) -> None:
        """Count the rows of a table of decisions."""
        basis = table["basis"].to_numpy()
        self.by_basis.update({n: count for n, count in enumerate(np.bincount(basis).tolist()) if count})
        self.without_robots += table["robots"].null_count
        verdicts = self._verdict_of[basis]
        for chunk in table["file"].chunks:
            names = chunk.dictionary.to_pylist()
            counted = np.bincount(chunk.indices.to_numpy(), minlength=len(names))
            self.by_file.update({name: int(count) for name, count in zip(names, counted, strict=True) if count})
        self._months(table["time"], verdicts)
        start = 0
        for chunk in table["host"].chunks:
            self._count_hosts(chunk, verdicts[start : start + len(chunk)])
            start += len(chunk)

    def _months(self, column: Any, verdicts: Any) -> None:
        months = column.to_numpy().astype("datetime64[M]").astype(np.int64)
        if not len(months):
            return
        first, kinds = months.min(), len(_VERDICTS)
        counted = np.bincount((months - first) * kinds + verdicts)
        for place in np.flatnonzero(counted).tolist():
            month = str(np.datetime64(int(first + place // kinds), "M"))
            self.by_month.setdefault(month, Counter())[_VERDICTS[place % kinds]] += int(counted[place])

    def _count_hosts(self, chunk: Any, verdicts: Any) -> None:
        known = self._hosts
        places = np.array([known.setdefault(h, len(known)) for h in chunk.dictionary.to_pylist()] or [0], np.int64)
        while len(known) > len(self._of_host):
            self._of_host = np.concatenate([self._of_host, np.zeros_like(self._of_host)])
        codes = places[chunk.indices.to_numpy()] * len(_VERDICTS) + verdicts
        counted = np.bincount(codes, minlength=len(self._of_host) * len(_VERDICTS))
        self._of_host += counted.reshape(self._of_host.shape)

    @property
    def hosts(self) -> int:
        """How many hosts there are."""
        return len(self._hosts)

    def worst(self) -> list[dict[str, Any]]:
        """The hosts with the most denials."""
        names = list(self._hosts)
        counted = self._of_host[: len(names)]
        denied = counted[:, _VERDICTS.index(Verdict.DENY)]
        some = np.flatnonzero(denied)
        if len(some) > WORST:  # all that may be among them, those with as many as the last included
            least = np.partition(denied[some], -WORST)[-WORST]
            some = some[denied[some] >= least]
        found = sorted(some.tolist(), key=lambda n: (-int(denied[n]), names[n]))[:WORST]
        return [
            {
                "host": names[n],
                "rows": int(counted[n].sum()),
                "denied": int(denied[n]),
                "review": int(counted[n, _VERDICTS.index(Verdict.REVIEW)]),
            }
            for n in found
        ]


def totals(decisions: Path, draft: Draft) -> Totals:
    """Read the decisions back and count them."""
    found = Totals([str(one.verdict) for one in draft.bases.classes])
    with pq.ParquetFile(decisions, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            found.add(file.read_row_group(group, columns=["file", "host", "time", "basis", "robots"]))
    return found


def removal_totals(removals: Path) -> dict[str, Any]:
    """Read the removal list back and count it."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("effect", "cause", "known", "list")}
    crossed: Counter[tuple[str, str, str | None]] = Counter()
    rows = 0
    with pq.ParquetFile(removals, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(counted))
            rows += len(table)
            for one in table.group_by(list(counted)).aggregate([([], "count_all")]).to_pylist():
                crossed[one["cause"], one["effect"], one["known"]] += one["count_all"]
                for name, counter in counted.items():
                    if one[name] is not None:
                        counter[one[name]] += one["count_all"]
    return {
        "rows": rows,
        "by_effect": {str(verdict): counted["effect"][str(verdict)] for verdict in Verdict},
        "by_cause": {str(cause): counted["cause"][str(cause)] for cause in Cause},
        "by_known": {str(known): counted["known"][str(known)] for known in Known},
        "by_list": dict(sorted(counted["list"].items(), key=lambda item: (-item[1], item[0]))),
        "split": [
            {"cause": cause, "effect": effect, "known": known, "rows": count}
            for (cause, effect, known), count in sorted(crossed.items(), key=lambda item: tuple(map(str, item[0])))
        ],
    }


def summary(question: Question, draft: Draft, counted: Totals) -> dict[str, Any]:
    """The whole summary; outputs are those in the draft's folder."""
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    criteria: dict[str, Counter[str]] = {name: Counter() for name in sorted(CATALOGUE.criteria)}
    for number, one in enumerate(draft.bases.classes):
        count = counted.by_basis[number]
        verdicts[str(one.verdict)] += count
        if one.verdict is not Verdict.ALLOW:
            reasons[one.reasons[0] if one.reasons else str(one.verdict)] += count
        assessed = {f.criterion: str(f.outcome) for f in one.findings}
        for name, outcomes in criteria.items():
            outcomes[assessed.get(name, "not_assessed")] += count
    beside = {code: count for code, count in sorted(draft.tally.rejected.items()) if code in BESIDE}
    for code, count in draft.tally.rejected.items():
        if code not in beside:
            reasons[f"not judged: {code}"] += count
    judged = counted.by_basis.total()
    removals = removal_totals(draft.folder / "removals.parquet")
    dated = question.table["as_of"] == "fetched"
    removals["looked_again"] = draft.tally.looked_again if dated else None
    removals["not_looked_again"] = judged - draft.tally.looked_again if dated else None
    rows = {
        "decisions.parquet": judged,
        "bases.parquet": len(draft.bases.classes),
        "lines.parquet": pq.read_metadata(draft.folder / "lines.parquet").num_rows,
        "removals.parquet": removals["rows"],
        "removals.csv": removals["rows"],
        "rejects.jsonl": draft.tally.rejected.total(),
    }
    table = dict(question.table)
    rejected_in = draft.tally.rejected_in
    table["inputs"] = [
        {**one, "judged": counted.by_file[one["name"]], "rejected": rejected_in[one["name"]]} for one in table["inputs"]
    ]
    return {
        "schema": SCHEMA,
        "audit": question.digest,
        "note": NOTE,
        **table,
        "outputs": {
            name: {
                "bytes": (draft.folder / name).stat().st_size,
                "rows": rows[name],
                "sha256": digest_of(draft.folder / name),
            }
            for name in OUTPUTS
        },
        "coverage": {
            "judged": judged,
            "rejected": draft.tally.rejected.total(),
            "rejected_by": dict(sorted(draft.tally.rejected.items())),
            "beside": beside,
            "hosts": counted.hosts,
            "without_robots_of_the_time": counted.without_robots,
        },
        "verdicts": {verdict: verdicts[verdict] for verdict in _VERDICTS},
        "criteria": {name: dict(sorted((+outcomes).items())) for name, outcomes in criteria.items()},
        "not_allowed_by": dict(sorted((+reasons).items(), key=lambda item: (-item[1], item[0]))),
        "over_time": [
            {"month": month, **{verdict: counts[verdict] for verdict in _VERDICTS}}
            for month, counts in sorted(counted.by_month.items())
        ],
        "sites": counted.worst(),
        "behaviour": avoided(draft.folder / "decisions.parquet", draft.bases.classes),
        "removals": removals,
    }


def read_summary(out: Path) -> dict[str, Any] | None:
    """The summary of a finished audit; None where there is none. Raises `ValueError` for what is none."""
    try:
        found = orjson.loads((out / SUMMARY).read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError(f"{out / SUMMARY} is no summary of the kind {SCHEMA}")
    return found
