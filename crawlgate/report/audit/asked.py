"""Parts of the report: what was asked of what, what limits the answer, and what the report was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...criteria import CATALOGUE
from ..markup import Figure
from ..provenance import article
from ..words import Words, number
from .account import Account
from .blocks import Block, Cell, Code, Facts, Stack, Table, Text, shares
from .places import ANSWERS

_FILES = 100
_OUTPUTS = ("intends_similar_output", "intends_overfitting", "intends_expression_output", "output_contains_expression")


def asked(account: Account, words: Words) -> Iterator[Block]:
    """Declaration, profile, lists, the time of the question, inputs and evidence with their digests."""
    summary = account.summary
    declared: Mapping[str, Any] = summary.get("declaration") or {}
    profile: Mapping[str, Any] = summary.get("profile") or {}
    published = declared.get("token_published") or declared.get("published_since")
    yield Text(words("audit_asked.lead"), "lead")
    yield Facts(
        (
            (words("conditions.operator"), str(declared.get("operator") or words("page.nobody"))),
            (
                words("conditions.token"),
                Stack(
                    (
                        Code(str(declared.get("token", ""))),
                        words("conditions.published" if published else "conditions.unpublished"),
                    )
                ),
            ),
            (words("conditions.user_agent"), Code(str(declared.get("user_agent", "")))),
            (
                words("conditions.purposes"),
                ", ".join(words.known("use", str(use)) for use in declared.get("purposes") or ()) or words("page.none"),
            ),
            (words("audit_asked.outputs_intended"), _outputs(declared, words)),
            (words("conditions.basis"), article(str(declared.get("legal_basis", "")), words)),
            (words("conditions.licences"), _licences(declared, words)),
            (
                words("conditions.profile"),
                Stack((str(profile.get("name", "")), Code(f"sha256:{profile.get('sha256', '')}"))),
            ),
            (words("conditions.rule_pack"), Code(str(summary.get("rule_pack", "")))),
            (words("conditions.source"), CATALOGUE.source(words.lang)),
            (words("audit_asked.question"), question_text(account, words)),
            (words("conditions.lists"), _lists(summary, words)),
            (words("audit_asked.until"), _until(summary)),
            (words("audit_asked.people"), _people(summary, words)),
            (words("audit_asked.inputs"), _counted(summary.get("inputs") or (), words)),
            (words("audit_asked.evidence"), _evidence(summary, words)),
            (words("audit_asked.agents"), str(summary.get("agents", ""))),
            (words("audit_asked.psl"), str(summary.get("psl", ""))),
            (words("conditions.program"), str(summary.get("program", ""))),
            (words("audit_asked.versions"), _versions(summary)),
        )
    )


def _counted(files: Any, words: Words) -> str:
    size = sum(int(file.get("bytes") or 0) for file in files)
    return words("audit_asked.counted", count=number(len(files)), bytes=number(size))


def _evidence(summary: Mapping[str, Any], words: Words) -> Cell:
    evidence: Mapping[str, Any] = summary.get("evidence") or {}
    files = evidence.get("files") or ()
    answers = words("audit_asked.evidence_count", count=number(int(evidence.get("answers") or 0)))
    return Stack((answers, _counted(files, words) if files else words("audit_asked.no_evidence")))


def _until(summary: Mapping[str, Any]) -> str | None:
    until = summary.get("known_until")
    return f"{str(until)[:19].replace('T', ' ')} UTC" if until else None


def _people(summary: Mapping[str, Any], words: Words) -> str | None:
    if "people" not in summary:
        return None
    people = summary["people"]
    if not people:
        return words("audit_asked.no_people")
    count, digest = number(int(people.get("decisions") or 0)), str(people.get("sha256", ""))
    return words("audit_asked.people_count", count=count, digest=digest[:16])


def _versions(summary: Mapping[str, Any]) -> str | None:
    versions = summary.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or None


def question_text(account: Account, words: Words) -> str:
    """By what was on record at which time rows were judged."""
    if account.as_of == "fetched":
        return words("audit.fetched")
    return words("audit.as_of", at=account.as_of)


def _outputs(declared: Mapping[str, Any], words: Words) -> Cell:
    said = [
        words(f"audit_asked.{key}", value=words("audit_asked.yes" if declared[key] else "audit_asked.no"))
        for key in _OUTPUTS
        if declared.get(key) is not None
    ]
    return Stack(tuple(said)) if said else words("audit_asked.undeclared")


def _licences(declared: Mapping[str, Any], words: Words) -> Cell:
    licences = [one for one in declared.get("licences") or () if isinstance(one, dict)]
    if not licences:
        return words("page.none")
    return Stack(
        tuple(
            words(
                "conditions.licence",
                licensor=one.get("licensor", ""),
                reference=one.get("reference") or words("conditions.no_reference"),
                first=str(one.get("valid_from") or words("conditions.open"))[:10],
                last=str(one.get("valid_to") or words("conditions.open"))[:10],
            )
            for one in licences
        )
    )


def _lists(summary: Mapping[str, Any], words: Words) -> Cell:
    lists = summary.get("lists") or ()
    if not lists:
        return words("conditions.no_lists")
    return Stack(tuple(Code(str(one.get("name", ""))) for one in lists))


def _files(caption: str, files: Any, words: Words) -> Table:
    rows = [
        (Code(str(file.get("name", ""))), int(file.get("bytes") or 0), Code(str(file.get("sha256", ""))))
        for file in files[:_FILES]
    ]
    return Table(caption, _file_head(words), rows)


def _file_head(words: Words) -> tuple[str, ...]:
    return words("audit_asked.file"), words("audit_asked.bytes"), words("audit_asked.digest")


def setup(account: Account, words: Words) -> Iterator[Block]:
    """What limits the audit."""
    if not account.setup:
        yield Text(words("audit_setup.none"))
        return
    yield Text(words("audit_setup.lead"), "lead")
    rows = [
        (words(f"audit_level.{found.level}"), words(f"audit_setup.{found.key}", **found.params))
        for found in account.setup
    ]
    yield Table(words("audit_level.caption"), (words("audit_level.head"), words("coverage.of")), rows)


def files(account: Account, words: Words) -> Iterator[Block]:
    """Rows by input file."""
    shown = account.files[:_FILES]
    head = (words("audit_asked.file"), words("audit.rows"), *(words(f"answer.{answer}") for answer in account.answers))
    rows: list[tuple[Cell, ...]] = [
        (Code(name), sum(counts.values()), *(counts.get(answer, 0) for answer in account.answers))
        for name, counts in shown
    ]
    bars = [shares(counts, ANSWERS) for _, counts in shown]
    yield Table(words("audit_files.caption"), head, rows, bars, words("audit_criteria.bar"))
    if len(account.files) > len(shown):
        yield Text(words("audit_files.more", count=number(len(account.files) - len(shown))))
    evidence: Mapping[str, Any] = account.summary.get("evidence") or {}
    for caption, named in (
        ("audit_asked.inputs_caption", account.summary.get("inputs") or ()),
        ("audit_asked.evidence_caption", evidence.get("files") or ()),
    ):
        if named:
            yield _files(words(caption), named, words)
        if len(named) > _FILES:
            yield Text(words("audit_files.more", count=number(len(named) - _FILES)))


def sources(account: Account, words: Words) -> Iterator[Block]:
    """The files of the audit, with their digests."""
    yield Text(words("audit_sources.lead"), "lead")
    if account.summary.get("audit"):
        yield Text(words("audit_sources.audit", digest=account.summary["audit"]), "long")
    rows = [(Code(file.name), file.size, Code(file.sha256)) for file in account.outputs]
    yield Table(words("audit_sources.caption"), _file_head(words), rows)


def share(part: int, whole: int, words: Words) -> Figure:
    """A share in percent, as a cell."""
    return Figure(words.percent(part, whole))
