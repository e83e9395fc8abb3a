"""Challenges of HTTP authentication: schemes and parameters (RFC 9110 11.6.1).

Challenges and their parameters are both separated by commas: a scheme is a token that begins a list element and has no
`=` after it. `License` is the scheme of RSL's Crawler Authorization Protocol.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..headers import Headers
from ..model import Lint
from .statement import clip, note

MAX_ELEMENTS = 200
"""Schemes and parameters of one header line that are read."""

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]++"
_ELEMENT = re.compile(
    rf"(,?)[ \t,]*+(?:({_WORD})[ \t]*+=(?:[ \t]*+\"((?:[^\"\\]|\\.)*+)\"?|[ \t]*+([^ \t,\"]*+))|({_WORD})|[^,])",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CAP_ERRORS = ("invalid_request", "invalid_token", "insufficient_scope", "server_error")


class Challenge(NamedTuple):
    """One challenge: the scheme in lower case, and its parameters by name in lower case, the first of equal names."""

    scheme: str
    parameters: Mapping[str, str]


def read(values: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of `WWW-Authenticate` values, in order. Never raises; time is linear."""
    return tuple(challenge for value in values for challenge in _of_line(value))


def _of_line(value: str) -> Iterator[Challenge]:
    found: dict[str, str] = {}
    current: str | None = None
    begins = True
    for count, element in enumerate(_ELEMENT.finditer(value)):
        if count >= MAX_ELEMENTS:
            break
        comma, name, quoted, bare, scheme = element.groups()
        begins = begins or bool(comma)
        if scheme is not None and begins:
            if current is not None:
                yield Challenge(current, found)
            current, found = scheme.lower(), {}
        elif name is not None:
            found.setdefault(name.lower(), bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
        begins = False
    if current is not None:
        yield Challenge(current, found)


def licence(headers: Headers) -> Challenge | None:
    """The challenge of RSL's scheme, None where there is none (RSL 1.0, Crawler Authorization Protocol)."""
    return next((each for each in read(headers.all("www-authenticate")) if each.scheme == "license"), None)


def licence_detail(challenge: Challenge, linked: str) -> dict[str, str]:
    """What a licence challenge tells a person: the error, why, where a licence is to be had."""
    named = ("error", "error_description", "authorization_uri", "realm", "scope")
    return {"licence": linked} | {name: clip(challenge.parameters.get(name, "")) for name in named}


def check_licence(challenge: Challenge, status: int, linked: str, lint: list[Lint] | None) -> None:
    """What RSL wants of such an answer and its author left out."""
    raw = " ".join(f"{name}={value}" for name, value in challenge.parameters.items())
    error = challenge.parameters.get("error", "")
    if not error:
        note(lint, "cap_without_error", "a License challenge names its error", raw=raw, name="www-authenticate")
    elif error not in _CAP_ERRORS:
        note(lint, "cap_unknown_error", "the error is none that RSL 1.0 defines", raw=error, name="www-authenticate")
    if status in (401, 402) and not linked:
        note(
            lint,
            "cap_without_licence",
            "RSL 1.0 wants a Link to the licence, or the licence as the body",
            raw=raw,
            name="www-authenticate",
        )
