"""Names of the vocabularies that pages describe themselves with, each in one spelling.

The same property stands as `price`, `schema:price`, `https://schema.org/price` or under a prefix that a document
declares for itself. Here schema.org's names are bare, and those of other vocabularies bear the usual prefix
(`dcat:Dataset`, `dct:accessRights`, `odrl:permission`). No context is ever fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

MAX_TERMS = 2_000
"""Terms of one context that are read. Project choice; schema.org's own context, the longest in use, has more and is
never needed."""

_NAMESPACES: Mapping[str, str] = {
    "https://schema.org/": "",
    "http://schema.org/": "",
    "https://www.schema.org/": "",
    "http://www.schema.org/": "",
    "http://www.w3.org/ns/dcat#": "dcat:",
    "https://www.w3.org/ns/dcat#": "dcat:",
    "http://purl.org/dc/terms/": "dct:",
    "https://purl.org/dc/terms/": "dct:",
    "http://www.w3.org/ns/odrl/2/": "odrl:",
    "https://www.w3.org/ns/odrl/2/": "odrl:",
    "http://www.w3.org/ns/tdmrep#": "tdm:",
    "http://www.w3.org/ns/tdmrep/": "tdm:",
    "https://www.w3.org/ns/tdmrep#": "tdm:",
    "http://mlcommons.org/croissant/": "cr:",
    "https://mlcommons.org/croissant/": "cr:",
    "http://www.w3.org/2006/vcard/ns#": "vcard:",
    "http://xmlns.com/foaf/0.1/": "foaf:",
}
_PREFIXES: Mapping[str, str] = {
    "schema": "",
    "sc": "",
    "sdo": "",
    "dcat": "dcat:",
    "dct": "dct:",
    "dcterms": "dct:",
    "dcterm": "dct:",
    "odrl": "odrl:",
    "tdm": "tdm:",
    "cr": "cr:",
    "vcard": "vcard:",
    "foaf": "foaf:",
}
_BY_LENGTH = tuple(sorted(_NAMESPACES, key=len, reverse=True))

# Documents that name a vocabulary; what they define as bare terms belongs to it.
_CONTEXTS: tuple[tuple[str, str], ...] = (("/ns/odrl.jsonld", "odrl:"), ("/ns/odrl/2", "odrl:"))
_ODRL_TERMS: Mapping[str, str] = {"uid": "@id", "type": "@type"}
_KEYWORDS = frozenset(("@type", "@id", "@value", "@list", "@set", "@graph"))


class Context:
    """What the prefixes and terms of one document stand for. Immutable; `with_local` makes the one of an inner node."""

    __slots__ = ("_bare", "_terms")

    def __init__(self, terms: Mapping[str, str] | None = None, bare: str = "") -> None:
        self._terms: Mapping[str, str] = terms or {}
        self._bare = bare

    def name(self, written: str) -> str:
        """The one spelling of a property or a type."""
        term = self._terms.get(written)
        if term is not None and term != written:
            return term if term in _KEYWORDS else self._expanded(term)
        return self._expanded(written)

    def _expanded(self, written: str) -> str:
        if written.startswith("@"):
            return written
        prefix, colon, local = written.partition(":")
        if not colon:
            return self._bare + written
        if local.startswith("//"):
            return canonical(written)
        declared = self._terms.get(prefix)
        return canonical(declared + local) if declared is not None else canonical(written)

    def with_local(self, value: object) -> Context:
        """This context after an `@context`: an object, the URL of a known one, or a list of both."""
        terms, bare = dict(self._terms), self._bare
        for entry in value[:20] if isinstance(value, list | tuple) else (value,):
            if isinstance(entry, str):
                known = next((prefix for part, prefix in _CONTEXTS if part in entry[:200]), None)
                if known is not None:
                    bare = known
                    terms |= _ODRL_TERMS
            elif isinstance(entry, dict):
                for term, meaning in entry.items():
                    if isinstance(meaning, dict):
                        meaning = meaning.get("@id")
                    if not isinstance(meaning, str) or len(terms) >= MAX_TERMS:
                        continue
                    if term == "@vocab":
                        bare = _NAMESPACES.get(meaning, bare)
                    elif not term.startswith("@"):
                        terms[term] = meaning
        return Context(terms, bare)


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The one spelling of an absolute IRI or a name with a usual prefix; anything else as it is written."""
    prefix, colon, local = name.partition(":")
    if not colon:
        return name
    if local.startswith("//"):
        for namespace in _BY_LENGTH:
            if name.startswith(namespace):
                return _NAMESPACES[namespace] + name[len(namespace) :]
        return name
    known = _PREFIXES.get(prefix.lower())
    return name if known is None else known + local


def local(name: object) -> str:
    """The last part of a name or IRI, in lower case: `compensate` of `odrl:compensate` and of its IRI."""
    if not isinstance(name, str):
        return ""
    text = name.strip()[:500].rstrip("/#")
    return text[max(text.rfind(mark) for mark in "/#:") + 1 :].lower()


SCHEMA = Context()
"""Names without a document of their own: bare ones are schema.org's."""
