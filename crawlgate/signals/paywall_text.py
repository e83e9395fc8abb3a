"""What a page says and shows of its own paywall: words for the reader, and a paid part that is hidden or cut short.

Words and hiding tell that the article is sold or for members; how much of it this copy holds is not measured. So
both are indications, never more.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from .markup import END, OPEN, START, attributes, tokens
from .wording import holds_any

MAX_SIGNALS = 8
"""Signals of one page that are kept; further ones repeat the first."""

MAX_PARTS = 100
"""Elements of one selector that are looked at."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 512
MAX_WORK = 200_000
"""Bounds of what is given to a tree builder: bytes, open elements, and the elements that misnested formatting
(`<b><p></b>`) makes it build again. Beyond them builders take seconds (docs/dependencies.md)."""

MAX_TAG = 1024
"""Octets of a tag above which its attributes are counted; more than 256 attributes are not parsed."""

# --- Words -------------------------------------------------------------------------------------------------

_BLOCK = 400
_WORDS = {
    "ja.members": re.compile(
        r"この(?:記事|続き|先|コンテンツ|ページ|投稿)(?:の(?:続き|全文))?(?:は|を).{0,16}?"
        r"(?:有料|会員(?:限定|専用|のみ|の方)|会員登録|購読者|メンバーシップ|プレミアム)"
        r"|(?:続き|全文)(?:は|を|の閲覧).{0,24}?(?:有料|会員|購読|ご?購入|ログイン|ご?登録)"
        r"|ここから先は.{0,24}?(?:有料|会員|購読|ご?購入|ログイン|登録)|\Aここから先は\Z"
        r"|(?:ログイン|サインイン|購読)して(?:続き|全文|記事)を|この続きをみるには|有料会員(?:に(?:なる|登録する)と|限定(?:の)?(?:記事|コンテンツ)です)"
        r"|会員登録(?:すると|して|いただくと).{0,20}?(?:続き|全文|記事)(?:を|が|も)"
    ),
    # A round number is the counter of an input field.
    "ja.remaining": re.compile(
        r"残り[:\s]*(?!(?:140|255|[0-9,]*00)\s*(?:文|字))[0-9,]{2,9}\s*文?字|記事の残り\s*[0-9]{1,2}\s*%"
        r"|残り[:\s]*[0-9,]{2,9}\s*文?字[\s(/]*全文"
    ),
    "en.members": re.compile(
        r"\bthis (?:article|story|content|post|page|report|premium content) is (?:\w+ )?"
        r"(?:for|available (?:only )?(?:to|for)|exclusive(?:ly)? (?:to|for)|reserved for|restricted to|limited to)"
        r" (?:\w+ ){0,3}(?:subscribers?|members?|registered users)\b"
        r"|\b(?:subscribe|sign up|sign in|log in|register|become a (?:\w+ )?(?:member|subscriber)|buy|purchase)\b"
        r"[^.]{0,40}? to (?:continue|keep) reading\b"
        r"|\b(?:subscribe|register|sign in|log in|become a (?:\w+ )?(?:member|subscriber))\b"
        r"[^.]{0,30}? to (?:read|unlock|access|view|see)"
        r" (?:the (?:full|rest|entire|complete|whole)|this (?:article|story))"
        r"|\bto (?:continue|keep) reading\b[^.]{0,60}?"
        r"\b(?:subscribe|subscription|sign in|log in|register|account|trial)\b"
        r"|\b(?:continue|keep) reading (?:\w+ ){0,4}with (?:a|an|your) (?:\w+ ){0,3}"
        r"(?:subscription|account|trial|membership)"
        r"|\bunlock (?:this|the (?:full|rest of the)) (?:article|story|post|content)\b"
    ),
    "en.metered": re.compile(
        r"\byou(?:'ve| have) (?:reached|used|read|hit|exceeded)\b[^.]{0,50}?\b(?:free|complimentary|monthly)\b"
        r"[^.]{0,30}?\b(?:articles?|stories|limit|pages)\b"
        r"|\byou(?:'ve| have) reached your (?:\w+ ){0,3}(?:article|reading|story) limit\b"
    ),
    "en.gated": re.compile(
        r"\byou need to (?:agree to (?:share|accept)|accept)\b[^.]{0,80}?"
        r" to access (?:this|the|its) (?:dataset|data|files?|model|repository|content)"
    ),
    "en.remaining": re.compile(r"\b[0-9][0-9,]{1,8} (?:more )?words (?:remaining|left|to go)\b"),
}
FINDING = tuple(_WORDS.values())
"""One of these matches in every sentence that counts."""

