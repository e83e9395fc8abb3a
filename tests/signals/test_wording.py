"""Words for people: refusals and offers, in Japanese and English, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Polarity, Purpose, Strength
from crawlgate.signals import wording
from tests.effort import assert_linear


def said(text: str) -> set[tuple[str, str]]:
    return {(s.kind.removeprefix("wording."), s.purpose.value) for s in wording.read(text)}


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        ("無断転載・AI学習禁止", {"train"}),
        ("AI学習を禁止します。", {"train"}),
        ("ＡＩ学習への利用はお断りします", {"train"}),
        ("本サイトの文章・画像を生成AIに学習させることはできません。", {"train"}),
        ("当サイトのコンテンツの機械学習への利用は、事前の許可を得ない限り禁止します。", {"train"}),
        ("AI学習に使用しないでください", {"train"}),
        ("AI学習目的での利用はご遠慮ください", {"train"}),
        ("AI学習不可", {"train"}),
        ("無断転載・複製・学習禁止", {"train"}),
        ("生成AI等への学習利用を認めません", {"train"}),
        ("AI学習およびサイトの転載を禁じます", {"train"}),
        ("AI学習用データとしての利用を禁止する。", {"train"}),
        ("データマイニング、テキストマイニング等のコンピューターによる言語解析行為を禁止します", {"tdm"}),
        ("情報解析のために利用することはできません。", {"tdm"}),
        ("クローリング、スクレイピング等の自動化された手段によるアクセスを禁じます", {"crawl"}),
        ("スクレイピングは固くお断りいたします", {"crawl"}),
        ("AI 学習、データマイニングは許諾しておりません。", {"train", "tdm"}),
        ("禁止事項：転載、スクレイピング、AI学習への利用", {"train", "crawl"}),
        ("禁止事項\n・転載\n・スクレイピング行為\n\n・生成AIの学習への利用", {"train", "crawl"}),
        ("以下の行為を禁止します。\n(1) クローリング等の行為\n(2) 機械学習に用いること。", {"train", "crawl"}),
        ("No AI training.", {"train"}),
        ("© 2026 Example. No scraping. No AI training allowed.", {"train", "crawl"}),
        ("Content may not be used to train artificial intelligence models.", {"train"}),
        ("You may not, without our permission, use any content for training a machine learning system.", {"train"}),
        ("Do not use our content to train AI.", {"train"}),
        ("Use of this content for machine learning is not permitted", {"train"}),
        ("We do not permit the use of our articles for training large language models.", {"train"}),
        ("Text and data mining is expressly prohibited.", {"tdm"}),
        ("All rights are reserved, including those for text and data mining, AI training.", {"tdm", "train"}),
        ("The publisher reserves all rights for text and data mining under Article 4.", {"tdm"}),
        ("Text and data mining rights reserved", {"tdm"}),
        ("We opt out of text and data mining.", {"tdm"}),
        ("AI学習を禁止するとともに、転載を禁じます。", {"train"}),
        ("You must not scrape, crawl or otherwise harvest this website.", {"crawl"}),
        ("We prohibit the use of automated means to access the site.", {"crawl"}),
    ],
)
def test_refusals(text: str, purposes: set[str]) -> None:
    assert said(text) == {("refusal", purpose) for purpose in purposes}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "無断転載禁止",
        "無断転載・複製を禁じます。© 2026 例新聞社",
        "© 2026 Example. All rights reserved.",
        "ABJマークは、この電子書店が、著作権者からコンテンツ使用許諾を得た正規版配信サービスであることを示す登録商標です。",
        "登録商標 第6091713号",
        "AI学習を禁止していません",
        "AI学習を禁止するものではありません。",
        "AI学習を一律に禁止するものではない",
        "AI学習は禁止されていません",
        "AI学習は禁止事項ではありません。",
        "AI学習を許可します",
        "AI学習は可能ですが、転載は禁止します",
        "AI学習以外の目的での利用を禁止します",
        "AI学習サイト 無断転載禁止",
        "AI学習用データの転載禁止",
        "AI学習\n転載禁止",
        "AI学習を禁止すべきか？",
        "例新聞社はスクレイピングを禁止した",
        "AI学習を禁止する動きが広がる",
        "機械学習の研究には大量のデータが不可欠です。",
        "機械学習モデルの学習に使用できないデータを除外した",
        "AI training is permitted.",
        "AI training is not prohibited.",
        "We do not prohibit text and data mining.",
        "Nothing in these terms prohibits text and data mining.",
        "AI training is permitted, but commercial resale is prohibited.",
        "Redistribution is forbidden except text and data mining",
        "Is AI training prohibited?",
        "Keywords: AI training, opt-out, text and data mining",
        "The tdm-reservation header of a page",
        "We do not use your data to train AI models.",
        "Your content will not be used to train AI.",
        "No machine learning experience required.",
        "No AI training on your data",
        "Example AI Training Company All rights reserved",
        "We reserve the right to train models on your submissions",
        "Googlebot cannot crawl pages behind a login",
        "You must not train your model on the test set",
        "This may not be enough to train a model.",
        "The company has banned AI training on its posts",
        "This machine learning library is available under the MIT licence",
        "MITライセンスで提供しています 機械学習ライブラリ",
        "データ通信量 月額 3,000円",
        "APIは無料で使えます",
        "API利用料は無料です",
        "SQLデータベース入門 価格 3,080円",
        "データの販売はしておりません",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert said(text) == set()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("企業データ一括提供（CSV） 年額 660,000円", {"paid_database"}),
        ("Enterprise API plans from USD 1000 per month", {"paid_database"}),
        ("有料データベースのご案内", {"paid_database"}),
        ("データ提供サービス", {"paid_database"}),
        ("API利用料 月額 50,000円", {"paid_database"}),
        ("Bulk data, $500", {"paid_database"}),
        ("AI学習用データの販売", {"paid_database", "licence_offer"}),
        ("Training datasets for sale", {"paid_database", "licence_offer"}),
        ("情報解析を希望する場合には、当社と別途ライセンス契約を締結", {"licence_offer"}),
        ("For text and data mining licences, contact licensing@example.test", {"licence_offer"}),
        ("AI学習目的での利用には有償のライセンスをご用意しています", {"licence_offer"}),
    ],
)
def test_offers(text: str, kinds: set[str]) -> None:
    assert {kind for kind, _ in said(text)} == kinds


def test_refusal_and_the_licence_in_the_next_sentence() -> None:
    text = "情報解析のために利用することはできません。希望する場合には、当社と別途ライセンス契約を締結してください。"
    assert said(text) == {("refusal", "tdm"), ("licence_offer", "tdm")}


def test_signal() -> None:
    (signal,) = wording.read("ようこそ。\n  無断転載・ＡＩ学習禁止 \n", evidence="e1")
    assert signal.kind == "wording.refusal"
    assert (signal.purpose, signal.polarity, signal.strength) == (Purpose.TRAIN, Polarity.RESERVED, Strength.NOTICE)
    assert signal.raw == "無断転載・ＡＩ学習禁止"  # as written, not as normalised
    assert signal.detail == {"pattern": "ja.train"}
    assert signal.evidence == "e1"


def test_polarities_of_offers() -> None:
    polarity = {s.kind: s.polarity for s in wording.read("AI学習用データの販売")}
    assert polarity == {
        "wording.licence_offer": Polarity.CONDITIONAL,
        "wording.paid_database": Polarity.PRICED,
    }


def test_quotes_and_counts_are_bounded() -> None:
    long = wording.read("あ" * 3000 + "AI学習を禁止します" + "い" * 3000)
    assert long
    assert all(len(signal.raw) <= 400 for signal in long)
    many = wording.read("\n".join(f"{n} AI学習禁止" for n in range(1000)))
    assert len(many) == wording.MAX_PER_KIND
    assert len(wording.read("AI学習禁止\n" * 1000)) == 1


SPOKEN = "AI|学習|禁止|していません|、|。|\n|may not be used to |train |scraping |prohibited |not |データベース|月額|licence "
SPOKEN += "|contact |禁止事項|・|all rights |reserved |?|１０円"
WORDS = st.sampled_from(SPOKEN.split("|"))


@given(st.text() | st.lists(WORDS, max_size=30).map("".join))
def test_never_raises(text: str) -> None:
    for signal in wording.read(text):
        assert signal.raw


@pytest.mark.parametrize(
    "unit",
    [
        "AI学習",
        "AI学習データベース料金禁",
        "train a not may be ",
        "all rights reserved not scraping ",
        "a",
        " ",
        "\n",
        ". ",
        "禁止事項\n",
        "api licence price ",
        "\ufdfa",
    ],
)
def test_time_is_linear(unit: str) -> None:
    assert_linear(lambda size: unit * (size // len(unit)), wording.read, 24_000)


@pytest.mark.parametrize(
    "text",
    [
        "AI学習NG",
        "NO AI学習",
        "テキストマイニングはできません",
        "RAG等への利用を禁止します",
        "生成AIへの入力、学習を禁止します",
        "Do not use for AI training",
        "No part of this book may be used in any manner for the purpose of training artificial intelligence systems.",
        "Please do not scrape.",
        "文章・画像の無断転載およびAI学習への利用を禁止します。",
        "※画像のAI学習・無断転載禁止",
        "テキスト及びデータマイニング（TDM）に関する権利を留保します",
    ],
)
def test_short_and_unusual_refusals(text: str) -> None:
    assert {kind for kind, _ in said(text)} == {"refusal"}


@pytest.mark.parametrize(
    "text",
    [
        "AI学習コースは申込不可日があります",
        "クローリング機能のご利用はできません（メンテナンス中）",
        "AI学習アプリの利用は禁止されています",
        "Do not train your models without enough data.",
        "Do not use scraping if you are in a hurry",
        "The data are available for purchase from the institute.",
        "Data set: Available for purchase from the Royal College.",
    ],
)
def test_what_is_neither_refusal_nor_offer(text: str) -> None:
    assert said(text) == set()


@pytest.mark.parametrize(
    "text", ["有料会員", "この記事は有料会員限定です。残り1200文字", "法人向けコーポレートプラン", "有料記事"]
)
def test_content_for_readers_is_sold_and_is_no_database(text: str) -> None:
    assert said(text) == {("paid_content", "access")}


@pytest.mark.parametrize(
    "text",
    [
        "法人データライセンス",
        "AI学習用データとして提供しています",
        "記事データベースを有償で提供",
        "Buy our dataset",
        "API利用料",
    ],
)
def test_further_words_for_data_that_is_sold(text: str) -> None:
    assert "paid_database" in {kind for kind, _ in said(text)}


def test_what_is_kept_for_those_with_leave_is_refused() -> None:
    kept = [
        "Use of this content for AI training requires a licence.",
        "The use of our content for machine learning requires prior written permission.",
        "Text and data mining of this site requires our express written consent.",
        "この作品のAI学習はできません。",
        "当サイトの画像はAIによる学習はできません。",
    ]
    free = [
        "Machine learning requires data, and our permission model is simple.",
        "This course on machine learning requires no licence.",
        "This article explains why AI training requires consent.",
        "AI training on our content does not require our consent.",
        "このソフトではAIの学習はできません。",
    ]
    for text in kept:
        assert "wording.refusal" in [signal.kind for signal in wording.read(text)], text
    for text in free:
        assert wording.read(text) == (), text
