"""The collector's end on the command line, with a feed over HTTP from this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawlgate import Declaration, Gate
from crawlgate.blocklist.publish import begin, publish, sign_version
from crawlgate.testing import FakeWeb
from tests.blocklist.feeds import DAY, NAME, ONE, ORIGIN, TWO, FeedFolder, entry, served
from tests.cli.program import Done, Run, run
from tests.webserver import WebServer

__all__ = ["run"]

HOUR = DAY / 24
A, B = entry("a"), entry("b")
DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)


SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def is_what_the_schema_says(line: str) -> dict[str, Any]:
    """A line of JSON, checked against the schema that it names."""
    table: dict[str, Any] = json.loads(line)
    name = table["schema"].removeprefix("crawlgate.").partition("/")[0]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.validate(table, schema, format_checker=jsonschema.FormatChecker())
    return table


class Scene:
    """A feed over HTTP, and a folder to run commands in."""

    def __init__(self, folder: Path, web: WebServer, program: Run) -> None:
        self.folder, self.web, self._program = folder, web, program
        self.draft, self.root = FeedFolder(folder / "draft"), FeedFolder(folder / "web")
        self.now = datetime.now(UTC).replace(microsecond=0)
        begin(self.draft, ORIGIN, [ONE], now=self.now - HOUR)
        (folder / "one.pub").write_text(f"{ONE.verifier}\n")

    def put(self, *entries: dict[str, Any], days: float = 30) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        sign_version(self.draft, entries, [ONE], now=self.now - 2 * DAY, valid=days * DAY + 2 * DAY)
        publish(self.draft, self.root)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web.port}/feed/"

    def run(self, *arguments: object) -> Done:
        return self._program("blocklist", *arguments)

    def add(self, *options: object) -> Done:
        return self.run("add", self.address, "--key", "one.pub", "--allow-address", "127.0.0.0/8", *options)

    def update(self) -> Done:
        return self.run("update", "--allow-address", "127.0.0.0/8")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[Scene]:
    monkeypatch.chdir(tmp_path)
    with WebServer(served(tmp_path / "web")) as web:
        made = Scene(tmp_path, web, run)
        made.draft = FeedFolder(tmp_path / "other")
        begin(made.draft, ORIGIN, [ONE], now=made.now - 3 * DAY)
        made.put(A)
        yield made


def vouched() -> tuple[str, ...]:
    return ("--vouched-by", "A. Reviewer", "--issuer", "Rights Holders", "--issuer-kind", "rights_holder")


def test_add_update_list_verify_diff(scene: Scene) -> None:
    done = scene.add(*vouched())
    assert (done.code, done.out) == (0, f"{NAME}\n"), done.err
    assert "by the word of Rights Holders (a rights holder's, checked by A. Reviewer)" in done.err
    scene.put(A | {"reason": "more"}, B)
    done = scene.update()
    assert done.code == 0, done.err
    assert "version 2 received, 2 entries, 2 changes" in done.err
    assert "added      b  registrable_domain b.example" in done.err
    assert "version 2 is the newest" in scene.update().err
    listed = scene.run("list")
    assert "Rights Holders (a rights holder's, checked by A. Reviewer)" in listed.out
    assert "version 2, 2 entries, received" in listed.out
    assert "権利者によるもの" in scene.run("list", "--lang", "ja").out
    (table,) = map(is_what_the_schema_says, scene.run("list", "--format", "json").out.splitlines())
    assert (table["version"], table["stale"], table["issuer_kind"]) == (2, False, "rights_holder")
    assert "2 versions verified" in scene.run("verify").out
    assert scene.run("diff", NAME).out.splitlines()[1].startswith("added")
    differ = [is_what_the_schema_says(line) for line in scene.run("diff", NAME, "--format", "json").out.splitlines()]
    assert differ[0]["fields"] == ["reason"]
    assert scene.run("remove", NAME).code == 2
    assert scene.run("remove", NAME, "--by", "A. Reviewer", "--reason", "the keys were sold").code == 0
    assert "ended" in scene.run("list").out
    assert "no feed is subscribed to" in scene.update().err


def test_nobody_vouches_and_a_public_list(scene: Scene) -> None:
    assert "holds and never denies" in scene.add().err
    assert "nobody has checked who speaks" in scene.run("list").out
    done = scene.add("--vouched-by", "A. Reviewer", "--issuer-kind", "public")
    assert "a public list, for which A. Reviewer vouches; no notice of a rights holder" in done.err
    refused = scene.add("--issuer-kind", "rights_holder")
    assert refused.code == 2
    assert "name that person" in refused.err


def test_what_does_not_verify_is_refused_with_3(scene: Scene) -> None:
    wrong = scene.run("add", scene.address, "--key", TWO.verifier, "--allow-address", "127.0.0.0/8")
    assert wrong.code == 3
    assert "signatures needed" in wrong.err
    assert "no feed is subscribed to" in scene.run("list").err
    assert scene.add(*vouched()).code == 0
    place = scene.root.path / "manifest.note"
    place.write_bytes(place.read_bytes().replace(b"version 1", b"version 2"))
    done = scene.update()
    assert done.code == 3
    assert "refused [bad_signature]" in done.err
    assert "known all the same: version 1, 1 entry, received" in done.err
    assert "bad_signature" in scene.run("list").out
    with Gate(DECLARATION, evidence_transport=FakeWeb().transport()) as gate:
        assert not gate.check("https://a.example/").allowed


def test_what_cannot_be_had_is_4(scene: Scene) -> None:
    assert scene.add(*vouched()).code == 0
    (scene.root.path / "manifest.note").unlink()
    done = scene.update()
    assert done.code == 4
    assert "could not be had [unreachable]" in done.err
    table = is_what_the_schema_says(scene.run("update", "--allow-address", "127.0.0.0/8", "--format", "json").out)
    assert (table["outcome"], table["code"], table["version"]) == ("unreachable", "unreachable", 1)


def test_loopback_only_by_option(scene: Scene) -> None:
    done = scene.run("add", scene.address, "--key", "one.pub")
    assert done.code == 3
    assert "loopback" in done.err


def test_a_stale_feed_is_told_with_1(scene: Scene) -> None:
    assert scene.add(*vouched()).code == 0
    scene.put(A, B, days=-1)
    done = scene.update()
    assert done.code == 1
    assert "blocklist.stale: version 2 expired" in done.err
    assert "blocklist.stale: expired" in scene.run("list").out
    other = scene.add("--home", "elsewhere")
    assert other.code == 3
    assert "expired" in other.err
    assert scene.add("--home", "elsewhere", "--stale").code == 1


def test_entries_that_are_not_taken_are_named(scene: Scene) -> None:
    scene.put(A, entry("z", value="co.jp"), entry("y", value="google.com"))
    done = scene.add(*vouched())
    assert "not taken: line 2: 'google.com' covers" in done.err
    assert "not taken: line 3: 'co.jp' is a public suffix" in done.err
    assert "2 not taken" in scene.run("list").out
    done = scene.add(*vouched(), "--force", "the court said so", "--home", "elsewhere")
    assert "google.com" not in done.err


def test_receipt(scene: Scene) -> None:
    scene.add(*vouched())
    early = scene.run("receipt", "write", NAME, "--collector", "Example Lab", "--out", "receipt.note")
    assert early.code == 0
    key = early.err.split("signed by ")[1].split(";")[0]
    assert "not loaded by a gate yet" in scene.run("receipt", "verify", "receipt.note", "--key", key).out
    with Gate(DECLARATION, evidence_transport=FakeWeb().transport()) as gate:
        gate.check("https://a.example/")
    scene.run("receipt", "write", NAME, "--collector", "Example Lab", "--out", "receipt.note")
    done = scene.run("receipt", "verify", "receipt.note", "--key", key, "--feed", scene.root.path)
    assert done.code == 0, done.err
    assert f"verified: Example Lab received version 1 of {ORIGIN}" in done.out
    assert "loaded by a gate" in done.out
    table = is_what_the_schema_says(
        scene.run("receipt", "verify", "receipt.note", "--key", key, "--format", "json").out
    )
    assert table["effective"] >= table["received"]

    receipt = Path("receipt.note").read_bytes()
    Path("receipt.note").write_bytes(receipt.replace(b"version 1", b"version 2"))
    assert scene.run("receipt", "verify", "receipt.note", "--key", key).code == 3
    Path("receipt.note").write_bytes(receipt)
    assert scene.run("receipt", "verify", "receipt.note", "--key", TWO.verifier).code == 3
    place = scene.root.path / "manifests" / "1.note"
    place.write_bytes(place.read_bytes().replace(b"entries 1", b"entries 7"))
    other = scene.run("receipt", "verify", "receipt.note", "--key", key, "--feed", scene.root.path)
    assert other.code == 3
    assert "another version 1" in other.err


def test_a_damaged_copy_is_named_and_repaired(scene: Scene) -> None:
    scene.add(*vouched())
    (kept,) = Path(".crawlgate/lists").glob("*.jsonl")
    kept.write_bytes(b"")
    bad = scene.run("verify")
    assert bad.code == 3
    assert "version 1: entries of 0 bytes" in bad.out
    assert scene.run("repair", NAME, "--allow-address", "127.0.0.0/8").code == 0
    assert scene.run("verify").code == 0


def test_a_feed_can_be_verified_before_it_is_added(scene: Scene) -> None:
    scene.put(A, entry("z", value="co.jp"))
    for place in (scene.root.path, scene.address):
        done = scene.run("verify", place, "--key", "one.pub", "--allow-address", "127.0.0.0/8")
        assert done.code == 0, done.err
        assert f"verified: {ORIGIN} version 2: 2 entries" in done.out
        assert "signed by 1 of rights.example/1" in done.out
        assert "would not be taken: line 2: 'co.jp' is a public suffix" in done.out
    assert not Path(".crawlgate").exists()
    assert scene.run("verify", scene.root.path, "--key", TWO.verifier).code == 3
    missing = scene.run("verify", scene.root.path)
    assert missing.code == 2
    assert "--key" in missing.err


def test_a_date_that_the_ledger_does_not_know(scene: Scene) -> None:
    scene.add(*vouched())
    journal = Path(".crawlgate/lists/feeds") / NAME / "received.jsonl"
    data = journal.read_bytes()
    year = str(scene.now.year).encode()
    journal.write_bytes(data.replace(b'"received_at":"' + year, b'"received_at":"2020'))
    bad = scene.run("verify")
    assert bad.code == 3
    assert "the ledger has no record" in bad.out


def test_mistakes(scene: Scene) -> None:
    for arguments, told in (
        (("add", "https://a.example/?x=1", "--key", "one.pub"), "a query"),
        (("add", scene.folder, "--key", "one.pub"), "manifest.note"),
        (("add", scene.root.path, "--key", "one.pub", "--threshold", "2"), "as many keys"),
        (("add", scene.root.path, "--key", "one.pub", "--name", "Ä"), "no name of a subscription"),
        (("add", scene.root.path), "Missing option '--key'"),
        (("diff", "none"), "there is no subscription"),
        (("remove", "../x", "--by", "x", "--reason", "x"), "no name of a subscription"),
        (("receipt", "verify", "one.pub", "--key", "one.pub"), "no blank line"),
    ):
        done = scene.run(*arguments)
        assert done.code in (2, 3), arguments
        assert told in done.err, (arguments, done.err)


def test_json_of_an_update_and_of_a_sweep(scene: Scene) -> None:
    table = is_what_the_schema_says(scene.add(*vouched(), "--format", "json").out)
    assert (table["outcome"], table["changes"]) == ("new", [])
    with Gate(DECLARATION, evidence_transport=FakeWeb().transport()) as gate:
        decision = gate.inspect("https://b.example/", status=200, headers={"content-type": "text/html"}, body=b"<p>")
        gate.stored(decision, dataset="d1", shard="s-0", offset=7, length=9, sha256="ab" * 32)
    nothing = scene.run("sweep")
    assert (nothing.code, nothing.out) == (0, "")
    scene.put(B, entry("z", value="co.jp"), A | {"value": "other.example"})
    table = is_what_the_schema_says(scene.run("update", "--allow-address", "127.0.0.0/8", "--format", "json").out)
    assert [change["moved"] for change in table["changes"]] == [True, False, False]
    assert len(table["rejected"]) == 1
    found = scene.run("sweep", "--format", "json")
    assert found.code == 1
    table = is_what_the_schema_says(found.out)
    assert (table["known"], table["published_before_fetch"], table["offset"]) == ("before_receipt", True, 7)
    shown = scene.run("sweep")
    assert "before_receipt" in shown.out
    assert "d1/s-0/7" in shown.out
    assert "Rights Holders (a rights holder's, checked by A. Reviewer)" in shown.out
    assert "1 item fetched before a notice was received" in shown.err


def test_rebuild(scene: Scene) -> None:
    scene.add(*vouched())
    (Path(".crawlgate/lists/feeds") / NAME / "subscription.json").unlink()
    assert "no feed is subscribed to" in scene.run("list").err
    assert f"made again: {NAME}" in scene.run("rebuild").err
    assert "version 1" in scene.run("list").out
