"""The assets and licences of an RSL document (RSL 1.0 3.3 to 3.7), read from its elements.

Where an author departs from RSL 1.0, what is plainly meant is read and flagged; what might have been a condition
is kept as a doubt, so that no permission is made of it ("never expand rights").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity
from ..url import Url
from .rsl_scope import Asset, read_url
from .rsl_xml import Node, Place
from .statement import clip

USAGES: Mapping[str, frozenset[str]] = {
    "ai-train": frozenset(("ai-train", "ai-all", "all")),
    "ai-input": frozenset(("ai-input", "ai-all", "all")),
    "ai-index": frozenset(("ai-index", "ai-all", "all")),
    "search": frozenset(("search", "all")),
}
"""The usages that are answered for, each with the tokens that cover it."""

_USAGE_TOKENS = frozenset().union(*USAGES.values())
# Words of drafts before RSL 1.0. What they refuse is refused; what they permit is not one of today's uses.
_EARLIER: Mapping[str, str] = {
    "train-ai": "ai-train",
    "train-genai": "ai-train",
    "train": "ai-train",
    "tdm": "ai-all",
    "ai": "ai-all",
    "ai-use": "ai-input",
    "ai-summarize": "ai-input",
}
_USER_TOKENS = frozenset(("commercial", "non-commercial", "education", "government", "personal"))
_TYPES = ("usage", "user", "geo")
_TOKEN = re.compile(r"[^\s,;]++")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")

_PRICED = frozenset(("purchase", "subscription", "training", "crawl", "use"))
_PAYMENTS = _PRICED | {"contribution", "attribution", "free"}
_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?\Z")

_EVERYBODY = "all"

_CHILDREN: Mapping[str, frozenset[str]] = {
    "rsl": frozenset(("content",)),
    "content": frozenset(("license", "alternate", "schema", "copyright", "terms")),
    "license": frozenset(("permits", "prohibits", "payment", "reporting", "legal")),
    "payment": frozenset(("standard", "custom", "amount", "accepts")),
}
_KNOWN = frozenset(_CHILDREN) | frozenset().union(*_CHILDREN.values())

Notes = dict[str, Lint]
"""Lint by code: the first of each."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What `permits` or `prohibits` of one type list, all elements of that type together."""

    tokens: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Payment:
    """A `payment` as it bears on use: priced, conditional, or permitted where it is free."""

    polarity: Polarity
    detail: Mapping[str, str]
    place: Place
    ambiguity: str | None = None


@dataclass(frozen=True, slots=True)
class License:
    """One offer. `permits` and `prohibits` by type; `doubt` names what might be a condition we do not know."""

    place: Place
    permits: Mapping[str, Rule] = field(default_factory=dict)
    prohibits: Mapping[str, Rule] = field(default_factory=dict)
    payment: Payment | None = None
    reporting: Place | None = None
    doubt: str | None = None

    @property
    def empty(self) -> bool:
        """True if nothing was written in it."""
        return not (self.permits or self.prohibits or self.payment or self.reporting)


@dataclass(frozen=True, slots=True)
class Content:
    """One `content`. `server` is the licence server, empty where none; `links` are URLs and addresses for people."""

    asset: Asset
    licenses: tuple[License, ...]
    place: Place
    server: str | None = None
    encrypted: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    doubt: str | None = None


def contents(root: Node, *, base: Url | None, placed: bool, lint: Notes) -> tuple[Content, ...]:
    """The `content` elements of a document. `base` is the site that is spoken of; `placed` says that the
    document is bound to one response or page, so that an empty `url` means just that."""
    _unknown_children(root, lint)
    return tuple(_content(node, base, placed, lint) for node in root.all("content"))


def max_age(root: Node, lint: Notes) -> int:
    """Days for which the document may be kept: `max-age`, 30 where it is missing or unreadable."""
    value = root.get("max-age")
    if value is None:
        return 30
    if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        _note(lint, "bad_max_age", "max-age is not a number of days; 30 counts", root, value)
        return 30
    return int(value)


def _content(node: Node, base: Url | None, placed: bool, lint: Notes) -> Content:
    doubt = _unknown_children(node, lint)
    licenses = [_license(child, lint) for child in node.all("license")]
    if not licenses:
        _note(lint, "no_license", "a content without a license offers nothing", node)
    # A prohibition beside the licences is a mistake, but no doubt a prohibition.
    stray = _rules(node, "prohibits", lint)[0]
    if stray:
        licenses.append(License(node.place, prohibits=stray))
    links: dict[str, str] = {}
    for name, attribute in (("copyright", "contactUrl"), ("copyright", "contactEmail"), ("terms", "")):
        for child in node.all(name):
            value = child.get(attribute) if attribute else child.text
            if value:
                links.setdefault("contact" if attribute else "terms", value[: DEFAULT_LIMITS.url_length])
    server = node.get("server")
    if server == "":
        _note(lint, "empty_server", "server is empty; a licence token is taken to be needed", node)
    return Content(
        asset=_asset(node, base, placed, lint),
        licenses=tuple(licenses),
        place=node.place,
        server=None if server is None else server[: DEFAULT_LIMITS.url_length],
        encrypted=(node.get("encrypted") or "").lower() == "true",
        links=links,
        doubt=doubt,
    )


