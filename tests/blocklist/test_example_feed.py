"""The example feed: it verifies, it is what the schemas say, and its source makes it again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawlgate import Blocklist, Declaration, FeedError, Gate
from crawlgate.blocklist.entries import FIELDS, entry_tables
from crawlgate.blocklist.feed import parse_keys, read_manifest, read_next_keys
from crawlgate.blocklist.folder import FeedFolder
from crawlgate.blocklist.lint import lint
from crawlgate.blocklist.publish import check_folder
from crawlgate.blocklist.sheet import read_sheet
from crawlgate.signed_note import parse
from crawlgate.testing import FakeClock, FakeWeb

ROOT = Path(__file__).parents[2] / "blocklists"
FEED = FeedFolder(ROOT / "example" / "feed")
KEYS = (ROOT / "example" / "keys.txt").read_text().split()
NOW = datetime(2026, 7, 21, tzinfo=UTC)
DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)


def schema(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((ROOT / "schema" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(table)
    return table


def lines(data: bytes) -> dict[str, Any]:
    """The lines of a note as an object; repeated ones as arrays."""
    found: dict[str, Any] = {}
    for line in parse(data).text.splitlines()[1:]:
        name, value = line.split(" ", 1)
        if name in ("key", "recovery"):
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def test_it_verifies_through_its_rotation() -> None:
    manifest, keys = check_folder(FEED)
    assert (manifest.version, manifest.entries, keys.serial, keys.threshold) == (2, 9, 2, 2)
    first = parse_keys(parse(FEED.keys(1) or b"").text)
    assert read_next_keys(FEED.keys(2) or b"", first) == keys
    assert {str(key) for key in (*first.keys, *keys.keys, *keys.recovery)} == set(KEYS)
    old = FEED.read("manifests/1.note", 10_000) or b""
    assert read_manifest(old, first.keys, first.threshold).version == 1
    assert not list(FEED.stray_keys())


def test_notes_and_entries_are_what_the_schemas_say() -> None:
    jsonschema.validate(lines(FEED.manifest() or b""), schema("manifest"))
    for serial in (1, 2):
        jsonschema.validate(lines(FEED.keys(serial) or b""), schema("keys"))
    entry = schema("entry")
    assert set(entry["properties"]) == set(FIELDS)
    for place in sorted((FEED.path / "entries").iterdir()):
        for _, _, table in entry_tables(place.read_bytes()):
            jsonschema.validate(table, entry)
    for bad in ({"id": "a", "scope": "host"}, {"id": "a", "scope": "host", "value": "x", "path_prefix": "/u"},
                {"id": "a", "scope": "path_prefix", "value": "x"}, {"id": "a", "scope": "regex", "value": "x"}):  # fmt: skip
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, entry)


def test_it_is_what_its_spreadsheet_says() -> None:
    found = lint(read_sheet(ROOT / "example" / "sites.csv").rows, now=NOW)
    assert found.problems == ()
    manifest, _ = check_folder(FEED)
    signed = [table for _, _, table in entry_tables(FEED.entries(manifest.sha256, manifest.bytes) or b"")]
    assert signed == list(found.entries)


def test_a_gate_uses_it(tmp_path: Path) -> None:
    feed = Blocklist(FEED.path, keys=KEYS[1:3], threshold=2, vouched_by="A. Reviewer", verified=True)
    web = FakeWeb()
    with Gate(
        DECLARATION, home=tmp_path, blocklists=[feed], clock=FakeClock(NOW), evidence_transport=web.transport()
    ) as gate:
        assert not gate.check("https://www.pirate-manga.example/").allowed
        assert not gate.check("https://videoplace.example/u/raw_uploader/1").allowed
        assert gate.check("https://videoplace.example/u/other").allowed
        assert gate.check("https://licensed-reader.example/").allowed
        assert not gate.check("https://海賊漫画館.example/").allowed
        denied = gate.check("https://www.mangasky.example/")
        found = denied.basis.finding("C1")
        assert found is not None
        assert (found.params["issuer"], found.params["contact"]) == (
            "Example Rights Holders Association",
            "desk@rights.example",
        )
    with pytest.raises(FeedError):
        Gate(DECLARATION, home=tmp_path / "b", blocklists=[Blocklist(FEED.path, keys=KEYS[:1])], clock=FakeClock(NOW))
