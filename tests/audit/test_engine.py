"""The engine answers every row as the code for single URLs does: same verdict, outcomes, reasons, and line."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from crawlgate import Declaration, Licence, Notice, Stage
from crawlgate import url as urls
from crawlgate.assess import Assessor
from crawlgate.blocklist.match import NoticeIndex
from crawlgate.criteria import evaluate
from crawlgate.domains import Suffixes
from crawlgate.flow import TDMREP_PATH, replay, survey
from crawlgate.model import Evidence, EvidenceKind, NoticeRelation, Outcome, Product, RegisterEntry
from crawlgate.policy import decide, load_profile
from crawlgate.register import Register
from crawlgate.signals import agents
from crawlgate.site import Site

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.book import MICROSECOND, EvidenceBook, micros  # noqa: E402
from crawlgate.audit.classes import DecisionClass, class_of, pack, unpack  # noqa: E402
from crawlgate.audit.engine import Engine, Judged  # noqa: E402
from crawlgate.audit.interning import Spans  # noqa: E402
from crawlgate.audit.plans import Planner  # noqa: E402
from crawlgate.audit.rows import Contexts, Particulars, Rows  # noqa: E402
from crawlgate.audit.texts import texts  # noqa: E402

START = datetime(2024, 3, 1, tzinfo=UTC)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://lab.example/bot)",
    published_since=START + timedelta(days=2, hours=5),
    purposes=["pretraining"],
    licences=[
        Licence(
            licensor="Press",
            scope=("https://press.example/free/*",),
            purposes=("*",),
            valid_from=START,
            valid_to=START + timedelta(days=3),
            reference="K-1",
        )
    ],
)
AI = "".join(f"User-agent: {agent.token}\n" for agent in agents.load()) + "Disallow: /\n"
BODIES = [
    "",
    "User-agent: *\nDisallow: /\n",
    "User-agent: *\nAllow: /a\nDisallow: /\n",
    "User-agent: ExampleBot\nDisallow: /b\nAllow: /b/a$\n\nUser-agent: *\nDisallow: /\n",
    "User-agent: *\nDisallow: /*a*b\nDisallow: /a?x\nAllow: /*.html$\n",
    "User-agent: *\nDisallow: /%7Ea\nAllow: /a%2Fb\nDisallow: /a\n",
    "User-agent: *\nAllow: /%61\nDisallow: /a\n",
    "User-agent: GPTBot\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n",
    "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n",
    "User-agent: PerplexityBot\nDisallow: /a\n\nUser-agent: Amazonbot\nDisallow: /\n",
    AI,
    "User-agent: *\nDisallow: /b\n\n" + AI,
    "User-agent: *\nContent-Signal: ai-train=no\nAllow: /\n",
    "User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /a train-ai=y\nDisallow: /b\n",
    "User-agent: GPTBot\nContent-Usage: train-ai=n\nUser-agent: ExampleBot\nDisallow: /a\n",
    "User-agent: GPTBot, ExampleBot\nDisallow: /a\n",
    "User-agent: *bot*\nDisallow: /a\n",
    "License: https://licences.example/rsl.xml\nUser-agent: *\nAllow: /\n",
    "DisallowAITraining: /a\n",
    "<!doctype html><html><body>not found</body></html>",
    "User-agent: *\nDisallow: /*?*%2Fb\n",
]
PATHS = [
    *("/", "/a", "/b", "/a/b", "/a%2fb", "/%61", "/~a", "/%7ea", "/a?x", "/a?x=/b", "/b/a", "/x.html", "/robots.txt"),
    *(
        "/.well-known/tdmrep.json",
        "/free/1",
        "/a*b",
        "/ab$",
        "/日本",
        "/a//b",
        "/./a",
        "/u/name/x",
        "/u/name2",
        "/free/2",
    ),
]
HOSTS = [f"h{n}.example" for n in range(40)] + ["press.example", "sub.listed.example", "path.example", "url.example"]
HOSTS += ["press.example"] * 3 + [
    "seller.example",
    "h1.example:8080",
    "unknown.example",
    "listed2.example",
    "mirror.example",
]


def evidence(url: str, at: datetime, status: int | None, body: str, error: str | None = None) -> Evidence:
    data = body.encode()
    kind = EvidenceKind.ROBOTS if url.endswith("/robots.txt") else EvidenceKind.TDMREP
    digest = hashlib.sha256(data).hexdigest()
    name = f"{kind}:{digest[:16]}"
    return Evidence(
        id=name, kind=kind, url=url, final_url=url, fetched_at=at, status=status, body=data, sha256=digest, error=error
    )


def book(rnd: random.Random) -> EvidenceBook:
    kept = EvidenceBook()
    for host in HOSTS:
        if host.startswith("unknown"):
            continue
        for _ in range(rnd.choice((1, 1, 2, 3))):
            at = START + timedelta(hours=rnd.randrange(96), seconds=rnd.randrange(3600))
            status, error = rnd.choice([(200, None)] * 8 + [(404, None), (403, None), (503, None), (None, "timeout")])
            body = rnd.choice(BODIES) if status == 200 else ""
            kept.add(evidence(f"https://{host}/robots.txt", at, status, body, error))
            if rnd.random() < 0.2:
                rules = '[{"location":"/a","tdm-reservation":1},{"location":"/","tdm-reservation":0}]'
                kept.add(evidence(f"https://{host}{TDMREP_PATH}", at, 200, rules))
            elif rnd.random() < 0.7:
                kept.add(evidence(f"https://{host}{TDMREP_PATH}", at, 404, ""))
    return kept


def notices() -> NoticeIndex:
    def notice(scope: str, value: str, *, days: float, verified: bool = True, **more: object) -> Notice:
        at = START + timedelta(days=days)
        return Notice(
            id=value,
            issuer="Publishers",
            scope=scope,
            value=value,
            issuer_verified=verified,
            listed_at=at - timedelta(hours=12),
            received_at=at,
            effective_at=at + timedelta(hours=6),
            **more,  # type: ignore[arg-type]
        )

    return NoticeIndex(
        [
            notice("registrable_domain", "listed.example", days=1, withdrawn_at=START + timedelta(days=3)),
            notice("host", "listed2.example", days=2, verified=False),
            notice("path_prefix", "path.example", days=1.5, path_prefix="/u/name"),
            notice("url", "https://url.example/a", days=1, expires_at=START + timedelta(days=2.5)),
        ],
        Suffixes(),
    )


REGISTER = Register(
    [
        RegisterEntry(
            host="seller.example",
            product=Product.DOWNLOAD,
            price="500",
            currency="JPY",
            first_seen=START + timedelta(days=2),
            urls=("https://seller.example/a",),
        )
    ]
)
AGENTS = (DECLARED.user_agent, "Mozilla/5.0", "ExampleBot/2.0")


def reference(
    row: int, rows: Rows, url: str, kept: EvidenceBook, about: NoticeIndex, stage: Stage
) -> str | tuple[DecisionClass, int]:
    """One row, with nothing shared: its own site, its own instant. The class and the line, or the refusal's code."""
    try:
        asked = urls.parse(url)
    except urls.UrlError as error:
        return error.code
    at = datetime(1970, 1, 1, tzinfo=UTC) + int(rows.times[row]) * MICROSECOND
    later = micros(at + timedelta(seconds=60))  # two clocks may differ by a minute
    known = replay(survey(asked, DECLARED.token), lambda fetch: kept.answer(fetch, later))
    site = Site(known, DECLARED.token, agents.load().as_of(at))
    assessor = Assessor(DECLARED, load_profile("standard"), lists_loaded=True)
    context = Contexts(DECLARED, stage)
    one = Rows(
        rows.urls,
        rows.times[:1],
        rows.statuses[row : row + 1],
        rows.sent[row : row + 1],
        rows.agents,  # type: ignore[index]
    )
    context._number(int(one.statuses[0]), rows.agents[one.sent[0]] if one.sent[0] >= 0 else None)  # type: ignore[index]
    told = context.known[0]
    answer = site.answer(asked)
    facts = assessor.facts(
        stage,
        site,
        answer,
        asked,
        at,
        notices=about.for_host(asked.host),
        attempt=told.attempt,
        circumstances=replace(told.circumstances, register=REGISTER.of(asked.host)),
        reading=told.reading(asked, DECLARED.token),
    )
    if known.robots is None or known.robots.error == "no_evidence":
        facts = replace(facts, robots_age=None)
    return class_of(decide(evaluate(facts), assessor.profile, stage, site.evidence)), max(answer.rule, 0)


