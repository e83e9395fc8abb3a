"""Paid data sets in JSON-LD: prices, nesting, files, and what an offer covers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.model import Polarity, Purpose, Scope, Strength
from crawlgate.signals import dataset
from crawlgate.signals.dataset import DatasetFacts, PaidOffer, covers
from crawlgate.signals.jsonld import MAX_BYTES, Graph, decode, excerpt
from tests.effort import assert_linear

PAGE = urls.parse("https://market.databank.test/ds/traffic")
FULL = "https://market.databank.test/ds/traffic/full.parquet"


def read(*blocks: Any, page: str = PAGE.href) -> DatasetFacts:
    return dataset.read(blocks, page=urls.parse(page), evidence="e1")


def priced(price: object, **more: object) -> dict[str, object]:
    return {"@type": "Dataset", "offers": {"@type": "Offer", "price": price, **more}}


def test_offer_and_signal() -> None:
    facts = read(
        {
            "@context": "https://schema.org",
            "@type": "Dataset",
            "name": "Traffic",
            "distribution": {"@type": "DataDownload", "contentUrl": FULL},
            "offers": {"@type": "Offer", "price": "50000", "priceCurrency": "JPY"},
        }
    )
    (offer,) = facts.offers
    assert (offer.page, offer.name, offer.kind) == (PAGE.href, "Traffic", "Dataset")
    assert (offer.price, offer.currency, offer.content_urls) == ("50000", "JPY", (FULL,))
    assert offer.raw.startswith("{")
    (signal,) = facts.signals
    assert signal.kind == "dataset.offer"
    assert (signal.purpose, signal.polarity) == (Purpose.TDM, Polarity.PRICED)
    assert (signal.strength, signal.scope) == (Strength.OFFER, Scope.RESPONSE)
    assert signal.detail["price"] == "50000"
    assert signal.detail["content_urls"] == FULL
    assert signal.evidence == "e1"
    assert facts.lint == ()


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (500, "500"),
        (0.5, "0.5"),
        (1e-7, "0.0000001"),
        ("500", "500"),
        ("1,200", "1200"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1,50", "1.50"),
        ("1.234.567", "1234567"),
        ("１２００", "1200"),
        ("¥１，２００", "1200"),
        ("年額 660,000円", "660000"),
        ("USD 99.00", "99.00"),
        ("0 - 500", "500"),
        (["500"], "500"),
        ({"@value": "500"}, "500"),
        ("お問い合わせください", "お問い合わせください"),
        ("Price on request", "price on request"),
    ],
)
def test_prices(price: object, text: str) -> None:
    (offer,) = read(priced(price)).offers
    assert offer.price == text


@pytest.mark.parametrize(
    "price", ["0", "0.00", "0,00", "０", 0, 0.0, "無料", "無償", "free", " FREE ", "0円", "¥0", "USD 0.00"]
)
def test_free_in_every_spelling(price: object) -> None:
    facts = read(priced(price))
    assert (facts.offers, facts.signals, facts.lint) == ((), (), ())


@pytest.mark.parametrize(
    "price", [True, "N/A", "-", "なし", "-5", -5, float("nan"), float("inf"), 10**16, "x" * 10_000, {"a": 1}]
)
def test_unreadable_prices_are_lint(price: object) -> None:
    facts = read(priced(price))
    assert facts.offers == ()
    assert [lint.code for lint in facts.lint] == ["unreadable_price"]


def test_a_number_too_long_to_print() -> None:
    assert [lint.code for lint in read(priced(10**5000)).lint] == ["unreadable_price"]


@pytest.mark.parametrize("price", [None, [], ""])
def test_offers_without_a_price_say_nothing(price: object) -> None:
    assert read(priced(price)).offers == ()


@pytest.mark.parametrize("word", [False, "False", "false", "http://schema.org/False", 0, ["false"], {"@value": False}])
def test_not_free_without_a_price(word: object) -> None:
    facts = read({"@type": "Dataset", "isAccessibleForFree": word})
    assert [offer.price for offer in facts.offers] == [""]
    assert facts.signals[0].detail["price"] == "unknown"


@pytest.mark.parametrize("word", [True, "True", "true", "https://schema.org/True", 1])
def test_free_wins_over_a_price_with_lint(word: object) -> None:
    facts = read(priced(500) | {"isAccessibleForFree": word})
    assert facts.offers == ()
    assert [lint.code for lint in facts.lint] == ["price_but_free"]


@pytest.mark.parametrize("word", ["maybe", "", None, 2, [], {}])
def test_other_words_are_no_boolean(word: object) -> None:
    assert read({"@type": "Dataset", "isAccessibleForFree": word}).offers == ()


@pytest.mark.parametrize(
    "block",
    [
        {"@graph": [{"@type": "WebPage"}, priced(5)]},
        [[priced(5)]],
        {"@type": "WebPage", "mainEntity": priced(5)},
        {"@type": ["Product", "Dataset"], "offers": [{"price": "5"}]},
        {"@type": "schema:Dataset", "schema:offers": {"schema:price": "5"}},
        {"@type": "https://schema.org/Dataset", "https://schema.org/offers": {"http://schema.org/price": 5}},
        {"@type": "sc:DataCatalog", "offers": {"price": 5}},
        {"@type": "DataDownload", "offers": {"price": 5}},
        {"@type": "Dataset", "price": 5},
        {"@type": "Dataset", "offers": {"@type": "AggregateOffer", "lowPrice": "5", "highPrice": "9"}},
        {"@type": "Dataset", "offers": {"@type": "AggregateOffer", "offers": [{"price": 5}]}},
        {"@type": "Dataset", "offers": {"priceSpecification": {"price": 5}}},
        {"@type": "Dataset", "offers": {"priceSpecification": [{"minPrice": 5}]}},
        {"@type": "Offer", "price": 5, "itemOffered": {"@type": "Dataset"}},
        {"@graph": [{"@type": "Dataset", "offers": {"@id": "#o"}}, {"@id": "#o", "@type": "Offer", "price": 5}]},
        {"@graph": [{"@id": "#d", "@type": "Dataset", "name": "d"}, {"price": 5, "itemOffered": {"@id": "#d"}}]},
    ],
)
def test_where_offers_stand(block: object) -> None:
    (offer,) = read(block).offers
    assert offer.price == "5"


@pytest.mark.parametrize(
    "block",
    [
        {"@type": "Product", "offers": {"price": 5}},
        {"@type": "Book", "offers": {"price": 5}, "isAccessibleForFree": False},
        {"@type": "Dataset"},
        {"@type": "dataset", "offers": {"price": 5}},
        {"@type": "MyDataset", "offers": {"price": 5}},
        {"offers": {"price": 5}},
        {"@type": None},
        {"@type": [1, None, {}]},
        None,
        5,
        "Dataset",
        [],
    ],
)
def test_no_data_set_for_sale(block: object) -> None:
    assert read(block).offers == ()


def test_currency() -> None:
    assert read(priced(5, priceCurrency="jpy")).offers[0].currency == "JPY"
    assert read(priced("500円")).offers[0].currency == "JPY"
    nested = {"@type": "Dataset", "offers": {"priceCurrency": "EUR", "priceSpecification": {"price": 5}}}
    assert read(nested).offers[0].currency == "EUR"
    assert read(priced(5)).offers[0].currency == ""


def test_a_free_tier_beside_a_paid_one() -> None:
    facts = read({"@type": "Dataset", "offers": [{"price": 0}, {"price": 500}]})
    assert facts.offers[0].price == "500"
    assert facts.signals[0].ambiguity is not None


def test_free_sample_and_own_price_of_a_part() -> None:
    facts = read(
        {
            "@type": "Dataset",
            "offers": {"price": 500},
            "distribution": [
                {"@type": "DataDownload", "contentUrl": "full.csv"},
                {"@type": "DataDownload", "contentUrl": "/ds/sample.csv", "isAccessibleForFree": True},
                {"@type": "DataDownload", "contentUrl": "/ds/extra.csv", "offers": {"price": 9}},
                {"@type": "DataDownload", "contentUrl": "/ds/gated.csv", "isAccessibleForFree": False},
            ],
        }
    )
    whole, extra = facts.offers
    site = "https://market.databank.test/ds/"
    assert whole.content_urls == (site + "full.csv", site + "gated.csv")
    assert whole.free_urls == (site + "sample.csv",)
    assert (extra.price, extra.content_urls) == ("9", (site + "extra.csv",))
    assert not covers(whole, urls.parse(site + "sample.csv"))


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        (b'{"@type":"Dataset","offers":{"price":5}}', []),
        (b'\xef\xbb\xbf{"@type":"Dataset","offers":{"price":5}}', ["jsonld_repaired"]),
        (b'<!-- {"@type":"Dataset","offers":{"price":5}} -->', ["jsonld_repaired"]),
        (b'<!--\n{"@type":"Dataset","offers":{"price":5}}\n//-->', ["jsonld_repaired"]),
        (b'//<![CDATA[\n{"@type":"Dataset","offers":{"price":5}}\n//]]>', ["jsonld_repaired"]),
        (b'/*<![CDATA[*/{"@type":"Dataset","offers":{"price":5}}/*]]>*/', ["jsonld_repaired"]),
        (b'<!-- a -->{"@type":"Dataset",<!-- b -->"offers":{"price":5}}<!-- c -->', ["jsonld_repaired"]),
        (b'{"@type":"Dataset","offers":[{"price":5,},],}', ["jsonld_repaired"]),
        (b'{"@type":"Dataset","name":"a\n,}b","offers":{"price":5}}', ["jsonld_repaired"]),
        (b'{"@type":"Dataset","name":"\xff","offers":{"price":5}}', ["jsonld_repaired"]),
    ],
)
def test_repairs(block: bytes, codes: list[str]) -> None:
    facts = read(block)
    assert [offer.price for offer in facts.offers] == ["5"]
    assert [lint.code for lint in facts.lint] == codes


@pytest.mark.parametrize("block", [b"{", b"not json", b'{"a": }', b"<!-- -->", b"[" * 5000, b"{'a': 1}", b"\x00"])
def test_unreadable_blocks_are_lint(block: bytes) -> None:
    facts = read(block, priced(5))
    assert len(facts.offers) == 1
    assert [lint.code for lint in facts.lint] == ["jsonld_unreadable"]


def test_empty_and_oversized_blocks() -> None:
    assert read(b"", b"  \n").lint == ()
    assert [lint.code for lint in read(b" " * MAX_BYTES + b"{}").lint] == ["jsonld_too_long"]


def test_text_blocks_keep_strings_as_they_are() -> None:
    value, lint = decode('{"a": "x <!-- y --> ,} z",}')
    assert value == {"a": "x <!-- y --> ,} z"}
    assert len(lint) == 1


def test_bounds_of_the_walk() -> None:
    deep: object = priced(5)
    for _ in range(200):
        deep = {"a": deep}
    facts = read(deep)
    assert facts.offers == ()
    assert [lint.code for lint in facts.lint] == ["jsonld_cut"]
    cyclic: dict[str, object] = {"@type": "Dataset", "isAccessibleForFree": False}
    cyclic["hasPart"] = [cyclic, cyclic]
    assert read(cyclic).offers
    assert Graph([[{}] * 30_000]).cut
    assert excerpt({"a": {1, 2}, ("b",): 3}) is not None  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("licence", "found"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", True),
        ("http://www.creativecommons.org/publicdomain/zero/1.0/", True),
        ("//creativecommons.org/licenses/by-sa/4.0/", True),
        ("https://opendatacommons.org/licenses/odbl/1-0/", True),
        ("https://www.usa.gov/government-works", True),
        ("https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", True),
        ({"@type": "CreativeWork", "url": "https://creativecommons.org/licenses/by/4.0/"}, True),
        ({"@id": "https://creativecommons.org/licenses/by/4.0/"}, True),
        (["x", "https://creativecommons.org/licenses/by/4.0/"], True),
        ("https://creativecommons.org/", False),
        ("https://creativecommons.org.evil.test/licenses/by/4.0/", False),
        ("https://evil.test/creativecommons.org/licenses/by/4.0/", False),
        ("https://evilcreativecommons.org/licenses/by/4.0/", False),
        ("CC BY 4.0", False),
        ("https://databank.test/terms", False),
        (None, False),
    ],
)
def test_open_licences(licence: object, found: bool) -> None:
    facts = read({"@type": "Dataset", "license": licence})
    assert bool(facts.open_licences) is found
    assert read({"@type": "ImageObject", "license": licence}).open_licences == ()


NAMED = PaidOffer(page=PAGE.href, content_urls=(FULL,))
BULK = PaidOffer(page=PAGE.href, content_urls=("https://market.databank.test/bulk/",))
QUERY = PaidOffer(page=PAGE.href, content_urls=("https://market.databank.test/get?id=5",))
UNNAMED = PaidOffer(page=PAGE.href)
HOST = "https://market.databank.test"


@pytest.mark.parametrize(
    ("offer", "target", "expected"),
    [
        (NAMED, FULL, True),
        (NAMED, FULL + "?dl=1", True),
        (NAMED, "http://market.databank.test/ds/traffic/full.parquet", True),
        (NAMED, HOST + "/ds/traffic/full.parque%74", True),
        (NAMED, FULL + "/part-1", True),
        (NAMED, HOST + "/ds/traffic/preview.csv", False),
        (NAMED, FULL + ".md5", False),
        (NAMED, HOST + "/ds/traffic", False),
        (NAMED, "https://other.test/ds/traffic/full.parquet", False),
        (NAMED, "https://market.databank.test:8443/ds/traffic/full.parquet", False),
        (BULK, HOST + "/bulk/", True),
        (BULK, HOST + "/bulk/2026/1.csv", True),
        (BULK, HOST + "/bulk", False),
        (BULK, HOST + "/bulky/1.csv", False),
        (QUERY, HOST + "/get?id=5", True),
        (QUERY, HOST + "/get?id=6", False),
        (QUERY, HOST + "/get", False),
        (QUERY, HOST + "/get/more", False),
        (PaidOffer(page=PAGE.href, content_urls=(HOST + "/",)), HOST + "/blog", False),
        (UNNAMED, FULL, True),
        (UNNAMED, HOST + "/ds/traffic", False),
        (UNNAMED, HOST + "/ds/traffic/", False),
        (UNNAMED, HOST + "/ds/trafficking", False),
        (UNNAMED, HOST + "/ds/Traffic/full.parquet", False),
        (UNNAMED, HOST + "/blog", False),
        (UNNAMED, "https://blog.databank.test/ds/traffic/full.parquet", False),
        (PaidOffer(page=PAGE.href + "/"), FULL, True),
        (PaidOffer(page=PAGE.href + "/"), HOST + "/ds/traffic", False),
        (PaidOffer(page=PAGE.href + "/index.html"), FULL, True),
        (PaidOffer(page=HOST + "/"), HOST + "/blog", False),
        (PaidOffer(page=HOST + "/index.html"), HOST + "/blog", False),
        (PaidOffer(page=HOST + "/item?id=5"), HOST + "/item/x", False),
        (PaidOffer(page=PAGE.href, listed=True), FULL, False),
        (PaidOffer(page=HOST + "/all", listed=True, landing=PAGE.href), FULL, True),
        (PaidOffer(page="not a url"), FULL, False),
        (PaidOffer(page=PAGE.href, content_urls=("broken",)), FULL, False),
        (PaidOffer(page=PAGE.href, free_urls=(FULL,)), FULL, False),
        (PaidOffer(page=PAGE.href, free_urls=(FULL,)), FULL + "/x", True),
    ],
)
def test_covers(offer: PaidOffer, target: str, expected: bool) -> None:
    assert covers(offer, urls.parse(target)) is expected


def test_a_page_that_lists_several_data_sets() -> None:
    facts = read(
        [
            priced(5) | {"name": "a"},
            priced(6) | {"name": "b", "url": "/ds/b"},
            {"@type": "Dataset", "name": "free"},
        ],
        page=HOST + "/ds",
    )
    a, b = facts.offers
    assert not covers(a, urls.parse(HOST + "/ds/free/1.csv"))
    assert covers(b, urls.parse(HOST + "/ds/b/1.csv"))


@pytest.mark.parametrize("url", ["https://maker.test/", "https://maker.test/x", "/", "http://[bad"])
def test_a_home_page_is_no_landing_page(url: str) -> None:
    (offer,) = read(priced(5) | {"url": url}).offers
    assert offer.landing == ""
    assert covers(offer, urls.parse(FULL))


KEYS = st.sampled_from(
    [
        "@type",
        "@id",
        "@graph",
        "@value",
        "offers",
        "price",
        "priceCurrency",
        "lowPrice",
        "priceSpecification",
        "isAccessibleForFree",
        "distribution",
        "contentUrl",
        "license",
        "url",
        "name",
        "hasPart",
        "itemOffered",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Dataset", "DataDownload", "Offer", "#a", "0", "5", "無料", "/x"])
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5))


@given(JSON)
def test_any_value(value: object) -> None:
    facts = dataset.read([value, {"@type": "Dataset", "offers": value}], page=PAGE)
    for offer in facts.offers:
        covers(offer, PAGE)


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:<!-/*>\\ a1\n', max_size=60).map(str.encode))
def test_any_bytes(block: bytes) -> None:
    dataset.read([block], page=PAGE)


@pytest.mark.parametrize(
    "block",
    [
        lambda n: b"," * n,
        lambda n: b"<!--" * n,
        lambda n: b'"' * n,
        lambda n: b'"\\' * n,
        lambda n: b'"\\' * n + b"x",
        lambda n: b'[1,]"\\' + b'\\"' * n + b"\\",
        lambda n: b", " * n + b"x",
        lambda n: json.dumps([priced(5)] * (n // 40)).encode(),
        lambda n: json.dumps([{"@type": "Dataset", "isAccessibleForFree": False, "name": "x"}] * (n // 40)).encode(),
        lambda n: json.dumps({"@type": "Dataset", "offers": [{"@id": "#a"}] * (n // 20)}).encode(),
    ],
)
def test_time_is_linear(block: Callable[[int], bytes]) -> None:
    assert_linear(block, read, 20_000)


# --- Catalogues, access rights, other vocabularies ---------------------------------------------------------

RIGHTS = "http://publications.europa.eu/resource/authority/access-right/"


@pytest.mark.parametrize(
    ("node", "kind", "polarity"),
    [
        ({"@type": "dcat:Dataset", "dct:accessRights": {"@id": RIGHTS + "RESTRICTED"}}, "access_rights", "conditional"),
        ({"@type": "dcat:Dataset", "dcterms:accessRights": RIGHTS + "NON_PUBLIC"}, "access_rights", "reserved"),
        ({"@type": "dcat:Dataset", "dct:accessRights": {"@id": RIGHTS + "PUBLIC"}}, "access_rights", "permitted"),
        (
            {
                "@context": {
                    "d": "http://www.w3.org/ns/dcat#",
                    "rights": {"@id": "http://purl.org/dc/terms/accessRights"},
                },
                "@type": "d:Dataset",
                "rights": RIGHTS + "RESTRICTED",
            },
            "access_rights",
            "conditional",
        ),
        ({"@type": "dcat:Dataset", "accessLevel": "non-public"}, "access_rights", "reserved"),
        ({"@type": "Dataset", "conditionsOfAccess": "Ask us."}, "conditions", "conditional"),
        ({"@type": "Dataset", "acquireLicensePage": "https://x.example/buy"}, "licence_page", "conditional"),
        (
            {"@type": "sc:Dataset", "sc:usageInfo": {"@type": "sc:DefinedTerm", "sc:termCode": "DUO_0000018"}},
            "usage",
            "conditional",
        ),
        ({"@type": "sc:Dataset", "usageInfo": "http://purl.obolibrary.org/obo/DUO_0000004"}, "usage", "permitted"),
        (
            {
                "@type": "sc:Dataset",
                "usageInfo": {"@type": ["CreativeWork", "odrl:Offer"], "odrl:prohibition": {"odrl:action": "odrl:use"}},
            },
            "policy",
            "reserved",
        ),
    ],
)
def test_access_and_use_of_a_data_set(node: dict[str, Any], kind: str, polarity: str) -> None:
    facts = read(node)
    assert [(signal.kind, str(signal.polarity)) for signal in facts.signals] == [(f"dataset.{kind}", polarity)]
    assert facts.standing == Polarity(polarity)
    assert facts.offers == ()


def test_dcat_files_of_a_priced_policy_are_sold() -> None:
    compensate = {"odrl:permission": {"odrl:action": "odrl:use", "odrl:duty": {"odrl:action": "odrl:compensate"}}}
    files = {"@type": "dcat:Distribution", "dcat:downloadURL": {"@id": FULL}}
    (offer,) = read(
        {"@type": "dcat:Dataset", "dct:title": "x", "odrl:hasPolicy": compensate, "dcat:distribution": files}
    ).offers
    assert (offer.name, offer.kind, offer.content_urls) == ("x", "dcat:Dataset", (FULL,))


@pytest.mark.parametrize(
    ("node", "sold"),
    [
        ({"@type": "Product", "name": "T-shirt", "offers": {"price": 10}}, False),
        ({"@type": "Product", "name": "POSデータセット", "offers": {"price": 10}}, True),
        ({"@type": "Product", "name": "x", "category": "Datasets", "offers": {"price": 10}}, True),
        (
            {"@type": "Product", "name": "x", "additionalType": "https://schema.org/Dataset", "offers": {"price": 0}},
            False,
        ),
        ({"@type": "DataFeed", "offers": {"price": 10}}, True),
    ],
)
def test_a_product_is_data_where_it_says_so(node: dict[str, Any], sold: bool) -> None:
    assert bool(read(node).offers) is sold


@pytest.mark.parametrize(
    ("price", "text", "currency"),
    [
        ("5万円", "50000", "JPY"),
        ("1.5億円", "150000000", "JPY"),
        ("３千円", "3000", "JPY"),
        ("EUR 9,50", "9.50", "EUR"),
        ("9 €", "9", "EUR"),
    ],
)
def test_japanese_numbers_and_currencies(price: str, text: str, currency: str) -> None:
    (offer,) = read(priced(price)).offers
    assert (offer.price, offer.currency) == (text, currency)
