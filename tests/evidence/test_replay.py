"""Evidence opens in an archive tool that is not the one that wrote it."""

import hashlib

import pytest

from crawlgate.evidence.store import EvidenceStore
from tests.evidence.test_store import AT, evidence

fastwarc = pytest.importorskip("fastwarc.warc", reason="fastwarc is not installed; pip install -e '.[test]' brings it")
SENT = (("Host", "example.com"), ("User-Agent", "ExampleBot/1.0"))


def test_fastwarc_replays_every_record(tmp_path):
    with EvidenceStore(tmp_path) as store:
        store.put(evidence(request=SENT))
        store.put(evidence(request=SENT, fetched_at=AT.replace(day=24)))
        store.put(evidence(b"", status=None, error="dns: no such name"))
        store.put(evidence(b"half", status=None, error="incomplete: cut"))
        store.put(evidence("日本語".encode(), headers=(("x-é", "latin é"),), final_url="https://example.com/ai.txt"))
        path = store.path
    seen, bodies = [], {}
    with path.open("rb") as file:
        for record in fastwarc.ArchiveIterator(file, parse_http=True):
            kind = record.headers["WARC-Type"]
            body = record.reader.read()
            seen.append(kind)
            if kind == "response":
                digest = record.headers["WARC-Payload-Digest"]
                assert digest == f"sha256:{hashlib.sha256(body).hexdigest()}"
                bodies[record.headers["WARC-Target-URI"], record.headers["WARC-Date"]] = body
                assert record.http_headers.status_code == 200
            elif kind == "revisit":  # what a replay tool does: the body of the record that is referred to
                referred = record.headers["WARC-Refers-To-Target-URI"], record.headers["WARC-Refers-To-Date"]
                assert record.headers["WARC-Payload-Digest"] == f"sha256:{hashlib.sha256(bodies[referred]).hexdigest()}"
            elif kind == "request":
                assert record.http_headers["User-Agent"] == "ExampleBot/1.0"
    assert seen == [
        "warcinfo",
        "response",
        "request",
        "revisit",
        "request",
        "metadata",
        "resource",
        "metadata",
        "response",
    ]
    assert bodies["https://example.com/ai.txt", "2026-11-23T09:00:00.000250Z"].decode() == "日本語"
