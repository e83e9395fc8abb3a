"""The words of the house: Evidence, Signal, Finding, Decision, and what a collector declares.

    bytes -> Signal -> Finding -> Decision -> Record

Everything here is frozen data; `vocabulary` has the closed sets of words that it is said in, `notice` what others told.
Three words never collapse into one: `not_met` (looked, nothing there), `unknown` (could not look), and *not assessed*
(did not look; it is named in `Decision.not_assessed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from os import PathLike
from typing import NamedTuple

from .notice import Notice, NoticeMatch
from .vocabulary import (
    EvidenceKind,
    IssuerKind,
    NoticeRelation,
    Outcome,
    Polarity,
    Product,
    Purpose,
    Scope,
    Stage,
    Strength,
    Use,
    Verdict,
)

__all__ = [
    "AS_DECLARED",
    "DIRECT",
    "Attempt",
    "Basis",
    "Decision",
    "Declaration",
    "Evidence",
    "EvidenceKind",
    "Finding",
    "IssuerKind",
    "Licence",
    "Lint",
    "NamedLimit",
    "Notice",
    "NoticeMatch",
    "NoticeRelation",
    "Outcome",
    "Override",
    "Polarity",
    "Product",
    "Purpose",
    "Refusal",
    "RegisterEntry",
    "Scope",
    "Signal",
    "Stage",
    "Strength",
    "Use",
    "Verdict",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Bytes as received, and everything needed to read them again.

    `url` is what was asked, `final_url` where the answer came from after redirects; `status` is None and
    `error` a short reason where nothing was received. `body` is decoded from its content coding and cut
    at a bound (`truncated`); `sha256` is over `body`. Times are UTC. `request` are the headers known to have been
    sent to `final_url` with `method`; empty where nobody can say.
    """

    id: str
    kind: EvidenceKind
    url: str
    final_url: str
    fetched_at: datetime
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sha256: str = ""
    error: str | None = None
    truncated: bool = False
    redirects: tuple[str, ...] = ()
    method: str = "GET"
    request: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One observed statement. It says what was written, not what follows from it.

    `kind` names protocol and statement (`robots.disallow`, `tdmrep.file`, `access.401`); `subject` is
    `ours` (our product token), `*` (everybody) or another agent's token. Where: `evidence` is the id of the
    Evidence, `line` counts from 1, `span` is a byte range, `name` a header or meta name; `raw` is the text
    as received, bounded. `detail` holds what a protocol adds (price, policy URL, path pattern).
    `ambiguity` names a second defensible reading where the stricter one was taken.
    """

    kind: str
    purpose: Purpose
    polarity: Polarity
    strength: Strength
    scope: Scope = Scope.ORIGIN
    subject: str = "*"
    raw: str = ""
    evidence: str = ""
    line: int | None = None
    span: tuple[int, int] | None = None
    name: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    ambiguity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """Something an author probably did not mean. `code` is stable, `message` is for people."""

    code: str
    message: str
    raw: str = ""
    line: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion's outcome with the signals it rests on.

    `reason` is a key of `criteria/reasons.toml`; `params` fills its sentence, in every language.
    """

    criterion: str
    outcome: Outcome
    reason: str
    params: Mapping[str, str] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLimit:
    """A figure that no source gives and the project sets itself (law: "small group", "large amounts").

    `name` is a key of `criteria/limits.toml`, which says what the figure bounds and in which `unit` (`percent`,
    `works`, `pages`, `bytes`); `value` is a whole number above 0. `owner` is the person who answers for it, `date`
    the day it was set, `reason` why. A criterion that needs a limit nobody set is for a person.
    """

    name: str
    value: int
    unit: str
    owner: str
    date: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """One line of the licensor register: who sells data for analysis, or did (ST08, ST22).

    `host` is the site; `urls` are the files, APIs or landing pages that are the product itself, `free_urls` parts
    of it that are given away. `price` is as it was
    seen, empty where it is not known. `evidence` is a URL or the words that say so; `first_seen` when the collector
    came to know (None: at no known time, so from the beginning), `source` the person who entered it, or `page`.
    `past` says that something was sold once, and nothing about an offer now; `ended_at` when an offer ended.
    """

    host: str
    product: Product
    name: str = ""
    price: str = ""
    currency: str = ""
    evidence: str = ""
    first_seen: datetime | None = None
    ended_at: datetime | None = None
    past: bool = False
    urls: tuple[str, ...] = ()
    free_urls: tuple[str, ...] = ()
    source: str = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence or permission the collector holds (D2).

    `scope` are URL patterns, `*` any run of characters; `purposes` are `Use` values or `*`; `valid_from` is the
    first instant (UTC), `valid_to` the last, None without end. A licence that names no purpose or no beginning
    covers nothing. `credentials_allowed` says that the licensor issued credentials for automated access.
    """

    licensor: str
    scope: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    reference: str = ""
    credentials_allowed: bool = False

    def __post_init__(self) -> None:
        from .licences import check_licence

        check_licence(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the collector says of itself and of its purpose; validated on construction (`ConfigError`).

    `token` is the robots.txt product token, `user_agent` the header sent; the token must stand in it.
    `token_published` says whether a site could know the token; a date (`published_since`, or in the place of
    `token_published`) says from when on. The `intends_*` and `output_*` fields speak about the outputs of the
    model; None is "not declared", which is different from False. `snippet_cap` are the characters of a work that
    an output shows at most; `needed_works` are the works that the declared analysis needs at most.

    `licences` are `Licence` objects, or paths of licence files and folders of them.
    """

    operator: str
    token: str
    user_agent: str
    token_published: bool | date | str | None = None
    published_since: date | str | None = None
    purposes: Sequence[str] = (Use.PRETRAINING,)
    legal_basis: str = "30-4"
    commercial: bool | None = None
    target_creator: str | None = None
    intends_similar_output: bool | None = None
    intends_overfitting: bool | None = None
    intends_expression_output: bool | None = None
    output_contains_expression: bool | None = None
    snippet_cap: int | None = None
    needed_works: int | None = None
    licences: Sequence[Licence | str | PathLike[str]] = ()

    def __post_init__(self) -> None:
        from .declaration import normalise

        for name, value in normalise(self).items():
            object.__setattr__(self, name, value)

    @property
    def uses(self) -> tuple[Use, ...]:
        """The purposes as `Use` values."""
        return self.purposes  # type: ignore[return-value]  # normalised on construction

    @property
    def held(self) -> tuple[Licence, ...]:
        """The licences, files read."""
        return self.licences  # type: ignore[return-value]  # read on construction

    def published(self, at: datetime) -> bool:
        """True if a site could know the token at that time."""
        since = self.published_since
        return bool(self.token_published) and (not isinstance(since, datetime) or since <= at)