def _asset(node: Node, base: Url | None, placed: bool, lint: Notes) -> Asset:
    written = node.get("url")
    text = clip(written or "")
    if not written:
        if placed and written is not None:
            return Asset(text, "/")
        doubt = "missing_url" if written is None else "empty_url"
        _note(lint, doubt, "a content names no url here; what it restricts is taken to be everything", node)
        return Asset(text, "/", doubt)
    if len(written) > DEFAULT_LIMITS.url_length:
        _note(lint, "url_too_long", "a url is longer than is read", node, written)
        return Asset(text, "/", "url_too_long")
    asset, code = read_url(written, base)
    if code is not None:
        message = "a url names another host and speaks of nothing here"
        if code == "no_leading_slash":
            message = "a url should be absolute or begin with '/'"
        _note(lint, code, message, node, written)
    return asset


def _license(node: Node, lint: Notes) -> License:
    doubt = _unknown_children(node, lint)
    permits, unsure_permits = _rules(node, "permits", lint)
    prohibits, unsure_prohibits = _rules(node, "prohibits", lint)
    payments = [_payment(child, lint) for child in node.all("payment")]
    if len(payments) > 1:
        _note(lint, "repeated_element", "a license has more than one payment; the strictest counts", node)
    payments.sort(key=lambda payment: list(Polarity).index(payment.polarity))
    granted = permits["usage"].tokens if "usage" in permits else frozenset()
    refused = prohibits["usage"].tokens if "usage" in prohibits else frozenset()
    if any(granted & covering and refused & covering for covering in USAGES.values()) and not _carved(granted, refused):
        _note(lint, "contradiction", "a license permits what it prohibits; the prohibition counts", node)
    license_ = License(
        place=node.place,
        permits=permits,
        prohibits=prohibits,
        payment=payments[0] if payments else None,
        reporting=next((child.place for child in node.all("reporting")), None),
        doubt=doubt or unsure_prohibits or unsure_permits,
    )
    if license_.empty:
        _note(lint, "empty_license", "a license without terms grants nothing in words", node)
    return license_


def _carved(granted: frozenset[str], refused: frozenset[str]) -> bool:
    """True if a broad permission is narrowed by a prohibition, such as `all` but not `ai-train`."""
    return not refused & granted and not refused & {"all", "ai-all"}


def _rules(node: Node, name: str, lint: Notes) -> tuple[dict[str, Rule], str | None]:
    """The rules of one name by type, and a doubt where something in a rule was not understood."""
    found: dict[str, Rule] = {}
    doubt: str | None = None
    for child in node.all(name):
        kind, extra = _type(child, lint)
        if kind is None:
            doubt = "unknown_type"
            continue
        tokens, unknown = _tokens(child, kind, lint)
        tokens |= extra
        # A word we do not know may be a refusal; among permissions it is only one that is not ours.
        doubt = doubt or ("unknown_token" if unknown and name == "prohibits" else None)
        earlier = found.get(kind)
        if earlier is not None:
            _note(lint, "repeated_element", f"{name} of type {kind} stands more than once; all count", child)
            tokens |= earlier.tokens
        found[kind] = Rule(frozenset(tokens), earlier.place if earlier else child.place)
    return found, doubt


def _type(node: Node, lint: Notes) -> tuple[str | None, frozenset[str]]:
    written = node.get("type")
    kind = (written or "").lower()
    if kind in _TYPES:
        return kind, frozenset()
    if not kind:
        _note(lint, "missing_type", f"{node.name} has no type; usage is taken to be meant", node)
        return "usage", frozenset()
    if kind in _USAGE_TOKENS:
        _note(lint, "token_as_type", f"{node.name} has a usage for its type", node, kind)
        return "usage", frozenset((kind,))
    _note(lint, "unknown_type", f"{node.name} has a type that RSL does not define", node, kind)
    return None, frozenset()


