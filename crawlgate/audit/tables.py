"""Arrow tables in, Arrow tables out: the face of the engine for audits and pipelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..assess import Assessor
from ..blocklist.match import Listing, Lists
from ..declaration import suggestion
from ..errors import ConfigError
from ..model import Declaration, Evidence, Stage, Verdict
from ..policy import Profile, load_profile
from ..policy.overrides import Overrides
from ..register import Register
from ..signals import agents
from .book import EvidenceBook, micros
from .classes import DecisionClass
from .engine import Classed, Engine, Judged
from .header_columns import HeaderRows, read_answers
from .interning import Spans
from .other_ways import OtherWays, Refused
from .output.bases import bases_table
from .plans import Planner
from .redirects import Redirects
from .rows import NO_AGENT, Particulars, Rows
from .statuses import read_statuses
from .texts import encoded, texts
from .times import Times, read_times

_KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "url": ("url", "uri", "target_uri", "warc-target-uri", "link", "page_url", "original_url", "image_url"),
    "time": ("time", "timestamp", "fetch_time", "fetched_at", "crawl_time", "warc-date", "warc_date", "date"),
    "status": ("status", "fetch_status", "http_status", "status_code", "statuscode"),
    "user_agent": ("user_agent", "user-agent", "useragent", "ua"),
    "proxy": ("proxy", "egress", "proxy_id"),
    "redirect": ("redirect", "fetch_redirect", "redirect_url", "redirect_to", "final_url"),
    "referrer": ("referrer", "referer", "http_referer", "http_referrer"),
    "headers": ("headers", "response_headers", "http_headers"),
    "body": (),  # only where it is named: reading pages is what takes time
    "shard": ("shard", "shard_id", "shard_path", "warc_filename", "filename", "file_name"),
    "offset": ("offset", "warc_record_offset", "record_offset", "shard_offset"),
    "content_hash": ("content_hash", "content_digest", "sha256", "digest", "md5", "checksum", "payload_digest"),
}
_Why = tuple[str, str]  # a code and a message
_NOT_A_YEAR_AHEAD = timedelta(days=1)  # clocks differ, not by more
REFUSED = -1


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what. Only `url` has to be there; None is "not in the table". `shard`, `offset`
    and `content_hash` say where the copy is; nothing is judged by them."""

    url: str
    time: str | None = None
    status: str | None = None
    user_agent: str | None = None
    proxy: str | None = None
    redirect: str | None = None
    headers: str | None = None
    body: str | None = None
    referrer: str | None = None
    shard: str | None = None
    offset: str | None = None
    content_hash: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns that are there, each once."""
        return list(dict.fromkeys(name for field in fields(self) if (name := getattr(self, field.name)) is not None))

    @classmethod
    def find(cls, names: Sequence[str], **given: str | None) -> Columns:
        """The columns given, else those with a usual name. Raises `ConfigError` that says what was found."""
        for role, name in given.items():
            if name is not None and name not in names:
                raise ConfigError(
                    f"there is no column {name!r} ({role}){suggestion(name, names)}; the table has {', '.join(names)}"
                )
        lower = {name.lower(): name for name in reversed(names)}
        for role, usuals in _KNOWN_NAMES.items():
            usual = next((one for one in usuals if one in lower or f"{one}#1" in lower), None)
            if usual is not None and f"{usual}#1" in lower and not given.get(role):
                numbered = [name for name in names if name.lower().startswith(f"{usual}#")]
                raise ConfigError(
                    f"{len(numbered)} columns are called {usual!r}; which one is meant cannot be told: rename one, or "
                    f"pass {role}= (--{role.replace('_', '-')}) with {' or '.join(map(repr, numbered))}"
                )
        found = {
            role: given.get(role) or next((lower[usual] for usual in usuals if usual in lower), None)
            for role, usuals in _KNOWN_NAMES.items()
        }
        if found["url"] is None:
            raise ConfigError(
                f"no column of URLs was found among {', '.join(names) or 'no columns'}; name it with url= (--url)"
            )
        for name in found.values():
            if name is not None and names.count(name) > 1:
                raise ConfigError(
                    f"{names.count(name)} columns are called {name!r}; which one is meant cannot be told: rename one"
                )
        return cls(**found)  # type: ignore[arg-type]


class TableJudge:
    """Judges tables one after another, with everything learnt of hosts kept between them.

    `evidence` is what is on record of policy files, `notices` and `register` what was known of sites, `people` what
    people decided (each counts for rows of its own time). `stage` `audit` speaks of content that was collected,
    `pre_fetch` asks whether the gate would let it be fetched. `as_of` is the instant all rows are judged at; None takes
    each row's own time, in `zone` if it says none, and `fetched_at` where a table has no column of times. Not safe
    to share between threads.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        profile: str | PathLike[str] | Profile = "standard",
        evidence: EvidenceBook | None = None,
        notices: Listing | Lists | None = None,
        register: Register | None = None,
        people: Overrides | None = None,
        stage: Stage | str = Stage.AUDIT,
        as_of: datetime | None = None,
        now: datetime | None = None,
        zone: tzinfo | None = None,
        fetched_at: datetime | None = None,
    ) -> None:
        if as_of is not None and as_of.tzinfo is None:
            raise ConfigError(f"as_of {as_of.isoformat()} has no zone; write Z or an offset")
        if fetched_at is not None and fetched_at.tzinfo is None:
            raise ConfigError(f"fetched_at {fetched_at.isoformat()} has no zone; write Z or an offset")
        policy = profile if isinstance(profile, Profile) else load_profile(str(profile))
        self.declaration = declaration
        self.profile = policy
        self.evidence = evidence if evidence is not None else EvidenceBook()
        self.as_of = as_of
        self.zone, self.fetched_at = zone, fetched_at
        self.latest = (now or datetime.now(UTC)) + _NOT_A_YEAR_AHEAD
        assessor = Assessor(declaration, policy, lists_loaded=notices is not None)

        def planner(origins: Spans) -> Planner:
            return Planner(
                declaration, self.evidence, notices, agents.load(), origins, register=register, people=people
            )

        self.engine = Engine(assessor, planner, Stage(stage))
        self.notices = notices
        self.other_ways = OtherWays(Engine(assessor, planner, Stage.PRE_FETCH), notices)
        self._redirects = None if notices is None else Redirects(notices)
        self.counts: Counter[int] = Counter()
        self.refusals: Counter[str] = Counter()

    @property
    def classes(self) -> list[DecisionClass]:
        """The classes of decisions so far; the column `basis` numbers them."""
        return self.engine.classes

    def robots(self, number: int) -> Evidence:
        """The robots.txt that the column `robots` numbers."""
        return self.engine.robots[number]

    def judge(
        self,
        table: Any,
        columns: Columns | None = None,
        particulars: Mapping[int, Particulars] | None = None,
        shown: npt.NDArray[np.uint8] | None = None,
        history: Refused | None = None,
    ) -> tuple[Judged, dict[int, tuple[str, str]]]:
        """Judge the rows of an Arrow table or batch: the answers, and why rows could not be judged. `particulars`
        are by row; `shown` and `history` are what the whole log shows of each row (`past.Past.look`)."""
        rows, statuses, times = self._rows(table, columns or _found(table), particulars, shown, history)
        judged = self.engine.judge(rows)
        refused = _refused(judged.classes, statuses, judged.refused, times)
        self._count(judged, refused)
        return judged, refused

    def classes_of(self, table: Any, columns: Columns) -> Classed:
        """As `judge`, where classes and lines are all that is asked for. Such rows are not counted."""
        rows, statuses, times = self._rows(table, columns, None, None, None, apart=True)
        found = self.engine.classes_of(rows)
        if rows.bare and len(copies := self.other_ways.maybe(rows.urls)):  # few: the others are judged sooner
            some = rows.take(copies)
            particulars, shown = self.other_ways.look(some.urls, some.times, None, {}, None, None)
            if particulars or shown is not None:
                judged = self.engine.judge(replace(some, particulars=particulars, shown=shown))
                found.classes[copies], found.lines[copies] = judged.classes, judged.lines
        return found._replace(refused=_refused(found.classes, statuses, found.refused, times))

    def _rows(
        self,
        table: Any,
        columns: Columns,
        particulars: Mapping[int, Particulars] | None,
        shown: npt.NDArray[np.uint8] | None,
        history: Refused | None,
        *,
        apart: bool = False,
    ) -> tuple[Rows, dict[int, _Why], dict[int, _Why]]:
        """The rows of a table; those whose statuses are none, and those whose times are none. `apart` says that kept
        copies are left to the caller where rows are `bare`."""
        at = self._times(table, columns)
        asked = texts(table[columns.url])
        statuses, odd = read_statuses(table[columns.status]) if columns.status else (None, {})
        headed, particulars = answers_in(table, columns, statuses, self.declaration.token, particulars or {})
        told = (columns.referrer, columns.redirect, columns.headers, columns.body)
        if not (apart and all(name is None for name in told)):
            referrers = None if columns.referrer is None else table[columns.referrer]
            particulars, shown = self.other_ways.look(asked, at.at, referrers, particulars, shown, history)
        if columns.redirect is not None and self._redirects is not None and _holds_text(table[columns.redirect]):
            led = table[columns.redirect]
            particulars = self._redirects.particulars(table[columns.url], led, statuses, particulars)
        sent = agents_of(table[columns.user_agent] if columns.user_agent else None)
        rows = Rows(asked, at.at, statuses, *sent, particulars, shown, headed, history is not None)
        return rows, odd, at.refused

    def judge_urls(self, column: Any, at: datetime) -> Judged:
        """Judge a column of URLs by what was known at one instant, without anything that a log says of the fetches.
        Such rows are not counted."""
        urls = texts(column)
        return self.engine.judge(Rows(urls, np.full(len(urls), micros(at), np.int64)))

    def __call__(self, table: Any, columns: Columns | None = None) -> Any:
        """The table of answers for a table, row by row: `verdict`, `findings` (criteria that are not "not met"),
        `criteria` (all outcomes, packed), `basis`, `robots_line`, and `problem` where a row could not be judged."""
        judged, refused = self.judge(table, columns)
        known, bad = judged.classes, None
        if refused:
            known, bad = np.maximum(known, 0), known < 0
        return pa.table(
            {
                "verdict": self._by_class(known, bad, [str(c.verdict) for c in self.classes]),
                "findings": self._by_class(known, bad, [c.spelled for c in self.classes]),
                "criteria": pa.array(self._packed()[known], mask=bad),
                "basis": pa.array(judged.classes, mask=bad),
                "robots_line": pa.array(judged.lines, mask=judged.lines == 0),
                "problem": _problems(len(known), refused),
            }
        )

    def bases(self) -> Any:
        """The classes as a table: what the column `basis` means."""
        return bases_table(self.classes, self.counts)

    def dropped(self) -> dict[str, int]:
        """How many rows are not allowed, by the criterion that weighs most; rows that could not be judged by why."""
        found: Counter[str] = Counter()
        for number, count in self.counts.items():
            one = self.classes[number]
            if one.verdict is not Verdict.ALLOW:
                found[one.reasons[0] if one.reasons else str(one.verdict)] += count
        for code, count in self.refusals.items():
            found[f"not judged: {code}"] += count
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def require_times(self, names: Sequence[str], columns: Columns) -> None:
        """Raises `ConfigError` for a table (of columns called `names`) of which nobody can say when its rows were
        fetched."""
        if columns.time is None and self.fetched_at is None and self.as_of is None:
            raise no_times(names)

    def _times(self, table: Any, columns: Columns) -> Times:
        if columns.time is None:
            self.require_times(table.schema.names, columns)
        if self.as_of is not None:
            return Times(np.full(table.num_rows, micros(self.as_of), np.int64), {})
        if columns.time is None and self.fetched_at is not None:
            return Times(np.full(table.num_rows, micros(self.fetched_at), np.int64), {})
        return read_times(table[str(columns.time)], latest=self.latest, zone=self.zone)

    def _count(self, judged: Judged, refused: Mapping[int, tuple[str, str]]) -> None:
        good = judged.classes[judged.classes >= 0]
        for number, count in enumerate(np.bincount(good).tolist()):
            if count:
                self.counts[number] += count
        self.refusals.update(code for code, _ in refused.values())

    def _packed(self) -> npt.NDArray[np.uint64]:
        return np.array([c.packed for c in self.classes] or [0], np.uint64)

    def _by_class(self, codes: npt.NDArray[np.int32], bad: Any, values: list[str]) -> Any:
        """A dictionary column: equal values share one entry, so that tables stay small."""
        distinct = list(dict.fromkeys(values)) or [""]
        places = np.array([distinct.index(value) for value in values] or [0], np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(places[codes], mask=bad), pa.array(distinct, pa.string()))


