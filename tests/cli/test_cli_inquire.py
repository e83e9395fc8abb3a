"""`crawlgate inquire`: three forms, two languages, exit codes that say what happened."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Outcome, Verdict
from tests.audit.inquiries import BEGIN, crawled, plain
from tests.cli.program import run
from tests.report.homes import AT, basis, clock
from tests.test_schemas import validator

__all__ = ["run"]
ASKED = ["https://a.example/taken", "https://a.example/private/1", "https://a.example/never"]
HOSTILE = "</script></style><img src=x onerror=a()>\u202eevil\x1b[31m\n=cmd()"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return crawled(tmp_path_factory.mktemp("home"))


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def test_text(run, home):
    done = run("inquire", *ASKED, "a.example", "--home", home)
    assert done.code == 0
    blocks = done.out.split("\n\n")
    assert blocks[0].startswith("https://a.example/taken  (URL)\n  YES: its body was handed out\n")
    assert "NO: it was refused" in blocks[1]
    assert "robots.disallow, line 2: Disallow: /private" in blocks[1]
    assert "robots.txt https://a.example/robots.txt: 200, 2026-11-10 03:01:00 UTC, 3 min old" in blocks[1]
    assert "kept, intact" in blocks[1]
    assert "not assessed: A1, A2 (no additional training is declared)" in blocks[1]
    assert "NOT COVERED: no decision about it is on record in the period asked for" in blocks[2]
    assert "10 addresses: 3 yes, 6 no, 1 not covered" in blocks[3]
    assert "stored, 2026-11-10 03:09:00 UTC, dataset corpus-1, shard part-7.parquet, offset 123, 47 bytes" in blocks[3]
    assert "1 run passed the gate, with 63 decisions" in blocks[4]
    assert "only people can say" in blocks[4]
    assert "no legal conclusion is drawn" in blocks[5]
    assert done.err == "4 asked: 1 no, 1 not covered, 2 yes\n"


def test_japanese(run, home):
    done = run("inquire", *ASKED, "--home", home, "--lang", "ja", "--owner", "例の出版社")
    assert "例の出版社  (権利者)" in done.out
    assert "はい: 本文を引き渡した" in done.out
    assert "いいえ: 拒否した" in done.out
    assert "対象外: 対象期間に、これに関する判定の記録がない" in done.out
    assert "ゲートを経由しなかった収集は、ここには記録されていない" in done.out
    assert " not " not in done.out


def test_json_is_what_the_schema_says(run, home):
    check = validator("inquiry")
    done = run(
        "inquire", *ASKED, "a.example", "data:,x", "foo bar", "--owner", "Kim", "--home", home, "--format", "json"
    )
    told = lines(done.out)
    for one in told:
        check.validate(one)
    assert [one.get("answer") for one in told] == [
        "needs_person",
        "yes",
        "no",
        "not_covered",
        "yes",
        "unreadable",
        "unreadable",
        None,
    ]
    assert told[-1]["answers"] == {"yes": 2, "no": 1, "not_covered": 1, "needs_person": 1, "unreadable": 2}
    (step,) = told[2]["addresses"][0]["steps"]
    assert (step["verdict"], step["reasons"], step["evidence"][0]["age_seconds"]) == ("deny", ["B2"], 180)
    assert step["evidence"][0]["intact"] is True
    assert done.code == 4
    for one in lines(run("inquire", "a.example", "--home", home, "--format", "json", "--limit", 0, "--verify").out):
        check.validate(one)


class Page(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_html_is_one_file_without_scripts_or_links_elsewhere(run, home, tmp_path, lang):
    out = tmp_path / "answer.html"
    done = run(
        "inquire",
        *ASKED,
        "a.example",
        "--owner",
        HOSTILE,
        "--home",
        home,
        "--format",
        "html",
        "--out",
        out,
        "--lang",
        lang,
    )
    assert (done.code, done.out) == (4, f"{out}\n")
    page = Page(out.read_text("utf-8"))
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "form"} == set()
    hrefs = [a["href"] for tag, a in page.tags if tag == "a"]
    assert hrefs
    assert all(href.startswith("#") for href in hrefs)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in hrefs} <= set(ids)
    for needed in (
        "https://a.example/private/1",
        "robots.disallow",
        "Disallow: /private",
        "corpus-1",
        "part-7.parquet",
    ):
        assert needed in page.text
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text


def test_a_list(run, home, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_bytes(
        "\ufeff# asked by a publisher\r\n".encode()
        + "\r\n".join(ASKED).encode()
        + b"\r\n\r\n  www.a.example  \r\n\xff\xfe\r\n"
    )
    done = run("inquire", "--file", listed, "--home", home, "--format", "json")
    assert [one.get("asked") for one in lines(done.out)][:4] == [*ASKED, "www.a.example"]
    assert lines(done.out)[4]["answer"] == "unreadable"
    assert done.code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "nothing is asked for"),
        (["--file", "nowhere.txt"], 2, "nowhere.txt: cannot be read"),
        (["a.example", "--from", "yesterday"], 2, "--from"),
        (["a.example", "--from", "2026-02-02", "--to", "2026-02-01"], 2, "before it begins"),
        (["a.example", "--from", "2026-11-10T03:00:00"], 2, "no zone"),
        (["a.example", "--out", "x.html"], 2, "--out is for"),
        (["a.example", "--format", "pdf"], 2, "pdf"),
        (["foo bar"], 4, ""),
        (["--owner", "Kim"], 4, ""),
        (["https://a.example/never"], 0, ""),
        (["https://a.example/never", "--fail-on", "yes"], 0, ""),
        (["https://a.example/never", "--fail-on", "not-covered"], 1, ""),
        (["https://a.example/taken", "--fail-on", "yes"], 1, ""),
        (["https://a.example/private/1", "--fail-on", "not-covered"], 0, ""),
        (["a.example", "--verify"], 0, ""),
    ],
)
def test_exit_codes(run, home, tmp_path, monkeypatch, arguments, code, word):
    monkeypatch.chdir(tmp_path)
    done = run("inquire", *arguments, "--home", home)
    assert done.code == code, done.err
    assert word in done.err


def test_an_empty_list_is_an_error(run, home, tmp_path):
    (tmp_path / "empty.txt").write_text("# nothing\n\n")
    for form in ("text", "json", "html"):
        done = run("inquire", "--file", tmp_path / "empty.txt", "--home", home, "--format", form)
        assert (done.code, done.out) == (2, "")
        assert "nothing is asked for" in done.err


def test_what_could_read_nothing_does_not_end_well(run, tmp_path):
    assert run("inquire", "a.example", "--home", tmp_path).code == 2
    (tmp_path / "ledger").mkdir()
    assert run("inquire", "a.example", "--home", tmp_path).code == 2
    (tmp_path / "ledger" / "20261110T030000000000Z-1-abcdef.jsonl").write_bytes(b"no record\n" * 3)
    done = run("inquire", "a.example", "--home", tmp_path)
    assert done.code == 3
    assert "3 lines of the ledger cannot be read" in done.out
    (tmp_path / "ledger" / "20261110T030000000000Z-1-abcdef.jsonl").write_bytes(b"")
    assert run("inquire", "a.example", "--home", tmp_path, "--verify").code == 3


def test_verified_answers_rest_on_no_index_that_was_altered(run, tmp_path):
    crawled(tmp_path)
    before = run("inquire", "https://a.example/taken", "--home", tmp_path).out
    assert "YES" in before
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
        db.execute("DELETE FROM outcome")
        db.commit()
    assert "YES" not in run("inquire", "https://a.example/taken", "--home", tmp_path).out
    done = run("inquire", "https://a.example/taken", "--home", tmp_path, "--verify")
    assert done.out.split("\n\n")[0] == before.split("\n\n")[0]


def test_damage_is_told_with_exit_code_3(run, tmp_path):
    crawled(tmp_path)
    (path,) = plain(tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"disposition":"released"', b'"disposition":"discarded"', 1))
    assert run("inquire", "a.example", "--home", tmp_path).code == 0
    done = run("inquire", "a.example", "--home", tmp_path, "--verify")
    assert done.code == 3
    assert "THE LEDGER DOES NOT VERIFY" in done.out
    path.write_bytes(raw)
    (archive,) = (tmp_path / "evidence").glob("*.gz")
    archive.write_bytes(archive.read_bytes()[:-200])
    done = run("inquire", "https://broken.example/", "b.example", "--home", tmp_path)
    assert done.code == 3
    assert "KEPT, BUT NO LONGER WHAT WAS STORED" in done.out


def test_outside_the_gate_is_put_on_record_and_told(run, tmp_path):
    crawled(tmp_path)
    done = run("ledger", "outside", "first crawl", "--by", "Kim", "--reason", "no gate yet", "--from", "2024-01-01",
               "--to", "2024-06-30", "--dataset", "corpus-0", "--home", tmp_path)  # fmt: skip
    assert done.code == 0
    told = run("inquire", "a.example", "--home", tmp_path)
    assert (
        "first crawl (2024-01-01 00:00:00 UTC to 2024-06-30 23:59:59 UTC), says Kim: no gate yet; it fed dataset corpus-0"
        in told.out
    )
    assert "1 run passed the gate" in told.out
    shown = run("ledger", "show", "--kind", "outside", "--home", tmp_path)
    assert f"[{done.out.strip()}]" in shown.out
    for arguments in (
        ["x"],
        ["x", "--by", " ", "--reason", "r"],
        ["x", "--by", "b", "--reason", "r", "--from", "2024-02-01", "--to", "2024-01-01"],
    ):
        assert run("ledger", "outside", *arguments, "--home", tmp_path).code == 2


def test_hostile_text_is_shown_and_not_obeyed(run, tmp_path):
    held = basis(Verdict.REVIEW, raw=HOSTILE, outcome=Outcome.NEEDS_HUMAN, not_assessed={HOSTILE: HOSTILE})
    with LedgerWriter(
        tmp_path / "ledger", {"mode": HOSTILE, "declaration": {"operator": HOSTILE, "token": HOSTILE}}, now=clock()
    ) as writer:
        segment, seq = writer.append_decision(AT, "https://a.example/x", held, user_agent=HOSTILE)
        writer.append(
            "outcome",
            {"at": AT, "decision": f"{segment}:{seq}", "disposition": "stored", "dataset": HOSTILE, "to": HOSTILE},
        )
        writer.append_decision(AT, HOSTILE, basis(), problem=HOSTILE)
        writer.append("outside", {"at": AT, "name": HOSTILE, "by": HOSTILE, "reason": HOSTILE})
    for form in ("text", "json"):
        done = run("inquire", "a.example", HOSTILE, "--home", tmp_path, "--format", form)
        assert done.code in (0, 4)
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out or form == "json"
    run("inquire", "a.example", HOSTILE, "--home", tmp_path, "--format", "html", "--out", tmp_path / "a.html")
    raw = (tmp_path / "a.html").read_text("utf-8")
    assert "<img" not in raw
    assert "</script>" not in raw
    assert "\u202e" not in raw


def test_the_period(run, home):
    day = BEGIN.date()
    for since, until, yes in (
        (day, day, True),
        (None, day - timedelta(days=1), False),
        (day + timedelta(days=1), None, False),
    ):
        options = [*(("--from", since) if since else ()), *(("--to", until) if until else ())]
        done = run("inquire", ASKED[0], *options, "--home", home)
        assert ("YES" in done.out) is yes
