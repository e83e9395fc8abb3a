"""What is on record of policy files: which bytes stood at which URL, from when on. Bodies are kept once each.

An audit asks it what was known at the time of a fetch. A file received later says nothing about earlier.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np

from ..flow import OPTIONAL_FILES, TDMREP_PATH, Fetch
from ..model import Evidence, EvidenceKind
from .growing import Growing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ROBOTS_PATH = "/robots.txt"
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) // MICROSECOND
_PATHS = {ROBOTS_PATH: EvidenceKind.ROBOTS, TDMREP_PATH: EvidenceKind.TDMREP}
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


class Content(NamedTuple):
    """All of an answer that its reading depends on."""

    status: int | None
    error: str | None
    sha256: str
    location: str = ""
    truncated: bool = False


class Version(NamedTuple):
    """One answer to the request for a policy file."""

    at: int
    content: Content
    evidence: Evidence


class EvidenceBook:
    """Policy files by URL and time.

    Contents are numbered. Of most origins one robots.txt is on record and nothing else: these stand in columns
    (`alone`), so that a table of a million of them is taken in and looked up as one.
    """

    def __init__(self, evidence: Iterable[Evidence] = ()) -> None:
        self._bodies: dict[str, bytes] = {}
        self._versions: dict[str, dict[str, list[Version]]] = {}
        self._alone: dict[str, int] = {}
        self._alone_at = Growing(np.int64)
        self._alone_content = Growing(np.int32)
        self._kept: dict[int, Evidence] = {}
        self._numbers: dict[Content, int] = {}
        self.contents: list[Content] = []
        self.count = 0
        for item in evidence:
            self.add(item)

    def __reduce__(self) -> tuple[Callable[..., EvidenceBook], tuple[dict[str, bytes], list[list[Any]]]]:
        # Each body once, in an order that does not depend on how they came: equal books are equal bytes.
        items = [
            version.evidence
            for origin in sorted(self.origins())
            for _, versions in sorted(self._of(origin).items())
            for version in versions
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
        content = Content(evidence.status, evidence.error, evidence.sha256, location, evidence.truncated)
        at = micros(evidence.fetched_at)
        if path == ROBOTS_PATH and origin not in self._alone and origin not in self._versions:
            row = self._alone[origin] = self._alone_at.add([at])
            self._alone_content.add([self.number(content)])
            self._kept[row] = evidence
            self.count += 1
            return
        versions = self._of(origin, new=True).setdefault(path, [])
        version = Version(at, content, evidence)
        if not versions or versions[-1].at < version.at:
            versions.append(version)
        elif not any(v.at == version.at and v.content == content for v in versions):
            insort(versions, version, key=_order)
        else:
            return
        self.count += 1

    def add_robots(self, origins: Sequence[str], at: Any, which: Any, answers: Sequence[tuple[Content, bytes]]) -> None:
        """Take in many robots.txt: of each origin the time (microseconds) and which of `answers` it gave."""
        numbers = np.array([self.number(content) for content, _ in answers] or [0], np.int32)
        for content, body in answers:
            self._bodies.setdefault(content.sha256, body)
        first = self._alone_at.add(np.asarray(at, np.int64))
        self._alone_content.add(numbers[np.asarray(which)])
        new = dict(zip(origins, range(first, first + len(origins)), strict=True))
        if len(new) == len(origins) and not self._alone and not self._versions:
            self._alone = new
            self.count += len(origins)
            return
        if len(new) == len(origins) and new.keys().isdisjoint(self._alone) and new.keys().isdisjoint(self._versions):
            self._alone.update(new)
            self.count += len(origins)
            return
        for row, origin in enumerate(origins, first):
            if origin in self._alone or origin in self._versions:
                self.add(self._evidence(origin, row))
            else:
                self._alone[origin] = row
                self.count += 1

    def number(self, content: Content) -> int:
        """The number of a content, counting from 0 in the order of asking."""
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self.contents)
            self.contents.append(content)
        return number

    def body_of(self, content: int) -> bytes:
        """The bytes of a content, by its number."""
        return self._bodies[self.contents[content].sha256]

    def alone(self, origins: Sequence[str]) -> tuple[Any, Any, Any]:
        """For each origin: whether one robots.txt, or nothing, is all that is on record; when it was received; the
        number of its content, -1 where there is nothing."""
        rows = np.fromiter(map(self._alone.get, origins, repeat(-1)), np.int64, len(origins))
        simple = np.ones(len(origins), np.bool_)
        if self._versions:
            simple = np.fromiter((origin not in self._versions for origin in origins), np.bool_, len(origins))
        at, content = self._alone_at.array[rows], self._alone_content.array[rows]
        return simple, at, np.where(rows < 0, -1, content)

    def origins(self) -> Iterator[str]:
        """The origins of which something is on record."""
        yield from self._versions
        yield from self._alone

    def body(self, sha256: str) -> bytes | None:
        """The bytes with this hash, if some answer had them."""
        return self._bodies.get(sha256)

    def times(self, origin: str) -> list[int]:
        """When something of `origin` was received and differed from what stood before, or renewed it; ascending."""
        return sorted({v.at for versions in self._of(origin).values() for v in versions})

    def latest(self, at: int) -> int | None:
        """The last receipt of anything that is not later than `at`; None where there is none."""
        found = [v.at for files in self._versions.values() for versions in files.values() for v in versions]
        found += self._alone_at.array[list(self._alone.values())].tolist()
        return max((received for received in found if received <= at), default=None)

    def in_force(self, origin: str, at: int) -> tuple[tuple[str, Version], ...]:
        """The newest version of each policy file of `origin` that is not later than `at`, by path."""
        found = []
        for path, versions in self._of(origin).items():
            n = bisect_right(versions, at, key=lambda v: v.at)
            if n:
                found.append((path, versions[n - 1]))
        return tuple(sorted(found))

    def answer(self, fetch: Fetch, at: int) -> Evidence:
        """What was answered to `fetch` by the time `at`; an `Evidence` without status where nothing is on record."""
        origin, path = _split(fetch.url.href)
        versions = self._of(origin).get(path, [])
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
        at = [v.evidence.fetched_at for v in self._of(origin).get(ROBOTS_PATH, [])]
        return [(a, b) for a, b in pairwise(at) if b - a > longest]

    def _of(self, origin: str, *, new: bool = False) -> dict[str, list[Version]]:
        """The versions of an origin, by path. `new` says that more are to be put in."""
        found = self._versions.get(origin)
        if found is not None:
            return found
        row = self._alone.get(origin)
        found = {}
        if row is not None:
            at, content = int(self._alone_at.array[row]), int(self._alone_content.array[row])
            found = {ROBOTS_PATH: [Version(at, self.contents[content], self._evidence(origin, row))]}
        if new:
            self._alone.pop(origin, None)
            self._versions[origin] = found
        return found

    def _evidence(self, origin: str, row: int) -> Evidence:
        kept = self._kept.get(row)
        if kept is not None:
            return kept
        content = self.contents[int(self._alone_content.array[row])]
        return Evidence(
            id=f"{EvidenceKind.ROBOTS}:{content.sha256[:16]}",
            kind=EvidenceKind.ROBOTS,
            url=origin + ROBOTS_PATH,
            final_url=origin + ROBOTS_PATH,
            fetched_at=instant(int(self._alone_at.array[row])),
            status=content.status,
            body=self._bodies[content.sha256],
            sha256=content.sha256,
            headers=(("location", content.location),) if content.location else (),
            error=content.error,
            truncated=content.truncated,
        )


def _split(url: str) -> tuple[str, str]:
    slash = url.find("/", url.find("://") + 3)
    return (url, "/") if slash < 0 else (url[:slash], url[slash:])


def _order(version: Version) -> tuple[int, tuple[str, ...], str]:
    """Of answers of one instant the last in this order counts: the same in every process, however they came."""
    return version.at, tuple(map(str, version.content)), version.evidence.id


def _plain(value: Any) -> Any:
    return micros(value) if isinstance(value, datetime) else value.value if isinstance(value, EvidenceKind) else value


def _unpacked(bodies: dict[str, bytes], rows: list[list[Any]]) -> EvidenceBook:
    book = EvidenceBook()
    for row in rows:
        told = dict(zip(_PACKED, row, strict=True))
        told["kind"], told["fetched_at"] = EvidenceKind(told["kind"]), instant(told["fetched_at"])
        book.add(Evidence(body=bodies[told["sha256"]], **told))
    return book
