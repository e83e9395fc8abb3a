"""Folders of robots.txt files as evidence: which site and which time a path stands for.

    FOLDER/www.example.com/20240501T000000Z.txt           a file for each receipt, in a folder for each host
    FOLDER/www.example.com/robots.txt/2024-05-01T00:00:00Z
    FOLDER/20240501000000/www.example.com/robots.txt       a folder for each round
    FOLDER/http%3A%2F%2Fwww.example.com%3A8080/20240501T000000Z.txt    another scheme than https, another port

A path without a time says when nothing stood there: it is no evidence for then, and told.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from .. import url as urls
from ..errors import UrlError
from ..flow import TDMREP_PATH
from ..limits import DEFAULT_LIMITS
from ..model import Evidence, EvidenceKind
from .readers.batch import Reject
from .readers.source import Remote, Source

_TIME = re.compile(
    r"(?<![0-9])([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T_-]?([0-9]{2})[:_-]?([0-9]{2})[:_-]?([0-9]{2})Z?(?![0-9])"
)


def dated_file(folder: str, source: Source) -> Evidence | Reject:
    """The evidence that a file below `folder` is, or why it is none."""
    parts = _parts(folder, source)
    times = [at for part in parts for at in [_time(part)] if at is not None]
    origin = next((found for part in parts[:-1] for found in [_origin(part)] if found is not None), None)
    if origin is None:
        return _refused(source, "no folder above it is named after a host, so that nobody knows whose file it is")
    if not times:
        return _refused(
            source, "neither its name nor a folder's says when it was received; without a time it is no evidence"
        )
    try:
        with source.open("rb") as file:
            body = file.read(DEFAULT_LIMITS.robots_bytes + 1)
    except OSError as error:
        return _refused(source, f"cannot be read: {error.strerror or error}")
    tdm = any("tdmrep" in part for part in parts)
    kind = EvidenceKind.TDMREP if tdm else EvidenceKind.ROBOTS
    url = origin + (TDMREP_PATH if tdm else "/robots.txt")
    digest = hashlib.sha256(body).hexdigest()
    return Evidence(
        id=f"{kind}:{digest[:16]}",
        kind=kind,
        url=url,
        final_url=url,
        fetched_at=max(times),
        status=200,
        body=body,
        sha256=digest,
    )


def _parts(folder: str, source: Source) -> tuple[str, ...]:
    if isinstance(source, Remote):
        base = PurePosixPath(source.fs._strip_protocol(folder.partition("::")[0])).parts
        return source.parts[len(base) :]
    return source.relative_to(Path(folder)).parts


def _time(part: str) -> datetime | None:
    match = _TIME.search(unquote(part))
    try:
        return None if match is None else datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def _origin(part: str) -> str | None:
    """The origin that a folder is named after; https, unless its name says otherwise."""
    name = unquote(part)
    if "." not in name and "localhost" not in name and ":" not in name:
        return None
    if name.endswith(".txt") or (_time(name) is not None and "://" not in name):
        return None
    try:
        return urls.parse(name if "://" in name else f"https://{name}/").origin
    except UrlError:
        return None


def _refused(source: Source, why: str) -> Reject:
    return Reject(str(source), None, None, "evidence", why)
