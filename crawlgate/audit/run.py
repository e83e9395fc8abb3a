"""An audit from files to files: rows in, decisions, their bases, what could not be judged, and a summary out.

    decisions.parquet   a line for each row that was judged, in the order of the inputs
    bases.parquet       what its column `basis` numbers
    rejects.jsonl       a line for each row, record or stretch that could not be judged, with its place
    summary.json        totals, coverage, and everything needed to make the same files again

Same inputs, options and versions, same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from .. import __version__
from ..criteria import CATALOGUE
from ..domains import psl_version
from ..errors import ConfigError
from ..model import Verdict
from ..signals import agents
from .readers import Batch, Reject, Source, Told, read
from .readers.batch import ROW_NUMBER, nothing
from .tables import TableJudge

_WORST = 50
SCHEMA = pa.schema(
    [
        ("file", pa.dictionary(pa.int32(), pa.string())),
        ("row", pa.int64()),
        ("url", pa.large_string()),
        ("host", pa.dictionary(pa.int32(), pa.string())),
        ("surt", pa.dictionary(pa.int32(), pa.string())),
        ("time", pa.timestamp("us", "UTC")),
        ("verdict", pa.dictionary(pa.int32(), pa.string())),
        ("findings", pa.dictionary(pa.int32(), pa.string())),
        ("criteria", pa.uint64()),
        ("basis", pa.int32()),
        ("robots", pa.dictionary(pa.int32(), pa.string())),
        ("robots_at", pa.timestamp("us", "UTC")),
        ("robots_line", pa.int32()),
    ]
)
"""The columns of decisions.parquet. `robots` is the hash of the robots.txt in force, `robots_at` its receipt."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an audit came to: rows judged, rows rejected, and the summary as written."""

    judged: int
    rejected: int
    summary: dict[str, Any]


class Audit:
    """One audit. `progress` is told the file and the rows so far."""

    def __init__(
        self,
        judge: TableJudge,
        out: Path,
        told: Told,
        *,
        progress: Callable[[Source, int], None] | None = None,
    ) -> None:
        self._judge = judge
        self._out = out
        self._told = told
        self._progress = progress
        self._names: list[str] = []
        self._hosts = _Names()
        self._denied: Counter[int] = Counter()
        self._of_host: Counter[int] = Counter()
        self._without_evidence = 0
        self._rejected: Counter[str] = Counter()

    def run(self, inputs: list[Source], evidence: list[Source], earlier: list[Reject]) -> Done:
        """Judge the files and write the four outputs. Raises `ConfigError` where an input or the place of the
        outputs cannot be used; outputs appear under their names only when they are whole."""
        self._out.mkdir(parents=True, exist_ok=True)
        judged = 0
        names = ("decisions.parquet", "bases.parquet", "rejects.jsonl", "summary.json")
        parts = {name: self._out / f".{name}.part" for name in names}
        try:
            with (
                pq.ParquetWriter(
                    parts["decisions.parquet"], SCHEMA, compression="zstd", use_dictionary=_DICTIONARIES
                ) as to,
                parts["rejects.jsonl"].open("wb") as rejects,
            ):
                for reject in earlier:
                    self._reject(reject, rejects)
                for path in inputs:
                    self._names.append(str(path))
                    for batch in self._batches(path, alone=len(inputs) == 1):
                        for reject in batch.rejects:
                            self._reject(reject, rejects)
                        if len(batch.rows):
                            table, refused = self._table(batch)
                            for reject in refused:
                                self._reject(reject, rejects)
                            to.write_table(table)
                            judged += len(table)
                        if self._progress is not None:
                            self._progress(path, judged)
            pq.write_table(self._judge.bases(), parts["bases.parquet"], compression="zstd")
            summary = self._summary(judged, inputs, evidence)
            parts["summary.json"].write_bytes(
                orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            )
            for name in names:
                parts[name].replace(self._out / name)
        except OSError as error:
            raise ConfigError(f"{self._out}: cannot be written: {error.strerror or error}") from None
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)
        return Done(judged, self._rejected.total(), summary)

    def _batches(self, path: Source, *, alone: bool) -> Iterator[Batch]:
        """The rows of one file. Among others, a file that cannot be read is told, and the others are read."""
        try:
            for batch in read(path, self._told):
                if len(batch.rows):
                    self._judge.check(batch.rows, batch.columns)
                yield batch
        except ConfigError as error:
            if alone:
                raise
            yield nothing(path, [Reject(str(path), None, None, "file", str(error))])

    def _table(self, batch: Batch) -> tuple[Any, list[Reject]]:
        rows = batch.rows
        answers, refused = self._judge.judge(rows, batch.columns, batch.particulars)
        numbers = rows[ROW_NUMBER].to_numpy() if ROW_NUMBER in rows.column_names else np.arange(len(rows)) + batch.first
        good = np.flatnonzero(answers.classes >= 0)
        origins = answers.column.origins[good]
        hosts = self._hosts.learn(self._judge.engine.origins.text, self._judge.engine.origins.count)
        classes = answers.classes[good]
        verdicts = np.array([list(Verdict).index(c.verdict) for c in self._judge.classes] or [0], np.int32)
        self._of_host.update(dict(enumerate(np.bincount(origins).tolist())) if len(origins) else {})
        denied = origins[verdicts[classes] == list(Verdict).index(Verdict.DENY)]
        self._denied.update(dict(enumerate(np.bincount(denied).tolist())) if len(denied) else {})
        evidence = answers.robots[good]
        self._without_evidence += int((evidence < 0).sum())
        known = self._judge.engine.robots
        urls = [answers.column.url(int(row)).href for row in good] if answers.column.read else None
        lines = answers.lines[good]
        table = pa.table(
            [
                pa.DictionaryArray.from_arrays(
                    np.full(len(good), len(self._names) - 1, np.int32), pa.array(self._names)
                ),
                pa.array(numbers[good], pa.int64()),
                pa.array(urls, pa.large_string())
                if urls is not None
                else rows[batch.columns.url].cast(pa.large_string()).take(good),
                pa.DictionaryArray.from_arrays(origins, hosts[0]),
                pa.DictionaryArray.from_arrays(origins, hosts[1]),
                pa.array(answers.times[good], pa.int64()).cast(pa.timestamp("us", "UTC")),
                _coded(classes, [str(c.verdict) for c in self._judge.classes]),
                _coded(classes, [c.spelled for c in self._judge.classes]),
                pa.array(np.array([c.packed for c in self._judge.classes] or [0], np.uint64)[classes]),
                pa.array(classes, pa.int32()),
                _robots(evidence, [one.sha256 for one in known]),
                _received(evidence, [one.fetched_at for one in known]),
                pa.array(lines, pa.int32(), mask=lines == 0),
            ],
            schema=SCHEMA,
        )
        return table, list(self._refused(batch, numbers, refused))

    def _refused(self, batch: Batch, numbers: Any, refused: dict[int, tuple[str, str]]) -> Iterator[Reject]:
        urls = batch.rows[batch.columns.url]
        for row in sorted(refused):
            code, reason = refused[row]
            place = batch.offsets.get(row)
            yield Reject(str(batch.path), int(numbers[row]), place, code, reason, str(urls[row].as_py() or ""))

    def _reject(self, reject: Reject, to: Any) -> None:
        self._rejected[reject.code] += 1
        to.write(orjson.dumps(reject.table(), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))

    def _summary(self, judged: int, inputs: list[Source], evidence: list[Source]) -> dict[str, Any]:
        judge = self._judge
        verdicts: Counter[str] = Counter()
        criteria: dict[str, Counter[str]] = {name: Counter() for name in sorted(CATALOGUE.criteria)}
        for number, count in sorted(judge.counts.items()):
            one = judge.classes[number]
            verdicts[str(one.verdict)] += count
            assessed = {f.criterion: str(f.outcome) for f in one.findings}
            for name, outcomes in criteria.items():
                outcomes[assessed.get(name, "not_assessed")] += count
        worst = sorted(self._denied, key=lambda code: (-self._denied[code], judge.engine.origins.text(code)))[:_WORST]
        return {
            "format": 1,
            "note": "Findings against criteria; the source document is not binding, and no conclusion of law is drawn.",
            "program": f"crawlgate {__version__}",
            "rule_pack": CATALOGUE.rule_pack,
            "source_document": CATALOGUE.source_document,
            "profile": {"name": judge.profile.name, "sha256": judge.profile.hash},
            "declaration": orjson.loads(orjson.dumps(asdict(judge.declaration), default=str)),
            "agents": agents.load().version,
            "psl": psl_version(),
            "as_of": judge.as_of.isoformat() if judge.as_of is not None else "fetched",
            "inputs": [_named(path) for path in inputs],
            "evidence": {"files": [_named(path) for path in evidence], "answers": judge.evidence.count},
            "coverage": {
                "judged": judged,
                "rejected": self._rejected.total(),
                "rejected_by": dict(sorted(self._rejected.items())),
                "without_robots_of_the_time": self._without_evidence,
            },
            "verdicts": {str(verdict): verdicts[str(verdict)] for verdict in Verdict},
            "criteria": {name: dict(sorted(outcomes.items())) for name, outcomes in criteria.items()},
            "not_allowed_by": judge.dropped(),
            "sites": [
                {"origin": judge.engine.origins.text(code), "denied": self._denied[code], "rows": self._of_host[code]}
                for code in worst
                if self._denied[code]
            ],
        }


