"""What a case states beside the site and its answer: the log, other hosts, the corpus, what came later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .. import url as urls
from ..assess import Circumstances
from ..blocklist.match import NoticeIndex
from ..criteria import conduct
from ..criteria.facts import CorpusFacts, Later, Trace
from ..criteria.measures import SERVED_LATER
from ..domains import Suffixes
from ..errors import UrlError
from ..headers import Headers
from ..model import (
    NoticeMatch,
    NoticeRelation,
    Outcome,
    Polarity,
    Purpose,
    Scope,
    Signal,
    Stage,
    Strength,
)
from ..register import Register
from ..signals import access, payment, robots
from ..signals.archives import original_of
from ..url import Url
from . import behaviour
from .case import Case
from .fields import CaseError, flag, moment, optional_text, refuse_slips, rows, status, url, whole
from .files import Files

_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "works": ("n_works", "works"),
    "creators": ("n_creators", "creators"),
    "site_pages": ("pages_from_site", "site_pages"),
    "site_bytes": ("bytes_from_site", "site_bytes"),
}
_SHARES: Mapping[str, tuple[str, ...]] = {
    "top_creator_share": ("top_creator_share",),
    "site_share": ("share_of_sitemap", "share_of_site", "site_share"),
    "duplicate_share": ("duplicate_refetch_share", "duplicate_share"),
    "unused_media_share": ("unused_media_share",),
}
# The URL whose copy, other view or original this would be, as cases call it.
_ORIGINALS = ("original_url", "original", "canonical_url", "archived_url", "source_url", "mirror_of", "copy_of")
_LOOKS_LIKE = re.compile(r"fingerprint|analytics|template|same_content|shared_ads|ad_id|tracker")
_CORPUS_KEYS = (
    *(key for keys in (*_NUMBERS.values(), *_SHARES.values()) for key in keys), *_ORIGINALS, "top_creator",
    "limit_exceeded", "limits", "robots_now", "robots_now_at", "tdmrep_now", "tdmrep_now_at", "referrer",
    "referrer_robots_body", "referrer_robots_status", "original_robots_body", "original_robots_status", "stored",
    "still_stored", "removed_at",
)  # fmt: skip


def circumstances(case: Case, files: Files, index: NoticeIndex, suffixes: Suffixes) -> Circumstances:
    """Everything the case states that is neither the site's word nor the response's. Raises `CaseError`."""
    refuse_slips(case.corpus, _CORPUS_KEYS, "corpus")
    token = case.declaration.token
    log = behaviour.read(case.behaviour)
    signals = list(_refusals(case))
    if log.barrier is not None and not any(
        s.purpose is Purpose.ACCESS or s.polarity is Polarity.PRICED for s in signals
    ):
        signals.append(_logged(log.barrier))
    traces = [
        *conduct.of_steps(case.steps, token),
        *conduct.of_name(case.attempt.user_agent, token),
        *log.traces,
    ]
    others, notices = _other_hosts(case, files, index, log.route)
    register = Register(files.register, suffixes)
    return Circumstances(
        signals=tuple(signals),
        elsewhere=files.texts,
        traces=(*traces, *others),
        notices=notices,
        register=register.of(case.url.host),
        corpus=_corpus(case, suffixes),
        later=_later(case),
        stored=_stored(case),
        fetched=_fetched(case),
        sent_on_record=case.attempt.user_agent is not None
        and (case.robots is not None or bool(case.steps) or bool(case.response)),
        robots_undated=case.robots is not None and case.robots_at is None,
        robots_unread=log.robots_unread,
    )


def credentials_of(case: Case) -> str | None:
    """Credentials that only the log's words name."""
    return behaviour.read(case.behaviour).credentials


def _fetched(case: Case) -> bool:
    """True if the content was taken: a log says so, and so does a response in hand."""
    answered = case.response.get("status") if case.response else None
    taken = not case.response or (isinstance(answered, int) and 200 <= answered < 300)
    if case.stage is Stage.POST_FETCH:
        return taken
    return taken and case.stage is not Stage.PRE_FETCH


# -- attempts -----------------------------------------------------------------------------------------------


def _refusals(case: Case) -> Iterator[Signal]:
    """What the answers to earlier attempts said about access and payment."""
    given = rows(case.response, "attempts", "response")
    for number, (step, item) in enumerate(zip(case.steps, given, strict=True)):
        if step.status is None or not step.refuses:
            continue
        headers = Headers(item.get("headers") or {})
        found = [
            *access.read(step.status, headers, url=case.url),
            *payment.read(step.status, headers),
        ]
        if step.refused and not any(signal.kind == "access.challenge" for signal in found):
            found.append(_logged(f"{step.record}: challenge", "access.challenge"))
        later = conduct.served_later(case.steps, number, case.declaration.token)
        for signal in found:
            yield replace(signal, detail={**signal.detail, "later": SERVED_LATER}) if later else signal


def _logged(words: str, kind: str = "access.logged") -> Signal:
    return Signal(
        kind=kind,
        purpose=Purpose.ACCESS,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        scope=Scope.RESPONSE,
        raw=words,
    )


# -- other hosts --------------------------------------------------------------------------------------------


