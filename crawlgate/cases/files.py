"""The other files and pages of a site that a case knows: policies, structured data, texts, the own register."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from .. import url as urls
from ..declaration import instant
from ..errors import UrlError
from ..flow import OPTIONAL_FILES, TDMREP_PATH
from ..model import Polarity, Product, Purpose, RegisterEntry, Scope, Signal, Strength
from ..signals import dataset, page_head, sales_page, wording
from ..signals.dataset import PaidOffer
from ..url import Url
from .case import Case
from .fields import CaseError, url

_REGISTER = "#licensor_register"
_POLICIES = {TDMREP_PATH, *(path for paths in OPTIONAL_FILES.values() for path in paths)}
_PAST = re.compile(r"\b(?:past|previous(?:ly)?|former(?:ly)?|sold|earlier)\b|実績|過去|販売済|かつて", re.IGNORECASE)
_API = re.compile(r"\bapi\b|API|ａｐｉ", re.IGNORECASE)
_LICENCE = re.compile(r"licen[cs]|\btdm\b|許諾|ライセンス|情報解析", re.IGNORECASE)
_DAY = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+))?")

_HOST_KEYS = ("host", "site", "domain", "publisher_host", "licensor_host")
_PRODUCT_KEYS = ("product", "products", "kind", "type", "name")
_SEEN_KEYS = ("first_seen", "since", "seen", "seen_at", "known_since", "date", "from", "registered_at", "added_at")
_END_KEYS = ("ended_at", "until", "to")
_URL_KEYS = ("urls", "url", "scope", "content_url", "resource")
_REST_KEYS = ("price", "currency", "price_known", "evidence", "source", "past", "past_sale", "note", "record", "status")
_KEYS = (*_HOST_KEYS, *_PRODUCT_KEYS, *_SEEN_KEYS, *_END_KEYS, *_URL_KEYS, *_REST_KEYS, "licensor", "publisher")


@dataclass(frozen=True, slots=True)
class Files:
    """`offers` of structured data and of price pages that the URL lies below; `texts` what pages say in words;
    `register` the own register's entries."""

    offers: tuple[PaidOffer, ...]
    texts: tuple[Signal, ...]
    register: tuple[RegisterEntry, ...]
    contents: Mapping[str, Any]

    @classmethod
    def read(cls, case: Case) -> Files:
        """Everything in `site_files`. Raises `CaseError`."""
        offers: list[PaidOffer] = []
        texts: list[Signal] = []
        register: list[RegisterEntry] = []
        for path, content in case.files.items():
            where = f"site_files[{path!r}]"
            if path == _REGISTER:
                register.extend(_register(content, case, where))
                continue
            page = url(case.url.origin + path if path.startswith("/") else path, where)
            if path in _POLICIES or content is None:
                continue
            if isinstance(content, str):
                if not path.endswith((".xml", "/robots.txt")):
                    said, sold = _text(content, page)
                    texts.extend(said)
                    offers.extend(offer for offer in sold if dataset.covers(offer, case.url))
            elif isinstance(content, (Mapping, list)):
                offers.extend(dataset.read(content if isinstance(content, list) else [content], page=page).offers)
            else:
                raise CaseError(f"{where} must be a text, an object or a list, not {content!r}"[:300])
        return cls(tuple(offers), tuple(texts), tuple(register), case.files)

    def policy(self, wanted: Url) -> bytes | None:
        """A policy file's bytes by its path or URL, None where the case knows none."""
        content = self.contents.get(wanted.href, self.contents.get(wanted.target))
        if content is None:
            return None
        return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else orjson.dumps(content)


