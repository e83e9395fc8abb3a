"""Proofs as files: records, inclusion and consistency proofs, keys, and the verifier."""

from __future__ import annotations

import shlex
from pathlib import Path

import orjson

from ..errors import ConfigError
from ..home import Home
from ..ledger.anchor import read_notes
from ..ledger.checkpoint import read
from ..ledger.prove import Proof, Prover, verifier_source
from ..ledger.record import RecordError, record_id
from ..signed_note import NoteError

VERIFIER = "verify_record.py"


class ProofFiles:
    """Writes proofs into a folder. `names` are the files, `command` what checks them.

    Raises `ConfigError` for a folder that cannot be written or a kept checkpoint that is none, `ProofError` where
    there is no proof.
    """

    def __init__(self, home: Home, folder: Path, kept: Path | None) -> None:
        self.names: list[Path] = []
        self._prover = Prover(home.ledger)
        self._folder = folder
        self._kept = None if kept is None else _last_note(kept)
        self._keys: set[str] = set()
        self._runs: list[list[str]] = []

    @property
    def runs(self) -> list[list[str]]:
        """The files that the verifier takes together, pair after pair."""
        return self._runs

    @property
    def command(self) -> str:
        """The commands that check all of it."""
        key = min(self._keys) if len(self._keys) == 1 else "KEY"
        runs = (shlex.join(["python", VERIFIER, key, *files]) for files in self._runs)
        return f"cd {shlex.quote(str(self._folder))} && " + " && ".join(runs)

    def record(self, name: str, *, context: bool) -> None:
        """The files for one record."""
        try:
            record_id(name)
        except RecordError as error:
            raise ConfigError(str(error)) from None
        wanted = [name, *(self._prover.context(name) if context else ())]
        self._runs.append([file for each in wanted for file in self._proof(self._prove(each))])
        self._key(name.rpartition(":")[0])
        if self._kept is not None and read(self._kept).segment != name.rpartition(":")[0]:
            chain = self._prover.chain(name.rpartition(":")[0], self._kept)
            first = self._proof(self._prover.inclusion(name))
            self._runs.append([*first, *(file for proof in chain for file in self._proof(proof))])

    def finish(self) -> None:
        """The verifier, and the consistency of the kept checkpoint with the newest of its segment."""
        if self._kept is not None:
            proof = self._prover.consistency(self._kept)
            if proof.old < read(proof.note).size:
                stem = f"{proof.segment}-{proof.old}"
                names = [f"{stem}.checkpoint", f"{stem}.consistency"]
                self._write(names[0], self._kept)
                self._write(names[1], proof.text)
                self._runs.append(names)
        self._write(VERIFIER, verifier_source())

    def _prove(self, name: str) -> Proof:
        """Under the kept checkpoint where it covers the record, otherwise under the newest."""
        segment, _, number = record_id(name).rpartition(":")
        covers = self._kept is not None and read(self._kept).segment == segment and int(number) < read(self._kept).size
        return self._prover.inclusion(name, self._kept if covers else None)

    def _proof(self, proof: Proof) -> list[str]:
        stem = f"{proof.segment}-{proof.index}"
        names = [f"{stem}.json", f"{stem}.tlog-proof"]
        self._write(names[0], proof.line + b"\n")
        self._write(names[1], proof.text)
        return names

    def _key(self, segment: str) -> None:
        """The verifier key that the segment's head names."""
        key = orjson.loads(self._prover.inclusion(f"{segment}:0").line).get("key")
        if isinstance(key, str) and key not in self._keys:
            self._keys.add(key)
            self._write("ledger.pub" if len(self._keys) == 1 else f"ledger-{len(self._keys)}.pub", key.encode() + b"\n")

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}; choose another folder with --out") from None
        if path not in self.names:
            self.names.append(path)


def _last_note(path: Path) -> bytes:
    try:
        note = read_notes(path.read_bytes())[-1]
        read(note)
    except OSError as error:
        raise ConfigError(f"checkpoint {path}: {error.strerror}") from None
    except NoteError as error:
        raise ConfigError(f"checkpoint {path}: {error}") from None
    return note
