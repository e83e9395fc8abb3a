"""Puts a bundle together."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from ... import __version__
from ...errors import ConfigError, LedgerError
from ...evidence.read import EvidenceReader
from ...home import Home
from ...ledger.checkpoint import read
from ...ledger.prove import NotCovered, verifier_source
from ..evidence import KeptEvidence
from ..proof_files import VERIFIER, ProofFiles
from .archive import SUMS, archive, put, sums
from .gather import ASKED, Gathered, Missing, gather
from .listed import ListSource, copy_of
from .words import criteria_pages, summary

FORMAT = "crawlgate.ledger-bundle/1"
LANGUAGES = ("en", "ja")
_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_CHUNK = 1 << 16
_ID = re.compile(r"[0-9a-f]{16,64}")


@dataclass(frozen=True, slots=True)
class Bundled:
    """What was written: the archive, its sha256, the files in it, records by kind, and what is missing."""

    path: Path
    sha256: str
    files: tuple[str, ...]
    kinds: Mapping[str, int]
    missing: tuple[Missing, ...]


def bundle(home: Path, asked: tuple[str, ...], out: Path, *, kept: Path | None = None, force: bool = False) -> Bundled:
    """Write an archive about the records `asked` (segment:number). `kept` is a checkpoint kept elsewhere under which
    they are proved. The same ledger gives the same bytes.

    Raises `ConfigError` for a name that names no record and a place that cannot be written, `ProofError` where no
    checkpoint covers a record yet, `LedgerInvalid` for evidence or records that are not what was stored.
    """
    if out.exists() and not force:
        raise ConfigError(f"{out} is there already; --force writes over it, or choose another name")
    found = gather(home, asked)
    maker = _Maker(Home(home), found)
    maker.proofs(kept)
    for kept_evidence in found.evidence.values():
        maker.evidence(kept_evidence)
    for source in found.lists.values():
        maker.list(source)
    files = maker.finish(asked)
    data = archive(files)
    put(out, data, force=force)
    kinds: dict[str, int] = {}
    for record in found.records.values():
        kinds[record.kind] = kinds.get(record.kind, 0) + 1
    missing = tuple(maker.missing)
    return Bundled(out, hashlib.sha256(data).hexdigest(), tuple(sorted(files)), dict(sorted(kinds.items())), missing)


class _Maker:
    def __init__(self, home: Home, found: Gathered) -> None:
        self._home, self._found = home, found
        self._reader = EvidenceReader(home.evidence)
        self.files: dict[str, bytes] = {}
        self.missing = list(found.missing)
        self._told: dict[str, Any] = {"evidence": [], "lists": [], "runs": [], "keys": []}

    def proofs(self, kept: Path | None) -> None:
        """Every record with its proof, the keys, and the checkpoints by themselves."""
        with TemporaryDirectory(prefix="crawlgate-bundle-") as folder:
            written = ProofFiles(self._home, Path(folder), kept)
            for name in list(self._found.records):
                try:
                    written.record(name, context=False)
                except NotCovered as error:
                    if self._found.why[name] == ASKED:
                        raise
                    del self._found.records[name]
                    self.missing.append(Missing(f"record {name}", str(error)))
            written.finish()
            for path in written.names:
                data = path.read_bytes()
                if path.name == VERIFIER:
                    continue
                place = "keys" if path.suffix == ".pub" else "records"
                self.files[f"{place}/{path.name}"] = data
                if place == "keys":
                    self._told["keys"].append(f"keys/{path.name}")
                elif path.suffix != ".json":
                    self._checkpoint(data if path.suffix == ".checkpoint" else data.partition(b"\n\n")[2])
        self._told["runs"] = written.runs

    def _checkpoint(self, note: bytes) -> None:
        checkpoint = read(note)
        self.files[f"checkpoints/{checkpoint.segment}-{checkpoint.size}.checkpoint"] = note

    def evidence(self, kept: KeptEvidence) -> None:
        """The bytes of one piece of evidence, checked; for a body that had not changed, the record that holds it."""
        if kept.location is None:
            why = kept.error or "its bytes were not kept"
            self.missing.append(Missing(f"evidence {kept.id} of {kept.url}", why))
            return
        raw = self._reader.raw(kept.location)
        # An id of ours is hexadecimal; one in a ledger that somebody altered may be a path.
        stem = kept.id if _ID.fullmatch(kept.id) else hashlib.sha256(kept.id.encode()).hexdigest()
        name = f"evidence/{stem}.warc.gz"
        self.files[name] = raw
        told = {"file": name, "id": kept.id, "record": kept.record, "record_file": _file(kept.record), "url": kept.url}
        path = self._reader.path(kept.location)
        offset = self._reader.body_offset(raw, path)
        if offset is not None:
            self._reader.body(kept.location)  # checked
            told["body_file"] = f"evidence/{stem}.body.warc.gz"
            self.files[told["body_file"]] = _member(path, offset)
        self._told["evidence"].append(told)

    def list(self, source: ListSource) -> None:
        """A list as it was received, and the lines of its entries. A single notice is a record."""
        if source.notice is not None:
            return
        copy = copy_of(self._home.lists, source)
        if copy is None:
            self.missing.append(Missing(f"list {source.name}", "it is not in this home as it was received"))
            return
        told: dict[str, Any] = {
            "entries": [{"line": line, "text": text} for line, text in copy.entries],
            "name": source.name,
            "sha256": copy.sha256,
        }
        if copy.data is None:
            why = "too long to be put in; its entries are in bundle.json, and cannot be checked without it"
            self.missing.append(Missing(f"list {source.name}", why))
        else:
            told["file"] = f"lists/{copy.sha256}{copy.suffix}"
            self.files[told["file"]] = copy.data
        if copy.manifest is not None:
            told["manifest_file"] = f"lists/{copy.sha256}.manifest.note"
            self.files[told["manifest_file"]] = copy.manifest
        self._told["lists"].append(told)

    def finish(self, asked: tuple[str, ...]) -> dict[str, bytes]:
        """All files, their digests among them."""
        found = self._found
        folder = resources.files(__package__)
        for lang in LANGUAGES:
            self.files[f"README.{lang}.md"] = folder.joinpath(f"README.{lang}.md").read_bytes()
            self.files[f"summary.{lang}.txt"] = summary(found, lang).encode()
        for name, page in criteria_pages(found).items():
            self.files[f"criteria/{name}.md"] = page.encode()
        self.files[VERIFIER] = verifier_source()
        self.files["verify.py"] = bundle_verifier()
        told = self._told | {
            "asked": list(dict.fromkeys(asked)),
            "format": FORMAT,
            "missing": [{"what": one.what, "why": one.why} for one in self.missing],
            "program": f"crawlgate {__version__}",
            "records": [
                {"file": _file(name), "kind": record.kind, "record": name, "why": found.why[name]}
                for name, record in found.records.items()
            ],
        }
        self.files["bundle.json"] = orjson.dumps(told, option=_JSON)
        self.files[SUMS] = sums(self.files)
        return self.files


def bundle_verifier() -> bytes:
    """`verify.py`: from the wheel, or from the documentation."""
    here = Path(__file__).parent
    for path in (here / "verify_bundle.py", here.parents[2] / "docs" / "verify_bundle.py"):
        if path.is_file():
            return path.read_bytes()
    raise LedgerError("verify_bundle.py is missing from this installation; install crawlgate again", str(here))


def _file(record: str) -> str:
    segment, _, number = record.rpartition(":")
    return f"records/{segment}-{number}.json"


def _member(path: Path, offset: int) -> bytes:
    """The gzip member that begins at an offset: one WARC record."""
    unpacked, taken = zlib.decompressobj(31), bytearray()
    with path.open("rb") as file:
        file.seek(offset)
        while not unpacked.eof and (chunk := file.read(_CHUNK)):
            taken += chunk
            unpacked.decompress(chunk)
    return bytes(taken[: len(taken) - len(unpacked.unused_data)])
