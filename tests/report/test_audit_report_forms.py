"""The report of an audit as Markdown, JSON and SARIF: the same numbers, and nothing of others read as markup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.criteria import CATALOGUE  # noqa: E402
from crawlgate.report.audit.blocks import Table  # noqa: E402
from crawlgate.report.audit.forms import Form, make_report  # noqa: E402
from crawlgate.report.audit.gather import gather  # noqa: E402
from crawlgate.report.audit.json import report_object  # noqa: E402
from crawlgate.report.audit.markdown import markdown  # noqa: E402
from crawlgate.report.audit.sarif import sarif_object  # noqa: E402
from crawlgate.report.audit.sections import sections  # noqa: E402
from crawlgate.report.words import Words  # noqa: E402
from tests.report.audited import HOSTILE, audited, decisions, edited, rewritten  # noqa: E402
from tests.test_schemas import validator  # noqa: E402

LANGS = ("en", "ja")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(tmp_path_factory.mktemp("audit"))


@pytest.fixture
def hostile(out: Path, tmp_path: Path) -> Path:
    rows = [
        row
        | {
            "url": f"https://a.example/{HOSTILE}",
            "host": "a.example",
            "file": HOSTILE,
            "list": HOSTILE,
            "notice": HOSTILE,
        }
        for row in decisions(out)
    ]
    made = rewritten(out, tmp_path / "hostile", rows)
    return edited(made, declaration={"operator": HOSTILE, "token": HOSTILE}, lists=[{"name": HOSTILE, "rejected": 1}])


# -- Markdown ---------------------------------------------------------------------------------------------


def test_markdown_says_what_the_page_says(out: Path) -> None:
    account = gather(out)
    for lang in LANGS:
        text = markdown(account, lang)
        words = Words(lang)
        assert words("page.note") in text
        for part in sections(account, words):
            assert f"## {part.title}\n" in text
            for block in part.blocks:
                if isinstance(block, Table):
                    assert f"**{block.caption}**" in text.replace("\\", "")
    assert "`Disallow: /x # not here`" in markdown(account)
    assert "| deny | 3 | 33.3 % |" in markdown(account)


def test_tables_of_markdown_are_whole(hostile: Path) -> None:
    lines = markdown(gather(hostile)).split("\n")
    tables = [n for n, line in enumerate(lines) if re.fullmatch(r"\|( ---:? \|)+", line)]
    assert len(tables) > 8
    for n in tables:
        wide = len(re.findall(r"(?<!\\)\|", lines[n]))
        for row in (lines[n - 1], *lines[n + 1 : lines.index("", n)]):
            assert len(re.findall(r"(?<!\\)\|", row)) == wide, row


def test_hostile_text_is_no_markdown(hostile: Path) -> None:
    text = markdown(gather(hostile))
    assert not set(text) & set("\u202e\u202c\u2028")
    outside = re.sub(r"(`+).*?(?<!`)\1(?!`)", "", text)  # what stands in code spans is shown as it is
    assert "<img" not in re.sub(r"\\<", "", outside)
    assert not re.search(r"(?<!\\)\[[^\]\\]*\]\(", outside)
    assert "http://b" not in outside


# -- JSON ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_json_is_what_its_schema_says(out: Path, hostile: Path, tmp_path: Path, lang: str) -> None:
    empty = rewritten(out, tmp_path / "empty", [])
    for folder in (out, hostile, empty):
        _, text = make_report(folder, form=Form.JSON, lang=lang)
        validator("audit-report").validate(json.loads(text))


def test_json_has_the_numbers_of_the_page(out: Path) -> None:
    told = report_object(gather(out))
    assert told["verdicts"] == {"rows": 9, "allow": 4, "review": 2, "for_now": 0, "deny": 3}
    assert told["coverage"]["rejected"] == 2
    assert told["sites"][0]["examples"][0]["robots"]["text"] == "Disallow: /x # not here"
    assert told["asked"]["declaration"]["operator"] == "Example Lab"
    names = [file["name"] for file in told["outputs"]]
    assert names[0] == "decisions.parquet"
    assert names[-1] == "summary.json"
    assert {"bases.parquet", "lines.parquet", "rejects.jsonl"} < set(names)
    assert all(file["as_noted"] for file in told["outputs"])


# -- SARIF 2.1.0 ---------------------------------------------------------------------------------------------


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for key, inner in value.items() if key != "snippet" for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("lang", LANGS)
def test_sarif_holds_to_the_specification(out: Path, hostile: Path, lang: str) -> None:
    for folder in (out, hostile):
        log = sarif_object(gather(folder), lang)
        assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-schema-2.1.0.json")
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        assert run["tool"]["driver"]["name"] == "crawlgate"
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        assert run["automationDetails"]["id"].endswith("/")
        assert run["results"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
            assert result["kind"] in ("fail", "review", "open", "informational")
            assert (result["level"] == "none") == (result["kind"] != "fail")  # 3.27.10
            assert result["message"]["text"]
            (place,) = result["locations"]
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9%:/?#\[\]@!$&'()*+,;=._~-]+", uri)  # RFC 3986
            assert not re.search(r"%(?![0-9A-Fa-f]{2})", uri)
            assert place["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1
        prints = [result["partialFingerprints"]["crawlgateFinding/v1"] for result in run["results"]]
        assert len(set(prints)) == len(prints)
        for text in texts(log):
            assert not re.search(r"[<>]", text)  # 3.11.3
            assert not re.search(r"(?<!\{)\{\d+\}(?!\})", text)  # 3.11.5
            assert not re.search(r"(?<!\\)\[[^\]\\]*\]\(", text)  # 3.11.6
        for notification in run["invocations"][0]["toolExecutionNotifications"]:
            assert notification["level"] == "warning"  # an error would say that the run failed (3.20.21)
        for artifact in run["artifacts"]:
            assert "hashes" not in artifact or re.fullmatch("[0-9a-f]{64}", artifact["hashes"]["sha-256"])


def test_sarif_names_the_line_where_it_stands(out: Path) -> None:
    (run,) = sarif_object(gather(out))["runs"]
    by_rule = {(result["ruleId"], result["kind"]): result for result in run["results"]}
    measure = by_rule["B2", "fail"]
    assert measure["level"] == "error"
    place = measure["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "https://closed.example/robots.txt"
    assert place["physicalLocation"]["region"] == {"startLine": 4, "snippet": {"text": "Disallow: /x # not here"}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "closed.example"}]
    assert measure["properties"]["rows"] == 3
    named = by_rule["B3", "review"]["locations"][0]["physicalLocation"]
    assert named["artifactLocation"]["uri"] == "https://named.example/robots.txt"
    assert named["region"] == {"startLine": 2, "snippet": {"text": "Disallow: /"}}
    unknown = by_rule["B2", "open"]["locations"][0]["physicalLocation"]
    assert urlsplit(unknown["artifactLocation"]["uri"]).path == "/q"
    assert "region" not in unknown
    assert by_rule["setup.rejected", "fail"]["level"] == "error"
    assert ("setup.user_agent_not_on_record", "informational") in by_rule
    told = {n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]}
    assert any("no_scheme" in text for text in told)


def test_sarif_says_what_could_not_be_looked_at(out: Path) -> None:
    (run,) = sarif_object(gather(out))["runs"]
    unknown = [result for result in run["results"] if result.get("properties", {}).get("outcome") == "unknown"]
    assert {result["kind"] for result in unknown} == {"open"}
    assert {result["properties"]["site"] for result in unknown} == {"nothing.example"}
    rule = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "B2")
    assert rule["properties"]["sources"] == list(CATALOGUE["B2"].sources)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("lang", LANGS)
def test_the_same_files_give_the_same_bytes(out: Path, form: Form, lang: str) -> None:
    assert make_report(out, form=form, lang=lang)[1] == make_report(out, form=form, lang=lang)[1]