def rows_of(rnd: random.Random, count: int) -> tuple[list[str], Rows]:
    asked = [
        rnd.choice(("https://", "https://", "http://")) + rnd.choice(HOSTS) + rnd.choice(PATHS) for _ in range(count)
    ]
    asked[::50] = ["not a url"] * len(asked[::50])
    times = [micros(START + timedelta(hours=rnd.randrange(-5, 120), minutes=rnd.randrange(60))) for _ in asked]
    return asked, Rows(
        texts(pa.array(asked)),
        np.array(times, np.int64),
        np.array([rnd.choice((200, 200, 200, 404, 401, 451, 302, 429, -1)) for _ in asked], np.int32),
        np.array([rnd.choice((0, 0, 1, 2, -1)) for _ in asked], np.int32),
        AGENTS,
    )


def engine(kept: EvidenceBook, about: NoticeIndex, stage: Stage) -> Engine:
    assessor = Assessor(DECLARED, load_profile("standard"), lists_loaded=True)

    def planner(origins: Spans) -> Planner:
        return Planner(DECLARED, kept, about, agents.load(), origins, register=REGISTER)  # type: ignore[arg-type]

    return Engine(assessor, planner, stage)


@pytest.mark.parametrize("stage", [Stage.PRE_FETCH, Stage.AUDIT])
def test_every_row_is_judged_as_a_single_url_is(stage: Stage) -> None:
    rnd = random.Random(11)
    kept, about = book(rnd), notices()
    judging = engine(kept, about, stage)
    seen: set[DecisionClass] = set()
    for _ in range(2):  # the second batch finds hosts and plans that the first one learnt
        asked, rows = rows_of(rnd, 900)
        judged = judging.judge(rows)
        for row, url in enumerate(asked):
            expected = reference(row, rows, url, kept, about, stage)
            if isinstance(expected, str):
                assert judged.classes[row] == -1
                assert judged.refused[row][0] == expected
                continue
            got = judging.classes[judged.classes[row]]
            assert got._asdict() == expected[0]._asdict(), (url, rows.times[row], rows.statuses[row])  # type: ignore[index]
            assert judged.lines[row] == expected[1], url
            seen.add(got)
    outcomes = {(f.criterion, f.outcome) for found in seen for f in found.findings}
    for criterion in ("B1", "B2", "B3", "B4", "C1", "D2", "D3", "D4"):  # the rows must have something to differ in
        assert len({outcome for name, outcome in outcomes if name == criterion}) > 1, criterion


