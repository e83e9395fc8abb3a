"""What is not an opt-out, by name, so that nobody counts it as one.

These files, headers and lines stand beside the protocols read here and are taken for them. Their presence says
nothing about training, and neither does their absence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_FILES: Mapping[str, str] = {
    "llms.txt": "llms.txt is a reading guide for language models (llmstxt.org); it has no words for permission.",
    "security.txt": "security.txt names a contact for security reports (RFC 9116).",
    "gpc.json": "gpc.json declares support for Global Privacy Control, about selling personal data.",
    "ai-plugin.json": "ai-plugin.json describes an interface to chat assistants.",
    "agent-card.json": "agent-card.json describes an agent that other agents may call (A2A).",
    "agent.json": "agent.json describes an agent that other agents may call (A2A).",
    "api-catalog": "api-catalog lists the interfaces of a site (RFC 9727).",
    "mcp.json": "mcp.json describes a server of tools for language models (MCP).",
    "http-message-signatures-directory": "The Web Bot Auth directory holds keys by which a bot signs its requests; "
    "a signature identifies the signer and nothing more.",
    "sitemap.xml": "A sitemap lists pages (sitemaps.org).",
    "humans.txt": "humans.txt names the people behind a site.",
    "ads.txt": "ads.txt names authorised sellers of advertising space.",
}
_LINES: Mapping[str, str] = {
    "sitemap": "A Sitemap line of robots.txt says where the list of pages is.",
    "crawl-delay": "Crawl-delay asks for pauses between requests; it is about politeness.",
    "request-rate": "Request-rate asks for pauses between requests; it is about politeness.",
    "visit-time": "Visit-time asks for visits at certain hours; it is about politeness.",
    "host": "A Host line of robots.txt names the preferred host name of a site.",
    "clean-param": "Clean-param names parts of URLs that make no difference.",
    "llm-policy": "LLM-Policy is a line of robots.txt that no specification defines.",
    "signature-agent": "Signature-Agent is sent by a bot and says where its keys are (Web Bot Auth).",
    "signature-input": "Signature-Input belongs to a signature over an HTTP message (RFC 9421), which identifies its "
    "signer and nothing more.",
    "signature": "Signature belongs to a signature over an HTTP message (RFC 9421), which identifies its signer and "
    "nothing more.",
    "sec-gpc": "Sec-GPC is sent by a reader's browser and is about personal data (Global Privacy Control).",
}
_CREATIVE_COMMONS = (
    "A link to a Creative Commons licence says how a work may be shared; it is no statement about training, neither "
    "a refusal nor a permission."
)
_CC_URL = re.compile(r"(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licen[cs]es|publicdomain)/", re.IGNORECASE)
_REL_LICENCE = re.compile(r"rel\s{0,4}=\s{0,4}[\"']?license[\"']?", re.IGNORECASE)
_LLMS = re.compile(r"llms(?:-[a-z]{1,16})?\.txt")
_SITEMAP = re.compile(r"sitemap[a-z0-9_-]{0,32}\.(?:xml|txt)(?:\.gz)?")
_MAX_LENGTH = 2_048


def name(path_or_key: str) -> str | None:
    """Why this is not an opt-out, in a sentence; None for whatever is not known to be none.

    Takes a path or URL (`/llms.txt`, `https://site.example/.well-known/gpc.json`), the name of a robots.txt line
    or of a header (`Crawl-delay`), `rel=license`, or the URL of a Creative Commons licence. RSL's licence links
    carry the type `application/rsl+xml` and are asked about elsewhere.
    """
    text = path_or_key[:_MAX_LENGTH].strip()
    if _CC_URL.match(text) or _REL_LICENCE.fullmatch(text):
        return _CREATIVE_COMMONS
    line = _LINES.get(text.partition(":")[0].strip().lower())
    if line is not None:
        return line
    last = unquote(text.partition("#")[0].partition("?")[0]).rstrip("/").rpartition("/")[2].lower()
    if _LLMS.fullmatch(last):
        last = "llms.txt"
    elif _SITEMAP.fullmatch(last):
        last = "sitemap.xml"
    return _FILES.get(last)
