"""An inquiry finds what a gate did, under every spelling, and says what it cannot know."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from crawlgate import url as urls
from crawlgate.audit import Inquiry
from crawlgate.audit.stated import outside_table
from crawlgate.errors import ConfigError, LedgerError
from crawlgate.ledger import segments
from crawlgate.ledger.compressed import compress
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.testing import FakeClock
from tests.audit.inquiries import BEGIN, SHA, crawled, plain
from tests.ledger.ledgers import basis, clock

EXPECTED = {
    "https://a.example/taken": ("yes", ["released"]),
    "https://a.example/stored?id=1&utm_source=x": ("yes", ["stored", "removed"]),
    "https://a.example/noai": ("no", ["refused"]),
    "https://a.example/private/1": ("no", ["refused"]),
    "https://a.example/old": ("yes", ["through_redirect"]),
    "https://b.example/new": ("yes", ["released"]),
    "https://a.example/loop": ("no", ["passed_on"]),
    "https://a.example/gone": ("no", ["passed_on"]),
    "https://a.example/checked-only": ("not_covered", ["unreported"]),
    "https://broken.example/": ("no", ["refused"]),
    "https://a.example/never": ("not_covered", ["never_asked"]),
    "https://user:pass@a.example/": ("no", ["url_refused"]),
    "https://www.a.example/w": ("yes", ["released"]),
    "https://みんな.jp/記事": ("not_covered", ["never_asked"]),
    "https://xn--r8jz45g.jp/記事": ("yes", ["released"]),
    "https://例え.jp/記事": ("yes", ["released"]),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return crawled(tmp_path_factory.mktemp("home"))


def answered(home, *texts, **options):
    with Inquiry(home, **options) as inquiry:
        return list(inquiry.answers(texts))


def covered(home, **options):
    with Inquiry(home, **options) as inquiry:
        return inquiry.coverage()


def test_every_way_in_which_a_fetch_may_end(home):
    found = answered(home, *EXPECTED)
    assert {item.asked.text: (item.answer, list(item.why)) for item in found} == EXPECTED


@pytest.mark.parametrize(
    "spelling",
    [
        "https://a.example/stored?id=1&utm_source=x",
        "http://a.example/stored?id=1",
        "https://www.a.example/stored?id=1",
        "HTTPS://A.Example:443/%73tored?id=1#part",
        "a.example/stored/?id=1&fbclid=2",
    ],
)
def test_where_the_item_is_in_the_dataset(home, spelling):
    (item,) = answered(home, spelling)
    assert item.answer == "yes"
    (address,) = item.addresses
    assert address.url == "https://a.example/stored?id=1&utm_source=x"
    outcomes = [outcome.table for step in address.steps for outcome in step.outcomes]
    stored = next(table for table in outcomes if table["disposition"] == "stored")
    assert {key: stored[key] for key in ("dataset", "shard", "offset", "length", "sha256")} == {
        "dataset": "corpus-1", "shard": "part-7.parquet", "offset": 123, "length": 47, "sha256": SHA,
    }  # fmt: skip
    assert [table["disposition"] for table in outcomes] == ["released", "read", "released", "stored", "removed"]
    assert all(step.exact is (spelling == address.url) for step in address.steps)


def test_each_decision_tells_its_evidence_and_how_old_it_was(home):
    (item,) = answered(home, "https://a.example/private/1")
    (step,) = item.addresses[0].steps
    assert step.decision.verdict == "deny"
    robots = step.evidence[0]
    assert (robots.kept.source, robots.kept.url) == ("robots", "https://a.example/robots.txt")
    assert (robots.age, robots.kept.intact) == (timedelta(minutes=3), True)
    signal = step.decision.basis["findings"]["B2"]["signals"][0]
    assert (signal["raw"], signal["evidence"]) == ("Disallow: /private", robots.id)
    unchecked = answered(home, "https://a.example/private/1", check=False)[0].addresses[0].steps[0]
    assert unchecked.evidence[0].kept.intact is None


def test_a_host_and_a_domain_with_all_its_hosts(home):
    host, domain, origin = answered(home, "www.a.example", "a.example", "https://a.example")
    assert (host.asked.kind, host.counts, host.hosts) == ("host", {"yes": 1}, ("www.a.example",))
    assert domain.asked.kind == "domain"
    assert domain.hosts == ("a.example", "www.a.example")
    assert domain.counts == {"yes": 3, "no": 6, "not_covered": 1}
    assert domain.answer == "yes"
    assert [one.answer for one in domain.addresses] == ["yes"] * 3 + ["not_covered"] + ["no"] * 6
    assert sum(domain.decisions.values()) == 57
    assert origin.counts == domain.counts


def test_what_is_told_in_full_is_bounded_and_the_rest_is_counted(home):
    (item,) = answered(home, "a.example", shown=2)
    assert (len(item.addresses), item.omitted, item.counts) == (2, 8, {"yes": 3, "no": 6, "not_covered": 1})
    (loop,) = answered(home, "https://a.example/loop", shown=3)
    assert (len(loop.addresses[0].steps), loop.addresses[0].omitted, loop.addresses[0].decisions) == (3, 19, 22)
    (everything,) = answered(home, "a.example", shown=0)
    assert (len(everything.addresses), everything.omitted) == (10, 0)
    assert max(len(one.steps) for one in everything.addresses) == 22


def test_a_domain_below_a_shared_suffix_is_somebody_elses(tmp_path):
    with LedgerWriter(tmp_path / "ledger", {}, now=clock()) as writer:
        for host in ("blogspot.com", "one.blogspot.com", "two.blogspot.com", "www.one.blogspot.com"):
            writer.append_decision(BEGIN, f"https://{host}/", basis())
    one, suffix = answered(tmp_path, "one.blogspot.com", "blogspot.com")
    assert (one.asked.kind, one.hosts) == ("domain", ("one.blogspot.com", "www.one.blogspot.com"))
    assert (suffix.asked.kind, suffix.hosts) == ("host", ("blogspot.com",))


def test_the_period(home):
    at = BEGIN + timedelta(minutes=1)
    asked = "https://a.example/taken"
    for since, until, answer in (
        (at, None, "yes"),
        (at, at + timedelta(seconds=1), "yes"),
        (None, at, "not_covered"),
        (at + timedelta(seconds=1), None, "not_covered"),
    ):
        (item,) = answered(home, asked, since=since, until=until)
        assert item.answer == answer, (since, until)
    # What came of it later is told even if it lies after the period.
    (item,) = answered(home, "https://a.example/stored?id=1", until=BEGIN + timedelta(hours=1))
    assert list(item.why) == ["stored", "removed"]
    for bad in ({"since": at, "until": at}, {"since": datetime(2026, 1, 1)}, {"until": at + timedelta(microseconds=1)}):  # noqa: DTZ001
        with pytest.raises(ConfigError):
            Inquiry(home, **bad)


def test_observed_only(tmp_path):
    crawled(tmp_path, mode="observe")
    found = {item.asked.text: (item.answer, list(item.why)) for item in answered(tmp_path, *EXPECTED)}
    assert found["https://a.example/noai"] == ("yes", ["released"])
    assert found["https://a.example/private/1"] == ("no", ["passed_on"])
    assert found["https://broken.example/"] == ("not_covered", ["observed"])
    assert covered(tmp_path).observed_runs == 1


def test_addresses_that_share_a_key_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("crawlgate.ledger.index.gather.url_key", lambda target: 7)
    monkeypatch.setattr("crawlgate.ledger.index.lookup.url_key", lambda target: 7)
    crawled(tmp_path)
    found = answered(tmp_path, *EXPECTED)
    assert {item.asked.text: (item.answer, list(item.why)) for item in found} == EXPECTED


def repacked(home):
    """Turn a plain segment into a compressed one, and the other way round."""
    (path,) = segments.segments(home / "ledger")
    with segments.Segment(path) as segment:
        lines, packed = list(segment.lines()), segment.packed
    name = path.name.removesuffix(".zst") if packed else f"{path.name}.zst"
    path.with_name(name).write_bytes(b"".join(lines if packed else compress(lines)))
    path.unlink()


def test_the_same_answers_from_compressed_segments_and_a_new_index(tmp_path):
    crawled(tmp_path)
    before = [
        (i.answer, i.why, [s.decision for a in i.addresses for s in a.steps]) for i in answered(tmp_path, *EXPECTED)
    ]
    repacked(tmp_path)
    (tmp_path / "state.sqlite").unlink()
    after = [
        (i.answer, i.why, [s.decision for a in i.addresses for s in a.steps]) for i in answered(tmp_path, *EXPECTED)
    ]
    assert after == before


# -- what it covers -------------------------------------------------------------------------------------


def test_coverage_of_a_whole_ledger(home):
    found = covered(home)
    assert (found.runs, found.observed_runs, found.whole, found.verified) == (1, 0, True, None)
    assert found.decisions == 63
    assert (found.first, found.latest) == (BEGIN, BEGIN + timedelta(minutes=69))
    (conditions,) = found.conditions
    assert (conditions.operator, conditions.token, conditions.mode, conditions.profile) == (
        "Example Lab",
        "ExampleBot",
        "enforce",
        "standard",
    )
    assert (found.missing, found.lost, found.open, found.faults) == ((), (), (), ())
    assert covered(home, until=BEGIN).runs == 0


def test_gaps_runs_and_what_people_put_on_record(tmp_path):
    for day in (0, 1, 5):
        crawled(tmp_path, clock=FakeClock(BEGIN + timedelta(days=day)))
    with LedgerWriter(tmp_path / "ledger", {"written_by": "a person"}, now=clock(BEGIN)) as writer:
        writer.append("outside", outside_table(BEGIN, "first crawl", by="Kim", reason="no gate yet", since=BEGIN - timedelta(days=9),
                                               until=BEGIN, dataset="corpus-0"))  # fmt: skip
        writer.append("outside", {"at": BEGIN, "name": "?", "by": "Lee", "reason": "?", "since": "soon", "until": 7})
        writer.append(
            "deletion",
            {"at": BEGIN, "by": "Kim", "reason": "retention", "segments": [{"segment": "x", "records": 9}, 3]},
        )
    found = covered(tmp_path, since=BEGIN - timedelta(days=1), until=BEGIN + timedelta(days=6))
    assert found.runs == 3
    spans = [(since - BEGIN, until - BEGIN) for since, until in found.gaps]
    assert spans[0] == (timedelta(days=1, minutes=69), timedelta(days=5))
    assert {spans[1], spans[2]} == {(timedelta(days=-1), timedelta()), (timedelta(minutes=69), timedelta(days=1))}
    assert [(one.name, one.by, one.dataset) for one in found.outside] == [
        ("first crawl", "Kim", "corpus-0"),
        ("?", "Lee", None),
    ]
    assert [(gone.segments, gone.records) for gone in found.deletions] == [(("x",), 9)]
    assert not found.whole
    assert covered(tmp_path, since=BEGIN + timedelta(days=1)).outside[0].name == "?"


def test_damage_is_told_and_does_not_hide_the_rest(tmp_path):
    crawled(tmp_path)
    crawled(tmp_path, clock=FakeClock(BEGIN + timedelta(days=1)))
    first, second = plain(tmp_path)
    first.unlink()
    lines = second.read_bytes().splitlines(keepends=True)
    spoilt = [n for n, line in enumerate(lines) if b'"kind":"basis"' in line][-1]
    lines[spoilt] = b"\x00" * (len(lines[spoilt]) - 1) + b"\n"
    second.write_bytes(b"".join(lines))
    found = covered(tmp_path)
    assert found.missing == (first.name.partition(".")[0],)
    assert (found.unreadable, found.faults[0].code, found.whole) == (1, "not_json", False)
    items = {item.asked.text: item for item in answered(tmp_path, *EXPECTED)}
    assert items["https://a.example/taken"].answer == "yes"
    lost = [item for item in items.values() if item.faults]
    assert lost
    # A URL that was refused as such is refused whatever its basis said.
    assert all(item.answer in ("yes", "not_covered") or item.why == ("url_refused",) for item in lost)


def test_a_record_that_says_something_else_is_not_believed(tmp_path):
    crawled(tmp_path)
    (path,) = plain(tmp_path)
    assert answered(tmp_path, "https://a.example/taken")[0].answer == "yes"
    raw = path.read_bytes()
    stat = path.stat()
    path.write_bytes(raw.replace(b'"url":"https://a.example/taken"', b'"url":"https://a.example/tokan"'))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # so that the index sees no reason to read it again
    assert answered(tmp_path, "https://a.example/taken")[0].answer == "not_covered"


def test_changed_evidence_is_told(tmp_path):
    crawled(tmp_path)
    (archive,) = (tmp_path / "evidence").glob("*.gz")
    raw = bytearray(archive.read_bytes())
    raw[1500] ^= 1
    archive.write_bytes(bytes(raw))
    used = answered(tmp_path, "https://a.example/taken")[0].addresses[0].steps[0].evidence
    assert False in [one.kept.intact for one in used]
    archive.unlink()
    used = answered(tmp_path, "https://a.example/taken")[0].addresses[0].steps[0].evidence
    assert [one.kept.intact for one in used] == [False, False]


def test_what_cannot_be_asked(home):
    texts = ["", "foo bar", "https://", "mailto:a@b.example", "///", "exa mple.com"]
    assert {item.answer for item in answered(home, *texts)} == {"unreadable"}
    assert all(item.asked.problem for item in answered(home, *texts))
    with Inquiry(home) as inquiry:
        assert inquiry.name("Example Publishing").answer == "needs_person"


def test_no_ledger(tmp_path):
    with pytest.raises(LedgerError):
        Inquiry(tmp_path)


def test_the_ledger_may_grow_while_it_is_asked(tmp_path):
    with LedgerWriter(tmp_path / "ledger", {}, now=clock()) as writer:
        for number in range(50):
            url = urls.parse(f"https://grow.example/{number}").href
            writer.append_decision(datetime(2026, 1, 1, tzinfo=UTC), url, basis())
            assert answered(tmp_path, url)[0].why == ("unreported",)
        assert answered(tmp_path, "grow.example")[0].counts == {"not_covered": 50}
        assert covered(tmp_path).open == (writer.segment,)
