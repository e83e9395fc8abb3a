"""Where a feed is read from: a folder, or an address on the web. The same files, the same bounds."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .. import url as urls
from ..errors import ConfigError, UrlError
from ..evidence.download import Downloaded, Downloader
from ..limits import Limits
from .feed import MANIFEST, MAX_NOTE, FeedInvalid
from .folder import FeedFolder, entries_name, keys_name, manifest_name

Progress = Callable[[int, int], None]
"""Called with the bytes that have come, and all there are."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A manifest as offered, and what the server calls this state of it."""

    data: bytes
    etag: str = ""
    last_modified: str = ""


class Source(Protocol):
    """What a feed is read from. Every method raises `FeedInvalid` (`unreachable`, `slow`, `too_long`)."""

    def manifest(self, etag: str = "", last_modified: str = "") -> Fresh | None:
        """The newest manifest; None where the server says that it is the one so named."""
        ...

    def keys(self, serial: int) -> bytes | None:
        """A set of keys, None where there is none."""
        ...

    def past(self, version: int) -> bytes | None:
        """The manifest of an earlier version, None where there is none."""
        ...

    def entries(self, sha256: str, size: int, target: Path, progress: Progress | None = None) -> str:
        """Write the entries of a manifest to `target`; the hash of what came, whatever that is."""
        ...


class FolderSource:
    """A feed in a folder: a disk, a share, a mounted bucket."""

    def __init__(self, path: str | Path) -> None:
        self._folder = FeedFolder(path)

    def manifest(self, etag: str = "", last_modified: str = "") -> Fresh | None:  # noqa: ARG002 (a folder has none)
        data = self._folder.manifest()
        if data is None:
            raise FeedInvalid(
                "unreachable", f"{self._folder.path} holds no {MANIFEST}; name the folder of a signed feed"
            )
        return Fresh(data)

    def keys(self, serial: int) -> bytes | None:
        return self._folder.keys(serial)

    def past(self, version: int) -> bytes | None:
        return self._folder.read(manifest_name(version), MAX_NOTE)

    def entries(self, sha256: str, size: int, target: Path, progress: Progress | None = None) -> str:
        data = self._folder.entries(sha256, size)
        if data is None:
            raise FeedInvalid("unreachable", f"{self._folder.path / entries_name(sha256)} is not there")
        target.write_bytes(data)
        if progress is not None:
            progress(len(data), size)
        return hashlib.sha256(data).hexdigest()


class WebSource:
    """A feed below a web address. `downloader` decides which addresses may be reached."""

    def __init__(self, address: str, downloader: Downloader, limits: Limits) -> None:
        self.base = base_address(address)
        self._downloader = downloader
        self._limits = limits

    def manifest(self, etag: str = "", last_modified: str = "") -> Fresh | None:
        named = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        conditions = {name: value for name, value in named.items() if value and value.isprintable() and value.isascii()}
        body = io.BytesIO()
        found = self._get(MANIFEST, body, conditions)
        if found.status == 304 and conditions:
            return None
        if found.status != 200:
            raise _unexpected(found)
        return Fresh(body.getvalue(), found.etag, found.last_modified)

    def keys(self, serial: int) -> bytes | None:
        return self._perhaps(keys_name(serial))

    def past(self, version: int) -> bytes | None:
        return self._perhaps(manifest_name(version))

    def _perhaps(self, name: str) -> bytes | None:
        body = io.BytesIO()
        found = self._get(name, body, {})
        if found.status in (404, 410):
            return None
        if found.status != 200:
            raise _unexpected(found)
        return body.getvalue()

    def entries(self, sha256: str, size: int, target: Path, progress: Progress | None = None) -> str:
        limits = self._limits
        seconds = min(limits.feed_deadline, limits.feed_wait + size / limits.feed_rate)
        address = urls.parse(self.base + entries_name(sha256))
        # Written aside first: nothing of a broken download is ever seen under its name.
        with tempfile.TemporaryFile(dir=target.parent) as body:
            found = self._downloader.get(
                address,
                body,
                max_bytes=size,
                seconds=seconds,
                progress=None if progress is None else lambda came: progress(came, size),
            )
            if found.status != 200:
                raise _unexpected(found)
            body.seek(0)
            with target.open("wb") as file:
                shutil.copyfileobj(body, file)
        return found.sha256

    def _get(self, name: str, body: io.BytesIO, conditions: dict[str, str]) -> Downloaded:
        return self._downloader.get(
            urls.parse(self.base + name),
            body,
            max_bytes=MAX_NOTE,
            seconds=self._limits.feed_wait,
            conditions=conditions,
        )


def is_address(source: str) -> bool:
    """True for a web address, False for a path."""
    return source.lower().startswith(("http://", "https://"))


def base_address(address: str) -> str:
    """The address below which a feed's files stand, ending in a slash. Raises `ConfigError`."""
    try:
        url = urls.parse(address)
    except UrlError as error:
        raise ConfigError(f"feed address: {error}") from None
    if "?" in url.target:
        raise ConfigError(f"feed address {url.href} holds a query; a feed is a folder of static files")
    return url.href.removesuffix(MANIFEST).rstrip("/") + "/"


def _unexpected(found: Downloaded) -> FeedInvalid:
    if found.error is None:
        return FeedInvalid("unreachable", f"{found.url} answered {found.status}; check the address")
    code = found.error.partition(":")[0]
    if code == "disk":
        why = found.error.partition(": ")[2]
        raise ConfigError(f"the feed cannot be kept: {why}; make room, or choose another home")
    known = {"timeout": "slow", "too_long": "too_long"}.get(code, "unreachable")
    way_out = "; if the address is yours, allow it (--allow-address)" if code == "address_refused" else ""
    return FeedInvalid(known, f"{found.url}: {found.error}{way_out}")
