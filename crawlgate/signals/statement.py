"""What the readers of usage statements share: the statement itself, path forms, and lookalikes of a "no"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from .pathmatch import PathPattern

_SEPARATORS = re.compile(r"[,;\s]+")

_LABELS: Mapping[str, Purpose] = {
    "train-ai": Purpose.TRAIN_GEN,
    "train-genai": Purpose.TRAIN_GEN,
    "genai": Purpose.TRAIN_GEN,
    "ai": Purpose.TRAIN,
    "ai-train": Purpose.TRAIN,
    "ai-use": Purpose.AI_INPUT,
    "ai-input": Purpose.AI_INPUT,
    "search": Purpose.SEARCH,
    "tdm": Purpose.TDM,
    "all": Purpose.TDM,
    "bots": Purpose.TDM,
}

_NO_VALUES = ("n", "no", "false", "off", "0", "?0", "none", "never")
_NO = frozenset((*_NO_VALUES, "deny", "denied", "disallow", "disallowed", "forbidden", "prohibited", "reserved"))


class Statement(NamedTuple):
    """One purpose and what is said of it; `label` is the word the site wrote."""

    purpose: Purpose
    polarity: Polarity
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReading:
    """What one line or header value says.

    `doubtful` are statements that rest on the stricter of two readings, named by `ambiguity`. `lint` holds
    code and message; the caller knows where the line stood. `pattern` is None where no path was written.
    """

    pattern: PathPattern | None = None
    statements: tuple[Statement, ...] = ()
    doubtful: tuple[Statement, ...] = ()
    ambiguity: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    lint: tuple[tuple[str, str], ...] = ()


def means_no(value: str) -> bool:
    """True for a value that plainly says no in words that no protocol here defines."""
    return value.strip("\"' \t").lower() in _NO


def tidy_equals(text: str) -> str:
    """`text` without blanks around its equals signs."""
    return "=".join(part.strip() for part in text.split("="))


def lookalikes(text: str) -> tuple[Statement, ...]:
    """Statements that plainly mean "no" in text that does not parse: an author's mistake, left unspecified."""
    found: dict[str, Statement] = {}
    for pair in _SEPARATORS.split(tidy_equals(text.replace(":", "="))):
        label, _, value = pair.partition("=")
        purpose = _LABELS.get(label.strip("\"'").lower().replace("_", "-"))
        if purpose is not None and means_no(value):
            found.setdefault(label, Statement(purpose, Polarity.UNSPECIFIED, label))
    return tuple(found.values())


def split_path(value: str) -> tuple[PathPattern | None, str]:
    """The leading path of a usage line and the rest (AIPREF attach: up to the first space or tab)."""
    if not value.startswith("/"):
        return None, value
    path, _, rest = value.replace("\t", " ").partition(" ")
    return path_pattern(path), rest.strip()


def path_pattern(text: str) -> PathPattern:
    """A path as a pattern of robots.txt."""
    return PathPattern(text)


def safe_target(target: str) -> str:
    """`target` with text that has no UTF-8 form replaced; a normalised URL passes unchanged."""
    return target if target.isascii() else target.encode("utf-8", "replace").decode()


def agent_subject(name: str) -> str:
    """`Signal.subject` for another agent's token. A token that is one of our own words for a subject is told apart."""
    return f"agent {name}" if name.lower() in ("ours", "*") else name


def clip(text: str) -> str:
    """`text` as a signal quotes it, bounded."""
    return text[: DEFAULT_LIMITS.raw_text]


def note(lint: list[Lint] | None, code: str, message: str, *, raw: str = "", name: str | None = None) -> None:
    """Append a lint where the caller collects them."""
    if lint is not None:
        lint.append(Lint(code=code, message=message, raw=clip(raw), name=name))


def joined(headers: Headers, *names: str) -> tuple[str, bool]:
    """Non-empty values of the named headers as one text (RFC 9110 5.3), and whether the bound cut some off."""
    values = [value for name in names for value in headers.all(name) if value]
    kept, size = 0, 0
    for value in values:
        size += len(value) + 2
        if kept and size > DEFAULT_LIMITS.header_value:
            break
        kept += 1
    return ", ".join(values[:kept]), kept < len(values)


def header_signals(reading: LineReading, *, kind: str, name: str, raw: str, evidence: str) -> tuple[Signal, ...]:
    """The signals of a usage statement in a response header: a preference about that response."""
    doubts: Iterable[tuple[Statement, str | None]] = [
        *((statement, None) for statement in reading.statements),
        *((statement, reading.ambiguity) for statement in reading.doubtful),
    ]
    return tuple(
        Signal(
            kind=kind,
            purpose=statement.purpose,
            polarity=statement.polarity,
            strength=Strength.PREFERENCE,
            scope=Scope.RESPONSE,
            raw=clip(raw),
            evidence=evidence,
            name=name,
            detail={"label": statement.label, **reading.detail},
            ambiguity=ambiguity,
        )
        for statement, ambiguity in doubts
    )
