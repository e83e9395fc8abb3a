"""W3C TDM Reservation Protocol: `/.well-known/tdmrep.json`, response headers and meta tags (CG Final Report).

`tdm-reservation` is 1 (reserved) or 0 (not reserved); any other value is an error and leaves it unset. `tdm-policy`
names a document with the terms of a licence; it is read by `tdm_policy`. The two are superseded each on its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import orjson

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from .page_head import PageHead
from .pathmatch import PathPattern
from .statement import clip, note, path_pattern, safe_target
from .tdm_policy import TdmPolicy

_RESERVATION = "tdm-reservation"
_POLICY = "tdm-policy"
_NAMES = ("location", _RESERVATION, _POLICY)
META_NAMES = (_RESERVATION, _POLICY)
_SAYS = {"1": Polarity.RESERVED, "0": Polarity.PERMITTED}
MAX_POLICIES = 8
"""Policies of one carrier that are read. Project choice: each costs a request; real sites name one or two."""

_NO_POLICIES: Mapping[str, TdmPolicy] = MappingProxyType({})
_MEANS_YES = frozenset(("yes", "true", "on", "y", "reserved", '"1"', "'1'"))


class _Members(list[tuple[str, Any]]):
    """The members of one JSON object in order, repeated names included."""


@dataclass(frozen=True, slots=True)
class TdmRule:
    """One entry of tdmrep.json: a path pattern, the signal it makes, and its position from 0."""

    pattern: PathPattern
    signal: Signal
    position: int


@dataclass(frozen=True, slots=True)
class TdmFile:
    """tdmrep.json as read: entries with a valid reservation, in file order, and what was wrong."""

    rules: tuple[TdmRule, ...] = ()
    lint: tuple[Lint, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def match(self, target: str) -> int | None:
        """Index of the rule for `target` (path and query): "the most specific match is the first in sequence"."""
        target = safe_target(target)
        for index, rule in enumerate(self.rules):
            if rule.pattern.matches(target):
                return index
        return None

    def signals(self, index: int | None) -> tuple[Signal, ...]:
        """The signal of the rule that `match` returned; nothing where no rule matched."""
        return () if index is None else (self.rules[index].signal,)

    def all_signals(self) -> tuple[Signal, ...]:
        """The signals of every rule, for whatever path."""
        return tuple(rule.signal for rule in self.rules)


def parse_file(body: bytes, *, base: Url | None = None, evidence: str = "") -> TdmFile:
    """tdmrep.json: an array of `{location, tdm-reservation, tdm-policy?}`. An entry in error is left out.

    `base` is the URL of the file, against which policies are resolved.
    """
    lint: list[Lint] = []
    rules: list[TdmRule] = []
    for position, entry in enumerate(_entries(body, lint)):
        rule = _rule(entry, position, base, evidence, lint)
        if rule is not None:
            rules.append(rule)
    return TdmFile(tuple(rules), tuple(lint))


def header(
    headers: Headers, *, base: Url | None = None, evidence: str = "", lint: list[Lint] | None = None
) -> tuple[Signal, ...]:
    """The `tdm-reservation` and `tdm-policy` response headers, about that response. `base` is its URL."""
    values = [part.strip() for value in headers.all(_RESERVATION) for part in value.split(",")]
    policy = headers.get(_POLICY) or ""
    polarity, ambiguity = _settle(values, lint)
    if polarity is None and not policy:
        return ()
    return (
        Signal(
            kind="tdmrep.header",
            purpose=Purpose.TDM,
            polarity=polarity or Polarity.UNSPECIFIED,
            strength=Strength.PREFERENCE,
            scope=Scope.RESPONSE,
            raw=clip(", ".join(values) or policy),
            evidence=evidence,
            name=_RESERVATION if values else _POLICY,
            detail=_policy(polarity, policy, base, lint),
            ambiguity=ambiguity,
        ),
    )


def meta(
    page: PageHead, *, base: Url | None = None, evidence: str = "", lint: list[Lint] | None = None
) -> tuple[Signal, ...]:
    """The `tdm-reservation` and `tdm-policy` meta tags, about the HTML document itself, whose URL is `base`.

    A tag in the body is not metadata of the document; a 1 there still counts, a 0 does not.
    """
    tags = [tag for tag in page.meta if tag.name == _RESERVATION]
    named = next((tag for tag in page.meta if tag.name == _POLICY and tag.content.strip()), None)
    if not tags and named is None:
        return ()
    in_head = [tag for tag in tags if not tag.in_body]
    if len(in_head) < len(tags):
        note(lint, "meta_in_body", "tdm-reservation stands in the body", name=_RESERVATION)
    polarity, ambiguity = _settle([tag.content.strip() for tag in in_head], lint)
    if polarity is not Polarity.RESERVED and any(tag.in_body and tag.content.strip() == "1" for tag in tags):
        polarity, ambiguity = Polarity.RESERVED, "meta_in_body"
    if polarity is None and named is None:
        return ()
    said = next((tag for tag in tags if _SAYS.get(tag.content.strip()) is polarity), named or tags[0])
    return (
        Signal(
            kind="tdmrep.meta",
            purpose=Purpose.TDM,
            polarity=polarity or Polarity.UNSPECIFIED,
            strength=Strength.PREFERENCE,
            scope=Scope.RESPONSE,
            raw=clip(said.content),
            evidence=evidence,
            span=said.span,
            name=said.name,
            detail=_policy(polarity, "" if named is None else named.content.strip(), base, lint),
            ambiguity=ambiguity,
        ),
    )


def combine(
    file_signals: Iterable[Signal],
    header_signals: Iterable[Signal],
    meta_signals: Iterable[Signal],
    *,
    policies: Mapping[str, TdmPolicy] = _NO_POLICIES,
) -> tuple[Signal, ...]:
    """What is in force: meta supersedes header supersedes file, reservation and policy each on its own, and absence
    never resets either (TDMRep, "Processing priority"). `policies` by URL say under which terms a licence is given."""
    stating: tuple[Signal, ...] = ()
    policy = ""
    for carrier in (tuple(file_signals), tuple(header_signals), tuple(meta_signals)):
        stating = tuple(signal for signal in carrier if signal.polarity is not Polarity.UNSPECIFIED) or stating
        policy = next((signal.detail["policy"] for signal in carrier if "policy" in signal.detail), policy)
    found: list[Signal] = []
    for signal in stating:
        if signal.polarity is not Polarity.RESERVED or not policy:
            found.append(signal)
            continue
        named = signal if signal.detail.get("policy") == policy else _with_policy(signal, policy)
        known = policies.get(policy)
        found.extend((named,) if known is None else known.apply(named))
    return tuple(found)


def policies_named(signals: Iterable[Signal]) -> tuple[Url, ...]:
    """The policies that statements name, as far as they can be asked for: each once, no more than are read."""
    found: dict[str, Url] = {}
    for signal in signals:
        try:
            url = urls.parse(signal.detail.get("policy", ""))
        except UrlError:
            continue
        if len(found) < MAX_POLICIES:
            found.setdefault(url.href, url)
    return tuple(found.values())


def _with_policy(signal: Signal, policy: str) -> Signal:
    return replace(signal, detail={**signal.detail, "policy": policy})


def _entries(body: bytes, lint: list[Lint]) -> Iterable[object]:
    if len(body) > DEFAULT_LIMITS.wellknown_bytes:
        note(lint, "too_long", "the file is longer than is read")
        return ()
    text = body.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip()[:1] == b"<":
        note(lint, "html_not_tdmrep", "the body is markup, not JSON")
        return ()
    try:
        # orjson is strict on NaN, encoding and depth; the second reading keeps names that an object repeats.
        orjson.loads(text)
        parsed = json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError) as error:
        note(lint, "not_json", f"the file is not JSON: {clip(str(error))}")
        return ()
    if isinstance(parsed, _Members) or not isinstance(parsed, list):
        note(lint, "not_array", "the file is not an array of entries")
        return ()
    return parsed


def _rule(entry: object, position: int, base: Url | None, evidence: str, lint: list[Lint]) -> TdmRule | None:
    if not isinstance(entry, _Members):
        note(lint, "not_object", f"entry {position} is not an object")
        return None
    members = {name: value for name, value in entry if name in _NAMES and not isinstance(value, list)}
    raw = clip(json.dumps(members, ensure_ascii=False))
    for repeated in _repeated(entry):
        note(lint, "duplicate_key", f"entry {position} repeats {repeated}", raw=raw)
        if not _agree(entry, repeated):
            return None
    location = members.get("location")
    if not isinstance(location, str) or not location.strip():
        note(lint, "missing_location", f"entry {position} names no location", raw=raw)
        return None
    location = location.strip()
    if location[0] not in "/*":
        note(lint, "bad_location", f"the location of entry {position} is not a path", raw=raw)
        return None
    polarity, ambiguity = _reservation(members.get(_RESERVATION), position, raw, lint)
    if polarity is None:
        return None
    policy = members.get(_POLICY, "")
    if not isinstance(policy, str):
        note(lint, "bad_policy", f"the policy of entry {position} is not a URL", raw=raw)
        policy = ""
    signal = Signal(
        kind="tdmrep.file",
        purpose=Purpose.TDM,
        polarity=polarity,
        strength=Strength.PREFERENCE,
        scope=Scope.PATH,
        raw=raw,
        evidence=evidence,
        detail={"path": clip(location), **_policy(polarity, policy, base, lint)},
        ambiguity=ambiguity,
    )
    return TdmRule(path_pattern(location), signal, position)


def _repeated(entry: _Members) -> list[str]:
    names = [name for name, _ in entry]
    return [name for name in _NAMES if names.count(name) > 1]


def _agree(entry: _Members, repeated: str) -> bool:
    """True if a repeated name has one value. True is not 1 here, and a nested value is never compared."""
    first, *others = [value for name, value in entry if name == repeated]
    return not isinstance(first, list) and all(type(value) is type(first) and value == first for value in others)


def _reservation(value: object, position: int, raw: str, lint: list[Lint]) -> tuple[Polarity | None, str | None]:
    """A JSON `tdm-reservation`: the numbers 1 and 0; the string "1" is read as meant and flagged."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value in (0, 1):
        return _SAYS[str(int(value))], None
    if isinstance(value, str) and value.strip() == "1":
        note(lint, "string_value", f"the reservation of entry {position} is a string", raw=raw)
        return Polarity.RESERVED, "string_value"
    _note_unset(value, raw, lint)
    return None, None


