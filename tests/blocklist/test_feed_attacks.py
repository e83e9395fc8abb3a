"""Attacks on a feed, one test each, over HTTP from this machine: the last good version stays, and it is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crawlgate.blocklist.collect import NEW, REFUSED, STALE, UNCHANGED, UNREACHABLE, Update
from crawlgate.blocklist.entries import write_entries
from crawlgate.blocklist.feed import MAX_STEP, FeedInvalid, parse_manifest, sign
from crawlgate.blocklist.folder import entries_name
from crawlgate.blocklist.publish import cosign, rotate
from crawlgate.signed_note import parse
from tests.blocklist.feeds import (
    DAY,
    NAME,
    ONE,
    QUICK,
    SAFE,
    START,
    THREE,
    TWO,
    Collector,
    Publisher,
    entry,
    over_http,
    served,
)
from tests.webserver import CUT, HANG, Answer, Request, WebServer

A, B = entry("a"), entry("b")


class Scene:
    """A publisher, an attacker on the way, a collector that holds version 2 (of entries a and b)."""

    def __init__(self, web: WebServer, publisher: Publisher, collector: Collector) -> None:
        self.web, self.publisher, self.collector = web, publisher, collector
        self.tamper: Callable[[Request, Answer], Answer] | None = None

    def answer(self, request: Request) -> Answer:
        found = served(self.publisher.web.path)(request)
        return found if self.tamper is None else self.tamper(request, found)

    def refused(self, code: str, outcome: str = REFUSED) -> Update:
        """Update, which is refused; version 2 stays."""
        before = self.collector.subscription.current
        done = self.collector.update(START + DAY, limits=QUICK)
        assert (done.outcome, done.code) == (outcome, code), done.message
        assert done.received == before
        assert done.message
        now = Collector(self.collector.lists, self.collector.source).subscription
        assert now.current is not None
        assert now.current.version == 2
        assert [n.value for n in now.entries(now.current).notices] == ["a.example", "b.example"]
        assert (self.collector.events[-1] == "refused") is (outcome == REFUSED)
        return done


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    publisher = Publisher(tmp_path)
    holder: list[Scene] = []
    with WebServer(lambda request: holder[0].answer(request)) as web:
        collector = Collector(tmp_path / "home" / "lists", over_http(web))
        holder.append(Scene(web, publisher, collector))
        publisher.put(A)
        assert collector.add().outcome == NEW
        publisher.put(A, B)
        assert collector.update().outcome == NEW
        yield holder[0]


def test_no_attack(scene: Scene) -> None:
    assert scene.collector.update().outcome == UNCHANGED
    assert [hit.status for hit in scene.web.hits(None, "/feed/manifest.note")] == [200, 200, 304]
    scene.publisher.put(now=START + DAY)
    done = scene.collector.update(START + DAY)
    assert (done.outcome, done.changes) == (NEW, ())
    # The entries are those of version 2, so they are not asked for again.
    assert len(scene.web.hits(None, f"/feed/{entries_name(done.received.sha256)}")) == 1  # type: ignore[union-attr]


def test_rollback(scene: Scene) -> None:
    scene.publisher.restore({"manifest.note": (scene.publisher.web.path / "manifests/1.note").read_bytes()})
    scene.refused("rollback")


def test_two_manifests_of_one_version(scene: Scene) -> None:
    text = parse((scene.publisher.web.path / "manifest.note").read_bytes()).text
    other = replace(parse_manifest(text), issuer="Somebody else")
    scene.publisher.restore({"manifest.note": sign(other.text, [ONE])})
    scene.refused("conflict")


def test_fast_forward(scene: Scene) -> None:
    """A misused key leaps ahead; new keys, which the recovery key vouches for, say where to go on."""
    honest = parse_manifest(parse((scene.publisher.web.path / "manifest.note").read_bytes()).text)
    leap = replace(honest, version=honest.version + MAX_STEP + 1)
    scene.publisher.restore({"manifest.note": sign(leap.text, [ONE])})
    scene.refused("fast_forward")
    within = replace(leap, version=honest.version + MAX_STEP)
    scene.publisher.restore({"manifest.note": sign(within.text, [ONE])})
    assert scene.collector.update(START + DAY).received.version == honest.version + MAX_STEP  # type: ignore[union-attr]

    later = START + 2 * DAY
    rotate(scene.publisher.draft, [ONE, TWO], now=later, add=[TWO.verifier], drop=[ONE.name], resume=2)
    scene.publisher.put(A, B, entry("c"), now=later, signers=[TWO])
    done = scene.collector.update(later)
    assert (done.outcome, done.rotated) == (NEW, (2,)), done.message
    assert done.received is not None
    assert done.received.version == 3
    # The misused key is of no use any more, whatever it signs.
    scene.publisher.restore({"manifest.note": sign(within.text, [ONE])})
    assert scene.collector.update(later).code == "unknown_keys"
    assert scene.collector.subscription.current == done.received


def test_freeze(scene: Scene) -> None:
    """Newer versions are kept back; when the term of ours is over, that is told."""
    scene.publisher.put(A, now=START + DAY, withdraw_missing=True)
    old = (scene.publisher.web.path / "manifests/2.note").read_bytes()
    scene.tamper = lambda request, found: (
        replace(found, body=old, status=200) if "manifest" in request.target else found
    )
    assert scene.collector.update(START + 29 * DAY).outcome == UNCHANGED
    late = scene.collector.update(START + 31 * DAY)
    assert (late.outcome, late.stale, scene.collector.events[-1]) == (STALE, True, "stale")
    assert scene.collector.subscription.current.version == 2  # type: ignore[union-attr]
    # "Nothing changed", for ever: believed while our version is in its term, not asked for any more after it.
    scene.tamper = lambda request, found: (
        replace(found, body=b"", status=304) if "manifest" in request.target else found
    )
    late = scene.collector.update(START + 32 * DAY)
    assert (late.outcome, late.stale) == (UNREACHABLE, True)
    assert scene.collector.events.count("stale") == 1
    scene.tamper = None
    done = scene.collector.update(START + 32 * DAY)
    assert (done.outcome, done.stale) == (NEW, True)  # newer than ours, and out of its term by now
    fresh = Collector(scene.collector.lists.parent / "other", scene.collector.source)
    with pytest.raises(FeedInvalid, match="expired"):
        fresh.add(START + 32 * DAY)
    assert fresh.add(START + 32 * DAY, allow_stale=True).stale


def test_mix_and_match(scene: Scene) -> None:
    """A new manifest with the entries of an older version."""
    old = entries_name(scene.collector.subscription.versions[0].sha256)
    scene.publisher.put(A, B, entry("c"))
    data = (scene.publisher.web.path / old).read_bytes()
    scene.tamper = lambda request, found: replace(found, body=data) if "entries" in request.target else found
    scene.refused("mixed")


def test_endless_data(scene: Scene) -> None:
    def endless(request: Request, found: Answer) -> Answer:
        parts = (b"x" * 16_384 for _ in itertools.count())
        return replace(found, status=200, body=_Parts(parts)) if found.status == 200 else found

    scene.publisher.put(A, B, entry("c"))
    scene.tamper = endless
    done = scene.refused("too_long")
    hit = scene.web.hits(None, "/feed/manifest.note")[-1].wait()
    assert hit.sent < 2_000_000, done.message
    scene.tamper = lambda request, found: endless(request, found) if "entries" in request.target else found
    scene.refused("too_long")


class _Parts(tuple):  # type: ignore[type-arg]
    """A body in parts that never ends; the test server takes a tuple for one."""

    def __new__(cls, parts: Iterator[bytes]) -> _Parts:
        made = super().__new__(cls, ())
        made.parts = parts  # type: ignore[attr-defined]
        return made

    def __iter__(self) -> Iterator[bytes]:
        return self.parts  # type: ignore[attr-defined, no-any-return]


def test_a_manifest_that_claims_too_much(scene: Scene) -> None:
    honest = parse_manifest(parse((scene.publisher.web.path / "manifest.note").read_bytes()).text)
    huge = replace(honest, version=3, bytes=2**40)
    scene.publisher.restore({"manifest.note": sign(huge.text, [ONE])})
    scene.refused("too_long")


@pytest.mark.parametrize("part", ["manifest.note", "entries"])
def test_slow_server(scene: Scene, part: str) -> None:
    scene.publisher.put(A, B, entry("c"))
    drip = (b"c", HANG)
    scene.tamper = lambda request, found: replace(found, status=200, body=drip) if part in request.target else found
    scene.collector.source = over_http(scene.web, replace(QUICK, feed_wait=0.5, feed_deadline=0.5))
    scene.refused("slow", UNREACHABLE)


def test_a_connection_that_breaks(scene: Scene) -> None:
    scene.publisher.put(A, B, entry("c"))
    cut = (b"cr", CUT)
    scene.tamper = lambda request, found: replace(found, status=200, body=cut) if "entries" in request.target else found
    scene.refused("unreachable", UNREACHABLE)


def test_wrong_key(scene: Scene) -> None:
    honest = parse_manifest(parse((scene.publisher.web.path / "manifest.note").read_bytes()).text)
    scene.publisher.restore({"manifest.note": sign(replace(honest, version=3).text, [TWO])})
    scene.refused("unknown_keys")
    with pytest.raises(FeedInvalid) as error:
        Collector(scene.collector.lists.parent / "other", scene.collector.source).add()
    assert error.value.code == "unknown_keys"


def test_too_few_keys(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, others=[TWO.verifier, THREE.verifier], threshold=2)
    cosign_first = publisher.draft
    with WebServer(served(publisher.web.path)) as web:
        collector = Collector(tmp_path / "lists", over_http(web))
        with pytest.raises(Exception, match="lacks"):
            publisher.put(A)
        cosign(cosign_first, [TWO])
        publisher.put(A, signers=[ONE, THREE])
        # One key was given by hand; the feed's own key set asks for two signatures all the same.
        collector.add(keys=(ONE,))
        assert collector.subscription.needed(collector.subscription.trusted) == 2
        honest = parse_manifest(parse((publisher.web.path / "manifest.note").read_bytes()).text)
        publisher.restore({"manifest.note": sign(replace(honest, version=9).text, [ONE])})
        done = collector.update()
        assert (done.outcome, done.code) == (REFUSED, "unknown_keys")
        strict = Collector(tmp_path / "strict", collector.source)
        with pytest.raises(FeedInvalid):
            strict.add(keys=(ONE, TWO, THREE), threshold=3)


def test_tampered_entry(scene: Scene) -> None:
    scene.publisher.put(A, B, entry("c"))
    scene.tamper = lambda request, found: (
        replace(found, body=found.body.replace(b"c.example", b"x.example"))  # type: ignore[union-attr]
        if "entries" in request.target
        else found
    )
    scene.refused("mixed")


def test_duplicate_key_in_json(scene: Scene) -> None:
    """Signed by the issuer's own key, and still refused: two readers would read two things."""
    data = write_entries([A, B]).replace(b'"value":"b.example"', b'"value":"b.example","value":"x.example"')
    _offer(scene, data, 2)
    scene.refused("duplicate_key")