def _other_hosts(
    case: Case, files: Files, index: NoticeIndex, words: tuple[str, ...]
) -> tuple[tuple[Trace, ...], tuple[NoticeMatch, ...]]:
    """Pages of other hosts that lead here, or of which this is a copy: were they refused, are they listed?"""
    corpus = case.corpus
    traces: list[Trace] = []
    notices: list[NoticeMatch] = []
    refuted = False
    links = [("referrer", NoticeRelation.EMBEDDED_BY, corpus.get("referrer"))]
    links += [(name, NoticeRelation.COPY_OF, corpus[name]) for name in _ORIGINALS if corpus.get(name) is not None]
    named = [(name, relation, url(value, f"corpus.{name}")) for name, relation, value in links if value is not None]
    own = original_of(case.url)
    if own is not None and not any(other == own for _, _, other in named):
        named.append(("original", NoticeRelation.COPY_OF, own))
    for name, relation, other in named:
        covering = (match for match in index.matches(other) if match.relation is NoticeRelation.COVERS)
        notices.extend(replace(match, relation=relation) for match in covering)
        if other.origin == case.url.origin:
            continue
        known, refused = _refused(case, files, name, other)
        if refused is not None:
            params = {"original": other.href, "refused": refused, "record": case.url.href}
            traces.append(Trace(reason="b5.other_route", outcome=Outcome.INDICATED, params=params))
        refuted = refuted or (known and refused is None)
    if words and not traces and not refuted:
        params = {"name": ", ".join(words)}
        traces.append(Trace(reason="b5.log_other_route", outcome=Outcome.INDICATED, params=params))
    for key, value in corpus.items():
        if _LOOKS_LIKE.search(key):
            notices.extend(_alike(value, f"corpus.{key}", index))
    return tuple(traces), tuple(notices)


def _refused(case: Case, files: Files, name: str, other: Url) -> tuple[bool, str | None]:
    """Whether anything is known of the refusal of another page, and the words that refuse it."""
    corpus = case.corpus
    prefixes = (name, "original") if name in _ORIGINALS else (name,)
    for prefix in prefixes:
        answered = status(corpus, f"{prefix}_status", "corpus")
        if answered in (401, 402, 403, 451):
            return True, f"{other.href}: HTTP {answered}"
    body: str | None = None
    for prefix in prefixes:
        body = body if body is not None else corpus.get(f"{prefix}_robots_body")
    body = body if body is not None else files.contents.get(other.origin + "/robots.txt")
    if body is None:
        return False, None
    if not isinstance(body, str):
        raise CaseError(f"corpus.{name}_robots_body must be a string, not {body!r}"[:300])
    decided = robots.parse(body.encode("utf-8", "surrogatepass")).decide(other.href, case.declaration.token)
    if decided.allowed:
        return True, None
    rule = decided.rule
    return True, f"robots.txt: {rule.raw} (line {rule.line})" if rule is not None else "robots.txt"


def _alike(value: Any, where: str, index: NoticeIndex) -> Iterator[NoticeMatch]:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str):
            continue
        try:
            other = urls.parse(item if "://" in item else f"https://{item}")
        except UrlError as error:
            raise CaseError(f"{where}: {error}") from None
        for match in index.matches(other):
            if match.relation is NoticeRelation.COVERS:
                yield replace(match, relation=NoticeRelation.FINGERPRINT)


# -- the run, and later -------------------------------------------------------------------------------------


def _corpus(case: Case, suffixes: Suffixes) -> CorpusFacts | None:
    corpus = case.corpus
    values: dict[str, Any] = {}
    for name, keys in _NUMBERS.items():
        values[name] = next((n for key in keys if (n := whole(corpus, key, "corpus")) is not None), None)
    for name, shares in _SHARES.items():
        values[name] = next((share for key in shares if (share := _percent(corpus, key)) is not None), None)
    if all(value is None for value in values.values()):
        return None
    return CorpusFacts(
        **values,
        top_creator=optional_text(corpus, "top_creator", "corpus") or "",
        site=suffixes.registrable(case.url.host) or case.url.host,
        limit_exceeded=flag(corpus, "limit_exceeded", "corpus"),
    )


def _percent(corpus: Mapping[str, Any], name: str) -> Decimal | None:
    value = corpus.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CaseError(f"corpus.{name} must be a share between 0 and 1, not {value!r}"[:300])
    return (Decimal(repr(value)) * 100).normalize() + 0


def _stored(case: Case) -> bool | None:
    if case.corpus.get("removed_at") is not None:
        moment(case.corpus["removed_at"], "corpus.removed_at")
        return False
    for name in ("stored", "still_stored"):
        stored = flag(case.corpus, name, "corpus")
        if stored is not None:
            return stored
    return None


def _later(case: Case) -> Later | None:
    """What the site says now, from the same readers as what it said then."""
    from .judging import site_of

    corpus = case.corpus
    body, tdmrep = corpus.get("robots_now"), corpus.get("tdmrep_now")
    if body is None and tdmrep is None:
        return None
    if isinstance(body, Mapping):
        body = body.get("body")
    if body is not None and not isinstance(body, str):
        raise CaseError(f"corpus.robots_now must be a string, not {body!r}"[:300])
    at = corpus.get("robots_now_at", corpus.get("tdmrep_now_at"))
    seen = moment(at, "corpus.robots_now_at") if at is not None else None
    robots_now = {"status": 404} if body is None else {"status": 200, "body": body}
    now = {"/.well-known/tdmrep.json": tdmrep} if tdmrep is not None else {}
    later = replace(case, robots=robots_now, robots_at=seen or case.at, files=now)
    site = site_of(later, Files((), (), (), now))
    return Later(at=seen, signals=site.signals(site.answer(case.url), case.url))
