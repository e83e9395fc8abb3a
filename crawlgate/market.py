"""The licensor register of a home, filled by people and from what pages say as a crawl goes on (ST08, ST19, ST22)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from .domains import Suffixes
from .ledger.register import KIND, register_table
from .ledger.writer import LedgerWriter
from .model import Polarity, Product, Purpose, RegisterEntry, Signal, Strength
from .register import Register
from .signals.response import Reading
from .signals.sales_page import is_data_page
from .state import State
from .url import Url

# Files of one offer that an entry names.
_URLS_KEPT = 16


class Market:
    """The register as a gate uses it: entries of the home at hand, new ones written as records."""

    def __init__(self, state: State, ledger: LedgerWriter, suffixes: Suffixes, now: Callable[[], datetime]) -> None:
        self._state = state
        self._ledger = ledger
        self._now = now
        self._lock = threading.Lock()
        self._register = Register((entry for entry, _ in state.entries()), suffixes)

    def of(self, host: str) -> tuple[RegisterEntry, ...]:
        """What is known of the site of `host`."""
        return self._register.of(host)

    def learn(self, url: Url, reading: Reading) -> tuple[RegisterEntry, ...]:
        """Take in what a page says of data for sale; the site's entries, if there is anything new about them."""
        found = False
        for entry in entries_from(url, reading, self._now()):
            with self._lock:
                new = self._register.add(entry)
            if new:
                segment, seq = self._ledger.append(KIND, register_table(self._now(), entry))
                self._state.add_entry(entry, f"{segment}:{seq}")
                found = True
        return self.of(url.host) if found else ()


def entries_from(url: Url, reading: Reading, now: datetime) -> Iterator[RegisterEntry]:
    """The entries that a response gives reason for: paid datasets in its markup, a server that asks crawlers to pay,
    licences at a price, and words about paid data on a page that is about data."""
    for offer in reading.offers:
        yield RegisterEntry(
            host=url.host,
            product=Product.DOWNLOAD,
            name=offer.name,
            price=offer.price,
            currency=offer.currency,
            evidence=url.href,
            first_seen=now,
            urls=offer.content_urls[:_URLS_KEPT],
            free_urls=offer.free_urls[:_URLS_KEPT],
        )
    for signal in reading.signals:
        product = _product(signal, url)
        if product is not None:
            yield RegisterEntry(
                host=url.host,
                product=product,
                price=signal.detail.get("amount", "").replace("unknown", ""),
                currency=signal.detail.get("currency", ""),
                evidence=url.href,
                first_seen=now,
            )


def _product(signal: Signal, url: Url) -> Product | None:
    if signal.polarity is Polarity.PRICED and signal.ambiguity is None:
        if signal.kind.startswith("rsl."):
            return Product.TDM_LICENCE
        if signal.strength is Strength.MEASURE and signal.purpose in (Purpose.CRAWL, Purpose.ACCESS):
            return Product.TDM_LICENCE
    if signal.kind == "wording.paid_database" and is_data_page(url.target):
        return Product.API if "api" in signal.raw.casefold() else Product.DOWNLOAD
    return None
