"""Whole crawls, with everything in them that a log may show, are judged as a gate judges them that is told of each
attempt as it is made: through files, row by row, verdict, findings with their reasons, and what was not assessed.

`CRAWLGATE_DIFFERENTIAL_ROWS=200000` asks for more rows than the share that runs in the suite.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crawlgate import Decision
from crawlgate import url as urls
from crawlgate.clock import Clock
from crawlgate.criteria.evaluate import Assessment
from crawlgate.home import Home
from crawlgate.model import Outcome, Stage
from crawlgate.policy import decide, load_profile
from crawlgate.policy.overrides import Overrides
from crawlgate.register import Register
from tests.shared_data import ROOT, robots_body, rows

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")
pq = pytest.importorskip("pyarrow.parquet")

from crawlgate.audit.background import background  # noqa: E402
from crawlgate.audit.classes import DecisionClass, class_of  # noqa: E402
from crawlgate.audit.past import Past  # noqa: E402
from crawlgate.audit.readers import Told, read  # noqa: E402
from crawlgate.audit.tables import TableJudge  # noqa: E402
from tests.audit import crawls  # noqa: E402
from tests.audit.crawls import Attempt  # noqa: E402
from tests.audit.test_robots_scan import LINES  # noqa: E402

ROWS = int(os.environ.get("CRAWLGATE_DIFFERENTIAL_ROWS", "14000"))
EXAMPLES = 12 if ROWS <= 14_000 else 200
TOLD = Told("ExampleBot", batch=3_000)
STANDARD = load_profile("standard")
Where = tuple[int, int]
"""File and row."""


# -- logs as files ------------------------------------------------------------------------------------


def tables(folder: Path, log: list[Attempt]) -> list[Path]:
    """Statuses, in three kinds of files that come one after another."""
    third = len(log) // 3 + 1
    parts = [log[n : n + third] for n in range(0, len(log), third)]
    paths = [folder / "1.parquet", folder / "2.csv", folder / "3.jsonl"][: len(parts)]
    pq.write_table(_table(parts[0]), paths[0], row_group_size=700)
    for part, path in zip(parts[1:], paths[1:], strict=True):
        found = _table(part).to_pylist()
        if path.suffix == ".csv":
            import csv

            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(found[0]))
                writer.writeheader()
                writer.writerows([{**row, "time": row["time"].isoformat()} for row in found])
        else:
            path.write_text("".join(json.dumps(row, default=str) + "\n" for row in found), encoding="utf-8")
    return paths


def with_headers(folder: Path, log: list[Attempt]) -> list[Path]:
    """Statuses and headers, in columns of Parquet and as JSON lines."""
    half = len(log) // 2
    paths = [folder / "1.parquet", folder / "2.jsonl"]
    table = _table(log[:half])
    headers = pa.array(
        [list(one.headers) for one in log[:half]], pa.list_(pa.struct([("0", pa.string()), ("1", pa.string())]))
    )
    spelled = pa.array([json.dumps(one.headers) for one in log[:half]])
    assert len(headers) == len(spelled)
    pq.write_table(table.append_column("headers", spelled), paths[0])
    lines = [
        {**row, "headers": one.headers} for row, one in zip(_table(log[half:]).to_pylist(), log[half:], strict=True)
    ]
    paths[1].write_text("".join(json.dumps(row, default=str) + "\n" for row in lines), encoding="utf-8")
    return paths


def archive(folder: Path, log: list[Attempt]) -> list[Path]:
    """Everything, in web archives."""
    half = len(log) // 2
    paths = [folder / "1.warc.gz", folder / "2.warc.gz"]
    crawls.write_warc(paths[0], log[:half])
    crawls.write_warc(paths[1], log[half:])
    return paths


def access_log(folder: Path, log: list[Attempt]) -> list[Path]:
    """The log of a proxy: statuses, user agents, referrers."""
    path = folder / "access.log"
    lines = [
        f'10.0.0.1 - - [{one.at:%d/%b/%Y:%H:%M:%S +0000}] "GET {one.url} HTTP/1.1" {one.status} 10 '
        f'"{one.referrer or "-"}" "{one.user_agent or "-"}"\n'
        for one in log
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return [path]


def _table(log: list[Attempt]) -> Any:
    return pa.table(
        {
            "url": [one.url for one in log],
            "time": pa.array([one.at for one in log], pa.timestamp("us", "UTC")),
            "status": pa.array([one.status for one in log], pa.int32()),
            "user_agent": pa.array([one.user_agent for one in log], pa.string()),
            "proxy": pa.array([one.proxy for one in log], pa.string()),
            "redirect": pa.array([one.location for one in log], pa.string()),
            "referrer": pa.array([one.referrer for one in log], pa.string()),
        }
    )


# -- the two ways -------------------------------------------------------------------------------------


def audited(
    files: list[Path], kept: crawls.Kept, home: Path, clock: Clock
) -> tuple[list[DecisionClass | str], Overrides]:
    """What an audit says of each row of the files, in their order; why, where it could not be judged."""
    known = background(Home(home), crawls.lists_in(home.parent), clock=clock)
    # What the gate learnt of pages on its way is on record in the home, too; the audit learns it of the log.
    entered = Register(entry for entry in known.register if entry.source == crawls.register().source)
    judge = TableJudge(
        crawls.COLLECTOR,
        evidence=kept,
        notices=known.notices,
        register=entered,
        people=known.people,
        now=clock.now(),
    )
    past = Past(judge)
    for number, path in enumerate(files):
        past.observe(number, path, TOLD)
    past.settle()
    found: dict[Where, DecisionClass | str] = {}
    for number, path in enumerate(files):
        for batch in read(path, TOLD):
            found.update({(number, reject.row or 0): reject.code for reject in batch.rejects})
            seen = past.look(batch, number)
            judged, refused = judge.judge(batch.rows, batch.columns, seen.particulars, seen.shown, seen.refused)
            for row, code in zip(batch.numbers.tolist(), judged.classes.tolist(), strict=True):
                found[number, row] = judge.classes[code] if code >= 0 else ""
            found.update({(number, int(batch.numbers[row])): code for row, (code, _) in refused.items()})
    return [found[place] for place in sorted(found)], known.people


def told(one: Attempt, decision: Decision, people: Overrides, *, headed: bool) -> DecisionClass:
    """What the decision of a gate comes to in an audit. A log that does not say who asked shows nothing of it; where no
    headers are at hand, an audit says so."""
    findings = []
    for finding in decision.basis.findings:
        if one.user_agent is None and finding.criterion == "B5" and finding.outcome is Outcome.NOT_MET:
            continue
        if one.user_agent is None and finding.criterion == "D3" and finding.outcome is Outcome.MET:
            finding = replace(finding, outcome=Outcome.UNKNOWN, reason="d3.not_on_record")
        findings.append(finding)
    left = {check: why for check, why in decision.basis.not_assessed.items() if check != "check.attempts"}
    if not headed:
        left["check.headers"] = "not_assessed.log_without_headers"
    if one.user_agent is None:
        left["check.behaviour"] = "not_assessed.log_without_attempts"
        if not any(finding.criterion == "B5" for finding in findings):
            left["B5"] = "not_assessed.log_without_attempts"
    covering = people.covering(urls.parse(one.url), one.at)
    return class_of(decide(Assessment(tuple(findings), left), STANDARD, Stage.AUDIT, (), covering))


def listed(decision: Decision) -> bool:
    """True where the gate asked for nothing of the site, so that only lists and people speak."""
    return decision.basis.not_assessed.get("check.robots") in (
        "not_assessed.listed_site",
        "not_assessed.denied_by_person",
    )


def compare(
    log: list[Attempt], decisions: list[Decision], got: list[DecisionClass | str], people: Overrides, seen: str
) -> Counter[tuple[str, Outcome, str]]:
    """Fails at the first row of which the audit says another thing; which findings there were."""
    assert len(got) == len(log)
    found: Counter[tuple[str, Outcome, str]] = Counter()
    for number, (one, decision, said) in enumerate(zip(log, decisions, got, strict=True)):
        if isinstance(said, str):
            assert decision.problem is not None, (number, one, said)
            continue
        assert decision.problem is None, (number, one)
        headed = seen == "page" or (seen == "headers" and bool(one.headers))
        expected = told(one, decision, people, headed=headed)
        if listed(decision):
            assert said.verdict is expected.verdict, (number, one)
            only = {f for f in expected.findings if f.criterion in ("C1", "C2", "D3")}
            assert only <= set(said.findings), (number, one)
        else:
            assert said == expected, (number, one, _difference(said, expected))
        found.update((f.criterion, f.outcome, f.reason) for f in said.findings)
    return found


def _difference(said: DecisionClass, expected: DecisionClass) -> dict[str, Any]:
    return {name: (one, other) for name, one, other in zip(said._fields, said, expected, strict=True) if one != other}


def bodies() -> list[bytes] | None:
    """robots.txt files of real sites among those made up, where there are some."""
    made_up = [body.encode() for body in crawls.BODIES]
    if not (ROOT / "data/robots/protego_2019.jsonl.gz").exists():
        return made_up
    real = [robots_body(row) for row in rows("data/robots/protego_2019.jsonl.gz")]
    return made_up * 4 + [body for body in random.Random(3).sample(real, 60) if len(body) < 20_000]


KINDS: dict[str, tuple[str, float, Callable[[Path, list[Attempt]], list[Path]]]] = {
    "tables": ("status", 0.35, tables),
    "access log": ("status", 0.15, access_log),
    "headers": ("headers", 0.22, with_headers),
    "archives": ("page", 0.28, archive),
}
LOST = {
    "access log": {"proxy": None},  # and where redirects lead
    "archives": {"proxy": None},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_crawl_is_judged_as_the_gate_that_sees_it_made(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlgate.audit.readers.warc._BATCH", 900)
    seen, share, write = KINDS[kind]
    count = int(ROWS * share)
    rnd = random.Random(f"{kind} {ROWS}")
    known = crawls.web(
        rnd, 40 if ROWS <= 14_000 else 400, count * crawls.STEP.total_seconds() / 86_400 / 3 + 2, bodies()
    )
    log = [replace(one, **LOST.get(kind, {})) for one in crawls.attempts(rnd, known.hosts, count)]  # type: ignore[arg-type]
    if kind == "access log":
        log = [replace(one, headers=()) for one in log if " " not in one.url]
    if kind == "archives":  # policy files of an archive are evidence; what is not of the web has no status
        log = [one for one in log if not one.url.endswith(("/robots.txt", "/tdmrep.json")) and one.url[:4] == "http"]
    decisions, kept = crawls.judged(tmp_path / "home", known, log, seen)
    got, people = audited(write(tmp_path, log), kept, tmp_path / "home", known.clock)
    found = compare(log, decisions, got, people, seen)
    outcomes = {(criterion, outcome) for criterion, outcome, _ in found}
    for criterion in ("B1", "B2", "B3", "B4", "B5", "C1", "C2", "D2", "D3"):  # rows have to have something to differ in
        assert len([one for one in outcomes if one[0] == criterion]) > 1, criterion
    reasons = {reason for _, _, reason in found}
    assert reasons >= {"b5.identity_changed", "b5.other_route", "b5.variant_again", "c2.copy_of", "c2.embedded_by"}
    if kind != "access log":
        assert reasons >= {"c2.redirects_to", "c2.redirected_from"}
    if kind == "archives":
        assert reasons >= {"c2.canonical", "b1.sold_on_site", "d1.refusal"}


# -- any small crawl ----------------------------------------------------------------------------------

_HOSTS = ("www.s0.example", "m.s0.example", "s0.example", "h1.example", "www.listed.example", "people.example")
_TARGETS = st.sampled_from(
    (*crawls.PATHS[:12], *crawls.VIEWS, "/web/https://orig1.example/a", "/x/https://www.listed.example/b")
)
_AGENT = st.sampled_from(crawls.AGENTS)
_ATTEMPTS = st.builds(
    Attempt,
    at=st.just(crawls.START),
    url=st.builds("https://{}{}".format, st.sampled_from(_HOSTS), _TARGETS),
    status=st.sampled_from((200, 200, 200, *crawls.STATUSES)),
    user_agent=_AGENT,
    proxy=st.sampled_from((None, None, None, "p1", "p2")),
    referrer=st.sampled_from((None, None, None, *crawls.REFERRERS)),
    headers=st.lists(
        st.sampled_from((*crawls.HEADERS, ("Location", "/login"), ("Location", "https://www.listed.example/"))),
        max_size=3,
        unique_by=lambda pair: pair[0],
    ).map(tuple),
)
_APART = st.sampled_from((61, 61, 301, 3_600, 90_000, 31 * 86_400))


@given(
    st.lists(st.tuples(_ATTEMPTS, _APART), min_size=1, max_size=12),
    st.dictionaries(
        st.sampled_from(_HOSTS[:4]), st.tuples(st.sampled_from((200, 200, 404, 503)), st.lists(LINES, max_size=6))
    ),
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_crawl(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[tuple[Attempt, int]],
    files: dict[str, tuple[int, list[str]]],
) -> None:
    folder = tmp_path_factory.mktemp("crawl")
    known = crawls.Web(_HOSTS, crawls.FakeClock(crawls.START))
    for host in (*_HOSTS, "orig1.example", "part1.example"):
        status, lines = files.get(host, (404, []))
        body = "\n".join(lines).encode() if status == 200 else b""
        known.files[f"https://{host}/robots.txt"] = [(datetime.min.replace(tzinfo=crawls.START.tzinfo), (status, body))]
    at, log = crawls.START, []
    for one, apart in made:
        at += apart * (crawls.STEP / 61)
        log.append(replace(one, at=at))
    decisions, kept = crawls.judged(folder / "home", known, log, "headers")
    path = folder / "log.parquet"
    spelled = pa.array([json.dumps(one.headers) for one in log])
    pq.write_table(_table(log).append_column("headers", spelled), path)
    got, people = audited([path], kept, folder / "home", known.clock)
    compare(log, decisions, got, people, "headers")
