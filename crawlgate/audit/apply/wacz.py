"""A WACZ without some of its records: its archives are written anew, and whatever in it speaks of their records.

Entries keep their order, names, times and packing. Of `pages/` the lines of captures that went are left out; indexes
are written anew as CDXJ with the new places, one that is packed in blocks (`.idx`) as one plain file; the digests of
`datapackage.json` are made new. Its signature (`datapackage-digest.json`) speaks of the old one, and is left out, as is
an index that cannot be made new.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from ...errors import ConfigError
from ..readers import Source, Told
from ..readers.records import Opened, archives
from .archives import Cut, without_records
from .checked import Check
from .chosen import Going
from .copying import BLOCK

_PACKAGE = "datapackage.json"
_SIGNATURE = "datapackage-digest.json"


@dataclass(slots=True)
class Rewritten:
    """What became of a WACZ: rows before, records that went beside, and entries that were left out."""

    rows: int = 0
    beside: int = 0
    left_out: list[str] = field(default_factory=list)


def without_wacz(source: Source, target: Path, going: Going, told: Told, check: Check) -> Rewritten:
    """Write a WACZ without records. Raises `ConfigError` for one that is damaged."""
    done = Rewritten()
    cuts: dict[str, Cut] = {}
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as name, source.open("rb") as file:
            aside = Path(name)
            files: dict[str, Path] = {}
            for opened in archives(source):
                files[opened.name] = _archive(opened, source, aside, going, told, check, done, cuts)
            with zipfile.ZipFile(file) as old:
                _entries(old, files, cuts, aside, done)
                _write(old, files, target, done)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ConfigError(f"{source}: cannot be copied: {error}") from None
    return done


def _archive(
    opened: Opened,
    source: Source,
    aside: Path,
    going: Going,
    told: Told,
    check: Check,
    done: Rewritten,
    cuts: dict[str, Cut],
) -> Path:
    if opened.problem:
        raise ConfigError(f"{source}: {opened.name}: {opened.problem}; a damaged file cannot be copied")
    before = aside / f"before-{len(cuts)}-{PurePosixPath(opened.name).name}"
    after = aside / f"after-{len(cuts)}"
    with before.open("wb") as to:
        shutil.copyfileobj(opened.file, to, BLOCK)
    cut = without_records(before, after, going, told, check, first=done.rows, name=f"{source}: {opened.name}")
    before.unlink()
    done.rows += cut.rows
    done.beside += cut.beside
    cuts[opened.name] = cut
    return after


def _entries(
    old: zipfile.ZipFile, files: dict[str, Path], cuts: Mapping[str, Cut], aside: Path, done: Rewritten
) -> None:
    """Write the entries anew that speak of records; `files` gets them by their names."""
    names = old.namelist()
    blocks = {PurePosixPath(name).parent for name in names if name.endswith(".idx")}
    for number, name in enumerate(names):
        path, new = PurePosixPath(name), aside / f"entry-{number}"
        if name == _SIGNATURE:
            done.left_out.append(name)
        elif path.parts[0] == "pages" and name.endswith(".jsonl"):
            _write_lines(new, _pages(_text(old, name), cuts), packed=False)
            files[name] = new
        elif path.parts[0] == "indexes" and name.endswith(".idx"):
            done.left_out.append(name)
        elif path.parts[0] == "indexes":
            whole = path.parent in blocks and name.endswith(".gz")
            try:
                _write_lines(new, _index(_text(old, name), cuts), packed=name.endswith(".gz") and not whole)
            except (_UnclearError, OSError, EOFError, zlib.error):
                done.left_out.append(name)
                continue
            if whole:
                done.left_out.append(name)
                name = str(path.with_name(path.name.removesuffix(".gz").removesuffix(".cdx") + ".cdxj"))
                if name in names:
                    continue
            files[name] = new


def _write_lines(to: Path, lines: Iterator[bytes], *, packed: bool) -> None:
    with to.open("wb") as raw:
        if packed:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as file:
                file.writelines(lines)
        else:
            raw.writelines(lines)


def _text(old: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The lines of an entry, which may be packed."""
    with old.open(name) as file:
        lines = gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file
        yield from lines


