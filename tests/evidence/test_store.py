import errno
import hashlib
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawlgate.errors import LedgerError, LedgerInvalid
from crawlgate.evidence.store import EvidenceStore, Location
from crawlgate.evidence.warc import is_secret
from crawlgate.model import Evidence, EvidenceKind

AT = datetime(2026, 11, 23, 9, 0, 0, 250, tzinfo=UTC)
URL = "https://example.com/robots.txt"


def evidence(body=b"User-agent: *\nDisallow: /\n", **changes):
    values = {
        "id": "e1",
        "kind": EvidenceKind.ROBOTS,
        "url": URL,
        "final_url": URL,
        "fetched_at": AT,
        "status": 200,
        "headers": (("content-type", "text/plain"),),
        "body": body,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return Evidence(**{**values, **changes})


def archived(directory):
    """Every record that warcio finds, with its payload; digests checked."""
    found = []
    for path in sorted(directory.glob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                payload = record.raw_stream.read()
                assert record.digest_checker.passed is not False
                found.append((record.rec_type, record.rec_headers, record.http_headers, payload))
    return found


def test_any_archive_tool_reads_it_back(tmp_path):
    with EvidenceStore(tmp_path) as store:
        assert store.path is None
        one = store.put(evidence())
        two = store.put(evidence(b"", status=404))
        three = store.put(evidence(bytes(range(256)) * 400))
        bodies = [store.get(one), store.get(two), store.get(three)]
    info, *found = archived(tmp_path)
    assert info[0] == "warcinfo"
    assert [payload for *_, payload in found] == bodies == [evidence().body, b"", bytes(range(256)) * 400]
    kind, headers, http, _ = found[0]
    assert kind == "response"
    assert headers["WARC-Target-URI"] == URL
    assert headers["WARC-Date"] == "2026-11-23T09:00:00.000250Z"
    assert headers["WARC-Payload-Digest"] == f"sha256:{evidence().sha256}"
    assert headers["Crawlgate-Evidence"] == "e1"
    assert "Crawlgate-Redirects" not in headers
    assert http.protocol == "HTTP/1.1"
    assert http.statusline == "200 OK"
    assert http["content-type"] == "text/plain"
    assert found[1][2].statusline == "404 Not Found"


def test_a_location_is_exactly_what_was_stored_for_one_exchange(tmp_path):
    sent = (("Host", "example.com"), ("User-Agent", "ExampleBot/1.0"))
    with EvidenceStore(tmp_path) as store:
        places = [store.put(evidence(bytes([number]) * 9, request=sent)) for number in range(3)]
        raw = (tmp_path / places[0].file).read_bytes()
        for place in places:
            assert hashlib.sha256(raw[place.offset : place.offset + place.length]).hexdigest() == place.sha256
        assert places[-1].offset + places[-1].length == len(raw)


def test_secrets_are_not_kept_and_undone_codings_are_named(tmp_path):
    headers = (
        ("Set-Cookie", "id=secret"),
        ("AUTHORIZATION", "Basic secret"),
        ("proxy-authorization", "secret"),
        ("cookie", "secret"),
        ("www-authenticate", 'Basic realm="members"'),
        ("content-encoding", "gzip"),
        ("transfer-encoding", "chunked"),
        ("content-length", "17"),
        ("x-robots-tag", "noai"),
        ("x-robots-tag", "noindex"),
    )
    with EvidenceStore(tmp_path) as store:
        place = store.put(evidence(headers=headers))
        failed = store.put(evidence(b"", status=None, error="reset: lost", headers=headers))
        assert store.get(place) == evidence().body
        assert store.get(failed) == b""
    response, metadata = archived(tmp_path)[1:]
    assert b"secret" not in metadata[3]
    assert "secret" not in str(response[2])
    assert response[2].headers == [
        ("www-authenticate", 'Basic realm="members"'),
        ("X-Archive-Orig-content-encoding", "gzip"),
        ("X-Archive-Orig-transfer-encoding", "chunked"),
        ("X-Archive-Orig-content-length", "17"),
        ("x-robots-tag", "noai"),
        ("x-robots-tag", "noindex"),
        ("Content-Length", "26"),
    ]


def test_the_request_stands_beside_the_response_without_its_secrets(tmp_path):
    sent = (("Host", "example.com"), ("User-Agent", "ExampleBot/1.0"), ("Authorization", "Bearer s3cret"),
            ("Cookie", "id=s3cret"), ("X-Api-Key", "s3cret"), ("Accept", "*/*\r\nX-Forged: 1"))  # fmt: skip
    with EvidenceStore(tmp_path) as store:
        first = store.put(evidence(request=sent, final_url="https://example.com/robots.txt?a=1"))
        again = store.put(evidence(request=sent, final_url="https://example.com/robots.txt?a=1", method="HEAD"))
        assert store.get(first) == store.get(again) == evidence().body
    _, response, request, revisit, second = archived(tmp_path)
    assert [kind for kind, *_ in (response, request, revisit, second)] == ["response", "request", "revisit", "request"]
    assert request[1]["WARC-Concurrent-To"] == response[1]["WARC-Record-ID"]
    assert second[1]["WARC-Concurrent-To"] == revisit[1]["WARC-Record-ID"]
    assert (request[2].protocol, request[2].statusline) == ("GET", "/robots.txt?a=1 HTTP/1.1")
    assert second[2].protocol == "HEAD"
    assert request[2].headers == [
        ("Host", "example.com"),
        ("User-Agent", "ExampleBot/1.0"),
        ("Accept", "*/*\\x0d\\x0aX-Forged: 1"),
    ]


def test_headers_that_are_secret_by_name():
    secret = ("Cookie", "Set-Cookie2", "Proxy-Authorization", "Authentication-Info", "X-Auth-Token", "x-amz-security-token",
              "X-API-Key", "apikey", "X-CSRF-Token", "x-session-id", "Client-Secret", "X-Password-Hash", "X-Auth",
              "X-Goog-IAP-JWT-Assertion", "x-bearer", "X-Amz-Signature", "X-Original-Authorization")  # fmt: skip
    plain = (
        "Content-Type",
        "WWW-Authenticate",
        "ETag",
        "X-Robots-Tag",
        "tdm-policy",
        "X-Tokenizer",
        "X-Obsession",
        "X-Author",
        "Signature-Agent",
        "Keep-Alive",
    )
    assert all(is_secret(name) for name in secret)
    assert not any(is_secret(name) for name in plain)


def test_redirects(tmp_path):
    hops = (URL, "https://www.example.com/robots.txt")
    with EvidenceStore(tmp_path) as store:
        store.put(evidence(final_url="https://cdn.example.com/r txt\n", redirects=hops))
    headers = archived(tmp_path)[1][1]
    assert headers["WARC-Target-URI"] == "https://cdn.example.com/r%20txt\\x0a"
    assert headers["Crawlgate-Requested-URI"] == URL
    assert headers["Crawlgate-Redirects"].split() == list(hops)


def test_failed_fetches_are_metadata(tmp_path):
    with EvidenceStore(tmp_path) as store:
        place = store.put(evidence(b"", status=None, error="dns: no\r\nsuch name", sha256=""))
        part = store.put(evidence(b"half a bo", status=None, error="incomplete: cut", truncated=True))
        assert store.get(place) == b""
        assert store.get(part) == b"half a bo"
    found = archived(tmp_path)[1:]
    assert [kind for kind, *_ in found] == ["metadata", "resource", "metadata"]
    assert b"error: dns: no\\x0d\\x0asuch name\r\n" in found[0][3]
    assert found[1][1]["WARC-Truncated"] == "disconnect"
    assert found[1][3] == b"half a bo"


def test_the_same_body_of_the_same_url_is_a_revisit(tmp_path):
    with EvidenceStore(tmp_path) as store:
        places = [store.put(evidence(fetched_at=AT.replace(day=day))) for day in (23, 24, 25)]
        other_url = store.put(evidence(final_url="https://example.org/robots.txt"))
        other_body = store.put(evidence(b"User-agent: x\n"))
        assert [store.get(place) for place in places] == [evidence().body] * 3
        assert store.get(other_url) == evidence().body
        assert store.get(other_body) == b"User-agent: x\n"
    found = archived(tmp_path)[1:]
    assert [kind for kind, *_ in found] == ["response", "revisit", "revisit", "response", "response"]
    revisit = found[1][1]
    assert revisit["WARC-Refers-To-Target-URI"] == URL
    assert revisit["WARC-Refers-To-Date"] == "2026-11-23T09:00:00.000250Z"
    assert revisit["WARC-Payload-Digest"] == f"sha256:{evidence().sha256}"
    assert revisit["WARC-Profile"].endswith("1.1/revisit/identical-payload-digest")
    assert found[1][2].statusline == "200 OK"
    with EvidenceStore(tmp_path) as another:
        assert another.get(places[2]) == evidence().body


def test_a_cut_body_says_so(tmp_path):
    with EvidenceStore(tmp_path) as store:
        store.put(evidence(truncated=True))
    assert archived(tmp_path)[1][1]["WARC-Truncated"] == "length"


@given(
    headers=st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=20)), max_size=4),
    body=st.binary(max_size=80),
    url=st.text(max_size=20),
    status=st.integers(100, 999),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_server_says_stays_within_its_record(tmp_path_factory, headers, body, url, status):
    folder = tmp_path_factory.mktemp("hostile")
    with EvidenceStore(folder) as store:
        place = store.put(evidence(body, headers=tuple(headers), final_url="https://x.example/" + url, status=status))
        assert store.get(place) == body
    found = archived(folder)
    assert [kind for kind, *_ in found] == ["warcinfo", "response"]
    assert found[1][3] == body


