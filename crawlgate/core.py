"""What both gates share: what is known of each origin, and the record of every answer. No sockets, no waiting."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from os import PathLike
from typing import Any

from . import __version__
from . import url as urls
from .assess import Assessor, Circumstances
from .blocklist import match
from .blocklist.match import HostNotices
from .clock import Clock
from .conduct import Conduct
from .criteria import CATALOGUE
from .declaration import suggestion
from .domains import Suffixes, psl_version
from .errors import ConfigError, Denied, Held, UrlError
from .evidence.address import AddressPolicy
from .evidence.store import EvidenceStore
from .flow import OPTIONAL_FILES, Documents, Flow, Survey
from .flow import survey as survey_flow
from .freshness import lifetime
from .home import Home
from .known import Known
from .ledger.answers import Outcome, Received
from .ledger.open import open_ledger
from .ledger.record import evidence_table, outcome_table, record_id
from .limits import Limits
from .loaded import Blocklist, LoadedLists
from .market import Market
from .memory import Memory
from .model import (
    AS_DECLARED,
    Attempt,
    Basis,
    Decision,
    Declaration,
    Evidence,
    Stage,
    Verdict,
)
from .options import Keeping
from .origins import Origins
from .people import People
from .permit import Permit
from .policy import Profile, load_profile
from .policy.effective import limit_table
from .signals import agents
from .signals.archives import asked_first
from .signals.response import Reading
from .signals.robots_standing import Standing
from .site import Answer, Site
from .state import State
from .unjudged import Unjudged
from .url import Url

MODES = ("enforce", "observe")
PAGE_EVIDENCE = ("speaking", "all")
# Routes for which one attempt object is kept; a pool of more is not usual.
_ROUTES_KEPT = 64


class Core:
    """State and record-keeping of a gate. Its methods neither wait nor open connections."""

    def __init__(
        self,
        declaration: Declaration,
        *,
        profile: str | PathLike[str],
        blocklists: Sequence[str | PathLike[str] | Blocklist],
        home: str | PathLike[str],
        mode: str,
        allow_addresses: Sequence[str],
        policy_files: Sequence[str],
        page_evidence: str,
        keeping: Keeping,
        limits: Limits,
        clock: Clock,
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"mode {mode!r} is unknown{suggestion(mode, MODES)}; use one of {', '.join(MODES)}")
        for name in policy_files:
            if name not in OPTIONAL_FILES:
                known = ", ".join(OPTIONAL_FILES)
                raise ConfigError(f"policy_files: {name!r} is unknown{suggestion(name, OPTIONAL_FILES)}; use {known}")
        if page_evidence not in PAGE_EVIDENCE:
            known = ", ".join(PAGE_EVIDENCE)
            hint = suggestion(page_evidence, PAGE_EVIDENCE)
            raise ConfigError(f"page_evidence {page_evidence!r} is unknown{hint}; use one of {known}")
        self.policy_files = tuple(policy_files)
        self.all_pages = page_evidence == "all"
        self.declaration = declaration
        self.limits = limits
        self.clock = clock
        self.enforcing = mode == "enforce"
        self.addresses = AddressPolicy(allow_addresses)
        self.catalogue = agents.load()
        self.profile: Profile = load_profile(profile if isinstance(profile, str) else str(profile))
        self.home = Home(home)
        self.home.create()
        if isinstance(blocklists, (str, bytes)):
            raise ConfigError("blocklists is one string; write a list of paths")
        wanted = [item if isinstance(item, Blocklist) else Blocklist(item) for item in blocklists]
        self.lists = LoadedLists(self.home, wanted, clock=clock, limits=limits)
        suffixes = Suffixes()
        self.assessor = self._assessor()
        self.origins = Origins(limits)
        self._url_length = limits.url_length
        self._now, self._ticks = clock.now, clock.ticks
        self.people = People(self.home, limits.people_recheck, clock.ticks())
        self.store = EvidenceStore(self.home.evidence)
        self.durable = keeping.durability == "disk"
        # Whether a record waits for the disk here; asynchronous callers wait on their own (`AsyncGate.settled`).
        self.waits = self.durable
        self.ledger = open_ledger(
            self.home.ledger,
            self.home.keys,
            self._head(),
            now=clock.now,
            key_file=keeping.key_file,
            upkeep=keeping.upkeep,
        )
        self.lists.told(self.lists.lists)
        self.state = State(self.home, keep=timedelta(seconds=limits.refusal_memory), now=clock.now())
        self.memory = Memory(self.state, suffixes, limits.origins)
        self.market = Market(self.state, self.ledger, suffixes, clock.now)
        self.conduct = Conduct(declaration, self.memory, self.ledger, self.origins.get, self._index, clock.now)
        # The same attempt by the same route is one object.
        self._routes: dict[str | None, Attempt] = {None: AS_DECLARED}

    # -- what is known ------------------------------------------------------------------------------

    def fresh(self, origin: str) -> Known | None:
        """What is known of `origin` and still good, or None (RFC 9309 2.4: a day at most)."""
        ticks = self._ticks()
        if ticks >= self.people.due:
            self.people.look(ticks)
        if ticks >= self.lists.due:
            self.look_for_lists(ticks)
        known = self.origins.get(origin)
        if known is None or ticks >= known.good_until:
            return None
        generation = self.lists.generation
        if known.generation != generation:
            known.listed_anew(self._notices(origin), generation)
        return known

    def look_for_lists(self, ticks: float) -> None:
        """Take in what was received since the last look; a record tells it before any answer rests on it."""
        new = self.lists.look(ticks)
        if new is None:
            return
        now = self._now()
        for loaded in new:
            self.ledger.append("list", {"at": now, "event": "loaded", **loaded.table(now)})
        self.lists.told(new)
        for name in self.lists.stale:
            if name not in self.assessor.stale_lists:
                self.ledger.append("list", {"at": now, "event": "stale", "name": name})
        self.ledger.restate(self._head())
        self.assessor = self._assessor()

    def _assessor(self) -> Assessor:
        lists = self.lists
        return Assessor(self.declaration, self.profile, lists_loaded=bool(lists.lists), stale_lists=lists.stale)

    def survey(self, url: Url) -> Flow[Survey]:
        """The flow that asks for the policy files of `url`'s origin. Raises `LedgerError` where none could be kept: a
        site is not to be asked again and again for what nobody can record."""
        self.store.ready()
        return survey_flow(
            url, self.declaration.token, self.limits, optional=self.policy_files, avoid=self._not_contacted
        )

    def _not_contacted(self, url: Url) -> bool:
        """True for a host that is not to be contacted, whoever names a document there."""
        return self.listed(url) is not None

    def install(self, survey: Survey, ticks: float) -> Known:
        """Keep a survey that began at `ticks`: its evidence on disk and in the ledger, its reading in memory."""
        for evidence in survey.evidence:
            self.keep(evidence)
        site = Site(survey, self.declaration.token, self.catalogue)
        slim = (_without_body(survey.robots), _without_body(survey.tdmrep))
        site.survey = replace(survey, robots=slim[0], tdmrep=slim[1], licences=(), policies={}, optional={})
        good_until = ticks + lifetime(survey, self.limits)
        licences = bool(self.declaration.licences)
        documents = Documents(
            self.declaration.token, self.limits, own={survey.origin: survey.file}, avoid=self._not_contacted
        )
        documents.found.update(survey.documents)
        host = urls.parse(survey.origin).host
        generation = self.lists.generation  # before the look-up: an older one is made anew, a newer one is not
        known = Known(
            site,
            self._notices(survey.origin),
            good_until,
            self.memory.site(host, self._now()),
            licences=licences,
            register=self.market.of(host),
            documents=documents,
            generation=generation,
        )
        if site.keeps_us_out:
            known.memory.stirred = True  # other views of what it refuses are looked at
        self.origins.keep(survey.origin, known, weight=sum(len(evidence.body) for evidence in survey.evidence))
        return known

    def keep(self, evidence: Evidence) -> None:
        """Evidence to disk, and its record to the ledger."""
        location = self.store.put(evidence)
        self.ledger.append("evidence", evidence_table(evidence, location))

    def _notices(self, origin: str) -> HostNotices | None:
        index = self._index()
        return None if index is None else index.for_host(urls.parse(origin).host)

    def _index(self) -> match.Lists | None:
        return self.lists.index

    # -- answers ------------------------------------------------------------------------------------

    def admit(self, url: str) -> Url | Decision:
        """The URL in its one form, or a recorded deny where it cannot be asked about."""
        try:
            asked = urls.parse(url, self._url_length)
            if asked.address is not None and not self.addresses.named(asked.address):
                raise UrlError("ip_literal", f"host {asked.address} is a number", asked.href)
        except UrlError as error:
            return self.refuse_url(error.url, error.code)
        return asked

    def attempt(
        self,
        known: Known,
        user_agent: str | None = None,
        credentials: str | None = None,
        proxy: str | None = None,
        referrer: str | None = None,
        challenge_solved: bool = False,
        cookies: str | None = None,
    ) -> Attempt:
        """How a request is made; one shared object for the usual case.

        Of `cookies` only what the site did not give to the anonymous crawler counts: a login that was brought along
        is a credential, the mark of a cleared challenge a challenge that was solved.
        """
        if cookies:
            session, clearance = known.memory.brought(cookies)
            if session is not None and credentials is None:
                credentials = f"a session cookie ({session[:60]})"
            challenge_solved = challenge_solved or clearance is not None
        if user_agent == self.declaration.user_agent:
            user_agent = None
        if user_agent is None and credentials is None and referrer is None and not challenge_solved:
            usual = self._routes.get(proxy)
            if usual is None and len(self._routes) < _ROUTES_KEPT:
                usual = self._routes.setdefault(proxy, Attempt(proxy=proxy))
            return usual or Attempt(proxy=proxy)
        return Attempt(
            user_agent=user_agent,
            credentials=credentials,
            proxy=proxy,
            referrer=referrer,
            challenge_solved=challenge_solved,
        )

    @staticmethod
    def original(url: Url) -> Url | None:
        """The URL of which `url` is a kept copy, by its own spelling; it is asked about first. Worth asking where
        `url` holds `/http`, or the host keeps copies."""
        return asked_first(url)

    def listed(self, url: Url) -> Known | None:
        """For a site that a list or a person denies: what is known without contacting it. None for any other."""
        notices = self._notices(url.origin)
        now = self.clock.now()
        overrides = self.people.overrides.covering(url, now)
        if notices is not None and not notices.empty:
            why = "not_assessed.listed_site"
        elif any(override.effect is Verdict.DENY for override in overrides):
            why = "not_assessed.denied_by_person"
        else:
            return None
        survey = Survey(
            origin=url.origin,
            robots=None,
            standing=Standing.NOT_LOOKED,
            reason="",
            file=None,
            tdmrep=None,
            not_looked={"robots": why, "tdmrep": why},
        )
        known = Known(
            Site(survey, self.declaration.token, self.catalogue), notices, 0.0, self.memory.site(url.host, now)
        )
        answer = known.site.answer(url)
        basis = self.assessor.before(known.site, answer, url, now, notices=notices, overrides=overrides)
        return known if basis.verdict is Verdict.DENY else None

    def before(self, url: Url, known: Known, attempt: Attempt, original: Decision | None = None) -> Decision:
        """Judge and record one URL before its fetch, for a client that is not behind an adapter. `original` is the
        decision about the URL of which this is a kept copy."""
        memory = known.memory
        # The way of nearly every URL of a crawl: nothing unusual, and a basis that is at hand.
        if (
            attempt is AS_DECLARED
            and known.plain
            and original is None
            and url.host not in self.conduct.led
            and url.href not in self.conduct.leading
            and not (memory.stirred and self.conduct.may_be_view(url, known))
            and not self.people.overrides
        ):
            basis = known.before.get(known.site.answer(url))
            if basis is not None:
                at, href = self._now(), url.href
                segment, seq = self.ledger.append_decision(at, href, basis, self.enforcing)
                if self.waits:
                    self.ledger.commit(segment, seq)
                if memory.denied or basis.verdict is Verdict.DENY:
                    memory.answered(href, basis, segment, seq)
                return Decision(href, at, basis, segment, seq, self.enforcing)
        return self._ask(url, known, attempt, known.unseen, known.before, original)[0]

    def _ask(
        self,
        url: Url,
        known: Known,
        attempt: Attempt,
        told: Circumstances,
        bases: dict[Answer, Basis],
        original: Decision | None,
    ) -> tuple[Decision, Circumstances, Answer]:
        at = self._now()
        answer = known.site.answer(url)
        shared = known.plain
        if original is not None or (
            (attempt is not AS_DECLARED or known.memory.stirred or self.conduct.redirects_seen)
            and self.conduct.concerns(url, known, attempt)
        ):
            told = self.conduct.before(url, known, attempt, told, original)
            shared = False
        overrides = self.people.overrides.covering(url, at) if self.people.overrides else ()
        if overrides:
            shared = False
        basis = bases.get(answer) if shared else None
        if basis is None:
            basis = self.assessor.before(
                known.site,
                answer,
                url,
                at,
                notices=known.notices,
                offers=known.offers,
                attempt=attempt,
                circumstances=told,
                overrides=overrides,
            )
            if shared and len(bases) < self.limits.memo_per_origin:
                bases[answer] = basis
        segment, seq = self.ledger.append_decision(at, url.href, basis, self.enforcing, None, attempt.user_agent)
        if self.waits:
            self.ledger.commit(segment, seq)
        known.memory.answered(url.href, basis, segment, seq)
        return Decision(url.href, at, basis, segment, seq, self.enforcing), told, answer

    def record(
        self,
        url: str,
        at: datetime,
        basis: Basis,
        attempt: Attempt = AS_DECLARED,
        problem: str | None = None,
        outcome: Mapping[str, Any] | None = None,
        received: Received | None = None,
    ) -> Decision:
        """Write a decision, with what became of the response if there is one, and what was read of its body if that is
        in hand, then give it out."""
        segment, seq = self.ledger.append_decision(
            at,
            url,
            basis,
            self.enforcing,
            problem,
            attempt.user_agent,
            outcome=None if outcome is None else Outcome(at, outcome),
            received=received,
        )
        if self.waits:
            self.ledger.commit(segment, seq)
        return Decision(url, at, basis, segment, seq, self.enforcing, problem)

    def outcome(self, decision: Decision, table: Mapping[str, Any]) -> None:
        """Write what became of a body; `table` holds disposition, status and the like."""
        self.ledger.append("outcome", {"at": self.clock.now(), "decision": decision.record, **table})

    def received(self, decision: Decision, received: Received) -> None:
        """Write what was read of a body that a decision released."""
        self.ledger.append_received(self.clock.now(), (decision.segment, decision.seq), received)

    def note_client(self, client: str, evasive: Sequence[Mapping[str, str]] = ()) -> None:
        """Write which client works behind the gate (name and version), and those of its settings that look like
        evasion: `setting`, `value` and what it `looks_like` (`rotating_user_agent`, `challenge_solver`, ...)."""
        settings = [dict(found) for found in evasive]
        self.ledger.append("client", {"at": self.clock.now(), "client": client, "settings": settings})

    def stored(self, decision: Decision | str, disposition: str, values: Mapping[str, Any]) -> tuple[str, int]:
        """Write where a body went, or that it was removed; segment and number."""
        of = decision.record if isinstance(decision, Decision) else decision
        table = outcome_table(self.clock.now(), record_id(of), disposition, **values)
        segment, seq = self.ledger.append("outcome", table)
        if self.waits:
            self.ledger.commit(segment, seq)
        return segment, seq

    def enforce(self, decision: Decision) -> None:
        """Raise `Denied` or `Held` for a decision that is not allow, unless this gate only observes."""
        if not self.enforcing or decision.verdict is Verdict.ALLOW:
            return
        raise (Denied if decision.verdict is Verdict.DENY else Held)(decision)

    def permit(self, url: Url, known: Known, attempt: Attempt, original: Decision | None = None) -> Permit:
        """Ask before one hop; a permit, or `Denied` / `Held` where the answer is not allow."""
        decision, told, answer = self._ask(url, known, attempt, known.told, known.permitted, original)
        self.enforce(decision)
        return Permit(self, url, known, attempt, told, decision, answer)

    def inspection(
        self, url: Url, known: Known, attempt: Attempt, original: Decision | None = None, *, taken: bool = True
    ) -> Permit:
        """A permit for a response that is in hand already: the content was taken, whatever was asked before. `taken`
        False: there is none, it is a redirect that is answered at its target."""
        covered = self.people.overrides.covering(url, self._now()) if self.people.overrides else ()
        # Where a person decided, a fetch against the site's word is theirs to answer for.
        told = known.unseen if covered or not taken else known.taken
        if original is not None or self.conduct.concerns(url, known, attempt):
            told = self.conduct.before(url, known, attempt, told, original)
        return Permit(self, url, known, attempt, told)

    def learn(self, url: Url, known: Known, reading: Reading) -> None:
        """Keep what a page says beyond itself: paid datasets, its site's terms, entries for the register."""
        self.origins.learn(url.origin, known, reading)
        if not reading.silent:
            entries = self.market.learn(url, reading)
            if entries:
                self.origins.registered(known.memory, entries)

    def no_permit(self, decision: Decision) -> Permit:
        """What there is for a URL that cannot be asked about: `Denied`, or, where the gate only observes, a permit
        that judges nothing and lets the client go its own way."""
        self.enforce(decision)
        return Unjudged(self, decision)

    def close(self) -> None:
        """Seal the segment and close the evidence file."""
        self.ledger.close()
        self.store.close()
        self.state.close()

    def refuse_url(self, url: str, code: str) -> Decision:
        """The recorded deny for a URL that cannot be asked about; `code` is that of the `UrlError`."""
        basis = Basis(
            stage=Stage.PRE_FETCH,
            verdict=Verdict.DENY,
            temporary=False,
            findings=(),
            reasons=(),
            not_assessed={"*": "not_assessed.url_refused"},
            evidence=(),
            profile=self.profile.name,
            rule_pack=CATALOGUE.rule_pack,
        )
        return self.record(url, self.clock.now(), basis, problem=code)

    # -- opening ------------------------------------------------------------------------------------

    def _head(self) -> dict[str, Any]:
        """What a segment says of the conditions under which its decisions were made."""
        declared, now = asdict(self.declaration), self.clock.now()
        return {
            "program": f"crawlgate {__version__}",
            "python": platform.python_version(),
            "declaration": declared,
            "profile": {
                "name": self.profile.name,
                "sha256": self.profile.hash,
                "limits": {name: limit_table(limit) for name, limit in self.profile.limits.items()},
            },
            "rule_pack": CATALOGUE.rule_pack,
            "source_document": CATALOGUE.source_document,
            "agents": self.catalogue.version,
            "psl": psl_version(),
            "mode": "enforce" if self.enforcing else "observe",
            "lists": [loaded.table(now) for loaded in self.lists.lists],
        }


def _without_body(evidence: Evidence | None) -> Evidence | None:
    """Evidence whose body is on disk already; a crawl of many origins must not keep them all in memory."""
    return None if evidence is None else replace(evidence, body=b"")
