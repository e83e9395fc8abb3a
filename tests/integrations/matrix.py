"""Clients by cases: what a site says, and what every client makes of it.

`python -m tests.integrations.matrix` runs all of it and writes the table into docs/clients.md.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crawlgate import Blocklist, Refused
from crawlgate.limits import DEFAULT_LIMITS
from tests.integrations.any_language import Proxied, Sidecar
from tests.integrations.clients import CLIENTS, Client
from tests.loopback import names
from tests.webserver import HANG, POLICY_FILES, Answer, Request, WebServer, redirect, robots

DOCS = Path(__file__).parents[2] / "docs" / "clients.md"
BEGIN, END = "<!-- matrix -->\n", "<!-- end of matrix -->\n"
HEAD = b"<!doctype html><html><head><title>Tide tables</title></head><body hidden>"  # nothing for a browser to lay out
COLUMNS: dict[str, type[Client]] = {**CLIENTS, "proxy": Proxied, "service": Sidecar}
BIG = 8 * 1024 * 1024
NOT_SENT = BIG // 2
"""Buffers between server and client hold far less than this."""
LISTED = "pirate.example"
DATASET = b'<html><head><script type="application/ld+json">{"@type": "Dataset", "offers": {"price": "500", "priceCurrency": "JPY"}}</script></head><body>'


@dataclass(frozen=True)
class Case:
    """`site` is what the case's own host answers, beside what it has by default: a page at /p. `ask` are the URLs (or
    paths) asked for, `answers` what is expected of each: a status handed out, or a verdict and its first criterion."""

    name: str
    answers: tuple[str, ...]
    site: dict[str, Any] = field(default_factory=dict)
    ask: tuple[str, ...] = ("/p",)
    requested: tuple[str, ...] = ("/p",)
    named: str = ""

    @property
    def host(self) -> str:
        return self.named or f"{self.name.lower().replace(' ', '-').replace('.', '-').replace(',', '')}.test"

    def urls(self, port: int) -> list[str]:
        return [path if path.startswith("http:") else f"http://{self.host}:{port}{path}" for path in self.ask]


def page(head: bytes = HEAD, **options: Any) -> Answer:
    """A page so large that the server knows whether all of it was taken."""
    return Answer(head + b"tide " * ((BIG - len(head)) // 5), **options)


def header(*lines: tuple[str, str], status: int = 200) -> Answer:
    return page(status=status, headers=lines)


def meta(content: str) -> bytes:
    return f'<!doctype html><html><head><meta name="robots" content="{content}"></head><body hidden>'.encode()


def in_turn(*answers: Answer) -> Callable[[Request], Answer]:
    left = list(answers)
    return lambda _: left.pop(0)


SMALL = Answer(HEAD + b"tide")
ROBOTS, TDMREP = POLICY_FILES


def cases(port: int, refusing: int) -> list[Case]:
    """New for every client, since some answers change from request to request. Nothing listens at `refusing`."""
    closed: tuple[str, ...] = ()
    return [
        Case("Nothing said", ("200",)),
        Case("Our token named", ("deny, B2",), {ROBOTS: robots("User-agent: ExampleBot\nDisallow: /")}, requested=closed),
        Case("Other AI bots named", ("review, B3",), {ROBOTS: robots("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /")}, requested=closed),
        Case("BOM before the rules", ("deny, B2",), {ROBOTS: robots(b"\xef\xbb\xbfUser-agent: *\nDisallow: /p")}, requested=closed),
        Case("robots.txt 503", ("deny for now, B2",), {ROBOTS: robots("busy", status=503)}, requested=closed),
        Case("robots.txt times out", ("deny for now, B2",), {ROBOTS: Answer(before=(HANG,))}, requested=closed),
        Case("robots.txt refused", ("deny for now, B2",), ask=(f"http://refused.test:{refusing}/p",), requested=closed, named="refused.test"),
        Case("robots.txt 403", ("review, B2",), {ROBOTS: robots("no", status=403)}, requested=closed),
        Case("robots.txt is HTML", ("200",), {ROBOTS: Answer("<!doctype html><html><head><title>Home</title></head></html>")}),
        Case("Content-Signal", ("deny, B2",), {ROBOTS: robots("User-agent: *\nContent-Signal: ai-train=no\nAllow: /")}, requested=closed),
        Case("Content-Usage", ("deny, B2",), {ROBOTS: robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /")}, requested=closed),
        Case("TDMRep file", ("deny, B2",), {TDMREP: Answer('[{"location": "/*", "tdm-reservation": 1}]', content_type="application/json")}, requested=closed),
        Case("Listed site", ("deny, C1",), requested=closed, named=LISTED),
        Case("Redirect into a listed site", ("deny, C1",), {"/go": redirect(f"http://{LISTED}:{port}/p")}, ("/go",), ("/go",)),
        Case("Redirect to a login", ("deny, B2",), {"/p": redirect("/login?return_to=/p")}),
        Case("Denied hop in the middle", ("deny, B2",), {
            ROBOTS: robots("User-agent: *\nDisallow: /b"), "/a": redirect("/b"), "/b": redirect("/p")}, ("/a",), ("/a",)),
        Case("Hops that are allowed", ("200",), {"/a": redirect("/b", 301), "/b": redirect("/p", 307)}, ("/a",), ("/a", "/b", "/p")),
        Case("401", ("deny, B2",), {"/p": header(("WWW-Authenticate", "Basic"), status=401)}),
        Case("402 with a price", ("deny, B2",), {"/p": header(("crawler-price", "USD 0.01"), status=402)}),
        Case("403", ("deny, B2",), {"/p": header(status=403)}),
        Case("451", ("deny, B2",), {"/p": header(status=451)}),
        Case("404", ("404",), {"/p": Answer("gone", status=404)}),
        Case("Challenge", ("deny, B2",), {"/p": header(("cf-mitigated", "challenge"), status=403)}),
        Case("noai header", ("deny, B2",), {"/p": header(("X-Robots-Tag", "noai"))}),
        Case("noai header of an image", ("deny, B2",), {"/p": replace(header(("X-Robots-Tag", "noai")), content_type="image/png")}),
        Case("tdm-reservation header", ("deny, B2",), {"/p": header(("tdm-reservation", "1"))}),
        Case("Content-Usage header", ("deny, B2",), {"/p": header(("Content-Usage", "train-ai=n"))}),
        Case("meta noai", ("deny, B2",), {"/p": page(meta("noai"))}),
        Case("meta noai, chunked", ("deny, B2",), {"/p": page(meta("noai"), chunk=4000)}),
        Case("meta noai, gzip", ("deny, B2",), {"/p": Answer(meta("noai") + HEAD, gzip=True)}),
        Case("meta noai in drops", ("deny, B2",), {"/p": Answer(meta("noai") + HEAD, chunk=3)}),
        Case("Paid dataset", ("review, B1",), {"/p": page(DATASET)}),
        Case("429 then success", ("429", "200"), {"/p": in_turn(Answer("later", status=429, headers=(("Retry-After", "1"),)), SMALL)}, ("/p", "/p"), ("/p", "/p")),
        Case("503 then success", ("503", "200"), {"/p": in_turn(Answer("later", status=503), SMALL)}, ("/p", "/p"), ("/p", "/p")),
    ]  # fmt: skip


@contextmanager
def running(kind: str, home: Path, **options: Any) -> Iterator[tuple[Client, list[Case]]]:
    """A client with the web of all cases before it."""
    listed = home / "list.txt"
    listed.write_text(LISTED)
    blocklist = Blocklist(listed, vouched_by="tester", verified=True, issuer="RHA")
    limits = replace(options.pop("limits", DEFAULT_LIMITS), evidence_deadline=COLUMNS[kind].patience)
    with WebServer({}) as web, names(), socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        table = cases(web.port, bound.getsockname()[1])
        web.sites = {case.host: {"/p": SMALL, **case.site} for case in table}
        client = COLUMNS[kind](web, home / "home", blocklists=[blocklist], limits=limits, **options)
        try:
            yield client, table
        finally:
            client.close()


def answer(client: Client, url: str) -> tuple[str, Any]:
    """What a client makes of a URL: the words of `Case.answers`, and the decision that refused or the body."""
    try:
        status, body = client.get(url)
    except Refused as refused:
        basis = refused.decision.basis
        for_now = " for now" if refused.decision.temporary else ""
        return f"{basis.verdict}{for_now}, {basis.reasons[0].criterion}", refused.decision
    return str(status), body


def matrix() -> str:
    """The table, from running it."""
    columns = {}
    for kind in COLUMNS:
        with tempfile.TemporaryDirectory() as home, running(kind, Path(home)) as (client, table):
            columns[kind] = ["; ".join(answer(client, url)[0] for url in case.urls(client.web.port)) for case in table]
            rows = [(case.name, "yes" if case.requested else "no") for case in table]
    lines = [["case", "page requested", *columns], ["---"] * (len(columns) + 2)]
    lines += [[*row, *(column[at] for column in columns.values())] for at, row in enumerate(rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    before, _, rest = DOCS.read_text("utf-8").partition(BEGIN)
    DOCS.write_text(before + BEGIN + matrix() + END + rest.partition(END)[2], "utf-8")
