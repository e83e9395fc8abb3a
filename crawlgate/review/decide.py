"""A person's decision: checked, written as a record of its own, and taken back by another one."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from .. import __version__
from ..blocklist.entry import EntryError, notice_from_table
from ..blocklist.match import NoticeIndex
from ..clock import Clock, SystemClock
from ..criteria import CATALOGUE
from ..criteria.evaluate import CRITERION_ERROR
from ..declaration import nearest
from ..domains import Suffixes
from ..errors import ConfigError
from ..home import Home
from ..ledger.open import open_ledger
from ..ledger.overrides import override_table, read_overrides, revocation_table
from ..model import Decision, Notice, NoticeRelation, Outcome, Override, Verdict
from ..policy.overrides import SCOPES, needs_words
from ..report.words import Words
from ..url import parse


class ReviewError(ConfigError):
    """A decision of a person cannot be taken as it is; `text` says why in either language.

    `near` are words that could have been meant by the parameter `word`.
    """

    def __init__(self, key: str, *, near: Iterable[str] = (), **params: object) -> None:
        self.key = key
        self.near = tuple(near)
        self.params = params
        super().__init__(self.text("en"))

    def text(self, lang: str) -> str:
        """The message in `en` or `ja`."""
        criterion = CATALOGUE.criteria.get(str(self.params.get("criterion")))
        near = nearest(str(self.params.get("word", "")), self.near)
        hint = Words(lang)("review_error.hint", near=near) if near else ""
        title = criterion.title(lang) if criterion else ""
        return Words(lang)(f"review_error.{self.key}", **{**self.params, "title": title, "hint": hint})

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _again, (self.key, self.near, self.params)


def _again(key: str, near: tuple[str, ...], params: dict[str, object]) -> ReviewError:
    return ReviewError(key, near=near, **params)


def decide(
    home: Home | Path,
    *,
    effect: Verdict,
    by: str,
    reason: str,
    scope: str,
    value: str,
    findings: Mapping[str, Sequence[Outcome]],
    until: datetime,
    path_prefix: str | None = None,
    acknowledged: Mapping[str, str] | None = None,
    about: Decision | None = None,
    clock: Clock | None = None,
    suffixes: Suffixes | None = None,
) -> Override:
    """Record what a person decided; the `Override` as written.

    `effect` is allow (the findings named no longer hold the URLs back) or deny. `findings` maps criteria to the
    outcomes that are meant, `scope` and `value` are as in `Notice`, `until` is when it stops to count. Criteria for
    which `policy.overrides.needs_words` holds are lifted only with the person's own words in `acknowledged`.
    `about` is the decision of the gate that gave rise to it.

    Gates that share the home honour it within `Limits.people_recheck` seconds, or when they are opened.
    Raises `ReviewError` for what is missing or does not fit, `LedgerError` where it cannot be recorded.
    """
    clock = clock or SystemClock()
    home = home if isinstance(home, Home) else Home(home)
    now = clock.now()
    suffixes = suffixes or Suffixes()
    acknowledged = {name: words.strip() for name, words in (acknowledged or {}).items()}
    if effect not in (Verdict.ALLOW, Verdict.DENY):
        raise ReviewError("effect")
    _check_person(by, reason)
    _check_until(until, now)
    place = _place(scope, value, path_prefix, suffixes)
    _check_findings(effect, findings, acknowledged)
    if about is not None:
        _check_about(about, effect, place, findings, suffixes)
    override = Override(
        record="",
        at=now,
        by=by.strip(),
        reason=reason.strip(),
        effect=effect,
        scope=place.scope,
        value=place.value,
        path_prefix=place.path_prefix,
        findings={name: tuple(dict.fromkeys(outcomes)) for name, outcomes in sorted(findings.items())},
        until=until,
        acknowledged=acknowledged,
        concerns=about.record if about is not None else None,
    )
    return replace(override, record=_write(home, "override", override_table(override), clock))


def revoke(home: Home | Path, record: str, *, by: str, reason: str, clock: Clock | None = None) -> Override:
    """Take back the decision of that record, from now on; the `Override` as it stands then.

    Raises `ReviewError` where there is none, or where it has ended already.
    """
    clock = clock or SystemClock()
    home = home if isinstance(home, Home) else Home(home)
    now = clock.now()
    _check_person(by, reason)
    known = {override.record: override for override in read_overrides(home.ledger)}
    override = known.get(record)
    if override is None:
        raise ReviewError("no_override", word=record, near=known)
    if override.revoked_at is not None:
        raise ReviewError("revoked", record=record, at=override.revoked_at.isoformat(), by=override.revocation)
    if now >= override.until:
        raise ReviewError("expired", record=record, until=override.until.isoformat())
    written = _write(home, "revocation", revocation_table(now, record, by=by.strip(), reason=reason.strip()), clock)
    return replace(override, revoked_at=now, revocation=written)


# -- checks -----------------------------------------------------------------------------------------------


def _check_person(by: str, reason: str) -> None:
    if not by.strip():
        raise ReviewError("by")
    if not reason.strip():
        raise ReviewError("reason")


def _check_until(until: datetime, now: datetime) -> None:
    if until.tzinfo is None:
        raise ReviewError("until_zone", until=until.isoformat())
    if until <= now:
        raise ReviewError("until_past", until=until.isoformat(), now=now.isoformat(timespec="seconds"))


def _place(scope: str, value: str, path_prefix: str | None, suffixes: Suffixes) -> Notice:
    if scope not in SCOPES:
        raise ReviewError("scope", word=scope, near=SCOPES, known=", ".join(SCOPES))
    table = {"scope": scope, "value": value, "path_prefix": path_prefix or ""}
    try:
        return notice_from_table(table, suffixes=suffixes)
    except EntryError as error:
        raise ReviewError("place", scope=scope, value=value, why=error.reason) from None


def _check_findings(
    effect: Verdict, findings: Mapping[str, Sequence[Outcome]], acknowledged: Mapping[str, str]
) -> None:
    if not findings or not all(findings.values()):
        raise ReviewError("findings")
    for name, outcomes in findings.items():
        if name not in CATALOGUE.criteria:
            raise ReviewError("criterion", word=name, near=CATALOGUE.criteria)
        for outcome in outcomes:
            if effect is Verdict.ALLOW and outcome not in CATALOGUE[name].weighed:
                raise ReviewError("nothing_to_lift", criterion=name, outcome=outcome)
            if effect is Verdict.ALLOW and needs_words(name, outcome) and not acknowledged.get(name):
                key = "in_words" if CATALOGUE[name].in_words else "in_words_unknown"
                raise ReviewError(
                    key, criterion=name, title=CATALOGUE[name].title_en, title_ja=CATALOGUE[name].title_ja
                )
    for name, words in acknowledged.items():
        if name not in findings:
            raise ReviewError("acknowledged", criterion=name)
        if not words:
            raise ReviewError("no_words", criterion=name)


def _check_about(
    about: Decision, effect: Verdict, place: Notice, findings: Mapping[str, Sequence[Outcome]], suffixes: Suffixes
) -> None:
    """What was decided about must be what the person names: the place, and findings that were made."""
    matches = NoticeIndex((place,), suffixes).matches(parse(about.url))
    if not any(match.relation is NoticeRelation.COVERS for match in matches):
        raise ReviewError("elsewhere", url=about.url, place=f"{place.value}{place.path_prefix or ''}")
    for name in findings:
        found = about.basis.finding(name)
        if found is None:
            raise ReviewError("not_found", criterion=name, record=about.record)
        if effect is Verdict.ALLOW and found.reason == CRITERION_ERROR:
            raise ReviewError("failed_rule", criterion=name)


# -- writing ----------------------------------------------------------------------------------------------


def _write(home: Home, kind: str, table: Mapping[str, object], clock: Clock) -> str:
    """One record in a segment of its own; where it stands. Running gates are told to look."""
    home.create()
    head = {
        "program": f"crawlgate {__version__}",
        "python": platform.python_version(),
        "rule_pack": CATALOGUE.rule_pack,
        "source_document": CATALOGUE.source_document,
        "written_by": "review",
    }
    with open_ledger(home.ledger, home.keys, head, now=clock.now) as writer:
        segment, seq = writer.append(kind, table)
    record = f"{segment}:{seq}"
    part = home.decided.with_name(f".{home.decided.name}.{os.getpid()}.part")
    try:
        part.write_text(f"{record}\n", "utf-8")
        part.replace(home.decided)
    except OSError as error:
        raise ReviewError("not_told", record=record, why=error.strerror or str(error)) from None
    return record
