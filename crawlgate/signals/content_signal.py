"""Content Signals: `Content-Signal` lines of robots.txt, and the header form that no document defines.

Syntax and meaning after contentsignals.org and Cloudflare's publications; draft-romm-aipref-contentsignals-00
defines the labels. A pair that is not understood is left out and the rest kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..headers import Headers
from ..model import Lint, Polarity, Purpose, Signal
from .statement import (
    LineReading,
    Statement,
    header_signals,
    joined,
    lookalikes,
    means_no,
    note,
    split_path,
    tidy_equals,
)

_HEADER = "content-signal"

_PURPOSES: Mapping[str, Purpose] = {
    "search": Purpose.SEARCH,
    "ai-input": Purpose.AI_INPUT,
    "ai-train": Purpose.TRAIN,
}

_SAYS = {"yes": Polarity.PERMITTED, "no": Polarity.RESERVED}

_USE = ("immediate", "reference", "full")
"""Levels of `use=` from the narrowest to the widest (Cloudflare, managed robots.txt)."""

_BLANKS = re.compile(r"[;\s]+")


def read_line(value: str) -> LineReading:
    """A `Content-Signal` line: `[ path 1*WS ] pair *( "," pair )` (contentsignals.org, "Advanced Usage")."""
    pattern, text = split_path(value.strip())
    return replace(_read(text), pattern=pattern)


def header(headers: Headers, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """The `Content-Signal` response header, distrusted: a `no` counts, a `yes` permits nothing.

    Cloudflare's "Markdown for Agents" converter sends `ai-train=yes` by default, so a `yes` may not be the site's.
    """
    text, cut = joined(headers, _HEADER, "content-signals")
    if cut:
        note(lint, "header_cut", "Content-Signal is too long; the rest was not read", name=_HEADER)
    if not text:
        return ()
    reading = _read(text)
    for code, message in reading.lint:
        note(lint, code, message, raw=text, name=_HEADER)
    if any(said.polarity is Polarity.PERMITTED for said in (*reading.statements, *reading.doubtful)):
        note(lint, "header_distrusted", "a yes in this header may be a default of a converter", raw=text, name=_HEADER)
        reading = replace(reading, statements=_weaken(reading.statements), doubtful=_weaken(reading.doubtful))
    return header_signals(reading, kind="content_signal.header", name=_HEADER, raw=text, evidence=evidence)


def _weaken(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return tuple(
        said._replace(polarity=Polarity.UNSPECIFIED) if said.polarity is Polarity.PERMITTED else said
        for said in statements
    )


def _read(text: str) -> LineReading:
    said: dict[str, Polarity] = {}
    meant: dict[str, Statement] = {}
    level: int | None = None
    lint: list[tuple[str, str]] = []
    pairs, odd = _pairs(text)
    for key, value in pairs:
        if key in _PURPOSES and value in _SAYS:
            polarity = _SAYS[value]
            if said.setdefault(key, polarity) is not polarity:
                lint.append(("duplicate_key", f"{key} says both yes and no; the no counts"))
                said[key] = Polarity.RESERVED
        elif key == "use" and value in _USE:
            rank = _USE.index(value)
            if level is not None and level != rank:
                lint.append(("duplicate_key", "use is written twice; the narrower one counts"))
            level = rank if level is None else min(level, rank)
        elif means_no(value) and (found := lookalikes(f"{key}={value}")):
            lint.append(("malformed_reservation", f"{key} plainly says no, but not in a form that is defined"))
            meant.setdefault(key, _own(found[0]))
        elif key in _PURPOSES or key == "use":
            lint.append(("unknown_value", f"{key} has a value that is not defined"))
        else:
            lint.append(("unknown_key", f"{key[:40]} is not a content signal"))
    if not said and not meant and (found := lookalikes(text)):
        lint.append(("malformed_reservation", "the line plainly says no, but not in a form that is defined"))
        meant = {one.label: _own(one) for one in found}
    statements = [Statement(_PURPOSES[key], polarity, key) for key, polarity in said.items()]
    statements += [statement for key, statement in meant.items() if key not in said]
    if level is not None and level < len(_USE) - 1 and "ai-train" not in said:
        statements.append(Statement(Purpose.TRAIN, Polarity.CONDITIONAL, "use"))
    if odd:
        lint.append(("separator", "pairs are separated by commas"))
    if not pairs:
        lint.append(("no_statement", "Content-Signal says nothing"))
    return LineReading(
        statements=() if odd else tuple(statements),
        doubtful=tuple(statements) if odd else (),
        ambiguity="separator" if odd else None,
        detail={} if level is None else {"use": _USE[level]},
        lint=tuple(dict.fromkeys(lint)),
    )


def _own(meant: Statement) -> Statement:
    """A statement in the labels of another protocol as this one would make it: training is one purpose here."""
    return meant if meant.purpose in _PURPOSES.values() else meant._replace(purpose=Purpose.TRAIN)


def _pairs(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Keys and values in order, and whether something other than a comma stood between two of them."""
    pairs: list[tuple[str, str]] = []
    odd = False
    for part in tidy_equals(text.lower()).split(","):
        words = [word for word in _BLANKS.split(part) if word]
        odd = odd or len(words) > 1
        for word in words:
            key, _, value = word.partition("=")
            pairs.append((key, value))
    return pairs, odd
