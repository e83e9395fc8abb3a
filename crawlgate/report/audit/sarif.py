"""The report of an audit as SARIF 2.1.0 (OASIS): a result for each finding about a site, and for the set-up.

Rows are counted, never listed: a result is a site and a finding, with the line of robots.txt where it stands. What a
person must decide has the kind `review`, what could not be looked at `open`, what is denied `fail` (3.27.9).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote as percent_encoded

from ... import __version__
from ...criteria import CATALOGUE
from ...explain import printable
from ...model import Outcome
from ..gist import Answer
from ..words import Words, all_texts, number
from .account import Account, ExampleRow, SetupFinding, Site
from .examples import finding_text
from .outputs import Found, Quote

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
SUMMARY = "summary.json"
_URI = "%:/?#[]@!$&'()*+,;=-._~"  # RFC 3986 2.2 and 2.3; an escape stays as it is
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def sarif_object(account: Account, lang: str = "en") -> dict[str, Any]:
    """The log: one run with its rules, results, and what could not be judged as notifications."""
    words = Words(lang)
    found = [*_of_setup(account, words), *_of_sites(account, words)]
    used = list(dict.fromkeys(result["ruleId"] for result in found))
    for result in found:
        result["ruleIndex"] = used.index(result["ruleId"])
    summary = account.summary
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "crawlgate",
                "version": __version__,
                "language": lang,
                "fullDescription": {"text": _message(words("page.note"))},
                "rules": [_rule(name, words) for name in used],
            }
        },
        "language": lang,
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": "crawlgate/audit/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    _notification(code, rows, words) for code, rows in account.coverage.rejected_by.items()
                ],
            }
        ],
        "artifacts": [*_artifacts(summary)],
        "results": found,
        "properties": {
            "rulePack": str(summary.get("rule_pack", "")),
            "asOf": account.as_of,
            "rows": account.coverage.rows,
            "judged": account.coverage.judged,
            "rejected": account.coverage.rejected,
            "sitesDeniedOrHeld": account.sites_stopped,
            "sitesNamed": len(account.sites),
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _of_setup(account: Account, words: Words) -> Iterator[dict[str, Any]]:
    for finding in account.setup:
        text = words(f"audit_setup.{finding.key}", **finding.params)
        yield {
            "ruleId": _setup_id(finding),
            "kind": "informational" if finding.level == "note" else "fail",
            "level": "none" if finding.level == "note" else finding.level,
            "message": {"text": _message(text)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": SUMMARY}}}],
            "partialFingerprints": _fingerprint("setup", finding.key, finding.params.get("list", "")),
        }


def _of_sites(account: Account, words: Words) -> Iterator[dict[str, Any]]:
    for site in account.sites:
        for answer, found, rows in site.found:
            yield _result(site, answer, found, rows, words)


def _result(site: Site, answer: Answer, found: Found, rows: int, words: Words) -> dict[str, Any]:
    kind = "fail"
    if answer is Answer.REVIEW:
        kind = "open" if found.outcome is Outcome.UNKNOWN else "review"
    shown = [row for row in site.examples if found in row.basis.deciding and row.basis.answer is answer]
    told = words("audit_sarif.site", site=site.name, count=number(rows), of=number(site.rows))
    return {
        "ruleId": found.criterion,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": {"text": _message(f"{finding_text(found, words)}. {told}")},
        "locations": [_place(site, shown, found)],
        "partialFingerprints": _fingerprint(site.name, str(answer), found.criterion, str(found.outcome), found.reason),
        "properties": {
            "site": site.name,
            "verdict": str(answer),
            "outcome": str(found.outcome),
            "reason": found.reason,
            "rows": rows,
            "examples": [
                {"file": row.file, "row": row.row, "url": row.url, "fetchedAt": row.at.isoformat()} for row in shown
            ],
        },
    }


def _place(site: Site, shown: list[ExampleRow], found: Found) -> dict[str, Any]:
    """The line of robots.txt, where one kept the row out and the finding is about that; the page otherwise."""
    logical = [{"fullyQualifiedName": site.name}]
    quoted = next(((row.url, quote) for row in shown if (quote := _quote(row, found)) is not None), None)
    if quoted is not None:
        url, quote = quoted
        origin = "/".join(url.split("/", 3)[:3])
        physical: dict[str, Any] = {
            "artifactLocation": {"uri": _uri(f"{origin}/robots.txt")},
            "region": {"startLine": quote.line, "snippet": {"text": quote.text}},
        }
        return {"physicalLocation": physical, "logicalLocations": logical}
    uri = _uri(shown[0].url) if shown else _uri(f"https://{site.name}/")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}}, "logicalLocations": logical}


def _quote(row: ExampleRow, found: Found) -> Quote | None:
    """The line of robots.txt that the finding rests on, if it is known to rest on one."""
    if found.criterion == "B3":
        return row.named
    return row.quote if found.criterion in ("B2", "B5") else None


def _rule(name: str, words: Words) -> dict[str, Any]:
    known = CATALOGUE.criteria.get(name)
    if known is None:
        key = name.removeprefix("setup.")
        about = re.sub(r"\{\w+\}", "…", all_texts()[f"audit_setup.{key}"][words.lang])
        return {"id": name, "name": key, "shortDescription": {"text": _message(about)}}
    return {
        "id": name,
        "name": known.key,
        "shortDescription": {"text": _message(known.title(words.lang))},
        "fullDescription": {"text": _message(known.statement(words.lang))},
        "help": {"text": _message(f"{known.asks(words.lang)} {words('page.note')}")},
        "properties": {"sources": list(known.sources), "kind": known.kind, "rulePack": CATALOGUE.rule_pack},
    }


def _setup_id(finding: SetupFinding) -> str:
    return f"setup.{finding.key}"


def _notification(code: str, rows: int, words: Words) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": _message(words("audit_sarif.rejected", count=number(rows), code=code))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "rejects.jsonl"}}}],
    }


def _artifacts(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    evidence: Mapping[str, Any] = summary.get("evidence") or {}
    for files, roles in ((summary.get("inputs"), ["analysisTarget"]), (evidence.get("files"), [])):
        for file in files or ():
            artifact: dict[str, Any] = {"location": {"uri": _uri(_reference(str(file.get("name", ""))))}}
            if file.get("sha256"):
                artifact["hashes"] = {"sha-256": str(file["sha256"])}
            if isinstance(file.get("bytes"), int):
                artifact["length"] = file["bytes"]
            yield artifact | ({"roles": roles} if roles else {})


def _reference(name: str) -> str:
    """The name of a file as a URI reference: what is special in one is escaped, addresses stay as they are."""
    if "://" in name:
        return name
    path = percent_encoded(name, safe="/!$&'()*+,;=-._~")
    return f"file://{path}" if path.startswith("/") else path


def _uri(text: str) -> str:
    """Text as a URI: what no URI may hold is escaped."""
    return percent_encoded(_STRAY.sub("%25", text), safe=_URI, errors="replace")


def _message(text: str) -> str:
    """A plain message: no placeholder, link or tag is in it, whatever the text is (3.11.3, 3.11.5, 3.11.6)."""
    shown = printable(text).replace("<", "‹").replace(">", "›")
    return re.sub(r"([\[\]\\])", r"\\\1", shown).replace("{", "{{").replace("}", "}}")


def _fingerprint(*parts: str) -> dict[str, str]:
    return {"crawlgateFinding/v1": hashlib.sha256("\n".join(parts).encode()).hexdigest()}