_MAY_SAY = re.compile(
    r"この|続き|全文|先は|して記事を|有料会員|会員登録|残り|\bthis\b|reading|\bread\b|\bto (?:unlock|access|view|see)\b"
    r"|unlock|reached|used|exceeded|remaining|\bleft\b|to go"
)
# What `_MAY_SAY` is made of, found faster in a whole text.
_SAYING = (
    *(
        "この",
        "続き",
        "全文",
        "先は",
        "して記事を",
        "有料会員",
        "会員登録",
        "残り",
        "this",
        "read",
        "unlock",
        "to access",
    ),
    *("to view", "to see", "reached", "used", "exceeded", "remaining", "left", "to go"),
)
_TAKEN_BACK = re.compile(
    r"無料(?:公開|で(?:お読み|読め|ご覧|全文))|(?:でし|され)たが|ありません|不要|\b(?:no|without)\b[^.]{0,20}\b(?:subscription"
    r"|registration|account|paywall)\b|\b(?:is|was|were) (?:no longer|not)\b|\bfree to read\b|\bneed not\b"
)

# --- Hiding ------------------------------------------------------------------------------------------------

_SELECTOR = re.compile(r"(?:[a-zA-Z][\w-]{0,40})?(?:[.#]-?[a-zA-Z_][\w-]{0,80}){0,4}", re.ASCII)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:max-)?height\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|filter\s*:\s*blur"
)
_HIDDEN_CLASS = re.compile(r"(?:is-|u-|js-)?(?:hidden|hide|invisible|d-none|display-none|visually-hidden|blurred|blur)")
_CUT_END = re.compile(r"(?:…|\.\.\.|‥)\]?\s?\Z")
_SHORT, _TEASER = 200, 1_500
_ANCESTORS = 12

_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_MAY_STAY_OPEN = frozenset(
    b"html head body p li dt dd option optgroup tr td th thead tbody tfoot colgroup caption rp rt".split()
)


def words(text: str, *, evidence: str = "") -> tuple[Signal, ...]:
    """`paywall.text` for each sentence that tells the reader to pay, register or log in to read on. Never raises.

    `text` is the visible text, a block a line. `detail["pattern"]` names the language and what was found.
    """
    found: dict[tuple[str, str], Signal] = {}
    for block in text.split("\n") if holds_any(text, _SAYING) else ():
        for piece in _pieces(block):
            said = unicodedata.normalize("NFKC", piece).casefold()[: 2 * _BLOCK].replace("’", "'").strip()
            if not _MAY_SAY.search(said) or _TAKEN_BACK.search(said):
                continue
            for name, pattern in _WORDS.items():
                if pattern.search(said):
                    quoted = piece.strip()[: DEFAULT_LIMITS.raw_text]
                    found.setdefault(
                        (name, quoted),
                        _signal(Strength.NOTICE, Scope.RESPONSE, quoted, evidence, {"pattern": name}),
                    )
                    break
        if len(found) >= MAX_SIGNALS:
            break
    return tuple(found.values())[:MAX_SIGNALS]


