"""Pages that are about data for machines, by their path, and prices on them: there a price is a price of data.

Words about paid data stand on news pages too; a page called `/api`, `/bulk` or `/data/licensing` speaks of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DATA_PAGE = re.compile(
    r"(?:\A|[/_.-])(?:apis?|developers?|data|datasets?|bulk|feeds?|export|downloads?|csv|tdm|licensing|data-?licen[cs]e)"
    r"(?:[/_.-]|\Z)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?P<before>USD|EUR|GBP|JPY|US\$|[$€£¥￥])\s?(?P<a>[1-9][0-9,.]*[0-9]|[1-9])"
    r"|(?P<b>[1-9][0-9,.]*)\s*(?P<after>万?円|USD|EUR|GBP|JPY|dollars|euros)",
    re.IGNORECASE,
)
# Pages on which a site speaks for itself: its terms, and others about the site as a whole.
_TERMS = re.compile(
    r"(?:\A|[/_.-])(?:terms|tos|conditions|legal|kiyaku|riyou-?kiyaku|terms-?of-?(?:use|service)|user-?agreement|rules"
    r"|copyright|chosakuken|site-?policy|ai-?policy)(?:[/_.-]|\Z)",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:\A|[/_.-])(?:about|help|faq|guide|guidelines?|press|contact|policy)(?:[/_.-]|\Z)", re.IGNORECASE
)
_TERMS_TITLE = re.compile(
    r"利用規約|利用条件|サイトポリシー|著作権について|terms (?:of (?:use|service)|(?:and|&) conditions)",
    re.IGNORECASE,
)


class Amount(NamedTuple):
    """A price as written: digits, and the currency beside them."""

    price: str
    currency: str


def is_data_page(target: str) -> bool:
    """True for the path of a page about data, an API or a bulk download."""
    return _DATA_PAGE.search(target.partition("?")[0]) is not None


def is_product_place(target: str) -> bool:
    """True if the path itself ends in such a name, so that what lies below it is the product."""
    return _DATA_PAGE.search(target.partition("?")[0].rstrip("/").rpartition("/")[2]) is not None


def amount(text: str) -> Amount | None:
    """The first amount of money above zero in a text."""
    found = _AMOUNT.search(text[:100_000])
    if found is None:
        return None
    return Amount((found["a"] or found["b"]).rstrip(".,"), found["before"] or found["after"])


def speaks_for_site(target: str, title: str = "") -> bool | None:
    """True for terms and the like, which speak for the whole site; False for pages about the site, which may; None
    for any other page."""
    path = target.partition("?")[0]
    if _TERMS.search(path) is not None or _TERMS_TITLE.search(title) is not None:
        return True
    return False if _ABOUT.search(path) is not None else None
