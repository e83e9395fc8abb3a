"""Handing a checkpoint to something outside: a file, a git repository, or a command.

    file:/mnt/elsewhere/checkpoints     appended to that file
    git:/srv/checkpoints                <segment>.checkpoint in that repository, committed
    command:tee -a /dev/lp0             given to that command on its standard input

An anchor proves as much as its keeper is independent of whoever keeps the ledger: a file on the same disk proves
nothing.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError, LedgerError, LedgerInvalid
from ..signed_note import NoteError, VerifierKey, parse, verify
from .checkpoint import Checkpoint
from .upkeep import Anchor

TIMEOUT = 60.0
"""Seconds that git or a command may take."""

_DASH = "— ".encode()


def anchor(spec: str) -> Anchor:
    """The anchor of a spec. Raises `ConfigError` for one that cannot be."""
    kind, _, what = spec.partition(":")
    what = what.strip()
    if not what or kind not in ("file", "git", "command"):
        raise ConfigError(f"anchor {spec!r} is unknown; write file:PATH, git:REPOSITORY or command:COMMAND")
    if kind == "file":
        return _File(Path(what))
    if kind == "git":
        if not Path(what).is_dir():
            raise ConfigError(f"anchor {spec!r}: there is no directory {what}")
        return _Git(Path(what))
    try:
        words = shlex.split(what)
    except ValueError as error:
        raise ConfigError(f"anchor {spec!r}: {error}") from None
    return _Command(words)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, note: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(note + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LedgerError(f"anchor {self._path}: {error.strerror}", str(self._path)) from None


class _Git:
    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def __call__(self, note: bytes) -> None:
        checkpoint = Checkpoint.parse(parse(note).text)
        name = f"{checkpoint.segment}.checkpoint"
        message = f"Checkpoint of {checkpoint.size} records of {checkpoint.origin}"
        try:
            (self._repository / name).write_bytes(note)
        except OSError as error:
            raise LedgerError(f"anchor {self._repository}: {error.strerror}", str(self._repository)) from None
        _run(["git", "-C", str(self._repository), "add", "--", name], b"")
        _run(["git", "-C", str(self._repository), "commit", "-q", "-m", message, "--", name], b"")


class _Command:
    def __init__(self, words: list[str]) -> None:
        self._words = words

    def __call__(self, note: bytes) -> None:
        _run(self._words, note)


def _run(words: list[str], given: bytes) -> None:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 (the user's own command, without a shell)
            words, input=given, capture_output=True, timeout=TIMEOUT, env=environment, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LedgerError(f"anchor {words[0]}: {error}", words[0]) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-500:]
        raise LedgerError(f"anchor {words[0]}: exit code {done.returncode}: {said}", words[0])


def read_notes(data: bytes) -> list[bytes]:
    """The notes of a file to which checkpoints were appended, oldest first. Raises `NoteError` for one without any."""
    notes: list[bytes] = []
    lines: list[bytes] = []
    signed = False
    for line in data.splitlines(keepends=True):
        if signed and not line.startswith(_DASH):
            notes.append(b"".join(lines))
            lines, signed = [], False
        if not lines and not line.strip():
            continue
        lines.append(line)
        signed = signed or line.startswith(_DASH)
    if lines:
        notes.append(b"".join(lines))
    if not notes:
        raise NoteError("malformed", "holds no checkpoint")
    return notes


def read_kept(path: Path, keys: Sequence[VerifierKey]) -> list[Checkpoint]:
    """The checkpoints in a file; where `keys` are given, each signed by one of them.

    Raises `ConfigError` for a file that holds none, `LedgerInvalid` for one that no such key signed.
    """
    try:
        notes = read_notes(path.read_bytes())
    except (OSError, NoteError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"checkpoint {path}: {why}") from None
    found = []
    for note in notes:
        try:
            text = verify(note, keys)[0] if keys else parse(note).text
            found.append(Checkpoint.parse(text))
        except NoteError as error:
            if error.code in ("bad_signature", "unknown_keys"):
                raise LedgerInvalid(f"checkpoint {path}: {error}", str(path)) from None
            raise ConfigError(f"checkpoint {path}: {error}") from None
    return found
