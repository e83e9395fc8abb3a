"""The sites of the demo as plain data: what each one shows, and what it says to crawlers.

Names stand on domains reserved for examples and tests (RFC 2606). The prose of the pages is in pages.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from .page import HTML, Answer, Prose, image, json_file, jsonld, page, redirect, refusal, text

TOKEN = "DemoBot"  # noqa: S105 - a product token
"""The product token of the demo's crawler, which one of the sites names."""

LISTED = "manga-tide.test"
"""The site on the list of the demo's rights holders: it must never be contacted."""

NOTICES: tuple[Mapping[str, str], ...] = (
    {"id": "demo-1", "scope": "registrable_domain", "value": LISTED, "reason": "whole volumes, uploaded unasked"},
    {
        "id": "demo-2",
        "scope": "path_prefix",
        "value": "video-terrace.example",
        "path_prefix": "/u/late-uploads/",
        "reason": "one account of a platform",
    },
)
"""The entries of that list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site. `shows` is a sentence in `en` and `ja`; a path without an answer is 404.

    `crawl` are the paths that the demo asks for, in this order.
    """

    host: str
    shows: Mapping[str, str]
    answers: Mapping[str, Answer]
    crawl: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs that the demo asks for."""
        return tuple(f"http://{self.host}{path}" for path in self.crawl)


_RAW = tomllib.loads(resources.files(__package__).joinpath("pages.toml").read_text("utf-8"))


def _site(
    host: str,
    en: str,
    ja: str,
    *,
    robots: str | bytes | Answer | None = None,
    files: Mapping[str, Answer] | None = None,
    last: Mapping[str, Answer] | None = None,
    hidden: tuple[str, ...] = (),
    heads: Mapping[str, str] | None = None,
    footer: str = "",
) -> Site:
    """A site from its prose. `files` are answers nobody crawls for, `last` answers crawled after the pages,
    `hidden` pages that are not crawled; `heads` is markup for the head of the pages below a path."""
    raw = _RAW[host]
    prose = [
        Prose(item["path"], item["title"], tuple(part.strip() for part in item["text"].split("\n\n")))
        for item in raw.get("pages", [])
    ]
    answers = {
        item.path: page(
            item,
            lang=raw["lang"],
            name=raw["name"],
            others=[other for other in prose if other is not item],
            head="".join(markup for prefix, markup in (heads or {}).items() if item.path.startswith(prefix)),
            footer=footer,
        )
        for item in prose
    }
    if robots is not None:
        answers["/robots.txt"] = robots if isinstance(robots, Answer) else text(robots)
    crawled = [item.path for item in prose if item.path not in hidden] + list(last or {})
    return Site(
        host=host,
        shows={"en": en, "ja": ja},
        answers={**answers, **(files or {}), **(last or {})},
        crawl=tuple(crawled),
    )


_OTHERS_NAMED = """\
# 生成AIの学習を目的とする収集はお断りします
User-agent: GPTBot
User-agent: CCBot
User-agent: ClaudeBot
User-agent: Google-Extended
User-agent: Bytespider
Disallow: /

