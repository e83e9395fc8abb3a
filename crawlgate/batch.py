"""Whole tables at once; what they need beside the core is loaded with the first one.

A `TableGate` is everything that a judgement of rows rests on (declaration, profile, what is on record of policy files,
lists), fixed and ready to be sent to workers. Pipelines call it on their batches and ask it at the end what it dropped.
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from os import PathLike, fspath
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .errors import ConfigError
from .model import Declaration, Notice, Stage
from .policy import Profile, load_profile
from .policy.overrides import Overrides
from .register import Register
from .tally import Tally

if TYPE_CHECKING:
    from .audit.answers import Answering
    from .audit.book import EvidenceBook
    from .audit.tables import Columns
    from .blocklist.match import Listing, Lists

_log = logging.getLogger(__name__)
_SHAPES = 64  # tables of other columns that a gate remembers
_KEPT = 4  # gates of other jobs that a long-lived worker remembers


def judge_table(
    table: Any,
    declaration: Declaration,
    *,
    url: str | None = None,
    time: str | None = None,
    status: str | None = None,
    user_agent: str | None = None,
    zone: str | tzinfo | None = None,
    **options: Any,
) -> Any:
    """The answers for a table, appended to it as columns: `verdict`, `findings`, `criteria`, `basis`,
    `robots_line`, and `problem` where a row could not be judged.

    The table is one of Arrow, polars or pandas, or a mapping from column to values, and so is the result. Columns are
    found by their usual names, or named; `zone` is that of times that name none. `options` are those of
    `crawlgate.audit.tables.TableJudge`: profile, evidence, notices, register, stage, as_of; evidence and notices are
    taken as `TableGate` takes them. Raises `ConfigError` where a column or the extra is missing.
    """
    _needs_extra()
    from .audit.frames import beside, names_of, needed
    from .audit.tables import Columns, TableJudge

    columns = Columns.find(names_of(table), url=url, time=time, status=status, user_agent=user_agent)
    options |= {"evidence": _book(options.get("evidence")), "notices": _lists(options.get("notices"))}
    return beside(table, TableJudge(declaration, zone=_zone(zone), **options)(needed(table, columns), columns))


class TableGate:
    """The gate for batches of rows: an allowed row passes, any other is dropped and counted.

    `evidence` is what is on record of policy files: an `EvidenceBook`, or archives, tables and homes by path, as
    `crawlgate audit --evidence` takes them. `notices` are lists or single notices, `register` the licensor register,
    `people` what people decided. `stage` `audit` speaks of what was collected, `pre_fetch` asks whether it may be
    fetched. `as_of` is the instant at which all rows are judged; None takes each row's own time, and `zone` is that of
    times that name none (`UTC`, `Asia/Tokyo`), without which they are no times. `url`, `time`, `status` and
    `user_agent` name columns that are not called as usual. With `mode="observe"` nothing is dropped, and the tally
    tells what would have been.

    What it is made of is not to be changed afterwards. A copy in another process starts with an empty `tally`; equal
    gates have equal bytes and one `fingerprint`. Safe to share between threads. Raises `ConfigError`.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        profile: str | PathLike[str] | Profile = "standard",
        evidence: EvidenceBook | Iterable[str | PathLike[str]] | None = None,
        notices: Listing | Lists | Iterable[Notice] | None = None,
        register: Register | None = None,
        people: Overrides | None = None,
        stage: Stage | str = Stage.AUDIT,
        as_of: datetime | None = None,
        zone: str | tzinfo | None = None,
        mode: str = "enforce",
        url: str | None = None,
        time: str | None = None,
        status: str | None = None,
        user_agent: str | None = None,
    ) -> None:
        _needs_extra()
        if mode not in ("enforce", "observe"):
            raise ConfigError(f"mode {mode!r} is unknown; use enforce or observe")
        if as_of is not None and as_of.tzinfo is None:
            raise ConfigError(f"as_of {as_of.isoformat()} has no zone; write Z or an offset")
        self.declaration = declaration
        self.mode = mode
        self._counts = _Counts()
        self._named = {"url": url, "time": time, "status": status, "user_agent": user_agent}
        self.options: Mapping[str, Any] = {
            "profile": profile if isinstance(profile, Profile) else load_profile(fspath(profile)),
            "evidence": _book(evidence),
            "notices": _lists(notices),
            "register": register,
            "people": people,
            "stage": Stage(stage),
            "as_of": as_of,
            "zone": _zone(zone),
        }
        self._judge = _Judge(declaration, self.options)
        self._columns: dict[tuple[str, ...], Columns] = {}

    def __reduce__(self) -> tuple[Any, tuple[bytes, str]]:
        return _restored, (self._packed, self.fingerprint)

    def __deepcopy__(self, memo: Mapping[int, Any]) -> TableGate:
        return self  # a pipeline that copies its steps still counts in one place

    @cached_property
    def _packed(self) -> bytes:
        from .audit.carrying import pack

        return pack((self.declaration, self.options, self.mode, self._named))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything the answers depend on, versions included; the same in every process."""
        from .audit.carrying import fingerprint

        return fingerprint(self._packed)

    def apart(self) -> TableGate:
        """A gate that shares what this one learnt, with a tally of its own."""
        other = object.__new__(TableGate)
        other.__dict__.update(self.__dict__, _counts=_Counts())
        return other

    @property
    def tally(self) -> Tally:
        """What was counted in this process."""
        return self._counts.here()

    @tally.setter
    def tally(self, tally: Tally) -> None:
        self._counts = _Counts(tally)

    def count(self, tally: Tally) -> None:
        """Add what a gate `apart`, or somebody else, counted of rows."""
        with self._judge.lock:
            self.tally.__iadd__(tally)

    def judged(self, table: Any) -> Any:
        """A table (of Arrow, polars or pandas, or a mapping from column to values) with `answers` beside its rows."""
        from .audit.frames import beside

        return beside(table, self.answers(table))

    def allowed(self, table: Any) -> Any:
        """The rows of a table that are allowed, as a table of its kind."""
        from .audit.frames import chosen

        return chosen(table, self.mask(table))

    def answers(self, table: Any, columns: Columns | None = None) -> Any:
        """The answers alone, an Arrow table with a row for each: see `crawlgate.audit.answers.SCHEMA`. `columns` says
        what stands where, if it is known already."""
        asked = self._asked(table, columns)
        with self._judge.lock:
            return self._judge.ready().answers(*asked, self.tally)

    def fates(self, table: Any) -> Any:
        """For each row of a table why it is kept or dropped, in short (`crawlgate.audit.answers.tally_of_fates`).
        Nothing is counted: that is for whoever has all rows."""
        asked = self._asked(table, None)
        with self._judge.lock:
            return self._judge.ready().fates(*asked)

    def mask(self, table: Any, columns: Columns | None = None) -> Any:
        """Which rows of a table pass, as a boolean Arrow array without nulls."""
        import pyarrow as pa

        return pa.array(self.passing(table, columns))

    def passing(self, table: Any, columns: Columns | None = None) -> Any:
        """As `mask`, as an array of numpy."""
        asked = self._asked(table, columns)
        with self._judge.lock:
            return self._judge.ready().passing(*asked, self.tally, everything=self.mode == "observe")

    def log_tally(self, where: str, tally: Tally | None = None) -> None:
        """Say in the log what was dropped and why, at the end of `where`: of all rows, or those of `tally`."""
        _log.info("%s: %s", where, self.tally if tally is None else tally)

    def columns(self, names: Sequence[str]) -> Columns:
        """Which of the columns hold what. Raises `ConfigError` where there are no URLs, or no times and no `as_of`."""
        known = self._columns.get(asked := tuple(names))
        if known is not None:
            return known
        from .audit.tables import Columns, no_times

        found = Columns.find(names, **self._named)
        if found.time is None and self.as_of is None:
            raise no_times(names)
        if len(self._columns) >= _SHAPES:
            self._columns.clear()
        # Where the copies are decides nothing, and stays where it is.
        found = self._columns[asked] = replace(found, shard=None, offset=None, content_hash=None)
        return found

    @property
    def as_of(self) -> datetime | None:
        """The instant at which all rows are judged; None takes each row's own time."""
        found: datetime | None = self.options["as_of"]
        return found

    def _asked(self, table: Any, columns: Columns | None) -> tuple[Any, Columns]:
        from .audit.frames import names_of, needed

        columns = columns or self.columns(names_of(table))
        return needed(table, columns), columns


