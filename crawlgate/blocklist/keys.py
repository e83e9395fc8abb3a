"""Keys of a feed on disk: one file for the secret half, one for the public half, both one line of text."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError
from ..signed_note import NoteError, SigningKey, VerifierKey

SECRET, PUBLIC = ".key", ".pub"
"""Endings of key files."""

_LONGEST = 4096


def make_key(name: str, folder: Path) -> tuple[SigningKey, Path, Path]:
    """A new key under `name` and the files of its halves in `folder`; the secret one only its owner reads.

    `name` says whose key it is: a host and a path, like `rights.example/feed-2026`. Raises `ConfigError` for a
    name that no key can bear, and where a file is there already: keys are never overwritten.
    """
    try:
        key = SigningKey.generate(name)
    except NoteError as error:
        raise ConfigError(f"key name: {error}; for example rights.example/feed-2026") from None
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "feed"
    secret, public = folder / f"{stem}{SECRET}", folder / f"{stem}{PUBLIC}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(public, str(key.verifier), 0o644)
        try:
            _write_new(secret, key.encoded, 0o600)
        except OSError:
            public.unlink()
            raise
    except FileExistsError as error:
        raise ConfigError(
            f"key file {error.filename} is there already, and a key is never overwritten; choose another name or folder"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"key files in {folder} cannot be written: {error.strerror or error}; choose another folder"
        ) from None
    return key, secret, public


def read_signing_key(path: str | Path) -> SigningKey:
    """The secret half from its file. Raises `ConfigError`; no message holds the secret."""
    text = _text(path)
    if text.startswith("PRIVATE+KEY+"):
        try:
            return SigningKey.parse(text)
        except NoteError as error:
            raise ConfigError(f"key file {path}: {error}") from None
    raise ConfigError(f"key file {path} holds no signing key; name the file that ends in {SECRET}")


def read_verifier_key(given: str) -> VerifierKey:
    """A public half, given as its text (`name+hash+base64`) or as the path of its file. Raises `ConfigError`."""
    text = given.strip()
    if text.startswith("PRIVATE+KEY+"):
        raise ConfigError("this is a signing key; give its public half, and keep this one secret")
    if text.count("+") < 2 or os.path.lexists(text):
        text = _text(text)
    try:
        return VerifierKey.parse(text)
    except NoteError as error:
        raise ConfigError(f"key {given[:120]!r}: {error}; one reads name+hash+base64") from None


def read_verifier_keys(given: Sequence[str]) -> tuple[VerifierKey, ...]:
    """Public halves, each once. Raises `ConfigError` for one that is named twice."""
    keys: list[VerifierKey] = []
    for item in given:
        key = read_verifier_key(item)
        if any(key.public == other.public for other in keys):
            raise ConfigError(f"key {key.name} is named twice; a threshold counts different keys")
        keys.append(key)
    return tuple(keys)


def _text(path: str | Path) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise ConfigError(f"key file {path} is longer than {_LONGEST} bytes; it holds no key")
        return data.decode().strip()
    except OSError as error:
        raise ConfigError(
            f"key {str(path)[:120]!r} cannot be read: {error.strerror or error}; give name+hash+base64, or the path of "
            "a key file"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"key file {path} holds no key; a key is one line of text") from None


def _write_new(path: Path, text: str, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
