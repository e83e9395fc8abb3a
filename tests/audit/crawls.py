"""Made-up crawls with everything in them that a log may show, and a gate that is told of each attempt as it is made."""

from __future__ import annotations

import gzip
import io
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlgate import Blocklist, Decision, Gate, Licence
from crawlgate.assess import Circumstances
from crawlgate.audit.book import EvidenceBook
from crawlgate.flow import TDMREP_PATH
from crawlgate.ledger.register import KIND as REGISTER
from crawlgate.ledger.register import register_table
from crawlgate.lists import Lists
from crawlgate.model import Evidence, Outcome, Product, RegisterEntry, Verdict
from crawlgate.review.decide import decide
from crawlgate.signals import agents
from crawlgate.testing import FakeClock
from crawlgate.url import Url
from tests.audit.test_engine import BODIES, DECLARED, PATHS

# The gate asks with the agents of today, a table with those of the time: all of them are known by then.
START = datetime.combine(max(map(agents.load().known_from, agents.load())), time(7), UTC) + timedelta(days=3)
STEP = timedelta(seconds=61)  # two clocks may differ by a minute, so that what comes within one counts for both
PRESS = Licence(
    licensor="Press",
    scope=("https://h3.example/free/*", "https://www.s1.example/*"),
    purposes=("*",),
    valid_from=START + timedelta(hours=1),
    valid_to=START + timedelta(hours=30),
    reference="K-1",
)
COLLECTOR = replace(DECLARED, licences=[PRESS], published_since=START + timedelta(minutes=30))
OURS = COLLECTOR.user_agent
AGENTS = (OURS,) * 12 + (
    "ExampleBot/2.0",
    "Mozilla/5.0 (Windows NT 10.0)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "ExampleBot/1.0 (like Googlebot)",
)
STATUSES = (200,) * 26 + (404, 404, 401, 402, 403, 407, 410, 429, 451, 500, 503, 204, 206, 304, 301, 302, 302, 303, 307)
FILES = (200,) * 12 + (404, 403, 410, 429, 503)
LISTED = "listed.example", "pirate.example", "shady.example"
UNSAID = tuple(f"unsaid{n}.example" for n in range(4))
"""Sites of which the log does not say who asked."""
TDMREPS = (
    b'[{"location":"/a","tdm-reservation":1},{"location":"/","tdm-reservation":0}]',
    b'[{"location":"/*","tdm-reservation":1,"tdm-policy":"https://policies.example/p.json"}]',
    b"not json",
)
RSL = b"""<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">ai-train</prohibits>
</license></content></rsl>"""
PRICED = b"""<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">ai-train</permits>
<payment type="crawl"><amount currency="USD">5</amount></payment></license></content></rsl>"""
POLICY = b'{"@context":"http://www.w3.org/ns/odrl.jsonld","@type":"Offer","permission":[{"action":"tdm:mine"}]}'
DOCUMENTS = {
    "https://licences.example/robots.txt": (200, b"User-agent: *\nDisallow: /closed"),
    "https://licences.example/rsl.xml": (200, RSL),
    "https://licences.example/priced.xml": (200, PRICED),
    "https://licences.example/broken.xml": (200, b"<rsl"),
    "https://policies.example/p.json": (200, POLICY),
}
HEADERS: tuple[tuple[str, str], ...] = (
    ("X-Robots-Tag", "noai, noimageai"),
    ("X-Robots-Tag", "ExampleBot: noai"),
    ("X-Robots-Tag", "otherbot: noai"),
    ("X-Robots-Tag", "noindex"),
    ("tdm-reservation", "1"),
    ("tdm-reservation", "0"),
    ("tdm-policy", "https://policies.example/p.json"),
    ("Content-Usage", "train-ai=n"),
    ("Content-Usage", "train-ai=y"),
    ("Content-Signal", "ai-train=no"),
    ("Link", '<https://licences.example/rsl.xml>; rel="license"; type="application/rsl+xml"'),
    ("Link", '<https://licences.example/priced.xml>; rel="license"; type="application/rsl+xml"'),
    ("Link", '<https://licences.example/broken.xml>; rel="license"; type="application/rsl+xml"'),
    ("Link", '<https://licences.example/closed/l.xml>; rel="license"; type="application/rsl+xml"'),
    ("Link", '<https://creativecommons.org/licenses/by/4.0/>; rel="license"'),
    ("WWW-Authenticate", 'Basic realm="members"'),
    ("WWW-Authenticate", 'License error="license_required"'),
    ("Set-Cookie", "session=abc; HttpOnly"),
    ("cf-mitigated", "challenge"),
    ("crawler-price", "USD 0.10"),
    ("Retry-After", "120"),
    ("Server", "cloudflare"),
)
HTML, PLAIN, JSON, XML, IMAGE = "text/html; charset=utf-8", "text/plain", "application/json", "text/xml", "image/png"
SOLD = """<script type="application/ld+json">{"@context":"https://schema.org","@type":"Dataset","name":"All prices",
"isAccessibleForFree":false,"offers":{"@type":"Offer","price":"500","priceCurrency":"JPY"},
"distribution":{"@type":"DataDownload","contentUrl":"/a/b","encodingFormat":"text/csv"}}</script>"""
XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
CHALLENGE = """<title>Just a moment...</title><script>window._cf_chl_opt={cvId:'3'}</script>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>"""
LOGIN = """<title>Log in</title><form action="/login" method=post><input name=user><input type=password name=pass>
<button>Log in</button></form>"""
PAGES: tuple[tuple[str, str | bytes], ...] = (
    *((HTML, "<title>a</title><p>hello"),) * 8,
    (HTML, '<meta name="robots" content="noai">'),
    (HTML, '<meta name="ExampleBot" content="noindex, noai">'),
    (HTML, '<meta name="tdm-reservation" content="1">'),
    (
        HTML,
        '<meta name="tdm-reservation" content="0"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
    ),
    (HTML, SOLD + "<p>data"),
    (HTML, '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'),
    (HTML, LOGIN),
    (HTML, "<footer>無断転載・AI学習禁止</footer>"),
    (HTML, "<title>Terms of use</title><p>You may not use this content to train AI."),
    (HTML, '<link rel="canonical" href="https://www.listed.example/a"><p>copy'),
    (HTML, '<link rel="canonical" href="https://part1.example/b"><p>copy'),
    (HTML, '<link rel="license" type="application/rsl+xml" href="https://licences.example/rsl.xml"><p>x'),
    (HTML, f'<script type="application/rsl+xml">{RSL.decode()}</script>'),
    (HTML, CHALLENGE),
    (HTML, gzip.compress(b"<title>packed</title>", mtime=0)),
    (HTML, ""),
    (XML, "<?xml version='1.0'?><urlset/>"),
    (JSON, '{"@context":"https://schema.org","@type":"Dataset","isAccessibleForFree":false,"offers":{"price":"9"}}'),
    (PLAIN, "No AI training on this text. AI学習禁止"),
    (IMAGE, b"\x89PNG\r\n\x1a\n" + XMP.encode()),
    ("", "<title>no type</title><meta name=robots content=noai>"),
)
REFUSALS: tuple[tuple[str, str], ...] = ((HTML, CHALLENGE), (HTML, LOGIN), (HTML, "no"), (JSON, '{"price": "1"}'))
REFERRERS = (
    "https://www.google.com/",
    "https://www.listed.example/top",
    "https://shady.example/",
    "https://places.example/u/name/page",
    "https://part1.example/b",
    "https://h1.example/a",
    "no page",
)
VIEWS = ("/amp/a", "/a/amp", "/a?amp=1", "/print/b", "/b.print.html", "/a?output=print")


