"""Reading the fields of a case: what is missing, of the wrong type or misspelt is told with its key path."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from .. import url as urls
from ..declaration import instant, suggestion
from ..errors import ConfigError, UrlError
from ..url import Url

T = TypeVar("T")

# A key this near to a known one is a slip of the pen; others are notes of the author's.
_NEAR = 0.8


class CaseError(ConfigError):
    """A case cannot be read; the message names the field."""


class NotJudged(Exception):
    """A case asks for something this version does not judge; the message says what."""


def table(parent: Mapping[str, Any], name: str, where: str = "", *, optional: bool = False) -> Mapping[str, Any]:
    """An object. An optional one that is missing or null is empty."""
    value = parent.get(name)
    if value is None and optional:
        return {}
    if not isinstance(value, Mapping):
        raise CaseError(f"{_path(where, name)} is missing; it must be an object" if value is None
                        else f"{_path(where, name)} must be an object, not {value!r}"[:300])  # fmt: skip
    return value


def rows(parent: Mapping[str, Any], name: str, where: str = "") -> Sequence[Any]:
    """A list; missing or null is empty."""
    value = parent.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CaseError(f"{_path(where, name)} must be a list, not {value!r}"[:300])
    return value


def text(parent: Mapping[str, Any], name: str, where: str = "") -> str:
    """A string that is not empty."""
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise CaseError(f"{_path(where, name)} is missing; it must be a string")
    return value


def optional_text(parent: Mapping[str, Any], name: str, where: str = "") -> str | None:
    """A string, or None where it is missing, null or empty."""
    value = parent.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CaseError(f"{_path(where, name)} must be a string, not {value!r}"[:300])
    return value


def flag(parent: Mapping[str, Any], name: str, where: str = "") -> bool | None:
    """True, false, or None where it is missing or null."""
    value = parent.get(name)
    if value is not None and not isinstance(value, bool):
        raise CaseError(f"{_path(where, name)} must be true or false, not {value!r}"[:300])
    return value


def whole(parent: Mapping[str, Any], name: str, where: str = "") -> int | None:
    """A whole number from 0 up, or None."""
    value = parent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CaseError(f"{_path(where, name)} must be a whole number from 0 up, not {value!r}"[:300])
    return value


def status(parent: Mapping[str, Any], name: str, where: str = "") -> int | None:
    """An HTTP status, or None."""
    value = parent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:
        raise CaseError(f"{_path(where, name)} must be a whole number from 100 to 599, not {value!r}"[:300])
    return value


def member(value: Any, known: Iterable[T], where: str) -> T:
    """The one of `known` that `value` names; `CaseError` with a suggestion."""
    words = {str(item): item for item in known}
    if not isinstance(value, str) or value not in words:
        raise CaseError(f"{where} {value!r} is unknown{suggestion(str(value), words)}; known: {', '.join(words)}")
    return words[value]


def moment(value: Any, where: str, *, end_of_day: bool = False) -> datetime:
    """A time with a zone, or a date: its beginning, or its end."""
    at = instant(value, where, end_of_day=end_of_day)
    if at is None:
        raise CaseError(f"{where} is missing; write a time with a zone, as in 2026-11-10T03:00:00Z")
    return at


def url(value: Any, where: str = "url") -> Url:
    """A URL that can be asked about. A name and a password in it are left out: what is asked is the page."""
    if not isinstance(value, str) or not value:
        raise CaseError(f"{where} is missing; it must be a URL")
    try:
        return urls.parse(urls.without_userinfo(value))
    except UrlError as error:
        raise CaseError(f"{where}: {error}") from None


def refuse_slips(given: Mapping[str, Any], known: Iterable[str], where: str = "") -> None:
    """Refuse a key that is nearly a known one: what it says would be lost without a word."""
    words = list(known)
    for name in given:
        if name in words:
            continue
        near = difflib.get_close_matches(str(name), words, n=1, cutoff=_NEAR)
        if near and near[0] not in given:
            raise CaseError(f"{_path(where, str(name))} is unknown, did you mean {near[0]!r}?")


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
