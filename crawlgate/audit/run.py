"""An audit from files to files: rows in, decisions, their bases, removals, what could not be judged, and a summary out.

    decisions.parquet   a line for each row that was judged, in the order of the inputs
    bases.parquet       what its column `basis` numbers
    lines.parquet       the lines of robots.txt that its columns `robots` and `robots_line` name, as they stood
    removals.parquet    rows that a notice, a refusal or a mistake puts out; removals.csv says the same
    rejects.jsonl       a line for each row, record or stretch that could not be judged, with its place
    summary.json        totals, coverage, and everything needed to make the same files again

Same inputs, options and versions, same bytes, whether a run was broken on the way or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..errors import ConfigError
from ..signals import agents
from .listed import Listed
from .named_agents import collectors, files_with_names
from .output.bases import bases_table
from .output.course import Course, Watch
from .output.csv_copy import copy_as_csv
from .output.decisions import SCHEMA, Earlier, decisions_table, row_numbers
from .output.draft import FOLDER, STATE, SUMMARY, Draft, complete, require_same
from .output.growing import encoded
from .output.hosts import Hosts
from .output.question import Question, ask
from .output.removals import Removals
from .output.summary import OUTPUTS, read_summary, summary, totals
from .past import Past
from .quotes import quotes
from .readers import Batch, Reject, Source, Told, parts_of, read
from .readers.batch import nothing
from .tables import TableJudge

__all__ = ["SCHEMA", "Audit", "Done", "Knowledge"]


@dataclass(frozen=True, slots=True)
class Done:
    """What an audit came to: rows judged, rows rejected, and the summary as written. `fresh` False: it was finished
    before, and nothing was done."""

    judged: int
    rejected: int
    summary: dict[str, Any]
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What an audit rests on beside files: `until` the last thing on record, `lists` and `people` as the summary is to
    name them, each with a digest."""

    until: datetime | None = None
    lists: Sequence[Mapping[str, Any]] = ()
    people: Mapping[str, Any] | None = None


NOTHING = Knowledge()


