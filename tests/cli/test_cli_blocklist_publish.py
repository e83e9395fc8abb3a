"""From a spreadsheet to a signed feed, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlgate.blocklist.feed import parse_manifest
from crawlgate.signed_note import parse
from tests.cli.program import Run, run
from tests.cli.test_cli_blocklist_collect import is_what_the_schema_says

__all__ = ["run"]

SHEET = (
    "scope,value,reason,works,listed_at,expires_at,evidence,contact\n"
    "registrable_domain,pirate.example,whole volumes,Series One,2026/4/1,2099-06-30,case 7,desk@rights.example\n"
    "path_prefix,videoplace.example/u/raw/,one account,Series Two,2026/4/1,2099-06-30,case 8,desk@rights.example\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.csv").write_text(SHEET)
    return tmp_path


def test_three_commands(folder: Path, run: Run) -> None:
    made = run("blocklist", "keygen", "rights.example/feed-2026", "--out", "keys")
    assert made.code == 0
    assert made.out.startswith("rights.example/feed-2026+")
    assert "PRIVATE" not in made.out + made.err
    key = "keys/rights.example-feed-2026.key"
    origin = ("--origin", "rights.example/list", "--issuer", "Rights Holders")
    signed = run("blocklist", "sign", "feed", "--from", "sites.csv", *origin, "--key", key)
    assert (signed.code, signed.out) == (0, "1\n"), signed.err
    assert "2 entries" in signed.err
    published = run("blocklist", "publish", "feed", "--to", "web")
    assert published.code == 0, published.err
    manifest = parse_manifest(parse((folder / "web" / "manifest.note").read_bytes()).text)
    assert (manifest.entries, manifest.issuer) == (2, "Rights Holders")
    assert run("blocklist", "lint", "web").code == 0
    assert not list((folder / "web").rglob("*.key"))

    (folder / "sites.csv").write_text("".join(SHEET.splitlines(keepends=True)[:2]))
    refused = run("blocklist", "sign", "feed", "--from", "sites.csv", "--key", key)
    assert refused.code == 3
    assert "--withdraw-missing" in refused.err
    signed = run("blocklist", "sign", "feed", "--from", "sites.csv", "--key", key, "--withdraw-missing")
    assert (signed.code, signed.out) == (0, "2\n")
    assert "withdrawn" in signed.err
    assert run("blocklist", "sign", "feed", "--key", key, "--valid", "12h").out == "3\n"


def test_lint(folder: Path, run: Run) -> None:
    clean = run("blocklist", "lint", "sites.csv")
    assert (clean.code, clean.out) == (0, "")
    (folder / "sites.csv").write_text(f"{SHEET}registrable_domain,co.jp,x,,,,,\n")
    found = run("blocklist", "lint", "sites.csv")
    assert found.code == 1
    assert "sites.csv, line 4, value: error: 'co.jp' is a public suffix" in found.out
    lines = list(
        map(is_what_the_schema_says, run("blocklist", "lint", "sites.csv", "--format", "json").out.splitlines())
    )
    assert {line["field"] for line in lines if line["level"] == "error"} == {"value", "contact"}
    assert all(line["way_out"] for line in lines)


def test_nothing_is_signed_with_errors(folder: Path, run: Run) -> None:
    run("blocklist", "keygen", "rights.example/a", "--out", "keys")
    (folder / "sites.csv").write_text(f"{SHEET}registrable_domain,co.jp,x,,,,,\n")
    done = run(
        "blocklist",
        "sign",
        "feed",
        "--from",
        "sites.csv",
        "--origin",
        "r.example/x",
        "--key",
        "keys/rights.example-a.key",
    )
    assert done.code == 3
    assert "public suffix" in done.err
    assert not (folder / "feed").exists()


def test_several_people_and_new_keys(folder: Path, run: Run) -> None:
    for name in ("a", "b", "c"):
        run("blocklist", "keygen", f"rights.example/{name}", "--out", "keys")
    a, b, c = (f"keys/rights.example-{name}" for name in ("a", "b", "c"))
    new = ("--origin", "rights.example/list", "--with", f"{b}.pub", "--threshold", 2)
    signed = run("blocklist", "sign", "feed", "--from", "sites.csv", *new, "--key", f"{a}.key")
    assert signed.code == 0, signed.err
    assert "not complete: version 1 lacks a signature" in signed.err
    assert run("blocklist", "publish", "feed").code == 3
    assert "version 1" in run("blocklist", "cosign", "feed", "--key", f"{b}.key").err
    assert run("blocklist", "publish", "feed").code == 0
    keys = ("--key", f"{a}.key", "--key", f"{b}.key", "--key", f"{c}.key")
    turned = run("blocklist", "rotate", "feed", *keys, "--add", f"{c}.pub", "--drop", "rights.example/a")
    assert turned.code == 0, turned.err
    assert "key set 2: 2 of rights.example/b, rights.example/c" in turned.err
    assert run("blocklist", "sign", "feed", "--key", f"{a}.key").code == 2
    assert run("blocklist", "sign", "feed", "--key", f"{b}.key", "--key", f"{c}.key").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("sign", "feed", "--key", "none.key"), "cannot be read"),
        (("sign", "feed", "--key", "sites.csv"), "holds no signing key"),
        (("sign", "feed", "--key", "keys/rights.example-a.key"), "is no feed yet"),
        (("sign", "keys", "--key", "keys/rights.example-a.key"), "which everybody can read"),
        (("sign", "feed", "--key", "keys/rights.example-a.key", "--valid", "soon"), "30d"),
        (("sign", "feed", "--from", "none.csv", "--origin", "x", "--key", "keys/rights.example-a.key"), "is not there"),
        (
            ("sign", "feed", "--from", "sites.csv", "--origin", "two words", "--key", "keys/rights.example-a.key"),
            "origin",
        ),
        (("keygen", "two words"), "key name"),
        (("keygen", "rights.example/a", "--out", "keys"), "never overwritten"),
        (("publish", "none"), "does not exist"),
        (("cosign", "keys", "--key", "keys/rights.example-a.key"), "which everybody can read"),
    ],
)
def test_mistakes(folder: Path, run: Run, arguments: tuple[str, ...], told: str) -> None:
    run("blocklist", "keygen", "rights.example/a", "--out", "keys")
    done = run("blocklist", *arguments)
    assert done.code in (2, 3)
    assert told in done.err
