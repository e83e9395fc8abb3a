"""A long version of a feed: its entries as compiled, with what is known beyond them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlgate.blocklist.batch import match_hosts
from crawlgate.blocklist.compiled import CompiledList
from crawlgate.blocklist.dates import Dates
from crawlgate.blocklist.feedlist import FeedListing, Known
from crawlgate.blocklist.match import Lists
from crawlgate.domains import Suffixes
from crawlgate.model import NoticeRelation
from crawlgate.url import parse
from tests.blocklist.test_blocklist_reference import compiled

EARLY, LATE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def test_other_places_are_told_apart_by_when_they_were_received(tmp_path: Path) -> None:
    tables: list[dict[str, object]] = [
        {"id": f"{n}", "scope": "path_prefix", "value": "video.example", "path_prefix": f"/u/{n}"} for n in range(8)
    ]
    held = compiled(tables, tmp_path, Suffixes())
    assert isinstance(held, CompiledList)
    known = Known(
        source="rights.example/feed version 2",
        issuer="RHA",
        contact="desk@rights.example",
        dates=Dates(LATE, {"5": EARLY}),
        effective_at=LATE + timedelta(days=1),
    )
    feed = FeedListing(held, known)
    found = feed.matches(parse("https://video.example/x"))
    assert {(m.notice.received_at, m.relation) for m in found} == {
        (EARLY, NoticeRelation.OTHER_PATH),
        (LATE, NoticeRelation.OTHER_PATH),
    }
    assert {m.notice.contact for m in found} == {"desk@rights.example"}
    rows = match_hosts(Lists([feed]), ["www.video.example"], at=EARLY + timedelta(days=2)).matches.to_pylist()
    assert len(rows) == 8
    assert {r["list"] for r in rows} == {"rights.example/feed version 2"}
    assert {r["id"]: r["status"] for r in rows if r["id"] in "56"} == {"5": "known_not_loaded", "6": "later"}
