"""Later refusals of whole tables are those that D5 finds for single URLs: same rows, same outcomes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import Stage
from crawlgate import url as urls
from crawlgate.assess import Assessor, Circumstances
from crawlgate.audit.book import EvidenceBook, micros
from crawlgate.criteria import evaluate
from crawlgate.criteria.facts import Later
from crawlgate.flow import replay, survey
from crawlgate.model import Outcome
from crawlgate.policy import load_profile
from crawlgate.signals import agents
from crawlgate.site import Site
from tests.audit.output.audits import DAY, DECLARED, START, Scene, robots
from tests.audit.test_engine import BODIES, PATHS

NOW = START + 9 * DAY
PROFILE = load_profile("standard")


def site(book: EvidenceBook, url: urls.Url, at: object) -> Site:
    known = replay(survey(url, DECLARED.token), lambda fetch: book.answer(fetch, micros(at)))  # type: ignore[arg-type]
    return Site(known, DECLARED.token, agents.load().as_of(at))  # type: ignore[arg-type]


def exact(book: EvidenceBook, text: str, days: float) -> Outcome:
    """D5 of one URL, with nothing shared."""
    url, at = urls.parse(text), START + days * DAY
    then, now = site(book, url, at), site(book, url, NOW)
    later = Later(at=NOW, signals=now.signals(now.answer(url), url))
    assessor = Assessor(DECLARED, PROFILE, lists_loaded=False)
    facts = assessor.facts(
        Stage.RETRO, then, then.answer(url), url, at, circumstances=Circumstances(later=later, fetched=True)
    )
    if then.fetched_at is None:
        facts = replace(facts, robots_age=None)
    found = next(finding for finding in evaluate(facts).findings if finding.criterion == "D5")
    return found.outcome


def test_later_refusals_are_those_of_single_urls(tmp_path: Path) -> None:
    rnd = random.Random(3)
    scene = Scene(tmp_path)
    asked = []
    for n in range(160):
        host = f"h{n}.example"
        if n % 9:
            scene.evidence.append(robots(host, rnd.choice((0, 0, 0.9)), rnd.choice(BODIES)))
        if n % 7:
            scene.evidence.append(robots(host, rnd.choice((3, 8.5)), rnd.choice(BODIES)))
        for path in rnd.sample([path for path in PATHS if path != "/robots.txt"], 4):
            asked.append((f"https://{host}{path}", rnd.choice((0.5, 1.0, 1.5, 4.0))))
            scene.row(*asked[-1])
    scene.evidence.append(robots("last.example", 9, ""))  # the last thing on record
    scene.audit()
    told = {row["row"]: row["criteria"].split(";") for row in scene.removals()}
    book = EvidenceBook(scene.evidence)
    outcomes = []
    for row, (text, days) in enumerate(asked):
        outcome = exact(book, text, days)
        outcomes.append(outcome)
        said = next((one for one in told.get(row, ()) if one.startswith("D5=")), "D5=not_met")
        assert said == f"D5={outcome}", (text, days)
    assert len(set(outcomes)) == 3
    assert outcomes.count(Outcome.MET) > 20
