"""The origins that a gate has asked, the oldest forgotten first, and what their pages said, which stays."""

from __future__ import annotations

import threading

from .known import Known, joined_offers, joined_texts
from .limits import Limits
from .memory import SiteMemory
from .model import RegisterEntry, Signal
from .signals.dataset import PaidOffer
from .signals.reading import Reading


class Origins:
    """What is known, by origin: at most `Limits.origins` of them, and `Limits.policy_bytes` of policy files. Safe to
    share between threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, Known] = {}
        self._weight = 0
        # What pages of origins said that are no longer kept: paid datasets, and words for the whole site.
        self._learned: dict[str, tuple[tuple[PaidOffer, ...], tuple[Signal, ...]]] = {}
        self._lock = threading.Lock()
        self.get = self._known.get
        """What is known of an origin, fresh or not; None if nothing is."""

    def keep(self, origin: str, known: Known, *, weight: int) -> None:
        """Keep what was found out about an origin, in place of what was known; `weight` are the bytes of its files."""
        with self._lock:
            self._forget(origin)
            offers, elsewhere = self._learned.pop(origin, ((), ()))
            known.learn(offers)
            known.read(elsewhere)
            known.weight = weight
            most, heaviest = self._limits.origins, self._limits.policy_bytes
            while self._known and (len(self._known) >= most or self._weight + weight > heaviest):
                self._forget(next(iter(self._known)))
            self._known[origin] = known
            self._weight += weight

    def learn(self, origin: str, known: Known, reading: Reading) -> None:
        """Keep what a page says beyond itself: paid datasets, and words for its site. `known` is what the page was
        judged by."""
        if not (reading.offers or reading.of_site):
            return
        for one in (known, self.get(origin)):  # a site that is not contacted is known for this answer alone
            if one is not None:
                one.learn(reading.offers)
                one.read(reading.of_site)
        if origin not in self._known:
            with self._lock:
                offers, texts = self._learned.get(origin, ((), ()))
                self._learned[origin] = joined_offers(offers, reading.offers), joined_texts(texts, reading.of_site)

    def registered(self, memory: SiteMemory, entries: tuple[RegisterEntry, ...]) -> None:
        """Tell all origins of a site what the register knows of it."""
        with self._lock:
            for known in self._known.values():
                if known.memory is memory:
                    known.registered(entries)

    def _forget(self, origin: str) -> None:
        """Keep an origin no longer; it is asked again when it comes up. What its pages said is still known."""
        known = self._known.pop(origin, None)
        if known is not None:
            self._weight -= known.weight
            if known.offers or known.elsewhere:
                self._learned[origin] = known.offers, known.elsewhere
