"""What became of the rows of a pipeline: counts by verdict and by criterion, and examples, to be said at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .criteria import CATALOGUE

EXAMPLES = 3
"""URLs kept for each reason."""

NOT_JUDGED = "not_judged"
_SHOWN = 12


@dataclass(slots=True)
class Tally:
    """Counts of rows. `verdicts` are by verdict, with `not_judged` for rows that are no question; `dropped` counts each
    row that is not allowed once, under the criterion that weighs most, or under `not_judged: ` and why; `criteria`
    counts it under every criterion that weighs. `examples` are the first URLs by key of `dropped`, as they stood in
    the rows. Tallies of several workers add up."""

    verdicts: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    criteria: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.verdicts.total()

    def count(self, verdict: str, reasons: Sequence[str], rows: int = 1) -> str | None:
        """Count rows of one verdict; the key under which they are dropped, None where they are not."""
        self.verdicts[verdict] += rows
        if verdict == "allow":
            return None
        key = reasons[0] if reasons else verdict
        self.dropped[key] += rows
        for criterion in dict.fromkeys(reasons):
            self.criteria[criterion] += rows
        return key

    def refuse(self, code: str, rows: int = 1) -> str:
        """Count rows that could not be judged; the key under which they are dropped."""
        self.verdicts[NOT_JUDGED] += rows
        key = f"{NOT_JUDGED}: {code}"
        self.dropped[key] += rows
        return key

    def wanting(self, key: str) -> int:
        """How many more examples of a reason are kept."""
        return EXAMPLES - len(self.examples.get(key, ()))

    def show(self, key: str, urls: Iterable[str]) -> None:
        """Keep examples of a reason."""
        known = self.examples.get(key, [])
        if more := [url for url in urls if url not in known][: EXAMPLES - len(known)]:
            self.examples[key] = known + more

    def __add__(self, other: Tally) -> Tally:
        return Tally().__iadd__(self).__iadd__(other)

    def __iadd__(self, other: Tally) -> Tally:
        self.verdicts.update(other.verdicts)
        self.dropped.update(other.dropped)
        self.criteria.update(other.criteria)
        for key, urls in other.examples.items():
            self.show(key, urls)
        return self

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON: `rows`, `verdicts`, `dropped`, `criteria`, `examples`; the largest counts first."""
        return {
            "rows": self.rows,
            "verdicts": _sorted(self.verdicts),
            "dropped": _sorted(self.dropped),
            "criteria": _sorted(self.criteria),
            "examples": {key: list(self.examples[key]) for key in _sorted(self.dropped) if key in self.examples},
        }

    def __str__(self) -> str:
        """A few lines for people; what the web said is shown with escapes."""
        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in _sorted(self.verdicts).items())
        lines = [f"{self.rows:,} rows" + (f": {counts}" if counts else "")]
        reasons = _sorted(self.dropped)
        for key, count in list(reasons.items())[:_SHOWN]:
            criterion = CATALOGUE.criteria.get(key)
            title = f" {criterion.title()}" if criterion is not None else ""
            example = next((f", such as {url!r:.200}" for url in self.examples.get(key, ())), "")
            lines.append(f"  {count:>10,}  {key}{title}{example}")
        if len(reasons) > _SHOWN:
            lines.append(f"  and {len(reasons) - _SHOWN} reasons more")
        return "\n".join(lines)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
