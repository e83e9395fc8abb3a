"""What extension lines of robots.txt say about use: Content-Usage, Content-Signal, DisallowAITraining.

Each protocol chooses among its own rules by longest match, and a rule without a path covers every path that
no longer rule of its protocol matches (draft-ietf-aipref-attach, contentsignals.org). Protocols never
override one another here. Every statement is a measure: the source document names instructions in
robots.txt as one (ST23).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import ai_training, aipref, content_signal
from .lines import ExtensionLine
from .pathmatch import PathPattern, spellings
from .statement import LineReading, Statement, clip

_READERS: Mapping[str, tuple[str, Callable[[str], LineReading]]] = {
    "content-usage": ("aipref.rule", aipref.read_line),
    "content-signal": ("content_signal.line", content_signal.read_line),
    "content-signals": ("content_signal.line", content_signal.read_line),
    "disallowaitraining": ("robots.disallow_ai_training", ai_training.disallow),
    "allowaitraining": ("robots.allow_ai_training", ai_training.allow),
}
# Lines that speak to everybody where they stand before any group; the others belong inside one.
_RESTRICTIVE = (Polarity.RESERVED, Polarity.PRICED, Polarity.CONDITIONAL)
_OUTSIDE = ("rule_outside_group", "the line stands before the first User-agent line")
_GLOBAL = ("content-signal", "content-signals")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRule:
    """One usage line as read. `pattern` is None where the line names no path; `line` counts from 1.

    `statements` are (purpose, polarity, label) triples; `detail` holds what the protocol adds, such as `use`.
    """

    kind: str
    pattern: PathPattern | None
    statements: tuple[tuple[Purpose, Polarity, str], ...]
    line: int
    raw: str
    subject: str
    ambiguity: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """The protocol whose rules compete with this one."""
        return self.kind.partition(".")[0]

    @property
    def specificity(self) -> int:
        """Octets of the path, the measure of the longest match; 0 without one."""
        return 0 if self.pattern is None else self.pattern.specificity

    @property
    def definite(self) -> bool:
        """True if something was said: a line that was not understood never hides another."""
        return any(polarity is not Polarity.UNSPECIFIED for _, polarity, _ in self.statements)

    def covers(self, spelled: tuple[str, ...]) -> bool:
        """True if the rule speaks about a target, given in its `spellings`."""
        return self.pattern is None or self.pattern.matches_spelled(spelled)


class UsageRules:
    """The usage rules of one selection of robots.txt lines."""

    __slots__ = ("_everywhere", "_ranked", "_signals", "lint", "rules")

    def __init__(self, rules: Iterable[UsageRule] = (), lint: Iterable[Lint] = (), *, evidence: str = "") -> None:
        self.rules = tuple(rules)
        self.lint = tuple(lint)
        self._signals = tuple(_signals(rule, evidence) for rule in self.rules)
        # Without a path nothing competes, so that every target has the same answer.
        self._everywhere = None if any(rule.pattern for rule in self.rules) else tuple(range(len(self.rules)))
        self._ranked = _ranked(self.rules)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def match(self, target: str) -> tuple[int, ...]:
        """Indices of the rules in force for `target` (path and query): the longest match of each protocol.

        Rules of equal length all apply, and the most restrictive decides later (attach, "conflicting rules").
        """
        if self._everywhere is not None:
            return self._everywhere
        spelled = spellings(target)
        found: list[int] = []
        for ranked in self._ranked:
            longest: int | None = None
            for index in ranked:
                rule = self.rules[index]
                if rule.definite and longest is not None and rule.specificity < longest:
                    continue
                if rule.covers(spelled):
                    found.append(index)
                    if rule.definite:
                        longest = rule.specificity
        return tuple(sorted(found))

    def signals(self, matched: tuple[int, ...]) -> tuple[Signal, ...]:
        """The signals of the rules that `match` returned."""
        return tuple(signal for index in matched for signal in self._signals[index])

    def all_signals(self) -> tuple[Signal, ...]:
        """The signals of every rule, for whatever path."""
        return tuple(signal for signals in self._signals for signal in signals)


def read(
    lines: Iterable[ExtensionLine],
    *,
    subject: str = "ours",
    evidence: str = "",
    doubtful: Iterable[tuple[str, ExtensionLine]] = (),
) -> UsageRules:
    """The usage rules among `lines`, which the caller has chosen for `subject` (RFC 9309 2.2.1).

    Lines of other protocols are passed over; a line that says nothing leaves a lint only. `doubtful` lines are for
    `subject` in one of two readings, named beside each: what they reserve counts, what they permit does not.
    """
    rules: list[UsageRule] = []
    lint: list[Lint] = []
    for doubt, line in (*((None, line) for line in lines), *doubtful):
        known = _READERS.get(line.key)
        if known is None:
            continue
        kind, reader = known
        reading = reader(line.value)
        if not line.agents and line.key not in _GLOBAL:
            # A rule before the first User-agent line is ignored (RFC 9309 2.2.2), and what it means is plain.
            reading = _restrictive(reading, "outside_group")
            reading = replace(reading, lint=(*reading.lint, _OUTSIDE))
        elif doubt is not None:
            reading = _restrictive(reading, doubt)
        lint += (
            Lint(code=code, message=message, raw=clip(line.raw), line=line.number, name=line.key)
            for code, message in reading.lint
        )
        rules += (
            UsageRule(
                kind=kind,
                pattern=reading.pattern,
                statements=statements,
                line=line.number,
                raw=clip(line.raw),
                subject=subject,
                ambiguity=ambiguity,
                detail=reading.detail,
            )
            for statements, ambiguity in _parts(reading)
        )
    return UsageRules(rules, lint, evidence=evidence)


def _restrictive(reading: LineReading, doubt: str) -> LineReading:
    """A reading of which only what restricts counts, and that by doubt."""
    said = (*reading.statements, *reading.doubtful)
    others = (one for one in said if one.polarity not in _RESTRICTIVE)
    return replace(
        reading,
        statements=tuple(one._replace(polarity=Polarity.UNSPECIFIED) for one in others),
        doubtful=tuple(one for one in said if one.polarity in _RESTRICTIVE),
        ambiguity=reading.ambiguity or doubt,
    )


def _parts(reading: LineReading) -> Iterable[tuple[tuple[Statement, ...], str | None]]:
    """The plain and the doubtful statements of a line apart: an ambiguity is only told of what it touches."""
    if reading.statements:
        yield reading.statements, None
    if reading.doubtful:
        yield reading.doubtful, reading.ambiguity


def _ranked(rules: tuple[UsageRule, ...]) -> tuple[tuple[int, ...], ...]:
    """Rule indices a protocol, longest path first."""
    protocols: dict[str, list[int]] = {}
    for index, rule in enumerate(rules):
        protocols.setdefault(rule.protocol, []).append(index)
    return tuple(
        tuple(sorted(indices, key=lambda index: rules[index].specificity, reverse=True))
        for indices in protocols.values()
    )


def _signals(rule: UsageRule, evidence: str) -> tuple[Signal, ...]:
    place = {} if rule.pattern is None else {"path": clip(rule.pattern.pattern)}
    return tuple(
        Signal(
            kind=rule.kind,
            purpose=purpose,
            polarity=polarity,
            strength=Strength.MEASURE,
            scope=Scope.ORIGIN if rule.pattern is None else Scope.PATH,
            subject=rule.subject,
            raw=rule.raw,
            evidence=evidence,
            line=rule.line,
            detail={"label": label, **place, **rule.detail},
            ambiguity=rule.ambiguity,
        )
        for purpose, polarity, label in rule.statements
    )
