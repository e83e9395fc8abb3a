"""That what goes is what was audited: each row that is taken out still has the URL that the list names."""

from __future__ import annotations

from collections.abc import Iterable

from ... import url as urls
from ...errors import ConfigError, UrlError
from ..readers import Source
from .chosen import Going


class Check:
    """The rows of one file, as they come."""

    def __init__(self, source: Source, going: Going) -> None:
        self._source = source
        self._expected = dict(zip(going.rows.tolist(), going.urls, strict=True))

    def seen(self, rows: Iterable[int], found: Iterable[str | None]) -> None:
        """Rows that are taken out, with their URLs as they stand. Raises `ConfigError` for another one."""
        for row, url in zip(rows, found, strict=True):
            expected = self._expected.pop(row, None)
            if expected is None or url is None or not _same(url, expected):
                raise ConfigError(
                    f"{self._source}: row {row} is not the one that was audited; run the audit again with this version"
                )

    def done(self) -> None:
        """Raises `ConfigError` if a row was not found."""
        if self._expected:
            row = min(self._expected)
            raise ConfigError(f"{self._source}: row {row} of the removal list is not in it; run the audit again")


def _same(url: str, expected: str) -> bool:
    if url == expected:
        return True
    try:
        return urls.parse(url).href == expected
    except UrlError:
        return False
