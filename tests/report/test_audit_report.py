"""The report of an audit says what the audit's files say, in every form, and nothing of others acts in it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from selectolax.lexbor import LexborHTMLParser  # noqa: E402

from crawlgate.errors import ConfigError  # noqa: E402
from crawlgate.model import Outcome  # noqa: E402
from crawlgate.report.audit.account import Account  # noqa: E402
from crawlgate.report.audit.gather import SITES, gather  # noqa: E402
from crawlgate.report.audit.json import report_object  # noqa: E402
from crawlgate.report.audit.page import page  # noqa: E402
from crawlgate.report.audit.periods import periods  # noqa: E402
from crawlgate.report.gist import Answer  # noqa: E402
from tests.report.audited import HOSTILE, audited, bases, decisions, edited, log, rewritten  # noqa: E402
from tests.report.pages import contrast, one_file, read_aloud  # noqa: E402

LANGS = ("en", "ja")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def account(out: Path) -> Account:
    return gather(out)


def answer(row: dict[str, object], of: dict[int, dict[str, object]]) -> str:
    basis = of[row["basis"]]  # type: ignore[index]
    return "for_now" if basis["temporary"] and row["verdict"] == "deny" else str(row["verdict"])


# -- numbers ----------------------------------------------------------------------------------------------


def test_numbers_are_those_of_the_decisions(out: Path, account: Account) -> None:
    rows, of = decisions(out), bases(out)
    want = Counter(answer(row, of) for row in rows)
    assert want == {"deny": 3, "review": 2, "allow": 4}  # the audit is as it should be
    assert {str(a): n for a, n in account.counts.items() if n} == want
    for name, figures in account.criteria.items():
        told = Counter(f["outcome"] for row in rows for f in of[row["basis"]]["findings"] if f["criterion"] == name)
        assert {str(o): n for o, n in figures.outcomes.items() if n} == told, name
        assert figures.not_assessed == len(rows) - told.total()
        assert sum(count for _, count in figures.reasons) == told.total()


def test_coverage_comes_first_and_parts_the_rows(out: Path, account: Account) -> None:
    found = account.coverage
    assert (found.rows, found.judged, found.rejected) == (11, 9, 2)
    assert (found.known, found.unknown, found.not_covered) == (8, 0, 1)  # nothing.example has no robots.txt on record
    assert found.rejected_by == {"bad_time": 1, "no_scheme": 1}
    assert {name for item in found.not_assessed for name in item.names} >= {"A1", "D2"}
    tree = one_file(page(account))
    assert [node.attributes["id"] for node in tree.css("main > section")][:3] == ["asked", "coverage", "setup"]
    assert "2 rows, records or stretches could not be judged" in tree.css_first("header .state").text()
    assert "row 9" in tree.css_first("#coverage").text()


def test_sites_are_registrable_domains_the_worst_first(account: Account) -> None:
    assert account.sites[0].name == "closed.example"
    assert account.sites[0].hosts == 2
    assert (account.sites[0].denied, account.sites[0].rows) == (3, 4)
    assert {found.criterion for _, found, _ in account.sites[0].found} >= {"B2"}
    assert {site.name for site in account.sites} == {"closed.example", "named.example", "nothing.example"}
    assert (account.concentration.denied, account.concentration.sites_denied) == (3, 1)
    assert dict(account.concentration.needed)[50] == 1


def test_rows_of_the_worst_sites_show_the_line_of_the_time(account: Account) -> None:
    row = account.sites[0].examples[0]
    assert (row.url, row.line, row.row) == ("https://closed.example/x/1", 4, 0)
    assert row.quote is not None
    assert row.quote.text == "Disallow: /x # not here"
    assert row.quote.agents == ("User-agent: other", "User-agent: *")
    text = one_file(page(account)).css_first("#sites").text()
    assert "User-agent: otherUser-agent: *Disallow: /x # not here" in text
    assert "line 4" in text
    assert "60 min before the fetch" in text


def test_rows_of_sites_that_name_others_show_the_line_that_does(account: Account) -> None:
    site = next(site for site in account.sites if site.name == "named.example")
    (row,) = site.examples
    assert (row.quote, row.line) == (None, None)
    assert row.named is not None
    assert (row.named.line, row.named.text, row.named.agents) == (2, "Disallow: /", ("User-agent: GPTBot",))
    text = one_file(page(account)).css_first("#people").text()
    assert "User-agent: GPTBotDisallow: /" in text
    assert "line 2, the first that keeps a crawler for AI data out by name" in text


def test_a_row_that_was_taken_after_a_refusal_names_it(tmp_path: Path) -> None:
    rows = [
        {"url": "https://open.example/r", "time": "2024-02-01T10:00:00Z", "status": 403, "user_agent": "ExampleBot/1.0 (+https://lab.example/bot)"},
        {"url": "https://open.example/r", "time": "2024-02-01T10:05:00Z", "status": 200, "user_agent": "Mozilla/5.0"},
    ]  # fmt: skip
    account = gather(audited(tmp_path / "a", rows=rows))
    (row,) = account.criteria["B5"].examples[Outcome.MET]
    assert (row.row, row.earlier_row) == (1, 0)
    text = one_file(page(account)).css_first("#criteria").text()
    assert f"refused before: {row.earlier_file}, row 0" in text


def test_few_sites_that_make_much(out: Path, tmp_path: Path) -> None:
    rows = decisions(out)
    deny = next(row for row in rows if row["verdict"] == "deny")
    made = [deny | {"host": f"s{n}.example"} for n in range(1, 11) for _ in range(100 if n == 1 else n)]
    found = gather(rewritten(out, tmp_path / "few", made)).concentration
    assert (found.denied, found.sites_denied, found.sites) == (154, 10, 10)
    assert found.needed == ((50, 1), (80, 4), (90, 6), (99, 10), (100, 10))
    assert found.curve[0] == (1, 100)
    assert found.curve[-1] == (10, 154)


def test_sites_are_bounded_and_the_rest_is_counted(out: Path, tmp_path: Path) -> None:
    deny = next(row for row in decisions(out) if row["verdict"] == "deny")
    made = [deny | {"host": f"s{n:02}.example"} for n in range(SITES + 5)]
    account = gather(rewritten(out, tmp_path / "many", made))
    assert [site.name for site in account.sites] == [f"s{n:02}.example" for n in range(SITES)]  # equal ones by name
    assert "5 more sites" in one_file(page(account)).css_first("#sites").text()


def test_over_time(account: Account) -> None:
    assert account.unit == "day"
    assert account.periods[0].name == "2024-01-31"
    assert len(account.periods) == 46  # days without a row between others are there
    assert sum(period.rows for period in account.periods) == 9
    chart = one_file(page(account)).css_first("#time svg[role=img] title").text()
    assert "Columns over time from 2024-01-31 to 2024-03-16" in chart
    assert "the greatest share denied, 100.0 %, in 2024-01-31" in chart


@pytest.mark.parametrize(
    ("first", "last", "unit", "names"),
    [
        ("2024-05-01T00:10:00", "2024-05-01T02:50:00", "hour", ["2024-05-01 00:00", "2024-05-01 01:00", "2024-05-01 02:00"]),
        ("2023-12-31T23:00:00", "2024-01-02T01:00:00", "hour", None),
        ("2024-02-28T23:00:00", "2024-04-02T00:00:00", "day", None),
        ("2023-11-30T23:00:00", "2024-02-01T00:00:00", "month", ["2023-11", "2023-12", "2024-01", "2024-02"]),
        ("1999-12-31T23:00:00", "2024-02-01T00:00:00", "year", None),
    ],
)  # fmt: skip
def test_periods_leave_nothing_out(first: str, last: str, unit: str, names: list[str] | None) -> None:
    hours = {(_hour(first), Answer.ALLOW): 3, (_hour(last), Answer.DENY): 1}
    found_unit, found = periods(hours)
    assert found_unit == unit
    assert [found[0].rows, found[-1].rows] == [3, 1]
    if names is not None:
        assert [period.name for period in found] == names
    assert len(found) <= 62


def _hour(at: str) -> int:
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() // 3600)


def test_by_list(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("listed.example\nunused.example\n", "utf-8")
    more = ("--blocklist", str(tmp_path / "list.txt"), "--vouched-by", "A. Reader")
    then = gather(audited(tmp_path / "then", more=more))
    assert [(one.rows, one.noted["entries"]) for one in then.lists] == [(0, 2)]  # nobody knew at the fetches
    assert "list_later" in {finding.key for finding in then.setup}
    now = gather(audited(tmp_path / "now", more=(*more, "--as-of", "now")))
    (one,) = now.lists
    assert (one.rows, one.counts[Answer.DENY]) == (1, 1)
    assert [rows for _, rows in one.notices] == [1]
    tree = one_file(page(now))
    assert "A. Reader vouches for it" in tree.css_first("#lists").text()
    assert "All rows were judged as of one time" in tree.css_first("#time").text()
    assert "other_time" in {finding.key for finding in now.setup}
    assert "Every row is judged by what was on record at 2" in tree.css_first("header").text()


def test_what_a_person_must_decide(account: Account) -> None:
    assert {waiting.criterion: waiting.rows for waiting in account.waiting}["B3"] == 1
    text = one_file(page(account)).css_first("#people").text()
    assert "2 rows are held" in text
    assert "Does it mean this one too?" in text
    assert "Is it enough that this crawler is not among those that robots.txt names?" in text


def test_what_must_come_out_and_what_was_known_when(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("listed.example\n", "utf-8")
    refusal = {
        "url": "https://open.example/robots.txt",
        "time": "2025-01-01T00:00:00Z",
        "status": 200,
        "body": "User-agent: *\nDisallow: /o\n",
    }
    rows = [row | {"shard": f"s{n % 2}", "offset": n * 100, "sha256": "ab" * 32} for n, row in enumerate(log())]
    more = ("--blocklist", str(tmp_path / "list.txt"), "--vouched-by", "A. Reader", "--profile", "strict")
    out = audited(tmp_path / "a", more=more, rows=rows, later=[refusal])
    found = gather(out).removals
    assert found is not None
    split = {(cause, known): (str(effect), rows) for cause, known, effect, rows in found.split}
    assert split["mistake", "after_load"][0] == "deny"
    assert split["notice", "before_receipt"] == ("deny", 1)
    assert split["opt_out", "before_receipt"] == ("review", 1)
    assert (sum(found.effects.values()), sum(rows for _, _, _, rows in found.split)) == (found.rows, found.rows)
    assert [rows for _, rows in found.lists] == [1]
    by_cause = {row.cause: row for row in found.examples}
    assert by_cause["opt_out"].quote is not None
    assert by_cause["opt_out"].quote.text == "Disallow: /o"  # the line of now, which no decision names
    assert by_cause["notice"].criteria == (("C3", Outcome.MET),)
    tree = one_file(page(gather(out)))
    read_aloud(tree, "en")
    text = tree.css_first("#removals").text()
    for words in ("copy: shard s0", "not yet: fetched before it was received", "take it out", "Disallow: /o", "of list.txt in list.txt@sha256:"):  # fmt: skip
        assert words in text
    assert f"{found.looked_again} rows a robots.txt was received after their fetch" in text


def test_an_audit_without_a_removal_list_says_so(out: Path, tmp_path: Path) -> None:
    bare = rewritten(out, tmp_path / "bare", decisions(out))
    (bare / "removals.parquet").unlink()
    account = gather(bare)
    assert account.removals is None
    assert "wrote no removal list" in one_file(page(account)).css_first("#removals").text()


def test_the_set_up_is_told(out: Path, tmp_path: Path) -> None:
    keys = [finding.key for finding in gather(out).setup]
    assert keys == ["rejected", "without_robots", "no_lists", "user_agent_not_on_record"]
    bare = rewritten(out, tmp_path / "bare", decisions(out))
    edited(bare, evidence={"files": [], "answers": 0}, declaration={"token": "X"}, lists=[{"name": "l", "entries": 1, "rejected": 3, "vouched_by": None}])  # fmt: skip
    told = {finding.key: finding for finding in gather(bare).setup}
    assert told.keys() >= {"no_evidence", "token_unpublished", "list_rejected", "list_unvouched"}
    for lang in LANGS:
        one_file(page(gather(bare), lang))


def test_an_audit_of_nothing_is_reported(out: Path, tmp_path: Path) -> None:
    account = gather(rewritten(out, tmp_path / "empty", []))
    assert account.coverage.judged == 0
    for lang in LANGS:
        read_aloud(one_file(page(account, lang)), lang)
    assert "No row could be judged" in one_file(page(account)).css_first("header .state").text()


# -- form ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_one_file_that_can_be_read_aloud(account: Account, lang: str) -> None:
    read_aloud(one_file(page(account, lang)), lang)


def test_colours_can_be_read_in_both_schemes(account: Account) -> None:
    text = page(account)
    for front in ("ink", "soft", "accent"):
        for back in ("page", "panel"):
            assert min(contrast(text, front, back)) >= 4.5, (front, back)
    for back in ("note", "good", "bad", "code"):
        assert min(contrast(text, "ink", back)) >= 4.5, back
    for drawn in ("allow", "review", "for_now", "deny", "plain"):  # 1.4.11: what is drawn, not written
        assert min(contrast(text, drawn, "page")) >= 3, drawn


@pytest.mark.parametrize("lang", LANGS)
def test_the_head_says_that_the_source_is_not_binding(account: Account, lang: str) -> None:
    head = one_file(page(account, lang)).css_first("header").text()
    for words in (("not legally binding", "no legal conclusion"), ("法的拘束力はない", "法的な結論を示すものではない"))[lang == "ja"]:  # fmt: skip
        assert words in head


def test_it_never_calls_anything_illegal(account: Account) -> None:
    for lang in LANGS:
        text = one_file(page(account, lang)).body
        assert text is not None
        for word in ("illegal", "unlawful", "違法", "適法", "合法"):
            assert word not in text.text().lower()


def test_the_page_in_japanese_has_no_english_of_ours(account: Account) -> None:
    from crawlgate.report.words import all_texts

    body = one_file(page(account, "ja")).body
    assert body is not None
    text = body.text()
    ours = [t["en"] for t in all_texts().values() if len(t["en"]) > 12 and "{" not in t["en"] and t["en"] != t["ja"]]
    assert [words for words in ours if words in text] == []


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_is_shown_and_not_obeyed(out: Path, tmp_path: Path, lang: str) -> None:
    rows = [row | {"url": f"https://a.example/{HOSTILE}", "host": HOSTILE, "file": HOSTILE, "list": HOSTILE, "notice": HOSTILE} for row in decisions(out)]  # fmt: skip
    hostile = rewritten(out, tmp_path / "hostile", rows)
    (hostile / "rejects.jsonl").write_text(
        json.dumps({"file": HOSTILE, "row": 1, "reason": HOSTILE, "url": HOSTILE}), "utf-8"
    )
    declared = {"operator": HOSTILE, "token": HOSTILE, "user_agent": HOSTILE, "purposes": [HOSTILE], "legal_basis": HOSTILE, "licences": [{"licensor": HOSTILE}]}  # fmt: skip
    files = [{"name": HOSTILE, "bytes": 1, "sha256": HOSTILE}]
    edited(hostile, declaration=declared, profile={"name": HOSTILE, "sha256": HOSTILE}, inputs=files, evidence={"files": files, "answers": 1}, lists=[{"name": HOSTILE, "vouched_by": HOSTILE, "received_at": HOSTILE}], coverage={"rejected": 1, "rejected_by": {HOSTILE: 1}}, program=HOSTILE)  # fmt: skip
    text = page(gather(hostile), lang)
    tree = one_file(text)
    read_aloud(tree, lang)
    assert not set(text) & set("\u202e\u202c\u2028\x00\x1b\r")
    shown = tree.css_first("#sites .examples code").text()
    assert shown.startswith('https://a.example/</script></style><img src=x onerror="a()"> \\u202eevil\\u202c\\u2028')
    assert all(node.attributes["dir"] == "ltr" for node in tree.css("code"))


def test_the_same_files_give_the_same_bytes_however_they_are_laid_out(out: Path, tmp_path: Path) -> None:
    rows = decisions(out)
    assert page(gather(out)) == page(gather(out))
    told = [
        report_object(gather(rewritten(out, tmp_path / f"groups{size}", rows, group=size))) | {"outputs": []}
        for size in (1, 2, 7, 100)
    ]
    assert all(one == told[0] for one in told)
    assert told[0] == report_object(gather(out)) | {"outputs": []}


def test_long_urls_are_shown_whole_and_the_page_stays_small(out: Path, tmp_path: Path) -> None:
    deny = next(row for row in decisions(out) if row["verdict"] == "deny")
    long = f"https://closed.example/{'long/' * 300}"
    made = [deny | {"url": long, "host": f"{n}.s{n}.example"} for n in range(100)]
    text = page(gather(rewritten(out, tmp_path / "long", made)))
    assert long in text
    assert len(text) < 150_000


# -- what is no audit --------------------------------------------------------------------------------------


def test_what_is_missing_is_named(out: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        gather(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"it holds no decisions\.parquet, bases\.parquet"):
        gather(tmp_path)
    (tmp_path / "broken" / ".unfinished").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"was broken off; finish it: crawlgate audit \.\.\. --resume"):
        gather(tmp_path / "broken")
    lacking = rewritten(out, tmp_path / "lacking", decisions(out))
    (lacking / "lines.parquet").unlink()
    with pytest.raises(ConfigError, match=r"it holds no lines\.parquet.*run the audit again"):
        gather(lacking)


@pytest.mark.parametrize(
    "name", ["decisions.parquet", "bases.parquet", "lines.parquet", "summary.json", "rejects.jsonl"]
)
def test_what_cannot_be_read_is_named(out: Path, tmp_path: Path, name: str) -> None:
    broken = rewritten(out, tmp_path / "broken", decisions(out))
    (broken / name).write_bytes(b"{no\n")
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        gather(broken)


def test_a_file_that_was_changed_is_told_at_the_head(out: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(out, changed)
    (changed / "rejects.jsonl").write_bytes((out / "rejects.jsonl").read_bytes() + b"{}\n")
    account = gather(changed)
    assert [file.name for file in account.outputs if not file.as_noted] == ["rejects.jsonl"]
    assert "rejects.jsonl is not the file" in one_file(page(account)).css_first("header .state").text()


def test_another_make_of_decisions_is_told(out: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    other = rewritten(out, tmp_path / "other", decisions(out))
    table = pq.read_table(other / "decisions.parquet").drop_columns(["notice"])
    pq.write_table(table, other / "decisions.parquet")
    with pytest.raises(ConfigError, match="it has no column notice"):
        gather(other)


def test_what_is_not_met_is_no_finding_against_anybody(account: Account) -> None:
    tree = LexborHTMLParser(page(account))
    titles = [node.text() for node in tree.css("#criteria h4")]
    assert any(title.startswith("B2") for title in titles)
    assert not any(title.startswith(("B1", "C1", "C2")) for title in titles)
    assert account.criteria["B1"].outcomes[Outcome.NOT_MET] == 9


def test_ages_are_told_in_one_unit(account: Account) -> None:
    from crawlgate.report.words import Words, age_text

    now = datetime(2024, 1, 1, tzinfo=UTC)
    spans = (timedelta(seconds=5), timedelta(minutes=5), timedelta(days=5), -timedelta(1))
    assert [age_text(now - span, now, Words("en")) for span in spans] == ["5 s", "5 min", "120 h", ""]
