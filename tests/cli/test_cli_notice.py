"""Single notices on the command line, and what gates make of them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlgate import Decision, Declaration, Gate
from crawlgate.blocklist.knowledge import NoticeStatus
from crawlgate.ledger.query import records
from crawlgate.lists import Lists
from crawlgate.testing import FakeWeb
from tests.cli.program import Run, run
from tests.cli.test_cli_blocklist_collect import is_what_the_schema_says

__all__ = ["run"]

DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)
RECEIVED = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(url: str) -> Decision:
    with Gate(DECLARATION, evidence_transport=FakeWeb().transport()) as gate:
        return gate.check(url)


def test_a_letter(run: Run, folder: Path) -> None:
    letter = folder / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 \x00 a letter")
    done = run(
        "notice", "add", "pirate.example", "--scope", "registrable_domain", "--issuer", "Rights Holders",
        "--issuer-kind", "rights_holder", "--vouched-by", "A. Reviewer", "--received", RECEIVED.isoformat(),
        "--reference", "mail 7", "--document", letter, "--reason", "whole volumes",
    )  # fmt: skip
    assert done.code == 0, done.err
    name = done.out.strip()
    decision = check("https://www.pirate.example/")
    found = decision.basis.finding("C1")
    assert found is not None
    assert (found.outcome, found.reason) == ("met", "c1.known")
    assert found.params["received"] == RECEIVED.date().isoformat()
    assert "Rights Holders listed pirate.example" in decision.explain()
    listed = run("notice", "list").out
    assert (
        f"{name}  registrable_domain pirate.example  Rights Holders (a rights holder's, checked by A. Reviewer)"
        in listed
    )
    assert "mail 7  whole volumes" in listed
    (table,) = map(is_what_the_schema_says, run("notice", "list", "--format", "json").out.splitlines())
    digest = hashlib.sha256(letter.read_bytes()).hexdigest()
    assert table["document"] == digest
    assert (folder / ".crawlgate/lists/documents" / digest).read_bytes() == letter.read_bytes()
    (record,) = records(Path(".crawlgate/ledger"), kinds={"notice"})
    assert (record.table["id"], record.table["value"], record.id) == (name, "pirate.example", table["record"])

    # Three days between its arrival and now, in which nobody had it loaded.
    (claim,) = Lists(".crawlgate").history().claims
    assert claim.status(RECEIVED + timedelta(days=1)) is NoticeStatus.KNOWN_NOT_LOADED
    assert claim.status(datetime.now(UTC)) is NoticeStatus.KNOWN
    assert claim.status(RECEIVED - timedelta(days=1)) is NoticeStatus.LATER


def test_withdrawn(run: Run) -> None:
    name = run("notice", "add", "a.example", "--scope", "host", "--issuer", "RHA", "--vouched-by", "A. R.").out.strip()
    assert not check("https://a.example/").allowed
    assert run("notice", "withdraw", name, "--reason", "their letter of today").code == 0
    assert check("https://a.example/").allowed
    assert "withdrawn" in run("notice", "list").out
    again = run("notice", "withdraw", name, "--reason", "x")
    assert again.code == 2
    assert "already" in again.err
    assert "there is no notice" in run("notice", "withdraw", "n0", "--reason", "x").err


def test_json(run: Run) -> None:
    done = run("notice", "add", "a.example/u/x", "--scope", "path_prefix", "--issuer", "RHA", "--format", "json")
    table = is_what_the_schema_says(done.out)
    assert (table["value"], table["path_prefix"], table["verified"]) == ("a.example", "/u/x", False)


def test_nobody_vouched(run: Run) -> None:
    done = run("notice", "add", "a.example", "--scope", "host", "--issuer", "somebody")
    assert "never denies" in done.err
    found = check("https://a.example/").basis.finding("C1")
    assert found is not None
    assert (found.outcome, found.reason) == ("needs_human", "c1.unverified")
    assert "nobody has checked who speaks" in run("notice", "list").out


def test_a_notice_about_works_covers_no_site(run: Run) -> None:
    done = run("notice", "add", "Series One, Series Two", "--scope", "work", "--issuer", "RHA", "--vouched-by", "A. R.")
    assert done.code == 0, done.err
    assert "covers no URL" in done.err
    assert check("https://a.example/").allowed
    assert "work Series One, Series Two" in run("notice", "list").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("co.jp", "--scope", "registrable_domain", "--issuer", "x"), "public suffix"),
        (("google.com", "--scope", "registrable_domain", "--issuer", "x"), "most used sites"),
        (("a.example", "--scope", "host"), "needs its issuer"),
        (("a.example", "--scope", "hots", "--issuer", "x"), "'hots'"),
        (("a.example", "--scope", "host", "--issuer", "x", "--issuer-kind", "rights_holder"), "name that person"),
        (("a.example", "--scope", "host", "--issuer", "x", "--received", "tomorrow"), "2026-07-01"),
        (("a.example", "--scope", "host", "--issuer", "x", "--received", "2999-01-01"), "has not come yet"),
        (("a.example", "--scope", "host", "--issuer", "x", "--document", "none.pdf"), "is not there"),
        (
            ("a.example", "--scope", "host", "--issuer", "x", "--listed", "2026-02-02", "--expires", "2026-02-01"),
            "expires_at",
        ),
    ],
)
def test_mistakes(run: Run, arguments: tuple[str, ...], told: str) -> None:
    done = run("notice", "add", *arguments)
    assert done.code in (2, 3)
    assert told in done.err
    assert "no notice was entered" in run("notice", "list").err


def test_a_most_used_site_needs_a_reason_which_is_kept(run: Run) -> None:
    who = ("--issuer", "RHA", "--vouched-by", "A. R.", "--force", "court order 12", "--format", "json")
    done = run("notice", "add", "google.com", "--scope", "registrable_domain", *who)
    assert done.code == 0, done.err
    assert is_what_the_schema_says(done.out)["force"] == "court order 12"
    assert not check("https://mail.google.com/").allowed
    run("blocklist", "rebuild")
    assert "court order 12" in run("notice", "list", "--format", "json").out


def test_a_date_on_which_a_notice_ends_is_its_last_day(run: Run) -> None:
    said = ("notice", "add", "a.example", "--scope", "host", "--issuer", "RHA", "--vouched-by", "A. R.")
    today = datetime.now(UTC).date().isoformat()
    assert run(*said, "--expires", today).code == 0
    assert not check("https://a.example/").allowed
