"""Who made the page's main content, as its metadata say (ST15): schema.org author and creator, `author` and
`article:author`, `dcterms.creator`. A name for counting, nothing that is weighed."""

from __future__ import annotations

import unicodedata

from ..url import Url
from .jsonld import Graph, Node, prop, texts
from .page_head import PageHead
from .page_nodes import about

MAX_CREATORS = 8
"""Names of one page that are kept."""

MAX_NAME = 120
"""Characters of a name that are kept."""

META_NAMES = (
    "author",
    "article:author",
    "og:author",
    "dc.creator",
    "dcterms.creator",
    "dcterms:creator",
    "citation_author",
)


def read(head: PageHead, graph: Graph, *, page: Url) -> tuple[str, ...]:
    """Names in order, each once: of structured data about the page, else of its meta tags. Never raises.

    The address of a profile stands for its owner where no name is given.
    """
    found: dict[str, None] = {}
    for node in about(graph, page):
        for name in ("author", "creator"):
            found.update(dict.fromkeys(_names(graph, node, name)))
    if not found:
        for tag in head.meta:
            if tag.name in META_NAMES:
                found[_clean(tag.content)] = None
    return tuple(name for name in found if name)[:MAX_CREATORS]


def _names(graph: Graph, node: Node, name: str) -> list[str]:
    related = list(graph.related(node, name))
    named = [_clean(text) for person in related for text in texts(prop(person, "name"), at_most=4)]
    if named:
        return named
    return [_clean(text) for text in texts(prop(node, name), at_most=MAX_CREATORS)]


def _clean(text: str) -> str:
    """A name in one spelling: compatibility forms and blanks unified, so that one person counts once."""
    return " ".join(unicodedata.normalize("NFKC", text).split())[:MAX_NAME]
