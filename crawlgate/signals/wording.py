"""Words for people, in Japanese and English: refusals of AI training, mining and scraping, and offers of data.

Words are no technical measure, but they are recorded. Read are sentences, not meanings: a sentence counts if it
names the subject (training, mining, crawling) and refuses it, and does not take the refusal back. Copyright
notices (無断転載禁止), the ABJ mark and marks of paid articles say nothing about AI and are not read.

Time is linear in the text by construction: it is cut into sentences of bounded length first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength

MAX_SENTENCE = 600
"""Characters of a sentence that are read at once; a longer one is read in overlapping pieces."""

MAX_PER_KIND = 16
"""Signals of one kind that are kept; further sentences of a long text repeat the first."""

_OVERLAP = 160
_SENTENCE_END = re.compile(r"(?<=[。！？!?])|(?<=[.．])\s+|\n")

# --- What is spoken of -------------------------------------------------------------------------------------

_AI = r"(?:ai|人工知能|llm|言語モデル|機械)"
_MODEL = r"(?:ai|artificial intelligence|machine[- ]learning|ml|llms?|language models?|neural networks?|models?)"
_SUBJECTS_JA: dict[Purpose, re.Pattern[str]] = {
    # 学習用データ is merchandise or teaching material, unless the text is used "as" it.
    Purpose.TRAIN: re.compile(
        _AI + r"[^。]{0,20}?学習(?!\s*用の?(?:データ|素材|教材|画像|コーパス)(?!.{0,6}として))"
        r"(?!コース|講座|教室|塾|アプリ|支援|指導|会|者)"
        r"|(?:機械|深層|追加|事前)学習|ディープラーニング"
        r"|無断(?:での|で|の)?\s*学習|(?:転載|複製)\s*[・、,/]\s*学習"
    ),
    Purpose.TDM: re.compile(r"(?:データ|テキスト)\s*マイニング|\btdm\b|情報解析|言語解析"),
    Purpose.CRAWL: re.compile(
        r"(?:クロ[ー\s]*リング|クローラー?|スクレイピング)(?!機能)|自動(?:化された手段|収集|巡回)"
    ),
    Purpose.AI_INPUT: re.compile(
        r"(?<![a-z])rag(?![a-z])|検索拡張生成|生成ai[^。]{0,16}?(?:への?入力|に入力|回答(?:の)?生成|要約)"
    ),
}
_SUBJECTS_EN: dict[Purpose, re.Pattern[str]] = {
    Purpose.TRAIN: re.compile(
        r"\b(?:train|training|fine-?tun(?:e|ing)|develop|developing|development of)\b[^.]{0,60}?\b" + _MODEL + r"\b"
        r"|\b(?:(?:generative )?ai|artificial intelligence|machine[- ]learning|ml|llms?|models?)[- ](?:model[- ])?"
        r"(?:training|learning|development)\b"
        r"|\bmachine[- ]learning\b"
    ),
    Purpose.TDM: re.compile(r"\b(?:text|data)(?:\s*(?:and|&|or|/)\s*data)?[- ]mining\b|\btdm\b"),
    Purpose.CRAWL: re.compile(
        r"\b(?:(?:web[- ]?)?scrap(?:e|es|ed|ing|ers?)|(?:web[- ]?)?crawl(?:s|ed|ing|ers?)?|spider(?:s|ing)?"
        r"|automated (?:means|access|collection|extraction|tools?|systems?)|(?:data )?harvest(?:ed|ing|ers?)?)\b"
    ),
    Purpose.AI_INPUT: re.compile(
        r"\bretrieval[- ]augmented generation\b|\brag\b|\bgrounding of (?:ai|language) models?\b"
    ),
}

# --- Refusals ----------------------------------------------------------------------------------------------

# Said in so few words that the rules for sentences do not see it.
_SHORT_JA = re.compile(
    r"(?:ai|人工知能|生成ai|機械)\s*学習\s*(?:利用|使用|目的)?\s*(?:は|:)?\s*(?:ng|×|✕)(?![a-z])"
    r"|(?:\A|[^a-z])no\s*(?:生成)?ai\s*学習"
    r"|(?:データ|テキスト)\s*マイニング\s*は[^。、]{0,8}?(?:でき|出来)ません(?!でした)"
)
# What cannot be done to the site's own things; of a program, できません tells what it is not able to do.
_CANNOT_JA = re.compile(
    r"(?:ai|人工知能)(?:等|など)?(?:の|への|による)?(?:機械)?学習\s*(?:に?は|も)\s*(?:でき|出来)ません(?!でした)"
)
_OWN_JA = re.compile(r"(?:当|本|弊)(?:サイト|社|ウェブ|ページ|作品|ブログ)|掲載|作品|画像|イラスト|コンテンツ|記事")
_REFUSAL_JA = re.compile(
    r"禁止|禁じ|禁ず|厳禁|不可(?!欠|能|避|分|日)|お断り|断りし|拒否|拒絶|留保"
    r"|(?:し|なさら|行わ|使わ|用い|させ)ないで(?:ください|下さい|頂|いただ)|しないよう|ご?遠慮|(?:お|差し)控え"
    r"|認め(?:ま|られま|ておりま|ていま)せん|認めない(?=もの|[。、\s]|\Z)|許(?:可|諾)(?:し|して(?:い|おり))ません|許諾いたしません"
    r"|(?:利用|使用|複製|収集|取得|提供|させる|する|行う|供する|用いる)[^。]{0,8}?(?:でき|出来)(?:ません(?!でした)|ない(?=もの|こと|[。、\s]|\Z))"
)
# What follows a refusing word and takes it back (禁止するものではありません, 禁止していません, 禁止を解除) or tells of
# somebody else's refusal (禁止した, 禁止する動き).
_TAKEN_BACK_JA = re.compile(
    r"[^。、\s]{0,12}?(?:(?:い|おり|し|され|あり|ござい)ません|(?:てい|し|では|は)ない(?!で)|じゃない|なくなり|解除|撤廃)"
    r"|(?:じ|し|され)た|(?:す)?べき|しよう|するよう|する(?!もの|こと|とともに|[。、」)\s]|\Z)|され(?!てい|てお|ま)"
)
# Between subject and refusal: the sentence permits or excepts the subject after all, ...
_PERMITS_JA = re.compile(r"\A\s*(?:以外|を除|は除)|許可し(?:ま|て)|認めて(?:い|お)|可能です|可能だ|自由に|歓迎")
# ... or refuses something else (AI学習サイト 無断転載禁止), unless it is one of several things refused.
_OTHER_OBJECT_JA = re.compile(r"(?:転載|複製|複写|引用|コピー|再配布|二次利用|立ち?入り?)\s*(?:を|は|等を|等は)?\s*\Z")
_JOINED_JA = re.compile(r"[・、,/&]|及び|および|並び|ならび|または|又は|や|と|目的|ため|への|に(?:利用|使用|供)")
# A heading refuses what follows it, in its own sentence or as the items of a list.
_HEADING_JA = re.compile(
    r"禁止(?:事項|行為)|(?:行為|利用)(?:を|は)(?:固く)?禁止|行為を(?:行って|して)は(?:なら|いけ)|してはなりません"
)
_ITEM_JA = re.compile(
    r"(?:行為|こと|利用|使用|収集|取得|学習|スクレイピング|クローリング|マイニング|解析)(?:[(][^)]{0,40}[)])?[。、;]?\s*\Z"
)
_HEADING_LENGTH, _LIST_ITEMS = 80, 20
_GAP_JA = 60

# Who says "you may not" or "do not" gives advice, unless property is spoken of.
_ADVICE_EN = re.compile(
    r"\b(?:you|users?|visitors?|third parties|anyone|no one|nobody|bots?|robots?|crawlers?|operators?)\s+"
    r"(?:\w+\s+){0,2}(?:(?:may|must|shall|can)\s?(?:not|never)|can't)\b"
    r"|\b(?:no one|nobody|no person)\s+(?:may|can|shall)\b|\bagrees? not to\b|\byou (?:\w+ )?will not\b"
    r"|(?:\A|[:;(•*-]|\bplease)\s*(?:please\s+)?(?:do not|don't|never)\b"
)
_PROPERTY_EN = re.compile(
    r"\b(?:contents?|materials?|web ?site|site|pages?|articles?|artworks?|photographs?|publications?|any part|prior"
    r"|permission|consent|services?)\b"
)
_REFUSAL_EN = re.compile(
    r"\b(?:may|must|shall|can)\s?(?:not|never) be\s+(?:\w+ly\s+)?(?:used|utili[sz]ed|reproduced|copied|scraped|crawled"
    r"|spidered|mined|extracted|harvested|collected|stored|processed|ingested|fed|included|undertaken|conducted)\b"
    r"|\b(?:do|does) not (?:allow|permit|consent|authori[sz]e|grant|agree)\b"
    r"|\b(?:not|never)\s+(?:be\s+)?(?:\w+ly\s+)?(?:permitted|allowed|authori[sz]ed|licensed|granted)\b"
    r"|\b(?:prohibit(?:s|ed)?|forbid(?:s|den)?|disallow(?:s|ed)?|banned|barred|unauthori[sz]ed)\b"
    r"|\bopt(?:s|ed|ing)? out\b|\bobjects? to\b"
    r"|(?<!requires )(?<!require )(?<!needs )(?<!need )\bno (?:permission|right|licen[cs]e|consent)\b"
    r"|\breserv(?:e|es|ed|ing)\b"
    r"|\bno (?:part|portion|content|material)\b[^.]{0,80}?"
    r"\bmay be (?:used|reproduced|copied|scraped|processed|ingested)\b"
)
# "Use of our content for AI training requires a licence" keeps it for those who have one.
_BY_LEAVE_EN = re.compile(
    r"\brequires? (?:(?:an?|our|the|your|prior|express|explicit|written|separate|and|or|its) ){0,5}"
    r"(?:permission|consent|approval|authori[sz]ation|licen[cs]e|agreement)\b"
)
_OWN_EN = re.compile(
    r"\b(?:of|from|on|to|in) (?:our|this|these) (?:\w+ ){0,2}?"
    r"(?:contents?|materials?|web ?site|site|pages?|works?|data)\b"
)
# A line that tells everybody not to, without a word for the property: a label on a page, no advice in a text.
_ORDER_EN = re.compile(
    r"\A\W*(?:please\s+)?(?:do not|don't)\s+(?:use|train|scrape|crawl|mine|copy|reproduce|repost)\b"
    r"(?!.*\b(?:your|if|when|unless|until|without (?:a|any|enough)) )"
)
_ORDER_LENGTH = 90
_SHORT_EN = re.compile(
    r"(?:\A|[^\w\s])\s*no\s+(?:(?:ai|llm|ml|machine[- ]learning|generative[- ]ai)(?:[/ -]\w+)?[- ]training"
    r"|(?:web[- ]?)?(?:scraping|crawling)|(?:text and )?data[- ]mining|tdm)\b"
    r"(?!\s+(?:\w+\s+){0,2}(?:required|needed|necessary|experience|skills|involved)|\s+(?:on|of|with)\s+your\b)"
)
# "has banned" and "was prohibited" tell of something, "should be banned" wishes it; "does not prohibit" takes it back.
_NEGATED_EN = re.compile(
    r"\b(?:was|were|has|have|had|should be|ought to be|would be|could be)\s+(?:been\s+)?(?:\w+ly\s+)?\Z"
    r"|\b(?:not|never|n't|no longer|nothing\b.{0,40}|neither|nor|without)\s+(?:\w+\s+){0,2}\Z"
)
_ALL_RIGHTS_EN = re.compile(r"\ball (?:\w+ )?rights (?:are )?(?:\w+ly )?\Z")
_INCLUDING_EN = re.compile(r"\A\W*(?:\w+\W+){0,4}?(?:includ|for|also|in particular|with respect|to the)")
_OWN_USE_EN = re.compile(
    r"\A\W*(?:the |all |our )*rights? to (?:use|train|scrape|crawl|develop|improve|monitor|change)"
)
_PERMITS_EN = re.compile(
    r"\b(?:(?:is|are|be) (?:\w+ly )?(?:permitted|allowed|welcome|encouraged|fine|ok)|except|other than|apart from"
    r"|excluding|does not (?:apply|extend|cover))\b"
)
_GAP_BEFORE_EN, _GAP_AFTER_EN = 240, 90

# --- Offers ------------------------------------------------------------------------------------------------

_ANALYSIS = re.compile(
    r"情報解析|データ(?:解析|分析)|マイニング|学習(?:用|データ|目的|への?)|生成ai|\btdm\b"
    r"|data[- ]mining|\bai training\b|\btrain(?:ing)?\b[^.]{0,40}\b(?:ai|models?)\b"
    r"|machine[- ]learning|\bdata analysis\b"
)
_LICENCE_DEAL = re.compile(
    r"(?:ライセンス(?!で|の下|のもと|に基づ|に従)|許諾|利用契約|使用料)[^。]{0,24}?"
    r"(?:契約|販売|提供(?:し|いた)|問い?合わ?せ|相談|申し?込|締結|取得|有償|お支払)"
    r"|(?:有償|有料)[^。]{0,12}?(?:ライセンス|許諾|提供)"
    r"|\b(?:obtain|purchase|buy|acquire|request|offers?|sells?|enter into)\b[^.]{0,40}?\blicen[cs]"
    r"|\blicen[cs](?:e|es|ing)\b[^.]{0,50}?"
    r"\b(?:available (?:for|on|upon|from)|contact|fees?|agreement|enquir|inquir|pricing|options)"
)
_DATA_SOLD = re.compile(
    r"(?:ai|機械|深層)?学習用(?:の)?データ[^。]{0,12}?(?:販売|有償|有料)|ai学習用(?:の)?データ[^。]{0,10}?提供"
    r"|(?:解析|分析)用データ[^。]{0,12}?(?:販売|有償|有料)"
    r"|\b(?:ai |machine[- ]learning )?training data(?:sets?)?\b[^.]{0,40}?(?:for sale|available for purchase)"
)
# A price beside the word データベース or API may belong to a book about it; a fee for a period does not.
_DATABASE_SOLD = re.compile(
    r"有料データベース|api\s*利用料|データ(?:提供|販売|ライセンス)サービス|データの?販売"
    r"|(?:法人|企業)(?:向け)?\s*(?:データ|ライセンス)[^。]{0,16}?(?:提供|販売|契約)|法人(?:向け)?データライセンス"
    r"|(?:データベース|アーカイブ)[^。]{0,10}?(?:を|の)有償(?:で)?(?:提供|利用)"
    r"|(?:データの?(?:一括)?(?:提供|ダウンロード)|一括提供|バルクデータ)[^。]{0,40}?(?:料金|価格|有料|有償|[1-9][0-9,]*\s*万?円)"
    r"|(?:データベース|データセット|csv|api)[^。]{0,40}?(?:年額|月額|年間|利用料|使用料|有料プラン|有償提供|有料提供)"
    r"|\b(?:bulk data|data ?sets?|data feeds?|data licens(?:e|es|ing))\b[^.]{0,60}?"
    r"(?:\b(?:for sale|available for purchase|pricing)\b|(?:\b(?:usd|eur|gbp|jpy)|[$€£¥])\s?[1-9])"
    r"|\b(?:buy|purchase) (?:our|this|the (?:full|complete)) (?:\w+ ){0,3}(?:data ?sets?|databases?|data feeds?)\b"
    r"|\b(?:databases?|api)\b[^.]{0,60}?"
    r"(?:\b(?:for sale|available for purchase|paid plans?|pricing plans?|subscription (?:plans?|fees?))\b"
    r"|(?:\b(?:usd|eur|gbp|jpy)|[$€£¥])\s?[1-9][0-9,.]*\s*(?:per|/)\s?(?:month|mo|year|annum|request|call)\b)"
)
# The site sells content to readers; that is no database, and told apart. Read in Japanese only: the English words stand
# in the menus of shops and newsletters.
_CONTENT_SOLD = re.compile(
    r"有料(?:会員|記事|プラン|コンテンツ)|(?:会員|購読者|プレミアム会員)限定|法人(?:向け)?\s*コーポレート|コーポレート(?:プラン|ライセンス|会員)"
)
_NOT_SOLD = re.compile(
    r"(?:販売|提供|契約|許諾)[^。、]{0,10}?(?:いま|おりま|しま|できま|ありま)せん"
    r"|\bnot (?:for sale|sold|offered|available)\b|\b(?:do|does) not (?:sell|offer)\b"
    # Where an article's data may be bought from somebody else.
    r"|\bavailable for purchase from\b"
)
_FREE = re.compile(r"無料|無償|不要|かかりません|free of charge|\bfor free\b|\bno charge\b|\bfree\b")
_AMOUNT = re.compile(r"[1-9][0-9,.]*\s*(?:万?円|usd|eur|gbp|jpy)|(?:usd|eur|gbp|jpy|[$€£¥])\s?[1-9]")

# --- Sentences that cannot say anything are passed by quickly ----------------------------------------------

_MAY_REFUSE = re.compile(
    r"ng|×|✕|禁|不可|断|拒|留保|ないで|ないよう|遠慮|控え|せん|ない|no|never|n't|requir|prohib|forbid|ban|barr|author|opt|objec|reserv"
)
_NAMING = (
    *(
        "学習",
        "ラーニング",
        "マイニング",
        "解析",
        "クロ",
        "スクレイピング",
        "自動",
        "生成",
        "rag",
        "train",
        "tun",
        "learning",
    ),
    *("mining", "tdm", "develop", "scrap", "crawl", "spider", "automated", "harvest", "retrieval", "grounding"),
)
_OFFERING = (
    *(
        "額",
        "料",
        "有償",
        "販売",
        "ライセンス",
        "許諾",
        "契約",
        "円",
        "データ",
        "限定",
        "コーポレート",
        "年間",
        "buy",
        "licen",
        "sale",
    ),
    *("pric", "plan", "usd", "eur", "gbp", "jpy", "$", "€", "£", "¥", "subscr", "purchase"),
)
_MAY_NAME = re.compile("|".join(map(re.escape, _NAMING)))
_MAY_OFFER = re.compile("|".join(map(re.escape, _OFFERING)))


FINDING = (
    *_SUBJECTS_JA.values(),
    *_SUBJECTS_EN.values(),
    *(_DATA_SOLD, _LICENCE_DEAL, _DATABASE_SOLD, _CONTENT_SOLD),
)
"""One of these matches in every sentence that counts."""


class _Said(NamedTuple):
    kind: str
    purpose: Purpose
    polarity: Polarity
    pattern: str


def read(text: str, *, evidence: str = "") -> tuple[Signal, ...]:
    """What a text says in words: `wording.refusal`, `wording.licence_offer`, `wording.paid_database`, and
    `wording.paid_content`, which sells articles and no data. Never raises.

    A line of `text` is a block of the page; no sentence goes beyond it. `raw` is the sentence as written;
    `detail["pattern"]` names the language and what was found.
    """
    found: list[Signal] = []
    kept: Counter[str] = Counter()
    seen: set[tuple[str, Purpose, str]] = set()
    context = _Context()
    if not holds_any(text, _NAMING + _OFFERING):
        return ()
    for raw in _sentences(text):
        sentence = unicodedata.normalize("NFKC", raw).casefold()[: 2 * MAX_SENTENCE]
        for said in (*_refusals(sentence, context), *_offers(sentence, context)):
            quoted = " ".join(raw.split())[: DEFAULT_LIMITS.raw_text]
            key = (said.kind, said.purpose, quoted)
            if key not in seen and kept[said.kind] < MAX_PER_KIND:
                seen.add(key)
                kept[said.kind] += 1
                found.append(_signal(said, quoted, evidence))
        context = context.after(sentence)
    return tuple(found)


def holds_any(text: str, words: Iterable[str]) -> bool:
    """True if one of `words` (folded) stands in a text, in any spelling that folds to it. In most pages none stands
    without which no sentence counts; finding that out costs a tenth of looking at the sentences."""
    ascii_only = text.isascii()
    plain = text.casefold() if ascii_only else unicodedata.normalize("NFKC", text).casefold()
    return any(word in plain for word in words if not ascii_only or word.isascii())


class _Context(NamedTuple):
    """What the sentences before say that bears on this one: the last one, and a heading over a list of refusals."""

    before: str = ""
    items_left: int = 0

    def after(self, sentence: str) -> _Context:
        """The context of the sentence that follows `sentence`."""
        if len(sentence) <= _HEADING_LENGTH and (heading := _HEADING_JA.search(sentence)) is not None:
            return _Context(sentence, 0 if _TAKEN_BACK_JA.match(sentence, heading.end()) else _LIST_ITEMS)
        return _Context(sentence, max(0, self.items_left - 1))


def _signal(said: _Said, quoted: str, evidence: str) -> Signal:
    return Signal(
        kind=said.kind,
        purpose=said.purpose,
        polarity=said.polarity,
        strength=Strength.NOTICE,
        scope=Scope.RESPONSE,
        raw=quoted,
        evidence=evidence,
        detail={"pattern": said.pattern},
    )


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in chain((match.end() for match in _SENTENCE_END.finditer(text)), (len(text),)):
        while end - start > MAX_SENTENCE:
            yield text[start : start + MAX_SENTENCE]
            start += MAX_SENTENCE - _OVERLAP
        if not text[start:end].isspace() and end > start:
            yield text[start:end]
        start = end


def _refusals(sentence: str, context: _Context) -> Iterator[_Said]:
    if not _MAY_NAME.search(sentence) or sentence.rstrip().endswith("?"):
        return
    may_refuse = _MAY_REFUSE.search(sentence) is not None
    if not may_refuse and not context.items_left:
        return
    for purpose, subject in _SUBJECTS_JA.items():
        item = context.items_left and _ITEM_JA.search(sentence) and subject.search(sentence)
        if item or (may_refuse and _refused_ja(sentence, subject)):
            yield _Said("wording.refusal", purpose, Polarity.RESERVED, f"ja.{purpose}")
    for purpose, subject in _SUBJECTS_EN.items():
        if may_refuse and _refused_en(sentence, subject):
            yield _Said("wording.refusal", purpose, Polarity.RESERVED, f"en.{purpose}")


def _refused_ja(sentence: str, subject: re.Pattern[str]) -> bool:
    """Japanese refuses at the end: the refusing word follows the subject, or the subjects follow a heading."""
    short = _SHORT_JA.search(sentence)
    if short is not None and subject.search(sentence, short.start(), short.end()):
        return True
    cannot = _CANNOT_JA.search(sentence)
    if cannot is not None and subject.search(sentence, cannot.start(), cannot.end()) and _OWN_JA.search(sentence):
        return True
    for named in subject.finditer(sentence):
        for refusal in _REFUSAL_JA.finditer(sentence, named.end(), min(len(sentence), named.end() + _GAP_JA)):
            gap = sentence[named.end() : refusal.start()]
            if _PERMITS_JA.search(gap):
                break
            other = _OTHER_OBJECT_JA.search(gap) and not _JOINED_JA.search(gap)
            if not other and not _TAKEN_BACK_JA.match(sentence, refusal.end()):
                return True
    heading = _HEADING_JA.search(sentence)
    return (
        heading is not None
        and not _TAKEN_BACK_JA.match(sentence, heading.end())
        and subject.search(sentence, heading.end()) is not None
    )


def _refused_en(sentence: str, subject: re.Pattern[str]) -> bool:
    """English refuses before the subject ("may not be used to train") or after it ("scraping is prohibited")."""
    named = [match.span() for match in subject.finditer(sentence)]
    if not named:
        return False
    short = _SHORT_EN.search(sentence)
    if short is not None and any(start < short.end() and end > short.start() for start, end in named):
        return True
    if len(sentence) <= _ORDER_LENGTH and _ORDER_EN.match(sentence.strip()):
        return True
    refusals = list(_REFUSAL_EN.finditer(sentence))
    if _PROPERTY_EN.search(sentence):
        refusals += _ADVICE_EN.finditer(sentence)
        if _OWN_EN.search(sentence):
            refusals += _BY_LEAVE_EN.finditer(sentence)
    return any(_refuses_one_of(sentence, refusal, named) for refusal in refusals)


def _refuses_one_of(sentence: str, refusal: re.Match[str], named: list[tuple[int, int]]) -> bool:
    before, after = sentence[: refusal.start()], sentence[refusal.end() :]
    if _NEGATED_EN.search(before[-60:]):
        return False
    reserves = refusal[0].startswith("reserv")
    if reserves and _OWN_USE_EN.match(after):
        return False
    # "All rights reserved" alone is a copyright notice.
    notice = reserves and _ALL_RIGHTS_EN.search(before[-60:]) is not None
    for start, end in named:
        if start >= refusal.end():
            gap = sentence[refusal.end() : start]
            near = len(gap) <= _GAP_BEFORE_EN and not (notice and not _INCLUDING_EN.match(gap))
        else:
            gap = sentence[end : refusal.start()]
            near = len(gap) <= _GAP_AFTER_EN and end <= refusal.start() and not notice
        if near and not _PERMITS_EN.search(gap):
            return True
    return False


def _offers(sentence: str, context: _Context) -> Iterator[_Said]:
    if not _MAY_OFFER.search(sentence):
        return
    if _NOT_SOLD.search(sentence) or (_FREE.search(sentence) and not _AMOUNT.search(sentence)):
        return
    sold = _DATA_SOLD.search(sentence) is not None
    # The sentence that refuses mining names the subject, the next one the licence that would allow it.
    speaks = _ANALYSIS.search(sentence) or _ANALYSIS.search(context.before)
    if sold or (speaks and _LICENCE_DEAL.search(sentence)):
        yield _Said("wording.licence_offer", Purpose.TDM, Polarity.CONDITIONAL, "data.sold" if sold else "licence.deal")
    if sold or _DATABASE_SOLD.search(sentence):
        yield _Said("wording.paid_database", Purpose.TDM, Polarity.PRICED, "data.sold" if sold else "database.sold")
    elif _CONTENT_SOLD.search(sentence):
        yield _Said("wording.paid_content", Purpose.ACCESS, Polarity.PRICED, "content.sold")