class Audit:
    """One audit. `watch` is told how it goes."""

    def __init__(
        self,
        judge: TableJudge,
        out: Path,
        told: Told,
        *,
        knowledge: Knowledge = NOTHING,
        watch: Watch | None = None,
    ) -> None:
        self._judge = judge
        self._out = out
        self._told = told
        self._knowledge = knowledge
        self._watch = watch
        self._listed = Listed()
        self._hosts = Hosts(judge.engine.origins)
        self._past = Past(judge)

    def run(self, inputs: list[Source], evidence: list[Source], earlier: list[Reject], *, resume: bool = False) -> Done:
        """Judge the files and write the outputs. `resume` goes on with a run that was broken, where there is one.

        Raises `ConfigError` where an input or the place of the outputs cannot be used; outputs appear under their
        names only when they are whole.
        """
        self._phase("digests")
        question = ask(
            self._judge,
            inputs,
            evidence,
            columns=self._told.columns,
            reading=self._told.reading(),
            known_until=self._knowledge.until,
            lists=self._knowledge.lists,
            people=self._knowledge.people,
            parts_of=lambda source: parts_of(source, self._told),
        )
        if resume:
            complete(self._out, question)
            done = self._done_before(question)
            if done is not None:
                return done
        draft = Draft(self._out, question, resume=resume)
        try:
            if not draft.continued:
                for reject in earlier:
                    draft.reject(reject)
            self._phase("behaviour")
            for number, path in enumerate(inputs):
                self._past.observe(number, path, self._told)
            self._past.settle()
            self._phase("rows")
            self._judge_all(inputs, draft, Course(inputs, [file.bytes for file in question.inputs]))
            self._phase("outputs")
            draft.finish()
            question.require_unchanged()
            told = self._conclude(question, draft)
            draft.publish([*OUTPUTS, SUMMARY])
        except OSError as error:
            raise ConfigError(f"{self._out}: cannot be written: {error.strerror or error}") from None
        finally:
            draft.close()
        return _done(told)

    def _phase(self, name: str) -> None:
        if self._watch is not None:
            self._watch.phase(name)

    def _judge_all(self, inputs: list[Source], draft: Draft, course: Course) -> None:
        removals = Removals(self._judge, self._knowledge.until, self._hosts)
        before = draft.tally.looked_again
        names = [str(path) for path in inputs]
        for number, path in enumerate(inputs):
            if number < draft.file:
                continue
            skipped = draft.batches if number == draft.file else 0
            count = skipped
            batches = self._batches(path, alone=len(inputs) == 1)
            for count, batch in enumerate(islice(batches, skipped, None), skipped + 1):
                self._judge_batch(batch, number, draft, removals, names)
                draft.tally.looked_again = before + removals.looked_again
                draft.batch_done(number, count)
                if self._watch is not None:
                    self._watch.moment(course.at(number, batch, draft.rows))
            draft.batch_done(number + 1, 0)
            if self._watch is not None:
                self._watch.moment(course.at(number, None, draft.rows))

    def _batches(self, path: Source, *, alone: bool) -> Iterator[Batch]:
        """The rows of one file. Among others, a file that cannot be read is told, and the others are read."""
        try:
            for batch in read(path, self._told):
                if len(batch.rows):
                    self._judge.require_times(batch.names or batch.rows.column_names, batch.columns)
                yield batch
        except ConfigError as error:
            told = str(error) if str(path) in str(error) else f"{path}: {error}"
            if alone:
                raise ConfigError(told) from None
            yield nothing(path, [Reject(str(path), None, None, "file", told)])

    def _judge_batch(self, batch: Batch, number: int, draft: Draft, removals: Removals, names: Sequence[str]) -> None:
        for reject in batch.rejects:
            draft.reject(reject)
        if not len(batch.rows):
            return
        seen = self._past.look(batch, number)
        judged, refused = self._judge.judge(batch.rows, batch.columns, seen.particulars, seen.shown, seen.refused)
        numbers = row_numbers(batch)
        good = np.flatnonzero(judged.classes >= 0)
        for reject in _refused(batch, numbers, refused):
            draft.reject(reject)
        draft.add(
            decisions_table(
                batch,
                judged,
                good,
                numbers,
                self._judge.engine,
                draft.bases,
                self._hosts,
                self._listed,
                Earlier(names, seen.earlier),
            ),
            removals.table(batch, judged, good, numbers),
        )

    def _conclude(self, question: Question, draft: Draft) -> dict[str, Any]:
        """Write what follows from the decisions: bases, the removal list as text, and the summary."""
        counted = totals(draft.folder / "decisions.parquet", draft)
        bases = bases_table(draft.bases.classes, counted.by_basis)
        named = [draft.folder / name for name in ("decisions.parquet", "removals.parquet")]
        files = files_with_names(named[0], draft.bases.classes)
        crawlers = collectors(agents.load(), self._judge.declaration.token)
        lines = quotes(named, self._judge.evidence.body, files, crawlers)
        for name, table in (("bases.parquet", bases), ("lines.parquet", lines)):
            marked = table.replace_schema_metadata({"crawlgate.audit": question.digest})
            (draft.folder / name).write_bytes(encoded(marked))
        copy_as_csv(draft.folder / "removals.parquet", draft.folder / "removals.csv")
        told = summary(question, draft, counted)
        (draft.folder / SUMMARY).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return told

    def _done_before(self, question: Question) -> Done | None:
        """The audit of the same question, if it was finished already. Raises `ConfigError` where the finished one is of
        another question, and nothing is there to go on with."""
        try:
            found = read_summary(self._out)
        except (OSError, ValueError):
            return None
        if found is not None and found["audit"] == question.digest:
            return _done(found, fresh=False)
        if found is not None and not (self._out / FOLDER / STATE).exists():
            require_same(self._out, found, question)
        return None


def _done(told: dict[str, Any], *, fresh: bool = True) -> Done:
    return Done(told["coverage"]["judged"], told["coverage"]["rejected"], told, fresh)


def _refused(batch: Batch, numbers: Any, refused: Mapping[int, tuple[str, str]]) -> Iterator[Reject]:
    urls = batch.rows[batch.columns.url]
    for row in sorted(refused):
        code, reason = refused[row]
        place = batch.offsets.get(row)
        yield Reject(str(batch.path), int(numbers[row]), place, code, reason, str(urls[row].as_py() or ""))
