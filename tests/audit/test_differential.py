"""Tables are judged as `Gate` judges their rows one by one: same files, same lists, same instant, all signals.

`CRAWLGATE_DIFFERENTIAL_ROWS=200000` asks for more rows than the share that runs in the suite.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlgate import Blocklist, Decision, Gate, Licence
from crawlgate.flow import TDMREP_PATH
from crawlgate.model import Evidence, Outcome, Stage
from crawlgate.signals import agents
from crawlgate.testing import FakeClock
from tests.shared_data import ROOT, robots_body, rows

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.classes import DecisionClass, class_of  # noqa: E402
from crawlgate.audit.tables import TableJudge  # noqa: E402
from tests.audit.test_engine import AI, BODIES, DECLARED, PATHS  # noqa: E402
from tests.audit.test_robots_scan import LINES, ODD  # noqa: E402

ROWS = int(os.environ.get("CRAWLGATE_DIFFERENTIAL_ROWS", "20000"))
# The gate asks with the agents of today, a table with those of the time: all of them are known by then.
AT = datetime.combine(max(map(agents.load().known_from, agents.load())), time(7), UTC) + timedelta(days=3)
PRESS = Licence(
    licensor="Press",
    scope=("https://h7.example/free/*", "https://h1.example/*"),
    purposes=("*",),
    valid_from=AT - timedelta(days=3),
    valid_to=AT + timedelta(days=3),
    reference="K-1",
)
COLLECTOR = replace(DECLARED, licences=[PRESS])
LISTED = ("listed.example", "mangapress.example", "pirate.example")
TDMREPS = (
    b'[{"location":"/a","tdm-reservation":1},{"location":"/","tdm-reservation":0}]',
    b'[{"location":"/*","tdm-reservation":1,"tdm-policy":"https://policies.example/p.json"}]',
    b"not json",
)
STATUSES = (200,) * 12 + (404, 403, 410, 429, 503, 301)


@dataclass(frozen=True)
class Web:
    """The policy files of many hosts, as (status, body) by URL; None is a host that does not answer."""

    hosts: tuple[str, ...]
    files: dict[str, tuple[int, bytes] | None]

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            found = self.files.get(str(request.url), (404, b""))
            if found is None:
                raise httpx.ConnectTimeout("no answer", request=request)
            return httpx.Response(found[0], content=found[1])

        return httpx.MockTransport(answer)


def web(rnd: random.Random, count: int) -> Web:
    bodies = [body.encode() for body in BODIES] + ODD + [b"User-agent: *\nDisallow: /b\n\n" + AI.encode()]
    if (ROOT / "data/robots/protego_2019.jsonl.gz").exists():
        real = [robots_body(row) for row in rows("data/robots/protego_2019.jsonl.gz")]
        bodies += [body for body in rnd.sample(real, min(count, len(real))) if len(body) < 100_000]
    names = [f"h{n}.example" for n in range(count)]
    names += ["listed.example", "www.listed.example", "mangapress.test", "mangapress2.example", "places.example"]
    names += ["192.0.2.7", "h1.example:8080", "xn--bcher-kva.example", "web.archive.org"]
    files: dict[str, tuple[int, bytes] | None] = {}
    for name in names:
        for scheme in ("https", "http"):
            status, body = rnd.choice(STATUSES), rnd.choice(bodies)
            robots = None if rnd.random() < 0.03 else (status, body if status == 200 else b"")
            files[f"{scheme}://{name}/robots.txt"] = robots
            if rnd.random() < 0.3:
                files[f"{scheme}://{name}{TDMREP_PATH}"] = (rnd.choice((200, 200, 404, 503)), rnd.choice(TDMREPS))
    return Web(tuple(names), files)


class Kept(EvidenceBook):
    """Everything that a gate fetched, for the table."""

    def take(self, gate: Gate) -> None:
        fetch = gate._fetcher.fetch

        def fetched(*asked: object, **more: object) -> Evidence:
            found: Evidence = fetch(*asked, **more)  # type: ignore[arg-type]
            self.add(found)
            return found

        gate._fetcher.fetch = fetched  # type: ignore[method-assign]


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[tuple[Gate, Kept, Web]]:
    rnd = random.Random(31)
    known = web(rnd, 300 if ROWS <= 20_000 else 3_000)
    listed = tmp_path / "list.csv"
    listed.write_text(
        "scope,value,path_prefix\n"
        + "".join(f"registrable_domain,{name},\n" for name in LISTED)
        + "path_prefix,places.example,/u/name\nurl,https://h2.example/a,\nhost,h3.example,\ncidr,192.0.2.0/24,\n",
        encoding="utf-8",
    )
    with Gate(
        COLLECTOR,
        home=tmp_path / "home",
        evidence_transport=known.transport(),
        clock=FakeClock(AT),
        blocklists=[Blocklist(listed, verified=True, vouched_by="A. Person", issuer="Publishers")],
    ) as gate:
        kept = Kept()
        kept.take(gate)
        yield gate, kept, known


def urls_of(rnd: random.Random, hosts: tuple[str, ...], count: int) -> list[str]:
    odd = ("no url", "ftp://h1.example/", "https://", "https://h1.example:99999/", "https://H4.Example/%41?b=/c#d", "")
    weights = [1 / (n + 1) for n in range(len(hosts))]
    names = rnd.choices(hosts, weights, k=count)
    return [
        rnd.choice(odd) if rnd.random() < 0.01 else f"{rnd.choice(('https', 'https', 'http'))}://{name}{_path(rnd)}"
        for name in names
    ]


def _path(rnd: random.Random) -> str:
    if rnd.random() < 0.6:
        return rnd.choice(PATHS)
    return "/" + "/".join(rnd.choice(("a", "b", "ab", "x.html", "%7Eb", "u", "name")) for _ in range(rnd.randint(1, 4)))


def compare(judge: TableJudge, urls: list[str], decisions: list[Decision]) -> Counter[tuple[str, Outcome]]:
    """Fails where a row's class is another than that of the decision; which outcomes there were."""
    judged, refused = judge.judge(pa.table({"url": pa.array(urls, pa.large_string()), "time": [AT] * len(urls)}))
    seen: Counter[tuple[str, Outcome]] = Counter()
    for row, (url, decision) in enumerate(zip(urls, decisions, strict=True)):
        if decision.problem is not None and judged.classes[row] < 0:
            assert row in refused, url
            continue
        got, expected = judge.classes[judged.classes[row]], class_of(decision.basis)
        assert _told(got, expected) == _told(expected, expected), url
        seen.update((f.criterion, f.outcome) for f in got.findings)
    return seen