def _settle(values: Iterable[str], lint: list[Lint] | None) -> tuple[Polarity | None, str | None]:
    """One reservation out of every value of a carrier; two that differ are read as the stricter."""
    found: set[Polarity] = set()
    for value in values:
        polarity = _SAYS.get(value)
        if polarity is None:
            _note_unset(value, value, lint)
        else:
            found.add(polarity)
    if len(found) > 1:
        note(lint, "conflicting_values", "tdm-reservation is both 1 and 0", name=_RESERVATION)
        return Polarity.RESERVED, "conflicting_values"
    return next(iter(found), None), None


def _note_unset(value: object, raw: str, lint: list[Lint] | None) -> None:
    meant = value is True or (isinstance(value, str) and value.strip().lower() in _MEANS_YES)
    code = "malformed_reservation" if meant else "bad_value"
    note(lint, code, "tdm-reservation is neither 1 nor 0 and stays unset", raw=raw, name=_RESERVATION)


def _policy(polarity: Polarity | None, written: str, base: Url | None, lint: list[Lint] | None) -> Mapping[str, str]:
    """The policy's absolute URL. It counts only where rights are reserved ("if tdm-reservation is 0, TDM agents should
    not process tdm-policy"), here or by an earlier carrier."""
    if not written or polarity is Polarity.PERMITTED:
        return {}
    text = written[: DEFAULT_LIMITS.url_length]
    try:
        url = urls.parse(text) if base is None else urls.join(base, text)
    except UrlError:
        note(lint, "bad_policy", "tdm-policy is not a URL", raw=text, name=_POLICY)
        return {"policy": text}
    if not text.lower().startswith(("http://", "https://")):
        note(lint, "relative_policy", "tdm-policy should be an absolute URL", raw=text, name=_POLICY)
    return {"policy": url.href}