def hidden(body: bytes, marks: Iterable[Signal], *, evidence: str = "") -> tuple[Signal, ...]:
    """`paywall.text` for each part that the markup calls paid and the page hides or cuts short. Never raises.

    `marks` are the signals of `paywall.read`. A part that is not there, or shows its whole text, says nothing.
    A page that a tree builder cannot be trusted with is not looked at (`parseable`).
    """
    selectors = list(dict.fromkeys(_selectors(marks)))[:MAX_SIGNALS]
    if not selectors or not parseable(body):
        return ()
    tree = LexborHTMLParser(body)
    for node in tree.css("script, style, noscript, template"):
        node.decompose()
    found = []
    for selector in selectors:
        try:
            state = _state(tree.css(selector)[:MAX_PARTS])
        except SelectolaxError:  # a selector that is not one after all
            continue
        if state is not None:
            how, quoted = state
            detail = {"selector": selector, "pattern": how}
            found.append(_signal(Strength.OFFER, Scope.ELEMENT, quoted, evidence, detail))
    return tuple(found)


def parseable(data: bytes) -> bool:
    """True if a tree builder reads `data` in time: few open elements, few attributes, little misnested formatting.

    One pass over the tags. What is counted is the work that a builder would have.
    """
    if len(data) > MAX_BYTES:
        return False
    opened: Counter[bytes] = Counter()
    depth = formatting = work = 0
    for token in tokens(data):
        kind, name, start, end = token
        if kind == OPEN:
            return end - start <= MAX_TAG or name == b"!--"
        if kind == START and name not in _VOID:
            if end - start > MAX_TAG and attributes(data, token)[1]:
                return False
            opened[name] += 1
            if name in _FORMATTING:
                formatting += 1
            else:
                work += formatting
                depth += name not in _MAY_STAY_OPEN
        elif kind == END and opened[name] > 0:
            opened[name] -= 1
            if name in _FORMATTING:
                formatting -= 1
            else:
                depth -= name not in _MAY_STAY_OPEN
        if depth > MAX_DEPTH or formatting > MAX_DEPTH or work > MAX_WORK:
            return False
    return True


def _signal(strength: Strength, scope: Scope, raw: str, evidence: str, detail: dict[str, str]) -> Signal:
    return Signal(
        kind="paywall.text",
        purpose=Purpose.ACCESS,
        polarity=Polarity.CONDITIONAL,
        strength=strength,
        scope=scope,
        raw=raw[: DEFAULT_LIMITS.raw_text],
        evidence=evidence,
        detail=detail,
    )


def _pieces(block: str) -> Iterator[str]:
    """Sentences of a block, bounded; a text without sentences is cut."""
    for sentence in re.split(r"(?<=[。！？!?])|(?<=[.．])\s+", block):
        for start in range(0, len(sentence), _BLOCK):
            yield sentence[start : start + _BLOCK]


def _selectors(marks: Iterable[Signal]) -> Iterator[str]:
    """The simple selectors of the marks; a selector is text of a stranger, and only classes, ids and names are run."""
    for mark in marks:
        for selector in mark.detail.get("selector", "").split(","):
            parts = selector.split()
            if 0 < len(parts) <= 3 and all(_SELECTOR.fullmatch(part) for part in parts):
                yield " ".join(parts)


def _state(nodes: list[LexborNode]) -> tuple[str, str] | None:
    """How the parts of one selector are shown: `hidden`, `cut`, or None for shown in full or not there."""
    if not nodes:
        return None
    texts = [" ".join(node.text(separator=" ").split()) for node in nodes]
    veiled = [text for node, text in zip(nodes, texts, strict=True) if text and _is_hidden(node)]
    if veiled:
        return "hidden", max(veiled, key=len)
    shown = " ".join(text for text in texts if text)
    weight = (len(shown) + len(shown.encode("utf-8", "replace"))) // 2  # a Japanese character counts 2
    if weight < _SHORT or (weight < _TEASER and _CUT_END.search(shown)):
        return "cut", shown
    return None


def _is_hidden(node: LexborNode) -> bool:
    current: LexborNode | None = node
    for _ in range(_ANCESTORS):
        if current is None or current.tag in ("body", "html"):
            return False
        found = current.attributes
        if "hidden" in found or (found.get("aria-hidden") or "").lower() == "true":
            return True
        if _HIDDEN_STYLE.search((found.get("style") or "")[:1000].lower()):
            return True
        if any(_HIDDEN_CLASS.fullmatch(name) for name in (found.get("class") or "")[:1000].lower().split()):
            return True
        current = current.parent
    return False