def _told(one: DecisionClass, expected: DecisionClass) -> object:
    """What has to be equal. Of a site on a list the gate asks for nothing, so that only the list speaks."""
    asked = {f.criterion for f in expected.findings}
    return one.verdict, {f for f in one.findings if f.criterion in asked}


@pytest.mark.slow
def test_a_table_is_judged_as_the_gate_judges_its_rows(at_work: tuple[Gate, Kept, Web]) -> None:
    gate, kept, known = at_work
    urls = urls_of(random.Random(7), known.hosts, ROWS)
    decisions = [gate.check(url) for url in urls]
    judge = TableJudge(COLLECTOR, evidence=kept, notices=gate.core.lists.index, stage=Stage.PRE_FETCH, now=AT)
    seen: Counter[tuple[str, Outcome]] = Counter()
    for first in range(0, ROWS, 7_000):
        part = slice(first, first + 7_000)
        seen += compare(judge, urls[part], decisions[part])
    assert len(judge.refusals) > 2
    assert judge.refusals.total() < ROWS / 20
    told = {criterion for criterion, outcome in seen if outcome is not Outcome.NOT_MET}
    assert told >= {"B2", "B3", "B4", "C1"}


_TARGET = st.from_regex(r"/[ab/.*$%]{0,5}(%2[fF]|%61|~|é)?(\?[ab/=]{0,4})?", fullmatch=True)


@given(
    st.lists(LINES, max_size=10),
    st.sampled_from([200, 200, 200, 404, 503]),
    st.sampled_from(TDMREPS) | st.none(),
    st.lists(_TARGET, min_size=1, max_size=6),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_and_any_target(
    at_work: tuple[Gate, Kept, Web], lines: list[str], status: int, tdmrep: bytes | None, targets: list[str]
) -> None:
    gate, kept, known = at_work
    host = f"https://p{len(known.files)}.example"
    known.files[f"{host}/robots.txt"] = (status, "\n".join(lines).encode() if status == 200 else b"")
    known.files[f"{host}{TDMREP_PATH}"] = (404, b"") if tdmrep is None else (200, tdmrep)
    urls = [host + target for target in targets]
    decisions = [gate.check(url) for url in urls]
    judge = TableJudge(COLLECTOR, evidence=kept, notices=gate.core.lists.index, stage=Stage.PRE_FETCH, now=AT)
    compare(judge, urls, decisions)