def test_the_same_rows_in_any_batches_are_judged_alike() -> None:
    rnd = random.Random(5)
    kept, about = book(rnd), notices()
    asked, rows = rows_of(rnd, 400)

    def spelled(judging: Engine, judged: Judged) -> list[object]:
        return [c if c < 0 else judging.classes[c] for c in judged.classes.tolist()]

    whole = engine(kept, about, Stage.AUDIT)
    at_once = spelled(whole, whole.judge(rows))
    single = engine(kept, about, Stage.AUDIT)
    pieces: list[object] = []
    for start in range(0, len(asked), 37):
        cut = slice(start, start + 37)
        part = Rows(texts(pa.array(asked[cut])), rows.times[cut], rows.statuses[cut], rows.sent[cut], AGENTS)  # type: ignore[index]
        pieces += spelled(single, single.judge(part))
    assert pieces == at_once


def test_particulars_of_a_row_are_its_own() -> None:
    kept = EvidenceBook([evidence("https://h.example/robots.txt", START, 404, "")])
    about = notices()
    judging = engine(kept, about, Stage.AUDIT)
    at = START + timedelta(days=2)
    links = tuple(
        replace(match, relation=NoticeRelation.COPY_OF)
        for match in about.matches(urls.parse("https://www.listed.example/a"))
    )
    rows = Rows(
        texts(pa.array(["https://h.example/1"] * 3)),
        np.full(3, micros(at), np.int64),
        particulars={1: Particulars(links=links)},
    )
    judged = judging.judge(rows)
    c2 = [unpack(judging.classes[c].packed)["C2"] for c in judged.classes.tolist()]
    assert c2 == [Outcome.NOT_MET, Outcome.INDICATED, Outcome.NOT_MET]


def test_outcomes_are_packed_and_unpacked() -> None:
    from crawlgate.model import Outcome

    outcomes = {"A1": Outcome.NOT_MET, "B2": Outcome.MET, "D5": Outcome.NEEDS_HUMAN}
    assert unpack(pack(outcomes)) == outcomes
    assert pack({}) == 0
