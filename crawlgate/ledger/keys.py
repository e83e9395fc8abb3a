"""The key that signs checkpoints: one for a home, made at its first use, in `keys/ledger.key` (readable by its owner).

It tells this ledger's checkpoints from anybody else's. It does not stand against somebody who can read the home:
who holds the key can rewrite the ledger and sign it again. What stands against that is a checkpoint kept elsewhere.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
from pathlib import Path

from ..errors import ConfigError
from ..signed_note import NoteError, SigningKey, VerifierKey

SIGNING, VERIFYING = "ledger.key", "ledger.pub"
_PREFIX = "crawlgate-ledger/"
_log = logging.getLogger(__name__)


def new_name() -> str:
    """A name for a ledger that no other has."""
    return _PREFIX + secrets.token_hex(8)


def home_key(directory: Path) -> SigningKey:
    """The key of the home whose keys are kept in `directory`; made if there is none. Raises `ConfigError`."""
    path = directory / SIGNING
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the home's
            save(SigningKey.generate(new_name()), directory)
    return load(path)


def load(path: Path) -> SigningKey:
    """The signing key in a file. Raises `ConfigError` naming the file, the reason and the way out."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            _log.warning("the signing key %s can be read by others; chmod 600 it", path)
        return SigningKey.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(
            f"signing key {path}: {why}; name another with ledger_key=, or make one with `crawlgate ledger keygen`"
        ) from None
    except NoteError as error:
        raise ConfigError(f"signing key {path}: {error}") from None


def save(key: SigningKey, directory: Path) -> Path:
    """Write a key and its public half. Raises `FileExistsError` if there is a key already, `ConfigError` where the
    directory cannot be written."""
    path = directory / SIGNING
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(path, key.encoded + "\n", 0o600)
        with contextlib.suppress(FileExistsError):
            _create(directory / VERIFYING, f"{key.verifier}\n", 0o644)
    except FileExistsError:
        raise
    except OSError as error:
        raise ConfigError(f"signing key {path} cannot be written: {error.strerror}; choose another directory") from None
    return path


def replace(key: SigningKey, directory: Path) -> None:
    """Put a key in the place of the one before, whose two halves are kept beside it under the name of its id."""
    path, public = directory / SIGNING, directory / VERIFYING
    before = load(path)
    for file in (path, public):
        if file.exists():
            file.rename(file.with_name(f"{before.verifier.id.hex()}-{file.name}"))
    save(key, directory)


def public_key(text: str) -> VerifierKey:
    """A verifier key from its text, or from a file that holds it. Raises `ConfigError`."""
    try:
        if "+" not in text or Path(text).is_file():
            return VerifierKey.parse(Path(text).read_text("utf-8"))
        return VerifierKey.parse(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"verifier key {text[:120]!r}: {error}") from None
    except NoteError as error:
        raise ConfigError(f"verifier key {text[:120]!r}: {error}") from None


def _create(path: Path, text: str, mode: int) -> None:
    """A new file with all of its text, or none: no reader ever finds half a key."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()
