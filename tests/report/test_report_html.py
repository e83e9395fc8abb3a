import json
import re
import string
import tracemalloc
from collections import Counter
from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlgate.errors import ConfigError, LedgerError
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Outcome, Stage, Verdict
from crawlgate.report.gist import Answer
from crawlgate.report.html import page, write_report
from crawlgate.report.summary import summarise
from crawlgate.report.totals import SITES
from crawlgate.report.words import all_texts
from tests.report.homes import AT, basis, clock, crawled, segment, unrooted, written
from tests.report.pages import CHROMIUM, browse, in_frame, one_file, read_aloud

LANGS = ("en", "ja")
URLS = [f"https://{host}.example{path}" for host in "abc" for path in ("/", "/x", "/noai", "/private/1", "/news/1")]
CHECKS = ["https://down.example/", "https://a.example/x", "data:,x", "no scheme", "https://only.example/asked"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return crawled(tmp_path_factory.mktemp("home"), URLS, CHECKS)


def parsed(home, lang="en"):
    return LexborHTMLParser(page(summarise(home), lang))


def cells(tree, caption):
    """The rows of the table with that caption: first cell -> the others."""
    for table in tree.css("table"):
        if table.css_first("caption").text() == caption:
            rows = (row.css("th, td") for row in table.css("tbody tr"))
            return {row[0].text(): [cell.text() for cell in row[1:]] for row in rows}
    raise AssertionError(caption)


# -- numbers ----------------------------------------------------------------------------------------------


def latest(home):
    """Each URL's latest verdicts before and after, read the simple way."""
    found = {}
    for decision in decisions(home / "ledger"):
        found.setdefault(decision.url, {})[decision.basis["stage"]] = decision
    return found


def expected(stands):
    severity = ["allow", "review", "for_now", "deny", "refused"]

    def name(decision):
        if decision.problem:
            return "refused"
        return "for_now" if decision.basis["temporary"] else decision.verdict

    return max((name(decision) for decision in stands.values()), key=severity.index)


def test_numbers_are_those_of_the_ledger(home):
    urls = latest(home)
    counts = Counter(expected(stands) for stands in urls.values())
    assert counts == {"allow": 7, "review": 3, "for_now": 1, "deny": 6, "refused": 2}  # the crawl is as it should be
    summary = summarise(home)
    assert {str(answer): count for answer, count in summary.urls.items()} == counts
    tree = parsed(home)
    covered = cells(tree, "URLs asked, decided and refused")
    assert covered["asked"][0] == "19"
    assert covered["decided"][0] == "17"
    assert covered["refused as a URL"][0] == "2"
    shown = cells(tree, "URLs by verdict")
    assert {name: row[0] for name, row in shown.items()} == {
        "allow": "7", "review": "3", "deny for now": "1", "deny": "6",
    }  # fmt: skip


def test_a_url_counts_once_and_both_stages_are_shown(home):
    urls = latest(home)
    both = sum(len(stands) == 2 for stands in urls.values())
    summary = summarise(home)
    assert (summary.asked, summary.asked_both) == (len(urls), both)
    assert both == 9
    stages = Counter(decision.basis["stage"] for decision in decisions(home / "ledger"))
    shown = cells(parsed(home), "Answers by stage and verdict")
    assert shown["before the fetch"][0] == str(stages["pre_fetch"])
    assert shown["after the fetch"] == ["9", "6", "0", "0", "3", "0"]


def test_outcomes_by_criterion_are_those_of_the_ledger(home):
    want = Counter()
    for stands in latest(home).values():
        final = stands.get("post_fetch") or stands["pre_fetch"]
        for criterion, finding in final.basis["findings"].items():
            want[criterion, finding["outcome"]] += 1
    found = summarise(home).criteria
    got = {(name, str(o)): n for name, summary in found.items() for o, n in summary.outcomes.items() if n}
    assert got == want
    row = next(row for name, row in cells(parsed(home), "URLs by criterion and outcome").items() if name[:2] == "B2")
    assert row == ["3", "3", "0", "1", "10", "0"]


def test_evidence_and_outcomes_are_counted(home):
    tree = parsed(home)
    assert cells(tree, "Evidence by kind, and how the web answered")["robots.txt"][:6] == ["5", "4", "0", "0", "1", "0"]
    events = Counter(r.table["disposition"] for r in records(home / "ledger", kinds={"outcome"}))
    assert (events["released"], events["discarded"]) == (6, 3)
    shown = cells(tree, "What became of answers from sites")
    assert {name: row[0] for name, row in shown.items() if row[0] != "0"} == {n: str(c) for n, c in events.items()}


def test_what_was_not_assessed_is_counted_with_its_reason(home):
    shown = cells(parsed(home), "Criteria and checks that were not assessed, by reason")
    row = next(row for name, row in shown.items() if name.startswith("C1"))
    assert row == ["no list of rights holders is loaded", "17", "100.0 %"]


def test_the_latest_answers_count_and_the_graver_of_two(tmp_path):
    allow, deny = basis(Verdict.ALLOW, outcome=Outcome.NOT_MET), basis()
    after = basis(Verdict.ALLOW, stage=Stage.POST_FETCH, outcome=Outcome.NOT_MET)
    home = written(
        tmp_path,
        [
            ("https://a.example/was-denied", deny),
            ("https://a.example/was-denied", allow),
            ("https://a.example/now-denied", allow),
            ("https://a.example/now-denied", after),
            ("https://a.example/now-denied", deny),
            ("https://a.example/after-only", after),
        ],
    )
    summary = summarise(home)
    assert summary.urls == {Answer.ALLOW: 2, Answer.DENY: 1}
    assert (summary.asked, summary.asked_before, summary.asked_after, summary.asked_both) == (3, 2, 2, 1)
    assert summary.criteria["B2"].outcomes[Outcome.MET] == 1
    assert cells(parsed(home), "URLs asked, decided and refused")["of these, judged after the fetch only"][0] == "1"


def test_overlapping_segments_are_ordered_by_time_not_by_file(tmp_path):
    early, late = AT + timedelta(minutes=1), AT + timedelta(minutes=2)
    with (
        LedgerWriter(tmp_path / "ledger", {}, now=clock()) as first,
        LedgerWriter(tmp_path / "ledger", {}, now=clock()) as second,
    ):
        second.append_decision(early, "https://a.example/", basis())
        first.append_decision(late, "https://a.example/", basis(Verdict.ALLOW))
    assert summarise(tmp_path).urls == {Answer.ALLOW: 1}


def test_sites_are_registrable_domains_and_bounded(tmp_path):
    allow, deny = basis(Verdict.ALLOW, outcome=Outcome.NOT_MET), basis()
    urls = [(f"https://s{n}.example/{k}", deny) for n in range(SITES + 5) for k in range(n + 1)]
    urls += [("https://img.s24.example/", deny), ("https://clean.example/", allow)]
    home = written(tmp_path, urls)
    tree = parsed(home)
    sites = cells(tree, "Sites by URLs denied or held")
    assert len(sites) == SITES
    assert next(iter(sites.items())) == ("s24.example", ["26", "0", "0", "0", "26", "B2"])
    assert "5 more sites" in tree.css_first("#sites").text()
    assert "of 26 sites" in tree.css_first("#sites").text()


def test_what_a_person_must_decide_has_question_age_and_examples(home):
    text = parsed(home).css_first("#reviews").text()
    assert "B3 The site blocks AI crawlers" in text
    assert "Does it mean this one too?" in text
    assert "3 waiting, the earliest since" in text
    assert "https://b.example/news/1" in text
    assert "User-agent: GPTBot / Disallow: /news/" in text


def test_a_review_that_was_settled_is_no_longer_an_example(tmp_path):
    held = basis(Verdict.REVIEW, outcome=Outcome.NEEDS_HUMAN)
    home = written(
        tmp_path,
        [("https://a.example/1", held), ("https://b.example/2", held), ("https://a.example/1", basis(Verdict.ALLOW))],
    )
    (review,) = summarise(home).reviews
    assert (review.urls, [example.url for example in review.examples]) == (1, ["https://b.example/2"])


def test_examples_come_from_different_sites_first(tmp_path):
    urls = [f"https://{site}.example/{n}" for site in "ab" for n in range(5)]
    home = written(tmp_path, [(url, basis(not_assessed={"n": url})) for url in urls])
    found = summarise(home).criteria["B2"].examples[Outcome.MET]
    assert [example.url for example in found] == [urls[0], urls[1], urls[5]]
    assert (found[0].line, found[0].raw, found[0].at) == (7, "Disallow: /private", AT)
    text = parsed(home).css_first("#criteria").text()
    assert "Disallow: /private" in text
    assert "line 7" in text


# -- the head -----------------------------------------------------------------------------------------------


def test_the_head_says_who_under_which_rules_and_that_it_is_not_binding(home):
    tree = parsed(home)
    assert tree.css_first("h1").text() == "Example Lab"
    head = tree.css_first("header").text()
    assert "not legally binding" in head
    assert "no legal conclusion" in head
    assert "The ledger verifies" in head
    assert "Records from 2" in head
    rules = tree.css_first("#conditions").text()
    for words in (
        "ExampleBot/1.0 (+https://lab.example/bot)",
        "pretraining",
        "jp-30-4/2024-05/1",
        "none; pirate sites",
    ):
        assert words in rules
    assert re.search(r"standard [0-9a-f]{16}", rules)


def test_every_setting_is_shown_up_to_a_bound(tmp_path):
    for n in range(7):
        written(tmp_path, [("https://a.example/", basis())], mode="observe" if n == 6 else f"mode {n}")
    text = parsed(tmp_path).css_first("#conditions").text()
    assert "Setting 5 of 5" in text
    assert "2 more segments" in text


def test_observe_mode_is_named(tmp_path):
    with LedgerWriter(tmp_path / "ledger", {"mode": "observe"}, now=clock()) as writer:
        writer.append_decision(AT, "https://a.example/", basis(), enforced=False, user_agent="Other/1")
    text = parsed(tmp_path).body.text()
    assert "nothing was stopped" in text
    assert "1 answers were recorded only" in text
    assert "1 answers concern requests with another user agent" in text


# -- form ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_one_file_that_can_be_read_aloud(home, lang):
    tree = one_file(page(summarise(home), lang))
    read_aloud(tree, lang)
    assert tree.css("svg[role=img]")


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_everything():
    for key, texts in all_texts().items():
        assert set(texts) == set(LANGS), key
        assert all(text.strip() for text in texts.values()), key
    ja_only = {"conditions.basis_text"}  # an article is spelt in its parts
    assert [k for k, t in all_texts().items() if fields(t["en"]) != fields(t["ja"]) and k not in ja_only] == []


def test_the_page_in_japanese_has_no_english_of_ours(home):
    text = parsed(home, "ja").body.text()
    ours = [t["en"] for t in all_texts().values() if len(t["en"]) > 12 and "{" not in t["en"] and t["en"] != t["ja"]]
    assert [words for words in ours if words in text] == []
    for words in ("法的拘束力はない", "台帳は検証に合格した", "人が判断すべき事項", "本クローラも拒否する趣旨か"):
        assert words in text


@pytest.mark.parametrize("lang", LANGS)
def test_it_never_calls_anything_illegal(home, lang):
    text = parsed(home, lang).body.text().lower()
    assert not re.search(r"illegal|unlawful|infringement|違法|適法|合法", text)


# -- hostile text -------------------------------------------------------------------------------------------

HOSTILE = '</script></style><img src=x onerror="a()"> \u202eevil\u202c\nnext\r\x00\x1b[31m \u2028 &amp; "\'>'


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_is_shown_and_not_obeyed(tmp_path, lang):
    url = f"https://a.example/{HOSTILE}"
    held = basis(Verdict.REVIEW, raw=HOSTILE, outcome=Outcome.NEEDS_HUMAN, not_assessed={HOSTILE: HOSTILE})
    home = written(
        tmp_path / HOSTILE.replace("/", "").replace("\x00", ""),
        [(url, held), (f"{url}2", basis(raw=HOSTILE, profile=HOSTILE))],
        declaration={"operator": HOSTILE, "token": HOSTILE, "user_agent": HOSTILE, "purposes": [HOSTILE]},
        lists=[{"source": HOSTILE, "entries": 1, "received_at": HOSTILE, "sha256": HOSTILE}],
        mode=HOSTILE,
    )
    with LedgerWriter(home / "ledger", {}, now=clock()) as writer:
        writer.append_decision(AT, HOSTILE, basis(), problem=HOSTILE)
        writer.append("outcome", {"at": AT, "decision": HOSTILE, "disposition": HOSTILE})
    text = page(summarise(home), lang)
    tree = LexborHTMLParser(text)
    assert not tree.css("script, img, [onerror]")
    assert not set(text) & set("\u202e\u202c\u2028\x00\x1b\r")
    shown = tree.css_first("#reviews code.raw").text()
    assert shown.startswith('</script></style><img src=x onerror="a()"> \\u202eevil\\u202c\\nnext\\r\\x00\\x1b[31m')
    assert all(node.attributes["dir"] == "ltr" for node in tree.css("code"))


def test_the_page_stays_small(tmp_path):
    long = "y" * 30_000
    urls = [
        (f"https://{site}.example/{long}{n}", basis(verdict, raw=long, outcome=outcome, not_assessed={f"c{n}": "w"}))
        for n, verdict in enumerate((Verdict.DENY, Verdict.REVIEW))
        for outcome in Outcome
        for site in "abcdefgh"
    ]
    written(tmp_path, urls, declaration={"operator": long, "user_agent": long, "purposes": [long] * 200})
    out = write_report(tmp_path, tmp_path / "r.html")
    assert out.stat().st_size < 300_000
    assert "…" in out.read_text("utf-8")


def test_the_usual_page_is_below_a_hundred_kilobytes(home, tmp_path):
    for lang in LANGS:
        assert write_report(home, tmp_path / "r.html", lang=lang).stat().st_size < 100_000


# -- memory -------------------------------------------------------------------------------------------------


def peak(home):
    tracemalloc.start()
    try:
        summarise(home)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_ledger(tmp_path):
    def filled(name, count):
        with LedgerWriter(tmp_path / name / "ledger", {}, now=clock()) as writer:
            for n in range(count):
                # Every other answer rests on a basis of its own, as answers about speaking responses do.
                own = basis(evidence=(f"response:{n}",)) if n % 2 else basis(Verdict.ALLOW)
                writer.append_decision(AT + timedelta(seconds=n), f"https://s{n % 3000}.example/{n}", own)
        return tmp_path / name

    small, large = filled("small", 2_000), filled("large", 20_000)
    summarise(small)  # the public suffix list and the like
    first, second = peak(small), peak(large)
    assert second < 24_000_000
    assert second - first < 4_000_000
    assert summarise(large).asked == 20_000


# -- ledgers that are not whole --------------------------------------------------------------------------


def test_no_ledger_is_an_error_that_says_where(tmp_path):
    with pytest.raises(LedgerError, match="there is no ledger at"):
        write_report(tmp_path / "nowhere", tmp_path / "r.html")
    (tmp_path / "ledger").mkdir()
    with pytest.raises(LedgerError, match="empty"):
        write_report(tmp_path, tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_ledger_without_a_decision_is_reported(tmp_path):
    written(tmp_path, [])
    for lang in LANGS:
        assert cells(parsed(tmp_path, lang), all_texts()["ledger.by_kind"][lang])
    assert "No URL was decided" in parsed(tmp_path).css_first("#verdicts").text()


def test_a_cut_tail_is_said(tmp_path):
    written(tmp_path, [("https://a.example/", basis()), ("https://b.example/", basis())])
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    tree = parsed(tmp_path)
    assert "does not verify" in tree.css_first("header .state").text()
    assert "is cut" in tree.css_first("header .state").text()
    assert next(iter(cells(tree, "What is wrong").values()))[0] == "5"
    assert "検証に合格しなかった" in parsed(tmp_path, "ja").css_first("header .state").text()
    assert summarise(tmp_path).asked == 2


def test_an_empty_segment_is_said(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "20261123T090000000000Z-1-abcdef.jsonl").touch()
    tree = parsed(tmp_path)
    assert "does not verify" in tree.css_first("header .state").text()
    assert "no whole record" in tree.css_first("#ledger").text()


def test_an_altered_line_is_said_and_its_decision_is_not_lost_silently(tmp_path):
    written(tmp_path, [("https://a.example/", basis()), ("https://b.example/", basis())])
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"id":1', b'"id": 1'))
    summary = summarise(tmp_path)
    assert not summary.verified.ok
    assert summary.unreadable_places == 1
    assert summary.urls == {Answer.UNREADABLE: 2}
    shown = cells(LexborHTMLParser(page(summary)), "URLs asked, decided and refused")
    assert shown["answer cannot be read in the ledger"][0] == "2"


WEIRD = [
    {"kind": "segment", "at": -1, "declaration": 7, "profile": [], "lists": {"a": 1}, "mode": None},
    {"kind": "segment", "declaration": {"purposes": "x", "licences": [1, {"scope": 9}]}, "lists": [None, {"entries": "x"}]},
    {"kind": "basis", "id": 2, "verdict": "allow", "findings": {"B2": 1, "B3": {"outcome": "odd"}, "Z9": {"outcome": "met"}}},
    {"kind": "decision", "at": 1795424400000000, "basis": 2, "url": "not a url"},
    {"kind": "basis", "id": -1, "verdict": ["deny"], "findings": [], "not_assessed": "x", "reasons": {"a": 1}},
    {"kind": "decision", "at": -62135596800000000, "basis": -1, "url": ""},
    {"kind": "decision", "at": 253402300799999999, "basis": 2**63, "url": "x", "problem": {"a": 1}},
    {"kind": "basis", "id": 7, "verdict": "deny", "stage": 9, "temporary": "yes", "reasons": ["Q", 4], "findings": {
        "B2": {"outcome": "met", "reason": 4, "params": {"a": 1}, "signals": [{"line": "x", "raw": 3}]},
        "C1": {"outcome": "met", "reason": "no.such.reason", "signals": {"a": 1}}}},
    {"kind": "decision", "at": 1795424400000000, "basis": 7, "url": "https://a.example/", "enforced": 1},
    {"kind": "basis", "id": 9, "verdict": "review", "reasons": ["Q"], "not_assessed": {"*": 1, "check.q": "no.such"}},
    {"kind": "decision", "at": 1795424400000000, "basis": 9, "url": "https://b.example/"},
    {"kind": "outcome", "disposition": 5, "bytes": "x"},
    {"kind": "evidence", "source": 3, "status": "200", "bytes": None, "location": 1},
    {"kind": "k" * 500},
]  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_a_ledger_full_of_nonsense_is_reported(tmp_path, lang):
    summary = summarise(unrooted(tmp_path, WEIRD))
    assert not summary.verified.ok
    tree = LexborHTMLParser(page(summary, lang))
    assert "Z9" in tree.css_first("#criteria").text()
    assert "a.example" in tree.css_first("#sites").text()


# -- writing ------------------------------------------------------------------------------------------------


def test_it_is_written_whole_or_not_at_all(home, tmp_path):
    out = tmp_path / "r.html"
    out.write_text("earlier")
    assert write_report(home, out) == out
    assert out.read_text("utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    with pytest.raises(ConfigError, match=r"cannot be written: No such file or directory"):
        write_report(home, tmp_path / "missing" / "r.html")
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        write_report(home, tmp_path)


def test_an_unknown_language_is_an_error(home, tmp_path):
    with pytest.raises(ConfigError, match="language 'de' is unknown; use one of en, ja"):
        write_report(home, tmp_path / "r.html", lang="de")


# -- in a browser -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
@pytest.mark.parametrize("lang", LANGS)
def test_a_browser_draws_it_and_it_fits_a_telephone(home, tmp_path, lang):
    out = write_report(home, tmp_path / "r.html", lang=lang)
    picture = tmp_path / "r.png"
    drawn = browse(tmp_path / "p1", "--window-size=1200,1600", f"--screenshot={picture}", out.as_uri())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000
    assert "Content Security Policy" not in drawn.stderr  # what a refused style would be logged with
    width, _ground, _charts = json.loads(in_frame(tmp_path, "r.html", 320))
    assert width <= 320
