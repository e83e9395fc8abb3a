"""IETF AIPREF: `Content-Usage` as a robots.txt rule and as a response header.

Labels and values follow draft-ietf-aipref-vocab-08, placement draft-ietf-aipref-attach-05. Labels that earlier
revisions defined are still published; such an `n` counts, flagged, and such a `y` permits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import http_sf

from ..headers import Headers
from ..model import Lint, Polarity, Purpose, Signal
from .statement import LineReading, Statement, header_signals, joined, lookalikes, means_no, note, split_path

_HEADER = "content-usage"

_CURRENT: Mapping[str, Purpose] = {
    "train-ai": Purpose.TRAIN_GEN,
    "ai-use": Purpose.AI_INPUT,
    "search": Purpose.SEARCH,
}

_LEGACY: Mapping[str, Purpose] = {
    "tdm": Purpose.TDM,
    "all": Purpose.TDM,
    "bots": Purpose.TDM,
    "ai": Purpose.TRAIN,
    "genai": Purpose.TRAIN_GEN,
    "train-genai": Purpose.TRAIN_GEN,
    "inference": Purpose.AI_INPUT,
    "ai-output": Purpose.AI_INPUT,
}

_SAYS = {"y": Polarity.PERMITTED, "n": Polarity.RESERVED}


def read_line(value: str) -> LineReading:
    """A `Content-Usage` rule of robots.txt: `[ path-pattern 1*WS ] usage-pref` (attach, "content-usage")."""
    pattern, text = split_path(value.strip())
    return _read(text, pattern)


def header(headers: Headers, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """The `Content-Usage` response header: several lines are one RFC 9651 Dictionary, about that response."""
    text, cut = joined(headers, _HEADER)
    if cut:
        note(lint, "header_cut", "Content-Usage is too long; the rest was not read", name=_HEADER)
    if not text:
        return ()
    reading = _read(text, None)
    for code, message in reading.lint:
        note(lint, code, message, raw=text, name=_HEADER)
    return header_signals(reading, kind="aipref.header", name=_HEADER, raw=text, evidence=evidence)


def _read(text: str, pattern: Any) -> LineReading:
    """vocab-08 "Processing": Token `y` or `n` per known label; a text that does not parse says nothing."""
    repeated: list[str] = []
    try:
        parsed = http_sf.parse(
            text.encode("utf-8", "replace"),
            tltype="dictionary",
            on_duplicate_key=lambda key, _: repeated.append(key),
        )
    except ValueError as error:
        meant = lookalikes(text)
        code = "malformed_reservation" if meant else "malformed"
        return LineReading(pattern=pattern, statements=meant, lint=((code, f"Content-Usage does not parse: {error}"),))
    lint = [("duplicate_key", f"{key} is written twice; the last one counts") for key in dict.fromkeys(repeated)]
    statements: list[Statement] = []
    legacy: list[Statement] = []
    members: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    for label, member in members.items():
        polarity = _polarity(member[0])
        if label in _CURRENT and polarity is not None:
            statements.append(Statement(_CURRENT[label], polarity, label))
        elif label in _LEGACY and polarity is not None:
            lint.append(("legacy_label", f"{label} is a label of an earlier draft"))
            if polarity is Polarity.RESERVED:
                legacy.append(Statement(_LEGACY[label], polarity, label))
            else:
                statements.append(Statement(_LEGACY[label], Polarity.UNSPECIFIED, label))
        elif meant := lookalikes(f"{label}={_word(member[0])}"):
            lint.append(("malformed_reservation", f"{label} plainly says no, but only the token n does"))
            statements += meant
        elif label in _CURRENT or label in _LEGACY:
            lint.append(("unknown_value", f"{label} is neither y nor n"))
        else:
            lint.append(("unknown_label", f"{label} is not a label of Content-Usage"))
    if not members:
        lint.append(("no_statement", "Content-Usage says nothing"))
    return LineReading(
        pattern=pattern,
        statements=tuple(statements),
        doubtful=tuple(legacy),
        ambiguity="legacy_label" if legacy else None,
        lint=tuple(lint),
    )


def _polarity(value: Any) -> Polarity | None:
    """What a bare item says; the String "n" is not the Token n (RFC 9651 3.3)."""
    return _SAYS.get(str(value)) if isinstance(value, http_sf.Token) else None


def _word(value: Any) -> str:
    """A bare item as an author would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    word = str(value) if isinstance(value, (str, int, http_sf.Token)) else ""
    return "no" if means_no(word) else "yes"
