"""An inspection in words that a site's owner understands, in English or Japanese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..explain import printable
from ..model import Polarity, Purpose, Signal
from ..signals import kinds
from .outcome import Inspection

_PURPOSES: Mapping[str, Mapping[Purpose, str]] = {
    "en": {
        Purpose.CRAWL: "fetching this page",
        Purpose.ACCESS: "access to this page",
        Purpose.TDM: "text and data mining",
        Purpose.TRAIN: "training of AI models",
        Purpose.TRAIN_GEN: "training of generative models",
        Purpose.AI_INPUT: "input to AI answers",
        Purpose.SEARCH: "search",
    },
    "ja": {
        Purpose.CRAWL: "このページの取得",
        Purpose.ACCESS: "このページへのアクセス",
        Purpose.TDM: "テキスト・データマイニング",
        Purpose.TRAIN: "AIモデルの学習",
        Purpose.TRAIN_GEN: "生成AIモデルの学習",
        Purpose.AI_INPUT: "AIの回答への入力",
        Purpose.SEARCH: "検索",
    },
}
_POLARITIES: Mapping[str, Mapping[Polarity, str]] = {
    "en": {
        Polarity.RESERVED: "reserved: do not",
        Polarity.PRICED: "for a fee",
        Polarity.CONDITIONAL: "under conditions",
        Polarity.PERMITTED: "permitted",
        Polarity.UNSPECIFIED: "not spoken of",
    },
    "ja": {
        Polarity.RESERVED: "留保（認めない）",
        Polarity.PRICED: "有償",
        Polarity.CONDITIONAL: "条件付き",
        Polarity.PERMITTED: "許可",
        Polarity.UNSPECIFIED: "言及なし",
    },
}
_SAID: Mapping[str, Mapping[Polarity, str]] = {
    "en": {**_POLARITIES["en"], Polarity.UNSPECIFIED: "decides nothing"},
    "ja": {**_POLARITIES["ja"], Polarity.UNSPECIFIED: "何も定めない"},
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "head": "What this site says to an AI crawler about {url}",
        "statements": "Statements",
        "none": "No statement was found.",
        "everybody": "to everybody",
        "ours": "to this crawler by name",
        "other": "to {name}",
        "more": "{n} more of this kind",
        "stricter": "read in the stricter of two ways: {why}",
        "line": "line {n}",
        "lint": "Probably not meant as it stands",
        "not": "Not an opt-out, though it is taken for one",
        "train": "A crawler that keeps to these statements does not take this page for AI training.",
        "price": "A crawler that keeps to these statements does not take this page for AI training without a licence.",
        "crawl": "A crawler that keeps to robots.txt does not fetch this page.",
        "unreachable": "robots.txt could not be had: a careful crawler fetches nothing here for now.",
        "withheld": "robots.txt itself is withheld: crawlers read that as anything from all to nothing.",
        "access": "The page is not handed out as it is: a login, a test, a payment or a refusal stands before it.",
        "unread": "The page was not had whole: what the rest of it says is unknown.",
        "words": "AI training or mining is refused in words; no line that machines read says so to everybody.",
        "silent": "Nothing here speaks to everybody about AI training; a crawler that is not named is told nothing.",
        "open": "AI training on this page is expressly permitted.",
        "others": "Refusals of crawlers by name reach crawlers of other names only where they read them as a wish.",
    },
    "ja": {
        "head": "{url} についてこのサイトがAIクローラに示していること",
        "statements": "意思表示",
        "none": "意思表示は見つからなかった。",
        "everybody": "すべての相手に",
        "ours": "本クローラを名指し",
        "other": "{name} に",
        "more": "同種のものが他に{n}件",
        "stricter": "二つの読み方のうち厳しい方による: {why}",
        "line": "{n}行目",
        "lint": "意図と異なるとみられる記述",
        "not": "オプトアウトと誤解されやすいが、そうではないもの",
        "train": "これらに従うクローラは、このページをAI学習に用いない。",
        "price": "これらに従うクローラは、許諾なしにこのページをAI学習に用いない。",
        "crawl": "robots.txtに従うクローラは、このページを取得しない。",
        "unreachable": "robots.txtを取得できず、慎重なクローラは当面このサイトから何も取得しない。",
        "withheld": "robots.txt自体が提供されず、クローラの受け取り方は全面許可から全面不許可まで分かれる。",
        "access": "このページはそのままでは提供されない（ログイン、判別、支払又は拒否が先に立つ）。",
        "unread": "このページは全体を取得できず、残りの部分の意思表示は不明である。",
        "words": "AI学習又は解析は自然文で拒否されており、すべての相手に向けた機械可読の記述はない。",
        "silent": "AI学習についてすべての相手に向けた記述はなく、名指しされていないクローラには何も示されていない。",
        "open": "このページのAI学習への利用は明示的に許可されている。",
        "others": "名指しの拒否は、他の名のクローラには、そこに意思を読み取る場合にのみ及ぶ。",
    },
}
_SHOWN = 3  # quotes of one kind of statement
_DETAILS = ("price", "amount", "currency", "policy", "duties", "contact", "licence", "vendor", "error", "blocked_by")


def describe(inspection: Inspection, lang: str = "en") -> Iterator[str]:
    """The lines of a text: what is in force for each purpose, what follows, every statement with its place, lint."""
    words = _WORDS[lang]
    yield words["head"].format(url=printable(inspection.url.href))
    for purpose, polarity in inspection.effective.items():
        yield f"  {_pad(_PURPOSES[lang][purpose], 30)}  {_POLARITIES[lang][polarity]}"
    yield ""
    for key in _gist(inspection):
        yield words[key]
    yield ""
    yield words["statements"] if inspection.signals else words["none"]
    for said in _grouped(inspection.signals):
        yield from _statement(said, lang)
    if inspection.lint:
        yield ""
        yield words["lint"]
    for lint in inspection.lint:
        places = (printable(lint.name or ""), words["line"].format(n=lint.line) if lint.line else "")
        where = ", ".join(filter(None, places))
        where = f"{where}: " if where else ""
        raw = f"  ({printable(lint.raw)})" if lint.raw else ""
        yield f"  {where}{lint.message} [{lint.code}]{raw}"
    mistaken = inspection.facts.get("not_opt_outs")
    if mistaken:
        yield ""
        yield words["not"]
        for name, why in mistaken.items():
            yield f"  {printable(name)}: {why}"


def _gist(inspection: Inspection) -> Iterator[str]:
    """What follows for a crawler that keeps to the statements, in a sentence or two."""
    effective = inspection.effective
    barred = Polarity.RESERVED in (effective[Purpose.CRAWL], effective[Purpose.ACCESS])
    barred = barred or Polarity.PRICED in (effective[Purpose.CRAWL], effective[Purpose.ACCESS])
    reason = inspection.facts.get("reason")
    if reason in ("unreachable", "withheld"):
        yield str(reason)
    elif effective[Purpose.CRAWL] is Polarity.RESERVED:
        yield "crawl"
    elif barred:
        yield "access"
    training = effective[Purpose.TRAIN_GEN]
    if training is Polarity.RESERVED:
        yield "train"
    elif training in (Polarity.PRICED, Polarity.CONDITIONAL):
        yield "price"
    elif training is Polarity.PERMITTED:
        yield "open"
    elif any(signal.kind == "wording.refusal" for signal in inspection.signals):
        yield "words"
    elif not barred and not inspection.unread:
        yield "silent"
    if inspection.unread:
        yield "unread"
    if any(signal.kind == "robots.ai_agent" for signal in inspection.signals):
        yield "others"


def _grouped(signals: Iterable[Signal]) -> list[list[Signal]]:
    """Statements that were made together: one text, one polarity, for several purposes."""
    groups: dict[object, list[Signal]] = {}
    for signal in signals:
        groups.setdefault((signal.kind, signal.polarity, signal.subject), []).append(signal)
    return list(groups.values())


def _statement(said: list[Signal], lang: str) -> Iterator[str]:
    words, first = _WORDS[lang], said[0]
    kind = kinds.load().get(first.kind)
    about = ", ".join(dict.fromkeys(_PURPOSES[lang][signal.purpose] for signal in said))
    to = {"*": words["everybody"], "ours": words["ours"]}.get(first.subject)
    to = words["other"].format(name=printable(first.subject)) if to is None else to
    yield f"  {_pad(_SAID[lang][first.polarity], 18)} {about}, {to}"
    yield f"    {kind.words(lang) if kind is not None else first.kind}"
    places = list(dict.fromkeys(_place(signal, words) for signal in said))
    for place in places[:_SHOWN]:
        yield f"    {place}"
    if len(places) > _SHOWN:
        yield f"    {words['more'].format(n=len(places) - _SHOWN)}"
    doubts = dict.fromkeys(signal.ambiguity for signal in said if signal.ambiguity)
    for doubt in doubts:
        yield f"    ({words['stricter'].format(why=doubt.replace('_', ' '))})"


def _place(signal: Signal, words: Mapping[str, str]) -> str:
    line = f", {words['line'].format(n=signal.line)}" if signal.line is not None else ""
    kind = kinds.load().get(signal.kind)
    source = signal.name or (kind.carrier.partition(":")[0] if kind is not None else signal.kind)
    told = "; ".join(f"{name} {signal.detail[name]}" for name in _DETAILS if signal.detail.get(name))
    raw = signal.raw
    if signal.name is not None and raw.lower().startswith(signal.name.lower() + ":"):
        raw = raw[len(signal.name) + 1 :].strip()
    return f"{source}{line}: {printable(raw)}" + (f"  [{printable(told)}]" if told else "")


def _pad(text: str, width: int) -> str:
    """`text` filled up to a width of columns; a Japanese character takes two."""
    taken = sum(2 if ord(character) > 0x2E80 else 1 for character in text)
    return text + " " * max(0, width - taken)