def _pages(lines: Iterator[bytes], cuts: Mapping[str, Cut]) -> Iterator[bytes]:
    """The lines of pages (WACZ 1.1.1, 5.2.3) of which a capture stays."""
    gone: dict[str, set[str]] = {}
    for cut in cuts.values():
        for url, times in cut.gone.items():
            gone.setdefault(url, set()).update(time[:19] for time in times)
    for line in lines:
        try:
            page = orjson.loads(line)
            url, at = str(page["url"]), str(page.get("ts", page.get("timestamp", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            yield line
            continue
        stays = any(cut.kept[url] for cut in cuts.values())
        if url not in gone or (stays and at[:19] not in gone[url]):
            yield line


class _UnclearError(Exception):
    """An index of which nobody can say what its lines mean."""


def _index(lines: Iterator[bytes], cuts: Mapping[str, Cut]) -> Iterator[bytes]:
    """The lines of a CDXJ with the places where records stand now."""
    moved = {PurePosixPath(name).name: cut.moved for name, cut in cuts.items()}
    for line in lines:
        head, brace, rest = line.partition(b"{")
        if line.startswith(b"!") or not line.strip():
            yield line
            continue
        try:
            said = orjson.loads(brace + rest)
            places = moved[PurePosixPath(said["filename"]).name]
            place = int(said["offset"])
        except (ValueError, KeyError, TypeError):
            raise _UnclearError from None
        if places is None or place not in places:
            raise _UnclearError
        now = places[place]
        if now is not None:
            said["offset"] = str(now) if isinstance(said["offset"], str) else now
            yield head + orjson.dumps(said) + b"\n"


def _write(old: zipfile.ZipFile, files: Mapping[str, Path], target: Path, done: Rewritten) -> None:
    """The entries as a new file, the package last among its digests and at its own place in the file."""
    digests: dict[str, tuple[int, str]] = {}
    with zipfile.ZipFile(target, "w") as new:
        waiting: zipfile.ZipInfo | None = None
        made = {path.name: name for name, path in files.items()}
        for number, info in enumerate(old.infolist()):
            if info.filename == _PACKAGE:
                waiting = info
                continue
            names = [info.filename] if info.filename not in done.left_out else []
            other = made.get(f"entry-{number}", info.filename)
            names += [other] if other != info.filename else []
            for name in names:
                digests[name] = _put(old, new, info, name, files.get(name))
        if waiting is not None:
            package = orjson.dumps(
                _package(orjson.loads(old.read(_PACKAGE)), digests),
                option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
            )
            new.writestr(_like(waiting, _PACKAGE), package)


def _put(
    old: zipfile.ZipFile, new: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, file: Path | None
) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    opened = old.open(info) if file is None else file.open("rb")
    with opened as given, new.open(_like(info, name), "w", force_zip64=True) as to:
        while block := given.read(BLOCK):
            digest.update(block)
            size += len(block)
            to.write(block)
    return size, digest.hexdigest()


def _like(info: zipfile.ZipInfo, name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, info.date_time)
    made.compress_type = info.compress_type if info.compress_type == zipfile.ZIP_STORED else zipfile.ZIP_DEFLATED
    made.external_attr = info.external_attr
    return made


def _package(package: dict[str, Any], digests: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    """The package with the digests of what is there now; what is left out is no resource any more, what is new is one.
    Both ways of writing a digest are kept (WACZ 1.1.1 `hash`, 1.0 `stats`)."""
    known = package.get("resources")
    resources = []
    named = set()
    for one in known if isinstance(known, list) else []:
        found = digests.get(str(one.get("path"))) if isinstance(one, dict) else None
        if found is None:
            continue
        named.add(one["path"])
        size, digest = found
        if "stats" in one:
            one = {**one, "stats": {"hash": digest, "bytes": size}, "hashing": "sha256"}
        else:
            one = {**one, "hash": f"sha256:{digest}", "bytes": size}
        resources.append(one)
    for path in sorted(digests.keys() - named):
        size, digest = digests[path]
        name = PurePosixPath(path).name
        resources.append({"name": name, "path": path, "hash": f"sha256:{digest}", "bytes": size})
    return {**package, "resources": resources}
