"""Paid data sets: schema.org and DCAT data sets, catalogues and files with an offer or a policy that asks for money.

The facts of a paid database (ST19): what is sold, for how much, where its bytes are. A Product alone is a shop, not a
database, unless it says that it is a data set. Prices of zero in every usual spelling are no price.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from .. import url as urls
from ..errors import UrlError
from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from . import dataset_access, odrl, prices
from .jsonld import Graph, Node, excerpt, flag, prop, scalar, texts, types

KINDS = (
    *("Dataset", "DataCatalog", "DataDownload", "DataFeed"),
    *("dcat:Dataset", "dcat:Catalog", "dcat:Distribution", "dcat:DatasetSeries", "dcat:DataService"),
)
"""The types that are read as data for analysis (schema.org, DCAT 3). Croissant uses schema.org's."""

_DATA_WORDS = re.compile(
    r"\bdata ?sets?\b|\bdata feeds?\b|\btraining data\b|データセット|学習用?データ|解析用データ|コーパス", re.IGNORECASE
)

MAX_OFFERS = 200
"""Offers of one page that are kept."""

MAX_CONTENT_URLS = 200
"""Content URLs of one offer that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOffer:
    """One data set that is offered for a fee.

    `page` is the page that says so, `landing` another page of the same site that the data set names as its
    own; `listed` says that the page lists several data sets, so that its path tells nothing about this one.
    `price` is a plain number, a wording such as "on request", or empty where only "not free" is said.
    `content_urls` are the files sold, `free_urls` files of the same data set that are given away.
    """

    page: str
    name: str = ""
    kind: str = "Dataset"
    price: str = ""
    currency: str = ""
    content_urls: tuple[str, ...] = ()
    free_urls: tuple[str, ...] = ()
    landing: str = ""
    listed: bool = False
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """What a page says about data sets. `open_licences` are URLs of open licences on them; `free` says that one of
    them is given away."""

    offers: tuple[PaidOffer, ...] = ()
    signals: tuple[Signal, ...] = ()
    open_licences: tuple[str, ...] = ()
    lint: tuple[Lint, ...] = ()
    free: bool = False

    @property
    def standing(self) -> Polarity:
        """The strictest of what is said of them: priced, reserved, conditional; permitted where one is free."""
        if self.offers:
            return Polarity.PRICED
        found = [signal.polarity for signal in self.signals if signal.kind.startswith("dataset.")]
        for polarity in (Polarity.PRICED, Polarity.RESERVED, Polarity.CONDITIONAL):
            if polarity in found:
                return polarity
        return Polarity.PERMITTED if self.free or Polarity.PERMITTED in found else Polarity.UNSPECIFIED


def read(page_data: Graph | Iterable[bytes | object], *, page: Url, evidence: str = "") -> DatasetFacts:
    """Read the nodes of `page`, or its JSON-LD blocks as bytes or decoded. Never raises; time is linear in them."""
    graph = page_data if isinstance(page_data, Graph) else Graph(page_data)
    graph.refill()
    if not any(_kind(node) is not None or odrl.is_policy(node) for node in graph.nodes):
        return DatasetFacts(lint=tuple(graph.lint))
    policies = dataset_access.Policies(graph, (node for node in graph.nodes if _kind(node) is not None))
    reader = _Reader(graph, page, policies)
    offers: list[PaidOffer] = []
    signals: list[Signal] = []
    licences: dict[str, None] = {}
    sold: set[str] = set()
    free = False
    for node in graph.nodes:
        kind = _kind(node)
        if kind is None:
            continue
        licences.update(dict.fromkeys(dataset_access.open_licences(graph, node, page)))
        said = dataset_access.read(graph, node, policies.of(node), evidence=evidence)
        signals += said[: max(0, MAX_OFFERS - len(signals))]
        terms = reader.terms(node)
        free = free or terms.free
        if terms.paid and len(offers) < MAX_OFFERS:
            offer = reader.offer(node, kind, terms)
            # A file without a price of its own adds nothing to the offer that names it.
            if offer.price or not offer.content_urls or not sold.issuperset(offer.content_urls):
                sold.update(offer.content_urls)
                offers.append(offer)
                signals.append(_signal(offer, terms, evidence))
    return DatasetFacts(
        offers=tuple(offers),
        signals=(*signals, *odrl.read(graph, policies.others, evidence=evidence)),
        open_licences=tuple(licences),
        lint=(*graph.lint, *reader.lint),
        free=free,
    )


def covers(offer: PaidOffer, target: Url) -> bool:
    """True if `target` is the paid resource itself, by what the offer names. Scheme and spelling do not count.

    An offer that names its files covers these files and what lies below one of them (`/full.parquet`,
    `/bulk/` and `/bulk/2026.csv`), not their neighbours: a directory may hold free samples and other data
    sets. A content URL with a query covers that query only.

    An offer that names no file covers everything below its landing page's path: `/ds/traffic` covers
    `/ds/traffic/full.parquet`, not itself, `/ds/trafficking` or `/blog`. A landing page that is the
    root of a site, or is told apart by its query, covers nothing. Files given away are never covered.
    """
    wanted = _place(target)
    if any(_named(url, wanted, below=False) for url in offer.free_urls):
        return False
    if offer.content_urls:
        return any(_named(url, wanted, below=True) for url in offer.content_urls)
    if offer.listed and not offer.landing:
        return False
    landing = _place_of(offer.landing or offer.page)
    if landing is None or landing.query or landing.server != wanted.server:
        return False
    path = re.sub(r"/index\.[a-z]{2,5}\Z", "/", landing.path).rstrip("/")
    return bool(path) and wanted.path.startswith(path + "/") and wanted.path != path + "/"


class _Place(NamedTuple):
    server: str
    path: str
    query: str


def _place(url: Url) -> _Place:
    path, _, query = url.target.partition("?")
    default = 443 if url.scheme == "https" else 80
    return _Place(url.host if url.port == default else f"{url.host}:{url.port}", unquote(path), query)


def _place_of(href: str) -> _Place | None:
    try:
        return _place(urls.parse(href))
    except UrlError:
        return None


def _named(href: str, wanted: _Place, *, below: bool) -> bool:
    named = _place_of(href)
    if named is None or named.server != wanted.server:
        return False
    if named.path == wanted.path:
        return named.query in ("", wanted.query)
    directory = named.path.rstrip("/")
    return below and bool(directory) and not named.query and wanted.path.startswith(directory + "/")


class _Price(NamedTuple):
    """`paid` is None where the text is neither a price nor a word for one."""

    text: str
    paid: bool | None
    currency: str


class _Terms(NamedTuple):
    """What a node asks for itself. `paid` and `free` may both be false: nothing is said."""

    paid: bool
    free: bool
    price: str = ""
    currency: str = ""
    some_free: bool = False


class _Reader:
    """Terms and offers of the nodes of one page."""

    def __init__(self, graph: Graph, page: Url, policies: dataset_access.Policies) -> None:
        self._policies = policies
        self.lint: list[Lint] = []
        self._graph = graph
        self._page = page
        self._terms: dict[int, _Terms] = {}
        # An Offer may point at the data set instead of standing in it.
        self._offers_of: dict[int, list[Node]] = {}
        for node in graph.nodes:
            for item in graph.related(node, "itemOffered"):
                self._offers_of.setdefault(id(item), []).append(node)
        # Bare references to a data set are not one more of them.
        self._count = Counter(_kind(node) for node in graph.nodes if any(not str(key).startswith("@") for key in node))

    def terms(self, node: Node) -> _Terms:
        """Computed once per node; nodes live as long as the graph does, so their ids are stable."""
        known = self._terms.get(id(node))
        if known is None:
            known = self._terms[id(node)] = self._read_terms(node)
        return known

    def _read_terms(self, node: Node) -> _Terms:
        named = [_price(node, "")] if prop(node, "price") is not None else []
        for offer in [*self._graph.related(node, "offers"), *self._offers_of.get(id(node), ())]:
            named.extend(self._offer_prices(offer, "", 0))
        named.extend(self._policy_prices(node))
        free = flag(prop(node, "isAccessibleForFree"))
        paid = [price for price in named if price.paid]
        zero = any(price.paid is False for price in named)
        if any(price.paid is None for price in named):
            self._add_lint("unreadable_price", "a price cannot be read", node)
        if free:
            if paid:
                self._add_lint("price_but_free", "isAccessibleForFree is true and a price is named", node)
            return _Terms(paid=False, free=True)
        if paid:
            return _Terms(True, False, paid[0].text, paid[0].currency, some_free=zero)
        if free is False and not zero:
            return _Terms(True, False)
        return _Terms(paid=False, free=zero)

    def _offer_prices(self, offer: Node, currency: str, depth: int) -> Iterator[_Price]:
        """Prices of an Offer, AggregateOffer or PriceSpecification, and of those in it."""
        currency = _currency(offer) or currency
        for name in ("price", "lowPrice", "minPrice", "highPrice", "maxPrice"):
            if prop(offer, name) is not None:
                yield _price(offer, currency, name)
        if depth < 4:
            for nested in self._graph.related(offer, "priceSpecification", "offers"):
                yield from self._offer_prices(nested, currency, depth + 1)

    def _policy_prices(self, node: Node) -> Iterator[_Price]:
        """What an ODRL policy of the data set asks for."""
        for terms in self._policies.of(node):
            if terms.polarity is Polarity.PRICED:
                yield _Price(terms.price, True, terms.currency)

    def offer(self, node: Node, kind: str, terms: _Terms) -> PaidOffer:
        """The offer of a node whose terms are paid."""
        sold: dict[str, None] = {}
        given: dict[str, None] = {}
        self._files(node, sold, given, 0)
        name = next(iter(texts(prop(node, "name", "dct:title"))), "")
        return PaidOffer(
            page=self._page.href,
            name=name[: DEFAULT_LIMITS.raw_text],
            kind=kind,
            price=terms.price,
            currency=terms.currency,
            content_urls=tuple(sold),
            free_urls=tuple(given),
            landing=self._landing(node),
            listed=self._count[kind] > 1,
            raw=excerpt(node),
        )

    def _files(self, node: Node, sold: dict[str, None], given: dict[str, None], depth: int) -> None:
        """Content URLs of a node and of its parts; a part with a price of its own is an offer of its own."""
        for name in ("contentUrl", "dcat:downloadURL", "dcat:accessURL"):
            for text in texts(prop(node, name)):
                href = self._absolute(text)
                if href is not None and len(sold) < MAX_CONTENT_URLS:
                    sold[href] = None
        if depth >= 4:
            return
        for part in self._graph.related(
            node, "distribution", "dataset", "hasPart", "dcat:distribution", "dcat:dataset"
        ):
            terms = self.terms(part)
            if terms.free:
                self._files(part, given, given, depth + 1)
            elif not terms.price:
                self._files(part, sold, given, depth + 1)

    def _landing(self, node: Node) -> str:
        """The page that a data set names as its own. The root of a site is nobody's, another site's page is
        a home page of the maker more often than a place of the data."""
        for text in texts(prop(node, "url", "dcat:landingPage", "foaf:page")):
            href = self._absolute(text)
            place = _place_of(href) if href is not None else None
            if href is not None and place is not None and place.server == _place(self._page).server:
                return href if place.path != "/" else ""
        return ""

    def _absolute(self, text: str) -> str | None:
        try:
            return urls.join(self._page, text).href
        except UrlError:
            return None

    def _add_lint(self, code: str, message: str, node: Node) -> None:
        if len(self.lint) < MAX_OFFERS:
            self.lint.append(Lint(code=code, message=message, raw=excerpt(node)))


def _kind(node: Node) -> str | None:
    names = types(node)
    found = next((name for name in names if name in KINDS), None)
    if found is None and "Product" in names:
        described = " ".join(
            (*texts(prop(node, "category")), *texts(prop(node, "additionalType")), *texts(prop(node, "name")))
        )
        if _DATA_WORDS.search(described[:1_000]):
            return "Product"
    return found


def _currency(node: Node) -> str:
    value = scalar(prop(node, "priceCurrency"))
    return value.strip()[:16].upper() if isinstance(value, str) else ""


def _price(node: Node, currency: str, name: str = "price") -> _Price:
    raw = scalar(prop(node, name))
    text, paid = prices.amount(raw)
    return _Price(text, paid, _currency(node) or currency or prices.currency(raw))


def _signal(offer: PaidOffer, terms: _Terms, evidence: str) -> Signal:
    detail = {
        "price": offer.price or "unknown",
        "currency": offer.currency,
        "kind": offer.kind,
        "name": offer.name,
        "page": offer.page,
        "content_urls": " ".join(offer.content_urls[:10]),
    }
    return Signal(
        kind="dataset.offer",
        purpose=Purpose.TDM,
        polarity=Polarity.PRICED,
        strength=Strength.OFFER,
        scope=Scope.RESPONSE,
        raw=offer.raw,
        evidence=evidence,
        detail={key: value for key, value in detail.items() if value},
        ambiguity="one of several offers is free" if terms.some_free else None,
    )
