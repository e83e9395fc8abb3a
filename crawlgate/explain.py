"""A decision as text for people, in English or Japanese: what was decided, why, and what was not assessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .criteria import CATALOGUE
from .criteria.passages import open_questions
from .model import Finding, Outcome, Override, Signal, Verdict

if TYPE_CHECKING:
    from .model import Decision

VERDICTS = {
    "en": {Verdict.ALLOW: "allow", Verdict.REVIEW: "review: a person decides", Verdict.DENY: "deny"},
    "ja": {Verdict.ALLOW: "許可", Verdict.REVIEW: "保留（人の判断を待つ）", Verdict.DENY: "拒否"},
}
EFFECTS = {
    "en": {Verdict.ALLOW: "allow", Verdict.REVIEW: "review", Verdict.DENY: "deny"},
    "ja": {Verdict.ALLOW: "許可", Verdict.REVIEW: "保留", Verdict.DENY: "拒否"},
}
OUTCOMES = {
    "en": {
        Outcome.MET: "met",
        Outcome.INDICATED: "indicated",
        Outcome.NOT_MET: "not met",
        Outcome.UNKNOWN: "unknown",
        Outcome.NEEDS_HUMAN: "needs a person",
    },
    "ja": {
        Outcome.MET: "該当",
        Outcome.INDICATED: "該当を示す事実あり",
        Outcome.NOT_MET: "該当なし",
        Outcome.UNKNOWN: "不明",
        Outcome.NEEDS_HUMAN: "人の判断を要する",
    },
}
_WORDS = {
    "en": {
        "temporary": "for now; ask again later",
        "nothing": "no finding against any criterion that was assessed",
        "not_assessed": "not assessed",
        "observed": "observed only, not enforced",
        "lifted": "lifts the findings it covers",
        "person": "for a person",
        "allowed": "{criteria}: no longer held back, decided by {by} until {until} (record {record})",
        "denied": "denied by {by} until {until}, for {criteria} (record {record})",
    },
    "ja": {
        "temporary": "一時的。後で再度照会する",
        "nothing": "評価した基準に該当するものはなかった",
        "not_assessed": "評価していない事項",
        "observed": "記録のみ（執行していない）",
        "lifted": "及ぶ範囲の該当事項の効果を解除する",
        "person": "人が判断すべき事項",
        "allowed": "{criteria}: {by} の判断により保留を解除（{until} まで、記録 {record}）",
        "denied": "{by} の判断により拒否（{until} まで、対象 {criteria}、記録 {record}）",
    },
}


def explain(decision: Decision, lang: str = "en", *, not_assessed: bool = True) -> str:
    """One decision in `en` or `ja`: verdict, the criteria that decided with the line that said so and the statements
    they rest on, what a person must still decide, and what was not assessed; the last two unless told not to.
    Control characters of hostile text are shown, not obeyed."""
    words = _WORDS[lang]
    head = f"{VERDICTS[lang][decision.verdict]}: {printable(decision.url)}"
    notes = [words[key] for key, on in (("temporary", decision.temporary), ("observed", not decision.enforced)) if on]
    lines = [head + (f" ({'; '.join(notes)})" if notes else "")]
    if decision.problem is not None:
        lines.append(f"  {CATALOGUE.phrase(f'problem.{decision.problem}', lang=lang)}")
    for finding in decision.reasons:
        lines.extend(finding_lines(finding, lang))
    lines += [f"  {override_line(override, lang)}" for override in decision.overrides]
    if not decision.reasons and not decision.overrides and decision.problem is None:
        lines.append(f"  {words['nothing']}")
    if not_assessed:
        lines += [f"  {words['person']}: {question}" for question in questions_text(decision.findings, lang)]
    if not_assessed and decision.not_assessed:
        lines.append(f"  {words['not_assessed']}: {not_assessed_text(decision.not_assessed, lang)}")
    return "\n".join(lines)


def questions_text(findings: Iterable[Finding], lang: str = "en") -> list[str]:
    """What a person must still decide about these findings: `question (B1, B4)`."""
    asked = open_questions(findings)
    return [_noted(question.text(lang), _listed(criteria, lang), lang) for question, criteria in asked.items()]


def override_line(override: Override, lang: str = "en") -> str:
    """What a person decided, as one line: for what, who, until when, and the record it stands in."""
    key = "allowed" if override.effect is Verdict.ALLOW else "denied"
    return printable(
        _WORDS[lang][key].format(
            criteria=", ".join(override.findings),
            by=override.by,
            until=override.until.strftime("%Y-%m-%d %H:%M UTC"),
            record=override.record,
        )
    )


def not_assessed_text(not_assessed: Mapping[str, str], lang: str = "en") -> str:
    """What was not assessed, by reason, on one line: `A1, A2 (no additional training is declared); C1, C2 (...)`."""
    return ("／" if lang == "ja" else "; ").join(not_assessed_lines(not_assessed, lang))


def not_assessed_lines(not_assessed: Mapping[str, str], lang: str = "en") -> list[str]:
    """What was not assessed, one text for each reason.

    A check (`check.lists`) is named only where no criterion was left out for the same reason.
    """
    by_reason: dict[str, list[str]] = {}
    for name, why in not_assessed.items():
        by_reason.setdefault(why, []).append(name)
    lines: list[str] = []
    for why, names in by_reason.items():
        shown = [name for name in names if not name.startswith("check.")] or names
        listed = _listed((name.removeprefix("check.") for name in shown), lang)
        phrase = CATALOGUE.phrase(why, lang=lang) if why in CATALOGUE.sentences else why
        lines.append(_noted(listed, phrase, lang) if listed != "*" else phrase)
    return lines


def _listed(names: Iterable[str], lang: str) -> str:
    return ("、" if lang == "ja" else ", ").join(names)


def _noted(text: str, note: str, lang: str) -> str:
    return f"{text}（{note}）" if lang == "ja" else f"{text} ({note})"


def finding_lines(finding: Finding, lang: str = "en") -> list[str]:
    """A finding as indented lines: criterion, outcome, sentence and statements, then where each signal stood."""
    criterion = CATALOGUE[finding.criterion]
    sentence = printable(CATALOGUE.sentence(finding, lang))
    rests = ", ".join(criterion.sources)
    lines = [f"  {finding.criterion} {criterion.title(lang)} - {OUTCOMES[lang][finding.outcome]}: {sentence} [{rests}]"]
    lines.extend(f"     {place(signal, lang)}" for signal in finding.signals[:3])
    return lines


def place(signal: Signal, lang: str = "en") -> str:
    """Where a signal stood and what it said, on one line: `robots.disallow, line 7: Disallow: /`."""
    where = [signal.kind]
    if signal.name and not signal.raw.lower().startswith(f"{signal.name.lower()}:"):
        where.append(signal.name)
    if signal.line is not None:
        where.append(f"{signal.line}行目" if lang == "ja" else f"line {signal.line}")
    return printable(f"{_listed(where, lang)}: {signal.raw}")


def printable(text: str) -> str:
    """`text` with control, bidirectional and other invisible characters escaped, safe for terminals and logs."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