class _Judge:
    """What judges, made when the first rows come, and shared by gates that are alike in a process."""

    def __init__(self, declaration: Declaration, options: Mapping[str, Any]) -> None:
        self._declaration, self.options = declaration, options
        self._made: Answering | None = None
        self.lock = Lock()
        _judges.add(self)

    def after_fork(self) -> None:
        """Begin anew in a process that was forked while a thread, which is not here, was judging."""
        if self.lock.locked():
            self.lock, self._made = Lock(), None

    def ready(self) -> Answering:
        if self._made is None:
            from .audit.answers import Answering
            from .audit.tables import TableJudge

            self._made = Answering(TableJudge(self._declaration, **self.options))
        return self._made


_judges: WeakSet[_Judge] = WeakSet()


def _after_fork() -> None:
    for judge in _judges:
        judge.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class _Counts:
    """A tally of one process: a fork of it begins with none."""

    def __init__(self, tally: Tally | None = None) -> None:
        self._tally, self._process = tally or Tally(), os.getpid()

    def here(self) -> Tally:
        if self._process != (process := os.getpid()):
            self._tally, self._process = Tally(), process
        return self._tally


_restored_here: OrderedDict[str, TableGate] = OrderedDict()


def _restored(packed: bytes, fingerprint: str) -> TableGate:
    """A gate from its bytes. What was learnt by one like it in this process is kept, so that a worker learns once."""
    known = _restored_here.get(fingerprint)
    if known is None:
        from .audit.carrying import unpack

        declaration, options, mode, named = unpack(packed)
        known = _restored_here[fingerprint] = TableGate(declaration, **options, mode=mode, **named)
        if len(_restored_here) > _KEPT:
            _restored_here.popitem(last=False)
    return known.apart()


