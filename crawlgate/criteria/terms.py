"""What fills the gaps of Japanese sentences: words of ours in Japanese, words of others as they are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

_LINE = re.compile(r" \(line (\d+)\)")
_MORE = re.compile(r" and (\d+) more\Z")
_ATTEMPT = re.compile(r"\battempt (\d+)")
_HTTP = re.compile(r"http_(\d{3})\Z")
_HOURS = re.compile(r"([\d.]+) h\Z")
_WORD = re.compile(r"\([^)]*\)|[a-z_]+")  # what stands in brackets is said by others


def in_japanese(name: str, value: str) -> str:
    """The value of a sentence's parameter as it stands in a Japanese sentence."""
    change = _CHANGES.get(name)
    return change(value) if change else value


@cache
def terms() -> Mapping[str, Mapping[str, str]]:
    """The words by section."""
    return tomllib.loads(resources.files(__package__).joinpath("terms.toml").read_text("utf-8"))


def _quote(value: str) -> str:
    return _LINE.sub(r"（\1行目）", value)


def _why(value: str) -> str:
    """A short code, with the message of a network or a server after it."""
    status = _HTTP.match(value)
    if status:
        return f"HTTP {status[1]}"
    code, colon, message = value.partition(": ")
    word = terms()["why"].get(code, code)
    return f"{word}: {message}" if colon else word


def _listed(section: str) -> Callable[[str], str]:
    def change(value: str) -> str:
        return "、".join(terms()[section].get(part, part) for part in value.split(", "))

    return change


def _names(value: str) -> str:
    return _MORE.sub(r"、ほか\1件", value).replace(", ", "、")


def _step(value: str) -> str:
    return _ATTEMPT.sub(r"試行\1", value)


def _told(value: str) -> str:
    """Figures against limits, or parts of an identity: `site_pages 180000 > 50000 pages (A. Person, 2026-04-01)`."""
    first, space, rest = value.partition(" ")
    if value.startswith("user agent "):
        return f"User-Agent {value.removeprefix('user agent ')}"
    if first in terms()["changed"]:
        return f"{terms()['changed'][first]} {rest}"
    if space and first in terms()["limits"]:
        words = {**terms()["limits"], **terms()["units"]}
        return _WORD.sub(lambda match: words.get(match[0], match[0]), value)
    return value


def _age(value: str) -> str:
    return _HOURS.sub(r"\1時間", value)


_CHANGES: Mapping[str, Callable[[str], str]] = {
    "quote": _quote,
    "against": _quote,
    "why": _why,
    "changed": _listed("changed"),
    "parts": _listed("parts"),
    "agents": _names,
    "names": _names,
    "refused": _step,
    "record": _step,
    "told": _told,
    "age": _age,
}
