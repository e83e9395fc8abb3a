"""Lists that people have, brought into the form of a feed's entries: nothing lost, and whose word it is written down.

    DIR/entries.jsonl    the entries, canonical JSON lines sorted by id
    DIR/rejected.jsonl   every item that is no entry: line, text, code, reason
    DIR/import.json      what was read, how, when, who vouches for it, and how many of each

The folder is a list like any other: it holds, and never denies, until somebody vouches for it where it is used.
"""

from __future__ import annotations

import heapq
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from .. import __version__
from ..domains import Suffixes, psl_version
from ..errors import ConfigError, FeedError
from ..model import IssuerKind
from .entry import Entry, EntryError, table_of
from .files import read_bounded, sync_folder
from .formats import ENTRIES, Format, RawList, accepted, load, nothing, reject
from .popular import popular
from .target import DEFAULT_SUFFIXES, Rejected

REJECTED, RECORD = "rejected.jsonl", "import.json"
SCHEMA = "crawlgate.list-import/1"

_RUN = 500_000  # entries that are sorted in memory at a time
_MAX_RECORD = 1024 * 1024

Progress = Callable[[int, int], None]
"""Called with the number of items so far and, once it is known, of all (0 before)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to. `items` are the entries that the file holds: `entries` and `rejected` together.
    `exceptions` are those of the entries that carve out, `codes` counts the reasons of rejects."""

    folder: Path
    raw: RawList
    vouched_by: str
    issuer: str
    issuer_kind: IssuerKind
    force: str
    at: datetime
    items: int
    entries: int
    exceptions: int
    rejected: int
    scopes: Mapping[str, int]
    codes: Mapping[str, int]

    def table(self) -> dict[str, Any]:
        """For `import.json`, and for people who ask for JSON."""
        return {
            "codes": dict(sorted(self.codes.items())),
            "entries": self.entries,
            "exceptions": self.exceptions,
            "force": self.force or None,
            "format": str(self.raw.format),
            "imported_at": self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "issuer": self.issuer,
            "issuer_kind": str(self.issuer_kind),
            "items": self.items,
            "popular": popular().date,
            "program": f"crawlgate {__version__}",
            "psl": psl_version(),
            "rejected": self.rejected,
            "schema": SCHEMA,
            "scopes": dict(sorted(self.scopes.items())),
            "source": {"bytes": self.raw.bytes, "name": self.raw.name, "sha256": self.raw.sha256},
            "vouched_by": self.vouched_by,
        }


def import_list(
    path: str | Path,
    folder: Path,
    *,
    vouched_by: str,
    at: datetime,
    form: Format | None = None,
    issuer: str = "",
    issuer_kind: IssuerKind = IssuerKind.PUBLIC,
    force: str = "",
    options: Mapping[str, Any] | None = None,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    progress: Progress | None = None,
) -> Imported:
    """Read a list and write it into `folder`, which may be that of an earlier import.

    `issuer` is whose list it is (the file's name, where nobody says), `issuer_kind` who that is: a public list, unless
    the person who vouches says otherwise. `options` are those of the format (`columns`, `encoding`, `utc` of a CSV).
    Raises `FeedError` for a list that cannot be read or holds no entry (what it held instead is written all the same),
    `ConfigError` for the rest.
    """
    vouched_by, issuer, force = (_words(n, t) for n, t in _named(vouched_by, issuer, force))
    if not vouched_by:
        raise ConfigError("an import needs somebody who vouches for it; name that person (--vouched-by)")
    raw = load(path, form, **(options or {}))
    if options and raw.format is not Format.CSV:
        raise ConfigError(f"list {raw.path} is read as {raw.format}; columns, encoding and times are those of a csv")
    with _written(folder) as temporary:
        writer = _Writer(temporary)
        for item in accepted(raw, suffixes, force=force):
            writer.items += 1
            if isinstance(item.entry, EntryError):
                writer.reject(reject(item, item.entry))
            else:
                writer.add(item.entry)
            if progress is not None and writer.items % 1000 == 0:
                progress(writer.items, 0)
        entries, rejected = writer.finish()
        if entries + rejected != writer.items:
            raise AssertionError(f"{writer.items} items in, {entries} entries and {rejected} rejects out")
        if not entries:
            told = nothing(raw, writer.first_reject, rejected)
            if rejected and not (folder / ENTRIES).exists():  # a list that is there stays with its own rejects
                (temporary / REJECTED).replace(folder / REJECTED)
                told += f"; each with its line and reason: {folder / REJECTED}"
            raise FeedError(told)
        done = Imported(
            folder=folder,
            raw=raw,
            vouched_by=vouched_by,
            issuer=issuer or raw.name,
            issuer_kind=issuer_kind,
            force=force,
            at=at,
            items=writer.items,
            entries=entries,
            exceptions=writer.exceptions,
            rejected=rejected,
            scopes=writer.scopes,
            codes=writer.codes,
        )
        (temporary / RECORD).write_bytes(orjson.dumps(done.table(), option=orjson.OPT_INDENT_2) + b"\n")
    if progress is not None:
        progress(done.items, done.items)
    return done