@dataclass(frozen=True)
class Attempt:
    """One request of a crawl and what was answered. `user_agent` None: the log does not say."""

    at: datetime
    url: str
    status: int
    user_agent: str | None = OURS
    proxy: str | None = None
    referrer: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def location(self) -> str | None:
        """Where an answer that redirects sends the reader."""
        moved = 300 <= self.status < 400
        return next((value for name, value in self.headers if name == "Location"), None) if moved else None


@dataclass(frozen=True)
class Web:
    """Policy files by URL: since when they stand, with status and body; None is a host that does not answer."""

    hosts: tuple[str, ...]
    clock: FakeClock
    files: dict[str, list[tuple[datetime, tuple[int, bytes] | None]]] = field(default_factory=dict)

    @property
    def origins(self) -> list[str]:
        """Of all sites."""
        return [url.removesuffix("/robots.txt") for url in self.files if url.endswith("/robots.txt")]

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            url = str(request.url)
            versions = self.files.get(url, [])
            n = bisect_right(versions, self.clock.now(), key=lambda version: version[0])
            found = versions[n - 1][1] if n else DOCUMENTS.get(url, (404, b""))
            if found is None:
                raise httpx.ConnectTimeout("no answer", request=request)
            return httpx.Response(found[0], content=found[1])

        return httpx.MockTransport(answer)


