"""The demo's crawl: what the gate says about every URL of the small web, and that the web saw no more than that."""

from collections import Counter

import pytest

from crawlgate import Gate, Stage, Verdict
from crawlgate.demo.crawl import crawl, declaration, settled_by
from crawlgate.demo.sites import LISTED, SITES
from crawlgate.demo.web import DemoWeb
from crawlgate.ledger.query import decisions
from crawlgate.ledger.verify import verify

# Standard profile: verdict, and the criterion that settled it (none: nothing was found), for every URL.
EXPECTED = {
    "walking-diary.example": {"allow": "/ /2026/spring-tide /2026/river-locks /2025/first-frost /about"},
    "kohan-news.example": {"review B3": "/ /news/1 /news/2 /news/3 /news/4 /column/1"},
    "tidepool-review.example": {
        "allow": "/ /issues/7 /masthead",
        "deny B2": "/essays/doorstep /essays/ferry-ramp /essays/harbour-map",
    },
    "hilltop-routes.example": {"deny B2": "/ /routes/quarry-loop /routes/three-cairns /routes/old-tramway"},
    "kitchen-ledger.example": {
        "allow": "/ /tools/iron-pan /about",
        "deny B2": "/recipes/barley-soup /recipes/plum-cake /recipes/pickled-radish",
    },
    "tanpen-bako.test": {"allow": "/ /authors", "deny B2": "/works/key-shop /works/platform /works/well"},
    "aozumi-gallery.test": {
        "allow": "/ /visit",
        "deny B2": "/works/1 /works/2 /works/3 /images/1.png /images/2.png /images/3.png",
    },
    "meadow-press.example": {
        "allow": "/ /open/lichens-1 /open/clocks-1",
        "deny B2": "/journal/lichens-12 /journal/lichens-13 /journal/clocks-4",
    },
    "machi-archive.test": {"allow": "/ /guide", "deny B2": "/records/1 /records/2 /records/3 /records/4"},
    "members-desk.example": {"allow": "/ /join", "deny B2": "/reports/1 /reports/2 /reports/3 /reports/4"},
    # The page that describes the dataset is the third: what is asked for before it is not known to stand beside it.
    "town-figures.example": {
        "allow": "/ /columns/rainy-saturdays /datasets/footfall/sample.csv",
        "review B1": "/datasets/footfall /columns/school-holidays /columns/closing-time",
        "deny B1": "/datasets/footfall/full.csv",
    },
    "wire-desk.test": {"allow": "/", "deny B2": "/wire/barley /wire/oats /wire/rye /wire/wheat"},
    "manga-tide.test": {"deny C1": "/ /read/1 /read/2 /read/3"},
    "manga-tide2.test": {"review C2": "/ /read/1 /read/2"},
    "night-market.example": {"deny B2": "/ /t/101 /t/102 /t/103"},
    "coast-journal.example": {"review B2": "/ /letters/march /letters/april"},
    "shopfront.example": {"allow": "/ /brushes/bottle /brushes/boot"},
    "mugi-bakery.test": {"allow": "/ /bread/walnut /bread/anpan", "deny B2": "/staff/shifts /staff/recipes"},
    "kitamado.example": {"allow D2": "/books/1 /books/2 /books/3 /books/4", "deny B2": "/magazine/1 /magazine/2"},
    "link-corner.example": {"allow": "/ /picks", "deny C1": "/go/1 /go/2"},
    "ken-opendata.test": {
        "allow": "/ /datasets/bus-stops /datasets/rainfall /datasets/bus-stops.csv /datasets/rainfall.csv"
    },
    "video-terrace.example": {
        "allow": "/ /u/harbour-choir /u/kite-club",
        "deny C1": "/u/late-uploads/1 /u/late-uploads/2",
    },
    # The refusal stands in the footer; these pages are short enough to be in hand when their head is judged.
    "utsuwa.test": {"review D1": "/ /works/bowl /works/plate"},
    "weather-desk.test": {"deny B2": "/ /forecast/coast /forecast/hills"},
}
# What of the above is only known once the response is there.
AFTER = {
    "aozumi-gallery.test",
    "machi-archive.test",
    "members-desk.example",
    "wire-desk.test",
    "weather-desk.test",
    "utsuwa.test",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def result(home):
    return crawl(home)


def _table():
    for host, answers in EXPECTED.items():
        for answer, paths in answers.items():
            for path in paths.split():
                yield f"http://{host}{path}", answer


def _answer(visit):
    finding = settled_by(visit.decision)
    return f"{visit.decision.verdict} {finding.criterion if finding else ''}".strip()


def test_every_url_is_answered_as_its_site_says(result):
    assert {visit.url: _answer(visit) for visit in result.visits} == dict(_table())


def test_refusals_come_before_the_fetch_where_a_policy_file_or_a_list_says_so(result):
    for visit in result.visits:
        if not visit.decision.allowed:
            host = visit.url.split("/")[2]
            after = host in AFTER or visit.url.endswith("/datasets/footfall")
            assert (visit.decision.basis.stage is Stage.POST_FETCH) == after, visit.url
            assert visit.status is None
            assert visit.size == 0


def test_bodies_of_allowed_pages_arrive(result):
    for visit in result.visits:
        if visit.decision.allowed:
            assert visit.status == 200
            assert visit.size > 30


def test_nothing_that_was_stopped_was_requested(result):
    assert len(result.not_sent) >= 40
    assert result.sent_anyway == ()
    # From the other side: every page that a site served had been allowed for this URL first.
    sent = {f"http://{host}{hit.target}" for host, hits in result.hits.items() for hit in hits}
    pages = {url for url in sent if not url.endswith(("/robots.txt", "/tdmrep.json", "/mining-policy.json"))}
    before = {d.url for d in result.decisions if d.basis.stage is Stage.PRE_FETCH and d.allowed}
    assert pages == before
    assert pages.isdisjoint(result.not_sent)


def test_the_listed_site_is_never_contacted(result):
    assert result.connections[LISTED] == 0
    assert result.hits[LISTED] == ()
    # ... not even by the redirects that lead to it.
    assert any(hit.target.startswith("/go/") for hit in result.hits["link-corner.example"])


def test_each_site_is_asked_for_its_robots_txt_once(result):
    for host, hits in result.hits.items():
        asked = Counter(hit.target for hit in hits)
        assert asked["/robots.txt"] == (0 if host == LISTED else 1), host
        assert max(asked.values(), default=1) == 1, host


def test_every_request_says_who_asks(result):
    agents = {hit.user_agent for hits in result.hits.values() for hit in hits}
    assert agents == {declaration().user_agent}


def test_a_robots_txt_that_fails_denies_for_now_only(result):
    temporary = {visit.url.split("/")[2] for visit in result.visits if visit.decision.temporary}
    assert temporary == {"night-market.example"}
    assert (result.temporary, result.redirected) == (4, 2)


def test_counts_add_up(result):
    total = sum(len(site.crawl) for site in SITES)
    assert len(result.visits) == result.verdicts.total() == total
    rows = result.rows()
    assert sum(row.count for row in rows) == total
    assert all(row.count == sum(example.count for example in row.examples) for row in rows)
    found = {(row.finding.criterion, row.finding.outcome) for row in rows if row.finding}
    assert found == {
        ("B1", "indicated"),
        ("B1", "met"),
        ("B2", "indicated"),
        ("B2", "met"),
        ("B2", "needs_human"),
        ("B2", "unknown"),
        ("B3", "met"),
        ("C1", "met"),
        ("C2", "indicated"),
        ("D1", "met"),
        ("D2", "met"),
    }
    assert rows[-1].finding is None
    assert rows[-1].verdict is Verdict.ALLOW


def test_every_kind_of_statement_has_an_example(result):
    kinds = {example.kind for row in result.rows() for example in row.examples}
    assert kinds >= {
        "robots.disallow",
        "robots.ai_agent",
        "robots.disallow_ai_training",
        "content_signal.line",
        "aipref.rule",
        "tdmrep.file",
        "robots_tag.noai",
        "access.401",
        "access.login_redirect",
        "access.challenge",
        "payment.crawler_price",
        "c1.known",
        "c1.known, redirected",
    }


def test_the_ledger_verifies_and_holds_every_decision(result, home):
    report = verify(result.home.ledger)
    assert report.ok
    assert not report.warnings
    recorded = {record.record for record in decisions(result.home.ledger)}
    assert recorded == {decision.record for decision in result.decisions}


def test_a_home_can_be_used_again(result, home):
    again = crawl(home)
    first, second = ([_answer(visit) for visit in crawled.visits] for crawled in (result, again))
    differing = {
        (visit.url, before, after)
        for visit, before, after in zip(again.visits, first, second, strict=True)
        if before != after
    }
    # The register remembers what the first crawl saw for sale, so that this site is held from its first page on.
    pages = ("http://town-figures.example/", "http://town-figures.example/columns/rainy-saturdays")
    assert differing == {(page, "allow", "review B1") for page in pages}
    assert verify(again.home.ledger).segments == 2
    assert verify(again.home.ledger).ok


@pytest.mark.parametrize(("profile", "denied", "held"), [("strict", 69, 12), ("minimal", 45, 12)])
def test_profiles_differ(tmp_path, profile, denied, held):
    verdicts = crawl(tmp_path, profile=profile).verdicts
    assert (verdicts[Verdict.DENY], verdicts[Verdict.REVIEW]) == (denied, held)


def test_the_potter_s_words_are_found_where_the_whole_page_is_at_hand(tmp_path):
    url = "http://utsuwa.test/works/bowl"
    page = next(site for site in SITES if site.host == "utsuwa.test").answers["/works/bowl"]
    with DemoWeb() as web, Gate(declaration(), home=tmp_path, evidence_transport=web.transport()) as gate:
        decision = gate.inspect(url, status=200, headers=dict(page.headers), body=page.body)
    assert (decision.verdict, decision.reasons[0].criterion) == (Verdict.REVIEW, "D1")
