"""The archive itself: the same files give the same bytes, and nothing is half there."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ...errors import ConfigError

SUMS = "SHA256SUMS"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX, _MODE = 3, 0o100644 << 16


def sums(files: Mapping[str, bytes]) -> bytes:
    """What `sha256sum -c` reads, and a last line over the lines above."""
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return f"{lines}# sha256 of the lines above: {hashlib.sha256(lines.encode()).hexdigest()}\n".encode()


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip file, sorted, without times, not compressed: what compression gives differs between machines."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _MODE
            packed.writestr(info, files[name])
    return buffer.getvalue()


def put(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file whole or not at all. Raises `ConfigError` for one that is there already, unless `force`."""
    if path.is_dir():
        raise ConfigError(f"{path} is a directory; name a file")
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; --force writes over it, or choose another name")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; choose another place") from None