def web(rnd: random.Random, count: int, days: float, bodies: list[bytes] | None = None) -> Web:
    """Sites whose policy files change every so often."""
    bodies = bodies or [body.encode() for body in BODIES]
    names = [f"h{n}.example" for n in range(count)]
    names += [f"{label}s{n}.example" for n in range(count // 10 + 2) for label in ("", "www.", "m.", "cdn.")]
    names += ["www.listed.example", "shady.example", "places.example", "seller.example", "api.seller.example"]
    names += ["people.example", "xn--bcher-kva.example", "web.archive.org", "h1.example:8080", "letter.example"]
    names += UNSAID
    files: dict[str, list[tuple[datetime, tuple[int, bytes] | None]]] = {}
    for name in [*names, *(f"orig{n}.example" for n in range(4)), "part1.example"]:
        for scheme in ("https", "http"):
            since = START - timedelta(days=1)
            versions = files[f"{scheme}://{name}/robots.txt"] = []
            while since < START + timedelta(days=days):
                status, body = rnd.choice(FILES), rnd.choice(bodies)
                told = None if rnd.random() < 0.03 else (status, body if status == 200 else b"")
                versions.append((since, told))
                since += timedelta(hours=rnd.uniform(20, 90))
            if rnd.random() < 0.3:
                answer = rnd.choice((200, 200, 404, 503)), rnd.choice(TDMREPS)
                files[f"{scheme}://{name}{TDMREP_PATH}"] = [(START - timedelta(days=1), answer)]
    return Web(tuple(names), FakeClock(START), files)


def attempts(rnd: random.Random, hosts: tuple[str, ...], count: int) -> Iterator[Attempt]:
    """A log in the order of its times, several attempts at each instant."""
    weights = [1 / (n + 3) ** 0.6 for n in range(len(hosts))]
    at, done = START + STEP, 0
    while done < count:
        for name in rnd.choices(hosts, weights, k=min(rnd.randint(1, 6), count - done)):
            yield _attempt(rnd, at, name, hosts)
            done += 1
        at += STEP


def _attempt(rnd: random.Random, at: datetime, name: str, hosts: tuple[str, ...]) -> Attempt:
    url = f"{rnd.choice(('https', 'https', 'http'))}://{name}{_path(rnd)}"
    if rnd.random() < 0.01:
        url = rnd.choice(("no url", "ftp://h1.example/", "https://", "https://H4.Example/%41?b=/c#d"))
    if name == "web.archive.org" and rnd.random() < 0.7:
        url = (
            f"https://web.archive.org/web/20240101000000/https://orig{rnd.randrange(4)}.example{rnd.choice(PATHS[:12])}"
        )
    elif rnd.random() < 0.01:
        url = f"https://{name}/mirror/https://{rnd.choice(('orig1.example/b', 'www.listed.example/x'))}"
    status = rnd.choice(STATUSES)
    headers, body = [], b""
    if 200 <= status < 300 and status != 204:
        kind, text = rnd.choice(PAGES)
        body = text.encode() if isinstance(text, str) else text
        headers += [("Content-Type", kind)] if kind else []
        if status == 206:
            headers.append(("Content-Range", rnd.choice(("bytes 0-99/200", "bytes 100-199/200"))))
    elif 300 <= status < 400 and status != 304:
        headers.append(("Location", _location(rnd, name, hosts)))
    elif status >= 400 and rnd.random() < 0.5:
        kind, text = rnd.choice(REFUSALS)
        headers.append(("Content-Type", kind))
        body = text.encode()
    if rnd.random() < 0.3:
        headers += rnd.sample(HEADERS, rnd.choice((1, 1, 2, 3)))
    agent = None if name in UNSAID else rnd.choice(AGENTS)
    proxy = rnd.choice(("p1", "p1", "p1", "p2")) if agent is not None and rnd.random() < 0.1 else None
    referrer = rnd.choice((f"https://{name}/", *REFERRERS)) if rnd.random() < 0.08 else None
    return Attempt(at, url, status, agent, proxy, referrer, tuple(headers), body)


def _location(rnd: random.Random, name: str, hosts: tuple[str, ...]) -> str:
    return rnd.choice(
        (
            "/a",
            f"https://{name}/b",
            f"https://{rnd.choice(hosts)}/a",
            "/login?return_to=/a",
            f"https://sso.example/login?next=https://{name}/a",
            "https://www.listed.example/x",
            "//pirate.example/y",
            "https://places.example/u/name/z",
        )
    )


def _path(rnd: random.Random) -> str:
    drawn = rnd.random()
    if drawn < 0.7:
        return rnd.choice(PATHS)
    if drawn < 0.78:
        return rnd.choice(VIEWS)
    return "/" + "/".join(rnd.choice(("a", "b", "ab", "x.html", "%7Eb", "u", "name")) for _ in range(rnd.randint(1, 4)))


class Kept(EvidenceBook):
    """Everything that a gate fetched, for the audit."""

    def take(self, gate: Gate) -> None:
        fetch = gate._fetcher.fetch

        def fetched(*asked: object, **more: object) -> Evidence:
            found: Evidence = fetch(*asked, **more)  # type: ignore[arg-type]
            self.add(found)
            return found

        gate._fetcher.fetch = fetched  # type: ignore[method-assign]


def lists_in(folder: Path) -> list[Blocklist]:
    """A list that a person checked, and one that nobody did."""
    listed, doubtful = folder / "list.csv", folder / "unchecked.csv"
    listed.write_text(
        "scope,value,path_prefix\n"
        + "".join(f"registrable_domain,{name},\n" for name in LISTED[:2])
        + "path_prefix,places.example,/u/name\nurl,https://h2.example/a,\nhost,h5.example,\n",
        encoding="utf-8",
    )
    doubtful.write_text("scope,value\nregistrable_domain,shady.example\n", encoding="utf-8")
    return [
        Blocklist(listed, verified=True, vouched_by="A. Person", issuer="Publishers"),
        Blocklist(doubtful, issuer="A Forum"),
    ]


def opened(home: Path, known: Web) -> Gate:
    """A gate with lists, which observes, so that every page is read. A log says of each hop where it led, so that the
    gate is to say of each what follows from it."""
    gate = Gate(
        COLLECTOR,
        home=home,
        mode="observe",
        evidence_transport=known.transport(),
        clock=known.clock,
        blocklists=lists_in(home.parent),
    )
    redirected = gate.core.conduct.redirected

    def told(told: Circumstances, location: str, url: Url) -> Circumstances:
        return replace(redirected(replace(told, fetched=True), location, url), fetched=told.fetched)

    gate.core.conduct.redirected = told  # type: ignore[method-assign]
    return gate


def register() -> RegisterEntry:
    return RegisterEntry(
        host="seller.example",
        product=Product.API,
        price="500",
        currency="JPY",
        first_seen=START + timedelta(hours=1),
        ended_at=START + timedelta(hours=40),
        urls=("https://seller.example/a",),
        source="A. Person",
    )


def judged(home: Path, known: Web, log: list[Attempt], seen: str) -> tuple[list[Decision], Kept]:
    """What a gate says of the attempts of a log, one after another; of each it sees the `status` alone, the `headers`,
    or the `page` too. People decide on the way, and a letter comes."""
    kept, said = Kept(), []
    with opened(home, known) as gate:
        segment, seq = gate.core.ledger.append(REGISTER, register_table(START, register()))
        gate.core.state.add_entry(register(), f"{segment}:{seq}")
        gate.core.market._register.add(register())
        kept.take(gate)
        for origin in known.origins:  # what is known of other sites shall not hang on the order within an instant
            gate.check(f"{origin}/known")
        decided = False
        for number, one in enumerate(log):
            if one.at > known.clock.now():
                known.clock.advance((one.at - known.clock.now()).total_seconds())
                if number >= len(log) // 4 and not decided:  # at a new instant: a gate looks for lists once in a while
                    _decide(home, known.clock)
                    decided = True
            headers = one.headers if seen != "status" else [h for h in one.headers if h[0] == "Location"]
            body = one.body if seen == "page" else None
            manner = {"user_agent": one.user_agent, "proxy": one.proxy, "referrer": one.referrer}
            said.append(gate.inspect(one.url, status=one.status, headers=headers, body=body, follows=True, **manner))
    return said, kept


def _decide(home: Path, clock: FakeClock) -> None:
    until = clock.now() + timedelta(hours=9)
    lifted = {"B2": (Outcome.MET, Outcome.INDICATED, Outcome.UNKNOWN), "B3": (Outcome.MET, Outcome.INDICATED)}
    who = {"by": "A. Person", "reason": "asked them", "until": until, "clock": clock}
    words = dict.fromkeys(lifted, "asked them by letter")
    decide(home, effect=Verdict.ALLOW, scope="host", value="people.example", findings=lifted, acknowledged=words, **who)
    decide(home, effect=Verdict.ALLOW, scope="host", value="h0.example", findings=lifted, acknowledged=words, **who)
    decide(home, effect=Verdict.DENY, scope="host", value="h6.example", findings=lifted, **who)
    with Lists(home, clock=clock) as lists:
        lists.add_notice(issuer="A Writer", vouched_by="A. Person", scope="host", value="letter.example")
        lists.add_notice(issuer="Unknown sender", scope="host", value="h7.example")


def _sent(one: Attempt) -> list[tuple[str, str]]:
    return [(n, v) for n, v in (("User-Agent", one.user_agent), ("Referer", one.referrer)) if v is not None]


def write_warc(path: Path, log: list[Attempt]) -> None:
    """A log as a web archive, with the requests where it says who asked."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)

        def write(kind: str, one: Attempt, head: StatusAndHeaders, body: bytes, about: str = "") -> str:
            said = {"WARC-Date": one.at.isoformat(timespec="seconds").replace("+00:00", "Z")}
            if about:
                said["WARC-Concurrent-To"] = about
            record = writer.create_warc_record(
                one.url, kind, io.BytesIO(body), length=len(body), http_headers=head, warc_headers_dict=said
            )
            writer.write_record(record)
            return str(record.rec_headers.get_header("WARC-Record-ID"))

        for one in log:
            answered = StatusAndHeaders(f"{one.status} -", list(one.headers), "HTTP/1.1")
            sent = StatusAndHeaders("GET / HTTP/1.1", _sent(one), is_http_request=True)
            write("request", one, sent, b"", write("response", one, answered, one.body))


__all__ = ["Attempt", "Decision", "Kept", "Web", "attempts", "opened", "web"]