def answers_in(
    table: Any,
    columns: Columns,
    statuses: npt.NDArray[np.int32] | None,
    token: str,
    known: Mapping[int, Particulars],
) -> HeaderRows:
    """What a table says of its rows' answers beside their statuses, added to what is `known` of them."""
    headers = None if columns.headers is None else table[columns.headers]
    led = None if columns.redirect is None or not _holds_text(table[columns.redirect]) else table[columns.redirect]
    bodies = None if columns.body is None else table[columns.body]
    if headers is None and led is None and bodies is None:
        return HeaderRows(None, known)
    return read_answers(table[columns.url], headers, led, bodies, statuses, token, known)


def _refused(classes: npt.NDArray[np.int32], *told: dict[int, _Why]) -> dict[int, _Why]:
    """Why rows could not be judged, whatever it was; their classes say so too."""
    refused: dict[int, _Why] = {}
    for one in told:
        refused.update(one)
    if refused:
        classes[np.fromiter(refused, np.int64, len(refused))] = REFUSED
    return refused


def _found(table: Any) -> Columns:
    return Columns.find(table.schema.names)


def _holds_text(column: Any) -> bool:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def no_times(names: Sequence[str]) -> ConfigError:
    """The error for a table without times."""
    own = [name for name in names if not name.startswith("crawlgate_")]
    return ConfigError(
        f"no column of times was found among {', '.join(own)}; name it with time= (--time), say when all "
        "were fetched with fetched_at= (--fetched-at), or judge all rows at one instant with as_of= (--as-of)"
    )


def agents_of(column: Any) -> tuple[npt.NDArray[np.int32] | None, Sequence[str]]:
    if column is None:
        return None, ()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    coded = encoded(column)
    codes = coded.indices.fill_null(NO_AGENT).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32), coded.dictionary.to_pylist()


def _problems(count: int, refused: Mapping[int, tuple[str, str]]) -> Any:
    if not refused:
        return pa.nulls(count, pa.dictionary(pa.int32(), pa.string()))
    codes = sorted({code for code, _ in refused.values()})
    places = np.full(count, -1, np.int32)
    for row, (code, _) in refused.items():
        places[row] = codes.index(code)
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=places < 0), pa.array(codes, pa.string()))
