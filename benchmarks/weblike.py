"""Pages for benchmarks that look like pages of the web: about 30 KB, a head full of tags, scripts, menus, a comment
here and there, an article, a footer. No two are alike; every second one describes itself in JSON-LD.

With a data folder (`html/pages.tar.xz`) they are pages of the web: those from 5 to 200 KB.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import socket
import tarfile
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

SIZE = 30_000
ORIGIN = "https://www.example.com"
"""What pages name as their own address; the server puts its own in its place."""
_TEXT = (
    "the tide harbour boats morning water stones of and in at with market people bread street old new bridge river "
    "hill winter summer light rain town school garden train station music evening this that which were read left used "
    "north south road house window paper letters story years between under after before small great white green"
)
_WORDS = _TEXT.split()
_SCRIPT = (
    "(function(w,d){var q=w.queue=w.queue||[];for(var i=0;i<q.length;i++){if(q[i].n<3&&w.ready){q[i].f('<b>'+i)}}"
    "d.addEventListener('click',function(e){if(e.target.dataset.track){q.push({n:i,t:'click'})}});})(window,document);"
)
_ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2l3 7h7l-6 4 2 7-6-4-6 4 2-7-6-4h7z"/></svg>'


def page(number: int, links: Iterable[str] = ()) -> bytes:
    """The page of this number; `links` are further links in its menu."""
    origin = ORIGIN
    pick = random.Random(number)
    words = pick.sample(_WORDS, 45)

    def say(count: int) -> str:
        return " ".join(pick.choices(words, k=count)).capitalize() + "."

    url, title = f"{origin}/articles/{number}", f"{say(6).rstrip('.')} | The Harbour Post"
    told = f'<meta name="author" content="Writer {number % 7}">' if number % 4 == 0 else ""
    if number % 2 == 0:
        article = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": title,
            "url": url,
            "datePublished": "2026-11-20T08:00:00Z",
            "author": {"@type": "Person", "name": f"Writer {number % 7}"},
            "publisher": {"@type": "Organization", "name": "The Harbour Post", "logo": f"{origin}/logo.png"},
            "mainEntityOfPage": url,
        }
        told += f'<script type="application/ld+json">{json.dumps(article)}</script>'
    described = say(20)
    head = (
        f'<meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">'
        f'<meta name="description" content="{described}"><meta name="robots" content="index, follow, max-snippet:-1">'
        f'<link rel="canonical" href="{url}"><link rel="icon" href="/favicon.ico"><link rel="preload" href="/f.woff2">'
        f'<meta property="og:title" content="{title}"><meta property="og:url" content="{url}">'
        f'<meta property="og:description" content="{described}"><meta property="og:type" content="article">'
        f'<meta name="twitter:card" content="summary"><meta name="theme-color" content="#0a4">{told}'
        f'<link rel="stylesheet" href="/site.css?v={number % 9}"><style>.card{{margin:0}} .card>a{{color:#024}}</style>'
        f"<script>{_SCRIPT}</script><script async src=/tags.js?id={number}></script>"
    )
    menu = [f"/{word}" for word in _WORDS[48:78]] + list(links)
    items = "".join(f'<li class="menu-item"><a href="{href}">{href.strip("/")}</a></li>' for href in menu)
    aside = "".join(
        f'<div class="card" data-n="{n}">{_ICON}<a href="/articles/{pick.randrange(9999)}"><span>{say(8)}'
        "</span></a></div><!-- card -->"
        for n in range(12)
    )
    foot = f"<footer><p>&copy; 2026 The Harbour Post. All rights reserved.</p><script>{_SCRIPT * 4}</script></footer>"
    text: list[str] = []
    size = len(head) + len(items) + len(aside) + len(foot)
    while size < SIZE:
        paragraph = (
            f'<p class="text">{say(14)} <a href="/articles/{pick.randrange(9999)}">{say(4)}'
            "</a> "
            f"{say(25)} <em>{say(3)}</em> &#8220;{say(18)}&#8221;</p>\n"
        )
        text.append(paragraph)
        size += len(paragraph)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body class="post"><header><nav><ul>{items}</ul>'
        f'<form action="/search"><input type="search" name="q"><button>Search</button></form></nav></header>'
        f"<main><article><h1>{title}</h1>{''.join(text)}</article><aside>{aside}</aside></main>{foot}</body></html>"
    ).encode()


def small_page(number: int, links: Iterable[str] = ()) -> bytes:
    """A page of about a kilobyte: a title, a menu, two paragraphs."""
    pick = random.Random(number)
    said = [" ".join(pick.choices(_WORDS, k=60)).capitalize() + "." for _ in range(2)]
    items = "".join(f'<li><a href="{href}">{href.strip("/")}</a></li>' for href in (*_WORDS[48:54], *links))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Letter {number}</title></head>'
        f"<body><ul>{items}</ul><h1>Letter {number}</h1><p>{said[0]}</p><p>{said[1]}</p></body></html>"
    ).encode()


def picture(number: int) -> bytes:
    """What is no page: the octets of an image, about 10 KB, which is not looked into."""
    return b"\xff\xd8\xff\xe0" + random.Random(number).randbytes(10_000)


def real_pages(data: Path, count: int) -> list[bytes]:
    """Pages of the web, the same ones every time."""
    with tarfile.open(data / "html" / "pages.tar.xz") as packed:
        files = [member for member in packed.getmembers() if member.isfile() and 5_000 <= member.size <= 200_000]
        chosen = {member.name for member in random.Random(1).sample(files, min(count, len(files)))}
        return [opened.read() for m in files if m.name in chosen and (opened := packed.extractfile(m)) is not None]


def serve(told: Connection, pages: list[bytes], robots: bytes, kind: str, awake: bool) -> None:
    """Answer until the process is ended: robots.txt, `/articles/N` and `/page/N` with the page of that number, 404 for
    all else. Tells the port. See `start`."""

    def answer(body: bytes, kind: str, status: str = "200 OK") -> bytes:
        head = (
            f"HTTP/1.1 {status}\r\nDate: Mon, 30 Nov 2026 12:00:00 GMT\r\nServer: bench\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: max-age=60\r\nVary: Accept-Encoding\r\n"
            'ETag: "5f2-63a"\r\nX-Frame-Options: SAMEORIGIN\r\nX-Content-Type-Options: nosniff\r\n\r\n'
        )
        return head.encode() + body

    made: list[bytes] = []
    rules, missing = answer(robots, "text/plain"), answer(b"no", "text/plain", "404 Not Found")

    class Web(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.seen = transport, b""

        def data_received(self, data: bytes) -> None:
            self.seen += data
            while b"\r\n\r\n" in self.seen:
                head, _, self.seen = self.seen.partition(b"\r\n\r\n")
                target = head.split(b" ", 2)[1]
                number = target.rpartition(b"/")[2]
                if target == b"/robots.txt":
                    sent = rules
                elif target.startswith((b"/articles/", b"/page/")) and number.isdigit() and int(number) < len(made):
                    sent = made[int(number)]
                else:
                    sent = missing
                self.transport.write(sent)  # type: ignore[attr-defined]

    def stay_awake(loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon(stay_awake, loop)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Web, "localhost", 0, family=socket.AF_INET)
        port = server.sockets[0].getsockname()[1]
        own = f"http://localhost:{port}".encode()
        made.extend(answer(body.replace(ORIGIN.encode(), own), kind) for body in pages)
        told.send(port)
        if awake:
            stay_awake(loop)
        await server.serve_forever()

    asyncio.run(main())


def start(
    pages: list[bytes], robots: bytes, kind: str = "text/html; charset=utf-8", *, awake: bool = False
) -> tuple[multiprocessing.process.BaseProcess, int]:
    """A server in a process of its own, and its port. End the process when done.

    `awake` keeps it from sleeping while nothing is asked: who sends to a server that sleeps pays for waking it, and a
    client that does more between its requests pays that more often.
    """
    here, there = multiprocessing.Pipe()
    given = (there, pages, robots, kind, awake)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=given, daemon=True)
    server.start()
    return server, here.recv()