def test_hostile_headers_do_not_end_the_head(tmp_path):
    headers = (("x-a", "one\r\n\r\nforged body"), ("x:b\n", "\ud800\x1b[31m"), ("x-é", "latin é"), ("x-日", "日本"))
    with EvidenceStore(tmp_path) as store:
        place = store.put(evidence(headers=headers, id="e\n1", final_url=URL + "?\r\nWARC-Type: request"))
        assert store.get(place) == evidence().body
    _, warc, http, payload = archived(tmp_path)[1]
    assert payload == evidence().body
    assert http["x-a"] == "one\\x0d\\x0a\\x0d\\x0aforged body"
    assert http["x-é"] == "latin é"
    assert warc["WARC-Type"] == "response"


def test_what_was_changed_is_not_handed_out(tmp_path):
    with EvidenceStore(tmp_path) as store:
        first = store.put(evidence())
        again = store.put(evidence())
        path = tmp_path / first.file
        raw = bytearray(path.read_bytes())
        raw[first.offset + 200] ^= 1
        path.write_bytes(raw)
        for place in (first, replace(again, offset=again.offset - 1), replace(first, length=9), again):
            with pytest.raises(LedgerInvalid):
                store.get(place)
        for name in ("../secret.warc.gz", "", ".", "nowhere.warc.gz", "/etc/passwd"):
            with pytest.raises(LedgerError):
                store.get(Location(name, 0, 1, "x"))
        forged = hashlib.sha256(bytes(raw[5:60])).hexdigest()
        with pytest.raises(LedgerInvalid):
            store.get(Location(first.file, 5, 55, forged))