def _tokens(node: Node, kind: str, lint: Notes) -> tuple[set[str], bool]:
    """The tokens of a rule that RSL defines, and whether there are others. Prefixed tokens are extensions."""
    text = node.text
    if "," in text or ";" in text:
        _note(lint, "comma_list", "tokens are separated by spaces (commas are RSL 0.9)", node, text)
    found: set[str] = set()
    unknown = False
    for word in dict.fromkeys(_TOKEN.findall(text)):
        if ":" in word:
            continue
        token = word.upper() if kind == "geo" else word.lower()
        if kind == "geo":
            token = {"UK": "GB", "ALL": _EVERYBODY}.get(token, token)
            known = token == _EVERYBODY or _COUNTRY.match(token) is not None
        else:
            if kind == "usage" and node.name == "prohibits" and token in _EARLIER:
                _note(lint, "rsl_0_9", f"{word[:40]} is a word of an earlier draft of RSL", node, word)
                found.add(_EARLIER[token])
                continue
            known = token in (_USAGE_TOKENS if kind == "usage" else _USER_TOKENS | {_EVERYBODY})
        if token != word and known:
            _note(lint, "letter_case", f"tokens of type {kind} are written otherwise", node, word)
        if known:
            found.add(token)
        if not known or (token == _EVERYBODY and kind != "usage"):
            unknown = unknown or not known
            _note(lint, "unknown_token", f"{word[:40]} is no {kind} that RSL defines", node, word)
    if not found:
        _note(lint, "no_token", f"{node.name} names nothing that RSL defines", node, text)
    return found, unknown


def _payment(node: Node, lint: Notes) -> Payment:
    _unknown_children(node, lint)
    kind = (node.get("type") or "").lower()
    detail: dict[str, str] = {}
    polarity, ambiguity = Polarity.PERMITTED, None
    if kind == "inference":
        _note(lint, "rsl_0_9", "payment for inference is RSL 0.9; RSL 1.0 says use", node)
        polarity = Polarity.PRICED
    elif kind in _PRICED:
        polarity = Polarity.PRICED
    elif kind not in _PAYMENTS:
        code = "unknown_payment" if kind else "missing_payment_type"
        _note(lint, code, "the type of a payment is not one that RSL defines; it is taken for a price", node, kind)
        polarity, ambiguity = Polarity.PRICED, code
    elif kind != "free":
        polarity = Polarity.CONDITIONAL
    for name in ("standard", "custom"):
        link = next((child.text for child in node.all(name) if child.text), "")
        if link:
            detail[name] = link[: DEFAULT_LIMITS.url_length]
    amounts = list(node.all("amount"))
    detail |= _amount(amounts, kind, lint) if amounts else {}
    zero = "price" in detail and not detail["amount"].strip("0.")
    if amounts and not zero and kind in ("free", "attribution"):
        _note(lint, "free_with_amount", f"a payment of type {kind} names an amount; it is taken for a price", node)
        polarity, ambiguity = Polarity.PRICED, "free_with_amount"
    elif zero and polarity is Polarity.PRICED:
        ambiguity = ambiguity or "zero_amount"
    if polarity is Polarity.PRICED and "amount" not in detail:
        detail["amount"] = "unknown"
    return Payment(polarity, {"type": kind[:40], **detail}, node.place, ambiguity)


def _amount(nodes: list[Node], kind: str, lint: Notes) -> dict[str, str]:
    node = nodes[0]
    if len(nodes) > 1:
        _note(lint, "repeated_element", "a payment names more than one amount; the first is shown", node)
    text, currency = node.text, (node.get("currency") or "").upper()
    if not _AMOUNT.match(text):
        _note(lint, "bad_amount", "an amount is not a decimal number", node, text)
        return {"amount": "unknown"}
    if currency == "XBT":
        _note(lint, "rsl_0_9", "currency XBT is RSL 0.9 and no code of ISO 4217", node)
    elif not re.fullmatch(r"[A-Z]{3}", currency):
        _note(lint, "bad_currency", "an amount has no currency of three letters", node, currency)
        currency = ""
    price = " ".join(filter(None, (text, currency)))
    return {"amount": text, "currency": currency or "unknown", "price": f"{price}/{kind or 'unknown'}"[:80]}


def _unknown_children(node: Node, lint: Notes) -> str | None:
    """A doubt where an element stands that RSL does not define, or does not define here."""
    allowed: Iterable[str] = _CHILDREN[node.name]
    doubt = None
    for child in node.children:
        if child.name not in allowed:
            doubt = "misplaced" if child.name in _KNOWN else "nonconformant"
            _note(lint, doubt, f"{child.name[:40]} is no element of {node.name} in RSL 1.0", child, child.name)
    return doubt


def _note(lint: Notes, code: str, message: str, node: Node, raw: str = "") -> None:
    if code not in lint:
        lint[code] = Lint(code=code, message=message, raw=clip(raw), line=node.place.line, name=node.name[:40])
