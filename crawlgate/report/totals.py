"""Numbers of distinct URLs: by verdict, criterion, site, and what was not assessed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Outcome
from .gist import Answer, Gist, settled

SITES = 20
"""Sites listed by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAssessed:
    """What was not assessed for `urls` URLs, for the reason with the key `why`."""

    names: tuple[str, ...]
    why: str
    urls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSummary:
    """URLs of one registrable domain by answer, and the criteria that decided, most frequent first."""

    site: str
    answers: Mapping[Answer, int]
    criteria: tuple[str, ...]

    @property
    def urls(self) -> int:
        return sum(self.answers.values())


class Totals:
    """Counts distinct URLs, site by site: `add` what one site has, then call `end_of_site`."""

    def __init__(self) -> None:
        self.urls: Counter[Answer] = Counter()
        self.before = 0
        self.after = 0
        self.both = 0
        self.problems: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.not_assessed: Counter[tuple[str, str]] = Counter()
        self.reviews: dict[str, tuple[int, int]] = {}
        self.sites = 0
        self.sites_with_findings = 0
        self._answers: Counter[Answer] = Counter()
        self._deciding: Counter[str] = Counter()
        # (URLs denied or held, URLs denied, -order of reading, site): the smallest goes first.
        self._top: list[tuple[int, int, int, SiteSummary]] = []

    def add(self, before: Gist | None, after: Gist | None, count: int, since: int) -> None:
        """`count` URLs of the current site that stand alike."""
        stands = settled(before, after)
        self.urls[stands.answer] += count
        if stands.answer is Answer.REFUSED:
            self.problems[stands.problem or ""] += count
            return
        if stands.answer is Answer.UNREADABLE:
            return
        self.before += count * (before is not None)
        self.after += count * (after is not None)
        self.both += count * (before is not None and after is not None)
        for pair in stands.outcomes:
            self.outcomes[pair] += count
        for skipped in stands.not_assessed:
            self.not_assessed[skipped] += count
        self._answers[stands.answer] += count
        if stands.answer is not Answer.ALLOW:
            for criterion in stands.reasons:
                self._deciding[criterion] += count
        if stands.answer is Answer.REVIEW:
            for criterion in stands.reasons:
                if (criterion, Outcome.MET) == ("D2", dict(stands.outcomes).get("D2")):
                    continue  # a licence that lifted other findings asks nobody anything
                known, earliest = self.reviews.get(criterion, (0, since))
                self.reviews[criterion] = (known + count, min(earliest, since))

    def end_of_site(self, site: str) -> None:
        """All URLs of a site were added."""
        answers, deciding = self._answers, self._deciding
        self._answers, self._deciding = Counter(), Counter()
        if not site:
            return
        self.sites += 1
        denied = answers[Answer.DENY] + answers[Answer.FOR_NOW]
        stopped = denied + answers[Answer.REVIEW]
        if stopped == 0:
            return
        self.sites_with_findings += 1
        criteria = tuple(name for name, _ in deciding.most_common(5))
        summary = SiteSummary(site=site, answers=dict(answers), criteria=criteria)
        heapq.heappush(self._top, (stopped, denied, -self.sites, summary))
        if len(self._top) > SITES:
            heapq.heappop(self._top)

    def top_sites(self) -> tuple[SiteSummary, ...]:
        """The sites with most URLs denied or held."""
        return tuple(entry[3] for entry in sorted(self._top, reverse=True, key=lambda entry: entry[:3]))

    def left_out(self) -> tuple[NotAssessed, ...]:
        """What was not assessed, by reason and number."""
        return by_reason(self.not_assessed)


def by_reason(counts: Mapping[tuple[str, str], int]) -> tuple[NotAssessed, ...]:
    """Numbers of what was not assessed (name and reason), names with the same reason and number together; a check is
    named only where no criterion is."""
    groups: dict[tuple[str, int], list[str]] = {}
    reasons_with_criteria = {why for name, why in counts if is_criterion(name)}
    for (name, why), count in sorted(counts.items()):
        if is_criterion(name) or why not in reasons_with_criteria:
            groups.setdefault((why, count), []).append(name)
    return tuple(
        NotAssessed(names=tuple(names), why=why, urls=count)
        for (why, count), names in sorted(groups.items(), key=lambda item: (-item[0][1], item[1]))
    )


def is_criterion(name: str) -> bool:
    """True for the name of a criterion, False for that of a check."""
    return name != "*" and not name.startswith("check.")