DIRECT = "direct"
"""The name of a route without a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one request is made: what the server sees of us. Never holds a secret.

    `user_agent` is the header sent; `credentials` a reference to what was used (`licensed:KRI-77`,
    `authorization header`), None if nothing; `proxy` a name, not an address with a password. `referrer` is the page
    that led here, as the request says; `challenge_solved` that software or a service answered a challenge for it.
    """

    user_agent: str | None = None
    credentials: str | None = None
    proxy: str | None = None
    referrer: str | None = None
    challenge_solved: bool = False

    @property
    def ordinary(self) -> bool:
        """True if a site sees nothing of it but the declared crawler, whatever the route."""
        return self.user_agent is None and self.credentials is None and not self.challenge_solved


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that refused this crawler, as the gate remembers it: where, when, in which way (`http_403`,
    `challenge`, `login`), whom it saw, and the record that tells of it."""

    url: str
    site: str
    at: datetime
    kind: str
    status: int | None = None
    user_agent: str | None = None
    proxy: str | None = None
    record: str = ""


AS_DECLARED = Attempt()
"""A request made with the declared user agent and nothing else: the usual case, one shared object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a named person decided about findings, for a scope and until a day; a record of its own (`record`).

    `effect` is allow, which lifts the effect of the findings it names, or deny. `findings` maps a criterion to the
    outcomes that the person decided about; nothing else is touched. It counts from `at` on, never backwards, before
    `until`, and before `revoked_at` where it was revoked. `scope`, `value` and `path_prefix` are as in `Notice`.
    `acknowledged` holds, for criteria that nothing lifts in passing (C1 and its like), the person's own words.
    `concerns` is the record of the decision that was decided about, if there was one.
    """

    record: str
    at: datetime
    by: str
    reason: str
    effect: Verdict
    scope: str
    value: str
    findings: Mapping[str, tuple[Outcome, ...]]
    until: datetime
    path_prefix: str | None = None
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    concerns: str | None = None
    revoked_at: datetime | None = None
    revocation: str | None = None

    def in_force(self, at: datetime) -> bool:
        """True if it counts at this time."""
        return self.at <= at < self.until and (self.revoked_at is None or at < self.revoked_at)

    def changes(self) -> tuple[datetime, ...]:
        """The instants at which it begins or ends to count."""
        return (self.at, self.until) if self.revoked_at is None else (self.at, self.until, self.revoked_at)

    @property
    def place(self) -> str:
        """What it covers, in one word: the URL, host or domain, with the path if there is one."""
        return f"{self.value}{self.path_prefix or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a decision rests on. Findings repeat endlessly, so decisions share it and the ledger writes it
    once per segment. `not_assessed` maps a criterion or check to the key of the reason why. `overrides` are the
    decisions of people that made a difference."""

    stage: Stage
    verdict: Verdict
    temporary: bool
    findings: tuple[Finding, ...]
    reasons: tuple[Finding, ...]
    not_assessed: Mapping[str, str]
    evidence: tuple[str, ...]
    profile: str
    rule_pack: str
    overrides: tuple[Override, ...] = ()

    def finding(self, criterion: str) -> Finding | None:
        """The finding for a criterion id, or None if it was not assessed."""
        for found in self.findings:
            if found.criterion == criterion:
                return found
        return None


class Decision(NamedTuple):
    """The answer for one URL at one time: verdict, findings, reasons in order, and where it is recorded.

    `record` is `segment:seq` in the ledger. `enforced` is False in observe mode. `problem` is the code of a
    `UrlError` where the URL itself could not be asked about; the verdict is then deny.
    """

    url: str
    at: datetime
    basis: Basis
    segment: str = ""
    seq: int = -1
    enforced: bool = True
    problem: str | None = None

    @property
    def verdict(self) -> Verdict:
        return self.basis.verdict

    @property
    def temporary(self) -> bool:
        """True for a deny that rests only on evidence that could not be had: ask again later."""
        return self.basis.temporary

    @property
    def allowed(self) -> bool:
        return self.basis.verdict is Verdict.ALLOW

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.basis.findings

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that made the verdict, most severe first."""
        return self.basis.reasons

    @property
    def not_assessed(self) -> Mapping[str, str]:
        return self.basis.not_assessed

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What people decided and this answer follows."""
        return self.basis.overrides

    @property
    def record(self) -> str:
        return f"{self.segment}:{self.seq}"

    def explain(self, lang: str = "en", *, not_assessed: bool = True) -> str:
        """The decision as text for a person, in `en` or `ja`; with what was not assessed, unless told not to."""
        from .explain import explain

        return explain(self, lang, not_assessed=not_assessed)