def test_entries_that_are_not_canonical(scene: Scene) -> None:
    _offer(scene, write_entries([A, B]).replace(b'{"id"', b'{ "id"'), 2)
    scene.refused("not_canonical")


def _offer(scene: Scene, data: bytes, lines: int) -> None:
    import hashlib

    honest = parse_manifest(parse((scene.publisher.web.path / "manifest.note").read_bytes()).text)
    digest = hashlib.sha256(data).hexdigest()
    made = replace(honest, version=3, sha256=digest, bytes=len(data), entries=lines)
    scene.publisher.restore({"manifest.note": sign(made.text, [ONE]), entries_name(digest): data})


def test_unknown_version(scene: Scene) -> None:
    text = parse((scene.publisher.web.path / "manifest.note").read_bytes()).text
    scene.publisher.restore({"manifest.note": sign(text.replace("crawlgate feed 1", "crawlgate feed 2"), [ONE])})
    done = scene.refused("unknown_version")
    assert "update crawlgate" in done.message


@pytest.mark.parametrize("back", [False, True])
def test_clock_skew(scene: Scene, back: bool) -> None:
    if back:
        # Our own clock went back: what comes now would seem known before what came earlier.
        done = scene.collector.update(START - DAY)
        assert (done.outcome, done.code) == (REFUSED, "clock")
    else:
        scene.publisher.put(A, B, entry("c"), now=START + 2 * DAY)
        scene.refused("future")
    assert scene.collector.subscription.current.version == 2  # type: ignore[union-attr]