def _zone(zone: str | tzinfo | None) -> tzinfo | None:
    from .audit.times import zone_named

    return zone_named(zone) if isinstance(zone, str) else zone


def _book(evidence: EvidenceBook | Iterable[str | PathLike[str]] | None) -> EvidenceBook:
    from .audit.book import EvidenceBook

    if isinstance(evidence, EvidenceBook):
        return evidence
    book = EvidenceBook()
    if evidence is not None:
        from .audit.sources import gather

        names = [fspath(name) for name in ([evidence] if isinstance(evidence, str | PathLike) else evidence)]
        for reject in gather(names, book, latest=datetime.now(UTC) + timedelta(days=1))[1]:
            _log.warning("evidence that cannot be used: %s, row %s: %s", reject.file, reject.row, reject.reason)
    return book


def _lists(notices: Listing | Lists | Iterable[Notice] | None) -> Listing | Lists | None:
    from .blocklist.match import Listing, Lists, NoticeIndex
    from .blocklist.target import DEFAULT_SUFFIXES

    if notices is None or isinstance(notices, Listing | Lists):
        return notices
    return NoticeIndex(notices, DEFAULT_SUFFIXES)


def _needs_extra() -> None:
    try:
        from .audit import kernels  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"tables need {error.name}, which is not installed; install the extra: pip install 'crawlgate[audit]'"
        ) from None
