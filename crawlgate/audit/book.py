"""What is on record of policy files: which bytes stood at which URL, from when on. Bodies are kept once each.

An audit asks it what was known at the time of a fetch. A file received later says nothing about earlier.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from ..flow import OPTIONAL_FILES, TDMREP_PATH, Fetch
from ..model import Evidence, EvidenceKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) // MICROSECOND
_PATHS = {"/robots.txt": EvidenceKind.ROBOTS, TDMREP_PATH: EvidenceKind.TDMREP}
_PATHS |= {path: EvidenceKind(name) for name, paths in OPTIONAL_FILES.items() for path in paths}

_PACKED = tuple(field.name for field in fields(Evidence) if field.name != "body")


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC, the way in which rows carry their times."""
    return (at - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """The time of so many microseconds; before 1970 and after 9999 nothing is told apart."""
    return EPOCH + min(max(at, 0), _LAST) * MICROSECOND


def policy_file(path: str) -> EvidenceKind | None:
    """Which policy file stands at `path` of a site, if any."""
    return _PATHS.get(path)


class Version(NamedTuple):
    """One answer to the request for a policy file. `content` says all of it that the reading depends on."""

    at: int
    content: tuple[int | None, str | None, str, str]
    evidence: Evidence


class EvidenceBook:
    """Policy files by URL and time."""

    def __init__(self, evidence: Iterable[Evidence] = ()) -> None:
        self._bodies: dict[str, bytes] = {}
        self._versions: dict[str, dict[str, list[Version]]] = {}
        self.count = 0
        for item in evidence:
            self.add(item)

    def __reduce__(self) -> tuple[Callable[..., EvidenceBook], tuple[dict[str, bytes], list[list[Any]]]]:
        # Each body once, in an order that does not depend on how they came: equal books are equal bytes.
        items = [
            version.evidence
            for _, files in sorted(self._versions.items())
            for _, versions in sorted(files.items())
            for version in sorted(versions, key=lambda v: (v.at, v.evidence.sha256, v.evidence.id))
        ]
        rows = [[_plain(getattr(item, name)) for name in _PACKED] for item in items]
        return _unpacked, ({sha256: self._bodies[sha256] for sha256 in sorted({i.sha256 for i in items})}, rows)

    def add(self, evidence: Evidence) -> None:
        """Take one answer in. The same answer at the same time counts once."""
        origin, path = _split(evidence.url)
        known = self._bodies.setdefault(evidence.sha256, evidence.body)
        if known is not evidence.body:
            evidence = replace(evidence, body=known)
        location = next((value for name, value in evidence.headers if name == "location"), "")
        content = (evidence.status, evidence.error, evidence.sha256, location)
        versions = self._versions.setdefault(origin, {}).setdefault(path, [])
        version = Version(micros(evidence.fetched_at), content, evidence)
        if not versions or versions[-1].at < version.at:
            versions.append(version)
        elif not any(v.at == version.at and v.content == content for v in versions):
            insort(versions, version, key=lambda v: v.at)
        else:
            return
        self.count += 1

    def origins(self) -> Iterator[str]:
        """The origins of which something is on record."""
        return iter(self._versions)

    def body(self, sha256: str) -> bytes | None:
        """The bytes with this hash, if some answer had them."""
        return self._bodies.get(sha256)

    def times(self, origin: str) -> list[int]:
        """When something of `origin` was received and differed from what stood before, or renewed it; ascending."""
        return sorted({v.at for versions in self._versions.get(origin, {}).values() for v in versions})

    def latest(self, at: int) -> int | None:
        """The last receipt of anything that is not later than `at`; None where there is none."""
        found = (v.at for files in self._versions.values() for versions in files.values() for v in versions)
        return max((received for received in found if received <= at), default=None)

    def in_force(self, origin: str, at: int) -> tuple[tuple[str, Version], ...]:
        """The newest version of each policy file of `origin` that is not later than `at`, by path."""
        found = []
        for path, versions in self._versions.get(origin, {}).items():
            n = bisect_right(versions, at, key=lambda v: v.at)
            if n:
                found.append((path, versions[n - 1]))
        return tuple(sorted(found))

    def answer(self, fetch: Fetch, at: int) -> Evidence:
        """What was answered to `fetch` by the time `at`; an `Evidence` without status where nothing is on record."""
        origin, path = _split(fetch.url.href)
        versions = self._versions.get(origin, {}).get(path, [])
        n = bisect_right(versions, at, key=lambda v: v.at)
        if n:
            return versions[n - 1].evidence
        return Evidence(
            id="",
            kind=fetch.kind,
            url=fetch.url.href,
            final_url=fetch.url.href,
            fetched_at=instant(at),
            error="no_evidence",
        )

    def gaps(self, origin: str, longest: timedelta) -> list[tuple[datetime, datetime]]:
        """Stretches longer than `longest` between two receipts of the origin's robots.txt."""
        at = [v.evidence.fetched_at for v in self._versions.get(origin, {}).get("/robots.txt", [])]
        return [(a, b) for a, b in pairwise(at) if b - a > longest]


def _split(url: str) -> tuple[str, str]:
    slash = url.find("/", url.find("://") + 3)
    return (url, "/") if slash < 0 else (url[:slash], url[slash:])


def _plain(value: Any) -> Any:
    return micros(value) if isinstance(value, datetime) else value.value if isinstance(value, EvidenceKind) else value


def _unpacked(bodies: dict[str, bytes], rows: list[list[Any]]) -> EvidenceBook:
    book = EvidenceBook()
    for row in rows:
        told = dict(zip(_PACKED, row, strict=True))
        told["kind"], told["fetched_at"] = EvidenceKind(told["kind"]), instant(told["fetched_at"])
        book.add(Evidence(body=bodies[told["sha256"]], **told))
    return book
