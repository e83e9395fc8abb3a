"""A feed as a folder of static files: where each file stands, read within bounds, written whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .feed import MANIFEST, MAX_NOTE, FeedInvalid
from .files import read_bounded, write_whole
from .lines import MAX_BYTES

MAX_KEY_SETS = 1_000
"""Key sets that are followed. Project choice: a rotation a week for nearly twenty years."""


def keys_name(serial: int) -> str:
    """Where a set of keys stands below the feed's address."""
    return f"keys/{serial}.note"


def entries_name(sha256: str) -> str:
    """Where entries stand below the feed's address."""
    return f"entries/{sha256}.jsonl"


def manifest_name(version: int) -> str:
    """Where the manifest of a version stays below the feed's address, once a newer one took its place."""
    return f"manifests/{version}.note"


class FeedFolder:
    """The files of a feed below a folder. Reading raises `FeedInvalid` (`too_long`, `unreachable`)."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self, name: str, limit: int) -> bytes | None:
        """A file of at most `limit` bytes; None where there is none."""
        try:
            data = read_bounded(self.path / name, limit)
        except OSError as error:
            raise FeedInvalid(
                "unreachable", f"{self.path / name} cannot be read: {error.strerror or error}; check its permissions"
            ) from None
        if data is not None and len(data) > limit:
            raise FeedInvalid("too_long", f"{self.path / name} is longer than {limit} bytes")
        return data

    def manifest(self) -> bytes | None:
        """The newest manifest."""
        return self.read(MANIFEST, MAX_NOTE)

    def keys(self, serial: int) -> bytes | None:
        """A set of keys."""
        return self.read(keys_name(serial), MAX_NOTE)

    def entries(self, sha256: str, size: int) -> bytes | None:
        """Entries of a given size; whether they are the right ones is not looked at."""
        return self.read(entries_name(sha256), min(size, MAX_BYTES))

    def write(self, name: str, data: bytes) -> None:
        """A file whole, or not at all. Raises `OSError`."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, data)

    def stray_keys(self) -> Iterator[Path]:
        """Files that hold a signing key; they have no business below a feed's address."""
        for place in sorted(self.path.rglob("*")):
            try:
                if place.is_file() and place.stat().st_size <= MAX_NOTE and b"PRIVATE+KEY+" in place.read_bytes():
                    yield place
            except OSError:
                continue