# -- faults ---------------------------------------------------------------------------------------------


def test_a_place_that_cannot_keep_evidence(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LedgerError) as caught:
            EvidenceStore(place)
        assert caught.value.path == str(place)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("some", [0, 11])
def test_a_failing_disk_poisons_the_store(tmp_path, code, some):
    failing = []

    def write(fd, data):
        if not failing:
            return os.write(fd, data)
        if failing.pop(0) and some:
            return os.write(fd, data[:some])
        raise OSError(code, os.strerror(code))

    store = EvidenceStore(tmp_path, os_write=write)
    place = store.put(evidence())
    failing += [True, False]
    with pytest.raises(LedgerError) as caught:
        store.put(evidence(b"more"))
    assert os.strerror(code) in str(caught.value)
    assert str(tmp_path) in caught.value.path
    failing.clear()
    with pytest.raises(LedgerError):
        store.put(evidence(b"later"))
    assert store.get(place) == evidence().body
    store.close()


def test_short_writes_and_interrupts_are_completed(tmp_path):
    calls = []

    def write(fd, data):
        calls.append(1)
        if len(calls) % 5 == 1:
            raise InterruptedError
        return os.write(fd, data[:50])

    with EvidenceStore(tmp_path, os_write=write) as store:
        assert [store.get(store.put(evidence(bytes([n]) * 300))) for n in range(3)] == [
            bytes([n]) * 300 for n in range(3)
        ]
    assert len(archived(tmp_path)) == 4


def test_after_an_interrupt_within_a_write_a_new_file_begins(tmp_path):
    stop = []

    def write(fd, data):
        if stop:
            stop.clear()
            os.write(fd, data[:5])
            raise KeyboardInterrupt
        return os.write(fd, data)

    with EvidenceStore(tmp_path, os_write=write) as store:
        one = store.put(evidence())
        stop.append(1)
        with pytest.raises(KeyboardInterrupt):
            store.put(evidence(b"x"))
        two = store.put(evidence())
        assert one.file != two.file
        assert store.get(one) == store.get(two) == evidence().body


def test_a_disk_that_takes_nothing_is_given_up(tmp_path):
    with pytest.raises(LedgerError):
        EvidenceStore(tmp_path, os_write=lambda fd, data: 0).put(evidence())


def test_close(tmp_path):
    def fsync(fd):
        raise OSError(errno.EIO, "lost")

    store = EvidenceStore(tmp_path)
    store.put(evidence())
    store.close()
    store.close()
    with pytest.raises(LedgerError, match="closed"):
        store.put(evidence())
    broken = EvidenceStore(tmp_path, os_fsync=fsync)
    broken.put(evidence())
    with pytest.raises(LedgerError):
        broken.close()


# -- processes and threads ------------------------------------------------------------------------------


def test_a_forked_child_gets_a_file_of_its_own(tmp_path):
    with EvidenceStore(tmp_path) as store:
        parent = store.put(evidence())
        with store._lock:
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    place = store.put(evidence())
                    assert place.file != parent.file
                    assert store.get(place) == evidence().body
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.put(evidence(b"more")).file == parent.file
    assert [kind for kind, *_ in archived(tmp_path)].count("response") == 3


def test_threads_share_a_store(tmp_path):
    places = {}

    with EvidenceStore(tmp_path) as store:

        def work(name):
            for number in range(25):
                body = f"{name}{number % 5}".encode()
                places[name, number] = (store.put(evidence(body)), body)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(store.get(place) == body for place, body in places.values())
    assert len(archived(tmp_path)) == 101
