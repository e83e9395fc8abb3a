"""The nodes of a page's structured data that speak of the page itself, not of a picture in it or of its publisher."""

from __future__ import annotations

from collections.abc import Iterator

from .. import url as urls
from ..errors import UrlError
from ..url import Url
from .jsonld import Graph, Node, prop, texts, types

# schema.org types whose node on a page is usually that page's main content. Media objects are parts of pages.
_TYPES = """
    WebPage ItemPage ProfilePage Article NewsArticle AnalysisNewsArticle OpinionNewsArticle ReportageNewsArticle
    BlogPosting LiveBlogPosting SocialMediaPosting DiscussionForumPosting ScholarlyArticle TechArticle Report
    CreativeWork Book Chapter ShortStory Poem ComicStory ComicIssue VisualArtwork Painting Drawing Photograph
    Recipe Review LearningResource Dataset Thesis
"""
_PAGES = frozenset(_TYPES.split())


def about(graph: Graph, page: Url) -> Iterator[Node]:
    """Nodes of a page's type that name no URL, or this page's. At most what the graph holds; never raises."""
    here = (page.host + page.target).rstrip("/")
    for node in graph.nodes:
        if not _PAGES.isdisjoint(types(node)) and _is(node, page, here):
            yield node


def _is(node: Node, page: Url, here: str) -> bool:
    named = [text for name in ("@id", "url", "mainEntityOfPage") for text in texts(prop(node, name), at_most=8)]
    places = [place for text in named if (place := _place(text, page)) is not None]
    return not places or here in places


def _place(text: str, page: Url) -> str | None:
    """A URL without scheme, fragment and trailing slash; None for a name that is no URL (`_:b0`, `#article`)."""
    if text.startswith(("_:", "#")):
        return None
    try:
        url = urls.join(page, text)
    except UrlError:
        return None
    return (url.host + url.target).rstrip("/")
