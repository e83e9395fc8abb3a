"""What is no opt-out: named as such, and passed over by every reader."""

from __future__ import annotations

import pytest

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Signal
from crawlgate.signals import (
    ai_txt,
    c2pa,
    not_opt_outs,
    response,
    robots,
    tdmrep,
    trust_txt,
    usage,
    xmp,
)

URL = urls.parse("https://x.example/a")


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("/llms.txt", "llmstxt.org"),
        ("llms.txt", "llmstxt.org"),
        ("/docs/LLMS.txt", "llmstxt.org"),
        ("/llms-full.txt", "llmstxt.org"),
        ("https://x.example/llms.txt?v=1#top", "llmstxt.org"),
        ("/.well-known/security.txt", "RFC 9116"),
        ("/security.txt", "RFC 9116"),
        ("/.well-known/gpc.json", "Privacy"),
        ("/.well-known/ai-plugin.json", "interface"),
        ("/.well-known/agent-card.json", "agent"),
        ("/.well-known/api-catalog", "RFC 9727"),
        ("/.well-known/mcp.json", "tools"),
        ("/.well-known/http-message-signatures-directory", "signature"),
        ("/sitemap.xml", "sitemap"),
        ("/sitemap_index.xml.gz", "sitemap"),
        ("Sitemap", "Sitemap"),
        ("Sitemap: https://x.example/sitemap.xml", "Sitemap"),
        ("Crawl-delay", "politeness"),
        ("crawl-delay: 10", "politeness"),
        ("Request-rate", "politeness"),
        ("Visit-time", "politeness"),
        ("LLM-Policy", "no specification"),
        ("Signature-Agent", "Web Bot Auth"),
        ("signature-input", "RFC 9421"),
        ("rel=license", "Creative Commons"),
        ('rel="license"', "Creative Commons"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "Creative Commons"),
        ("//creativecommons.org/publicdomain/zero/1.0/", "Creative Commons"),
    ],
)
def test_it_is_named_with_a_sentence(asked: str, word: str) -> None:
    sentence = not_opt_outs.name(asked)
    assert sentence is not None
    assert word.lower() in sentence.lower()
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "asked",
    [
        *("/robots.txt", "/ai.txt", "/trust.txt", "/.well-known/tdmrep.json", "/license.xml", "/llms.txt/more"),
        *("Content-Usage", "Content-Signal", "DisallowAITraining", "License", "tdm-reservation", "X-Robots-Tag"),
        *("Disallow", "rel=license type=application/rsl+xml", "https://rslstandard.org/rsl", "", "/", "\x00" * 9_999),
    ],
)
def test_a_protocol_is_never_named(asked: str) -> None:
    assert not_opt_outs.name(asked) is None


LLMS = b"""# Example

> What language models should know. Training on this site is described elsewhere.

## Docs

- [Guide](https://x.example/guide.md): read this first
- [Policy](https://x.example/policy): User-agent rules
"""
BODIES = {
    "llms.txt": LLMS,
    "security.txt": b"Contact: mailto:security@x.example\nExpires: 2030-01-01T00:00:00Z\nPolicy: https://x.example/p\n",
    "gpc.json": b'{"gpc": true, "lastUpdate": "2024-01-01"}',
    "ai-plugin.json": b'{"schema_version": "v1", "name_for_model": "x", "auth": {"type": "none"}, '
    b'"legal_info_url": "https://x.example/legal"}',
    "agent-card.json": b'{"name": "x", "skills": [{"id": "training", "tags": ["no"]}]}',
    "api-catalog": b'{"linkset": [{"anchor": "https://x.example/api"}]}',
    "signatures directory": b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}]}',
    "robots.txt": b"User-agent: *\nCrawl-delay: 10\nRequest-rate: 1/5\nVisit-time: 0600-0845\nLLM-Policy: deny\n"
    b"Sitemap: https://x.example/sitemap.xml\nHost: x.example\n",
    "sitemap.xml": b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>'
    b"<loc>https://x.example/</loc></url></urlset>",
    "XMP with a licence of Creative Commons": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:cc="http://creativecommons.org/ns#">'
    b'<cc:license rdf:resource="https://creativecommons.org/licenses/by-nd/4.0/"/></rdf:Description></rdf:RDF></x:xmpmeta>',
}


def everything_said(body: bytes) -> list[Signal]:
    """What the readers of policy files and of media make of `body`, served in place of their own."""
    file = robots.parse(body)
    ours, _ = file.extension_lines("ExampleBot")
    media = ai_txt.parse(body)
    return [
        *usage.read(ours).all_signals(),
        *media.all_signals(),
        *trust_txt.parse(body).signals(),
        *tdmrep.parse_file(body).all_signals(),
        *xmp.read(body),
        *c2pa.read(body),
    ]


@pytest.mark.parametrize("name", BODIES)
def test_no_reader_makes_a_statement_of_it(name: str) -> None:
    assert everything_said(BODIES[name]) == []
    assert robots.parse(BODIES[name]).allows("/a", "ExampleBot")


def test_robots_lines_about_politeness_are_no_usage_lines() -> None:
    file = robots.parse(BODIES["robots.txt"])
    assert [line.key for line in file.extensions] == [
        *("crawl-delay", "request-rate", "visit-time", "llm-policy", "sitemap", "host")
    ]
    assert all(not_opt_outs.name(line.key) for line in file.extensions)


@pytest.mark.parametrize(
    "header",
    [
        ("link", '<https://creativecommons.org/licenses/by-nc-nd/4.0/>; rel="license"'),
        ("link", '</llms.txt>; rel="llms-txt"'),
        ("signature-agent", '"https://bot.example"'),
        ("signature-input", 'sig1=("@authority");created=1;expires=2;keyid="k";tag="web-bot-auth"'),
        ("sec-gpc", "1"),
    ],
)
def test_no_reader_of_headers_makes_a_statement_of_it(header: tuple[str, str]) -> None:
    headers = Headers([("content-type", "text/html"), header])
    found = response.read_headers(200, headers, url=URL, token="ExampleBot")
    assert (*found.signals, *found.tdm_header, *found.tdm_meta, *found.offers) == ()


@pytest.mark.parametrize(
    "markup",
    [
        '<link rel="license" href="https://creativecommons.org/licenses/by-nc-nd/4.0/">',
        '<link rel="sitemap" href="/sitemap.xml"><link rel="alternate" type="text/plain" href="/llms.txt">',
        '<meta name="llms" content="/llms.txt"><meta name="dcterms.license" content="https://creativecommons.org/licenses/by/4.0/">',
    ],
)
def test_no_reader_of_pages_makes_a_statement_of_it(markup: str) -> None:
    page = (
        f"<!doctype html><html><head><title>A page</title>{markup}</head><body><p>This work is licensed under "
        '<a rel="license" href="https://creativecommons.org/licenses/by-nc-nd/4.0/">CC BY-NC-ND 4.0</a>.</p></body></html>'
    ).encode()
    headers = Headers([("content-type", "text/html")])
    before = response.read_headers(200, headers, url=URL, token="ExampleBot")
    found = response.read_body(200, headers, page, before, url=URL, token="ExampleBot", whole=True)
    assert (*found.signals, *found.tdm_header, *found.tdm_meta, *found.offers) == ()
