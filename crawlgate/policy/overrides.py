"""What people decided, as data for the rule that weighs findings: what covers a URL at a time, and what it lifts.

An override lifts the effect of findings, never the findings themselves, and only those that the person named with
criterion and outcome: a site that says something else later is a new question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ..blocklist.entry import EntryError
from ..blocklist.match import NoticeIndex
from ..criteria import CATALOGUE
from ..criteria.evaluate import CRITERION_ERROR
from ..domains import Suffixes
from ..model import Finding, Notice, NoticeRelation, Outcome, Override, Verdict
from ..url import Url

SCOPES = ("url", "path_prefix", "host", "registrable_domain")
"""What a decision of a person may cover."""


class Overrides:
    """Overrides, ready to be asked; immutable. They cover URLs as notices of the same scope do.

    `unusable` are those whose scope names no place; they cover nothing.
    """

    __slots__ = ("_by_record", "_index", "unusable")

    def __init__(self, overrides: Iterable[Override] = (), suffixes: Suffixes | None = None) -> None:
        self._by_record: dict[str, Override] = {}
        notices: list[Notice] = []
        unusable: list[Override] = []
        suffixes = suffixes or Suffixes()
        for o in overrides:
            notice = Notice(id=o.record, issuer=o.by, scope=o.scope, value=o.value, path_prefix=o.path_prefix)
            try:
                usable = o.scope in SCOPES and len(NoticeIndex((notice,), suffixes)) == 1
            except EntryError:
                usable = False
            if not usable:
                unusable.append(o)
            else:
                self._by_record[o.record] = o
                notices.append(notice)
        self.unusable = tuple(unusable)
        self._index = NoticeIndex(notices, suffixes) if notices else None

    def __bool__(self) -> bool:
        return self._index is not None

    def __iter__(self) -> Iterator[Override]:
        return iter(self._by_record.values())

    def speak_of(self, host: str) -> bool:
        """True if one may cover some URL of the host (as `Url.host` gives it), at whatever time."""
        return self._index is not None and not self._index.for_host(host).empty

    def covering(self, url: Url, at: datetime) -> tuple[Override, ...]:
        """Those in force for `url` at this time, in the order of their records."""
        if self._index is None:
            return ()
        matches = self._index.matches(url)
        found = (self._by_record[m.notice.id] for m in matches if m.relation is NoticeRelation.COVERS)
        return tuple(sorted((o for o in found if o.in_force(at)), key=lambda o: (o.at, o.record)))


def lifts(override: Override, finding: Finding) -> bool:
    """True if the person decided that this finding, with this outcome, shall not hold the URL back."""
    return (
        override.effect is Verdict.ALLOW
        and finding.outcome in override.findings.get(finding.criterion, ())
        and finding.reason != CRITERION_ERROR
        and (finding.criterion in override.acknowledged or not needs_words(finding.criterion, finding.outcome))
    )


def needs_words(criterion: str, outcome: Outcome) -> bool:
    """True where a person must say in words that this is lifted: what a licence does not lift either because it is
    about the collector's knowledge or behaviour (C1-C3, B5), and what could not be looked at."""
    return CATALOGUE[criterion].in_words or outcome is Outcome.UNKNOWN