def read_record(folder: str | Path) -> Mapping[str, Any] | None:
    """The `import.json` of a folder: `vouched_by`, `issuer`, `issuer_kind`, `force`; None where there is none.
    Raises `FeedError` for one that cannot be read."""
    place = Path(folder) / RECORD
    try:
        data = read_bounded(place, _MAX_RECORD)
        if data is None:
            return None
        table = orjson.loads(data)
        if table["schema"] != SCHEMA:
            raise FeedError(f"{place} is of another version ({table['schema']!r}); import the list again")
        texts = {name: str(table[name] or "") for name in ("vouched_by", "issuer", "force")}
        return {**texts, "issuer_kind": IssuerKind(table["issuer_kind"])}
    except (OSError, ValueError, KeyError, TypeError):
        if "\0" in str(folder):
            return None  # no path at all, which is told by whoever opens it
        raise FeedError(f"{place} cannot be read; import the list again") from None


class _Writer:
    """Entries and rejects into files, entries sorted by id in runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rejects = (folder / REJECTED).open("wb")
        self._run: list[bytes] = []
        self._runs: list[Path] = []
        self._seen: Counter[str] = Counter()
        self.items = 0
        self.exceptions = 0
        self.scopes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.first_reject: Rejected | None = None

    def reject(self, rejected: Rejected) -> None:
        self.codes[rejected.code] += 1
        self.first_reject = self.first_reject or rejected
        table = {"code": rejected.code, "line": rejected.line, "reason": rejected.reason, "text": rejected.text}
        self._rejects.write(_json(table))

    def add(self, entry: Entry) -> None:
        self.scopes[entry.scope] += 1
        self.exceptions += entry.exception
        table = table_of(entry)
        if "id" in table:
            self._seen[table["id"]] += 1
        else:
            table["id"] = self._id(entry)
        # By the bytes of its UTF-8, an id sorts as by its characters; no byte of it is below the one that follows.
        self._run.append(table["id"].encode() + b"\0" + _json(table))
        if len(self._run) >= _RUN:
            self._flush()

    def _id(self, entry: Entry) -> str:
        """A name that stays the same when the list is imported anew: what the entry names, and which time."""
        name = f"{'except:' if entry.exception else ''}{entry.scope}:{entry.value}{entry.path_prefix or ''}"
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def finish(self) -> tuple[int, int]:
        """Close the files; how many entries and rejects are in them, counted in the files."""
        self._rejects.close()
        place = self._folder / ENTRIES
        with ExitStack() as stack:
            runs: list[Iterable[bytes]] = [stack.enter_context(run.open("rb")) for run in self._runs]
            self._run.sort()
            with place.open("wb") as out:
                out.writelines(line.partition(b"\0")[2] for line in heapq.merge(*runs, self._run))
        for run in self._runs:
            run.unlink()
        return _count(place), _count(self._folder / REJECTED)

    def _flush(self) -> None:
        self._run.sort()
        run = self._folder / f"{len(self._runs)}.run"
        with run.open("wb") as out:
            out.writelines(self._run)
        self._runs.append(run)
        self._run.clear()


class _written:  # noqa: N801 (a context, used as a function)
    """A folder to write into, whose files take their place together when the block ends well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            strange = sorted(p.name for p in self._folder.iterdir() if p.name not in (ENTRIES, REJECTED, RECORD))
            self._temporary = Path(tempfile.mkdtemp(prefix=".", suffix=".tmp", dir=self._folder))
        except OSError as error:
            raise _trouble(self._folder, error) from None
        strange = [name for name in strange if not name.endswith(".tmp")]
        if strange:
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise ConfigError(f"{self._folder} holds other files ({', '.join(strange[:3])}); name an empty folder")
        return self._temporary

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                for name in (REJECTED, ENTRIES, RECORD):
                    with (self._temporary / name).open("rb") as file:
                        os.fsync(file.fileno())
                    (self._temporary / name).replace(self._folder / name)
                sync_folder(self._folder)
            elif isinstance(error, OSError):
                raise _trouble(self._folder, error) from None
        except OSError as trouble:
            raise _trouble(self._folder, trouble) from None
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)
            if error is not None:
                with suppress(OSError):
                    self._folder.rmdir()  # only if it is empty


def _trouble(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{folder} cannot be written: {error.strerror or error}; name another folder (--out)")


def _count(place: Path) -> int:
    with place.open("rb") as file:
        return sum(1 for _ in file)


def _json(table: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(table, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a character, which JSON cannot hold
        shown = {
            n: v.encode("utf-8", "backslashreplace").decode() if isinstance(v, str) else v for n, v in table.items()
        }
        return orjson.dumps(shown, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _named(vouched_by: str, issuer: str, force: str) -> Iterator[tuple[str, str]]:
    yield from (("vouched_by", vouched_by), ("issuer", issuer), ("force", force))


def _words(name: str, text: str) -> str:
    text = " ".join(text.split())
    if not text.isprintable():
        raise ConfigError(f"{name} {text[:80]!r} holds a character that cannot be shown")
    return text
