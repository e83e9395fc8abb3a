"""Long lists on disk: compiled once from text, opened in no time, shared by all processes that map them.

    meta.json        what it was made of, how many, and the size and hash of each file
    keys.trie        the keys of `lookup`, a marisa trie
    names, hints     bits that tell most strangers at once (`name_filter`)
    irregular, before, shifts, starts, members  from a key to its entries (`numbering`)
    records, offsets what each entry says, and where that stands
    kinds            scope and exception of each entry
    terms, times     which dates an entry has, and those sets of dates
    rejected.jsonl   items that are no entries, with line and reason

Nothing of it depends on when the list was received or who vouches for it: that is added when an entry is read. A folder
is written aside and moved into its place whole. What is damaged is found by size or hash, and made again.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload
from zlib import crc32

import orjson

from ..domains import Suffixes
from ..errors import ConfigError
from ..model import Notice
from . import lookup
from .entry import Entry, EntryDefaults, entry_from_table, notice
from .hashes import FileHashes
from .match import Listing, Told
from .numbering import entries_of
from .target import HOST, SCOPES, Rejected

if TYPE_CHECKING:
    from marisa_trie import Trie

META, KEYS, NAMES, RECORDS, REJECTED = "meta.json", "keys.trie", "names", "records", "rejected.jsonl"
HINTS = "hints"
NUMBERING = ("irregular", "before", "shifts", "starts", "members")
FILES = (KEYS, NAMES, HINTS, *NUMBERING, "offsets", "kinds", "terms", "times", RECORDS, REJECTED)

SCOPE_BITS, EXCEPTION, COMPACT = 0x0F, 0x80, 0x40
"""What a byte of `kinds` holds: which scope, whether the entry carves out, whether it says nothing but its target."""
DATES = ("listed_at", "received_at", "effective_at", "expires_at", "withdrawn_at")
NO_DATE = -(2**63)
DATES_STRUCT = struct.Struct(f"={len(DATES)}q")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_HOST = SCOPES.index(HOST)


class Damaged(Exception):
    """A compiled list that cannot be used; the message says why. It is made again, never repaired."""


class CompiledList(Listing):
    """A compiled list, mapped. Entries are read from the disk when somebody asks for them."""

    def __init__(self, folder: Path, *, defaults: EntryDefaults, suffixes: Suffixes, hashes: FileHashes) -> None:
        """Raises `Damaged`, and `OSError` for what cannot be read."""
        from marisa_trie import Trie

        self.suffixes = suffixes
        self.folder = folder
        self.meta = meta = _meta(folder, hashes)
        self._defaults = defaults
        self._hashes = hashes
        self._id: str = meta["sha256"][:12]
        self._entries: int = meta["entries"]
        self._keys: Trie = Trie()
        self._keys.mmap(str(folder / KEYS))
        self._find = self._keys.get
        self._names, self._hints = _mapped(folder / NAMES), _mapped(folder / HINTS)
        self._names_mask = len(self._names) * 8 - 1
        self._has_places = bool(meta["places"])
        self._has_networks = bool(meta["networks"])
        self._has_hosts = bool(meta["hosts"])
        self._irregular = _mapped(folder / "irregular").cast("I")
        self._before = _mapped(folder / "before").cast("I")
        self._shifts = _mapped(folder / "shifts").cast("i")
        self._starts = _mapped(folder / "starts").cast("I")
        self._members = _mapped(folder / "members").cast("I")
        self._offsets = _mapped(folder / "offsets").cast("Q")
        self._kinds = _mapped(folder / "kinds")
        self._terms = _mapped(folder / "terms").cast("I")
        self._records = _map(folder / RECORDS)
        self._times = _mapped(folder / "times")
        self._remembered = lru_cache(4096)(self._notice)

    def __reduce__(self) -> tuple[Callable[..., CompiledList], tuple[Path, EntryDefaults, Suffixes, Path]]:
        return _opened_again, (self.folder, self._defaults, self.suffixes, self._hashes.directory)

    def __len__(self) -> int:
        return self._entries

    @property
    def rejected(self) -> Rejects:
        """The items that are no entries."""
        return Rejects(self.folder / REJECTED, self.meta["rejected"])

    @property
    def name(self) -> str:
        return self._defaults.source

    @property
    def has_places(self) -> bool:
        return self._has_places

    @property
    def filters(self) -> tuple[memoryview, memoryview]:
        """The bits of `name_filter`: of names and their parents; and hints."""
        return self._names, self._hints

    def changes(self) -> Iterator[datetime]:
        yield from (at for at in (self._defaults.received_at, self._defaults.effective_at) if at is not None)
        for dates in DATES_STRUCT.iter_unpack(self._times):
            yield from (EPOCH + at * MICROSECOND for at in dates if at != NO_DATE)

    @cached_property
    def has_aliases(self) -> bool:
        return next(iter(self._keys.iterkeys("^")), None) is not None

    def _names_places_on(self, host: str) -> bool:
        return self._has_places and super()._names_places_on(host)

    def get(self, key: str) -> Sequence[int]:
        found = self._find(key)
        return () if found is None else self._under(found)

    def beginnings(self, text: str) -> Iterable[str]:
        found: list[str] = self._keys.prefixes(text)
        return found

    def keys_from(self, beginning: str) -> Iterator[str]:
        found: Iterator[str] = self._keys.iterkeys(beginning)
        return found

    def covering(self, host: str) -> Sequence[int]:
        # As the base class, but from the shortest parent up, and no further than `name_filter` lets it: every host of
        # a crawl is asked this, nearly always in vain, so that each call counts.
        bits, mask, name = self._names, self._names_mask, ""
        end = host.rfind(".")
        while True:
            start = host.rfind(".", 0, end) + 1 if end > 0 else 0
            longer = host[start:] if start else host
            at = crc32(longer.encode()) & mask
            if not bits[at >> 3] >> (at & 7) & 1:
                break
            name = longer
            if not start:
                break
            end = start - 1
        found: list[int] = []
        while name:
            key = self._find(name)
            if key is not None:
                under = self._under(key)
                if self._has_hosts and name != host:
                    kinds = self._kinds
                    under = [number for number in under if kinds[number] & SCOPE_BITS != _HOST]
                found += under
            name = name.partition(".")[2]
            if "." not in name:  # a single label is a public suffix, which no entry names
                break
        if self._has_networks:
            found += self._networks(host)
        return found

    def _networks(self, host: str) -> Sequence[int]:
        bits = lookup.address_bits(host)
        return [number for key in self._keys.prefixes(bits) for number in self.get(key)] if bits else ()

    def scope(self, number: int) -> str:
        return SCOPES[self._kinds[number] & SCOPE_BITS]

    def is_exception(self, number: int) -> bool:
        return bool(self._kinds[number] & EXCEPTION)

    def terms(self, number: int) -> Hashable:
        return self._terms[number] if self._terms else 0

    def bears(self, number: int) -> Hashable:
        kind = self._kinds[number]
        return kind if kind & COMPACT else super().bears(number)

    def notice(self, number: int) -> Notice:
        return self._remembered(number)

    def list_of(self, number: int) -> str:  # noqa: ARG002 (all are of one)
        return ""

    def __iter__(self) -> Iterator[Notice]:
        return map(self._notice, range(self._entries))

    def dates(self, number: int) -> tuple[datetime | None, ...]:
        """`listed_at`, `received_at`, `effective_at`, `expires_at`, `withdrawn_at` as the entry says them."""
        place = self._terms[number] if self._terms else 0
        return tuple(
            None if at == NO_DATE else EPOCH + at * MICROSECOND
            for at in DATES_STRUCT.unpack_from(self._times, place * DATES_STRUCT.size)
        )

    def entry(self, number: int) -> tuple[Entry, str]:
        """An entry and its id, or the one it has for want of one."""
        record = self._record(number)
        kind = self._kinds[number]
        if not kind & COMPACT:
            line, table = orjson.loads(record)
            entry = entry_from_table(table, self.suffixes)
        else:
            value, prefix, line = record.decode().split("\t")
            entry = Entry(SCOPES[kind & SCOPE_BITS], value, prefix or None, bool(kind & EXCEPTION))
        return entry, f"{self._id}:{line}"

    def told(self, number: int) -> Told:
        kind = self._kinds[number]
        if not kind & COMPACT:
            line, table = orjson.loads(self._record(number))
            own = table.get("id") or f"{self._id}:{line}"
            return own, table["scope"], table["value"], table.get("path_prefix")
        value, prefix, line = self._record(number).decode().split("\t")
        return f"{self._id}:{line}", SCOPES[kind & SCOPE_BITS], value, prefix or None

    def _notice(self, number: int) -> Notice:
        entry, line = self.entry(number)
        return notice(entry, replace(self._defaults, id=line))

    def _record(self, number: int) -> bytes:
        start = self._offsets[number]
        return self._records[start : self._records.find(b"\n", start)]

    def _under(self, key: int) -> Sequence[int]:
        return entries_of(key, self._irregular, self._before, self._shifts, self._starts, self._members)


def _opened_again(folder: Path, defaults: EntryDefaults, suffixes: Suffixes, hashed: Path) -> CompiledList:
    """A list as another process opened it: its files are mapped here too, not sent."""
    try:
        return CompiledList(folder, defaults=defaults, suffixes=suffixes, hashes=FileHashes(hashed))
    except (Damaged, OSError) as error:
        raise ConfigError(
            f"the compiled list {folder} cannot be opened here ({error}); workers map long lists from the home, so it "
            "has to stand under the same path on every machine"
        ) from None


class Rejects(Sequence[Rejected]):
    """The items of a list that are no entries, read from a file whenever somebody asks."""

    def __init__(self, place: Path, count: int) -> None:
        self._place = place
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Rejected]:
        with self._place.open("rb") as file:
            for line in file:
                yield Rejected(**orjson.loads(line))

    @overload
    def __getitem__(self, wanted: int) -> Rejected: ...
    @overload
    def __getitem__(self, wanted: slice) -> Sequence[Rejected]: ...
    def __getitem__(self, wanted: int | slice) -> Rejected | Sequence[Rejected]:
        if isinstance(wanted, slice):
            return list(self)[wanted]
        if not -self._count <= wanted < self._count:
            raise IndexError(wanted)
        return next(islice(self, wanted % self._count, None))


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)


def _mapped(path: Path) -> memoryview:
    return memoryview(_map(path) if path.stat().st_size else b"")


def _meta(folder: Path, hashes: FileHashes) -> dict[str, Any]:
    try:
        meta = orjson.loads((folder / META).read_bytes())
        for name, (size, digest) in meta["files"].items():
            path = folder / name
            if path.stat().st_size != size:
                raise Damaged(f"{path} has another size than was written")
            if hashes.sha256(path) != digest:
                raise Damaged(f"{path} holds other bytes than were written")
        if set(meta["files"]) != set(FILES) or not isinstance(meta["entries"], int):
            raise Damaged(f"{folder / META} is not of this version")
    except FileNotFoundError as error:
        raise Damaged(f"{error.filename} is not there") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{folder / META} cannot be read") from None
    return dict(meta)