def test_a_small_step_back_of_the_clock_does_not_disturb(scene: Scene) -> None:
    scene.publisher.put(A, B, entry("c"))
    done = scene.collector.update(START - timedelta(minutes=5))
    assert done.received is not None
    assert (done.outcome, done.received.received_at) == (NEW, START)


def test_another_feed_at_the_address(scene: Scene, tmp_path: Path) -> None:
    honest = parse_manifest(parse((scene.publisher.web.path / "manifest.note").read_bytes()).text)
    scene.publisher.restore({"manifest.note": sign(replace(honest, origin="rights.example/other").text, [ONE])})
    scene.refused("origin")


def test_keys_that_nobody_vouches_for(scene: Scene) -> None:
    (scene.publisher.web.path / "keys/2.note").write_bytes(
        sign(
            (scene.publisher.web.path / "keys/1.note")
            .read_bytes()
            .decode()
            .split("\n\n")[0]
            .replace("serial 1", "serial 2")
            + "\n",
            [TWO],
        )
    )
    scene.refused("unknown_keys")


@pytest.mark.parametrize("status", [404, 500, 301, 206])
def test_an_address_that_is_gone(scene: Scene, status: int) -> None:
    scene.tamper = lambda request, found: Answer("gone", status=status)
    scene.refused("unreachable", UNREACHABLE)


