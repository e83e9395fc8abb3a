"""What a gate knows of one origin: its policies as read, its notices, what its pages sell and say."""

from __future__ import annotations

from dataclasses import replace

from .assess import Circumstances
from .blocklist.match import HostNotices
from .flow import Documents
from .memory import SiteMemory
from .model import Basis, RegisterEntry, Signal
from .signals.archives import is_side_host, keeps_copies
from .signals.dataset import PaidOffer
from .site import Answer, Site

# Paid datasets remembered per origin; a catalogue of thousands is described well enough by its first.
_OFFERS_KEPT = 256
# Sentences of a site's terms that are remembered.
_TEXTS_KEPT = 16

UNSEEN = Circumstances(unseen=(("attempts", "not_assessed.attempts_unseen"),))
"""Asked by a client that is not behind an adapter: its retries, and what it changes for them, are not seen."""

TAKEN = replace(UNSEEN, fetched=True)
"""As `UNSEEN`, of content that is in hand, whatever was asked before."""

_NOTHING = Circumstances()


def joined_offers(kept: tuple[PaidOffer, ...], new: tuple[PaidOffer, ...]) -> tuple[PaidOffer, ...]:
    """Paid datasets that were known and those told now, each once, as many as are remembered."""
    return tuple(dict.fromkeys((*kept, *new)))[:_OFFERS_KEPT]


def joined_texts(kept: tuple[Signal, ...], new: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """As `joined_offers`, of what pages say in words about the whole site."""
    found: dict[tuple[str, str], Signal] = {}
    for text in (*kept, *new):
        found.setdefault((text.kind, text.raw), text)
    return tuple(found.values())[:_TEXTS_KEPT]


class Known:
    """What the gate knows of one origin, until `good_until` (ticks). `memory` is that of the whole site."""

    __slots__ = (
        "after",
        "before",
        "copies",
        "documents",
        "elsewhere",
        "generation",
        "good_until",
        "host",
        "memory",
        "notices",
        "offers",
        "permitted",
        "plain",
        "register",
        "shareable",
        "side",
        "site",
        "taken",
        "told",
        "unseen",
        "weight",
    )

    def __init__(
        self,
        site: Site,
        notices: HostNotices | None,
        good_until: float,
        memory: SiteMemory,
        *,
        licences: bool = False,
        register: tuple[RegisterEntry, ...] = (),
        documents: Documents | None = None,
        generation: int = 0,
    ) -> None:
        self.site = site
        self.generation = generation  # of the lists that `notices` are from
        # Licences and policies that files and pages of this origin name; None: none is asked for.
        self.documents = documents
        # Nothing but the site's answer depends on the URL or the time: bases can be shared.
        self.shareable = not licences
        self.plain = self.shareable and (notices is None or notices.empty)
        self.notices = notices
        self.good_until = good_until
        self.weight = 0  # bytes of its policy files, as received
        self.memory = memory
        self.host = site.origin.partition("://")[2].partition(":")[0]
        self.side = is_side_host(self.host)
        self.copies = keeps_copies(self.host)
        self.offers: tuple[PaidOffer, ...] = ()
        self.elsewhere: tuple[Signal, ...] = ()
        self.register: tuple[RegisterEntry, ...] = ()
        # What is known beside the site's policies, for clients behind an adapter and for others.
        self.told, self.unseen, self.taken = _NOTHING, UNSEEN, TAKEN
        # Bases by answer: URLs that the site speaks of alike share one.
        self.before: dict[Answer, Basis] = {}
        self.permitted: dict[Answer, Basis] = {}
        self.after: dict[object, Basis] = {}
        if register:
            self.registered(register)

    def listed_anew(self, notices: HostNotices | None, generation: int) -> None:
        """Take over what newer lists say of the origin. Whoever is judging a URL by the older ones at this moment keeps
        the bases found so far to itself."""
        self.notices = notices
        self.plain = self.shareable and (notices is None or notices.empty)
        self.before, self.permitted, self.after = {}, {}, {}
        self.generation = generation

    def learn(self, offers: tuple[PaidOffer, ...]) -> None:
        """Remember paid datasets that a page of this origin describes."""
        together = joined_offers(self.offers, offers)
        if together != self.offers:
            self.offers = together
            self.plain = self.shareable = False

    def read(self, texts: tuple[Signal, ...]) -> None:
        """Remember what terms and the like say in words about the whole site."""
        together = joined_texts(self.elsewhere, texts)
        if together != self.elsewhere:
            self.elsewhere = together
            self._renew()

    def registered(self, entries: tuple[RegisterEntry, ...]) -> None:
        """Take over what the register knows of the site. Entries that end, or that are a URL, depend on more than
        the site's answer."""
        self.register = entries
        if any(entry.urls or entry.free_urls or entry.ended_at is not None for entry in entries):
            self.plain = self.shareable = False
        self._renew()

    def _renew(self) -> None:
        self.told = replace(_NOTHING, elsewhere=self.elsewhere, register=self.register)
        self.unseen = replace(UNSEEN, elsewhere=self.elsewhere, register=self.register)
        self.taken = replace(TAKEN, elsewhere=self.elsewhere, register=self.register)
        self.before.clear()
        self.permitted.clear()
        self.after.clear()
