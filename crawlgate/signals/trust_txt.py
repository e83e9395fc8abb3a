"""trust.txt (JournalList): `datatrainingallowed`, what a publisher says about training on its whole site.

The file is `/trust.txt`, else `/.well-known/trust.txt`: lines `name=value`, comments after `#`. The line may
stand once and says yes or no, in any case of letters; anything else is invalid and says nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from .statement import clip, means_no, note

PATHS = ("/trust.txt", "/.well-known/trust.txt")
"""Where the file is looked for, in this order."""

_NAME = "datatrainingallowed"
_SAYS = {"yes": Polarity.PERMITTED, "no": Polarity.RESERVED}
_NAMES = frozenset(
    (_NAME, "belongto", "contact", "control", "controlledby", "customer", "disclosure", "member", "social", "vendor")
)
_LINE = re.compile(r"^[ \t]*+([A-Za-z]++)[ \t]*+([=:])[ \t]*+([^#\n]*+)", re.MULTILINE)
_MAX_LINES = 64  # of our name; one is right, and two say as much as a thousand


class _Line(NamedTuple):
    value: str
    colon: bool
    number: int
    raw: str


@dataclass(frozen=True, slots=True)
class TrustTxt:
    """trust.txt as read. `is_trust_txt` says that the body has a line of that format at all."""

    is_trust_txt: bool = False
    signal: Signal | None = None
    lint: tuple[Lint, ...] = ()

    def __bool__(self) -> bool:
        return self.signal is not None

    def signals(self) -> tuple[Signal, ...]:
        """The statement about training, where there is one; it covers the whole site."""
        return () if self.signal is None else (self.signal,)


def parse(body: bytes, *, evidence: str = "") -> TrustTxt:
    """Read a trust.txt body. Never raises; time and memory are linear in the body, which is cut at a bound."""
    lint: list[Lint] = []
    text = _decode(body, lint)
    if text.lstrip()[:1] == "<":
        note(lint, "html_not_trust_txt", "the body is markup, not trust.txt")
        return TrustTxt(lint=tuple(lint))
    known = _is_trust_txt(text)
    lines = list(_about_training(text))
    if text.strip() and not (known or lines):
        note(lint, "not_trust_txt", "the body has no line that trust.txt defines")
    signal = _signal(lines, evidence, lint) if lines else None
    return TrustTxt(is_trust_txt=known or bool(lines), signal=signal, lint=tuple(lint))


def _decode(body: bytes, lint: list[Lint]) -> str:
    if len(body) > DEFAULT_LIMITS.wellknown_bytes:
        note(lint, "truncated", f"only the first {DEFAULT_LIMITS.wellknown_bytes} bytes were read")
        body = body[: DEFAULT_LIMITS.wellknown_bytes]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]  # half a line is another line
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    else:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_trust_txt(text: str) -> bool:
    """True if any line is one that the format defines."""
    return any(line[2] == "=" and line[1].lower() in _NAMES for line in _LINE.finditer(text))


def _about_training(text: str) -> Iterator[_Line]:
    counted, number, found = 0, 1, 0
    for line in _LINE.finditer(text):
        if line[1].lower() != _NAME:
            continue
        number += text.count("\n", counted, line.start())
        counted = line.start()
        yield _Line(line[3].strip(), line[2] == ":", number, clip(line[0].strip()))
        found += 1
        if found == _MAX_LINES:
            return


def _signal(lines: list[_Line], evidence: str, lint: list[Lint]) -> Signal:
    """One statement out of every line. A repeated line is invalid; a `no` that every line repeats is still meant."""
    polarity, ambiguity = Polarity.UNSPECIFIED, None
    said = {_read(line, lint) for line in lines}
    if len(said) == 1:
        polarity = said.pop()
    if len(lines) > 1:
        lint.append(_lint("duplicate", "datatrainingallowed may stand once; the lines are invalid", lines[1]))
        ambiguity = "duplicate"
        if polarity is Polarity.PERMITTED:
            polarity = Polarity.UNSPECIFIED
    return Signal(
        kind="trust_txt.datatraining",
        purpose=Purpose.TRAIN,
        polarity=polarity,
        strength=Strength.PREFERENCE,
        scope=Scope.ORIGIN,
        raw=lines[0].raw,
        evidence=evidence,
        line=lines[0].number,
        name=_NAME,
        detail={"value": clip(lines[0].value)},
        ambiguity=ambiguity,
    )


def _read(line: _Line, lint: list[Lint]) -> Polarity:
    if line.colon:
        lint.append(_lint("colon", "trust.txt writes datatrainingallowed=no, with an equals sign", line))
        return Polarity.UNSPECIFIED
    polarity = _SAYS.get(line.value.lower())
    if polarity is not None:
        return polarity
    code = "malformed_reservation" if means_no(line.value) else "unknown_value"
    lint.append(_lint(code, "datatrainingallowed is yes or no; this value says nothing", line))
    return Polarity.UNSPECIFIED


def _lint(code: str, message: str, line: _Line) -> Lint:
    return Lint(code=code, message=message, raw=line.raw, line=line.number, name=_NAME)