def test_addresses_that_may_not_be_reached(scene: Scene) -> None:
    from crawlgate.blocklist.source import WebSource
    from crawlgate.evidence.address import AddressPolicy
    from crawlgate.evidence.download import Downloader

    guarded = Downloader("ExampleBot/1.0", policy=AddressPolicy(()), limits=QUICK)
    scene.collector.source = WebSource(f"http://127.0.0.1:{scene.web.port}/feed/", guarded, QUICK)
    done = scene.refused("unreachable", UNREACHABLE)
    assert "loopback" in done.message


def test_recovery_keys_alone_name_new_keys(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, recovery=[SAFE.verifier])
    publisher.put(A)
    with WebServer(served(publisher.web.path)) as web:
        collector = Collector(tmp_path / "lists", over_http(web))
        collector.add()
        state = publisher.state()
        rotate(publisher.draft, [SAFE, TWO], now=START + DAY, add=[TWO.verifier], drop=[ONE.name])
        publisher.put(A, now=START + DAY, signers=[TWO])
        # A thief of the everyday key cannot do the same.
        forged = (publisher.web.path / "keys/2.note").read_text().split("\n\n")[0] + "\n"
        honest = (publisher.web.path / "keys/2.note").read_bytes()
        publisher.restore({**state, "keys/2.note": sign(forged, [ONE, TWO])})
        assert collector.update(START + DAY).code == "unknown_keys"
        publisher.restore({"keys/2.note": honest})
        publisher.put(A, now=START + DAY, signers=[TWO])
        done = collector.update(START + DAY)
        assert (done.outcome, done.rotated) == (NEW, (2,)), done.message
        assert collector.subscription.name == NAME