def _text(content: str, page: Url) -> tuple[list[Signal], list[PaidOffer]]:
    """What a page says in words, and its offer where it sells data."""
    offers: list[PaidOffer] = []
    text = content
    if content.lstrip()[:1] == "<":
        head = page_head.scan(content.encode("utf-8", "surrogatepass"))
        text = head.text
        offers.extend(dataset.read(head.jsonld, page=page).offers)
    said = [_placed(signal, page) for signal in wording.read(text)]
    sold = any(signal.kind == "wording.paid_database" for signal in said)
    price = sales_page.amount(text)
    if price is not None and not sold and sales_page.is_data_page(page.target):
        said.append(_priced(text, page))
        sold = True
    if sold and sales_page.is_product_place(page.target):
        amount, currency = price or ("", "")
        offers.append(PaidOffer(page=page.href, price=amount, currency=currency, raw=text[:200]))
    return said, offers


def _placed(signal: Signal, page: Url) -> Signal:
    return replace(signal, detail={**signal.detail, "page": page.href})


def _priced(text: str, page: Url) -> Signal:
    return Signal(
        kind="wording.paid_database",
        purpose=Purpose.TDM,
        polarity=Polarity.PRICED,
        strength=Strength.NOTICE,
        scope=Scope.ORIGIN,
        raw=" ".join(text.split())[:400],
        detail={"pattern": "price.on_a_data_page", "page": page.href},
    )


def _register(content: Any, case: Case, where: str) -> list[RegisterEntry]:
    if isinstance(content, list):
        return [entry for n, item in enumerate(content) for entry in _register(item, case, f"{where}[{n}]")]
    if isinstance(content, str):
        return [_entry({"product": content, "evidence": content}, case, where)]
    if not isinstance(content, Mapping):
        raise CaseError(f"{where} must be a text, an object or a list, not {content!r}"[:300])
    if content and not any(key in _KEYS for key in content):  # host -> product
        found = []
        for host, item in content.items():
            table = item if isinstance(item, Mapping) else {"product": str(item), "evidence": str(item)}
            found.append(_entry({"host": host, **table}, case, f"{where}.{host}"))
        return found
    return [_entry(content, case, where)]


def _entry(table: Mapping[str, Any], case: Case, where: str) -> RegisterEntry:
    product = _first(table, _PRODUCT_KEYS)
    words = " ".join(str(table[key]) for key in (*_PRODUCT_KEYS, "note", "record", "status") if table.get(key))
    named = product if isinstance(product, str) else " ".join(map(str, product)) if isinstance(product, list) else ""
    past = table.get("past", table.get("past_sale"))
    seen, ended = _first(table, _SEEN_KEYS), _first(table, _END_KEYS)
    if seen is None and (day := _DAY.search(words)) is not None:
        seen = day[0]
    places = _first(table, _URL_KEYS) or ()
    return RegisterEntry(
        host=_host(_first(table, _HOST_KEYS), case, where),
        product=_product(named),
        name=named[:120],
        price="" if table.get("price") is None or table.get("price_known") is False else str(table["price"]),
        currency=str(table.get("currency") or ""),
        evidence=str(table.get("evidence") or ""),
        first_seen=_when(seen, f"{where}.first_seen"),
        ended_at=_when(ended, f"{where}.ended_at"),
        past=past if isinstance(past, bool) else _PAST.search(words) is not None,
        urls=tuple(str(place).rstrip("*") for place in ([places] if isinstance(places, str) else places)),
        source=str(table.get("source") or "the register of the case"),
    )


def _when(value: Any, where: str) -> datetime | None:
    if isinstance(value, str) and len(value) in (4, 7):  # a year or a month: its beginning
        value = f"{value}-01-01"[:10]
    return instant(value, where)


def _first(table: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((table[name] for name in names if table.get(name) is not None), None)


def _product(words: str) -> Product:
    if _API.search(words):
        return Product.API
    return Product.TDM_LICENCE if _LICENCE.search(words) else Product.DOWNLOAD


def _host(value: Any, case: Case, where: str) -> str:
    if value is None:
        return case.url.host
    try:
        return urls.parse(str(value) if "://" in str(value) else f"https://{value}").host
    except UrlError as error:
        raise CaseError(f"{where}.host: {error}") from None
