"""datatrove behind the gate: a filter that says why it drops a document.

    LocalPipelineExecutor([reader, GateFilter(gate, exclusion_writer=JsonlWriter("dropped/")), writer], ...)

The criterion that weighs most is in the statistics (`dropped_B2`), and `filter_reason` of each document that the
exclusion writer gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .hop import missing

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters.base_filter import BaseFilter

    from ..audit.frames import RowReader
except ImportError as error:
    raise missing("datatrove", error) from None

if TYPE_CHECKING:
    from ..batch import TableGate


class GateFilter(BaseFilter):  # type: ignore[misc]
    """Keeps documents that are allowed. URL, time, status and user agent stand in their metadata under the usual names,
    or those that the gate names; a document without a URL is dropped as `not_judged`."""

    name = "crawlgate"

    def __init__(self, gate: TableGate, exclusion_writer: Any = None, batch_size: int = 1_000) -> None:
        super().__init__(exclusion_writer, batch_size)
        self.gate = gate
        self._rows = RowReader(gate.columns)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Whether one document is kept, and why not."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """For each document whether it is kept, and why not."""
        answers = self.gate.answers(*self._rows([doc.metadata for doc in batch]))
        if self.gate.mode == "observe":
            return [True] * len(batch)
        rows = zip(*(answers[name].to_pylist() for name in ("verdict", "reasons", "problem")), strict=True)
        return [verdict == "allow" or (False, _why(verdict, reasons, problem)) for verdict, reasons, problem in rows]

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """As of any filter; says in the log at the end what was dropped."""
        whole, self.gate = self.gate, self.gate.apart()
        try:
            yield from super().run(data, rank, world_size)
        finally:
            self.gate.log_tally(f"datatrove task {rank}")
            whole.count(self.gate.tally)
            self.gate = whole


def _why(verdict: str | None, reasons: str | None, problem: str | None) -> str:
    if problem is not None:
        return f"not_judged_{problem}"
    return (reasons or verdict or "").partition(";")[0]
