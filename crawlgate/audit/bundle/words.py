"""What a bundle says in words: its records, and the criteria in question with the passages they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...criteria import CATALOGUE
from ...criteria.passages import passages
from ...explain import OUTCOMES, printable
from ...ledger.query import Record, decision_of_record
from ...model import Outcome
from ...report.gist import gist
from ...report.lines import Shown, as_text
from ...report.recorded import decision_of
from ...report.words import Words
from .gather import ASKED, Gathered

_HEADS = {
    "en": ("Records asked for", "Records they rest on", "Not in this bundle"),
    "ja": ("求められた記録", "その根拠となる記録", "この束に含まれないもの"),
}


def summary(found: Gathered, lang: str) -> str:
    """Every record as a line; the decisions asked for in full. Text of sites is shown, never obeyed."""
    first, others, missing = _HEADS[lang]
    parts = [f"{first}\n"]
    for name, record in found.records.items():
        if found.why[name] != ASKED:
            continue
        parts.append(as_text(_shown(found, record), lang=lang) + "\n")
        basis = _basis(found, record)
        if basis is not None:
            told = decision_of(decision_of_record(record, basis.table)).explain(lang)
            parts.append("\n" + "\n".join(f"    {printable(line)}" for line in told.split("\n")) + "\n\n")
    parts.append(f"\n{others}\n")
    parts += [
        as_text(_shown(found, record), lang=lang) + "\n"
        for name, record in found.records.items()
        if found.why[name] != ASKED
    ]
    if found.missing:
        parts.append(f"\n{missing}\n")
        parts += [printable(f"{one.what}: {one.why}") + "\n" for one in found.missing]
    return "".join(parts)


def criteria_pages(found: Gathered) -> dict[str, str]:
    """A page for each criterion that the bases of the bundle have a finding about."""
    said: dict[str, list[tuple[Record, Any]]] = {}
    for record in found.records.values():
        if record.kind == "basis" and isinstance(record.table.get("findings"), dict):
            for criterion, finding in record.table["findings"].items():
                if criterion in CATALOGUE.criteria and isinstance(finding, dict):
                    said.setdefault(criterion, []).append((record, finding))
    return {criterion: "".join(_page(criterion, told)) for criterion, told in sorted(said.items())}


def _page(criterion: str, told: list[tuple[Record, Any]]) -> Iterator[str]:
    known = CATALOGUE.criteria[criterion]
    yield f"# {criterion} {known.title('en')} / {known.title('ja')}\n\n## Findings / 所見\n\n"
    for record, finding in told:
        yield f"- `{record.id}`\n"
        params = finding.get("params") if isinstance(finding.get("params"), dict) else {}
        for lang in ("en", "ja"):
            texts = {str(key): str(value) for key, value in params.items()}
            sentence = Words(lang).sentence(str(finding.get("reason")), texts)
            yield f"  - {_outcome(finding.get('outcome'), lang)}: {printable(sentence)}\n"
    yield "\n## Passages / 拠り所となる箇所\n"
    for statement in passages(criterion):
        yield f"\n{statement.id}, {statement.slide}\n\n> {statement.quote}\n\n{statement.ja}\n"


def _outcome(value: Any, lang: str) -> str:
    return OUTCOMES[lang][Outcome(value)] if value in set(Outcome) else str(value)


def _basis(found: Gathered, record: Record) -> Record | None:
    return found.records.get(f"{record.segment}:{record.table['basis']}") if record.kind == "decision" else None


def _shown(found: Gathered, record: Record) -> Shown:
    basis = _basis(found, record)
    return Shown(record, gist(basis.table if basis is not None else {}) if record.kind == "decision" else None)