_DICTIONARIES = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]


class _Names:
    """Host and SURT host of every origin, by its number; grown as origins turn up."""

    def __init__(self) -> None:
        self._hosts: list[str] = []
        self._surts: list[str] = []

    def learn(self, origin: Callable[[int], str], count: int) -> tuple[Any, Any]:
        for number in range(len(self._hosts), count):
            host = origin(number).partition("://")[2]
            self._hosts.append(host)
            self._surts.append(surt_host(host))
        return pa.array(self._hosts, pa.string()), pa.array(self._surts, pa.string())


def surt_host(host: str) -> str:
    """A host as web archives sort it: labels from the last to the first (`com,example,www`); addresses as they are."""
    name, colon, port = host.partition(":") if not host.startswith("[") else (host, "", "")
    if name.startswith("[") or name.rpartition(".")[2].isdigit():
        return host
    return ",".join(reversed(name.split("."))) + colon + port


def _coded(codes: Any, values: list[str]) -> Any:
    distinct = list(dict.fromkeys(values)) or [""]
    places = np.array([distinct.index(value) for value in values] or [0], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(places[codes]), pa.array(distinct, pa.string()))


def _robots(numbers: Any, hashes: list[str]) -> Any:
    """The hash of each row's robots.txt; many numbers may have one hash."""
    distinct = list(dict.fromkeys(hashes))
    place = {value: n for n, value in enumerate(distinct)}
    codes = np.array([place[value] for value in hashes] or [0], np.int32)[np.maximum(numbers, 0)]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=numbers < 0), pa.array(distinct or [""], pa.string()))


def _received(numbers: Any, times: list[datetime]) -> Any:
    from .book import micros

    at = np.array([micros(time) for time in times] or [0], np.int64)[np.maximum(numbers, 0)]
    return pa.array(at, pa.int64(), mask=numbers < 0).cast(pa.timestamp("us", "UTC"))


def _named(path: Source) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"name": str(path), "bytes": path.stat().st_size, "sha256": digest.hexdigest()}