User-agent: *
Disallow: /search
"""
_OPEN = "User-agent: *\nAllow: /\n"
_PASSWORD = refusal(
    401, "利用者番号とパスワードが必要です", ("WWW-Authenticate", 'Basic realm="machi-archive", charset="UTF-8"')
)
_PAY = refusal(402, "Payment required", ("crawler-price", "USD 0.010"))
_CHALLENGE = refusal(403, "Checking that you are not a robot", ("cf-mitigated", "challenge"))
_FOOTFALL = {
    "@context": "https://schema.org/",
    "@type": "Dataset",
    "name": "Footfall 2026",
    "description": "Counts of people in forty towns, every quarter of an hour.",
    "url": "http://town-figures.example/datasets/footfall",
    "distribution": [
        {"@type": "DataDownload", "encodingFormat": "text/csv", "contentUrl": "/datasets/footfall/full.csv"},
        {
            "@type": "DataDownload",
            "encodingFormat": "text/csv",
            "contentUrl": "/datasets/footfall/sample.csv",
            "isAccessibleForFree": True,
        },
    ],
    "offers": {"@type": "Offer", "price": "1200", "priceCurrency": "EUR"},
}
_FOOTFALL_ROWS = "town,quarter,count,weather\nexample,2026-01-05T08:00,17,rain\n"


def _open_dataset(name: str, file: str) -> str:
    return jsonld(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            "name": name,
            "license": "https://creativecommons.org/licenses/by/4.0/",
            "distribution": {"@type": "DataDownload", "encodingFormat": "text/csv", "contentUrl": file},
            "offers": {"@type": "Offer", "price": "0", "priceCurrency": "JPY"},
        }
    )


def _csv(body: str) -> Answer:
    return text(body, media_type="text/csv; charset=utf-8")


SITES: tuple[Site, ...] = (
    _site(
        "walking-diary.example",
        "A blog with nothing to say: no robots.txt, no marks.",
        "robots.txt も表示もない個人ブログ。",
    ),
    _site(
        "kohan-news.example",
        "A newspaper whose robots.txt names others' AI crawlers.",
        "robots.txt で他社のAIクローラを名指しで拒否する新聞。",
        robots=_OTHERS_NAMED,
    ),
    _site(
        "tidepool-review.example",
        "A magazine whose robots.txt names our crawler.",
        "robots.txt で本クローラを名指しする雑誌。",
        robots=f"User-agent: {TOKEN}\nDisallow: /essays/\n\nUser-agent: *\nAllow: /\n",
    ),
    _site(
        "hilltop-routes.example",
        "A site with Content-Signal: ai-train=no in robots.txt.",
        "robots.txt に Content-Signal: ai-train=no を書くサイト。",
        robots="User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n",
    ),
    _site(
        "kitchen-ledger.example",
        "A cook who reserves the recipes with Content-Usage.",
        "Content-Usage でレシピに限りAI学習を留保するサイト。",
        robots="User-agent: *\nContent-Usage: /recipes/ train-ai=n\nAllow: /\n",
    ),
    _site(
        "tanpen-bako.test",
        "Short stories reserved with DisallowAITraining.",
        "DisallowAITraining で作品を留保する短編小説サイト。",
        robots="User-agent: *\nDisallowAITraining: /works/\nAllow: /\n",
    ),
    _site(
        "aozumi-gallery.test",
        "A gallery that marks its pages and pictures noai.",
        "作品の頁と画像に noai を付ける画廊。",
        robots=_OPEN,
        heads={"/works/": '<meta name="robots" content="noai, noimageai">\n'},
        last={f"/images/{n}.png": image(("X-Robots-Tag", "noai")) for n in (1, 2, 3)},
    ),
    _site(
        "meadow-press.example",
        "A publisher with TDMRep, and a section that is free.",
        "TDMRep で留保し、一部を自由利用とする出版社。",
        robots=_OPEN,
        files={
            "/.well-known/tdmrep.json": json_file(
                [
                    {"location": "/open/", "tdm-reservation": 0},
                    {
                        "location": "/journal/",
                        "tdm-reservation": 1,
                        "tdm-policy": "http://meadow-press.example/mining-policy.json",
                    },
                ]
            ),
            "/mining-policy.json": json_file(
                {
                    "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
                    "@type": "Offer",
                    "profile": "http://www.w3.org/ns/tdmrep",
                    "uid": "http://meadow-press.example/policies/1",
                    "assigner": {"vcard:fn": "Meadow Press", "vcard:hasEmail": "mailto:rights@meadow-press.example"},
                    "permission": [{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}],
                }
            ),
        },
    ),
    _site(
        "machi-archive.test",
        "An archive whose records need ID and password.",
        "資料の閲覧にIDとパスワードを要する資料室。",
        robots=_OPEN,
        last={f"/records/{n}": _PASSWORD for n in (1, 2, 3, 4)},
    ),
    _site(
        "members-desk.example",
        "A site that sends readers of its reports to a login.",
        "レポートの閲覧者をログイン頁へ転送するサイト。",
        robots=_OPEN,
        hidden=("/login",),
        last={f"/reports/{n}": redirect(f"/login?next=/reports/{n}") for n in (1, 2, 3, 4)},
    ),
    _site(
        "town-figures.example",
        "A seller of a priced dataset, with open pages beside.",
        "有償データセットの販売者。無料の頁もある。",
        robots=_OPEN,
        heads={"/datasets/footfall": jsonld(_FOOTFALL)},
        last={
            "/datasets/footfall/full.csv": _csv(_FOOTFALL_ROWS + "example,2026-01-05T08:15,23,rain\n"),
            "/datasets/footfall/sample.csv": _csv(_FOOTFALL_ROWS),
        },
    ),
    _site(
        "wire-desk.test",
        "A news wire that asks crawlers to pay (402).",
        "クローラに支払いを求めるニュース配信（402 と価格）。",
        robots=_OPEN,
        last={f"/wire/{name}": _PAY for name in ("barley", "oats", "rye", "wheat")},
    ),
    _site(
        LISTED,
        "A site on the list of rights holders.",
        "権利者のリストに掲載されたサイト。",
    ),
    _site(
        "manga-tide2.test",
        "A look-alike of the listed site, with a number.",
        "掲載サイトに番号を付けた名前の、よく似たサイト。",
    ),
    _site(
        "night-market.example",
        "A forum whose robots.txt answers 503.",
        "robots.txt が 503 を返す掲示板。",
        robots=refusal(503, "Moving house", ("Retry-After", "3600")),
    ),
    _site(
        "coast-journal.example",
        "A journal that withholds its robots.txt (403).",
        "robots.txt 自体に 403 を返す文芸誌。",
        robots=refusal(403, "Forbidden"),
    ),
    _site(
        "shopfront.example",
        "A shop that answers robots.txt with an HTML page.",
        "robots.txt を含むあらゆるアドレスに HTML を返す店。",
        robots=text(
            "<!doctype html>\n<html><head><title>Shopfront</title></head><body><h1>Brushes</h1></body></html>\n",
            media_type=HTML,
        ),
    ),
    _site(
        "mugi-bakery.test",
        "A bakery whose robots.txt begins with a BOM.",
        "robots.txt がBOMで始まるパン屋。",
        robots=b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /staff/\r\n",
    ),
    _site(
        "kitamado.example",
        "A publisher: all disallowed, the books licensed.",
        "全クローラを拒否しつつ、書籍を許諾する出版社。",
        robots="User-agent: *\nDisallow: /\n",
    ),
    _site(
        "link-corner.example",
        "A page of links; two lead to the listed site.",
        "掲載サイトへ転送するリンクを含むリンク集。",
        robots=_OPEN,
        last={f"/go/{n}": redirect(f"http://{LISTED}/read/{n}") for n in (1, 2)},
    ),
    _site(
        "ken-opendata.test",
        "Open government data: a dataset at price 0.",
        "価格0のデータセットを公開する行政のオープンデータ。",
        heads={
            "/datasets/bus-stops": _open_dataset("バス停の位置", "/datasets/bus-stops.csv"),
            "/datasets/rainfall": _open_dataset("雨量の記録", "/datasets/rainfall.csv"),
        },
        last={
            "/datasets/bus-stops.csv": _csv("名称,緯度,経度\n水門前,35.0000,135.0000\n"),
            "/datasets/rainfall.csv": _csv("観測所,時刻,雨量\n北,2026-06-01T09:00,1.5\n"),
        },
    ),
    _site(
        "video-terrace.example",
        "A platform of which one account is on the list.",
        "一アカウントのみが掲載された動画共有サイト。",
        robots=_OPEN,
    ),
    _site(
        "utsuwa.test",
        "A potter who refuses AI training in words only.",
        "AI学習を文章のみで断っている工房。",
        robots=_OPEN,
        footer="本サイトの文章及び画像を生成AIの学習に利用することを禁止します。",
    ),
    _site(
        "weather-desk.test",
        "A site that meets robots with a challenge.",
        "ロボットにチャレンジ画面を返すサイト。",
        robots=_OPEN,
        last=dict.fromkeys(("/", "/forecast/coast", "/forecast/hills"), _CHALLENGE),
    ),
)
"""Every site of the demo."""
